"""What ending a session did, and what its summary may tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from langgraph_memory.domain.likeness import compare
from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.text import phrase_key, query_terms
from langgraph_memory.views import Displayable, Table

Writer = Literal["rules", "model"]

_PART = re.compile(r"[^;.!?\n]+(?:[.!?](?=\S)[^;.!?\n]*)*[;.!?\n]*\s*")
"""A point or a sentence of a summary, with what ends it."""
_FRAME = frozenset(query_terms("user told decided open asked"))
_TITLE = re.compile(r"\s*(?:Decided|Told|Open|Asked): ")


@dataclass(frozen=True, slots=True)
class SessionSummary(Displayable):
    """The summary of one thread and what became of it.

    `outcome` is what remembering it did, None when there was nothing to remember; `reason` says why in a sentence.
    `written_by` says who wrote it, and `fallback`, in one word, why the model did not. `messages` is how many the
    thread holds, `removed` how many checkpoints went when it was compacted.
    """

    thread_id: str
    checkpoint_id: str
    outcome: Outcome | None
    written_by: Writer
    reason: str
    fallback: str | None = None
    messages: int = 0
    removed: int = 0

    @property
    def memory(self) -> Memory | None:
        """The memory that holds the summary, None when there is none."""
        return None if self.outcome is None else self.outcome.memory

    def tables(self) -> Sequence[Table]:
        """Return what the session came to."""
        writer = self.written_by if self.fallback is None else f"{self.written_by} (model: {self.fallback})"
        head = ("summary", "written by", "messages", "checkpoints removed", "why")
        row = ("" if self.memory is None else self.memory.content, writer, self.messages, self.removed, self.reason)
        return [Table.of(f"session {self.thread_id}", head, [row])]


@dataclass(frozen=True, slots=True)
class Gone:
    """What of a session holds no longer: statements, by their words, and messages that something was forgotten of."""

    statements: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()

    def has(self, kind: str, point: str, message_id: str) -> bool:
        """Return whether a point of a summary must not be told."""
        return point in self.statements if kind == "told" else message_id in self.messages


NOTHING_GONE = Gone()


def may_tell(text: str, gone: Sequence[Memory]) -> bool:
    """Return whether a text shares a word with some memories, without which it tells none of them."""
    words = set(query_terms(text)) - _FRAME
    return any(words & set(query_terms(one.content)) for one in gone)


def retold(summary: Memory, gone: Sequence[Memory]) -> Memory | None:
    """Return a summary without what it tells of some memories; the same when it tells nothing of them.

    None when nothing else is left to tell.
    """
    told = summary.content_json or {}
    points = {kind: _points(found, gone) for kind, found in told.items()}
    parts = list(filter(str.strip, _PART.findall(summary.content)))
    kept = [part for part in parts if not _tells(_TITLE.sub("", part), gone)]
    if len(kept) == len(parts) and points == told:
        return summary
    text = _joined(parts, kept)
    return summary.model_copy(update={"content": text, "content_json": _filled(points)}) if text else None


def _points(found: object, gone: Sequence[Memory]) -> object:
    return [one for one in found if not _tells(str(one), gone)] if isinstance(found, list) else found


def _filled(points: Mapping[str, object]) -> dict[str, object] | None:
    return {kind: found for kind, found in points.items() if found} or None


def _joined(parts: Sequence[str], kept: Sequence[str]) -> str:
    """Join the parts that are kept; the title of a part that is left out goes to the next one of its kind."""
    text, title, left = "", "", list(kept)
    for part in parts:
        heading = _TITLE.match(part)
        title = heading[0] if heading is not None else title
        if part not in left:
            continue
        left.remove(part)
        said = _TITLE.sub("", part)
        text += f"{title}{said}" if title else said
        title = ""
    return re.sub(r"[;,]\s*$", ".", text.strip())


def _tells(text: str, gone: Sequence[Memory]) -> bool:
    """Return whether a text tells what one of some memories says."""
    return any(_says(text, one) for one in gone)


def _says(text: str, memory: Memory) -> bool:
    words, said = f" {phrase_key(text)} ", phrase_key(memory.content)
    value = phrase_key(str((memory.content_json or {}).get("value", "")))
    if f" {said} " in words or (value and f" {value} " in words):
        return True
    return compare(memory.content, text.strip(" .;")).kind == "same"
