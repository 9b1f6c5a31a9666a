"""What the README says of LangGraph's own classes, tried on both sides: `python -m tests.bench.beside_upstream`.

Each question is put to `SqliteSaver` and `SqliteStore` of the installed version and to this package; the answers are
printed side by side. A test holds them, so that a new release of LangGraph that answers otherwise is noticed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.base import PutOp
from langgraph.store.sqlite import SqliteStore

from langgraph_memory import open_memory

THREAD = {"configurable": {"thread_id": "1", "checkpoint_ns": ""}}
NOTES = ("notes",)


def has_prune(saver: Any, store: Any) -> bool:
    """Old checkpoints of a thread can be removed, and its newest kept."""
    return _works(lambda: saver.prune(["1"]))


def has_copy_thread(saver: Any, store: Any) -> bool:
    """A thread can be copied."""
    return _works(lambda: saver.copy_thread("1", "2"))


def has_delete_for_runs(saver: Any, store: Any) -> bool:
    """The checkpoints of some runs can be deleted."""
    return _works(lambda: saver.delete_for_runs(["1"]))


def serves_async(saver: Any, store: Any) -> bool:
    """One class serves sync and async calls."""
    return _works(lambda: asyncio.run(_read(saver)))


async def _read(saver: Any) -> Any:
    return await saver.aget_tuple(THREAD)


def searches_without_index(saver: Any, store: Any) -> bool:
    """A search for words finds what holds them first, without an index of vectors."""
    store.put(NOTES, "1", {"text": "The user's cat is called Miso."})
    store.put(NOTES, "2", {"text": "The contract ends in May."})
    return [store.search(NOTES, query=word)[0].key for word in ("cat", "contract")] == ["1", "2"]


def hides_expired(saver: Any, store: Any) -> bool:
    """What has expired is not returned."""
    store.put(NOTES, "1", {"text": "short-lived"}, ttl=0.0001)
    time.sleep(0.05)  # upstream takes the time from the system alone
    return store.get(NOTES, "1") is None


def keeps_created_at(saver: Any, store: Any) -> bool:
    """An update keeps the time of creation."""
    store.put(NOTES, "1", {"text": "first"})
    before = store.get(NOTES, "1").created_at
    time.sleep(1.1)  # upstream counts in seconds
    store.put(NOTES, "1", {"text": "second"})
    return bool(store.get(NOTES, "1").created_at == before)


def batches_are_atomic(saver: Any, store: Any) -> bool:
    """A batch that fails half-way leaves nothing behind."""
    store.put(NOTES, "1", {"text": "kept"})
    ops = [PutOp(NOTES, "1", None), PutOp(NOTES, "\ud800", {"text": "new"})]  # deletes one, then cannot store the other
    return not _works(lambda: store.batch(ops)) and store.get(NOTES, "1") is not None


QUESTIONS: tuple[Callable[[Any, Any], bool], ...] = (
    has_prune,
    has_copy_thread,
    has_delete_for_runs,
    serves_async,
    searches_without_index,
    hides_expired,
    keeps_created_at,
    batches_are_atomic,
)


def _works(call: Callable[[], object]) -> bool:
    try:
        call()
    except Exception:
        return False
    return True


@contextmanager
def upstream(path: Path) -> Any:
    """Open LangGraph's own classes on one file each."""
    connection = sqlite3.connect(path / "saver.db", check_same_thread=False)
    try:
        saver = SqliteSaver(connection)
        saver.setup()
        with SqliteStore.from_conn_string(str(path / "store.db")) as store:
            store.setup()
            yield saver, store
    finally:
        connection.close()


@contextmanager
def ours(path: Path) -> Any:
    """Open this package's classes on a file."""
    with open_memory(path / "memory.db", ttl={"refresh_on_read": False}) as memory:
        yield memory.checkpointer, memory.store


def answer(question: Callable[[Any, Any], bool], side: Callable[[Path], Any]) -> bool:
    """Return what one side answers to a question, on new files."""
    with TemporaryDirectory() as folder, side(Path(folder)) as (saver, store):
        return question(saver, store)


if __name__ == "__main__":
    print(f"langgraph-checkpoint-sqlite {version('langgraph-checkpoint-sqlite')}\n")
    print(f"{'':75} upstream  here")
    for asked in QUESTIONS:
        theirs, mine = ("yes" if answer(asked, side) else "no" for side in (upstream, ours))
        print(f"{(asked.__doc__ or '')[:-1]:75} {theirs:8}  {mine}")
