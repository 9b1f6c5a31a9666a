"""Jobs: queued with a turn, leased by one worker at a time, and gone in the transaction that stores what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.guard import GuardPolicy, mask, withhold
from langgraph_memory.domain.jobs import (
    AT_LATEST,
    QUIET_FOR,
    Batch,
    Failure,
    Job,
    Lease,
    LeasedJob,
    Queued,
    Retries,
    checked_seconds,
    is_lost,
    owner_of,
)
from langgraph_memory.domain.marks import is_unique
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.promotion import Judged, LedgerPlace, PromotionPolicy, PromotionReport, judge_all, withheld
from langgraph_memory.domain.scope import GLOBAL, check_owner, check_scope, owner_partition
from langgraph_memory.domain.text import content_hash
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, Transaction, reads, writes, writes_repeatably
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.operations.promotion import (
    Heard,
    PromotionRequest,
    check_not_erased,
    claim_place,
    enter_in_ledger,
    not_in_ledger,
    place_columns,
    promote,
    promotion_of,
    store_promotion,
)
from langgraph_memory.operations.rows import Origin
from langgraph_memory.operations.settings import Facet, check_bounds, check_text
from langgraph_memory.views import Records

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


class PromotionQueue(Facet):
    """The jobs of a store. A message is in it at most once for each extractor, and leaves it with what it said."""

    @runs_effects
    def unread(
        self, utterances: Sequence[Utterance], *, place: LedgerPlace, began_at: datetime | None = None
    ) -> Operation[Unread]:
        """Return what neither the ledger nor a job knows, and whether a job of the thread is due.

        ErasedError is raised when the owner was erased since `began_at`, when the run was begun.
        """
        return _unread(place, utterances, self._settings.clock(), began_at)

    aunread = twin_of(unread)

    @runs_effects
    def promote(
        self,
        candidates: Iterable[Candidate],
        *,
        utterances: Sequence[Utterance],
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        policy: PromotionPolicy | None = None,
        began_at: datetime | None = None,
    ) -> Operation[PromotionReport]:
        """Judge candidates and store what is promoted, with the ledger, in one transaction.

        Candidates of messages the ledger knows are left out, so a repeat adds nothing. `began_at` is when they were
        begun to be read: ErasedError is raised when the owner was erased since. Raises MissingOwnerError,
        InvalidScopeError or InvalidMemoryError before anything is written.
        """
        judged = judge_all(
            candidates, utterances, policy or PromotionPolicy(), self._settings.types, self._settings.guard
        )
        origin = Origin.of(source or Source())
        return promote(Heard(judged, utterances, place, scope, lambda _: origin), began_at, self._settings)

    apromote = twin_of(promote)

    @runs_effects
    def add(
        self,
        utterances: Sequence[Utterance],
        *,
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        heard: Sequence[str] = (),
        quiet_for: timedelta | float = QUIET_FOR,
        at_latest: timedelta | float = AT_LATEST,
        failure: str | None = None,
        guard: GuardPolicy | None = None,
        began_at: datetime | None = None,
    ) -> Operation[datetime | None]:
        """Queue what nobody has read and return when it is due: after `quiet_for`, which a later turn starts anew.

        `at_latest` bounds how long later turns put it off. None when there was nothing to queue. Of a message that
        holds a secret, or personal data that the guard refuses, no text is kept. `failure` says in one word why the
        messages could not be read at once, which counts as an attempt. ErasedError is raised when the owner was erased
        since `began_at`, when the run was begun in which they were said.
        """
        check_owner(place.owner_id)
        guard = guard or self._settings.guard
        attempts, origin, scope = 0 if failure is None else 1, source or Source(), check_scope(scope)
        request = QueueRequest(
            place,
            [_queued(one, scope, origin, attempts, guard) for one in utterances],
            [mask(text, guard) for text in heard if text and withhold(text, guard) is None],
            checked_seconds("quiet_for", quiet_for),
            checked_seconds("at_latest", at_latest),
            failure,
            began_at,
        )
        return queue_messages(request, self._settings.clock())

    aadd = twin_of(add)

    @runs_effects
    def claim(
        self, extractor: str, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> Effects[LeasedJob | None]:
        """Lease the job of an extractor that has been due longest; with `ahead` also one that is not due yet."""
        for place in (yield due(extractor, self._settings.clock(), ahead=ahead)):
            found: LeasedJob | None = yield self._lease(place, lease_for, retries, ahead=ahead)
            if found is not None:  # and no other worker took it first
                return found
        return None

    aclaim = twin_of(claim)

    @runs_effects
    def claim_of(
        self, place: LedgerPlace, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> Operation[LeasedJob | None]:
        """Lease the job of one thread, when it is due; with `ahead` also before, unless it has failed."""
        return self._lease(place, lease_for, retries, ahead=ahead)

    aclaim_of = twin_of(claim_of)

    def _lease(
        self, place: LedgerPlace, lease_for: timedelta, retries: Retries, *, ahead: bool
    ) -> Transaction[LeasedJob | None]:
        return lease_job(Lease(str(uuid4()), place, lease_for), retries, self._settings.clock(), ahead=ahead)

    @runs_effects
    def finish(
        self, lease: Lease, batch: Batch, candidates: Sequence[Candidate], *, policy: PromotionPolicy, last: bool
    ) -> Effects[PromotionReport | None]:
        """Store what a batch said and take it off the job, in one transaction; None if the lease was lost.

        `last` releases the lease with it.
        """
        settings, now = self._settings, self._settings.clock()
        judged = judge_all(candidates, batch.readable, policy, settings.types, settings.guard)
        judged += [withheld(one.utterance, one.withheld) for one in batch.messages if one.withheld is not None]
        said = [one.utterance for one in batch.messages]
        heard = Heard(_in_order(judged, batch), said, lease.place, batch.scope, _origins(batch))
        request = yield from promotion_of(heard, settings, now)
        hashes = {one.utterance.message_id: one.content_hash for one in batch.messages}
        report: PromotionReport | None = yield _finish(lease, batch, replace(request, hashes=hashes), now, last=last)
        return report

    afinish = twin_of(finish)

    @runs_effects
    def release(self, lease: Lease, failures: Sequence[Failure], *, retries: Retries) -> Operation[int]:
        """End the work on a job, put off what failed, and return how many messages were set aside."""
        return _put_off_failed(lease, failures, retries, self._settings.clock())

    arelease = twin_of(release)

    def surroundings(self) -> dict[str, Any]:
        """Return what an extractor may be shown beside messages and memories: the memory types, and the time."""
        return {"types": tuple(self._settings.types.values()), "now": self._settings.clock()}

    @runs_effects
    def time_left(self, extractor: str) -> Effects[timedelta | None]:
        """Return how long it is until a job of an extractor can be claimed; None when nothing waits."""
        due_at: datetime | None = yield _next_due(extractor)
        return None if due_at is None else max(timedelta(0), due_at - self._settings.clock())

    atime_left = twin_of(time_left)


class Jobs(Facet):
    """Lists the queue of a store, and retries or discards what failed too often in it: `memory.jobs`."""

    @runs_effects
    def pending(self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0) -> Operation[Records[Job]]:
        """Return a page of what waits to be promoted, of an owner or of all, longest waiting first."""
        check_bounds({"limit": limit, "offset": offset})
        partition = None if owner_id is None else owner_partition(check_owner(owner_id))
        wanted = {"partition": partition, "limit": limit, "offset": offset}
        return _pending(wanted, to_microseconds(self._settings.clock()))

    apending = twin_of(pending)

    @runs_effects
    def retry(self, *, owner_id: str, thread_id: str | None = None) -> Operation[int]:
        """Let messages that failed too often be tried again, of one thread or of all; return how many they are.

        Raises MissingOwnerError.
        """
        check_text("thread_id", thread_id, optional=True)
        return _retry(check_owner(owner_id), thread_id, self._settings.clock())

    aretry = twin_of(retry)

    @runs_effects
    def discard(self, *, owner_id: str, thread_id: str | None = None) -> Operation[int]:
        """Give up messages that failed too often, of one thread or of all: they count as read; return how many.

        Raises MissingOwnerError.
        """
        check_text("thread_id", thread_id, optional=True)
        return _discard(check_owner(owner_id), thread_id, self._settings.clock())

    adiscard = twin_of(discard)


# What nobody has read


@reads
def _unread(
    place: LedgerPlace, utterances: Sequence[Utterance], now: datetime, began_at: datetime | None
) -> Effects[Unread]:
    if began_at is not None:
        yield from check_not_erased(place.owner_id, began_at)
    fresh = yield from _not_sent_again(place, utterances, (yield from not_in_ledger(place, utterances)))
    rows = yield Query("job", place_columns(place))
    if not rows:
        return Unread(fresh, False, now)
    left = yield from _not_queued(place, fresh)
    (job,) = yield Query("messages_left", place_columns(place))
    return Unread(left, _can_be_claimed(rows[0], to_microseconds(now)), now, job["waiting"])


def _not_queued(place: LedgerPlace, fresh: Sequence[Utterance]) -> Effects[list[Utterance]]:
    ids = [one.message_id for one in fresh]
    anywhere = [one for one in ids if is_unique(one)]
    queued = yield Query("queued_messages", {**place_columns(place), "message_ids": ids, "anywhere": anywhere})
    known = {(row["message_id"], row["content_hash"]) for row in queued}
    return [one for one in fresh if (one.message_id, content_hash(one.text)) not in known]


def _can_be_claimed(job: Row, now: int) -> bool:
    leased = job["leased_until"] is not None and job["leased_until"] > now
    return job["due_at"] is not None and job["due_at"] <= now and not leased


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
    again = _repeats(hashes, Counter(row["content_hash"] for row in rows if row["message_id"] not in held))
    return [one for one in fresh if one.message_id not in again]


def _repeats(hashes: Mapping[str, str], heard: Counter[str]) -> set[str]:
    """Return the messages whose words were heard, each hearing counted once."""
    again: set[str] = set()
    for message_id, digest in hashes.items():
        if heard[digest] > 0:
            heard[digest] -= 1
            again.add(message_id)
    return again


# Queueing


def _queued(said: Utterance, scope: str, source: Source, attempts: int, guard: GuardPolicy) -> Queued:
    refusal = withhold(said.text, guard)
    asked = None if said.asked is None or withhold(said.asked, guard) is not None else mask(said.asked, guard)
    kept = said.model_copy(update={"text": mask(said.text, guard) if refusal is None else "", "asked": asked})
    source = source.model_copy(update={"name": said.name, "said_at": said.said_at})
    return Queued(kept, content_hash(said.text), scope, source, attempts, None if refusal is None else refusal.reason)


@writes_repeatably
def queue_messages(request: QueueRequest, now: datetime) -> Effects[datetime | None]:
    """Add what nobody has read to the job of its thread, and return when that is due; None when there was nothing."""
    if request.began_at is not None:
        yield from check_not_erased(request.place.owner_id, request.began_at)
    hashes = {one.utterance.message_id: one.content_hash for one in request.messages}
    fresh = yield from not_in_ledger(request.place, [one.utterance for one in request.messages], hashes)
    if not fresh:
        return None
    key = place_columns(request.place)
    moment = {"due_at": to_microseconds(now + request.quiet_for), "now": to_microseconds(now)}
    bounds = {"at_latest": request.at_latest // timedelta(microseconds=1), "last_error": request.failure}
    yield Query("queue_job", {**key, **moment, **bounds})
    yield from claim_place(request.place, fresh, now)
    (last,) = yield Query("last_position", key)
    numbered = [{**row, "position": last["position"] + place} for place, row in enumerate(_rows(request, fresh), 1)]
    yield Query("queue_message", {**key, "now": to_microseconds(now)}, numbered)
    (job,) = yield Query("job", key)
    return from_microseconds(job["due_at"])


def _rows(request: QueueRequest, fresh: Sequence[Utterance]) -> list[dict[str, Any]]:
    wanted = {one.message_id for one in fresh}
    messages = [_message_row(one) for one in request.messages if one.utterance.message_id in wanted]
    return messages + [_heard_row(text) for text in dict.fromkeys(request.heard)]


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


# Working off


@reads
def due(extractor: str, now: datetime, *, ahead: bool) -> Effects[list[LedgerPlace]]:
    """Return some jobs of an extractor that can be claimed, longest due first; with `ahead` also before they are due.

    One that has failed is never taken ahead of its time.
    """
    params = {"extractor": extractor, "now": to_microseconds(now), "ahead": ahead, "limit": _CANDIDATES}
    rows = yield Query("due_jobs", params)
    return [LedgerPlace(owner_of(row["partition"]), row["thread_id"], extractor) for row in rows]


@writes
def lease_job(lease: Lease, retries: Retries, now: datetime, *, ahead: bool) -> Effects[LeasedJob | None]:
    """Lease a job; None when somebody else has it, or it is not due."""
    moment = {"now": to_microseconds(now), "leased_until": to_microseconds(now + lease.lasts)}
    key = place_columns(lease.place)
    if not (yield Query("claim_job", {**key, **moment, "lease_id": lease.id, "ahead": ahead})):
        return None
    return (yield from _begin(lease, retries))


def _begin(lease: Lease, retries: Retries) -> Effects[LeasedJob]:
    """Count the attempt, set aside what has killed too many workers, and return what there is to do."""
    key = place_columns(lease.place)
    yield Query("count_attempt", key)
    rows = yield Query("job_messages", key)
    waiting = [Queued.from_row(row) for row in rows if row["state"] == "waiting"]
    heard = tuple(row["text"] for row in rows if row["state"] == "heard")
    lost = [one for one in waiting if is_lost(one, retries)]
    if lost:
        yield from _set_aside(lease.place, lost, "worker_lost")
    return LeasedJob(lease, tuple(one for one in waiting if one not in lost), heard)


def _set_aside(place: LedgerPlace, messages: Sequence[Queued], reason: str) -> Effects[None]:
    yield Query(
        "set_message_aside", place_columns(place), [{**_message_key(one), "reason": reason} for one in messages]
    )


@writes
def _finish(
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


def _in_order(judged: Sequence[Judged], batch: Batch) -> list[Judged]:
    """Return what was judged in the order of the messages, so that of two values the later one counts."""
    places = {one.utterance.message_id: place for place, one in enumerate(batch.messages)}
    return sorted(judged, key=lambda one: places.get(one.candidate.message_id, -1))


def _origins(batch: Batch) -> Callable[[str], Origin]:
    sources = {one.utterance.message_id: one.source for one in batch.messages}
    newest = batch.messages[-1].source
    return lambda message_id: Origin.of(sources.get(message_id, newest))


@writes
def _put_off_failed(lease: Lease, failures: Sequence[Failure], retries: Retries, now: datetime) -> Effects[int]:
    if not (yield from _held(lease, now)):
        return 0
    spent = [one for one in failures if one.batch.is_spent(retries)]
    for one in spent:
        yield from _set_aside(lease.place, one.batch.messages, one.reason)
    left = [one for one in failures if not one.batch.is_spent(retries)]
    if left:
        attempts = max(one.batch.attempts for one in left)
        delay = retries.delay(attempts, f"{lease.place.owner_id}/{lease.place.thread_id}")
        yield from _release(lease, now, now + delay, left[-1].reason)
    else:
        yield from _release(lease, now)
    return sum(len(one.batch.messages) for one in spent)


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


@reads
def _next_due(extractor: str) -> Effects[datetime | None]:
    (row,) = yield Query("next_due", {"extractor": extractor})
    return None if row["due_at"] is None else from_microseconds(row["due_at"])


# Looking after the queue


@reads
def _pending(wanted: Mapping[str, Any], now: int) -> Effects[Records[Job]]:
    rows = yield Query("jobs", wanted)
    return Records(Job, (Job.from_row(row, now) for row in rows))


@writes
def _retry(owner_id: str, thread_id: str | None, now: datetime) -> Effects[int]:
    wanted = {"partition": owner_partition(owner_id), "thread_id": thread_id}
    rows = yield Query("messages_set_aside", wanted)
    yield Query("retry_messages", wanted)
    moment = {"due_at": to_microseconds(now), "at_latest": 0, "last_error": None, "now": to_microseconds(now)}
    for place in _by_place(owner_id, rows):
        yield Query("queue_job", {**place_columns(place), **moment})
    return len(rows)


@writes
def _discard(owner_id: str, thread_id: str | None, now: datetime) -> Effects[int]:
    rows = yield Query("messages_set_aside", {"partition": owner_partition(owner_id), "thread_id": thread_id})
    for place, mine in _by_place(owner_id, rows).items():
        for row in mine:
            yield from _give_up(place, Queued.from_row(row), now)
        yield from _delete_if_empty(place)
    return len(rows)


def _give_up(place: LedgerPlace, one: Queued, now: datetime) -> Effects[None]:
    message_id = one.utterance.message_id
    if (yield from not_in_ledger(place, [one.utterance], {message_id: one.content_hash})):
        yield from enter_in_ledger(place, [(message_id, one.content_hash, Origin.of(one.source))], now)
    yield Query("drop_message", place_columns(place), [_message_key(one)])


def unqueue(owner_id: str, queued: Sequence[Row]) -> Effects[None]:
    """Take messages off their jobs unread, as a part of another transaction; who reads them has lost the lease."""
    for place, mine in _by_place(owner_id, queued).items():
        key = place_columns(place)
        yield Query("drop_message", key, [{name: row[name] for name in ("message_id", "content_hash")} for row in mine])
        yield Query("revoke_lease", key)
        yield from _delete_if_empty(place)


def _by_place(owner_id: str, rows: Sequence[Row]) -> dict[LedgerPlace, list[Row]]:
    places: dict[LedgerPlace, list[Row]] = {}
    for row in rows:
        places.setdefault(LedgerPlace(owner_id, row["thread_id"], row["extractor"]), []).append(row)
    return places


def _delete_if_empty(place: LedgerPlace) -> Effects[None]:
    (left,) = yield Query("messages_left", place_columns(place))
    if not left["waiting"] and not left["set_aside"]:
        yield from _delete(place_columns(place))


def _delete(key: dict[str, Any]) -> Effects[None]:
    yield Query("delete_messages_of_job", key)
    yield Query("delete_job", key)
