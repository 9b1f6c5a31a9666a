"""Export and import: page by page, so that neither holds more than a page of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.guard import GuardPolicy, Refusal, admit, mask, mask_within, withhold
from langgraph_memory.domain.marks import Subject
from langgraph_memory.domain.memory import Memory, Receipt, Source, make_memory
from langgraph_memory.domain.scope import (
    ROOT,
    check_owner,
    check_scope,
    decode_label,
    join_labels,
    namespace_of,
    owner_partition,
    partition_of,
    split_labels,
)
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, reads_settled, writes
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations import marks as marking
from langgraph_memory.operations.embedding import indexed_texts, searchable_text
from langgraph_memory.operations.index import embed_fields
from langgraph_memory.operations.rows import (
    DECAY,
    PlainItem,
    Vectors,
    embedded_texts,
    insert_row,
    memory_columns,
    number_of,
)
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.transfer.tables import EXPORTED, LINES, ROWS, Table, written_at

LONGEST_LINE = 16_000_000
"""Characters a line of an export may have: more is no memory and no item."""

FORMAT = "langgraph_memory"
VERSION = 1

_MAY_BE_NULL = ("actor", "thread_id", "checkpoint_id", "run_id", "withheld", "asked", "reason")
_WHOLE = ("position", "attempts")


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier state of a memory: which, until when in microseconds, and what it was."""

    version_no: int
    replaced_at: int
    memory: Memory


@dataclass(frozen=True, slots=True)
class MemoryLine:
    """A memory with its earlier states; `decay` is what its confidence was before it faded, and since when."""

    memory: Memory
    versions: tuple[Version, ...]
    decay: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemLine:
    """A plain item with its times; `indexed` is whether its words are searched."""

    namespace: tuple[str, ...]
    key: str
    value: Mapping[str, Any]
    columns: Mapping[str, Any]
    indexed: bool


@dataclass(frozen=True, slots=True)
class TrailLine:
    """A row of the audit log, the ledger, the receipts or the queue: its kind and its columns."""

    kind: str
    owner_id: str
    columns: Mapping[str, Any]


Line = MemoryLine | ItemLine | TrailLine


def header(now: datetime) -> str:
    """Return the first line of an export."""
    return _json({"format": FORMAT, "version": VERSION, "exported_at": now.isoformat()})


def row_line(row: Any, versions: list[Any]) -> str:
    """Return the line of one memory or plain item."""
    if row["memory_type"] is not None:
        earlier = [
            {"version_no": one["version_no"], "replaced_at": one["replaced_at"], "memory": Memory.from_row(one).row()}
            for one in versions
        ]
        decay = {name: row[name] for name in DECAY if row[name] is not None}
        faded = {"decay": decay} if decay else {}
        return memory_line(Memory.from_row(row), earlier, **faded)
    indexed = row["terms"] is None or row["term_count"] > 0
    return item_line(row["namespace"], row["id"], json.loads(row["value"]), row, indexed=indexed)


def memory_line(memory: Memory, versions: Sequence[Mapping[str, Any]] = (), **more: Any) -> str:
    """Return the line of one memory, with its earlier states."""
    return _json({"kind": "memory", "memory": memory.row(), "versions": list(versions), **more})


def item_line(namespace: str, key: str, value: Any, times: Any, *, indexed: bool) -> str:
    """Return the line of one plain item; `times` has its times in microseconds and its time-to-live in minutes."""
    kept = {name: times[name] for name in ("created_at", "updated_at", "expires_at", "ttl_minutes")}
    place = {"namespace": split_labels(namespace), "key": key, "value": value}
    return _json({"kind": "item", **place, **kept, "indexed": indexed})


def trail_line(kind: str, row: Any) -> str:
    """Return the line of one row of the audit log, the ledger, the receipts or the queue."""
    columns = {name: row[name] for name in LINES[kind].columns if name not in ("kind", "body")}
    if kind == "receipt":
        columns |= {"of": row["kind"], "body": json.loads(row["body"])}
    return _json({"kind": kind, "owner_id": decode_label(split_labels(row["partition"])[1]), **columns})


NO_HEADER = "there is none; an export begins with a line that names its format."


