"""Leaving marks of what is gone, and asking for them; parts of other plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from langgraph_memory.domain import marks
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.marks import MarkKeys, Subject
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query


def leave(owner_id: str, subjects: Iterable[Subject], now: datetime) -> Effects[None]:
    """Leave marks of an owner's."""
    wanted = dict.fromkeys(subjects)
    if wanted:
        keys = yield from _keys()
        rows = [{"digest": keys.digest(one)} for one in wanted]
        shared = {"holder": keys.holders(owner_partition(owner_id))[0], "now": to_microseconds(now)}
        yield Query("put_mark", shared, rows)


def _keys() -> Effects[MarkKeys]:
    """Return the keys of the database, which is given one when somebody has emptied its settings."""
    found = yield Query("mark_keys")
    if not found:
        yield Query("make_mark_key")
        found = yield Query("mark_keys")
    return MarkKeys([row["value"] for row in found])


def left(subjects: Iterable[Subject]) -> Effects[dict[Subject, int]]:
    """Return those of some subjects that a mark was left of, and when, in microseconds."""
    wanted = list(subjects)
    if not wanted:
        return {}
    keys = MarkKeys([row["value"] for row in (yield Query("mark_keys_in_use"))])
    if not keys.keys:
        return {}
    by_digest = {digest: one for one in wanted for digest in keys.digests(one)}
    partitions = dict.fromkeys(partition for _, partition, *_ in wanted)
    holders = [holder for partition in partitions for holder in keys.holders(partition)]
    rows = yield Query("marks", {"holders": holders, "digests": list(by_digest)})
    return {by_digest[row["digest"]]: row["marked_at"] for row in rows}


def lift(memory: Memory) -> Effects[None]:
    """Remove the marks of what a memory says, because it was said anew."""
    yield from lift_all(memory.owner_id, marks.told(memory))


def lift_all(owner_id: str, subjects: Iterable[Subject]) -> Effects[None]:
    """Remove those marks of an owner's that there are of some subjects."""
    found = yield from left(subjects)
    if found:
        keys = MarkKeys([row["value"] for row in (yield Query("mark_keys"))])
        holders = keys.holders(owner_partition(owner_id))
        pairs = [pair for one in found for pair in zip(holders, keys.digests(one), strict=True)]
        yield Query("lift_mark", rows=[{"holder": holder, "digest": digest} for holder, digest in pairs])


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
