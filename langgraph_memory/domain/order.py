"""Orders many values of which some are only about known, so that few of them need be measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from langgraph_memory.domain.vectors import numpy

_PARTS = 16
"""Into how many times more parts values are split than are wanted of them, to look at few for the best."""


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

    def candidates(self, count: int, most: int | None = None) -> Any:
        """Return the places of all values that may be among the `count` greatest, or of `most` that seem to be."""
        np = numpy()
        least = _greatest(self.values - self.slack, count)
        reach = self.values + self.slack
        places = np.flatnonzero((reach >= least) & (reach > self.floor))
        if most is None or len(places) <= most:
            return places
        return np.sort(places[np.argpartition(self.values[places], -most)[-most:]])

    def vague(self, places: Any) -> list[int]:
        """Return those of some places whose value is not exact."""
        found: list[int] = places[self.slack[places] > 0.0].tolist()
        return found

    def settle(self, places: list[int], values: list[float]) -> None:
        """Take the exact values in some places."""
        self.values[places] = values
        self.slack[places] = 0.0

    def take(self, places: Any, count: int) -> list[tuple[int, float]]:
        """Return the greatest `count` of some exact values with their places; they are not returned again."""
        np = numpy()
        places = places[self.values[places] > self.floor]
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
    if size > 1:  # the greatest of each part: the one that `count` of them reach is reached by as many values
        parts = values[: len(values) // size * size].reshape(-1, size).max(axis=1)
        values = values[values >= np.partition(parts, -count)[-count]]
    return float(np.partition(values, -count)[-count])
