"""Remembering, and the life of a memory after it: history, forgetting, the audit trail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from langgraph_memory.domain import marks
from langgraph_memory.domain.changes import found_by, may_replace, read, replaced_by
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.likeness import compare
from langgraph_memory.domain.memory import Action, Memory, Outcome, Source, trust_of
from langgraph_memory.domain.memory_filter import Wanted
from langgraph_memory.domain.outdated import likely_replaced_by
from langgraph_memory.domain.receipts import ReceiptPolicy, needles, quotes, without
from langgraph_memory.domain.reconcile import (
    LOWER_STANDING,
    Decision,
    denying,
    holding_value,
    in_conflict,
    inheriting,
    reconcile,
    retiring,
    said_before,
)
from langgraph_memory.domain.scope import check_owner, owner_partition, visible_from
from langgraph_memory.domain.session import may_tell, retold
from langgraph_memory.domain.standing import outranks, overrides, said_later, same_message
from langgraph_memory.domain.text import fingerprint
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.domain.whose import of_two_people
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, writes
from langgraph_memory.errors import InvalidMemoryError, MemoryNotFoundError
from langgraph_memory.operations.rows import (
    Vectors,
    VectorSearch,
    insert_row,
    memories_in,
    memory_columns,
    rewrite_row,
    sound,
)
from langgraph_memory.plans import marks as marking
from langgraph_memory.plans.near import holding_any, near_to, numbered


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


_NOBODY = Origin()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A memory to store, its type's rules, its vectors, and the values the speaker says no longer hold.

    With `retires` it says that something ended, with `forgets` what says the same is deleted. `corrects` marks an
    explicit correction; what `changes_only` is stored where it takes the place of something. `target` is the id of the
    one memory that this is done with, where that is known. Unless `compared`, only the same words and the same slot
    count; `search` holds the memory's own vector, to compare it by.
    """

    memory: Memory
    kind: MemoryType
    vectors: Vectors = ()
    replaces: tuple[str, ...] = ()
    retires: bool = False
    forgets: bool = False
    corrects: bool = False
    changes_only: bool = False
    target: str | None = None
    compared: bool = False
    search: VectorSearch | None = None

    @property
    def adds(self) -> bool:
        """Whether it says what holds, and not what does so no longer."""
        return not self.retires and not self.forgets


_SUMMARY = "summary"
_DROPPED_AT_ONCE = 20
"""How many old receipts go with each new one."""
NOTHING_TO_CHANGE = "nothing_to_change"
"""The reason why what only told of a change is not stored: nothing known is changed by it."""
NOTHING_TO_FORGET = "nothing_to_forget"
"""The reason why "forget that" changes nothing: what it names is not known."""


@writes
def remember(proposal: Proposal, now: datetime) -> Effects[Outcome]:
    """Store one memory, or confirm or supersede what is known."""
    return (yield from store(proposal, now))


def store(proposal: Proposal, now: datetime) -> Effects[Outcome]:
    """Same as `remember`, as a part of another plan."""
    new = proposal.memory
    corpus, about = yield from _about(new, now)
    known = [one for one in about if not of_two_people(one, new)]
    target = yield from _target(proposal)
    if proposal.forgets:
        return (yield from _forget_what_says(proposal, known, target, corpus, now))
    if proposal.retires and target:
        return (yield from settle(retiring(new, target, ()), proposal.vectors, (), Origin.of(new.source), now))
    retracted = yield from _holding(new, proposal.replaces, now)
    if proposal.retires:
        known = [one for one in known if not said_later(one, new)]
        near = [
            one for one in (yield from near_to(new, proposal.search, corpus, now)) if not said_later(one.memory, new)
        ]
        decision = retiring(new, (*_with_value(new, known), *retracted), near)
        over = _holding_no_longer(proposal, (yield from _told_beside(proposal, corpus, now)))
        if new.source.actor == "user" and decision.refused != LOWER_STANDING and not decision.conflicts:
            gone = {one.id: one for one in (*decision.retires, *(one for one, _ in over))}
            decision = denying(_found_by_what_went(new, list(gone.values())), known, tuple(gone.values()), now)
        return (yield from settle(decision, proposal.vectors, (), Origin.of(new.source), now, corpus))
    near = (yield from near_to(new, proposal.search, corpus, now)) if _is_compared(proposal, known) else []
    retracted = (*retracted, *target)
    corrects = proposal.corrects or bool(proposal.replaces)
    beside = yield from _told_beside(proposal, corpus, now)
    since = next((one for one in beside if said_later(one, new) and replaced_by(one, [new])), None)
    if since is not None:
        return (yield from settle(said_before(new, since), (), (), Origin.of(new.source), now))
    over = _holding_no_longer(proposal, beside)
    if proposal.changes_only and not over and not retracted:
        return Outcome("refused", None, f"{NOTHING_TO_CHANGE}: nothing known is changed by it")
    decision = reconcile(new, known, proposal.kind, now, near, corrects=corrects)
    if over and decision.reinforces is None:
        reason = decision.reason if decision.supersedes else over[0][1]
        memory = _found_by_what_went(decision.memory, [one for one, _ in over])
        decision = replace(decision, reason=reason, memory=memory)
    allowed = {one.id: one for one in (*retracted, *(one for one, _ in over)) if not outranks(one, new)}
    if decision.reinforces is not None:
        allowed.pop(decision.reinforces.id, None)
    return (yield from settle(decision, proposal.vectors, tuple(allowed.values()), Origin.of(new.source), now, corpus))


