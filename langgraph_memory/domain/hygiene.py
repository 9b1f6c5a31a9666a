"""Decides what a sweep does to an owner's memories: what fades, what repeats, what goes and what has to stay. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar, Literal, NamedTuple, Self

from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.likeness import Statement, compare
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import ID, ID_LENGTH, Cell, Column, Displayable, Table, Tabular

_MICROSECOND = timedelta(microseconds=1)

STEPS = 4
"""Confidence fades in quarters of a half-life, so that a sweep every day does not rewrite a memory every day."""

SweepAction = Literal["expired", "merged", "decayed", "pruned", "trimmed"]
"""Removed because its time is over; superseded by an equal one; less sure than before; removed below the floor or over
the cap; an old version removed."""


def _named(name: str, value: Any, others: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value), *((f"{name}s[{one!r}]", found) for one, found in others.items())]


def _check_share(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInputError(f"{name} must be a number from 0 to 1, not {value!r}.")


def _check_count(name: str, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InvalidInputError(f"{name} must be a whole number from 1 on, or None, not {value!r}.")


def _check_span(name: str, span: Any, least: timedelta) -> None:
    if span is not None and (not isinstance(span, timedelta) or span < least):
        raise InvalidInputError(f"{name} must be a timedelta of at least {least}, not {span!r}.")


@dataclass(frozen=True, slots=True)
class HygienePolicy:
    """What a sweep may do.

    `half_lives` say, by memory type, in what time without confirmation confidence halves; a type that is not named has
    its recency half-life, and one without either does not fade. `floor` is the confidence below which a live memory is
    removed, `floors` those of single owners; 0 removes nothing. `cap` is how many live memories one owner may have in
    one scope, `caps` those of single scopes; None is no limit. Over the cap, what was confirmed in the last `recent`
    goes after what was not, and types that are always injected go last.

    `keep_superseded` is for how long a superseded version is kept after it lost its place, `keep_receipts` for how long
    a receipt is; None is for ever. `merge` lets the best of equal memories supersede the others; with `merge_similar`
    also of those that say the same in other words, which takes about a tenth of a millisecond for each memory.
    """

    half_lives: Mapping[str, timedelta | None] = field(default_factory=dict)
    floor: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)
    cap: int | None = None
    caps: Mapping[str, int] = field(default_factory=dict)
    recent: timedelta = timedelta(days=30)
    keep_superseded: timedelta | None = None
    keep_receipts: timedelta | None = None
    merge: bool = True
    merge_similar: bool = False

    def __post_init__(self) -> None:
        """Raise InvalidInputError for a bound that means nothing."""
        for name, floor in _named("floor", self.floor, self.floors):
            _check_share(name, floor)
        for name, cap in _named("cap", self.cap, self.caps):
            _check_count(name, cap)
        for name in ("recent", "keep_superseded", "keep_receipts"):
            _check_span(name, getattr(self, name), least=timedelta(0))
        for one, half_life in self.half_lives.items():
            _check_span(f"half_lives[{one!r}]", half_life, least=timedelta(seconds=1))

    def half_life(self, kind: MemoryType) -> timedelta | None:
        """Return in what time the confidence of a type halves; None when it does not fade."""
        for name in (kind.name, *kind.aliases):
            if name in self.half_lives:
                return self.half_lives[name]
        return kind.half_life

    def floor_of(self, owner_id: str) -> float:
        """Return the confidence below which a memory of an owner is removed."""
        return self.floors.get(owner_id, self.floor)

    def cap_of(self, scope: str) -> int | None:
        """Return how many live memories an owner may have in a scope."""
        return self.caps.get(scope, self.cap)

    @property
    def least_cap(self) -> int | None:
        """The smallest of all caps; None when there is none."""
        return min((cap for cap in (self.cap, *self.caps.values()) if cap is not None), default=None)


DEFAULT_HYGIENE = HygienePolicy()
"""Equal memories are merged and confidence fades; nothing is removed but what has expired."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a sweep looks at of one memory; moments in microseconds.

    `stated_confidence` is what its confidence was before it faded, `stated_at` since when that was said, where it was
    not when the memory was made or confirmed.
    """

    id: str
    scope: str
    memory_type: str
    slot: str | None
    content: str
    payload: str | None
    subject_key: str | None
    fingerprint: str
    confidence: float
    stated_confidence: float | None
    stated_at: int | None
    created_at: int
    updated_at: int
    valid_from: int | None
    last_verified_at: int | None
    expires_at: int | None
    superseded_by: str | None
    superseded_at: int | None
    conflict_id: str | None
    importance: float
    injection: str | None = None

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Return the standing of a stored row."""
        return cls(payload=row["content_json"], **{name: row[name] for name in _READ})

    def changed(self, now: Self) -> bool:
        """Whether the memory is another now; the end of a conflict and the time of a rewrite make no difference."""
        conflict = self.conflict_id if now.conflict_id is None else now.conflict_id
        return self != replace(now, updated_at=self.updated_at, conflict_id=conflict)

    @property
    def since(self) -> int:
        """When somebody last stood for its confidence."""
        said = (self.stated_at, self.last_verified_at, self.created_at)
        return next(moment for moment in said if moment is not None)

    @property
    def stated(self) -> float:
        """Its confidence before it faded."""
        return self.confidence if self.stated_confidence is None else self.stated_confidence


