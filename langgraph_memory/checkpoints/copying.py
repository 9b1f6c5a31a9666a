"""Copying a thread."""

from __future__ import annotations

from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, writes
from langgraph_memory.errors import InvalidInputError


@writes
def copy_thread(source: str, target: str) -> Effects[None]:
    """Copy every checkpoint, value and pending write of a thread to one that does not exist yet.

    Nothing is shared between the two; what was read of the one counts as read in the other. Raises InvalidInputError
    when the target holds checkpoints.
    """
    if (yield Query("thread", {"thread_id": target})):
        raise InvalidInputError(f"thread {target!r} holds checkpoints already; copy to a thread id that is not in use.")
    yield Query("number_thread", {"thread_id": target})
    for name in (
        "copy_checkpoints",
        "copy_channels",
        "copy_chunks",
        "copy_writes",
        "copy_summary",
        "copy_thread_owners",
        "copy_authors",
    ):
        yield Query(name, {"thread_id": target, "source_thread_id": source})
    for row in (yield Query("owners_of_thread", {"thread_id": source})):
        place = {"partition": owner_partition(row["owner_id"])}
        yield Query("copy_ledger", {**place, "thread_id": target, "source_thread_id": source})
