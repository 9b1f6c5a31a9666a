"""Removing threads and checkpoints, keeping what others need; retention, and copies."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from langgraph_memory.checkpoints.pieces import POSITION_BITS, Run, merged, unpack_runs
from langgraph_memory.checkpoints.records import CheckpointKey
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.thread import mark_of
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Reclaim
from langgraph_memory.effects.transaction import Query, Row, reads, writes, writes_repeatably
from langgraph_memory.errors import InvalidInputError

_Place = tuple[str, str]
"""A checkpoint of one thread: (namespace, id)."""

_LONGEST_RUN = 30 * 24 * 60 * 60
"""Seconds after which no run of a deleted thread is under way any more."""

_OF_A_THREAD = (
    "delete_checkpoints_of_thread",
    "delete_channels_of_thread",
    "delete_chunks_of_thread",
    "delete_writes_of_thread",
    "delete_summary_of_thread",
)


@writes_repeatably
def delete_thread(thread_id: str) -> Effects[None]:
    """Remove everything of a thread, what waits to be promoted of it too."""
    yield from _delete_thread(thread_id)


@writes_repeatably
def delete_runs(run_ids: Sequence[str]) -> Effects[None]:
    """Remove the checkpoints that the given runs made, with their values and pending writes.

    Those that a delta channel of a remaining checkpoint is replayed from stay.
    """
    by_thread: dict[str, set[_Place]] = defaultdict(set)
    for row in (yield Query("checkpoints_of_runs", {"run_ids": list(run_ids)})):
        by_thread[row["thread_id"]].add((row["checkpoint_ns"], row["checkpoint_id"]))
    for thread_id, places in by_thread.items():
        chain = yield Query("checkpoint_chain", {"thread_id": thread_id})
        kept = with_replayed(chain, [place for place in map(_place, chain) if place not in places])
        gone = [CheckpointKey(thread_id, *place) for place in sorted(places - kept)]
        if gone:
            yield from _delete_checkpoints(gone)


@writes_repeatably
def prune_thread(thread_id: str, keep: int) -> Effects[None]:
    """Remove all but the newest `keep` checkpoints of each namespace and what those depend on; 0 removes everything."""
    if keep == 0:
        yield from _delete_thread(thread_id)
        return
    chain = yield Query("checkpoint_chain", {"thread_id": thread_id})
    kept = needed(chain, keep)
    gone = [place for place in map(_place, chain) if place not in kept]
    yield from _delete_checkpoints([CheckpointKey(thread_id, *place) for place in gone])


@reads
def threads_idle_since(moment: datetime, limit: int) -> Effects[list[str]]:
    """Return threads that were last written before `moment`, longest ago first."""
    rows = yield Query("threads_idle_since", {"moment": to_microseconds(moment), "limit": limit})
    return [row["thread_id"] for row in rows]


@writes
def delete_idle_thread(thread_id: str, moment: datetime) -> Effects[bool]:
    """Remove everything of a thread unless it was written since `moment`; return whether it was removed."""
    rows = yield Query("thread", {"thread_id": thread_id})
    if not rows or rows[0]["updated_at"] >= to_microseconds(moment):
        return False
    yield from _delete_thread(thread_id)
    return True


@reads
def threads_longer_than(checkpoints: int) -> Effects[list[str]]:
    """Return the threads that hold more than so many checkpoints in one namespace."""
    rows = yield Query("threads_longer_than", {"checkpoints": checkpoints})
    return [row["thread_id"] for row in rows]


def needed(chain: Iterable[Row], keep: int) -> set[_Place]:
    """Return each namespace's newest checkpoints, given newest first, and the ancestors they are replayed from."""
    rows = list(chain)
    newest: dict[str, list[_Place]] = defaultdict(list)
    for row in rows:
        newest[row["checkpoint_ns"]].append(_place(row))
    return with_replayed(rows, [place for found in newest.values() for place in found[:keep]])


def with_replayed(chain: Iterable[Row], places: Iterable[_Place]) -> set[_Place]:
    """Return some checkpoints and the ancestors that their values are built from.

    A delta channel without a stored value is replayed from the pending writes of the ancestors, back to the nearest
    one that stores a value.
    """
    rows = {_place(row): row for row in chain}
    kept: set[_Place] = set()
    for place in places:
        kept.add(place)
        kept.update(_replayed_from(rows, *place))
    return kept


def _place(row: Row) -> _Place:
    return row["checkpoint_ns"], row["checkpoint_id"]


def _replayed_from(rows: dict[_Place, Row], namespace: str, checkpoint_id: str) -> Iterable[_Place]:
    row = rows[namespace, checkpoint_id]
    missing = set(json.loads(row["replayed_channels"] or "[]")) - set(json.loads(row["stored_channels"]))
    passed: list[_Place] = []
    count = 0
    left = dict(rows)  # each is passed once, also where parents go round in a circle
    while missing and (parent := left.pop((namespace, row["parent_checkpoint_id"]), None)) is not None:
        row = parent
        passed.append(_place(row))
        stored = missing & set(json.loads(row["stored_channels"]))
        if stored or missing & set(json.loads(row["written_channels"])):
            count = len(passed)
        missing -= stored
    return passed[:count]


