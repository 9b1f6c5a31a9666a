"""A sweep over one owner: looks page by page at what there is, then carries out what was decided, part by part."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.hygiene import Change, Judge, Standing
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import ROOT, decode_label, owner_partition, split_labels
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, reads_settled, writes
from langgraph_memory.operations.forget import forget_versions, retire
from langgraph_memory.operations.rows import Origin, put_receipt, record

PAGE = 500
"""Rows that are read at once."""
PART = 100
"""Changes that are made in one transaction, so that other writers get in between."""
SWEEP = Origin(actor="sweep")


@dataclass(frozen=True, slots=True)
class Planned:
    """A change that was decided, and the memory as it was seen then."""

    change: Change
    seen: Standing


@dataclass(frozen=True, slots=True)
class Looked:
    """What one page holds that is to change, and where the next page begins; None when there is none."""

    planned: Sequence[Planned]
    after: Mapping[str, Any] | None


@reads
def owners() -> Effects[list[str]]:
    """Return everybody of whom anything is kept."""
    rows = yield Query("partitions", {"partition": None})
    labels = (split_labels(row["partition"]) for row in rows)
    return [decode_label(one[1]) for one in labels if one[0] == ROOT and len(one) == 2]


@reads
def look_for_equal(judge: Judge, after: Mapping[str, Any]) -> Effects[Looked]:
    """Return what becomes of a page of memories that say the same."""
    partition = owner_partition(judge.owner_id)
    words = yield Query("equal_words", {"partition": partition, "limit": PAGE, **after})
    planned: list[Planned] = []
    for one in words:
        place = {name: one[name] for name in FIRST_WORDS}
        rows = yield Query("live_with_words", {"partition": partition, **place, "now": judge.now})
        seen = {row["id"]: Standing.from_row(row) for row in rows}
        if len(seen) > 1:
            planned += [Planned(change, seen[change.memory_id]) for change in judge.merge(list(seen.values()))]
    return Looked(planned, {name: words[-1][name] for name in FIRST_WORDS} if len(words) == PAGE else None)


FIRST_WORDS: Mapping[str, Any] = {"scope": "", "memory_type": "", "fingerprint": ""}
"""Where the first page of equal words begins."""
FIRST_ROW: Mapping[str, Any] = {"after": -1}
"""Where the first page of an owner's rows begins."""


@reads
def look_at_each(judge: Judge, after: Mapping[str, Any]) -> Effects[Looked]:
    """Return what is to be done with each memory of a page for its own sake."""
    rows = yield Query("export_rows", {"partition": owner_partition(judge.owner_id), "limit": PAGE, **after})
    found = [Standing.from_row(row) for row in rows if row["memory_type"] is not None]
    judged = [(judge.judge(one), one) for one in found]
    planned = [Planned(change, one) for change, one in judged if change is not None]
    return Looked(planned, {"after": rows[-1]["memory_no"]} if len(rows) == PAGE else None)


@dataclass(frozen=True, slots=True)
class Gists:
    """The gists of a page of live memories, each with its memory's id, and where the next page begins."""

    found: Sequence[tuple[int, str]]
    after: Mapping[str, Any] | None


@reads
def gists(judge: Judge, after: Mapping[str, Any]) -> Effects[Gists]:
    """Return what tells which memories of a page may say the same as others."""
    rows = yield Query("export_rows", {"partition": owner_partition(judge.owner_id), "limit": PAGE, **after})
    memories = [Standing.from_row(row) for row in rows if row["memory_type"] is not None]
    found = [(gist, one.id) for one in memories if (gist := judge.gist(one)) is not None]
    return Gists(found, {"after": rows[-1]["memory_no"]} if len(rows) == PAGE else None)


@reads
def look_for_similar(judge: Judge, ids: Sequence[str]) -> Effects[list[Planned]]:
    """Return what becomes of memories of one gist."""
    partition, seen = owner_partition(judge.owner_id), dict[str, Standing]()
    for one in ids:
        rows = yield Query("memory", {"partition": partition, "id": one})
        seen.update((row["id"], Standing.from_row(row)) for row in rows if row["superseded_at"] is None)
    return [Planned(change, seen[change.memory_id]) for change in judge.merge_similar(list(seen.values()))]


@reads
def crowded_scopes(judge: Judge) -> Effects[list[tuple[str, int]]]:
    """Return the scopes that may hold more live memories than allowed, and how many they hold."""
    if judge.policy.least_cap is None:
        return []
    params = {"partition": owner_partition(judge.owner_id), "now": judge.now, "cap": judge.policy.least_cap}
    rows = yield Query("crowded_scopes", params)
    return [(row["scope"], row["live"]) for row in rows]


@reads
def least_worth_keeping(judge: Judge, scope: str, offset: int) -> Effects[list[Standing]]:
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


@dataclass(frozen=True, slots=True)
class Ties:
    """The older versions that would go with each of some memories, and who needs which of them all."""

    members: Mapping[str, Sequence[str]]
    needs: Sequence[tuple[str, str]]


