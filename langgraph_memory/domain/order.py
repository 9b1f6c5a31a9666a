"""Orders many values of which some are only about known, so that few of them need be measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from langgraph_memory.domain.vectors import numpy

_PARTS = 16
"""Into how many times more parts values are split than are wanted of them, to look at few for the best."""
_MANY = 20_000
"""How many values are worth that."""


@dataclass(slots=True)
class BestFirst:
    """Values that are greater than `floor`, the greatest first; each is off by its `slack` at most.

    To have the next few: take the `candidates`, `settle` those of them that are `vague`, and `take`. Of equal values
    the one in the last place comes first, or the one in the first place.
    """

    values: Any
    slack: Any
    floor: float = -inf
    last_first: bool = True

    def candidates(self, count: int, least: float = -inf) -> Any:
        """Return the places of all values that may be among the `count` greatest, and `least` or more."""
        reach = self.values + self.slack
        places = (reach >= max(least, _greatest(self.values - self.slack, count))).nonzero()[0]
        return places[reach[places] > self.floor]

    def likeliest(self, places: Any, most: int) -> Any:
        """Return `most` of some places: those where the values seem to be the greatest."""
        np = numpy()
        return places if len(places) <= most else np.sort(places[np.argpartition(self.values[places], -most)[-most:]])

    def vague(self, places: Any) -> list[int]:
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


def _greatest(values: Any, count: int) -> float:
    """Return the value that `count` values reach, the greatest such; -inf where there are fewer."""
    np = numpy()
    if len(values) < count or not count:
        return -inf
    size = len(values) // (_PARTS * count)
    if (
        len(values) > _MANY and size > 1
    ):  # the greatest of each part: the one that `count` of them reach is reached by as many values
        parts = values[: len(values) // size * size].reshape(-1, size).max(axis=1)
        values = values[values >= np.partition(parts, -count)[-count]]
    return float(np.partition(values, -count)[-count])
