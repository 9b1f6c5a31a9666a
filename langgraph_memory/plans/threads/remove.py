"""Removing threads and checkpoints, and whatever no checkpoint needs any more."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.pieces import POSITION_BITS, Run, merged, unpack_runs
from langgraph_memory.engine.query import Plan, Query, Row, reads, writes, writes_repeatably
from langgraph_memory.plans.jobs import unqueue_thread
from langgraph_memory.plans.threads.records import CheckpointKey, key_of

_Place = tuple[str, str]
"""A checkpoint of one thread: (namespace, id)."""

_OF_A_THREAD = (
    "delete_checkpoints_of_thread",
    "delete_channels_of_thread",
    "delete_chunks_of_thread",
    "delete_writes_of_thread",
    "delete_summary_of_thread",
)


@writes_repeatably
def delete_thread(thread_id: str) -> Plan[None]:
    """Remove everything of a thread, what waits to be promoted of it too."""
    yield from _delete_thread(thread_id)


@writes_repeatably
def delete_runs(run_ids: Sequence[str]) -> Plan[None]:
    """Remove the checkpoints that the given runs made, with their values and pending writes."""
    rows = yield Query("checkpoints_of_runs", {"run_ids": list(run_ids)})
    yield from _delete_checkpoints([key_of(row) for row in rows])


@writes_repeatably
def prune_thread(thread_id: str, keep: int) -> Plan[None]:
    """Remove all but the newest `keep` checkpoints of each namespace and what those depend on; 0 removes everything."""
    if keep == 0:
        yield from _delete_thread(thread_id)
        return
    chain = yield Query("checkpoint_chain", {"thread_id": thread_id})
    kept = needed(chain, keep)
    gone = [row for row in chain if (row["checkpoint_ns"], row["checkpoint_id"]) not in kept]
    yield from _delete_checkpoints(
        [CheckpointKey(thread_id, row["checkpoint_ns"], row["checkpoint_id"]) for row in gone]
    )


@reads
def threads_idle_since(moment: datetime, limit: int) -> Plan[list[str]]:
    """Return threads that were last written before `moment`, longest ago first."""
    rows = yield Query("threads_idle_since", {"moment": to_microseconds(moment), "limit": limit})
    return [row["thread_id"] for row in rows]


@writes
def delete_idle_thread(thread_id: str, moment: datetime) -> Plan[bool]:
    """Remove everything of a thread unless it was written since `moment`; return whether it was removed."""
    rows = yield Query("thread", {"thread_id": thread_id})
    if not rows or rows[0]["updated_at"] >= to_microseconds(moment):
        return False
    yield from _delete_thread(thread_id)
    return True


@reads
def threads_longer_than(checkpoints: int) -> Plan[list[str]]:
    """Return the threads that hold more than so many checkpoints in one namespace."""
    rows = yield Query("threads_longer_than", {"checkpoints": checkpoints})
    return [row["thread_id"] for row in rows]


def needed(chain: Iterable[Row], keep: int) -> set[_Place]:
    """Return each namespace's newest checkpoints and the ancestors that their values are built from.

    A delta channel without a stored value is replayed from the pending writes of the ancestors, back to the nearest
    one that stores a value.
    """
    rows: dict[_Place, Row] = {(row["checkpoint_ns"], row["checkpoint_id"]): row for row in chain}
    ids: dict[str, list[str]] = defaultdict(list)
    for namespace, checkpoint_id in rows:
        ids[namespace].append(checkpoint_id)
    kept: set[_Place] = set()
    for namespace, found in ids.items():
        for checkpoint_id in sorted(found)[-keep:]:
            kept.add((namespace, checkpoint_id))
            kept.update(_replayed_from(rows, namespace, checkpoint_id))
    return kept


def _replayed_from(rows: dict[_Place, Row], namespace: str, checkpoint_id: str) -> Iterable[_Place]:
    row = rows[namespace, checkpoint_id]
    missing = set(json.loads(row["replayed_channels"] or "[]")) - set(json.loads(row["stored_channels"]))
    passed: list[_Place] = []
    count = 0
    while missing and (parent := rows.get((namespace, row["parent_checkpoint_id"]))) is not None:
        row = parent
        passed.append((namespace, row["checkpoint_id"]))
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


def delete_state(thread_id: str) -> Plan[None]:
    """Remove the checkpoints of a thread and all that belongs to them, as a part of another plan."""
    for name in _OF_A_THREAD:
        yield Query(name, {"thread_id": thread_id})


def _delete_thread(thread_id: str) -> Plan[None]:
    yield from delete_state(thread_id)
    yield from unqueue_thread(thread_id)


def _delete_checkpoints(keys: Sequence[CheckpointKey]) -> Plan[None]:
    rows = [key.columns() for key in keys]
    yield Query("delete_checkpoint", rows=rows)
    yield Query("delete_writes_of_checkpoint", rows=rows)
    for thread_id in dict.fromkeys(key.thread_id for key in keys):
        yield from _delete_unused(thread_id)


def _delete_unused(thread_id: str) -> Plan[None]:
    key = {"thread_id": thread_id}
    yield Query("delete_unused_channels", key)
    versions = yield Query("runs_of_thread", key)
    runs = [run for row in versions for run in unpack_runs(row["value"])]
    chunks = [Run(row["address"], row["count"]) for row in (yield Query("chunks_of_thread", key))]
    gone = unused(chunks, runs)
    if gone:
        yield Query("delete_chunk", key, [{"address": address} for address in gone])
    if (yield Query("delete_thread_if_empty", key)):
        yield from unqueue_thread(thread_id)
