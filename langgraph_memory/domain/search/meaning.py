"""What words mean, as vectors of word pieces that ship with the package, and what a text is about.

`build_word_vectors.py` among the tests' tools made the table from all-MiniLM-L6-v2 (Apache-2.0).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.search.vectors import numpy
from langgraph_memory.domain.text import folded, stem

_PATH = Path(__file__).with_name("word_vectors.npz")
_WORD = re.compile(r"\w+|[^\w\s]")
_LONGEST = 30
"""Letters of a word past which it is no word but a code, and means nothing."""
_MOST_PIECES = 400
"""Pieces of a text that are read; a longer one is a document, whose mean says little."""


@dataclass(frozen=True, slots=True)
class WordVectors:
    """The table: the number of each piece in the order of how often it is used, its bytes and what scales them."""

    places: dict[str, int]
    values: Any
    scales: Any

    def embed(self, text: str) -> Any:
        """Return the sum of the vectors of a text's pieces with length 1, or zeros for a text without any."""
        np = numpy()
        pieces = list(self._pieces(text))[:_MOST_PIECES]
        total = self.scales[pieces].astype("f4") @ self.values[pieces].astype("f4")
        length = float(np.sqrt(total @ total))
        return total / length if length else total

    def words(self, text: str) -> Iterator[tuple[int, int, list[int]]]:
        """Yield where each word of a text begins and ends, and its pieces: none for a word that has none."""
        for word in _WORD.finditer(text):
            yield word.start(), word.end(), self._of_word(_plain(word[0]))

    def _pieces(self, text: str) -> Iterator[int]:
        for word in _WORD.findall(_plain(text)):
            yield from self._of_word(word)

    def _of_word(self, word: str) -> list[int]:
        """Cut a word into the longest pieces there are, from its start; a word that cannot be cut has none."""
        found: list[int] = []
        start = 0
        while start < len(word) <= _LONGEST:
            ends = range(len(word), start, -1)
            known = (self.places.get(("##" if start else "") + word[start:end]) for end in ends)
            piece = next(((place, end) for place, end in zip(known, ends, strict=True) if place is not None), None)
            if piece is None:
                return []
            found.append(piece[0])
            start = piece[1]
        return found


@lru_cache(maxsize=1)
def word_vectors() -> WordVectors:
    """Return the table."""
    with numpy().load(_PATH, allow_pickle=False) as held:
        pieces = held["pieces"].tobytes().decode().split("\n")
        return WordVectors({piece: place for place, piece in enumerate(pieces)}, held["values"], held["scales"])


@remember_short(8192)
def meaning(text: str) -> Any:
    """Return the vector of a text, which is kept: the texts of one owner are compared with many queries."""
    return word_vectors().embed(text)


def meanings(texts: Sequence[str]) -> Any:
    """Return the vectors of some texts, one in each row."""
    return numpy().stack([meaning(text) for text in texts])


def _plain(text: str) -> str:
    """Return a text in lower case and without accents, as the table has its pieces."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn")


Side = Literal["requests", "memories"]
_DOMAINS = Path(__file__).with_name("domains.toml")
_PLAIN_WORD = re.compile(r"[a-z][a-z'+-]+")
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
    return tuple(word for word in _PLAIN_WORD.findall(folded(text).lower()) if word not in _FUNCTION_WORDS)


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
    domains = tomllib.loads(_DOMAINS.read_text(encoding="utf-8"))
    words = [domain[side].split() for domain in domains.values()]
    return [(numpy().stack([word_meaning(one) for one in own]), frozenset(map(stem, own))) for own in words]
