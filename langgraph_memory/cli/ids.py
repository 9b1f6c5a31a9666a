"""Finds the memory a user means by the first characters of its id, which is what tables show."""

from __future__ import annotations

from collections.abc import Iterator

from langgraph_memory.domain.memory import Memory
from langgraph_memory.errors import InvalidInputError, MemoryNotFoundError
from langgraph_memory.store import CuratedStore
from langgraph_memory.views.words import counted


def memory_of_id(store: CuratedStore, owner_id: str, start: str) -> Memory:
    """Return the one memory of an owner, live or not, whose id starts with `start`.

    Raises MemoryNotFoundError when there is none, InvalidInputError when there are several.
    """
    every = all_memories(store, owner_id, everything=True)
    found = [memory for memory in every if start and memory.id.startswith(start)]
    exact = [memory for memory in found if memory.id == start]
    if not found:
        raise MemoryNotFoundError(f"owner {owner_id!r} has no memory whose id starts with {start!r}.")
    if len(found) > 1 and not exact:
        raise InvalidInputError(
            f"{counted(len(found), 'memories')} have an id that starts with {start!r}; give more of it."
        )
    return (exact or found)[0]


def all_memories(store: CuratedStore, owner_id: str, *, everything: bool = False) -> Iterator[Memory]:
    """Yield every live memory of an owner, page by page; with `everything` the others too."""
    offset = 0
    while page := store.list_memories(owner_id=owner_id, everything=everything, offset=offset):
        yield from page
        offset += len(page)
