"""Ending a session: its summary is remembered and its thread shortened in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from langgraph_memory.checkpoints.owners import messages_of_others
from langgraph_memory.checkpoints.retention import prune_thread
from langgraph_memory.domain import marks
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.session import Gone
from langgraph_memory.domain.text import content_hash
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads, writes
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.remember import Proposal, known_about, store


class Held(NamedTuple):
    """What a thread holds: the newest checkpoint of each namespace, whose runs saved them, and whose words are others'.

    `others` are the messages that are not to be read for the owner who asks.
    """

    newest: dict[str, str]
    owners: tuple[str, ...]
    others: frozenset[str]


class Ended(NamedTuple):
    """What became of a summary, and how many checkpoints were removed."""

    outcome: Outcome | None
    removed: int


@reads
def held(thread_id: str, owner_id: str) -> Effects[Held]:
    """Return what a thread holds, as an owner may read it."""
    rows = yield Query("checkpoint_ids", {"thread_id": thread_id})
    newest: dict[str, str] = {}
    for row in rows:
        newest[row["checkpoint_ns"]] = row["checkpoint_id"]
    owners = yield Query("owners_of_thread", {"thread_id": thread_id})
    others = yield from messages_of_others(thread_id, owner_id)
    return Held(newest, tuple(row["owner_id"] for row in owners), others)


@reads
def gone(
    owner_id: str, thread_id: str, said: Sequence[Utterance], stated: Sequence[Memory], now: datetime
) -> Effects[Gone]:
    """Return what of a session holds no longer, of what was said and of the statements that were found in it.

    A statement of a message that something was forgotten or replaced of is told only where it is known.
    """
    hashes = {one.message_id: content_hash(one.text) for one in said}
    heard = yield from marking.unmarked(owner_id, thread_id, said, hashes)
    messages = frozenset(hashes) - {one.message_id for one in heard}
    subjects = {one.id: marks.told(one) for one in stated}
    found = yield from marking.left(subject for several in subjects.values() for subject in several)
    statements = set()
    for one in stated:
        marked = any(subject in found for subject in subjects[one.id])
        if (marked or messages & set(one.source.message_ids)) and not (yield from _is_known(one, now)):
            statements.add(one.content)
    return Gone(frozenset(statements), messages)


def _is_known(stated: Memory, now: datetime) -> Effects[bool]:
    """Return whether a live memory says the same, by its words or by its value."""
    known = yield from known_about(stated, now)
    told = set(marks.told(stated))
    return any(told & set(marks.told(one)) for one in known)


@writes
def end_session(
    thread_id: str,
    namespace: str,
    checkpoint_id: str | None,
    proposal: Proposal | None,
    now: datetime,
    *,
    compact: bool,
) -> Effects[Ended | None]:
    """Store a summary and shorten its thread; nothing happens, and None is returned, if the thread has gone on.

    Without a `checkpoint_id` it does not matter whether it has. None too when something was forgotten since `now`.
    """
    if proposal is not None:
        owner_id = proposal.memory.owner_id
        since = yield from marking.left([marks.forgot(owner_id), marks.erased(owner_id)])
        if any(at > to_microseconds(now) for at in since.values()):
            return None
    place = {"thread_id": thread_id, "checkpoint_ns": namespace}
    newest = yield Query("latest_checkpoint_id", place)
    if checkpoint_id is not None and (not newest or newest[0]["checkpoint_id"] != checkpoint_id):
        return None
    outcome = None if proposal is None else (yield from store(proposal, now))
    return Ended(outcome, (yield from _compacted(thread_id)) if compact else 0)


def _compacted(thread_id: str) -> Effects[int]:
    before = yield Query("checkpoint_ids", {"thread_id": thread_id})
    yield from prune_thread(thread_id, 1)
    after = yield Query("checkpoint_ids", {"thread_id": thread_id})
    return len(before) - len(after)
