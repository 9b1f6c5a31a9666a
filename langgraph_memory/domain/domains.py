"""What a text is about, such as food, travel or code: word by word, by lists and what means nearly the same."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.text import folded, stem
from langgraph_memory.domain.vectors import numpy
from langgraph_memory.domain.word_vectors import word_vectors

Side = Literal["requests", "memories"]

_PATH = Path(__file__).with_name("domains.toml")
_WORD = re.compile(r"[a-z][a-z'+-]+")
_FUNCTION_WORDS = frozenset(
    "the an of to in on for and or with is are was be do does did my me we our you your it this that these those what"
    " which who how when where why can could should would will please at by from as up out about not no have has had"
    " some any there their user's user".split()
)
_NEAR = 0.45
"""The cosine of two words from which on one says something of the other."""
_NEAREST = 0.9
"""What a word counts that means the same as one of a list, beside one that is in it."""


@remember_short(8192)
def content_words(text: str) -> tuple[str, ...]:
    """Return the words of a text that tell what it is about, in their order."""
    return tuple(word for word in _WORD.findall(folded(text).lower()) if word not in _FUNCTION_WORDS)


@lru_cache(maxsize=8192)
def about(words: tuple[str, ...], *sides: Side) -> Any:
    """Return how much words are about each domain, 0..1: what the word says of it that says most."""
    found = [_word_about(word, side) for word in words for side in sides]
    return numpy().max(found, axis=0) if found else numpy().zeros(len(_lists("requests")))


@remember_short(4096, longest=64)
def word_meaning(word: str) -> Any:
    """Return the vector of a word, which is kept."""
    return word_vectors().embed(word)


@lru_cache(maxsize=4096)
def _word_about(word: str, side: Side) -> Any:
    vector, base = word_meaning(word), stem(word)
    return numpy().array(
        [
            1.0 if base in stems else max(0.0, (float((vectors @ vector).max()) - _NEAR) / (1.0 - _NEAR)) * _NEAREST
            for vectors, stems in _lists(side)
        ]
    )


@lru_cache(maxsize=2)
def _lists(side: Side) -> list[tuple[Any, frozenset[str]]]:
    """Return the words of each domain, as vectors and as stems."""
    domains = tomllib.loads(_PATH.read_text(encoding="utf-8"))
    words = [domain[side].split() for domain in domains.values()]
    return [(numpy().stack([word_meaning(one) for one in own]), frozenset(map(stem, own))) for own in words]
