"""`PromotionQueue`: what waits to be promoted later, for the nodes that queue it and the workers that work it off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.jobs import Batch, Failure, Lease, LeasedJob, Retries
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport, judge_all
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.operations import jobs, promotion
from langgraph_memory.operations.jobs import Unread
from langgraph_memory.operations.rows import Origin
from langgraph_memory.store.facet import Facet

QUIET_FOR = timedelta(seconds=30)
AT_LATEST = timedelta(minutes=10)


class PromotionQueue(Facet):
    """The jobs of a store. A message is in it at most once for each extractor, and leaves it with what it said."""

    @runs_effects
    def unread(
        self, utterances: Sequence[Utterance], *, place: LedgerPlace, began_at: datetime | None = None
    ) -> Operation[Unread]:
        """Return what neither the ledger nor a job knows, and whether a job of the thread is due.

        ErasedError is raised when the owner was erased since `began_at`, when the run was begun.
        """
        return jobs.unread(utterances, place, began_at, self._settings)

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
        heard = promotion.Heard(judged, utterances, place, scope, lambda _: origin)
        return promotion.promote(heard, began_at, self._settings)

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
        wanted = jobs.Unheard(
            utterances, place, quiet_for, at_latest, scope, source, heard, failure, guard=guard, began_at=began_at
        )
        return jobs.queue(wanted, self._settings)

    aadd = twin_of(add)

    @runs_effects
    def claim(
        self, extractor: str, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> Operation[LeasedJob | None]:
        """Lease the job of an extractor that has been due longest; with `ahead` also one that is not due yet."""
        return jobs.claim(extractor, lease_for, retries, ahead, self._settings)

    aclaim = twin_of(claim)

    @runs_effects
    def claim_of(
        self, place: LedgerPlace, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> Operation[LeasedJob | None]:
        """Lease the job of one thread, when it is due; with `ahead` also before, unless it has failed."""
        return jobs.claim_of(place, lease_for, retries, ahead, self._settings)

    aclaim_of = twin_of(claim_of)

    @runs_effects
    def finish(
        self, lease: Lease, batch: Batch, candidates: Sequence[Candidate], *, policy: PromotionPolicy, last: bool
    ) -> Operation[PromotionReport | None]:
        """Store what a batch said and take it off the job, in one transaction; None if the lease was lost.

        `last` releases the lease with it.
        """
        return jobs.finish(lease, batch, candidates, policy, last, self._settings)

    afinish = twin_of(finish)

    @runs_effects
    def release(self, lease: Lease, failures: Sequence[Failure], *, retries: Retries) -> Operation[int]:
        """End the work on a job, put off what failed, and return how many messages were set aside."""
        return jobs.release(lease, failures, retries, self._settings)

    arelease = twin_of(release)

    def surroundings(self) -> dict[str, Any]:
        """Return what an extractor may be shown beside messages and memories: the memory types, and the time."""
        return {"types": tuple(self._settings.types.values()), "now": self._settings.clock()}

    @runs_effects
    def time_left(self, extractor: str) -> Operation[timedelta | None]:
        """Return how long it is until a job of an extractor can be claimed; None when nothing waits."""
        return jobs.wait(extractor, self._settings)

    atime_left = twin_of(time_left)
