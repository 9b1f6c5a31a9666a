"""Works off what is queued: a turn's own job beside it, and all jobs by a `PromotionWorker`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self, TypedDict, Unpack

from langgraph_memory.domain.candidate import Candidate
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.jobs import Batch, Failure, LeasedJob, Retries
from langgraph_memory.domain.promotion import LedgerPlace, PromotionPolicy, PromotionReport
from langgraph_memory.effects.effect import Caller, Effects, aperform, call, either, in_thread
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import DatabaseClosedError, DatabaseError, ExtractionError, InvalidInputError
from langgraph_memory.nodes.reading import AnyExtractor, ExtractorName, Reading, is_passing
from langgraph_memory.store import CuratedStore
from langgraph_memory.store.curated import checked
from langgraph_memory.views import Table, agreeing, counted, to_html

_LOG = logging.getLogger("langgraph_memory")
_SHORTEST = 0.01


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
        for name in self.reading.names:
            job = yield from either(
                store.queue.claim, name, lease_for=self.lease_for, retries=self.retries, ahead=ahead
            )
            if job is not None:
                return (yield from self._on(store, job))
        return None

    def job_of(self, store: CuratedStore, place: LedgerPlace, *, ahead: bool = False) -> Effects[WorkReport | None]:
        """Work on the job of one thread; None when it is somebody else's, or not due and not to be taken `ahead`."""
        job = yield from either(
            store.queue.claim_of, place, lease_for=self.lease_for, retries=self.retries, ahead=ahead
        )
        return None if job is None else (yield from self._on(store, job))

    def time_left(self, store: CuratedStore) -> Effects[timedelta | None]:
        """Return how long it is until there is a job to work on; None when nothing waits."""
        queue = store.queue
        left: list[timedelta] = []
        for name in self.reading.names:
            found = yield from either(queue.time_left, name)
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
            spent = yield from either(store.queue.release, job.lease, failures, retries=self.retries)
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
        found = yield from self._read(store, job, batch)
        yield from self._ask_later(store, job, batch, found)
        report = yield from either(store.queue.finish, job.lease, batch, found, policy=self.reading.policy, last=last)
        if report is not None and self.on_promotion is not None:
            self.on_promotion(report)

    def _read(self, store: CuratedStore, job: LeasedJob, batch: Batch) -> Effects[list[Candidate]]:
        if not batch.readable:
            return []
        place, source = job.lease.place, batch.messages[-1].source
        reading = self.reading.named(place.extractor)
        found = yield from reading.read(
            store, batch.readable, job.heard, owner_id=place.owner_id, scope=batch.scope, source=source
        )
        return found

    def _ask_later(
        self, store: CuratedStore, job: LeasedJob, batch: Batch, found: Sequence[Candidate]
    ) -> Effects[None]:
        """Queue for the model what the rules leave in doubt, before it counts as read by them."""
        place = job.lease.place
        reading = self.reading.named(place.extractor)
        if reading.asks is None:
            return
        doubtful = {one.utterance.message_id for one in reading.doubtful(batch.readable, found)}
        asking = replace(place, extractor=reading.asks.name)
        for one in batch.messages:
            if one.utterance.message_id in doubtful:
                yield from either(
                    store.queue.add,
                    [one.utterance],
                    place=asking,
                    scope=one.scope,
                    source=one.source,
                    heard=job.heard,
                    quiet_for=0,
                    guard=reading.policy.guard,
                )

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


class WorkerOptions(TypedDict, total=False):
    """What a `PromotionWorker` may be told beside whose jobs it takes and what is promoted."""

    lease_for: timedelta
    poll_every: timedelta
    on_promotion: Callable[[PromotionReport], None] | None
    on_failure: Callable[[ExtractionError], None] | None
    reflect_every: timedelta | None


