"""`RetrievalNode`: recalls what matters for the user's last words, before the model is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypedDict, Unpack

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from langgraph_memory.domain.budget import ContextBudget, TokenCounter
from langgraph_memory.domain.memory import Recall
from langgraph_memory.domain.rendering import render
from langgraph_memory.domain.search.filters import MemoryFilter
from langgraph_memory.effects.effect import Effects, either
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.nodes.conversation import last_question, last_speaker, latest_input, messages_of
from langgraph_memory.nodes.identity import Identity, IdentityResolver, MemoryNode, Update, replayed_from, source_of
from langgraph_memory.nodes.state import warn_of_lost_block
from langgraph_memory.runs import began
from langgraph_memory.store import CuratedStore
from langgraph_memory.store.options import checked
from langgraph_memory.telemetry import note_run


class RetrievalOptions(TypedDict, total=False):
    """What a `RetrievalNode` may be told beside how much to recall, of what, and for whom."""

    max_tokens: int | None
    min_score: float | None
    shared_with: Sequence[str]
    filter: MemoryFilter | None
    query: Callable[[Sequence[BaseMessage]], str | None]
    on_recall: Callable[[Recall], None] | None


class RetrievalNode(MemoryNode):
    """Writes `memory_context`, the block of recalled memories a model reads, and `recall_id`, its receipt.

    At most `pinned` memories that shape every answer, then up to `limit` that the answer to what the user said last
    needs, none where it needs none; in the block each has its section. `max_tokens`, or the memories' part of `budget`,
    bounds both together, estimated at four characters a token or counted as the budget says, and half of it what shapes
    every answer. `options` are `max_tokens` (800), `min_score`, `shared_with`, `filter`, `query` and `on_recall`.
    `min_score` is the least chance of being needed. The stored messages are not touched. A run that goes on from an
    earlier checkpoint, as a replay or a fork, is answered with what is known now; with `as_of="checkpoint"` with what
    was known when that checkpoint was made. `filter` leaves only some memories, as in `recall`. `query` makes the query
    from the messages, `identity` finds owner and scope, `on_recall` is told of each recall. A graph whose state has no
    channel for the block is warned about. Where a run or its thread is not to read memory, nothing is recalled and no
    receipt is left.
    """

    def __init__(
        self,
        *,
        limit: int = 8,
        pinned: int = 10,
        budget: ContextBudget | None = None,
        memory_types: Sequence[str] | None = None,
        as_of: Literal["now", "checkpoint"] = "now",
        identity: IdentityResolver | None = None,
        store: CuratedStore | None = None,
        **options: Unpack[RetrievalOptions],
    ) -> None:
        checked("RetrievalNode", options, RetrievalOptions)
        super().__init__(store, identity)
        if budget is not None and "max_tokens" in options:
            raise InvalidInputError("budget says how many tokens memories may take; leave max_tokens out.")
        if as_of not in ("now", "checkpoint"):
            raise InvalidInputError(f'as_of must be "now" or "checkpoint", not {as_of!r}.')
        self._as_of = as_of
        self._bounds: dict[str, Any] = {
            "limit": limit,
            "pinned": pinned,
            "needed": True,
            "max_tokens": options.get("max_tokens", 800) if budget is None else budget.memory_tokens,
            "min_score": options.get("min_score"),
            "memory_types": memory_types,
            "shared_with": tuple(options.get("shared_with", ())),
            "filter": options.get("filter"),
        }
        if budget is not None and budget.count is not None:
            self._bounds["count"] = partial(_counted, budget.count)
        self._query = options.get("query", last_question)
        self._on_recall = options.get("on_recall")

    def _steps(self, state: Any, config: RunnableConfig | None) -> Effects[Update]:
        store, runtime = self._run()
        source = source_of(runtime, config)
        identity = yield from self._identify(store, runtime, config, state)
        asked = self._asked(identity, config)
        mine = yield from self._own(store, runtime, messages_of(state), identity.owner_id)
        allowed = yield from self._switches(store, runtime, config, identity.owner_id)
        if not allowed.learn and source.thread_id is not None:
            authors, given = store.authors, latest_input(mine)
            yield from either(authors.withhold, source.thread_id, given, owner_id=identity.owner_id)
        if not allowed.recall:
            yield from self._claim(store, identity.owner_id, source.thread_id)
            return {"memory_context": "", "recall_id": ""}
        asked["reader"] = last_speaker(mine)
        recall = yield from either(store.recall, self._query(mine), source=source, **asked)
        yield from self._claim(store, identity.owner_id, source.thread_id)
        warn_of_lost_block(config)
        return self._update(recall)

    def _own(
        self, store: CuratedStore, runtime: Runtime[Any], messages: Sequence[BaseMessage], owner_id: str
    ) -> Effects[Sequence[BaseMessage]]:
        """Return the messages that are the owner's, after noting that those the run was given are."""
        thread_id = None if runtime.execution_info is None else runtime.execution_info.thread_id
        since = began(runtime.control)
        if thread_id is None:
            return messages
        authors = store.authors
        others = yield from either(authors.others, thread_id, owner_id=owner_id)
        mine = [one for one in messages if one.id not in others]
        given = latest_input(mine)
        yield from either(authors.claim, thread_id, given, owner_id=owner_id, began_at=since)
        return mine

    def _asked(self, identity: Identity, config: RunnableConfig | None) -> dict[str, Any]:
        moment = replayed_from(config) if self._as_of == "checkpoint" else None
        return {**self._bounds, "owner_id": identity.owner_id, "scope": identity.scope, "as_of": moment}

    def _update(self, recall: Recall) -> Update:
        note_run(recall.figures)
        if self._on_recall is not None:
            self._on_recall(recall)
        return {"memory_context": render(recall), "recall_id": recall.id}


def _counted(count: TokenCounter, text: str) -> int:
    """Return how many tokens a text is, by what counts those of messages."""
    return count([HumanMessage(text)])
