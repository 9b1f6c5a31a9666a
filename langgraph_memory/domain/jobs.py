"""What waits to be promoted later: its jobs, how they are cut into batches, and when a failed one is tried again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Self
from zlib import crc32

from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.domain.scope import decode_label, split_labels
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import Cell, Column, Table, Tabular, minute, spaced

JobState = Literal["waiting", "leased", "set_aside"]
QUIET_FOR = timedelta(seconds=30)
AT_LATEST = timedelta(minutes=10)
_LONGEST = timedelta(days=365)
_CRASHES = 4
"""How many times the attempts a message may cost when no worker that tried it lived to tell why."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often messages are tried together, and how long a failure puts them off: doubling from `first` to `longest`.

    After so many `attempts` each of them is tried alone, and one that fails alone is set aside.
    """

    attempts: int = 8
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InvalidInputError(f"attempts must be at least 1, not {self.attempts!r}.")
        if not timedelta(0) <= self.first <= self.longest:
            raise InvalidInputError("first must be no negative time and no longer than longest.")

    def delay(self, attempts: int, key: str) -> timedelta:
        """Return how long to wait after the last of so many attempts, between 3/4 and 5/4 of it by the hash of `key`.

        So jobs that failed together do not come back together, and the same job always waits the same time.
        """
        doubled = self.first * 2 ** min(max(attempts, 1) - 1, 40) if self.first < self.longest else self.longest
        share = crc32(f"{key}/{attempts}".encode("utf-8", "surrogatepass")) / 2**32
        return min(doubled, self.longest) * (0.75 + share / 2)


@dataclass(frozen=True, slots=True)
class Queued:
    """One message of a job: what of it may be kept, and where it was said.

    `withheld` is why the guard keeps its text out; the text is empty then. `content_hash` is of the words as said.
    """

    utterance: Utterance
    content_hash: str
    scope: str
    source: Source
    attempts: int = 0
    withheld: str | None = None

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Return the message that a row holds."""
        source = Source.model_validate_json(row["source"])
        return cls(
            Utterance(
                message_id=row["message_id"],
                actor=row["actor"],
                text=row["text"],
                name=source.name,
                asked=row["asked"],
                said_at=source.said_at,
            ),
            row["content_hash"],
            row["scope"],
            source,
            row["attempts"],
            row["withheld"],
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one job; it runs out so long after it was last used."""

    id: str
    place: LedgerPlace
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job to work on: its messages in the order they were said, and what they could only be repeating."""

    lease: Lease
    messages: tuple[Queued, ...]
    heard: tuple[str, ...] = ()

    def figures(self) -> dict[str, Any]:
        """Return how many messages it has, for who watches from outside."""
        return {"messages": len(self.messages)}

    def batches(self, retries: Retries) -> list[Batch]:
        """Return the messages as they are to be read: together by scope, and alone what failed too often already."""
        together: list[list[Queued]] = []
        for one in self.messages:
            if one.attempts <= retries.attempts:
                _join(together, one)
        alone = [[one] for one in self.messages if one.attempts > retries.attempts]
        return [Batch(tuple(found)) for found in (*together, *alone)]


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one scope that are read together; no two of them have the same id."""

    messages: tuple[Queued, ...]

    @property
    def scope(self) -> str:
        """Where what they say holds."""
        return self.messages[0].scope

    @property
    def readable(self) -> list[Utterance]:
        """What an extractor is given."""
        return [one.utterance for one in self.messages if one.withheld is None]

    @property
    def attempts(self) -> int:
        """How often the most tried of them was tried."""
        return max(one.attempts for one in self.messages)

    def is_spent(self, retries: Retries) -> bool:
        """Whether a message that fails once more is set aside: it was read alone, and often enough."""
        return len(self.messages) == 1 and self.attempts >= retries.attempts


@dataclass(frozen=True, slots=True)
class Failure:
    """A batch that could not be read or stored, and why in one word."""

    batch: Batch
    reason: str


@dataclass(frozen=True, slots=True)
class Job(Tabular):
    """What waits to be promoted of one thread for one extractor; it tells how much, and nothing of what was said.

    `due_at` is None when every message of it is set aside; `last_error` is why it failed last, in one word.
    """

    owner_id: str
    thread_id: str
    extractor: str
    state: JobState
    due_at: datetime | None
    waiting: int
    set_aside: int
    attempts: int
    last_error: str | None
    waiting_since: datetime
    updated_at: datetime
    things: ClassVar[str] = "jobs"

    @classmethod
    def from_row(cls, row: Any, now: int) -> Self:
        """Return the job that a row holds, as it is `now` in microseconds."""
        leased = row["leased_until"] is not None and row["leased_until"] > now
        return cls(
            owner_id=owner_of(row["partition"]),
            thread_id=row["thread_id"],
            extractor=row["extractor"],
            state="leased" if leased else "set_aside" if row["due_at"] is None else "waiting",
            due_at=None if row["due_at"] is None else from_microseconds(row["due_at"]),
            waiting=row["waiting"],
            set_aside=row["set_aside"],
            attempts=row["attempts"],
            last_error=row["last_error"] or row["reason"],
            waiting_since=from_microseconds(row["first_at"]),
            updated_at=from_microseconds(row["updated_at"]),
        )

    def label(self) -> str:
        """Return whose it is, and of which thread."""
        return f"{self.owner_id} {self.thread_id}"

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each job."""
        rows = [
            (
                one.owner_id,
                one.thread_id,
                one.extractor,
                spaced(one.state),
                "" if one.due_at is None else minute(one.due_at),
                one.waiting,
                one.set_aside,
                Cell(one.due, _STYLES[one.state]),
                one.held,
                one.last_error or "",
            )
            for one in records
        ]
        return Table.of(title or cls.things, _COLUMNS, rows)

    @property
    def due(self) -> str:
        """Its state, with when it is due, in words."""
        return spaced(self.state) + ("" if self.due_at is None else f", due {minute(self.due_at)}")

    @property
    def held(self) -> str:
        """How many messages wait, and how many are set aside, in words."""
        held = (("waiting", self.waiting), ("set aside", self.set_aside))
        return ", ".join(f"{number} {what}" for what, number in held if number)


_STYLES = {"waiting": "green", "leased": "yellow", "set_aside": "red"}
_COLUMNS: tuple[Column | str, ...] = (
    "owner",
    "thread",
    Column("extractor", 9),
    *(Column(title, on="page") for title in ("state", "due (UTC)", "waiting", "set aside")),
    Column("state (UTC)", 16, on="terminal"),
    Column("messages", 11, on="terminal"),
    Column("last error", 10),
)


def owner_of(partition: str) -> str:
    """Return the owner whose memories lie in a partition."""
    return decode_label(split_labels(partition)[1])


def is_lost(message: Queued, retries: Retries) -> bool:
    """Return whether a message was begun so often without an answer that it must be what kills its workers."""
    return message.attempts > retries.attempts * _CRASHES


def _join(batches: list[list[Queued]], one: Queued) -> None:
    """Add a message to the last batch that may hold it: of its scope, and without another version of it."""
    for batch in reversed(batches):
        if batch[0].scope == one.scope and all(held.utterance.message_id != one.utterance.message_id for held in batch):
            batch.append(one)
            return
    batches.append([one])


def checked_seconds(name: str, wanted: timedelta | float) -> timedelta:
    """Return a time that was passed as a timedelta or in seconds; raises InvalidInputError unless 0 to a year."""
    if isinstance(wanted, bool) or not isinstance(wanted, timedelta | int | float):
        raise InvalidInputError(f"{name} must be a timedelta or seconds, not {wanted!r}.")
    try:
        length = wanted if isinstance(wanted, timedelta) else timedelta(seconds=wanted)
    except (ValueError, OverflowError):
        length = -_LONGEST
    if not timedelta(0) <= length <= _LONGEST:
        raise InvalidInputError(f"{name} must be a time from 0 to 365 days, not {wanted!r}.")
    return length
