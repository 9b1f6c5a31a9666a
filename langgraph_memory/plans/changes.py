"""Confirming one memory, and putting another in its place."""

from __future__ import annotations

from datetime import datetime

from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.reconcile import replacing, verified
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.engine.query import Plan, writes
from langgraph_memory.exceptions import InvalidMemoryError
from langgraph_memory.plans.memories import Origin, Proposal, find, known_about, rewrite, settle


@writes
def verify(
    memory_id: str, owner_id: str, confidence: float, types: MemoryTypes, origin: Origin, now: datetime
) -> Plan[Memory]:
    """Confirm a live memory; raises MemoryNotFoundError or InvalidMemoryError."""
    known = yield from _live(memory_id, owner_id, now)
    memory = verified(known, confidence, types[known.memory_type], now)
    yield from rewrite(memory, "verified", "confirmed on request", origin, now)
    return memory


@writes
def supersede(memory_id: str, proposal: Proposal, now: datetime) -> Plan[Outcome]:
    """Put a new memory in the place of a live one; raises MemoryNotFoundError or InvalidMemoryError."""
    new = proposal.memory
    old = yield from _live(memory_id, new.owner_id, now)
    in_slot = (yield from known_about(new, now)) if new.slot is not None else []
    return (yield from settle(replacing(old, new, in_slot, now), proposal.vectors, (), now))


def _live(memory_id: str, owner_id: str, now: datetime) -> Plan[Memory]:
    memory = yield from find(memory_id, owner_id)
    if memory.superseded:
        raise InvalidMemoryError(f"memory {memory.id} is superseded by {memory.superseded_by}; change that one.")
    if memory.expired(now):
        raise InvalidMemoryError(f"memory {memory.id} has expired; remember() it again.")
    return memory
