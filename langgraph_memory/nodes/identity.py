"""Whose memory a run reads and writes, and where it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.runtime import Runtime

from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.scope import (
    GLOBAL,
    agreed_owner,
    authenticated_user,
    check_owner,
    check_scope,
    first_named,
    owner_named,
)
from langgraph_memory.domain.switches import PAUSED, MemorySwitches
from langgraph_memory.errors import InvalidInputError

_GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)
"""When the time of a UUID begins, which counts 100 nanoseconds."""


@dataclass(frozen=True, slots=True)
class MemoryContext:
    """The run context that names an owner and a scope; pass it as `context=` when a graph is invoked.

    Without `recall` the run reads no memory and leaves no receipt; without `learn` nothing that is said in it is ever
    learnt; `pause` is both.
    """

    owner_id: str | None = None
    scope: str = GLOBAL
    pause: bool = False
    recall: bool = True
    learn: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """One owner and one scope, checked."""

    owner_id: str
    scope: str


def resolve_identity(runtime: Runtime[Any], config: RunnableConfig) -> Identity:
    """Return the owner and scope of a run.

    The owner is whom the server has authenticated, else whom the run's context names, else `configurable`: `owner_id`,
    else `user_id`. Raises IdentityConflictError when two of them disagree, and MissingOwnerError when none names an
    owner: there is no shared default.
    """
    return Identity(check_owner(named_owner(runtime, config)), scope_of(runtime, config))


def named_owner(runtime: Runtime[Any], config: RunnableConfig) -> Any:
    """Return whom a run names as its owner, None when it names nobody; raises IdentityConflictError."""
    configurable = config.get("configurable")
    return agreed_owner(
        {
            "the server": authenticated_user(runtime.server_info, configurable),
            "its context": owner_named(runtime.context),
            "its configurable": owner_named(configurable),
        }
    )


def scope_of(runtime: Runtime[Any], config: RunnableConfig) -> str:
    """Return the scope of a run: from its context, else from `configurable`."""
    scope = first_named((runtime.context, config.get("configurable")), "scope")
    return check_scope(scope if scope is not None else GLOBAL)


def switches_of(runtime: Runtime[Any], config: RunnableConfig) -> MemorySwitches:
    """Return what a run lets memory do: what its context and its `configurable` both allow.

    Raises InvalidInputError for a switch that is neither True nor False.
    """
    found = MemorySwitches()
    for place in (runtime.context, config.get("configurable")):
        said = {name: first_named([place], name) for name in ("pause", "recall", "learn")}
        for name, value in said.items():
            if value is not None and not isinstance(value, bool):
                raise InvalidInputError(f"{name} must be True or False in a run, not {value!r}.")
        found = PAUSED if said["pause"] else found
        found = found.and_also(MemorySwitches(said["recall"] is not False, said["learn"] is not False))
    return found


def source_of(runtime: Runtime[Any], config: RunnableConfig | None = None) -> Source:
    """Return the thread, checkpoint and run that a node runs in; in a subgraph, the checkpoint of the root graph."""
    info = runtime.execution_info
    if info is None:
        return Source()
    config = ensure_config(config)
    root = (config["configurable"].get("checkpoint_map") or {}).get("")
    run_id = info.run_id or config["metadata"].get("run_id")
    run_id = None if run_id is None else str(run_id)
    return Source(thread_id=info.thread_id, checkpoint_id=root or info.checkpoint_id or None, run_id=run_id)


def replayed_from(config: RunnableConfig | None) -> datetime | None:
    """Return when the checkpoint was made that the caller's config asked the run to go on from; None when it did not.

    The config of a node names the checkpoint it runs at; what the caller asked for is in its metadata. LangGraph makes
    the ids of checkpoints from their time (UUID version 6).
    """
    asked = ensure_config(config)["metadata"].get("checkpoint_id")
    if not isinstance(asked, str):
        return None
    try:
        found = UUID(asked)
    except ValueError:
        found = None
    if found is None or found.version != 6:
        raise InvalidInputError(f"the id of checkpoint {asked!r} does not tell when it was made; leave out as_of.")
    ticks = (found.int >> 96) << 28 | (found.int >> 80 & 0xFFFF) << 12 | (found.int >> 64 & 0xFFF)
    return _GREGORIAN + timedelta(microseconds=ticks // 10)