class PromotionWorker:
    """Promotes queued messages: in a thread of this process (`start`, or `with`), or when it is told to (`run_once`).

    `async with` works too. Any number of workers, in any number of processes, share the jobs: each is leased for
    `lease_for`, longer than an extractor takes for one batch, and one whose worker died is taken over when that has
    passed. A worker takes the jobs of its own `extractor` only: give it the node's, and the `model` that is to be asked
    about what the rules leave in doubt. `policy` and `guard` are its own; what the node's firewall let into the queue,
    trusted tools too, is read. `retries` says how often a failing batch is tried. `options` are `lease_for` (5
    minutes), `poll_every` (5 s), `on_promotion`, `on_failure` and `reflect_every`. `poll_every` is how long at most a
    job of another process goes unnoticed.

    With `reflect_every` it also writes what an owner's sessions have in common (`CuratedStore.hygiene.reflect`), after
    it has worked off a job of theirs and at most once in that time.
    """

    _runner = Caller()

    def __init__(
        self,
        store: CuratedStore,
        *,
        extractor: AnyExtractor | ExtractorName | None = None,
        model: Any = None,
        policy: PromotionPolicy | None = None,
        guard: GuardPolicy | None = None,
        retries: Retries | None = None,
        **options: Unpack[WorkerOptions],
    ) -> None:
        checked("PromotionWorker", options, WorkerOptions)
        lease_for = options.get("lease_for", timedelta(minutes=5))
        poll_every = options.get("poll_every", timedelta(seconds=5))
        reflect_every = options.get("reflect_every")
        if reflect_every is not None and reflect_every <= timedelta(0):
            raise InvalidInputError("reflect_every must be longer than nothing.")
        if lease_for <= timedelta(0) or poll_every <= timedelta(0):
            raise InvalidInputError("lease_for and poll_every must be longer than nothing.")
        reading = Reading.of(extractor, policy, guard, listens_to_tools=True, model=model)
        self._store = store
        self._on_promotion = options.get("on_promotion")
        self._work = Work(reading, retries or Retries(), lease_for, self._promoted, options.get("on_failure"))
        self._reflect_every = reflect_every
        self._changed: set[str] = set()
        self._reflected: dict[str, float] = {}
        self._poll_every = poll_every.total_seconds()
        self._calls: SimpleQueue[None] = SimpleQueue()  # no lock that an interrupt of the caller could leave taken
        self._stopping = self._draining = False
        self._thread: Thread | None = None

    @property
    def extractor(self) -> str:
        """Return the name of the extractor whose jobs it takes."""
        return self._work.reading.name

    @property
    def extractors(self) -> tuple[str, ...]:
        """Return the names of the extractors whose jobs it takes: with a `model` that can be asked, two."""
        return self._work.reading.names

    @runs_effects
    def run_once(self, limit: int | None = None) -> Effects[WorkReport]:
        """Work off the jobs that are due, at most `limit` of them, and return what was done."""
        return self._jobs(limit)

    arun_once = twin_of(run_once)

    @runs_effects
    def drain(self) -> Effects[WorkReport]:
        """Work off every job that has not failed, due or not, and every other that is due."""
        return self._jobs(ahead=True)

    adrain = twin_of(drain)

    def start(self) -> Self:
        """Begin to work in a thread; when it works already, nothing happens."""
        if self._thread is None:
            self._thread = Thread(target=self._run_in_thread, name="langgraph_memory-promotion", daemon=True)
            self._thread.start()
        return self

    @runs_effects
    def stop(self, *, drain: bool = True) -> Effects[None]:
        """End the thread after the job at hand; with `drain` then work off every job that has not failed, due or not.

        What is left stays in the database for the next worker.
        """
        return in_thread(self._stop, drain=drain)

    astop = twin_of(stop)

    def _stop(self, *, drain: bool) -> None:
        self._draining = drain
        self.stop_soon()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._stopping = False

    def wake(self) -> None:
        """Look at the queue now: something was added to it."""
        self._calls.put(None)

    def run(self) -> WorkReport:
        """Work in this thread until another one, or a signal's handler, calls `stop_soon`; return what was done."""
        done = WorkReport()
        with asyncio.Runner() as runner:
            while not self._stopping:
                report, idle = self._round(runner)
                done = done.plus(report)
                self._wait(idle)
        return done

    def stop_soon(self) -> None:
        """Let `run` return after the job at hand; safe in a signal's handler."""
        self._stopping = True
        self._calls.put(None)

    @runs_effects
    def __enter__(self) -> Effects[PromotionWorker]:
        return call(self.start, self._started)

    __aenter__ = twin_of(__enter__)

    async def _started(self) -> Self:
        return self.start()

    @runs_effects
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Effects[None]:
        return in_thread(self._stop, drain=kind is None)

    __aexit__ = twin_of(__exit__)

    def _run_in_thread(self) -> None:
        try:
            self.run()
            if self._draining:
                asyncio.run(self.adrain())
        except DatabaseClosedError:
            return
        except Exception as error:
            _LOG.warning("the promotion worker ended (%s); what is queued stays queued", type(error).__name__)

    def _round(self, runner: asyncio.Runner) -> tuple[WorkReport, float]:
        """Work off what is due, and return what was done and for how many seconds there is nothing to do."""
        report = WorkReport()
        try:
            report = runner.run(aperform(self._jobs(until=lambda: self._stopping)))
            left = runner.run(aperform(self._work.time_left(self._store)))
        except DatabaseClosedError:
            raise
        except Exception as error:
            _LOG.warning("the promotion worker could not use the database (%s)", type(error).__name__)
            return report, self._poll_every
        return report, self._poll_every if left is None else min(self._poll_every, left.total_seconds())

    def _wait(self, seconds: float) -> None:
        with suppress(Empty):
            self._calls.get(timeout=max(seconds, _SHORTEST))
            while True:  # one look at the queue serves every call so far
                self._calls.get_nowait()

    def _jobs(
        self, limit: int | None = None, *, ahead: bool = False, until: Callable[[], bool] = lambda: False
    ) -> Effects[WorkReport]:
        done = WorkReport()
        while (limit is None or done.jobs < limit) and not until():
            report = yield from self._work.next_job(self._store, ahead=ahead)
            if report is None:
                break
            done = done.plus(report)
        yield from self._reflect()
        return done

    def _promoted(self, report: PromotionReport) -> None:
        self._changed.add(report.owner_id)
        if self._on_promotion is not None:
            self._on_promotion(report)

    def _reflect(self) -> Effects[None]:
        """Reflect for the owners whose memories have changed, each no more often than is asked for."""
        if self._reflect_every is None:
            self._changed.clear()
            return
        now, hygiene = monotonic(), self._store.hygiene
        due = [one for one in self._changed if now >= self._reflected.get(one, now)]
        for owner_id in due:
            yield from either(hygiene.reflect, owner_id=owner_id)
            self._reflected[owner_id] = now + self._reflect_every.total_seconds()
            self._changed.discard(owner_id)