def _found_by_what_went(new: Memory, gone: Sequence[Memory]) -> Memory:
    """Return a memory that is found by the words of what it takes the place of too."""
    replaced = [f"{one.content} {_SLOT_JOINS.sub(' ', one.slot or '')}" for one in gone]
    return new.model_copy(update={"context": found_by(new.content, replaced)})


_SLOT_JOINS = re.compile(r"[._-]")


def _told_beside(proposal: Proposal, corpus: Row | None, now: datetime) -> Effects[list[Memory]]:
    """Return what is known that could be about the same thing as what a user says."""
    new = proposal.memory
    if not proposal.compared or new.source.actor != "user" or proposal.kind.name in ("summary", "reflection"):
        return []
    said = _as_said(proposal)
    readings = [read(one.content) for one in said]
    terms = [term for reading in readings for term in (*reading.terms, *sorted(reading.stems))]
    beside = yield from holding_any(new, corpus, list(dict.fromkeys(terms)), now)
    return [one for one in beside if not same_message(one, new) and not of_two_people(one, new)]


def _as_said(proposal: Proposal) -> list[Memory]:
    """Return a statement, and where the rules' own words for it are wider than what was said, that too."""
    new = proposal.memory
    if not (proposal.retires and new.source.excerpt):
        return [new]
    return [new, new.model_copy(update={"content": new.source.excerpt})]


def _holding_no_longer(proposal: Proposal, beside: Sequence[Memory]) -> list[tuple[Memory, str]]:
    """Return what was said of the same thing, and holds no longer once the new memory is said, with the reasons."""
    new, said = proposal.memory, _as_said(proposal)
    others = [one for one in beside if not said_later(one, new)]
    found = [pair for one in said for pair in replaced_by(one, others)]
    if not found and not proposal.retires:  # what "no longer" denies is told by its value
        found = likely_replaced_by(new, others)
    return [(one, why) for one, why in found if one.source.actor is not None and overrides(new, one)]


def _target(proposal: Proposal) -> Effects[tuple[Memory, ...]]:
    """Return the one live memory of the same scope that something is to be done with, where it is known which."""
    if proposal.target is None:
        return ()
    new = proposal.memory
    found = yield from _find(proposal.target, new.owner_id)
    return () if found is None or found.superseded or found.scope != new.scope else (found,)


