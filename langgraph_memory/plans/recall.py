"""Recalling: owner, scope, freshness and type first, then rank what is left, then cut to what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.dates import named_dates
from langgraph_memory.domain.fusion import Field, Relevance, brevity
from langgraph_memory.domain.lexical import Corpus, lexical_matches
from langgraph_memory.domain.memory import Dropped, Memory, Recall, Recalled
from langgraph_memory.domain.ranking import DEFAULT_WEIGHTS, Hints, Weights, prior_parts, shares
from langgraph_memory.domain.scope import owner_partition, visible_from
from langgraph_memory.domain.selection import MAX_DROPPED, Eligibility, Selection
from langgraph_memory.domain.text import phrases, query_terms
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.domain.vectors import Metric, best_matches
from langgraph_memory.engine.query import Plan, Query, Row, reads, writes
from langgraph_memory.plans.memories import Origin, put_receipt

PAGE = 64
"""How many of the best matches are read first."""
SPARE = 16
"""How many more than the limit are ranked exactly, for what repeats another or does not fit the budget."""
ROW = (1 << 32) - 1
"""The bits of a memory's number that tell it from others of its owner."""
CONTEXT = "context"
WIDE = 10.0
"""How many deviations a perfect match must be worth for what is beside it to count in full."""


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

    def priors(self, memory: Memory) -> dict[str, float]:
        """Return what a memory scores whatever the query."""
        half_life = self.types[memory.memory_type].half_life
        return prior_parts(memory, half_life, self.visible, self.at, self.weights)

    def bounds(self, owner_id: str, memory_types: Sequence[str]) -> dict[str, Any]:
        """Return the values that every statement over one owner's eligible memories is bound to."""
        return {
            "partition": owner_partition(owner_id),
            "scopes": list(self.visible),
            "memory_types": list(memory_types),
            "at": to_microseconds(self.at),
        }


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
            matches = yield from _ranked(request, owner_id, request.memory_types)
            ranked += matches.found
            dropped += matches.hidden
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


@reads
def named_subjects(owner_ids: Sequence[str], query: str) -> Plan[list[str]]:
    """Return the keys of the owners' subjects that the query names."""
    found: list[str] = []
    for owner_id in owner_ids:
        found += yield from _named(owner_partition(owner_id), query)
    return found


@writes
def keep_receipt(recall: Recall, origin: Origin, now: datetime) -> Plan[None]:
    """Store the receipt of a recall: ids, scores and reasons."""
    yield from put_receipt(recall.owner_id, recall.id, "recall", recall.to_json(), origin, now)


def _best_first(item: Recalled) -> tuple[float, float, str]:
    return (-item.score, -item.memory.updated_at.timestamp(), item.memory.id)


def _listed(request: RecallRequest, owner_id: str, memory_types: Sequence[str], limit: int) -> Plan[list[Recalled]]:
    """Return the most important and newest, without regard to the query."""
    rows = yield Query("eligible_memories", {**request.bounds(owner_id, memory_types), "limit": limit})
    scored = []
    for memory in map(Memory.from_row, rows):
        parts = shares(request.priors(memory), request.weights.priors)
        scored.append(Recalled(memory, sum(parts.values()), parts))
    return scored


@dataclass(slots=True)
class _Matches:
    """The memories of one owner that match the query: what may be recalled, best of all, and what may not."""

    request: RecallRequest
    memory_types: Sequence[str]
    relevance: Relevance
    hints: Hints
    found: list[Recalled] = field(default_factory=list)
    hidden: list[Dropped] = field(default_factory=list)

    @property
    def unit(self) -> float:
        """What one deviation beside the matches is worth: less where few memories spread the matches wide."""
        return min(1.0, self.relevance.total / WIDE)

    @property
    def total(self) -> float:
        """What a memory would reach that has all there is to have."""
        return self.relevance.total + self.unit * self.hints.most

    def add(self, row: Row) -> None:
        """Score one row, and take it or note why it may not be seen."""
        memory = Memory.from_row(row)
        beside = self.hints.parts(memory, row["subject_key"], row["question_share"]) | self.request.priors(memory)
        parts = self.relevance.parts(row["memory_no"] & ROW)
        parts |= {name: self.unit * value for name, value in beside.items()}
        parts = shares(parts, self.total)
        score = sum(parts.values())
        reason = Eligibility(self.request.visible, self.memory_types, self.request.at).reason_against(memory)
        if reason is None:
            self.found.append(Recalled(memory, score, parts))
        else:
            self.hidden.append(Dropped(memory, reason, score))

    def complete(self, wanted: int, next_relevance: float) -> bool:
        """Whether no row of `next_relevance` or less can come before the `wanted` best."""
        scores = sorted((item.score for item in self.found), reverse=True)
        reach = (next_relevance + self.unit * self.hints.most) / self.total
        floor = self.request.min_score
        return (len(scores) >= wanted and scores[wanted - 1] >= reach) or (floor is not None and reach < floor)


