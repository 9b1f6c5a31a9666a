"""The run that a node works in: whose memory it reads and writes, where that holds, and in which store."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.runtime import Runtime, get_runtime
from langgraph.store.base import BaseStore

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
from langgraph_memory.domain.thread import PAUSED, MemorySwitches
from langgraph_memory.effects.effect import Caller, Effects, either
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.nodes.conversation import RetrievalState, last_user_message, messages_of
from langgraph_memory.store import CuratedStore

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


IdentityResolver = Callable[[Runtime[Any], RunnableConfig], Identity]
Update = dict[str, Any]


class InRun:
    """What works in a run, on a `CuratedStore`: the one it was given, or else the one the graph was compiled with."""

    def __init__(self, store: CuratedStore | None, identity: IdentityResolver | None) -> None:
        self._store = store
        self._identity = identity or resolve_identity
        self._claims_threads = self._identity is not resolve_identity

    def _of_run(self, runtime: Runtime[Any]) -> CuratedStore:
        """Return the store of a run; raises InvalidInputError when it has none."""
        return _curated(self._store if self._store is not None else runtime.store, type(self).__name__)

    def _identify(
        self, store: CuratedStore, runtime: Runtime[Any], config: RunnableConfig | None, state: Any
    ) -> Effects[Identity]:
        """Return whose memory the run works with; one that is resumed and names nobody is its thread's owner's.

        Such a run was given no message: the user's last one is known to be the owner's. Raises MissingOwnerError or
        IdentityConflictError.
        """
        config = ensure_config(config)
        thread_id = None if runtime.execution_info is None else runtime.execution_info.thread_id
        if self._claims_threads or thread_id is None:
            return self._identity(runtime, config)
        owner_id = named_owner(runtime, config)
        if owner_id is None:
            owner_id = yield from either(store.authors.resumed, thread_id, last_user_message(messages_of(state)))
        return Identity(check_owner(owner_id), scope_of(runtime, config))

    def _switches(
        self, store: CuratedStore, runtime: Runtime[Any], config: RunnableConfig | None, owner_id: str
    ) -> Effects[MemorySwitches]:
        """Return what the run and its thread both let memory do."""
        found = switches_of(runtime, ensure_config(config))
        thread_id = None if runtime.execution_info is None else runtime.execution_info.thread_id
        if found.paused:
            return found
        if thread_id is None:
            return found.and_also((yield from either(store.admin.owner_memory, owner_id=owner_id)))
        return found.and_also((yield from either(store.admin.thread_memory, thread_id, owner_id=owner_id)))

    def _claim(self, store: CuratedStore, owner_id: str, thread_id: str | None) -> Effects[None]:
        """Note whose thread the run works in, where the checkpointer cannot know whom `identity` finds."""
        if self._claims_threads and thread_id is not None:
            yield from either(store.authors.claim_thread, thread_id, owner_id=owner_id)


class Node(Runnable[Any, Update]):
    """A graph node, for sync and async graphs alike."""

    _runner = Caller()

    @runs_effects
    def invoke(self, /, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Effects[Update]:
        """Run the node on a state and return what it changes.

        Raises MissingOwnerError when the run names no owner, InvalidInputError when it has no CuratedStore.
        """
        return self._steps(input, config)

    ainvoke = twin_of(invoke)

    @abstractmethod
    def _steps(self, state: Any, config: RunnableConfig | None) -> Effects[Update]:
        """Return what the node does on a state, and what that changes in it."""


class MemoryNode(InRun, Node):
    """A graph node that works on the memory of its run."""

    def __call__(self, state: RetrievalState, config: RunnableConfig) -> Update:
        """Same as `invoke`; its signature tells LangGraph which channels the node uses."""
        return self.invoke(state, config)

    def _run(self) -> tuple[CuratedStore, Runtime[Any]]:
        """Return the store and the runtime of this run; fails when it has no store."""
        runtime = get_runtime()
        return self._of_run(runtime), runtime


def _curated(store: BaseStore | None, node: str) -> CuratedStore:
    if isinstance(store, CuratedStore):
        return store
    found = "no store" if store is None else f"a {type(store).__name__}"
    raise InvalidInputError(
        f"{node} needs a CuratedStore and the graph has {found}; compile it with store=memory.store, or pass "
        f"{node}(store=...)."
    )
