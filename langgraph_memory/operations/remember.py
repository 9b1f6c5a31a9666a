"""Remembering: what is to be stored is checked, embedded, compared with what is known, and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import datetime
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.changes import found_by, may_replace, read, replaced_by
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.guard import Refusal, admit, refused
from langgraph_memory.domain.memory import (
    Action,
    Injected,
    Memory,
    Outcome,
    Source,
    make_memory,
)
from langgraph_memory.domain.outdated import DENIED, LIKELY, likely_replaced_by
from langgraph_memory.domain.reconcile import (
    LOWER_STANDING,
    Decision,
    denying,
    holding_value,
    in_conflict,
    inheriting,
    outranks,
    overrides,
    reconcile,
    retiring,
    said_before,
    said_later,
    same_message,
)
from langgraph_memory.domain.scope import GLOBAL, owner_partition, visible_from
from langgraph_memory.domain.search.filters import Wanted
from langgraph_memory.domain.search.vectors import VectorSearch
from langgraph_memory.domain.text import fingerprint
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.domain.whose import of_two_people
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, writes
from langgraph_memory.errors import InvalidMemoryError, MissingOwnerError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.forget import contradicting, forget_versions, group_of, mark, retire
from langgraph_memory.operations.index import embed_amended, embed_fields
from langgraph_memory.operations.memories import _find, memories_of_owner
from langgraph_memory.operations.neighbours import mentioning_any, numbered, similar_to
from langgraph_memory.operations.rows import (
    By,
    Vectors,
    embedded_texts,
    insert_row,
    memories_in,
    memory_columns,
    record,
    rewrite_row,
)
from langgraph_memory.operations.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Proposal:
    """A memory to store, its type's rules, its vectors, and the values the speaker says no longer hold.

    With `retires` it says that something ended, with `forgets` what says the same is deleted. `corrects` marks an
    explicit correction; what `changes_only` is stored where it takes the place of something. `message` is the whole of
    what was said with it, `target` the id of the one memory that this is done with, where that is known. Unless
    `compared`, only the same words and the same slot count; `search` holds the memory's own vector, to compare it by.
    """

    memory: Memory
    kind: MemoryType
    vectors: Vectors = ()
    replaces: tuple[str, ...] = ()
    retires: bool = False
    forgets: bool = False
    corrects: bool = False
    changes_only: bool = False
    message: str = ""
    target: str | None = None
    compared: bool = False
    search: VectorSearch | None = None

    @property
    def adds(self) -> bool:
        """Whether it says what holds, and not what does so no longer."""
        return not self.retires and not self.forgets


NOTHING_TO_CHANGE = "nothing_to_change"
"""The reason why what only told of a change is not stored: nothing known is changed by it."""
NOTHING_TO_FORGET = "nothing_to_forget"
"""The reason why "forget that" changes nothing: what it names is not known."""
_UNKNOWN = Source()


@dataclass(frozen=True, slots=True)
class NewMemory:
    """What is to be remembered, as a caller asks for it; what is not named has its default."""

    content: str
    owner_id: str
    scope: str = GLOBAL
    memory_type: str = "fact"
    slot: str | None = None
    content_json: Mapping[str, Any] | None = None
    source: Source | None = None
    confidence: float = 1.0
    importance: float = 0.5
    valid_from: datetime | None = None
    expires_at: datetime | None = None
    subject: str | None = None
    context: str | None = None
    tags: Sequence[str] = ()
    injection: Injected | None = None
    protected: bool | None = None

    def record(self, kind: MemoryType, settings: StoreSettings, now: datetime) -> Memory:
        """Return the memory, with what its type gives it; raises InvalidMemoryError."""
        fields = {each.name: getattr(self, each.name) for each in dataclass_fields(self)}
        if self.protected is None:
            del fields["protected"]
        fields |= {"memory_type": kind.name, "source": self.source or _UNKNOWN, "tags": _tags(self.tags)}
        fields["content_json"] = as_dict(self.content_json)
        identity = {"id": settings.new_id(), "created_at": now, "updated_at": now}
        return with_type_rules(make_memory(**fields, **identity), kind, now)


def as_dict(content_json: Any) -> Any:
    """Return a mapping as the record has it; what is none is left for the record to refuse."""
    return dict(content_json) if isinstance(content_json, Mapping) else content_json


def remember(wanted: NewMemory, settings: StoreSettings) -> Effects[Outcome]:
    """Store what is said, or confirm or supersede what is known about it, unless the guard refuses it."""
    now, kind = settings.clock(), settings.types[wanted.memory_type]
    return _remember(wanted.record(kind, settings, now), kind, settings, now, compared=True)


def remember_record(memory: Memory, owner_id: str, settings: StoreSettings) -> Effects[Outcome]:
    """Store a finished record as it is, compared by its slot and its very words alone."""
    wanted, kind = _finished(memory, owner_id, settings)
    return _remember(wanted, kind, settings, settings.clock(), compared=False)


def _remember(
    wanted: Memory, kind: MemoryType, settings: StoreSettings, now: datetime, *, compared: bool
) -> Effects[Outcome]:
    memory = admit(wanted, settings.guard)
    if isinstance(memory, Refusal):
        return refused(memory)
    (vectors,) = yield from vectors_of([memory], settings)
    search = own_search(vectors, settings) if compared else None
    outcome: Outcome = yield stored(Proposal(memory, kind, vectors, compared=compared, search=search), now)
    if outcome.replaced:
        yield from embed_amended(memory.owner_id, settings)
    return outcome


def proposal_of_put(
    place: tuple[str, str], key: str, value: Mapping[str, Any], vectors: Vectors, settings: StoreSettings
) -> Proposal:
    """Return the memory that a put of the store asks for, at an owner and scope.

    Raises InvalidMemoryError, MissingOwnerError, InvalidScopeError or UnknownMemoryTypeError: why it can be none.
    """
    now, (owner_id, scope) = settings.clock(), place
    kind = settings.types[value.get("memory_type", "fact")]
    own: dict[str, Any] = {"id": key, "owner_id": owner_id, "scope": scope}
    for name, here in own.items():
        if value.get(name, here) != here:
            raise InvalidMemoryError(f"{key!r} names another {name} than its place, which is of {here!r}.")
    times = {"created_at": now, "updated_at": now}
    memory = admit(
        with_type_rules(make_memory(**{**times, **value, **own, "memory_type": kind.name}), kind, now), settings.guard
    )
    if isinstance(memory, Refusal):
        raise InvalidMemoryError(f"{key!r} was not stored among the memories: {memory.explanation}")
    return Proposal(memory, kind, vectors, compared=True, search=own_search(vectors, settings))


def own_search(vectors: Vectors, settings: StoreSettings) -> VectorSearch | None:
    """Return the search for what means the same as a memory of these vectors, when there is an index."""
    own = next((vector for name, vector in vectors if name == "content"), None)
    return None if own is None else settings.vector_search(own)


def _tags(tags: Any) -> tuple[str, ...]:
    """Return tags as the record has them; one text is no list of tags."""
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise InvalidMemoryError(f"tags must be a list such as ['work'], not {tags!r}.")
    return tuple(tags)


def _finished(memory: Memory, owner_id: str, settings: StoreSettings) -> tuple[Memory, MemoryType]:
    """Return a finished record as it was passed, with its type's canonical name, and the type."""
    if owner_id != memory.owner_id:
        raise MissingOwnerError(f"owner_id {owner_id!r} is not the memory's owner {memory.owner_id!r}.")
    kind = settings.types[memory.memory_type]
    if memory.superseded:
        raise InvalidMemoryError(f"memory {memory.id} is superseded; remember() takes what holds now.")
    return memory.model_copy(update={"memory_type": kind.name}), kind


