"""Every checkpoint reads back as `InMemorySaver` returns it, whatever was done to the thread before and after it."""

from __future__ import annotations

import copy
from collections import deque
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from databases import Databases, PostgresDatabases, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import CheckpointRemovedError


class Point(NamedTuple):
    x: int
    y: int


def serializer() -> JsonPlusSerializer:
    return JsonPlusSerializer(allowed_msgpack_modules=[(__name__, "Point")], pickle_fallback=False)


def exactly(value: Any) -> Any:
    """Return `value` in a form that is equal only for the same types, the same order of keys and the same content."""
    if isinstance(value, dict):
        return type(value), [(exactly(key), exactly(one)) for key, one in value.items()]
    if isinstance(value, (list, tuple, deque)):
        return type(value), [exactly(one) for one in value]
    if hasattr(value, "model_dump"):
        extra = exactly(value.__pydantic_extra__)
        return type(value), exactly(value.__dict__), extra, sorted(value.__pydantic_fields_set__)
    return type(value), repr(value)


def seen(found: Any) -> Any:
    """Return what a caller sees of a checkpoint tuple; the order of channels does not count."""
    checkpoint = {**found.checkpoint, "channel_values": dict(sorted(found.checkpoint["channel_values"].items()))}
    checkpoint.pop("pending_sends", None)
    return exactly(
        [
            found.config["configurable"]["checkpoint_id"],
            dict(sorted(checkpoint.items())),
            dict(sorted(found.metadata.items())),
            found.parent_config and found.parent_config["configurable"]["checkpoint_id"],
            found.pending_writes,
        ]
    )


def chat(turns: int) -> list[Any]:
    return [HumanMessage(f"message {number} " * 9, id=str(number)) for number in range(turns)]


TEXT = st.text("abc é\u4e16", max_size=12)
LONG = st.sampled_from(["long text " * 40, "another " * 60, "x" * 3000])
ATOM = st.one_of(st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), TEXT, LONG)
TREE = st.recursive(
    ATOM, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=6
)
MESSAGE = st.one_of(
    st.builds(HumanMessage, TEXT | LONG, id=TEXT, additional_kwargs=st.dictionaries(TEXT, TREE, max_size=2)),
    st.builds(
        AIMessage,
        TEXT | LONG,
        id=TEXT,
        response_metadata=st.dictionaries(TEXT, TREE, max_size=2),
        tool_calls=st.lists(st.builds(lambda n: {"name": n, "args": {"n": n}, "id": n}, TEXT), max_size=2),
    ),
    st.builds(ToolMessage, TEXT | LONG, tool_call_id=TEXT, artifact=TREE),
    st.builds(SystemMessage, st.lists(st.builds(lambda t: {"type": "text", "text": t}, TEXT), max_size=2)),
)
OBJECT = st.one_of(
    st.builds(Point, st.integers(0, 9), st.integers(0, 9)),
    st.builds(bytearray, st.binary(max_size=9)),
    st.binary(max_size=400),
    st.tuples(TEXT, ATOM),
    st.builds(set, st.sets(st.integers(0, 3), max_size=1)),
    st.builds(deque, st.lists(st.integers(0, 9), max_size=2)),
    st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    st.just(UUID(int=7)),
)
ELEMENT = st.one_of(MESSAGE, MESSAGE, ATOM, TREE, OBJECT)
VALUE = st.one_of(
    st.lists(ELEMENT, max_size=6),
    st.builds(lambda one, count: [one, *chat(count)], MESSAGE, st.integers(60, 140)),
    st.dictionaries(TEXT, ELEMENT, max_size=5),
    st.dictionaries(st.integers(0, 9), ATOM, max_size=2),
    st.builds(_DeltaSnapshot, st.lists(MESSAGE, max_size=5)),
    st.tuples(ELEMENT, ELEMENT),
    ELEMENT,
)
CHANNELS = ("messages", "files", "other")


