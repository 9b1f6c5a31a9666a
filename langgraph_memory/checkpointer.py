"""`ThreadSaver`: the checkpointer. It serialises, and leaves the rest to the plans."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory.engine.base import Engine
from langgraph_memory.engine.opening import Opening
from langgraph_memory.engine.query import Operation
from langgraph_memory.exceptions import InvalidInputError, UnreadableCheckpointError
from langgraph_memory.plans import threads
from langgraph_memory.plans.threads import CheckpointKey, Listing, NewCheckpoint, StoredCheckpoint, ThreadSummary

_RANDOM_BITS = 32
_PAGE = 50


class ThreadSaver(BaseCheckpointSaver[int]):
    """Keeps the state of threads: every checkpoint, for sync and async graphs alike.

    Values are serialised with strict msgpack unless `serde` says otherwise: a class of your own is restored only when
    the serializer's allow-list names it.
    """

    def __init__(self, engine: Engine, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde or JsonPlusSerializer(allowed_msgpack_modules=None))
        self._engine = engine

    @classmethod
    def from_conn_string(
        cls, conn_string: str, *, serde: SerializerProtocol | None = None, **options: Any
    ) -> Opening[ThreadSaver]:
        """Open a database with `with` or `async with`, set it up, and close it at the end.

        Raises ConnectionStringError or a DatabaseError.
        """
        return Opening(conn_string, options, lambda engine: cls(engine, serde=serde))

    def setup(self) -> None:
        """Create or migrate the tables; safe to call again."""
        self._engine.setup()

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that `config` names, or the newest of its thread, or None."""
        stored = self._engine.run(threads.get_checkpoint(_key(config)))
        return None if stored is None else self._load(stored)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Same as `get_tuple`."""
        stored = await self._engine.arun(threads.get_checkpoint(_key(config)))
        return None if stored is None else self._load(stored)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield checkpoints newest first: of one thread, or of all when `config` is None.

        `filter` compares metadata; every key must be equal.
        """
        listing = _Pages(config, filter, before, limit)
        while (page := listing.next_page()) is not None:
            yield from listing.accept(self._engine.run(page), self._load)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Same as `list`."""
        listing = _Pages(config, filter, before, limit)
        while (page := listing.next_page()) is not None:
            for found in listing.accept(await self._engine.arun(page), self._load):
                yield found

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and return the config that names it."""
        new = self._dump(config, checkpoint, metadata, new_versions)
        self._engine.run(threads.put_checkpoint(new, _now()))
        return _config(new.key)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Same as `put`."""
        new = self._dump(config, checkpoint, metadata, new_versions)
        await self._engine.arun(threads.put_checkpoint(new, _now()))
        return _config(new.key)

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

    def delete_thread(self, thread_id: str) -> None:
        """Remove everything of a thread."""
        self._engine.run(threads.delete_thread(str(thread_id)))

    async def adelete_thread(self, thread_id: str) -> None:
        """Same as `delete_thread`."""
        await self._engine.arun(threads.delete_thread(str(thread_id)))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Remove the checkpoints and writes that the given runs made."""
        self._engine.run(threads.delete_runs(_texts(run_ids)))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Same as `delete_for_runs`."""
        await self._engine.arun(threads.delete_runs(_texts(run_ids)))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy every checkpoint of a thread to a thread id that is not in use.

        Raises InvalidInputError when the target holds checkpoints.
        """
        self._engine.run(threads.copy_thread(str(source_thread_id), str(target_thread_id)))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Same as `copy_thread`."""
        await self._engine.arun(threads.copy_thread(str(source_thread_id), str(target_thread_id)))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Remove checkpoints: all but the newest of each namespace (`"keep_latest"`), or all (`"delete"`).

        Ancestors that a kept delta channel is replayed from stay. Raises InvalidInputError for another strategy.
        """
        self._engine.run(_prune(thread_ids, strategy))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Same as `prune`."""
        await self._engine.arun(_prune(thread_ids, strategy))

    def list_threads(self, *, limit: int = 100, offset: int = 0) -> Sequence[ThreadSummary]:
        """Return a page of threads, last used first, with what each of them holds."""
        return self._engine.run(threads.list_threads(limit, offset))

    async def alist_threads(self, *, limit: int = 100, offset: int = 0) -> Sequence[ThreadSummary]:
        """Same as `list_threads`."""
        return await self._engine.arun(threads.list_threads(limit, offset))

    def get_next_version(self, current: int | None, channel: None) -> int:
        """Return a version greater than `current` that no fork of the thread will choose too.

        The high part counts; the low 32 bits are random. A text version, which another saver made, is continued in
        that saver's form, because versions of one channel must compare.
        """
        if isinstance(current, str):
            count = int(current.split(".")[0]) + 1
            return cast(int, f"{count:032}.{random.random():016}")  # noqa: S311
        count = (int(current or 0) >> _RANDOM_BITS) + 1
        return count << _RANDOM_BITS | random.getrandbits(_RANDOM_BITS)

    def _dump(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> NewCheckpoint:
        key = _key(config)
        values = checkpoint["channel_values"]
        kept = get_checkpoint_metadata(config, metadata)
        return NewCheckpoint(
            key=CheckpointKey(key.thread_id, key.checkpoint_ns, checkpoint["id"]),
            parent_checkpoint_id=key.checkpoint_id,
            run_id=None if kept.get("run_id") is None else str(kept.get("run_id")),
            owner_id=_owner_id(kept),
            channel_versions={name: str(version) for name, version in checkpoint["channel_versions"].items()},
            checkpoint=self.serde.dumps_typed({**checkpoint, "channel_values": {}}),
            metadata=self.serde.dumps_typed(kept),
            channels=[
                (name, str(version), self.serde.dumps_typed(values[name]))
                for name, version in new_versions.items()
                if name in values
            ],
        )

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Operation[None]:
        pending = [
            threads.StoredWrite(
                task_id, WRITES_IDX_MAP.get(channel, place), task_path, channel, self.serde.dumps_typed(value)
            )
            for place, (channel, value) in enumerate(writes)
        ]
        return threads.put_writes(_key(config), pending)

    def _load(self, stored: StoredCheckpoint) -> CheckpointTuple:
        key = stored.key
        try:
            values = {name: self.serde.loads_typed(value) for name, value in stored.channels}
            checkpoint = {**self.serde.loads_typed(stored.checkpoint), "channel_values": values}
            metadata = self.serde.loads_typed(stored.metadata)
            pending = [(task, channel, self.serde.loads_typed(value)) for task, channel, value in stored.writes]
        except Exception as error:
            raise UnreadableCheckpointError(
                f"checkpoint {key.checkpoint_id} of thread {key.thread_id!r} cannot be decoded ({error}); "
                "it is damaged, or was written with another serializer."
            ) from error
        parent = stored.parent_checkpoint_id
        return CheckpointTuple(
            config=_config(key),
            checkpoint=cast(Checkpoint, checkpoint),
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
        self._listing = {
            "thread_id": _thread_id(config) if config else None,
            "checkpoint_ns": configurable.get("checkpoint_ns"),
            "checkpoint_id": configurable.get("checkpoint_id"),
            "before": get_checkpoint_id(before) if before else None,
        }
        self._after: CheckpointKey | None = None
        self._page = _PAGE if limit is None or wanted else max(1, min(limit, _PAGE))

    def next_page(self) -> Operation[Sequence[StoredCheckpoint]] | None:
        """Return the operation that reads the next page, or None when there is no more to read."""
        if self._end:
            return None
        listing = Listing(**self._listing, after=self._after, page=self._page)
        return cast("Operation[Sequence[StoredCheckpoint]]", threads.list_checkpoints(listing))

    def accept(self, found: Sequence[StoredCheckpoint], load: Any) -> Iterator[CheckpointTuple]:
        """Yield what of a page is wanted."""
        self._end = len(found) < self._page
        self._after = found[-1].key if found else None
        for stored in found:
            loaded: CheckpointTuple = load(stored)
            if any(loaded.metadata.get(name) != value for name, value in self._wanted.items()):
                continue
            yield loaded
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._end = True
                    return


def _prune(thread_ids: Sequence[str], strategy: str) -> Operation[None]:
    if strategy not in ("keep_latest", "delete"):
        raise InvalidInputError(f"unknown prune strategy {strategy!r}; use 'keep_latest' or 'delete'.")
    return threads.prune_threads(_texts(thread_ids), keep_latest=strategy == "keep_latest")


def _thread_id(config: RunnableConfig) -> str:
    thread_id = config.get("configurable", {}).get("thread_id")
    if thread_id is None or thread_id == "":
        raise InvalidInputError(
            "no thread was named; run the graph with config={'configurable': {'thread_id': '...'}}."
        )
    return str(thread_id)


def _key(config: RunnableConfig) -> CheckpointKey:
    configurable = config.get("configurable", {})
    return CheckpointKey(_thread_id(config), configurable.get("checkpoint_ns", ""), get_checkpoint_id(config) or None)


def _config(key: CheckpointKey) -> RunnableConfig:
    return {"configurable": key.columns()}


def _owner_id(metadata: CheckpointMetadata) -> str | None:
    """Return whom a run's configurable or metadata names as its owner: `owner_id`, else `user_id`."""
    named = metadata.get("owner_id", metadata.get("user_id"))
    return None if named is None or named == "" else str(named)


def _texts(values: Sequence[str]) -> Sequence[str]:
    return [str(value) for value in values]


def _now() -> datetime:
    return datetime.now(UTC)
