"""Moving house: copies everything of one database to another, whatever engine each of them is."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langgraph_memory.checkpoints.read import checkpoint_ids
from langgraph_memory.checkpoints.retention import delete_thread
from langgraph_memory.domain.scope import ROOT, decode_label, split_labels
from langgraph_memory.domain.tally import Tally
from langgraph_memory.effects.effect import Call, Effects, aperform, perform
from langgraph_memory.effects.engine import Engine
from langgraph_memory.effects.transaction import Row, Transaction
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import CopyMismatchError, InvalidInputError
from langgraph_memory.plans.moving import memories, threads
from langgraph_memory.plans.moving.extent import Extent, database_place, extent
from langgraph_memory.plans.moving.parts import Part, size_of
from langgraph_memory.plans.transfer import partitions

_BUFFERED = 8 << 20
_NAMED = 5

T = TypeVar("T")
Progress = Callable[[int, int], object]
"""Called with how many threads and rows have been copied or found there, of how many."""


@dataclass(slots=True)
class Copied:
    """What the copy holds, of every thread and owner that the source has; both sides were counted and compared.

    `threads` holds what there is of threads and `memories` what there is of the store, each as counts by kind and a
    checksum. `known` threads were there already; `changed` ones have been continued in the source since. `extra` is
    what only the target holds: it had that before, or the source has deleted it since an earlier copy.
    """

    threads: Tally = field(default_factory=Tally)
    memories: Tally = field(default_factory=Tally)
    known: int = 0
    changed: Sequence[str] = ()
    extra: Sequence[str] = ()
    source_bytes: int = 0
    target_bytes: int = 0


def copy_memory(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, progress: Progress | None = None
) -> Copied:
    """Copy every thread and memory of a database of this package to another one, and compare the two.

    The source is only read, and each thread and each owner's memories are copied as they are at one moment; nothing is
    decoded, so that a database is copied without the key its threads are encrypted with. A copy that was cut short can
    be run again, and so can one whose source has been written since: what is there stays or is brought up to date, and
    what was continued in the target is never overwritten.

    Raises CopyMismatchError when a thread or an owner's memories differ in the end, IndexChangedError when the vectors
    of the two do not compare, InvalidInputError when both are one database, and DatabaseError.
    """
    with _opened(source, target) as (old, new):
        return perform(_Move(old, new, progress or _say_nothing).run())


async def acopy_memory(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, progress: Progress | None = None
) -> Copied:
    """Same as `copy_memory`; `progress` is called on the event loop, which nothing of the copy holds up.

    A copy that is cancelled ends with the thread or the owner at hand.
    """
    told, soon = progress or _say_nothing, asyncio.get_running_loop().call_soon_threadsafe
    both = _opened(source, target)
    old, new = await asyncio.to_thread(both.__enter__)
    try:
        return await aperform(_Move(old, new, lambda *done: soon(told, *done)).run())
    finally:
        await asyncio.to_thread(both.__exit__, None, None, None)


@contextmanager
def _opened(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Iterator[tuple[Engine, Engine]]:
    """Open both databases; the source is closed first, which waits for whom is reading it."""
    with closing(connect(source, read_only=True)) as old:
        old.setup()
        with closing(connect(target)) as new, closing(old):
            _refuse_itself(old, new)
            new.setup()
            yield old, new


def _say_nothing(done: int, total: int) -> None:
    """Report to nobody."""


def _refuse_itself(old: Engine, new: Engine) -> None:
    here, there = old.run(database_place()).name, new.run(database_place()).name
    files = os.path.exists(here) and os.path.exists(there)
    if (here and here == there) or (files and os.path.samefile(here, there)):
        raise InvalidInputError("source and target are one database; name another target.")


class _Move:
    """Copies one database to another, thread by thread and partition by partition.

    What is read of the source is put down from within its own reading, so `report` may be called by another thread.
    """

    def __init__(self, old: Engine, new: Engine, report: Progress) -> None:
        self._old = old
        self._new = new
        self._report = report
        self._extent = Extent(0, 0, 0)
        self._done = 0
        self._found = Copied()
        self._differing: list[str] = []

    def run(self) -> Effects[Copied]:
        """Copy everything, and return what was copied."""
        self._extent = yield from _run(self._old, extent())
        wanted = yield from _run(self._old, memories.settings())
        yield from _run(self._new, memories.put_settings(wanted))
        yield from self._copy_marks()
        ids = _ThreadIds(self._old)
        while (thread_id := (yield from ids.next())) is not None:
            yield from self._copy_thread(thread_id)
        for partition in (yield from _run(self._old, partitions(None))):
            yield from self._copy_partition(partition)
        self._refuse_differences()
        self._found.extra = yield from self._only_in_target()
        self._found.changed = yield from self._changed()
        self._found.source_bytes = (yield from _run(self._old, database_place())).bytes
        self._found.target_bytes = (yield from _run(self._new, database_place())).bytes
        return self._found

    def _copy_marks(self) -> Effects[None]:
        after = ("", "")
        while page := (yield from _run(self._old, memories.marks_page(after))):
            yield from _run(self._new, memories.put_marks(page))
            after = (page[-1]["holder"], page[-1]["digest"])

    def _copy_thread(self, thread_id: str) -> Effects[None]:
        there = yield from _run(self._new, threads.read_thread(thread_id, _pass_over))
        begin = self._carry(thread_id, None) if there is None else self._bring_up_to_date(thread_id, there)
        copied = yield from begin
        self._advance(1)
        if copied is None:  # it was deleted from the source meanwhile
            return
        held = yield from _run(self._new, threads.read_thread(thread_id, _pass_over))
        if held is None or held.tally != copied.tally:
            self._differing.append(f"thread {thread_id!r} (source: {copied.tally}; target: {held and held.tally})")
        self._found.threads.include(copied.tally)

    def _bring_up_to_date(self, thread_id: str, there: threads.Moment) -> Effects[threads.Moment | None]:
        here = yield from _run(self._old, threads.read_thread(thread_id, _pass_over))
        if here is None or here.tally == there.tally:
            self._found.known += here is not None
            return here
        newer = (there.summary["updated_at"] or 0) > (here.summary["updated_at"] or 0)
        if newer or not (yield from self._has_all_of(thread_id)):
            return here
        return (yield from self._carry(thread_id, there.summary))

    def _has_all_of(self, thread_id: str) -> Effects[bool]:
        """Return whether the source has every checkpoint that the target has of a thread."""
        held = yield from _run(self._new, checkpoint_ids(thread_id))
        return held <= (yield from _run(self._old, checkpoint_ids(thread_id)))

    def _carry(self, thread_id: str, replaced: Mapping[str, Any] | None) -> Effects[threads.Moment | None]:
        yield from _run(self._new, threads.begin_thread(thread_id, replaced))
        load = _Load(self._new, thread_id)
        moment = yield from _run(self._old, threads.read_thread(thread_id, load.take))
        if moment is None:
            yield from _run(self._new, delete_thread(thread_id))
        else:
            yield from _run(self._new, threads.put_thread(thread_id, load.left, moment.summary))
        return moment

    def _copy_partition(self, partition: str) -> Effects[None]:
        put_down = _Store(self._new, partition, self._advance)
        here = yield from _run(self._old, memories.read_partition(partition, put_down))
        there = yield from _run(self._new, memories.read_partition(partition, _Nobody()))
        if here.apart_from("receipts") != there.apart_from("receipts"):  # which go as time goes, and with their threads
            self._differing.append(f"{_called(partition)} (source: {here}; target: {there})")
        self._found.memories.include(here)

    def _refuse_differences(self) -> None:
        if self._differing:
            more = len(self._differing) - _NAMED
            named = "; ".join(self._differing[:_NAMED]) + (f"; and {more:,} more" if more > 0 else "")
            raise CopyMismatchError(
                f"the target differs from the source in {named}, because it was written by others too; copy to a new "
                "database, or delete there what differs and run this again."
            )

    def _changed(self) -> Effects[list[str]]:
        """Return the threads that a run has continued in the source since they were copied."""
        used = yield from _run(self._old, threads.threads_used_since(self._extent.last_write))
        found = []
        for thread_id, moment in used.items():
            if (yield from _run(self._new, threads.last_used(thread_id))) != moment:
                found.append(thread_id)
        return found

    def _only_in_target(self) -> Effects[list[str]]:
        """Return what the target has and the source has not, or no longer."""
        found = []
        there, here = _ThreadIds(self._new), _ThreadIds(self._old)
        other = yield from here.next()
        while (thread_id := (yield from there.next())) is not None:
            while other is not None and other < thread_id:  # both come in the order of their code points
                other = yield from here.next()
            if other != thread_id:
                found.append(f"thread {thread_id!r}")
        held = yield from _run(self._new, partitions(None))
        wanted = yield from _run(self._old, partitions(None))
        return found + [_called(partition) for partition in sorted({*held} - {*wanted})]

    def _advance(self, number: int) -> None:
        self._done += number
        total = self._extent.threads + self._extent.rows
        self._report(min(self._done, total), total)


def _run(engine: Engine, operation: Transaction[T]) -> Effects[T]:
    found: T = yield Call(lambda: engine.run(operation), lambda: engine.arun(operation))
    return found


class _ThreadIds:
    """Walks the threads of a database in the order of their ids, page by page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._page: deque[str] = deque()
        self._last = ""

    def next(self) -> Effects[str | None]:
        """Return the next id; None when there is no more."""
        if not self._page:
            self._page.extend((yield from _run(self._engine, threads.thread_page(self._last))))
        if not self._page:
            return None
        self._last = self._page.popleft()
        return self._last


