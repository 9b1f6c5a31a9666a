"""The operations of LangGraph's store contract, over plain items and memories alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from langgraph_memory.domain.admission import admit
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.filters import matches, needles
from langgraph_memory.domain.guard import DEFAULT_GUARD, GuardPolicy, Refusal
from langgraph_memory.domain.lexical import Corpus, lexical_matches
from langgraph_memory.domain.memory import Memory, make_memory
from langgraph_memory.domain.scope import ROOT, join_labels, partition_of, split_labels
from langgraph_memory.domain.text import query_terms
from langgraph_memory.engine.query import Plan, Query, Row, reads, writes, writes_repeatably
from langgraph_memory.exceptions import InvalidMemoryError
from langgraph_memory.plans.closest import ClosestRows
from langgraph_memory.plans.memories import Origin, forget_versions, leave_marks_of_edit, record
from langgraph_memory.plans.rows import (
    PlainItem,
    Vectors,
    VectorSearch,
    closeness,
    insert_row,
    memory_columns,
    postings_of,
    rewrite_row,
)

_LEAST_PAGE, _PAGE = 32, 500
_LONGEST_PAGE = 4096
_NEWEST = ((1 << 63) - 1, -1)
"""A moment and a number that no row comes before."""
_LAST = "\U0010ffff"
"""A text that no namespace comes after."""
_FIXED = ("owner_id", "scope", "memory_type", "slot", "created_at", "superseded_by", "superseded_at", "conflict_id")
"""What makes a memory the one it is; an edit may repeat these and not change them."""


@dataclass(frozen=True, slots=True)
class FoundItem:
    """One item as the store shows it, with its score when a query was asked."""

    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    has_ttl: bool
    memory_no: int
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Get:
    """Read one item."""

    namespace: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Search:
    """Read items under a prefix: those that match the filter, ranked for the query when there is one."""

    prefix: tuple[str, ...]
    wanted: Mapping[str, Any] | None = None
    limit: int = 10
    offset: int = 0
    query: str | None = None
    vectors: VectorSearch | None = None


@dataclass(frozen=True, slots=True)
class ListNamespaces:
    """Read the namespaces that hold items."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write one item, or edit the memory that is at its place, as far as the guard admits it.

    `content_vectors` are of the text it names then, `edit` is the value as it was given; `refusal` is why it may be no
    item of its own.
    """

    item: PlainItem
    content_vectors: Vectors = ()
    guard: GuardPolicy = DEFAULT_GUARD
    edit: Mapping[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove one item or memory."""

    namespace: tuple[str, ...]
    key: str


Step = Get | Search | ListNamespaces | Put | Delete


def _batch(steps: Sequence[Step], now: datetime) -> Plan[list[Any]]:
    """Answer every read as things stood before the batch, then do the writes; the last write of a key counts."""
    answers: list[Any] = [None] * len(steps)
    changes: dict[tuple[tuple[str, ...], str], Put | Delete] = {}
    for place, step in enumerate(steps):
        if isinstance(step, Put):
            changes[step.item.namespace, step.item.key] = step
        elif isinstance(step, Delete):
            changes[step.namespace, step.key] = step
        else:
            answers[place] = yield from _read(step, now)
    for change in changes.values():
        yield from _write(change, now)
    return answers


read_items = reads(_batch)
write_items = writes(_batch)


@writes_repeatably
def refresh_ttl(rows: Sequence[Mapping[str, Any]], now: datetime) -> Plan[None]:
    """Prolong the rows of a partition and number each by their own time-to-live."""
    yield Query("refresh_ttl", {"now": to_microseconds(now)}, rows)


@writes
def sweep_expired(now: datetime, limit: int) -> Plan[int]:
    """Delete at most `limit` rows whose time is over, and return how many."""
    expired = yield Query("expired_items", {"now": to_microseconds(now), "limit": limit})
    yield Query("delete_expired_item", {"now": to_microseconds(now)}, [_place_of(row) for row in expired])
    return len(expired)


def _read(step: Get | Search | ListNamespaces, now: datetime) -> Plan[Any]:
    if isinstance(step, Get):
        row = yield from _live_row(step.namespace, step.key, now)
        return None if row is None else _found(row)
    if isinstance(step, Search):
        return (yield from _search(step, now))
    rows = yield Query("namespaces", {"now": to_microseconds(now)})
    return [split_labels(row["namespace"]) for row in rows]


