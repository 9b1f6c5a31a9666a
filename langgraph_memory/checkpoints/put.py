"""Storing checkpoints and pending writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from langgraph_memory.checkpoints.access import check_access
from langgraph_memory.checkpoints.authors import note_authors
from langgraph_memory.checkpoints.records import (
    SHARED_WRITE,
    CheckpointKey,
    Layout,
    NewCheckpoint,
    NewVersion,
    Placed,
    Seal,
    Stale,
    Stored,
    StoredWrite,
)
from langgraph_memory.domain import marks
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.pieces import Run, first_address, has_room, pack_runs, place
from langgraph_memory.domain.thread import NOBODY, mark_of
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, writes_at_once, writes_repeatably
from langgraph_memory.errors import CheckpointRemovedError, ErasedError, ForkedThreadError
from langgraph_memory.operations.marks import left


class Known(Protocol):
    """What the saver remembers of checkpoints."""

    def has(self, place: tuple[str, str, str]) -> bool:
        """Return whether a checkpoint was stored here, and not so long ago that it is forgotten."""
        ...

    def begins(self, thread_id: str) -> bool:
        """Return whether the first checkpoint of a thread is on its way."""
        ...


@writes_at_once()
def put_checkpoint(new: NewCheckpoint, now: datetime) -> Effects[Stored | Stale]:
    """Store a checkpoint with the channel versions that are new in it, or nothing if it was built on others.

    Raises ForkedThreadError, or CheckpointRemovedError where it could not be whole.
    """
    if _is_plain(new):
        rows = yield Query("put_checkpoint_at_once", {"parts": partial(_parts, new, now)})
        if rows:
            return Stored(rows[0]["placed"])
    return (yield from _put_in_steps(new, now))


def _put_in_steps(new: NewCheckpoint, now: datetime) -> Effects[Stored | Stale]:
    if new.owned and new.owner_id is not None:
        yield from check_access(new.key.thread_id, new.owner_id)
    if new.parent_checkpoint_id is None and new.owner_id is not None and new.began_at is not None:
        yield from _check_not_erased(new.owner_id, new.began_at)
    if new.fenced:
        yield from _check_fence(new)
    missing = yield from _missing(new)
    if missing:
        return Stale(missing)
    ends = yield from _list_ends(new)
    if ends is None:
        return Stale()
    yield Query("date_thread", {"thread_id": new.key.thread_id, "now": to_microseconds(now)})
    placed: dict[str, Placed] = {}
    for version in new.versions:
        if version.layout is not None:
            end = ends.get(version.channel)
            stored = placed[version.channel] = yield from _store_elements(new.key.thread_id, version.layout, end)
            if version.kind == "list" and version.layout.chunks and new.parent_checkpoint_id is not None:
                yield from _share_writes(new, version.channel, version.layout, stored)
    if new.versions:
        rows = [_version_row(version, placed.get(version.channel)) for version in new.versions]
        yield Query("put_channel", new.key.columns(), rows)
    yield from _store_checkpoint(new)
    yield from _note_authors(new, now)
    return Stored(placed)


@writes_at_once(repeatable=True)
def put_writes(key: CheckpointKey, pending: Sequence[StoredWrite], known: Known) -> Effects[None]:
    """Store pending writes; ordinary ones that are there stay, special ones (errors, interrupts) are replaced.

    They may come before their checkpoint does, and must not outlive it: where it is known to have been stored and is
    not there, they are dropped; and where the thread was deleted, unless it is known to begin anew.
    """
    rows: list[Mapping[str, Any]] = [
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
    stored, begins = known.has((key.thread_id, key.checkpoint_ns, key.checkpoint_id or "")), known.begins(key.thread_id)
    if (yield Query("put_writes_at_once", {"parts": partial(_parts_of_writes, key, rows, stored, begins)})):
        return
    if not stored:
        named = {"thread_id": key.thread_id, "begins": int(begins), "mark": mark_of(key.thread_id)}
        yield Query("number_thread_of_writes", named)
    yield Query("put_write", {**key.columns(), "stored": int(stored)}, rows)


def _is_plain(new: NewCheckpoint) -> bool:
    """Return whether nothing is to be weighed but whether it is built on what is there."""
    plain = new.parent_checkpoint_id is not None and not new.fenced and not new.owned
    return plain and all(version.layout is None or version.layout.seal is None for version in new.versions)


def _parts(new: NewCheckpoint, now: datetime) -> tuple[dict[str, Any], dict[str, Placed]]:
    """Return all that a checkpoint stores, if its lists still end where they did; and where their elements are then."""
    layouts = {version.channel: version.layout for version in new.versions if version.layout is not None}
    placed = {channel: _placed(layout, layout.tail) for channel, layout in layouts.items()}
    chunks = [row for channel, layout in layouts.items() for row in _chunk_rows(layout, placed[channel].start)]
    lists = [one.channel for one in new.versions if one.kind == "list" and one.layout is not None and one.layout.chunks]
    shared = [{**row, "channel": one} for one in lists for row in _shared_rows(layouts[one], placed[one])]
    rows = [_version_row(version, placed.get(version.channel)) for version in new.versions]
    ends = [None if (layout := layouts.get(base.channel)) is None else layout.tail for base in new.bases]
    return {
        **_checkpoint_row(new),
        "owner_id": new.owner_id,
        "now": to_microseconds(now),
        "kept": [channel for channel, _ in new.kept],
        "kept_versions": [version for _, version in new.kept],
        "bases": [base.channel for base in new.bases],
        "base_versions": [base.version for base in new.bases],
        "base_runs": [base.packed_runs for base in new.bases],
        "base_tails": [base.tail for base in new.bases],
        "base_ends": ends,
        **_columns(chunks, addresses="address", counts="count", chunk_types="type", chunks="value"),
        **_columns(shared, shared_channels="channel", shared_types="type", shared_values="value"),
        **_columns(shared, shared_as="shared", shared_runs="runs"),
        **_columns(rows, channels="channel", versions="version", kinds="kind", types="type", values="value"),
        "messages": _messages(new),
        "said_by": new.owner_id or NOBODY,
    }, placed


def _parts_of_writes(
    key: CheckpointKey, rows: Sequence[Mapping[str, Any]], stored: bool, begins: bool
) -> dict[str, Any]:
    names = {"tasks": "task_id", "places": "idx", "paths": "task_path", "channels": "channel"}
    return {
        **key.columns(),
        "stored": stored,
        "begins": begins,
        "mark": mark_of(key.thread_id),
        **_columns(rows, **names, types="type", values="value"),
    }


def _columns(rows: Sequence[Mapping[str, Any]], **names: str) -> dict[str, list[Any]]:
    """Return some columns of rows, each under a name."""
    return {name: [row[column] for row in rows] for name, column in names.items()}


@writes_repeatably
def drop_writes(key: CheckpointKey, checkpoint_ids: Sequence[str | None]) -> Effects[None]:
    """Remove the pending writes of checkpoints that are not there; all of a thread that has no checkpoint."""
    rows = [{**key.columns(), "checkpoint_id": checkpoint_id} for checkpoint_id in checkpoint_ids]
    yield Query("delete_writes_of_checkpoint", rows=rows)
    yield Query("delete_thread_without_checkpoint", {"thread_id": key.thread_id})


@writes_repeatably
def claim_thread(thread_id: str, owner_id: str) -> Effects[None]:
    """Note that an owner takes part in a thread, if there is such a thread."""
    if (yield Query("thread", {"thread_id": thread_id})):
        yield from _name_owner(thread_id, owner_id)


def _check_not_erased(owner_id: str, began_at: datetime) -> Effects[None]:
    """Raise ErasedError when an owner was erased with all threads before a run has stored anything of a new one."""
    erased = yield from left([marks.erased_threads(owner_id)])
    if any(at > to_microseconds(began_at) for at in erased.values()):
        raise ErasedError(
            f"owner {owner_id!r} was erased while a run for them was under way, so that nothing of it was stored; "
            "start a new run."
        )


def _check_fence(new: NewCheckpoint) -> Effects[None]:
    rows = yield Query("latest_checkpoint_id", new.key.columns())
    latest = rows[0]["checkpoint_id"] if rows else None
    if latest not in (new.parent_checkpoint_id, new.key.checkpoint_id):
        raise ForkedThreadError(
            f"thread {new.key.thread_id!r} has moved on: this run continues checkpoint {new.parent_checkpoint_id}, and "
            f"another writer has stored {latest} since; load the thread again and repeat the run."
        )


def _missing(new: NewCheckpoint) -> Effects[tuple[str, ...]]:
    """Return the kept channels whose version is not there any more: somebody has removed checkpoints meanwhile."""
    parent = new.parent_checkpoint_id
    if parent is None and not new.kept:
        if new.nested:
            yield from _check_nested(new)
        return ()
    keys = [list(one) for one in new.kept]
    wanted = {**new.key.columns(), "parent_checkpoint_id": parent, "keys": keys}
    there = {row["channel"] for row in (yield Query("foundation", wanted))}
    if parent is not None and None not in there:
        yield from _check_removed(new)
    return tuple(channel for channel, _ in new.kept if channel not in there)


def _check_removed(new: NewCheckpoint) -> Effects[None]:
    """Raise CheckpointRemovedError unless a checkpoint can do without its parent, which is not there any more."""
    thread, parent = new.key.thread_id, new.parent_checkpoint_id
    if (yield from _was_deleted(thread)):
        raise _deleted(thread)
    if new.replayed_channels:
        raise CheckpointRemovedError(
            f"checkpoint {parent} of thread {thread!r} was removed while a run went on from it, and the channel "
            f"{new.replayed_channels[0]!r} is replayed from there; load the thread again and repeat the run."
        )


def _check_nested(new: NewCheckpoint) -> Effects[None]:
    """Raise CheckpointRemovedError when the first checkpoint of a subgraph would bring a deleted thread back."""
    thread = new.key.thread_id
    if not (yield Query("thread", {"thread_id": thread})) and (yield from _was_deleted(thread)):
        raise _deleted(thread)


def _was_deleted(thread_id: str) -> Effects[bool]:
    return bool((yield Query("deleted_thread", {"thread_id": thread_id, "mark": mark_of(thread_id)})))


def _deleted(thread_id: str) -> CheckpointRemovedError:
    return CheckpointRemovedError(
        f"thread {thread_id!r} was deleted while a run of it was under way, so that nothing of the run was stored; "
        "start a new run, without a checkpoint_id."
    )


def _list_ends(new: NewCheckpoint) -> Effects[dict[str, int] | None]:
    """Return where the lists end that the new versions may continue; None when what they are built on is not there.

    Their runs name lists by random ids, so the same runs mean the same elements.
    """
    ends: dict[str, int] = {}
    for base in new.bases:
        wanted = {"channel": base.channel, "version": base.version, "address": base.tail}
        rows = yield Query("version_and_end", {**new.key.columns(), **wanted})
        if not rows or rows[0]["value"] != base.packed_runs:
            return None
        ends[base.channel] = rows[0]["list_end"]
    return ends


def _store_elements(thread_id: str, layout: Layout, end: int | None) -> Effects[Placed]:
    placed = _placed(layout, end)
    if layout.chunks:
        yield Query("put_chunk", {"thread_id": thread_id}, _chunk_rows(layout, placed.start))
    sealed = layout.seal is not None and (yield from _seal(thread_id, layout.seal))
    return placed._replace(sealed=sealed)


def _placed(layout: Layout, end: int | None) -> Placed:
    """Return where new elements go: after the list that ends there if they continue it, else into one of their own."""
    start = first_address(layout.list_id)
    if layout.tail is not None and layout.tail == end and has_room(end, layout.fresh):
        start = end
    runs = place(layout.parts, start)
    return Placed(runs, pack_runs(runs), start, sealed=False)


def _chunk_rows(layout: Layout, start: int) -> list[dict[str, Any]]:
    return [
        {"address": start + chunk.offset, "count": chunk.count, "type": chunk.value[0], "value": chunk.value[1]}
        for chunk in layout.chunks
    ]


def _share_writes(new: NewCheckpoint, channel: str, layout: Layout, placed: Placed) -> Effects[None]:
    """Keep the parent's pending writes that became these elements only once."""
    key = {**new.key.columns(), "checkpoint_id": new.parent_checkpoint_id}
    yield Query("share_write", {**key, "channel": channel}, _shared_rows(layout, placed))


