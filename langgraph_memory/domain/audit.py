"""What the audit log of a store answers: who changed what, why a recall found what it did, and what it would now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.memory import Memory, Recall, Receipt
from langgraph_memory.views import ID, Cell, Column, Displayable, Table, Tabular, to_html
from langgraph_memory.views.table import ID_LENGTH
from langgraph_memory.views.words import in_words, spaced


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
