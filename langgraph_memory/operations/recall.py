"""Recalling: owner, scope, freshness and type first, then rank what is left, then cut to what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from math import inf
from typing import Any

from langgraph_memory.domain import marks
from langgraph_memory.domain.clock import in_utc, to_microseconds
from langgraph_memory.domain.current import replaced_among
from langgraph_memory.domain.dates import named_dates
from langgraph_memory.domain.links import HOPS, Link, following, links_between, names_in, names_to_follow
from langgraph_memory.domain.memory import (
    Dropped,
    DropReason,
    Memory,
    Recall,
    Recalled,
)
from langgraph_memory.domain.receipts import FORGOTTEN, ReceiptPolicy, ids_in, without_ids
from langgraph_memory.domain.rendering import render
from langgraph_memory.domain.scope import check_owner, check_scope, owner_partition, visible_from
from langgraph_memory.domain.search.filters import EVERYTHING, Wanted
from langgraph_memory.domain.search.lexical import Corpus, lexical_matches, postings_in, restated
from langgraph_memory.domain.search.needed import FLOOR, chance, evidence, is_standing, standing_section
from langgraph_memory.domain.search.ranking import (
    DEFAULT_WEIGHTS,
    MAX_DROPPED,
    MOST_RERANKED,
    Eligibility,
    Hints,
    Priors,
    Selection,
    Time,
    Weights,
    reranked,
    scope_closeness,
    shares,
)
from langgraph_memory.domain.search.relevance import (
    ArrayField,
    ArrayRelevance,
    Field,
    Relevance,
    brevity,
    lexical_arrays,
)
from langgraph_memory.domain.search.vectors import CONTEXT
from langgraph_memory.domain.text import folded, other_forms, phrases, question_terms, without_phrases
from langgraph_memory.domain.thread import mark_of
from langgraph_memory.domain.times import asked_times
from langgraph_memory.domain.types import BUILT_IN, MemoryTypes
from langgraph_memory.domain.whose import other_person, speaks_of_user
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import EmbedQuery, Later, Rerank
from langgraph_memory.effects.transaction import Query, Row, reads, reads_little, writes_repeatably
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.marks import left
from langgraph_memory.operations.neighbours import RelevantRows, vector_fields
from langgraph_memory.operations.rows import (
    ROW,
    Origin,
    VectorSearch,
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


def recall(query: str | None, fields: dict[str, Any], origin: Origin, settings: StoreSettings) -> Effects[Recall]:
    """Recall memories and keep the receipt."""
    now = settings.clock()
    kept = fields.pop("receipt", True)
    request = yield from request_of(query, fields, settings, now)
    found = yield from answered(request, settings)
    policy = settings.receipts
    if kept and policy.kept != "off":
        asked = policy.query_of(query, settings.guard)
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
    asked = {"owner_id": owner_id, "scope": scope, "memory_types": None, "as_of": None, "limit": _MOST_LINKABLE}
    request = yield from request_of(None, {**asked, "shared_with": ()}, settings, settings.clock())
    known: list[Memory] = yield visible(request)
    names = None if name is None else names_in(name) | {folded(name.strip())}
    return Records(Link, links_between(known, names)[:limit])


def profile(owner_id: str, scope: str, fields: dict[str, Any], settings: StoreSettings) -> Effects[str]:
    """Return the block of what shapes every answer."""
    asked = {"memory_types": None, "as_of": None, "limit": 0, **fields, "owner_id": owner_id, "scope": scope}
    request = yield from request_of(None, asked, settings, settings.clock())
    found: Recall = yield read_profile(request)
    return render(found)


def request_of(
    query: str | None, fields: dict[str, Any], settings: StoreSettings, now: datetime
) -> Effects[RecallRequest]:
    """Check what a recall was asked with, and embed its query."""
    owner_id, scope = check_owner(fields.pop("owner_id")), check_scope(fields.pop("scope"))
    shared_with = tuple(check_owner(other) for other in several("shared_with", fields.pop("shared_with")))
    wanted_types, filtered = fields.pop("memory_types"), Wanted.of(fields.pop("filter", None), settings.types)
    memory_types = settings.types.names(None if wanted_types is None else several("memory_types", wanted_types))
    as_of = fields.pop("as_of")
    check_bounds(fields)
    check_text("reader", fields.get("reader"), optional=True)
    if query is not None and not isinstance(query, str):
        raise InvalidInputError(f"query must be text or None, not {type(query).__name__}.")
    wanted = query.strip() if query else None
    vector = None
    subjects: dict[str, list[str]] = {}
    if settings.embedder is not None and wanted:
        subjects = yield named_subjects((owner_id, *shared_with), wanted)
        vector = yield EmbedQuery(without_phrases(wanted, chain.from_iterable(subjects.values())))
    return RecallRequest(
        id=settings.new_id(),
        owner_id=owner_id,
        scope=scope,
        query=wanted,
        types=settings.types,
        memory_types=tuple(name for name in memory_types if filtered.has_type(name)),
        wanted=filtered,
        at=_moment(as_of, now),
        past=as_of is not None,
        vectors=settings.vector_search(vector),
        subjects=subjects,
        shared_with=shared_with,
        **fields,
    )


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


SPARE = 8
"""How many more than the limit are ranked exactly, for what repeats another or does not fit the budget."""

MOST_WEIGHED = 256
"""How many of an owner's memories are weighed for what an answer needs, beside those that match it best."""

