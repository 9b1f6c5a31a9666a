"""Keeps what was read of partitions at hand, within a bound of bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Generic, Protocol, Self, TypeVar

from langgraph_memory.forked import Locked

BLOCK = 128
"""How many vectors go into one block."""

_ENTRY = 4096
"""Bytes that are counted for a partition at hand beside its vectors, so that those without any are bounded too."""
_GROWTH = 8
"""By how many times the vectors at hand are more than those of the newest blocks, which are kept apart from them."""


State = int | tuple[int, int]
"""What tells one content from every other."""


class Kept(Protocol):
    """What can be kept at hand."""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        ...


class Joined(Protocol):
    """What can be kept in a few parts."""

    @property
    def slots(self) -> Any:
        """The slot of each vector."""
        ...

    def joined(self, other: Self) -> Self:
        """Return these vectors and then those of another."""
        ...


K = TypeVar("K", bound=Kept)
J = TypeVar("J", bound=Joined)


class Shelf(Locked, Generic[K]):
    """Keeps the vectors of the partitions that were read last, within a bound of bytes, for the reads that follow.

    `state` tells one content of a partition from every other, also from one that was rolled back, so what another
    process has changed is never answered from here.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, tuple[State, tuple[K, ...]]] = OrderedDict()
        self._found: dict[int, int] = {}
        self._bytes = 0
        super().__init__()

    def find(self, partition_no: int, state: State) -> tuple[K, ...] | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        with self._lock:
            found = self._kept.get(partition_no)
            if found is None or found[0] != state:
                return None
            self._kept.move_to_end(partition_no)
            self._found[partition_no] += 1
            return found[1]

    def times_found(self, partition_no: int) -> int:
        """Return how often what is here of a partition has been of use."""
        with self._lock:
            return self._found.get(partition_no, 0)

    def last(self, partition_no: int) -> tuple[State, tuple[K, ...]] | None:
        """Return what is here of a partition, with the state that it was in."""
        with self._lock:
            return self._kept.get(partition_no)

    def keep(self, partition_no: int, state: State, vectors: tuple[K, ...]) -> None:
        """Keep vectors in place of what was kept of the partition, and let go what was used longest ago."""
        size = bytes_of(vectors)
        with self._lock:
            if partition_no in self._kept:
                self._bytes -= bytes_of(self._kept.pop(partition_no)[1])
            self._bytes += size
            self._found.setdefault(partition_no, 0)  # before the vectors, because an interrupt may come between
            self._kept[partition_no] = (state, vectors)
            while self._bytes > self._most_bytes:
                number, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= bytes_of(gone)
                self._found.pop(number, None)


def grown(parts: tuple[J, ...], more: J) -> tuple[J, ...]:
    """Return `parts` and then `more`, few and each many times as large as the next: to add to a large one copies it."""
    while parts and len(parts[-1].slots) <= max(BLOCK, _GROWTH * len(more.slots)):
        parts, more = parts[:-1], parts[-1].joined(more)
    return (*parts, more)


def bytes_of(vectors: tuple[Kept, ...]) -> int:
    """Return how much memory a partition's vectors take."""
    return _ENTRY + sum(part.nbytes for part in vectors)
