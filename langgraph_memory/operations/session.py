"""Ending a session: its summary is checked, embedded and remembered, and its thread shortened in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from langgraph_memory.checkpoints.owners import messages_of_others
from langgraph_memory.checkpoints.retention import prune_thread
from langgraph_memory.domain import marks
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.guard import Refusal, admit, refused
from langgraph_memory.domain.memory import Memory, Outcome, Source, make_memory
from langgraph_memory.domain.session import Gone
from langgraph_memory.domain.text import content_hash
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Reclaim
from langgraph_memory.effects.transaction import Query, Transaction, reads, writes
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.remember import Proposal, known_about, store, vectors_of, with_type_rules
from langgraph_memory.operations.settings import StoreSettings

_IMPORTANCE = 0.6
_CONFIDENCE = 0.9


class Held(NamedTuple):
    """What a thread holds: the newest checkpoint of each namespace, whose runs saved them, and whose words are others'.

    `others` are the messages that are not to be read for the owner who asks.
    """

    newest: dict[str, str]
    owners: tuple[str, ...]
    others: frozenset[str]


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


def gone(
    owner_id: str,
    scope: str,
    thread_id: str,
    said: Sequence[Utterance],
    found: Sequence[Candidate],
    settings: StoreSettings,
) -> Transaction[Gone]:
    """Return what of a session holds no longer, of what was said and of what is found in it.

    A statement of a message that something was forgotten or replaced of is told only where it is known.
    """
    now = settings.clock()
    stated = [
        make_memory(
            id=str(number),
            owner_id=owner_id,
            scope=scope,
            memory_type=settings.types[one.memory_type].name,
            slot=one.slot,
            content=one.content,
            content_json=None if one.content_json is None else dict(one.content_json),
            source=Source(message_ids=(one.message_id,)),
            created_at=now,
            updated_at=now,
        )
        for number, one in enumerate(found)
    ]
    return _gone(owner_id, thread_id, said, stated, now)


@reads
def _gone(
    owner_id: str, thread_id: str, said: Sequence[Utterance], stated: Sequence[Memory], now: datetime
) -> Effects[Gone]:
    hashes = {one.message_id: content_hash(one.text) for one in said}
    heard = yield from marking.unmarked(owner_id, thread_id, said, hashes)
    messages = frozenset(hashes) - {one.message_id for one in heard}
    statements = set()
    for one in (yield from _doubtful(stated, messages)):
        if not (yield from _is_known(one, now)):
            statements.add(one.content)
    return Gone(frozenset(statements), messages)


def _doubtful(stated: Sequence[Memory], messages: frozenset[str]) -> Effects[list[Memory]]:
    """Return the statements that a mark was left of, or of a message that one was left of."""
    subjects = {one.id: marks.told(one) for one in stated}
    found = yield from marking.left(subject for several in subjects.values() for subject in several)
    marked = {name for name, several in subjects.items() if any(subject in found for subject in several)}
    return [one for one in stated if one.id in marked or messages & set(one.source.message_ids)]


def _is_known(stated: Memory, now: datetime) -> Effects[bool]:
    """Return whether a live memory says the same, by its words or by its value."""
    known = yield from known_about(stated, now)
    told = set(marks.told(stated))
    return any(told & set(marks.told(one)) for one in known)


@dataclass(frozen=True, slots=True)
class Written:
    """A summary as it was written: of which checkpoint of a thread, for whom, from which messages."""

    owner_id: str
    scope: str
    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    text: str
    points: Mapping[str, Any]
    message_ids: Sequence[str]
    extractor: str


class Ended(NamedTuple):
    """What became of a summary, and how many checkpoints were removed."""

    outcome: Outcome | None
    removed: int


def end_session(
    written: Written, settings: StoreSettings, now: datetime, *, compact: bool, sure: bool
) -> Effects[Ended | None]:
    """Remember a summary, an empty one not, and shorten its thread; None if the thread has gone on.

    With `sure` it does not matter whether it has; `now` is when it was read.
    """
    admitted = admit(_memory(written, settings), settings.guard) if written.text else None
    proposal = None
    if isinstance(admitted, Memory):
        vectors = yield from vectors_of([admitted], settings)
        proposal = Proposal(admitted, settings.types[admitted.memory_type], vectors[0])
    ended: Ended | None = yield _end_session(written, proposal, now, compact=compact, sure=sure)
    if ended is not None and ended.removed:
        yield Reclaim()
    if ended is not None and isinstance(admitted, Refusal):
        return ended._replace(outcome=refused(admitted))
    return ended


def _memory(written: Written, settings: StoreSettings) -> Memory:
    now, kind = settings.clock(), settings.types["summary"]
    source = Source(
        thread_id=written.thread_id,
        checkpoint_id=written.checkpoint_id,
        message_ids=tuple(written.message_ids),
        extractor=written.extractor,
    )
    memory = make_memory(
        id=settings.new_id(),
        owner_id=written.owner_id,
        scope=written.scope,
        memory_type=kind.name,
        content=written.text,
        content_json=dict(written.points) or None,
        source=source,
        trust="model",
        confidence=_CONFIDENCE,
        importance=_IMPORTANCE,
        created_at=now,
        updated_at=now,
        last_verified_at=now,
    )
    return with_type_rules(memory, kind, now)


@writes
def _end_session(
    written: Written, proposal: Proposal | None, now: datetime, *, compact: bool, sure: bool
) -> Effects[Ended | None]:
    """Store a summary and shorten its thread; None where the thread has gone on, or something was forgotten since."""
    if proposal is not None and (yield from _was_forgotten(written.owner_id, now)):
        return None
    if not sure and not (yield from _is_newest(written)):
        return None
    outcome = None if proposal is None else (yield from store(proposal, now))
    return Ended(outcome, (yield from _compacted(written.thread_id)) if compact else 0)


def _was_forgotten(owner_id: str, now: datetime) -> Effects[bool]:
    since = yield from marking.left([marks.forgot(owner_id), marks.erased(owner_id)])
    return any(at > to_microseconds(now) for at in since.values())


def _is_newest(written: Written) -> Effects[bool]:
    place = {"thread_id": written.thread_id, "checkpoint_ns": written.checkpoint_ns}
    newest = yield Query("latest_checkpoint_id", place)
    return bool(newest) and newest[0]["checkpoint_id"] == written.checkpoint_id


def _compacted(thread_id: str) -> Effects[int]:
    before = yield Query("checkpoint_ids", {"thread_id": thread_id})
    yield from prune_thread(thread_id, 1)
    after = yield Query("checkpoint_ids", {"thread_id": thread_id})
    return len(before) - len(after)
