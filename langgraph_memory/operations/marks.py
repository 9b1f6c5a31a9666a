"""What marks are left of, and what they keep away; parts of other operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from langgraph_memory.checkpoints.owners import leave, left, lift_all
from langgraph_memory.domain import marks
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.marks import Subject
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query

__all__ = ["gone_since_said", "leave", "left", "lift", "lift_all", "of_memory", "of_owner", "unmarked"]


def lift(memory: Memory) -> Effects[None]:
    """Remove the marks of what a memory says, because it was said anew."""
    yield from lift_all(memory.owner_id, marks.told(memory))


def of_memory(memory: Memory) -> Effects[list[Subject]]:
    """Return the subjects of what a memory says, and of the messages that it was read from."""
    found = marks.told(memory)
    if memory.source.message_ids and memory.memory_type != "summary":  # which is of messages that say other things too
        ids = list(memory.source.message_ids)
        lines = yield Query("read_lines", {"partition": owner_partition(memory.owner_id), "message_ids": ids})
        found += [
            marks.read(memory.owner_id, row["thread_id"], row["message_id"], row["content_hash"]) for row in lines
        ]
    return found


def of_owner(owner_id: str) -> Effects[list[Subject]]:
    """Return the subjects of all that an owner said, whether it was read or not, and of the owner."""
    found = [marks.erased(owner_id)]
    for row in (yield Query("heard_of_owner", {"partition": owner_partition(owner_id)})):
        found.append(marks.read(owner_id, row["thread_id"], row["message_id"], row["content_hash"]))
    for row in (yield Query("said_by_owner", {"owner_id": owner_id})):
        found.append(marks.read(owner_id, row["thread_id"], row["message_id"]))
    return found


def unmarked(
    owner_id: str, thread_id: str, utterances: Sequence[Utterance], hashes: Mapping[str, str]
) -> Effects[list[Utterance]]:
    """Return those of some messages that may be read: no mark says that what they said is gone."""
    subjects = {
        one.message_id: (
            marks.read(owner_id, thread_id, one.message_id),
            marks.read(owner_id, thread_id, one.message_id, hashes[one.message_id]),
        )
        for one in utterances
    }
    found = yield from left(subject for both in subjects.values() for subject in both)
    return [one for one in utterances if not any(subject in found for subject in subjects[one.message_id])]


def gone_since_said(memories: Sequence[Memory], thread_id: str, now: datetime) -> Effects[set[str]]:
    """Return the ids of those proposed memories whose statement went after it had been said in a thread."""
    subjects = {one.id: marks.told(one) for one in memories}
    found = yield from left(subject for several in subjects.values() for subject in several)
    if not found:
        return set()
    said_at = yield from _said_at(thread_id, memories)
    latest = to_microseconds(now)
    gone_at = {key: max(found.get(one, -1) for one in several) for key, several in subjects.items() if several}
    return {one.id for one in memories if gone_at.get(one.id, -1) > _said(one, said_at, latest)}


def _said_at(thread_id: str, memories: Sequence[Memory]) -> Effects[dict[str, int]]:
    """Return when the messages were said that some memories were read from, as far as the thread tells."""
    ids = sorted({message_id for one in memories for message_id in one.source.message_ids})
    rows = yield Query("said_at", {"thread_id": thread_id, "message_ids": ids})
    return {row["message_id"]: row["said_at"] for row in rows}


def _said(memory: Memory, said_at: Mapping[str, int], now: int) -> int:
    return max((said_at.get(message_id, now) for message_id in memory.source.message_ids), default=now)
