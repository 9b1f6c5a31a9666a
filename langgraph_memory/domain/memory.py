"""The record of one durable memory, and what operations on memories answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, overload
from zlib import crc32

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from langgraph_memory.domain.clock import EPOCH, MICROSECOND, from_microseconds, in_utc, to_microseconds
from langgraph_memory.domain.scope import GLOBAL, check_owner, check_scope, plain_text
from langgraph_memory.domain.whose import as_shown, as_told, other_person
from langgraph_memory.errors import DamagedMemoryError, InvalidMemoryError, explain_validation
from langgraph_memory.views import (
    ID,
    ID_LENGTH,
    Cell,
    Column,
    Displayable,
    Table,
    Tabular,
    in_words,
    listed,
    minute,
    spaced,
)

MAX_CONTENT = 100_000
"""Characters a memory's content may have; a longer text is a document, not a memory."""


MAX_JSON = 1_000_000
"""Characters that the structured payload of a memory may have as JSON."""

_DEEPEST = 64
"""Levels that it may be nested: any reader must be able to walk it."""


Text = Annotated[str, AfterValidator(plain_text)]
Said = Annotated[Text, Field(max_length=MAX_CONTENT)]
Moment = Annotated[datetime, AfterValidator(lambda moment: moment if moment.tzinfo is UTC else in_utc(moment))]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


Tag = Annotated[Text, Field(min_length=1, max_length=1_000)]
Injected = Literal["always", "never"]