def _forget_what_says(
    proposal: Proposal, known: Sequence[Memory], target: Sequence[Memory], corpus: Row | None, now: datetime
) -> Effects[Outcome]:
    """Delete what says what is to be forgotten, and leave marks of that whether it was known or not."""
    new = proposal.memory
    value = (new.content_json or {}).get("value")
    near = yield from near_to(new, proposal.search, corpus, now)
    in_slot = (yield from _in_slot(new, now)) if new.slot is not None else []
    in_slot = [one for one in in_slot if not of_two_people(one, new)]
    found = {one.id: one for one in (*target, *(yield from _holding(new, proposal.replaces, now)))}
    found |= {one.memory.id: one.memory for one in near if one.likeness.kind == "same"}
    found |= {one.id: one for one in known if fingerprint(one.content) == fingerprint(new.content)}
    if (new.content_json or {}).get("everything"):
        found |= {one.id: one for one in (yield from _of_the_user(new, now))}
    found |= {one.id: one for one in (in_slot if value is None else holding_value(in_slot, [str(value)]))}
    gone = tuple(one for one in found.values() if not outranks(one, new) and not said_later(one, new))
    for one in gone:
        yield from forget_versions(one, now, "forgotten on request", origin=Origin.of(new.source))
    yield from marking.leave(new.owner_id, [marks.forgot(new.owner_id), *marks.told(new)], now)
    if not gone:
        return Outcome("refused", None, f"{NOTHING_TO_FORGET}: nothing known says what is to be forgotten")
    return Outcome("forgotten", gone[0], "forgotten on request", gone)


def _of_the_user(new: Memory, now: datetime) -> Effects[list[Memory]]:
    """Return the memories that are told where something is said, but for those that an application wrote."""
    everything: dict[str, Any] = {"everything": False, "limit": _ALL, "offset": 0}
    known = yield from memories_of_owner(new.owner_id, now, Wanted(), **everything)
    scopes = visible_from(new.scope)
    return [one for one in known if one.source.actor is not None and one.scope in scopes]


_ALL = 1_000_000


def _in_slot(new: Memory, now: datetime) -> Effects[list[Memory]]:
    """Return the live memories of the same scope and slot, of whatever type."""
    params = {"partition": owner_partition(new.owner_id), "scope": new.scope, "now": to_microseconds(now)}
    rows = yield Query("live_in_slots", params)
    return [one for one in memories_in(rows) if one.slot == new.slot]


def _is_compared(proposal: Proposal, known: Sequence[Memory]) -> bool:
    """Return whether to look for the same in other words: what has no slot, is no event, and is not known."""
    new = proposal.memory
    words = fingerprint(new.content)
    if not proposal.compared or new.slot is not None or proposal.kind.update == "append":
        return False
    return not any(one.slot is None and fingerprint(one.content) == words for one in known)


def _with_value(new: Memory, known: Sequence[Memory]) -> list[Memory]:
    """Return those in the slot of a statement that holds no longer that have the value it names."""
    value = (new.content_json or {}).get("value")
    return holding_value(known, [str(value)]) if new.slot is not None and value is not None else []


def settle(
    decision: Decision,
    vectors: Vectors,
    retracted: Sequence[Memory],
    origin: Origin,
    now: datetime,
    corpus: Row | None = None,
) -> Effects[Outcome]:
    """Write what was decided, as a part of another plan; `retracted` lose their place too.

    `corpus` is what is noted of the owner's partition now, where that was read.
    """
    memory, reason = decision.memory, decision.reason
    if decision.refused:
        return Outcome("refused", None, f"{decision.refused}: {reason}")
    if decision.retires:
        gone = yield from retire(decision.retires, None, reason, origin, now)
        return Outcome("retired", gone[0], reason, gone)
    if decision.reinforces is not None:
        beaten = (*decision.supersedes, *retracted)
        kept = yield from _standing_alone(memory, beaten, now)
        yield from rewrite(kept, "reinforced", reason, origin, now)
        superseded = yield from retire(beaten, kept, reason, origin, now)
        return Outcome("superseded" if superseded else "reinforced", kept, reason, superseded)
    return (yield from _add(decision, vectors, retracted, origin, now, corpus))


def _add(
    decision: Decision,
    vectors: Vectors,
    retracted: Sequence[Memory],
    origin: Origin,
    now: datetime,
    corpus: Row | None,
) -> Effects[Outcome]:
    """Add a memory, retire those whose place it takes, and mark those that it contradicts."""
    new, reason = decision.memory, decision.reason
    beaten = (*decision.supersedes, *retracted)
    gone = {memory.id for memory in beaten}
    against = tuple(memory for memory in decision.conflicts if memory.id not in gone)
    new = inheriting(in_conflict(new, group_of(against)), decision.supersedes)
    yield from insert_row(memory_columns(new), vectors, corpus=corpus)
    yield from record(new, "added", reason, origin, now)
    yield from marking.lift(new)
    superseded = (yield from retire(beaten, new, reason, origin, now)) if beaten else ()
    marked = (yield from mark(against, new, reason, now)) if against else ()
    action: Action = "conflict" if marked else "superseded" if superseded else "added"
    return Outcome(action, new, reason, superseded, marked)


