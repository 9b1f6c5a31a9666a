"""`ThreadSaver`: the checkpointer. It serialises, and leaves the rest to the plans."""

from __future__ import annotations

import asyncio
import os
import random
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, cast, get_args

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory.checkpoints._compat import (
    RESUME,
    RUNTIME,
    allowed_classes,
    declared_by_graphs,
    uncollected,
    unexamined,
)
from langgraph_memory.checkpoints.caches import Held, KnownCheckpoints
from langgraph_memory.checkpoints.classes import Readable
from langgraph_memory.checkpoints.codec import Codec, join, split, without_version
from langgraph_memory.checkpoints.decode import Shared
from langgraph_memory.checkpoints.encode import unserialisable
from langgraph_memory.checkpoints.owners import (
    check_access,
    check_all,
    check_resumed,
    check_runs,
    checked_first,
    share_thread,
)
from langgraph_memory.checkpoints.read import (
    checkpoint_ids,
    delta_history,
    list_checkpoints,
    read_checkpoint,
    summaries,
    summary,
)
from langgraph_memory.checkpoints.records import (
    CheckpointKey,
    Listing,
    Page,
    Replay,
    StoredCheckpoint,
    StoredWrite,
    Typed,
)
from langgraph_memory.checkpoints.retention import (
    Swept,
    copy_thread,
    prune_threads,
    remove_runs,
    remove_thread,
    sweep,
)
from langgraph_memory.checkpoints.write import Draft, Values, put_writes, store_checkpoint
from langgraph_memory.domain.scope import agreed_owner, authenticated_user, check_owner, owner_named
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.effect import Done, Effects
from langgraph_memory.effects.engine import Engine
from langgraph_memory.effects.runner import Runner
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.engine.connect import Opening, engine_of
from langgraph_memory.errors import (
    ClassChangedError,
    ClassNotAllowedError,
    InvalidInputError,
    OutOfMemoryError,
    UnreadableCheckpointError,
    UnreadableCheckpointWarning,
)
from langgraph_memory.runs import began
from langgraph_memory.views import Records

_STRICT = "LANGGRAPH_STRICT_MSGPACK"
"""LangGraph's own setting: where it says no, any class is restored, with LangGraph's warning."""
_RANDOM_BITS = 24
_PAGE = 50
_LONGEST_PAGE = 200
"""Where a limit says how many are wanted: neighbours share most of their chunks, which are read once for a page."""
_LARGE_BODY = 256
"""Bytes from when on a body is compressed: most of a smaller one are numbers, and it is stored with every step."""

Threads = Literal["shared", "owned"]
"""Who may run, read and delete a thread: whoever knows its id, or whom it belongs to."""


