"""What words mean, as vectors: a table of word pieces that ships with the package, read where it is first needed.

`build_word_vectors.py` among the tests' tools made the table from all-MiniLM-L6-v2 (Apache-2.0).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.vectors import numpy

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
