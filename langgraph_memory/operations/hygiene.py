"""Sweeps: look page by page at what an owner has, decide what is to change, and unless it is a dry run change it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from langgraph_memory.domain.clock import in_utc, to_microseconds
from langgraph_memory.domain.hygiene import Change, HygienePolicy, Judge, Planned, Standing, SweepPlan, SweepReport
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import ROOT, check_owner, decode_label, owner_partition, split_labels
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, Transaction, reads, reads_settled, writes
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.forget import forget_versions, retire
from langgraph_memory.operations.rows import Origin, put_receipt, record
from langgraph_memory.operations.settings import StoreSettings

PAGE = 500
"""Rows that are read at once."""
PART = 100
"""Changes that are made in one transaction, so that other writers get in between."""
SWEEP = Origin(actor="sweep")

_UNSEEN = timedelta(minutes=10)
"""How long before a sweep's first look a change may have been stamped that was written after it."""
_MICROSECOND = timedelta(microseconds=1)
_Cursor = Mapping[str, Any]
_FIRST_WORDS: _Cursor = {"scope": "", "memory_type": "", "fingerprint": ""}
_FIRST_ROW: _Cursor = {"after": -1}


class _Page(NamedTuple):
    """What one page holds, and where the next one begins; None when there is none."""

    found: Sequence[Any]
    after: _Cursor | None


def sweep(
    now: datetime | None, owner_id: str | None, policy: HygienePolicy, dry_run: bool, settings: StoreSettings
) -> Effects[SweepReport]:
    """Sweep one owner or everybody, and return what changed."""
    started = settings.clock()
    moment = to_microseconds(_checked(now, started))
    owners: list[str] = [check_owner(owner_id)] if owner_id is not None else (yield _owners())
    changes: list[Change] = []
    receipts: dict[str, int] = {}
    for owner in owners:
        judge = Judge(owner, policy, settings.types, moment)
        plan = yield from _plan(judge)
        old = yield from _old_receipts(judge, settings.receipts.keep_for, dry_run)
        done = [one.change for one in plan]
        if not dry_run:
            done = yield from _carry_out(owner, plan, started)
            yield from _sign(owner, done, old, settings)
        changes += done
        receipts |= {owner: old} if old else {}
    items = yield from _expired_items(owner_id, moment, dry_run)
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


@reads
def _owners() -> Effects[list[str]]:
    """Return everybody of whom anything is kept."""
    rows = yield Query("partitions", {"partition": None})
    labels = (split_labels(row["partition"]) for row in rows)
    return [decode_label(one[1]) for one in labels if one[0] == ROOT and len(one) == 2]


# Looking and deciding


def _plan(judge: Judge) -> Effects[list[Planned]]:
    """Return all that is to change of one owner, in the order in which it is done."""
    plan = SweepPlan()
    if judge.policy.merge:
        plan.merge((yield from _all_pages(lambda after: _equal(judge, after), _FIRST_WORDS)))
    if judge.policy.merge_similar:
        yield from _plan_similar(judge, plan)
    yield from _each_page(judge, lambda page: plan.judge(judge, page))
    for scope, live in (yield _crowded_scopes(judge)):
        yield from _plan_crowded(judge, scope, live, plan)
    alone, whole = plan.removals()
    return plan.in_order(*(yield _ties(judge, alone, whole)))


def _all_pages(read: Callable[[_Cursor], Transaction[_Page]], first: _Cursor) -> Effects[list[Any]]:
    found: list[Any] = []
    after: _Cursor | None = first
    while after is not None:
        page: _Page = yield read(after)
        found += page.found
        after = page.after
    return found


def _each_page(judge: Judge, take: Callable[[Sequence[Standing]], None]) -> Effects[None]:
    """Hand each page of an owner's memories over, so that no more than one of them is held."""
    after: _Cursor | None = _FIRST_ROW
    while after is not None:
        page: _Page = yield _memories(judge.owner_id, after)
        take(page.found)
        after = page.after


