"""Says whose word counts more where two sources contradict each other."""

from __future__ import annotations

from typing import Final

from langgraph_memory.domain.memory import Memory, Trust
from langgraph_memory.domain.text import phrase_key

MARGIN: Final = 0.3
"""How much surer one of two equal sources must be for its word to count more."""

_RANKS: Final[dict[Trust, int]] = {"model": 0, "import": 1, "tool": 1, "owner": 2, "app": 2}
_CALLER: Final = 3


def outranks(known: Memory, new: Memory) -> bool:
    """Return whether what is known comes from a higher source than what contradicts it, or is the app's to change."""
    if is_closed(known, new):
        return True
    if _rank_of_known(known) > _rank_of_new(new):
        return True
    if same_source(known, new) or _rank_of_new(new) > _rank_of_known(known):
        return False
    return known.confidence - new.confidence >= MARGIN


def overrides(new: Memory, known: Memory) -> bool:
    """Return whether what is said now may take the place of what is known: the same source, or a higher one."""
    if is_closed(known, new) or _rank_of_new(new) < _rank_of_known(known):
        return False
    if same_source(known, new) or _rank_of_new(new) > _rank_of_known(known):
        return True
    return _rank_of_new(new) == _rank_of_known(known) and new.confidence - known.confidence >= MARGIN


def said_later(known: Memory, new: Memory) -> bool:
    """Return whether what is known was said after what is only read now, by the same speaker.

    A retry, a slow job, an old thread and a branch read late what was said early. What names no time is said now. Of
    one message that was edited, what is read last holds: the ledger reads no words of it twice.
    """
    if new.source.said_at is None or not same_source(known, new) or same_message(known, new):
        return False
    return (known.source.said_at or known.created_at) > new.source.said_at


def is_closed(known: Memory, new: Memory) -> bool:
    """Return whether what is known is for the app alone to change, and somebody else says otherwise."""
    return known.protected and new.trust != "app"


def is_claim(known: Memory, new: Memory) -> bool:
    """Return whether the owner says otherwise than what the app keeps for itself: that stays beside it."""
    return is_closed(known, new) and new.trust == "owner"


def gives_way(known: Memory, speaker: Trust) -> bool:
    """Return whether what is known may lose its place on somebody's word."""
    return speaker == "app" or not (known.protected or _RANKS[known.trust] > _RANKS[speaker])


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


def higher(one: Memory, other: Memory) -> Memory:
    """Return which of two that say the same is trusted further."""
    return other if _RANKS[other.trust] > _RANKS[one.trust] or other.protected else one


def speaker(memory: Memory) -> str:
    """Return who said it, for a sentence."""
    if memory.protected:
        return "what the app recorded and it alone may change"
    if memory.trust == "import":
        return "what was imported"
    if memory.source.actor is None:
        return "what was recorded"
    name = f" {memory.source.name}" if memory.source.name else ""
    return f"what the {memory.source.actor}{name} said"


def _rank_of_new(new: Memory) -> int:
    """Return the rank of a source: what the app sets now decides."""
    return _CALLER if new.trust == "app" else _RANKS[new.trust]


def _rank_of_known(known: Memory) -> int:
    return _RANKS[known.trust]
