"""What LangGraph, pydantic and the collector do not promise, and threads are built on: named where it changes."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from langgraph_memory.checkpoints import _compat


class Cycle:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(_compat, "_aged", [0])
    gc.collect()


@pytest.fixture
def frozen():
    gc.freeze()
    yield
    gc.unfreeze()


def make_many() -> list[list[object]]:
    return [[] for _ in range(5_000)]


@pytest.mark.parametrize("making", [_compat.uncollected, _compat.unexamined])
def test_the_collector_is_off_meanwhile_and_on_again_after_an_error(making):
    def fail() -> None:
        with making():
            seen.append(gc.isenabled())
            raise LookupError

    seen: list[bool] = []
    with pytest.raises(LookupError):
        fail()

    assert [*seen, gc.isenabled()] == [False, True]


@pytest.mark.parametrize("making", [_compat.uncollected, _compat.unexamined])
def test_a_collector_that_the_program_put_off_stays_off(making):
    gc.disable()
    try:
        with making():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_many_new_objects_count_as_old_at_once():
    with _compat.unexamined():
        made = make_many()

    assert gc.get_count()[0] < len(made)


@pytest.mark.usefixtures("frozen")
def test_objects_that_the_program_froze_stay_frozen():
    with _compat.unexamined():
        made = make_many()

    assert gc.get_freeze_count() > 0
    assert made


def test_garbage_that_was_aged_is_found_in_the_end(monkeypatch):
    monkeypatch.setattr(_compat, "_MOST_AGED", 12_000)
    gone = weakref.ref(Cycle())
    made, found = [], []
    for _ in range(3):
        with _compat.unexamined():
            made.append(make_many())
        found.append(gone() is None)

    assert found == [False, False, True]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("langgraph._internal._constants", "CONFIG_KEY_RUNTIME"),
        ("langgraph._internal._constants", "RESUME"),
        ("langgraph._internal._serde", "build_serde_allowlist"),
        ("langgraph.checkpoint.serde.types", "_DeltaSnapshot"),
        ("langgraph.checkpoint.serde.jsonplus", "EXT_PYDANTIC_V1"),
        ("langgraph.checkpoint.serde.jsonplus", "EXT_PYDANTIC_V2"),
        ("langgraph.checkpoint.serde.jsonplus", "EXT_CONSTRUCTOR_SINGLE_ARG"),
        ("langgraph.checkpoint.serde.jsonplus", "EXT_CONSTRUCTOR_POS_ARGS"),
        ("langgraph.checkpoint.serde.jsonplus", "EXT_CONSTRUCTOR_KW_ARGS"),
        ("langgraph.checkpoint.serde.jsonplus", "EXT_METHOD_SINGLE_ARG"),
        ("langgraph.pregel", "Pregel.get_subgraphs"),
        ("pydantic", "BaseModel.__pydantic_fields_set__"),
        ("pydantic", "BaseModel.__pydantic_extra__"),
        ("pydantic", "BaseModel.__pydantic_private__"),
        ("gc", "get_referrers"),
        ("gc", "get_freeze_count"),
    ],
)
def test_the_private_name_is_there(module, name):
    found: Any = import_module(module)
    for part in name.split("."):
        found = found.__dict__[part] if part in vars(found) else getattr(found, part)


def test_langgraph_counts_the_allowed_classes_in_the_serializer():
    assert _compat.allowed_classes(JsonPlusSerializer(allowed_msgpack_modules=True)) is None
    assert _compat.allowed_classes(JsonPlusSerializer(allowed_msgpack_modules=None)) == set()
    assert _compat.allowed_classes(JsonPlusSerializer(allowed_msgpack_modules=[("a.b", "C")])) == {("a.b", "C")}


@dataclass
class Point:
    x: int


@pytest.mark.parametrize("encrypts", [False, True])
def test_langgraph_restores_objects_through_the_hook_of_one_serializer(encrypts):
    plain = JsonPlusSerializer(allowed_msgpack_modules=[(__name__, "Point")])
    serde = EncryptedSerializer.from_pycryptodome_aes(plain, key=b"0" * 16) if encrypts else plain
    seen: list[Any] = []

    def wrap(hook: _compat.Hook) -> _compat.Hook:
        return lambda code, data: seen.append((code, hook(code, data))) or seen[-1][1]

    restored = _compat.with_hook(serde, wrap).loads_typed(serde.dumps_typed({"at": Point(1)}))

    assert restored == {"at": Point(1)}
    assert [(code in _compat.CONSTRUCTED_CODES, made) for code, made in seen] == [(True, Point(1))]
    assert plain.loads_typed(plain.dumps_typed(Point(2))) == Point(2)
    assert len(seen) == 1


class Asked(BaseModel):
    point: Point
    answer: str = ""


class Context(BaseModel):
    owner_id: str


class Watching(InMemorySaver):
    """Keeps the configs it was given and the channels that tasks wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.configs: list[Any] = []
        self.channels: list[str] = []

    def put(self, config: Any, *args: Any) -> Any:
        self.configs.append(config)
        return super().put(config, *args)

    def put_writes(self, config: Any, writes: Any, *args: Any) -> None:
        self.channels += [channel for channel, _ in writes]
        super().put_writes(config, writes, *args)


