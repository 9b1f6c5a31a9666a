"""Reading checkpoints: each page in a handful of queries, whatever it holds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from langgraph_memory.domain.pieces import Run, merged, unpack_runs
from langgraph_memory.engine.query import Plan, Query, Row, reads, reads_little
from langgraph_memory.exceptions import UnreadableCheckpointError
from langgraph_memory.plans.threads.records import (
    SHARED_WRITE,
    CheckpointKey,
    Kind,
    Listing,
    Page,
    Pending,
    StoredCheckpoint,
    StoredChunk,
    StoredVersion,
    key_of,
)

_VersionKey = tuple[str, str, str, str]


@reads_little
def get_checkpoint(key: CheckpointKey) -> Plan[Page]:
    """Return a checkpoint with its values and pending writes, all of one moment; an empty page if there is none."""
    name = "latest_checkpoint" if key.checkpoint_id is None else "checkpoint"
    return (yield from _page((yield Query(name, key.columns()))))


@reads
def list_checkpoints(listing: Listing) -> Plan[Page]:
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
    return (yield from _page(rows))


@reads_little
def get_versions(
    key: CheckpointKey, channels: Sequence[str]
) -> Plan[tuple[dict[str, StoredVersion], Sequence[StoredChunk]]]:
    """Return the stored versions of some channels of a checkpoint, with the chunks they are made of."""
    rows = yield Query("versions_of_checkpoint", {**key.columns(), "channels": list(channels)})
    found = {row["channel"]: _version(row, key) for row in rows}
    chunks = yield from _chunks([(key.thread_id, run) for version in found.values() for run in version.runs])
    return found, chunks.get(key.thread_id, [])


@reads
def last_elements(
    thread_ids: Sequence[str], channel: str
) -> Plan[tuple[dict[str, StoredVersion], dict[str, Sequence[StoredChunk]]]]:
    """Return of each thread the newest version of a channel, cut to its last element, with the chunk that holds it."""
    rows = yield Query("last_values", {"thread_ids": list(thread_ids), "channel": channel})
    found: dict[str, StoredVersion] = {}
    for row in rows:
        version = _version(row, CheckpointKey(row["thread_id"], row["checkpoint_ns"]))
        last = tuple(Run(run.end - 1, 1) for run in version.runs[-1:])
        found[row["thread_id"]] = version._replace(runs=last)
    chunks = yield from _chunks([(thread_id, run) for thread_id, version in found.items() for run in version.runs])
    return found, chunks


@reads
def checkpoint_ids(thread_id: str) -> Plan[set[tuple[str, str]]]:
    """Return the (namespace, id) of every checkpoint of a thread."""
    rows = yield Query("checkpoint_ids", {"thread_id": thread_id})
    return {(row["checkpoint_ns"], row["checkpoint_id"]) for row in rows}


def _page(rows: Sequence[Row]) -> Plan[Page]:
    if not rows:
        return Page()
    versions = yield from _versions(rows)
    writes = yield from _writes(rows)
    runs = [(key[0], run) for key, version in versions.items() for run in version.runs]
    runs += [(key[0], run) for key, found in writes.items() for _, _, value in found for run in value.runs]
    chunks = yield from _chunks(runs)
    return Page([_checkpoint(row, versions, writes) for row in rows], chunks)


def _checkpoint(
    row: Row,
    versions: Mapping[_VersionKey, StoredVersion],
    writes: Mapping[tuple[str, str, str], list[Pending]],
) -> StoredCheckpoint:
    key = key_of(row)
    channels = {wanted[2]: versions[wanted] for wanted in _named_versions(row) if wanted in versions}
    return StoredCheckpoint(
        key=key,
        parent_checkpoint_id=row["parent_checkpoint_id"],
        channel_versions=row["channel_versions"],
        body=(row["type"], row["body"]),
        channels=channels,
        writes=writes.get((key.thread_id, key.checkpoint_ns, key.checkpoint_id or ""), ()),
    )


def _named_versions(row: Row) -> Iterable[_VersionKey]:
    try:
        versions = json.loads(row["channel_versions"])
    except ValueError as error:
        raise UnreadableCheckpointError(
            f"checkpoint {row['checkpoint_id']} of thread {row['thread_id']!r} cannot be read ({error}); it is damaged."
        ) from error
    for channel, version in versions.items():
        yield row["thread_id"], row["checkpoint_ns"], channel, str(version)


def _versions(rows: Sequence[Row]) -> Plan[dict[_VersionKey, StoredVersion]]:
    wanted = dict.fromkeys(key for row in rows for key in _named_versions(row))
    found = yield Query("versions", {"keys": list(wanted)})
    return {
        (one["thread_id"], one["checkpoint_ns"], one["channel"], one["version"]): _version(
            one, CheckpointKey(one["thread_id"], one["checkpoint_ns"])
        )
        for one in found
    }


def _version(row: Row, key: CheckpointKey) -> StoredVersion:
    return _stored(row, key.thread_id, row["kind"], row["version"])


def _write(row: Row) -> StoredVersion:
    kind, _, nameless = row["type"].partition(":")
    if kind != SHARED_WRITE:
        return _stored(row, row["thread_id"], "value")
    return _stored(row, row["thread_id"], "list")._replace(nameless=tuple(map(int, filter(None, nameless.split(",")))))


def _stored(row: Row, thread_id: str, kind: Kind, version: str = "") -> StoredVersion:
    if kind == "value":
        return StoredVersion(version, kind, (row["type"], row["value"]), ())
    try:
        runs = unpack_runs(row["value"])
    except ValueError as error:
        raise UnreadableCheckpointError(
            f"channel {row['channel']!r} of thread {thread_id!r} cannot be read ({error}); it is damaged."
        ) from error
    return StoredVersion(version, kind, ("", row["value"]), runs)


def _chunks(runs: Sequence[tuple[str, Run]]) -> Plan[dict[str, Sequence[StoredChunk]]]:
    by_thread: dict[str, list[Run]] = defaultdict(list)
    for thread_id, run in runs:
        by_thread[thread_id].append(run)
    stretches = [
        [thread_id, stretch.first, stretch.end]
        for thread_id, touched in by_thread.items()
        for stretch in merged(touched)
    ]
    found: dict[str, dict[int, StoredChunk]] = defaultdict(dict)
    if stretches:
        for row in (yield Query("chunks", {"stretches": stretches})):
            found[row["thread_id"]][row["address"]] = StoredChunk(
                row["address"], row["count"], (row["type"], row["value"])
            )
    return {thread_id: [chunks[address] for address in sorted(chunks)] for thread_id, chunks in found.items()}


def _writes(rows: Sequence[Row]) -> Plan[dict[tuple[str, str, str], list[Pending]]]:
    keys = [[row["thread_id"], row["checkpoint_ns"], row["checkpoint_id"]] for row in rows]
    found: dict[tuple[str, str, str], list[Pending]] = defaultdict(list)
    for row in (yield Query("writes", {"keys": keys})):
        place = (row["thread_id"], row["checkpoint_ns"], row["checkpoint_id"])
        found[place].append((row["task_id"], row["channel"], _write(row)))
    return found
