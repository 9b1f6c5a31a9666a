"""Promotion: candidates become memories, in one transaction with the ledger, the audit log and a receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from langgraph_memory.checkpoints.owners import claim_messages, messages_of_others
from langgraph_memory.domain import marks
from langgraph_memory.domain.audit import DEFAULT_RECEIPTS, ReceiptPolicy
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.changes import found_by
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.likeness import says_it_ended
from langgraph_memory.domain.marks import is_unique
from langgraph_memory.domain.memory import Memory, Outcome, Source, make_memory
from langgraph_memory.domain.promotion import (
    Bucket,
    Judged,
    LedgerPlace,
    Promoted,
    PromotionReport,
    Verdict,
    amend,
    canonical,
    invalid,
)
from langgraph_memory.domain.scope import check_owner, check_scope, owner_partition
from langgraph_memory.domain.search.filters import Wanted
from langgraph_memory.domain.text import content_hash
from langgraph_memory.domain.times import dated, event_expires_at
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads, writes
from langgraph_memory.errors import ErasedError, InvalidInputError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.index import embed_amended
from langgraph_memory.operations.memories import memories_of_owner
from langgraph_memory.operations.remember import Proposal, own_search, store, vectors_of, with_type_rules
from langgraph_memory.operations.rows import Origin, Vectors, drop_old_receipts, put_receipt
from langgraph_memory.operations.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Heard:
    """What was judged of some messages, where they were read and hold, and where each of them was said."""

    judged: Sequence[Judged]
    utterances: Sequence[Utterance]
    place: LedgerPlace
    scope: str
    origin_of: Callable[[str], Origin]


def promote(heard: Heard, began_at: datetime | None, settings: StoreSettings) -> Effects[PromotionReport]:
    """Store what is promoted and enter what was read in the ledger, in one transaction."""
    now = settings.clock()
    request = yield from promotion_of(heard, settings, now)
    report: PromotionReport = yield store_promotion(replace(request, began_at=began_at), now)
    if any(entry.outcome is not None and entry.outcome.replaced for entry in report):
        yield from embed_amended(heard.place.owner_id, settings)
    return report


def promotion_of(heard: Heard, settings: StoreSettings, now: datetime) -> Effects[PromotionRequest]:
    """Return what is to be promoted, checked and embedded."""
    check_owner(heard.place.owner_id)
    check_scope(heard.scope)
    heard = replace(heard, judged=(yield from _with_corrections(heard, now)))
    said_at = yield from _said_at(heard)
    drawn = [_drawn(one, heard, said_at, settings, now) for one in heard.judged]
    proposals = yield from _proposals(drawn, settings)
    return PromotionRequest(
        settings.new_id(),
        heard.scope,
        heard.place,
        heard.utterances,
        [(judged, proposal) for (judged, _), proposal in zip(drawn, proposals, strict=True)],
        heard.origin_of(""),
        origins={said.message_id: heard.origin_of(said.message_id) for said in heard.utterances},
        receipts=settings.receipts,
    )


def _proposals(
    drawn: Sequence[tuple[Judged, Memory | None]], settings: StoreSettings
) -> Effects[list[Proposal | None]]:
    """Return what is asked of the store for each candidate, with vectors; None for what is not stored."""
    vectors = iter((yield from vectors_of([memory for _, memory in drawn if memory is not None], settings)))
    return [
        None if memory is None else _proposal(one.candidate, memory, next(vectors), settings) for one, memory in drawn
    ]


def _said_at(heard: Heard) -> Effects[dict[str, datetime]]:
    """Return when the messages were said of which something is to be stored: as they tell, else as the thread does."""
    own = {one.message_id: one.said_at for one in heard.utterances if one.said_at is not None}
    of = dict.fromkeys(one.candidate.message_id for one in heard.judged if one.verdict.bucket is Bucket.PROMOTE)
    known: dict[str, datetime] = yield said_at(heard.place, [one for one in of if one and one not in own])
    return {**known, **own}


def _with_corrections(heard: Heard, now: datetime) -> Effects[Sequence[Judged]]:
    """Return what was judged with each correction of a last message done to what was learnt of that."""
    judged = heard.judged
    order = [said.message_id for said in heard.utterances if said.actor == "user"]
    for one in filter(_is_correction, heard.judged):
        place_in = order.index(one.candidate.message_id) if one.candidate.message_id in order else 0
        if place_in:
            before = [each.candidate for each in judged if _is_learnt_of(each, order[place_in - 1])]
        else:
            known: list[Memory] = yield learnt_last(heard.place, now)
            before = [_as_candidate(memory) for memory in known]
        judged = amend(judged, [each is one for each in judged].index(True), before)
    return judged


def _is_correction(one: Judged) -> bool:
    return one.candidate.amends is not None and one.verdict.bucket is Bucket.PROMOTE


def _is_learnt_of(one: Judged, message_id: str) -> bool:
    candidate = one.candidate
    proposes = candidate.amends is None and not candidate.retires and not candidate.forgets
    return candidate.message_id == message_id and proposes and one.verdict.bucket is Bucket.PROMOTE


def _as_candidate(memory: Memory) -> Candidate:
    """Return what is known as the candidate that would propose it again in its place."""
    return Candidate(
        content=memory.content,
        memory_type=memory.memory_type,
        slot=memory.slot,
        content_json=memory.content_json,
        confidence=memory.confidence,
        importance=memory.importance,
        subject=memory.subject,
        extractor=memory.source.extractor or "",
        target=memory.id,
    )


def _proposal(candidate: Candidate, memory: Memory, vectors: Vectors, settings: StoreSettings) -> Proposal:
    """Return what is asked of the store for a candidate."""
    value = (candidate.content_json or {}).get("value")
    ended = bool(candidate.replaces) and says_it_ended(candidate.content) and value in (None, *candidate.replaces)
    return Proposal(
        memory,
        settings.types[memory.memory_type],
        vectors,
        candidate.replaces,
        retires=candidate.retires or (ended and candidate.target is None),
        target=candidate.target,
        forgets=candidate.forgets,
        corrects=candidate.corrects,
        changes_only=candidate.changes_only,
        message=candidate.message,
        compared=True,
        search=own_search(vectors, settings),
    )


def _drawn(
    judged: Judged, heard: Heard, said_at: Mapping[str, datetime], settings: StoreSettings, now: datetime
) -> tuple[Judged, Memory | None]:
    """Return the memory that a candidate proposes; one that cannot be a memory is discarded, and costs no other."""
    if judged.verdict.bucket is not Bucket.PROMOTE:
        return judged, None
    try:
        return judged, _draft(judged.candidate, heard, said_at.get(judged.candidate.message_id), settings, now)
    except (InvalidInputError, RecursionError):
        return invalid(judged), None


def _draft(
    candidate: Candidate, heard: Heard, said_at: datetime | None, settings: StoreSettings, now: datetime
) -> Memory:
    """Return the memory that a promoted candidate proposes."""
    slot, memory_type = canonical(candidate.slot, candidate.memory_type)
    kind = settings.types[memory_type]
    moment = said_at or now
    told = dated(candidate.content, moment)
    memory = make_memory(
        id=settings.new_id(),
        owner_id=heard.place.owner_id,
        scope=heard.scope,
        memory_type=kind.name,
        slot=slot,
        content=told.content,
        content_json=None if candidate.content_json is None else dict(candidate.content_json),
        source=_source_of(candidate, heard, said_at),
        subject=candidate.subject,
        context=candidate.context or found_by(candidate.content),
        confidence=candidate.confidence,
        importance=candidate.importance,
        valid_from=told.valid_from,
        expires_at=told.expires_at or (event_expires_at(told.happens, moment) if kind.name == "event" else None),
        created_at=now,
        updated_at=now,
        last_verified_at=now,
    )
    return with_type_rules(memory, kind, now)


def _source_of(candidate: Candidate, heard: Heard, said_at: datetime | None) -> Source:
    """Return who said in which message what a candidate proposes."""
    origin = heard.origin_of(candidate.message_id)
    names = {said.message_id: said.name for said in heard.utterances}
    return Source(
        thread_id=origin.thread_id,
        checkpoint_id=origin.checkpoint_id,
        run_id=origin.run_id,
        message_ids=(candidate.message_id,) if candidate.message_id else (),
        excerpt=candidate.excerpt or None,
        actor=candidate.actor,
        name=names.get(candidate.message_id),
        extractor=candidate.extractor or heard.place.extractor,
        said_at=said_at,
    )


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """Everything one promotion decided before its transaction: what was read, and what becomes of each candidate.

    `hashes` are those of the words as they were said, by message, where the utterances no longer have them.
    """

    id: str
    scope: str
    place: LedgerPlace
    utterances: Sequence[Utterance]
    judged: Sequence[tuple[Judged, Proposal | None]]
    origin: Origin
    receipts: ReceiptPolicy = DEFAULT_RECEIPTS
    hashes: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    began_at: datetime | None = None


@reads
def unread(place: LedgerPlace, utterances: Sequence[Utterance]) -> Effects[list[Utterance]]:
    """Return the owner's utterances that the ledger does not know, in their order."""
    return (yield from not_in_ledger(place, utterances))


