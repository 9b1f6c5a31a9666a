"""`ThreadAuthors`: whose words the messages of a thread hold, for the nodes that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from langgraph_memory.effects.runner import Runner
from langgraph_memory.flows import authors
from langgraph_memory.operations.settings import StoreSettings


class ThreadAuthors:
    """A message belongs to the owner of the run that added it, whoever runs its thread later."""

    def __init__(self, runner: Runner, settings: StoreSettings) -> None:
        self._runner = runner
        self._settings = settings

    def others(self, thread_id: str | None, *, owner_id: str) -> frozenset[str]:
        """Return the ids of the messages of a thread that are not an owner's to learn from."""
        return self._runner.run(authors.others(thread_id, owner_id))

    async def aothers(self, thread_id: str | None, *, owner_id: str) -> frozenset[str]:
        """Same as `others`."""
        return await self._runner.arun(authors.others(thread_id, owner_id))

    def resumed(self, thread_id: str, message_id: str | None) -> str | None:
        """Return whose a run is that goes on in a thread without a name: of whom its last message is, else the owner.

        None when that is not known, or another's who names nobody.
        """
        return self._runner.run(authors.resumed(thread_id, message_id))

    async def aresumed(self, thread_id: str, message_id: str | None) -> str | None:
        """Same as `resumed`."""
        return await self._runner.arun(authors.resumed(thread_id, message_id))

    def claim(
        self, thread_id: str, message_ids: Sequence[str], *, owner_id: str, began_at: datetime | None = None
    ) -> None:
        """Note that some messages are an owner's, unless it is known whose they are; nobody waits for it.

        Nothing happens when the owner was erased since `began_at`.
        """
        self._runner.run(authors.claim(thread_id, owner_id, message_ids, began_at, self._settings))

    async def aclaim(
        self, thread_id: str, message_ids: Sequence[str], *, owner_id: str, began_at: datetime | None = None
    ) -> None:
        """Same as `claim`."""
        await self._runner.arun(authors.claim(thread_id, owner_id, message_ids, began_at, self._settings))

    def name(self, thread_id: str, messages: Mapping[str, Sequence[str]]) -> None:
        """Note by owner whose messages of a thread are, as those who said them are named; " " stands for no owner."""
        self._runner.run(authors.name(thread_id, messages, self._settings))

    async def aname(self, thread_id: str, messages: Mapping[str, Sequence[str]]) -> None:
        """Same as `name`."""
        await self._runner.arun(authors.name(thread_id, messages, self._settings))

    def withhold(self, thread_id: str, message_ids: Sequence[str], *, owner_id: str) -> None:
        """Let some messages of a thread never be read for an owner, whenever that is tried."""
        self._runner.run(authors.withhold(thread_id, owner_id, message_ids, self._settings))

    async def awithhold(self, thread_id: str, message_ids: Sequence[str], *, owner_id: str) -> None:
        """Same as `withhold`."""
        await self._runner.arun(authors.withhold(thread_id, owner_id, message_ids, self._settings))