@reads
def ties(judge: Judge, alone: Sequence[str], whole: Mapping[str, Sequence[str]]) -> Effects[Ties]:
    """Return what ties the memories that are to go to others.

    Each of `alone` goes without its older versions, each of `whole` with them and with those that are merged with it.
    An older version needs the one that took its place, so that no history has a hole; a memory needs those that its
    payload names by id, and while both are live, those that contradict it.
    """
    partition = owner_partition(judge.owner_id)
    members: dict[str, list[str]] = {one: [] for one in alone} | {one: list(own) for one, own in whole.items()}
    head_of = {one: head for head, own in whole.items() for one in (head, *own)}
    needs: list[tuple[str, str]] = []
    level: list[str] = [*alone, *head_of]
    while level:
        rows = yield Query("predecessors_of_all", {"partition": partition, "ids": level})
        needs += [(row["id"], row["superseded_by"]) for row in rows]
        level = []
        for row in rows:
            head = head_of.get(row["superseded_by"])
            if head is not None and row["id"] not in members and row["id"] not in head_of:
                head_of[row["id"]] = head
                members[head].append(row["id"])
                level.append(row["id"])
    rows = yield Query("conflicts_of_all", {"partition": partition, "ids": list(whole), "now": judge.now})
    needs += [(row["other"], row["id"]) for row in rows]
    ids = [*members, *(one for own in members.values() for one in own)]
    return Ties(members, needs + (yield from _citations(partition, ids, since=0)))


@writes
def merge(owner_id: str, part: Sequence[Planned], now: datetime) -> Effects[list[Change]]:
    """Let the best of equal memories take the place of others, unless one of them changed meanwhile."""
    partition, done = owner_partition(owner_id), list[Change]()
    for change, seen in ((one.change, one.seen) for one in part):
        other = yield from _as_seen(partition, seen)
        best = yield Query("memory", {"partition": partition, "id": change.successor})
        if other is None or not best or best[0]["superseded_at"] is not None:
            continue
        yield from retire([other], Memory.remains(best[0]), change.reason, SWEEP, now)
        done.append(change)
    return done


@writes
def decay(owner_id: str, part: Sequence[Planned], now: datetime) -> Effects[list[Change]]:
    """Write the confidence that is left of some memories, unless they changed meanwhile."""
    partition, done = owner_partition(owner_id), list[Change]()
    for change, seen in ((one.change, one.seen) for one in part):
        params = {"partition": partition, "id": seen.id, "confidence": float(change.after), "now": to_microseconds(now)}
        known = {"known": seen.confidence, "known_at": seen.last_verified_at or 0}
        for row in (yield Query("decay_memory", {**params, **known})):
            reason = f"{change.before} to {change.after}: {change.reason}"
            yield from record(Memory.remains(row), change.action, reason, SWEEP, now)
            done.append(change)
    return done


@writes
def remove(
    owner_id: str, part: Sequence[Planned], now: datetime, going: Collection[str], since: int
) -> Effects[list[Change]]:
    """Delete some memories with their older versions, unless one changed meanwhile or something came to need it.

    `going` are all that go, in this part or another; `since` is when the sweep began to look.
    """
    partition, done = owner_partition(owner_id), list[Change]()
    ids = [one.seen.id for one in part]
    needed = {target for citing, target in (yield from _citations(partition, ids, since)) if citing not in going}
    for change, seen in ((one.change, one.seen) for one in part):
        memory = None if seen.id in needed else (yield from _as_seen(partition, seen))
        if memory is None or (change.action == "trimmed" and (yield from _has_predecessors(partition, seen.id))):
            continue
        yield from forget_versions(memory, now, change.reason, change.action, SWEEP)
        done.append(change)
    return done


@reads_settled
def count_over(owner_id: str, before: int) -> Effects[int]:
    """Return how many receipts of an owner are older than a moment."""
    (row,) = yield Query("count_old_receipts", {"partition": owner_partition(owner_id), "before": before})
    return int(row["receipts"])


@writes
def remove_receipts(owner_id: str, before: int) -> Effects[int]:
    """Delete some receipts of an owner that are older than a moment, and return how many."""
    params = {"partition": owner_partition(owner_id), "before": before, "limit": PAGE}
    return len((yield Query("delete_old_receipts", params)))


@reads
def count_items(owner_id: str | None, now: int) -> Effects[int]:
    """Return how many plain items are over, of one owner or of all."""
    (row,) = yield Query("count_expired_plain_items", {"partition": _partition(owner_id), "now": now})
    return int(row["items"])


@writes
def remove_items(owner_id: str | None, now: int) -> Effects[int]:
    """Delete some plain items that are over, of one owner or of all, and return how many."""
    params = {"partition": _partition(owner_id), "now": now, "limit": PAGE}
    rows = yield Query("expired_plain_items", params)
    places = [{"partition": row["partition"], "memory_no": row["memory_no"]} for row in rows]
    yield Query("delete_expired_item", {"now": now}, places)
    return len(rows)


@writes
def keep_receipt(owner_id: str, receipt_id: str, counts: Mapping[str, int], now: datetime) -> Effects[None]:
    """Store the receipt of a sweep: how many memories it changed in which way."""
    yield from put_receipt(owner_id, receipt_id, "sweep", counts, SWEEP, now)


def _partition(owner_id: str | None) -> str | None:
    return None if owner_id is None else owner_partition(owner_id)


def _citations(partition: str, ids: Sequence[str], since: int) -> Effects[list[tuple[str, str]]]:
    """Return which memories that changed since a moment name some ids in their payload."""
    if not ids:
        return []
    texts = [json.dumps(one) for one in ids]
    rows = yield Query("citations", {"partition": partition, "ids": ids, "texts": texts, "since": since})
    return [(row["citing"], row["cited"]) for row in rows]


def _as_seen(partition: str, seen: Standing) -> Effects[Memory | None]:
    """Return a memory unless it changed since it was seen."""
    rows: Iterable[Row] = yield Query("memory", {"partition": partition, "id": seen.id})
    same = (row for row in rows if not seen.changed(Standing.from_row(row)))
    return next((Memory.remains(row) for row in same), None)


def _has_predecessors(partition: str, memory_id: str) -> Effects[bool]:
    return bool((yield Query("predecessors", {"partition": partition, "id": memory_id})))