class Twins:
    """One history in two savers."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.engine = connect(database)
        self.engine.setup()
        self.savers = [ThreadSaver(self.engine, serde=serializer()) for _ in range(2)]
        self.reference = InMemorySaver(serde=serializer())
        self.configs: list[Any] = []
        self.count = 0

    def value(self, sql: str) -> Any:
        """Return the one value that a statement finds in the database."""
        return rows(self.database, sql)[0][0]

    def put(self, parent: Any, thread: str, namespace: str, changes: dict[str, Any], *, saver: int) -> None:
        """Store a child of a checkpoint in which some channels have new values, and some none any more."""
        self.count += 1
        base = self.reference.get_tuple(parent).checkpoint if parent else empty_checkpoint()
        checkpoint: Any = {**base, "id": f"{self.count:08}"}
        checkpoint["channel_values"] = dict(base["channel_values"])
        checkpoint["channel_versions"] = dict(base["channel_versions"])
        versions = {}
        for channel, value in changes.items():
            versions[channel] = self.savers[0].get_next_version(base["channel_versions"].get(channel), None)
            if value is ...:
                checkpoint["channel_values"].pop(channel, None)
            else:
                checkpoint["channel_values"][channel] = value
        checkpoint["channel_versions"].update(versions)
        config = parent or {"configurable": {"thread_id": thread, "checkpoint_ns": namespace}}
        metadata: Any = {"source": "loop", "step": self.count, "odd": {"n": [None, True, 1.5]}}
        self.reference.put(config, copy.deepcopy(checkpoint), dict(metadata), versions)
        stored = self.savers[saver].put(config, checkpoint, metadata, versions)
        self.configs.append(stored)
        for one in (self.savers[saver], self.reference):
            one.put_writes(stored, [("messages", value) for value in changes.values() if value is not ...], "task", "p")

    def check(self) -> None:
        for config in self.configs:
            expected = seen(self.reference.get_tuple(config))
            assert all(seen(saver.get_tuple(config)) == expected for saver in self.savers)
        for thread in {config["configurable"]["thread_id"] for config in self.configs}:
            for namespace in ("", "child:1"):
                listed = {"configurable": {"thread_id": thread, "checkpoint_ns": namespace}}
                expected_list = [seen(found) for found in self.reference.list(listed)]
                assert [seen(found) for found in self.savers[0].list(listed)] == expected_list


def edited(draw: Any, value: Any) -> Any:
    """Return an edit of a value such as graphs make, sometimes in place."""
    if isinstance(value, list) and value:
        return edited_list(draw, value)
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(list(value)))
        return {**value, key: draw(ELEMENT)}
    return draw(VALUE)


def edited_list(draw: Any, value: list[Any]) -> Any:
    kind = draw(
        st.sampled_from(["append", "append", "remove", "trim", "reverse", "replace", "double", "in place", "new"])
    )
    place = draw(st.integers(0, len(value) - 1))
    if kind == "append":
        return [*value, *draw(st.lists(ELEMENT, min_size=1, max_size=3))]
    if kind == "in place" and hasattr(value[place], "model_dump"):
        value[place].response_metadata["edited"] = draw(st.integers(0, 9))
        return list(value)
    return {
        "remove": value[:place] + value[place + 1 :],
        "trim": [*value[place:], HumanMessage("after the trim")],
        "reverse": value[::-1],
        "replace": [*value[:place], "replaced", *value[place + 1 :]],
        "double": value + value,
    }.get(kind) or draw(VALUE)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_checkpoint_of_every_branch_equals_what_the_in_memory_saver_returns(data: Any) -> None:
    keep_any_history(":memory:", data)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_so_does_every_checkpoint_on_postgres(postgres_databases: PostgresDatabases, data: Any) -> None:
    keep_any_history(postgres_databases.scratch(), data)


def keep_any_history(database: str, data: Any) -> None:
    """Store any history with two savers, and compare what they return with what LangGraph's own returns."""
    twins = Twins(database)
    try:
        for _ in range(data.draw(st.integers(1, 14))):
            fork = twins.configs and data.draw(st.integers(0, 9)) > 0
            parent = None
            if fork:
                place = 0 if data.draw(st.booleans()) else data.draw(st.integers(0, len(twins.configs) - 1))
                parent = twins.configs[-1 - place]
            saver = data.draw(st.integers(0, 1))
            held = twins.savers[saver].get_tuple(parent).checkpoint["channel_values"] if parent else {}
            changes = {}
            for channel in data.draw(st.sets(st.sampled_from(CHANNELS))):
                gone = channel in held and data.draw(st.integers(0, 9)) == 0
                changes[channel] = ... if gone else edited(data.draw, held.get(channel))
            namespace = data.draw(st.sampled_from(["", "child:1"]))
            twins.put(parent, data.draw(st.sampled_from("ab")), namespace, changes, saver=saver)
        twins.check()
    finally:
        twins.engine.close()


