"""Reads what tells of a database's health."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph_memory.engine.query import Plan, Query, reads_settled


@dataclass(frozen=True, slots=True)
class Health:
    """What the tables say: what the database itself finds wrong, rows without their parent, and counts."""

    faults: tuple[str, ...]
    orphans: dict[str, int]
    memories: int
    expired: int
    conflicting: int
    unembedded: int


@reads_settled
def health(now: int, *, has_index: bool) -> Plan[Health]:
    """Return the health of a database."""
    integrity = yield Query("integrity")
    orphans = yield Query("orphans")
    (states,) = yield Query("memory_states", {"now": now})
    unembedded = 0
    if has_index:
        (row,) = yield Query("count_unembedded")
        unembedded = int(row["rows"])
    return Health(
        tuple(row["finding"] for row in integrity if row["finding"] != "ok"),
        {row["kind"]: int(row["number"]) for row in orphans if row["number"]},
        int(states["number"]),
        int(states["expired"]),
        int(states["conflicting"]),
        unembedded,
    )
