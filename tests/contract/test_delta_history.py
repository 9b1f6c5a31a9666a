"""What a delta channel is replayed from is read at once, and is what walking its ancestors one by one finds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import pytest
from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.graph import START, StateGraph
from langgraph.graph.message import _messages_delta_reducer
from langgraph.types import Overwrite
from typing_extensions import TypedDict

from langgraph_memory import MemoryDatabase, open_memory

THREAD: Any = {"configurable": {"thread_id": "t"}}
CHANNELS = ["messages", "files", "notes", 'odd "näme"', "never"]


def merged(current: dict[str, str] | None, writes: list[dict[str, str]]) -> dict[str, str]:
    return {name: text for some in [current or {}, *writes] for name, text in some.items()}


def joined(current: list[str] | None, writes: list[list[str]]) -> list[str]:
    return [*(current or []), *(one for write in writes for one in write)]


State = TypedDict(
    "State",
    {
        "messages": Annotated[list[AnyMessage], DeltaChannel(_messages_delta_reducer, snapshot_frequency=5)],
        "files": Annotated[dict[str, str], DeltaChannel(merged, snapshot_frequency=3)],
        "notes": Annotated[list[str], DeltaChannel(joined, snapshot_frequency=50)],
        'odd "näme"': Annotated[list[str], DeltaChannel(joined, snapshot_frequency=4)],
        "plain": str,
    },
    total=False,
)


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def graph_on(memory: MemoryDatabase, answer: Callable[[Any], Any]) -> Any:
    builder = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_node("second", lambda _state: {"notes": ["beside"]})
    builder.add_edge(START, "answer")
    builder.add_edge(START, "second")
    return builder.compile(checkpointer=memory.checkpointer)


def chat(memory: MemoryDatabase, seed: int, turns: int = 12) -> Any:
    """Run turns that write some channels now and then, and that go back and fork."""
    drawn = random.Random(seed)

    def answer(_state: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"messages": [("ai", f"answer {drawn.random()}")]}
        if drawn.random() < 0.2:
            found["files"] = {f"/{drawn.randint(1, 3)}": "text " * drawn.randint(1, 400)}
        if drawn.random() < 0.3:
            found['odd "näme"'] = Overwrite(["anew"]) if drawn.random() < 0.3 else [str(drawn.random())]
        return found

    graph = graph_on(memory, answer)
    for turn in range(turns):
        config = THREAD
        if turn and drawn.random() < 0.2:
            config = drawn.choice(list(graph.get_state_history(THREAD))).config
        graph.invoke({"messages": [HumanMessage(f"question {turn}")], "plain": str(turn)}, config)
    return graph


def ask(memory: MemoryDatabase, mode: str, config: Any, channels: list[str] = CHANNELS) -> Mapping[str, Any]:
    if mode == "sync":
        return memory.checkpointer.get_delta_channel_history(config=config, channels=channels)
    return asyncio.run(memory.checkpointer.aget_delta_channel_history(config=config, channels=channels))


def walked(memory: MemoryDatabase, config: Any, channels: list[str] = CHANNELS) -> Mapping[str, Any]:
    return BaseCheckpointSaver.get_delta_channel_history(memory.checkpointer, config=config, channels=channels)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_history_is_what_walking_the_ancestors_finds_from_every_checkpoint(
    memory: MemoryDatabase, mode: str, seed: int
) -> None:
    graph = chat(memory, seed)
    every = [THREAD, *(found.config for found in graph.get_state_history(THREAD))]

    assert [ask(memory, mode, config) for config in every] == [walked(memory, config) for config in every]
    assert any("seed" in found for config in every for found in ask(memory, mode, config).values())


@pytest.mark.parametrize("turns", [4, 7, 12])
def test_a_history_is_the_same_after_checkpoints_were_removed(memory: MemoryDatabase, mode: str, turns: int) -> None:
    graph = chat(memory, 4, turns)
    before = graph.get_state(THREAD).values
    memory.checkpointer.prune(["t"])

    assert ask(memory, mode, THREAD) == walked(memory, THREAD)
    assert graph.get_state(THREAD).values == before


def test_a_thread_that_is_not_there_has_no_history(memory: MemoryDatabase, mode: str) -> None:
    assert ask(memory, mode, THREAD, ["messages"]) == {"messages": {"writes": []}}
    assert ask(memory, mode, THREAD, []) == {}


def test_a_checkpoint_that_is_its_own_ancestor_has_a_history_that_ends(memory: MemoryDatabase, mode: str) -> None:
    saver = memory.checkpointer
    first, second = ({**empty_checkpoint(), "id": f"1f{number}"} for number in "12")
    config = saver.put(THREAD, first, {}, {})
    config = saver.put(config, second, {}, {})
    saver.put(config, first, {}, {})
    saver.put_writes(config, [("notes", ["said"])], "task")

    found = ask(memory, mode, config, ["notes"])

    assert {write[1] for write in found["notes"]["writes"]} == {"notes"}


def test_the_values_of_two_histories_share_nothing(memory: MemoryDatabase, mode: str) -> None:
    chat(memory, 5)
    before = ask(memory, mode, THREAD)
    for found in ask(memory, mode, THREAD).values():
        for _, _, value in found["writes"]:
            if isinstance(value, (list, dict)):
                value.clear()
        if "seed" in found:
            found["seed"].value.clear()

    assert ask(memory, mode, THREAD) == before


@pytest.mark.parametrize("seed", [_DeltaSnapshot(["a", "b"]), ["a", "b"], _DeltaSnapshot("x" * 2000), 7])
def test_a_value_that_has_no_version_is_where_a_channel_is_replayed_from(memory: MemoryDatabase, seed: Any) -> None:
    saver, config = memory.checkpointer, {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    given = []
    for step in range(4):
        checkpoint = empty_checkpoint()
        checkpoint["channel_versions"] = {"plain": step}
        checkpoint["channel_values"] = {"plain": step} | ({"notes": seed} if step == 1 else {})
        config = saver.put(config, checkpoint, {"source": "loop", "step": step, "parents": {}}, {"plain": step})
        saver.put_writes(config, [("notes", f"w{step}")], f"task{step}")
        given.append((config, checkpoint))

    found = saver.get_delta_channel_history(config=config, channels=["notes"])["notes"]

    assert found.get("seed") == seed
    assert [value for _, _, value in found["writes"]] == ["w1", "w2"]
    assert [saver.get_tuple(config).checkpoint for config, _ in given] == [checkpoint for _, checkpoint in given]
