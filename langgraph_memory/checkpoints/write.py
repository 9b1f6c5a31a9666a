"""Storing checkpoints and pending writes: encode outside the transaction, decide inside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from langgraph_memory.checkpoints.caches import CachedVersion, Caches, CheckpointCache, Place
from langgraph_memory.checkpoints.encode import Encoded, Values, loose_chunks, may_share
from langgraph_memory.checkpoints.owners import check_access, left, name_owner, note_authors
from langgraph_memory.checkpoints.pieces import Run, first_address, has_room, pack_runs, place, tail_of
from langgraph_memory.checkpoints.read import get_versions
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
    StoredChunk,
    StoredVersion,
    StoredWrite,
    Typed,
)
from langgraph_memory.domain import marks
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.thread import NOBODY, mark_of
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, writes_at_once, writes_repeatably
from langgraph_memory.errors import CheckpointRemovedError, ErasedError, ForkedThreadError

_ATTEMPTS = 3


class Draft(NamedTuple):
    """A checkpoint as the saver was given it: the (channel, version, value) that changed, and those that did not."""

    key: CheckpointKey
    parent_checkpoint_id: str | None
    run_id: str | None
    owner_id: str | None
    channel_versions: str
    replayed_channels: Sequence[str]
    body: Typed
    channels: Sequence[tuple[str, str, Any]]
    kept: Sequence[tuple[str, str, Any]]
    nested: bool
    fenced: bool
    owned: bool
    began_at: datetime | None

    def channels_that_may_share(self) -> list[str]:
        """Return the channels whose values may hold what the parent holds already."""
        if self.parent_checkpoint_id is None:
            return []
        return [channel for channel, _, value in self.channels if may_share(value)]

    def with_missing(self, missing: Sequence[str]) -> Draft:
        """Return this draft with some of what did not change to be stored again."""
        again = [one for one in self.kept if one[0] in missing]
        return self._replace(
            channels=[*self.channels, *again], kept=[one for one in self.kept if one[0] not in missing]
        )


def store_checkpoint(draft: Draft, values: Values, caches: Caches, now: datetime) -> Effects[None]:
    """Store a checkpoint."""
    first = draft.parent_checkpoint_id is None and not draft.nested
    with caches.checkpoints.beginning(draft.key.thread_id) if first else nullcontext():
        yield from _store(draft, values, caches, now)


def _store(draft: Draft, values: Values, caches: Caches, now: datetime) -> Effects[None]:
    """Store a checkpoint: what it shares with its parent is not stored again.

    What is remembered of the parent may be out of date, because other processes write too; then it is read again.
    Channels that did not change are stored as well where somebody has removed what they were stored with.
    """
    wanted = draft.channels_that_may_share()
    base = yield from _base_of(draft, values, caches, wanted)
    for attempt in count(1):
        encoded = [values.encoder.encode(*one, base.get(one[0])) for one in draft.channels]
        outcome = yield from _put(_new_checkpoint(draft, encoded, base), now)
        if isinstance(outcome, Stored):
            _remember(draft, encoded, outcome, base, caches)
            return
        if attempt == _ATTEMPTS:  # from now on built on nothing, so that whatever changes meanwhile is not in its way
            draft, base = draft.with_missing([channel for channel, *_ in draft.kept]), {}
        else:
            draft, base = draft.with_missing(outcome.missing), (yield from _read_base(draft, values, wanted))


def _base_of(
    draft: Draft, values: Values, caches: Caches, wanted: Sequence[str]
) -> Effects[dict[str, CachedVersion | None]]:
    """Return what the parent holds of some channels; what is not remembered of it is read."""
    parent = _place(draft.key, draft.parent_checkpoint_id)
    base = dict((caches.checkpoints.get(parent) if parent else None) or {})
    missing = [channel for channel in wanted if channel not in base]
    if missing:
        base |= yield from _read_base(draft, values, missing)
    return base


def _remember(
    draft: Draft,
    encoded: Sequence[Encoded],
    outcome: Stored,
    base: Mapping[str, CachedVersion | None],
    caches: Caches,
) -> None:
    place, parent = _place(draft.key, draft.key.checkpoint_id), _place(draft.key, draft.parent_checkpoint_id)
    if place is not None:
        caches.checkpoints.put(
            place, {**base, **{one.version.channel: _learn(one, outcome) for one in encoded}}, parent
        )
    for one in encoded:
        channel = one.version.channel
        if (placed := outcome.placed.get(channel)) is not None:
            built_on = base.get(channel) if one.version.based else None
            caches.chunks.keep_stored(
                (draft.key.thread_id, draft.key.checkpoint_ns, channel), one.version, placed, built_on
            )


def _put(new: NewCheckpoint, now: datetime) -> Effects[Stored | Stale]:
    """Store a checkpoint; one that is refused takes along the pending writes that its run has added."""
    try:
        outcome: Stored | Stale = yield put_checkpoint(new, now)
    except CheckpointRemovedError:
        yield drop_writes(new.key, (new.parent_checkpoint_id, new.key.checkpoint_id))
        raise
    return outcome


def _learn(encoded: Encoded, outcome: Stored) -> CachedVersion | None:
    placed = outcome.placed.get(encoded.version.channel)
    return None if placed is None else encoded.known(placed)


def _new_checkpoint(
    draft: Draft, encoded: Sequence[Encoded], base: Mapping[str, CachedVersion | None]
) -> NewCheckpoint:
    versions = [one.version for one in encoded]
    return NewCheckpoint(
        key=draft.key,
        parent_checkpoint_id=draft.parent_checkpoint_id,
        run_id=draft.run_id,
        owner_id=draft.owner_id,
        channel_versions=draft.channel_versions,
        replayed_channels=draft.replayed_channels,
        kept=[(channel, version) for channel, version, _ in draft.kept],
        nested=draft.nested,
        body=draft.body,
        versions=versions,
        bases=[
            known.base(version.channel) for version in versions if version.based and (known := base[version.channel])
        ],
        fenced=draft.fenced,
        owned=draft.owned,
        began_at=draft.began_at,
    )


def _read_base(draft: Draft, values: Values, channels: Sequence[str]) -> Effects[dict[str, CachedVersion | None]]:
    """Read what the parent holds of some channels."""
    key = CheckpointKey(draft.key.thread_id, draft.key.checkpoint_ns, draft.parent_checkpoint_id)
    versions, items = yield get_versions(key, channels)
    base: dict[str, CachedVersion | None] = dict.fromkeys(channels)
    for channel, version in versions.items():
        if version.kind != "value" and version.runs:
            base[channel] = _recognise(version, items, values)
    return base


def _recognise(version: StoredVersion, items: Sequence[StoredChunk], values: Values) -> CachedVersion | None:
    try:
        value = values.decoder.value(version, items)
    except Exception:  # damaged, or of another serializer: nothing new is built on it
        return None
    fingerprints = values.encoder.fingerprints(version.kind, value)
    loose = loose_chunks([Run(item.address, item.count) for item in items], tail_of(version.runs))
    return CachedVersion.read(version, fingerprints, loose)


def _place(key: CheckpointKey, checkpoint_id: str | None) -> Place | None:
    return None if checkpoint_id is None else (key.thread_id, key.checkpoint_ns, checkpoint_id)


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
    yield from _check_put(new)
    there = yield from _foundation(new)
    ends = _list_ends(new, there)
    missing = tuple(channel for channel, _ in new.kept if channel not in there)
    if missing or ends is None:
        return Stale(missing)
    yield Query("date_thread", {"thread_id": new.key.thread_id, "now": to_microseconds(now)})
    placed = yield from _place_versions(new, ends)
    yield from _store_checkpoint(new)
    yield from _note_authors(new, now)
    return Stored(placed)


def _check_put(new: NewCheckpoint) -> Effects[None]:
    """Refuse a run of somebody who was erased or whom the thread does not belong to, and one that has fallen behind."""
    if new.owner_id is not None:
        if new.owned:
            yield from check_access(new.key.thread_id, new.owner_id)
        if new.parent_checkpoint_id is None and new.began_at is not None:
            yield from _check_not_erased(new.owner_id, new.began_at)
    if new.fenced:
        yield from _check_fence(new)


def _place_versions(new: NewCheckpoint, ends: Mapping[str, int]) -> Effects[dict[str, Placed]]:
    """Store the new versions, and return where the elements are of those that have any."""
    layouts, placed = new.layouts(), dict[str, Placed]()
    for channel, layout in layouts.items():
        placed[channel] = yield from _store_elements(new.key.thread_id, layout, ends.get(channel))
    if new.parent_checkpoint_id is not None:
        for channel in new.lists_that_grow():
            yield from _share_writes(new, channel, layouts[channel], placed[channel])
    if new.versions:
        rows = [_version_row(version, placed.get(version.channel)) for version in new.versions]
        yield Query("put_channel", new.key.columns(), rows)
    return placed


@writes_at_once(repeatable=True)
def put_writes(key: CheckpointKey, pending: Sequence[StoredWrite], stored_here: CheckpointCache) -> Effects[None]:
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
    stored = stored_here.has((key.thread_id, key.checkpoint_ns, key.checkpoint_id or ""))
    begins = stored_here.begins(key.thread_id)
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
    layouts = new.layouts()
    placed = {channel: _placed(layout, layout.tail) for channel, layout in layouts.items()}
    rows = [_version_row(version, placed.get(version.channel)) for version in new.versions]
    return {
        **_checkpoint_row(new),
        "owner_id": new.owner_id,
        "now": to_microseconds(now),
        **_base_columns(new, layouts),
        **_element_columns(new, layouts, placed),
        **_columns(rows, channels="channel", versions="version", kinds="kind", types="type", values="value"),
        "messages": _messages(new),
        "said_by": new.owner_id or NOBODY,
    }, placed


def _base_columns(new: NewCheckpoint, layouts: Mapping[str, Layout]) -> dict[str, Any]:
    """Return what must be there for a checkpoint to be built on it, and where its lists must still end."""
    return {
        "kept": [channel for channel, _ in new.kept],
        "kept_versions": [version for _, version in new.kept],
        "bases": [base.channel for base in new.bases],
        "base_versions": [base.version for base in new.bases],
        "base_runs": [base.packed_runs for base in new.bases],
        "base_tails": [base.tail for base in new.bases],
        "base_ends": [layouts[base.channel].tail if base.channel in layouts else None for base in new.bases],
    }


def _element_columns(
    new: NewCheckpoint, layouts: Mapping[str, Layout], placed: Mapping[str, Placed]
) -> dict[str, list[Any]]:
    """Return the new elements, and which pending writes became some of them."""
    chunks = [row for channel, layout in layouts.items() for row in _chunk_rows(layout, placed[channel].start)]
    shared = [
        {**row, "channel": one} for one in new.lists_that_grow() for row in _shared_rows(layouts[one], placed[one])
    ]
    return {
        **_columns(chunks, addresses="address", counts="count", chunk_types="type", chunks="value"),
        **_columns(shared, shared_channels="channel", shared_types="type", shared_values="value"),
        **_columns(shared, shared_as="shared", shared_runs="runs"),
    }


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


def _foundation(new: NewCheckpoint) -> Effects[Mapping[str, Row]]:
    """Return what is there of the channel versions that a checkpoint keeps or is built on, by channel."""
    parent = new.parent_checkpoint_id
    if parent is None and not new.kept:
        if new.nested:
            yield from _check_nested(new)
        return {}
    keys = [[*one, None] for one in new.kept] + [[one.channel, one.version, one.tail] for one in new.bases]
    rows = yield Query("foundation", {**new.key.columns(), "parent_checkpoint_id": parent, "keys": keys})
    there = {row["channel"]: row for row in rows}
    if parent is not None and None not in there:
        yield from _check_removed(new)
    return there


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


def _list_ends(new: NewCheckpoint, there: Mapping[str, Row]) -> dict[str, int] | None:
    """Return where the lists end that the new versions may continue; None when what they are built on is not there.

    Their runs name lists by random ids, so the same runs mean the same elements.
    """
    found = [(base, there.get(base.channel)) for base in new.bases]
    if any(row is None or row["value"] != base.packed_runs for base, row in found):
        return None
    return {base.channel: row["list_end"] for base, row in found if row is not None}


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
        yield from name_owner(new.key.thread_id, new.owner_id)


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
