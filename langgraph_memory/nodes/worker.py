"""`PromotionWorker`: works off what `PromotionNode(mode="background")` queued, beside the turns or in their stead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.jobs import Retries
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import PromotionReport
from langgraph_memory.effects.effect import Effects, aperform, call, perform
from langgraph_memory.errors import DatabaseClosedError, ExtractionError, InvalidInputError
from langgraph_memory.nodes.readers import AnyExtractor
from langgraph_memory.nodes.reading import ExtractorName, Reading
from langgraph_memory.nodes.work import Work, WorkReport
from langgraph_memory.store import CuratedStore

_LOG = logging.getLogger("langgraph_memory")
_SHORTEST = 0.01


class PromotionWorker:
    """Promotes queued messages: in a thread of this process (`start`, or `with`), or when it is told to (`run_once`).

    `async with` works too. Any number of workers, in any number of processes, share the jobs: each is leased for
    `lease_for`, longer than an extractor takes for one batch, and one whose worker died is taken over when that has
    passed. A worker takes the jobs of its own `extractor` only: give it the node's, and the `model` that is to be asked
    about what the rules leave in doubt. `policy` and `guard` are its own;
    what the node's firewall let into the queue, trusted tools too, is read. `retries` says how often a failing batch
    is tried. `poll_every` is how long at most a job of another process goes unnoticed.

    With `reflect_every` it also writes what an owner's sessions have in common (`CuratedStore.hygiene.reflect`), after
    it has worked off a job of theirs and at most once in that time.
    """

    def __init__(
        self,
        store: CuratedStore,
        *,
        extractor: AnyExtractor | ExtractorName | None = None,
        model: Any = None,
        policy: PromotionPolicy | None = None,
        guard: GuardPolicy | None = None,
        retries: Retries | None = None,
        lease_for: timedelta = timedelta(minutes=5),
        poll_every: timedelta = timedelta(seconds=5),
        on_promotion: Callable[[PromotionReport], None] | None = None,
        on_failure: Callable[[ExtractionError], None] | None = None,
        reflect_every: timedelta | None = None,
    ) -> None:
        if reflect_every is not None and reflect_every <= timedelta(0):
            raise InvalidInputError("reflect_every must be longer than nothing.")
        if lease_for <= timedelta(0) or poll_every <= timedelta(0):
            raise InvalidInputError("lease_for and poll_every must be longer than nothing.")
        reading = Reading.of(extractor, policy, guard, listens_to_tools=True, model=model)
        self._store = store
        self._on_promotion = on_promotion
        self._work = Work(reading, retries or Retries(), lease_for, self._promoted, on_failure)
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

    def run_once(self, limit: int | None = None) -> WorkReport:
        """Work off the jobs that are due, at most `limit` of them, and return what was done."""
        return perform(self._jobs(limit))

    async def arun_once(self, limit: int | None = None) -> WorkReport:
        """Same as `run_once`."""
        return await aperform(self._jobs(limit))

    def drain(self) -> WorkReport:
        """Work off every job that has not failed, due or not, and every other that is due."""
        return perform(self._jobs(ahead=True))

    async def adrain(self) -> WorkReport:
        """Same as `drain`."""
        return await aperform(self._jobs(ahead=True))

    def start(self) -> Self:
        """Begin to work in a thread; when it works already, nothing happens."""
        if self._thread is None:
            self._thread = Thread(target=self._run_in_thread, name="langgraph_memory-promotion", daemon=True)
            self._thread.start()
        return self

    def stop(self, *, drain: bool = True) -> None:
        """End the thread after the job at hand; with `drain` then work off every job that has not failed, due or not.

        What is left stays in the database for the next worker.
        """
        self._draining = drain
        self.stop_soon()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._stopping = False

    async def astop(self, *, drain: bool = True) -> None:
        """Same as `stop`."""
        await asyncio.to_thread(self.stop, drain=drain)

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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(drain=kind is None)

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.astop(drain=kind is None)

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
            yield from call(hygiene.reflect, hygiene.areflect, owner_id=owner_id)
            self._reflected[owner_id] = now + self._reflect_every.total_seconds()
            self._changed.discard(owner_id)