class _Load:
    """Carries the pages of one thread over: those that fit into a few megabytes in the transaction that ends it."""

    def __init__(self, new: Engine, thread_id: str) -> None:
        self._new = new
        self._thread_id = thread_id
        self._size = 0
        self.left: list[tuple[Part, Sequence[Row]]] = []

    def take(self, part: Part, rows: Sequence[Row]) -> None:
        """Take one page in, and put down what was taken when it is much."""
        self.left.append((part, rows))
        self._size += sum(size_of(row, part.columns) for row in rows)
        if self._size > _BUFFERED and part in threads.STATE_PARTS:
            self._new.run(threads.put_state(self._thread_id, self.left))
            self.left, self._size = [], 0


class _Store:
    """Puts down what it takes of a partition, a transaction for each page."""

    def __init__(self, new: Engine, partition: str, advance: Callable[[int], None]) -> None:
        self._new = new
        self._partition = partition
        self._advance = advance

    def rows(self, rows: Sequence[memories.StoredRow]) -> Sequence[memories.StoredRow]:
        """Take a page of rows, and return those that are not gone in the target."""
        kept = self._new.run(memories.put_rows(self._partition, rows))
        self._advance(len(rows))
        return kept

    def trail(self, part: Part, rows: Sequence[Row]) -> Sequence[Row]:
        """Take a page of what stands beside the rows, and return what is not gone in the target."""
        return self._new.run(memories.put_trail(self._partition, part, rows))

    def jobs(self, jobs: Sequence[Row]) -> None:
        """Take all jobs."""
        self._new.run(memories.put_jobs(self._partition, jobs))


class _Nobody:
    """Takes nothing of a partition: its rows are only counted."""

    def rows(self, rows: Sequence[memories.StoredRow]) -> Sequence[memories.StoredRow]:
        """Return the rows as they are."""
        return rows

    def trail(self, part: Part, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows as they are."""
        return rows

    def jobs(self, jobs: Sequence[Row]) -> None:
        """Take all jobs."""


def _pass_over(part: Part, rows: Sequence[Row]) -> None:
    """Take nothing: the rows are only counted."""


def _called(partition: str) -> str:
    """Return what a partition is called by people."""
    labels = split_labels(partition)
    if labels[0] == ROOT and len(labels) > 1:
        return f"the memories of {decode_label(labels[1])!r}"
    return f"the items below {labels!r}"