@reads
def _memories(owner_id: str, after: _Cursor) -> Effects[_Page]:
    """Return a page of an owner's memories, of every version."""
    rows = yield Query("export_rows", {"partition": owner_partition(owner_id), "limit": PAGE, **after})
    found = [Standing.from_row(row) for row in rows if row["memory_type"] is not None]
    return _Page(found, {"after": rows[-1]["memory_no"]} if len(rows) == PAGE else None)


@reads
def _equal(judge: Judge, after: _Cursor) -> Effects[_Page]:
    """Return what becomes of a page of memories that say the same."""
    partition = owner_partition(judge.owner_id)
    words = yield Query("equal_words", {"partition": partition, "limit": PAGE, **after})
    planned: list[Planned] = []
    for one in words:
        place = {name: one[name] for name in _FIRST_WORDS}
        rows = yield Query("live_with_words", {"partition": partition, **place, "now": judge.now})
        seen = {row["id"]: Standing.from_row(row) for row in rows}
        if len(seen) > 1:
            planned += [Planned(change, seen[change.memory_id]) for change in judge.merge(list(seen.values()))]
    return _Page(planned, {name: words[-1][name] for name in _FIRST_WORDS} if len(words) == PAGE else None)


def _plan_similar(judge: Judge, plan: SweepPlan) -> Effects[None]:
    """Merge what says the same in other words and is not merged yet: a number tells which memories to compare."""
    by_gist: dict[int, list[str]] = {}

    def take(page: Sequence[Standing]) -> None:
        for one in page:
            if one.id not in plan.merged and (gist := judge.gist(one)) is not None:
                by_gist.setdefault(gist, []).append(one.id)

    yield from _each_page(judge, take)
    for ids in by_gist.values():
        if len(ids) > 1:
            plan.merge((yield _similar(judge, ids)))


@reads
def _similar(judge: Judge, ids: Sequence[str]) -> Effects[list[Planned]]:
    """Return what becomes of memories of one gist."""
    partition, seen = owner_partition(judge.owner_id), dict[str, Standing]()
    for one in ids:
        rows = yield Query("memory", {"partition": partition, "id": one})
        seen.update((row["id"], Standing.from_row(row)) for row in rows if row["superseded_at"] is None)
    return [Planned(change, seen[change.memory_id]) for change in judge.merge_similar(list(seen.values()))]


@reads
def _crowded_scopes(judge: Judge) -> Effects[list[tuple[str, int]]]:
    """Return the scopes that may hold more live memories than allowed, and how many they hold."""
    if judge.policy.least_cap is None:
        return []
    params = {"partition": owner_partition(judge.owner_id), "now": judge.now, "cap": judge.policy.least_cap}
    rows = yield Query("crowded_scopes", params)
    return [(row["scope"], row["live"]) for row in rows]


def _plan_crowded(judge: Judge, scope: str, live: int, plan: SweepPlan) -> Effects[None]:
    """Choose what goes from a scope that holds too much: what is least worth keeping, until the rest fits."""
    cap = judge.policy.cap_of(scope)
    left = 0 if cap is None else live - plan.leaves(scope) - cap
    offset = 0
    while cap is not None and left > 0:
        page: list[Standing] = yield _least_worth_keeping(judge, scope, offset)
        chosen = [one for one in page if plan.keeps(one)][:left]
        for one in chosen:
            plan.crowd_out(Planned(judge.crowded_out(one, cap), one))
        offset += len(page)
        left = left - len(chosen) if page else 0


@reads
def _least_worth_keeping(judge: Judge, scope: str, offset: int) -> Effects[list[Standing]]:
    """Return a page of the live memories of a scope, the first to go first."""
    params = {
        "partition": owner_partition(judge.owner_id),
        "scope": scope,
        "always": judge.always,
        "recent": judge.recent_since,
        "now": judge.now,
        "limit": PAGE,
        "offset": offset,
    }
    rows = yield Query("least_worth_keeping", params)
    return [Standing.from_row(row) for row in rows]


