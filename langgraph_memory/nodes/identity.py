"""Whose memory a run reads and writes, and where it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.scope import GLOBAL, check_owner, check_scope


@dataclass(frozen=True, slots=True)
class MemoryContext:
    """The run context that names an owner and a scope; pass it as `context=` when a graph is invoked."""

    owner_id: str | None = None
    scope: str = GLOBAL


@dataclass(frozen=True, slots=True)
class Identity:
    """One owner and one scope, checked."""

    owner_id: str
    scope: str


def resolve_identity(runtime: Runtime[Any], config: RunnableConfig) -> Identity:
    """Return the owner and scope of a run: from its context, else from `configurable`; `owner_id`, else `user_id`.

    Raises MissingOwnerError when neither names an owner: there is no shared default.
    """
    places = (runtime.context, config.get("configurable"))
    owner_id = _first(places, "owner_id", "user_id")
    scope = _first(places, "scope")
    return Identity(check_owner(owner_id), check_scope(scope if scope is not None else GLOBAL))


def source_of(runtime: Runtime[Any]) -> Source:
    """Return the thread, checkpoint and run that a node runs in."""
    info = runtime.execution_info
    if info is None:
        return Source()
    return Source(thread_id=info.thread_id, checkpoint_id=info.checkpoint_id or None, run_id=info.run_id)


def _first(places: tuple[Any, ...], *names: str) -> Any:
    for place in places:
        for name in names:
            value = place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)
            if value is not None:
                return value
    return None