def with_type_rules(memory: Memory, kind: MemoryType, now: datetime) -> Memory:
    """Return `memory` with the expiry and the slot that its type gives it where it has none."""
    update: dict[str, Any] = {}
    if memory.expires_at is None and kind.expires_after is not None:
        update["expires_at"] = now + kind.expires_after
    if memory.slot is None and kind.slot_per_thread and memory.source.thread_id:
        update["slot"] = f"thread:{memory.source.thread_id}"
    return memory.model_copy(update=update) if update else memory


def vectors_of(wanted: Sequence[Memory], settings: StoreSettings) -> Effects[list[Vectors]]:
    """Embed some memories: the content, the passages of a long one, and the context."""
    if settings.embedder is None:
        return [()] * len(wanted)
    texts = [embedded_texts(memory.content, memory.context, memory.slot) for memory in wanted]
    return (yield from embed_fields(texts, settings))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known beside a proposal: the owner's partition, what is about the same thing, the one it is done with."""

    new: Memory
    proposal: Proposal
    corpus: Row | None
    about: Sequence[Memory]
    target: tuple[Memory, ...]
    now: datetime


def store(proposal: Proposal, now: datetime) -> Effects[Outcome]:
    """Store one memory, or confirm or supersede what is known, as a part of another operation."""
    new = proposal.memory
    corpus, about = yield from _about(new, now)
    same_person = [one for one in about if not of_two_people(one, new)]
    target = (yield from _target(new, proposal.target)) if proposal.target is not None else ()
    known = _Known(new, proposal, corpus, same_person, target, now)
    if proposal.forgets:
        return (yield from _forget_what_says(known))
    return (yield from _retire_what_says(known) if proposal.retires else _add_or_confirm(known))


