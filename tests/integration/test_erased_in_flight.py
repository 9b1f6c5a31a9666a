"""An erasure outlives the runs that were under way: nothing of what was erased is written back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from databases import rows
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from support import Driver

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    PromotionNode,
    PromotionWorker,
    RetrievalNode,
    open_memory,
)
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.errors import ErasedError, LangGraphMemoryError
from langgraph_memory.nodes.conversation import MemoryState

ANA = MemoryContext(owner_id="ana")
T: Any = {"configurable": {"thread_id": "t"}}
SAID: Any = {"messages": [("user", "I live in Berlin.")]}


def erasing_in(database: str, *, threads: bool) -> Any:
    """Return a node that erases ana through another connection, as another process would."""

    def node(state: MemoryState) -> Any:
        with open_memory(database) as other:
            other.admin.erase_owner("ana", threads=threads)
        return {"messages": [AIMessage("Noted.")]}

    return node


def graph_of(memory: MemoryDatabase, node: Any, *, retrieve: bool = True, **options: Any) -> Any:
    steps = [("retrieve", RetrievalNode())] if retrieve else []
    builder = StateGraph(MemoryState, context_schema=MemoryContext)
    builder.add_sequence([*steps, ("model", node), ("promote", PromotionNode(**options))])
    builder.add_edge(START, "retrieve" if retrieve else "model")
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_run_under_way_writes_neither_memories_nor_its_thread_back(
    database: str, mode: str, durability: str, promotion: str, first: bool
) -> None:
    with open_memory(database) as memory:
        if not first:
            quiet = graph_of(memory, lambda state: {"messages": [AIMessage("Hi.")]})
            await Driver(quiet, mode).invoke({"messages": [("user", "Hello!")]}, T, context=ANA)
        graph = graph_of(memory, erasing_in(database, threads=True), mode=promotion, quiet_for=0)
        with pytest.raises(LangGraphMemoryError, match=r"deleted|erased"):
            await Driver(graph, mode).invoke(SAID, T, context=ANA, durability=durability)
        await Driver(PromotionWorker(memory.store), mode).run_once()

        assert memory.store.list_memories(owner_id="ana") == []
        assert memory.checkpointer.list_threads() == []
        assert memory.audit.receipts(owner_id="ana") == []
        assert memory.jobs.pending() == []
    for table in ("thread_owner", "thread_message", "thread_checkpoint", "promotion_ledger"):
        assert rows(database, f"SELECT count(*) FROM {table}") == [(0,)], table


@pytest.mark.parametrize("promotion", ["hot", "background"])
async def test_a_run_under_way_learns_nothing_of_an_owner_whose_threads_stay(
    database: str, mode: str, promotion: str
) -> None:
    with open_memory(database) as memory:
        graph = graph_of(memory, erasing_in(database, threads=False), mode=promotion, quiet_for=0)
        with pytest.raises(ErasedError, match="'ana' was erased"):
            await Driver(graph, mode).invoke(SAID, T, context=ANA)
        await Driver(PromotionWorker(memory.store), mode).run_once()

        assert memory.store.list_memories(owner_id="ana") == []
        assert memory.audit.receipts(owner_id="ana", kind="recall") == []


async def test_what_is_being_read_while_its_owner_is_erased_is_refused(database: str, mode: str) -> None:
    def slow(utterances: Sequence[Utterance]) -> list[Candidate]:
        with open_memory(database) as other:
            other.admin.erase_owner("ana")
        said = utterances[-1]
        return [Candidate(content="The user lives in Berlin.", message_id=said.message_id, excerpt=said.text)]

    with open_memory(database) as memory:
        graph = graph_of(memory, lambda state: {"messages": [AIMessage("Noted.")]}, retrieve=False, extractor=slow)
        with pytest.raises(LangGraphMemoryError, match="erased"):
            await Driver(graph, mode).invoke(SAID, T, context=ANA)

        assert memory.store.list_memories(owner_id="ana") == []
        await Driver(graph_of(memory, lambda state: {"messages": [AIMessage("Noted.")]}), mode).invoke(
            {"messages": [("user", "I live in Oslo.")]}, T, context=ANA
        )
        assert [one.content for one in memory.store.list_memories(owner_id="ana")] == ["The user lives in Oslo."]


async def test_a_worker_that_reads_while_the_owner_is_erased_stores_nothing(database: str, mode: str) -> None:
    with open_memory(database) as memory:

        def slow(utterances: Sequence[Utterance]) -> list[Candidate]:
            with open_memory(database) as other:
                other.admin.erase_owner("ana", threads=True)
            return [Candidate(content="The user lives in Berlin.", message_id=utterances[-1].message_id)]

        graph = graph_of(
            memory, lambda state: {"messages": [AIMessage("Noted.")]}, mode="background", quiet_for=0, extractor=slow
        )
        await Driver(graph, mode).invoke(SAID, T, context=ANA)
        await Driver(PromotionWorker(memory.store, extractor=slow), mode).run_once()

        assert memory.store.list_memories(owner_id="ana") == []
        assert memory.jobs.pending() == []
