"""What receipts keep, and what the audit log answers: who changed what, and why a recall found what it did."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple, Self, get_args

from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.guard import GuardPolicy, mask, withhold
from langgraph_memory.domain.memory import Memory, Recall, Receipt
from langgraph_memory.domain.text import query_terms
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import ID, ID_LENGTH, Cell, Column, Displayable, Table, Tabular, in_words, spaced, to_html

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


@dataclass(frozen=True, slots=True)
class AuditEntry(Tabular):
    """One change to one memory: who made it, when, what it was, why, and in which thread, checkpoint and run.

    The reason is empty once the memory is forgotten.
    """

    memory_id: str
    change_no: int
    at: datetime
    action: str
    reason: str
    actor: str | None = None
    thread_id: str | None = None
    checkpoint_id: str | None = None
    run_id: str | None = None
    things: ClassVar[str] = "changes"

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Return the entry that a line of the audit log holds."""
        names = ("memory_id", "change_no", "action", "reason", "actor", "thread_id", "checkpoint_id", "run_id")
        return cls(at=from_microseconds(row["changed_at"]), **{name: row[name] for name in names})

    def label(self) -> str:
        """Return what was done to which memory."""
        return f"{self.action} {self.memory_id[:ID_LENGTH]}"

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each change."""
        rows = [
            (
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.memory_id[:ID_LENGTH],
                one.action,
                Cell(one.reason, "dim"),
                one.actor or "",
                one.thread_id or "",
                one.memory_id,
            )
            for one in records
        ]
        return Table.of(title or cls.things, _AUDIT_COLUMNS, rows)


_AUDIT_COLUMNS = (Column("when (UTC)", 10), ID, Column("what", 10), "why", "who", "thread", Column("memory", on="page"))


@dataclass(frozen=True, slots=True)
class Explained:
    """One memory of a recall: recalled with the parts of its score, or left out for a reason.

    `memory` is as it was then; None when it has been forgotten since, or is another owner's. `contradicted_by` are
    those that contradicted it and are still known, `conflicts_with` the ids of all of them. `via` says by which
    memories it hung on what was asked, each hop in words, or as its id where it is known no more.
    """

    id: str
    memory: Memory | None
    score: float | None
    parts: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    conflicts_with: tuple[str, ...] = ()
    contradicted_by: tuple[Memory, ...] = ()
    via: tuple[str, ...] = ()

    @property
    def against(self) -> str:
        """What contradicts it, in words."""
        return "; ".join(memory.content for memory in self.contradicted_by) or ", ".join(self.conflicts_with)

    def cells(self) -> tuple[str, str, str]:
        """Return it as a row: what it says, its score, and why it is there."""
        return (
            "(forgotten)" if self.memory is None else self.memory.content,
            "" if self.score is None else f"{self.score:.3f}",
            spaced(self.reason) if self.reason else in_words(self.parts, self.against),
        )

    def __str__(self) -> str:
        score = "  -  " if self.score is None else f"{self.score:.3f}"
        said = "(forgotten)" if self.memory is None else self.memory.content
        why = in_words(self.parts)
        line = f"{score}  {said}  [{self.reason.replace('_', ' ') if self.reason else why}]"
        line = f"{line}  conflicts with: {self.against}" if self.conflicts_with else line
        return f"{line}  linked by: {' > '.join(self.via)}" if self.via else line


@dataclass(frozen=True, slots=True)
class Explanation(Displayable):
    """Why one recall found what it did: print it, or let a notebook show it."""

    receipt: Receipt
    query: str | None
    scope: str
    recalled: tuple[Explained, ...]
    dropped: tuple[Explained, ...]

    def __str__(self) -> str:
        withheld = self.receipt.body.get("withheld")
        asked = f"(withheld: {withheld})" if withheld else "everything" if self.query is None else f'"{self.query}"'
        head = f"{asked} at {self.scope}, {self.receipt.at:%Y-%m-%d %H:%M:%S} UTC"
        return "\n".join(
            [head, *_section("recalled", self.recalled), *(_section("left out", self.dropped) if self.dropped else ())]
        )

    def tables(self) -> Sequence[Table]:
        """Return what it found, with the parts of each score, and what it left out and why."""
        asked = "everything" if self.query is None else f"“{self.query}”"
        head = ("memory", "score", "why")
        found = Table.of(f"recalled for {asked} at {self.scope}", head, [one.cells() for one in self.recalled])
        dropped = Table.of("left out", head, [one.cells() for one in self.dropped])
        return [found, dropped] if self.dropped else [found]


class Replay(NamedTuple):
    """One recall asked again: what was known `then`, and what is known `now`."""

    then: Recall
    now: Recall

    def tables(self) -> Sequence[Table]:
        """Return the recall as it was, and as it would be now."""
        return [*self.then.tables("recalled then"), *self.now.tables("recalled now")]

    def _repr_html_(self) -> str:
        return "".join(map(to_html, self.tables()))


def memory_ids(receipt: Receipt) -> list[str]:
    """Return the ids of the memories that the receipt of a recall names."""
    named = [one["id"] for part in ("recalled", "dropped") for one in receipt.body[part]]
    beside = (one.get(name, ()) for one in receipt.body["recalled"] for name in ("conflicts_with", "via"))
    return [*named, *(other for others in beside for other in others)]


def explain(receipt: Receipt, memories: Mapping[str, Memory]) -> Explanation:
    """Return what the receipt of a recall says, with the memories that are still known."""
    body = receipt.body
    return Explanation(
        receipt,
        body["query"],
        body["scope"],
        tuple(_recalled(one, memories) for one in body["recalled"]),
        tuple(
            Explained(one["id"], memories.get(one["id"]), one["score"], {}, one["reason"]) for one in body["dropped"]
        ),
    )


def _recalled(one: Mapping[str, Any], memories: Mapping[str, Memory]) -> Explained:
    against = tuple(one.get("conflicts_with", ()))
    known = tuple(memories[other] for other in against if other in memories)
    via = tuple(memories[other].content if other in memories else other for other in one.get("via", ()))
    return Explained(one["id"], memories.get(one["id"]), one["score"], one["parts"], None, against, known, via)


def _section(title: str, found: Sequence[Explained]) -> list[str]:
    return [f"{title}:", *(f"  {one}" for one in found)] if found else [f"{title}: nothing"]