class ThreadSaver(BaseCheckpointSaver[int]):
    """Keeps the state of threads: every checkpoint, for sync and async graphs alike.

    Values are serialised with strict msgpack unless `serde` says otherwise: a class of your own is restored only when
    `allowed_classes` names it, or the state of a graph that was compiled with this saver declares it; any other is
    refused before it is stored. `fence=True` refuses to continue a checkpoint that another writer has continued.
    `share_history=True` lets the checkpoints of one listing share their messages, which makes the history of a long
    thread many times faster to read: for code that only reads them, because who changes one in place changes it in all
    checkpoints of that listing.

    Whoever knows the id of a thread can run and read it, as in LangGraph. `threads="owned"` refuses a run, a read or a
    deletion by an owner whom the thread does not belong to: whose runs saved its checkpoints, and whom it was shared
    with by `share_thread`. Every call must then name an owner, in its config or as `owner_id`.

    In place of an engine it takes what LangGraph's own savers take, a `sqlite3` connection to a file or a connection or
    pool of psycopg, and opens connections of its own to the same database.
    """

    def __init__(
        self,
        engine: Engine | Any,
        *,
        serde: SerializerProtocol | None = None,
        allowed_classes: Iterable[type | tuple[str, ...]] = (),
        fence: bool = False,
        share_history: bool = False,
        threads: Threads = "shared",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(serde=_serializer(serde, allowed_classes))
        engine = engine_of(engine, "ThreadSaver")
        self._engine = engine
        self._run = Runner(engine).run
        self._arun = Runner(engine).arun
        self._clock = clock or _now
        self._fence = fence
        self._share_history = share_history
        if threads not in get_args(Threads):
            raise InvalidInputError(f'threads must be "shared" or "owned", not {threads!r}.')
        self._owned = threads == "owned"
        self._known = KnownCheckpoints(engine.cache_bound)
        self._held = Held(engine.cache_bound)
        self._readable = Readable()
        self._values_of_serde = Values.of(Codec(self.serde), self._engine.cache_bound)

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        serde: SerializerProtocol | None = None,
        allowed_classes: Iterable[type | tuple[str, ...]] = (),
        fence: bool = False,
        share_history: bool = False,
        threads: Threads = "shared",
        **options: Any,
    ) -> Opening[ThreadSaver]:
        """Open a database with `with` or `async with`, set it up, and close it at the end.

        Raises ConnectionStringError or a DatabaseError.
        """

        def build(engine: Engine) -> ThreadSaver:
            return cls(
                engine,
                serde=serde,
                allowed_classes=allowed_classes,
                fence=fence,
                share_history=share_history,
                threads=threads,
            )

        return Opening(conn_string, options, build)

    def setup(self) -> Done:
        """Create or migrate the tables; safe to call again, and to await."""
        self._engine.setup()
        return Done()

    async def asetup(self) -> None:
        """Same as `setup`."""
        await asyncio.to_thread(self.setup)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that `config` names, or the newest of its thread, or None."""
        self._run(self._access(config))
        return next(self._load(self._run(read_checkpoint(_key(config), self._held))), None)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Same as `get_tuple`."""
        await self._arun(self._access(config))
        return next(self._load(await self._arun(read_checkpoint(_key(config), self._held))), None)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield checkpoints newest first: of one thread, or of all when `config` is None.

        `filter` compares metadata; every key must be equal, and may be a path such as "user.role".
        """
        self._run(self._access(config))
        listing, load = _Pages(config, filter, before, limit), self._loader(of_all=config is None)
        while (page := listing.next_page()) is not None:
            yield from listing.accept(self._engine.run(page), load)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Same as `list`."""
        await self._arun(self._access(config))
        listing, load = _Pages(config, filter, before, limit), self._loader(of_all=config is None)
        while (page := listing.next_page()) is not None:
            for found in listing.accept(await self._engine.arun(page), load):
                yield found

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and return the config that names it."""
        draft = self._draft(config, checkpoint, metadata, new_versions)
        self._run(store_checkpoint(draft, self._values, self._known, self._held, self._clock()))
        return _config(draft.key)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Same as `put`."""
        draft = self._draft(config, checkpoint, metadata, new_versions)
        await self._arun(store_checkpoint(draft, self._values, self._known, self._held, self._clock()))
        return _config(draft.key)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote, before the checkpoint that will contain it."""
        self._engine.run(self._put_writes(config, writes, task_id, task_path))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Same as `put_writes`."""
        await self._engine.arun(self._put_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str, *, owner_id: str | None = None) -> None:
        """Remove everything of a thread, its receipts and what of it waits to be promoted; memories of it stay.

        Raises ForeignThreadError when an `owner_id` is named whom the thread does not belong to.
        """
        self._run(self._checked([thread_id], owner_id))
        self._run(remove_thread(str(thread_id)))

    async def adelete_thread(self, thread_id: str, *, owner_id: str | None = None) -> None:
        """Same as `delete_thread`."""
        await self._arun(self._checked([thread_id], owner_id))
        await self._arun(remove_thread(str(thread_id)))

    def delete_for_runs(self, run_ids: Sequence[str], *, owner_id: str | None = None) -> None:
        """Remove the checkpoints and writes that the given runs made; `owner_id` as for `delete_thread`."""
        self._run(self._checked_runs(run_ids, owner_id))
        self._run(remove_runs(_texts(run_ids)))

    async def adelete_for_runs(self, run_ids: Sequence[str], *, owner_id: str | None = None) -> None:
        """Same as `delete_for_runs`."""
        await self._arun(self._checked_runs(run_ids, owner_id))
        await self._arun(remove_runs(_texts(run_ids)))

    def copy_thread(self, source_thread_id: str, target_thread_id: str, *, owner_id: str | None = None) -> None:
        """Copy every checkpoint of a thread to a thread id that is not in use; `owner_id` as for `delete_thread`.

        Raises InvalidInputError when the target holds checkpoints.
        """
        self._run(self._checked([source_thread_id], owner_id))
        self._engine.run(copy_thread(str(source_thread_id), str(target_thread_id)))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str, *, owner_id: str | None = None) -> None:
        """Same as `copy_thread`."""
        await self._arun(self._checked([source_thread_id], owner_id))
        await self._engine.arun(copy_thread(str(source_thread_id), str(target_thread_id)))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest", owner_id: str | None = None) -> None:
        """Remove checkpoints: all but the newest of each namespace (`"keep_latest"`), or all (`"delete"`).

        Ancestors that a kept delta channel is replayed from stay. `owner_id` as for `delete_thread`. Raises
        InvalidInputError for another strategy.
        """
        self._run(self._checked(thread_ids, owner_id))
        self._run(_prune(thread_ids, strategy))

    async def aprune(
        self, thread_ids: Sequence[str], *, strategy: str = "keep_latest", owner_id: str | None = None
    ) -> None:
        """Same as `prune`."""
        await self._arun(self._checked(thread_ids, owner_id))
        await self._arun(_prune(thread_ids, strategy))

    def share_thread(self, thread_id: str, *, owners: Sequence[str]) -> None:
        """Let a thread belong to some owners too, who may then run, read and delete it.

        Whose words its messages hold stays as it is. Raises ThreadNotFoundError or MissingOwnerError.
        """
        self._engine.run(_share(thread_id, owners))

    async def ashare_thread(self, thread_id: str, *, owners: Sequence[str]) -> None:
        """Same as `share_thread`."""
        await self._engine.arun(_share(thread_id, owners))

    def list_threads(self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0) -> Records[ThreadSummary]:
        """Return a page of threads, last used first, with what each of them holds.

        An owner's are those of which a run named that owner first: in its context, else in its configurable or
        metadata, as `owner_id`, else as `user_id`.
        """
        self._named(owner_id)
        return self._run(summaries(owner_id, limit, offset, self._values.decoder))

    async def alist_threads(
        self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Records[ThreadSummary]:
        """Same as `list_threads`."""
        self._named(owner_id)
        return await self._arun(summaries(owner_id, limit, offset, self._values.decoder))

    def get_thread(self, thread_id: str, *, owner_id: str | None = None) -> ThreadSummary:
        """Return what a thread holds, and whose it is; with `owner_id` only where `list_threads` lists it for them.

        Raises ThreadNotFoundError.
        """
        self._named(owner_id)
        return self._run(summary(thread_id, owner_id, self._values.decoder))

    async def aget_thread(self, thread_id: str, *, owner_id: str | None = None) -> ThreadSummary:
        """Same as `get_thread`."""
        self._named(owner_id)
        return await self._arun(summary(thread_id, owner_id, self._values.decoder))

    def checkpoint_ids(self, thread_id: str) -> set[tuple[str, str]]:
        """Return the (namespace, id) of every checkpoint of a thread, without reading them."""
        return self._engine.run(checkpoint_ids(str(thread_id)))

    def sweep(self, *, max_age: timedelta | None = None, max_checkpoints_per_thread: int | None = None) -> Swept:
        """Delete threads last written longer ago than `max_age`; of the others keep so many of each namespace's newest.

        Ancestors that a kept delta channel is replayed from stay. The space goes back to the file system. Raises
        InvalidInputError when fewer than one checkpoint is to be kept.
        """
        return self._run(_sweep(max_age, max_checkpoints_per_thread))

    async def asweep(self, *, max_age: timedelta | None = None, max_checkpoints_per_thread: int | None = None) -> Swept:
        """Same as `sweep`."""
        return await self._arun(_sweep(max_age, max_checkpoints_per_thread))

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what some delta channels are replayed from: their nearest stored value, and the writes since."""
        self._run(self._access(config))
        return self._load_replay(_key(config), self._engine.run(delta_history(_key(config), channels)))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Same as `get_delta_channel_history`."""
        await self._arun(self._access(config))
        return self._load_replay(_key(config), await self._engine.arun(delta_history(_key(config), channels)))

    def get_next_version(self, current: int | None, channel: None) -> int:
        """Return a version greater than `current` that no fork of the thread will choose too.

        The high part counts; the low 24 bits are random. A text version, which another saver made, is continued in
        that saver's form, because versions of one channel must compare.
        """
        if isinstance(current, str):
            count = int(current.split(".")[0]) + 1
            return cast(int, f"{count:032}.{random.random():016}")  # noqa: S311
        count = (int(current or 0) >> _RANDOM_BITS) + 1
        return count << _RANDOM_BITS | random.getrandbits(_RANDOM_BITS)

    @property
    def _values(self) -> Values:
        """What serialises values; made again when the serializer was replaced, as `with_allowlist` does in a clone."""
        if self._values_of_serde.codec.serde is not self.serde:
            self._values_of_serde = Values.of(Codec(self.serde), self._engine.cache_bound)
        return self._values_of_serde

    def _check_readable(self, channel: str, value: Any) -> None:
        """Raise ClassNotAllowedError rather than store what could not be read again."""
        codec = self._values.codec
        if not codec.refuses:
            return
        try:
            self._readable.check(value, codec.read_back)
        except ClassNotAllowedError as error:
            if self._allow_declared(codec):
                self._check_readable(channel, value)
                return
            raise ClassNotAllowedError(f"a value of channel {channel!r} was not stored: {error}") from error

    def _allow_declared(self, refused_by: Codec) -> bool:
        """Allow the classes that the graphs of this saver declare; False when that is nothing new to a codec.

        Another thread, which was refused the same class, may have allowed them meanwhile.
        """
        declared = declared_by_graphs(self) - (allowed_classes(self._values.codec.plain) or set())
        if declared:
            self.serde = self.with_allowlist(declared).serde
        return self.serde is not refused_by.serde

    def _draft(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Draft:
        key = _key(config)
        values = checkpoint["channel_values"]
        kept = get_checkpoint_metadata(config, metadata)
        versions, body = split(checkpoint, kept)
        named = checkpoint["channel_versions"]
        stored = [(name, str(version), values[name]) for name, version in named.items() if name in values]
        for name in (*new_versions, *without_version(checkpoint)):
            self._check_readable(name, values.get(name))
        return Draft(
            key=CheckpointKey(key.thread_id, key.checkpoint_ns, str(checkpoint["id"])),
            parent_checkpoint_id=key.checkpoint_id,
            run_id=None if kept.get("run_id") is None else str(kept.get("run_id")),
            owner_id=self._named(_owner_id(config, kept)),
            channel_versions=versions,
            replayed_channels=[
                name for name in kept.get("counters_since_delta_snapshot", ()) if name in named and name not in values
            ],
            body=self._dump_body(body),
            channels=[one for one in stored if one[0] in new_versions],
            kept=[one for one in stored if one[0] not in new_versions],
            nested=bool(kept.get("parents")),
            fenced=self._fence and kept.get("source") not in ("fork", "update"),
            owned=self._owned,
            began_at=_began(config),
        )

    def _dump_body(self, body: Sequence[Any]) -> Typed:
        try:
            return self._values.codec.dump(body, _LARGE_BODY)
        except Exception as error:
            raise InvalidInputError(
                f"the metadata of a checkpoint cannot be serialised ({error}); pass a number of more than 64 bits, or "
                "an object of your own, as text."
            ) from error

    def _dump(self, channel: str, value: Any) -> Typed:
        try:
            return self._values.codec.dump(value)
        except Exception as error:
            raise unserialisable(channel, error) from error

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Transaction[None]:
        for channel, value in writes:
            self._check_readable(channel, value)
        pending = [
            StoredWrite(task_id, WRITES_IDX_MAP.get(channel, place), task_path, channel, self._dump(channel, value))
            for place, (channel, value) in enumerate(writes)
        ]
        storing = put_writes(_key(config), pending, self._known)
        resumes = any(channel == RESUME for channel, _ in writes)
        if not self._owned and not resumes:
            return storing
        owner_id, thread_id = self._named(_owner_id(config)), _thread_id(config)
        if owner_id is None:
            return storing
        check = check_access if self._owned else check_resumed
        return checked_first(lambda: check(thread_id, owner_id), storing)

    def _named(self, owner_id: str | None) -> str | None:
        """Return the owner who asks; raises MissingOwnerError where every call must name one and this does not."""
        return check_owner(owner_id) if self._owned or owner_id is not None else None

    def _access(self, config: RunnableConfig | None) -> Effects[None]:
        """Refuse what a config names to an owner whom it does not belong to, where threads are owned."""
        _began(config)
        if self._owned:
            if config is None:
                raise InvalidInputError('threads are "owned" here: name the thread to be listed in its config.')
            yield from self._checked([_thread_id(config)], _owner_id(config, config.get("metadata")))

    def _checked(self, thread_ids: Sequence[str], owner_id: str | None) -> Effects[None]:
        owner_id = self._named(owner_id)
        if owner_id is not None:
            yield check_all(owner_id, _texts(thread_ids))

    def _checked_runs(self, run_ids: Sequence[str], owner_id: str | None) -> Effects[None]:
        owner_id = self._named(owner_id)
        if owner_id is not None:
            yield check_runs(owner_id, _texts(run_ids))

    def _loader(self, *, of_all: bool) -> Callable[[Page], Iterator[CheckpointTuple]]:
        """Return what loads the pages of one listing."""
        return partial(self._load, shared={} if self._share_history else None, of_all=of_all)

    def _load(self, page: Page, shared: Shared | None = None, *, of_all: bool = False) -> Iterator[CheckpointTuple]:
        """Yield the checkpoints of a page; of all threads, one that cannot be read is left out with a warning."""
        making = uncollected if len(page.checkpoints) == 1 else unexamined
        for stored in page.checkpoints:
            try:
                with making():
                    loaded = self._load_allowed(stored, page, shared)
            except UnreadableCheckpointError as error:
                if not of_all:
                    raise
                warnings.warn(UnreadableCheckpointWarning(f"a listing leaves out that {error}"), stacklevel=4)
                continue
            yield loaded

    def _load_replay(self, key: CheckpointKey, replay: Replay) -> Mapping[str, DeltaChannelHistory]:
        codec = self._values.codec
        with uncollected():
            try:
                return self._load_replayed(key, replay)
            except ClassNotAllowedError:
                if not self._allow_declared(codec):
                    raise
            return self._load_replayed(key, replay)

    def _load_replayed(self, key: CheckpointKey, replay: Replay) -> Mapping[str, DeltaChannelHistory]:
        decoded = partial(self._values.decoder.value, items=replay.chunks)
        found: dict[str, DeltaChannelHistory] = {}
        with _decoding(key):
            for name, channel in replay.channels.items():
                writes = [(task, written, decoded(value)) for task, written, value in channel.writes]
                found[name] = {"writes": writes}
                if channel.seed is not None:
                    found[name]["seed"] = decoded(channel.seed)
        return found

    def _load_allowed(self, stored: StoredCheckpoint, page: Page, shared: Shared | None) -> CheckpointTuple:
        codec = self._values.codec
        try:
            return self._load_one(stored, page, shared)
        except ClassNotAllowedError:
            if not self._allow_declared(codec):
                raise
        return self._load_one(stored, page, shared)

    def _load_one(self, stored: StoredCheckpoint, page: Page, shared: Shared | None) -> CheckpointTuple:
        key = stored.key
        codec, decoder = self._values.codec, self._values.decoder
        items = page.chunks.get(key.thread_id, ())
        with _decoding(key):
            body = codec.load(stored.body)
            values = {name: decoder.value(version, items, shared) for name, version in stored.channels.items()}
            pending = [(task, channel, decoder.value(value, items, shared)) for task, channel, value in stored.writes]
            checkpoint, metadata = join(key.checkpoint_id, body, stored.channel_versions, values)
        parent = stored.parent_checkpoint_id
        return CheckpointTuple(
            config=_config(key),
            checkpoint=checkpoint,
            metadata=metadata,
            parent_config=_config(CheckpointKey(key.thread_id, key.checkpoint_ns, parent)) if parent else None,
            pending_writes=pending,
        )


class _Pages:
    """Walks a listing page by page; the same for sync and async."""

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
            thread_id=_thread_id(config) if config else None,
            checkpoint_ns=configurable.get("checkpoint_ns"),
            checkpoint_id=_checkpoint_id(config) if config else None,
            before=_before(before, config) if before and _checkpoint_id(before) else None,
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


def _share(thread_id: str, owners: Sequence[str]) -> Transaction[None]:
    if isinstance(owners, str):
        raise InvalidInputError(f"owners must be a list such as [{owners!r}], not a single text.")
    return share_thread(str(thread_id), [check_owner(owner_id) for owner_id in owners])


def _prune(thread_ids: Sequence[str], strategy: str) -> Effects[None]:
    if strategy not in ("keep_latest", "delete"):
        raise InvalidInputError(f"unknown prune strategy {strategy!r}; use 'keep_latest' or 'delete'.")
    return prune_threads(_texts(thread_ids), 1 if strategy == "keep_latest" else 0)


def _sweep(max_age: timedelta | None, max_checkpoints: int | None) -> Effects[Swept]:
    if max_checkpoints is not None and max_checkpoints < 1:
        raise InvalidInputError("max_checkpoints_per_thread must be at least 1; delete_thread removes a thread.")
    return sweep(_now(), max_age, max_checkpoints)


def _serializer(serde: SerializerProtocol | None, allowed: Iterable[type | tuple[str, ...]]) -> SerializerProtocol:
    if serde is None:
        named = tuple(allowed)
        permissive = not named and os.environ.get(_STRICT, "true").lower() not in ("1", "true", "yes")
        return JsonPlusSerializer(allowed_msgpack_modules=True if permissive else named or None)
    if tuple(allowed):
        raise InvalidInputError("allowed_classes is for the default serializer; give yours its own allow-list.")
    return serde


def _thread_id(config: RunnableConfig) -> str:
    thread_id = config.get("configurable", {}).get("thread_id")
    if thread_id is None or thread_id == "":
        raise InvalidInputError(
            "no thread was named; run the graph with config={'configurable': {'thread_id': '...'}}."
        )
    return str(thread_id)


def _key(config: RunnableConfig) -> CheckpointKey:
    configurable = config.get("configurable", {})
    return CheckpointKey(_thread_id(config), configurable.get("checkpoint_ns", ""), _checkpoint_id(config))


def _checkpoint_id(config: RunnableConfig) -> str | None:
    """Return the id that a config names; a web framework may have made a `UUID` of it."""
    named = get_checkpoint_id(config)
    return str(named) if named else None


def _before(before: RunnableConfig, config: RunnableConfig | None) -> CheckpointKey:
    """Return the checkpoint that a listing ends before; its thread is the listed one where it names none."""
    named = {**(config or {}).get("configurable", {}), **before.get("configurable", {})}
    return CheckpointKey(str(named.get("thread_id", "")), named.get("checkpoint_ns") or "", _checkpoint_id(before))


def _config(key: CheckpointKey) -> RunnableConfig:
    return {"configurable": key.columns()}


def _began(config: RunnableConfig | None) -> datetime | None:
    """Return since when the run of a config is under way; None outside of runs."""
    runtime = (config or {}).get("configurable", {}).get(RUNTIME)
    return began(getattr(runtime, "control", None))


def _owner_id(config: RunnableConfig, metadata: Mapping[str, Any] | None = None) -> str | None:
    """Return whom a run names as its owner, as the nodes find it, or else in its metadata.

    Raises IdentityConflictError.
    """
    configurable = config.get("configurable", {})
    runtime = configurable.get(RUNTIME)
    named = agreed_owner(
        {
            "the server": authenticated_user(getattr(runtime, "server_info", None), configurable),
            "its context": owner_named(getattr(runtime, "context", None)),
            "its configurable": owner_named(configurable),
        }
    )
    named = owner_named(metadata or {}) if named is None else named
    return None if named is None or named == "" else str(named)


def _texts(values: Sequence[str]) -> Sequence[str]:
    return [str(value) for value in values]


def _now() -> datetime:
    return datetime.now(UTC)
