"""Admits what a memory says, or refuses it: the one step that every way into the store passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph_memory.domain.guard import (
    HIDDEN_TEXT,
    GuardPolicy,
    Refusal,
    mask,
    mask_together,
    refuse,
    refuse_beside,
    refuse_key,
    texts_in,
)
from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.scope import GLOBAL

_SAID = ("content", "content_json", "subject", "excerpt")
_KEYS = ("slot", "scope", "tags")

_NAMED = {
    "slot": "Name a slot after what it is about.",
    "scope": "Name a scope after what it is about.",
    "tags": "Name tags after what they are about.",
}


def admit(memory: Memory, guard: GuardPolicy) -> Memory | Refusal:
    """Return `memory` as it may be stored, or why it must not be.

    What the guard masks is replaced in everything it says, and lines of the context that the guard refuses are left
    out: it only helps to find the memory. A slot, a scope and tags are keys and cannot be masked.
    """
    said = {name: getattr(memory, name) for name in _SAID[:3]} | {"excerpt": memory.source.excerpt}
    refusal = _refused_key(memory, guard) or refuse_said(said, guard)
    if refusal is not None:
        return refusal
    masked = dict(mask_together(said, guard))
    masked["content"] = masked["content"].strip()  # as the record keeps it: what was masked may have stood at its end
    if not masked["content"]:
        return HIDDEN_TEXT
    update = {name: masked[name] for name in _SAID[:3] if masked[name] != said[name]}
    if masked["excerpt"] != said["excerpt"]:
        update["source"] = memory.source.model_copy(update={"excerpt": masked["excerpt"]})
    context = admitted_context(memory.context, guard)
    if context != memory.context:
        update["context"] = context
    return memory.model_copy(update=update) if update else memory


def refuse_said(said: Mapping[str, Any], guard: GuardPolicy) -> Refusal | None:
    """Return why the fields of a memory must not be stored: of its `content` something must be left."""
    beside = "\n".join(texts_in([value for name, value in said.items() if name != "content"]))
    return refuse(said["content"], guard) or (refuse_beside(beside, guard) if beside else None)


def _refused_key(memory: Memory, guard: GuardPolicy) -> Refusal | None:
    for name in _KEYS:
        held = getattr(memory, name)
        for key in held if isinstance(held, tuple) else (held,):
            refusal = refuse_key(key, guard) if key not in (None, GLOBAL) else None
            if refusal is not None:
                return Refusal(refusal.reason, f"In its {name}: {refusal.explanation} {_NAMED[name]}")
    return None


def admitted_context(context: str | None, guard: GuardPolicy) -> str | None:
    """Return the lines of a context that may be stored, None when there are none."""
    if context is None or refuse(context, guard) is None:
        return None if context is None else mask(context, guard)
    kept = "\n".join(line for line in context.splitlines() if refuse(line, guard) is None)
    return mask(kept, guard) if kept.strip() and refuse(kept, guard) is None else None


def refused(refusal: Refusal) -> Outcome:
    """Return the outcome of a memory that is not admitted; it holds nothing of what it says."""
    return Outcome("refused", None, f"{refusal.reason}: {refusal.explanation}")