def unused(chunks: Sequence[Run], runs: Iterable[Run]) -> list[int]:
    """Return the addresses of the stored chunks that no run touches.

    The last chunk of a list that is still used stays, so that no address is ever given twice.
    """
    used = merged(runs)
    starts = [stretch.first for stretch in used]
    lists = {stretch.first >> POSITION_BITS for stretch in used}
    last = {chunk.first >> POSITION_BITS: chunk.first for chunk in sorted(chunks)}
    found = []
    for chunk in chunks:
        before = bisect_right(starts, chunk.end - 1) - 1
        touched = before >= 0 and used[before].end > chunk.first
        list_id = chunk.first >> POSITION_BITS
        if not touched and not (list_id in lists and last[list_id] == chunk.first):
            found.append(chunk.first)
    return found


def delete_state(thread_id: str) -> Effects[None]:
    """Remove the checkpoints of a thread and all that belongs to them, as a part of another operation."""
    for name in _OF_A_THREAD:
        yield Query(name, {"thread_id": thread_id})


@writes_repeatably
def forget_deleted_threads() -> Effects[None]:
    """Remove the marks of threads that were deleted long ago."""
    yield Query("forget_deleted_threads", {"seconds": _LONGEST_RUN})


def _delete_thread(thread_id: str) -> Effects[None]:
    if (yield Query("thread", {"thread_id": thread_id})):
        yield from _mark(thread_id)
    yield from delete_state(thread_id)
    yield from _unqueue(thread_id)


def _unqueue(thread_id: str) -> Effects[None]:
    """Take all of a thread off the queue, of whichever owner, as a part of another transaction.

    Who is reading it has lost the lease, so that nothing of it is stored any more.
    """
    found = yield Query("jobs_of_thread", {"thread_id": thread_id})
    if jobs := [{name: row[name] for name in ("partition", "thread_id", "extractor")} for row in found]:
        yield Query("delete_messages_of_job", rows=jobs)
        yield Query("delete_job", rows=jobs)


def _mark(thread_id: str) -> Effects[None]:
    yield Query("mark_deleted_thread", {"thread_id": thread_id, "mark": mark_of(thread_id)})


def _delete_checkpoints(keys: Sequence[CheckpointKey]) -> Effects[None]:
    rows = [key.columns() for key in keys]
    yield Query("delete_checkpoint", rows=rows)
    yield Query("delete_writes_of_checkpoint", rows=rows)
    for thread_id in dict.fromkeys(key.thread_id for key in keys):
        yield from _delete_unused(thread_id)


def _delete_unused(thread_id: str) -> Effects[None]:
    key = {"thread_id": thread_id}
    yield Query("delete_unused_channels", key)
    versions = yield Query("runs_of_thread", key)
    runs = [run for row in versions for run in unpack_runs(row["value"])]
    chunks = [Run(row["address"], row["count"]) for row in (yield Query("chunks_of_thread", key))]
    gone = unused(chunks, runs)
    if gone:
        yield Query("delete_chunk", key, [{"address": address} for address in gone])
    if (yield Query("delete_thread_if_empty", key)):
        yield from _mark(thread_id)
        yield from _unqueue(thread_id)


_BATCH = 100


class Swept(NamedTuple):
    """How many threads a sweep deleted, and how many it shortened."""

    deleted: int
    shortened: int


def remove_thread(thread_id: str) -> Effects[None]:
    """Remove everything of a thread, and give its space back."""
    yield delete_thread(thread_id)
    yield Reclaim()


def remove_runs(run_ids: Sequence[str]) -> Effects[None]:
    """Remove the checkpoints that the given runs made, and give their space back."""
    yield delete_runs(run_ids)
    yield Reclaim()


def prune_threads(thread_ids: Sequence[str], keep: int) -> Effects[None]:
    """Keep the newest `keep` checkpoints of each namespace of the threads, each thread in a transaction of its own."""
    for thread_id in thread_ids:
        yield prune_thread(thread_id, keep)
    yield Reclaim()


def sweep(now: datetime, max_age: timedelta | None, max_checkpoints: int | None) -> Effects[Swept]:
    """Delete the threads that were last written longer ago than `max_age`, and shorten those that are too long."""
    deleted = shortened = 0
    if max_age is not None:
        deleted = yield from _delete_idle(now - max_age)
    if max_checkpoints is not None:
        for thread_id in (yield threads_longer_than(max_checkpoints)):
            yield prune_thread(thread_id, max_checkpoints)
            shortened += 1
    yield forget_deleted_threads()
    yield Reclaim()
    return Swept(deleted, shortened)


def _delete_idle(moment: datetime) -> Effects[int]:
    deleted = 0
    while thread_ids := (yield threads_idle_since(moment, _BATCH)):
        for thread_id in thread_ids:
            deleted += yield delete_idle_thread(thread_id, moment)
    return deleted


@writes
def copy_thread(source: str, target: str) -> Effects[None]:
    """Copy every checkpoint, value and pending write of a thread to one that does not exist yet.

    Nothing is shared between the two; what was read of the one counts as read in the other. Raises InvalidInputError
    when the target holds checkpoints.
    """
    if (yield Query("thread", {"thread_id": target})):
        raise InvalidInputError(f"thread {target!r} holds checkpoints already; copy to a thread id that is not in use.")
    yield Query("number_thread", {"thread_id": target})
    for name in (
        "copy_checkpoints",
        "copy_channels",
        "copy_chunks",
        "copy_writes",
        "copy_summary",
        "copy_thread_owners",
        "copy_authors",
    ):
        yield Query(name, {"thread_id": target, "source_thread_id": source})
    for row in (yield Query("owners_of_thread", {"thread_id": source})):
        place = {"partition": owner_partition(row["owner_id"])}
        yield Query("copy_ledger", {**place, "thread_id": target, "source_thread_id": source})
