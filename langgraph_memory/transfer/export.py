"""Export and import: page by page, so that neither holds more than a page of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.guard import Refusal
from langgraph_memory.domain.marks import Subject
from langgraph_memory.domain.memory import Memory, Receipt
from langgraph_memory.domain.scope import check_owner, join_labels, namespace_of, owner_partition, partition_of
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, reads_settled, writes
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.embedding import indexed_texts, searchable_text
from langgraph_memory.operations.index import embed_fields
from langgraph_memory.operations.rows import (
    PlainItem,
    Vectors,
    embedded_texts,
    insert_row,
    memory_columns,
    number_of,
)
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.transfer.lines import (
    NO_HEADER,
    ItemLine,
    Line,
    MemoryLine,
    TrailLine,
    admitted,
    as_imported,
    check_header,
    header,
    parse,
    row_line,
    trail_line,
)
from langgraph_memory.transfer.tables import EXPORTED, LINES, ROWS, Table, written_at

PAGE = 500
_BATCH = 500
_COUNTED = {"memory": "memories", "item": "items", **{kind: table.kind for kind, table in LINES.items()}}
"""What the lines of each kind are called where they are counted."""

Progress = Callable[[int], None]
"""Called with how much is done so far."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of an export, and where the next page begins; None when there is none."""

    lines: Sequence[str]
    after: Mapping[str, Any] | None


def export(owner_id: str | None, settings: StoreSettings) -> Iterator[Effects[Iterable[str]]]:
    """Return what reads an export page by page; each page is asked for when the one before was read."""
    if owner_id is not None:
        check_owner(owner_id)
    return _export(owner_id, settings)


def _export(owner_id: str | None, settings: StoreSettings) -> Iterator[Effects[Iterable[str]]]:
    partitions: list[str] = []
    yield _begin(partitions, owner_id, settings)
    for partition in partitions:
        for table in EXPORTED:
            after = [table.start]
            while after:
                yield _page(table, partition, after)


def _begin(partitions: list[str], owner_id: str | None, settings: StoreSettings) -> Effects[Iterable[str]]:
    partitions += yield partitions_of(owner_id)
    return [header(settings.clock())]


def _page(table: Table, partition: str, after: list[Mapping[str, Any]]) -> Effects[Iterable[str]]:
    """Read a page, and leave in `after` where the next one starts, if there is one."""
    page: Page = yield export_page(table, partition, after.pop())
    if page.after is not None:
        after.append(page.after)
    return page.lines


@reads_settled
def partitions_of(owner_id: str | None) -> Effects[Sequence[str]]:
    """Return the partitions that hold anything: all of them, or an owner's."""
    rows = yield Query("partitions", {"partition": None if owner_id is None else owner_partition(owner_id)})
    return [row["partition"] for row in rows]