_CHANGE_COLUMNS = (
    ID,
    Column("memory", stretch=True),
    *(Column(title, on="page") for title in ("type", "scope", "owner")),
    Column("what", 7),
    Column("before", 10),
    Column("after", stretch=True),
    Column("why", stretch=True),
)
_READ = tuple(name for name in Standing.__dataclass_fields__ if name != "payload")


@dataclass(frozen=True, slots=True)
class Change(Tabular):
    """One thing a sweep does to one memory: `before` and `after` say what it was and what it is then, `reason` why.

    `versions` is how many older versions go with it, `successor` the memory that takes its place.
    """

    owner_id: str
    action: SweepAction
    memory_id: str
    memory_type: str
    scope: str
    before: str
    after: str
    reason: str
    content: str
    versions: int = 0
    successor: str | None = None
    things: ClassVar[str] = "changes"

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each change."""
        rows = [
            (
                one.memory_id[:ID_LENGTH],
                one.content,
                one.memory_type,
                one.scope,
                one.owner_id,
                Cell(one.action, "red" if one.removes else "yellow"),
                one.before,
                one.after,
                Cell(one.reason, "dim"),
            )
            for one in records
        ]
        return Table.of(title or cls.things, _CHANGE_COLUMNS, rows)

    @property
    def removes(self) -> bool:
        """Whether the memory is gone then."""
        return self.action not in ("merged", "decayed")


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges single memories of one owner at one moment."""

    owner_id: str
    policy: HygienePolicy
    types: Mapping[str, MemoryType]
    now: int

    def faded(self, one: Standing) -> float:
        """Return the confidence that is left of what was stated; it never rises, and depends on nothing between."""
        kind = self._kind(one.memory_type)
        half_life = None if kind is None else self.policy.half_life(kind)
        if half_life is None:
            return one.confidence
        steps = max(0, self.now - one.since) * STEPS // (half_life // _MICROSECOND)
        return min(one.confidence, round(one.stated * float(0.5 ** (steps / STEPS)), 6))

    def judge(self, one: Standing) -> Change | None:
        """Return what is to be done with a memory for its own sake."""
        if one.superseded_at is not None:
            return self._old_version(one)
        if one.expires_at is not None and one.expires_at <= self.now:
            return self.change(one, "expired", "live", "removed", f"its time was over on {_day(one.expires_at)}")
        left, floor = self.faded(one), self.policy.floor_of(self.owner_id)
        if left < floor and one.injection != "always":
            why = f"a confidence of {left:.2f} is below the floor of {floor:.2f}"
            return self.change(one, "pruned", f"{one.confidence:.2f}", "removed", why)
        if left < one.confidence:
            why = f"nobody confirmed it since {_day(one.since)}"
            return self.change(one, "decayed", repr(one.confidence), repr(left), why)
        return None

    def merge(self, memories: Sequence[Standing]) -> list[Change]:
        """Return what becomes of live memories of one scope and type that may be equal."""
        kind = self._kind(memories[0].memory_type)
        appends = kind is not None and kind.update == "append"
        groups = duplicates(memories, same_event if appends else same_words)
        return [
            self.change(one, "merged", "live", f"superseded by {best.id}", "it says the same", successor=best.id)
            for best, *others in groups
            for one in others
        ]

    def merge_similar(self, memories: Sequence[Standing]) -> list[Change]:
        """Return what becomes of live memories of one scope and type that may say the same in other words."""
        return [
            self.change(one, "merged", "live", f"superseded by {best.id}", "it means the same", successor=best.id)
            for best, *others in duplicates(memories, same_meaning)
            for one in others
        ]

    def gist(self, one: Standing) -> int | None:
        """Return a number that is equal for memories that may say the same in other words; None for one that cannot."""
        kind = self._kind(one.memory_type)
        over = one.superseded_at is not None or (one.expires_at is not None and one.expires_at <= self.now)
        words = () if over else sorted(word.stem for word in Statement.of(one.content).words)
        appends = kind is not None and kind.update == "append"
        return None if appends or not words else hash((one.scope, one.memory_type, one.subject_key, *words))

    def crowded_out(self, one: Standing, cap: int) -> Change:
        """Return the removal of a memory for which a scope has no place."""
        why = f"{one.scope} may hold {cap} live memories"
        return self.change(one, "pruned", "live", "removed", why)

    def change(self, one: Standing, action: SweepAction, before: str, after: str, why: str, **more: Any) -> Change:
        """Return a change of one memory."""
        return Change(
            self.owner_id, action, one.id, one.memory_type, one.scope, before, after, why, one.content, **more
        )

    @property
    def always(self) -> tuple[str, ...]:
        """The types that are always injected: they go last."""
        return tuple(name for name, kind in self.types.items() if kind.injection == "always")

    @property
    def recent_since(self) -> int:
        """Since when a confirmation is recent."""
        return self.now - self.policy.recent // _MICROSECOND

    def _kind(self, name: str) -> MemoryType | None:
        known = name in self.types
        return self.types[name] if known else None

    def _old_version(self, one: Standing) -> Change | None:
        keep = self.policy.keep_superseded
        if keep is None or one.superseded_at is None or one.superseded_at > self.now - keep // _MICROSECOND:
            return None
        return self.change(one, "trimmed", "superseded", "removed", f"superseded on {_day(one.superseded_at)}")