class _Ties(NamedTuple):
    """The older versions that would go with each of some memories, and who needs which of them all."""

    members: dict[str, list[str]]
    needs: list[tuple[str, str]]


@reads
def _ties(judge: Judge, alone: Sequence[str], whole: Mapping[str, Sequence[str]]) -> Effects[_Ties]:
    """Return what ties the memories that are to go to others.

    Each of `alone` goes without its older versions, each of `whole` with them and with those that are merged with it.
    An older version needs the one that took its place, so that no history has a hole; a memory needs those that its
    payload names by id, and while both are live, those that contradict it.
    """
    partition = owner_partition(judge.owner_id)
    members: dict[str, list[str]] = {one: [] for one in alone} | {one: list(own) for one, own in whole.items()}
    head_of = {one: head for head, own in whole.items() for one in (head, *own)}
    needs = yield from _add_older_versions(partition, members, head_of)
    rows = yield Query("conflicts_of_all", {"partition": partition, "ids": list(whole), "now": judge.now})
    needs += [(row["other"], row["id"]) for row in rows]
    ids = [*members, *(one for own in members.values() for one in own)]
    return _Ties(members, needs + (yield from _citations(partition, ids, since=0)))


def _add_older_versions(
    partition: str, members: dict[str, list[str]], head_of: dict[str, str]
) -> Effects[list[tuple[str, str]]]:
    """Add to each head the older versions that go with it, and return which of them all took whose place."""
    needs: list[tuple[str, str]] = []
    level: list[str] = list(dict.fromkeys((*members, *head_of)))
    while level:
        rows = yield Query("predecessors_of_all", {"partition": partition, "ids": level})
        needs += [(row["id"], row["superseded_by"]) for row in rows]
        older = {row["id"]: head_of[row["superseded_by"]] for row in rows if row["superseded_by"] in head_of}
        level = [one for one in older if one not in members and one not in head_of]
        for one in level:
            head_of[one] = older[one]
            members[older[one]].append(one)
    return needs


def _citations(partition: str, ids: Sequence[str], since: int) -> Effects[list[tuple[str, str]]]:
    """Return which memories that changed since a moment name some ids in their payload."""
    if not ids:
        return []
    texts = [json.dumps(one) for one in ids]
    rows = yield Query("citations", {"partition": partition, "ids": ids, "texts": texts, "since": since})
    return [(row["citing"], row["cited"]) for row in rows]


# Changing


def _carry_out(owner_id: str, planned: Sequence[Planned], started: datetime) -> Effects[list[Change]]:
    """Make the changes, each part in a transaction of its own, and return those that were made."""
    done: list[Change] = []
    going = {one.seen.id for one in planned if one.change.removes}
    since = to_microseconds(started - _UNSEEN)
    for kind, part in _parts(planned):
        if kind == "merged":
            done += yield _merge(owner_id, part, started)
        elif kind == "decayed":
            done += yield _decay(owner_id, part, started)
        else:
            done += yield _remove(owner_id, part, started, going, since)
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


@writes
def _merge(owner_id: str, part: Sequence[Planned], now: datetime) -> Effects[list[Change]]:
    """Let the best of equal memories take the place of others, unless one of them changed meanwhile."""
    partition, done = owner_partition(owner_id), list[Change]()
    for change, seen in part:
        other = yield from _as_seen(partition, seen)
        best = yield Query("memory", {"partition": partition, "id": change.successor})
        if other is None or not best or best[0]["superseded_at"] is not None:
            continue
        yield from retire([other], Memory.remains(best[0]), change.reason, SWEEP, now)
        done.append(change)
    return done


@writes
def _decay(owner_id: str, part: Sequence[Planned], now: datetime) -> Effects[list[Change]]:
    """Write the confidence that is left of some memories, unless they changed meanwhile."""
    partition, done = owner_partition(owner_id), list[Change]()
    for change, seen in part:
        params = {"partition": partition, "id": seen.id, "confidence": float(change.after), "now": to_microseconds(now)}
        known = {"known": seen.confidence, "known_at": seen.last_verified_at or 0}
        for row in (yield Query("decay_memory", {**params, **known})):
            reason = f"{change.before} to {change.after}: {change.reason}"
            yield from record(Memory.remains(row), change.action, reason, SWEEP, now)
            done.append(change)
    return done


