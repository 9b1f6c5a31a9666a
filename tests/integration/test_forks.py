"""A database that was opened before `fork()` is used after it, in the child and in the parent."""

from __future__ import annotations

import asyncio
import multiprocessing
import operator
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import pytest
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from langgraph_memory import MemoryDatabase, open_memory

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork() here"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

THREAD: Any = {"configurable": {"thread_id": "t"}}


class State(TypedDict, total=False):
    log: Annotated[list[str], operator.add]


def graph_of(memory: MemoryDatabase) -> Any:
    builder = StateGraph(State)
    builder.add_node("node", lambda _: {"log": ["node"]})
    builder.add_edge(START, "node")
    return builder.compile(checkpointer=memory.checkpointer)


def in_child(work: Callable[[], object], limit: int = 20) -> str:
    """Return what a child says of some work; one that hangs is ended by its alarm."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(limit)
        try:
            said = repr(work())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as end:
        said = end.read().decode()
    os.waitpid(child, 0)
    return said or "hangs"


def run(graph: Any, mode: str, words: str) -> Any:
    values = {"log": [words]}
    return graph.invoke(values, THREAD) if mode == "sync" else asyncio.run(graph.ainvoke(values, THREAD))


def test_a_child_and_its_parent_go_on_with_a_thread(database: str, mode: str) -> None:
    with open_memory(database) as memory:
        graph = graph_of(memory)
        run(graph, mode, "parent")
        run(graph, "async" if mode == "sync" else "sync", "parent")

        said = in_child(lambda: run(graph, mode, "child")["log"][-2:])
        log = run(graph, mode, "parent")["log"]

    assert said == "['child', 'node']"
    assert log == ["parent", "node"] * 2 + ["child", "node", "parent", "node"]


def test_a_child_of_a_child_has_connections_of_its_own_too(database: str) -> None:
    with open_memory(database) as memory:
        graph = graph_of(memory)
        run(graph, "sync", "parent")

        def work() -> str:
            run(graph, "sync", "child")
            return in_child(lambda: run(graph, "async", "grandchild")["log"][-1])

        said = in_child(work)
        log = graph.get_state(THREAD).values["log"]

    assert "node" in said
    assert log == ["parent", "node", "child", "node", "grandchild", "node"]


def test_a_parent_and_a_child_that_read_at_once_are_each_given_their_own(database: str) -> None:
    with open_memory(database) as memory:
        for name in ("ana", "bob"):
            memory.store.put((name,), "k", {"whose": name})
        memory.store.get(("ana",), "k")

        def read(name: str) -> set[Any]:
            return {getattr(memory.store.get((name,), "k"), "value", {}).get("whose") for _ in range(500)}

        found: list[set[Any]] = []
        reader = threading.Thread(target=lambda: found.append(read("ana")))
        reader.start()
        said = in_child(lambda: read("bob"))
        reader.join()

    assert said == "{'bob'}"
    assert found == [{"ana"}]


def test_a_child_that_ends_the_block_leaves_the_database_of_its_parent_open(database: str) -> None:
    with open_memory(database) as memory:
        memory.store.put(("a",), "k", {"n": 1})

        def work() -> object:
            memory._engine.close()
            with pytest.raises(Exception, match="was closed"):
                memory.store.get(("a",), "k")
            return "closed"

        assert in_child(work) == "'closed'"
        memory.store.put(("a",), "k2", {"n": 2})
        assert len(memory.store.search(("a",))) == 2


def test_a_memory_database_is_a_copy_in_the_child() -> None:
    with open_memory(":memory:") as memory:
        memory.store.put(("a",), "k", {"n": 1})

        said = in_child(lambda: (memory.store.put(("a",), "k2", {}), len(memory.store.search(("a",))))[1])

        assert said == "2"
        assert len(memory.store.search(("a",))) == 1


def last_of_run(memory: MemoryDatabase, mode: str) -> str:
    return str(run(graph_of(memory), mode, "child")["log"][-1])


def test_a_process_forked_while_threads_write_does_not_wait_for_their_locks(database: str) -> None:
    with open_memory(database) as memory:
        ended = threading.Event()

        def write(number: int) -> None:
            count = 0
            while not ended.is_set():
                count += 1
                graph_of(memory).invoke({"log": ["x"]}, {"configurable": {"thread_id": f"{number}-{count % 3}"}})
                memory.store.put((f"w{number}",), f"k{count % 50}", {"n": count})

        writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for writer in writers:
            writer.start()
        try:
            said = [in_child(partial(last_of_run, memory, mode)) for mode in ("sync", "async") * 4]
        finally:
            ended.set()
            for writer in writers:
                writer.join()

    assert said == ["'node'"] * 8


INHERITED: list[MemoryDatabase] = []


def put_and_count(number: int) -> int:
    INHERITED[0].store.put(("pool",), f"k{number}", {"n": number})
    return len(INHERITED[0].store.search(("pool",), limit=100))


def test_the_workers_of_a_forked_pool_write_and_read(database: str) -> None:
    with open_memory(database) as memory:
        INHERITED[:] = [memory]
        memory.store.put(("pool",), "parent", {"n": -1})
        with multiprocessing.get_context("fork").Pool(3) as pool:
            counts = pool.map(put_and_count, range(30))
        found = len(memory.store.search(("pool",), limit=100))
        INHERITED.clear()

    assert max(counts) <= found == 31
