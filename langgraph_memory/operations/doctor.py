"""Reads what tells of a database's health."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph_memory.domain.memory import Memory
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads_settled
from langgraph_memory.errors import DamagedMemoryError


@dataclass(frozen=True, slots=True)
class Health:
    """What the tables say: what the database itself finds wrong, rows without their parent, and counts."""

    faults: tuple[str, ...]
    orphans: dict[str, int]
    memories: int
    expired: int
    conflicting: int
    unembedded: int


_PAGE = 1_000


def _damaged() -> Effects[list[str]]:
    """Return what is wrong with each memory that does not hold what was written."""
    found: list[str] = []
    after = -1
    while rows := (yield Query("memories_after", {"after": after, "limit": _PAGE})):
        for row in rows:
            try:
                Memory.from_row(row)
            except DamagedMemoryError as damage:
                found.append(str(damage))
        after = int(rows[-1]["memory_no"])
    return found


@reads_settled
def health(now: int, *, has_index: bool) -> Effects[Health]:
    """Return the health of a database."""
    integrity = yield Query("integrity")
    orphans = yield Query("orphans")
    damaged = yield from _damaged()
    (states,) = yield Query("memory_states", {"now": now})
    unembedded = 0
    if has_index:
        (row,) = yield Query("count_unembedded")
        unembedded = int(row["rows"])
    return Health(
        (*(row["finding"] for row in integrity if row["finding"] != "ok"), *damaged),
        {row["kind"]: int(row["number"]) for row in orphans if row["number"]},
        int(states["number"]),
        int(states["expired"]),
        int(states["conflicting"]),
        unembedded,
    )