def _distinct(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


class Source(BaseModel):
    """Where a memory comes from: thread, checkpoint, run and messages, who said it, when, and what read it.

    `actor` is user, assistant, tool or another; `name` tells which of them: a user's name, a tool's. `said_at` is when
    the message was said, which may be long before it was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thread_id: Text | None = None
    checkpoint_id: Text | None = None
    run_id: Text | None = None
    message_ids: tuple[Text, ...] = ()
    excerpt: Said | None = None
    actor: Text | None = None
    name: Text | None = None
    extractor: Text | None = None
    said_at: Moment | None = None


Trust = Literal["owner", "app", "tool", "model", "import"]
"""How a memory is known: said by its owner, set by the app, told by a tool, written by a model, or imported."""

_TRUST_OF_ACTOR: dict[str | None, Trust] = {
    "user": "owner",
    "tool": "tool",
    "assistant": "model",
    "system": "model",
}


def trust_of(actor: str | None) -> Trust:
    """Return how far what somebody says is trusted; whoever the app names beside these speaks for the app."""
    return _TRUST_OF_ACTOR.get(actor, "app")


_UNKNOWN = Source()


def _trust_of_source(fields: dict[str, Any]) -> Trust:
    return trust_of(fields.get("source", _UNKNOWN).actor)


def _set_by_the_app(fields: dict[str, Any]) -> bool:
    return fields.get("trust") == "app"


class Memory(Tabular, BaseModel):
    """One durable record: what is known, whose it is, where it holds, where it comes from and until when it counts.

    Timestamps are aware and kept in UTC to the microsecond; confidence and importance lie in 0..1. `subject` is who
    or what it is about; `context` is text around it that helps to find it and is never shown to a model. Live
    memories that share a `conflict_id` contradict each other. What is superseded by nothing has been retired.
    `tags` are words of the application's own to filter by. `injection` is "always" for one that is pinned: it shapes
    every prompt; "never" for one that is kept and recalled by nothing; None leaves it to its type and to the request.
    `trust` follows from who said it, and what the app sets is `protected`, unless told otherwise: the app alone
    changes it then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    things: ClassVar[str] = "memories"

    id: Annotated[Text, Field(min_length=1)]
    owner_id: Annotated[str, AfterValidator(check_owner)]
    scope: Annotated[str, AfterValidator(check_scope)] = GLOBAL
    memory_type: str = "fact"
    slot: Annotated[Text, Field(min_length=1, max_length=1_000)] | None = None
    content: Annotated[Text, Field(min_length=1, max_length=MAX_CONTENT)]
    content_json: dict[str, Any] | None = None
    source: Source = Source()
    subject: Said | None = None
    context: Said | None = None
    confidence: Share = 1.0
    importance: Share = 0.5
    created_at: Moment
    updated_at: Moment
    valid_from: Moment | None = None
    last_verified_at: Moment | None = None
    expires_at: Moment | None = None
    superseded_by: Text | None = None
    superseded_at: Moment | None = None
    conflict_id: Text | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=100), AfterValidator(_distinct)] = ()
    injection: Injected | None = None
    trust: Trust = Field(default_factory=_trust_of_source)
    protected: bool = Field(default_factory=_set_by_the_app)

    @field_validator("content")
    @classmethod
    def _not_blank(cls, content: str) -> str:
        if not content.strip():
            raise ValueError("must say something; it holds only white space")
        return content.strip()

    @field_validator("content_json")
    @classmethod
    def _is_json(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        try:
            size = len(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ValueError(f"must be JSON: {error}") from None
        if size > MAX_JSON or _depth(value) > _DEEPEST:
            raise ValueError(f"must be JSON of at most {MAX_JSON} characters, nested at most {_DEEPEST} levels")
        return value

    @property
    def superseded(self) -> bool:
        """Whether a newer memory has taken this one's place, or it was retired."""
        return self.superseded_at is not None

    @property
    def retired(self) -> bool:
        """Whether it no longer holds and nothing took its place."""
        return self.superseded_at is not None and self.superseded_by is None

    @property
    def trusted(self) -> bool:
        """Whether its owner or the app says so: then it may stand in every prompt, and replace what the owner said."""
        return self.trust in ("owner", "app")

    def expired(self, now: datetime) -> bool:
        """Whether it no longer counts at `now`."""
        return self.expires_at is not None and self.expires_at <= now

    def shown_to(self, owner_id: str | None = None, reader: str | None = None) -> str:
        """Return what it says with whose it is, for a table made for an owner, one of whose people reads it."""
        return as_shown(self, owner_id, reader)

    def to_value(self) -> dict[str, Any]:
        """Return the record as the JSON value that LangGraph's store shows for it."""
        return self.model_dump(mode="json", exclude={"id", *(() if self.tags else ("tags",))}, exclude_none=True)

    def to_row(self) -> dict[str, Any]:
        """Return the columns of the record: timestamps in microseconds, structures as JSON text."""
        row = dict(self.__dict__)
        for name in _MOMENTS:
            if row[name] is not None:
                row[name] = to_microseconds(row[name])
        row["source"] = "{}" if self.source == _UNKNOWN else _source_json(self.source)
        row["tags"] = json.dumps(self.tags, ensure_ascii=False) if self.tags else None
        row["content_json"] = None if self.content_json is None else json.dumps(self.content_json)
        row["protected"] = int(self.protected)
        row["checksum"] = checksum(row)
        return row

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Return the record that `to_row` made the columns of; it was checked when it was written.

        Raises DamagedMemoryError when the row does not hold what was written.

        What pydantic's `model_construct` does for any model is done here for this one, many times as fast.
        """
        if checksum(row) != row["checksum"]:
            raise DamagedMemoryError(
                f"memory {row['id']!r} is damaged in the database: it does not hold what was written; take it from a "
                "backup, or forget() it."
            )
        return cls._of_columns(row)

    @classmethod
    def remains(cls, row: Any) -> Self:
        """Return the record of a row that may be damaged, to be named and removed and never to be told."""
        if checksum(row) == row["checksum"]:
            return cls._of_columns(row)
        texts = {name: _readable(row[name]) for name in ("content", "subject", "context", "slot")}
        return cls._of_columns({**dict(row), **texts, "source": None, "content_json": None, "tags": None})

    @classmethod
    def _of_columns(cls, row: Any) -> Self:
        values = {name: row[name] for name in _COLUMNS}
        for name in _MOMENTS:
            if values[name] is not None:
                values[name] = EPOCH + values[name] * MICROSECOND
        source, content_json = values["source"], values["content_json"]
        values["source"] = Source.model_validate_json(source) if source and source != "{}" else _UNKNOWN
        values["tags"] = tuple(json.loads(values["tags"])) if values["tags"] else ()
        values["content_json"] = None if content_json is None else json.loads(content_json)
        values["protected"] = bool(values["protected"])
        memory = cls.__new__(cls)
        _set(memory, "__dict__", values)
        _set(memory, "__pydantic_fields_set__", set(_COLUMNS))
        _set(memory, "__pydantic_extra__", None)
        _set(memory, "__pydantic_private__", None)
        return memory

    @property
    def known_by(self) -> str:
        """How it is known, in a word or two."""
        return f"{self.trust}, protected" if self.protected and self.trust != "app" else self.trust

    @property
    def place(self) -> str:
        """The slot, and the scope where it is not the whole of what the owner does."""
        at = "" if self.scope == GLOBAL else f"at {self.scope}"
        return f"{self.slot or ''} {at}".strip()

    def state(self, now: datetime | None = None) -> str:
        """Return what has become of it by `now`; without a moment, since when or until when that is."""
        if self.superseded_at is not None:
            gone = "retired" if self.retired else "superseded"
            return gone if now else f"{gone} {minute(self.superseded_at)}"
        if now is not None:
            return "expired" if self.expired(now) else "live"
        if self.conflict_id is not None:
            return "in conflict"
        return "live" if self.expires_at is None else f"until {minute(self.expires_at)}"

    def row(self) -> dict[str, Any]:
        """Return the record as JSON, with its id."""
        return {"id": self.id, **self.to_value()}

    def label(self) -> str:
        """Return what it says."""
        return self.content

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None, now: datetime | None = None) -> Table:
        """Return one row for each memory, with what has become of it by `now`."""
        rows = [
            (
                one.id[:ID_LENGTH],
                one.shown_to(),
                one.memory_type,
                one.place,
                one.known_by,
                f"{one.confidence:.2f}",
                minute(one.updated_at),
                one.updated_at.date(),
                Cell(one.state(now), "red" if one.superseded or (now and one.expired(now)) else "green"),
            )
            for one in records
        ]
        return Table.of(title or cls.things, _MEMORY_COLUMNS, rows)


_MEMORY_COLUMNS = (
    ID,
    "memory",
    "type",
    "slot",
    Column("by", 6),
    Column("confidence", on="page"),
    Column("updated (UTC)", on="page"),
    Column("updated", 10, on="terminal"),
    Column("state", 10),
)


_MOMENTS = (
    "created_at",
    "updated_at",
    "valid_from",
    "last_verified_at",
    "expires_at",
    "superseded_at",
)


def _readable(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8", "replace")


def _depth(value: Any) -> int:
    """Return how many levels of a JSON value are nested, or one more than is allowed."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        depth += 1
        held = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list | tuple)]
        level = [inner for one in held for inner in one]
    return depth


