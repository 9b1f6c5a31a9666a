"""A checkpoint is whole or refused, and the newest is the one stored last: whatever is removed beside a run, and
whatever the clocks say."""

from __future__ import annotations

import asyncio
import operator
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import pytest
from databases import rows
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from langgraph_memory import MemoryDatabase, open_memory
from langgraph_memory.engine.postgres.transaction import PostgresTransaction
from langgraph_memory.errors import CheckpointRemovedError, UnreadableCheckpointError

THREAD: Any = {"configurable": {"thread_id": "t", "owner_id": "ana"}}
DURABILITY = ["sync", "async", "exit"]


class State(TypedDict, total=False):
    profile: str
    cart: list[int]
    log: Annotated[list[str], operator.add]


def extend(current: list[str] | None, writes: list[list[str]]) -> list[str]:
    return [*(current or []), *(one for write in writes for one in write)]


class Replayed(TypedDict, total=False):
    delta: Annotated[list[str], DeltaChannel(extend)]


class Other:
    """What somebody else does while a run is in its second node, in a thread without the context of the run."""

    def __init__(self) -> None:
        self.work: Callable[[], object] | None = None

    def __call__(self) -> None:
        work, self.work = self.work, None
        if work is not None:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(work).result()


@pytest.fixture
def other() -> Other:
    return Other()


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def graph_of(memory: MemoryDatabase, other: Other) -> Any:
    def think(_state: State) -> State:
        return {"profile": "Ana, vegetarian", "cart": [1], "log": ["thought"]}

    def act(_state: State) -> State:
        other()
        return {"log": ["acted"]}

    builder = StateGraph(State)
    builder.add_node("think", think)
    builder.add_node("act", act)
    builder.add_edge(START, "think")
    builder.add_edge("think", "act")
    return builder.compile(checkpointer=memory.checkpointer)


def replaying_graph(memory: MemoryDatabase, other: Other) -> Any:
    def answer(_state: Replayed) -> Replayed:
        other()
        return {"delta": ["answer"]}

    builder = StateGraph(Replayed)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    return builder.compile(checkpointer=memory.checkpointer)


def run(graph: Any, mode: str, values: Any, config: Any = THREAD, **options: Any) -> Any:
    if mode == "sync":
        return graph.invoke(values, config, **options)
    return asyncio.run(graph.ainvoke(values, config, **options))


def second_tab(graph: Any) -> None:
    graph.invoke({"profile": "Ana, vegan", "log": ["other tab"]}, THREAD)


REMOVALS: dict[str, Callable[[MemoryDatabase], object]] = {
    "prune": lambda memory: memory.checkpointer.prune(["t"]),
    "sweep": lambda memory: memory.sweep(max_checkpoints_per_thread=1),
    "compact": lambda memory: memory.end_session("t", owner_id="ana", compact=True),
}


@pytest.mark.parametrize("durability", DURABILITY)
@pytest.mark.parametrize("removal", REMOVALS)
def test_a_checkpoint_keeps_every_channel_when_others_are_removed_beside_its_run(
    memory: MemoryDatabase, other: Other, mode: str, removal: str, durability: str
) -> None:
    graph = graph_of(memory, other)
    graph.invoke({"log": ["in"]}, THREAD)

    def care() -> None:
        second_tab(graph)
        REMOVALS[removal](memory)

    other.work = care
    returned = run(graph, mode, {"log": ["second"]}, durability=durability)

    assert graph.get_state(THREAD).values == returned
    assert returned["profile"] == "Ana, vegetarian"
    assert returned["cart"] == [1]


@pytest.mark.parametrize("durability", ["sync", "async"])
def test_a_run_whose_own_checkpoints_are_deleted_beside_it_stores_the_next_one_whole(
    memory: MemoryDatabase, other: Other, mode: str, durability: str
) -> None:
    graph = graph_of(memory, other)
    graph.invoke({"log": ["in"]}, THREAD)
    run_id = str(uuid.uuid4())
    config = {**THREAD, "run_id": run_id, "metadata": {"run_id": run_id}}

    other.work = lambda: memory.checkpointer.delete_for_runs([run_id])
    returned = run(graph, mode, {"log": ["second"]}, config, durability=durability)

    assert graph.get_state(THREAD).values == returned


