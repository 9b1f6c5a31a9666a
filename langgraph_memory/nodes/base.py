"""What the nodes share: they are runnables for sync and async graphs, and find their store in the run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.runtime import Runtime, get_runtime
from langgraph.store.base import BaseStore

from langgraph_memory.domain.switches import MemorySwitches
from langgraph_memory.effects.effect import Effects, call
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.nodes.conversation import last_user_message, messages_of
from langgraph_memory.nodes.identity import Identity, named_owner, resolve_identity, scope_of, switches_of
from langgraph_memory.nodes.state import RetrievalState
from langgraph_memory.store import CuratedStore

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
        if self._claims_threads or thread_id is None or named_owner(runtime, config) is not None:
            return self._identity(runtime, config)
        authors, last = store.authors, last_user_message(messages_of(state))
        owner_id = yield from call(authors.resumed, authors.aresumed, thread_id, last)
        return self._identity(runtime, config) if owner_id is None else Identity(owner_id, scope_of(runtime, config))

    def _switches(
        self, store: CuratedStore, runtime: Runtime[Any], config: RunnableConfig | None, owner_id: str
    ) -> Effects[MemorySwitches]:
        """Return what the run and its thread both let memory do."""
        found = switches_of(runtime, ensure_config(config))
        thread_id = None if runtime.execution_info is None else runtime.execution_info.thread_id
        if found.paused:
            return found
        if thread_id is None:
            return found.and_also(
                (yield from call(store.admin.owner_memory, store.admin.aowner_memory, owner_id=owner_id))
            )
        of_thread = yield from call(store.admin.thread_memory, store.admin.athread_memory, thread_id, owner_id=owner_id)
        return found.and_also(of_thread)

    def _claim(self, store: CuratedStore, owner_id: str, thread_id: str | None) -> Effects[None]:
        """Note whose thread the run works in, where the checkpointer cannot know whom `identity` finds."""
        if self._claims_threads and thread_id is not None:
            yield from call(store.authors.claim_thread, store.authors.aclaim_thread, thread_id, owner_id=owner_id)


class MemoryNode(InRun, Runnable[Any, Update]):
    """A graph node."""

    def __call__(self, state: RetrievalState, config: RunnableConfig) -> Update:
        """Same as `invoke`; its signature tells LangGraph which channels the node uses."""
        return self.invoke(state, config)

    @abstractmethod
    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Run the node on a state and return what it changes."""

    @abstractmethod
    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Same as `invoke`."""

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
