"""Changes what is known already: confirming a memory, pinning it, and putting another in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_args

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.guard import Refusal, admit, refused
from langgraph_memory.domain.memory import Injected, Memory, Outcome, Source, make_memory, trust_of
from langgraph_memory.domain.reconcile import gives_way, in_conflict, replacing, still_said, verified
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Transaction, writes
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError
from langgraph_memory.operations.forget import contradicting, retire
from langgraph_memory.operations.index import embed_amended
from langgraph_memory.operations.memories import find, with_predecessors
from langgraph_memory.operations.memories import memory as read_memory
from langgraph_memory.operations.remember import (
    Proposal,
    as_dict,
    known_about,
    rewrite,
    settle,
    vectors_of,
    with_type_rules,
)
from langgraph_memory.operations.rows import Origin, record
from langgraph_memory.operations.settings import StoreSettings, check_text

_KEPT = ("owner_id", "scope", "memory_type", "slot", "importance", "subject", "expires_at", "protected")


def verify(
    memory_id: str, owner_id: str, confidence: float, source: Source, settings: StoreSettings
) -> Transaction[Memory]:
    """Confirm a live memory; raises MemoryNotFoundError or InvalidMemoryError."""
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 <= confidence <= 1:
        raise InvalidInputError(f"confidence must be a number from 0 to 1, not {confidence!r}.")
    check_text("memory_id", memory_id)
    check_owner(owner_id)
    return _verify(memory_id, owner_id, float(confidence), settings.types, Origin.of(source), settings.clock())


@writes
def _verify(
    memory_id: str, owner_id: str, confidence: float, types: MemoryTypes, origin: Origin, now: datetime
) -> Effects[Memory]:
    """Confirm a live memory, and retire what contradicts it, as far as who confirms it may."""
    known = yield from _live(memory_id, owner_id, now)
    against = yield from _against(known, now)
    beaten = [one for one in against if gives_way(one, trust_of(origin.actor))]
    group = known.conflict_id if len(beaten) < len(against) else None
    memory = in_conflict(verified(known, confidence, types[known.memory_type], now), group)
    yield from rewrite(memory, "verified", "confirmed on request", origin, now)
    yield from retire(beaten, memory, "the other was confirmed", origin, now)
    return memory


def set_injection(memory_id: str, injection: Any, owner_id: str, settings: StoreSettings) -> Transaction[Memory]:
    """Say whether a memory is recalled always or never; raises as `verify` does."""
    if injection not in (None, *get_args(Injected)):
        raise InvalidInputError(f"injection must be 'always', 'never' or None, not {injection!r}.")
    check_text("memory_id", memory_id)
    return _set_injection(memory_id, check_owner(owner_id), injection, settings.clock())


@writes
def _set_injection(memory_id: str, owner_id: str, injection: Injected | None, now: datetime) -> Effects[Memory]:
    """Say whether a memory, with all it superseded, is recalled always or never."""
    memory = yield from _live(memory_id, owner_id, now)
    if injection == "always" and not memory.trusted:
        raise InvalidMemoryError(
            f"memory {memory.id} has the trust of {memory.trust!r}, and only what the owner said or the app set stands "
            "in every prompt; remember() it in the app's own name, and pin that."
        )
    for one in (yield from with_predecessors(memory)):
        place = {"partition": owner_partition(owner_id), "id": one.id, "injection": injection}
        yield Query("set_injection", {**place, "now": to_microseconds(now)})
        yield Query("set_injection_of_versions", place)
    reason = "as its type says" if injection is None else f"{injection} to be recalled"
    yield from record(memory, "injection", reason, Origin(), now)
    return memory.model_copy(update={"injection": injection, "updated_at": now})


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is to hold in the place of a memory; what is not named stays as it was."""

    content: str
    content_json: Mapping[str, Any] | None = None
    source: Source | None = None
    confidence: float | None = None
    importance: float | None = None
    valid_from: datetime | None = None
    expires_at: datetime | None = None
    subject: str | None = None
    context: str | None = None

    @property
    def named(self) -> dict[str, Any]:
        """The fields that are named."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: as_dict(value) for name, value in found.items() if value is not None}


def supersede(memory_id: str, owner_id: str, wanted: Replacement, settings: StoreSettings) -> Effects[Outcome]:
    """Put a new value in the place of a live memory; what is not named stays as it was.

    Raises MemoryNotFoundError or InvalidMemoryError.
    """
    old: Memory = yield read_memory(check_text("memory_id", memory_id), check_owner(owner_id))
    now = settings.clock()
    kind = settings.types[old.memory_type]
    kept = {name: getattr(old, name) for name in _KEPT if getattr(old, name) is not None}
    kept["content_json"] = still_said(old.content_json, wanted.content)
    identity = {"id": settings.new_id(), "content": wanted.content, "created_at": now, "updated_at": now}
    new = admit(with_type_rules(make_memory(**{**kept, **wanted.named, **identity}), kind, now), settings.guard)
    if isinstance(new, Refusal):
        return refused(new)
    vectors = yield from vectors_of([new], settings)
    outcome: Outcome = yield _supersede(old.id, Proposal(new, kind, vectors[0]), now)
    yield from embed_amended(owner_id, settings)
    return outcome


@writes
def _supersede(memory_id: str, proposal: Proposal, now: datetime) -> Effects[Outcome]:
    """Put a new memory in the place of a live one."""
    new = proposal.memory
    old = yield from _live(memory_id, new.owner_id, now)
    in_slot = (yield from known_about(new, now)) if new.slot is not None else []
    against = yield from _against(old, now)
    decision = replacing(old, new, (*in_slot, *against), now)
    return (yield from settle(decision, proposal.vectors, (), Origin.of(new.source), now))


def _against(known: Memory, now: datetime) -> Effects[list[Memory]]:
    """Return the live memories that contradict one."""
    if known.conflict_id is None:
        return []
    group = yield from contradicting(known.owner_id, known.conflict_id, now)
    return [one for one in group if one.id != known.id]


def _live(memory_id: str, owner_id: str, now: datetime) -> Effects[Memory]:
    memory = yield from find(memory_id, owner_id)
    if memory.retired:
        raise InvalidMemoryError(f"memory {memory.id} was retired and holds no longer; remember() what holds now.")
    if memory.superseded:
        raise InvalidMemoryError(f"memory {memory.id} is superseded by {memory.superseded_by}; change that one.")
    if memory.expired(now):
        raise InvalidMemoryError(f"memory {memory.id} has expired; remember() it again.")
    return memory
