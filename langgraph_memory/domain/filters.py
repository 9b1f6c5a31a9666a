"""Matches JSON values against a store filter, as LangGraph words it.

A filter names fields, of objects in objects with dots, and an equal value or operators for each; filters are joined by
`$and`, `$or` and `$not`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from langgraph_memory.errors import InvalidFilterError

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
    if not isinstance(operand, Mapping):
        return
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
        return (
            isinstance(actual, (list, tuple))
            and len(actual) == len(wanted)
            and all(_matches(mine, theirs) for mine, theirs in zip(actual, wanted, strict=True))
        )
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
