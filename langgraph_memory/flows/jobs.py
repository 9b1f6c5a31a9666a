"""Queues what is to be promoted later, and performs it: guarded before it is stored, embedded before it is promoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy, mask, withhold
from langgraph_memory.domain.jobs import Batch, Failure, Job, Lease, LeasedJob, Queued, Retries, checked_seconds
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import Judged, LedgerPlace, PromotionReport, judge_all, withheld
from langgraph_memory.domain.scope import check_owner, check_scope
from langgraph_memory.domain.text import content_hash
from langgraph_memory.effects.effect import Effects
from langgraph_memory.operations.promotion import promotion_of
from langgraph_memory.operations.rows import Origin
from langgraph_memory.operations.settings import StoreSettings, check_bounds, check_text
from langgraph_memory.plans import jobs
from langgraph_memory.plans.jobs import QueueRequest, Unread
from langgraph_memory.views import Records


def unread(
    utterances: Sequence[Utterance], place: LedgerPlace, began_at: datetime | None, settings: StoreSettings
) -> Effects[Unread]:
    """Return what nobody has read of a thread, nor queued."""
    found: Unread = yield jobs.unread(place, utterances, settings.clock(), began_at)
    return found


def queue(utterances: Sequence[Utterance], fields: dict[str, Any], settings: StoreSettings) -> Effects[datetime | None]:
    """Queue messages, each with no more of its text than the guard lets be kept."""
    place: LedgerPlace = fields["place"]
    check_owner(place.owner_id)
    guard = fields["guard"] or settings.guard
    attempts = 0 if fields["failure"] is None else 1
    source, scope = fields["source"] or Source(), check_scope(fields["scope"])
    messages = [_queued(one, scope, source, attempts, guard) for one in utterances]
    heard = [mask(text, guard) for text in fields["heard"] if text and withhold(text, guard) is None]
    request = QueueRequest(
        place,
        messages,
        heard,
        checked_seconds("quiet_for", fields["quiet_for"]),
        checked_seconds("at_latest", fields["at_latest"]),
        fields["failure"],
        fields["began_at"],
    )
    due_at: datetime | None = yield jobs.queue(request, settings.clock())
    return due_at


def claim(
    extractor: str, lease_for: timedelta, retries: Retries, ahead: bool, settings: StoreSettings
) -> Effects[LeasedJob | None]:
    """Lease the job that has been due longest, of those that nobody takes first."""
    for place in (yield jobs.due(extractor, settings.clock(), ahead=ahead)):
        found = yield from _claimed(place, lease_for, retries, ahead, settings)
        if found is not None:
            return found
    return None


def claim_of(
    place: LedgerPlace, lease_for: timedelta, retries: Retries, ahead: bool, settings: StoreSettings
) -> Effects[LeasedJob | None]:
    """Lease the job of one thread, when it is due; with `ahead` also before, unless it has failed."""
    return (yield from _claimed(place, lease_for, retries, ahead, settings))


def _claimed(
    place: LedgerPlace, lease_for: timedelta, retries: Retries, ahead: bool, settings: StoreSettings
) -> Effects[LeasedJob | None]:
    lease = Lease(str(uuid4()), place, lease_for)
    found: LeasedJob | None = yield jobs.claim(lease, retries, settings.clock(), ahead=ahead)
    return found


def finish(
    lease: Lease,
    batch: Batch,
    candidates: Sequence[Candidate],
    policy: PromotionPolicy,
    last: bool,
    settings: StoreSettings,
) -> Effects[PromotionReport | None]:
    """Judge what was found in a batch and store it, and take the batch off its job in the same transaction."""
    now = settings.clock()
    judged = judge_all(candidates, batch.readable, policy, settings.types, settings.guard)
    judged += [withheld(one.utterance, one.withheld) for one in batch.messages if one.withheld is not None]
    request = yield from promotion_of(
        _in_order(judged, batch),
        [one.utterance for one in batch.messages],
        lease.place,
        batch.scope,
        _origins(batch),
        settings,
        now,
    )
    hashes = {one.utterance.message_id: one.content_hash for one in batch.messages}
    report: PromotionReport | None = yield jobs.finish(lease, batch, replace(request, hashes=hashes), now, last=last)
    return report


def give_back(lease: Lease, failures: Sequence[Failure], retries: Retries, settings: StoreSettings) -> Effects[int]:
    """End the work on a job."""
    spent: int = yield jobs.give_back(lease, failures, retries, settings.clock())
    return spent


def wait(extractor: str, settings: StoreSettings) -> Effects[timedelta | None]:
    """Return how long it is until the next job of an extractor can be claimed; None when nothing waits."""
    due_at: datetime | None = yield jobs.next_due(extractor)
    return None if due_at is None else max(timedelta(0), due_at - settings.clock())


def listed(owner_id: str | None, limit: int, offset: int, settings: StoreSettings) -> Effects[Records[Job]]:
    """Return a page of jobs."""
    check_bounds({"limit": limit, "offset": offset})
    wanted = None if owner_id is None else check_owner(owner_id)
    found: list[Job] = yield jobs.jobs(wanted, settings.clock(), limit, offset)
    return Records(Job, found)


def retry_set_aside(owner_id: str, thread_id: str | None, settings: StoreSettings) -> Effects[int]:
    """Let what is set aside wait again."""
    check_text("thread_id", thread_id, optional=True)
    count: int = yield jobs.retry_set_aside(check_owner(owner_id), thread_id, settings.clock())
    return count


def drop_set_aside(owner_id: str, thread_id: str | None, settings: StoreSettings) -> Effects[int]:
    """Give up what is set aside."""
    check_text("thread_id", thread_id, optional=True)
    count: int = yield jobs.drop_set_aside(check_owner(owner_id), thread_id, settings.clock())
    return count


def _queued(said: Utterance, scope: str, source: Source, attempts: int, guard: GuardPolicy) -> Queued:
    refusal = withhold(said.text, guard)
    asked = None if said.asked is None or withhold(said.asked, guard) is not None else mask(said.asked, guard)
    kept = said.model_copy(update={"text": mask(said.text, guard) if refusal is None else "", "asked": asked})
    source = source.model_copy(update={"name": said.name, "said_at": said.said_at})
    return Queued(kept, content_hash(said.text), scope, source, attempts, None if refusal is None else refusal.reason)


def _in_order(judged: Sequence[Judged], batch: Batch) -> list[Judged]:
    """Return what was judged in the order of the messages, so that of two values the later one counts."""
    places = {one.utterance.message_id: place for place, one in enumerate(batch.messages)}
    return sorted(judged, key=lambda one: places.get(one.candidate.message_id, -1))


def _origins(batch: Batch) -> Any:
    sources = {one.utterance.message_id: one.source for one in batch.messages}
    newest = batch.messages[-1].source
    return lambda message_id: Origin.of(sources.get(message_id, newest))
