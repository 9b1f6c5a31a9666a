"""Promotion adds each thing once, in every way LangGraph can run a node twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash_driver import CITIES, SENTENCES
from databases import rows
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import RetryPolicy

from langgraph_memory import MemoryContext, MemoryDatabase, PromotionNode, Utterance, open_memory
from langgraph_memory.extract import RuleExtractor

OWNER = MemoryContext(owner_id="ana@example.com")
THREAD = {"configurable": {"thread_id": "t"}}
SAID = Utterance(message_id="m1", actor="user", text="I live in Oslo.")
CONFIDENCE = f"{RuleExtractor().extract([SAID])[0].confidence:.3f}"  # a second reading would have raised it


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def changes(memory: MemoryDatabase) -> list[tuple[str, str]]:
    """Return every version ever stored with its confidence, which every confirmation raises, oldest first."""
    stored = memory.store.list_memories(owner_id="ana@example.com", include_inactive=True)
    return [(one.content, f"{one.confidence:.3f}") for one in sorted(stored, key=lambda one: one.created_at)]


def says(text: str, message_id: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text, id=message_id)]}


def graph_with(memory: MemoryDatabase, promotion: Any, *after: Any, **options: Any) -> Any:
    """Compile START -> promote -> after... -> END on the memory database."""
    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_node("promote", promotion, **options)
    builder.add_edge(START, "promote")
    last = "promote"
    for place, node in enumerate(after):
        builder.add_node(f"after{place}", node)
        builder.add_edge(last, f"after{place}")
        last = f"after{place}"
    builder.add_edge(last, END)
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


class FailsOnce:
    """Promotes, then raises the first time, as a crash between the node's commit and its checkpoint would."""

    def __init__(self) -> None:
        self.node = PromotionNode()
        self.attempts = 0

    def __call__(self, state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        self.node.invoke(state, config)
        self.attempts += 1
        if self.attempts == 1:
            raise ConnectionError("the line went dead")
        return {}


def test_a_node_that_fails_after_its_commit_and_is_resumed_adds_once(memory: MemoryDatabase) -> None:
    node = FailsOnce()
    graph = graph_with(memory, node)
    with pytest.raises(ConnectionError):
        graph.invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)

    graph.invoke(None, THREAD, context=OWNER)

    assert node.attempts == 2
    assert changes(memory) == [("The user lives in Oslo.", CONFIDENCE)]


def test_a_retry_policy_adds_once(memory: MemoryDatabase) -> None:
    node = FailsOnce()
    graph = graph_with(memory, node, retry_policy=RetryPolicy(initial_interval=0.0, jitter=False, max_attempts=3))

    graph.invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)

    assert node.attempts == 2
    assert changes(memory) == [("The user lives in Oslo.", CONFIDENCE)]


def test_replay_from_an_old_checkpoint_adds_nothing(memory: MemoryDatabase) -> None:
    graph = graph_with(memory, PromotionNode())
    graph.invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)
    before = changes(memory)
    at_promote = next(state for state in graph.get_state_history(THREAD) if state.next == ("promote",))

    graph.invoke(None, at_promote.config, context=OWNER)

    assert changes(memory) == before


def test_later_turns_do_not_read_earlier_messages_again(memory: MemoryDatabase) -> None:
    graph = graph_with(memory, PromotionNode())
    graph.invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)
    before = changes(memory)

    graph.invoke(says("Thanks!", "m2"), THREAD, context=OWNER)

    assert changes(memory) == before


def test_a_fork_with_an_edited_message_supersedes(memory: MemoryDatabase) -> None:
    graph = graph_with(memory, PromotionNode())
    graph.invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)
    at_promote = next(state for state in graph.get_state_history(THREAD) if state.next == ("promote",))

    fork = graph.update_state(at_promote.config, says("I live in Lima.", "m1"), as_node="__start__")
    graph.invoke(None, fork, context=OWNER)

    assert [content for content, _ in changes(memory)] == ["The user lives in Oslo.", "The user lives in Lima."]
    assert [one.content for one in memory.store.list_memories(owner_id="ana@example.com")] == [
        "The user lives in Lima."
    ]


def test_two_nodes_that_read_the_same_message_at_once_add_once(memory: MemoryDatabase) -> None:
    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    for name in ("one", "two", "three"):
        builder.add_node(name, PromotionNode())
        builder.add_edge(START, name)
        builder.add_edge(name, END)
    graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)

    graph.invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)

    assert changes(memory) == [("The user lives in Oslo.", CONFIDENCE)]


async def test_a_subgraph_and_its_parent_that_both_promote_add_once(memory: MemoryDatabase) -> None:
    inner = StateGraph(MessagesState, context_schema=MemoryContext)
    inner.add_node("promote", PromotionNode())
    inner.add_edge(START, "promote")
    outer = StateGraph(MessagesState, context_schema=MemoryContext)
    outer.add_node("inner", inner.compile())
    outer.add_node("promote", PromotionNode())
    outer.add_edge(START, "inner")
    outer.add_edge("inner", "promote")
    graph = outer.compile(checkpointer=memory.checkpointer, store=memory.store)

    await graph.ainvoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)
    await graph.ainvoke(says("Thanks!", "m2"), THREAD, context=OWNER)

    assert changes(memory) == [("The user lives in Oslo.", CONFIDENCE)]


def test_a_failing_embedder_stores_neither_memory_nor_ledger_line(tmp_path: Path) -> None:
    def broken(texts: list[str]) -> list[list[float]]:
        raise TimeoutError("no answer")

    path = tmp_path / "memory.db"
    with open_memory(path, index={"dims": 4, "embed": broken}) as opened, pytest.raises(Exception, match="no answer"):
        graph_with(opened, PromotionNode()).invoke(says("I live in Oslo.", "m1"), THREAD, context=OWNER)

    with open_memory(path) as opened:
        graph_with(opened, PromotionNode()).invoke(None, THREAD, context=OWNER)
        assert len(changes(opened)) == 1


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_a_process_killed_again_and_again_neither_doubles_nor_loses(database: str, durability: str) -> None:
    driver = Path(__file__).with_name("crash_driver.py")
    longest = "0.25" if "://" in database else "0.08"  # logging in to a server takes its time

    told = subprocess.run(
        [sys.executable, str(driver), database, durability, "30", "11", longest],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    killed, stories = map(int, told.stdout.split())
    assert killed == 30
    for story in range(stories):
        assert_told_once(database, f"curated.ana-{story}@example%2Ecom")
    if "://" not in database:
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def assert_told_once(database: str, partition: str) -> None:
    """Every sentence was read once, in order: each city superseded the one before, and none was confirmed twice."""

    def of(sql: str) -> list[Any]:
        return rows(database, sql.format(f"WHERE partition = '{partition}'"))

    assert dict(of("SELECT action, count(*) FROM memory_audit {} GROUP BY action")) == {
        "added": len(CITIES),
        "superseded": len(CITIES) - 1,
    }
    cities = [(f"The user lives in {city}.",) for city in CITIES]
    assert of("SELECT content FROM agent_memory {} ORDER BY memory_no") == cities
    assert of("SELECT content FROM agent_memory {} AND superseded_at IS NULL") == cities[-1:]
    assert of("SELECT count(*) FROM promotion_ledger {}") == [(len(SENTENCES),)]
