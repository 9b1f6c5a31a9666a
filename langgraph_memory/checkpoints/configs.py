"""What the config of a run says: which checkpoint, whose run it is, and since when it is under way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import get_checkpoint_id

from langgraph_memory.checkpoints._compat import RUNTIME
from langgraph_memory.checkpoints.records import CheckpointKey
from langgraph_memory.domain.scope import agreed_owner, authenticated_user, owner_named
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.process import began


def thread_of(config: RunnableConfig) -> str:
    """Return the thread that a config names; raises InvalidInputError where it names none."""
    thread_id = config.get("configurable", {}).get("thread_id")
    if thread_id is None or thread_id == "":
        raise InvalidInputError(
            "no thread was named; run the graph with config={'configurable': {'thread_id': '...'}}."
        )
    return str(thread_id)


def key_of_config(config: RunnableConfig) -> CheckpointKey:
    """Return the checkpoint that a config names; raises InvalidInputError where it names no thread."""
    configurable = config.get("configurable", {})
    named = configurable.get("checkpoint_id")  # a web framework may have made a `UUID` of it
    return CheckpointKey(thread_of(config), configurable.get("checkpoint_ns", ""), str(named) if named else None)


def checkpoint_id_of(config: RunnableConfig) -> str | None:
    """Return the id that a config names; a web framework may have made a `UUID` of it."""
    named = get_checkpoint_id(config)
    return str(named) if named else None


def before_of(before: RunnableConfig, config: RunnableConfig | None) -> CheckpointKey:
    """Return the checkpoint that a listing ends before; its thread is the listed one where it names none."""
    named = {**(config or {}).get("configurable", {}), **before.get("configurable", {})}
    return CheckpointKey(str(named.get("thread_id", "")), named.get("checkpoint_ns") or "", checkpoint_id_of(before))


def config_of(key: CheckpointKey) -> RunnableConfig:
    """Return the config that names a checkpoint."""
    return {"configurable": key.columns()}


def begun_at(config: RunnableConfig | None) -> datetime | None:
    """Return since when the run of a config is under way; None outside of runs."""
    runtime = (config or {}).get("configurable", {}).get(RUNTIME)
    return began(getattr(runtime, "control", None))


def owner_of_run(config: RunnableConfig, metadata: Mapping[str, Any] | None = None) -> str | None:
    """Return whom a run names as its owner, as the nodes find it, or else in its metadata.

    Raises IdentityConflictError.
    """
    configurable = config.get("configurable", {})
    runtime = configurable.get(RUNTIME)
    named = agreed_owner(
        {
            "the server": authenticated_user(getattr(runtime, "server_info", None), configurable),
            "its context": owner_named(getattr(runtime, "context", None)),
            "its configurable": owner_named(configurable),
        }
    )
    named = owner_named(metadata or {}) if named is None else named
    return None if named is None or named == "" else str(named)