@writes
def _remove(
    owner_id: str, part: Sequence[Planned], now: datetime, going: Collection[str], since: int
) -> Effects[list[Change]]:
    """Delete some memories with their older versions, unless one changed meanwhile or something came to need it.

    `going` are all that go, in this part or another; `since` is when the sweep began to look.
    """
    partition, done = owner_partition(owner_id), list[Change]()
    ids = [one.seen.id for one in part]
    needed = {target for citing, target in (yield from _citations(partition, ids, since)) if citing not in going}
    for change, seen in part:
        memory = None if seen.id in needed else (yield from _as_seen(partition, seen))
        if memory is None or (change.action == "trimmed" and (yield from _has_predecessors(partition, seen.id))):
            continue
        yield from forget_versions(memory, now, change.reason, change.action, SWEEP)
        done.append(change)
    return done


def _as_seen(partition: str, seen: Standing) -> Effects[Memory | None]:
    """Return a memory unless it changed since it was seen."""
    rows: Iterable[Row] = yield Query("memory", {"partition": partition, "id": seen.id})
    same = (row for row in rows if not seen.changed(Standing.from_row(row)))
    return next((Memory.remains(row) for row in same), None)


def _has_predecessors(partition: str, memory_id: str) -> Effects[bool]:
    return bool((yield Query("predecessors", {"partition": partition, "id": memory_id})))


# Receipts and plain items


def _old_receipts(judge: Judge, otherwise: timedelta | None, dry_run: bool) -> Effects[int]:
    """Delete the receipts that are older than the policy allows, or `otherwise` the store; or count them."""
    keep = judge.policy.keep_receipts if judge.policy.keep_receipts is not None else otherwise
    if keep is None:
        return 0
    bounds = {"partition": owner_partition(judge.owner_id), "before": judge.now - keep // _MICROSECOND}
    if dry_run:
        counted: int = yield _count_receipts(bounds)
        return counted
    return (yield from _all_of(lambda: _remove_receipts(bounds)))


@reads_settled
def _count_receipts(bounds: Mapping[str, Any]) -> Effects[int]:
    (row,) = yield Query("count_old_receipts", bounds)
    return int(row["receipts"])


@writes
def _remove_receipts(bounds: Mapping[str, Any]) -> Effects[int]:
    return len((yield Query("delete_old_receipts", {**bounds, "limit": PAGE})))


def _expired_items(owner_id: str | None, now: int, dry_run: bool) -> Effects[int]:
    """Delete the plain items whose time is over, of one owner or of all, or count them."""
    bounds = {"partition": None if owner_id is None else owner_partition(owner_id), "now": now}
    if dry_run:
        counted: int = yield _count_items(bounds)
        return counted
    return (yield from _all_of(lambda: _remove_items(bounds)))


@reads
def _count_items(bounds: Mapping[str, Any]) -> Effects[int]:
    (row,) = yield Query("count_expired_plain_items", bounds)
    return int(row["items"])


@writes
def _remove_items(bounds: Mapping[str, Any]) -> Effects[int]:
    rows = yield Query("expired_plain_items", {**bounds, "limit": PAGE})
    places = [{"partition": row["partition"], "memory_no": row["memory_no"]} for row in rows]
    yield Query("delete_expired_item", {"now": bounds["now"]}, places)
    return len(rows)


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
        yield _keep_receipt(owner_id, settings.new_id(), counts, settings.clock())


@writes
def _keep_receipt(owner_id: str, receipt_id: str, counts: Mapping[str, int], now: datetime) -> Effects[None]:
    yield from put_receipt(owner_id, receipt_id, "sweep", counts, SWEEP, now)
