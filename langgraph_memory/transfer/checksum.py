"""What a stretch of a database holds, in numbers: how many rows of each kind, and a checksum of them all. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from struct import pack
from typing import Any

from xxhash import xxh3_128_intdigest

from langgraph_memory.views.words import listed

_WIDTH = 1 << 128


class Checksum:
    """Counts rows and adds up their checksums, so that neither the order of rows nor the engine matters."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._sum = 0
        self._of_kind: Counter[str] = Counter()

    def add(self, kind: str, values: Iterable[Any]) -> None:
        """Count a row of `kind` that holds `values`."""
        self.counts[kind] += 1
        found = row_checksum(kind, values)
        self._sum = (self._sum + found) % _WIDTH
        self._of_kind[kind] = (self._of_kind[kind] + found) % _WIDTH

    def include(self, other: Checksum) -> None:
        """Count everything that `other` counted."""
        self.counts += other.counts
        self._sum = (self._sum + other._sum) % _WIDTH
        self._of_kind += other._of_kind

    @property
    def digest(self) -> str:
        """The sum as text."""
        return f"{self._sum:032x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checksum) and (self.counts, self._sum) == (other.counts, other._sum)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def apart_from(self, kind: str) -> tuple[dict[str, int], int]:
        """Return what is counted of the other kinds."""
        others = {name: count for name, count in self.counts.items() if name != kind}
        return others, (self._sum - self._of_kind[kind]) % _WIDTH

    def __str__(self) -> str:
        return f"{listed(sorted(self.counts.items()))} ({self.digest})"


def row_checksum(kind: str, values: Iterable[Any]) -> int:
    """Return the checksum of one row; values of another kind or in another order have another."""
    return xxh3_128_intdigest(b"".join((_written(kind), *map(_written, values))))


def _written(value: Any) -> bytes:
    """Return a value with its kind and its length, so that no two lists of values are written alike."""
    if value is None:
        return b"n"
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(data), data)
    if isinstance(value, float):
        return b"f" + pack(">d", value)
    if isinstance(value, int):
        return b"i%d:" % value
    return b"b%d:%b" % (len(value), value)