@pytest.fixture
def twins(database):
    made = Twins(database)
    yield made
    made.engine.close()


def test_a_long_thread_whose_small_chunks_are_sealed_reads_back(twins):
    messages = []
    for number in range(150):
        messages = [*messages, HumanMessage(f"message {number} " * 20, id=str(number))]
        twins.put(
            twins.configs[-1] if twins.configs else None, "a", "", {"messages": messages}, saver=number % 50 // 49
        )

    twins.check()
    assert twins.value("SELECT count(*) FROM thread_chunk") < 90


def test_a_window_that_moves_on_remembers_no_more_small_chunks_than_are_sealed_at_once(twins):
    window: list[Any] = []
    for number in range(200):
        window = [*window[-19:], HumanMessage(f"message {number} " * 20, id=str(number))]
        twins.put(twins.configs[-1] if twins.configs else None, "a", "", {"messages": window}, saver=0)

    known = twins.savers[0]._caches.checkpoints.get(("a", "", twins.configs[-1]["configurable"]["checkpoint_id"]))
    assert len(known["messages"].loose) <= 64
    twins.check()


def test_an_element_changed_while_its_chunks_are_sealed_does_not_change_older_checkpoints(twins):
    messages: list[Any] = []
    saver = twins.savers[0]
    dumps = saver.serde.dumps_typed

    def spoil(value: Any) -> Any:
        if isinstance(value, list) and len(value) > 60 and len(messages) > 64:
            value[5].additional_kwargs["spoilt"] = True  # as a node that runs beside the saver may do
        return dumps(value)

    saver.serde.dumps_typed = spoil
    for number in range(66):
        messages = [*messages, HumanMessage(f"message {number} " * 20, id=str(number))]
        twins.put(twins.configs[-1] if twins.configs else None, "a", "", {"messages": messages}, saver=0)

    twins.configs = twins.configs[:64]
    found = twins.savers[1].get_tuple(twins.configs[-1]).checkpoint["channel_values"]["messages"]
    assert found[5].additional_kwargs == {}


def test_a_value_changed_in_place_is_stored_again(twins):
    messages = chat(100)
    twins.put(None, "a", "", {"messages": messages}, saver=0)

    messages[3].additional_kwargs["note"] = "changed in place"
    twins.put(twins.configs[-1], "a", "", {"messages": list(messages)}, saver=0)

    first, second = (twins.savers[0].get_tuple(config).checkpoint["channel_values"] for config in twins.configs)
    assert first["messages"][3].additional_kwargs == {}
    assert second["messages"][3].additional_kwargs == {"note": "changed in place"}
    twins.check()


RICH = {"n": 1, "deep": [{"flag": True, "items": [1, 2.0, "x"]}, []], "empty": {}}
TWINS_OF_ONE = st.sampled_from([1, True, 1.0, "1", None, [], {}, "a much longer text than there was before " * 9])


def rich_messages() -> list[Any]:
    """Return a message of each class with something in every field that may hold something."""
    call: Any = {"name": "find", "args": copy.deepcopy(RICH), "id": "call"}
    usage: Any = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    extras: Any = {"additional_kwargs": copy.deepcopy(RICH), "response_metadata": copy.deepcopy(RICH)}
    return [
        HumanMessage("asked", id="h", name="n", **copy.deepcopy(extras)),
        AIMessage("answered", id="a", tool_calls=[call], usage_metadata=usage, **copy.deepcopy(extras)),
        AIMessage([{"type": "text", "text": "in parts"}], id="p"),
        ToolMessage("found", id="t", tool_call_id="call", artifact=copy.deepcopy(RICH)),
        SystemMessage("ruled", id="s", added_by_hand=[1]),
    ]


