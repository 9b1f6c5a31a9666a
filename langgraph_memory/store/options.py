"""What the everyday methods of a store take by name, typed, and what of it is refused because it cannot apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from langgraph_memory.domain.memory import Injected
from langgraph_memory.domain.search.filters import MemoryFilter
from langgraph_memory.errors import InvalidInputError


class ReplacementDetails(TypedDict, total=False):
    """What `supersede` may be told beside the new words; what is not named stays as it was."""

    content_json: Mapping[str, Any] | None
    confidence: float | None
    importance: float | None
    valid_from: datetime | None
    expires_at: datetime | None
    subject: str | None
    context: str | None


class MemoryDetails(TypedDict, total=False):
    """What `remember` may be told beside what a memory is about: the other fields of the record."""

    content_json: Mapping[str, Any] | None
    confidence: float
    importance: float
    valid_from: datetime | None
    expires_at: datetime | None
    subject: str | None
    context: str | None
    tags: Sequence[str]
    injection: Injected | None
    protected: bool | None


class RecallOptions(TypedDict, total=False):
    """What `recall` may be told beside what is asked, by whom and where."""

    filter: MemoryFilter | None
    min_score: float | None
    max_tokens: int | None
    count: Callable[[str], int]
    shared_with: Sequence[str]
    reader: str | None
    pinned: int
    needed: bool
    receipt: bool


class Default(str):
    """A default that can be told from the same text when a caller names it."""

    __slots__ = ()


def plain(text: str) -> str:
    """Return a default as the text that it is."""
    return str.__str__(text) if isinstance(text, Default) else text


def checked(method: str, given: Mapping[str, Any], options: type) -> None:
    """Raise TypeError, as Python does, for a name that is none of a method's options."""
    for name in given:
        if name not in options.__annotations__:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")


def refuse_beside_record(given: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for what is named beside a finished `Memory`, which has its own."""
    named = [name for name, value in given.items() if value is not None and not isinstance(value, Default)]
    if named:
        raise InvalidInputError(
            f"{_listed(named)} cannot be given beside a finished Memory, which has its own; change the record with "
            "memory.model_copy(update={...}), or remember() its content."
        )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
