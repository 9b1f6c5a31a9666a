"""Promotion: ledger, memories, audit and receipt in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from langgraph_memory.checkpoints.authors import claim_messages, messages_of_others
from langgraph_memory.domain import marks
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.marks import is_unique
from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.memory_filter import Wanted
from langgraph_memory.domain.policy import Bucket, Verdict
from langgraph_memory.domain.promotion import Judged, LedgerPlace, Promoted, PromotionReport
from langgraph_memory.domain.receipts import DEFAULT_RECEIPTS, ReceiptPolicy
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.text import content_hash
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads, writes
from langgraph_memory.errors import ErasedError
from langgraph_memory.plans import marks as marking
from langgraph_memory.plans.memories import (
    Origin,
    Proposal,
    drop_old_receipts,
    memories_of_owner,
    put_receipt,
    store,
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
def promote(request: PromotionRequest, now: datetime) -> Effects[PromotionReport]:
    """Store what is promoted of messages nobody has read yet, and enter the messages in the ledger with it."""
    if request.began_at is not None:
        yield from check_not_erased(request.place.owner_id, request.began_at)
    fresh = yield from not_in_ledger(request.place, request.utterances, request.hashes)
    if not fresh:
        return PromotionReport(request.id, request.place.owner_id, request.scope, now)
    read = [_read(request, one) for one in fresh]
    yield from claim_place(request.place, fresh, now)
    yield from enter_in_ledger(request.place, read, now)
    mine = {one.message_id for one in fresh}
    wanted = [one for one in request.judged if one[0].candidate.message_id in mine]
    proposed = [
        proposal.memory
        for _, proposal in wanted
        if proposal is not None and not proposal.retires and not proposal.forgets
    ]
    gone = yield from marking.gone_since_said(proposed, request.place.thread_id, now)
    entries: list[Promoted] = []
    for judged, proposal in wanted:
        if proposal is not None and proposal.memory.id in gone:
            entries.append(Promoted(judged.candidate, _GONE))
        else:
            entries.append((yield from _settle(judged, proposal, now)))
    report = PromotionReport(request.id, request.place.owner_id, request.scope, now, tuple(entries))
    if request.receipts.kept != "off":
        owner_id = request.place.owner_id
        yield from put_receipt(owner_id, request.id, "promotion", report.to_json(), request.origin, now)
        yield from drop_old_receipts(owner_id, request.receipts, now)
    return report


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
    """Record messages, by id, the hash of their words and where they were said, as read; a part of another plan."""
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
    """Same as `unread`, as a part of another plan."""
    if not utterances:
        return []
    others = yield from messages_of_others(place.thread_id, place.owner_id)
    mine = [one for one in utterances if one.message_id not in others]
    ids = [one.message_id for one in mine]
    anywhere = [one for one in ids if is_unique(one)]
    rows = yield Query("ledger_entries", {**place_columns(place), "message_ids": ids, "anywhere": anywhere})
    known = {(row["message_id"], row["content_hash"]) for row in rows}
    digests = {one.message_id: _hash(one, hashes) for one in mine}
    fresh = [one for one in mine if (one.message_id, digests[one.message_id]) not in known]
    return (yield from marking.unmarked(place.owner_id, place.thread_id, fresh, digests))


def claim_place(place: LedgerPlace, utterances: Sequence[Utterance], now: datetime) -> Effects[None]:
    """Note that what was said is the owner's, where it was said in the thread of a run."""
    if place.is_thread and utterances:
        yield from claim_messages(place.thread_id, place.owner_id, [one.message_id for one in utterances], now)


def place_columns(place: LedgerPlace) -> dict[str, Any]:
    """Return the columns of the ledger's key that all lines of a place share."""
    return {
        "partition": owner_partition(place.owner_id),
        "thread_id": place.thread_id,
        "extractor": place.extractor,
    }


def _hash(said: Utterance, hashes: Mapping[str, str]) -> str:
    return hashes.get(said.message_id) or content_hash(said.text)
