"""The tables as they leave a database and come into another, and the checksum by which two copies compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack
from typing import Any

from xxhash import xxh3_128_intdigest

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row
from langgraph_memory.operations.rows import DECAY, MEMORY_COLUMNS
from langgraph_memory.views import listed

_WIDTH = 1 << 128
Progress = Callable[[int, int], object]
"""Called with how much has been copied or found there, of how much: threads and rows, or checkpoints and items."""


def say_nothing(done: int, total: int) -> None:
    """Report to nobody."""


class Checksum:
    """Counts rows and adds up their checksums, so that neither the order of rows nor the engine matters."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._sum = 0
        self._of_kind: Counter[str] = Counter()

    def add(self, kind: str, values: Iterable[Any]) -> None:
        """Count a row of `kind` that holds `values`."""
        self.counts[kind] += 1
        found = row_checksum(kind, values)
        self._sum = (self._sum + found) % _WIDTH
        self._of_kind[kind] = (self._of_kind[kind] + found) % _WIDTH

    def include(self, other: Checksum) -> None:
        """Count everything that `other` counted."""
        self.counts += other.counts
        self._sum = (self._sum + other._sum) % _WIDTH
        self._of_kind += other._of_kind

    @property
    def digest(self) -> str:
        """The sum as text."""
        return f"{self._sum:032x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checksum) and (self.counts, self._sum) == (other.counts, other._sum)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def apart_from(self, kind: str) -> tuple[dict[str, int], int]:
        """Return what is counted of the other kinds."""
        others = {name: count for name, count in self.counts.items() if name != kind}
        return others, (self._sum - self._of_kind[kind]) % _WIDTH

    def __str__(self) -> str:
        return f"{listed(sorted(self.counts.items()))} ({self.digest})"


def row_checksum(kind: str, values: Iterable[Any]) -> int:
    """Return the checksum of one row; values of another kind or in another order have another."""
    return xxh3_128_intdigest(b"".join((_written(kind), *map(_written, values))))


def _written(value: Any) -> bytes:
    """Return a value with its kind and its length, so that no two lists of values are written alike."""
    if value is None:
        return b"n"
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(data), data)
    if isinstance(value, float):
        return b"f" + pack(">d", value)
    if isinstance(value, int):
        return b"i%d:" % value
    return b"b%d:%b" % (len(value), value)


_FIRST_PAGE, _LONGEST_PAGE = 16, 1024
_PAGE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a thread or of a partition: the queries that read a page of it and add rows to it.

    `start` is where its first page begins after; `renamed` tells of which column a value of `start` is, where the two
    have other names. `line` is what one row of it is called in an export.
    """

    kind: str
    read: str
    write: str
    columns: tuple[str, ...]
    start: Mapping[str, Any]
    renamed: Mapping[str, str] = field(default_factory=dict)
    line: str = ""

    def values(self, row: Row) -> dict[str, Any]:
        """Return what a row of it holds."""
        return {column: row[column] for column in self.columns}

    def place_of(self, row: Row) -> dict[str, Any]:
        """Return where the page after `row` begins."""
        return {name: row[self.renamed.get(name, name)] for name in self.start}

    def size_of(self, rows: Sequence[Row]) -> int:
        """Return about how many bytes the texts and blobs of some rows have."""
        return sum(len(row[name]) for row in rows for name in self.columns if isinstance(row[name], (str, bytes)))


CHANNELS = Table(
    "channels",
    "moved_channels",
    "move_channel",
    ("checkpoint_ns", "channel", "version", "kind", "type", "value"),
    {"checkpoint_ns": "", "channel": "", "version": ""},
)
CHUNKS = Table("chunks", "moved_chunks", "move_chunk", ("address", "count", "type", "value"), {"address": -1})
WRITES = Table(
    "writes",
    "moved_writes",
    "move_write",
    ("checkpoint_ns", "checkpoint_id", "task_id", "idx", "task_path", "channel", "type", "value"),
    {"checkpoint_ns": "", "checkpoint_id": "", "task_id": "", "idx": 0},
)
STATE_TABLES = (CHANNELS, CHUNKS, WRITES)
"""What a thread's checkpoints are made of: nobody reads it without them."""

