"""`ThreadSaver` against LangGraph's conformance suite, and under real graphs."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Annotated, Any, TypedDict

import pytest
from databases import Databases
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import CheckpointMetadata, CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import Capability
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from support import Driver

from langgraph_memory import ThreadSaver
from langgraph_memory.errors import InvalidInputError


class SyncSaver(ThreadSaver):
    """Answers the async methods that the suite calls with the sync ones, on another thread."""

    async def aget_tuple(self, *args: Any, **kwargs: Any) -> CheckpointTuple | None:
        return await asyncio.to_thread(self.get_tuple, *args, **kwargs)

    async def alist(self, *args: Any, **kwargs: Any) -> AsyncIterator[CheckpointTuple]:
        for found in await asyncio.to_thread(lambda: list(self.list(*args, **kwargs))):
            yield found

    async def aput(self, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(self.put, *args, **kwargs)

    async def aput_writes(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.put_writes, *args, **kwargs)

    async def adelete_thread(self, *args: Any) -> None:
        await asyncio.to_thread(self.delete_thread, *args)

    async def adelete_for_runs(self, *args: Any) -> None:
        await asyncio.to_thread(self.delete_for_runs, *args)

    async def acopy_thread(self, *args: Any) -> None:
        await asyncio.to_thread(self.copy_thread, *args)

    async def aprune(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.to_thread(self.prune, *args, **kwargs)


@pytest.mark.parametrize("place", ["new", "scratch"])
@pytest.mark.parametrize("saver_class", [ThreadSaver, SyncSaver])
async def test_every_group_of_the_conformance_suite_passes(
    databases: Databases, place: str, saver_class: type[ThreadSaver]
) -> None:
    @asynccontextmanager
    async def fresh() -> AsyncIterator[ThreadSaver]:
        async with saver_class.from_conn_string(getattr(databases, place)()) as saver:
            yield saver

    @checkpointer_test(name="ThreadSaver")
    async def create() -> AsyncIterator[ThreadSaver]:
        async with fresh() as saver:
            yield saver

    report = await validate(create)

    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert failures == {}
    assert {name for name, result in report.results.items() if result.passed} == {one.value for one in Capability}
    assert report.conformance_level().startswith("FULL")
    assert sum(result.tests_passed for result in report.results.values()) > 50


# --- graphs -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def saver(database: str) -> Iterator[ThreadSaver]:
    """A checkpointer on a new file."""
    with ThreadSaver.from_conn_string(database) as opened:
        yield opened


def config_of(thread_id: str, **more: Any) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread_id, **more}}


def chat(saver: ThreadSaver) -> Any:
    """Return a graph that answers every message with how many there were."""

    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"heard {len(state['messages'])}")]}

    return StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer").compile(checkpointer=saver)


async def say(graph: Any, mode: str, text: str, config: dict[str, Any]) -> list[str]:
    invoke = Driver(graph, mode).invoke
    state = await invoke({"messages": [HumanMessage(text)]}, config)
    return [message.text for message in state["messages"]]


async def test_a_thread_goes_on_where_it_stopped_inside_a_running_loop(saver: ThreadSaver, mode: str) -> None:
    graph = chat(saver)

    await say(graph, mode, "one", config_of("t"))

    assert await say(graph, mode, "two", config_of("t")) == ["one", "heard 1", "two", "heard 3"]
    assert await say(graph, mode, "three", config_of("other")) == ["three", "heard 1"]


async def test_a_thread_outlives_the_process_that_made_it(database: str, mode: str) -> None:
    with ThreadSaver.from_conn_string(database) as first:
        await say(chat(first), mode, "one", config_of("t"))

    with ThreadSaver.from_conn_string(database) as second:
        assert await say(chat(second), mode, "two", config_of("t")) == ["one", "heard 1", "two", "heard 3"]


async def test_sync_and_async_calls_share_one_thread(saver: ThreadSaver) -> None:
    graph = chat(saver)

    await say(graph, "sync", "one", config_of("t"))
    await say(graph, "async", "two", config_of("t"))

    assert await say(graph, "sync", "three", config_of("t")) == [
        *["one", "heard 1", "two", "heard 3"],
        *["three", "heard 5"],
    ]


async def test_a_thread_forks_from_an_earlier_checkpoint_and_the_old_branch_stays(
    saver: ThreadSaver, mode: str
) -> None:
    graph = chat(saver)
    await say(graph, mode, "one", config_of("t"))
    fork_point = graph.get_state(config_of("t")).config
    await say(graph, mode, "two", config_of("t"))
    old_branch = graph.get_state(config_of("t")).config

    forked = await say(graph, mode, "instead", fork_point)

    assert forked == ["one", "heard 1", "instead", "heard 3"]
    assert [message.text for message in graph.get_state(old_branch).values["messages"]] == [
        *["one", "heard 1"],
        *["two", "heard 3"],
    ]
    assert [message.text for message in graph.get_state(config_of("t")).values["messages"]] == forked


async def test_every_earlier_state_can_be_read_back(saver: ThreadSaver, mode: str) -> None:
    graph = chat(saver)
    for text in ("one", "two", "three"):
        await say(graph, mode, text, config_of("t"))

    lengths = [len(snapshot.values.get("messages", [])) for snapshot in graph.get_state_history(config_of("t"))]

    assert lengths == [6, 5, 4, 4, 3, 2, 2, 1, 0]


async def test_two_branches_written_at_once_do_not_mix(saver: ThreadSaver) -> None:
    graph = chat(saver)
    await say(graph, "async", "root", config_of("t"))
    root = graph.get_state(config_of("t")).config

    branches = await asyncio.gather(*(say(graph, "async", f"branch {n}", root) for n in range(6)))

    assert branches == [["root", "heard 1", f"branch {n}", "heard 3"] for n in range(6)]


async def test_an_edited_past_state_is_a_new_branch(saver: ThreadSaver) -> None:
    graph = chat(saver)
    await say(graph, "sync", "one", config_of("t"))

    edited = graph.update_state(config_of("t"), {"messages": [HumanMessage("edited")]})

    assert [message.text for message in graph.get_state(edited).values["messages"]] == ["one", "heard 1", "edited"]


async def test_an_interrupted_run_resumes_after_the_file_was_reopened(database: str, mode: str) -> None:
    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"said {interrupt('what?')}")]}

    builder = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END)
    with ThreadSaver.from_conn_string(database) as first:
        paused = await Driver(builder.compile(checkpointer=first), mode).invoke(
            {"messages": [HumanMessage("hello")]}, config_of("t")
        )
    with ThreadSaver.from_conn_string(database) as second:
        done = await Driver(builder.compile(checkpointer=second), mode).invoke(Command(resume="yes"), config_of("t"))

    assert paused["__interrupt__"][0].value == "what?"
    assert [message.text for message in done["messages"]] == ["hello", "said yes"]


def has_written(saver: ThreadSaver, thread_id: str, channel: str) -> bool:
    """Return whether a task of the thread's newest step has finished and its write is stored.

    The checkpoint of the input is no step: it holds what the input wrote.
    """
    newest = saver.get_tuple(config_of(thread_id))
    return (
        newest is not None
        and newest.metadata["step"] >= 0
        and any(name == channel for _, name, _ in newest.pending_writes or ())
    )


async def test_a_failed_node_runs_again_and_its_finished_neighbour_does_not(saver: ThreadSaver, mode: str) -> None:
    class State(TypedDict):
        log: Annotated[list[str], operator.add]

    runs: list[str] = []

    def steady(state: State) -> dict[str, Any]:
        runs.append("steady")
        return {"log": ["steady"]}

    def shaky(state: State) -> dict[str, Any]:
        runs.append("shaky")
        if runs.count("shaky") == 1:
            while not has_written(saver, "t", "log"):
                pass
            raise RuntimeError("first try")
        return {"log": ["shaky"]}

    builder = StateGraph(State).add_node("steady", steady).add_node("shaky", shaky)
    graph = builder.add_edge(START, "steady").add_edge(START, "shaky").compile(checkpointer=saver)

    with pytest.raises(RuntimeError, match="first try"):
        await Driver(graph, mode).invoke({"log": []}, config_of("t"))
    done = await Driver(graph, mode).invoke(None, config_of("t"))

    assert sorted(done["log"]) == ["shaky", "steady"]
    assert sorted(runs) == ["shaky", "shaky", "steady"]


# --- delta channels ---------------------------------------------------------------------------------------------------


def extend(state: Sequence[str], batches: Sequence[Sequence[str]]) -> list[str]:
    return [*state, *(item for batch in batches for item in batch)]


def delta_log(saver: ThreadSaver, snapshot_frequency: int = 100) -> Any:
    """Return a graph whose state is a delta channel: a checkpoint holds no value, only what was written."""
    channel = DeltaChannel(extend, snapshot_frequency=snapshot_frequency)
    schema: Any = TypedDict("State", {"log": Annotated[list[str], channel]})

    def note(state: dict[str, Any]) -> dict[str, Any]:
        return {"log": [f"saw {len(state['log'])}"]}

    return StateGraph(schema).add_node("note", note).add_edge(START, "note").compile(checkpointer=saver)


ALL_NOTES = ["0", "saw 1", "1", "saw 3", "2", "saw 5", "3", "saw 7"]


@pytest.mark.parametrize("snapshot_frequency", [1, 3, 100])
async def test_a_delta_channel_is_replayed_from_its_history(
    saver: ThreadSaver, mode: str, snapshot_frequency: int
) -> None:
    graph = delta_log(saver, snapshot_frequency)
    for n in range(4):
        await Driver(graph, mode).invoke({"log": [str(n)]}, config_of("t"))

    assert (await Driver(graph, mode).get_state(config_of("t"))).values["log"] == ALL_NOTES


@pytest.mark.parametrize("snapshot_frequency", [1, 3, 100])
async def test_pruning_keeps_what_a_delta_channel_is_replayed_from(
    saver: ThreadSaver, mode: str, snapshot_frequency: int
) -> None:
    graph = delta_log(saver, snapshot_frequency)
    for n in range(4):
        await Driver(graph, mode).invoke({"log": [str(n)]}, config_of("t"))

    await Driver(saver, mode).prune(["t"], strategy="keep_latest")

    assert (await Driver(graph, mode).get_state(config_of("t"))).values["log"] == ALL_NOTES
    assert (await Driver(graph, mode).invoke({"log": ["4"]}, config_of("t")))["log"] == [*ALL_NOTES, "4", "saw 9"]


async def test_pruning_an_ordinary_thread_keeps_only_the_newest_checkpoint(saver: ThreadSaver, mode: str) -> None:
    graph = chat(saver)
    for text in ("one", "two"):
        await say(graph, mode, text, config_of("t"))
    await say(graph, mode, "untouched", config_of("other"))

    await Driver(saver, mode).prune(["t"])

    assert len(list(saver.list(config_of("t")))) == 1
    assert len(list(saver.list(config_of("other")))) == 3
    assert await say(graph, mode, "three", config_of("t")) == [
        *["one", "heard 1", "two", "heard 3"],
        *["three", "heard 5"],
    ]


async def test_a_copied_delta_thread_stands_on_its_own(saver: ThreadSaver) -> None:
    graph = delta_log(saver)
    await graph.ainvoke({"log": ["0"]}, config_of("t"))

    await saver.acopy_thread("t", "copy")
    await saver.adelete_thread("t")

    assert (await graph.aget_state(config_of("copy"))).values["log"] == ["0", "saw 1"]


async def test_an_unknown_prune_strategy_is_refused_and_nothing_is_pruned(saver: ThreadSaver, mode: str) -> None:
    await say(chat(saver), mode, "one", config_of("t"))

    with pytest.raises(InvalidInputError, match="keep_latest"):
        await Driver(saver, mode).prune(["t"], strategy="keep_oldest")

    assert len(list(saver.list(config_of("t")))) == 3


# --- listing ----------------------------------------------------------------------------------------------------------


def put_many(saver: ThreadSaver, thread_id: str, count: int, namespace: str = "") -> list[dict[str, Any]]:
    """Store `count` checkpoints in a row, and return their configs, oldest first."""
    configs: list[dict[str, Any]] = []
    parent: dict[str, Any] = config_of(thread_id, checkpoint_ns=namespace)
    for step in range(count):
        metadata: CheckpointMetadata = {"source": "loop", "step": step, "parents": {}}
        parent = dict(saver.put(parent, empty_checkpoint(), metadata, {}))
        configs.append(parent)
    return configs


async def listed(saver: ThreadSaver, mode: str, *args: Any, **kwargs: Any) -> list[CheckpointTuple]:
    if mode == "sync":
        return list(saver.list(*args, **kwargs))
    return [found async for found in saver.alist(*args, **kwargs)]


def steps(found: Sequence[CheckpointTuple]) -> list[int]:
    return [one.metadata["step"] for one in found]


async def test_a_listing_is_newest_first_and_crosses_pages(saver: ThreadSaver, mode: str) -> None:
    put_many(saver, "t", 120)

    assert steps(await listed(saver, mode, config_of("t"))) == list(range(119, -1, -1))


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (1, 1), (50, 50), (51, 51), (119, 119), (500, 120)])
async def test_a_limit_cuts_a_listing(saver: ThreadSaver, mode: str, limit: int, expected: int) -> None:
    put_many(saver, "t", 120)

    assert len(await listed(saver, mode, config_of("t"), limit=limit)) == expected


async def test_before_lists_only_what_is_older(saver: ThreadSaver, mode: str) -> None:
    configs = put_many(saver, "t", 6)

    assert steps(await listed(saver, mode, config_of("t"), before=configs[3])) == [2, 1, 0]
    assert steps(await listed(saver, mode, config_of("t"), before=configs[3], limit=2)) == [2, 1]
    assert await listed(saver, mode, config_of("t"), before=configs[0]) == []


async def test_a_metadata_filter_compares_every_key(saver: ThreadSaver, mode: str) -> None:
    put_many(saver, "t", 120)

    assert steps(await listed(saver, mode, config_of("t"), filter={"step": 7})) == [7]
    assert steps(await listed(saver, mode, config_of("t"), filter={"source": "loop", "step": 7}, limit=1)) == [7]
    assert await listed(saver, mode, config_of("t"), filter={"source": "input", "step": 7}) == []
    assert len(await listed(saver, mode, config_of("t"), filter={"source": "loop"}, limit=70)) == 70


async def test_without_a_config_every_thread_and_namespace_is_listed(saver: ThreadSaver, mode: str) -> None:
    put_many(saver, "a", 60)
    put_many(saver, "b", 5)
    put_many(saver, "b", 5, namespace="sub")

    everything = await listed(saver, mode, None)

    places = {
        (one.config["configurable"]["thread_id"], one.config["configurable"]["checkpoint_ns"]) for one in everything
    }
    assert len(everything) == 70
    assert places == {("a", ""), ("b", ""), ("b", "sub")}


async def test_one_namespace_of_a_thread_is_listed_alone(saver: ThreadSaver, mode: str) -> None:
    put_many(saver, "t", 3)
    put_many(saver, "t", 2, namespace="sub")

    assert steps(await listed(saver, mode, config_of("t", checkpoint_ns="sub"))) == [1, 0]


# --- versions and pending writes --------------------------------------------------------------------------------------


def test_each_next_version_is_greater_than_the_one_before(saver: ThreadSaver) -> None:
    versions = [saver.get_next_version(None, None)]
    for _ in range(1_000):
        versions.append(saver.get_next_version(versions[-1], None))

    assert all(later > earlier for earlier, later in pairwise(versions))


def test_two_forks_choose_different_next_versions(saver: ThreadSaver) -> None:
    start = saver.get_next_version(None, None)

    assert len({saver.get_next_version(start, None) for _ in range(100)}) == 100


def test_a_text_version_of_another_saver_is_continued_in_its_own_form(saver: ThreadSaver) -> None:
    other: Any = "00000000000000000000000000000041.0.7"

    following = saver.get_next_version(other, None)

    assert isinstance(following, str)
    assert following > other
    assert saver.get_next_version(following, None) > following


async def test_an_ordinary_write_stays_and_a_special_one_is_replaced(saver: ThreadSaver, mode: str) -> None:
    (config,) = put_many(saver, "t", 1)
    driver = Driver(saver, mode)

    await driver.put_writes(config, [("channel", "first")], "task")
    await driver.put_writes(config, [("channel", "second")], "task")
    await driver.put_writes(config, [("__error__", "one")], "task")
    await driver.put_writes(config, [("__error__", "two")], "task")

    stored = await driver.get_tuple(config)
    assert sorted(stored.pending_writes) == [("task", "__error__", "two"), ("task", "channel", "first")]


async def test_a_deleted_thread_leaves_nothing_and_takes_nothing_else(saver: ThreadSaver, mode: str) -> None:
    graph = chat(saver)
    await say(graph, mode, "one", config_of("t"))
    await say(graph, mode, "two", config_of("t2"))

    await Driver(saver, mode).delete_thread("t")

    assert await Driver(saver, mode).get_tuple(config_of("t")) is None
    assert [thread.thread_id for thread in saver.list_threads()] == ["t2"]


@pytest.mark.parametrize("config", [{}, {"configurable": {}}, {"configurable": {"thread_id": ""}}], ids=repr)
async def test_a_config_without_a_thread_is_refused_in_one_sentence(
    saver: ThreadSaver, mode: str, config: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match="no thread was named"):
        await Driver(saver, mode).get_tuple(config)
    with pytest.raises(InvalidInputError, match="no thread was named"):
        await Driver(saver, mode).put(config, empty_checkpoint(), {"source": "input", "step": 0, "parents": {}}, {})