def _retire_what_says(known: _Known) -> Effects[Outcome]:
    """Retire what a statement says to hold no longer; what the user denies of nothing known is kept as a denial."""
    new, proposal, now = known.new, known.proposal, known.now
    if known.target:
        return (yield from settle(retiring(new, known.target, ()), proposal.vectors, (), new.source, now))
    retracted = yield from _holding(new, proposal.replaces, now)
    about = [one for one in known.about if not said_later(one, new)]
    similar = yield from similar_to(new, proposal.search, known.corpus, now)
    before = [one for one in similar if not said_later(one.memory, new)]
    decision = retiring(new, (*_with_value(new, about), *retracted), before)
    over = [one for one, _ in _holding_no_longer(proposal, (yield from _told_beside(known)))]
    if _is_denial(decision):
        gone = tuple({one.id: one for one in (*decision.retires, *over)}.values())
        decision = denying(_found_by_what_went(new, gone), about, gone, now)
    return (yield from settle(decision, proposal.vectors, (), new.source, now, known.corpus))


def _is_denial(decision: Decision) -> bool:
    """Return whether a user says that something is not so, which may then take the place of what said it."""
    by_user = decision.memory.source.actor == "user"
    return by_user and decision.refused != LOWER_STANDING and not decision.conflicts


def _add_or_confirm(known: _Known) -> Effects[Outcome]:
    """Add a memory, in place of or beside what it contradicts, or confirm the one that says the same."""
    new, proposal, now = known.new, known.proposal, known.now
    retracted = (*(yield from _holding(new, proposal.replaces, now)), *known.target)
    compared = _is_compared(proposal, known.about)
    similar = (yield from similar_to(new, proposal.search, known.corpus, now)) if compared else []
    beside = yield from _told_beside(known)
    if (since := _said_otherwise_since(new, beside)) is not None:
        return (yield from settle(said_before(new, since), (), (), new.source, now))
    over = _holding_no_longer(proposal, beside)
    if proposal.changes_only and not over and not retracted:
        return Outcome("refused", None, f"{NOTHING_TO_CHANGE}: nothing known is changed by it")
    corrects = proposal.corrects or bool(proposal.replaces)
    decision = reconcile(new, known.about, proposal.kind, now, similar, corrects=corrects)
    decision = _with_reason_of_change(decision, over)
    allowed = _replaceable(decision, (*retracted, *(one for one, _ in over)), new)
    return (yield from settle(decision, proposal.vectors, allowed, new.source, now, known.corpus))


def _said_otherwise_since(new: Memory, beside: Sequence[Memory]) -> Memory | None:
    """Return what was said later than a memory and takes its place."""
    return next((one for one in beside if said_later(one, new) and replaced_by(one, [new])), None)


def _with_reason_of_change(decision: Decision, over: Sequence[tuple[Memory, str]]) -> Decision:
    """Return the decision to add a memory with why another holds no longer, by whose words it is found too."""
    if not over or decision.reinforces is not None:
        return decision
    memory = _found_by_what_went(decision.memory, [one for one, _ in over])
    return replace(decision, reason=decision.reason if decision.supersedes else over[0][1], memory=memory)


