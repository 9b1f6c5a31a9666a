"""`PromotionQueue`: what waits to be promoted later, for the nodes that queue it and the workers that work it off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.jobs import Batch, Failure, Lease, LeasedJob, Retries
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.effects.runner import Runner
from langgraph_memory.flows import jobs
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans.jobs import Unread

QUIET_FOR = timedelta(seconds=30)
AT_LATEST = timedelta(minutes=10)


class PromotionQueue:
    """The jobs of a store. A message is in it at most once for each extractor, and leaves it with what it said."""

    def __init__(self, runner: Runner, settings: StoreSettings) -> None:
        self._runner = runner
        self._settings = settings

    def unread(
        self, utterances: Sequence[Utterance], *, place: LedgerPlace, began_at: datetime | None = None
    ) -> Unread:
        """Return what neither the ledger nor a job knows, and whether a job of the thread is due.

        ErasedError is raised when the owner was erased since `began_at`, when the run was begun.
        """
        return self._runner.run(jobs.unread(utterances, place, began_at, self._settings))

    async def aunread(
        self, utterances: Sequence[Utterance], *, place: LedgerPlace, began_at: datetime | None = None
    ) -> Unread:
        """Same as `unread`."""
        return await self._runner.arun(jobs.unread(utterances, place, began_at, self._settings))

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
    ) -> datetime | None:
        """Queue what nobody has read and return when it is due: after `quiet_for`, which a later turn starts anew.

        `at_latest` bounds how long later turns put it off. None when there was nothing to queue. Of a message that
        holds a secret, or personal data that the guard refuses, no text is kept. `failure` says in one word why the
        messages could not be read at once, which counts as an attempt. ErasedError is raised when the owner was erased
        since `began_at`, when the run was begun in which they were said.
        """
        return self._runner.run(jobs.queue(utterances, _fields(locals()), self._settings))

    async def aadd(
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
    ) -> datetime | None:
        """Same as `add`."""
        return await self._runner.arun(jobs.queue(utterances, _fields(locals()), self._settings))

    def claim(self, extractor: str, *, lease_for: timedelta, retries: Retries, ahead: bool = False) -> LeasedJob | None:
        """Lease the job of an extractor that has been due longest; with `ahead` also one that is not due yet."""
        return self._runner.run(jobs.claim(extractor, lease_for, retries, ahead, self._settings))

    async def aclaim(
        self, extractor: str, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> LeasedJob | None:
        """Same as `claim`."""
        return await self._runner.arun(jobs.claim(extractor, lease_for, retries, ahead, self._settings))

    def claim_of(
        self, place: LedgerPlace, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> LeasedJob | None:
        """Lease the job of one thread, when it is due; with `ahead` also before, unless it has failed."""
        return self._runner.run(jobs.claim_of(place, lease_for, retries, ahead, self._settings))

    async def aclaim_of(
        self, place: LedgerPlace, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> LeasedJob | None:
        """Same as `claim_of`."""
        return await self._runner.arun(jobs.claim_of(place, lease_for, retries, ahead, self._settings))

    def finish(
        self, lease: Lease, batch: Batch, candidates: Sequence[Candidate], *, policy: PromotionPolicy, last: bool
    ) -> PromotionReport | None:
        """Store what a batch said and take it off the job, in one transaction; None if the lease was lost.

        `last` gives the lease back with it.
        """
        return self._runner.run(jobs.finish(lease, batch, candidates, policy, last, self._settings))

    async def afinish(
        self, lease: Lease, batch: Batch, candidates: Sequence[Candidate], *, policy: PromotionPolicy, last: bool
    ) -> PromotionReport | None:
        """Same as `finish`."""
        return await self._runner.arun(jobs.finish(lease, batch, candidates, policy, last, self._settings))

    def give_back(self, lease: Lease, failures: Sequence[Failure], *, retries: Retries) -> int:
        """End the work on a job, put off what failed, and return how many messages were set aside."""
        return self._runner.run(jobs.give_back(lease, failures, retries, self._settings))

    async def agive_back(self, lease: Lease, failures: Sequence[Failure], *, retries: Retries) -> int:
        """Same as `give_back`."""
        return await self._runner.arun(jobs.give_back(lease, failures, retries, self._settings))

    def surroundings(self) -> dict[str, Any]:
        """Return what an extractor may be shown beside messages and memories: the memory types, and the time."""
        return {"types": tuple(self._settings.types.values()), "now": self._settings.clock()}

    def time_left(self, extractor: str) -> timedelta | None:
        """Return how long it is until a job of an extractor can be claimed; None when nothing waits."""
        return self._runner.run(jobs.wait(extractor, self._settings))

    async def atime_left(self, extractor: str) -> timedelta | None:
        """Same as `time_left`."""
        return await self._runner.arun(jobs.wait(extractor, self._settings))


def _fields(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("self", "utterances")}
