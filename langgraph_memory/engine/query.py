"""What a plan and an engine say to each other: named queries out, rows back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

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
    them, over `params`, and returns nothing.
    """

    name: str
    params: Mapping[str, Any] = _NONE
    rows: Sequence[Mapping[str, Any]] | None = None


Plan = Generator[Query, Sequence[Row], T]
"""A generator that yields queries, is sent their rows, and returns the outcome. It does no I/O and awaits nothing."""


Answer = Callable[[Query], Plan[Sequence[Row]]]
"""How a dialect answers a query that takes several statements of its own: a small plan over them."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A plan that can be started again, whether it writes, and whether it reads what was given to `run_later`.

    An engine runs it inside one transaction and may run it more than once. `yield from` an operation runs its plan
    inside another plan. One that is `brief` reads little, so that a writer may be kept waiting for it, and with one
    statement where an engine can do that, which then needs no transaction.
    One that is `repeatable` changes nothing more when it runs again after its commit. A write that is brief can be one
    statement too; if it is not, that has changed nothing, and if it is, nothing that matters when it runs again.
    """

    start: Callable[[], Plan[T]]
    writes: bool
    settled: bool = False
    brief: bool = False
    repeatable: bool = False

    def __iter__(self) -> Plan[T]:
        return self.start()


def reads(plan: Callable[P, Plan[T]]) -> Callable[P, Operation[T]]:
    """Make a plan function return an operation that runs in a read transaction."""
    return _operation(plan, writes=False)


def reads_settled(plan: Callable[P, Plan[T]]) -> Callable[P, Operation[T]]:
    """Same as `reads`, after every write that the engine has put off until then."""
    return _operation(plan, writes=False, settled=True)


def reads_little(plan: Callable[P, Plan[T]]) -> Callable[P, Operation[T]]:
    """Make a plan function return an operation that runs in a read transaction and is soon over."""
    return _operation(plan, writes=False, brief=True)


def writes(plan: Callable[P, Plan[T]]) -> Callable[P, Operation[T]]:
    """Make a plan function return an operation that runs in a write transaction."""
    return _operation(plan, writes=True)


def writes_repeatably(plan: Callable[P, Plan[T]]) -> Callable[P, Operation[T]]:
    """Same as `writes`, for a plan that changes nothing more when it runs again after its commit."""
    return _operation(plan, writes=True, repeatable=True)


def writes_at_once(*, repeatable: bool = False) -> Callable[[Callable[P, Plan[T]]], Callable[P, Operation[T]]]:
    """Same as `writes`, for a plan that begins with a statement which may be all that it takes."""
    return partial(_operation, writes=True, brief=True, repeatable=repeatable)


def _operation(
    plan: Callable[P, Plan[T]],
    *,
    writes: bool,
    settled: bool = False,
    brief: bool = False,
    repeatable: bool = False,
) -> Callable[P, Operation[T]]:
    @wraps(plan)
    def bind(*args: P.args, **kwargs: P.kwargs) -> Operation[T]:
        return Operation(lambda: plan(*args, **kwargs), writes, settled, brief, repeatable)

    return bind
