"""Takes back what an abandoned branch of a thread taught: reads what it did, then undoes it, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from langgraph_memory.checkpoints.retention import delete_runs
from langgraph_memory.domain.audit import AuditEntry
from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.rewind import Retraction, Stays, Unwinding, abandoned
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Reclaim
from langgraph_memory.effects.transaction import Query, Row, Transaction, reads, writes
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.forget import amend_derived, settle_conflicts
from langgraph_memory.operations.jobs import unqueue
from langgraph_memory.operations.remember import known_about, rewrite
from langgraph_memory.operations.rows import Origin, put_receipt, record, sound
from langgraph_memory.operations.settings import StoreSettings, check_text, several


@dataclass(frozen=True, slots=True)
class _Branch:
    """What is taken back: what some runs did, and what was done at some checkpoints, of one thread or any.

    With `keep`, those of the thread that do not lead to that checkpoint, or with an empty `keep` to its newest. With
    `delete` the checkpoints of the runs go too.
    """

    owner_id: str
    run_ids: tuple[str, ...] = ()
    thread_id: str | None = None
    checkpoint_ids: tuple[str, ...] = ()
    keep: str | None = None
    delete: bool = False

    def bounds(self) -> dict[str, Any]:
        """Return the values that what the branch did is found by."""
        return {
            "partition": owner_partition(self.owner_id),
            "run_ids": list(self.run_ids),
            "thread_id": self.thread_id,
            "checkpoint_ids": list(self.checkpoint_ids),
        }


@dataclass(slots=True)
class _Found:
    """What the branch did: how to undo it, what of it was read and what waits to be, the checkpoints of its runs."""

    unwinding: Unwinding
    ledger: Sequence[Row]
    queued: Sequence[Row]
    checkpoints: int = 0
    branch: _Branch = field(kw_only=True)


def retract(
    owner_id: str,
    run_ids: Iterable[str],
    thread_id: str | None,
    checkpoint_ids: Iterable[str],
    dry_run: bool,
    settings: StoreSettings,
) -> Transaction[Retraction]:
    """Take back what some runs, or some checkpoints of a thread, did to an owner's memories."""
    runs, checkpoints = _texts("run_ids", run_ids), _texts("checkpoint_ids", checkpoint_ids)
    check_text("thread_id", thread_id, optional=True)
    if not runs and not checkpoints:
        raise InvalidInputError("nothing to retract is named; pass run_ids, or thread_id with checkpoint_ids.")
    if (thread_id is None) != (not checkpoints):
        raise InvalidInputError("checkpoints are told by thread_id and checkpoint_ids together; pass both or neither.")
    branch = _Branch(check_owner(owner_id), runs, thread_id, checkpoints)
    return _transaction(branch, dry_run, settings)


def retract_branch(
    thread_id: str, owner_id: str, keep: str | None, dry_run: bool, settings: StoreSettings
) -> Transaction[Retraction]:
    """Take back what the checkpoints of a thread taught that do not lead to the one that is kept."""
    check_text("thread_id", thread_id)
    check_text("keep", keep, optional=True)
    branch = _Branch(check_owner(owner_id), thread_id=thread_id, keep=keep or "")
    return _transaction(branch, dry_run, settings)


def delete_for_runs(
    owner_id: str, run_ids: Iterable[str], dry_run: bool, settings: StoreSettings
) -> Effects[Retraction]:
    """Delete the checkpoints of some runs and take back what they taught, both or neither."""
    branch = _Branch(check_owner(owner_id), _texts("run_ids", run_ids), delete=True)
    found: Retraction = yield _transaction(branch, dry_run, settings)
    if not dry_run:
        yield Reclaim()
    return found


def _transaction(branch: _Branch, dry_run: bool, settings: StoreSettings) -> Transaction[Retraction]:
    wanted = _preview if dry_run else _retract
    return wanted(branch, settings.new_id(), settings.types, settings.clock())


