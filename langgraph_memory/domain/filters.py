"""Matches JSON values against a store filter, as LangGraph words it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from langgraph_memory.exceptions import InvalidFilterError

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}
_OPERATORS = ("$eq", "$ne", *_ORDER)


def check_filter(wanted: Mapping[str, Any] | None) -> None:
    """Raise InvalidFilterError when a filter uses an operator that does not exist or an operand it cannot compare."""
    for key, operand in (wanted or {}).items():
        if not isinstance(key, str):
            raise InvalidFilterError(f"filter key {key!r} must be text.")
        _check_operand(key, operand)


def matches(value: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """Return whether `value` has every key of `wanted` with an equal value or one that satisfies its operators."""
    return all(_matches(value.get(key), operand) for key, operand in (wanted or {}).items())


def _check_operand(key: str, operand: Any) -> None:
    if not isinstance(operand, Mapping):
        return
    for name, inner in operand.items():
        if not str(name).startswith("$"):
            _check_operand(f"{key}.{name}", inner)
        elif name not in _OPERATORS:
            raise InvalidFilterError(f"filter on {key!r} uses {name!r}; the operators are {', '.join(_OPERATORS)}.")
        elif name in _ORDER and not _is_comparable(inner):
            raise InvalidFilterError(f"filter on {key!r}: {name} compares numbers or text, not {inner!r}.")


def _matches(actual: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if any(str(name).startswith("$") for name in wanted):
            return all(_satisfies(actual, name, operand) for name, operand in wanted.items())
        return isinstance(actual, Mapping) and all(_matches(actual.get(name), inner) for name, inner in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(actual, (list, tuple))
            and len(actual) == len(wanted)
            and all(_matches(mine, theirs) for mine, theirs in zip(actual, wanted, strict=True))
        )
    return _equal(actual, wanted)


def _satisfies(actual: Any, operator: str, operand: Any) -> bool:
    if operator == "$eq":
        return _equal(actual, operand)
    if operator == "$ne":
        return not _equal(actual, operand)
    left, right = _comparable(actual, operand)
    return left is not None and _ORDER[operator](left, right)


def _equal(actual: Any, wanted: Any) -> bool:
    """JSON equality, at any depth: 1 equals 1.0, and neither equals true."""
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
