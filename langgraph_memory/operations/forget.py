"""What becomes of a memory that holds no longer: retired, superseded, in conflict, forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from langgraph_memory.domain import marks
from langgraph_memory.domain.audit import quotes
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.likeness import compare
from langgraph_memory.domain.memory import Memory, Receipt, Source, trust_of
from langgraph_memory.domain.reconcile import in_conflict
from langgraph_memory.domain.reflection import REFLECTION, bases_of
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.session import may_tell, retold
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, writes
from langgraph_memory.errors import InvalidMemoryError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.index import embed_amended
from langgraph_memory.operations.memories import find, with_predecessors
from langgraph_memory.operations.rows import (
    _NOBODY,
    By,
    Origin,
    insert_row,
    lose_from_receipts,
    memories_in,
    memory_columns,
    put_receipt,
    record,
)
from langgraph_memory.operations.settings import StoreSettings

_SUMMARY = "summary"


def retire(
    old: Sequence[Memory], new: Memory | None, reason: str, origin: By, now: datetime
) -> Effects[tuple[Memory, ...]]:
    """Retire `old` in favour of `new`, or of nothing, in the transaction that decides it."""
    retired = {memory.id: memory for memory in old if new is None or memory.id != new.id}
    successor = None if new is None else new.id
    for memory in retired.values():
        params = {"partition": owner_partition(memory.owner_id), "id": memory.id, "superseded_by": successor}
        yield Query("supersede_memory", {**params, "now": to_microseconds(now)})
        yield from record(memory, "retired" if new is None else "superseded", reason, origin, now)
        yield from _leave_marks(memory, new, now)
        is_said_again = new is not None and compare(memory.content, new.content).kind == "same"
        yield from amend_derived([memory], now, for_good=False, still_told=is_said_again)
    yield from settle_conflicts(retired.values(), now)
    return tuple(
        memory.model_copy(update={"superseded_by": successor, "superseded_at": now, "updated_at": now})
        for memory in retired.values()
    )


def amend_derived(gone: Sequence[Memory], now: datetime, *, for_good: bool, still_told: bool = False) -> Effects[None]:
    """Let nothing that was written of some memories of one owner rest on them any more.

    The summaries of sessions tell them no more, whichever sessions told them, unless another memory says the same. What
    is forgotten `for_good` leaves no earlier state of a summary that told it. A reflection on them is removed: whoever
    reflects again finds what is left of it.
    """
    bases = [one for one in gone if one.memory_type not in (_SUMMARY, REFLECTION)]
    if not bases:
        return
    ids = {one.id for one in bases}
    for row in (yield Query("derived", {"partition": owner_partition(bases[0].owner_id)})):
        memory = Memory.remains(row)
        if not ids.isdisjoint(bases_of(memory)):
            yield from remove_reflection(memory, "what it rests on is gone", _NOBODY, now)
        elif memory.memory_type == _SUMMARY and not still_told:
            yield from _retell(memory, bases, now, for_good=for_good)


def remove_reflection(memory: Memory, reason: str, origin: By, now: datetime) -> Effects[None]:
    """Delete a reflection, which says nothing of its own: no mark keeps it from being written again."""
    place = {"partition": owner_partition(memory.owner_id)}
    for row in (yield Query("memory", {**place, "id": memory.id})):
        yield Query("delete_item", {**place, "memory_no": row["memory_no"]})
        yield Query("blank_audit", {**place, "memory_id": memory.id})
        yield from record(memory, "removed", reason, origin, now)


def _retell(summary: Memory, gone: Sequence[Memory], now: datetime, *, for_good: bool) -> Effects[None]:
    may_change = for_good or not summary.superseded
    left = retold(summary, gone) if may_change and may_tell(summary.content, gone) else summary
    if left == summary:
        return
    new = None
    if left is not None and not summary.superseded:
        name = str(uuid5(NAMESPACE_OID, f"{summary.id} {to_microseconds(now)}"))
        new = left.model_copy(update={"id": name, "created_at": now, "updated_at": now})
        yield from insert_row(memory_columns(new), ())
        yield from record(new, "added", "what it told holds no longer", _NOBODY, now)
    if for_good:
        yield from _forget_alone(summary, now)
    else:
        yield from retire([summary], new, "what it told holds no longer", _NOBODY, now)


def _forget_alone(summary: Memory, now: datetime) -> Effects[None]:
    """Delete one state of a summary; those before and after it stay."""
    place = {"partition": owner_partition(summary.owner_id)}
    (row,) = yield Query("memory", {**place, "id": summary.id})
    yield Query("delete_item", {**place, "memory_no": row["memory_no"]})
    yield Query("blank_audit", {**place, "memory_id": summary.id})
    yield from record(summary, "forgotten", "what it told was forgotten", _NOBODY, now)
    yield from marking.leave(summary.owner_id, [marks.named(summary.owner_id, summary.id)], now)


def _leave_marks(gone: Memory, new: Memory | None, now: datetime) -> Effects[None]:
    """Leave marks of what a memory said and its successor does not say."""
    subjects = yield from marking.of_memory(gone)
    holds = set(marks.told(new)) if new is not None else set()
    said = set(new.source.message_ids) if new is not None else set()
    if not said & set(gone.source.message_ids):
        yield from marking.leave(gone.owner_id, [one for one in subjects if one not in holds], now)


def leave_marks_of_edit(before: Memory, after: Memory, now: datetime) -> Effects[None]:
    """Leave marks of what a memory said before it was edited in place."""
    if before.content != after.content or before.content_json != after.content_json:
        holds = marks.told(after)
        subjects = yield from marking.of_memory(before)
        yield from marking.leave(before.owner_id, [one for one in subjects if one not in holds], now)
        yield from marking.lift(after)
        yield from amend_derived([before], now, for_good=False)


def group_of(memories: Sequence[Memory]) -> str | None:
    """Return what names the group of contradicting memories: the one they are in, or else the first of them."""
    named = (memory.conflict_id for memory in memories if memory.conflict_id is not None)
    return next(named, memories[0].id if memories else None)


def mark(against: Sequence[Memory], new: Memory, reason: str, now: datetime) -> Effects[tuple[Memory, ...]]:
    """Put `against`, and all that contradicts one of them already, into the group of `new`."""
    members = {memory.id: memory for memory in against}
    for group in {memory.conflict_id for memory in against} - {None, new.conflict_id}:
        members.update((one.id, one) for one in (yield from contradicting(new.owner_id, str(group), now)))
    for memory in members.values():
        if memory.conflict_id != new.conflict_id:
            yield from _mark(memory, new.conflict_id, now)
        yield from record(memory, "conflict", reason, Origin.of(new.source), now)
    return tuple(in_conflict(memory, new.conflict_id) for memory in against)


def contradicting(owner_id: str, group: str, now: datetime) -> Effects[list[Memory]]:
    """Return the live memories of a group of contradicting ones."""
    params = {"partition": owner_partition(owner_id), "conflict_id": group, "now": to_microseconds(now)}
    rows = yield Query("live_in_conflict", params)
    return memories_in(rows)


def settle_conflicts(gone: Iterable[Memory], now: datetime) -> Effects[None]:
    """Let a memory that nothing contradicts any more stand alone, after others of its group lost their place."""
    groups = {(memory.owner_id, memory.conflict_id) for memory in gone if memory.conflict_id is not None}
    for owner_id, group in groups:
        left = yield from contradicting(owner_id, str(group), now)
        if len(left) == 1:
            yield from _mark(left[0], None, now)


def _mark(memory: Memory, group: str | None, now: datetime) -> Effects[None]:
    params = {"partition": owner_partition(memory.owner_id), "id": memory.id, "conflict_id": group}
    yield Query("mark_conflict", {**params, "now": to_microseconds(now)})


@writes
def forget_memory(
    memory_id: str, owner_id: str, now: datetime, reason: str, receipt_id: str, origin: By = _NOBODY
) -> Effects[int]:
    """Delete a memory and the older versions it had superseded, keep a receipt, and return how many that were.

    Raises MemoryNotFoundError, or InvalidMemoryError for what is protected from who wants it forgotten.
    """
    rows = yield Query("memory", {"partition": owner_partition(check_owner(owner_id)), "id": memory_id})
    memory = Memory.remains(rows[0]) if rows else (yield from find(memory_id, owner_id))  # also what is damaged
    if memory.protected and trust_of(origin.actor) != "app":
        raise InvalidMemoryError(f"memory {memory.id} was not forgotten: the app recorded it, which alone changes it.")
    count = yield from forget_versions(memory, now, reason, origin=origin)
    yield from put_receipt(owner_id, receipt_id, "forget", {"memories": count}, Origin(), now)
    return count


def forget_versions(
    newest: Memory, now: datetime, reason: str, action: str = "forgotten", origin: By = _NOBODY
) -> Effects[int]:
    """Delete a memory and its older versions; the audit log keeps that it was, not what it said."""
    versions = yield from with_predecessors(newest)
    if action == "forgotten":
        yield from _forget_for_good(versions, now)
    for memory in versions:
        (found,) = yield Query("memory", {"partition": owner_partition(memory.owner_id), "id": memory.id})
        yield Query("delete_item", {"partition": found["partition"], "memory_no": found["memory_no"]})
        yield Query("blank_audit", {"partition": owner_partition(memory.owner_id), "memory_id": memory.id})
        yield from record(memory, action, reason, origin, now)
    yield from settle_conflicts(versions, now)
    yield from amend_derived(versions, now, for_good=True, still_told=action != "forgotten")
    if action == "forgotten":
        yield from _lose_from_excerpts(versions)
    return len(versions)


def _lose_from_excerpts(gone: Sequence[Memory]) -> Effects[None]:
    """Take the quotes out of what was read from the same messages, where they hold what is forgotten."""
    said = {one for memory in gone for one in memory.source.message_ids}
    if not said:
        return
    partition = owner_partition(gone[0].owner_id)
    rows = yield Query("memories_quoting", {"partition": partition, "needles": sorted(map(json.dumps, said))})
    quoting = [Memory.remains(row) for row in rows]
    for memory in (one for one in quoting if said & set(one.source.message_ids) and quotes(one, gone)):
        yield Query("blank_excerpt", {"partition": partition, "id": memory.id, **_without_excerpt(memory)})
        for row in (yield Query("export_versions", {"partition": partition, "ids": [memory.id]})):
            place = {"partition": partition, "id": memory.id, "version_no": row["version_no"]}
            yield Query("blank_version_excerpt", {**place, **_without_excerpt(Memory.remains(row))})


def _without_excerpt(memory: Memory) -> dict[str, Any]:
    """Return the columns in which a memory without its quote differs."""
    bare = memory.model_copy(update={"source": memory.source.model_copy(update={"excerpt": None})})
    columns = memory_columns(bare)
    return {"source": columns["source"], "checksum": columns["checksum"]}


def _forget_for_good(versions: Sequence[Memory], now: datetime) -> Effects[None]:
    """Leave marks of what some memories of one owner say, of their ids, and of when something was forgotten."""
    owner_id = versions[0].owner_id
    subjects = [marks.forgot(owner_id)]
    for memory in versions:
        subjects += [marks.named(owner_id, memory.id), *(yield from marking.of_memory(memory))]
    yield from marking.leave(owner_id, subjects, now)
    yield from lose_from_receipts(versions)


def forget(memory_id: str, owner_id: str, source: Source, settings: StoreSettings) -> Effects[Receipt]:
    """Delete a memory with its older versions."""
    now = settings.clock()
    receipt_id = settings.new_id()
    origin = Origin.of(source)
    count: int = yield forget_memory(memory_id, owner_id, now, "forgotten on request", receipt_id, origin)
    yield from embed_amended(owner_id, settings)
    return Receipt(receipt_id, "forget", owner_id, now, {"memories": count})
