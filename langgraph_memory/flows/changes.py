"""Changes what is known already: confirming a memory, and putting another in its place."""

from __future__ import annotations

from typing import Any, get_args

from langgraph_memory.domain.admission import admit, refused
from langgraph_memory.domain.guard import Refusal
from langgraph_memory.domain.memory import Injected, Memory, Outcome, Source, make_memory
from langgraph_memory.domain.reconcile import still_said
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.effects.effect import Effects
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations import memories
from langgraph_memory.operations.index import embed_amended
from langgraph_memory.operations.remember import Proposal, vectors_of, with_type_rules
from langgraph_memory.operations.rows import Origin
from langgraph_memory.operations.settings import StoreSettings, check_text
from langgraph_memory.plans import changes

_KEPT = ("owner_id", "scope", "memory_type", "slot", "importance", "subject", "expires_at", "protected")


def verify(
    memory_id: str, owner_id: str, confidence: float, source: Source, settings: StoreSettings
) -> Effects[Memory]:
    """Confirm a live memory."""
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 <= confidence <= 1:
        raise InvalidInputError(f"confidence must be a number from 0 to 1, not {confidence!r}.")
    check_text("memory_id", memory_id)
    now = settings.clock()
    found: Memory = yield changes.verify(
        memory_id, check_owner(owner_id), float(confidence), settings.types, Origin.of(source), now
    )
    return found


def set_injection(memory_id: str, injection: Any, owner_id: str, settings: StoreSettings) -> Effects[Memory]:
    """Say whether a memory is recalled always or never."""
    if injection not in (None, *get_args(Injected)):
        raise InvalidInputError(f"injection must be 'always', 'never' or None, not {injection!r}.")
    check_text("memory_id", memory_id)
    found: Memory = yield changes.set_injection(memory_id, check_owner(owner_id), injection, settings.clock())
    return found


def supersede(memory_id: str, content: str, fields: dict[str, Any], settings: StoreSettings) -> Effects[Outcome]:
    """Put a new value in the place of a live memory; what is not named stays as it was."""
    owner_id = check_owner(fields.pop("owner_id"))
    old: Memory = yield memories.memory(check_text("memory_id", memory_id), owner_id)
    now = settings.clock()
    kind = settings.types[old.memory_type]
    kept = {name: getattr(old, name) for name in _KEPT if getattr(old, name) is not None}
    kept["content_json"] = still_said(old.content_json, content)
    given = {name: value for name, value in fields.items() if value is not None}
    identity = {"id": settings.new_id(), "content": content, "created_at": now, "updated_at": now}
    new = admit(with_type_rules(make_memory(**{**kept, **given, **identity}), kind, now), settings.guard)
    if isinstance(new, Refusal):
        return refused(new)
    vectors = yield from vectors_of([new], settings)
    outcome: Outcome = yield changes.supersede(old.id, Proposal(new, kind, vectors[0]), now)
    yield from embed_amended(owner_id, settings)
    return outcome
