"""Erasing an owner: first the rows, in one transaction, then the bytes they left in the files."""

from __future__ import annotations

from datetime import datetime

from langgraph_memory.checkpoints.retention import delete_thread
from langgraph_memory.domain.marks import erased_threads
from langgraph_memory.domain.memory import Receipt
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Scrub
from langgraph_memory.effects.transaction import Query, writes
from langgraph_memory.errors import DatabaseError
from langgraph_memory.operations import marks
from langgraph_memory.operations.settings import StoreSettings

_INDEX_FIRST = (
    "erase_vectors",
    "erase_postings",
    "erase_subjects",
    "erase_versions",
    "erase_rows",
    "erase_postings",
    "erase_audit",
    "erase_ledger",
    "erase_receipts",
    "erase_jobs",
    "erase_job_messages",
    "erase_partition",
)
"""The indexes go whole, before the rows: row by row, each would be taken out of them.

The text index goes once more after them: a row that is deleted writes to it again, in order to be taken out.
"""

_KINDS = ("memories", "items", "versions", "vectors", "audit", "ledger", "receipts", "jobs")


def erase_owner(owner_id: str, threads: bool, settings: StoreSettings) -> Effects[Receipt]:
    """Remove everything of an owner, and its bytes."""
    check_owner(owner_id)
    counts: dict[str, int] = yield _erase(owner_id, settings.clock(), threads=threads)
    try:
        scrubbed: bool = yield Scrub()
    except DatabaseError:  # the rows are gone all the same, which the receipt must say
        scrubbed = False
    body = {**counts, "scrubbed": scrubbed}
    return Receipt(settings.new_id(), "erase", owner_id, settings.clock(), counts, body=body)


@writes
def _erase(owner_id: str, now: datetime, *, threads: bool) -> Effects[dict[str, int]]:
    """Remove all that is kept of an owner but marks, and return how much of each kind that was."""
    partition = {"partition": owner_partition(owner_id)}
    (held,) = yield Query("holdings", partition)
    counts = {kind: int(held[kind]) for kind in _KINDS}
    gone = yield from marks.of_owner(owner_id)
    gone += [erased_threads(owner_id)] if threads else []
    if threads:
        counts["threads"] = yield from _erase_threads(owner_id)
    for name in _INDEX_FIRST:
        yield Query(name, partition)
    yield from marks.leave(owner_id, gone, now)
    return counts


def _erase_threads(owner_id: str) -> Effects[int]:
    rows = yield Query("threads_of_owner", {"owner_id": owner_id, "partition": owner_partition(owner_id)})
    for row in rows:
        yield from delete_thread(row["thread_id"])
    return len(rows)