@writes
def store_promotion(request: PromotionRequest, now: datetime) -> Effects[PromotionReport]:
    """Store what is promoted of messages nobody has read yet, and enter the messages in the ledger with it."""
    if request.began_at is not None:
        yield from check_not_erased(request.place.owner_id, request.began_at)
    fresh = yield from not_in_ledger(request.place, request.utterances, request.hashes)
    if not fresh:
        return PromotionReport(request.id, request.place.owner_id, request.scope, now)
    yield from claim_place(request.place, fresh, now)
    yield from enter_in_ledger(request.place, [_read(request, one) for one in fresh], now)
    entries = yield from _settle_all(request, {one.message_id for one in fresh}, now)
    report = PromotionReport(request.id, request.place.owner_id, request.scope, now, tuple(entries))
    if request.receipts.kept != "off":
        owner_id = request.place.owner_id
        yield from put_receipt(owner_id, request.id, "promotion", report.to_json(), request.origin, now)
        yield from drop_old_receipts(owner_id, request.receipts, now)
    return report


def _settle_all(request: PromotionRequest, mine: Set[str], now: datetime) -> Effects[list[Promoted]]:
    """Store what was judged of some messages, but for what was forgotten or replaced after it had been said."""
    wanted = [one for one in request.judged if one[0].candidate.message_id in mine]
    proposed = [proposal.memory for _, proposal in wanted if proposal is not None and proposal.adds]
    gone = yield from marking.gone_since_said(proposed, request.place.thread_id, now)
    entries: list[Promoted] = []
    for judged, proposal in wanted:
        if proposal is not None and proposal.memory.id in gone:
            entries.append(Promoted(judged.candidate, _GONE))
        else:
            entries.append((yield from _settle(judged, proposal, now)))
    return entries


