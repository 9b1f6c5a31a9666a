"""What a deleted thread had queued goes with it, and nobody who is reading it brings it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from databases import rows
from support import Driver

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    ThreadSaver,
    Utterance,
    build_graph,
    open_memory,
)
from langgraph_memory.errors import ExtractionError
from langgraph_memory.types import WorkReport

RUN = "11111111-1111-4111-8111-111111111111"
SECRET = "I live in Oslo."


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


class Reader:
    """Does something before it has read, and then finds everything or fails."""

    name = "reader"

    def __init__(self, before: Callable[[], None] = lambda: None, *, fails: bool = False) -> None:
        self.before = before
        self.fails = fails

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        self.before()
        if self.fails:
            raise ExtractionError("It cannot be read.", "malformed")
        return [Candidate(content=f"Said: {one.text}", message_id=one.message_id) for one in utterances]


def talk(memory: MemoryDatabase, thread: str, owner: str = "ana", words: str = SECRET, **run: Any) -> None:
    node = PromotionNode(mode="background", quiet_for=0, extractor=Reader())
    graph = build_graph(OfflineChatModel(), promotion=node).compile(
        checkpointer=memory.checkpointer, store=memory.store
    )
    config: Any = {"configurable": {"thread_id": thread}, **run}
    graph.invoke({"messages": [("user", words)]}, config, context=MemoryContext(owner_id=owner))


def queued(database: str) -> tuple[list[Any], list[Any]]:
    """Return the threads that have jobs, and those that have messages in one."""
    jobs = rows(database, "SELECT DISTINCT thread_id FROM promotion_job ORDER BY thread_id")
    messages = rows(database, "SELECT DISTINCT thread_id FROM promotion_job_message ORDER BY thread_id")
    return [name for (name,) in jobs], [name for (name,) in messages]


REMOVALS: dict[str, Callable[[Driver], Any]] = {
    "delete_thread": lambda saver: saver.delete_thread("gone"),
    "prune": lambda saver: saver.prune(["gone"], strategy="delete"),
    "delete_for_runs": lambda saver: saver.delete_for_runs([RUN]),
}


@pytest.mark.parametrize("removal", REMOVALS)
async def test_what_a_removed_thread_had_queued_is_gone_with_it(
    memory: MemoryDatabase, database: str, mode: str, removal: str
) -> None:
    talk(memory, "kept")
    talk(memory, "gone", metadata={"run_id": RUN})
    talk(memory, "gone", owner="eve", words="I live in Rome.", metadata={"run_id": RUN})
    assert queued(database) == (["gone", "kept"], ["gone", "kept"])

    await REMOVALS[removal](Driver(memory.checkpointer, mode))

    assert queued(database) == (["kept"], ["kept"])
    assert memory.checkpointer.get_tuple({"configurable": {"thread_id": "gone"}}) is None


async def test_what_idle_threads_had_queued_is_swept_with_them(
    memory: MemoryDatabase, database: str, mode: str
) -> None:
    talk(memory, "gone")

    await Driver(memory.checkpointer, mode).sweep(max_age=timedelta(0))

    assert queued(database) == ([], [])


def test_runs_that_leave_something_of_a_thread_leave_what_it_has_queued(memory: MemoryDatabase, database: str) -> None:
    talk(memory, "kept", metadata={"run_id": RUN})
    talk(memory, "kept", words="I like tea.")

    memory.checkpointer.delete_for_runs([RUN])

    assert queued(database) == (["kept"], ["kept"])


async def test_a_saver_on_its_own_removes_what_a_store_has_queued(
    memory: MemoryDatabase, database: str, mode: str
) -> None:
    talk(memory, "gone")

    with ThreadSaver.from_conn_string(database) as saver:
        await Driver(saver, mode).delete_thread("gone")

    assert queued(database) == ([], [])


async def test_a_saver_on_a_database_of_its_own_deletes_a_thread_that_has_nothing_queued(
    database: str, mode: str
) -> None:
    with ThreadSaver.from_conn_string(database) as saver:
        await Driver(saver, mode).delete_thread("never there")

        assert saver.list_threads() == []


@pytest.mark.parametrize("fails", [False, True])
async def test_a_worker_that_is_reading_a_thread_when_it_is_deleted_stores_nothing_of_it(
    memory: MemoryDatabase, database: str, mode: str, fails: bool
) -> None:
    talk(memory, "gone")
    reader = Reader(lambda: memory.checkpointer.delete_thread("gone"), fails=fails)
    worker = PromotionWorker(memory.store, extractor=reader)

    report = worker.run_once() if mode == "sync" else await worker.arun_once()

    assert report == WorkReport(jobs=1, messages=0 if fails else 1, failed=1 if fails else 0)
    assert queued(database) == ([], [])
    assert memory.store.list_memories(owner_id="ana", include_inactive=True) == []
    assert rows(database, "SELECT message_id FROM promotion_ledger") == []
    assert worker.run_once() == WorkReport()


def test_a_thread_that_goes_on_after_it_was_deleted_is_read_again(memory: MemoryDatabase) -> None:
    talk(memory, "t")
    memory.checkpointer.delete_thread("t")
    talk(memory, "t", words="I like tea.")

    PromotionWorker(memory.store, extractor=Reader()).run_once()

    assert [one.content for one in memory.store.list_memories(owner_id="ana")] == ["Said: I like tea."]
