"""LangGraph's store contract: a batch is checked, embedded, run in one transaction, and shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from itertools import chain, islice
from operator import itemgetter
from typing import Any, TypeVar

from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)

from langgraph_memory.checkpoints.decode import ATOMS, copy_json
from langgraph_memory.domain.clock import from_microseconds, to_microseconds
from langgraph_memory.domain.guard import (
    DEFAULT_GUARD,
    GuardPolicy,
    Refusal,
    admit,
    admitted_context,
    mask,
    mask_together,
    refuse_beside,
    texts_in,
)
from langgraph_memory.domain.memory import Memory, make_memory
from langgraph_memory.domain.reconcile import still_said
from langgraph_memory.domain.scope import (
    ROOT,
    decode_label,
    join_labels,
    partition_of,
    scope_in,
    split_labels,
    storable,
)
from langgraph_memory.domain.search.filters import check_filter, matches, needles, select_namespaces
from langgraph_memory.domain.search.relevance import Corpus, lexical_matches
from langgraph_memory.domain.search.vectors import VectorSearch
from langgraph_memory.domain.text import search_terms
from langgraph_memory.effects.effect import DoneCount, Effects
from langgraph_memory.effects.runner import EmbedQuery
from langgraph_memory.effects.transaction import Query, Row, reads, writes, writes_at_once, writes_repeatably
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError
from langgraph_memory.operations.embedding import indexed_texts, searchable_text
from langgraph_memory.operations.forget import forget_versions, leave_marks_of_edit
from langgraph_memory.operations.index import Fields, Late, embed_amended, embed_fields, index_late, late_postings
from langgraph_memory.operations.neighbours import ClosestRows
from langgraph_memory.operations.remember import Proposal, proposal_of_put, store
from langgraph_memory.operations.rows import (
    Origin,
    PlainItem,
    Vectors,
    closeness,
    embedded_texts,
    insert_row,
    item_json,
    item_terms,
    memories_in,
    memory_columns,
    number_of,
    postings_of,
    record,
    rewrite_row,
)
from langgraph_memory.operations.settings import StoreSettings, check_minutes

T = TypeVar("T")
_SWEEP = 1000


def batch(ops: Iterable[Op], settings: StoreSettings) -> Effects[list[Result]]:
    """Answer every operation; all of the batch is written, or nothing."""
    (answers,) = yield from batches([checked(ops)], settings)
    return answers


def batches(calls: Sequence[Sequence[Op]], settings: StoreSettings) -> Effects[list[list[Result]]]:
    """Answer calls as if one came after another, in one transaction: all of them are written, or nothing."""
    now = settings.clock()
    if plain := _plain_items(calls, settings, now):
        yield put_items(plain, now)
        if settings.sweep_due(now):
            yield sweep_expired(now, _SWEEP)
        return [[None] * len(ops) for ops in calls]
    if len(calls) == 1 or any(isinstance(op, PutOp) for ops in calls for op in ops):
        return (yield from _answered(calls, settings))
    once, places = _distinct(chain.from_iterable(calls))
    (answers,) = yield from _answered([once], settings)
    return _like(calls, list(_shared(answers, places)))


def _plain_items(calls: Sequence[Sequence[Op]], settings: StoreSettings, now: datetime) -> list[tuple[Any, ...]] | None:
    """Return the columns of plain items, of each place the last; None where something else is asked as well.

    Those of one partition follow each other.
    """
    if settings.embedder is not None:
        return None
    spaces: dict[tuple[str, ...], tuple[str, str]] = {}
    items: dict[Place, tuple[Any, ...]] = {}
    for op in chain.from_iterable(calls):
        if not isinstance(op, PutOp) or op.value is None:
            return None
        space = spaces.get(op.namespace)
        if space is None:
            if op.namespace[0] == ROOT or not storable("".join(op.namespace)):
                return None
            space = spaces[op.namespace] = (partition_of(op.namespace), join_labels(op.namespace))
        if not storable(op.key):
            return None
        stored = item_json(op.key, op.value)
        expires_at = None if op.ttl is None else to_microseconds(now + timedelta(minutes=op.ttl))
        terms = item_terms(stored, op.value, _text_of(op, settings))
        items[op.namespace, op.key] = (*space, op.key, stored, op.ttl, expires_at, *terms)
    return sorted(items.values(), key=itemgetter(0))


def _distinct(ops: Iterable[Op]) -> tuple[list[Op], list[int]]:
    """Return the reads that are answered each in its own way, and which of them each one is.

    Of what holds a mapping or a list only itself is equal to it.
    """
    once: list[Op] = []
    known: dict[Any, int] = {}
    places = []
    for op in ops:
        try:
            place = known.setdefault(op, len(once))
        except TypeError:
            place = known.setdefault(id(op), len(once))
        if place == len(once):
            once.append(op)
        places.append(place)
    return once, places


def _shared(answers: Sequence[Any], places: Iterable[int]) -> Iterator[Any]:
    """Yield the answer at each place; what is given again is a copy, to be changed by whom it is given."""
    copiers: list[Callable[[Any], Any] | None] = [None] * len(answers)
    for place in places:
        answer, copier = answers[place], copiers[place]
        if copier is None:
            copiers[place] = _copier_of(answer)
            yield answer
        else:
            yield copier(answer)


def _copier_of(answer: Any) -> Callable[[Any], Any]:
    """Return what copies an answer, but namespaces: its items then share nothing that can be changed.

    It is done for each of many who ask at once, so what is needed is found out once.
    """
    items = answer if isinstance(answer, list) else [answer]
    values = [item.value for item in items if isinstance(item, Item)]
    if not values:
        return copy  # nothing was found, or namespaces
    is_flat = all(ATOMS.issuperset(map(type, value.values())) for value in values)
    copied = partial(_copied_items, dict.copy if is_flat else copy_json)
    return copied if isinstance(answer, list) else lambda one: copied([one])[0]


def _copied_items(copy_value: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    copies = []
    for item in items:
        kind: Any = type(item)
        made = kind.__new__(kind)
        made.namespace, made.key, made.value = item.namespace, item.key, copy_value(item.value)
        made.created_at, made.updated_at = item.created_at, item.updated_at
        if kind is SearchItem:
            made.score = item.score
        copies.append(made)
    return copies


def _answered(calls: Sequence[Sequence[Op]], settings: StoreSettings) -> Effects[list[list[Result]]]:
    given = [op for ops in calls for op in ops]
    wanted = [_admitted(op, settings.guard) for op in given]
    vectors = yield from _document_vectors(wanted, settings)
    queries = yield from _query_vectors(wanted, settings)
    steps = [
        _judged(_step(op, own, queries, settings), before, settings)
        for before, op, own in zip(given, wanted, vectors, strict=True)
    ]
    now = settings.clock()
    late: Late = {}
    run = write_items if any(isinstance(step, Change) for step in steps) else read_items
    found = yield run(_like(calls, steps), now, late)
    answers = list(chain.from_iterable(found))
    yield from _follow_up(wanted, answers, settings, now)
    yield from index_late(late)
    return _like(calls, list(map(_result_of, wanted, answers)))


def _follow_up(ops: Sequence[Op], answers: Sequence[Any], settings: StoreSettings, now: datetime) -> Effects[None]:
    """Do what follows from operations: embed what was told anew, prolong what was read, sweep when that is due."""
    for owner_id in _owners_edited(ops) if settings.embedder is not None else ():
        yield from embed_amended(owner_id, settings)
    refreshed = list(prolonged(answers, [getattr(op, "refresh_ttl", False) for op in ops]))
    if refreshed:
        yield refresh_ttl(refreshed, now)
    if any(isinstance(op, PutOp) for op in ops) and settings.sweep_due(now):
        yield sweep_expired(now, _SWEEP)


def _owners_edited(ops: Sequence[Op]) -> list[str]:
    """Return the owners whose memories some writes may change, of which a summary may tell."""
    spaces = [op.namespace for op in ops if isinstance(op, PutOp)]
    return list(dict.fromkeys(decode_label(one[1]) for one in spaces if one[0] == ROOT and len(one) > 1))


def _like(calls: Sequence[Sequence[Op]], flat: Sequence[T]) -> list[list[T]]:
    """Return what belongs to each operation of some calls, call by call."""
    left = iter(flat)
    return [[next(left)] if len(ops) == 1 else list(islice(left, len(ops))) for ops in calls]


def sweep(settings: StoreSettings, now: datetime | None = None) -> Effects[DoneCount]:
    """Delete every item and memory whose time is over, and return how many."""
    total: int = 0
    while True:
        deleted: int = yield sweep_expired(now or settings.clock(), _SWEEP)
        total += deleted
        if deleted < _SWEEP:
            return DoneCount(total)


def checked(ops: Iterable[Op]) -> list[Op]:
    """Return operations that can be run.

    Raises InvalidInputError, InvalidFilterError or InvalidNamespaceError.
    """
    wanted = list(ops)
    for op in wanted:
        check(op)
    return wanted


def check(op: Op) -> None:
    """Raise what `checked` raises for an operation that cannot be run."""
    if isinstance(op, PutOp):
        _check_labels(op.namespace)
        if not op.namespace:
            raise InvalidNamespaceError("Namespace cannot be empty.")
        if op.value is not None:
            _check_value(op)
    elif isinstance(op, GetOp):
        _check_labels(op.namespace)
    elif isinstance(op, SearchOp):
        _check_labels(op.namespace_prefix)
        check_filter(op.filter)
    elif isinstance(op, ListNamespacesOp):
        validate_op_namespace(op)
    else:
        raise InvalidInputError(f"unknown operation type {type(op).__name__}.")
    if isinstance(op, (SearchOp, ListNamespacesOp)) and (op.limit < 0 or op.offset < 0):
        raise InvalidInputError(f"limit and offset must not be negative, got {op.limit} and {op.offset}.")


def _check_labels(namespace: Sequence[str]) -> None:
    try:
        _check_namespace(namespace)
    except TypeError:  # a list
        validate_op_namespace(SearchOp(tuple(namespace)))


@lru_cache(maxsize=4096)
def _check_namespace(namespace: tuple[str, ...]) -> None:
    """Look at the labels of a namespace once, however many calls name it."""
    validate_op_namespace(SearchOp(namespace))


def _admitted(op: Op, guard: GuardPolicy) -> Op:
    """Return a put where memories are with its value as the guard lets it be stored."""
    if not isinstance(op, PutOp) or op.value is None or op.namespace[0] != ROOT:
        return op
    return op._replace(value=mask_together(op.value, guard))


def _judged(step: Step, before: Op, settings: StoreSettings) -> Step:
    """Return a put where memories are with the value as given, by which an edit is judged."""
    if not isinstance(step, Put) or not isinstance(before, PutOp) or step.item.namespace[0] != ROOT:
        return step
    value = before.value or {}
    judged = replace(step, edit=value, refusal=refuse_beside("\n".join(texts_in(value)), settings.guard))
    return _proposing(judged, value, settings)


def _check_value(op: PutOp) -> None:
    if not isinstance(op.value, Mapping):
        raise InvalidInputError(f"the value of {op.key!r} must be a mapping, not {type(op.value).__name__}.")
    if op.ttl is not None:
        check_minutes(f"ttl of {op.key!r}", op.ttl)
    if op.namespace[0] == ROOT:  # the guard looks into it before it is stored; of any other, that is when it is seen
        item_json(op.key, op.value)


def _document_vectors(ops: Sequence[Op], settings: StoreSettings) -> Effects[list[tuple[Vectors, Vectors]]]:
    """Return for each operation the vectors of its fields, and of the content it names where a memory may be."""
    if settings.embedder is None:
        return [((), ())] * len(ops)
    texts = [*(_fields_of(op, settings) for op in ops), *(_content_of(op, settings.guard) for op in ops)]
    vectors = yield from embed_fields(texts, settings)
    return list(zip(vectors[: len(ops)], vectors[len(ops) :], strict=True))


def _query_vectors(ops: Sequence[Op], settings: StoreSettings) -> Effects[Mapping[str, bytes]]:
    vectors: dict[str, bytes] = {}
    if settings.embedder is not None:
        for op in ops:
            if isinstance(op, SearchOp) and op.query and op.query not in vectors:
                vectors[op.query] = yield EmbedQuery(op.query)
    return vectors


def _fields_of(op: Op, settings: StoreSettings) -> Fields:
    if not isinstance(op, PutOp) or op.value is None or op.index is False:
        return []
    return indexed_texts(op.value, settings.fields if op.index is None else op.index)


def _content_of(op: Op, guard: GuardPolicy) -> Fields:
    """Return the texts a put names where a memory may be: what is embedded of a memory, whatever `fields` say.

    They are as the guard admits them.
    """
    if not isinstance(op, PutOp) or op.namespace[0] != ROOT or op.index is False:
        return []
    content, context, slot = ((op.value or {}).get(name) for name in ("content", "context", "slot"))
    return embedded_texts(
        mask(content.strip(), guard) if isinstance(content, str) else "",
        admitted_context(context, guard) if isinstance(context, str) else None,
        slot if isinstance(slot, str) else None,
    )


def _step(op: Op, vectors: tuple[Vectors, Vectors], queries: Mapping[str, bytes], settings: StoreSettings) -> Step:
    if isinstance(op, GetOp):
        return Get(op.namespace, op.key)
    if isinstance(op, SearchOp):
        query = op.query or None
        vector = None if query is None else queries.get(query)
        return Search(op.namespace_prefix, op.filter, op.limit, op.offset, query, settings.vector_search(vector))
    if isinstance(op, ListNamespacesOp):
        return ListNamespaces()
    if op.value is None:
        return Delete(op.namespace, op.key)
    own, content = vectors
    item = PlainItem(op.namespace, op.key, op.value, _text_of(op, settings), own, op.ttl)
    return Put(item, content, settings.guard)


def _proposing(step: Put, value: Mapping[str, Any], settings: StoreSettings) -> Put:
    """Return a put where memories are as one of a memory, where its value has the content of one.

    What is at the place already is looked at first; a value without a content is a plain item there.
    """
    place, said = scope_in(step.item.namespace), value.get("content")
    if place is None or not isinstance(said, str) or not said.strip():
        return step

    def propose() -> Proposal:
        ttl = None if step.item.ttl_minutes is None else timedelta(minutes=step.item.ttl_minutes)
        expiring = {} if ttl is None else {"expires_at": settings.clock() + ttl}
        return proposal_of_put(place, step.item.key, {**expiring, **value}, step.content_vectors, settings)

    return replace(step, propose=propose)


def _text_of(op: PutOp, settings: StoreSettings) -> str | None:
    """Return what full-text search finds the item by: the indexed fields; None: every word of the value, now or later.

    Where memories are, that is now: they are found with no search of the store's.
    """
    if op.index is False:
        return ""
    if op.index is None and op.namespace[0] != ROOT and settings.is_whole:
        return None
    return searchable_text(op.value or {}, settings.fields if op.index is None else op.index)


def _result_of(op: Op, answer: Any) -> Result:
    if isinstance(op, ListNamespacesOp):
        conditions = [(one.match_type, tuple(one.path)) for one in op.match_conditions or ()]
        return select_namespaces(answer, conditions, op.max_depth, op.limit, op.offset)
    if isinstance(op, SearchOp):
        return [SearchItem(**_fields(found), score=found.score) for found in answer]
    return None if answer is None else Item(**_fields(answer))


def _fields(found: FoundItem) -> dict[str, Any]:
    return {
        "namespace": found.namespace,
        "key": found.key,
        "value": found.value,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


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
    item of its own; `propose` makes the memory that it is, where nothing is at its place.
    """

    item: PlainItem
    content_vectors: Vectors = ()
    guard: GuardPolicy = DEFAULT_GUARD
    edit: Mapping[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None
    propose: Callable[[], Proposal] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove one item or memory."""

    namespace: tuple[str, ...]
    key: str


Step = Get | Search | ListNamespaces | Put | Delete
Place = tuple[tuple[str, ...], str]
"""Where an item is: its namespace and its key."""
Reading = Get | Search | ListNamespaces
Change = Put | Delete


def _calls(calls: Sequence[Sequence[Step]], now: datetime, late: Late) -> Effects[list[list[Any]]]:
    """Answer calls one after another: the reads of each as things stood before it, then its writes.

    The last write of a key counts. Calls that have nothing to do with each other are read, and written, together.
    In `late` are, in the end, the items that the last searches found without the text index.
    """
    answers: list[list[Any]] = []
    for some in _independent(calls):
        together = list(chain.from_iterable(some))
        late.clear()
        found = iter((yield from _read_all([step for step in together if isinstance(step, Reading)], now, late)))
        answers += [[next(found) if isinstance(step, Reading) else None for step in steps] for steps in some]
        yield from _write_all({_place(step): step for step in together if isinstance(step, Change)}, now)
    return answers


read_items = reads(_calls)
write_items = writes(_calls)


@writes_at_once()
def put_items(items: Sequence[tuple[Any, ...]], now: datetime) -> Effects[None]:
    """Store plain items, by their columns, each in place of what is there."""
    yield Query("put_items_at_once", {"items": items, "now": to_microseconds(now)})


def _independent(calls: Sequence[Sequence[Step]]) -> Iterator[list[Sequence[Step]]]:
    """Cut calls where one reads or writes what one before it has written."""
    some: list[Sequence[Step]] = []
    written: set[Place] = set()
    for steps in calls:
        own = {_place(step) for step in steps if isinstance(step, Change)}
        if written and (not written.isdisjoint(own) or any(_reads(step, written) for step in steps)):
            yield some
            some, written = [], set()
        some.append(steps)
        written |= own
    yield some


def _reads(step: Step, written: Set[Place]) -> bool:
    return isinstance(step, Reading) and (not isinstance(step, Get) or (step.namespace, step.key) in written)


def _place(change: Change) -> Place:
    return (change.item.namespace, change.item.key) if isinstance(change, Put) else (change.namespace, change.key)


@writes_repeatably
def refresh_ttl(rows: Sequence[Mapping[str, Any]], now: datetime) -> Effects[None]:
    """Prolong the rows of a partition and number each by their own time-to-live."""
    yield Query("refresh_ttl", {"now": to_microseconds(now)}, rows)


@writes
def sweep_expired(now: datetime, limit: int) -> Effects[int]:
    """Delete at most `limit` rows whose time is over, and return how many."""
    expired = yield Query("expired_items", {"now": to_microseconds(now), "limit": limit})
    yield Query("delete_expired_item", {"now": to_microseconds(now)}, [_place_of(row) for row in expired])
    return len(expired)


def _read_all(steps: Sequence[Reading], now: datetime, late: Late) -> Effects[list[Any]]:
    """Answer reads; the plain items that are named are read at once."""
    named = [(step.namespace, step.key) for step in steps if isinstance(step, Get)]
    rows = yield from _rows_at("plain_items", [one for one in named if one[0][0] != ROOT])
    answers: list[Any] = []
    for step in steps:
        if isinstance(step, Get):
            answers.append((yield from _get(step, rows, now)))
        else:
            answers.append((yield from _search(step, now, late) if isinstance(step, Search) else _namespaces(now)))
    return answers


def _get(step: Get, rows: Mapping[Place, Row], now: datetime) -> Effects[FoundItem | None]:
    row = rows.get((step.namespace, step.key))
    if row is None and (step.namespace[0] == ROOT or not _nameable((step.namespace, step.key))):
        row = yield from _row(step.namespace, step.key)
    if row is None or (row["expires_at"] is not None and row["expires_at"] <= to_microseconds(now)):
        return None
    return _found(row)


def _namespaces(now: datetime) -> Effects[list[tuple[str, ...]]]:
    rows = yield Query("namespaces", {"now": to_microseconds(now)})
    return [split_labels(row["namespace"]) for row in rows]


def _write_all(changes: Mapping[Place, Change], now: datetime) -> Effects[None]:
    """Write the changes of different places; new plain items go in together."""
    rows = yield from _rows_at("rows_at", list(changes))
    added: dict[str, list[Mapping[str, Any]]] = {}
    for place, change in changes.items():
        row = rows.get(place)
        if row is None and not _nameable(place):
            row = yield from _row(*place)
        if isinstance(change, Delete):
            yield from _delete(row, now)
        elif row is None and change.propose is not None:
            yield from _remember(change.item.key, change.propose(), now)
        elif row is None and _is_plain(change):
            columns = change.item.own_columns(to_microseconds(now), now)
            added.setdefault(columns["partition"], []).append(columns)
        else:
            yield from _put(change, row, now)
    for partition, columns_of in added.items():
        number = yield from number_of(partition)
        yield Query("add_plain_item", {"partition_no": number}, columns_of)


def _is_plain(change: Put) -> bool:
    """Return whether a new item is a row and nothing else."""
    return change.refusal is None and not change.item.vectors


def _rows_at(name: str, places: Sequence[Place]) -> Effects[dict[Place, Row]]:
    """Read what is at some places."""
    named = [one for one in dict.fromkeys(places) if _nameable(one)]
    found: dict[Place, Row] = {}
    for start in range(0, len(named), _PAGE):
        keys = [[partition_of(space), join_labels(space), key] for space, key in named[start : start + _PAGE]]
        rows = yield Query(name, {"keys": keys, "partitions": list(dict.fromkeys(one[0] for one in keys))})
        found |= {(split_labels(row["namespace"]), row["id"]): row for row in rows}
    return found


def _nameable(place: Place) -> bool:
    """Return whether a place can be named in JSON; any other is named alone, and the database says what is wrong."""
    return storable("".join((place[1], *place[0])))


def _delete(row: Row | None, now: datetime) -> Effects[None]:
    if row is not None and row["memory_type"] is None:
        yield Query("delete_item", _place_of(row))
    elif row is not None:
        (memory,) = yield Query("item", _named(split_labels(row["namespace"]), row["id"]))
        yield from forget_versions(Memory.remains(memory), now, reason="deleted through the store")


def _remember(key: str, proposal: Proposal, now: datetime) -> Effects[None]:
    """Store what a put says as a memory; where the same is known already, that is confirmed."""
    outcome = yield from store(proposal, now)
    if outcome.memory is None:
        raise InvalidMemoryError(f"{key!r} was not stored among the memories: {outcome.reason.rstrip('.')}.")


def _put(change: Put, row: Row | None, now: datetime) -> Effects[None]:
    item = change.item
    if row is not None and row["memory_type"] is not None:
        (memory,) = yield Query("item", _named(item.namespace, item.key))
        yield from _edit_memory(memory, change, now)
        return
    if change.refusal is not None:
        raise InvalidMemoryError(f"{item.key!r} was not stored among the memories: {change.refusal.explanation}")
    if row is None:
        yield from insert_row(item.columns(to_microseconds(now), now), item.vectors)
    else:
        gone = row["expires_at"] is not None and row["expires_at"] <= to_microseconds(now)
        created_at = to_microseconds(now) if gone else row["created_at"]
        yield from rewrite_row(row, item.columns(created_at, now), item.vectors)


def _edit_memory(row: Row, change: Put, now: datetime) -> Effects[None]:
    """Let a put at a memory's place change the fields it names, under the memory's own rules.

    Another sentence is a correction as `supersede` makes one: what it does not name stays, and of `content_json` all
    but a value that it no longer tells. The old sentence goes into the history.
    """
    known = Memory.from_row(row)
    edited = admit(_as_edited(known, change.edit, now), change.guard)
    if isinstance(edited, Refusal):
        raise InvalidMemoryError(f"memory {known.id} was not changed: {edited.explanation}")
    changed = _changed(("content", "context"), known, edited)
    vectors = [(name, vector) for name, vector in change.content_vectors if name.split(".")[0] in changed]
    yield from rewrite_row(row, memory_columns(edited), vectors if changed else None, changed)
    yield from record(edited, "edited", "changed through the store", Origin(), now)
    yield from leave_marks_of_edit(known, edited, now)


def _as_edited(known: Memory, value: Mapping[str, Any], now: datetime) -> Memory:
    """Return a memory with the fields that a put names; raises InvalidMemoryError for those that it cannot change."""
    content = value.get("content", known.content)
    kept = known.model_dump()
    if isinstance(content, str) and content != known.content:
        kept["content_json"] = still_said(known.content_json, content)
    named = make_memory(**{**kept, **value, "id": known.id, "updated_at": now})
    moved = _changed(_FIXED, known, named)
    if known.superseded or moved:
        what = "it is superseded" if known.superseded else f"a put cannot change its {moved[0]}"
        raise InvalidMemoryError(f"memory {known.id} cannot be edited so: {what}; remember() a new one.")
    return named


def _changed(names: Sequence[str], one: Memory, other: Memory) -> list[str]:
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def _row(namespace: tuple[str, ...], key: str) -> Effects[Row | None]:
    rows = yield Query("item", _named(namespace, key))
    return rows[0] if rows else None


def _named(namespace: tuple[str, ...], key: str) -> Mapping[str, str]:
    return {"partition": partition_of(namespace), "namespace": join_labels(namespace), "id": key}


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
    ) -> Effects[Sequence[Row]]:
        """Read rows last updated first, after the row that was last updated then and of that number."""
        where = {"after_at": after[0], "after_no": after[1], "limit": limit, "offset": offset}
        needle = needed[0] if needed and self.prefix[:1] != (ROOT,) else None  # a memory has no JSON of its own
        rows: Sequence[Row] = yield self.query("items", **where, needle=needle, others=list(needed[1:]))
        return rows


def _search(step: Search, now: datetime, late: Late) -> Effects[list[FoundItem]]:
    reach = _Reach(step.prefix, now)
    if step.vectors is not None:
        return (yield from _ranked(step, reach, (yield from _by_vector(step.vectors, reach))))
    if step.query:
        return (yield from _ranked(step, reach, (yield from _by_text(step, reach, late))))
    return (yield from _listed(step, reach, step.offset, step.limit, frozenset()))


def _listed(step: Search, reach: _Reach, offset: int, limit: int, without: frozenset[int]) -> Effects[list[FoundItem]]:
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


def _shown(rows: Sequence[Row], reach: _Reach) -> Effects[list[FoundItem]]:
    """Return the items of a page; where memories may be, their records are read."""
    numbers = [row["memory_no"] for row in rows if row["memory_type"] is not None]
    if not numbers:
        return [_found(row) for row in rows]
    whole = {row["memory_no"]: row for row in (yield reach.query("live", numbers=numbers))}
    return [_found(row) for row in (whole.get(row["memory_no"], row) for row in rows) if _is_sound(row)]


def _is_sound(row: Row) -> bool:
    """Return whether a row can be shown; a memory that is damaged is named in the log."""
    return row["memory_type"] is None or bool(memories_in([row]))


def _ranked(step: Search, reach: _Reach, scored: _Scored | ClosestRows) -> Effects[list[FoundItem]]:
    """Return the page of the best, filled up with the other items, which have no score.

    Among memories nothing is filled up: who asks them wants what answers. Other libraries keep items in namespaces of
    their own and want as many as they asked for, as they are given by stores that do not search.
    """
    found: list[FoundItem] = []
    count = max(1, step.offset + step.limit)
    while len(found) < step.offset + step.limit:
        best = dict((yield from scored.take(count)))
        if not best:
            break
        rows = yield reach.query("live", numbers=list(best))
        found.extend(item for item in _in_order(best, rows) if matches(item.value, step.wanted))
        count = min(4 * count, _LONGEST_PAGE)
    page = found[step.offset : step.offset + step.limit]
    if len(page) < step.limit and (step.vectors is not None or step.prefix[:1] != (ROOT,)):
        start = max(0, step.offset - len(found))
        page += yield from _listed(step, reach, start, step.limit - len(page), scored.numbers)
    return page


def _in_order(scores: Mapping[int, float], rows: Sequence[Row]) -> Iterator[FoundItem]:
    """Yield the items that rows hold with their scores, in the order of those."""
    by_number = {row["memory_no"]: row for row in rows if _is_sound(row)}
    return (_found(by_number[number], score) for number, score in scores.items() if number in by_number)


class _Scored:
    """Rows and their scores, best first; of those as good the oldest first."""

    def __init__(self, scored: Mapping[int, float]) -> None:
        self.numbers = frozenset(scored)
        self._rest = iter(sorted(scored.items(), key=lambda pair: (-pair[1], pair[0])))

    def take(self, count: int) -> Effects[list[tuple[int, float]]]:
        """Return the next `count` rows and their scores."""
        yield from ()
        return list(islice(self._rest, count))


def _by_text(step: Search, reach: _Reach, late: Late) -> Effects[_Scored]:
    """Score the rows of the partitions in reach; one partition's words never change another's scores."""
    wanted = search_terms(step.query or "")
    corpora = yield reach.query("corpus")
    scored: dict[int, float] = {}
    for corpus in corpora:
        partition_no = corpus["partition_no"]
        postings, *_ = yield from postings_of(corpus["partition"], wanted)
        size, total = corpus["size"], corpus["term_total"]
        if corpus["unindexed"]:
            more, more_size, more_total = yield from late_postings(corpus["partition"], wanted, late)
            postings = {term: postings.get(term, "") + more.get(term, "") for term in wanted}
            size, total = size + more_size, total + more_total
        found = lexical_matches(wanted, postings, Corpus(size, total / (size or 1)))
        scored.update((partition_no << 32 | row, score) for row, score in found.items())
    return _Scored(scored)


def _by_vector(vectors: VectorSearch, reach: _Reach) -> Effects[ClosestRows]:
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
