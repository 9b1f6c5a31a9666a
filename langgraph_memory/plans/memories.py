"""Remembering, and the life of a memory after it: history, forgetting, the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory, Outcome, Source
from langgraph_memory.domain.reconcile import Decision, holding_value, reconcile
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.text import fingerprint
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.engine.query import Plan, Query, reads, writes
from langgraph_memory.exceptions import InvalidMemoryError, MemoryNotFoundError
from langgraph_memory.plans.rows import Vectors, insert_row, memory_columns, rewrite_row


@dataclass(frozen=True, slots=True)
class Origin:
    """Who or what makes a change, for the audit trail."""

    actor: str | None = None
    thread_id: str | None = None
    checkpoint_id: str | None = None
    run_id: str | None = None

    @classmethod
    def of(cls, source: Source) -> Origin:
        """Return the origin that a memory's source names."""
        return cls(source.actor, source.thread_id, source.checkpoint_id, source.run_id)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A memory to store, its type's rules, its vectors, and the values the speaker says no longer hold."""

    memory: Memory
    kind: MemoryType
    vectors: Vectors = ()
    replaces: tuple[str, ...] = ()


@writes
def remember(proposal: Proposal, now: datetime) -> Plan[Outcome]:
    """Store one memory, or confirm or supersede what is known."""
    return (yield from store(proposal, now))


def store(proposal: Proposal, now: datetime) -> Plan[Outcome]:
    """Same as `remember`, as a part of another plan."""
    new = proposal.memory
    known = yield from known_about(new, now)
    decision = reconcile(new, known, proposal.kind, now)
    retracted = yield from _holding(new, proposal.replaces, now)
    return (yield from settle(decision, proposal.vectors, retracted, now))


def settle(decision: Decision, vectors: Vectors, retracted: Sequence[Memory], now: datetime) -> Plan[Outcome]:
    """Write what was decided, as a part of another plan; `retracted` lose their place too."""
    new = decision.memory
    if decision.reinforces is not None:
        yield from rewrite(new, "reinforced", decision.reason, Origin.of(new.source), now)
        superseded = yield from _supersede(retracted, new, decision.reason, now)
        return Outcome("superseded" if superseded else "reinforced", new, decision.reason, superseded)
    if (yield from _find(new.id, new.owner_id)) is not None:
        raise InvalidMemoryError(f"memory id {new.id!r} is taken already; choose another, or pass the content alone.")
    yield from insert_row(memory_columns(new), vectors)
    yield from record(new, "added", decision.reason, Origin.of(new.source), now)
    superseded = yield from _supersede((*decision.supersedes, *retracted), new, decision.reason, now)
    return Outcome("superseded" if superseded else "added", new, decision.reason, superseded)


def known_about(new: Memory, now: datetime) -> Plan[list[Memory]]:
    """Return the live memories in the new one's slot, or with its words where it has no slot."""
    rows = yield Query(
        "live_about",
        {
            "partition": owner_partition(new.owner_id),
            "scope": new.scope,
            "memory_type": new.memory_type,
            "slot": new.slot,
            "fingerprint": fingerprint(new.content),
            "now": to_microseconds(now),
        },
    )
    return [Memory.from_row(row) for row in rows]


def _holding(new: Memory, values: Sequence[str], now: datetime) -> Plan[tuple[Memory, ...]]:
    """Return the live memories of the same scope that hold one of the retracted values."""
    if not values:
        return ()
    params = {"partition": owner_partition(new.owner_id), "scope": new.scope, "now": to_microseconds(now)}
    rows = yield Query("live_in_slots", params)
    return tuple(holding_value([Memory.from_row(row) for row in rows], values))


def rewrite(memory: Memory, action: str, reason: str, origin: Origin, now: datetime) -> Plan[None]:
    """Write a memory whose words stay as they are, with a line of audit."""
    (row,) = yield Query("memory", {"partition": owner_partition(memory.owner_id), "id": memory.id})
    yield from rewrite_row(row, memory_columns(memory), None)
    yield from record(memory, action, reason, origin, now)


def _supersede(old: Sequence[Memory], new: Memory, reason: str, now: datetime) -> Plan[tuple[Memory, ...]]:
    """Retire `old` in favour of `new`, in the transaction that stores it."""
    retired = {memory.id: memory for memory in old if memory.id != new.id}
    for memory in retired.values():
        params = {"partition": owner_partition(memory.owner_id), "id": memory.id, "superseded_by": new.id}
        yield Query("supersede_memory", {**params, "now": to_microseconds(now)})
        yield from record(memory, "superseded", reason, Origin.of(new.source), now)
    return tuple(
        memory.model_copy(update={"superseded_by": new.id, "superseded_at": now, "updated_at": now})
        for memory in retired.values()
    )