def change_in_place(draw: Any, holder: Any) -> None:
    """Change something of a message, a dict or a list without making another one of it, at any depth."""
    if hasattr(holder, "__dict__"):
        holder = holder.__dict__ if draw(st.integers(0, 5)) else holder.__pydantic_extra__
    keys = list(range(len(holder))) if isinstance(holder, list) else list(holder)
    inner = [key for key in keys if isinstance(holder[key], (dict, list)) and holder[key]]
    if inner and draw(st.booleans()):
        return change_in_place(draw, holder[draw(st.sampled_from(inner))])
    value = draw(TWINS_OF_ONE)
    if isinstance(holder, list):
        holder.append(value)
    if keys:
        holder[draw(st.sampled_from(keys))] = value
    return None


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # a field may hold what its type does not allow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_change_in_place_of_any_field_at_any_depth_is_stored(databases: Databases, data: Any) -> None:
    twins = Twins(databases.scratch())
    try:
        plain = [{"plain": copy.deepcopy(RICH)}][: data.draw(st.integers(0, 1))]  # not all are messages, then
        messages = [*rich_messages(), *chat(data.draw(st.sampled_from([0, 70]))), *plain, *rich_messages()]
        twins.put(None, "a", "", {"messages": messages}, saver=0)
        for _ in range(data.draw(st.integers(1, 4))):
            change_in_place(data.draw, messages[data.draw(st.integers(0, len(messages) - 1))])
            messages = messages if data.draw(st.booleans()) else [*messages, HumanMessage("after " * 60)]
            twins.put(twins.configs[-1], "a", "", {"messages": messages}, saver=0)
        twins.check()
    finally:
        twins.engine.close()


def test_snapshots_share_no_mutable_object(twins):
    for count in (70, 71, 72):
        value = {"messages": chat(count), "files": {"a": ["x" * 300], "b": {"c": ["d"]}}}
        twins.put(twins.configs[-1] if twins.configs else None, "a", "", value, saver=0)
    listed = list(twins.savers[0].list({"configurable": {"thread_id": "a"}}))

    for message in listed[0].checkpoint["channel_values"]["messages"]:
        message.content = "spoilt"
        message.additional_kwargs["spoilt"] = True
    listed[0].checkpoint["channel_values"]["files"]["a"].append("spoilt")

    twins.check()
    assert not any(message.content == "spoilt" for message in listed[1].checkpoint["channel_values"]["messages"])
    assert listed[1].checkpoint["channel_values"]["files"]["a"] == ["x" * 300]


def test_snapshots_share_their_messages_within_one_listing_where_that_was_asked_for(twins):
    for count in (70, 71, 72):
        twins.put(twins.configs[-1] if twins.configs else None, "a", "", {"messages": chat(count)}, saver=0)
    twins.savers[0] = ThreadSaver(twins.engine, serde=serializer(), share_history=True)
    thread = {"configurable": {"thread_id": "a"}}
    first, second, _ = [found.checkpoint["channel_values"]["messages"] for found in twins.savers[0].list(thread)]
    other = next(twins.savers[0].list(thread)).checkpoint["channel_values"]["messages"]

    first[3].content = "changed"
    first.append("changed")

    assert second[3] is first[3]
    assert len(second) == 71
    assert other == chat(72)
    twins.check()


def test_a_fork_that_appends_where_another_has_stores_its_own_elements(twins):
    twins.put(None, "a", "", {"messages": chat(10)}, saver=0)
    root = twins.configs[0]
    for number, saver in enumerate((0, 1, 0, 1)):
        held = twins.savers[saver].get_tuple(root).checkpoint["channel_values"]["messages"]
        twins.put(root, "a", "", {"messages": [*held, AIMessage(f"branch {number} " * 30)]}, saver=saver)

    twins.check()
    assert twins.value("SELECT sum(count) FROM thread_chunk") == 14


def test_a_thread_deleted_by_another_saver_and_begun_again_is_not_built_on_what_is_gone(twins):
    twins.put(None, "a", "", {"messages": chat(10)}, saver=0)
    twins.savers[1].delete_thread("a")

    with pytest.raises(CheckpointRemovedError, match="thread 'a' was deleted while a run of it was under way"):
        twins.put(twins.configs[0], "a", "", {"messages": chat(11)}, saver=0)
    twins.put(None, "a", "", {"messages": chat(11)}, saver=0)

    found = twins.savers[1].get_tuple(twins.configs[-1])
    assert found.checkpoint["channel_values"]["messages"] == chat(11)


