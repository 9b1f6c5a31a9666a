"""Erasing an owner: first the rows, in one transaction, then the bytes they left in the files."""

from __future__ import annotations

from langgraph_memory.domain.memory import Receipt
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Scrub
from langgraph_memory.errors import DatabaseError
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans import erasure


def erase_owner(owner_id: str, threads: bool, settings: StoreSettings) -> Effects[Receipt]:
    """Remove everything of an owner, and its bytes."""
    check_owner(owner_id)
    counts: dict[str, int] = yield erasure.erase_owner(owner_id, settings.clock(), threads=threads)
    try:
        scrubbed: bool = yield Scrub()
    except DatabaseError:  # the rows are gone all the same, which the receipt must say
        scrubbed = False
    body = {**counts, "scrubbed": scrubbed}
    return Receipt(settings.new_id(), "erase", owner_id, settings.clock(), counts, body=body)


def scrub() -> Effects[bool]:
    """Make what was deleted unreadable in the files."""
    done: bool = yield Scrub()
    return done