def _write(change: Put | Delete, now: datetime) -> Plan[None]:
    if isinstance(change, Delete):
        row = yield from _row(change.namespace, change.key)
        if row is None:
            return
        if row["memory_type"] is None:
            yield Query("delete_item", _place_of(row))
        else:
            yield from forget_versions(Memory.from_row(row), now, reason="deleted through the store")
        return
    item = change.item
    row = yield from _row(item.namespace, item.key)
    if change.refusal is not None and (row is None or row["memory_type"] is None):
        raise InvalidMemoryError(f"{item.key!r} was not stored among the memories: {change.refusal.explanation}")
    if row is None:
        yield from insert_row(item.columns(to_microseconds(now), now), item.vectors)
    elif row["memory_type"] is not None:
        yield from _edit_memory(row, change, now)
    else:
        gone = row["expires_at"] is not None and row["expires_at"] <= to_microseconds(now)
        created_at = to_microseconds(now) if gone else row["created_at"]
        columns = item.columns(created_at, now)
        yield from rewrite_row(row, columns, item.vectors)


def _edit_memory(row: Row, change: Put, now: datetime) -> Plan[None]:
    """Let a put at a memory's place change the fields it names, under the memory's own rules.

    Another sentence is a correction: what was noted of the old one in `content_json` goes with it, into the history.
    """
    known = Memory.from_row(row)
    value = change.edit
    told_anew = value.get("content", known.content) != known.content
    kept = {**known.model_dump(), **({"content_json": None} if told_anew else {})}
    named = make_memory(**{**kept, **value, "id": known.id, "updated_at": now})
    moved = [name for name in _FIXED if getattr(named, name) != getattr(known, name)]
    if known.superseded or moved:
        what = "it is superseded" if known.superseded else f"a put cannot change its {moved[0]}"
        raise InvalidMemoryError(f"memory {known.id} cannot be edited so: {what}; remember() a new one.")
    edited = admit(named, change.guard)
    if isinstance(edited, Refusal):
        raise InvalidMemoryError(f"memory {known.id} was not changed: {edited.explanation}")
    changed = [name for name in ("content", "context") if getattr(edited, name) != getattr(known, name)]
    vectors = [(name, vector) for name, vector in change.content_vectors if name.split(".")[0] in changed]
    yield from rewrite_row(row, memory_columns(edited), vectors if changed else None, changed)
    yield from record(edited, "edited", "changed through the store", Origin(), now)
    yield from leave_marks_of_edit(known, edited, now)


def _row(namespace: tuple[str, ...], key: str) -> Plan[Row | None]:
    place = {"partition": partition_of(namespace), "namespace": join_labels(namespace), "id": key}
    rows = yield Query("item", place)
    return rows[0] if rows else None


def _live_row(namespace: tuple[str, ...], key: str, now: datetime) -> Plan[Row | None]:
    row = yield from _row(namespace, key)
    if row is not None and row["expires_at"] is not None and row["expires_at"] <= to_microseconds(now):
        return None
    return row


@dataclass(frozen=True, slots=True)
class _Reach:
    """Which rows a prefix covers: inside one partition when it names one, else plain items of many."""

    prefix: tuple[str, ...]
    now: datetime

    def query(self, kind: str, **params: Any) -> Query:
        joined = join_labels(self.prefix)
        bounds = {"prefix": joined, "low": f"{joined}.", "high": f"{joined}/", "now": to_microseconds(self.now)}
        if not self.prefix:
            bounds |= {"low": "", "high": _LAST}
        if len(self.prefix) < 2:
            return Query(f"{kind}_across_partitions", {**bounds, **params})
        return Query(f"{kind}_in_partition", {**bounds, "partition": partition_of(self.prefix), **params})

    def page(
        self, limit: int, offset: int, after: tuple[int, int] = _NEWEST, needed: Sequence[str] = ()
    ) -> Plan[Sequence[Row]]:
        """Read rows last updated first, after the row that was last updated then and of that number."""
        where = {"after_at": after[0], "after_no": after[1], "limit": limit, "offset": offset}
        needle = needed[0] if needed and self.prefix[:1] != (ROOT,) else None  # a memory has no JSON of its own
        return (yield self.query("items", **where, needle=needle, others=list(needed[1:])))


def _search(step: Search, now: datetime) -> Plan[list[FoundItem]]:
    reach = _Reach(step.prefix, now)
    if step.vectors is not None:
        return (yield from _ranked(step, reach, (yield from _by_vector(step.vectors, reach))))
    if step.query:
        return (yield from _ranked(step, reach, (yield from _by_text(step, reach))))
    return (yield from _listed(step, reach, step.offset, step.limit, frozenset()))


