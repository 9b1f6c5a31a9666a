"""What of an owner's memories somebody should look at, why, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Self, get_args

from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import ID, ID_LENGTH, Cell, Column, Table, Tabular, counted, spaced

ReviewKind = Literal["conflicting", "stale", "low_confidence", "never_recalled"]
KINDS: tuple[ReviewKind, ...] = get_args(ReviewKind)


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """From when on a memory is to be looked at.

    `stale_after` is how long ago it was confirmed; a type with a shorter recency half-life is stale after that.
    `unsure_below` is its confidence. `unrecalled_after` is how old it is while no recall on record returned it.
    """

    stale_after: timedelta = timedelta(days=365)
    unsure_below: float = 0.5
    unrecalled_after: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        """Raise InvalidInputError for a bound that means nothing."""
        for name in ("stale_after", "unrecalled_after"):
            span = getattr(self, name)
            if not isinstance(span, timedelta) or span < timedelta(0):
                raise InvalidInputError(f"{name} must be a timedelta that is not negative, not {span!r}.")
        below = self.unsure_below
        if isinstance(below, bool) or not isinstance(below, (int, float)) or not 0 <= below <= 1:
            raise InvalidInputError(f"unsure_below must be a number from 0 to 1, not {below!r}.")

    def stale_spans(self, types: Mapping[str, MemoryType]) -> Iterator[tuple[timedelta, list[str]]]:
        """Yield after what time memories are stale, each with the types that this holds for."""
        spans = {
            name: self.stale_after if kind.half_life is None else min(self.stale_after, kind.half_life)
            for name, kind in types.items()
        }
        for span in sorted(set(spans.values())):
            yield span, [name for name, own in spans.items() if own == span]


DEFAULT_REVIEW = ReviewPolicy()


@dataclass(frozen=True, slots=True)
class ReviewItem(Tabular):
    """One memory to look at: `reason` says why, `action` what to do; `against` are the ids of those it contradicts."""

    kind: ReviewKind
    memory_id: str
    content: str
    memory_type: str
    scope: str
    slot: str | None
    confidence: float
    importance: float
    created_at: datetime
    last_verified_at: datetime | None
    reason: str
    action: str
    against: str = ""
    things: ClassVar[str] = "memories to look at"

    def label(self) -> str:
        """Return what the memory says."""
        return self.content

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each memory that is to be looked at."""
        rows = [
            (
                one.memory_id[:ID_LENGTH],
                one.content,
                one.memory_type,
                one.scope,
                spaced(one.kind),
                one.reason,
                Cell(one.action, "dim"),
            )
            for one in records
        ]
        return Table.of(title or "to be looked at", _COLUMNS, rows)


_COLUMNS = (
    ID,
    Column("memory", stretch=True),
    Column("type", 10),
    Column("scope", on="page"),
    Column("list", on="page"),
    Column("why", stretch=True),
    Column("what to do", stretch=True),
)


def check_kind(kind: str | None) -> tuple[ReviewKind, ...]:
    """Return the kinds of review that are asked for; raises InvalidInputError."""
    if kind is None:
        return KINDS
    found = tuple(one for one in KINDS if one == kind)
    if not found:
        raise InvalidInputError(f"kind must be one of {', '.join(KINDS)}, or None for all, not {kind!r}.")
    return found


def stale(memory: Memory, now: datetime) -> ReviewItem:
    """Return a memory that nobody confirmed for long."""
    since = memory.last_verified_at or memory.created_at
    reason = f"nobody confirmed it since {since:%Y-%m-%d}, {counted((now - since).days, 'days')} ago"
    return _item("stale", memory, reason, "verify it, or supersede it with what holds now")


def low_confidence(memory: Memory) -> ReviewItem:
    """Return a memory that is not sure."""
    return _item("low_confidence", memory, f"its confidence is {memory.confidence:.2f}", "verify it, or forget it")


def never_recalled(memory: Memory) -> ReviewItem:
    """Return a memory that no recall returned."""
    reason = f"no recall on record returned it since it was made on {memory.created_at:%Y-%m-%d}"
    return _item("never_recalled", memory, reason, "forget it, unless it will be needed")


def conflicting(group: Sequence[Memory]) -> list[ReviewItem]:
    """Return memories that contradict each other."""
    items = []
    for memory in group:
        others = [one for one in group if one.id != memory.id]
        reason = f"it contradicts {counted(len(others), 'others')}: {others[0].content}"
        action = "verify the one that holds, which retires the others"
        items.append(_item("conflicting", memory, reason, action, ", ".join(one.id for one in others)))
    return items


def _item(kind: ReviewKind, memory: Memory, reason: str, action: str, against: str = "") -> ReviewItem:
    return ReviewItem(
        kind,
        memory.id,
        memory.content,
        memory.memory_type,
        memory.scope,
        memory.slot,
        memory.confidence,
        memory.importance,
        memory.created_at,
        memory.last_verified_at,
        reason,
        action,
        against,
    )
