"""Reading everything out page by page, and taking it in again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_memory.domain.scope import join_labels, owner_partition
from langgraph_memory.domain.transfer import ItemLine, Line, MemoryLine, TrailLine, row_line, trail_line
from langgraph_memory.engine.query import Plan, Query, Row, reads, reads_settled, writes
from langgraph_memory.plans.rows import PlainItem, Vectors, insert_row, memory_columns

PAGE = 500

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
def partitions(owner_id: str | None) -> Plan[Sequence[str]]:
    """Return the partitions that hold anything: all of them, or an owner's."""
    rows = yield Query("partitions", {"partition": None if owner_id is None else owner_partition(owner_id)})
    return [row["partition"] for row in rows]


@reads
def export_page(section: str, partition: str, after: Mapping[str, Any]) -> Plan[Page]:
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
def import_batch(incoming: Sequence[Incoming]) -> Plan[dict[str, int]]:
    """Take in some lines, all of them or none, and return how many of each kind were new; what is there stays."""
    counts = dict.fromkeys((*_COUNTED.values(), "known"), 0)
    for one in incoming:
        kind, added = yield from _take_in(one)
        counts[_COUNTED[kind] if added else "known"] += 1
    return counts


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


def _take_in(one: Incoming) -> Plan[tuple[str, bool]]:
    line = one.line
    if isinstance(line, MemoryLine):
        return "memory", (yield from _memory(line, one.vectors))
    if isinstance(line, ItemLine):
        return "item", (yield from _item(line, one))
    return line.kind, (yield from _trail(line))


def _memory(line: MemoryLine, vectors: Vectors) -> Plan[bool]:
    columns = memory_columns(line.memory)
    place = {name: columns[name] for name in ("partition", "namespace", "id")}
    if (yield Query("memory", place)) or (yield Query("item", place)):
        return False
    number = yield from insert_row({**columns, **line.decay}, vectors)
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


def _item(line: ItemLine, one: Incoming) -> Plan[bool]:
    place = {"partition": line.columns["partition"], "namespace": join_labels(line.namespace), "id": line.key}
    if (yield Query("item", place)):
        return False
    item = PlainItem(line.namespace, line.key, line.value, one.text)
    yield from insert_row({**item.fixed_columns(), **line.columns}, one.vectors)
    return True


def _trail(line: TrailLine) -> Plan[bool]:
    params = {"partition": owner_partition(line.owner_id), **line.columns}
    if line.kind == "audit":
        return bool((yield Query("import_audit", params)))
    if line.kind == "ledger":
        return bool((yield Query("import_ledger", params)))
    if line.kind == "queued":
        return (yield from _queued(params))
    return bool((yield Query("import_receipt", params)))


def _queued(params: Mapping[str, Any]) -> Plan[bool]:
    """Add one message that waits, with the job it waits in; what is set aside alone is never due."""
    due_at = params["queued_at"] if params["state"] == "waiting" else None
    moment = {"due_at": due_at, "now": params["queued_at"], "at_latest": 0, "last_error": None}
    known = yield Query("job", params)
    if not known or due_at is not None:
        yield Query("queue_job", {**params, **moment})
    return bool((yield Query("import_queued", params)))
