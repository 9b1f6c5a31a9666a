"""One bound for everything a model call reads and writes, in tokens: what gives way, in which order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from langgraph_memory.domain.rendering import HEADINGS
from langgraph_memory.errors import InvalidInputError

ContextSize = tuple[Literal["tokens", "messages", "fraction"], float]
"""An amount in the words of LangChain's SummarizationMiddleware: ("tokens", 3000), ("fraction", 0.5)."""

Sizes = Sequence[ContextSize]
TokenCounter = Callable[[Sequence[Any]], int]
_LINE_START = "- "


@dataclass(frozen=True, slots=True)
class BudgetReport:
    """What one prompt took, in tokens, and what was cut from it."""

    max_tokens: int
    reply: int
    system: int
    memories: int
    window: int
    dropped_memories: int = 0
    dropped_messages: int = 0

    @property
    def total(self) -> int:
        """The tokens of the prompt and of the room kept for the reply."""
        return self.system + self.memories + self.window + self.reply

    @property
    def fits(self) -> bool:
        """Whether it all fits; system prompt and current turn are never cut, so it may not."""
        return self.total <= self.max_tokens


@dataclass(frozen=True, slots=True)
class ContextBudget:
    """Bounds system prompt, memories, window and reply together.

    Of `max_tokens` (None: what the model's profile says), `reply` are kept free for the answer. Memories give way
    first: the block takes at most `memories`, and loses its lowest-ranked lines, whole ones. Then the window: once
    it reaches `trigger` (one size, or several of which one is enough; None: only when there is no room) its oldest
    messages go until it is down to `keep` (None: to the room there is). If system prompt and current turn leave less
    room than `memories`, more lines go. The system prompt and the turn that the user's last message began are never
    cut. A fraction is one of `max_tokens`. `count` counts the tokens of messages; by default LangChain's
    approximation.
    """

    max_tokens: int | None = None
    reply: int = 0
    memories: ContextSize = ("fraction", 0.25)
    trigger: ContextSize | Sizes | None = None
    keep: ContextSize | None = None
    count: TokenCounter | None = None

    def __post_init__(self) -> None:
        _check_whole("max_tokens", 1 if self.max_tokens is None else self.max_tokens)
        _check_whole("reply", self.reply)
        if self.max_tokens is not None and self.reply >= self.max_tokens:
            raise InvalidInputError(f"reply takes {self.reply} of {self.max_tokens} tokens; nothing is left to read.")
        _check_size("memories", self.memories)
        if self.memories[0] == "messages":
            raise InvalidInputError("memories are bounded in tokens or by a fraction, not in messages.")
        for size in self.triggers:
            _check_size("trigger", size)
        if self.keep is not None:
            _check_size("keep", self.keep)

    @property
    def triggers(self) -> tuple[ContextSize, ...]:
        """The sizes at which the window is trimmed; one is enough."""
        if self.trigger is None:
            return ()
        return (cast(ContextSize, self.trigger),) if _is_size(self.trigger) else tuple(cast(Sizes, self.trigger))

    def for_model(self, max_input_tokens: int | None) -> ContextBudget:
        """Return the budget with its bound taken from a model where it has none.

        Raises InvalidInputError when neither has one.
        """
        if self.max_tokens is not None:
            return self
        if max_input_tokens is None:
            raise InvalidInputError(
                "the model names no max_input_tokens in its profile; pass ContextBudget(max_tokens=...)."
            )
        return replace(self, max_tokens=max_input_tokens)

    @property
    def bound(self) -> int:
        """The tokens of everything together.

        Raises InvalidInputError when neither the budget nor a model has said how many.
        """
        if self.max_tokens is None:
            raise InvalidInputError("this ContextBudget has no max_tokens, and there is no model to take it from.")
        return self.max_tokens

    @property
    def memory_tokens(self) -> int:
        """The most that the block of memories may take."""
        return self.tokens(self.memories)

    def tokens(self, size: ContextSize) -> int:
        """Return a size in tokens."""
        kind, amount = size
        return int(self.bound * amount) if kind == "fraction" else int(amount)

    def is_triggered(self, messages: int, tokens: int) -> bool:
        """Return whether a window of so many messages and tokens is to be trimmed down to `keep`."""
        return any((messages if size[0] == "messages" else tokens) >= self.tokens(size) for size in self.triggers)


def cut_block(block: str, room: int, count: Callable[[str], int]) -> tuple[str, int]:
    """Return a block of memories that takes at most `room`, and how many lines it lost: the last, whole ones.

    A heading goes with the last line below it. A block that does not fit with its first line is left out.
    """
    lines = block.split("\n")
    places = [place for place, line in enumerate(lines) if line.startswith(_LINE_START)]
    dropped = 0
    while block and count(block) > room:
        dropped += 1
        if len(places) < 2:
            return "", max(dropped, 1)
        place = places.pop()
        headed = lines[place - 1] in HEADINGS.values() and place - 1 > places[-1]
        del lines[place - headed : place + 1]
        block = "\n".join(lines)
    return block, dropped


def _is_size(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)


def _check_size(name: str, size: Any) -> None:
    """Raise InvalidInputError when `size` is none of LangChain's sizes."""
    if not (_is_size(size) and _is_possible(*size)):
        raise InvalidInputError(
            f'{name} must be ("tokens", n), ("messages", n) or ("fraction", share up to 1), not {size!r}.'
        )


def _is_possible(kind: str, amount: Any) -> bool:
    """Return whether there can be so much of a kind of size."""
    if not isinstance(amount, (int, float)) or isinstance(amount, bool) or not math.isfinite(amount):
        return False
    if kind == "fraction":
        return 0 < amount <= 1
    return kind in ("tokens", "messages") and amount >= 1 and amount == int(amount)


def _check_whole(name: str, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InvalidInputError(f"{name} must be a whole number of tokens, not {number!r}.")
