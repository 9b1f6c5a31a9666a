"""Says whose word counts more where two sources contradict each other."""

from __future__ import annotations

from typing import Final

from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.text import phrase_key

MARGIN: Final = 0.3
"""How much surer one of two equal sources must be for its word to count more."""

_RANKS: Final = {"assistant": 0, "system": 0, "tool": 1, "user": 2}
_PERSON: Final = 2
_CALLER: Final = 3


def outranks(known: Memory, new: Memory) -> bool:
    """Return whether what is known comes from a higher source than what contradicts it now."""
    if same_source(known, new) or _rank_of_new(new) > _rank_of_known(known):
        return False
    return _rank_of_known(known) > _rank_of_new(new) or known.confidence - new.confidence >= MARGIN


def overrides(new: Memory, known: Memory) -> bool:
    """Return whether what is said now may take the place of what is known: the same source, or a higher one."""
    if same_source(known, new) or _rank_of_new(new) > _rank_of_known(known):
        return True
    return _rank_of_new(new) == _rank_of_known(known) and new.confidence - known.confidence >= MARGIN


def said_later(known: Memory, new: Memory) -> bool:
    """Return whether what is known was said after what is only read now, by the same speaker.

    A retry, a slow job, an old thread and a branch read late what was said early. What names no time is said now.
    """
    if new.source.said_at is None or not same_source(known, new):
        return False
    return (known.source.said_at or known.created_at) > new.source.said_at


def same_source(known: Memory, new: Memory) -> bool:
    """Return whether both were said by the same: the same kind of speaker, and the same name where both have one."""
    if (known.source.actor or "user") != (new.source.actor or "user"):
        return False
    names = [phrase_key(one.source.name) for one in (known, new) if one.source.name]
    return len(set(names)) < 2


def same_message(known: Memory, new: Memory) -> bool:
    """Return whether both were read from one message."""
    same_thread = known.source.thread_id == new.source.thread_id
    return same_thread and bool(set(known.source.message_ids) & set(new.source.message_ids))


def speaker(memory: Memory) -> str:
    """Return who said it, for a sentence."""
    if memory.source.actor is None:
        return "what was recorded"
    name = f" {memory.source.name}" if memory.source.name else ""
    return f"what the {memory.source.actor}{name} said"


def _rank_of_new(new: Memory) -> int:
    """Return the rank of a source: a call that names no speaker decides for its application."""
    return _CALLER if new.source.actor is None else _RANKS.get(new.source.actor, _PERSON)


def _rank_of_known(known: Memory) -> int:
    return _PERSON if known.source.actor is None else _RANKS.get(known.source.actor, _PERSON)
