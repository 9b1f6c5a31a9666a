"""Which items and memories a caller wants to see: JSON values as LangGraph words it; types, slots, tags and time.

A filter of items names fields, of objects in objects with dots, and an equal value or operators for each; filters are
joined by `$and`, `$or` and `$not`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any, Literal, Protocol, TypedDict, get_args

from langgraph_memory.domain.clock import from_microseconds, in_utc, to_microseconds
from langgraph_memory.domain.memory import Trust
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.errors import InvalidFilterError


class Columns(Protocol):
    """A memory's row, read by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of `column`."""
        ...


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}
_SETS = ("$in", "$nin")
_OPERATORS = ("$eq", "$ne", *_ORDER, *_SETS, "$exists", "$not")
_LISTS = ("$and", "$or")
_EXACT = 1 << 53
"""From here on the JSON of a whole number and of an equal floating-point number may not begin alike."""
_MISSING = object()


def check_filter(wanted: Any) -> None:
    """Raise InvalidFilterError when a filter uses an operator that does not exist or an operand it cannot compare."""
    if wanted is None:
        return
    if not isinstance(wanted, Mapping):
        raise InvalidFilterError(f"a filter is a mapping of fields to what they must be, not {wanted!r}.")
    for key, operand in wanted.items():
        if not isinstance(key, str):
            raise InvalidFilterError(f"filter key {key!r} must be text.")
        if key in _LISTS:
            for one in _listed(key, key, operand):
                check_filter(one)
        elif key == "$not":
            check_filter(operand)
        elif key.startswith("$"):
            raise InvalidFilterError(
                f"filter uses {key!r} in the place of a field; only {', '.join((*_LISTS, '$not'))} stand there."
            )
        else:
            _check_operand(key, operand)


def matches(value: Any, wanted: Mapping[str, Any] | None) -> bool:
    """Return whether `value` satisfies every part of a filter that was checked."""
    return all(_satisfies_part(value, key, operand) for key, operand in (wanted or {}).items())


def needles(wanted: Mapping[str, Any] | None) -> list[str]:
    """Return texts that are all in the JSON of every value which satisfies a filter, the longest first.

    They are some of what the filter says, so that a database can pass over most values without reading them.
    """
    return sorted(set(_needles(wanted or {})), key=len, reverse=True)


def _needles(wanted: Mapping[str, Any]) -> Iterator[str]:
    for key, operand in wanted.items():
        if key == "$and":
            for one in operand:
                yield from _needles(one)
        elif not key.startswith("$"):
            yield from _needles_of(key, operand)


def _needles_of(key: str, operand: Any) -> Iterator[str]:
    if isinstance(operand, Mapping):
        names = [name for name in operand if not str(name).startswith("$")]
        for name in names:
            yield from _needles_of(str(name), operand[name])
        if not names and not isinstance(operand.get("$eq"), Mapping):
            yield from _needles_of(key, operand.get("$eq"))
    elif (text := _json_of(operand)) is not None:
        last = json.dumps(key.rpartition(".")[2])  # of a name with dots, which may be a path, what both end with
        yield f"{last[1:]}: {text}"


def _json_of(operand: Any) -> str | None:
    """Return how the JSON of each equal value begins; None: null is equal to what is missing, and -0.0 to 0."""
    if isinstance(operand, (str, bool)):
        return json.dumps(operand)
    if isinstance(operand, (int, float)) and 0 < abs(operand) < _EXACT and operand == int(operand):
        return int.__repr__(int(operand))
    return None


def _check_operand(key: str, operand: Any) -> None:
    if isinstance(operand, (list, tuple)):
        for one in operand:
            _check_operand(key, one)
    if isinstance(operand, Mapping):
        _check_names(key, operand)


def _check_names(key: str, operand: Mapping[Any, Any]) -> None:
    operators = [name for name in operand if str(name).startswith("$")]
    if operators and len(operators) < len(operand):
        name = next(name for name in operand if name not in operators)
        raise InvalidFilterError(f"filter on {key!r} mixes {operators[0]!r} with the name {name!r}; use either.")
    for name, inner in operand.items():
        if name in operators:
            _check_operator(key, name, inner)
        else:
            _check_operand(f"{key}.{name}", inner)