def _shared_rows(layout: Layout, placed: Placed) -> list[dict[str, Any]]:
    rows = []
    for chunk in layout.chunks:
        runs = pack_runs([Run(placed.start + chunk.offset, chunk.count)])
        for places, (kind, value) in [((), chunk.value), *([chunk.nameless] if chunk.nameless else [])]:
            rows.append({"type": kind, "value": value, "shared": _shared_write(places), "runs": runs})
    return rows


def _shared_write(nameless: Sequence[int]) -> str:
    return f"{SHARED_WRITE}:{','.join(map(str, nameless))}" if nameless else SHARED_WRITE


def _seal(thread_id: str, seal: Seal) -> Effects[bool]:
    """Put one chunk in place of the small ones of a stretch, unless they are not what the writer took them for."""
    stretch = {"thread_id": thread_id, "first": seal.stretch.first, "end": seal.stretch.end}
    rows = yield Query("chunk_stretch", stretch)
    if not _covers([Run(row["address"], row["count"]) for row in rows], seal.stretch):
        return False
    yield Query("delete_chunk_stretch", stretch)
    row = {
        "address": seal.stretch.first,
        "count": seal.stretch.count,
        "type": seal.value[0],
        "value": seal.value[1],
    }
    yield Query("put_chunk", {"thread_id": thread_id}, [row])
    return True


