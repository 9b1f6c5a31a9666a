"""Scores texts for the terms of a query, from the postings of one owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from struct import iter_unpack

K1 = 0.9
B = 0.75
POSTING = 15
"""Characters of one posting: a space, then 14 hexadecimal digits for row (8), frequency (2) and length (4)."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What BM25 needs to know of one field of one owner's texts: how many, and how long on average.

    `size` counts every text, also those whose field is empty.
    """

    size: int
    average_length: float

    def idf(self, frequency: int) -> float:
        """Return the inverse document frequency, never negative (Lucene's form of Robertson and Sparck Jones)."""
        held = min(frequency, self.size)
        return log(1.0 + (self.size - held + 0.5) / (held + 0.5))


def decode(postings: str) -> Iterable[tuple[int, int, int]]:
    """Return the (row, frequency of the term, length of the text) triples that an index holds as hexadecimal text."""
    return iter_unpack(">IBH", bytes.fromhex(postings))


def lexical_matches(terms: Iterable[str], postings: Mapping[str, str], corpus: Corpus) -> dict[int, float]:
    """Return, for each row that holds a term, how much of the query's information it holds.

    BM25 (Robertson & Zaragoza 2009; k1=0.9, b=0.75) divided by the score of a text of average length that holds every
    term once, which thus scores 1; a shorter one, or one that repeats them, a little more. So the scores of different
    queries compare. A term that no text holds counts as well.
    """
    scores: dict[int, float] = {}
    best = 0.0
    average = corpus.average_length or 1.0
    for term in terms:
        found = list(decode(postings.get(term, "")))
        weight = corpus.idf(len(found))
        best += weight / (K1 + 1.0)
        for row, frequency, length in found:
            share = frequency / (frequency + K1 * (1.0 - B + B * length / average))
            scores[row] = scores.get(row, 0.0) + weight * share
    return {row: score / best for row, score in scores.items()} if best else {}
