"""Ending a session: what is to be remembered is checked and embedded, then stored with the thread's compaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langgraph_memory.domain.admission import admit, refused
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import Refusal
from langgraph_memory.domain.memory import Memory, Source, make_memory
from langgraph_memory.domain.session import Gone
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Reclaim
from langgraph_memory.operations.remember import Proposal, vectors_of, with_type_rules
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans import session
from langgraph_memory.plans.session import Ended, Held

_IMPORTANCE = 0.6
_CONFIDENCE = 0.9


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


def held(thread_id: str, owner_id: str) -> Effects[Held]:
    """Return what a thread holds, as an owner may read it."""
    found: Held = yield session.held(thread_id, owner_id)
    return found


def gone(
    owner_id: str,
    scope: str,
    thread_id: str,
    said: Sequence[Utterance],
    found: Sequence[Candidate],
    settings: StoreSettings,
) -> Effects[Gone]:
    """Return what of a session holds no longer, of what was said and of what is found in it."""
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
    held_no_longer: Gone = yield session.gone(owner_id, thread_id, said, stated, now)
    return held_no_longer


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
    place = (written.thread_id, written.checkpoint_ns, None if sure else written.checkpoint_id)
    ended: Ended | None = yield session.end_session(*place, proposal, now, compact=compact)
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