def _listed(step: Search, reach: _Reach, offset: int, limit: int, without: frozenset[int]) -> Plan[list[FoundItem]]:
    """Return the items from `offset` on, last updated first, reading no more pages than that takes."""
    if not step.wanted and not without:
        return (yield from _shown((yield from reach.page(limit, offset)), reach)) if limit else []
    found: list[FoundItem] = []
    size, after, needed = min(max(offset + limit, _LEAST_PAGE), _PAGE), _NEWEST, needles(step.wanted)
    while len(found) < offset + limit:
        rows = yield from reach.page(size, 0, after, needed)
        items = yield from _shown([row for row in rows if row["memory_no"] not in without], reach)
        found.extend(item for item in items if matches(item.value, step.wanted))
        if len(rows) < size:
            break
        after, size = (rows[-1]["updated_at"], rows[-1]["memory_no"]), _PAGE
    return found[offset : offset + limit]


def _shown(rows: Sequence[Row], reach: _Reach) -> Plan[list[FoundItem]]:
    """Return the items of a page; where memories may be, their records are read."""
    numbers = [row["memory_no"] for row in rows if row["memory_type"] is not None]
    if not numbers:
        return [_found(row) for row in rows]
    whole = {row["memory_no"]: row for row in (yield reach.query("live", numbers=numbers))}
    return [_found(whole.get(row["memory_no"], row)) for row in rows]


def _ranked(step: Search, reach: _Reach, scored: _Scored | ClosestRows) -> Plan[list[FoundItem]]:
    """Return the page of the best, filled up with items that have no vector when the query was one."""
    found: list[FoundItem] = []
    count = max(1, step.offset + step.limit)
    while len(found) < step.offset + step.limit:
        best = dict((yield from scored.take(count)))
        if not best:
            break
        by_number = {row["memory_no"]: row for row in (yield reach.query("live", numbers=list(best)))}
        items = (_found(by_number[number], score) for number, score in best.items() if number in by_number)
        found.extend(item for item in items if matches(item.value, step.wanted))
        count = min(4 * count, _LONGEST_PAGE)
    page = found[step.offset : step.offset + step.limit]
    if step.vectors is not None and len(page) < step.limit:
        start = max(0, step.offset - len(found))
        page += yield from _listed(step, reach, start, step.limit - len(page), scored.numbers)
    return page


class _Scored:
    """Rows and their scores, best first; of those as good the oldest first."""

    def __init__(self, scored: Mapping[int, float]) -> None:
        self.numbers = frozenset(scored)
        self._rest = iter(sorted(scored.items(), key=lambda pair: (-pair[1], pair[0])))

    def take(self, count: int) -> Plan[list[tuple[int, float]]]:
        """Return the next `count` rows and their scores."""
        yield from ()
        return list(islice(self._rest, count))


def _by_text(step: Search, reach: _Reach) -> Plan[_Scored]:
    """Score the rows of the partitions in reach; one partition's words never change another's scores."""
    wanted = query_terms(step.query or "")
    corpora = yield reach.query("corpus")
    scored: dict[int, float] = {}
    for corpus in corpora:
        partition_no = corpus["partition_no"]
        postings = yield from postings_of(corpus["partition"], wanted)
        statistics = Corpus(corpus["size"], corpus["term_total"] / (corpus["size"] or 1))
        found = lexical_matches(wanted, postings[0], statistics)
        scored.update((partition_no << 32 | row, score) for row, score in found.items())
    return _Scored(scored)


def _by_vector(vectors: VectorSearch, reach: _Reach) -> Plan[ClosestRows]:
    """Compare the rows of the partitions in reach that have vectors."""
    found = []
    for corpus in (yield reach.query("corpus")):
        close = yield from closeness(corpus, vectors)
        found.append((corpus, close.own))
    return ClosestRows(vectors, found)


def _found(row: Row, score: float | None = None) -> FoundItem:
    value = json.loads(row["value"]) if row["memory_type"] is None else Memory.from_row(row).to_value()
    return FoundItem(
        namespace=split_labels(row["namespace"]),
        key=row["id"],
        value=value,
        created_at=from_microseconds(row["created_at"]),
        updated_at=from_microseconds(row["updated_at"]),
        has_ttl=row["ttl_minutes"] is not None,
        memory_no=row["memory_no"],
        score=score,
    )


def prolonged(answers: Sequence[Any], refresh: Sequence[bool]) -> Iterator[Mapping[str, Any]]:
    """Return the partition and number of the rows that were read with a time-to-live to be refreshed."""
    for answer, wanted in zip(answers, refresh, strict=True):
        for item in answer if isinstance(answer, list) else [answer]:
            if wanted and isinstance(item, FoundItem) and item.has_ttl:
                yield {"partition": partition_of(item.namespace), "memory_no": item.memory_no}


def _place_of(row: Row) -> dict[str, Any]:
    return {"partition": row["partition"], "memory_no": row["memory_no"]}