CHECKPOINTS = Table(
    "checkpoints",
    "moved_checkpoints",
    "move_checkpoint",
    (
        *("checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "run_id", "channel_versions", "replayed_channels"),
        *("type", "body", "stored_at"),
    ),
    {"checkpoint_ns": "", "checkpoint_id": ""},
)
OWNERS = Table("owners", "moved_owners", "move_owner", ("owner_id",), {"owner_id": ""})
AUTHORS = Table("authors", "moved_authors", "move_author", ("message_id", "owner_id", "said_at"), {"message_id": ""})
HEAD_TABLES = (CHECKPOINTS, OWNERS, AUTHORS)
"""What makes a thread be read: written last, and all of it at once."""

_STATE = (
    *MEMORY_COLUMNS,
    *("partition", "id", "created_at", "updated_at", "expires_at", "question_share"),
    *("terms", "term_count", "context_terms", "context_count", "asked_terms", "asked_count"),
)
ROWS = Table(
    "rows",
    "export_rows",
    "insert_item",
    (*_STATE, *DECAY, "namespace", "value", "ttl_minutes"),
    {"after": -1},
    {"after": "memory_no"},
)
"""Memories and plain items: all of a row but its number, which each database gives anew."""
VERSION_COLUMNS = (*_STATE, "version_no", "replaced_at")
"""What there is of an earlier state of a row."""

AUDIT = Table(
    "audit",
    "export_audit",
    "import_audit",
    ("memory_id", "change_no", "action", "reason", "actor", "thread_id", "checkpoint_id", "run_id", "changed_at"),
    {"after_id": "", "after_no": -1},
    {"after_id": "memory_id", "after_no": "change_no"},
    line="audit",
)
LEDGER = Table(
    "ledger",
    "export_ledger",
    "import_ledger",
    ("thread_id", "message_id", "extractor", "content_hash", "checkpoint_id", "run_id", "promoted_at"),
    {"thread_id": "", "message_id": "", "extractor": "", "content_hash": ""},
    line="ledger",
)
RECEIPTS = Table(
    "receipts",
    "export_receipts",
    "import_receipt",
    ("id", "kind", "thread_id", "checkpoint_id", "run_id", "created_at", "body"),
    {"after_id": ""},
    {"after_id": "id"},
    line="receipt",
)
JOBS = Table(
    "jobs",
    "moved_jobs",
    "move_job",
    ("thread_id", "extractor", "due_at", "last_error", "first_at", "updated_at"),
    {"thread_id": "", "extractor": ""},
)
"""What waits to be promoted, without who is at it."""
QUEUE = Table(
    "queued",
    "export_queue",
    "import_queued",
    (
        *("thread_id", "extractor", "message_id", "content_hash", "position", "state", "actor", "text", "withheld"),
        *("asked", "scope", "source", "attempts", "reason", "queued_at"),
    ),
    {"thread_id": "", "extractor": "", "message_id": "", "content_hash": ""},
    line="queued",
)
"""The messages of the jobs."""

TRAIL_TABLES = (AUDIT, LEDGER, RECEIPTS)
"""What stands beside the rows of a partition."""
EXPORTED = (ROWS, *TRAIL_TABLES, QUEUE)
"""What an export holds of a partition, in its order."""
LINES = {table.line: table for table in EXPORTED if table.line}
"""The tables whose rows are lines of an export as they are."""

_MOMENTS = ("changed_at", "promoted_at", "queued_at", "created_at")


def written_at(columns: Mapping[str, Any]) -> int:
    """Return when what stands beside the memories was written, in microseconds."""
    return int(next(columns[name] for name in _MOMENTS if name in columns))


Take = Callable[[Table, Sequence[Any]], Sequence[Any]]
"""Is handed one page of one table, and returns the rows of it that count; of `ROWS` those are whole stored rows."""


def take_all(_: Table, rows: Sequence[Any]) -> Sequence[Any]:
    """Take a page as it is: its rows are only counted."""
    return rows


def walk(table: Table, place: Mapping[str, Any], take: Take, checksum: Checksum) -> Effects[None]:
    """Hand every page of a table to `take`, and count what it returns."""
    after: Mapping[str, Any] = table.start
    limit = _FIRST_PAGE
    while True:
        rows = yield Query(table.read, {**place, **after, "limit": limit})
        for row in take(table, rows) if rows else ():
            checksum.add(table.kind, table.values(row).values())
        if len(rows) < limit:
            return
        after = table.place_of(rows[-1])
        limit = paced(limit, table.size_of(rows))


def paced(limit: int, size: int, longest: int = _LONGEST_PAGE) -> int:
    """Return how many rows the page after one of `limit` rows and `size` bytes should have: a few megabytes of them."""
    if size > _PAGE_BYTES:
        return max(1, limit // 4)
    return min(limit * 4, longest) if size < _PAGE_BYTES // 4 else limit
