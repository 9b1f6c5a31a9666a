"""What a store was opened with, and the checks of arguments that its operations share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from langgraph_memory.domain.audit import DEFAULT_RECEIPTS, ReceiptPolicy
from langgraph_memory.domain.guard import DEFAULT_GUARD, GuardPolicy
from langgraph_memory.domain.search.vectors import Metric, VectorSearch
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.effects.runner import Runner
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.embedding import Embedder

_LONGEST = 1000 * 365 * 24 * 60
"""Minutes in a thousand years; a longer time-to-live is a mistake, and past what a timestamp holds."""

_BOUNDS = ("limit", "offset", "pinned", "max_tokens")
_GREATEST = 2**31 - 1


_now = partial(datetime.now, UTC)


def _new_id() -> str:
    return str(uuid4())


@dataclass(slots=True)
class SweepSchedule:
    """How often expired rows are deleted while a store is written to, and when that was done last."""

    every: timedelta
    last: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Return whether they are to be deleted now, and remember that they were."""
        if self.last is not None and now - self.last < self.every:
            return False
        self.last = now
        return True


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The embedder and its fields, types, guard, when to sweep, and where time and ids come from."""

    embedder: Embedder | None = None
    fields: Sequence[str] = ("$",)
    types: MemoryTypes = field(default_factory=MemoryTypes)
    guard: GuardPolicy = DEFAULT_GUARD
    receipts: ReceiptPolicy = DEFAULT_RECEIPTS
    sweeps: SweepSchedule | None = None
    clock: Callable[[], datetime] = _now
    new_id: Callable[[], str] = _new_id

    @property
    def is_whole(self) -> bool:
        """Whether an item is found by every word of its value."""
        return list(self.fields) == ["$"]

    @property
    def metric(self) -> Metric:
        """How vectors are compared."""
        return "cosine" if self.embedder is None else self.embedder.metric

    def vector_search(self, vector: bytes | None) -> VectorSearch | None:
        """Return the search for a packed query vector, when there is one."""
        return None if vector is None else VectorSearch(vector, self.metric)

    def sweep_due(self, now: datetime) -> bool:
        """Return whether expired rows are to be deleted now, and remember that they were."""
        return self.sweeps is not None and self.sweeps.due(now)


class Facet:
    """One side of a store, on its engine and with its settings; a store makes it."""

    __slots__ = ("_runner", "_settings")

    def __init__(self, runner: Runner, settings: StoreSettings) -> None:
        self._runner = runner
        self._settings = settings


def checked_clock(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return the user's clock in UTC.

    Raises InvalidInputError when it cannot be called, and each time it tells no time with a zone.
    """
    if not callable(clock):
        raise InvalidInputError(f"clock must be a function that returns a datetime, not {clock!r}.")

    def told() -> datetime:
        now = clock()
        if not isinstance(now, datetime) or now.tzinfo is None:
            raise InvalidInputError(f"clock must return a datetime with a time zone, not {now!r}.")
        return now.astimezone(UTC)

    return told


def check_minutes(name: str, minutes: Any) -> None:
    """Raise InvalidInputError when a time-to-live is no positive number of minutes, or longer than a thousand years."""
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0 < minutes <= _LONGEST:
        raise InvalidInputError(f"{name} must be a positive number of minutes, at most {_LONGEST}, not {minutes!r}.")


def check_bounds(fields: Mapping[str, Any]) -> None:
    """Raise InvalidInputError when a limit or an offset is no whole number, or a threshold no number."""
    for name in (name for name in _BOUNDS if name in fields):
        if not (_is_count(fields[name]) or (name == "max_tokens" and fields[name] is None)):
            raise InvalidInputError(f"{name} must be a whole number from 0 to {_GREATEST}, not {fields[name]!r}.")
    if fields.get("min_score") is not None and not isinstance(fields["min_score"], (int, float)):
        raise InvalidInputError(f"min_score must be a number, not {fields['min_score']!r}.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _GREATEST


def several(name: str, values: Iterable[str]) -> Iterable[str]:
    """Return `values` when they are several texts: one text would be read letter by letter."""
    if isinstance(values, str):
        raise InvalidInputError(f"{name} must be a list such as [{values!r}], not a single text.")
    return values


def check_text(name: str, value: Any, *, optional: bool = False) -> Any:
    """Return `value` when it is text, or None where that is allowed; raises InvalidInputError."""
    if isinstance(value, str) or (optional and value is None):
        return value
    raise InvalidInputError(f"{name} must be text, not {type(value).__name__}.")
