"""Copies everything of one database to another, whatever engine each is: a thread or a partition at one moment."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langgraph_memory.checkpoints.read import checkpoint_ids
from langgraph_memory.checkpoints.retention import delete_state, delete_thread
from langgraph_memory.domain import marks
from langgraph_memory.domain.scope import ROOT, decode_label, split_labels
from langgraph_memory.domain.search.vectors import IndexIdentity
from langgraph_memory.effects.effect import Effects, aperform, call, perform
from langgraph_memory.effects.transaction import Engine, Query, Row, Transaction, reads, writes, writes_repeatably
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import CopyMismatchError, IndexChangedError, InvalidInputError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.rows import Vectors
from langgraph_memory.transfer.export import partitions_of
from langgraph_memory.transfer.tables import (
    HEAD_TABLES,
    JOBS,
    QUEUE,
    ROWS,
    STATE_TABLES,
    TRAIL_TABLES,
    VERSION_COLUMNS,
    Checksum,
    Progress,
    Table,
    Take,
    paced,
    say_nothing,
    take_all,
    walk,
    written_at,
)

_PAGE = 200
_SUMMARY = ("owner_id", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a thread was when it was read: its summary, and what it held."""

    summary: Mapping[str, Any]
    checksum: Checksum


@reads
def thread_page(after: str) -> Effects[list[str]]:
    """Return some threads by id, those after a given one."""
    rows = yield Query("moved_threads", {"after": after, "limit": _PAGE})
    return [row["thread_id"] for row in rows]


@reads
def read_thread(thread_id: str, take: Take) -> Effects[Moment | None]:
    """Hand all of a thread to `take`, page by page and of one moment; None when there is no such thread."""
    found = yield Query("moved_thread", {"thread_id": thread_id})
    if not found:
        return None
    summary = _summary(found[0])
    checksum = Checksum()
    checksum.add("threads", summary.values())
    for table in (*STATE_TABLES, *HEAD_TABLES):
        yield from walk(table, {"thread_id": thread_id}, take, checksum)
    return Moment(summary, checksum)


@writes_repeatably
def begin_thread(thread_id: str, replaced: Mapping[str, Any] | None) -> Effects[None]:
    """Make room for a thread: remove what a copy that was cut short has left, or the state that is replaced.

    Raises CopyMismatchError when the thread is not the `replaced` one, because somebody has written it meanwhile.
    """
    found = yield Query("moved_thread", {"thread_id": thread_id})
    if _written(_summary(found[0]) if found else None) != _written(replaced):
        raise CopyMismatchError(f"thread {thread_id!r} of the target was written while it was copied; run it again.")
    yield from delete_state(thread_id)
    yield Query("number_thread", {"thread_id": thread_id})


@writes
def put_state(thread_id: str, pages: Sequence[tuple[Table, Sequence[Row]]]) -> Effects[None]:
    """Add some pages of a thread that is not listed yet."""
    yield from _put(thread_id, pages)


@writes
def put_thread(
    thread_id: str, pages: Sequence[tuple[Table, Sequence[Row]]], summary: Mapping[str, Any]
) -> Effects[None]:
    """Add the last pages of a thread, from which on it is listed."""
    yield from _put(thread_id, pages)
    yield Query("move_thread", {"thread_id": thread_id, **summary})


@reads
def threads_used_since(moment: int) -> Effects[dict[str, int]]:
    """Return the threads that were last written after a moment, each with when that was."""
    rows = yield Query("threads_used_since", {"moment": moment})
    return {row["thread_id"]: row["updated_at"] for row in rows}


@reads
def last_used(thread_id: str) -> Effects[int | None]:
    """Return when a thread was last written."""
    rows = yield Query("thread", {"thread_id": thread_id})
    return int(rows[0]["updated_at"]) if rows else None


def _summary(row: Row) -> dict[str, Any]:
    return {column: row[column] for column in _SUMMARY}