def _replaceable(decision: Decision, retracted: Sequence[Memory], new: Memory) -> tuple[Memory, ...]:
    """Return those that are to lose their place and may: no higher source said them, and they are not confirmed."""
    allowed = {one.id: one for one in retracted if not outranks(one, new)}
    if decision.reinforces is not None:
        allowed.pop(decision.reinforces.id, None)
    return tuple(allowed.values())


stored = writes(store)
"""`store`, as a transaction of its own."""


def _found_by_what_went(new: Memory, gone: Sequence[Memory]) -> Memory:
    """Return a memory that is found by the words of what it takes the place of too."""
    replaced = [f"{one.content} {_SLOT_JOINS.sub(' ', one.slot or '')}" for one in gone]
    return new.model_copy(update={"context": found_by(new.content, replaced)})


_SLOT_JOINS = re.compile(r"[._-]")


def _told_beside(known: _Known) -> Effects[list[Memory]]:
    """Return what is known that could be about the same thing as what a user says."""
    new, proposal = known.new, known.proposal
    if not proposal.compared or new.source.actor != "user" or proposal.kind.name in ("summary", "reflection"):
        return []
    beside = yield from mentioning_any(new, known.corpus, _terms_of(proposal), known.now)
    return [one for one in beside if not same_message(one, new) and not of_two_people(one, new)]


def _terms_of(proposal: Proposal) -> list[str]:
    """Return the terms by which is found what a statement is told beside, those of its whole message too."""
    readings = [read(one.content) for one in _as_said(proposal)]
    readings += [read(proposal.message)] if proposal.message else []
    return list(dict.fromkeys(term for reading in readings for term in (*reading.terms, *sorted(reading.stems))))


def _as_said(proposal: Proposal) -> list[Memory]:
    """Return a statement, and where the rules' own words for it are wider than what was said, that too."""
    new = proposal.memory
    if not (proposal.retires and new.source.excerpt):
        return [new]
    return [new, new.model_copy(update={"content": new.source.excerpt})]


def _holding_no_longer(proposal: Proposal, beside: Sequence[Memory]) -> list[tuple[Memory, str]]:
    """Return what was said of the same thing, and holds no longer once the new memory is said, with the reasons."""
    if not beside:
        return []
    new, said = proposal.memory, _as_said(proposal)
    others = [one for one in beside if not said_later(one, new)]
    found = [pair for one in said for pair in replaced_by(one, others)] or _most_likely(proposal, others)
    return [(one, why) for one, why in found if one.source.actor is not None and overrides(new, one)]


def _most_likely(proposal: Proposal, others: Sequence[Memory]) -> list[tuple[Memory, str]]:
    least = DENIED if proposal.retires else LIKELY  # what "no longer" denies is told by its value
    return likely_replaced_by(proposal.memory, others, message=proposal.message, least=least)


def _target(new: Memory, memory_id: str) -> Effects[tuple[Memory, ...]]:
    """Return the one live memory of the same scope that something is to be done with."""
    found = yield from _find(memory_id, new.owner_id)
    return () if found is None or found.superseded or found.scope != new.scope else (found,)


def _forget_what_says(known: _Known) -> Effects[Outcome]:
    """Delete what says what is to be forgotten, and leave marks of that whether it was known or not."""
    new, now = known.new, known.now
    gone = tuple(
        one for one in (yield from _to_be_forgotten(known)) if not outranks(one, new) and not said_later(one, new)
    )
    for one in gone:
        yield from forget_versions(one, now, "forgotten on request", origin=new.source)
    yield from marking.leave(new.owner_id, [marks.forgot(new.owner_id), *marks.told(new)], now)
    if not gone:
        return Outcome("refused", None, f"{NOTHING_TO_FORGET}: nothing known says what is to be forgotten")
    return Outcome("forgotten", gone[0], "forgotten on request", gone)


