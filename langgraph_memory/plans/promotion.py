"""Promotion: ledger, memories, audit and receipt in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Outcome
from langgraph_memory.domain.policy import Bucket, Verdict
from langgraph_memory.domain.promotion import Judged, LedgerPlace, Promoted, PromotionReport
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.text import content_hash
from langgraph_memory.engine.query import Plan, Query, reads, writes
from langgraph_memory.plans.memories import Origin, Proposal, put_receipt, store


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """Everything one promotion decided before its transaction: what was read, and what becomes of each candidate."""

    id: str
    scope: str
    place: LedgerPlace
    utterances: Sequence[Utterance]
    judged: Sequence[tuple[Judged, Proposal | None]]
    origin: Origin


@reads
def unread(place: LedgerPlace, utterances: Sequence[Utterance]) -> Plan[list[Utterance]]:
    """Return the utterances that the ledger does not know, in their order."""
    return (yield from _unread(place, utterances))


@writes
def promote(request: PromotionRequest, now: datetime) -> Plan[PromotionReport]:
    """Store what is promoted of messages nobody has read yet, and enter the messages in the ledger with it."""
    fresh = yield from _unread(request.place, request.utterances)
    if not fresh:
        return PromotionReport(request.id, request.place.owner_id, request.scope, now)
    claims = [{"message_id": one.message_id, "content_hash": content_hash(one.text)} for one in fresh]
    yield Query("enter_in_ledger", {**_columns(request.place), "now": to_microseconds(now)}, claims)
    mine = {one.message_id for one in fresh}
    entries: list[Promoted] = []
    for judged, proposal in request.judged:
        if judged.candidate.message_id in mine:
            entries.append((yield from _settle(judged, proposal, now)))
    report = PromotionReport(request.id, request.place.owner_id, request.scope, now, tuple(entries))
    yield from put_receipt(request.place.owner_id, request.id, "promotion", report.to_json(), request.origin, now)
    return report


def _settle(judged: Judged, proposal: Proposal | None, now: datetime) -> Plan[Promoted]:
    if proposal is None:
        return Promoted(judged.candidate, judged.verdict)
    outcome: Outcome = yield from store(proposal, now)
    if outcome.memory is None:
        reason, _, explanation = outcome.reason.partition(": ")
        return Promoted(judged.candidate, Verdict(Bucket.KEEP_IN_SESSION, reason, _sentence(explanation)))
    return Promoted(judged.candidate, judged.verdict, outcome)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _unread(place: LedgerPlace, utterances: Sequence[Utterance]) -> Plan[list[Utterance]]:
    ids = [one.message_id for one in utterances]
    rows = yield Query("ledger_entries", {**_columns(place), "message_ids": ids})
    known = {(row["message_id"], row["content_hash"]) for row in rows}
    return [one for one in utterances if (one.message_id, content_hash(one.text)) not in known]


def _columns(place: LedgerPlace) -> dict[str, Any]:
    """Return the columns of the ledger's key that all lines of a place share."""
    return {
        "partition": owner_partition(place.owner_id),
        "thread_id": place.thread_id,
        "extractor": place.extractor,
    }
