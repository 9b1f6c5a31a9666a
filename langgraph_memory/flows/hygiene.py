"""Sweeps: plan for one owner after the other what is to change, and unless it is a dry run, change it part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.domain.clock import in_utc, to_microseconds
from langgraph_memory.domain.hygiene import Change, HygienePolicy, Judge, Standing, SweepReport, staying
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans import hygiene
from langgraph_memory.plans.hygiene import FIRST_ROW, FIRST_WORDS, PART, Gists, Looked, Planned, Ties

_UNSEEN = timedelta(minutes=10)
"""How long before a sweep's first look a change may have been stamped that was written after it."""
_MICROSECOND = timedelta(microseconds=1)


def sweep(
    now: datetime | None, owner_id: str | None, policy: HygienePolicy, dry_run: bool, settings: StoreSettings
) -> Effects[SweepReport]:
    """Sweep one owner or everybody, and return what changed."""
    started = settings.clock()
    moment = to_microseconds(_checked(now, started))
    owners: list[str] = [check_owner(owner_id)] if owner_id is not None else (yield hygiene.owners())
    changes: list[Change] = []
    receipts: dict[str, int] = {}
    for owner in owners:
        judge = Judge(owner, policy, settings.types, moment)
        planned = yield from _plan(judge)
        old = yield from _old_receipts(judge, settings.receipts.keep_for, dry_run)
        done = [one.change for one in planned]
        if not dry_run:
            done = yield from _carry_out(owner, planned, started)
            yield from _sign(owner, done, old, settings)
        changes += done
        receipts |= {owner: old} if old else {}
    items = yield from _items(owner_id, moment, dry_run)
    return SweepReport(tuple(changes), items, receipts, dry_run)


def _checked(now: datetime | None, clock: datetime) -> datetime:
    if now is None:
        return clock
    if not isinstance(now, datetime):
        raise InvalidInputError(f"now must be a datetime, not {type(now).__name__}.")
    try:
        return in_utc(now)
    except ValueError as error:
        raise InvalidInputError(f"now: {error}.") from None


@dataclass(slots=True)
class _Found:
    """What is to change of one owner: what is merged, what fades, and what goes, by id."""

    merged: dict[str, Planned] = field(default_factory=dict)
    faded: dict[str, Planned] = field(default_factory=dict)
    going: dict[str, Planned] = field(default_factory=dict)

    def add(self, one: Planned) -> None:
        """Take in what is to be done with a memory for its own sake, unless it is merged with another."""
        if one.seen.id not in self.merged:
            (self.going if one.change.removes else self.faded)[one.seen.id] = one

    def leaves(self, scope: str) -> int:
        """Return how many live memories of a scope lose their place."""
        leaving = (one for one in (*self.merged.values(), *self.going.values()) if one.seen.scope == scope)
        return sum(one.change.action in ("merged", "pruned") for one in leaving)

    def successor_of(self, name: str) -> str:
        """Return which memory has the place of one in the end, after all that is merged."""
        while (one := self.merged.get(name)) is not None and one.change.successor is not None:
            name = one.change.successor
        return name

    def keeps(self, one: Standing) -> bool:
        """Whether nothing takes a live memory its place so far."""
        return one.id not in self.merged and one.id not in self.going


def _plan(judge: Judge) -> Effects[list[Planned]]:
    """Return all that is to change of one owner, in the order in which it is done."""
    found = _Found()
    if judge.policy.merge:
        for_equal = yield from _pages(lambda after: hygiene.look_for_equal(judge, after), FIRST_WORDS)
        found.merged = {one.seen.id: one for one in for_equal}
    if judge.policy.merge_similar:
        yield from _similar(judge, found)
    for one in (yield from _pages(lambda after: hygiene.look_at_each(judge, after), FIRST_ROW)):
        found.add(one)
    for scope, live in (yield hygiene.crowded_scopes(judge)):
        yield from _crowded_out(judge, scope, live, found)
    return [*found.merged.values(), *found.faded.values(), *(yield from _removable(judge, found))]


def _pages(
    look: Callable[[Mapping[str, Any]], Transaction[Looked]], first: Mapping[str, Any]
) -> Effects[list[Planned]]:
    planned: list[Planned] = []
    after: Mapping[str, Any] | None = first
    while after is not None:
        page: Looked = yield look(after)
        planned += page.planned
        after = page.after
    return planned


