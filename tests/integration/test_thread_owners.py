"""Whose a thread is: the owner that its runs name, wherever they name one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from databases import rows
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from support import Driver

from langgraph_memory import (
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    RetrievalNode,
    build_graph,
    open_memory,
)
from langgraph_memory.errors import MissingOwnerError
from langgraph_memory.nodes.identity import Identity

SAID: Any = {"messages": [("user", "I live in Berlin.")]}
ANA = MemoryContext(owner_id="ana")
EVE = MemoryContext(owner_id="eve")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def thread(name: str, **more: Any) -> Any:
    return {"configurable": {"thread_id": name, **more}}


def assistant(memory: MemoryDatabase) -> Any:
    return build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)


def parrot(memory: MemoryDatabase) -> Any:
    """A graph that remembers nothing, with a run context of any form."""
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda state: {"messages": [AIMessage("So you said.")]})
    builder.add_edge(START, "answer")
    return builder.compile(checkpointer=memory.checkpointer)


def threads_of(memory: MemoryDatabase, owner_id: str) -> list[tuple[str, str | None]]:
    return [(one.thread_id, one.owner_id) for one in memory.checkpointer.list_threads(owner_id=owner_id)]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_a_thread_is_its_owners_who_is_named_in_the_context_alone(memory: MemoryDatabase, durability: Any) -> None:
    assistant(memory).invoke(SAID, thread("t"), context=ANA, durability=durability)

    assert threads_of(memory, "ana") == [("t", "ana")]
    assert threads_of(memory, "eve") == []


async def test_a_thread_of_an_async_run_is_its_owners_too(memory: MemoryDatabase) -> None:
    await assistant(memory).ainvoke(SAID, thread("t"), context=ANA)

    assert [one.thread_id for one in await memory.checkpointer.alist_threads(owner_id="ana")] == ["t"]


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ({"owner_id": "ana"}, {}),
        ({"user_id": "ana"}, {}),
        (ANA, {"owner_id": "ana"}),
        (MemoryContext(), {"owner_id": "ana", "user_id": "eve"}),
        (None, {"user_id": "ana"}),
    ],
)
def test_the_owner_of_a_thread_is_found_where_the_nodes_find_theirs(
    memory: MemoryDatabase, context: Any, named: dict[str, str]
) -> None:
    parrot(memory).invoke(SAID, thread("t", **named), context=context)

    assert threads_of(memory, "ana") == [("t", "ana")]


def test_a_thread_that_began_without_an_owner_is_the_first_ones_who_is_named(memory: MemoryDatabase) -> None:
    graph = parrot(memory)
    graph.invoke(SAID, thread("t"))
    graph.invoke(SAID, thread("t"), context=ANA)
    graph.invoke(SAID, thread("t"), context=EVE)

    assert threads_of(memory, "ana") == [("t", "ana")]
    assert threads_of(memory, "eve") == []


@pytest.mark.parametrize("owner_id", ["ana", "eve"])
def test_a_thread_of_two_goes_with_either_of_them(memory: MemoryDatabase, owner_id: str) -> None:
    graph = parrot(memory)
    graph.invoke(SAID, thread("t"), context=ANA)
    graph.invoke(SAID, thread("t"), context=EVE)
    graph.invoke(SAID, thread("other"), context=MemoryContext(owner_id="bob"))

    erased = memory.admin.erase_owner(owner_id, threads=True)

    assert erased.counts["threads"] == 1
    assert [one.thread_id for one in memory.checkpointer.list_threads()] == ["other"]


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("context", [None, MemoryContext(owner_id="ana")], ids=["unnamed", "named otherwise"])
async def test_a_thread_is_also_whose_a_function_of_the_nodes_says(
    memory: MemoryDatabase, how: str, context: MemoryContext | None
) -> None:
    def of_the_tenant(runtime: Any, config: Any) -> Identity:
        return Identity("tenant:ana", "global")

    graph = build_graph(
        OfflineChatModel(),
        retrieval=RetrievalNode(identity=of_the_tenant),
        promotion=PromotionNode(identity=of_the_tenant),
    ).compile(checkpointer=memory.checkpointer, store=memory.store)
    if how == "sync":
        graph.invoke(SAID, thread("t"), context=context, durability="sync")
    else:
        await graph.ainvoke(SAID, thread("t"), context=context, durability="sync")

    assert threads_of(memory, "ana" if context else "tenant:ana") == [("t", "ana" if context else "tenant:ana")]
    assert memory.end_session("t", owner_id="tenant:ana").thread_id == "t"
    assert memory.admin.erase_owner("tenant:ana", threads=True).counts["threads"] == 1


async def test_a_thread_that_is_not_there_is_not_claimed(memory: MemoryDatabase, database: str, mode: str) -> None:
    await Driver(memory.store, mode).authors.claim_thread("t", owner_id="ana")

    with pytest.raises(MissingOwnerError):
        await Driver(memory.store, mode).authors.claim_thread("t", owner_id="")
    memory.store.remember("The user likes tea.", owner_id="ana")
    assert rows(database, "SELECT owner_id, thread_id FROM thread_owner") == []
    assert memory.checkpointer.list_threads() == []


def test_nothing_names_a_thread_or_its_owner_once_both_are_erased(memory: MemoryDatabase, database: str) -> None:
    parrot(memory).invoke(SAID, thread("t"), context=ANA)

    memory.admin.erase_owner("ana", threads=True)

    assert rows(database, "SELECT owner_id, thread_id FROM thread_owner") == []


def test_a_store_on_a_database_without_threads_notes_whose_words_it_reads(databases: Any) -> None:
    threads, memories = databases.new(), databases.new()
    with open_memory(threads) as one, open_memory(memories) as other:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=one.checkpointer, store=other.store)
        graph.invoke(SAID, thread("t"), context=ANA)

    assert rows(threads, "SELECT owner_id, thread_id FROM thread_owner") == [("ana", "t")]
    assert rows(memories, "SELECT owner_id, thread_id FROM thread_owner") == [("ana", "t")]
    with open_memory(memories) as other:
        assert other.checkpointer.list_threads() == []