def _source_json(source: Source) -> str:
    return source.model_dump_json(exclude_none=True, exclude_defaults=True)


_CHECKED = (
    *("id", "owner_id", "scope", "memory_type", "slot", "content", "content_json", "source", "subject", "context"),
    *("tags", "trust", "protected"),
)


def checksum(row: Any) -> int:
    """Return the checksum of the columns that tell what a memory says, whose it is and how it is known."""
    return crc32("\0".join([str(row[name]) for name in _CHECKED]).encode("utf-8", "surrogatepass"))


_COLUMNS = tuple(Memory.model_fields)
_set = object.__setattr__


def make_memory(**fields: Any) -> Memory:
    """Return a checked `Memory`.

    Raises InvalidMemoryError, MissingOwnerError or InvalidScopeError, in one sentence that names the field.
    """
    check_owner(fields.get("owner_id"))
    check_scope(fields.get("scope", GLOBAL))
    try:
        return Memory(**fields)
    except ValidationError as error:
        raise InvalidMemoryError(explain_validation(error) + ".") from None


Action = Literal["added", "reinforced", "superseded", "conflict", "retired", "forgotten", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome(Displayable):
    """What `remember` did: the action, the memory it is about now (None when refused), and why.

    `replaced` are the memories whose place it took, or that were retired; `conflicts` those that it contradicts and
    that hold beside it until `verify` or `supersede` decides.
    """

    action: Action
    memory: Memory | None
    reason: str
    replaced: tuple[Memory, ...] = ()
    conflicts: tuple[Memory, ...] = ()

    def figures(self) -> dict[str, Any]:
        """Return ids and what was done, for who watches from outside."""
        about = () if self.memory is None else (self.memory.id,)
        return {"action": self.action, "memory_ids": about, "replaced": len(self.replaced)}

    def tables(self) -> Sequence[Table]:
        """Return what it did to the memory it is about, and to those that this replaced or contradicts."""
        about = self.memory
        first = ("", "", "") if about is None else (about.content, about.memory_type, about.slot or "")
        others = [(one.state(), one.content, one.memory_type, one.slot or "", "") for one in self.replaced]
        others += [("in conflict", one.content, one.memory_type, one.slot or "", "") for one in self.conflicts]
        head = ("what", "memory", "type", "slot", "why")
        return [Table.of("remembered", head, [(self.action, *first, self.reason), *others])]


DropReason = Literal[
    "expired",
    "superseded",
    "out_of_scope",
    "wrong_type",
    "withheld",
    "filtered_out",
    "below_threshold",
    "outdated",
    "duplicate",
    "over_limit",
    "over_budget",
]


Section = Literal["about", "wishes", "relevant"]


@dataclass(frozen=True, slots=True)
class Recalled:
    """One recalled memory with its score and the named parts the score is the sum of.

    `contradicted_by` are the memories that contradict it, as far as the read may see them. `section` is the part of
    the prompt it belongs to: who the user is, what they want of every answer, or what matters for this one. `via` are
    the ids of the memories, one or two, by which it hangs on what the query names.
    """

    memory: Memory
    score: float
    parts: Mapping[str, float]
    contradicted_by: tuple[Memory, ...] = ()
    section: Section = "relevant"
    via: tuple[str, ...] = ()

    @property
    def conflicts_with(self) -> tuple[str, ...]:
        """The ids of the memories that contradict it."""
        return tuple(memory.id for memory in self.contradicted_by)


@dataclass(frozen=True, slots=True)
class Dropped:
    """One memory that matched and was not recalled, and why."""

    memory: Memory
    reason: DropReason
    score: float | None = None


@dataclass(frozen=True)
class Recall(Displayable, Sequence[Recalled]):
    """What one recall found, best first; `dropped` is what it left out, `id` names its stored receipt.

    `reader` is the name of who asked, where several people share the owner.
    """

    id: str
    query: str | None
    owner_id: str
    scope: str
    at: datetime
    items: tuple[Recalled, ...] = ()
    dropped: tuple[Dropped, ...] = field(default=())
    reader: str | None = None

    @overload
    def __getitem__(self, index: int) -> Recalled: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Recalled]: ...

    def __getitem__(self, index: int | slice) -> Recalled | Sequence[Recalled]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recalled]:
        return iter(self.items)

    def figures(self) -> dict[str, Any]:
        """Return ids, scores and numbers, for who watches from outside."""
        return {
            "recall_id": self.id,
            "memory_ids": tuple(item.memory.id for item in self.items),
            "scores": tuple(round(item.score, 4) for item in self.items),
            "recalled": len(self.items),
            "dropped": len(self.dropped),
        }

    @property
    def memories(self) -> tuple[Memory, ...]:
        """The recalled memories without their scores."""
        return tuple(item.memory for item in self.items)

    def told(self, memory: Memory) -> str:
        """Return what a memory says, with the name of another person, whose it is, where it says "the user"."""
        return as_told(memory, other_person(memory, self.owner_id, self.reader))

    def to_json(self) -> dict[str, Any]:
        """Return what the receipt keeps: ids, scores and reasons, and none of the contents."""
        return {
            "query": self.query,
            "scope": self.scope,
            "recalled": [_recalled_json(item) for item in self.items],
            "dropped": [_dropped_json(item) for item in self.dropped],
        }

    def shown(self, memory: Memory) -> str:
        """Return what a memory says with whose it is, for the table of this recall."""
        return memory.shown_to(self.owner_id, self.reader)

    def tables(self, when: str = "recalled") -> Sequence[Table]:
        """Return what was recalled, with the parts of each score, and what was left out and why."""
        rows = [
            (self.shown(one.memory), one.memory.memory_type, f"{one.score:.3f}", self._why(one)) for one in self.items
        ]
        dropped = [
            (
                self.shown(one.memory),
                one.memory.memory_type,
                "" if one.score is None else f"{one.score:.3f}",
                spaced(one.reason),
            )
            for one in self.dropped
        ]
        found = Table.of(when if self.query is None else f"{when} for “{self.query}”", _SCORED, rows)
        return [found, Table.of("left out", (*_SCORED[:-1], "why"), dropped)] if dropped else [found]

    def _why(self, one: Recalled) -> str:
        return in_words(one.parts, "; ".join(map(self.shown, one.contradicted_by)))


