"""How well texts match a query: BM25 over one owner's postings, and matches of different kinds on one scale.

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
from math import log, sqrt
from pathlib import Path
from struct import iter_unpack
from typing import Any

from langgraph_memory.domain.search.filters import Columns
from langgraph_memory.domain.search.vectors import CONTEXT
from langgraph_memory.domain.text import other_forms, question_terms

MOST_WITH_NEAR = 10_000
"""How many memories an owner may have for words to be searched for that mean about the same as those of the query."""
_LENGTHS = {"": "term_count", "context_": "context_count", "asked_": "asked_count"}
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


def figures_of(rows: Sequence[Columns], corpus: Columns) -> dict[str, Any]:
    """Return what is noted of a partition as if it held some of its rows alone."""
    kept = {name: corpus[name] for name in ("partition", "partition_no", "subjects")}
    lengths = {name: [row[count] for row in rows] for name, count in _LENGTHS.items()}
    totals = {f"{name}total": sum(held) for name, held in lengths.items()}
    sizes = {f"{name}size": sum(map(bool, held)) for name, held in lengths.items()}
    figures = {**kept, **totals, **sizes}
    return {**figures, "term_total": figures.pop("total"), "size": max(1, figures["size"])}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks texts for: its terms, other forms in which texts may have them, and what means about the same.

    The last counts only where an owner has not very many texts, of which some have the words that are asked for: each
    word more is then in thousands. `searched` are all of them.
    """

    terms: Sequence[str]
    forms: Sequence[str]
    near: Sequence[str]
    searched: Sequence[str]

    @classmethod
    def of(cls, query: str, size: int) -> Asked:
        """Return what a query asks an owner's texts for, of which there are so many."""
        asked = question_terms(query)
        forms = other_forms(asked)
        near = near_terms([*asked, *forms]) if size <= MOST_WITH_NEAR else []
        return cls(asked, forms, near, [*asked, *forms, *near])

    def fields(
        self, postings: Sequence[Mapping[str, str]], figures: Columns, weights: tuple[float, float, float]
    ) -> list[LexicalField]:
        """Return the fields of the text index with their weights and what the query asks of each.

        Those are the texts themselves, what stands around them, and the questions that they answer.
        """
        held = {term for blocks in postings for term, block in blocks.items() if block}
        wanted = [*self.terms, *(form for form in self.forms if form in held)]
        near = [term for term in self.near if term in held]
        size = figures["size"]
        kinds = (
            ("lexical", figures["size"], figures["term_total"]),
            (CONTEXT, figures["context_size"], figures["context_total"]),
            ("asked", figures["asked_size"], figures["asked_total"]),
        )
        return [
            LexicalField(
                part, weights[kind], wanted, postings[kind], Corpus(size, total / (filled or 1)), kind == 0, near
            )
            for kind, (part, filled, total) in enumerate(kinds)
        ]


@dataclass(frozen=True, slots=True)
class LexicalField:
    """One field to search for words: the part it adds to, its weight, and what its matches are measured from.

    `near` are terms that mean about the same as those that are asked for.
    """

    part: str
    weight: float
    terms: Sequence[str]
    postings: Mapping[str, str]
    corpus: Corpus
    own: bool
    near: Sequence[str]

    def matches(self) -> Field:
        """Return the rows that match by the words alone."""
        found = lexical_matches(self.terms, self.postings, self.corpus, self.near)
        return Field(self.part, self.weight, found, self.corpus.size, self.own)


LEAST_SPREAD = 0.02
"""A spread below this is that of a handful of texts or of words that hardly tell, and is not blown up further."""


@dataclass(frozen=True, slots=True)
class Field:
    """How well each row matches the query in one way, about 0..1; a row that is not named matches not at all.

    `part` is the named part of the score that it adds to, `weight` how much one standard deviation is worth. `own`
    tells the matches of a text itself, of which all can be had, from those of its surroundings.
    """

    part: str
    weight: float
    matches: Mapping[int, float]
    size: int
    own: bool = True

    @property
    def most(self) -> float:
        """The match that counts as perfect: for the surroundings the best there is, else 1 or a better one there is.

        A text shorter than the average, or one that repeats the query's words, matches them by more than 1.
        """
        best = max(self.matches.values())
        return max(1.0, best) if self.own else best

    @property
    def spread(self) -> float:
        """The standard deviation of the matches over all rows, or the least that counts."""
        values = self.matches.values()
        mean = sum(values) / self.size
        variance = sum(value * value for value in values) / self.size - mean * mean
        return sqrt(max(variance, LEAST_SPREAD**2))


@dataclass(frozen=True, slots=True)
class Relevance:
    """Weighted fields. A field's matches are divided by their spread over the owner's rows, as z-scores are.

    So a kind of match that tells the owner's memories apart sharply does not drown one that tells them apart gently,
    whatever their scales. `total` is what a row that matches perfectly in every way would reach.
    """

    scaled: Sequence[tuple[Field, float]]
    total: float

    @classmethod
    def of(cls, fields: Iterable[Field]) -> Relevance:
        """Return the relevance of those fields in which anything matches."""
        scaled = [(one, one.weight / one.spread) for one in fields if one.weight and one.matches]
        return cls(scaled, sum(scale * one.most for one, scale in scaled))

    def best_first(self) -> list[tuple[int, float]]:
        """Return every row that matches in some way, with its relevance, best first."""
        sums: dict[int, float] = {}
        for one, scale in self.scaled:
            for row, match in one.matches.items():
                sums[row] = sums.get(row, 0.0) + scale * match
        return sorted(sums.items(), key=lambda pair: (-pair[1], -pair[0]))

    def parts(self, rows: Sequence[int]) -> list[dict[str, float]]:
        """Return what each named part adds to the relevance of each of some rows."""
        parts: list[dict[str, float]] = [{} for _ in rows]
        for one, scale in self.scaled:
            for held, row in zip(parts, rows, strict=True):
                held[one.part] = held.get(one.part, 0.0) + scale * one.matches.get(row, 0.0)
        return parts