def _check_operator(key: str, name: str, operand: Any) -> None:
    if name not in _OPERATORS:
        raise InvalidFilterError(f"filter on {key!r} uses {name!r}; the operators are {', '.join(_OPERATORS)}.")
    if name in _ORDER and not _is_comparable(operand):
        raise InvalidFilterError(f"filter on {key!r}: {name} compares numbers or text, not {operand!r}.")
    if name in _SETS:
        _listed(f"{key}: {name}", name, operand)
    if name == "$exists" and not isinstance(operand, bool):
        raise InvalidFilterError(f"filter on {key!r}: $exists takes true or false, not {operand!r}.")
    if name == "$not":
        _check_operand(key, operand)


def _listed(where: str, name: str, operand: Any) -> Sequence[Any]:
    if not isinstance(operand, (list, tuple)):
        raise InvalidFilterError(f"filter on {where!r}: {name} takes a list, not {operand!r}.")
    return operand


def _satisfies_part(value: Any, key: str, operand: Any) -> bool:
    if key == "$and":
        return all(matches(value, one) for one in operand)
    if key == "$or":
        return any(matches(value, one) for one in operand)
    if key == "$not":
        return not matches(value, operand)
    return _matches(_field(value, key), operand)


def _field(value: Any, key: str) -> Any:
    """Return what a field holds: one whose name has dots, else the one that the dots lead to."""
    if not isinstance(value, Mapping):
        return _MISSING
    if key in value or "." not in key:
        return value.get(key, _MISSING)
    first, _, rest = key.partition(".")
    return _field(value.get(first), rest)


