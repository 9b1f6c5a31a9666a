"""Classes of an app in the state of its graphs: what is stored can be read, and what could not is refused at once."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import os
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from support import one_sentence
from typing_extensions import TypedDict

from langgraph_memory import open_memory
from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.errors import (
    ClassChangedError,
    ClassChangedWarning,
    ClassNotAllowedError,
    UnreadableCheckpointWarning,
)

THREAD: Any = {"configurable": {"thread_id": "t"}}


class Kind(enum.Enum):
    ONE = "one"


class Inner(BaseModel):
    kind: Kind = Kind.ONE


@dataclasses.dataclass
class Point:
    x: int = 1
    inner: Inner | None = None


class Model(BaseModel):
    inner: Inner = Inner()
    items: list[Inner] = []


class Typed(TypedDict, total=False):
    inner: Inner
    point: Point
    anything: Any


class Loose(TypedDict, total=False):
    anything: Any


class Said(MessagesState):
    anything: Any


def graph_of(memory: Any, schema: Any, update: Any) -> Any:
    builder = StateGraph(schema)
    builder.add_node("node", lambda _: update)
    builder.add_edge(START, "node")
    return builder.compile(checkpointer=memory.checkpointer)


def run(graph: Any, mode: str, values: Any) -> Any:
    return graph.invoke(values, THREAD) if mode == "sync" else asyncio.run(graph.ainvoke(values, THREAD))


DECLARED: dict[str, tuple[Any, Any, Any]] = {
    "pydantic": (Model, {"inner": Inner(), "items": [Inner()] * 3}, {"inner": Inner()}),
    "typed dict": (Typed, {"inner": Inner(), "point": Point(2, Inner())}, {"inner": Inner()}),
}


@pytest.mark.parametrize("kind", DECLARED)
def test_what_the_schema_of_a_graph_declares_is_stored_and_read(database: str, mode: str, kind: str) -> None:
    schema, update, values = DECLARED[kind]
    with open_memory(database) as memory:
        graph = graph_of(memory, schema, update)
        first = run(graph, mode, values)
        assert run(graph, mode, values) == first
    with open_memory(database) as memory:
        graph = graph_of(memory, schema, update)
        state = graph.get_state(THREAD).values
        assert run(graph, mode, values) == first

    assert state["inner"] == Inner()


def test_tasks_that_are_refused_a_declared_class_at_once_are_all_stored(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_refused, read_back = Barrier(2, timeout=30), Codec.read_back

    def wait_when_refused(codec: Codec, value: Any) -> None:
        try:
            read_back(codec, value)
        except ClassNotAllowedError:
            both_refused.wait()
            raise

    monkeypatch.setattr(Codec, "read_back", wait_when_refused)
    with open_memory(database) as memory, ThreadPoolExecutor(2) as pool:
        graph = graph_of(memory, Model, {"inner": Inner()})
        config = memory.checkpointer.put(THREAD, empty_checkpoint(), {"source": "input", "step": 0, "parents": {}}, {})
        writes = [("inner", Inner())]
        tasks = [pool.submit(memory.checkpointer.put_writes, config, writes, task) for task in ("a", "b")]
        for task in tasks:
            task.result(timeout=60)

        assert len(memory.checkpointer.get_tuple(config).pending_writes) == 2
        assert graph.checkpointer is memory.checkpointer


UNDECLARED: dict[str, tuple[Any, Any]] = {
    "any": (Loose, {"anything": Point()}),
    "in a list": (Loose, {"anything": [1, {"a": [Point()] * 40}]}),
    "artifact": (Said, {"messages": [ToolMessage("x", tool_call_id="1", artifact=Point())]}),
}


@pytest.mark.parametrize("kind", UNDECLARED)
def test_what_could_not_be_read_is_refused_before_it_is_stored(database: str, mode: str, kind: str) -> None:
    schema, update = UNDECLARED[kind]
    with open_memory(database) as memory:
        graph = graph_of(memory, schema, update)
        with pytest.raises(ClassNotAllowedError, match="allowed_classes=") as caught:
            run(graph, mode, {"anything": 1})
        one_sentence(caught.value)

        assert graph.get_state(THREAD).values["anything"] == 1
        assert len(memory.checkpointer.list_threads()) == 1


def test_an_allowed_class_is_stored_wherever_it_is(database: str, mode: str) -> None:
    with open_memory(database, allowed_classes=[Point]) as memory:
        graph = graph_of(memory, Typed, {"anything": [Point(3)]})
        run(graph, mode, {})

        assert graph.get_state(THREAD).values == {"anything": [Point(3)]}


def test_an_interrupt_and_its_answer_may_be_of_a_class_that_is_allowed(database: str) -> None:
    def ask(_state: Typed) -> Any:
        return {"anything": interrupt(Point(5))}

    with open_memory(database, allowed_classes=[Point]) as memory:
        builder = StateGraph(Typed)
        builder.add_node("ask", ask)
        builder.add_edge(START, "ask")
        graph = builder.compile(checkpointer=memory.checkpointer)
        graph.invoke({}, THREAD)

        assert graph.get_state(THREAD).interrupts[0].value == Point(5)
        assert graph.invoke(Command(resume=Point(6)), THREAD) == {"anything": Point(6)}


def test_one_thread_that_cannot_be_read_does_not_end_a_listing_of_all(database: str, mode: str) -> None:
    with open_memory(database, allowed_classes=[Point]) as memory:
        for thread, value in (("first", 1), ("closed", Point()), ("last", 2)):
            graph_of(memory, Loose, {"anything": value}).invoke({}, {"configurable": {"thread_id": thread}})
    with open_memory(database) as memory:
        saver = memory.checkpointer

        async def every() -> list[Any]:
            return [one async for one in saver.alist(None)]

        with pytest.warns(UnreadableCheckpointWarning, match="thread 'closed'"):
            found = list(saver.list(None)) if mode == "sync" else asyncio.run(every())
        with pytest.raises(ClassNotAllowedError):
            list(saver.list({"configurable": {"thread_id": "closed"}}))

    assert {one.config["configurable"]["thread_id"] for one in found} >= {"first", "last"}


@pytest.mark.parametrize(("setting", "stored"), [("false", True), ("true", False), (None, False)])
def test_the_setting_of_langgraph_decides_where_it_is_set(path: str, setting: str | None, stored: bool) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[2]); import test_classes as t; memory = t.open_memory(sys.argv[1]);"
        "graph = t.graph_of(memory, t.Loose, {'anything': t.Point()}); graph.invoke({}, t.THREAD);"
        "print(graph.get_state(t.THREAD).values['anything'])"
    )
    kept = {name: value for name, value in os.environ.items() if name != "LANGGRAPH_STRICT_MSGPACK"}
    wanted = kept if setting is None else {**kept, "LANGGRAPH_STRICT_MSGPACK": setting}
    folders = [os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__))]
    wanted["PYTHONPATH"] = os.pathsep.join(folders)
    command = [sys.executable, "-c", program, path, folders[0]]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=wanted)

    assert (done.returncode == 0) is stored, done.stderr
    assert ("Point(x=1" in done.stdout) is stored


BEFORE = """
import dataclasses, enum, pydantic

