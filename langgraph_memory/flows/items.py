"""The store contract: checks a batch, embeds what it needs, runs it in one transaction, shows what it found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
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

from langgraph_memory.domain.admission import admitted_context
from langgraph_memory.domain.filters import check_filter
from langgraph_memory.domain.guard import GuardPolicy, mask, mask_together, refuse_beside, texts_in
from langgraph_memory.domain.namespaces import select_namespaces
from langgraph_memory.domain.scope import ROOT, decode_label, scope_in
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import EmbedQuery
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.flows.index import embed_amended
from langgraph_memory.flows.memories import proposal_of_put
from langgraph_memory.flows.vectors import Fields, embed_fields
from langgraph_memory.operations.embedding import indexed_texts, searchable_text
from langgraph_memory.operations.rows import PlainItem, Vectors, embedded_texts
from langgraph_memory.operations.settings import StoreSettings, check_minutes
from langgraph_memory.plans import items
from langgraph_memory.plans.items import FoundItem
from langgraph_memory.plans.memories import Proposal

T = TypeVar("T")

_SWEEP = 1000
_as_json = json.JSONEncoder(allow_nan=False).encode


def batch(ops: Iterable[Op], settings: StoreSettings) -> Effects[list[Result]]:
    """Answer every operation; all of the batch is written, or nothing."""
    (answers,) = yield from batches([checked(ops)], settings)
    return answers


def batches(calls: Sequence[Sequence[Op]], settings: StoreSettings) -> Effects[list[list[Result]]]:
    """Answer calls as if one came after another, in one transaction: all of them are written, or nothing."""
    if len(calls) == 1 or any(isinstance(op, PutOp) for ops in calls for op in ops):
        return (yield from _answered(calls, settings))
    asked = [_asked(op) for ops in calls for op in ops]
    once = dict(zip(asked, (op for ops in calls for op in ops), strict=True))
    (answers,) = yield from _answered([list(once.values())], settings)
    return _like(calls, list(_shared(dict(zip(once, answers, strict=True)), asked)))


def _asked(op: Op) -> Any:
    """Return what is equal for two reads that are answered alike; of what holds a mapping or a list only itself is."""
    try:
        hash(op)
    except TypeError:
        return id(op)
    return op


def _shared(answers: Mapping[Any, Result], asked: Iterable[Any]) -> Iterator[Result]:
    """Yield the answer to each of what is asked; what is given again is a copy, to be changed by whom it is given."""
    given: set[Any] = set()
    for one in asked:
        answer = answers[one]
        yield deepcopy(answer) if answer and one in given else answer
        given.add(one)


def _answered(calls: Sequence[Sequence[Op]], settings: StoreSettings) -> Effects[list[list[Result]]]:
    given = [op for ops in calls for op in ops]
    wanted = [_admitted(op, settings.guard) for op in given]
    vectors = yield from _document_vectors(wanted, settings)
    queries = yield from _query_vectors(wanted, settings)
    steps = [
        _judged(_step(op, own, queries, settings), before, settings)
        for before, op, own in zip(given, wanted, vectors, strict=True)
    ]
    changing = any(isinstance(op, PutOp) for op in wanted)
    now = settings.clock()
    run: Any = items.read_items
    if changing:
        run = items.put_items if items.are_plain(steps) else items.write_items
    found = yield run(_like(calls, steps), now)
    answers = [answer for some in found for answer in some]
    for owner_id in _owners_edited(wanted) if settings.embedder is not None else ():
        yield from embed_amended(owner_id, settings)
    refreshed = list(items.prolonged(answers, [getattr(op, "refresh_ttl", False) for op in wanted]))
    if refreshed:
        yield items.refresh_ttl(refreshed, now)
    if changing and settings.sweep_due(now):
        yield items.sweep_expired(now, _SWEEP)
    return _like(calls, [_shown(op, answer) for op, answer in zip(wanted, answers, strict=True)])


def _owners_edited(ops: Sequence[Op]) -> list[str]:
    """Return the owners whose memories some writes may change, of which a summary may tell."""
    spaces = [op.namespace for op in ops if isinstance(op, PutOp)]
    return list(dict.fromkeys(decode_label(one[1]) for one in spaces if one[0] == ROOT and len(one) > 1))


def _like(calls: Sequence[Sequence[Op]], flat: Sequence[T]) -> list[list[T]]:
    """Return what belongs to each operation of some calls, call by call."""
    left = iter(flat)
    return [[next(left) for _ in ops] for ops in calls]


def sweep(settings: StoreSettings, now: datetime | None = None) -> Effects[int]:
    """Delete every item and memory whose time is over, and return how many."""
    total: int = 0
    while True:
        deleted: int = yield items.sweep_expired(now or settings.clock(), _SWEEP)
        total += deleted
        if deleted < _SWEEP:
            return total


def checked(ops: Iterable[Op]) -> list[Op]:
    """Return operations that can be run.

    Raises InvalidInputError, InvalidFilterError or InvalidNamespaceError.
    """
    wanted = list(ops)
    for op in wanted:
        _check(op)
    return wanted


def _check(op: Op) -> None:
    if not isinstance(op, (GetOp, SearchOp, PutOp, ListNamespacesOp)):
        raise InvalidInputError(f"unknown operation type {type(op).__name__}.")
    validate_op_namespace(op)
    if isinstance(op, PutOp) and not op.namespace:
        raise InvalidNamespaceError("Namespace cannot be empty.")
    if isinstance(op, SearchOp):
        check_filter(op.filter)
    if isinstance(op, (SearchOp, ListNamespacesOp)) and (op.limit < 0 or op.offset < 0):
        raise InvalidInputError(f"limit and offset must not be negative, got {op.limit} and {op.offset}.")
    if isinstance(op, PutOp) and op.value is not None:
        _check_value(op)


def _admitted(op: Op, guard: GuardPolicy) -> Op:
    """Return a put where memories are with its value as the guard lets it be stored."""
    if not isinstance(op, PutOp) or op.value is None or op.namespace[0] != ROOT:
        return op
    return op._replace(value=mask_together(op.value, guard))


def _judged(step: items.Step, before: Op, settings: StoreSettings) -> items.Step:
    """Return a put where memories are with the value as given, by which an edit is judged."""
    if not isinstance(step, items.Put) or not isinstance(before, PutOp) or step.item.namespace[0] != ROOT:
        return step
    value = before.value or {}
    judged = replace(step, edit=value, refusal=refuse_beside("\n".join(texts_in(value)), settings.guard))
    return _proposing(judged, value, settings)


def _check_value(op: PutOp) -> None:
    if not isinstance(op.value, Mapping):
        raise InvalidInputError(f"the value of {op.key!r} must be a mapping, not {type(op.value).__name__}.")
    if op.ttl is not None:
        check_minutes(f"ttl of {op.key!r}", op.ttl)
    try:
        _as_json(op.value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"the value of {op.key!r} is not JSON ({error}); store plain values.") from None


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
    content, context = ((op.value or {}).get(name) for name in ("content", "context"))
    return embedded_texts(
        mask(content.strip(), guard) if isinstance(content, str) else "",
        admitted_context(context, guard) if isinstance(context, str) else None,
    )


def _step(
    op: Op, vectors: tuple[Vectors, Vectors], queries: Mapping[str, bytes], settings: StoreSettings
) -> items.Step:
    if isinstance(op, GetOp):
        return items.Get(op.namespace, op.key)
    if isinstance(op, SearchOp):
        query = op.query or None
        vector = None if query is None else queries.get(query)
        return items.Search(op.namespace_prefix, op.filter, op.limit, op.offset, query, settings.vector_search(vector))
    if isinstance(op, ListNamespacesOp):
        return items.ListNamespaces()
    if op.value is None:
        return items.Delete(op.namespace, op.key)
    own, content = vectors
    item = PlainItem(op.namespace, op.key, op.value, _text_of(op, settings), own, op.ttl)
    return items.Put(item, content, settings.guard)


def _proposing(step: items.Put, value: Mapping[str, Any], settings: StoreSettings) -> items.Put:
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


def _text_of(op: PutOp, settings: StoreSettings) -> str:
    """Return what full-text search finds the item by: the indexed fields, or every word of the value."""
    if op.index is False:
        return ""
    return searchable_text(op.value or {}, settings.fields if op.index is None else op.index)


def _shown(op: Op, answer: Any) -> Result:
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
