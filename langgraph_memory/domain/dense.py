"""The same as `lexical` and `fusion`, over numpy arrays: what a query with a vector uses, where every row matches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import sqrt
from operator import mul
from typing import Any

from langgraph_memory.domain.fusion import LEAST_SPREAD
from langgraph_memory.domain.lexical import K1, POSTING, B, Corpus
from langgraph_memory.domain.order import BestFirst
from langgraph_memory.domain.vectors import numpy

_TOGETHER = 1 << 15
"""How many values are added together, which then stay in the processor's cache."""

_POSTING = [("row", ">u4"), ("frequency", "u1"), ("length", ">u2")]


@dataclass(slots=True)
class ArrayField:
    """Same as `fusion.Field`, with the matching rows in ascending order and the match of each.

    A match is off by its `slack` at most; `best` is the best one, where some are off, and `exact` are those that were
    measured or asked for since.
    """

    part: str
    weight: float
    rows: Any
    matches: Any
    size: int
    own: bool = True
    slack: Any = None
    best: float | None = None
    exact: dict[int, float] = field(default_factory=dict)

    @property
    def most(self) -> float:
        """Same as `fusion.Field.most`."""
        best = float(self.matches.max()) if self.best is None else self.best
        return max(1.0, best) if self.own else best

    @property
    def spread(self) -> float:
        """The standard deviation of the matches over all rows, as near as they are known, or the least that counts."""
        mean = float(self.matches.sum()) / self.size
        square = float(self.matches @ self.matches) / self.size
        return sqrt(max(square - mean * mean, LEAST_SPREAD**2))

    def far_off(self) -> list[int]:
        """Return the rows whose match is known too little to tell how much matches spread.

        Others are as often too great as too small, so that of many no error is left.
        """
        found: list[int] = [] if self.slack is None else self.rows[self.slack > LEAST_SPREAD].tolist()
        return found

    def take_exact(self, rows: Sequence[int]) -> None:
        """Let the matches of some rows that were measured stand among the others."""
        places = self.rows.searchsorted(numpy().array(rows, dtype=self.rows.dtype))
        self.matches[places] = [self.exact[row] for row in rows]
        self.slack[places] = 0.0

    def maybe_best(self) -> list[int]:
        """Return the rows that are to be measured to know `most`, those that may match best; none where it is known."""
        if (
            self.slack is None
            or not (self.weight and len(self.rows))
            or (self.own and (self.matches + self.slack).max() <= 1.0)
        ):
            return []
        order = BestFirst(self.matches, self.slack)
        places = order.candidates(1)
        found: list[int] = self.rows[places].tolist() if order.vague(places) else []
        return found

    def of(self, rows: Sequence[int]) -> list[float]:
        """Return the match of each of some rows."""
        with suppress(KeyError):
            return [self.exact[row] for row in rows]
        wanted = numpy().array(rows, dtype=self.rows.dtype)  # of another type all of `self.rows` would be converted
        places = numpy().minimum(self.rows.searchsorted(wanted), len(self.rows) - 1)
        found: list[float] = (self.matches[places] * (self.rows[places] == wanted)).tolist()
        return [self.exact.get(row, match) for row, match in zip(rows, found, strict=True)] if self.exact else found


@dataclass(frozen=True, slots=True)
class ArrayRelevance:
    """Same as `fusion.Relevance`."""

    scaled: Sequence[tuple[ArrayField, float]]

    @classmethod
    def of(cls, fields: Iterable[ArrayField]) -> ArrayRelevance:
        """Return the relevance of those fields in which anything matches."""
        return cls([(one, one.weight / one.spread) for one in fields if one.weight and len(one.rows)])

    @property
    def total(self) -> float:
        """The relevance of a row that matches perfectly in every way."""
        return sum(scale * one.most for one, scale in self.scaled)

    def best_first(self) -> BestFirst:
        """Return every row that matches in some way, in the place of its number, to be taken best first."""
        np = numpy()
        size = 1 + max((int(one.rows[-1]) for one, _ in self.scaled), default=0)
        sums, slack = np.full(size, 0.0), np.full(size, 0.0)
        for one, scale in self.scaled:
            _add(sums, one.rows, one.matches, scale)
            if one.slack is not None:
                _add(slack, one.rows, one.slack, scale)
        return BestFirst(sums, slack, floor=0.0)

    def of_rows(self, rows: Sequence[int]) -> list[float]:
        """Return the relevance of each of some rows, whose matches are exact by now."""
        matches = [one.of(rows) for one, _ in self.scaled]
        for (one, _), found in zip(self.scaled, matches, strict=True):
            one.exact.update(zip(rows, found, strict=True))
        scales = [scale for _, scale in self.scaled]
        return [sum(map(mul, scales, found)) for found in zip(*matches, strict=True)]

    def parts(self, rows: Sequence[int]) -> list[dict[str, float]]:
        """Return what each named part adds to the relevance of each of some rows."""
        parts: list[dict[str, float]] = [{} for _ in rows]
        for one, scale in self.scaled:
            for held, match in zip(parts, one.of(rows), strict=True):
                held[one.part] = held.get(one.part, 0.0) + scale * match
        return parts


def lexical_arrays(terms: Iterable[str], postings: Mapping[str, str], corpus: Corpus) -> tuple[Any, Any]:
    """Same as `lexical.lexical_matches`, as the rows in ascending order and the match of each."""
    np = numpy()
    wanted = list(terms)
    texts = [postings.get(term, "") for term in wanted]
    counts = [len(text) // POSTING for text in texts]
    weights = [corpus.idf(term, count) for term, count in zip(wanted, counts, strict=True)]
    found = np.frombuffer(bytes.fromhex("".join(texts)), dtype=_POSTING)
    frequency = found["frequency"].astype("f8")
    norm = K1 * (1.0 - B + B / (corpus.average_length or 1.0) * found["length"])
    share = frequency / (frequency + norm) * np.repeat(weights, counts)
    scores = np.bincount(found["row"], share)
    rows = np.flatnonzero(scores)
    return rows, scores[rows] * (K1 + 1.0) / (sum(weights) or 1.0)


def _add(sums: Any, rows: Any, values: Any, scale: float) -> None:
    """Add scaled values to the sums of rows in ascending order, a few at a time where they follow each other."""
    np = numpy()
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 != len(rows):
        sums[rows] += np.multiply(scale, values, dtype="f8")
        return
    for start in range(0, len(rows), _TOGETHER):
        part = values[start : start + _TOGETHER]
        sums[first + start : first + start + len(part)] += np.multiply(scale, part, dtype="f8")
