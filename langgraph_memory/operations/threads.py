"""Whose words the messages of a thread hold, and what memory does in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from langgraph_memory.checkpoints import owners
from langgraph_memory.domain.scope import check_owner, storable
from langgraph_memory.domain.thread import EVERY_THREAD, NOBODY, STRANGER, MemorySwitches
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Later
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.settings import Facet, StoreSettings, check_text


class ThreadAuthors(Facet):
    """A message belongs to the owner of the run that added it, whoever runs its thread later."""

    @runs_effects
    def others(self, thread_id: str | None, *, owner_id: str) -> Effects[frozenset[str]]:
        """Return the ids of the messages of a thread that are not an owner's to learn from."""
        if thread_id is None:
            return frozenset()
        found: frozenset[str] = yield owners.others(thread_id, owner_id)
        return found

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
    ) -> Effects[None]:
        """Note that some messages are an owner's, unless it is known whose they are; nobody waits for it.

        Nothing happens when the owner was erased since `began_at`.
        """
        if message_ids:
            yield Later(owners.claim(thread_id, check_owner(owner_id), message_ids, began_at, self._settings.clock()))

    aclaim = twin_of(claim)

    @runs_effects
    def name(self, thread_id: str, messages: Mapping[str, Sequence[str]]) -> Effects[None]:
        """Note by owner whose messages of a thread are, as those who said them are named; " " stands for no owner."""
        for owner_id in messages.keys() - {NOBODY, STRANGER}:
            check_owner(owner_id)
        if messages:
            yield owners.name(thread_id, messages, self._settings.clock())

    aname = twin_of(name)

    @runs_effects
    def withhold(self, thread_id: str, message_ids: Sequence[str], *, owner_id: str) -> Effects[None]:
        """Let some messages of a thread never be read for an owner, whenever that is tried."""
        if message_ids:
            yield owners.withhold(thread_id, check_owner(owner_id), message_ids, self._settings.clock())

    awithhold = twin_of(withhold)

    @runs_effects
    def claim_thread(self, thread_id: str, *, owner_id: str) -> Effects[None]:
        """Note that an owner takes part in a thread of this database: it is theirs too when everything is erased.

        A node does so where the owner is found by a function of yours, which the checkpointer knows nothing of. The
        first owner that is noted of a thread is whose it is listed as. Nothing happens when there is no such thread.

        Raises MissingOwnerError or InvalidInputError.
        """
        check_text("thread_id", thread_id)
        yield Later(owners.claim_thread(thread_id, check_owner(owner_id)))

    aclaim_thread = twin_of(claim_thread)


def switches(thread_id: str | None, owner_id: str) -> Transaction[MemorySwitches]:
    """Return what memory does for an owner in a thread, or without one in every thread."""
    return owners.switches(_checked(thread_id), check_owner(owner_id))


def switch(
    thread_id: str | None, owner_id: str, recall: bool, learn: bool, settings: StoreSettings
) -> Transaction[None]:
    """Set what memory does for an owner in a thread, or in all; raises InvalidInputError for what is no switch."""
    for what, on in (("recall", recall), ("learn", learn)):
        if not isinstance(on, bool):
            raise InvalidInputError(f"{what} must be True or False, not {on!r}.")
    wanted = MemorySwitches(recall, learn)
    return owners.switch(_checked(thread_id), check_owner(owner_id), wanted, settings.clock())


def _checked(thread_id: str | None) -> str:
    if thread_id is None:
        return EVERY_THREAD
    if isinstance(thread_id, str) and thread_id and storable(thread_id):
        return thread_id
    raise InvalidInputError(f"thread_id must be text that names a thread, not {thread_id!r}.")
