"""Recalling: owner, scope, freshness and type first, then rank what is left, then cut to what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from math import inf
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.audit import FORGOTTEN, ReceiptPolicy, ids_in, without_ids
from langgraph_memory.domain.clock import in_utc, to_microseconds
from langgraph_memory.domain.links import (
    HOPS,
    Link,
    beside_matches,
    links_between,
    names_in,
    names_to_follow,
    worth_following,
)
from langgraph_memory.domain.memory import (
    Dropped,
    Memory,
    Recall,
    Recalled,
)
from langgraph_memory.domain.rendering import render
from langgraph_memory.domain.scope import GLOBAL, check_owner, check_scope, owner_partition
from langgraph_memory.domain.search.arrays import ArrayField, ArrayRelevance, array_field
from langgraph_memory.domain.search.filters import EVERYTHING, Wanted
from langgraph_memory.domain.search.ranking import Candidates, Hints, Time, Weights
from langgraph_memory.domain.search.recall import (
    MAX_DROPPED,
    MOST_RERANKED,
    MOST_WEIGHED,
    Found,
    Read,
    RecallRequest,
    estimated_tokens,
    found_by_meaning,
    priors_of,
    profile_of,
    rank,
    reranked,
    selected,
    times_beside,
    with_conflicts,
)
from langgraph_memory.domain.search.relevance import ROW, Asked, Relevance, figures_of, postings_in, restated
from langgraph_memory.domain.search.vectors import CONTEXT, VectorSearch
from langgraph_memory.domain.text import folded, phrases, without_phrases
from langgraph_memory.domain.thread import mark_of
from langgraph_memory.domain.times import asked_times, event_named, named_dates
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import EmbedQuery, Later, Rerank
from langgraph_memory.effects.transaction import Query, Row, reads, reads_little, writes_repeatably
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.marks import left
from langgraph_memory.operations.neighbours import RelevantRows, vector_fields
from langgraph_memory.operations.rows import (
    By,
    closeness,
    drop_old_receipts,
    memories_in,
    postings_of,
    put_receipt,
    sound,
)
from langgraph_memory.operations.settings import StoreSettings, check_bounds, check_text, several
from langgraph_memory.views import Records

_MOST_LINKABLE = 10_000
"""How many memories of an owner are looked through for links."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller asks to recall, before it is checked and embedded; `filter` is a MemoryFilter or its JSON."""

    query: str | None
    owner_id: str
    scope: str = GLOBAL
    memory_types: Iterable[str] | None = None
    limit: int = 5
    as_of: datetime | None = None
    min_score: float | None = None
    max_tokens: int | None = None
    shared_with: Sequence[str] = ()
    reader: str | None = None
    pinned: int = 0
    needed: bool = False
    filter: Any = None
    receipt: bool = True
    count: Callable[[str], int] = estimated_tokens


def recall(question: Question, origin: By, settings: StoreSettings) -> Effects[Recall]:
    """Recall memories and keep the receipt, which says where from."""
    now = settings.clock()
    request = yield from request_of(question, settings, now)
    found = yield from answered(request, settings)
    policy = settings.receipts
    if question.receipt and policy.kept != "off":
        asked = policy.query_of(question.query, settings.guard)
        yield Later(keep_receipt(found, request, asked, origin, policy, now))
    return found


def answered(request: RecallRequest, settings: StoreSettings) -> Effects[Recall]:
    """Return what a request recalls; where there is a reranker, it is asked about the best outside of a transaction."""
    embedder = settings.embedder
    if embedder is None or not embedder.reranks or request.query is None:
        recalled: Recall = yield read_recall(request)
        return recalled
    found: Found = yield find(replace(request, least_found=MOST_RERANKED))
    if len(found.rest) > 1:
        texts = [item.memory.content for item in found.rest[:MOST_RERANKED]]
        said: list[float] = yield Rerank(request.query, texts)
        found = replace(found, rest=reranked(found.rest, said, needed=request.needed))
    return selected(request, found)