_GONE = Verdict(Bucket.DISCARD, "gone_since", "It was forgotten or replaced after it had been said.")


def check_not_erased(owner_id: str, began_at: datetime) -> Effects[None]:
    """Raise ErasedError when an owner was erased since the messages at hand were begun to be read."""
    erased = yield from marking.left([marks.erased(owner_id)])
    if any(at > to_microseconds(began_at) for at in erased.values()):
        raise ErasedError(
            f"owner {owner_id!r} was erased while their messages were being read, so that nothing of it was stored; "
            "what is said from now on counts."
        )


@reads
def learnt_last(place: LedgerPlace, now: datetime) -> Effects[list[Memory]]:
    """Return the live memories of the message that was read last in a thread; none where it told nothing."""
    lines = yield Query("last_read", place_columns(place))
    read_last = {row["message_id"] for row in lines}
    newest = yield from memories_of_owner(place.owner_id, now, Wanted(), everything=False, limit=_NEWEST, offset=0)
    found = [one for one in newest if read_last & set(one.source.message_ids)]
    return [one for one in found if one.source.message_ids == found[0].source.message_ids]


_NEWEST = 20
"""How many of an owner's newest memories are looked through for those of the last message."""


@reads
def said_at(place: LedgerPlace, message_ids: Sequence[str]) -> Effects[dict[str, datetime]]:
    """Return since when some messages of a thread are known; what is not known of is said now."""
    if not message_ids:
        return {}
    rows = yield Query("said_at", {"thread_id": place.thread_id, "message_ids": list(message_ids)})
    return {row["message_id"]: from_microseconds(row["said_at"]) for row in rows}


