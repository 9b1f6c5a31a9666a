"""Copies everything of one database to another, whatever engine each of them is."""

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
from langgraph_memory.effects.effect import Call, Effects, aperform, perform
from langgraph_memory.effects.engine import Engine
from langgraph_memory.effects.transaction import Query, Row, Transaction, reads
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import CopyMismatchError, InvalidInputError
from langgraph_memory.transfer import partitions, threads
from langgraph_memory.transfer.checksum import Checksum
from langgraph_memory.transfer.export import partitions_of
from langgraph_memory.transfer.tables import ROWS, STATE_TABLES, Table, take_all

_BUFFERED = 8 << 20
_NAMED = 5

T = TypeVar("T")
Progress = Callable[[int, int], object]
"""Called with how many threads and rows have been copied or found there, of how many."""


@dataclass(slots=True)
class CopyReport:
    """What the copy holds, of every thread and owner that the source has; both sides were counted and compared.

    `threads` holds what there is of threads and `memories` what there is of the store, each as counts by kind and a
    checksum. `known` threads were there already; `changed` ones have been continued in the source since. `extra` is
    what only the target holds: it had that before, or the source has deleted it since an earlier copy.
    """

    threads: Checksum = field(default_factory=Checksum)
    memories: Checksum = field(default_factory=Checksum)
    known: int = 0
    changed: Sequence[str] = ()
    extra: Sequence[str] = ()
    source_bytes: int = 0
    target_bytes: int = 0


def copy_memory(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, progress: Progress | None = None
) -> CopyReport:
    """Copy every thread and memory of a database of this package to another one, and compare the two.

    The source is only read, and each thread and each owner's memories are copied as they are at one moment; nothing is
    decoded, so that a database is copied without the key its threads are encrypted with. A copy that was cut short can
    be run again, and so can one whose source has been written since: what is there stays or is brought up to date, and
    what was continued in the target is never overwritten.

    Raises CopyMismatchError when a thread or an owner's memories differ in the end, IndexChangedError when the vectors
    of the two do not compare, InvalidInputError when both are one database, and DatabaseError.
    """
    with _opened(source, target) as (old, new):
        return perform(_Copy(old, new, progress or _say_nothing).run())


async def acopy_memory(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, progress: Progress | None = None
) -> CopyReport:
    """Same as `copy_memory`; `progress` is called on the event loop, which nothing of the copy holds up.

    A copy that is cancelled ends with the thread or the owner at hand.
    """
    told, soon = progress or _say_nothing, asyncio.get_running_loop().call_soon_threadsafe
    both = _opened(source, target)
    old, new = await asyncio.to_thread(both.__enter__)
    try:
        return await aperform(_Copy(old, new, lambda *done: soon(told, *done)).run())
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
    here, there = old.run(_place())["place"], new.run(_place())["place"]
    files = os.path.exists(here) and os.path.exists(there)
    if (here and here == there) or (files and os.path.samefile(here, there)):
        raise InvalidInputError("source and target are one database; name another target.")


class _Copy:
    """Copies one database to another, thread by thread and partition by partition.

    What is read of the source is put down from within its own reading, so `report` may be called by another thread.
    """

    def __init__(self, old: Engine, new: Engine, report: Progress) -> None:
        self._old = old
        self._new = new
        self._report = report
        self._total = 0
        self._last_write = 0
        self._done = 0
        self._found = CopyReport()
        self._differing: list[str] = []

    def run(self) -> Effects[CopyReport]:
        """Copy everything, and return what was copied."""
        self._total, self._last_write = yield from _run(self._old, _extent())
        wanted = yield from _run(self._old, partitions.settings())
        yield from _run(self._new, partitions.put_settings(wanted))
        yield from self._copy_marks()
        ids = _ThreadIds(self._old)
        while (thread_id := (yield from ids.next())) is not None:
            yield from self._copy_thread(thread_id)
        for partition in (yield from _run(self._old, partitions_of(None))):
            yield from self._copy_partition(partition)
        self._refuse_differences()
        self._found.extra = yield from self._only_in_target()
        self._found.changed = yield from self._changed()
        self._found.source_bytes = (yield from _run(self._old, _place()))["bytes"]
        self._found.target_bytes = (yield from _run(self._new, _place()))["bytes"]
        return self._found

    def _copy_marks(self) -> Effects[None]:
        after = ("", "")
        while page := (yield from _run(self._old, partitions.marks_page(after))):
            yield from _run(self._new, partitions.put_marks(page))
            after = (page[-1]["holder"], page[-1]["digest"])

    def _copy_thread(self, thread_id: str) -> Effects[None]:
        there = yield from _run(self._new, threads.read_thread(thread_id, take_all))
        begin = self._carry(thread_id, None) if there is None else self._bring_up_to_date(thread_id, there)
        copied = yield from begin
        self._advance(1)
        if copied is None:  # it was deleted from the source meanwhile
            return
        held = yield from _run(self._new, threads.read_thread(thread_id, take_all))
        if held is None or held.checksum != copied.checksum:
            self._differing.append(
                f"thread {thread_id!r} (source: {copied.checksum}; target: {held and held.checksum})"
            )
        self._found.threads.include(copied.checksum)

    def _bring_up_to_date(self, thread_id: str, there: threads.Moment) -> Effects[threads.Moment | None]:
        here = yield from _run(self._old, threads.read_thread(thread_id, take_all))
        if here is None or here.checksum == there.checksum:
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
        def put(table: Table, rows: Sequence[Any]) -> Sequence[Any]:
            kept = self._new.run(partitions.put_page(partition, table, rows))
            if table is ROWS:
                self._advance(len(rows))
            return kept

        here = yield from _run(self._old, partitions.read_partition(partition, put))
        there = yield from _run(self._new, partitions.read_partition(partition, take_all))
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
        used = yield from _run(self._old, threads.threads_used_since(self._last_write))
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
        held = yield from _run(self._new, partitions_of(None))
        wanted = yield from _run(self._old, partitions_of(None))
        return found + [_called(partition) for partition in sorted({*held} - {*wanted})]

    def _advance(self, number: int) -> None:
        self._done += number
        self._report(min(self._done, self._total), self._total)


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
        self.left: list[tuple[Table, Sequence[Row]]] = []

    def take(self, table: Table, rows: Sequence[Row]) -> Sequence[Row]:
        """Take one page in, and put down what was taken when it is much."""
        self.left.append((table, rows))
        self._size += table.size_of(rows)
        if self._size > _BUFFERED and table in STATE_TABLES:
            self._new.run(threads.put_state(self._thread_id, self.left))
            self.left, self._size = [], 0
        return rows


@reads
def _place() -> Effects[Row]:
    """Return what tells a database from every other, empty for one in memory; and its size in bytes."""
    found: Row = (yield Query("database_place"))[0]
    return found


@reads
def _extent() -> Effects[tuple[int, int]]:
    """Return how many threads and rows there are, and when a thread was last written in microseconds."""
    (row,) = yield Query("moved_total")
    return row["threads"] + row["rows"], row["last_write"] or 0


def _called(partition: str) -> str:
    """Return what a partition is called by people."""
    labels = split_labels(partition)
    if labels[0] == ROOT and len(labels) > 1:
        return f"the memories of {decode_label(labels[1])!r}"
    return f"the items below {labels!r}"
