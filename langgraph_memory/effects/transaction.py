"""What an operation and an engine say to each other: named queries, their transactions, and what runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

from langgraph_memory.cache import CacheBound
from langgraph_memory.effects.effect import Call, Effects

T = TypeVar("T")
P = ParamSpec("P")


class Row(Protocol):
    """One row of a result, read by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of `column`."""
        ...


_NONE: Mapping[str, Any] = {}


class Query(NamedTuple):
    """One named statement and its bound values.

    A list or tuple among `params` is bound as a set of values. With `rows` the statement runs once for each of
    them, over `params`, and returns nothing; those that are tuples are bound as they are.
    """

    name: str
    params: Mapping[str, Any] = _NONE
    rows: Sequence[Any] | None = None


Answer = Callable[[Query], Effects[Sequence[Row]]]
"""How a dialect answers a query that takes several statements of its own."""


@dataclass(frozen=True, slots=True)
class Transaction(Generic[T]):
    """Queries that can be started again, whether it writes, and whether it reads what was given to `run_later`.

    An engine runs it inside one transaction and may run it more than once. `yield from` a transaction runs its
    queries inside another one.
    One that is `brief` reads little, so that a writer may be kept waiting for it, and with one statement where an
    engine can do that, which then needs no transaction.
    One that is `repeatable` changes nothing more when it runs again after its commit. A write that is brief can be one
    statement too; if it is not, that has changed nothing, and if it is, nothing that matters when it runs again.
    """

    start: Callable[[], Effects[T]]
    writes: bool
    settled: bool = False
    brief: bool = False
    repeatable: bool = False

    def __iter__(self) -> Effects[T]:
        return self.start()

    def call(self, runner: Any, /) -> Call:
        """Run it on the engine."""
        return Call(partial(runner.engine.run, self), partial(runner.engine.arun, self))


def reads(queries: Callable[P, Effects[T]]) -> Callable[P, Transaction[T]]:
    """Make a generator function return an operation that runs in a read transaction."""
    return _operation(queries, writes=False)


def reads_settled(queries: Callable[P, Effects[T]]) -> Callable[P, Transaction[T]]:
    """Same as `reads`, after every write that the engine has put off until then."""
    return _operation(queries, writes=False, settled=True)


def reads_little(queries: Callable[P, Effects[T]]) -> Callable[P, Transaction[T]]:
    """Make a generator function return an operation that runs in a read transaction and is soon over."""
    return _operation(queries, writes=False, brief=True)


def writes(queries: Callable[P, Effects[T]]) -> Callable[P, Transaction[T]]:
    """Make a generator function return an operation that runs in a write transaction."""
    return _operation(queries, writes=True)


def writes_repeatably(queries: Callable[P, Effects[T]]) -> Callable[P, Transaction[T]]:
    """Same as `writes`, for one that changes nothing more when it runs again after its commit."""
    return _operation(queries, writes=True, repeatable=True)


def writes_at_once(*, repeatable: bool = False) -> Callable[[Callable[P, Effects[T]]], Callable[P, Transaction[T]]]:
    """Same as `writes`, for one that begins with a statement which may be all that it takes."""
    return partial(_operation, writes=True, brief=True, repeatable=repeatable)


def _operation(
    queries: Callable[P, Effects[T]],
    *,
    writes: bool,
    settled: bool = False,
    brief: bool = False,
    repeatable: bool = False,
) -> Callable[P, Transaction[T]]:
    @wraps(queries)
    def bind(*args: P.args, **kwargs: P.kwargs) -> Transaction[T]:
        return Transaction(partial(queries, *args, **kwargs), writes, settled, brief, repeatable)

    return bind


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
