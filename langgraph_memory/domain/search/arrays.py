"""Relevance over arrays, where vectors are compared as well, and the best of very many values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf, sqrt
from operator import mul
from typing import Any

from langgraph_memory.domain.search.relevance import K1, LEAST_SPREAD, POSTING, B, Corpus, LexicalField, worths
from langgraph_memory.domain.search.vectors import numpy

_TOGETHER = 1 << 15
"""How many values are looked at together, which then stay in the processor's cache."""
_PART = 64
"""Of so many values the greatest stands for all, where there are very many."""


@dataclass(slots=True)
class TopK:
    """Values that are greater than `floor`, the greatest first; each is off by its `slack` at most.

    To have the next few: take the `candidates`, `settle` those that are `approximate`, and `take`. Of equal values
    the one in the last place comes first, or the one in the first place.
    """

    values: Any
    slack: Any
    floor: float = -inf
    last_first: bool = True

    def candidates(self, count: int, least: float = -inf) -> Any:
        """Return the places of all values that may be among the `count` greatest, and `least` or more."""
        np = numpy()
        least = max(least, self._reached(count))
        found = []
        for part in self._parts():
            reach = self.values[part] + self.slack[part]
            found.append(part.start + ((reach >= least) & (reach > self.floor)).nonzero()[0])
        return np.concatenate(found) if found else np.empty(0, "i8")

    def likeliest(self, places: Any, most: int) -> Any:
        """Return `most` of some places: those where the values seem to be the greatest."""
        np = numpy()
        return places if len(places) <= most else np.sort(places[np.argpartition(self.values[places], -most)[-most:]])

    def approximate(self, places: Any) -> list[int]:
        """Return those of some places whose value is not exact."""
        found: list[int] = places[self.slack[places] > 0.0].tolist()
        return found

    def settle(self, places: list[int], values: list[float]) -> None:
        """Take the exact values in some places."""
        self.values[places] = values
        self.slack[places] = 0.0

    def take(self, places: Any, count: int, least: float = -inf) -> list[tuple[int, float]]:
        """Return the greatest `count` of some exact values, and `least` or more, with their places; once each."""
        np = numpy()
        places = places[(self.values[places] > self.floor) & (self.values[places] >= least)]
        values = self.values[places]
        order = np.lexsort((-places if self.last_first else places, -values))[:count]
        self.values[places[order]] = -inf
        return list(zip(places[order].tolist(), values[order].tolist(), strict=True))

    def _reached(self, count: int) -> float:
        """Return what `count` of the values are sure to reach, or -inf; nearly the most that they do."""
        np = numpy()
        if len(self.values) <= _TOGETHER:
            sure = self.values - self.slack
        else:
            sure = np.concatenate([_peaks(self.values[part] - self.slack[part]) for part in self._parts()])
        return float(np.partition(sure, -count)[-count]) if 0 < count <= len(sure) else -inf

    def _parts(self) -> Iterator[slice]:
        return (slice(start, start + _TOGETHER) for start in range(0, len(self.values), _TOGETHER))


def _peaks(values: Any) -> Any:
    """Return the greatest of every few values."""
    np = numpy()
    even = len(values) // _PART * _PART
    return np.concatenate([values[:even].reshape(-1, _PART).max(axis=1), values[even:]])


_POSTING = [("row", ">u4"), ("frequency", "u1"), ("length", ">u2")]


@dataclass(slots=True)
class ArrayField:
    """Same as `Field`, with the matching rows in ascending order and the match of each.

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
        """Same as `Field.most`."""
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
        order = TopK(self.matches, self.slack)
        places = order.candidates(1)
        found: list[int] = self.rows[places].tolist() if order.approximate(places) else []
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
    """Same as `Relevance`."""

    scaled: Sequence[tuple[ArrayField, float]]
    total: float

    @classmethod
    def of(cls, fields: Iterable[ArrayField]) -> ArrayRelevance:
        """Return the relevance of those fields in which anything matches."""
        scaled = [(one, one.weight / one.spread) for one in fields if one.weight and len(one.rows)]
        return cls(scaled, sum(scale * one.most for one, scale in scaled))

    def best_first(self) -> TopK:
        """Return every row that matches in some way, in the place of its number, to be taken best first."""
        np = numpy()
        size = 1 + max((int(one.rows[-1]) for one, _ in self.scaled), default=0)
        sums, slack = np.full(size, 0.0), np.full(size, 0.0)
        for one, scale in self.scaled:
            _add(sums, one.rows, one.matches, scale)
            if one.slack is not None:
                _add(slack, one.rows, one.slack, scale)
        return TopK(sums, slack, floor=0.0)

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


def array_field(one: LexicalField) -> ArrayField:
    """Return the rows that match a field by the words alone; same as its `matches`."""
    found = lexical_arrays(one.terms, one.postings, one.corpus, one.near)
    return ArrayField(one.part, one.weight, *found, one.corpus.size, one.own)


def lexical_arrays(
    terms: Iterable[str], postings: Mapping[str, str], corpus: Corpus, near: Collection[str] = ()
) -> tuple[Any, Any]:
    """Same as `lexical_matches`, as the rows in ascending order and the match of each."""
    np = numpy()
    wanted = worths(terms, near)
    texts = [postings.get(term, "") for term, _ in wanted]
    counts = [len(text) // POSTING for text in texts]
    weights = [corpus.idf(term, count) * worth for (term, worth), count in zip(wanted, counts, strict=True)]
    best = sum(weight for weight, (_, worth) in zip(weights, wanted, strict=True) if worth == 1.0)
    found = np.frombuffer(bytes.fromhex("".join(texts)), dtype=_POSTING)
    frequency = found["frequency"].astype("f8")
    norm = K1 * (1.0 - B + B / (corpus.average_length or 1.0) * found["length"])
    share = frequency / (frequency + norm) * np.repeat(weights, counts)
    scores = np.bincount(found["row"], share)
    rows = np.flatnonzero(scores)
    return rows, scores[rows] * (K1 + 1.0) / (best or 1.0)


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
