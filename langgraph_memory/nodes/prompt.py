"""Puts the prompt together: system prompt, recalled memories, and the recent window of the thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately

from langgraph_memory.exceptions import InvalidInputError
from langgraph_memory.nodes.conversation import messages_of

Placement = Literal["user", "system"]


def build_prompt(
    state: Any, *, system_prompt: str | None = None, placement: Placement = "user", max_tokens: int | None = None
) -> list[BaseMessage]:
    """Return the messages for the model; the state's own messages stay as they are.

    The block of memories goes into a user message just before the user's last one (`placement="user"`, the less
    privileged), or at the end of the system prompt (`"system"`). Within `max_tokens`, counted by LangChain's
    approximation, the oldest messages give way first; the system prompt, the memories and the user's last message
    never do. Raises InvalidInputError for another placement.
    """
    if placement not in ("user", "system"):
        raise InvalidInputError(f"placement must be 'user' or 'system', not {placement!r}.")
    block = (state.get("memory_context") if isinstance(state, dict) else getattr(state, "memory_context", "")) or ""
    system = "\n\n".join(filter(None, (system_prompt, block if placement == "system" else "")))
    head: list[BaseMessage] = [SystemMessage(system)] if system else []
    data: list[BaseMessage] = [HumanMessage(block)] if block and placement == "user" else []
    window = messages_of(state)
    if max_tokens is not None:
        window = _recent(window, max_tokens - count_tokens_approximately([*head, *data]))
    before = _last_user_place(window)
    return [*head, *window[:before], *data, *window[before:]]


def _recent(messages: list[BaseMessage], max_tokens: int) -> list[BaseMessage]:
    """Return the newest messages that fit, and in any case those from the user's last one on."""
    kept: list[BaseMessage] = trim_messages(
        messages,
        max_tokens=max(max_tokens, 0),
        token_counter=count_tokens_approximately,
        strategy="last",
        start_on="human",
    )
    turn = messages[_last_user_place(messages) :]
    return kept if len(kept) >= len(turn) else turn


def _last_user_place(messages: Sequence[BaseMessage]) -> int:
    places = [place for place, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return places[-1] if places else len(messages)
