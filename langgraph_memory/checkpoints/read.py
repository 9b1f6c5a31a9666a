"""Reading checkpoints: one in one query, or two; a page of many in a handful, whatever it holds."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, DeltaChannelHistory

from langgraph_memory.checkpoints.caches import ChunkCache
from langgraph_memory.checkpoints.codec import join
from langgraph_memory.checkpoints.decode import Decoder, Shared
from langgraph_memory.checkpoints.encode import Values
from langgraph_memory.checkpoints.pieces import Run, merged, unpack_runs
from langgraph_memory.checkpoints.records import (
    SHARED_WRITE,
    CheckpointKey,
    Kind,
    Listing,
    Page,
    Pending,
    Replay,
    ReplayedChannel,
    StoredCheckpoint,
    StoredChunk,
    StoredVersion,
    before_of,
    checkpoint_id_of,
    config_of,
    key_of,
    thread_of,
)
from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, Transaction, reads, reads_little
from langgraph_memory.errors import (
    ClassChangedError,
    ClassNotAllowedError,
    OutOfMemoryError,
    ThreadNotFoundError,
    UnreadableCheckpointError,
)
from langgraph_memory.views import Records

_PREVIEW = 120
_PAGE = 50
_LONGEST_PAGE = 200
"""Where a limit says how many are wanted: neighbours share most of their chunks, which are read once for a page."""
_VersionKey = tuple[str, str, str, str]
_Place = tuple[str, str, str]
_Chunks = Sequence[StoredChunk]


def read_checkpoint(key: CheckpointKey, cache: ChunkCache) -> Effects[Page]:
    """Return a checkpoint; what it is made of is kept in a cache, so that the next one need not read it again."""
    page: Page = yield get_checkpoint(key, cache)
    for found in page.checkpoints:
        for channel, version in found.channels.items():
            if version.runs:
                cache.keep_read((key.thread_id, key.checkpoint_ns, channel), version, page.chunks[key.thread_id])
    return page


@reads_little
def get_checkpoint(key: CheckpointKey, cache: ChunkCache) -> Effects[Page]:
    """Return a checkpoint with its values and pending writes, all of one moment; an empty page if there is none.

    Chunks that the cache holds are not read again.
    """
    parts = _parts((yield Query("checkpoint", key.columns())))
    if "checkpoint" not in parts:
        return Page()
    (row,) = parts["checkpoint"]
    key = CheckpointKey(key.thread_id, key.checkpoint_ns, row["checkpoint_id"])
    versions = {_version_key(one, key): _version(one) for one in parts.get("version", ())}
    writes = [_pending(one) for one in sorted(parts.get("write", ()), key=_turn)]
    found = _checkpoint(row, key, versions, {_place(key): writes})
    chunks = yield from _chunks_of(found, parts, cache)
    return Page([found], {key.thread_id: chunks})


@reads
def list_checkpoints(listing: Listing) -> Effects[Page]:
    """Return a page of checkpoints, newest first."""
    name = "checkpoints_of_all_threads" if listing.thread_id is None else "checkpoints_of_thread"
    after_at, after_thread = listing.after or (None, "")
    before = listing.before
    before_at = None if before is None else (yield from _stored_at(before))
    rows = yield Query(
        name,
        {
            "thread_id": listing.thread_id,
            "checkpoint_ns": listing.checkpoint_ns,
            "checkpoint_id": listing.checkpoint_id,
            "before": None if before is None else before.checkpoint_id,
            "before_at": before_at,
            "after_at": after_at,
            "after_thread": after_thread,
            "page": listing.page,
        },
    )
    return (yield from _page(rows))


@reads_little
def get_versions(
    key: CheckpointKey, channels: Sequence[str]
) -> Effects[tuple[dict[str, StoredVersion], Sequence[StoredChunk]]]:
    """Return the stored versions of some channels of a checkpoint, with the chunks they are made of."""
    parts = _parts((yield Query("versions_of_checkpoint", {**key.columns(), "channels": list(channels)})))
    found = {row["channel"]: _version(row) for row in parts.get("version", ())}
    chunks = yield from _chunks_read(key.thread_id, [run for one in found.values() for run in one.runs], parts)
    return found, chunks


@reads_little
def delta_history(key: CheckpointKey, channels: Sequence[str]) -> Effects[Replay]:
    """Return what the ancestors of a checkpoint hold of some delta channels, each up to its nearest value."""
    parts = _parts((yield Query("delta_history", {**key.columns(), "channels": list(channels)})))
    found = {channel: _replayed(channel, parts) for channel in channels}
    runs = [run for one in found.values() for run in _runs_of(one)]
    return Replay(found, (yield from _chunks_read(key.thread_id, runs, parts)))


@reads
def last_elements(
    thread_ids: Sequence[str], channel: str
) -> Effects[tuple[dict[str, StoredVersion], dict[str, Sequence[StoredChunk]]]]:
    """Return of each thread the newest version of a channel, cut to its last element, with the chunk that holds it."""
    rows = yield Query("last_values", {"thread_ids": list(thread_ids), "channel": channel})
    found: dict[str, StoredVersion] = {}
    for row in rows:
        version = _version(row)
        last = tuple(Run(run.end - 1, 1) for run in version.runs[-1:])
        found[row["thread_id"]] = version._replace(runs=last)
    chunks = yield from _chunks([(thread_id, run) for thread_id, version in found.items() for run in version.runs])
    return found, chunks


@reads
def checkpoint_ids(thread_id: str) -> Effects[set[tuple[str, str]]]:
    """Return the (namespace, id) of every checkpoint of a thread."""
    rows = yield Query("checkpoint_ids", {"thread_id": thread_id})
    return {(row["checkpoint_ns"], row["checkpoint_id"]) for row in rows}


def _stored_at(key: CheckpointKey) -> Effects[int | None]:
    """Return when a checkpoint was stored; of one that is not there only its id can be compared."""
    rows = yield Query("checkpoint_stored_at", key.columns())
    return int(rows[0]["stored_at"]) if rows else None


def _replayed(channel: str, parts: Mapping[str, Sequence[Row]]) -> ReplayedChannel:
    seeds = [_version(row) for row in parts.get("version", ()) if row["channel"] == channel]
    writes = [row for row in parts.get("write", ()) if row["channel"] == channel]
    writes.sort(key=lambda row: (-row["depth"], *_turn(row)))
    return ReplayedChannel(seeds[0] if seeds else None, [_pending(row) for row in writes])


def _runs_of(replayed: ReplayedChannel) -> Iterator[Run]:
    for version in filter(None, (replayed.seed, *(value for _, _, value in replayed.writes))):
        yield from version.runs


def _parts(rows: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    """Return the rows of an answer that is made of several parts by the part that each belongs to."""
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[row["part"]].append(row)
    return parts


def _page(rows: Sequence[Row]) -> Effects[Page]:
    if not rows:
        return Page()
    keys = [key_of(row) for row in rows]
    versions = yield from _versions(rows, keys)
    writes = yield from _writes(keys)
    runs = [(key[0], run) for key, version in versions.items() for run in version.runs]
    runs += [(key[0], run) for key, found in writes.items() for _, _, value in found for run in value.runs]
    chunks = yield from _chunks(runs)
    found = [_checkpoint(row, key, versions, writes) for row, key in zip(rows, keys, strict=True)]
    dated = [one._replace(stored_at=row["stored_at"]) for one, row in zip(found, rows, strict=True)]
    return Page(dated, chunks)


def _checkpoint(
    row: Row,
    key: CheckpointKey,
    versions: Mapping[_VersionKey, StoredVersion],
    writes: Mapping[_Place, Sequence[Pending]],
) -> StoredCheckpoint:
    channels = {wanted[2]: versions[wanted] for wanted in _named_versions(row, key) if wanted in versions}
    return StoredCheckpoint(
        key=key,
        parent_checkpoint_id=row["parent_checkpoint_id"],
        channel_versions=row["channel_versions"],
        body=(row["type"], row["body"]),
        channels=channels,
        writes=writes.get(_place(key), ()),
    )


def _named_versions(row: Row, key: CheckpointKey) -> Iterable[_VersionKey]:
    """Yield the versions that a checkpoint names; none where they are damaged, which decoding it will say."""
    versions: Any = None
    with suppress(ValueError):
        versions = json.loads(row["channel_versions"])
    if isinstance(versions, dict):
        for channel, version in versions.items():
            yield key.thread_id, key.checkpoint_ns, channel, str(version)


def _versions(rows: Sequence[Row], keys: Sequence[CheckpointKey]) -> Effects[dict[_VersionKey, StoredVersion]]:
    named = [wanted for row, key in zip(rows, keys, strict=True) for wanted in _named_versions(row, key)]
    found = yield Query("versions", {"keys": list(dict.fromkeys(named))})
    places = [(one, CheckpointKey(one["thread_id"], one["checkpoint_ns"])) for one in found]
    return {_version_key(one, place): _version(one) for one, place in places}


def _version_key(row: Row, key: CheckpointKey) -> _VersionKey:
    return key.thread_id, key.checkpoint_ns, row["channel"], row["version"]


def _version(row: Row) -> StoredVersion:
    return _stored(row, row["kind"], row["version"])


def _place(key: CheckpointKey) -> _Place:
    return key.thread_id, key.checkpoint_ns, key.checkpoint_id or ""


def _pending(row: Row) -> Pending:
    return row["task_id"], row["channel"], _write(row)


def _turn(row: Row) -> tuple[str, str, int]:
    """Return when a run applies a pending write, compared with the others of its checkpoint."""
    return row["task_path"], row["task_id"], row["idx"]


def _write(row: Row) -> StoredVersion:
    kind, _, nameless = row["type"].partition(":")
    if kind != SHARED_WRITE:
        return _stored(row, "value")
    return _stored(row, "list")._replace(nameless=tuple(map(int, filter(None, nameless.split(",")))))


def _stored(row: Row, kind: Kind, version: str = "") -> StoredVersion:
    if kind == "value":
        return StoredVersion(version, kind, (row["type"], row["value"]), ())
    try:
        runs = unpack_runs(row["value"])
    except ValueError as error:
        damage = f"channel {row['channel']!r} cannot be read: {error}"
        return StoredVersion(version, kind, ("", row["value"]), (), damage=damage)
    return StoredVersion(version, kind, ("", row["value"]), runs)


def _chunks_of(found: StoredCheckpoint, parts: Mapping[str, Sequence[Row]], cache: ChunkCache) -> Effects[_Chunks]:
    """Return the chunks of a checkpoint: those in the cache, and those of its other versions and pending writes."""
    key = found.key
    chunks: list[_Chunks] = []
    missing = [run for _, _, value in found.writes for run in value.runs]
    for channel, version in found.channels.items():
        if version.runs:
            known = cache.get((key.thread_id, key.checkpoint_ns, channel), version.version, version.value[1])
            if known is None:
                missing += version.runs
            else:
                chunks.append(known)
    if missing:
        chunks.append((yield from _chunks_read(key.thread_id, missing, parts)))
    return chunks[0] if len(chunks) == 1 else _by_address(chunk for some in chunks for chunk in some)


def _chunks_read(thread_id: str, runs: Sequence[Run], parts: Mapping[str, Sequence[Row]]) -> Effects[_Chunks]:
    """Return the chunks that runs touch; they are not asked for when the answer in `parts` brought them along."""
    if "chunk" in parts:
        return _by_address(map(_chunk, parts["chunk"]))
    return (yield from _chunks([(thread_id, run) for run in runs])).get(thread_id, [])


def _chunks(runs: Sequence[tuple[str, Run]]) -> Effects[dict[str, _Chunks]]:
    by_thread: dict[str, list[Run]] = defaultdict(list)
    for thread_id, run in runs:
        by_thread[thread_id].append(run)
    stretches = [
        [thread_id, stretch.first, stretch.end]
        for thread_id, touched in by_thread.items()
        for stretch in merged(touched)
    ]
    found: dict[str, list[StoredChunk]] = defaultdict(list)
    if stretches:
        for row in (yield Query("chunks", {"stretches": stretches})):
            found[row["thread_id"]].append(_chunk(row))
    return {thread_id: _by_address(chunks) for thread_id, chunks in found.items()}


def _chunk(row: Row) -> StoredChunk:
    return StoredChunk(row["address"], row["count"], (row["type"], row["value"]))


def _by_address(chunks: Iterable[StoredChunk]) -> _Chunks:
    """Return chunks in the order of their addresses, each once."""
    found = {chunk.address: chunk for chunk in chunks}
    return [found[address] for address in sorted(found)]


def _writes(keys: Sequence[CheckpointKey]) -> Effects[dict[_Place, list[Pending]]]:
    found: dict[_Place, list[Pending]] = defaultdict(list)
    for row in (yield Query("writes", {"keys": [list(_place(key)) for key in keys]})):
        key = key_of(row)
        found[_place(key)].append(_pending(row))
    return found


@reads
def list_threads(owner_id: str | None, limit: int, offset: int) -> Effects[list[ThreadSummary]]:
    """Return a page of threads, last used first: one owner's, or everyone's."""
    rows = yield Query("threads", {"owner_id": owner_id, "limit": limit, "offset": offset})
    return [_summary(row) for row in rows]


@reads
def find_thread(thread_id: str, owner_id: str | None) -> Effects[list[ThreadSummary]]:
    """Return a thread, where it is there and `list_threads` lists it."""
    rows = yield Query("thread_summary", {"thread_id": thread_id, "owner_id": owner_id})
    return [_summary(row) for row in rows]


def _summary(row: Any) -> ThreadSummary:
    return ThreadSummary(
        thread_id=row["thread_id"],
        owner_id=row["owner_id"],
        checkpoints=row["checkpoints"],
        created_at=from_microseconds(row["created_at"]),
        updated_at=from_microseconds(row["updated_at"]),
        bytes=row["bytes"],
    )


def summaries(owner_id: str | None, limit: int, offset: int, decoder: Decoder) -> Effects[Records[ThreadSummary]]:
    """Return a page of threads, last used first, each with the beginning of its last message."""
    found = yield list_threads(owner_id, limit, offset)
    return (yield from _with_previews(found, decoder))


def summary(thread_id: str, owner_id: str | None, decoder: Decoder) -> Effects[ThreadSummary]:
    """Return one thread; raises ThreadNotFoundError, alike for one that is another owner's."""
    found = yield find_thread(thread_id, owner_id)
    if not found:
        raise ThreadNotFoundError(f"there is no thread {thread_id!r}; list_threads() lists those there are.")
    (one,) = yield from _with_previews(found, decoder)
    return one


