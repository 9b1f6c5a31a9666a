"""Copies what LangGraph's own savers and stores wrote, so that every thread resumes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby, islice
from typing import Any, Literal, TypeVar

from langgraph.checkpoint.serde.types import TASKS

from langgraph_memory.checkpointer import SENDS_INSIDE, ThreadSaver
from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.database import MemoryDatabase
from langgraph_memory.effects.effect import Call, Effects, aperform, call, perform
from langgraph_memory.effects.transaction import Row
from langgraph_memory.engine.connect import is_upstream, upstream
from langgraph_memory.engine.upstream import Typed, Upstream, UpstreamCheckpoint
from langgraph_memory.errors import ClassNotAllowedError, UnreadableCheckpointError
from langgraph_memory.transfer.export import header, item_line, parse
from langgraph_memory.transfer.tables import Progress, say_nothing

__all__ = ["ImportReport", "Progress", "aimport_upstream", "import_upstream", "is_upstream"]

T = TypeVar("T")
_BATCH = 500
_DAMAGE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a checkpoint raises whose bytes still mean something, and something else."""


@dataclass(slots=True)
class ImportReport:
    """What an import has copied; what was there already is skipped. `source_bytes` is the size of what it read.

    `damaged` names each checkpoint and item that cannot be read, which was left behind.
    """

    threads: int = 0
    checkpoints: int = 0
    items: int = 0
    skipped: int = 0
    source_bytes: int = 0
    damaged: list[str] = field(default_factory=list)


def import_upstream(
    source: str | os.PathLike[str], memory: MemoryDatabase, *, progress: Progress | None = None
) -> ImportReport:
    """Copy every thread and every live item that upstream's SQLite or PostgreSQL classes wrote.

    The source is only read, one checkpoint at a time. An import that was cut short can be run again. A checkpoint or an
    item that is damaged is named in `damaged` and left behind. Raises a DatabaseError when the source cannot be read,
    and ClassNotAllowedError for a class that is not on the allow-list.
    """
    with closing(_Import(upstream(os.fspath(source)), memory, progress or say_nothing)) as importing:
        return perform(importing.run())


async def aimport_upstream(
    source: str | os.PathLike[str], memory: MemoryDatabase, *, progress: Progress | None = None
) -> ImportReport:
    """Same as `import_upstream`, with all that blocks in one thread beside the event loop."""
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, "langgraph_memory-import")
    try:
        old = await loop.run_in_executor(thread, upstream, os.fspath(source))
        importing = _Import(old, memory, progress or say_nothing, thread)
        try:
            return await aperform(importing.run())
        finally:
            await loop.run_in_executor(thread, importing.close)  # after the step at hand, when it was cancelled
    finally:
        thread.shutdown(wait=False)


class _Import:
    """Copies one upstream database, step by step: a checkpoint, or a batch of items."""

    def __init__(self, old: Upstream, memory: MemoryDatabase, report: Progress, thread: Executor | None = None) -> None:
        self._old = old
        self._memory = memory
        self._report = report
        self._thread = thread
        self._found = ImportReport()
        self._checkpoints = self._copied_checkpoints()
        self._items = old.items()

    def close(self) -> None:
        """Leave off where it is, and close the source."""
        self._checkpoints.close()
        self._items.close()
        self._old.close()

    def run(self) -> Effects[ImportReport]:
        """Copy everything, and return what was copied."""
        self._found.source_bytes, total = yield from self._beside(self._size)
        done, store = 0, self._memory.store
        while (yield from self._beside(partial(next, self._checkpoints, False))):
            done += 1
            self._report(done, total)
        while batch := (yield from self._beside(lambda: list(islice(self._items, _BATCH)))):
            receipt = yield from call(
                store.admin.import_, store.admin.aimport_, list(_item_lines(batch, self._found.damaged))
            )
            self._found.items += receipt.counts.get("items", 0)
            done += len(batch)
            self._report(done, total)
        self._report(total, total)
        return self._found

    def _size(self) -> tuple[int, int]:
        return self._old.bytes, self._old.count()

    def _copied_checkpoints(self) -> Generator[Literal[True], None, None]:
        """Copy one checkpoint after the other."""
        for thread_id, checkpoints in groupby(self._old.checkpoints(), key=lambda one: one.thread_id):
            thread = _Thread(self._memory.checkpointer, self._old, thread_id)
            for one in checkpoints:
                try:
                    thread.copy(one, self._found)
                except ClassNotAllowedError:
                    raise
                except (UnreadableCheckpointError, *_DAMAGE) as error:
                    thread.leave_behind(one)
                    named = f"checkpoint {one.checkpoint_id} of thread {thread_id!r} cannot be imported"
                    self._found.damaged.append(str(error) if named in str(error) else f"{named}: {error}")
                yield True
            self._found.threads += 1

    def _beside(self, work: Callable[[], T]) -> Effects[T]:
        """Do what blocks: here, or in the thread beside the event loop."""
        found: T = yield Call(work, lambda: asyncio.get_running_loop().run_in_executor(self._thread, work))
        return found


