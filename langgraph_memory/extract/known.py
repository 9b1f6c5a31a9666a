"""Looks up the slot that a known tool or service fills."""

from __future__ import annotations

import re

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.slots import slug

_VERSION = re.compile(r"\s+(?:v?\d+(?:\.[\dx]+)*|lts)\+?$", re.IGNORECASE)


def without_version(thing: str) -> str:
    """Return the name of a thing without its version: "Postgres" of "Postgres 16"."""
    return _VERSION.sub("", thing.strip())


def slot_of(thing: str, *, careful: bool = False) -> str | None:
    """Return the slot a known tool fills, whatever its version: "Postgres 16" fills project.database.

    With `careful`, a name that is also an everyday word counts only with a capital.
    """
    bare = without_version(thing)
    known = bare.lower()
    if careful and known in words.AMBIGUOUS_THINGS and bare.islower():
        return None
    for slot, members in words.CATEGORIES.items():
        if known in members:
            return slot
    family = next((family for family, members in words.FAMILIES.items() if known in members), None)
    return f"{family}.{slug(bare)}" if family else None