def links(owner_id: str, scope: str, name: str | None, limit: int, settings: StoreSettings) -> Effects[Records[Link]]:
    """Return the links between an owner's memories."""
    check_text("name", name, optional=True)
    check_bounds({"limit": limit})
    everything = Question(None, owner_id, scope, limit=_MOST_LINKABLE)
    request = yield from request_of(everything, settings, settings.clock())
    known: list[Memory] = yield visible(request)
    names = None if name is None else names_in(name) | {folded(name.strip())}
    return Records(Link, links_between(known, names)[:limit])


def profile(wanted: Question, settings: StoreSettings) -> Effects[str]:
    """Return the block of what shapes every answer."""
    request = yield from request_of(wanted, settings, settings.clock())
    found: Recall = yield read_profile(request)
    return render(found)


def request_of(question: Question, settings: StoreSettings, now: datetime) -> Effects[RecallRequest]:
    """Check what a recall was asked with, and embed its query."""
    owner_id, scope = check_owner(question.owner_id), check_scope(question.scope)
    filtered = EVERYTHING if question.filter is None else Wanted.of(question.filter, settings.types)
    wanted_types = question.memory_types
    memory_types = settings.types.names(None if wanted_types is None else several("memory_types", wanted_types))
    shared_with = tuple(check_owner(other) for other in several("shared_with", question.shared_with))
    check_bounds({name: getattr(question, name) for name in ("limit", "pinned", "max_tokens", "min_score")})
    check_text("reader", question.reader, optional=True)
    recall_id, wanted = settings.new_id(), _query_of(question)
    subjects, vectors = yield from _embedded(wanted, (owner_id, *shared_with), settings)
    return RecallRequest(
        id=recall_id,
        owner_id=owner_id,
        scope=scope,
        query=wanted,
        types=settings.types,
        memory_types=memory_types if filtered is EVERYTHING else filtered.types_of(memory_types),
        wanted=filtered,
        at=_moment(question.as_of, now),
        past=question.as_of is not None,
        limit=question.limit,
        reader=question.reader,
        pinned=question.pinned,
        needed=question.needed,
        min_score=question.min_score,
        max_tokens=question.max_tokens,
        count=question.count,
        vectors=vectors,
        subjects=subjects,
        shared_with=shared_with,
    )


def _query_of(question: Question) -> str | None:
    if question.query is not None and not isinstance(question.query, str):
        raise InvalidInputError(f"query must be text or None, not {type(question.query).__name__}.")
    return question.query.strip() if question.query else None


def _embedded(
    query: str | None, owners: Sequence[str], settings: StoreSettings
) -> Effects[tuple[Mapping[str, Sequence[str]], VectorSearch | None]]:
    """Return which of the owners' subjects a query names, and its vector without them; nothing without an index."""
    if settings.embedder is None or not query:
        return {}, None
    subjects: dict[str, list[str]] = yield named_subjects(owners, query)
    vector: bytes = yield EmbedQuery(without_phrases(query, chain.from_iterable(subjects.values())))
    return subjects, settings.vector_search(vector)