DELETIONS: dict[str, Callable[[MemoryDatabase], object]] = {
    "delete_thread": lambda memory: memory.checkpointer.delete_thread("t"),
    "prune": lambda memory: memory.checkpointer.prune(["t"], strategy="delete"),
    "erase": lambda memory: memory.admin.erase_owner("ana", threads=True),
}


@pytest.mark.parametrize("durability", DURABILITY)
@pytest.mark.parametrize("deletion", DELETIONS)
def test_a_run_whose_thread_is_deleted_beside_it_is_refused_and_brings_nothing_back(
    memory: MemoryDatabase, database: str, other: Other, mode: str, deletion: str, durability: str
) -> None:
    graph = graph_of(memory, other)
    graph.invoke({"log": ["in"]}, THREAD)

    other.work = lambda: DELETIONS[deletion](memory)
    with pytest.raises(CheckpointRemovedError, match="thread 't' was deleted while a run of it was under way"):
        run(graph, mode, {"log": ["second"]}, durability=durability)

    assert memory.checkpointer.get_tuple(THREAD) is None
    assert rows(database, "SELECT * FROM thread") == rows(database, "SELECT * FROM thread_write") == []


def test_a_subgraph_does_not_bring_a_deleted_thread_back(memory: MemoryDatabase, other: Other) -> None:
    def call(_state: State) -> State:
        other()
        return inner.invoke({"log": ["in"]})

    inner = graph_of(memory, Other())
    inner.checkpointer = None
    outer = StateGraph(State).add_node("call", call).add_edge(START, "call").compile(checkpointer=memory.checkpointer)
    outer.invoke({"log": ["in"]}, THREAD)

    other.work = lambda: memory.checkpointer.delete_thread("t")
    with pytest.raises(CheckpointRemovedError, match="was deleted"):
        outer.invoke({"log": ["second"]}, THREAD)

    assert list(memory.checkpointer.list(None)) == []


def test_a_deleted_thread_can_be_begun_anew_and_its_old_run_stays_refused(memory: MemoryDatabase, other: Other) -> None:
    graph = graph_of(memory, other)
    old = memory.checkpointer.put(THREAD, checkpoint({"log": ["old"]}, 1), {}, {"log": 1})
    memory.checkpointer.delete_thread("t")

    graph.invoke({"log": ["new"]}, THREAD)
    with pytest.raises(CheckpointRemovedError, match="start a new run, without a checkpoint_id"):
        memory.checkpointer.put(old, checkpoint({"log": ["old", "more"]}, 2), {}, {"log": 2})

    assert graph.get_state(THREAD).values["log"] == ["new", "thought", "acted"]


def test_a_mark_of_a_deleted_thread_holds_no_id_and_a_later_sweep_removes_it(
    memory: MemoryDatabase, database: str
) -> None:
    memory.checkpointer.put(THREAD, checkpoint({}, 1), {}, {})
    memory.checkpointer.delete_thread("t")
    (mark,) = rows(database, "SELECT mark, deleted_at FROM thread_deleted")
    assert mark[0] != "t"

    memory.checkpointer.sweep()
    assert rows(database, "SELECT count(*) FROM thread_deleted")[0][0] == 1
    rows(database, "UPDATE thread_deleted SET deleted_at = deleted_at - 2592001")
    memory.checkpointer.sweep()
    assert rows(database, "SELECT count(*) FROM thread_deleted")[0][0] == 0


def test_a_run_with_a_replayed_channel_is_refused_when_what_it_is_replayed_from_is_removed(
    memory: MemoryDatabase, other: Other, mode: str
) -> None:
    graph = replaying_graph(memory, other)
    graph.invoke({"delta": ["question"]}, THREAD)

    run_id = str(uuid.uuid4())
    config = {**THREAD, "run_id": run_id, "metadata": {"run_id": run_id}}
    other.work = lambda: memory.checkpointer.delete_for_runs([run_id])
    with pytest.raises(CheckpointRemovedError, match="the channel 'delta' is replayed from there"):
        run(graph, mode, {"delta": ["second"]}, config, durability="sync")

    assert graph.get_state(THREAD).values["delta"] == ["question", "answer"]


