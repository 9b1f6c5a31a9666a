"""The lines of an export: one JSON object each, the first of which names the format and its version. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.guard import GuardPolicy, Refusal, admit, mask, mask_within, withhold
from langgraph_memory.domain.memory import Memory, Source, make_memory
from langgraph_memory.domain.scope import ROOT, check_owner, check_scope, decode_label, partition_of, split_labels
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.rows import DECAY
from langgraph_memory.transfer.tables import LINES

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
            {"version_no": one["version_no"], "replaced_at": one["replaced_at"], **_memory(Memory.from_row(one))}
            for one in versions
        ]
        decay = {name: row[name] for name in DECAY if row[name] is not None}
        faded = {"decay": decay} if decay else {}
        return memory_line(Memory.from_row(row), earlier, **faded)
    indexed = row["terms"] is None or row["term_count"] > 0
    return item_line(row["namespace"], row["id"], json.loads(row["value"]), row, indexed=indexed)


def memory_line(memory: Memory, versions: Sequence[Mapping[str, Any]] = (), **more: Any) -> str:
    """Return the line of one memory, with its earlier states."""
    return _json({"kind": "memory", **_memory(memory), "versions": list(versions), **more})


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
    "item": (
        *("namespace", "key", "value", "indexed"),
        *("created_at", "updated_at", "expires_at", "ttl_minutes"),
    ),
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


def _memory(memory: Memory) -> dict[str, Any]:
    return {"memory": memory.row()}


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
