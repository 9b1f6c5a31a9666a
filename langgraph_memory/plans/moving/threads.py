"""Reading a whole thread at one moment, and writing it as another database holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_memory.checkpoints.retention import delete_state
from langgraph_memory.domain.tally import Tally
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, writes, writes_repeatably
from langgraph_memory.errors import CopyMismatchError
from langgraph_memory.plans.moving.parts import Part, Take, walk

_PAGE = 200
_SUMMARY = ("owner_id", "created_at", "updated_at")

STATE_PARTS = (
    Part(
        "channels",
        "moved_channels",
        "move_channel",
        ("checkpoint_ns", "channel", "version", "kind", "type", "value"),
        {"checkpoint_ns": "", "channel": "", "version": ""},
    ),
    Part("chunks", "moved_chunks", "move_chunk", ("address", "count", "type", "value"), {"address": -1}),
    Part(
        "writes",
        "moved_writes",
        "move_write",
        ("checkpoint_ns", "checkpoint_id", "task_id", "idx", "task_path", "channel", "type", "value"),
        {"checkpoint_ns": "", "checkpoint_id": "", "task_id": "", "idx": 0},
    ),
)
"""What a thread's checkpoints are made of: nobody reads it without them."""

HEAD_PARTS = (
    Part(
        "checkpoints",
        "moved_checkpoints",
        "move_checkpoint",
        (
            "checkpoint_ns",
            "checkpoint_id",
            "parent_checkpoint_id",
            "run_id",
            "channel_versions",
            "replayed_channels",
            "type",
            "body",
            "stored_at",
        ),
        {"checkpoint_ns": "", "checkpoint_id": ""},
    ),
    Part("owners", "moved_owners", "move_owner", ("owner_id",), {"owner_id": ""}),
    Part("authors", "moved_authors", "move_author", ("message_id", "owner_id", "said_at"), {"message_id": ""}),
)
"""What makes a thread be read: written last, and all of it at once."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a thread was when it was read: its summary, and what it held."""

    summary: Mapping[str, Any]
    tally: Tally


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
    tally = Tally()
    tally.add("threads", summary.values())

    def counted(part: Part, rows: Sequence[Row]) -> None:
        for row in rows:
            tally.add(part.kind, part.values(row).values())
        take(part, rows)

    for part in (*STATE_PARTS, *HEAD_PARTS):
        yield from walk(part, {"thread_id": thread_id}, counted)
    return Moment(summary, tally)


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
def put_state(thread_id: str, pages: Sequence[tuple[Part, Sequence[Row]]]) -> Effects[None]:
    """Add some pages of a thread that is not listed yet."""
    yield from _put(thread_id, pages)


@writes
def put_thread(
    thread_id: str, pages: Sequence[tuple[Part, Sequence[Row]]], summary: Mapping[str, Any]
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


def _put(thread_id: str, pages: Sequence[tuple[Part, Sequence[Row]]]) -> Effects[None]:
    for part, rows in pages:
        yield Query(part.write, {"thread_id": thread_id}, [part.values(row) for row in rows])
