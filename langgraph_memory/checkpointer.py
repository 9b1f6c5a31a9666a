"""`ThreadSaver`: the checkpointer. It serialises, and leaves the rest to the plans."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar, cast, get_args

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import TASKS

from langgraph_memory.checkpoints._compat import RESUME, allowed_classes, declared_by_graphs, uncollected, unexamined
from langgraph_memory.checkpoints.caches import Caches
from langgraph_memory.checkpoints.classes import Readable, holds_no_object
from langgraph_memory.checkpoints.codec import Codec, split, versions_to_store
from langgraph_memory.checkpoints.decode import Shared
from langgraph_memory.checkpoints.encode import Values, unserialisable
from langgraph_memory.checkpoints.owners import (
    check_access,
    check_all,
    check_resumed,
    check_runs,
    checked_first,
    share_thread,
)
from langgraph_memory.checkpoints.read import (
    Pages,
    checkpoint_ids,
    delta_history,
    load_checkpoint,
    load_replay,
    load_writes,
    read_checkpoint,
    summaries,
    summary,
)
from langgraph_memory.checkpoints.records import (
    Page,
    Replay,
    StoredCheckpoint,
    StoredWrite,
    Typed,
    begun_at,
    config_of,
    key_of_config,
    owner_of_run,
    thread_of,
)
from langgraph_memory.checkpoints.retention import Swept, copy_thread, prune_threads, remove_runs, remove_thread, sweep
from langgraph_memory.checkpoints.write import Draft, put_writes, store_checkpoint
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.effect import Done, Effects, in_thread
from langgraph_memory.effects.runner import Runner
from langgraph_memory.effects.transaction import Engine, Transaction
from langgraph_memory.effects.twins import Operation, async_iterator_of, runs_effects, streams_effects, twin_of
from langgraph_memory.engine.connect import Opening, engine_of
from langgraph_memory.errors import (
    ClassNotAllowedError,
    InvalidInputError,
    UnreadableCheckpointError,
    UnreadableCheckpointWarning,
)
from langgraph_memory.views import Records

_STRICT = "LANGGRAPH_STRICT_MSGPACK"
"""LangGraph's own setting: where it says no, any class is restored, with LangGraph's warning."""
_RANDOM_BITS = 24
SENDS_INSIDE = 4
"""The format of checkpoints from which on they hold what tasks were sent; before, it stood in the parent's writes."""
_LARGE_BODY = 256
"""Bytes from when on a body is compressed: most of a smaller one are numbers, and it is stored with every step."""