def _item_lines(items: Iterable[Row], damaged: list[str]) -> Iterator[str]:
    """Yield items as the lines of an export; those that cannot be read are named in `damaged`."""
    yield header(datetime.now(UTC))
    for row in items:
        try:
            value = json.loads(row["value"]) if isinstance(row["value"], str | bytes) else row["value"]
            line = item_line(row["prefix"], row["key"], value, row, indexed=True)
            parse(line, None)
            line.encode()
        except ValueError as error:  # among them no JSON, no Unicode, and what an item cannot be
            damaged.append(f"item {row['key']!r} of {row['prefix']!r} cannot be imported: {error}")
        else:
            yield line


class _Thread:
    """Copies the checkpoints of one thread, oldest first."""

    def __init__(self, saver: ThreadSaver, old: Upstream, thread_id: str) -> None:
        self._saver = saver
        self._old = old
        self._codec = Codec(saver.serde)
        self._thread_id = thread_id
        self._held = saver.checkpoint_ids(thread_id)
        self._versions: dict[tuple[str, str | None], Mapping[str, Any]] = {}

    def leave_behind(self, one: UpstreamCheckpoint) -> None:
        """Let no other checkpoint count on the values of one that was not copied."""
        self._versions.pop((one.checkpoint_ns, one.checkpoint_id), None)

    def copy(self, one: UpstreamCheckpoint, found: ImportReport) -> None:
        """Copy one checkpoint with its pending writes; what it shares with its parent is not stored again."""
        checkpoint: Any = one.body if isinstance(one.body, dict) else self._revive(one, one.body)
        values = checkpoint.setdefault("channel_values", {})
        self._add_sends(one, checkpoint)
        versions = checkpoint["channel_versions"]
        before = self._versions.get((one.checkpoint_ns, one.parent_checkpoint_id), {})
        self._versions[one.checkpoint_ns, one.checkpoint_id] = versions
        if (one.checkpoint_ns, one.checkpoint_id) in self._held:
            found.skipped += 1
            return
        new = {name: version for name, version in versions.items() if before.get(name) != version}
        for channel, value in self._old.values(one, new):
            values[channel] = self._revive(one, value)
        metadata: Any = self._metadata(one)
        writes = list(self._writes(one))
        stored = self._saver.put(self._config(one.checkpoint_ns, one.parent_checkpoint_id), checkpoint, metadata, new)
        for task_id, task_path, written in writes:
            self._saver.put_writes(stored, written, task_id, task_path)
        found.checkpoints += 1

    def _writes(self, one: UpstreamCheckpoint) -> Iterator[tuple[str, str, list[tuple[str, Any]]]]:
        groups = groupby(self._old.writes(one), key=lambda write: (write["task_id"], write["task_path"]))
        for (task_id, task_path), group in groups:
            values = [(write["channel"], self._revive(one, (write["type"], write["value"]))) for write in group]
            yield task_id, task_path, values

    def _metadata(self, one: UpstreamCheckpoint) -> Any:
        try:
            return json.loads(one.metadata) if isinstance(one.metadata, str | bytes) else one.metadata
        except ValueError as error:
            raise UnreadableCheckpointError(
                f"checkpoint {one.checkpoint_id} of thread {self._thread_id!r} cannot be imported (its metadata is "
                f"damaged: {error})."
            ) from error

    def _add_sends(self, one: UpstreamCheckpoint, checkpoint: Any) -> None:
        """Give a checkpoint of a format before the fourth the tasks it was sent, as the upstream class does."""
        if checkpoint["v"] >= SENDS_INSIDE or one.parent_checkpoint_id is None:
            return
        if sends := self._old.sends(one):
            versions = checkpoint["channel_versions"]
            checkpoint["channel_values"][TASKS] = [self._revive(one, send) for send in sends]
            versions[TASKS] = max(versions.values()) if versions else self._saver.get_next_version(None, None)

    def _config(self, namespace: str, checkpoint_id: str | None) -> Any:
        named = {"thread_id": self._thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}
        return {"configurable": named}

    def _revive(self, one: UpstreamCheckpoint, stored: Typed) -> Any:
        try:
            return self._codec.revive(stored)
        except UnreadableCheckpointError as error:
            raise type(error)(
                f"checkpoint {one.checkpoint_id} of thread {self._thread_id!r} cannot be imported: {error}"
            ) from error
        except Exception as error:
            raise UnreadableCheckpointError(
                f"checkpoint {one.checkpoint_id} of thread {self._thread_id!r} cannot be imported ({error}); "
                "it is damaged, or was written with another serializer."
            ) from error