def _matches(actual: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if any(str(name).startswith("$") for name in wanted):
            return all(_satisfies(actual, name, operand) for name, operand in wanted.items())
        return isinstance(actual, Mapping) and all(
            _matches(actual.get(name, _MISSING), inner) for name, inner in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        return isinstance(actual, (list, tuple)) and len(actual) == len(wanted) and all(map(_matches, actual, wanted))
    return _equal(actual, wanted)


def _satisfies(actual: Any, operator: str, operand: Any) -> bool:
    if operator == "$exists":
        return (actual is not _MISSING) is bool(operand)
    if operator == "$not":
        return not _matches(actual, operand)
    if operator in _SETS:
        return any(_equal(actual, one) for one in operand) == (operator == "$in")
    if operator in ("$eq", "$ne"):
        return _equal(actual, operand) == (operator == "$eq")
    left, right = _comparable(actual, operand)
    return left is not None and _ORDER[operator](left, right)


def _equal(actual: Any, wanted: Any) -> bool:
    """JSON equality, at any depth: 1 equals 1.0, and neither equals true; what is missing counts as null."""
    actual = None if actual is _MISSING else actual
    if isinstance(actual, Mapping) and isinstance(wanted, Mapping):
        return actual.keys() == wanted.keys() and all(_equal(actual[name], wanted[name]) for name in wanted)
    if isinstance(actual, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(actual) == len(wanted) and all(map(_equal, actual, wanted))
    return isinstance(actual, bool) == isinstance(wanted, bool) and bool(actual == wanted)


def _comparable(actual: Any, operand: Any) -> tuple[Any, Any]:
    """Return both sides as numbers when both can be read as such, as text when both are text, else (None, None)."""
    if not _is_comparable(actual):
        return None, None
    if not isinstance(actual, str) and not isinstance(operand, str):
        return actual, operand
    try:
        return float(actual), float(operand)
    except (ValueError, OverflowError):
        return (actual, operand) if isinstance(actual, str) and isinstance(operand, str) else (None, None)


def _is_comparable(operand: Any) -> bool:
    return isinstance(operand, (int, float, str)) and not isinstance(operand, bool)


class MemoryFilter(TypedDict, total=False):
    """What a memory must be to be seen; all of it must hold.

    `memory_type` is one type or several, `slot` how its slot begins, `tags` are tags that it has all of,
    `trust` is one of owner, app, tool, model and import, or several. A memory is of
    the time it holds from or happened at, else of when it was made: `since` is the first such moment, `before` the
    first that is too late.
    """

    memory_type: str | Sequence[str]
    slot: str
    tags: str | Sequence[str]
    trust: str | Sequence[str]
    since: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter that was checked; moments in microseconds."""

    memory_types: tuple[str, ...] | None = None
    slot: str | None = None
    tags: tuple[str, ...] = ()
    trusts: tuple[str, ...] | None = None
    since: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, given: Any, types: MemoryTypes) -> Wanted:
        """Return the filter that a caller gave; raises InvalidFilterError or UnknownMemoryTypeError."""
        if given is None:
            return EVERYTHING
        if not isinstance(given, Mapping):
            raise InvalidFilterError(f"filter must be a mapping such as {{'slot': 'home.'}}, not {given!r}.")
        unknown = [name for name in given if name not in MemoryFilter.__annotations__]
        if unknown:
            named = ", ".join(MemoryFilter.__annotations__)
            raise InvalidFilterError(f"a filter of memories has no {unknown[0]!r}; it has {named}.")
        wanted_types = _texts("memory_type", given.get("memory_type"))
        return cls(
            None if wanted_types is None else types.names(wanted_types),
            _text("slot", given.get("slot")),
            _texts("tags", given.get("tags")) or (),
            _trusts(given.get("trust")),
            _moment("since", given.get("since")),
            _moment("before", given.get("before")),
        )

    def bounds(self) -> dict[str, Any]:
        """Return the values that a statement over memories is bound to."""
        return {
            "slot_start": self.slot,
            "wanted_tags": list(self.tags),
            "trusts": self.trusts,
            "since": self.since,
            "before": self.before,
        }

    def types_of(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of some types whose memories may be seen."""
        wanted = self.memory_types
        return names if wanted is None else tuple(name for name in names if name in wanted)

    def admits(self, row: Columns) -> bool:
        """Return whether the memory in a row may be seen, of whichever type it is."""
        return (
            (self.slot is None or (row["slot"] or "").startswith(self.slot))
            and (not self.tags or set(self.tags) <= set(json.loads(row["tags"] or "[]")))
            and (self.trusts is None or row["trust"] in self.trusts)
            and self._is_of_the_time(row["created_at"] if row["valid_from"] is None else row["valid_from"])
        )

    def _is_of_the_time(self, moment: int) -> bool:
        return (self.since is None or moment >= self.since) and (self.before is None or moment < self.before)

    def to_json(self) -> dict[str, Any] | None:
        """Return the filter as a caller gives it, for a receipt; None: there was none."""
        found = {
            "memory_type": self.memory_types and list(self.memory_types),
            "slot": self.slot,
            "tags": list(self.tags) or None,
            "trust": self.trusts and list(self.trusts),
            "since": self.since if self.since is None else from_microseconds(self.since).isoformat(),
            "before": self.before if self.before is None else from_microseconds(self.before).isoformat(),
        }
        return {name: value for name, value in found.items() if value is not None} or None


EVERYTHING = Wanted()


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidFilterError(f"filter[{name!r}] must be text, not {value!r}.")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...] | None:
    if value is None or isinstance(value, str):
        return None if value is None else (value,)
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(one, str) for one in value):
        raise InvalidFilterError(f"filter[{name!r}] must be a text or a list of texts, not {value!r}.")
    return tuple(value)


def _trusts(value: Any) -> tuple[str, ...] | None:
    trusts = _texts("trust", value)
    unknown = [one for one in trusts or () if one not in get_args(Trust)]
    if unknown:
        raise InvalidFilterError(f"filter['trust'] knows {', '.join(get_args(Trust))}, and not {unknown[0]!r}.")
    return trusts


def _moment(name: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        return to_microseconds(in_utc(datetime.fromisoformat(value) if isinstance(value, str) else value))
    except (ValueError, TypeError, AttributeError):
        raise InvalidFilterError(f"filter[{name!r}] must be a datetime with a time zone, not {value!r}.") from None


Namespace = tuple[str, ...]
Condition = tuple[Literal["prefix", "suffix"], Namespace]


def select_namespaces(
    namespaces: Iterable[Namespace], conditions: Sequence[Condition], max_depth: int | None, limit: int, offset: int
) -> list[Namespace]:
    """Return a page of the namespaces that meet every condition, cut to `max_depth` labels, each once, in order."""
    meeting = (one for one in namespaces if all(_meets(one, condition) for condition in conditions))
    return sorted({one[:max_depth] for one in meeting})[offset : offset + limit]


def _meets(namespace: Namespace, condition: Condition) -> bool:
    kind, path = condition
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)] if kind == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for label, wanted in zip(part, path, strict=True))
