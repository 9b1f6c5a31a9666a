"""Admits what a memory says, or refuses it: the one step that every way into the store passes."""

from __future__ import annotations

from typing import Any

from langgraph_memory.domain.guard import GuardPolicy, Refusal, mask, mask_within, refuse, texts_in
from langgraph_memory.domain.memory import Memory, Outcome


def admit(memory: Memory, guard: GuardPolicy) -> Memory | Refusal:
    """Return `memory` as it may be stored, or why it must not be.

    What the guard masks is replaced in everything it says, and lines of the context that the guard refuses are left
    out: it only helps to find the memory. A slot is a key and stays, for two masked keys would be one.
    """
    source = memory.source
    beside = [said for said in (memory.content_json, memory.subject, source.excerpt) if said is not None]
    refusal = refuse("\n".join(texts_in([memory.content, *beside])) if beside else memory.content, guard)
    if refusal is not None:
        return refusal
    update: dict[str, Any] = {}
    context = admitted_context(memory.context, guard)
    if context != memory.context:
        update["context"] = context
    if guard.kinds("mask"):
        update |= {name: mask_within(getattr(memory, name), guard) for name in ("content", "content_json", "subject")}
        update["source"] = source.model_copy(update={"excerpt": mask_within(source.excerpt, guard)})
    return memory.model_copy(update=update) if update else memory


def admitted_context(context: str | None, guard: GuardPolicy) -> str | None:
    """Return the lines of a context that may be stored, None when there are none."""
    if context is None or refuse(context, guard) is None:
        return None if context is None else mask(context, guard)
    kept = "\n".join(line for line in context.splitlines() if refuse(line, guard) is None)
    return mask(kept, guard) if kept.strip() and refuse(kept, guard) is None else None


def refused(refusal: Refusal) -> Outcome:
    """Return the outcome of a memory that is not admitted; it holds nothing of what it says."""
    return Outcome("refused", None, f"{refusal.reason}: {refusal.explanation}")
