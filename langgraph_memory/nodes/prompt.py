"""Puts the prompt together: system prompt, recalled memories, and the recent window of the thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately

from langgraph_memory.domain.budget import BudgetReport, ContextBudget, TokenCounter, cut_block
from langgraph_memory.domain.rendering import split_block
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.nodes.conversation import messages_of
from langgraph_memory.nodes.state import block_of

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
