"""Reading a whole partition of the store at one moment, and writing it as another database holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.search.vectors import IndexIdentity
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, Transaction, reads, writes, writes_repeatably
from langgraph_memory.errors import IndexChangedError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.rows import Vectors
from langgraph_memory.transfer.checksum import Checksum
from langgraph_memory.transfer.tables import (
    JOBS,
    QUEUE,
    ROWS,
    TRAIL_TABLES,
    VERSION_COLUMNS,
    Table,
    Take,
    paced,
    walk,
    written_at,
)

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
        for field, vector in self.vectors:
            checksum.add("vectors", (*self.name, field, vector))


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
        StoredRow(
            ROWS.values(row),
            versions.get(row["memory_no"], []),
            sorted(vectors.get(row["memory_no"], [])),
        )
        for row in rows
    ]
