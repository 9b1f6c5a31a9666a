"""Orders many values of which some are only about known, so that few of them need be measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from langgraph_memory.domain.vectors import numpy

_TOGETHER = 1 << 15
"""How many values are looked at together, which then stay in the processor's cache."""
_PART = 64
"""Of so many values the greatest stands for all, where there are very many."""


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
