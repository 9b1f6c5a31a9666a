"""`memory.jobs`: what waits to be promoted in the background."""

from __future__ import annotations

from langgraph_memory.domain.jobs import Job
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.operations import jobs
from langgraph_memory.store.facet import Facet
from langgraph_memory.views import Records


class Jobs(Facet):
    """Lists the queue of a store, and retries or discards what failed too often in it: `memory.jobs`."""

    @runs_effects
    def pending(self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0) -> Operation[Records[Job]]:
        """Return a page of what waits to be promoted, of an owner or of all, longest waiting first."""
        return jobs.pending(owner_id, limit, offset, self._settings)

    apending = twin_of(pending)

    @runs_effects
    def retry(self, *, owner_id: str, thread_id: str | None = None) -> Operation[int]:
        """Let messages that failed too often be tried again, of one thread or of all; return how many they are.

        Raises MissingOwnerError.
        """
        return jobs.retry(owner_id, thread_id, self._settings)

    aretry = twin_of(retry)

    @runs_effects
    def discard(self, *, owner_id: str, thread_id: str | None = None) -> Operation[int]:
        """Give up messages that failed too often, of one thread or of all: they count as read; return how many.

        Raises MissingOwnerError.
        """
        return jobs.discard(owner_id, thread_id, self._settings)

    adiscard = twin_of(discard)