def _to_be_forgotten(known: _Known) -> Effects[list[Memory]]:
    """Return the memories that say what is to be forgotten, each once."""
    new, proposal, now = known.new, known.proposal, known.now
    similar = yield from similar_to(new, proposal.search, known.corpus, now)
    in_slot = yield from _in_slot(new, now)
    found = [*known.target, *(yield from _holding(new, proposal.replaces, now))]
    found += [one.memory for one in similar if one.likeness.kind == "same"]
    found += [one for one in known.about if fingerprint(one.content) == fingerprint(new.content)]
    payload = new.content_json or {}
    if payload.get("everything"):
        found += yield from _of_the_user(new, now)
    value = payload.get("value")
    found += in_slot if value is None else holding_value(in_slot, [str(value)])
    return list({one.id: one for one in found}.values())


def _of_the_user(new: Memory, now: datetime) -> Effects[list[Memory]]:
    """Return the memories that are told where something is said, but for those that an application wrote."""
    everything: dict[str, Any] = {"everything": False, "limit": _ALL, "offset": 0}
    known = yield from memories_of_owner(new.owner_id, now, Wanted(), **everything)
    scopes = visible_from(new.scope)
    return [one for one in known if one.source.actor is not None and one.scope in scopes]


_ALL = 1_000_000


def _in_slot(new: Memory, now: datetime) -> Effects[list[Memory]]:
    """Return the live memories of the same scope, slot and person, of whatever type."""
    if new.slot is None:
        return []
    params = {"partition": owner_partition(new.owner_id), "scope": new.scope, "now": to_microseconds(now)}
    rows = yield Query("live_in_slots", params)
    return [one for one in memories_in(rows) if one.slot == new.slot and not of_two_people(one, new)]


def _is_compared(proposal: Proposal, known: Sequence[Memory]) -> bool:
    """Return whether to look for the same in other words: what has no slot, is no event, and is not known."""
    new = proposal.memory
    if not proposal.compared or new.slot is not None or proposal.kind.update == "append":
        return False
    return not any(one.slot is None and fingerprint(one.content) == fingerprint(new.content) for one in known)


def _with_value(new: Memory, known: Sequence[Memory]) -> list[Memory]:
    """Return those in the slot of a statement that holds no longer that have the value it names."""
    value = (new.content_json or {}).get("value")
    return holding_value(known, [str(value)]) if new.slot is not None and value is not None else []


def settle(
    decision: Decision,
    vectors: Vectors,
    retracted: Sequence[Memory],
    origin: By,
    now: datetime,
    corpus: Row | None = None,
) -> Effects[Outcome]:
    """Write what was decided, as a part of another operation; `retracted` lose their place too.

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
    origin: By,
    now: datetime,
    corpus: Row | None,
) -> Effects[Outcome]:
    """Add a memory, retire those whose place it takes, and mark those that it contradicts."""
    new, reason = decision.memory, decision.reason
    beaten = (*decision.supersedes, *retracted)
    gone = {memory.id for memory in beaten}
    against = tuple(memory for memory in decision.conflicts if memory.id not in gone)
    new = in_conflict(new, group_of(against)) if against else new
    new = inheriting(new, decision.supersedes) if decision.supersedes else new
    yield from insert_row(memory_columns(new), vectors, corpus=corpus)
    yield from record(new, "added", reason, origin, now)
    yield from marking.lift_all(new.owner_id, marks.told(new))
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


def rewrite(memory: Memory, action: str, reason: str, origin: By, now: datetime) -> Effects[None]:
    """Write a memory whose words stay as they are, with a line of audit."""
    (row,) = yield Query("memory", {"partition": owner_partition(memory.owner_id), "id": memory.id})
    yield from rewrite_row(row, memory_columns(memory), None)
    yield from record(memory, action, reason, origin, now)


def _standing_alone(memory: Memory, beaten: Sequence[Memory], now: datetime) -> Effects[Memory]:
    """Return a memory as it is once `beaten` have lost their place: perhaps nothing contradicts it any more."""
    if memory.conflict_id is None or not beaten:
        return memory
    gone = {one.id for one in beaten}
    left = yield from contradicting(memory.owner_id, memory.conflict_id, now)
    return memory if any(one.id not in gone | {memory.id} for one in left) else in_conflict(memory, None)
