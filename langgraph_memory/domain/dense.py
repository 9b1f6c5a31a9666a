"""The same as `lexical` and `fusion`, over numpy arrays: what a query with a vector uses, where every row matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from langgraph_memory.domain.fusion import LEAST_SPREAD
from langgraph_memory.domain.lexical import K1, POSTING, B, Corpus
from langgraph_memory.domain.vectors import numpy

FIRST = 2048
"""How many of the best rows are sorted at once; the others only when these do not suffice."""

_POSTING = [("row", ">u4"), ("frequency", "u1"), ("length", ">u2")]


@dataclass(frozen=True, slots=True)
class ArrayField:
    """Same as `fusion.Field`, with the matching rows in ascending order and the match of each."""

    part: str
    weight: float
    rows: Any
    matches: Any
    size: int
    own: bool = True

    @property
    def most(self) -> float:
        """Same as `fusion.Field.most`."""
        best = float(self.matches.max())
        return max(1.0, best) if self.own else best

    @property
    def spread(self) -> float:
        """The standard deviation of the matches over all rows, or the least that counts."""
        mean = float(self.matches.sum()) / self.size
        square = float(self.matches @ self.matches) / self.size
        return sqrt(max(square - mean * mean, LEAST_SPREAD**2))

    def of(self, row: int) -> float:
        """Return the match of one row."""
        place = int(self.rows.searchsorted(row))
        return float(self.matches[place]) if place < len(self.rows) and self.rows[place] == row else 0.0


@dataclass(frozen=True, slots=True)
class ArrayRelevance:
    """Same as `fusion.Relevance`."""

    scaled: Sequence[tuple[ArrayField, float]]

    @classmethod
    def of(cls, fields: Iterable[ArrayField]) -> ArrayRelevance:
        """Return the relevance of those fields in which anything matches."""
        return cls([(field, field.weight / field.spread) for field in fields if field.weight and len(field.rows)])

    @property
    def total(self) -> float:
        """The relevance of a row that matches perfectly in every way."""
        return sum(scale * field.most for field, scale in self.scaled)

    def best_first(self) -> Iterator[tuple[int, float]]:
        """Yield every row that matches in some way, with its relevance, best first."""
        np = numpy()
        sums = np.zeros(1 + max((int(field.rows[-1]) for field, _ in self.scaled), default=0))
        for field, scale in self.scaled:
            sums[field.rows] += scale * field.matches
        if len(sums) > 2 * FIRST:
            cut = np.partition(sums, -FIRST)[-FIRST]
            yield from _sorted(sums, np.flatnonzero(sums > cut))
            sums[sums > cut] = 0.0
        yield from _sorted(sums, np.flatnonzero(sums > 0.0))

    def parts(self, row: int) -> dict[str, float]:
        """Return what each named part adds to the relevance of one row."""
        parts: dict[str, float] = {}
        for field, scale in self.scaled:
            parts[field.part] = parts.get(field.part, 0.0) + scale * field.of(row)
        return parts


def lexical_arrays(terms: Iterable[str], postings: Mapping[str, str], corpus: Corpus) -> tuple[Any, Any]:
    """Same as `lexical.lexical_matches`, as the rows in ascending order and the match of each."""
    np = numpy()
    texts = [postings.get(term, "") for term in terms]
    counts = [len(text) // POSTING for text in texts]
    weights = [corpus.idf(count) for count in counts]
    found = np.frombuffer(bytes.fromhex("".join(texts)), dtype=_POSTING)
    frequency = found["frequency"].astype("f8")
    norm = K1 * (1.0 - B + B / (corpus.average_length or 1.0) * found["length"])
    share = frequency / (frequency + norm) * np.repeat(weights, counts)
    scores = np.bincount(found["row"], share)
    rows = np.flatnonzero(scores)
    return rows, scores[rows] * (K1 + 1.0) / (sum(weights) or 1.0)


def _sorted(sums: Any, rows: Any) -> Iterator[tuple[int, float]]:
    values = sums[rows]
    order = numpy().lexsort((-rows, -values))
    yield from zip(rows[order].tolist(), values[order].tolist(), strict=True)
