"""Which of the memories that are found together hold no longer, because another of them says otherwise since."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import permutations

from langgraph_memory.domain.changes import replaced_by
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.outdated import UNDECIDED, likely_replaced_by
from langgraph_memory.domain.standing import overrides

_LONGEST = 240
"""Characters of a statement that is read; a longer one says more than one thing."""
_OF_SOMEBODY = re.compile(r"\b(?:the (?:user|customer|client|team)|i|i'm|my|we|our)\b", re.IGNORECASE)


def replaced_among(found: Iterable[Memory]) -> frozenset[tuple[str, str]]:
    """Return the owner and id of each memory that gives a single thing a value which a newer one of its scope replaces.

    The store sees to it when a statement is made; this is for what came by other ways: events, other types, imports.
    What is known to contradict each other is shown together, and what is trusted less replaces nothing.
    """
    read = [memory for memory in found if len(memory.content) <= _LONGEST and _OF_SOMEBODY.search(memory.content)]
    pairs = ((new, old) for new, old in permutations(read, 2) if _may_replace(new, old))
    return frozenset((old.owner_id, old.id) for new, old in pairs if _is_replaced(new, old))


def _is_replaced(new: Memory, old: Memory) -> bool:
    """Return whether one puts an end to the other, or may do so: what is undecided is kept, and the newer told."""
    if replaced_by(new, [old]):
        return True
    by_users = new.source.actor == old.source.actor == "user"
    return by_users and bool(likely_replaced_by(new, [old], least=UNDECIDED))


def _may_replace(new: Memory, old: Memory) -> bool:
    same_place = (new.owner_id, new.scope, new.source.name) == (old.owner_id, old.scope, old.source.name)
    together = new.conflict_id is not None and new.conflict_id == old.conflict_id
    return same_place and not together and _said_at(new) > _said_at(old) and overrides(new, old)


def _said_at(memory: Memory) -> datetime:
    """Return when it was said, or since when it holds where that is all that is known."""
    return memory.source.said_at or memory.valid_from or memory.created_at