def _with_previews(found: Sequence[ThreadSummary], decoder: Decoder) -> Effects[Records[ThreadSummary]]:
    versions, chunks = yield last_elements([one.thread_id for one in found], "messages")
    shown = (
        replace(one, preview=_preview(versions.get(one.thread_id), chunks.get(one.thread_id, ()), decoder))
        for one in found
    )
    return Records(ThreadSummary, shown)


def _preview(version: StoredVersion | None, chunks: Sequence[StoredChunk], decoder: Decoder) -> str | None:
    if version is None:
        return None
    try:
        value = decoder.value(version, chunks)
    except Exception:  # a list of threads is shown even when one of them is damaged
        return None
    last = value[-1] if isinstance(value, list) and value else value
    return re.sub(r"\s+", " ", _text(getattr(last, "content", last))).strip()[:_PREVIEW] or None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return " ".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts if part)


def load_checkpoint(stored: StoredCheckpoint, page: Page, values: Values, shared: Shared | None) -> CheckpointTuple:
    """Return a checkpoint as LangGraph takes it; raises UnreadableCheckpointError and its kin, which name it."""
    key, decoder = stored.key, values.decoder
    items = page.chunks.get(key.thread_id, ())
    with _decoding(key):
        body = values.codec.load(stored.body)
        channels = {name: decoder.value(version, items, shared) for name, version in stored.channels.items()}
        pending = [(task, channel, decoder.value(value, items, shared)) for task, channel, value in stored.writes]
        checkpoint, metadata = join(key.checkpoint_id, body, stored.channel_versions, channels)
    parent = stored.parent_checkpoint_id
    return CheckpointTuple(
        config=config_of(key),
        checkpoint=checkpoint,
        metadata=metadata,
        parent_config=config_of(key._replace(checkpoint_id=parent)) if parent else None,
        pending_writes=pending,
    )