def test_pruning_keeps_what_another_tab_and_a_run_are_replayed_from(
    memory: MemoryDatabase, other: Other, mode: str
) -> None:
    graph = replaying_graph(memory, other)
    graph.invoke({"delta": ["question"]}, THREAD)

    def care() -> None:
        graph.invoke({"delta": ["other tab"]}, THREAD)
        memory.checkpointer.prune(["t"])

    other.work = care
    returned = run(graph, mode, {"delta": ["second"]}, durability="sync")

    assert graph.get_state(THREAD).values == returned == {"delta": ["question", "answer", "second", "answer"]}


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_deleting_a_run_keeps_what_others_are_replayed_from(memory: MemoryDatabase, mode: str, gone: int) -> None:
    graph = replaying_graph(memory, Other())
    runs = [str(uuid.uuid4()) for _ in range(3)]
    for number, run_id in enumerate(runs):
        config = {**THREAD, "run_id": run_id, "metadata": {"run_id": run_id}}
        run(graph, mode, {"delta": [f"question {number}"]}, config)

    if mode == "sync":
        memory.checkpointer.delete_for_runs([runs[gone]])
    else:
        asyncio.run(memory.hygiene.adelete_for_runs([runs[gone]], owner_id="ana", dry_run=False))

    left = 2 if gone == 2 else 3
    expected = [text for number in range(left) for text in (f"question {number}", "answer")]
    assert graph.get_state(THREAD).values["delta"] == expected


def test_a_read_says_which_named_value_is_missing(memory: MemoryDatabase, database: str, mode: str) -> None:
    stored = memory.checkpointer.put(THREAD, checkpoint({"log": ["in"], "empty": None}, 1), {}, {"log": 1, "empty": 1})
    rows(database, "DELETE FROM thread_channel WHERE channel = 'log'")

    with pytest.raises(UnreadableCheckpointError, match="the value of channel 'log' is missing"):
        memory.checkpointer.get_tuple(stored) if mode == "sync" else asyncio.run(memory.checkpointer.aget_tuple(stored))


def checkpoint(values: dict[str, Any], version: int, checkpoint_id: str | None = None) -> Any:
    made = {**empty_checkpoint(), "channel_values": values, "channel_versions": dict.fromkeys(values, version)}
    return made if checkpoint_id is None else {**made, "id": checkpoint_id}


def backwards(memory: MemoryDatabase, count: int, namespace: str = "") -> list[str]:
    """Store checkpoints whose ids go back, as those of a clock that steps back, and return them."""
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": namespace}}
    made = []
    for number in range(count):
        made.append(f"{count - number:08}")
        values = {"log": [number]}
        config = memory.checkpointer.put(config, checkpoint(values, number + 1, made[-1]), {}, {"log": number + 1})
    return made


def test_the_newest_checkpoint_is_the_one_stored_last_whatever_its_id_says(memory: MemoryDatabase, mode: str) -> None:
    made = backwards(memory, 5)
    saver = memory.checkpointer

    newest = saver.get_tuple(THREAD) if mode == "sync" else asyncio.run(saver.aget_tuple(THREAD))
    listed = [one.config["configurable"]["checkpoint_id"] for one in saver.list(THREAD)]
    before: Any = {"configurable": {"thread_id": "t", "checkpoint_id": made[2]}}
    earlier = [one.config["configurable"]["checkpoint_id"] for one in saver.list(THREAD, before=before)]
    of_all = [one.config["configurable"]["checkpoint_id"] for one in saver.list(None, limit=3)]

    assert newest is not None
    assert newest.checkpoint["channel_values"] == {"log": [4]}
    assert listed == made[::-1]
    assert earlier == made[:2][::-1]
    assert of_all == made[2:][::-1]


@pytest.mark.parametrize("keep", [1, 2])
def test_retention_keeps_what_was_stored_last(memory: MemoryDatabase, keep: int) -> None:
    made = backwards(memory, 5)
    backwards(memory, 3, "sub")

    memory.checkpointer.prune(["t"]) if keep == 1 else memory.checkpointer.sweep(max_checkpoints_per_thread=2)

    left = [one.config["configurable"]["checkpoint_id"] for one in memory.checkpointer.list(config_in(""))]
    assert left == made[-keep:][::-1]
    assert len(list(memory.checkpointer.list(config_in("sub")))) == keep


def config_in(namespace: str) -> Any:
    return {"configurable": {"thread_id": "t", "checkpoint_ns": namespace}}


