"""What a database holds of each thread."""

from __future__ import annotations

from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads


@reads
def list_threads(owner_id: str | None, limit: int, offset: int) -> Effects[list[ThreadSummary]]:
    """Return a page of threads, last used first: one owner's, or everyone's."""
    rows = yield Query("threads", {"owner_id": owner_id, "limit": limit, "offset": offset})
    return [
        ThreadSummary(
            thread_id=row["thread_id"],
            owner_id=row["owner_id"],
            checkpoints=row["checkpoints"],
            created_at=from_microseconds(row["created_at"]),
            updated_at=from_microseconds(row["updated_at"]),
            bytes=row["bytes"],
        )
        for row in rows
    ]
