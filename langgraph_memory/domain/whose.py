"""Says whose a memory is, to a reader who may be somebody else: what one person said is never told as another's."""

from __future__ import annotations

import re
from typing import Protocol

from langgraph_memory.domain.text import phrase_key


class _Source(Protocol):
    @property
    def actor(self) -> str | None: ...

    @property
    def name(self) -> str | None: ...


class _Memory(Protocol):
    """What is read of a memory here, whose module asks this one."""

    @property
    def owner_id(self) -> str: ...

    @property
    def content(self) -> str: ...

    @property
    def source(self) -> _Source: ...


_USER = re.compile(r"\bthe user\b", re.IGNORECASE)


def other_person(memory: _Memory, owner_id: str, reader: str | None = None) -> str | None:
    """Return whose a memory is when it is not the reader's own: a name where one is known, or else the owner.

    `reader` is the name of who reads for `owner_id`, where several people share that owner.
    """
    name = said_by(memory)
    if memory.owner_id != owner_id:
        return name or memory.owner_id
    if name is None or reader is None or phrase_key(name) == phrase_key(reader):
        return None
    return name


def said_by(memory: _Memory) -> str | None:
    """Return the name of the person who said it, where it is known."""
    return memory.source.name if memory.source.actor == "user" else None


def as_told(memory: _Memory, other: str | None) -> str:
    """Return what a memory says, with the name of another person where it says "the user"."""
    return memory.content if other is None else _USER.sub(lambda _: other, memory.content)


def as_shown(memory: _Memory, owner_id: str | None = None, reader: str | None = None) -> str:
    """Return what a memory says with whose it is, as one text for a table that was made for an owner."""
    other = None if owner_id is None else other_person(memory, owner_id, reader)
    if other is not None:
        return as_told(memory, other) if speaks_of_user(memory) else f"{other}: {memory.content}"
    name = said_by(memory)
    return memory.content if name is None or reader is not None else f"{memory.content} (said by {name})"


def speaks_of_user(memory: _Memory) -> bool:
    """Return whether a memory is about the person who said it, and not about what people share."""
    return _USER.search(memory.content) is not None


def of_two_people(one: _Memory, other: _Memory) -> bool:
    """Return whether two people of one owner each said something of themselves: neither tells of the other's."""
    names = [said_by(each) for each in (one, other)]
    if None in names or not (speaks_of_user(one) and speaks_of_user(other)):
        return False
    return phrase_key(names[0] or "") != phrase_key(names[1] or "")
