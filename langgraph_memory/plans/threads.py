"""The operations of a checkpointer, over serialised values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.engine.query import Plan, Query, Row, reads, writes
from langgraph_memory.exceptions import InvalidInputError

Typed = tuple[str, bytes]
"""A serialised value: (type, bytes), as `serde.dumps_typed` makes it."""


@dataclass(frozen=True, slots=True)
class CheckpointKey:
    """Which checkpoint: its thread, its namespace ("" is the root graph) and its id; no id means the newest."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str | None = None

    def columns(self) -> dict[str, Any]:
        """Return the key's columns."""
        return {
            "thread_id": self.thread_id,
            "checkpoint_ns": self.checkpoint_ns,
            "checkpoint_id": self.checkpoint_id,
        }


@dataclass(frozen=True, slots=True)
class NewCheckpoint:
    """One checkpoint to store; `channels` are the (channel, version, value) that changed."""

    key: CheckpointKey
    parent_checkpoint_id: str | None
    run_id: str | None
    owner_id: str | None
    channel_versions: dict[str, str]
    checkpoint: Typed
    metadata: Typed
    channels: Sequence[tuple[str, str, Typed]]


@dataclass(frozen=True, slots=True)
class StoredWrite:
    """One pending write: task, channel, value, its place among the task's writes, and the task's path."""

    task_id: str
    idx: int
    task_path: str
    channel: str
    value: Typed


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """One checkpoint as it was stored, still serialised."""

    key: CheckpointKey
    parent_checkpoint_id: str | None
    checkpoint: Typed
    metadata: Typed
    channels: Sequence[tuple[str, Typed]]
    writes: Sequence[tuple[str, str, Typed]]


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """What a database holds of one thread; `bytes` counts serialised values, before compression."""

    thread_id: str
    checkpoints: int
    created_at: datetime
    updated_at: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Which checkpoints to list: of one thread or (None) of all, older than `before`, a page after `after`."""

    thread_id: str | None = None
    checkpoint_ns: str | None = None
    checkpoint_id: str | None = None
    before: str | None = None
    after: CheckpointKey | None = None
    page: int = 50


@writes
def put_checkpoint(new: NewCheckpoint, now: datetime) -> Plan[None]:
    """Store a checkpoint with the channel versions that are new in it."""
    key = new.key.columns()
    yield Query(
        "put_checkpoint",
        {
            **key,
            "parent_checkpoint_id": new.parent_checkpoint_id,
            "run_id": new.run_id,
            "created_at": to_microseconds(now),
            "channel_versions": json.dumps(new.channel_versions),
            "type": new.checkpoint[0],
            "checkpoint": new.checkpoint[1],
            "metadata_type": new.metadata[0],
            "metadata": new.metadata[1],
        },
    )
    rows = [
        {"channel": channel, "version": version, "type": value[0], "value": value[1]}
        for channel, version, value in new.channels
    ]
    if rows:
        yield Query("put_channel", key, rows)
    if new.owner_id is not None:
        yield Query("claim_thread", {"owner_id": new.owner_id, "thread_id": new.key.thread_id})


@writes
def put_writes(key: CheckpointKey, pending: Sequence[StoredWrite]) -> Plan[None]:
    """Store pending writes; ordinary ones that are there stay, special ones (errors, interrupts) are replaced."""
    rows = [
        {
            "task_id": write.task_id,
            "idx": write.idx,
            "task_path": write.task_path,
            "channel": write.channel,
            "type": write.value[0],
            "value": write.value[1],
        }
        for write in pending
    ]
    yield Query("put_write", key.columns(), rows)


@reads
def get_checkpoint(key: CheckpointKey) -> Plan[StoredCheckpoint | None]:
    """Return a checkpoint with its values and pending writes, all of one moment."""
    name = "latest_checkpoint" if key.checkpoint_id is None else "checkpoint"
    rows = yield Query(name, key.columns())
    if not rows:
        return None
    return (yield from _with_values(rows[0]))


@reads
def list_checkpoints(listing: Listing) -> Plan[list[StoredCheckpoint]]:
    """Return a page of checkpoints, newest first."""
    name = "checkpoints_of_all_threads" if listing.thread_id is None else "checkpoints_of_thread"
    after = listing.after or CheckpointKey("", "")
    rows = yield Query(
        name,
        {
            "thread_id": listing.thread_id,
            "checkpoint_ns": listing.checkpoint_ns,
            "checkpoint_id": listing.checkpoint_id,
            "before": listing.before,
            "after_id": after.checkpoint_id,
            "after_thread": after.thread_id,
            "after_ns": after.checkpoint_ns,
            "page": listing.page,
        },
    )
    found = []
    for row in rows:
        found.append((yield from _with_values(row)))
    return found


@writes
def delete_thread(thread_id: str) -> Plan[None]:
    """Remove everything of a thread."""
    yield from _delete_thread(thread_id)


@writes
def copy_thread(source: str, target: str) -> Plan[None]:
    """Copy every checkpoint, value and pending write of a thread to one that does not exist yet.

    Raises InvalidInputError when the target holds checkpoints.
    """
    taken = yield from _first_page(target)
    if taken:
        raise InvalidInputError(f"thread {target!r} holds checkpoints already; copy to a thread id that is not in use.")
    for name in ("copy_checkpoints", "copy_channels", "copy_writes", "copy_thread_owners"):
        yield Query(name, {"source": source, "target": target})


@writes
def delete_runs(run_ids: Sequence[str]) -> Plan[None]:
    """Remove the checkpoints that the given runs made, with their values and pending writes."""
    rows = yield Query("checkpoints_of_runs", {"run_ids": list(run_ids)})
    yield from _delete_checkpoints([_key(row) for row in rows])


@writes
def prune_threads(thread_ids: Sequence[str], *, keep_latest: bool) -> Plan[None]:
    """Remove every checkpoint of the threads, or all but the newest of each namespace and what that depends on."""
    for thread_id in thread_ids:
        if not keep_latest:
            yield from _delete_thread(thread_id)
            continue
        chain = yield Query("checkpoint_chain", {"thread_id": thread_id})
        kept = needed_for_latest(chain)
        gone = [row for row in chain if (row["checkpoint_ns"], row["checkpoint_id"]) not in kept]
        yield from _delete_checkpoints(
            [CheckpointKey(thread_id, row["checkpoint_ns"], row["checkpoint_id"]) for row in gone]
        )


@reads
def list_threads(limit: int, offset: int) -> Plan[list[ThreadSummary]]:
    """Return a page of threads, last used first."""
    rows = yield Query("threads", {"limit": limit, "offset": offset})
    return [
        ThreadSummary(
            thread_id=row["thread_id"],
            checkpoints=row["checkpoints"],
            created_at=from_microseconds(row["created_at"]),
            updated_at=from_microseconds(row["updated_at"]),
            bytes=row["bytes"],
        )
        for row in rows
    ]


def needed_for_latest(chain: Iterable[Row]) -> set[tuple[str, str]]:
    """Return the (namespace, id) of each namespace's newest checkpoint and of the ancestors its values are built from.

    A channel that is versioned but has no stored value is a delta channel: its value is replayed from the pending
    writes of its ancestors, back to the nearest one that stores a value.
    """
    rows = {(row["checkpoint_ns"], row["checkpoint_id"]): row for row in chain}
    newest: dict[str, str] = {}
    for namespace, checkpoint_id in rows:
        newest[namespace] = max(checkpoint_id, newest.get(namespace, ""))
    kept: set[tuple[str, str]] = set()
    for namespace, checkpoint_id in newest.items():
        kept.add((namespace, checkpoint_id))
        kept.update(_replayed_from(rows, namespace, checkpoint_id))
    return kept


def _replayed_from(rows: dict[tuple[str, str], Row], namespace: str, checkpoint_id: str) -> Iterable[tuple[str, str]]:
    row = rows[namespace, checkpoint_id]
    missing = set(json.loads(row["channel_versions"])) - set(json.loads(row["stored_channels"]))
    passed: list[tuple[str, str]] = []
    needed = 0
    while missing and (parent := rows.get((namespace, row["parent_checkpoint_id"]))) is not None:
        row = parent
        passed.append((namespace, row["checkpoint_id"]))
        stored = missing & set(json.loads(row["stored_channels"]))
        if stored or missing & set(json.loads(row["written_channels"])):
            needed = len(passed)
        missing -= stored
    return passed[:needed]


def _with_values(row: Row) -> Plan[StoredCheckpoint]:
    key = _key(row)
    channels = yield Query("channels_of_checkpoint", key.columns())
    pending = yield Query("writes_of_checkpoint", key.columns())
    return StoredCheckpoint(
        key=key,
        parent_checkpoint_id=row["parent_checkpoint_id"],
        checkpoint=(row["type"], row["checkpoint"]),
        metadata=(row["metadata_type"], row["metadata"]),
        channels=[(one["channel"], (one["type"], one["value"])) for one in channels],
        writes=[(one["task_id"], one["channel"], (one["type"], one["value"])) for one in pending],
    )


def _key(row: Row) -> CheckpointKey:
    return CheckpointKey(row["thread_id"], row["checkpoint_ns"], row["checkpoint_id"])


def _first_page(thread_id: str) -> Plan[Sequence[Row]]:
    return (
        yield Query(
            "checkpoints_of_thread",
            {
                **CheckpointKey(thread_id, "").columns(),
                "checkpoint_ns": None,
                "before": None,
                "after_id": None,
                "after_thread": None,
                "after_ns": None,
                "page": 1,
            },
        )
    )


_OF_THREAD = (
    "delete_checkpoints_of_thread",
    "delete_channels_of_thread",
    "delete_writes_of_thread",
    "disown_thread",
)


def _delete_thread(thread_id: str) -> Plan[None]:
    for name in _OF_THREAD:
        yield Query(name, {"thread_id": thread_id})


def _delete_checkpoints(keys: Sequence[CheckpointKey]) -> Plan[None]:
    rows = [key.columns() for key in keys]
    yield Query("delete_checkpoint", rows=rows)
    yield Query("delete_writes_of_checkpoint", rows=rows)
    for thread_id in dict.fromkeys(key.thread_id for key in keys):
        yield Query("delete_unused_channels", {"thread_id": thread_id})