def _ranked(request: RecallRequest, owner_id: str, memory_types: Sequence[str]) -> Plan[_Matches]:
    """Return the memories that share a term with the query or lie close to its vector, best of all.

    They are read in growing pages, best match first, until nothing that is left can come before what is wanted.
    """
    partition = owner_partition(owner_id)
    bounds = {"partition": partition, "at": to_microseconds(request.at)}
    corpora = yield Query("corpus_in_partition", bounds)
    if not corpora:
        return _Matches(request, memory_types, Relevance(()), Hints())
    partition_no = corpora[0]["partition_no"]
    relevance, hints = yield from _relevance(request, partition, corpora[0])
    matches = _Matches(request, memory_types, relevance, hints)
    ordered = relevance.best_first()
    wanted, start, page = request.limit + SPARE, 0, PAGE
    while start < len(ordered):
        numbers = [partition_no << 32 | row for row, _ in ordered[start : start + page]]
        rows = yield Query("memories_numbered", {**bounds, "numbers": numbers})
        for row in rows:
            matches.add(row)
        start, page = start + page, page * 4
        if start < len(ordered) and matches.complete(wanted, ordered[start][1]):
            break
    return matches


def _relevance(request: RecallRequest, partition: str, corpus: Row) -> Plan[tuple[Relevance, Hints]]:
    """Measure how well each row of a partition matches the query in each way."""
    query, weights = request.query or "", request.weights
    brief = brevity(corpus["term_total"] / (corpus["size"] or 1))
    fields = yield from _lexical(query, corpus, weights, brief)
    if request.query_vector is not None:
        rows = yield Query("vectors_of_memories", {"partition_no": corpus["partition_no"]})
        own = [row for row in rows if row["field"] != CONTEXT]
        around = [row for row in rows if row["field"] == CONTEXT]
        for part, weight, vectors in (
            ("semantic", weights.semantic, own),
            (CONTEXT, weights.context_semantic * brief, around),
        ):
            numbers = [row["memory_no"] & ROW for row in vectors]
            matches = best_matches(request.query_vector, numbers, [row["vector"] for row in vectors], request.metric)
            fields.append(Field(part, weight, matches, len(matches)))
    named = (yield from _named(partition, query)) if corpus["subjects"] > 1 else []
    subjects = frozenset(named if len(named) < corpus["subjects"] else ())
    return Relevance.of(fields), Hints(subjects, named_dates(query), brief, weights)


def _lexical(query: str, corpus: Row, weights: Weights, brief: float) -> Plan[list[Field]]:
    wanted = query_terms(query)
    rows = yield Query("postings", {"partition_no": corpus["partition_no"], "terms": wanted})
    postings: dict[int, dict[str, str]] = {}
    for row in rows:
        postings.setdefault(row["field"], {})[row["term"]] = row["postings"]
    size = corpus["size"]
    kinds = (
        ("lexical", weights.lexical, size, corpus["term_total"]),
        (CONTEXT, weights.context * brief, corpus["context_size"], corpus["context_total"]),
        ("asked", weights.asked * brief, corpus["asked_size"], corpus["asked_total"]),
    )
    return [
        Field(part, weight, lexical_matches(wanted, postings.get(kind, {}), Corpus(size, total / (held or 1))), size)
        for kind, (part, weight, held, total) in enumerate(kinds)
    ]


def _named(partition: str, query: str) -> Plan[list[str]]:
    rows = yield Query("named_subjects", {"partition": partition, "phrases": phrases(query)})
    return [row["subject_key"] for row in rows]