def _texts(name: str, values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(check_text(name, str(value)) for value in several(name, values))


@reads
def _preview(branch: _Branch, retraction_id: str, types: MemoryTypes, now: datetime) -> Effects[Retraction]:
    """Return what taking back a branch would do."""
    found = yield from _survey(branch, types, now)
    return _retraction(found, retraction_id, now, dry_run=True)


@writes
def _retract(branch: _Branch, retraction_id: str, types: MemoryTypes, now: datetime) -> Effects[Retraction]:
    """Take back what a branch taught, with its checkpoints where that is asked, and keep a receipt."""
    found = yield from _survey(branch, types, now)
    done = _retraction(found, retraction_id, now, dry_run=False)
    yield from _undo(found.unwinding, now)
    if found.ledger:
        keys = ("thread_id", "message_id", "extractor", "content_hash")
        rows = [{name: row[name] for name in keys} for row in found.ledger]
        yield Query("delete_ledger_line", {"partition": owner_partition(branch.owner_id)}, rows)
    yield from unqueue(branch.owner_id, found.queued)
    if branch.delete:
        yield from delete_runs(branch.run_ids)
    origin = Origin(thread_id=branch.thread_id)
    yield from put_receipt(branch.owner_id, retraction_id, "retraction", done.to_json(), origin, now)
    return done


def _survey(branch: _Branch, types: MemoryTypes, now: datetime) -> Effects[_Found]:
    """Read what a branch did and work out how to undo it."""
    branch, checkpoints = yield from _with_checkpoints(branch)
    bounds = branch.bounds()
    mine = yield Query("changes_from", bounds)
    ledger = yield Query("ledger_from", bounds)
    queued = yield Query("queued_from", bounds)
    touched = {"partition": bounds["partition"], "ids": sorted({row["memory_id"] for row in mine})}
    memories = {row["id"]: memory for row, memory in sound((yield Query("memories_named", touched)))}
    audit = [AuditEntry.from_row(row) for row in (yield Query("changes_of", touched))]
    versions: dict[str, list[tuple[datetime, Memory]]] = defaultdict(list)
    for row in (yield Query("export_versions", touched)):
        versions[row["id"]].append((from_microseconds(row["replaced_at"]), Memory.from_row(row)))
    changes = frozenset((row["memory_id"], row["change_no"]) for row in mine)
    unwinding = Unwinding(memories, audit, changes, versions, now)
    unwinding.work_out()
    yield from _leave_occupied(unwinding, types, now)
    return _Found(unwinding, ledger, queued, checkpoints, branch=branch)


def _with_checkpoints(branch: _Branch) -> Effects[tuple[_Branch, int]]:
    """Return the branch with the checkpoints that belong to it, and how many of them are to be deleted."""
    if branch.keep is not None and branch.thread_id is not None:
        gone = yield from _abandoned(branch.thread_id, branch.keep)
        return replace(branch, checkpoint_ids=tuple(sorted(gone))), 0
    if not branch.delete:
        return branch, 0
    rows = yield Query("checkpoints_of_runs", {"run_ids": list(branch.run_ids)})
    ids = tuple(sorted({row["checkpoint_id"] for row in rows}))
    return replace(branch, checkpoint_ids=ids), len(rows)


def _abandoned(thread_id: str, keep: str) -> Effects[set[str]]:
    rows = yield Query("checkpoint_tree", {"thread_id": thread_id})
    tree = [(row["checkpoint_id"], row["parent_checkpoint_id"]) for row in rows if row["checkpoint_ns"] == ""]
    kept = keep or (tree[-1][0] if tree else "")
    if kept not in dict(tree):
        raise InvalidInputError(f"thread {thread_id!r} has no checkpoint {keep!r} that could be kept.")
    return abandoned(tree, kept)


def _leave_occupied(unwinding: Unwinding, types: MemoryTypes, now: datetime) -> Effects[None]:
    """Let nothing hold again in a slot in which another value holds by now."""
    for name in list(unwinding.restored):
        memory = unwinding.changed[name]
        if memory.slot is None or types[memory.memory_type].update == "append":
            continue
        known = yield from known_about(memory, now)
        if others := [one for one in known if unwinding.bars(one, memory)]:
            unwinding.occupied(name, others[-1])


def _undo(unwinding: Unwinding, now: datetime) -> Effects[None]:
    for name, memory in unwinding.changed.items():
        action = "restored" if name in unwinding.restored else "unconfirmed"
        yield from rewrite(memory, action, "the branch that changed it was abandoned", Origin(), now)
    for memory in unwinding.removed.values():
        place = {"partition": owner_partition(memory.owner_id)}
        (row,) = yield Query("memory", {**place, "id": memory.id})
        yield Query("delete_item", {**place, "memory_no": row["memory_no"]})
        yield Query("blank_audit", {**place, "memory_id": memory.id})
        yield from record(memory, "retracted", "the branch that it came from was abandoned", Origin(), now)
    yield from settle_conflicts(unwinding.removed.values(), now)
    yield from amend_derived(list(unwinding.removed.values()), now, for_good=True, still_told=True)


def _retraction(found: _Found, retraction_id: str, now: datetime, *, dry_run: bool) -> Retraction:
    one = found.unwinding
    return Retraction(
        id=retraction_id,
        owner_id=found.branch.owner_id,
        at=now,
        dry_run=dry_run,
        removed=tuple(one.removed.values()),
        restored=tuple(one.changed[name] for name in one.restored),
        unconfirmed=tuple(one.changed[name] for name in one.unconfirmed),
        stays=tuple(Stays(one.memories[name], reason) for name, reason in one.stays.items()),
        messages=len(found.ledger) + len(found.queued),
        checkpoints=found.checkpoints,
    )
