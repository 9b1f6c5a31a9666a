"""What the rest of the package needs of a database."""

from __future__ import annotations

from typing import Protocol, TypeVar

from langgraph_memory.cache import CacheBound
from langgraph_memory.effects.transaction import Transaction

T = TypeVar("T")


class Engine(Protocol):
    """Runs operations, each inside one transaction: all of it happens, or nothing."""

    cache_bound: CacheBound
    """What it and those who stand on it may keep in memory of what they have read."""

    def setup(self) -> None:
        """Create or migrate the schema; safe to call again, and from several processes at once."""

    def run(self, operation: Transaction[T]) -> T:
        """Run `operation` and return its outcome."""

    async def arun(self, operation: Transaction[T]) -> T:
        """Same as `run`, without blocking the event loop."""

    def run_later(self, operation: Transaction[object]) -> None:
        """Run a write without keeping the caller waiting for its commit; an engine may as well run it at once.

        It is durable no later than the next write of this engine, and every operation of this engine that reads
        `settled` sees it. An error of it that cannot be raised any more is logged. A database that can only be read
        keeps nothing of it.
        """

    async def arun_later(self, operation: Transaction[object]) -> None:
        """Same as `run_later`, without blocking the event loop."""

    def scrub(self) -> bool:
        """Make what was deleted unreadable in the live files, and return whether that is done.

        It is not while somebody reads an earlier state, or writes; call it again then.
        """

    async def ascrub(self) -> bool:
        """Same as `scrub`, without blocking the event loop."""

    def reclaim(self) -> None:
        """Give the space of deleted rows back to the file system, in steps that let other writers in between."""

    async def areclaim(self) -> None:
        """Same as `reclaim`, without blocking the event loop."""

    def grant(self, role: str, partition: str, owner_id: str) -> None:
        """Let a role of the database see the rows of one owner, and no others.

        Raises InvalidInputError where there are no roles.
        """

    def revoke(self, role: str) -> None:
        """Let a role of the database see nothing any more."""

    def close(self) -> None:
        """Finish what is running and release every connection; safe to call again."""
