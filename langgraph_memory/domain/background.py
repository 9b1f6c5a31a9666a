"""How often words are used in ordinary language: what one owner's few texts cannot tell.

`common_stems.txt` has the stems that are used most, most used first. `build_word_vectors.py` among the tests' tools
made it from the vocabulary of all-MiniLM-L6-v2 (Apache-2.0), which is in that order.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

TEXTS = 200
"""Texts of ordinary language that are counted beside an owner's own. Many more would drown the owner's own."""

_PATH = Path(__file__).with_name("common_stems.txt")
_OFTEN = 10.3
"""What a word's rank is multiplied by for one over its share of all words, by Zipf's law."""
_SELDOM = 1e-5
"""The share of a word that is not among them."""


def share(term: str) -> float:
    """Return which share of all words of the language a stem has."""
    rank = _ranks().get(term)
    return _SELDOM if rank is None else 1.0 / ((rank + 1) * _OFTEN)


def texts_with(term: str, average_length: float) -> float:
    """Return how many of the texts of ordinary language, of that many words on average, hold a stem."""
    without: float = (1.0 - share(term)) ** average_length
    return TEXTS * (1.0 - without)


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    return {term: rank for rank, term in enumerate(_PATH.read_text("ascii").split())}
