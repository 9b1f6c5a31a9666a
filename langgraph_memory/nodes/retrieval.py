"""`RetrievalNode` recalls before the model, and `build_prompt` puts what was recalled where it reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypedDict, Unpack

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from langgraph_memory.domain.memory import Recall
from langgraph_memory.domain.rendering import BudgetReport, ContextBudget, TokenCounter, cut_block, render, split_block
from langgraph_memory.domain.search.filters import MemoryFilter
from langgraph_memory.effects.effect import Effects, either
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.nodes.conversation import (
    block_of,
    last_question,
    last_speaker,
    latest_input,
    messages_of,
    warn_of_lost_block,
)
from langgraph_memory.nodes.identity import Identity, IdentityResolver, MemoryNode, Update, replayed_from, source_of
from langgraph_memory.process import began
from langgraph_memory.store import CuratedStore
from langgraph_memory.store.curated import checked
from langgraph_memory.telemetry import note_run

Placement = Literal["user", "system"]
OnBudget = Callable[[BudgetReport], None]


def build_prompt(
    state: Any,
    *,
    system_prompt: str | None = None,
    placement: Placement = "user",
    max_tokens: int | None = None,
    budget: ContextBudget | None = None,
    on_budget: OnBudget | None = None,
) -> list[BaseMessage]:
    """Return the messages for the model; the state's own messages stay as they are.

    With `placement="user"`, the less privileged, memories go into user messages: those that shape every answer behind
    the system prompt, where they stay the same from turn to turn and a provider's cache knows them again, and what is
    relevant now just before the user's last message. With `"system"` all go to the end of the system prompt. A node's
    state need not declare `memory_context`: what `RetrievalNode` recalled is found in the run.

    Within `budget` the lowest-ranked memories give way first, then the oldest messages; the system prompt and the turn
    of the user's last message never do. `on_budget` is told what each part took and what was cut. `max_tokens=n` is
    short for `budget=ContextBudget(n)`.

    Raises InvalidInputError for another placement, or a budget without a bound.
    """
    if placement not in ("user", "system"):
        raise InvalidInputError(f"placement must be 'user' or 'system', not {placement!r}.")
    block, window = block_of(state), messages_of(state)
    budget = budget_of(budget, max_tokens)
    if budget is not None:
        block, window, report = _within(budget, system_prompt, block, window)
        if on_budget is not None:
            on_budget(report)
    if placement == "system":
        return [*_system(system_prompt, block), *window]
    standing, relevant = (_as_messages(part) for part in split_block(block))
    before = _last_user_place(window)
    return [*_system(system_prompt), *standing, *window[:before], *relevant, *window[before:]]


def _system(*parts: str | None) -> list[BaseMessage]:
    system = "\n\n".join(filter(None, parts))
    return [SystemMessage(system)] if system else []


def _as_messages(block: str) -> list[BaseMessage]:
    return [HumanMessage(block)] if block else []


def budget_of(budget: ContextBudget | None, max_tokens: int | None) -> ContextBudget | None:
    """Return the one budget that was meant; raises InvalidInputError when both were passed."""
    if budget is not None and max_tokens is not None:
        raise InvalidInputError("pass budget or max_tokens, not both; ContextBudget(max_tokens=...) holds the bound.")
    return budget if max_tokens is None else ContextBudget(max_tokens)


def _within(
    budget: ContextBudget, system_prompt: str | None, block: str, messages: list[BaseMessage]
) -> tuple[str, list[BaseMessage], BudgetReport]:
    """Return the block and the window cut to the budget, and what that took."""
    count: TokenCounter = budget.count or count_tokens_approximately
    system = count([SystemMessage(system_prompt)]) if system_prompt else 0
    turn = count(messages[_last_user_place(messages) :])
    room = max(0, budget.bound - budget.reply - system)
    block, lines = cut_block(block, min(budget.memory_tokens, room - turn), lambda text: _size(text, count))
    memories = _size(block, count)
    window = _recent(messages, budget, room - memories, count)
    left_out = len(messages) - len(window)
    report = BudgetReport(budget.bound, budget.reply, system, memories, count(window), lines, left_out)
    return block, window, report


def _size(block: str, count: TokenCounter) -> int:
    """Return what a block takes in the messages it goes into."""
    return count([message for part in split_block(block) for message in _as_messages(part)]) if block else 0


def _recent(messages: list[BaseMessage], budget: ContextBudget, room: int, count: TokenCounter) -> list[BaseMessage]:
    """Return the newest messages that the budget lets stay, and in any case those from the user's last one on."""
    kept = messages
    if budget.keep is not None and budget.is_triggered(len(messages), count(messages)):
        kept = _newest(kept, budget.tokens(budget.keep), len if budget.keep[0] == "messages" else count)
    kept = _newest(kept, room, count)
    turn = messages[_last_user_place(messages) :]
    return kept if len(kept) >= len(turn) else turn


def _newest(messages: list[BaseMessage], most: int, count: TokenCounter) -> list[BaseMessage]:
    kept: list[BaseMessage] = trim_messages(
        messages, max_tokens=max(most, 0), token_counter=count, strategy="last", start_on="human"
    )
    return kept


def _last_user_place(messages: Sequence[BaseMessage]) -> int:
    places = [place for place, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return places[-1] if places else len(messages)


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
