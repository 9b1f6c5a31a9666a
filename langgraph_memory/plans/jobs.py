"""Jobs: queued with a turn, leased by one worker at a time, and gone in the transaction that stores what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.jobs import Batch, Failure, Job, Lease, LeasedJob, Queued, Retries, is_lost, owner_of
from langgraph_memory.domain.marks import is_unique
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.text import content_hash
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, writes, writes_repeatably
from langgraph_memory.operations.promotion import (
    PromotionRequest,
    check_not_erased,
    claim_place,
    enter_in_ledger,
    not_in_ledger,
    place_columns,
    store_promotion,
)
from langgraph_memory.operations.rows import Origin

_CANDIDATES = 20
"""How many jobs a worker looks at in turn, when others take them first."""


class Unread(NamedTuple):
    """What nobody has read of a thread and nobody is to read later, and whether a job of it is due.

    `waiting` is how many messages that job has.
    """

    utterances: list[Utterance]
    job_due: bool
    at: datetime
    waiting: int = 0

    def figures(self) -> dict[str, Any]:
        """Return how much is unread and how much waits, for who watches from outside."""
        return {"unread": len(self.utterances), "waiting": self.waiting}


@dataclass(frozen=True, slots=True)
class QueueRequest:
    """Messages that are to be read later, and when: after `quiet_for`, not put off past `at_latest`.

    `heard` is what an assistant could only be repeating. `failure` is why they could not be read at once.
    """

    place: LedgerPlace
    messages: Sequence[Queued]
    heard: Sequence[str]
    quiet_for: timedelta
    at_latest: timedelta
    failure: str | None = None
    began_at: datetime | None = None


@reads
def unread(
    place: LedgerPlace, utterances: Sequence[Utterance], now: datetime, began_at: datetime | None = None
) -> Effects[Unread]:
    """Return what neither the ledger nor a job knows of a thread, and whether its job can be claimed.

    Raises ErasedError when the owner was erased since `began_at`.
    """
    if began_at is not None:
        yield from check_not_erased(place.owner_id, began_at)
    fresh = yield from _not_sent_again(place, utterances, (yield from not_in_ledger(place, utterances)))
    rows = yield Query("job", place_columns(place))
    if not rows:
        return Unread(fresh, False, now)
    ids = [one.message_id for one in fresh]
    anywhere = [one for one in ids if is_unique(one)]
    queued = yield Query("queued_messages", {**place_columns(place), "message_ids": ids, "anywhere": anywhere})
    known = {(row["message_id"], row["content_hash"]) for row in queued}
    left = [one for one in fresh if (one.message_id, content_hash(one.text)) not in known]
    (job,) = yield Query("messages_left", place_columns(place))
    return Unread(left, _can_be_claimed(rows[0], to_microseconds(now)), now, job["waiting"])


def _not_sent_again(
    place: LedgerPlace, utterances: Sequence[Utterance], fresh: Sequence[Utterance]
) -> Effects[list[Utterance]]:
    """Leave out what a client without a checkpointer sends again with its history, under new ids.

    That are words of the thread that were heard in a message which it no longer holds. What is said last is new.
    """
    earlier = [one for one in fresh if one.message_id != utterances[-1].message_id]
    if not earlier:
        return list(fresh)
    hashes = {one.message_id: content_hash(one.text) for one in earlier}
    rows = yield Query("words_heard", {**place_columns(place), "hashes": sorted(set(hashes.values()))})
    held = {one.message_id for one in utterances}
    heard = Counter(row["content_hash"] for row in rows if row["message_id"] not in held)
    again: set[str] = set()
    for message_id, digest in hashes.items():
        if heard[digest] > 0:
            heard[digest] -= 1
            again.add(message_id)
    return [one for one in fresh if one.message_id not in again]


@writes_repeatably
def queue(request: QueueRequest, now: datetime) -> Effects[datetime | None]:
    """Add what nobody has read to the job of its thread, and return when that is due; None when there was nothing."""
    if request.began_at is not None:
        yield from check_not_erased(request.place.owner_id, request.began_at)
    key = place_columns(request.place)
    hashes = {one.utterance.message_id: one.content_hash for one in request.messages}
    fresh = yield from not_in_ledger(request.place, [one.utterance for one in request.messages], hashes)
    wanted = {one.message_id for one in fresh}
    messages = [one for one in request.messages if one.utterance.message_id in wanted]
    if not messages:
        return None
    moment = {"due_at": to_microseconds(now + request.quiet_for), "now": to_microseconds(now)}
    bounds = {"at_latest": request.at_latest // timedelta(microseconds=1), "last_error": request.failure}
    yield Query("queue_job", {**key, **moment, **bounds})
    yield from claim_place(request.place, [one.utterance for one in messages], now)
    (last,) = yield Query("last_position", key)
    rows = [_message_row(one) for one in messages] + [_heard_row(text) for text in dict.fromkeys(request.heard)]
    numbered = [{**row, "position": last["position"] + place} for place, row in enumerate(rows, 1)]
    yield Query("queue_message", {**key, "now": to_microseconds(now)}, numbered)
    (job,) = yield Query("job", key)
    return from_microseconds(job["due_at"])


@reads
def due(extractor: str, now: datetime, *, ahead: bool) -> Effects[list[LedgerPlace]]:
    """Return some jobs of an extractor that can be claimed, longest due first; with `ahead` also before they are due.

    One that has failed is never taken ahead of its time.
    """
    params = {"extractor": extractor, "now": to_microseconds(now), "ahead": ahead, "limit": _CANDIDATES}
    rows = yield Query("due_jobs", params)
    return [LedgerPlace(owner_of(row["partition"]), row["thread_id"], extractor) for row in rows]


@writes
def claim(lease: Lease, retries: Retries, now: datetime, *, ahead: bool) -> Effects[LeasedJob | None]:
    """Lease a job; None when somebody else has it, or it is not due."""
    moment = {"now": to_microseconds(now), "leased_until": to_microseconds(now + lease.lasts)}
    key = place_columns(lease.place)
    if not (yield Query("claim_job", {**key, **moment, "lease_id": lease.id, "ahead": ahead})):
        return None
    return (yield from _begin(lease, retries))


@writes
def finish(
    lease: Lease, batch: Batch, request: PromotionRequest, now: datetime, *, last: bool
) -> Effects[PromotionReport | None]:
    """Store what a batch said and take it off the job; nothing happens, and None is returned, if the lease is lost."""
    if not (yield from _held(lease, now)):
        return None
    report = yield from store_promotion(request, now)
    yield Query("drop_message", place_columns(lease.place), [_message_key(one) for one in batch.messages])
    if last:
        yield from _release(lease, now)
    return report


@writes
def give_back(lease: Lease, failures: Sequence[Failure], retries: Retries, now: datetime) -> Effects[int]:
    """End the work on a job: put off what failed, set aside what failed too often, and return how many that were."""
    if not (yield from _held(lease, now)):
        return 0
    spent = [
        {**_message_key(one), "reason": failure.reason}
        for failure in failures
        if failure.batch.is_spent(retries)
        for one in failure.batch.messages
    ]
    if spent:
        yield Query("set_message_aside", place_columns(lease.place), spent)
    left = [failure for failure in failures if not failure.batch.is_spent(retries)]
    attempts = max((failure.batch.attempts for failure in left), default=0)
    key = f"{lease.place.owner_id}/{lease.place.thread_id}"
    due_at = now + retries.delay(attempts, key) if left else None
    yield from _release(lease, now, due_at, left[-1].reason if left else None)
    return len(spent)


@reads
def next_due(extractor: str) -> Effects[datetime | None]:
    """Return when the next job of an extractor can be claimed; None when nothing waits."""
    (row,) = yield Query("next_due", {"extractor": extractor})
    return None if row["due_at"] is None else from_microseconds(row["due_at"])


@reads
def jobs(owner_id: str | None, now: datetime, limit: int, offset: int) -> Effects[list[Job]]:
    """Return a page of the jobs of an owner or of all."""
    partition = None if owner_id is None else owner_partition(owner_id)
    rows = yield Query("jobs", {"partition": partition, "limit": limit, "offset": offset})
    return [Job.from_row(row, to_microseconds(now)) for row in rows]


def unqueue(owner_id: str, queued: Sequence[Row]) -> Effects[None]:
    """Take messages off their jobs unread, as a part of another plan; who is reading them has lost the lease."""
    for place in _places(owner_id, queued):
        key = place_columns(place)
        mine = [row for row in queued if _place(owner_id, row) == place]
        yield Query("drop_message", key, [{name: row[name] for name in ("message_id", "content_hash")} for row in mine])
        yield Query("revoke_lease", key)
        yield from _delete_if_empty(place)


def unqueue_thread(thread_id: str) -> Effects[None]:
    """Take all of a thread off the queue, of whichever owner, as a part of another plan.

    Who is reading it has lost the lease, so that nothing of it is stored any more.
    """
    found = yield Query("jobs_of_thread", {"thread_id": thread_id})
    if jobs := [{name: row[name] for name in ("partition", "thread_id", "extractor")} for row in found]:
        yield Query("delete_messages_of_job", rows=jobs)
        yield Query("delete_job", rows=jobs)


@writes
def retry_set_aside(owner_id: str, thread_id: str | None, now: datetime) -> Effects[int]:
    """Let what is set aside wait again, and return how many messages that were."""
    rows = yield from _set_aside(owner_id, thread_id)
    yield Query("retry_messages", {"partition": owner_partition(owner_id), "thread_id": thread_id})
    moment = {"due_at": to_microseconds(now), "at_latest": 0, "last_error": None, "now": to_microseconds(now)}
    for place in _places(owner_id, rows):
        yield Query("queue_job", {**place_columns(place), **moment})
    return len(rows)


@writes
def drop_set_aside(owner_id: str, thread_id: str | None, now: datetime) -> Effects[int]:
    """Give up what is set aside: it counts as read; return how many messages that were."""
    rows = yield from _set_aside(owner_id, thread_id)
    for place in _places(owner_id, rows):
        for one in (Queued.from_row(row) for row in rows if _place(owner_id, row) == place):
            yield from _give_up(place, one, now)
        yield from _delete_if_empty(place)
    return len(rows)


def _give_up(place: LedgerPlace, one: Queued, now: datetime) -> Effects[None]:
    message_id = one.utterance.message_id
    if (yield from not_in_ledger(place, [one.utterance], {message_id: one.content_hash})):
        yield from enter_in_ledger(place, [(message_id, one.content_hash, Origin.of(one.source))], now)
    yield Query("drop_message", place_columns(place), [_message_key(one)])


def _begin(lease: Lease, retries: Retries) -> Effects[LeasedJob]:
    """Count the attempt, set aside what has killed too many workers, and return what there is to do."""
    key = place_columns(lease.place)
    yield Query("count_attempt", key)
    rows = yield Query("job_messages", key)
    waiting = [Queued.from_row(row) for row in rows if row["state"] == "waiting"]
    lost = [one for one in waiting if is_lost(one, retries)]
    if lost:
        yield Query("set_message_aside", key, [{**_message_key(one), "reason": "worker_lost"} for one in lost])
    heard = tuple(row["text"] for row in rows if row["state"] == "heard")
    return LeasedJob(lease, tuple(one for one in waiting if one not in lost), heard)


def _held(lease: Lease, now: datetime) -> Effects[bool]:
    """Return whether a lease still holds, and prolong it; from then on nobody else changes the job."""
    moment = {"now": to_microseconds(now), "leased_until": to_microseconds(now + lease.lasts)}
    return bool((yield Query("hold_job", {**place_columns(lease.place), **moment, "lease_id": lease.id})))


def _release(lease: Lease, now: datetime, due_at: datetime | None = None, error: str | None = None) -> Effects[None]:
    """Give a lease back: the job goes when nothing of it is left, else it is due at `due_at` or as it was queued."""
    key = place_columns(lease.place)
    (job,) = yield Query("job", key)
    (left,) = yield Query("messages_left", key)
    if not left["waiting"] and not left["set_aside"]:
        yield from _delete(key)
        return
    due = max(to_microseconds(due_at), job["due_at"] or 0) if due_at is not None else job["due_at"]
    moment = {"due_at": due if left["waiting"] else None, "now": to_microseconds(now)}
    yield Query("release_job", {**key, **moment, "last_error": error})


def _delete_if_empty(place: LedgerPlace) -> Effects[None]:
    (left,) = yield Query("messages_left", place_columns(place))
    if not left["waiting"] and not left["set_aside"]:
        yield from _delete(place_columns(place))


def _delete(key: dict[str, Any]) -> Effects[None]:
    yield Query("delete_messages_of_job", key)
    yield Query("delete_job", key)


def _set_aside(owner_id: str, thread_id: str | None) -> Effects[Sequence[Row]]:
    rows: Sequence[Row] = yield Query(
        "messages_set_aside", {"partition": owner_partition(owner_id), "thread_id": thread_id}
    )
    return rows


def _places(owner_id: str, rows: Sequence[Row]) -> list[LedgerPlace]:
    return list(dict.fromkeys(_place(owner_id, row) for row in rows))


def _place(owner_id: str, row: Row) -> LedgerPlace:
    return LedgerPlace(owner_id, row["thread_id"], row["extractor"])


def _can_be_claimed(job: Row, now: int) -> bool:
    leased = job["leased_until"] is not None and job["leased_until"] > now
    return job["due_at"] is not None and job["due_at"] <= now and not leased


def _message_key(one: Queued) -> dict[str, Any]:
    return {"message_id": one.utterance.message_id, "content_hash": one.content_hash}


def _message_row(one: Queued) -> dict[str, Any]:
    return {
        **_message_key(one),
        "state": "waiting",
        "actor": one.utterance.actor,
        "text": one.utterance.text,
        "withheld": one.withheld,
        "asked": one.utterance.asked,
        "scope": one.scope,
        "source": one.source.model_dump_json(exclude_none=True, exclude_defaults=True),
        "attempts": one.attempts,
    }


def _heard_row(text: str) -> dict[str, Any]:
    digest = content_hash(text)
    key = {"message_id": f"heard-{digest}", "content_hash": digest}
    nothing = {"actor": "", "withheld": None, "asked": None, "scope": "", "source": "{}", "attempts": 0}
    return {**key, **nothing, "state": "heard", "text": text}
