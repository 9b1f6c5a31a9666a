"""What a receipt keeps of a recall, and what it loses when something of it is forgotten."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, get_args

from langgraph_memory.domain.guard import GuardPolicy, mask, withhold
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.text import query_terms
from langgraph_memory.errors import InvalidInputError

Kept = Literal["off", "ids", "query"]
"""What is kept of a recall: nothing; ids, scores and reasons; or these and the query as the guard has passed it."""

FORGOTTEN = "forgotten"
_FRAME = frozenset(query_terms("user team like prefer want need know remember"))
"""Terms that stand in very many statements and questions."""
_LISTS = ("recalled", "dropped", "candidates")


@dataclass(frozen=True, slots=True)
class ReceiptPolicy:
    """What the receipts of recalls and promotions keep, and for how long; None: until a sweep removes them."""

    kept: Kept = "query"
    keep_for: timedelta | None = timedelta(days=30)

    def __post_init__(self) -> None:
        if self.kept not in get_args(Kept):
            raise InvalidInputError(f'receipts must be "off", "ids" or "query", not {self.kept!r}.')
        if self.keep_for is not None and (not isinstance(self.keep_for, timedelta) or self.keep_for <= timedelta(0)):
            raise InvalidInputError(f"keep_receipts must be a timedelta longer than nothing, not {self.keep_for!r}.")

    def query_of(self, query: str | None, guard: GuardPolicy) -> dict[str, Any]:
        """Return what is kept of the text that was asked: masked, or withheld for a reason."""
        if query is None:
            return {"query": None}
        if self.kept == "ids":
            return {"query": None, "withheld": "not_kept"}
        refusal = withhold(query, guard)
        return {"query": mask(query, guard)} if refusal is None else {"query": None, "withheld": refusal.reason}


DEFAULT_RECEIPTS = ReceiptPolicy()


def quotes(memory: Memory, gone: Sequence[Memory]) -> bool:
    """Return whether the quote that a memory was read from holds what some others say."""
    excerpt = (memory.source.excerpt or "").casefold()
    told = [text.casefold() for one in gone for text in _said(one)]
    return bool(excerpt) and any(text in excerpt or (len(text) > len(excerpt) and excerpt in text) for text in told)


def needles(memories: Sequence[Memory]) -> list[str]:
    """Return texts one of which is in the JSON of every receipt that has to do with some memories, in lower case."""
    said = [text for one in memories for text in (one.id, *_said(one))]
    written = [form for text in said for form in (text, text.lower(), text.upper(), text.capitalize())]
    return list(dict.fromkeys(json.dumps(form)[1:-1].lower() for form in written))


def without(body: Mapping[str, Any], memories: Sequence[Memory]) -> dict[str, Any]:
    """Return the body of a receipt without what it has of some memories."""
    ids = {one.id for one in memories}
    kept = without_ids(body, ids)
    asked = kept.get("query")
    if asked and set(query_terms(asked)) & _telling(memories):
        kept |= {"query": None, "withheld": FORGOTTEN}
    return kept


def without_ids(body: Mapping[str, Any], ids: Collection[str]) -> dict[str, Any]:
    """Return the body of a receipt without the lines about some memories."""
    kept = dict(body)
    for name in _LISTS:
        if isinstance(kept.get(name), list):
            kept[name] = [_without(one, ids) for one in kept[name] if one.get("id") not in ids]
    return kept


def ids_in(body: Mapping[str, Any]) -> set[str]:
    """Return the ids of the memories that the body of a receipt names."""
    lines = [one for name in _LISTS for one in body.get(name, ())]
    named = {one[name] for one in lines for name in ("id", "memory_id") if one.get(name) is not None}
    return named | {
        other for one in lines for name in ("conflicts_with", "replaced", "via") for other in one.get(name, ())
    }


def _without(line: Mapping[str, Any], ids: Collection[str]) -> dict[str, Any]:
    kept = dict(line)
    if kept.get("memory_id") in ids:
        kept["memory_id"] = None
    for name in ("conflicts_with", "conflicts", "replaced", "via"):
        if kept.get(name):
            kept[name] = [one for one in kept[name] if one not in ids]
    return kept


def _telling(memories: Sequence[Memory]) -> set[str]:
    """Return the terms by which a question tells what some memories say."""
    return {term for one in memories for text in _said(one) for term in query_terms(text)} - _FRAME


def _said(memory: Memory) -> list[str]:
    """Return the texts by which a query would tell what a memory says."""
    value = (memory.content_json or {}).get("value")
    texts = (memory.content, memory.source.excerpt, None if value is None else str(value))
    return [text for text in texts if text]