def asked(saver: Any) -> Any:
    builder = StateGraph(Asked, context_schema=Context)
    builder.add_node("ask", lambda state: {"answer": interrupt("who?")})
    builder.add_edge(START, "ask")
    return builder.compile(checkpointer=saver)


def test_langgraph_hands_a_runs_context_and_control_to_the_saver_and_writes_what_resumes_it():
    saver = Watching()
    graph, config = asked(saver), {"configurable": {"thread_id": "t"}}
    graph.invoke({"point": Point(1)}, config, context=Context(owner_id="ann"))
    graph.invoke(Command(resume="ann"), config, context=Context(owner_id="ann"))

    runtimes = [one["configurable"][_compat.RUNTIME] for one in saver.configs]
    assert [one.context.owner_id for one in runtimes] == ["ann"] * len(runtimes)
    assert len({id(one.control) for one in runtimes}) == 2
    assert hasattr(runtimes[0], "server_info")
    assert _compat.RESUME in saver.channels


def test_the_graphs_of_a_saver_are_found_with_the_classes_that_they_declare():
    saver = InMemorySaver()
    graph = asked(saver)

    declared = _compat.declared_by_graphs(saver)

    assert {(__name__, "Point"), (__name__, "Asked")} <= declared
    assert graph is not None
    assert _compat.declared_by_graphs(InMemorySaver()) == set()


def test_a_delta_channels_snapshot_holds_its_value():
    assert _compat.DeltaSnapshot([1]).value == [1]


@pytest.mark.parametrize("kind", list(_compat.MESSAGE_TYPES), ids=lambda one: one.__name__)
def test_a_message_is_no_more_than_the_parts_that_are_set(kind):
    given = {"tool_call_id": "c"} if "Tool" in kind.__name__ else {}
    given |= {"name": "f"} if "Function" in kind.__name__ else {}
    given |= {"role": "r"} if kind.__name__.startswith("Chat") else {}
    given |= {} if kind.__name__ == "RemoveMessage" else {"content": "hello"}
    message = kind(id="1", **given)

    made = object.__new__(kind)
    _compat.set_fields(made, dict(_compat.fields_of(message)))
    _compat.set_fields_set(made, set(_compat.fields_set_of(message)))
    _compat.set_extra(made, _compat.extra_of(message))
    _compat.set_private(made, _compat.private_of(message))

    assert made == message
    assert made.model_dump() == message.model_dump()
    assert made.model_fields_set == message.model_fields_set
    assert _compat.without_id(message).id is None
    assert message.id == "1"


def test_messages_have_no_other_state_than_those_parts():
    slots = {
        name for kind in (AIMessage, ToolMessage) for base in kind.__mro__ for name in vars(base).get("__slots__", ())
    }

    assert slots == {"__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"}