@reads
def export_page(table: Table, partition: str, after: Mapping[str, Any]) -> Effects[Page]:
    """Return one page of one table of a partition."""
    rows = yield Query(table.read, {"partition": partition, "limit": PAGE, **after})
    following = table.place_of(rows[-1]) if len(rows) == PAGE else None
    if table is not ROWS:
        return Page([trail_line(table.line, row) for row in rows], following)
    ids = [row["id"] for row in rows if row["memory_type"] is not None]
    versions: dict[int, list[Row]] = {}
    for one in (yield Query("export_versions", {"partition": partition, "ids": ids})):
        versions.setdefault(one["memory_no"], []).append(one)
    return Page([row_line(row, versions.get(row["memory_no"], [])) for row in rows], following)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One line to take in, with the vectors of its memory and the searched text and vectors of its item."""

    line: Line
    vectors: Vectors = ()
    text: str = field(default="")


def import_(
    lines: Iterable[str],
    owner_id: str | None,
    on_progress: Progress | None,
    settings: StoreSettings,
    *,
    trusted: bool = True,
) -> Effects[Receipt]:
    """Take in an export, a batch of lines at a time."""
    if owner_id is not None:
        check_owner(owner_id)
    counts: dict[str, int] = {}
    for done, batch in _batches(lines, owner_id, settings):
        lines_read = batch if trusted else [as_imported(one) for one in batch]
        taken = [line for one in lines_read if not isinstance(line := admitted(one, settings.guard), Refusal)]
        incoming = yield from _embedded(taken, settings)
        added: dict[str, int] = yield import_batch(incoming)
        added["refused"] = len(batch) - len(taken)
        counts = {kind: counts.get(kind, 0) + number for kind, number in added.items()}
        if on_progress is not None:
            on_progress(done)
    return Receipt(settings.new_id(), "import", owner_id or "", settings.clock(), counts)


def _batches(lines: Iterable[str], owner_id: str | None, settings: StoreSettings) -> Iterator[tuple[int, list[Line]]]:
    """Yield the checked lines in batches, each with the number of lines read so far; blank lines do not count."""
    batch: list[Line] = []
    number = 0
    for number, text in enumerate(lines, 1):
        try:
            if number == 1:
                check_header(text)
            elif text.strip():
                batch.append(_known_type(parse(text, owner_id), settings))
        except InvalidInputError as error:
            raise InvalidInputError(f"line {number}: {error}") from None
        if len(batch) == _BATCH:
            yield number, batch
            batch = []
    if number == 0:
        raise InvalidInputError(f"line 1: {NO_HEADER}")
    yield number, batch


def _known_type(line: Line, settings: StoreSettings) -> Line:
    if isinstance(line, MemoryLine):
        _ = settings.types[line.memory.memory_type]
    return line


def _embedded(batch: Sequence[Line], settings: StoreSettings) -> Effects[list[Incoming]]:
    """Return a batch with its vectors and the words it is found by."""
    vectors = yield from embed_fields([_texts_of(line, settings) for line in batch], settings)
    return [Incoming(line, own, _words_of(line, settings)) for line, own in zip(batch, vectors, strict=True)]


def _texts_of(line: Line, settings: StoreSettings) -> list[tuple[str, str]]:
    if isinstance(line, MemoryLine):
        return embedded_texts(line.memory.content, line.memory.context, line.memory.slot)
    return indexed_texts(line.value, settings.fields) if isinstance(line, ItemLine) and line.indexed else []


def _words_of(line: Line, settings: StoreSettings) -> str:
    if not isinstance(line, ItemLine) or not line.indexed:
        return ""
    return searchable_text(line.value, settings.fields)


@writes
def import_batch(incoming: Sequence[Incoming]) -> Effects[dict[str, int]]:
    """Take in some lines, all of them or none, and return how many of each kind were new; what is there stays."""
    counts = dict.fromkeys((*_COUNTED.values(), "known", "gone"), 0)
    held = yield from _held(incoming)
    yield from _refuse_circles([one.line.memory for one in incoming if isinstance(one.line, MemoryLine)])
    gone = yield from _gone(incoming)
    for one in incoming:
        if one.line in gone:
            counts["gone"] += 1
            continue
        kind, added = yield from _take_in(one, held)
        counts[_COUNTED[kind] if added else "known"] += 1
    for partition in held.numbers:
        yield Query("settle_index", {"partition": partition})
    return counts


def _refuse_circles(memories: Sequence[Memory]) -> Effects[None]:
    """Raise InvalidInputError when a memory would be its own successor, through others of the batch or of the store."""
    coming = {(one.owner_id, one.id): one for one in memories}
    for memory in memories:
        seen = {memory.id}
        following = memory.superseded_by
        while following is not None and following not in seen:
            seen.add(following)
            one = coming.get((memory.owner_id, following)) or (yield from _stored(following, memory.owner_id))
            following = None if one is None else one.superseded_by
        if following is not None:
            raise InvalidInputError(
                f"memory {memory.id} of owner {memory.owner_id!r} is superseded in a circle; "
                "correct superseded_by in the export."
            )


def _stored(memory_id: str, owner_id: str) -> Effects[Memory | None]:
    rows = yield Query("memory", {"partition": owner_partition(owner_id), "id": memory_id})
    return Memory.from_row(rows[0]) if rows else None


def _gone(incoming: Sequence[Incoming]) -> Effects[_Gone]:
    """Return what marks say of a batch: which lines were forgotten, replaced or erased since they were written."""
    subjects: dict[Subject, None] = {}
    for line in (one.line for one in incoming):
        subjects.update(dict.fromkeys(_subjects(line)))
    return _Gone((yield from marking.left(subjects)))


def _subjects(line: Line) -> list[Subject]:
    """Return what may have been marked of a line."""
    partition = _partition_of(line)
    found = [marks.erased_partition(partition)]
    if isinstance(line, MemoryLine):
        found.append(marks.named_in(partition, line.memory.id))
        found += [] if line.memory.superseded else marks.told(line.memory)
    return found


def _partition_of(line: Line) -> str:
    return owner_partition(line.owner_id) if isinstance(line, TrailLine) else _place_of(line)[0]


@dataclass(frozen=True, slots=True)
class _Gone:
    """Which lines are gone, by their marks."""

    marked: Mapping[Subject, int]

    def __contains__(self, line: Line) -> bool:
        if not self.marked:
            return False
        erased_at = self.marked.get(marks.erased_partition(_partition_of(line)), -1)
        if isinstance(line, MemoryLine):
            by_id = marks.named_in(_partition_of(line), line.memory.id) in self.marked
            said = to_microseconds(line.memory.last_verified_at or line.memory.created_at)
            told = [] if line.memory.superseded else marks.told(line.memory)
            replaced = any(self.marked.get(one, -1) > said for one in told)
            return by_id or replaced or to_microseconds(line.memory.created_at) <= erased_at
        return written_at(line.columns) <= erased_at


@dataclass(slots=True)
class _Held:
    """Which of the rows of a batch a database holds, whose ids are a memory's, and the numbers of their partitions."""

    rows: set[tuple[str, str, str]] = field(default_factory=set)
    memories: set[tuple[str, str]] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, place: tuple[str, str, str], *, is_memory: bool) -> None:
        self.rows.add(place)
        if is_memory:
            self.memories.add((place[0], place[2]))