def known_about(new: Memory, now: datetime) -> Effects[list[Memory]]:
    """Return the live memories in the new one's slot, or with its words where it has no slot."""
    return (yield from _about(new, now))[1]


def _about(new: Memory, now: datetime) -> Effects[tuple[Row | None, list[Memory]]]:
    """Return what is noted of the owner's partition, when there is one, and what is known about a new memory."""
    partition = owner_partition(new.owner_id)
    found = yield Query(
        "live_about",
        {
            "partition": partition,
            "scope": new.scope,
            "memory_type": new.memory_type,
            "slot": new.slot,
            "fingerprint": fingerprint(new.content),
            "now": to_microseconds(now),
        },
    )
    if not found:
        return None, []
    numbers = json.loads(found[0]["about"])
    return found[0], list((yield from numbered(partition, numbers)).values()) if numbers else []


def _holding(new: Memory, values: Sequence[str], now: datetime) -> Effects[tuple[Memory, ...]]:
    """Return the live memories of the same scope that hold one of the retracted values."""
    if not values:
        return ()
    params = {"partition": owner_partition(new.owner_id), "scope": new.scope, "now": to_microseconds(now)}
    rows = yield Query("live_in_slots", params)
    held = holding_value(memories_in(rows), values)
    return tuple(
        one for one in held if may_replace(new, one) and not said_later(one, new) and not of_two_people(one, new)
    )


def rewrite(memory: Memory, action: str, reason: str, origin: Origin, now: datetime) -> Effects[None]:
    """Write a memory whose words stay as they are, with a line of audit."""
    (row,) = yield Query("memory", {"partition": owner_partition(memory.owner_id), "id": memory.id})
    yield from rewrite_row(row, memory_columns(memory), None)
    yield from record(memory, action, reason, origin, now)


def retire(
    old: Sequence[Memory], new: Memory | None, reason: str, origin: Origin, now: datetime
) -> Effects[tuple[Memory, ...]]:
    """Retire `old` in favour of `new`, or of nothing, in the transaction that decides it."""
    retired = {memory.id: memory for memory in old if new is None or memory.id != new.id}
    successor = None if new is None else new.id
    for memory in retired.values():
        params = {"partition": owner_partition(memory.owner_id), "id": memory.id, "superseded_by": successor}
        yield Query("supersede_memory", {**params, "now": to_microseconds(now)})
        yield from record(memory, "retired" if new is None else "superseded", reason, origin, now)
        yield from _leave_marks(memory, new, now)
        if new is None or compare(memory.content, new.content).kind != "same":
            yield from amend_summaries([memory], now, for_good=False)
    yield from settle_conflicts(retired.values(), now)
    return tuple(
        memory.model_copy(update={"superseded_by": successor, "superseded_at": now, "updated_at": now})
        for memory in retired.values()
    )


def amend_summaries(gone: Sequence[Memory], now: datetime, *, for_good: bool) -> Effects[None]:
    """Let the summaries of sessions not tell some memories of one owner any more, whichever sessions told them.

    What is forgotten `for_good` leaves no earlier state of a summary that told it.
    """
    told = [one for one in gone if one.memory_type != _SUMMARY]
    if not told:
        return
    for row in (yield Query("summaries", {"partition": owner_partition(told[0].owner_id)})):
        summary = Memory.remains(row)
        if (for_good or not summary.superseded) and may_tell(summary.content, told):
            yield from _retell(summary, told, now, for_good=for_good)


def _retell(summary: Memory, gone: Sequence[Memory], now: datetime, *, for_good: bool) -> Effects[None]:
    left = retold(summary, gone)
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
        yield from amend_summaries([before], now, for_good=False)


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


