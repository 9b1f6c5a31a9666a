"""`ThreadAuthors`: whose words the messages of a thread hold, for the nodes that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from langgraph_memory.checkpoints import owners
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.operations import threads
from langgraph_memory.store.facet import Facet


class ThreadAuthors(Facet):
    """A message belongs to the owner of the run that added it, whoever runs its thread later."""

    @runs_effects
    def others(self, thread_id: str | None, *, owner_id: str) -> Operation[frozenset[str]]:
        """Return the ids of the messages of a thread that are not an owner's to learn from."""
        return threads.others(thread_id, owner_id)

    aothers = twin_of(others)

    @runs_effects
    def resumed(self, thread_id: str, message_id: str | None) -> Operation[str | None]:
        """Return whose a run is that goes on in a thread without a name: of whom its last message is, else the owner.

        None when that is not known, or another's who names nobody.
        """
        return owners.resumed(thread_id, message_id)

    aresumed = twin_of(resumed)

    @runs_effects
    def claim(
        self, thread_id: str, message_ids: Sequence[str], *, owner_id: str, began_at: datetime | None = None
    ) -> Operation[None]:
        """Note that some messages are an owner's, unless it is known whose they are; nobody waits for it.

        Nothing happens when the owner was erased since `began_at`.
        """
        return threads.claim(thread_id, owner_id, message_ids, began_at, self._settings)

    aclaim = twin_of(claim)

    @runs_effects
    def name(self, thread_id: str, messages: Mapping[str, Sequence[str]]) -> Operation[None]:
        """Note by owner whose messages of a thread are, as those who said them are named; " " stands for no owner."""
        return threads.name(thread_id, messages, self._settings)

    aname = twin_of(name)

    @runs_effects
    def withhold(self, thread_id: str, message_ids: Sequence[str], *, owner_id: str) -> Operation[None]:
        """Let some messages of a thread never be read for an owner, whenever that is tried."""
        return threads.withhold(thread_id, owner_id, message_ids, self._settings)

    awithhold = twin_of(withhold)

    @runs_effects
    def claim_thread(self, thread_id: str, *, owner_id: str) -> Operation[None]:
        """Note that an owner takes part in a thread of this database: it is theirs too when everything is erased.

        A node does so where the owner is found by a function of yours, which the checkpointer knows nothing of. The
        first owner that is noted of a thread is whose it is listed as. Nothing happens when there is no such thread.

        Raises MissingOwnerError or InvalidInputError.
        """
        return threads.claim_thread(thread_id, owner_id)

    aclaim_thread = twin_of(claim_thread)
