"""Brings matches of different kinds onto one scale, so that none of them drowns the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

BRIEF = 50.0
"""Terms in a text at which its surroundings count half."""
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

    @classmethod
    def of(cls, fields: Iterable[Field]) -> Relevance:
        """Return the relevance of those fields in which anything matches."""
        return cls([(field, field.weight / field.spread) for field in fields if field.weight and field.matches])

    @property
    def total(self) -> float:
        """The relevance of a row that matches perfectly in every way."""
        return sum(scale * field.most for field, scale in self.scaled)

    def best_first(self) -> list[tuple[int, float]]:
        """Return every row that matches in some way, with its relevance, best first."""
        sums: dict[int, float] = {}
        for field, scale in self.scaled:
            for row, match in field.matches.items():
                sums[row] = sums.get(row, 0.0) + scale * match
        return sorted(sums.items(), key=lambda pair: (-pair[1], -pair[0]))

    def parts(self, rows: Sequence[int]) -> list[dict[str, float]]:
        """Return what each named part adds to the relevance of each of some rows."""
        parts: list[dict[str, float]] = [{} for _ in rows]
        for field, scale in self.scaled:
            for held, row in zip(parts, rows, strict=True):
                held[field.part] = held.get(field.part, 0.0) + scale * field.matches.get(row, 0.0)
        return parts


def brevity(average_length: float) -> float:
    """Return how much the surroundings of a text tell about it, 0..1: much of a remark, little of a page."""
    return 1.0 / (1.0 + (average_length / BRIEF) ** 2)