def load_writes(stored: StoredCheckpoint, page: Page, values: Values, channel: str) -> list[Any]:
    """Return what is written to one channel beside a checkpoint; all else of it may be damaged."""
    items = page.chunks.get(stored.key.thread_id, ())
    with _decoding(stored.key):
        return [values.decoder.value(value, items, None) for _, name, value in stored.writes if name == channel]


def load_replay(key: CheckpointKey, replay: Replay, values: Values) -> dict[str, DeltaChannelHistory]:
    """Return what delta channels are replayed from as LangGraph takes it; raises as `load_checkpoint` does."""
    decoded = partial(values.decoder.value, items=replay.chunks)
    found: dict[str, DeltaChannelHistory] = {}
    with _decoding(key):
        for name, channel in replay.channels.items():
            writes = [(task, written, decoded(value)) for task, written, value in channel.writes]
            found[name] = {"writes": writes}
            if channel.seed is not None:
                found[name]["seed"] = decoded(channel.seed)
    return found


@contextmanager
def _decoding(key: CheckpointKey) -> Iterator[None]:
    """Name the checkpoint that cannot be decoded."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(
            f"there was not enough memory to decode checkpoint {key.checkpoint_id} of thread {key.thread_id!r}; give "
            "the process more."
        ) from error
    except (ClassNotAllowedError, ClassChangedError) as error:
        raise type(error)(
            f"checkpoint {key.checkpoint_id} of thread {key.thread_id!r} cannot be decoded: {error}"
        ) from error
    except Exception as error:
        raise UnreadableCheckpointError(
            f"checkpoint {key.checkpoint_id} of thread {key.thread_id!r} cannot be decoded ({error}); "
            "it is damaged, or was written with another serializer."
        ) from error


class Pages:
    """Walks a listing page by page."""

    def __init__(
        self,
        config: RunnableConfig | None,
        wanted: dict[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> None:
        self._wanted = wanted or {}
        self._left = limit
        self._end = limit is not None and limit <= 0
        configurable = config["configurable"] if config else {}
        self._listing = Listing(
            thread_id=thread_of(config) if config else None,
            checkpoint_ns=configurable.get("checkpoint_ns"),
            checkpoint_id=checkpoint_id_of(config) if config else None,
            before=before_of(before, config) if before and checkpoint_id_of(before) else None,
        )
        self._page = _PAGE if limit is None or wanted else max(1, min(limit, _LONGEST_PAGE))

    def next_page(self) -> Transaction[Page] | None:
        """Return the operation that reads the next page, or None when there is no more to read."""
        if self._end:
            return None
        return list_checkpoints(replace(self._listing, page=self._page))

    def accept(self, page: Page, load: Callable[[Page], Iterator[CheckpointTuple]]) -> Iterator[CheckpointTuple]:
        """Yield what of a page is wanted."""
        self._end = len(page.checkpoints) < self._page
        last = page.checkpoints[-1] if page.checkpoints else None
        if last is not None and last.stored_at is not None:
            self._listing = replace(self._listing, after=(last.stored_at, last.key.thread_id))
        for loaded in load(page):
            if any(_told(loaded.metadata, name) != value for name, value in self._wanted.items()):
                continue
            yield loaded
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._end = True
                    return


def _told(metadata: Mapping[str, Any], name: str) -> Any:
    """Return what metadata says under a name, or under a path of names with periods between."""
    if name in metadata or "." not in name:
        return metadata.get(name)
    found: Any = metadata
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