def _covers(chunks: Sequence[Run], stretch: Run) -> bool:
    position = stretch.first
    for chunk in chunks:
        if chunk.first != position:
            return False
        position = chunk.end
    return position == stretch.end


def _version_row(version: NewVersion, placed: Placed | None) -> dict[str, object]:
    kind, value = ("", placed.packed_runs) if placed is not None else version.value or ("", b"")
    return {"channel": version.channel, "version": version.version, "kind": version.kind, "type": kind, "value": value}


def _store_checkpoint(new: NewCheckpoint) -> Effects[None]:
    yield Query("put_checkpoint", _checkpoint_row(new))
    if new.owner_id is not None:
        yield from _name_owner(new.key.thread_id, new.owner_id)


def _checkpoint_row(new: NewCheckpoint) -> dict[str, Any]:
    return {
        **new.key.columns(),
        "parent_checkpoint_id": new.parent_checkpoint_id,
        "run_id": new.run_id,
        "channel_versions": new.channel_versions,
        "replayed_channels": json.dumps(new.replayed_channels) if new.replayed_channels else None,
        "type": new.body[0],
        "body": new.body[1],
    }


def _note_authors(new: NewCheckpoint, now: datetime) -> Effects[None]:
    """Note whose words the messages hold that the run has added."""
    if added := _messages(new):
        yield from note_authors(new.key.thread_id, {new.owner_id or NOBODY: added}, now)


def _messages(new: NewCheckpoint) -> list[str]:
    return list(dict.fromkeys(message_id for version in new.versions for message_id in version.message_ids))


def _name_owner(thread_id: str, owner_id: str) -> Effects[None]:
    named = {"thread_id": thread_id, "owner_id": owner_id}
    yield Query("name_owner", named)
    yield Query("claim_thread", named)