T = TypeVar("T")
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
        self._runner = Runner(engine)
        self._clock = clock or _now
        self._fence = fence
        self._share_history = share_history
        if threads not in get_args(Threads):
            raise InvalidInputError(f'threads must be "shared" or "owned", not {threads!r}.')
        self._owned = threads == "owned"
        self._caches = Caches.of(engine.cache_bound)
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
        own: Any = {"serde": serde, "allowed_classes": allowed_classes, "threads": threads}
        build = partial(cls, fence=fence, share_history=share_history, **own)
        return Opening(conn_string, options, build)

    @runs_effects
    def setup(self) -> Effects[Done]:
        """Create or migrate the tables; safe to call again, and to await."""
        yield from in_thread(self._engine.setup)
        return Done()

    asetup = twin_of(setup)

    @runs_effects
    def get_tuple(self, config: RunnableConfig) -> Effects[CheckpointTuple | None]:
        """Return the checkpoint that `config` names, or the newest of its thread, or None."""
        yield from self._access(config)
        page = yield from read_checkpoint(key_of_config(config), self._caches.chunks)
        return next(self._load(page), None)

    aget_tuple = twin_of(get_tuple)

    @streams_effects
    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[Effects[Iterable[CheckpointTuple]]]:
        """Yield checkpoints newest first: of one thread, or of all when `config` is None.

        `filter` compares metadata; every key must be equal, and may be a path such as "user.role".
        """
        pages = Pages(config, filter, before, limit)
        load = partial(self._load, shared={} if self._share_history else None, of_all=config is None)
        access: Iterable[Any] = self._access(config)
        while (page := pages.next_page()) is not None:
            yield _accepted(access, page, partial(pages.accept, load=load))
            access = ()

    alist = async_iterator_of(list)  # noqa: A003

    @runs_effects
    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Effects[RunnableConfig]:
        """Store a checkpoint and return the config that names it.

        One of a format before the fourth is given the tasks it was sent, as LangGraph's own classes do where they read.
        """
        if checkpoint.get("v", SENDS_INSIDE) < SENDS_INSIDE and TASKS not in checkpoint["channel_values"]:
            checkpoint, new_versions = yield from self._with_sends(config, checkpoint, new_versions)
        draft = self._draft(config, checkpoint, metadata, new_versions)
        yield from store_checkpoint(draft, self._values, self._caches, self._clock())
        return config_of(draft.key)

    aput = twin_of(put)

    @runs_effects
    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> Operation[None]:
        """Store what a task wrote, before the checkpoint that will contain it."""
        self._check_readable(writes)
        pending = [
            StoredWrite(task_id, WRITES_IDX_MAP.get(channel, place), task_path, channel, self._dump(channel, value))
            for place, (channel, value) in enumerate(writes)
        ]
        storing = put_writes(key_of_config(config), pending, self._caches.checkpoints)
        resumes = any(channel == RESUME for channel, _ in writes)
        owner_id = self._named(owner_of_run(config)) if self._owned or resumes else None
        if owner_id is None:
            return storing
        check = check_access if self._owned else check_resumed
        return checked_first(partial(check, thread_of(config), owner_id), storing)

    aput_writes = twin_of(put_writes)

    @runs_effects
    def delete_thread(self, thread_id: str, *, owner_id: str | None = None) -> Effects[None]:
        """Remove everything of a thread, its receipts and what of it waits to be promoted; memories of it stay.

        Raises ForeignThreadError when an `owner_id` is named whom the thread does not belong to.
        """
        yield from self._checked([thread_id], owner_id)
        yield from remove_thread(str(thread_id))

    async def adelete_thread(self, thread_id: str, *, owner_id: str | None = None) -> None:
        """Same as `delete_thread`."""
        await twin_of(ThreadSaver.delete_thread)(self, thread_id, owner_id=owner_id)

    @runs_effects
    def delete_for_runs(self, run_ids: Sequence[str], *, owner_id: str | None = None) -> Effects[None]:
        """Remove the checkpoints and writes that the given runs made; `owner_id` as for `delete_thread`."""
        runs, owner_id = _texts(run_ids), self._named(owner_id)
        if owner_id is not None:
            yield check_runs(owner_id, runs)
        yield from remove_runs(runs)

    async def adelete_for_runs(self, run_ids: Sequence[str], *, owner_id: str | None = None) -> None:
        """Same as `delete_for_runs`."""
        await twin_of(ThreadSaver.delete_for_runs)(self, run_ids, owner_id=owner_id)

    @runs_effects
    def copy_thread(
        self, source_thread_id: str, target_thread_id: str, *, owner_id: str | None = None
    ) -> Effects[None]:
        """Copy every checkpoint of a thread to a thread id that is not in use; `owner_id` as for `delete_thread`.

        Raises InvalidInputError when the target holds checkpoints.
        """
        yield from self._checked([source_thread_id], owner_id)
        yield copy_thread(str(source_thread_id), str(target_thread_id))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str, *, owner_id: str | None = None) -> None:
        """Same as `copy_thread`."""
        await twin_of(ThreadSaver.copy_thread)(self, source_thread_id, target_thread_id, owner_id=owner_id)

    @runs_effects
    def prune(
        self, thread_ids: Sequence[str], *, strategy: str = "keep_latest", owner_id: str | None = None
    ) -> Effects[None]:
        """Remove checkpoints: all but the newest of each namespace (`"keep_latest"`), or all (`"delete"`).

        Ancestors that a kept delta channel is replayed from stay. `owner_id` as for `delete_thread`. Raises
        InvalidInputError for another strategy.
        """
        yield from self._checked(thread_ids, owner_id)
        if strategy not in ("keep_latest", "delete"):
            raise InvalidInputError(f"unknown prune strategy {strategy!r}; use 'keep_latest' or 'delete'.")
        yield from prune_threads(_texts(thread_ids), 1 if strategy == "keep_latest" else 0)

    async def aprune(
        self, thread_ids: Sequence[str], *, strategy: str = "keep_latest", owner_id: str | None = None
    ) -> None:
        """Same as `prune`."""
        await twin_of(ThreadSaver.prune)(self, thread_ids, strategy=strategy, owner_id=owner_id)

    @runs_effects
    def share_thread(self, thread_id: str, *, owners: Sequence[str]) -> Operation[None]:
        """Let a thread belong to some owners too, who may then run, read and delete it.

        Whose words its messages hold stays as it is. Raises ThreadNotFoundError or MissingOwnerError.
        """
        if isinstance(owners, str):
            raise InvalidInputError(f"owners must be a list such as [{owners!r}], not a single text.")
        return share_thread(str(thread_id), [check_owner(owner_id) for owner_id in owners])

    ashare_thread = twin_of(share_thread)

    @runs_effects
    def list_threads(
        self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Effects[Records[ThreadSummary]]:
        """Return a page of threads, last used first, with what each of them holds.

        An owner's are those of which a run named that owner first: in its context, else in its configurable or
        metadata, as `owner_id`, else as `user_id`.
        """
        self._named(owner_id)
        return summaries(owner_id, limit, offset, self._values.decoder)

    alist_threads = twin_of(list_threads)

    @runs_effects
    def get_thread(self, thread_id: str, *, owner_id: str | None = None) -> Effects[ThreadSummary]:
        """Return what a thread holds, and whose it is; with `owner_id` only where `list_threads` lists it for them.

        Raises ThreadNotFoundError.
        """
        self._named(owner_id)
        return summary(thread_id, owner_id, self._values.decoder)

    aget_thread = twin_of(get_thread)

    def checkpoint_ids(self, thread_id: str) -> set[tuple[str, str]]:
        """Return the (namespace, id) of every checkpoint of a thread, without reading them."""
        return self._engine.run(checkpoint_ids(str(thread_id)))

    @runs_effects
    def sweep(
        self, *, max_age: timedelta | None = None, max_checkpoints_per_thread: int | None = None
    ) -> Effects[Swept]:
        """Delete threads last written longer ago than `max_age`; of the others keep so many of each namespace's newest.

        Ancestors that a kept delta channel is replayed from stay. The space goes back to the file system. Raises
        InvalidInputError when fewer than one checkpoint is to be kept.
        """
        if max_checkpoints_per_thread is not None and max_checkpoints_per_thread < 1:
            raise InvalidInputError("max_checkpoints_per_thread must be at least 1; delete_thread removes a thread.")
        return sweep(_now(), max_age, max_checkpoints_per_thread)

    asweep = twin_of(sweep)

    @runs_effects
    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Effects[Mapping[str, DeltaChannelHistory]]:
        """Return what some delta channels are replayed from: their nearest stored value, and the writes since."""
        yield from self._access(config)
        key = key_of_config(config)
        replay: Replay = yield delta_history(key, channels)
        with uncollected():
            return self._loaded(lambda: load_replay(key, replay, self._values))

    aget_delta_channel_history = twin_of(get_delta_channel_history)

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

    def _check_readable(self, written: Iterable[tuple[str, Any]]) -> None:
        """Raise ClassNotAllowedError rather than store what could not be read again, of some channels."""
        if self._values.codec.refuses:
            for channel, value in written:
                if not holds_no_object(value):
                    self._check_objects(channel, value)

    def _check_objects(self, channel: str, value: Any) -> None:
        try:
            self._loaded(lambda: self._readable.check(value, self._values.codec.read_back))
        except ClassNotAllowedError as error:
            raise ClassNotAllowedError(f"a value of channel {channel!r} was not stored: {error}") from error

    def _loaded(self, load: Callable[[], T]) -> T:
        """Load something, anew where it holds a class that is refused and that the graphs of this saver declare."""
        serde = self.serde
        try:
            return load()
        except ClassNotAllowedError:
            self._allow_declared()
            if self.serde is serde:
                raise
        return self._loaded(load)

    def _allow_declared(self) -> None:
        """Allow what the graphs of this saver declare; another thread may do so at the same time."""
        declared = declared_by_graphs(self) - (allowed_classes(self._values.codec.plain) or set())
        if declared:
            self.serde = self.with_allowlist(declared).serde

    def _draft(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Draft:
        key, kept = key_of_config(config), get_checkpoint_metadata(config, metadata)
        versions, body = split(checkpoint, kept)
        changed, unchanged = _channels(checkpoint, new_versions)
        self._check_readable((name, value) for name, _, value in changed)
        return Draft(
            key=key._replace(checkpoint_id=str(checkpoint["id"])),
            parent_checkpoint_id=key.checkpoint_id,
            run_id=None if kept.get("run_id") is None else str(kept.get("run_id")),
            owner_id=self._named(owner_of_run(config, kept)),
            channel_versions=versions,
            replayed_channels=_replayed(checkpoint, kept),
            body=self._dump_body(body),
            channels=changed,
            kept=unchanged,
            nested=bool(kept.get("parents")),
            fenced=self._fence and kept.get("source") not in ("fork", "update"),
            owned=self._owned,
            began_at=begun_at(config),
        )

    def _with_sends(
        self, config: RunnableConfig, checkpoint: Checkpoint, new_versions: ChannelVersions
    ) -> Effects[tuple[Checkpoint, ChannelVersions]]:
        """Return a checkpoint with what its parent's pending writes send, and the versions that are new in it."""
        key = key_of_config(config)
        page = Page() if key.checkpoint_id is None else (yield from read_checkpoint(key, self._caches.chunks))
        sends = [sent for one in page.checkpoints for sent in load_writes(one, page, self._values, TASKS)]
        if not sends:
            return checkpoint, new_versions
        versions, values = checkpoint["channel_versions"], checkpoint["channel_values"]
        version = max(versions.values()) if versions else self.get_next_version(None, None)
        sent: Any = {"channel_values": {**values, TASKS: sends}, "channel_versions": {**versions, TASKS: version}}
        return cast(Checkpoint, {**checkpoint, **sent}), {**new_versions, TASKS: version}

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

    def _named(self, owner_id: str | None) -> str | None:
        """Return the owner who asks; raises MissingOwnerError where every call must name one and this does not."""
        return check_owner(owner_id) if self._owned or owner_id is not None else None

    def _access(self, config: RunnableConfig | None) -> Effects[None]:
        """Refuse what a config names to an owner whom it does not belong to, where threads are owned."""
        begun_at(config)
        if self._owned:
            if config is None:
                raise InvalidInputError('threads are "owned" here: name the thread to be listed in its config.')
            yield from self._checked([thread_of(config)], owner_of_run(config, config.get("metadata")))

    def _checked(self, thread_ids: Sequence[str], owner_id: str | None) -> Effects[None]:
        owner_id = self._named(owner_id)
        if owner_id is not None:
            yield check_all(owner_id, _texts(thread_ids))

    def _load(self, page: Page, shared: Shared | None = None, *, of_all: bool = False) -> Iterator[CheckpointTuple]:
        """Yield the checkpoints of a page; of all threads, one that cannot be read is left out with a warning."""
        making = uncollected if len(page.checkpoints) == 1 else unexamined
        for stored in page.checkpoints:
            try:
                with making():
                    loaded = self._loaded(partial(self._load_one, stored, page, shared))
            except UnreadableCheckpointError as error:
                if not of_all:
                    raise
                warnings.warn(UnreadableCheckpointWarning(f"a listing leaves out that {error}"), stacklevel=4)
                continue
            yield loaded

    def _load_one(self, stored: StoredCheckpoint, page: Page, shared: Shared | None) -> CheckpointTuple:
        return load_checkpoint(stored, page, self._values, shared)


def _accepted(
    access: Iterable[Any], page: Transaction[Page], accept: Callable[[Page], Iterator[CheckpointTuple]]
) -> Effects[Iterable[CheckpointTuple]]:
    """Read a page once the access to it was checked, and return what of it is wanted."""
    yield from access
    return accept((yield page))


_Channels = list[tuple[str, str, Any]]


def _channels(checkpoint: Checkpoint, new_versions: ChannelVersions) -> tuple[_Channels, _Channels]:
    """Return the (channel, version, value) of those that changed, and of those that did not."""
    values = checkpoint["channel_values"]
    changed: _Channels = []
    unchanged: _Channels = []
    for name, version in versions_to_store(checkpoint).items():
        if name in values:
            is_new = name in new_versions or name not in checkpoint["channel_versions"]
            (changed if is_new else unchanged).append((name, str(version), values[name]))
    return changed, unchanged


def _replayed(checkpoint: Checkpoint, metadata: CheckpointMetadata) -> Sequence[str]:
    """Return the delta channels that a checkpoint does not store."""
    counted = metadata.get("counters_since_delta_snapshot", ())
    return [one for one in counted if one in checkpoint["channel_versions"] and one not in checkpoint["channel_values"]]


def _serializer(serde: SerializerProtocol | None, allowed: Iterable[type | tuple[str, ...]]) -> SerializerProtocol:
    if serde is None:
        named = tuple(allowed)
        permissive = not named and os.environ.get(_STRICT, "true").lower() not in ("1", "true", "yes")
        return JsonPlusSerializer(allowed_msgpack_modules=True if permissive else named or None)
    if tuple(allowed):
        raise InvalidInputError("allowed_classes is for the default serializer; give yours its own allow-list.")
    return serde


def _texts(values: Sequence[str]) -> Sequence[str]:
    """Return several ids as texts; raises InvalidInputError for a single one, which is a sequence of letters too."""
    if isinstance(values, (str, bytes)):
        raise InvalidInputError(f"several ids are asked for; pass [{values!r}], not a single text.")
    return [str(value) for value in values]


def _now() -> datetime:
    return datetime.now(UTC)
