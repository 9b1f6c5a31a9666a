"""Reading everything out page by page, and taking it in again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.marks import Subject
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import join_labels, namespace_of, owner_partition, partition_of
from langgraph_memory.domain.transfer import ItemLine, Line, MemoryLine, TrailLine, row_line, trail_line
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, reads_settled, writes
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.rows import PlainItem, Vectors, insert_row, memory_columns, number_of

PAGE = 500
_MOMENTS = ("changed_at", "promoted_at", "queued_at", "created_at")
"""When a line that is no memory was written."""

SECTIONS: Mapping[str, Mapping[str, Any]] = {
    "export_rows": {"after": -1},
    "export_audit": {"after_id": "", "after_no": -1},
    "export_ledger": {"thread_id": "", "message_id": "", "extractor": "", "content_hash": ""},
    "export_receipts": {"after_id": ""},
    "export_queue": {"thread_id": "", "extractor": "", "message_id": "", "content_hash": ""},
}
"""The parts of an export of one partition, and where each begins."""

_KINDS = {"export_audit": "audit", "export_ledger": "ledger", "export_receipts": "receipt", "export_queue": "queued"}
_COUNTED = {
    "memory": "memories",
    "item": "items",
    "audit": "audit",
    "ledger": "ledger",
    "receipt": "receipts",
    "queued": "queued",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of an export, and where the next page begins; None when there is none."""

    lines: Sequence[str]
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One line to take in, with the vectors of its memory and the searched text and vectors of its item."""

    line: Line
    vectors: Vectors = ()
    text: str = field(default="")


@reads_settled
def partitions(owner_id: str | None) -> Effects[Sequence[str]]:
    """Return the partitions that hold anything: all of them, or an owner's."""
    rows = yield Query("partitions", {"partition": None if owner_id is None else owner_partition(owner_id)})
    return [row["partition"] for row in rows]


@reads
def export_page(section: str, partition: str, after: Mapping[str, Any]) -> Effects[Page]:
    """Return one page of one part of a partition."""
    rows = yield Query(section, {"partition": partition, "limit": PAGE, **after})
    if section != "export_rows":
        lines = [trail_line(_KINDS[section], row) for row in rows]
        return Page(lines, _next(section, rows))
    ids = [row["id"] for row in rows if row["memory_type"] is not None]
    versions: dict[int, list[Row]] = {}
    for one in (yield Query("export_versions", {"partition": partition, "ids": ids})):
        versions.setdefault(one["memory_no"], []).append(one)
    return Page([row_line(row, versions.get(row["memory_no"], [])) for row in rows], _next(section, rows))


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
        return _written(line.columns) <= erased_at


def _written(columns: Mapping[str, Any]) -> int:
    return int(next(columns[name] for name in _MOMENTS if name in columns))


def _next(section: str, rows: Sequence[Row]) -> Mapping[str, Any] | None:
    if len(rows) < PAGE:
        return None
    last = rows[-1]
    if section == "export_rows":
        return {"after": last["memory_no"]}
    if section == "export_audit":
        return {"after_id": last["memory_id"], "after_no": last["change_no"]}
    if section == "export_receipts":
        return {"after_id": last["id"]}
    return {name: last[name] for name in SECTIONS[section]}


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
    if line.kind == "audit":
        return bool((yield Query("import_audit", params)))
    if line.kind == "ledger":
        return bool((yield Query("import_ledger", params)))
    if line.kind == "queued":
        return (yield from _queued(params))
    return bool((yield Query("import_receipt", params)))


def _queued(params: Mapping[str, Any]) -> Effects[bool]:
    """Add one message that waits, with the job it waits in; what is set aside alone is never due."""
    due_at = params["queued_at"] if params["state"] == "waiting" else None
    moment = {"due_at": due_at, "now": params["queued_at"], "at_latest": 0, "last_error": None}
    known = yield Query("job", params)
    if not known or due_at is not None:
        yield Query("queue_job", {**params, **moment})
    return bool((yield Query("import_queued", params)))