def _written(summary: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the summary of a thread that has a checkpoint, else None: also of one that a copy has begun."""
    return None if summary is None or summary["created_at"] is None else summary


def _put(thread_id: str, pages: Sequence[tuple[Table, Sequence[Row]]]) -> Effects[None]:
    for table, rows in pages:
        yield Query(table.write, {"thread_id": thread_id}, [table.values(row) for row in rows])


_FIRST_PAGE, _LONGEST_PAGE = 64, 256
_MARK_KEY = "mark_key"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A memory or a plain item with its earlier states and its vectors, as a database holds them."""

    columns: Mapping[str, Any]
    versions: Sequence[Mapping[str, Any]]
    vectors: Vectors

    @property
    def name(self) -> tuple[str, str]:
        """What it is known by in its partition."""
        return self.columns["namespace"], self.columns["id"]

    def count(self, checksum: Checksum) -> None:
        """Add everything of it to a checksum."""
        checksum.add("items" if self.columns["memory_type"] is None else "memories", self.columns.values())
        for version in self.versions:
            checksum.add("versions", version.values())
        for path, vector in self.vectors:
            checksum.add("vectors", (*self.name, path, vector))


@reads
def read_partition(partition: str, take: Take) -> Effects[Checksum]:
    """Hand all of a partition to `take`, page by page and of one moment, and return what counts of it.

    Jobs come in one page, after the ledger and before their messages.
    """
    checksum, place = Checksum(), {"partition": partition}
    yield from _walk_rows(partition, take, checksum)
    for table in TRAIL_TABLES:
        yield from walk(table, place, take, checksum)
    take(JOBS, (yield from _jobs(place, checksum)))
    yield from walk(QUEUE, place, take, checksum)
    return checksum


def _jobs(place: Mapping[str, Any], checksum: Checksum) -> Effects[Sequence[Row]]:
    jobs: list[Row] = []

    def keep(_: Table, rows: Sequence[Row]) -> Sequence[Row]:
        jobs.extend(rows)
        return rows

    yield from walk(JOBS, place, keep, checksum)
    return jobs


def _walk_rows(partition: str, take: Take, checksum: Checksum) -> Effects[None]:
    after, limit = -1, _FIRST_PAGE
    while True:
        rows = yield Query(ROWS.read, {"partition": partition, "after": after, "limit": limit})
        stored = yield from _whole(partition, rows)
        for one in take(ROWS, stored) if stored else ():
            one.count(checksum)
        if len(rows) < limit:
            return
        after, limit = rows[-1]["memory_no"], paced(limit, ROWS.size_of(rows), _LONGEST_PAGE)


def put_page(partition: str, table: Table, rows: Sequence[Any]) -> Transaction[Sequence[Any]]:
    """Add a page of a table; returns what counts of it."""
    if table is ROWS:
        return put_rows(partition, rows)
    return put_jobs(partition, rows) if table is JOBS else put_trail(partition, table, rows)


@writes
def put_rows(partition: str, rows: Sequence[StoredRow]) -> Effects[Sequence[StoredRow]]:
    """Add some rows; one that is there and was written last stays, one that was written before is replaced.

    What was forgotten or erased here is not added. Returns the others.
    """
    rows = yield from _not_gone(partition, rows)
    held = yield from _named(partition, rows)
    there = {one.name: (row, one) for row, one in zip(held, (yield from _whole(partition, held)), strict=True)}
    added = []
    for row in rows:
        known, stored = there.get(row.name, (None, None))
        if stored == row or (known is not None and known["updated_at"] > row.columns["updated_at"]):
            continue
        added.append(row)
        if known is not None:
            yield Query("delete_item", {"partition": partition, "memory_no": known["memory_no"]})
    if added:
        yield from _insert(partition, added)
        yield Query("settle_index", {"partition": partition})
    return rows


@writes
def put_trail(partition: str, table: Table, rows: Sequence[Row]) -> Effects[Sequence[Row]]:
    """Add a page of what stands beside the rows, and return it; what is there stays, what was erased stays away."""
    found = yield from marking.left([marks.erased_partition(partition)])
    if found:
        rows = [row for row in rows if written_at(table.values(row)) > max(found.values())]
    yield Query(table.write, {"partition": partition}, [table.values(row) for row in rows])
    return rows


def _not_gone(partition: str, rows: Sequence[StoredRow]) -> Effects[Sequence[StoredRow]]:
    erased = marks.erased_partition(partition)
    subjects = {row.name: marks.named_in(partition, row.name[1]) for row in rows}
    found = yield from marking.left([erased, *subjects.values()])
    if not found:
        return rows
    since = found.get(erased, -1)
    return [row for row in rows if subjects[row.name] not in found and row.columns["created_at"] > since]


@writes
def put_jobs(partition: str, jobs: Sequence[Row]) -> Effects[Sequence[Row]]:
    """Add jobs without their messages, after those that are over have gone.

    A job that the source has changed since is removed to be copied anew, and so is one that the source has no longer
    and whose messages have all been read.
    """
    held = yield from _jobs({"partition": partition}, Checksum())
    changed = {_key_of(job): job["updated_at"] for job in jobs}
    for job in held:
        place = {"partition": partition, "thread_id": job["thread_id"], "extractor": job["extractor"]}
        if _key_of(job) in changed:
            over = job["updated_at"] < changed[_key_of(job)]
        else:
            (unread,) = yield Query("unread_messages", place)
            over = not unread["messages"]
        if over:
            yield Query("delete_messages_of_job", place)
            yield Query("delete_job", place)
    if jobs:
        yield Query(JOBS.write, {"partition": partition}, [JOBS.values(job) for job in jobs])
    return jobs


@reads
def settings() -> Effects[Mapping[str, str]]:
    """Return every setting of the file."""
    rows = yield Query("moved_settings")
    return {row["name"]: row["value"] for row in rows}


@writes_repeatably
def put_settings(wanted: Mapping[str, str]) -> Effects[None]:
    """Add settings; one that is there stays.

    Raises IndexChangedError when the vectors of the two databases do not compare.
    """
    rows = yield Query("moved_settings")
    held = {row["name"]: row["value"] for row in rows}
    if "index" in held and "index" in wanted:
        _check_fits(IndexIdentity.from_json(held["index"]), IndexIdentity.from_json(wanted["index"]))
    keys = {held[name] for name in held if name.startswith(_MARK_KEY)}
    for name, value in wanted.items():
        if name.startswith(_MARK_KEY):
            if value not in keys:  # what is gone in the source is told under its own key
                yield Query("put_setting", {"name": f"{_MARK_KEY}.{value}", "value": value})
        elif name not in held:
            yield Query("put_setting", {"name": name, "value": value})


def _check_fits(ours: IndexIdentity, theirs: IndexIdentity) -> None:
    if not ours.fits(theirs):
        raise IndexChangedError(
            f"the vectors of the source are of {theirs} and those of the target of {ours}; copy to a new database."
        )


@reads
def marks_page(after: tuple[str, str]) -> Effects[Sequence[Row]]:
    """Return some marks, those after a given one."""
    place = {"after_holder": after[0], "after_digest": after[1]}
    rows: Sequence[Row] = yield Query("moved_marks", {**place, "limit": _LONGEST_PAGE})
    return rows


@writes_repeatably
def put_marks(marks: Sequence[Row]) -> Effects[None]:
    """Add marks of what is gone; those that are there stay."""
    columns = ("digest", "holder", "marked_at")
    yield Query("move_mark", rows=[{name: row[name] for name in columns} for row in marks])


def _key_of(job: Row) -> tuple[str, str]:
    return job["thread_id"], job["extractor"]


def _named(partition: str, rows: Sequence[StoredRow]) -> Effects[Sequence[Row]]:
    found: Sequence[Row] = yield Query("rows_named", {"partition": partition, "keys": [list(row.name) for row in rows]})
    return found


def _insert(partition: str, rows: Sequence[StoredRow]) -> Effects[None]:
    """Add rows that are not there, with a few statements for all of them."""
    (found,) = yield Query("partition", {"partition": partition})
    yield Query(ROWS.write, {"partition_no": found["partition_no"]}, [row.columns for row in rows])
    held = yield from _named(partition, rows)
    numbers = {(one["namespace"], one["id"]): one["memory_no"] for one in held}
    vectors = [
        {"memory_no": numbers[row.name], "field": field, "vector": vector}
        for row in rows
        for field, vector in row.vectors
    ]
    versions = [{**version, "memory_no": numbers[row.name]} for row in rows for version in row.versions]
    if vectors:
        yield Query("put_vectors", {"partition": partition}, vectors)
    if versions:
        yield Query("import_version", rows=versions)


def _whole(partition: str, rows: Sequence[Row]) -> Effects[list[StoredRow]]:
    """Return rows with their earlier states and their vectors."""
    numbers = [row["memory_no"] for row in rows]
    ids = [row["id"] for row in rows if row["memory_type"] is not None]
    versions: dict[int, list[Mapping[str, Any]]] = {}
    vectors: dict[int, list[tuple[str, bytes]]] = {}
    if ids:
        for one in (yield Query("export_versions", {"partition": partition, "ids": ids})):
            found = {column: one[column] for column in VERSION_COLUMNS}
            versions.setdefault(one["memory_no"], []).append(found)
    if numbers:
        for one in (yield Query("vectors_of_rows", {"partition": partition, "numbers": numbers})):
            vectors.setdefault(one["memory_no"], []).append((one["field"], bytes(one["vector"])))
    return [
        StoredRow(ROWS.values(row), versions.get(row["memory_no"], []), sorted(vectors.get(row["memory_no"], [])))
        for row in rows
    ]


_BUFFERED = 8 << 20
_NAMED = 5

T = TypeVar("T")


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
        return perform(_Copy(old, new, progress or say_nothing).run())


async def acopy_memory(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, progress: Progress | None = None
) -> CopyReport:
    """Same as `copy_memory`; `progress` is called on the event loop, which nothing of the copy holds up.

    A copy that is cancelled ends with the thread or the owner at hand.
    """
    told, soon = progress or say_nothing, asyncio.get_running_loop().call_soon_threadsafe
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
        wanted = yield from _run(self._old, settings())
        yield from _run(self._new, put_settings(wanted))
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
        while page := (yield from _run(self._old, marks_page(after))):
            yield from _run(self._new, put_marks(page))
            after = (page[-1]["holder"], page[-1]["digest"])

    def _copy_thread(self, thread_id: str) -> Effects[None]:
        there = yield from _run(self._new, read_thread(thread_id, take_all))
        begin = self._carry(thread_id, None) if there is None else self._bring_up_to_date(thread_id, there)
        copied = yield from begin
        self._advance(1)
        if copied is None:  # it was deleted from the source meanwhile
            return
        held = yield from _run(self._new, read_thread(thread_id, take_all))
        if held is None or held.checksum != copied.checksum:
            self._differing.append(
                f"thread {thread_id!r} (source: {copied.checksum}; target: {held and held.checksum})"
            )
        self._found.threads.include(copied.checksum)

    def _bring_up_to_date(self, thread_id: str, there: Moment) -> Effects[Moment | None]:
        here = yield from _run(self._old, read_thread(thread_id, take_all))
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

    def _carry(self, thread_id: str, replaced: Mapping[str, Any] | None) -> Effects[Moment | None]:
        yield from _run(self._new, begin_thread(thread_id, replaced))
        load = _Load(self._new, thread_id)
        moment = yield from _run(self._old, read_thread(thread_id, load.take))
        if moment is None:
            yield from _run(self._new, delete_thread(thread_id))
        else:
            yield from _run(self._new, put_thread(thread_id, load.left, moment.summary))
        return moment

    def _copy_partition(self, partition: str) -> Effects[None]:
        def put(table: Table, rows: Sequence[Any]) -> Sequence[Any]:
            kept = self._new.run(put_page(partition, table, rows))
            if table is ROWS:
                self._advance(len(rows))
            return kept

        here = yield from _run(self._old, read_partition(partition, put))
        there = yield from _run(self._new, read_partition(partition, take_all))
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
        used = yield from _run(self._old, threads_used_since(self._last_write))
        found = []
        for thread_id, moment in used.items():
            if (yield from _run(self._new, last_used(thread_id))) != moment:
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
    return call(engine.run, engine.arun, operation)


class _ThreadIds:
    """Walks the threads of a database in the order of their ids, page by page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._page: deque[str] = deque()
        self._last = ""

    def next(self) -> Effects[str | None]:
        """Return the next id; None when there is no more."""
        if not self._page:
            self._page.extend((yield from _run(self._engine, thread_page(self._last))))
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
            self._new.run(put_state(self._thread_id, self.left))
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
