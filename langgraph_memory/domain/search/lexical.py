"""Scores texts for the terms of a query: BM25 over one owner's postings, beside the words of ordinary language.

`common_stems.txt` has the stems that are used most, most used first; `near_stems.txt` has, in each line, a stem and
those that mean about the same, nearest first. `build_word_vectors.py` among the tests' tools made both from
all-MiniLM-L6-v2 (Apache-2.0), whose vocabulary is in the order of use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path
from struct import iter_unpack
from typing import Any

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


_NEAR_PATH = Path(__file__).with_name("near_stems.txt")
NEAR = 0.3
"""What a word counts that means about the same as one that is asked for, beside that one."""


def near_terms(terms: Iterable[str]) -> list[str]:
    """Return the stems that mean about the same as some of these, and are none of them."""
    asked = list(terms)
    found = dict.fromkeys(near for term in asked for near in _near().get(term, "").split())
    return [near for near in found if near not in asked]


@lru_cache(maxsize=1)
def _near() -> dict[str, str]:
    lines = (line.partition(" ") for line in _NEAR_PATH.read_text("ascii").splitlines())
    return {term: near for term, _, near in lines}


ROW = (1 << 32) - 1
"""The bits of a row's number that tell it from others of its partition."""
K1 = 0.9
B = 0.6
POSTING = 15
"""Characters of one posting: a space, then 14 hexadecimal digits for row (8), frequency (2) and length (4)."""
_FIELDS = (("terms", "term_count"), ("context_terms", "context_count"), ("asked_terms", "asked_count"))
"""The columns that hold the terms of each field of the text index, and their number."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What BM25 needs to know of one field of one owner's texts: how many, and how long on average.

    `size` counts every text, also those whose field is empty.
    """

    size: int
    average_length: float

    def idf(self, term: str, frequency: int) -> float:
        """Return the inverse document frequency, never negative (Lucene's form of Robertson and Sparck Jones).

        Texts of ordinary language are counted beside the owner's own, whose few say little of how rare a word is.
        """
        held = min(frequency, self.size) + texts_with(term, self.average_length)
        return log(1.0 + (self.size + TEXTS - held + 0.5) / (held + 0.5))


def decode(postings: str) -> Iterable[tuple[int, int, int]]:
    """Return the (row, frequency of the term, length of the text) triples that an index holds as hexadecimal text."""
    return iter_unpack(">IBH", bytes.fromhex(postings))


def restated(postings: Mapping[str, str], field: int, terms: Iterable[str], rows: Sequence[Any]) -> dict[str, str]:
    """Return the postings of one field as if `rows`, which had other words once, still had them."""
    numbers = [f"{row['memory_no'] & 0xFFFFFFFF:08x}" for row in rows]
    present = re.compile(f" (?:{'|'.join(numbers)})[0-9a-f]{{6}}")
    found = {term: present.sub("", held) for term, held in postings.items()}
    for term, held in postings_in(rows, field, terms).items():
        found[term] = found.get(term, "") + held
    return found


def postings_in(rows: Sequence[Any], field: int, terms: Iterable[str]) -> dict[str, str]:
    """Return the postings of one field that rows with these terms would have."""
    wanted = list(terms)
    found: dict[str, str] = {}
    names, length = _FIELDS[field]
    for row in rows:
        held = json.loads(row[names]) if row[length] else {}
        for term in (term for term in wanted if term in held):
            posting = f" {row['memory_no'] & 0xFFFFFFFF:08x}{min(held[term], 255):02x}{min(row[length], 65535):04x}"
            found[term] = found.get(term, "") + posting
    return found


def lexical_matches(
    terms: Iterable[str], postings: Mapping[str, str], corpus: Corpus, near: Collection[str] = ()
) -> dict[int, float]:
    """Return, for each row that holds a term, how much of the query's information it holds.

    BM25 (Robertson & Zaragoza 2009; k1=0.9, b=0.6) divided by the score of a text of average length that holds every
    term once, which thus scores 1; a shorter one, or one that repeats them, a little more. So the scores of different
    queries compare. A term that no text holds counts as well; the `near` ones only where a text holds them.
    """
    scores: dict[int, float] = {}
    best = 0.0
    average = corpus.average_length or 1.0
    for term, worth in worths(terms, near):
        found = list(decode(postings.get(term, "")))
        weight = corpus.idf(term, len(found)) * worth
        best += weight / (K1 + 1.0) * (worth == 1.0)
        for row, frequency, length in found:
            share = frequency / (frequency + K1 * (1.0 - B + B * length / average))
            scores[row] = scores.get(row, 0.0) + weight * share
    return {row: score / best for row, score in scores.items()} if best else {}


def worths(terms: Iterable[str], near: Iterable[str]) -> list[tuple[str, float]]:
    """Return what each term counts: those that are asked for, and those near to them."""
    return [*((term, 1.0) for term in terms), *((term, NEAR) for term in near)]
