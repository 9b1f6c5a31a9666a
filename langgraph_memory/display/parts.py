"""Says the parts of a score in words."""

from __future__ import annotations

from collections.abc import Mapping

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


def in_words(parts: Mapping[str, float]) -> str:
    """Return the parts of a score that count, each in words with what it adds."""
    return ", ".join(f"{_IN_WORDS.get(name, name)} {part:.3f}" for name, part in parts.items() if abs(part) >= 0.0005)
