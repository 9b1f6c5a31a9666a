"""What a database holds of one thread, whose it is, and what memory may do in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from langgraph_memory.views import Column, Table, Tabular, minute


@dataclass(frozen=True, slots=True)
class MemorySwitches:
    """What memory does in a run or a thread: whether it is read, and whether what is said is learnt."""

    recall: bool = True
    learn: bool = True

    @property
    def paused(self) -> bool:
        """Whether memory does nothing at all."""
        return not (self.recall or self.learn)

    def and_also(self, other: MemorySwitches) -> MemorySwitches:
        """Return what both of them let memory do."""
        return MemorySwitches(self.recall and other.recall, self.learn and other.learn)


EVERY_THREAD = ""
"""Stands for all threads of an owner, where a thread is named."""
PAUSED = MemorySwitches(recall=False, learn=False)


NOBODY = ""
"""Stands where a run that added a message named no owner: it is read for whom the thread is of, while that is one."""
STRANGER = " "
"""Stands for somebody who spoke and is no owner: it is read for nobody."""


@dataclass(frozen=True, slots=True)
class ThreadSummary(Tabular):
    """What a database holds of one thread; `bytes` counts stored values, `preview` is its last message."""

    thread_id: str
    owner_id: str | None
    checkpoints: int
    created_at: datetime
    updated_at: datetime
    bytes: int
    preview: str | None = None
    things: ClassVar[str] = "threads"

    def label(self) -> str:
        """Return its id."""
        return self.thread_id

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each thread."""
        rows = [
            (
                one.thread_id,
                one.owner_id or "",
                one.checkpoints,
                minute(one.created_at),
                minute(one.updated_at),
                f"{one.bytes:,}",
            )
            for one in records
        ]
        head = ("thread", Column("owner", on="page"), "checkpoints", "created (UTC)", "updated (UTC)", "bytes")
        return Table.of(title or cls.things, head, rows)


def mark_of(thread_id: str) -> str:
    """Return what is left of a thread that was deleted: whoever knows its id can tell, and nobody else."""
    return hashlib.blake2b(thread_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
