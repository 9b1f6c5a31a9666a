"""Decides what a new memory does to what is known. Pure: the caller has read the rows and writes the decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.text import normalised
from langgraph_memory.domain.types import MemoryType


@dataclass(frozen=True, slots=True)
class Decision:
    """Add `memory` and retire `supersedes`, or (with `reinforces`) confirm one that is there already."""

    memory: Memory
    supersedes: tuple[Memory, ...] = ()
    reinforces: Memory | None = None
    reason: str = ""


def reconcile(new: Memory, known: Sequence[Memory], kind: MemoryType, now: datetime) -> Decision:
    """Return what to do with `new`, given the live memories of its owner and scope that could be about the same thing.

    `known` are the live memories in the same slot, with the same words, or holding a value the speaker retracted.
    """
    same = next((memory for memory in known if _says_the_same(memory, new)), None)
    if same is not None and (kind.update != "append" or same.valid_from == new.valid_from):
        return Decision(reinforced(same, new, now), reinforces=same, reason="the same statement is known already")
    if kind.update == "append" or new.slot is None:
        return Decision(new, reason="nothing known says this")
    in_slot = tuple(memory for memory in known if memory.slot == new.slot and memory.memory_type == new.memory_type)
    if kind.update == "reinforce" and in_slot:
        return Decision(reinforced(in_slot[0], new, now), reinforces=in_slot[0], reason=f"seen again: {new.slot}")
    if in_slot:
        return Decision(new, supersedes=in_slot, reason=f"a newer value for {new.slot}")
    return Decision(new, reason=f"nothing known about {new.slot}")


def replacing(old: Memory, new: Memory, in_slot: Sequence[Memory], now: datetime) -> Decision:
    """Return what to do with `new`, which its author puts in the place of `old` and of what else is in its slot."""
    if _says_the_same(old, new):
        return Decision(reinforced(old, new, now), reinforces=old, reason="it says the same")
    others = tuple(one for one in in_slot if one.id != old.id and one.slot == new.slot)
    return Decision(new, supersedes=(old, *others), reason="replaced on request")


def verified(known: Memory, confidence: float, kind: MemoryType, now: datetime) -> Memory:
    """Return `known` confirmed at `now`; where its type expires, its time begins again."""
    update: dict[str, Any] = {"confidence": confidence, "last_verified_at": now, "updated_at": now}
    if known.expires_at is not None and kind.expires_after is not None:
        update["expires_at"] = max(known.expires_at, now + kind.expires_after)
    return known.model_copy(update=update)


def reinforced(known: Memory, again: Memory, now: datetime) -> Memory:
    """Return `known` confirmed by an equal statement: two independent sources, so doubts multiply (noisy-or)."""
    doubt = (1.0 - known.confidence) * (1.0 - again.confidence)
    return known.model_copy(
        update={
            "confidence": 1.0 - doubt,
            "importance": max(known.importance, again.importance),
            "last_verified_at": now,
            "updated_at": now,
            "expires_at": _later(known.expires_at, again.expires_at),
        }
    )


def holding_value(memories: Iterable[Memory], values: Sequence[str]) -> list[Memory]:
    """Return the memories whose structured value is one of `values`, whatever the case."""
    wanted = {normalised(value) for value in values}
    return [memory for memory in memories if normalised(str((memory.content_json or {}).get("value", ""))) in wanted]


def _says_the_same(known: Memory, new: Memory) -> bool:
    return known.slot == new.slot and normalised(known.content) == normalised(new.content)


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return None if first is None or second is None else max(first, second)