def check_header(text: str) -> None:
    """Raise InvalidInputError unless `text` is the first line of an export that this version reads."""
    if not text.strip():
        raise InvalidInputError(NO_HEADER)
    found = _object(text)
    if found.get("format") != FORMAT or not isinstance(found.get("version"), int):
        raise InvalidInputError(f"this is no export: it must begin with the format {FORMAT!r} and a version.")
    if found["version"] > VERSION:
        raise InvalidInputError(
            f"this export has version {found['version']} and this langgraph_memory reads up to {VERSION}; "
            "upgrade the package."
        )


def parse(text: str, owner_id: str | None) -> Line:
    """Return what a line holds, checked; with an `owner_id` it must be that owner's.

    Raises InvalidInputError in one sentence.
    """
    found = _object(text)
    kind = found.pop("kind", None)
    if kind not in _PARSERS:
        raise InvalidInputError(f"kind must be one of {', '.join(_PARSERS)}, not {kind!r}.")
    _check_fields(kind, found)
    try:
        line = _PARSERS[kind](found)
    except InvalidInputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InvalidInputError(f"this {kind} lacks a field or holds one of another kind ({error}).") from None
    if owner_id is not None and _owner_of(line) != owner_id:
        raise InvalidInputError(f"this {kind} is not {owner_id!r}'s; leave out owner_id to import everybody's.")
    return line