def record(memory: Memory, action: str, reason: str, origin: Origin, now: datetime) -> Plan[None]:
    """Add one line to the audit trail."""
    yield Query(
        "audit",
        {
            "partition": owner_partition(memory.owner_id),
            "memory_id": memory.id,
            "action": action,
            "reason": reason,
            "actor": origin.actor,
            "thread_id": origin.thread_id,
            "checkpoint_id": origin.checkpoint_id,
            "run_id": origin.run_id,
            "now": to_microseconds(now),
        },
    )


def put_receipt(
    owner_id: str, receipt_id: str, kind: str, body: Mapping[str, Any], origin: Origin, now: datetime
) -> Plan[None]:
    """Store one receipt, as a part of another plan."""
    yield Query(
        "put_receipt",
        {
            "partition": owner_partition(owner_id),
            "id": receipt_id,
            "kind": kind,
            "thread_id": origin.thread_id,
            "checkpoint_id": origin.checkpoint_id,
            "run_id": origin.run_id,
            "now": to_microseconds(now),
            "body": json.dumps(body),
        },
    )


@reads
def memory(memory_id: str, owner_id: str) -> Plan[Memory]:
    """Return one memory of an owner, live or not; raises MemoryNotFoundError."""
    return (yield from find(memory_id, owner_id))


@reads
def history(memory_id: str, owner_id: str) -> Plan[list[Memory]]:
    """Return every version of what a memory is about, oldest first.

    Raises MemoryNotFoundError.
    """
    newest = yield from find(memory_id, owner_id)
    while newest.superseded_by is not None:
        successor = yield from _find(newest.superseded_by, owner_id)
        if successor is None:
            break
        newest = successor
    versions = yield from _with_predecessors(newest)
    return sorted(versions, key=lambda memory: (memory.created_at, memory.superseded_at is None))


@writes
def forget(memory_id: str, owner_id: str, now: datetime, reason: str, receipt_id: str) -> Plan[int]:
    """Delete a memory and the older versions it had superseded, keep a receipt, and return how many that were.

    Raises MemoryNotFoundError.
    """
    memory = yield from find(memory_id, owner_id)
    count = yield from forget_versions(memory, now, reason)
    yield from put_receipt(owner_id, receipt_id, "forget", {"memories": count}, Origin(), now)
    return count


def forget_versions(newest: Memory, now: datetime, reason: str) -> Plan[int]:
    """Delete a memory and its older versions; the audit trail keeps that it was, not what it said."""
    versions = yield from _with_predecessors(newest)
    for memory in versions:
        (found,) = yield Query("memory", {"partition": owner_partition(memory.owner_id), "id": memory.id})
        yield Query("delete_item", {"partition": found["partition"], "memory_no": found["memory_no"]})
        yield Query("blank_audit", {"partition": owner_partition(memory.owner_id), "memory_id": memory.id})
        yield from record(memory, "forgotten", reason, Origin(), now)
    return len(versions)


@reads
def memories_of_owner(owner_id: str, now: datetime, *, everything: bool, limit: int, offset: int) -> Plan[list[Memory]]:
    """Return a page of an owner's memories, newest first; with `everything` also the superseded and expired ones."""
    rows = yield Query(
        "memories_of_owner",
        {
            "partition": owner_partition(check_owner(owner_id)),
            "now": to_microseconds(now),
            "everything": everything,
            "limit": limit,
            "offset": offset,
        },
    )
    return [Memory.from_row(row) for row in rows]


@reads
def owners(now: datetime) -> Plan[list[tuple[str, int, int]]]:
    """Return every owner with how many memories they have, and how many of them are live."""
    rows = yield Query("owners", {"now": to_microseconds(now)})
    return [(row["owner_id"], row["memories"], row["live"]) for row in rows]


def _find(memory_id: str, owner_id: str) -> Plan[Memory | None]:
    rows = yield Query("memory", {"partition": owner_partition(owner_id), "id": memory_id})
    return Memory.from_row(rows[0]) if rows else None


def find(memory_id: str, owner_id: str) -> Plan[Memory]:
    """Return one memory of an owner, live or not; raises MemoryNotFoundError."""
    memory = yield from _find(memory_id, check_owner(owner_id))
    if memory is None:
        raise MemoryNotFoundError(f"owner {owner_id!r} has no memory {memory_id!r}; it may have been forgotten.")
    return memory


def _with_predecessors(memory: Memory) -> Plan[list[Memory]]:
    """Return a memory and all that it superseded, directly or through others."""
    versions = {memory.id: memory}
    pending = [memory]
    while pending:
        current = pending.pop()
        rows = yield Query("predecessors", {"partition": owner_partition(current.owner_id), "id": current.id})
        for older in (Memory.from_row(row) for row in rows):
            if older.id not in versions:
                versions[older.id] = older
                pending.append(older)
    return list(versions.values())