MANY, FEW = 2048, 512
"""Of an owner with more memories than the first, at most so many at the scopes that are read are compared alone."""

_LENGTHS = {"": "term_count", "context_": "context_count", "asked_": "asked_count"}

ASKED_TIME = 1.5
"""What it adds to the weights of what an answer needs that a memory is of the time which is asked for."""

WIDE = 10.0
"""How many deviations a perfect match must be worth for what is beside it to count in full."""


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """What to recall: for whom, seen from where, about what, and how much of it.

    `pinned` is how many memories of the types that are always injected come first, whatever the query. `needed` asks
    for what an answer needs, and no more. `past` asks for the memories as they were at `at`. `subjects` are those of
    each owner's subjects that the query names, where they have been read already. `least_found` is how many are to be
    found at least, however few are wanted.
    """

    id: str
    owner_id: str
    scope: str
    query: str | None
    types: MemoryTypes
    memory_types: tuple[str, ...]
    at: datetime
    limit: int
    past: bool = False
    vectors: VectorSearch | None = None
    subjects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shared_with: tuple[str, ...] = ()
    reader: str | None = None
    pinned: int = 0
    needed: bool = False
    min_score: float | None = None
    max_tokens: int | None = None
    weights: Weights = DEFAULT_WEIGHTS
    least_found: int = 0
    wanted: Wanted = EVERYTHING

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

    @property
    def priors(self) -> Priors:
        """What scores whatever the query."""
        half_lives = {
            name: None if kind.half_life is None else kind.half_life.total_seconds() * 1e6
            for name, kind in self.types.items()
        }
        return Priors(half_lives, scope_closeness(self.visible), to_microseconds(self.at), self.weights)

    def to_json(self) -> dict[str, Any]:
        """Return what the receipt keeps of the request, so that it can be asked again."""
        return {
            "at": self.at.isoformat(),
            "memory_types": list(self.memory_types),
            "limit": self.limit,
            "pinned": self.pinned,
            "needed": self.needed,
            "min_score": self.min_score,
            "max_tokens": self.max_tokens,
            "shared_with": list(self.shared_with),
            "filter": self.wanted.to_json(),
        }

    def bounds(self, owner_id: str, memory_types: Sequence[str]) -> dict[str, Any]:
        """Return the values that every statement over one owner's eligible memories is bound to."""
        return {
            "partition": owner_partition(owner_id),
            "scopes": list(self.visible),
            "memory_types": list(memory_types),
            "at": to_microseconds(self.at),
            **self.wanted.bounds(),
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a request, best first: what stands first whatever is asked, the rest, and what is hidden."""

    first: Sequence[Recalled]
    rest: Sequence[Recalled]
    hidden: Sequence[Dropped]


@reads
def read_recall(request: RecallRequest) -> Effects[Recall]:
    """Return the memories that matter most for the request, and those that matched and were left out."""
    return selected(request, (yield from _found(request)))


@reads
def find(request: RecallRequest) -> Effects[Found]:
    """Return what was found for a request, before it is cut to what is wanted."""
    return (yield from _found(request))


def selected(request: RecallRequest, found: Found) -> Recall:
    """Cut what was found to what the request wants; what does not fit is named among the dropped."""
    weighs = bool(request.needed and request.query)
    share = request.max_tokens // 2 if weighs and request.max_tokens is not None else request.max_tokens
    selection = _selected_first(request, found.first, found.rest, share)
    taken = {_name(item) for item in selection.taken}
    selection.limit = len(selection.taken) + request.limit
    selection.max_tokens = request.max_tokens
    selection.min_score = FLOOR if weighs and request.min_score is None else request.min_score
    selection.offer(item for item in found.rest if _name(item) not in taken)
    return _recall_of(request, selection, found.hidden)


def _found(request: RecallRequest) -> Effects[Found]:
    if request.needed and request.query:
        return (yield from _needed(request, request.query))
    ranked: list[Recalled] = []
    pinned: list[Recalled] = []
    dropped: list[Dropped] = []
    for owner_id in request.owners:
        if request.pinned:
            listed = yield from _listed(request, owner_id, request.memory_types, MOST_WEIGHED, request.pinned_types)
            pinned += [item for item in listed if item.memory.trusted and _is_for_reader(request, item.memory)]
        if request.query:
            found, hidden = yield from _ranked(request, owner_id, request.memory_types)
            ranked += found
            dropped += hidden
        else:
            ranked += yield from _listed(request, owner_id, request.memory_types, request.limit + MAX_DROPPED)
    placed = (replace(item, section=standing_section(item.memory)) for item in pinned)
    return Found(sorted(placed, key=_best_first), sorted(ranked, key=_best_first), dropped)


def _others_than(first: Sequence[Recalled], found: Sequence[Recalled]) -> list[Recalled]:
    taken = {_name(item) for item in first}
    return [item for item in found if _name(item) not in taken]


def _name(item: Recalled | Dropped) -> tuple[str, str]:
    return item.memory.owner_id, item.memory.id


def _recall_of(request: RecallRequest, selection: Selection, dropped: Sequence[Dropped]) -> Recall:
    taken = {_name(item) for item in selection.taken}
    named: dict[tuple[str, str], Dropped] = {}
    for one in (*selection.left_out, *dropped):
        named.setdefault(_name(one), one)
    return Recall(
        id=request.id,
        query=request.query,
        owner_id=request.owner_id,
        scope=request.scope,
        at=request.at,
        items=tuple(selection.taken),
        dropped=tuple(one for name, one in named.items() if name not in taken)[:MAX_DROPPED],
        reader=request.reader,
    )


def _needed(request: RecallRequest, query: str) -> Effects[Found]:
    """Return what shapes every answer, and the others by the chance that this one needs them."""
    weighed: list[Recalled] = []
    dropped: list[Dropped] = []
    close: dict[tuple[str, str], float] = {}
    for owner_id in request.owners:
        listed = yield from _weighable(request, owner_id)
        matching, hidden = yield from _ranked(request, owner_id, request.memory_types)
        if len(listed) >= MOST_WEIGHED:
            matching += yield from _linked(request, owner_id, matching)
        own = list({item.memory.id: item for item in (*listed, *matching)}.values())
        close |= yield from _closeness_of(request, owner_id, own)
        weighed += own
        dropped += hidden
    standing = _standing(request, weighed)
    others = _weighed(query, request, _others_than(standing, weighed), close)
    return Found(standing, sorted(others, key=_best_first), dropped)


@reads
def read_profile(request: RecallRequest) -> Effects[Recall]:
    """Return what shapes every answer, whatever is asked."""
    listed: list[Recalled] = []
    for owner_id in request.owners:
        listed += yield from _weighable(request, owner_id)
    return _recall_of(request, _selected_first(request, _standing(request, listed), (), request.max_tokens), ())


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
        found, _hidden = yield from _ranked(by_name, owner_id, request.memory_types)
        more += found
    return more


@reads
def visible(request: RecallRequest) -> Effects[list[Memory]]:
    """Return what a read may see, the most important and newest first."""
    listed = yield from _listed(request, request.owner_id, request.memory_types, request.limit)
    return [item.memory for item in listed]


def _weighable(request: RecallRequest, owner_id: str) -> Effects[list[Recalled]]:
    """Return the most important and newest, and all that is pinned."""
    listed = yield from _listed(request, owner_id, request.memory_types, MOST_WEIGHED)
    if request.pinned and len(listed) == MOST_WEIGHED:
        listed += yield from _listed(request, owner_id, request.memory_types, MOST_WEIGHED, ())
    return list({item.memory.id: item for item in listed}.values())


def _standing(request: RecallRequest, found: Sequence[Recalled]) -> list[Recalled]:
    """Return those that shape every answer, best first, each in its section; none where none are wanted."""
    always = frozenset(request.pinned_types) - {kind.name for kind in BUILT_IN}
    standing = [
        item
        for item in found
        if request.pinned and is_standing(item.memory, always) and _is_for_reader(request, item.memory)
    ]
    return sorted((replace(item, section=standing_section(item.memory)) for item in standing), key=_best_first)


def _is_for_reader(request: RecallRequest, memory: Memory) -> bool:
    """Return whether what a memory says holds for who reads it: another person's wishes and name shape no answer."""
    other = other_person(memory, request.owner_id, request.reader)
    return other is None or memory.injection == "always" or not speaks_of_user(memory)


def _selected_first(
    request: RecallRequest, standing: Sequence[Recalled], rest: Sequence[Recalled], max_tokens: int | None
) -> Selection:
    """Take what shapes every answer, as much of it as is wanted; it may fill half of a prompt's part and no more.

    What another of those that may be taken says to be otherwise now is passed over.
    """
    near = (*standing[: request.pinned], *rest[: request.limit + SPARE])
    outdated = replaced_among({_name(item): item.memory for item in near}.values())
    selection = Selection(request.pinned, None, max_tokens, outdated)
    selection.offer(standing)
    return selection


def _weighed(
    query: str, request: RecallRequest, found: Sequence[Recalled], closeness: Mapping[tuple[str, str], float]
) -> list[Recalled]:
    """Return the found with the chance that an answer needs each of them for their score."""
    memories = [item.memory for item in found]
    parts = evidence(query, request.scope, memories, [closeness.get((one.owner_id, one.id)) for one in memories])
    times = _times(query, request.at)
    timed = [held | _time_part(times, memory) for held, memory in zip(parts, memories, strict=True)]
    weighed = [replace(item, score=chance(held), parts=held) for item, held in zip(found, timed, strict=True)]
    return following(query, weighed)


def _time_part(times: Sequence[Time], memory: Memory) -> dict[str, float]:
    """Return what it says for a memory that it is of the time which is asked for; nothing where either has none."""
    if not times or memory.valid_from is None:
        return {}
    return {"time asked for": ASKED_TIME * max(one.match(memory.valid_from) for one in times)}


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
    origin: Origin,
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


def _best_first(item: Recalled) -> tuple[float, float, str]:
    return (-item.score, -item.memory.updated_at.timestamp(), item.memory.id)


def _listed(
    request: RecallRequest,
    owner_id: str,
    memory_types: Sequence[str],
    limit: int,
    pinned_types: Sequence[str] | None = None,
) -> Effects[list[Recalled]]:
    """Return the most important and newest, whatever the query; with `pinned_types` those of them and the pinned."""
    name = "eligible_memories_as_of" if request.past else "eligible_memories"
    bounds = request.bounds(owner_id, memory_types)
    rows = yield Query(name, {**bounds, "pinned_types": pinned_types, "limit": limit})
    priors, listed = request.priors, []
    for row, memory in sound(rows):
        parts = shares(priors.parts(row), request.weights.priors)
        listed.append(Recalled(memory, min(1.0, sum(parts.values())), parts))
    return (yield from _with_conflicts(request, owner_id, listed))


@dataclass(frozen=True, slots=True)
class _Standing:
    """One row that matches: its score, its parts beside the match, and why it may not be seen."""

    number: int
    score: float
    beside: Mapping[str, float]
    fingerprint: str
    hidden: DropReason | None


@dataclass(slots=True)
class _Matches:
    """The memories of one owner that match the query, best of all; some may not be seen."""

    relevance: Relevance | ArrayRelevance
    hints: Hints
    priors: Priors
    eligibility: Eligibility
    standings: list[_Standing] = field(default_factory=list)
    unit: float = field(init=False)
    total: float = field(init=False)

    def __post_init__(self) -> None:
        """Measure what one deviation beside the matches is worth, and what a memory would reach that has all."""
        relevance = self.relevance.total
        self.unit = min(1.0, relevance / WIDE)
        self.total = relevance + self.unit * self.hints.most

    def add(self, rows: Iterable[Row], relevance: Mapping[int, float]) -> None:
        """Score rows of the given relevance."""
        for row in rows:
            beside = self.hints.parts(row) | self.priors.parts(row)
            number = row["memory_no"]
            score = min(1.0, (relevance[number & ROW] + self.unit * sum(beside.values())) / self.total)
            hidden = self.eligibility.reason_against(row)
            self.standings.append(_Standing(number, score, beside, row["fingerprint"], hidden))

    def complete(self, wanted: int, relevance: float, floor: float | None) -> bool:
        """Whether no row of `relevance` or less can come before the `wanted` best, or reach the `floor`."""
        reach = (relevance + self.unit * self.hints.most) / self.total
        ahead = {one.fingerprint for one in self.standings if one.hidden is None and one.score >= reach}
        return len(ahead) >= wanted or (floor is not None and reach < floor)

    def least(self, wanted: int) -> float:
        """Return the least relevance with which a row may come before one of the `wanted` best."""
        distinct: dict[str, float] = {}
        for one in self.standings:
            if one.hidden is None:
                distinct[one.fingerprint] = max(one.score, distinct.get(one.fingerprint, 0.0))
        ahead = sorted(distinct.values(), reverse=True)
        return ahead[wanted - 1] * self.total - self.unit * self.hints.most if len(ahead) >= wanted else -inf

    def best(self, wanted: int) -> list[_Standing]:
        """Return the best that may be seen, and as many of the best that may not."""
        ordered = sorted(self.standings, key=lambda one: (-one.score, -one.number))
        seen = [one for one in ordered if one.hidden is None]
        return seen[:wanted] + [one for one in ordered if one.hidden is not None][:wanted]

    def parts(self, standings: Sequence[_Standing]) -> list[dict[str, float]]:
        """Return the named parts of each score."""
        matched = self.relevance.parts([one.number & ROW for one in standings])
        return [
            shares(parts | {name: self.unit * value for name, value in one.beside.items()}, self.total)
            for one, parts in zip(standings, matched, strict=True)
        ]


def _ranked(
    request: RecallRequest, owner_id: str, memory_types: Sequence[str]
) -> Effects[tuple[list[Recalled], list[Dropped]]]:
    """Return the memories that match the query best, and those among them that may not be seen.

    What decides beside the words is read in pages, best match first, until nothing that is left can come before what is
    wanted: after the first page, that is of the rows that still can. Whole memories are read at the end.
    """
    partition = owner_partition(owner_id)
    corpora = yield Query("corpus_in_partition", {"partition": partition})
    if not corpora:
        return [], []
    in_sight = yield from _in_sight(request, corpora[0])
    if in_sight is not None and not in_sight:
        return [], []
    relevance, ordered, hints = yield from _relevance(request, owner_id, corpora[0], in_sight)
    at = to_microseconds(request.at)
    matches = _Matches(relevance, hints, request.priors, Eligibility(request.visible, memory_types, at, request.wanted))
    wanted = max(request.limit + request.pinned + SPARE, request.least_found)
    page, least = wanted + wanted // 4, -inf
    while part := (yield from ordered.take(page, least)):
        numbers = [corpora[0]["partition_no"] << 32 | row for row in part]
        name = "standings_as_of" if request.past else "standings"
        rows = yield Query(name, {"partition": partition, "at": at, "numbers": numbers})
        matches.add(rows, part)
        if matches.complete(wanted, min(part.values()), request.min_score):
            break
        page, least = 4 * page, matches.least(wanted)
    best = matches.best(wanted)
    name = "memories_numbered_as_of" if request.past else "memories_numbered"
    rows = yield Query(name, {"partition": partition, "at": at, "numbers": [one.number for one in best]})
    memories = {row["memory_no"]: memory for row, memory in sound(rows)}
    best = [one for one in best if one.number in memories]
    seen = [one for one in best if one.hidden is None]
    found = [
        Recalled(memories[one.number], one.score, parts) for one, parts in zip(seen, matches.parts(seen), strict=True)
    ]
    hidden = [Dropped(memories[one.number], one.hidden, one.score) for one in best if one.hidden is not None]
    return (yield from _with_conflicts(request, owner_id, found)), hidden


def _in_sight(request: RecallRequest, corpus: Row) -> Effects[Sequence[Row] | None]:
    """Return the rows at the scopes that are read, with their words; None where too little is elsewhere.

    They are then compared as if their owner had no others. What is elsewhere is not read, nor named as left out.
    """
    if request.past or corpus["size"] <= MANY:
        return None
    place = {"partition": corpus["partition"], "scopes": list(request.visible), "limit": FEW + 1}
    (counted,) = yield Query("count_at_scopes", place)
    return (yield Query("words_at_scopes", place)) if counted["memories"] <= FEW else None


def _figures_of(rows: Sequence[Row], corpus: Row) -> dict[str, Any]:
    """Return what is noted of a partition as if it held some of its rows alone."""
    kept = {name: corpus[name] for name in ("partition", "partition_no", "subjects")}
    lengths = {name: [row[count] for row in rows] for name, count in _LENGTHS.items()}
    totals = {f"{name}total": sum(held) for name, held in lengths.items()}
    sizes = {f"{name}size": sum(map(bool, held)) for name, held in lengths.items()}
    figures = {**kept, **totals, **sizes}
    return {**figures, "term_total": figures.pop("total"), "size": max(1, figures["size"])}


def _with_conflicts(request: RecallRequest, owner_id: str, found: list[Recalled]) -> Effects[list[Recalled]]:
    """Return the recalled with what contradicts each of them, as far as the request may see it."""
    groups = sorted({item.memory.conflict_id for item in found if item.memory.conflict_id is not None})
    if not groups:
        return found
    name = "conflicting_as_of" if request.past else "conflicting"
    rows = yield Query(name, {**request.bounds(owner_id, request.memory_types), "conflict_ids": groups})
    members = memories_in(rows)
    return [replace(item, contradicted_by=_others(item.memory, members)) for item in found]


def _others(memory: Memory, members: Sequence[Memory]) -> tuple[Memory, ...]:
    group = memory.conflict_id
    seen = (one for one in members if one.injection != "never" and one.id != memory.id)
    return tuple(one for one in seen if group is not None and one.conflict_id == group)


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
    request: RecallRequest, owner_id: str, corpus: Row, in_sight: Sequence[Row] | None
) -> Effects[tuple[Relevance | ArrayRelevance, _WordRows | RelevantRows, Hints]]:
    """Measure how well each row of an owner's partition, or each of those in sight, matches the query in each way."""
    partition, noted = owner_partition(owner_id), corpus
    if in_sight is not None:
        corpus = _figures_of(in_sight, corpus)
    query = request.query or ""
    size = corpus["size"] or 1
    weights = request.weights.adapted(brevity(corpus["term_total"] / size), corpus["context_size"] / size)
    past = yield from _past_words(request, partition)
    asked = question_terms(query)
    forms = [*asked, *other_forms(asked)]
    if in_sight is None:
        postings = yield from _postings(partition, forms, past)
    else:
        postings = [postings_in(in_sight, kind, forms) for kind in range(3)]
    wanted = [term for term in forms if term in asked or any(held.get(term) for held in postings)]
    lexical = _lexical(wanted, postings, corpus, weights)
    named = request.subjects.get(owner_id)
    if named is None:
        named = (yield from _named(partition, phrases(query))) if corpus["subjects"] > 1 else []
    subjects = frozenset(named if len(named) < corpus["subjects"] else ())
    hints = Hints(subjects, _times(query, request.at), weights)
    if request.vectors is None:
        fields = (Field(one.part, one.weight, lexical_matches(*one.texts), corpus["size"], one.own) for one in lexical)
        relevance = Relevance.of(fields)
        return relevance, _WordRows(relevance.best_first()), hints
    numbers = None if in_sight is None else [row["memory_no"] for row in in_sight]
    close = yield from closeness(noted, request.vectors, numbers=numbers)
    close.leave_out([row["memory_no"] & ROW for row in past])
    if numbers is not None:
        close.keep([number & ROW for number in numbers])
    kinds = (("semantic", weights.semantic), (CONTEXT, weights.context_semantic))
    arrays = [
        ArrayField(one.part, one.weight, *lexical_arrays(*one.texts), corpus["size"], one.own)
        for one in lexical
        if one.texts[1]
    ]
    arrays += yield from vector_fields(close, noted, request.vectors, kinds)
    matched = ArrayRelevance.of(arrays)
    return matched, RelevantRows(matched, noted, request.vectors), hints