class Planned(NamedTuple):
    """A change that was decided, and the memory as it was seen then."""

    change: Change
    seen: Standing


@dataclass(slots=True)
class SweepPlan:
    """What is to change of one owner: what is merged, what fades, and what goes, by id."""

    merged: dict[str, Planned] = field(default_factory=dict)
    faded: dict[str, Planned] = field(default_factory=dict)
    going: dict[str, Planned] = field(default_factory=dict)

    def merge(self, planned: Iterable[Planned]) -> None:
        """Take in what loses its place to an equal one."""
        self.merged.update((one.seen.id, one) for one in planned)

    def judge(self, judge: Judge, memories: Iterable[Standing]) -> None:
        """Take in what is to be done with each of some memories for its own sake, unless it is merged with another."""
        for one in memories:
            change = judge.judge(one)
            if change is not None and one.id not in self.merged:
                (self.going if change.removes else self.faded)[one.id] = Planned(change, one)

    def crowd_out(self, one: Planned) -> None:
        """Take in what goes for want of place."""
        self.faded.pop(one.seen.id, None)
        self.going[one.seen.id] = one

    def keeps(self, one: Standing) -> bool:
        """Whether nothing takes a live memory its place so far."""
        return one.id not in self.merged and one.id not in self.going

    def leaves(self, scope: str) -> int:
        """Return how many live memories of a scope lose their place."""
        leaving = (one for one in (*self.merged.values(), *self.going.values()) if one.seen.scope == scope)
        return sum(one.change.action in ("merged", "pruned") for one in leaving)

    def removals(self) -> tuple[list[str], dict[str, list[str]]]:
        """Return what goes without its older versions, and what goes with them and with what is merged with it."""
        alone = [name for name, one in self.going.items() if one.change.action == "trimmed"]
        whole: dict[str, list[str]] = {name: [] for name in self.going if name not in set(alone)}
        for name in self.merged:
            if (last := self._successor_of(name)) in whole:
                whole[last].append(name)
        return alone, whole

    def in_order(self, members: Mapping[str, Sequence[str]], needs: Iterable[tuple[str, str]]) -> list[Planned]:
        """Return all that is done, in its order; of what is to go, old versions first and without what must stay.

        `members` are the older versions that go with each memory that is to go, `needs` says who needs which of them.
        """
        stay = staying(members, needs)
        going = [
            Planned(replace(one.change, versions=len(members[name])), one.seen)
            for name, one in self.going.items()
            if name not in stay
        ]
        going.sort(key=lambda one: (one.change.action != "trimmed", one.seen.superseded_at or 0))
        return [*self.merged.values(), *self.faded.values(), *going]

    def _successor_of(self, name: str) -> str:
        """Return which memory has the place of one in the end, after all that is merged."""
        while (one := self.merged.get(name)) is not None and one.change.successor is not None:
            name = one.change.successor
        return name