def _similar(judge: Judge, found: _Found) -> Effects[None]:
    """Merge what says the same in other words and is not merged yet: a number tells which memories to compare."""
    first: dict[int, str] = {}
    groups: dict[int, list[str]] = {}
    after: Mapping[str, Any] | None = FIRST_ROW
    while after is not None:
        page: Gists = yield hygiene.gists(judge, after)
        for gist, name in page.found:
            if name not in found.merged and first.setdefault(gist, name) != name:
                groups.setdefault(gist, [first[gist]]).append(name)
        after = page.after
    for group in groups.values():
        planned: list[Planned] = yield hygiene.look_for_similar(judge, group)
        found.merged.update((one.seen.id, one) for one in planned)


def _crowded_out(judge: Judge, scope: str, live: int, found: _Found) -> Effects[None]:
    """Choose what goes from a scope that holds too much: what is least worth keeping, until the rest fits."""
    cap = judge.policy.cap_of(scope)
    left = 0 if cap is None else live - found.leaves(scope) - cap
    offset = 0
    while cap is not None and left > 0:
        page: list[Standing] = yield hygiene.least_worth_keeping(judge, scope, offset)
        for one in [one for one in page if found.keeps(one)][:left]:
            found.faded.pop(one.id, None)
            found.going[one.id] = Planned(judge.crowded_out(one, cap), one)
            left -= 1
        offset += len(page)
        left = left if page else 0


def _removable(judge: Judge, found: _Found) -> Effects[list[Planned]]:
    """Return what is to go and can, old versions first; what something needs that stays is left out."""
    alone = [name for name, one in found.going.items() if one.change.action == "trimmed"]
    whole: dict[str, list[str]] = {name: [] for name in found.going if name not in set(alone)}
    for name in found.merged:
        if (last := found.successor_of(name)) in whole:
            whole[last].append(name)
    ties: Ties = yield hygiene.ties(judge, alone, whole)
    stay = staying(ties.members, ties.needs)
    going = [
        replace(one, change=replace(one.change, versions=len(ties.members[name])))
        for name, one in found.going.items()
        if name not in stay
    ]
    return sorted(going, key=lambda one: (one.change.action != "trimmed", one.seen.superseded_at or 0))


def _carry_out(owner_id: str, planned: Sequence[Planned], started: datetime) -> Effects[list[Change]]:
    """Make the changes, each part in a transaction of its own, and return those that were made."""
    done: list[Change] = []
    going = {one.seen.id for one in planned if one.change.removes}
    since = to_microseconds(started - _UNSEEN)
    for kind, part in _parts(planned):
        if kind == "merged":
            done += yield hygiene.merge(owner_id, part, started)
        elif kind == "decayed":
            done += yield hygiene.decay(owner_id, part, started)
        else:
            done += yield hygiene.remove(owner_id, part, started, going, since)
    return done


def _parts(planned: Sequence[Planned]) -> Iterator[tuple[str, list[Planned]]]:
    """Yield the changes in parts of one kind."""
    part: list[Planned] = []
    for one in planned:
        if part and (len(part) == PART or part[0].change.action != one.change.action):
            yield part[0].change.action, part
            part = []
        part.append(one)
    if part:
        yield part[0].change.action, part


def _old_receipts(judge: Judge, otherwise: timedelta | None, dry_run: bool) -> Effects[int]:
    """Delete the receipts that are older than the policy allows, or `otherwise` the store; or count them."""
    keep = judge.policy.keep_receipts if judge.policy.keep_receipts is not None else otherwise
    if keep is None:
        return 0
    before = judge.now - keep // _MICROSECOND
    if dry_run:
        counted: int = yield hygiene.count_over(judge.owner_id, before)
        return counted
    return (yield from _all_of(lambda: hygiene.remove_receipts(judge.owner_id, before)))


def _items(owner_id: str | None, now: int, dry_run: bool) -> Effects[int]:
    """Delete the plain items whose time is over, or count them."""
    if dry_run:
        counted: int = yield hygiene.count_items(owner_id, now)
        return counted
    return (yield from _all_of(lambda: hygiene.remove_items(owner_id, now)))


def _all_of(part: Callable[[], Transaction[int]]) -> Effects[int]:
    """Do a part again until nothing is left, and return how much that was."""
    total = 0
    while done := (yield part()):
        total += done
    return total


def _sign(owner_id: str, done: Sequence[Change], receipts: int, settings: StoreSettings) -> Effects[None]:
    """Keep a receipt of a sweep that changed anything."""
    counts = dict(Counter(one.action for one in done)) | ({"receipts": receipts} if receipts else {})
    if counts:
        yield hygiene.keep_receipt(owner_id, settings.new_id(), counts, settings.clock())