_SCORED = ("memory", "type", "score", "parts")


@dataclass(frozen=True, slots=True)
class Receipt(Tabular):
    """The stored record of one operation: what kind, when, where, and how many rows of each kind it touched.

    `body` is all that was stored of it: of a recall the question, ids, scores and reasons, and none of the contents.
    """

    id: str
    kind: str
    owner_id: str
    at: datetime
    counts: Mapping[str, int]
    thread_id: str | None = None
    checkpoint_id: str | None = None
    run_id: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    things: ClassVar[str] = "receipts"

    @classmethod
    def from_row(cls, owner_id: str, row: Any) -> Self:
        """Return the receipt that a row holds."""
        body = json.loads(row["body"])
        return cls(
            id=row["id"],
            kind=row["kind"],
            owner_id=owner_id,
            at=from_microseconds(row["created_at"]),
            counts={
                name: len(part) if isinstance(part, list) else part for name, part in body.items() if _counts(part)
            },
            thread_id=row["thread_id"],
            checkpoint_id=row["checkpoint_id"],
            run_id=row["run_id"],
            body=body,
        )

    def label(self) -> str:
        """Return what kind it is, and of when."""
        return f"{self.kind} {minute(self.at)}"

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each receipt."""
        rows = [(one.kind, minute(one.at), listed(one.counts.items()), one.id) for one in records]
        return Table.of(title or cls.things, ("what", "when (UTC)", "counts", "id"), rows)


def _dropped_json(item: Dropped) -> dict[str, Any]:
    score = None if item.score is None else round(item.score, 6)
    return {"id": item.memory.id, "reason": item.reason, "score": score}


def _recalled_json(item: Recalled) -> dict[str, Any]:
    parts = {name: round(part, 6) for name, part in item.parts.items()}
    kept = {"id": item.memory.id, "score": round(item.score, 6), "parts": parts}
    if item.contradicted_by:
        kept["conflicts_with"] = list(item.conflicts_with)
    return {**kept, "via": list(item.via)} if item.via else kept


def _counts(part: Any) -> bool:
    return isinstance(part, (list, int)) and not isinstance(part, bool)


class _Owner(NamedTuple):
    owner_id: str
    memories: int
    live: int


class OwnerSummary(_Owner, Tabular):
    """Whose memories a database holds, how many, and how many of them are live."""

    __slots__ = ()
    things: ClassVar[str] = "owners"

    def row(self) -> dict[str, Any]:
        """Return it as a flat dict."""
        return self._asdict()

    def label(self) -> str:
        """Return the owner."""
        return self.owner_id

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each owner."""
        head = ("owner", "live", "with superseded and expired")
        return Table.of(title or cls.things, head, [(one.owner_id, one.live, one.memories) for one in records])


class Conflict(tuple[Memory, ...], Tabular):
    """Live memories that contradict each other, oldest first."""

    __slots__ = ()
    things: ClassVar[str] = "conflicts"

    def row(self) -> dict[str, Any]:
        """Return what the memories say, and their ids."""
        return {"memories": [one.content for one in self], "ids": [one.id for one in self]}

    def label(self) -> str:
        """Return what the oldest says."""
        return self[0].content if self else ""

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each memory, the groups one after the other."""
        rows = [
            (number, one.content, one.memory_type, one.scope)
            for number, group in enumerate(records, 1)
            for one in group
        ]
        return Table.of(title or cls.things, ("conflict", "memory", "type", "scope"), rows)