def _held(incoming: Sequence[Incoming]) -> Effects[_Held]:
    """Read what is there of a batch, a statement for each partition."""
    places: dict[str, list[tuple[str, str]]] = {}
    for line in (one.line for one in incoming):
        if isinstance(line, (MemoryLine, ItemLine)):
            partition, namespace, key = _place_of(line)
            places.setdefault(partition, []).append((namespace, key))
    held = _Held()
    for partition in sorted(places):
        held.numbers[partition] = yield from number_of(partition)
        for row in (yield Query("held_rows", {"partition": partition, "keys": places[partition]})):
            held.add((partition, row["namespace"], row["id"]), is_memory=row["memory_type"] is not None)
    return held


def _place_of(line: MemoryLine | ItemLine) -> tuple[str, str, str]:
    if isinstance(line, ItemLine):
        return line.columns["partition"], join_labels(line.namespace), line.key
    namespace = namespace_of(line.memory.owner_id, line.memory.scope)
    return partition_of(namespace), join_labels(namespace), line.memory.id


def _take_in(one: Incoming, held: _Held) -> Effects[tuple[str, bool]]:
    line = one.line
    if isinstance(line, MemoryLine):
        return "memory", (yield from _memory(line, one.vectors, held))
    if isinstance(line, ItemLine):
        return "item", (yield from _item(line, one, held))
    return line.kind, (yield from _trail(line))


def _memory(line: MemoryLine, vectors: Vectors, held: _Held) -> Effects[bool]:
    place = _place_of(line)
    if place in held.rows or (place[0], place[2]) in held.memories:
        return False
    held.add(place, is_memory=True)
    columns = {**memory_columns(line.memory), **line.decay}
    number = yield from insert_row(columns, vectors, held.numbers[place[0]])
    versions = [
        {
            **memory_columns(one.memory),
            "memory_no": number,
            "version_no": one.version_no,
            "replaced_at": one.replaced_at,
        }
        for one in line.versions
    ]
    if versions:
        yield Query("import_version", rows=versions)
    return True


def _item(line: ItemLine, one: Incoming, held: _Held) -> Effects[bool]:
    place = _place_of(line)
    if place in held.rows:
        return False
    held.add(place, is_memory=False)
    item = PlainItem(line.namespace, line.key, line.value, one.text)
    yield from insert_row({**item.fixed_columns(), **line.columns}, one.vectors, held.numbers[place[0]])
    return True


def _trail(line: TrailLine) -> Effects[bool]:
    params = {"partition": owner_partition(line.owner_id), **line.columns}
    if line.kind == "queued":
        yield from _queue_job(params)
    return bool((yield Query(LINES[line.kind].write, params)))


def _queue_job(params: Mapping[str, Any]) -> Effects[None]:
    """Make the job that a message waits in; what is set aside alone is never due."""
    due_at = params["queued_at"] if params["state"] == "waiting" else None
    moment = {"due_at": due_at, "now": params["queued_at"], "at_latest": 0, "last_error": None}
    known = yield Query("job", params)
    if not known or due_at is not None:
        yield Query("queue_job", {**params, **moment})
