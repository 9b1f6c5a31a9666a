"""Keeps what was read of partitions at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from langgraph_memory.cache import Cache, CacheBound

BLOCK = 128
"""How many vectors go into one block."""

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


@dataclass(slots=True)
class _Partition(Generic[K]):
    """The vectors of one partition, the state that it was in, and how often they were found since they were read."""

    state: State
    vectors: tuple[K, ...]
    found: int


class Shelf(Generic[K]):
    """Keeps the vectors of the partitions that were read last, for the reads that follow.

    `state` tells one content of a partition from every other, also from one that was rolled back, so what another
    process has changed is never answered from here.
    """

    def __init__(self, bound: CacheBound) -> None:
        self._kept: Cache[int, _Partition[K]] = Cache(bound)

    @property
    def most_bytes(self) -> int:
        """How much memory everything that is kept may take, with that of other shelves."""
        return self._kept.bound.most_bytes

    def find(self, partition_no: int, state: State) -> tuple[K, ...] | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        found = self._kept.get(partition_no)
        if found is None or found.state != state:
            return None
        found.found += 1
        return found.vectors

    def times_found(self, partition_no: int) -> int:
        """Return how often what is here of a partition has been of use."""
        found = self._kept.peek(partition_no)
        return 0 if found is None else found.found

    def last(self, partition_no: int) -> tuple[State, tuple[K, ...]] | None:
        """Return what is here of a partition, with the state that it was in."""
        found = self._kept.peek(partition_no)
        return None if found is None else (found.state, found.vectors)

    def keep(self, partition_no: int, state: State, vectors: tuple[K, ...]) -> None:
        """Keep vectors in place of what was kept of the partition."""
        kept = _Partition(state, vectors, self.times_found(partition_no))
        self._kept.put(partition_no, kept, bytes_of(vectors))


def grown(parts: tuple[J, ...], more: J) -> tuple[J, ...]:
    """Return `parts` and then `more`, few and each many times as large as the next: to add to a large one copies it."""
    while parts and len(parts[-1].slots) <= max(BLOCK, _GROWTH * len(more.slots)):
        parts, more = parts[:-1], parts[-1].joined(more)
    return (*parts, more)


def bytes_of(vectors: tuple[Kept, ...]) -> int:
    """Return how much memory a partition's vectors take."""
    return sum(part.nbytes for part in vectors)