def _settle(judged: Judged, proposal: Proposal | None, now: datetime) -> Effects[Promoted]:
    if proposal is None:
        return Promoted(judged.candidate, judged.verdict)
    outcome: Outcome = yield from store(proposal, now)
    if outcome.memory is None:
        reason, _, explanation = outcome.reason.partition(": ")
        return Promoted(judged.candidate, Verdict(Bucket.KEEP_IN_SESSION, reason, _sentence(explanation)))
    return Promoted(judged.candidate, judged.verdict, outcome)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def enter_in_ledger(place: LedgerPlace, read: Sequence[tuple[str, str, Origin]], now: datetime) -> Effects[None]:
    """Record messages as read: id, hash of the words, and where they were said; a part of another operation."""
    claims = [
        {
            "message_id": message_id,
            "content_hash": digest,
            "checkpoint_id": origin.checkpoint_id,
            "run_id": origin.run_id,
        }
        for message_id, digest, origin in read
    ]
    yield Query("enter_in_ledger", {**place_columns(place), "now": to_microseconds(now)}, claims)


def _read(request: PromotionRequest, said: Utterance) -> tuple[str, str, Origin]:
    return said.message_id, _hash(said, request.hashes), request.origins.get(said.message_id, request.origin)


def not_in_ledger(
    place: LedgerPlace, utterances: Sequence[Utterance], hashes: Mapping[str, str] = MappingProxyType({})
) -> Effects[list[Utterance]]:
    """Same as `unread`, as a part of another operation."""
    if not utterances:
        return []
    others = yield from messages_of_others(place.thread_id, place.owner_id)
    mine = [one for one in utterances if one.message_id not in others]
    known = yield from _ledger_entries(place, [one.message_id for one in mine])
    digests = {one.message_id: _hash(one, hashes) for one in mine}
    fresh = [one for one in mine if (one.message_id, digests[one.message_id]) not in known]
    return (yield from marking.unmarked(place.owner_id, place.thread_id, fresh, digests))


def _ledger_entries(place: LedgerPlace, message_ids: Sequence[str]) -> Effects[set[tuple[str, str]]]:
    """Return the ids and hashes of those messages that the ledger knows."""
    asked = {"message_ids": message_ids, "anywhere": [one for one in message_ids if is_unique(one)]}
    rows = yield Query("ledger_entries", {**place_columns(place), **asked})
    return {(row["message_id"], row["content_hash"]) for row in rows}


def claim_place(place: LedgerPlace, utterances: Sequence[Utterance], now: datetime) -> Effects[None]:
    """Note that what was said is the owner's, where it was said in the thread of a run."""
    if place.is_thread and utterances:
        yield from claim_messages(place.thread_id, place.owner_id, [one.message_id for one in utterances], now)


def place_columns(place: LedgerPlace) -> dict[str, Any]:
    """Return the columns of the ledger's key that all lines of a place share."""
    return {"partition": owner_partition(place.owner_id), "thread_id": place.thread_id, "extractor": place.extractor}


def _hash(said: Utterance, hashes: Mapping[str, str]) -> str:
    return hashes.get(said.message_id) or content_hash(said.text)