class Color(enum.Enum):
    RED = "red"

@dataclasses.dataclass
class Spot:
    x: int = 1

class Form(pydantic.BaseModel):
    x: int = 1
"""
AFTER = """
import dataclasses, enum, pydantic

class Color(enum.Enum):
    BLUE = "blue"

@dataclasses.dataclass
class Spot:
    y: int

class Form(pydantic.BaseModel):
    x: str
"""
VALUES: dict[str, Any] = {
    "enum": lambda app: app.Color.RED,
    "dataclass": lambda app: app.Spot(7),
    "pydantic": lambda app: app.Form(x=7),
    "in a class that is the same": lambda app: Point(2, app.Form(x=7)),
    "in a list": lambda app: [1, {"a": app.Spot(7)}],
    "artifact": lambda app: ToolMessage("x", tool_call_id="1", artifact=app.Color.RED),
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of an application, whose classes change from one version to the next."""
    module = types.ModuleType("classes_of_an_app")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(BEFORE, module.__dict__)
    return module


def allowed(app: Any) -> list[Any]:
    return [Point, app.Color, app.Spot, app.Form]


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("change", ["changed", "gone"])
def test_a_class_that_does_not_take_what_is_stored_is_a_named_error(
    database: str, mode: str, app: Any, kind: str, change: str
) -> None:
    with open_memory(database, allowed_classes=allowed(app)) as memory:
        graph = graph_of(memory, Loose, {"anything": VALUES[kind](app)})
        run(graph, mode, {})
        assert graph.get_state(THREAD).values == {"anything": VALUES[kind](app)}
    names = allowed(app)
    if change == "changed":
        exec(AFTER, app.__dict__)
    else:
        del app.Color, app.Spot, app.Form

    with open_memory(database, allowed_classes=names) as memory:
        graph = graph_of(memory, Loose, {})
        with pytest.raises(ClassChangedError, match=r"classes_of_an_app\.\w+ that cannot be restored") as caught:
            graph.get_state(THREAD) if mode == "sync" else asyncio.run(graph.aget_state(THREAD))
        one_sentence(caught.value)
        exec(BEFORE, app.__dict__)
        assert graph.get_state(THREAD).values["anything"] is not None


def test_a_class_with_new_fields_that_have_a_default_takes_what_is_stored(database: str, app: Any) -> None:
    with open_memory(database, allowed_classes=allowed(app)) as memory:
        graph = graph_of(memory, Loose, {"anything": [app.Spot(7), app.Form(x=7)]})
        graph.invoke({}, THREAD)
        exec(BEFORE.replace("x: int = 1", "x: int = 1\n    y: int = 2"), app.__dict__)

        assert graph.get_state(THREAD).values["anything"] == [app.Spot(7, 2), app.Form(x=7, y=2)]


def test_where_any_class_is_restored_what_is_made_up_is_a_warning_for_each(database: str, app: Any) -> None:
    serde = JsonPlusSerializer(allowed_msgpack_modules=True)
    with open_memory(database, serde=serde) as memory:
        graph = graph_of(memory, Loose, {"anything": app.Form(x=7)})
        graph.invoke({}, THREAD)
        del app.Form

        with pytest.warns(ClassChangedWarning, match="there is no such class any more") as told:
            assert graph.get_state(THREAD).values == {"anything": {"x": 7}}
    assert len(told) == 1