Alike = Callable[[Standing, Standing], bool]
"""Whether the second of two memories adds nothing to the first, which is at least as good."""


def same_words(best: Standing, other: Standing) -> bool:
    """Whether two memories say the same words about the same thing; one without slot or payload adds none."""
    return best.fingerprint == other.fingerprint and _same_matter(best, other)


def same_meaning(best: Standing, other: Standing) -> bool:
    """Same as `same_words`, of what says the same in other words."""
    return _same_matter(best, other) and compare(best.content, other.content).kind == "same"


def _same_matter(best: Standing, other: Standing) -> bool:
    return (
        best.subject_key == other.subject_key
        and other.slot in (None, best.slot)
        and other.payload in (None, best.payload)
        and other.conflict_id in (None, best.conflict_id)
        and other.injection in (None, best.injection)
    )


def same_event(best: Standing, other: Standing) -> bool:
    """Same as `same_words`, of what may happen again: at the same time."""
    return best.valid_from == other.valid_from and same_words(best, other)


def duplicates(memories: Iterable[Standing], alike: Alike = same_words) -> list[list[Standing]]:
    """Return the groups of live memories of one owner, scope and type that say the same, the best of each first.

    The best has a slot and a payload where another has, counts longest, was confirmed last, is surest, is oldest.
    """
    groups: list[list[Standing]] = []
    for one in sorted(memories, key=_best_first):
        for group in groups:
            if alike(group[0], one):
                group.append(one)
                break
        else:
            groups.append([one])
    return [group for group in groups if len(group) > 1]


def staying(going: Mapping[str, Sequence[str]], needs: Iterable[tuple[str, str]]) -> set[str]:
    """Return those of the memories that are to go which must stay, because something that stays needs them.

    `going` names with each memory the older versions that would go with it; each of `needs` is a memory and one that it
    needs. What stays for that reason keeps what it needs itself, and so on.
    """
    head_of = {member: head for head, members in going.items() for member in (head, *members)}
    needed: dict[str | None, set[str]] = {}
    for needing, one in needs:
        if one in head_of and head_of.get(needing) != head_of[one]:
            needed.setdefault(head_of.get(needing), set()).add(head_of[one])
    stay: set[str] = set()
    pending: list[str | None] = [None]
    while pending:
        fresh = needed.get(pending.pop(), set()) - stay
        stay |= fresh
        pending += fresh
    return stay


@dataclass(frozen=True, slots=True)
class SweepReport(Displayable):
    """What a sweep did, or with `dry_run` would do: `changes` to memories, in the order in which they happen.

    `items` are plain items whose time was over, `receipts` the old receipts of each owner; both are counted only.
    """

    changes: tuple[Change, ...] = ()
    items: int = 0
    receipts: Mapping[str, int] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many changes of each kind each owner has."""
        counts: dict[str, dict[str, int]] = {}
        for one in self.changes:
            own = counts.setdefault(one.owner_id, {})
            own[one.action] = own.get(one.action, 0) + 1
        for owner_id, number in self.receipts.items():
            counts.setdefault(owner_id, {})["receipts"] = number
        return counts

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat dict for each change; a table of them is `pandas.DataFrame(report.rows())`."""
        return [one.row() for one in self.changes]

    def tables(self) -> Sequence[Table]:
        """Return one row for each change."""
        return [Change.table(self.changes, "what a sweep would do" if self.dry_run else "swept")]


def _best_first(one: Standing) -> tuple[Any, ...]:
    verified = one.created_at if one.last_verified_at is None else one.last_verified_at
    lasts = float("inf") if one.expires_at is None else one.expires_at
    return (
        one.slot is None,
        one.payload is None,
        one.conflict_id is None,
        one.injection is None,
        -lasts,
        -verified,
        -one.confidence,
        one.created_at,
        one.id,
    )


def _day(moment: int) -> str:
    return f"{from_microseconds(moment):%Y-%m-%d}"
