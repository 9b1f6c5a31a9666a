"""What a database holds of each thread."""

from __future__ import annotations

from typing import Any

from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads


@reads
def list_threads(owner_id: str | None, limit: int, offset: int) -> Effects[list[ThreadSummary]]:
    """Return a page of threads, last used first: one owner's, or everyone's."""
    rows = yield Query("threads", {"owner_id": owner_id, "limit": limit, "offset": offset})
    return [_summary(row) for row in rows]


@reads
def find_thread(thread_id: str, owner_id: str | None) -> Effects[list[ThreadSummary]]:
    """Return a thread, where it is there and `list_threads` lists it."""
    rows = yield Query("thread_summary", {"thread_id": thread_id, "owner_id": owner_id})
    return [_summary(row) for row in rows]


def _summary(row: Any) -> ThreadSummary:
    return ThreadSummary(
        thread_id=row["thread_id"],
        owner_id=row["owner_id"],
        checkpoints=row["checkpoints"],
        created_at=from_microseconds(row["created_at"]),
        updated_at=from_microseconds(row["updated_at"]),
        bytes=row["bytes"],
    )
