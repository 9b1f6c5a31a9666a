"""Says numbers in words: "1 message waits", "2 messages wait", and what the parts of a score are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

_IN_WORDS = {
    "lexical": "words it shares",
    "semantic": "meaning",
    "context": "what stood around it",
    "asked": "the question it answers",
    "subject": "whom it is about",
    "date": "the time asked for",
    "question": "asks itself",
    "recency": "how new it is",
    "importance": "how important it is",
    "confidence": "how certain it is",
    "scope": "how near its scope is",
}
"""What the parts of a score are, for people; other names are words already."""
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


def in_words(parts: Mapping[str, float], against: str = "") -> str:
    """Return the parts of a score that count, each in words with what it adds, and what contradicts the memory."""
    named = ", ".join(f"{_IN_WORDS.get(name, name)} {part:.3f}" for name, part in parts.items() if abs(part) >= 0.0005)
    return f"{named}; conflicts with: {against}" if against else named


def minute(moment: datetime) -> str:
    """Return a moment to the minute."""
    return moment.strftime("%Y-%m-%d %H:%M")


def spaced(name: str) -> str:
    """Return a name that is written with underscores as words."""
    return name.replace("_", " ")


def _singular(things: str) -> str:
    if things.endswith("ies"):
        return f"{things[:-3]}y"
    return things.removesuffix("s")
