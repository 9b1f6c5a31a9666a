"""`cache_bytes` bounds what is kept in memory, and changes no answer; where there is no memory, an error says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import PutOp

from langgraph_memory import open_memory
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Engine, reads, writes
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import OutOfMemoryError

DIMS = 16
PLACE = ("notes", "ada")


def embed(texts: list[str]) -> list[list[float]]:
    return [[chance.gauss(0, 1) for _ in range(DIMS)] for chance in map(Random, texts)]


def asked(database: str, cache_bytes: int) -> list[Any]:
    """Return what searches and turns of a thread answer, each asked twice."""
    index: Any = {"dims": DIMS, "embed": embed, "fields": ["text"]}
    answers: list[Any] = []
    with open_memory(database, index=index, cache_bytes=cache_bytes) as memory:
        memory.store.batch([PutOp(PLACE, f"{number}", {"text": f"note {number}"}) for number in range(300)])
        builder = StateGraph(MessagesState)
        builder.add_node("answer", lambda state: {"messages": [AIMessage(f"{len(state['messages'])}")]})
        builder.add_edge(START, "answer")
        graph = builder.compile(checkpointer=memory.checkpointer)
        for number in range(6):
            thread: Any = {"configurable": {"thread_id": f"thread-{number % 2}"}}
            graph.invoke({"messages": [HumanMessage(f"message {number}")]}, thread)
            answers.append([message.content for message in graph.get_state(thread).values["messages"]])
            found = memory.store.search(PLACE, query=f"note {number}", limit=20)
            answers.append([item.key for item in found])
            memory.store.put(PLACE, f"more-{number}", {"text": f"note more {number}"})
        answers.append([len(one.values["messages"]) for one in graph.get_state_history(thread)])
        assert memory.checkpointer._engine.cache_bound.nbytes <= cache_bytes
    return answers


def test_answers_are_the_same_whatever_may_be_kept_in_memory(databases: Any) -> None:
    usual = asked(databases.new(), 64 << 20)

    for cache_bytes in (0, 5_000, 100_000):
        assert asked(databases.new(), cache_bytes) == usual


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine on a new database."""
    with closing(connect(database)) as opened:
        opened.setup()
        yield opened


async def run(engine: Engine, mode: str, operation: Any) -> Any:
    return engine.run(operation) if mode == "sync" else await engine.arun(operation)


async def test_a_read_that_finds_no_memory_is_done_again_without_what_caches_hold(engine: Engine, mode: str) -> None:
    engine.cache_bound.put("some", "thing", 1000)

    @reads
    def much() -> Effects[str]:
        yield from ()
        if engine.cache_bound.nbytes:
            np.empty(1 << 60, "u1")
        return "read"

    assert await run(engine, mode, much()) == "read"


async def test_where_there_is_no_memory_an_error_says_so_and_what_can_be_done(engine: Engine, mode: str) -> None:
    @reads
    def read() -> Effects[None]:
        yield from ()
        np.empty(1 << 60, "u1")

    @writes
    def write() -> Effects[None]:
        yield from ()
        np.empty(1 << 60, "u1")

    for operation in (read(), write()):
        with pytest.raises(OutOfMemoryError, match=r"not enough memory.*cache_bytes"):
            await run(engine, mode, operation)