def _standing_alone(memory: Memory, beaten: Sequence[Memory], now: datetime) -> Effects[Memory]:
    """Return a memory as it is once `beaten` have lost their place: perhaps nothing contradicts it any more."""
    if memory.conflict_id is None or not beaten:
        return memory
    gone = {one.id for one in beaten}
    left = yield from contradicting(memory.owner_id, memory.conflict_id, now)
    return memory if any(one.id not in gone | {memory.id} for one in left) else in_conflict(memory, None)


def _mark(memory: Memory, group: str | None, now: datetime) -> Effects[None]:
    params = {"partition": owner_partition(memory.owner_id), "id": memory.id, "conflict_id": group}
    yield Query("mark_conflict", {**params, "now": to_microseconds(now)})


def record(memory: Memory, action: str, reason: str, origin: Origin, now: datetime) -> Effects[None]:
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
) -> Effects[None]:
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


def lose_from_receipts(memories: Sequence[Memory]) -> Effects[None]:
    """Take what is forgotten of one owner out of the receipts that name it or were asked about it."""
    partition = owner_partition(memories[0].owner_id)
    rows = yield Query("receipts_with", {"partition": partition, "needles": needles(memories)})
    for row in rows:
        body = without(json.loads(row["body"]), memories)
        yield Query("rewrite_receipt", {"partition": partition, "id": row["id"], "body": json.dumps(body)})


def drop_old_receipts(owner_id: str, policy: ReceiptPolicy, now: datetime) -> Effects[None]:
    """Remove some receipts of an owner that are older than they are kept."""
    if policy.keep_for is not None:
        before = to_microseconds(now - policy.keep_for)
        params = {"partition": owner_partition(owner_id), "before": before, "limit": _DROPPED_AT_ONCE}
        yield Query("delete_old_receipts", params)


@reads
def memory(memory_id: str, owner_id: str) -> Effects[Memory]:
    """Return one memory of an owner, live or not; raises MemoryNotFoundError."""
    return (yield from find(memory_id, owner_id))


@reads
def history(memory_id: str, owner_id: str) -> Effects[list[Memory]]:
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
    return sorted([*edited, *versions], key=_place_in_history)


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


@writes
def forget(
    memory_id: str, owner_id: str, now: datetime, reason: str, receipt_id: str, origin: Origin = _NOBODY
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
    newest: Memory, now: datetime, reason: str, action: str = "forgotten", origin: Origin = _NOBODY
) -> Effects[int]:
    """Delete a memory and its older versions; the audit trail keeps that it was, not what it said."""
    versions = yield from with_predecessors(newest)
    if action == "forgotten":
        yield from _forget_for_good(versions, now)
    for memory in versions:
        (found,) = yield Query("memory", {"partition": owner_partition(memory.owner_id), "id": memory.id})
        yield Query("delete_item", {"partition": found["partition"], "memory_no": found["memory_no"]})
        yield Query("blank_audit", {"partition": owner_partition(memory.owner_id), "memory_id": memory.id})
        yield from record(memory, action, reason, origin, now)
    yield from settle_conflicts(versions, now)
    if action == "forgotten":
        yield from amend_summaries(versions, now, for_good=True)
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


@reads
def memories_of_owner(
    owner_id: str, now: datetime, wanted: Wanted, *, everything: bool, limit: int, offset: int
) -> Effects[list[Memory]]:
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
    return memories_in(rows)


@reads
def conflicts(owner_id: str, now: datetime, *, limit: int, offset: int) -> Effects[list[tuple[Memory, ...]]]:
    """Return a page of the groups of an owner's live memories that contradict each other."""
    params = {"partition": owner_partition(check_owner(owner_id)), "now": to_microseconds(now)}
    groups: dict[str, list[Memory]] = {}
    for row, memory in sound((yield Query("conflicts_of_owner", params))):
        groups.setdefault(row["conflict_id"], []).append(memory)
    return [tuple(group) for group in groups.values()][offset : offset + limit]


@reads
def owners(now: datetime) -> Effects[list[tuple[str, int, int]]]:
    """Return every owner with how many memories they have, and how many of them are live."""
    rows = yield Query("owners", {"now": to_microseconds(now)})
    return [(row["owner_id"], row["memories"], row["live"]) for row in rows]


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
