"""Recalling: owner, scope, freshness and type first, then rank what is left, then cut to what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Dropped, Memory, Recall, Recalled
from langgraph_memory.domain.ranking import DEFAULT_WEIGHTS, Weights, lexical_score, score_parts
from langgraph_memory.domain.scope import owner_partition, visible_from
from langgraph_memory.domain.selection import MAX_DROPPED, Eligibility, Selection
from langgraph_memory.domain.text import query_terms
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.domain.vectors import Metric
from langgraph_memory.engine.query import Plan, Query, Row, reads, writes
from langgraph_memory.plans.items import best_similarity, corpus_of
from langgraph_memory.plans.memories import Origin, put_receipt

CANDIDATES = 200
"""How many memories of one owner are ranked in full; the rest have too few of the query's rare terms."""


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """What to recall: for whom, seen from where, about what, and how much of it.

    `pinned` is how many memories of the types that are always injected come first, whatever the query.
    """

    id: str
    owner_id: str
    scope: str
    query: str | None
    types: MemoryTypes
    memory_types: tuple[str, ...]
    at: datetime
    limit: int
    query_vector: bytes | None = None
    metric: Metric = "cosine"
    shared_with: tuple[str, ...] = ()
    pinned: int = 0
    min_score: float | None = None
    max_tokens: int | None = None
    weights: Weights = DEFAULT_WEIGHTS

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose memories are read: the owner's, and those of the owners named beside."""
        return tuple(dict.fromkeys((self.owner_id, *self.shared_with)))

    @property
    def visible(self) -> tuple[str, ...]:
        """The scopes that are read, nearest first."""
        return visible_from(self.scope)

    @property
    def pinned_types(self) -> tuple[str, ...]:
        """The types that come first, whatever the query."""
        always = self.types.always_injected() if self.pinned else ()
        return tuple(name for name in always if name in self.memory_types)

    def bounds(self, owner_id: str, memory_types: Sequence[str]) -> dict[str, Any]:
        """Return the values that every statement over one owner's eligible memories is bound to."""
        return {
            "partition": owner_partition(owner_id),
            "scopes": list(self.visible),
            "memory_types": list(memory_types),
            "at": to_microseconds(self.at),
        }


@dataclass(slots=True)
class _Scores:
    """What was measured of the ranked memories of one owner."""

    lexical: Mapping[int, float] = field(default_factory=dict)
    semantic: Mapping[int, float] = field(default_factory=dict)


@reads
def recall(request: RecallRequest) -> Plan[Recall]:
    """Return the memories that matter most for the request, and those that matched and were left out."""
    ranked: list[Recalled] = []
    pinned: list[Recalled] = []
    dropped: list[Dropped] = []
    for owner_id in request.owners:
        if request.pinned_types:
            pinned += yield from _listed(request, owner_id, request.pinned_types, request.pinned)
        if request.query:
            ranked += yield from _ranked(request, owner_id, request.memory_types)
            dropped += yield from _ineligible(request, owner_id)
        else:
            ranked += yield from _listed(request, owner_id, request.memory_types, request.limit + MAX_DROPPED)
    selection = Selection(request.pinned, None, request.max_tokens)
    first = sorted(pinned, key=_best_first)[: request.pinned]
    selection.offer(first)
    selection.limit = len(selection.taken) + request.limit
    selection.min_score = request.min_score
    offered = {(item.memory.owner_id, item.memory.id) for item in first}
    rest = (item for item in ranked if (item.memory.owner_id, item.memory.id) not in offered)
    selection.offer(sorted(rest, key=_best_first))
    return Recall(
        id=request.id,
        query=request.query,
        owner_id=request.owner_id,
        scope=request.scope,
        at=request.at,
        items=tuple(selection.taken),
        dropped=(*selection.left_out, *dropped)[:MAX_DROPPED],
    )


@writes
def keep_receipt(recall: Recall, origin: Origin, now: datetime) -> Plan[None]:
    """Store the receipt of a recall: ids, scores and reasons."""
    yield from put_receipt(recall.owner_id, recall.id, "recall", recall.to_json(), origin, now)


def _best_first(item: Recalled) -> tuple[float, float, str]:
    return (-item.score, -item.memory.updated_at.timestamp(), item.memory.id)


def _listed(request: RecallRequest, owner_id: str, memory_types: Sequence[str], limit: int) -> Plan[list[Recalled]]:
    """Return the most important and newest, without regard to the query."""
    rows = yield Query("eligible_memories", {**request.bounds(owner_id, memory_types), "limit": limit})
    return [_recalled(request, row, _Scores()) for row in rows]


def _ranked(request: RecallRequest, owner_id: str, memory_types: Sequence[str]) -> Plan[list[Recalled]]:
    """Return the memories that share a term with the query or lie close to its vector, scored."""
    bounds = request.bounds(owner_id, memory_types)
    wanted = query_terms(request.query or "")
    holding: dict[str, list[int]] = {}
    for term in wanted:
        rows = yield Query("eligible_matching", {**bounds, "term": term})
        holding[term] = [row["memory_no"] for row in rows]
    statistics = yield Query("corpus_of_partition", {"partition": bounds["partition"]})
    corpus = corpus_of(statistics[0] if statistics else {"size": 0, "term_total": 0}, holding)
    weight: dict[int, float] = {}
    for term, numbers in holding.items():
        for number in numbers:
            weight[number] = weight.get(number, 0.0) + corpus.idf(term)
    semantic: dict[int, float] = {}
    if request.query_vector is not None:
        rows = yield Query("eligible_vectors", bounds)
        semantic = best_similarity(request.query_vector, rows, request.metric)
    rows = yield Query("numbered_items", {"numbers": _most(weight) + _most(semantic)})
    lexical = {
        row["memory_no"]: lexical_score(wanted, row["terms"].split(), row["context_terms"].split(), corpus)
        for row in rows
    }
    return [_recalled(request, row, _Scores(lexical, semantic)) for row in rows]


def _most(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda number: (-scores[number], -number))[:CANDIDATES]


def _recalled(request: RecallRequest, row: Row, scores: _Scores) -> Recalled:
    memory = Memory.from_row(row)
    number = row["memory_no"]
    parts = score_parts(
        memory,
        lexical=scores.lexical.get(number, 0.0),
        semantic=None if request.query_vector is None else scores.semantic.get(number, 0.0),
        half_life=request.types[memory.memory_type].half_life,
        visible=request.visible,
        now=request.at,
        weights=request.weights,
    )
    return Recalled(memory, sum(parts.values()), parts)


def _ineligible(request: RecallRequest, owner_id: str) -> Plan[list[Dropped]]:
    """Return memories of the owner that hold a term of the query and that this read may not see, with the reason."""
    bounds = request.bounds(owner_id, request.memory_types)
    eligibility = Eligibility(request.visible, request.memory_types, request.at)
    found: dict[str, Dropped] = {}
    for term in query_terms(request.query or ""):
        rows = yield Query("ineligible_matching", {**bounds, "term": term, "limit": MAX_DROPPED})
        for memory in (Memory.from_row(row) for row in rows):
            reason = eligibility.reason_against(memory)
            if reason is not None:
                found[memory.id] = Dropped(memory, reason)
    return list(found.values())