def _times(query: str, at: datetime) -> list[Time]:
    """Return the times that a query names, by date or by the moment it is asked at."""
    return [*named_dates(query), *asked_times(query, at)]


@dataclass(frozen=True, slots=True)
class _Lexical:
    """One field to search for words: the part it adds to, its weight, and what its matches are measured from."""

    part: str
    weight: float
    texts: tuple[Sequence[str], Mapping[str, str], Corpus]
    own: bool


def _past_words(request: RecallRequest, partition: str) -> Effects[Sequence[Row]]:
    """Return the rows that had other words at the moment that is asked about than they have now."""
    if not request.past:
        return ()
    rows: Sequence[Row] = yield Query("words_as_of", {"partition": partition, "at": to_microseconds(request.at)})
    return rows


def _postings(partition: str, wanted: Sequence[str], past: Sequence[Row]) -> Effects[Sequence[Mapping[str, str]]]:
    """Read the postings of the query's terms in every field, as they were for the `past` rows."""
    postings = yield from postings_of(partition, wanted)
    return [restated(held, kind, wanted, past) for kind, held in enumerate(postings)] if past else postings


def _lexical(
    wanted: Sequence[str], postings: Sequence[Mapping[str, str]], corpus: Row, weights: Weights
) -> list[_Lexical]:
    kinds = (
        ("lexical", weights.lexical, corpus["size"], corpus["term_total"]),
        (CONTEXT, weights.context, corpus["context_size"], corpus["context_total"]),
        ("asked", weights.asked, corpus["asked_size"], corpus["asked_total"]),
    )
    return [
        _Lexical(part, weight, (wanted, postings[kind], Corpus(corpus["size"], total / (held or 1))), kind == 0)
        for kind, (part, weight, held, total) in enumerate(kinds)
    ]


def _named(partition: str, named: Sequence[str]) -> Effects[list[str]]:
    rows = yield Query("named_subjects", {"partition": partition, "phrases": named})
    return [row["subject_key"] for row in rows]