@pytest.mark.parametrize("strategy", ["keep_latest", "delete"])
def test_pruning_removes_what_no_kept_checkpoint_needs(twins, strategy):
    messages = chat(5)
    for number in range(80):
        messages = [*messages[-4:], HumanMessage(f"message {number} " * 20)]
        twins.put(twins.configs[-1] if twins.configs else None, "a", "", {"messages": messages}, saver=0)

    twins.savers[1].prune(["a"], strategy=strategy)

    assert twins.value("SELECT count(*) FROM thread_checkpoint") == (strategy == "keep_latest")
    assert twins.value("SELECT coalesce(sum(count), 0) FROM thread_chunk") <= 64 + 5
    if strategy == "keep_latest":
        assert seen(twins.savers[0].get_tuple(twins.configs[-1])) == seen(twins.reference.get_tuple(twins.configs[-1]))
        twins.configs = twins.configs[-1:]
        twins.put(twins.configs[-1], "a", "", {"messages": [*messages, HumanMessage("more " * 30)]}, saver=0)
        found = twins.savers[1].get_tuple(twins.configs[-1]).checkpoint["channel_values"]["messages"]
        assert found[-1].content == "more " * 30


def test_a_pending_write_that_became_an_element_is_stored_once_and_outlives_the_checkpoint_it_became_part_of(twins):
    messages = chat(3)
    twins.put(None, "a", "", {"messages": messages}, saver=0)
    answer = AIMessage("the answer " * 50, id="answer")
    for saver in (twins.savers[0], twins.reference):
        saver.put_writes(twins.configs[0], [("messages", [answer])], "model", "path")
    twins.put(twins.configs[0], "a", "", {"messages": [*messages, answer]}, saver=0)

    twins.check()
    assert twins.value("SELECT count(*) FROM thread_write WHERE type = '@elements'") == 1
    twins.savers[0].copy_thread("a", "copy")
    of_a = "thread_id = 'a'" if twins.database.startswith("postgresql:") else "thread_no = 1"
    rows(twins.database, f"UPDATE thread_checkpoint SET run_id = 'last' WHERE checkpoint_id = '00000002' AND {of_a}")
    twins.savers[0].delete_for_runs(["last"])
    twins.configs = twins.configs[:1]
    assert seen(twins.savers[1].get_tuple(twins.configs[0])) == seen(twins.reference.get_tuple(twins.configs[0]))


def test_pending_messages_that_a_reducer_gave_an_id_are_stored_once_and_read_back_without_it(twins):
    twins.put(None, "a", "", {"messages": chat(3)}, saver=0)
    asked = [
        HumanMessage("a question " * 30),
        AIMessage("an answer " * 30, id="own"),
        ToolMessage("r", tool_call_id="c"),
    ]
    for saver in (twins.savers[0], twins.reference):
        saver.put_writes(twins.configs[0], [("messages", copy.deepcopy(asked))], "asking", "path")
    named = [*chat(3), *(one.model_copy(update={"id": one.id or str(UUID(int=7))}) for one in asked)]
    twins.put(twins.configs[0], "a", "", {"messages": named}, saver=0)

    assert twins.value("SELECT count(*) FROM thread_write WHERE type = '@elements:0,2'") == 1
    twins.check()
    twins.savers[0].prune(["a"])
    twins.savers[0].copy_thread("a", "copy")
    twins.configs = twins.configs[1:]
    assert seen(twins.savers[1].get_tuple(twins.configs[0])) == seen(twins.reference.get_tuple(twins.configs[0]))


def test_a_copied_thread_lives_on_when_its_source_is_deleted(twins):
    twins.put(None, "a", "", {"messages": chat(100)}, saver=0)
    twins.savers[0].copy_thread("a", "copy")
    twins.savers[0].delete_thread("a")

    found = twins.savers[1].get_tuple({"configurable": {"thread_id": "copy"}})

    assert found.checkpoint["channel_values"]["messages"] == chat(100)