def _check_fields(kind: str, found: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for a field that this version does not know: what it says would be lost."""
    fields = _FIELDS.get(kind) or ("owner_id", "of", *LINES[kind].columns)
    unknown = sorted(set(found) - {*fields})
    if unknown:
        raise InvalidInputError(f"{unknown[0]!r} is no field of this {kind}; upgrade the package, or take it out.")


_FIELDS: Mapping[str, Sequence[str]] = {
    "memory": ("memory", "versions", "decay"),
    "item": (*("namespace", "key", "value", "indexed"), *("created_at", "updated_at", "expires_at", "ttl_minutes")),
}


def as_imported(line: Line) -> Line:
    """Return a line whose memory is trusted as an imported one is, whatever it claims."""
    if not isinstance(line, MemoryLine):
        return line
    versions = tuple(replace(one, memory=one.memory.model_copy(update=_IMPORTED)) for one in line.versions)
    return replace(line, memory=line.memory.model_copy(update=_IMPORTED), versions=versions)


_IMPORTED: Mapping[str, Any] = {"trust": "import", "protected": False}


def admitted(line: Line, guard: GuardPolicy) -> Line | Refusal:
    """Return a line as it may be stored, or why it must not be: whatever wrote the file, the store's guard decides."""
    if isinstance(line, MemoryLine):
        memory = admit(line.memory, guard)
        if isinstance(memory, Refusal):
            return memory
        versions = [(one, admit(one.memory, guard)) for one in line.versions]
        kept = tuple(replace(one, memory=held) for one, held in versions if not isinstance(held, Refusal))
        return replace(line, memory=memory, versions=kept)
    if isinstance(line, ItemLine) and line.namespace[0] == ROOT:
        return replace(line, value=mask_within(line.value, guard))
    if isinstance(line, TrailLine):
        return _admitted_trail(line, guard)
    return line


def _admitted_trail(line: TrailLine, guard: GuardPolicy) -> TrailLine:
    """Return a line of the trail with no more of what was said in it than the guard lets be kept."""
    if line.kind == "queued" and line.columns["text"]:
        refusal = withhold(line.columns["text"], guard)
        kept = (
            {"text": mask(line.columns["text"], guard)} if refusal is None else {"text": "", "withheld": refusal.reason}
        )
        return replace(line, columns={**line.columns, **kept})
    if line.kind == "receipt":
        body = mask_within(json.loads(line.columns["body"]), guard)
        return replace(line, columns={**line.columns, "body": json.dumps(body)})
    return line


def _owner_of(line: Line) -> str | None:
    if isinstance(line, MemoryLine):
        return line.memory.owner_id
    if isinstance(line, TrailLine):
        return line.owner_id
    labels = line.namespace
    return decode_label(labels[1]) if len(labels) > 1 and labels[0] == ROOT else None


def _parse_memory(found: dict[str, Any]) -> MemoryLine:
    memory = make_memory(**{"trust": "import", **found["memory"]})
    versions = tuple(
        Version(
            _whole("version_no", one), _whole("replaced_at", one), make_memory(**{"trust": "import", **one["memory"]})
        )
        for one in found["versions"]
    )
    fixed = (memory.id, memory.owner_id, memory.scope, memory.memory_type)
    for one in versions:
        if (one.memory.id, one.memory.owner_id, one.memory.scope, one.memory.memory_type) != fixed:
            raise InvalidInputError(f"version {one.version_no} of memory {memory.id} is of another memory.")
    if len({one.version_no for one in versions}) != len(versions):
        raise InvalidInputError(f"memory {memory.id} has a version twice.")
    return MemoryLine(memory, versions, _parse_decay(found.get("decay", {})))


def _parse_decay(found: dict[str, Any]) -> Mapping[str, Any]:
    stated = found.get("stated_confidence")
    if stated is not None and (isinstance(stated, bool) or not 0 <= stated <= 1):
        raise InvalidInputError(f"stated_confidence must be a number from 0 to 1, not {stated!r}.")
    moments = {name: _whole(name, found) for name in DECAY[1:] if name in found}
    return moments if stated is None else {"stated_confidence": float(stated), **moments}


def _parse_item(found: dict[str, Any]) -> ItemLine:
    namespace, key, value = tuple(found["namespace"]), found["key"], found["value"]
    if not _is_namespace(namespace) or not isinstance(key, str) or not isinstance(value, dict):
        raise InvalidInputError("an item needs a namespace of labels without periods, a key and an object as value.")
    times = {name: _whole(name, found) for name in ("created_at", "updated_at")}
    expires_at = None if found["expires_at"] is None else _whole("expires_at", found)
    minutes = None if found["ttl_minutes"] is None else float(found["ttl_minutes"])
    columns = {**times, "expires_at": expires_at, "ttl_minutes": minutes, "partition": partition_of(namespace)}
    return ItemLine(namespace, key, value, columns, bool(found["indexed"]))


def _is_namespace(labels: Sequence[Any]) -> bool:
    return bool(labels) and all(isinstance(one, str) and one and "." not in one for one in labels)


def _parse_trail(kind: str) -> Callable[[dict[str, Any]], TrailLine]:
    def read(found: dict[str, Any]) -> TrailLine:
        if kind == "receipt":
            found = {**found, "kind": found["of"]}
        columns = {name: _column(name, found) for name in LINES[kind].columns if name != "body"}
        if kind == "receipt":
            columns["body"] = json.dumps(_checked_body(columns["kind"], found["body"]))
        if kind == "queued":
            _check_queued(columns)
        return TrailLine(kind, check_owner(found["owner_id"]), columns)

    return read


def _checked_body(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a receipt, in the shape in which its kind is read again."""
    if kind == "recall":
        datetime.fromisoformat(body["request"]["at"])
        named = [(one["id"], one["score"]) for part in ("recalled", "dropped") for one in body[part]]
        if not all(isinstance(one, str) for one, _ in named) or not isinstance(body["scope"], str):
            raise InvalidInputError("the body of this receipt is no recall's.")
    return {**body}


def _check_queued(columns: dict[str, Any]) -> None:
    """Raise unless a queued message can be read by a worker; its thread and its words are never missing."""
    if columns["state"] not in ("waiting", "set_aside", "heard") or columns["thread_id"] is None:
        raise InvalidInputError("a queued message needs a thread, and waits, is set aside or was heard.")
    Source.model_validate_json(columns["source"])
    if columns["state"] != "heard":
        check_scope(columns["scope"])
        Utterance(message_id=columns["message_id"], actor=columns["actor"], text=columns["text"])


def _column(name: str, found: dict[str, Any]) -> Any:
    if name.endswith(("_at", "_no")) or name in _WHOLE:
        return _whole(name, found)
    value = found[name]
    if not isinstance(value, str) and not (value is None and name in _MAY_BE_NULL):
        raise InvalidInputError(f"{name} must be text, not {type(value).__name__}.")
    return value


def _whole(name: str, found: Mapping[str, Any]) -> int:
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise InvalidInputError(f"{name} must be a whole number, not {value!r}.")
    return value


def _object(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_LINE:
        raise InvalidInputError(f"it has {len(text)} characters; a line may have {LONGEST_LINE}.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError("this is no JSON.") from None
    if not isinstance(found, dict):
        raise InvalidInputError(f"this is {type(found).__name__}, not a JSON object.")
    return found


def _json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


_PARSERS: dict[str, Callable[[dict[str, Any]], Line]] = {
    "memory": _parse_memory,
    "item": _parse_item,
    **{kind: _parse_trail(kind) for kind in LINES},
}


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
