"""Coming from upstream: copies what `SqliteSaver` and `SqliteStore` wrote, so that every thread resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.database import MemoryDatabase
from langgraph_memory.engine.connect import upstream_file
from langgraph_memory.engine.query import Row
from langgraph_memory.exceptions import UnreadableCheckpointError
from langgraph_memory.state.codec import Codec

Progress = Callable[[int, int], None]
"""Called with how many checkpoints and items have been read, of how many."""


@dataclass(slots=True)
class Imported:
    """What an import has copied; what was there already is skipped. `source_bytes` is the size of the file it read."""

    threads: int = 0
    checkpoints: int = 0
    items: int = 0
    skipped: int = 0
    source_bytes: int = 0


def import_upstream(
    source: str | os.PathLike[str], memory: MemoryDatabase, *, progress: Progress | None = None
) -> Imported:
    """Copy every thread and every live item of a file that upstream's SQLite classes wrote.

    The file is only read, one checkpoint at a time. An import that was cut short can be run again. Raises a
    DatabaseError when the file cannot be read, and ClassNotAllowedError for a class that is not on the allow-list.
    """
    report = progress or _say_nothing
    found = Imported()
    with closing(upstream_file(os.fspath(source))) as file:
        found.source_bytes = file.bytes
        total, done = file.count(), 0
        for thread_id, rows in groupby(file.checkpoints(), key=lambda row: row["thread_id"]):
            thread = _Thread(memory.checkpointer, thread_id)
            for row in rows:
                thread.copy(row, list(file.writes(row)), found)
                done += 1
                report(done, total)
            found.threads += 1
        for row in file.items():
            memory.store.put(
                tuple(row["prefix"].split(".")), row["key"], json.loads(row["value"]), ttl=row["ttl_minutes"]
            )
            found.items += 1
            done += 1
            report(done, total)
        report(total, total)
    return found


def _say_nothing(done: int, total: int) -> None:
    """Report to nobody."""


class _Thread:
    """Copies the checkpoints of one thread, oldest first."""

    def __init__(self, saver: ThreadSaver, thread_id: str) -> None:
        self._saver = saver
        self._codec = Codec(saver.serde)
        self._thread_id = thread_id
        self._held = saver.checkpoint_ids(thread_id)
        self._versions: dict[tuple[str, str | None], Mapping[str, Any]] = {}

    def copy(self, row: Row, writes: list[Row], found: Imported) -> None:
        """Copy one checkpoint with its pending writes; what it shares with its parent is not stored again."""
        namespace, checkpoint_id, parent = row["checkpoint_ns"], row["checkpoint_id"], row["parent_checkpoint_id"]
        checkpoint = self._revive(row, row["type"], row["checkpoint"])
        versions = checkpoint["channel_versions"]
        before = self._versions.get((namespace, parent), {})
        self._versions[namespace, checkpoint_id] = versions
        if (namespace, checkpoint_id) in self._held:
            found.skipped += 1
            return
        new = {name: version for name, version in versions.items() if before.get(name) != version}
        config = self._config(namespace, parent)
        stored = self._saver.put(config, checkpoint, json.loads(row["metadata"] or "{}"), new)
        for (task_id, task_path), group in groupby(writes, key=lambda write: (write["task_id"], write["task_path"])):
            values = [(write["channel"], self._revive(row, write["type"], write["value"])) for write in group]
            self._saver.put_writes(stored, values, task_id, task_path)
        found.checkpoints += 1

    def _config(self, namespace: str, checkpoint_id: str | None) -> Any:
        named = {"thread_id": self._thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}
        return {"configurable": named}

    def _revive(self, row: Row, kind: str, data: bytes) -> Any:
        try:
            return self._codec.revive((kind, data))
        except UnreadableCheckpointError as error:
            raise type(error)(
                f"checkpoint {row['checkpoint_id']} of thread {self._thread_id!r} cannot be imported: {error}"
            ) from error
        except Exception as error:
            raise UnreadableCheckpointError(
                f"checkpoint {row['checkpoint_id']} of thread {self._thread_id!r} cannot be imported ({error}); "
                "it is damaged, or was written with another serializer."
            ) from error