def test_a_page_boundary_loses_no_checkpoint_when_ids_go_back(memory: MemoryDatabase) -> None:
    made = backwards(memory, 120)

    assert [one.checkpoint["id"] for one in memory.checkpointer.list(config_in(""))] == made[::-1]
    assert [one.checkpoint["id"] for one in memory.checkpointer.list(None)] == made[::-1]


def test_a_fence_lets_the_newest_go_on_when_the_clock_stepped_back(database: str) -> None:
    with open_memory(database, fence=True) as memory:
        backwards(memory, 3)
        newest = memory.checkpointer.get_tuple(THREAD)

    assert newest is not None
    assert newest.checkpoint["channel_values"] == {"log": [2]}


def test_turns_of_two_machines_whose_clocks_differ_follow_each_other(database: str, monkeypatch: Any) -> None:
    from langgraph.checkpoint.base import id as ids

    with open_memory(database) as here, open_memory(database) as there:
        graphs = [graph_of(here, Other()), graph_of(there, Other())]
        clock = ids.time.time_ns
        for turn in range(6):
            hours = (turn % 2) * 3600 * 10**9
            monkeypatch.setattr(ids.time, "time_ns", lambda hours=hours: clock() - hours)
            monkeypatch.setattr(ids, "_last_v6_timestamp", None)
            graphs[turn % 2].invoke({"log": [f"turn {turn}"]}, THREAD)
        values = graphs[0].get_state(THREAD).values

    assert [one for one in values["log"] if one.startswith("turn")] == [f"turn {turn}" for turn in range(6)]


def test_parents_that_go_round_in_a_circle_end(memory: MemoryDatabase) -> None:
    saver = memory.checkpointer
    counters: Any = {"counters_since_delta_snapshot": {"delta": (1, 1)}}
    for name, parent in (("1", None), ("2", "1"), ("1", "2")):
        config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": parent}}
        made = {**checkpoint({}, 1, name), "channel_versions": {"delta": 1}}
        saver.put(config, made, counters, {"delta": 1})

    saver.prune(["t"])
    saver.delete_for_runs(["nobody"])
    history = saver.get_delta_channel_history(config=config_in(""), channels=["delta"])
    memory.hygiene.retract_branch("t", owner_id="ana", dry_run=True)

    assert history["delta"]["writes"] == []


def test_a_turn_on_postgres_takes_one_statement_for_each_call(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_memory(postgres_url) as memory:
        graph = graph_of(memory, Other())
        graph.invoke({"log": ["in"]}, THREAD)
        asked: list[str] = []
        statement = PostgresTransaction._statement
        monkeypatch.setattr(
            PostgresTransaction, "_statement", lambda self, query: asked.append(query.name) or statement(self, query)
        )
        graph.invoke({"log": ["again"]}, THREAD)

    assert set(asked) == {"checkpoint", "store_checkpoint", "store_writes"}
    assert asked.count("store_checkpoint") == 4


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_checkpoint_of_an_old_format_holds_what_it_was_sent(memory: MemoryDatabase, mode: str) -> None:
    saver: Any = memory.checkpointer
    first: Any = {**empty_checkpoint(), "v": 3}
    second: Any = {**empty_checkpoint(), "v": 3, "channel_values": {"n": [1]}, "channel_versions": {"n": 1 << 24}}

    async def call(name: str, *given: Any) -> Any:
        return getattr(saver, name)(*given) if mode == "sync" else await getattr(saver, f"a{name}")(*given)

    start: Any = {"configurable": {"thread_id": "old", "checkpoint_ns": ""}}
    before = await call("put", start, first, {"source": "input", "step": -1, "parents": {}}, {})
    await call("put_writes", before, [("__pregel_tasks", "b"), ("n", 1)], "2", "~2")
    await call("put_writes", before, [("__pregel_tasks", "a")], "1", "~1")
    metadata = {"source": "loop", "step": 0, "parents": {}}
    after = await call("put", before, second, metadata, {"n": 1 << 24})

    assert (await call("get_tuple", before)).checkpoint["channel_values"] == {}
    found = (await call("get_tuple", after)).checkpoint
    assert found["channel_values"] == {"n": [1], "__pregel_tasks": ["a", "b"]}
    assert found["channel_versions"]["__pregel_tasks"] == 1 << 24
    listed = [one.checkpoint["channel_values"] for one in saver.list(start)]
    assert listed == [found["channel_values"], {}]
    assert second["channel_values"] == {"n": [1]}
