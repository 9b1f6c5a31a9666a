"""The same as `lexical` and `fusion`, over numpy arrays: what a query with a vector uses, where every row matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from langgraph_memory.domain.fusion import LEAST_SPREAD
from langgraph_memory.domain.lexical import K1, POSTING, B, Corpus
from langgraph_memory.domain.vectors import numpy

FIRST = (64, 2048)
"""How many of the best rows are sorted at first, and then; the others only when these do not suffice."""

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

    def of(self, rows: Sequence[int]) -> list[float]:
        """Return the match of each of some rows."""
        wanted = numpy().array(rows, dtype=self.rows.dtype)  # of another type all of `self.rows` would be converted
        places = self.rows.searchsorted(wanted).clip(max=len(self.rows) - 1)
        found: list[float] = (self.matches[places] * (self.rows[places] == wanted)).tolist()
        return found


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
        for count in (count for count in FIRST if len(sums) > 2 * count):
            above = sums > np.partition(sums, -count)[-count]
            yield from _sorted(sums, np.flatnonzero(above))
            sums[above] = 0.0
        yield from _sorted(sums, np.flatnonzero(sums > 0.0))

    def parts(self, rows: Sequence[int]) -> list[dict[str, float]]:
        """Return what each named part adds to the relevance of each of some rows."""
        parts: list[dict[str, float]] = [{} for _ in rows]
        for field, scale in self.scaled:
            for held, match in zip(parts, field.of(rows), strict=True):
                held[field.part] = held.get(field.part, 0.0) + scale * match
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
