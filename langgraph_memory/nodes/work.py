"""Working on one leased job: batch by batch, so that a message that cannot be read holds no other one up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from langgraph_memory.domain.candidate import Candidate
from langgraph_memory.domain.jobs import Batch, Failure, LeasedJob, Retries
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport
from langgraph_memory.effects.effect import Effects, call
from langgraph_memory.errors import DatabaseError, ExtractionError
from langgraph_memory.nodes.reading import Reading, is_passing
from langgraph_memory.store import CuratedStore
from langgraph_memory.views import Table, to_html
from langgraph_memory.views.words import agreeing, counted

_LOG = logging.getLogger("langgraph_memory")


class WorkReport(NamedTuple):
    """What a worker did: how many jobs it took and messages it read, how many failed, and how many it set aside."""

    jobs: int = 0
    messages: int = 0
    failed: int = 0
    set_aside: int = 0

    def plus(self, other: WorkReport) -> WorkReport:
        """Return the sum of two reports."""
        return WorkReport(*(mine + more for mine, more in zip(self, other, strict=True)))

    def tables(self) -> Sequence[Table]:
        """Return its numbers."""
        return [Table.of("worked off", ("jobs", "messages", "failed", "set aside"), [self])]

    def _repr_html_(self) -> str:
        return "".join(map(to_html, self.tables()))


@dataclass(frozen=True, slots=True)
class Work:
    """How jobs are worked on: by which reading, how long a lease lasts, how failures are tried again, who is told."""

    reading: Reading
    retries: Retries = field(default_factory=Retries)
    lease_for: timedelta = timedelta(minutes=5)
    on_promotion: Callable[[PromotionReport], None] | None = None
    on_failure: Callable[[ExtractionError], None] | None = None

    def next_job(self, store: CuratedStore, *, ahead: bool) -> Effects[WorkReport | None]:
        """Work on the job that has been due longest; None when there is none."""
        queue = store.queue
        how: dict[str, Any] = {"lease_for": self.lease_for, "retries": self.retries, "ahead": ahead}
        for name in self.reading.names:
            job = yield from call(queue.claim, queue.aclaim, name, **how)
            if job is not None:
                return (yield from self._on(store, job))
        return None

    def job_of(self, store: CuratedStore, place: LedgerPlace, *, ahead: bool = False) -> Effects[WorkReport | None]:
        """Work on the job of one thread; None when it is somebody else's, or not due and not to be taken `ahead`."""
        queue = store.queue
        how: dict[str, Any] = {"lease_for": self.lease_for, "retries": self.retries, "ahead": ahead}
        job = yield from call(queue.claim_of, queue.aclaim_of, place, **how)
        return None if job is None else (yield from self._on(store, job))

    def time_left(self, store: CuratedStore) -> Effects[timedelta | None]:
        """Return how long it is until there is a job to work on; None when nothing waits."""
        queue = store.queue
        left: list[timedelta] = []
        for name in self.reading.names:
            found = yield from call(queue.time_left, queue.atime_left, name)
            left += [] if found is None else [found]
        return min(left, default=None)

    def _on(self, store: CuratedStore, job: LeasedJob) -> Effects[WorkReport]:
        batches = job.batches(self.retries)
        failures: list[Failure] = []
        for place, batch in enumerate(batches, 1):
            last = place == len(batches) and not failures
            failures += yield from self._try(store, job, batch, last=last)
        spent = 0
        if failures or not batches:
            queue = store.queue
            spent = yield from call(queue.give_back, queue.agive_back, job.lease, failures, retries=self.retries)
        failed = sum(len(one.batch.messages) for one in failures)
        return WorkReport(1, sum(len(batch.messages) for batch in batches) - failed, failed, spent)

    def _try(self, store: CuratedStore, job: LeasedJob, batch: Batch, *, last: bool) -> Effects[list[Failure]]:
        """Read and store a batch, or what can be of it; return what failed, and why."""
        try:
            yield from self._promote(store, job, batch, last=last)
        except DatabaseError:
            raise
        except Exception as error:
            if isinstance(error, ExtractionError) or is_passing(error) or len(batch.messages) == 1:
                return [self._failed(batch, error)]
        else:
            return []
        failures: list[Failure] = []
        for place, one in enumerate(batch.messages, 1):
            alone = last and place == len(batch.messages) and not failures
            failures += yield from self._try(store, job, Batch((one,)), last=alone)
        return failures

    def _promote(self, store: CuratedStore, job: LeasedJob, batch: Batch, *, last: bool) -> Effects[None]:
        queue = store.queue
        found = yield from self._read(store, job, batch)
        yield from self._ask_later(store, job, batch, found)
        report = yield from call(
            queue.finish, queue.afinish, job.lease, batch, found, policy=self.reading.policy, last=last
        )
        if report is not None and self.on_promotion is not None:
            self.on_promotion(report)

    def _read(self, store: CuratedStore, job: LeasedJob, batch: Batch) -> Effects[list[Candidate]]:
        if not batch.readable:
            return []
        where: dict[str, Any] = {
            "owner_id": job.lease.place.owner_id,
            "scope": batch.scope,
            "source": batch.messages[-1].source,
        }
        reading = self.reading.named(job.lease.place.extractor)
        return (yield from reading.read(store, batch.readable, job.heard, **where))

    def _ask_later(
        self, store: CuratedStore, job: LeasedJob, batch: Batch, found: Sequence[Candidate]
    ) -> Effects[None]:
        """Queue for the model what the rules leave in doubt, before it counts as read by them."""
        place, queue = job.lease.place, store.queue
        reading = self.reading.named(place.extractor)
        if reading.asks is None:
            return
        doubtful = {one.utterance.message_id for one in reading.doubtful(batch.readable, found)}
        how: dict[str, Any] = {"place": replace(place, extractor=reading.asks.name), "heard": job.heard, "quiet_for": 0}
        for one in batch.messages:
            if one.utterance.message_id in doubtful:
                where: dict[str, Any] = {"scope": one.scope, "source": one.source}
                yield from call(queue.add, queue.aadd, [one.utterance], guard=reading.policy.guard, **where, **how)

    def _failed(self, batch: Batch, error: Exception) -> Failure:
        """Report a failure; nothing of what was said reaches the log."""
        if not isinstance(error, ExtractionError):
            name = type(error).__name__
            error = ExtractionError(f"The messages could not be promoted: {name}.", name)
        number = len(batch.messages)
        _LOG.warning(
            "promotion failed (%s); %s %s", error.reason, counted(number, "messages"), agreeing(number, "wait")
        )
        if self.on_failure is not None:
            self.on_failure(error)
        return Failure(batch, error.reason)
