"""Reading a whole thread at one moment, and writing it as another database holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_memory.checkpoints.retention import delete_state
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, writes, writes_repeatably
from langgraph_memory.errors import CopyMismatchError
from langgraph_memory.transfer.checksum import Checksum
from langgraph_memory.transfer.tables import HEAD_TABLES, STATE_TABLES, Table, Take, walk

_PAGE = 200
_SUMMARY = ("owner_id", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a thread was when it was read: its summary, and what it held."""

    summary: Mapping[str, Any]
    checksum: Checksum


@reads
def thread_page(after: str) -> Effects[list[str]]:
    """Return some threads by id, those after a given one."""
    rows = yield Query("moved_threads", {"after": after, "limit": _PAGE})
    return [row["thread_id"] for row in rows]


@reads
def read_thread(thread_id: str, take: Take) -> Effects[Moment | None]:
    """Hand all of a thread to `take`, page by page and of one moment; None when there is no such thread."""
    found = yield Query("moved_thread", {"thread_id": thread_id})
    if not found:
        return None
    summary = _summary(found[0])
    checksum = Checksum()
    checksum.add("threads", summary.values())
    for table in (*STATE_TABLES, *HEAD_TABLES):
        yield from walk(table, {"thread_id": thread_id}, take, checksum)
    return Moment(summary, checksum)


@writes_repeatably
def begin_thread(thread_id: str, replaced: Mapping[str, Any] | None) -> Effects[None]:
    """Make room for a thread: remove what a copy that was cut short has left, or the state that is replaced.

    Raises CopyMismatchError when the thread is not the `replaced` one, because somebody has written it meanwhile.
    """
    found = yield Query("moved_thread", {"thread_id": thread_id})
    if _written(_summary(found[0]) if found else None) != _written(replaced):
        raise CopyMismatchError(f"thread {thread_id!r} of the target was written while it was copied; run it again.")
    yield from delete_state(thread_id)
    yield Query("number_thread", {"thread_id": thread_id})


@writes
def put_state(thread_id: str, pages: Sequence[tuple[Table, Sequence[Row]]]) -> Effects[None]:
    """Add some pages of a thread that is not listed yet."""
    yield from _put(thread_id, pages)


@writes
def put_thread(
    thread_id: str, pages: Sequence[tuple[Table, Sequence[Row]]], summary: Mapping[str, Any]
) -> Effects[None]:
    """Add the last pages of a thread, from which on it is listed."""
    yield from _put(thread_id, pages)
    yield Query("move_thread", {"thread_id": thread_id, **summary})


@reads
def threads_used_since(moment: int) -> Effects[dict[str, int]]:
    """Return the threads that were last written after a moment, each with when that was."""
    rows = yield Query("threads_used_since", {"moment": moment})
    return {row["thread_id"]: row["updated_at"] for row in rows}


@reads
def last_used(thread_id: str) -> Effects[int | None]:
    """Return when a thread was last written."""
    rows = yield Query("thread", {"thread_id": thread_id})
    return int(rows[0]["updated_at"]) if rows else None


def _summary(row: Row) -> dict[str, Any]:
    return {column: row[column] for column in _SUMMARY}


def _written(summary: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the summary of a thread that has a checkpoint, else None: also of one that a copy has begun."""
    return None if summary is None or summary["created_at"] is None else summary


def _put(thread_id: str, pages: Sequence[tuple[Table, Sequence[Row]]]) -> Effects[None]:
    for table, rows in pages:
        yield Query(table.write, {"thread_id": thread_id}, [table.values(row) for row in rows])
