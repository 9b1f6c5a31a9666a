"""Marks: what is left of something that is gone, so that nothing but its being said anew brings it back.

A mark is a hash under a key that lies in the database. It holds nothing of what it is of; with the key one can ask
whether a given text is what is gone, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256

from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.text import fingerprint, normalised

Subject = tuple[str, ...]
"""What a mark is of: a kind, whose it is, and what tells it from others."""

_UNIQUE = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MarkKeys:
    """The keys of a database: its own first, then those of the databases that were copied to it."""

    keys: Sequence[str]

    def digest(self, subject: Subject) -> str:
        """Return the mark to leave of a subject."""
        return _digest(self.keys[0], subject)

    def digests(self, subject: Subject) -> list[str]:
        """Return every mark that may have been left of a subject."""
        return [_digest(key, subject) for key in self.keys]

    def holders(self, partition: str) -> list[str]:
        """Return what tells whose marks they are: a server computes it too, to show each owner's role its own."""
        return [sha256(f"{key}{partition}".encode("utf-8", "surrogatepass")).hexdigest()[:32] for key in self.keys]


def is_unique(message_id: str) -> bool:
    """Return whether an id names one message wherever it stands, as those that LangGraph gives do."""
    return _UNIQUE.search(message_id) is not None


def read(owner_id: str, thread_id: str, message_id: str, content_hash: str = "") -> Subject:
    """Return the subject of a message that is not to be read again; without a hash, whatever its words are."""
    place = "" if is_unique(message_id) else thread_id
    return ("read", owner_partition(owner_id), place, message_id, content_hash)


def switched_off(owner_id: str, thread_id: str, what: str) -> Subject:
    """Return the subject of something that memory does not do in a thread of an owner's: "recall" or "learn"."""
    return ("switch", owner_partition(owner_id), thread_id, what)


def named(owner_id: str, memory_id: str) -> Subject:
    """Return the subject of a memory by its id."""
    return named_in(owner_partition(owner_id), memory_id)


def named_in(partition: str, memory_id: str) -> Subject:
    """Same as `named`, where the partition is known."""
    return ("memory", partition, memory_id)


def erased(owner_id: str) -> Subject:
    """Return the subject of everything of an owner."""
    return erased_partition(owner_partition(owner_id))


def erased_partition(partition: str) -> Subject:
    """Same as `erased`, where the partition is known."""
    return ("erased", partition)


def erased_threads(owner_id: str) -> Subject:
    """Return the subject of all threads of an owner."""
    return ("threads", owner_partition(owner_id))


def forgot(owner_id: str) -> Subject:
    """Return the subject of whatever an owner forgot last."""
    return ("forgot", owner_partition(owner_id))


def told(memory: Memory) -> list[Subject]:
    """Return the subjects of what a memory says: its words, and its value where it is in a slot."""
    value = (memory.content_json or {}).get("value")
    negated = bool((memory.content_json or {}).get("negated"))
    return told_by(memory.owner_id, memory.content, memory.slot, None if negated else value)


def told_by(owner_id: str, content: str, slot: str | None, value: object) -> list[Subject]:
    """Return the subjects of a statement."""
    partition = owner_partition(owner_id)
    found: list[Subject] = [("words", partition, fingerprint(content))]
    if slot is not None and value is not None:
        found.append(("value", partition, slot, normalised(str(value))))
    return found


def _digest(key: str, subject: Subject) -> str:
    hashed = blake2b(key=key.encode()[:64], digest_size=16)
    for part in subject:
        text = part.encode("utf-8", "surrogatepass")
        hashed.update(len(text).to_bytes(4, "big") + text)
    return hashed.hexdigest()
