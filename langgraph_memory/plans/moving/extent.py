"""Where a database is, and how much there is to copy."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads


@dataclass(frozen=True, slots=True)
class Place:
    """What tells a database from every other, empty for one in memory; and its size in bytes."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Extent:
    """How many threads and rows there are, and when a thread was last written in microseconds."""

    threads: int
    rows: int
    last_write: int


@reads
def database_place() -> Effects[Place]:
    """Return where the database is and how large it is."""
    (row,) = yield Query("database_place")
    return Place(row["place"], row["bytes"])


@reads
def extent() -> Effects[Extent]:
    """Return how much there is."""
    (row,) = yield Query("moved_total")
    return Extent(row["threads"], row["rows"], row["last_write"] or 0)