def _moment(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is None:
        return now
    try:
        moment = in_utc(as_of)
    except ValueError as error:
        raise InvalidInputError(f"as_of: {error}.") from None
    if moment > now:
        raise InvalidInputError(f"as_of {moment.isoformat()} lies in the future; nobody knows yet what holds then.")
    return moment


MANY, FEW = 2048, 512
"""Of an owner with more memories than the first, at most so many at the scopes that are read are compared alone."""


@reads
def read_recall(request: RecallRequest) -> Effects[Recall]:
    """Return the memories that matter most for the request, and those that matched and were left out."""
    return selected(request, rank(request, (yield from _read(request))))


@reads
def find(request: RecallRequest) -> Effects[Found]:
    """Return what was found for a request, before it is cut to what is wanted."""
    return rank(request, (yield from _read(request)))


@reads
def read_profile(request: RecallRequest) -> Effects[Recall]:
    """Return what shapes every answer, whatever is asked."""
    read: list[Read] = []
    for owner_id in request.owners:
        read.append(Read((yield from _weighable(request, owner_id))))
    return profile_of(request, read)


@reads
def visible(request: RecallRequest) -> Effects[list[Memory]]:
    """Return what a read may see, the most important and newest first."""
    return [item.memory for item in (yield from _listed(request, request.owner_id, request.limit))]


def _read(request: RecallRequest) -> Effects[list[Read]]:
    """Read what may count for a request, owner by owner."""
    read: list[Read] = []
    for owner_id in request.owners:
        read.append((yield from _needed(request, owner_id) if request.weighs else _matching(request, owner_id)))
    return read


def _matching(request: RecallRequest, owner_id: str) -> Effects[Read]:
    """Read what is pinned of an owner, and what matches the query, or the most important and newest without one."""
    pinned: list[Recalled] = []
    if request.pinned:
        pinned = yield from _listed(request, owner_id, MOST_WEIGHED, request.pinned_types)
    if not request.query:
        return Read(pinned, (yield from _listed(request, owner_id, request.limit + MAX_DROPPED)))
    matching, hidden = yield from _ranked(request, owner_id)
    if not matching and request.vectors is None and request.min_score is None:
        matching = found_by_meaning(request, (yield from _listed(request, owner_id, MOST_WEIGHED)))
    elif named := worth_following(request.query, matching):
        matching = beside_matches(request.query, matching, (yield from _linked(request, owner_id, named)))
    return Read(pinned, matching, hidden)


def _needed(request: RecallRequest, owner_id: str) -> Effects[Read]:
    """Read what an answer may need of an owner, and how close to the query each of it is."""
    listed = yield from _weighable(request, owner_id)
    matching, hidden = yield from _ranked(request, owner_id)
    if len(listed) >= MOST_WEIGHED:
        matching += yield from _linked(request, owner_id, matching)
    read = Read(listed, matching, hidden)
    return replace(read, close=(yield from _closeness_of(request, owner_id, read.all)))


def _linked(request: RecallRequest, owner_id: str, found: Sequence[Recalled]) -> Effects[list[Recalled]]:
    """Return what hangs on what the request names, of an owner with more memories than are weighed."""
    asked = seen = names_in(request.query or "")
    more: list[Recalled] = []
    for _ in range(HOPS):
        asked = names_to_follow(asked, seen, found)
        seen |= asked
        if not asked:
            break
        by_name = replace(request, query=" ".join(sorted(asked)), vectors=None, subjects={})
        found, _hidden = yield from _ranked(by_name, owner_id)
        more += found
    return more


def _weighable(request: RecallRequest, owner_id: str) -> Effects[list[Recalled]]:
    """Return the most important and newest, and all that is pinned."""
    listed = yield from _listed(request, owner_id, MOST_WEIGHED)
    if request.pinned and len(listed) == MOST_WEIGHED:
        listed += yield from _listed(request, owner_id, MOST_WEIGHED, ())
    return list({item.memory.id: item for item in listed}.values())


def _closeness_of(
    request: RecallRequest, owner_id: str, found: Sequence[Recalled]
) -> Effects[dict[tuple[str, str], float]]:
    """Return how close to the request the vectors of some memories of one owner are, by owner and id."""
    if request.vectors is None or not found:
        return {}
    partition = owner_partition(owner_id)
    (corpus,) = yield Query("corpus_in_partition", {"partition": partition})
    rows = yield Query("numbers_named", {"partition": partition, "ids": [item.memory.id for item in found]})
    ids = {row["memory_no"] & ROW: row["id"] for row in rows}
    close = yield from closeness(corpus, request.vectors, numbers=[row["memory_no"] for row in rows])
    close.leave_out([row["memory_no"] & ROW for row in (yield from _past_words(request, partition))])
    matches, _ = close.own.matches(request.vectors.metric)
    pairs = zip(close.own.rows.tolist(), matches.tolist(), strict=True)
    return {(owner_id, ids[row]): match for row, match in pairs if row in ids}


@reads_little
def named_subjects(owner_ids: Sequence[str], query: str) -> Effects[dict[str, list[str]]]:
    """Return for each owner the keys of their subjects that the query names."""
    named = phrases(query)
    found = {}
    for owner_id in owner_ids:
        found[owner_id] = yield from _named(owner_partition(owner_id), named)
    return found


@writes_repeatably
def keep_receipt(
    recall: Recall,
    request: RecallRequest,
    asked: Mapping[str, Any],
    origin: By,
    policy: ReceiptPolicy,
    now: datetime,
) -> Effects[None]:
    """Store the receipt of a recall: what was asked, and ids, scores and reasons.

    It may come late: nothing is stored of an owner who was erased or in a thread that was deleted since it was asked,
    and nothing of what was forgotten since.
    """
    owner_id = recall.owner_id
    erased, forgot = marks.erased(owner_id), marks.forgot(owner_id)
    since = {subject for subject, at in (yield from left([erased, forgot])).items() if at > to_microseconds(now)}
    if erased in since or (yield from _is_deleted(origin.thread_id)):
        return
    body = {**recall.to_json(), **asked, "request": request.to_json()}
    if forgot in since:
        ids = sorted(ids_in(body))
        rows = yield Query("memories_named", {"partition": owner_partition(owner_id), "ids": ids})
        gone = set(ids) - {row["id"] for row in rows}
        body = without_ids(body, gone) | {"query": None, "withheld": FORGOTTEN}
    yield from put_receipt(owner_id, recall.id, "recall", body, origin, now)
    yield from drop_old_receipts(owner_id, policy, now)


def _is_deleted(thread_id: str | None) -> Effects[bool]:
    """Return whether a thread was deleted and is not there again."""
    if thread_id is None or not (yield Query("deleted_thread", {"thread_id": thread_id, "mark": mark_of(thread_id)})):
        return False
    return not (yield Query("thread", {"thread_id": thread_id}))


def _listed(
    request: RecallRequest, owner_id: str, limit: int, pinned_types: Sequence[str] | None = None
) -> Effects[list[Recalled]]:
    """Return the most important and newest, whatever the query; with `pinned_types` those of them and the pinned."""
    name = "eligible_memories_as_of" if request.past else "eligible_memories"
    bounds = request.bounds(owner_id, request.memory_types)
    rows = yield Query(name, {**bounds, "pinned_types": pinned_types, "limit": limit})
    return (yield from _with_conflicts(request, owner_id, priors_of(request, list(sound(rows)))))


@dataclass(frozen=True, slots=True)
class _Compared:
    """The rows of an owner that are compared with a query: all of the partition, or those `in_sight` alone.

    `corpus` is what is noted of the partition now, `figures` the same as if it held no others; `past` are the rows
    that had other words at the moment that is asked about than they have now.
    """

    partition: str
    corpus: Row
    figures: Row
    in_sight: Sequence[Row] | None
    past: Sequence[Row]


def _ranked(request: RecallRequest, owner_id: str) -> Effects[tuple[list[Recalled], list[Dropped]]]:
    """Return the memories that match the query best, and those among them that may not be seen.

    The best matches are read whole. What decides about others beside the words is read in pages, best match first,
    until nothing that is left can come before what is wanted: after the first page, that is of the rows that still can.
    """
    partition = owner_partition(owner_id)
    corpora = yield Query("corpus_in_partition", {"partition": partition})
    in_sight = (yield from _in_sight(request, corpora[0])) if corpora else ()
    if in_sight is not None and not in_sight:
        return [], []
    figures = corpora[0] if in_sight is None else figures_of(in_sight, corpora[0])
    past = (yield from _past_words(request, partition)) if request.past else ()
    compared = _Compared(partition, corpora[0], figures, in_sight, past)
    candidates, whole = yield from _candidates(request, owner_id, compared)
    found, hidden = yield from _told(request, partition, candidates, whole)
    return (yield from _with_conflicts(request, owner_id, found)), hidden


def _candidates(
    request: RecallRequest, owner_id: str, compared: _Compared
) -> Effects[tuple[Candidates, Mapping[int, Row]]]:
    """Return the rows that match best, as many as are sure to hold what is wanted, and those that were read whole."""
    relevance, ordered, hints = yield from _relevance(request, owner_id, compared)
    found, wanted = request.candidates(relevance, hints), request.most_ranked
    name = "standings_as_of" if request.past else "standings"
    place = {"partition": compared.partition, "at": request.moment}
    page, least, whole = wanted + wanted // 4, -inf, None
    while part := (yield from ordered.take(page, least)):
        numbers = [compared.corpus["partition_no"] << 32 | row for row in part]
        if whole is None:
            rows = yield from _whole(request, compared.partition, numbers)
            whole = {row["memory_no"]: row for row in rows}
        else:
            rows = yield Query(name, {**place, "numbers": numbers})
        found.add(rows, part)
        if found.complete(wanted, min(part.values()), request.min_score):
            break
        page, least = 4 * page, found.least(wanted)
    return found, whole or {}


def _told(
    request: RecallRequest, partition: str, candidates: Candidates, whole: Mapping[int, Row]
) -> Effects[tuple[list[Recalled], list[Dropped]]]:
    """Return the best candidates with their memories, of which some were read `whole` already."""
    best = candidates.best(request.most_ranked)
    missing = [one.number for one in best if one.number not in whole]
    read = {row["memory_no"]: row for row in (yield from _whole(request, partition, missing))} if missing else {}
    rows = [whole.get(one.number) or read.get(one.number) for one in best]
    return candidates.told(best, {row["memory_no"]: memory for row, memory in sound(filter(None, rows))})


def _whole(request: RecallRequest, partition: str, numbers: Sequence[int]) -> Effects[list[Row]]:
    """Return the numbered rows of memories as they were at the moment that is asked about."""
    name = "memories_numbered_as_of" if request.past else "memories_numbered"
    rows = yield Query(name, {"partition": partition, "at": request.moment, "numbers": numbers})
    return [row for row in rows if row["created_at"] <= request.moment]


def _in_sight(request: RecallRequest, corpus: Row) -> Effects[Sequence[Row] | None]:
    """Return the rows at the scopes that are read, with their words; None where too little is elsewhere.

    They are then compared as if their owner had no others. What is elsewhere is not read, nor named as left out.
    """
    if request.past or corpus["size"] <= MANY:
        return None
    place = {"partition": corpus["partition"], "scopes": list(request.visible), "limit": FEW + 1}
    (counted,) = yield Query("count_at_scopes", place)
    return (yield Query("words_at_scopes", place)) if counted["memories"] <= FEW else None


def _with_conflicts(request: RecallRequest, owner_id: str, found: list[Recalled]) -> Effects[list[Recalled]]:
    """Return the recalled with what contradicts each of them, as far as the request may see it."""
    groups = sorted({item.memory.conflict_id for item in found if item.memory.conflict_id is not None})
    if not groups:
        return found
    name = "conflicting_as_of" if request.past else "conflicting"
    rows = yield Query(name, {**request.bounds(owner_id, request.memory_types), "conflict_ids": groups})
    return with_conflicts(found, memories_in(rows))


@dataclass(slots=True)
class _WordRows:
    """The rows that match by their words alone, most relevant first."""

    rows: Sequence[tuple[int, float]]
    taken: int = 0

    def take(self, count: int, least: float) -> Effects[dict[int, float]]:
        """Return the next `count` rows whose relevance is `least` or more, each with it."""
        yield from ()
        page = self.rows[self.taken : self.taken + count]
        self.taken += len(page)
        return {row: relevance for row, relevance in page if relevance >= least}


def _relevance(
    request: RecallRequest, owner_id: str, compared: _Compared
) -> Effects[tuple[Relevance | ArrayRelevance, _WordRows | RelevantRows, Hints]]:
    """Measure how well each of the rows matches the query in each way."""
    query, figures = request.query or "", compared.figures
    weights = request.weights.among(figures)
    asked = Asked.of(query, figures["size"])
    hints = yield from _hints(request, owner_id, figures["subjects"], weights)
    postings = yield from _postings(compared, asked.searched)
    fields = asked.fields(postings, figures, (weights.lexical, weights.context, weights.asked))
    if request.vectors is None:
        relevance = Relevance.of(one.matches() for one in fields)
        return relevance, _WordRows(relevance.best_first()), hints
    arrays = [array_field(one) for one in fields if one.postings]
    arrays += yield from _vector_fields(request.vectors, compared, weights)
    matched = ArrayRelevance.of(arrays)
    return matched, RelevantRows(matched, compared.corpus, request.vectors), hints


def _hints(request: RecallRequest, owner_id: str, all_subjects: int, weights: Weights) -> Effects[Hints]:
    """Return which subjects and times the query names; a subject that is everybody's tells nothing."""
    query = request.query or ""
    named = request.subjects.get(owner_id)
    if named is None:
        named = (yield from _named(owner_partition(owner_id), phrases(query))) if all_subjects > 1 else []
    subjects = frozenset(named if len(named) < all_subjects else ())
    times: list[Time] = [*named_dates(query), *asked_times(query, request.at)]
    if (named_event := event_named(query)) is not None:
        times += yield from _times_beside(request, owner_id, named_event[1])
    return Hints(subjects, times, weights)


def _times_beside(request: RecallRequest, owner_id: str, event: str) -> Effects[list[Time]]:
    """Return the side of an event that the query names, where one of the memories that name it best tells of it."""
    by_name = replace(request, query=event, vectors=None, subjects={}, least_found=0)
    found, _hidden = yield from _ranked(by_name, owner_id)
    return times_beside(request.query or "", [item.memory for item in found])


def _vector_fields(search: VectorSearch, compared: _Compared, weights: Weights) -> Effects[list[ArrayField]]:
    """Return how close the vectors of the rows are to that of the query."""
    in_sight = compared.in_sight
    numbers = None if in_sight is None else [row["memory_no"] for row in in_sight]
    close = yield from closeness(compared.corpus, search, numbers=numbers)
    close.leave_out([row["memory_no"] & ROW for row in compared.past])
    if numbers is not None:
        close.keep([number & ROW for number in numbers])
    kinds = (("semantic", weights.semantic), (CONTEXT, weights.context_semantic))
    return (yield from vector_fields(close, compared.corpus, search, kinds))


def _past_words(request: RecallRequest, partition: str) -> Effects[Sequence[Row]]:
    """Return the rows that had other words at the moment that is asked about than they have now."""
    if not request.past:
        return ()
    rows: Sequence[Row] = yield Query("words_as_of", {"partition": partition, "at": request.moment})
    return rows


def _postings(compared: _Compared, wanted: Sequence[str]) -> Effects[Sequence[Mapping[str, str]]]:
    """Read the postings of the query's terms in every field, as they were for the `past` rows."""
    if compared.in_sight is not None:
        return [postings_in(compared.in_sight, kind, wanted) for kind in range(3)]
    postings = yield from postings_of(compared.partition, wanted)
    past = compared.past
    return [restated(held, kind, wanted, past) for kind, held in enumerate(postings)] if past else postings


def _named(partition: str, named: Sequence[str]) -> Effects[list[str]]:
    rows = yield Query("named_subjects", {"partition": partition, "phrases": named})
    return [row["subject_key"] for row in rows]
