"""Confirming one memory, and putting another in its place."""

from __future__ import annotations

from datetime import datetime

from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.reconcile import in_conflict, replacing, verified
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.engine.query import Plan, writes
from langgraph_memory.exceptions import InvalidMemoryError
from langgraph_memory.plans.memories import (
    Origin,
    Proposal,
    contradicting,
    find,
    known_about,
    retire,
    rewrite,
    settle,
)


@writes
def verify(
    memory_id: str, owner_id: str, confidence: float, types: MemoryTypes, origin: Origin, now: datetime
) -> Plan[Memory]:
    """Confirm a live memory, and retire what contradicts it; raises MemoryNotFoundError or InvalidMemoryError."""
    known = yield from _live(memory_id, owner_id, now)
    memory = in_conflict(verified(known, confidence, types[known.memory_type], now), None)
    yield from rewrite(memory, "verified", "confirmed on request", origin, now)
    yield from retire((yield from _against(known, now)), memory, "the other was confirmed", origin, now)
    return memory


@writes
def supersede(memory_id: str, proposal: Proposal, now: datetime) -> Plan[Outcome]:
    """Put a new memory in the place of a live one; raises MemoryNotFoundError or InvalidMemoryError."""
    new = proposal.memory
    old = yield from _live(memory_id, new.owner_id, now)
    in_slot = (yield from known_about(new, now)) if new.slot is not None else []
    against = yield from _against(old, now)
    decision = replacing(old, new, (*in_slot, *against), now)
    return (yield from settle(decision, proposal.vectors, (), Origin.of(new.source), now))


def _against(known: Memory, now: datetime) -> Plan[list[Memory]]:
    """Return the live memories that contradict one."""
    if known.conflict_id is None:
        return []
    group = yield from contradicting(known.owner_id, known.conflict_id, now)
    return [one for one in group if one.id != known.id]


def _live(memory_id: str, owner_id: str, now: datetime) -> Plan[Memory]:
    memory = yield from find(memory_id, owner_id)
    if memory.retired:
        raise InvalidMemoryError(f"memory {memory.id} was retired and holds no longer; remember() what holds now.")
    if memory.superseded:
        raise InvalidMemoryError(f"memory {memory.id} is superseded by {memory.superseded_by}; change that one.")
    if memory.expired(now):
        raise InvalidMemoryError(f"memory {memory.id} has expired; remember() it again.")
    return memory
