"""Reading an owner's memories: one, its history, a page of them, and what contradicts each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.memory import Conflict, Memory, OwnerSummary
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.search.filters import Wanted
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads
from langgraph_memory.errors import MemoryNotFoundError
from langgraph_memory.operations.rows import memories_in, sound
from langgraph_memory.views import Records


@reads
def memory(memory_id: str, owner_id: str) -> Effects[Memory]:
    """Return one memory of an owner, live or not; raises MemoryNotFoundError."""
    return (yield from find(memory_id, owner_id))


@reads
def history(memory_id: str, owner_id: str) -> Effects[Records[Memory]]:
    """Return every version of what a memory is about, oldest first.

    Raises MemoryNotFoundError, or DamagedMemoryError.
    """
    newest = yield from find(memory_id, owner_id)
    seen = {newest.id}
    while newest.superseded_by is not None:
        successor = yield from _find(newest.superseded_by, owner_id)
        if successor is None or successor.id in seen:  # a file that another program wrote may hold a circle
            break
        seen.add(successor.id)
        newest = successor
    versions = yield from with_predecessors(newest, Memory.from_row)
    edited = yield from _before_edits(versions)
    return Records(Memory, sorted([*edited, *versions], key=_place_in_history))


def _place_in_history(memory: Memory) -> tuple[datetime, bool, datetime]:
    return memory.created_at, memory.superseded_at is None, memory.superseded_at or memory.created_at


def _before_edits(memories: Sequence[Memory]) -> Effects[list[Memory]]:
    """Return what memories said before they were edited in place, each as superseded by the memory itself."""
    if not memories:
        return []
    place = {"partition": owner_partition(memories[0].owner_id), "ids": [memory.id for memory in memories]}
    rows = yield Query("export_versions", place)
    after = {memory.id: memory for memory in memories}
    found: list[Memory] = []
    for row in sorted(rows, key=lambda row: int(row["version_no"]), reverse=True):
        before = Memory.from_row(row)
        if (before.content, before.content_json) != (after[before.id].content, after[before.id].content_json):
            ended = from_microseconds(row["replaced_at"])
            found.append(before.model_copy(update={"superseded_by": before.id, "superseded_at": ended}))
        after[before.id] = before
    return found


@reads
def memories_of_owner(
    owner_id: str, now: datetime, wanted: Wanted, *, everything: bool, limit: int, offset: int
) -> Effects[Records[Memory]]:
    """Return a page of the wanted of an owner's memories, newest first; `everything` also superseded and expired."""
    rows = yield Query(
        "memories_of_owner",
        {
            "partition": owner_partition(check_owner(owner_id)),
            "now": to_microseconds(now),
            "everything": everything,
            "memory_types": wanted.memory_types,
            **wanted.bounds(),
            "limit": limit,
            "offset": offset,
        },
    )
    return Records(Memory, memories_in(rows))


@reads
def conflicts_of_owner(owner_id: str, now: datetime, *, limit: int, offset: int) -> Effects[Records[Conflict]]:
    """Return a page of the groups of an owner's live memories that contradict each other."""
    params = {"partition": owner_partition(check_owner(owner_id)), "now": to_microseconds(now)}
    groups: dict[str, list[Memory]] = {}
    for row, memory in sound((yield Query("conflicts_of_owner", params))):
        groups.setdefault(row["conflict_id"], []).append(memory)
    return Records(Conflict, [Conflict(group) for group in groups.values()][offset : offset + limit])


@reads
def owners_at(now: datetime) -> Effects[Records[OwnerSummary]]:
    """Return every owner with how many memories they have, and how many of them are live."""
    rows = yield Query("owners", {"now": to_microseconds(now)})
    return Records(OwnerSummary, (OwnerSummary(row["owner_id"], row["memories"], row["live"]) for row in rows))


def _find(memory_id: str, owner_id: str) -> Effects[Memory | None]:
    rows = yield Query("memory", {"partition": owner_partition(owner_id), "id": memory_id})
    return Memory.from_row(rows[0]) if rows else None


def find(memory_id: str, owner_id: str) -> Effects[Memory]:
    """Return one memory of an owner, live or not; raises MemoryNotFoundError."""
    memory = yield from _find(memory_id, check_owner(owner_id))
    if memory is None:
        raise MemoryNotFoundError(f"owner {owner_id!r} has no memory {memory_id!r}; it may have been forgotten.")
    return memory


def with_predecessors(memory: Memory, of: Callable[[Row], Memory] = Memory.remains) -> Effects[list[Memory]]:
    """Return a memory and all that it superseded, directly or through others; `of` reads a row."""
    versions = {memory.id: memory}
    pending = [memory]
    while pending:
        current = pending.pop()
        rows = yield Query("predecessors", {"partition": owner_partition(current.owner_id), "id": current.id})
        for older in map(of, rows):
            if older.id not in versions:
                versions[older.id] = older
                pending.append(older)
    return list(versions.values())
