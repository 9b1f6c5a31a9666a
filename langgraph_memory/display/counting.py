"""Counts in words: "1 message waits", "2 messages wait"."""

from __future__ import annotations

from collections.abc import Iterable

_VERBS = {"are": "is", "have": "has", "were": "was"}


def counted(number: int, things: str) -> str:
    """Return a number of things that are named in the plural; what has none, as "audit", stays as it is."""
    return f"{number:,} {_singular(things) if number == 1 else things}"


def agreeing(number: int, verb: str) -> str:
    """Return a verb that is given in the plural in the form that goes with a number of things."""
    return verb if number != 1 else _VERBS.get(verb, f"{verb}s")


def listed(counts: Iterable[tuple[str, int]]) -> str:
    """Return in words how many there are of each kind, leaving out what there is none of."""
    return ", ".join(counted(number, things) for things, number in counts if number) or "nothing"


def _singular(things: str) -> str:
    if things.endswith("ies"):
        return f"{things[:-3]}y"
    return things.removesuffix("s")
