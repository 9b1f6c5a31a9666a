"""What a recall decides: how well each memory matches, which of them count, and how many fit. Pure."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from math import inf
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.links import following
from langgraph_memory.domain.memory import Dropped, DropReason, Memory, Recall, Recalled
from langgraph_memory.domain.scope import owner_partition, visible_from
from langgraph_memory.domain.search.filters import EVERYTHING, Columns, Wanted
from langgraph_memory.domain.search.lexical import ROW, Corpus, lexical_matches, near_terms
from langgraph_memory.domain.search.needed import (
    FLOOR,
    asks_of_oneself,
    chance,
    evidence,
    is_standing,
    standing_section,
)
from langgraph_memory.domain.search.ranking import (
    DEFAULT_WEIGHTS,
    MAX_DROPPED,
    Eligibility,
    Hints,
    Priors,
    Selection,
    Time,
    Weights,
    estimated_tokens,
    replaced_among,
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
from langgraph_memory.domain.search.vectors import CONTEXT, VectorSearch
from langgraph_memory.domain.text import other_forms, question_terms, terms_with_identifiers
from langgraph_memory.domain.times import SideOfEvent, asked_times, event_named, named_dates
from langgraph_memory.domain.types import BUILT_IN, MemoryTypes
from langgraph_memory.domain.whose import other_person, speaks_of_user

SPARE = 8
"""How many more than the limit are ranked exactly, for what repeats another or does not fit the budget."""
MOST_WEIGHED = 256
"""How many of an owner's memories are weighed for what an answer needs, beside those that match it best."""
_LENGTHS = {"": "term_count", "context_": "context_count", "asked_": "asked_count"}
ASKED_TIME = 1.5
"""What it adds to the weights of what an answer needs that a memory is of the time which is asked for."""
MOST_WITH_NEAR = 10_000
"""How many memories an owner may have for words to be searched for that mean about the same as those of the query."""
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
    count: Callable[[str], int] = estimated_tokens
    weights: Weights = DEFAULT_WEIGHTS
    least_found: int = 0
    wanted: Wanted = EVERYTHING

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose memories are read: the owner's, and those of the owners named beside."""
        return tuple(dict.fromkeys((self.owner_id, *self.shared_with)))

    @property
    def weighs(self) -> bool:
        """Whether it asks for what the answer to a query needs."""
        return bool(self.needed and self.query)

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


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one owner for a request: what counts whatever is asked, what matches, and what is hidden.

    `close` says how close to the query the vectors of some of them are, by owner and id.
    """

    listed: Sequence[Recalled] = ()
    matching: Sequence[Recalled] = ()
    hidden: Sequence[Dropped] = ()
    close: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def all(self) -> list[Recalled]:
        """Each memory that may be seen, once."""
        return list({item.memory.id: item for item in (*self.listed, *self.matching)}.values())


def rank(request: RecallRequest, read: Sequence[Read]) -> Found:
    """Put what was read of the owners in order, and apart what stands first whatever is asked."""
    hidden = list(chain.from_iterable(own.hidden for own in read))
    if request.weighs:
        found = list(chain.from_iterable(own.all for own in read))
        first = _standing(request, found)
        close = dict(ChainMap(*(dict(own.close) for own in read)))
        return Found(first, sorted(_weighed(request, _others_than(first, found), close), key=_best_first), hidden)
    matching = chain.from_iterable(own.matching for own in read)
    return Found(_pinned(request, read), sorted(matching, key=_best_first), hidden)


def _pinned(request: RecallRequest, read: Sequence[Read]) -> list[Recalled]:
    """Return what comes first whatever the query, best first, each in its section."""
    listed = chain.from_iterable(own.listed for own in read)
    pinned = (item for item in listed if item.memory.trusted and _is_for_reader(request, item.memory))
    return sorted((replace(item, section=standing_section(item.memory)) for item in pinned), key=_best_first)


def selected(request: RecallRequest, found: Found) -> Recall:
    """Cut what was found to what the request wants; what does not fit is named among the dropped."""
    share = request.max_tokens // 2 if request.weighs and request.max_tokens is not None else request.max_tokens
    selection = _selected_first(request, found.first, found.rest, share)
    taken = {_name(item) for item in selection.taken}
    selection.limit = len(selection.taken) + request.limit
    selection.max_tokens = request.max_tokens
    selection.min_score = FLOOR if request.weighs and request.min_score is None else request.min_score
    selection.offer(item for item in found.rest if _name(item) not in taken)
    return _recall_of(request, selection, found.hidden)


def profile_of(request: RecallRequest, read: Sequence[Read]) -> Recall:
    """Return what shapes every answer, whatever is asked."""
    standing = _standing(request, [item for own in read for item in own.listed])
    return _recall_of(request, _selected_first(request, standing, (), request.max_tokens), ())


def priors_of(request: RecallRequest, rows: Iterable[tuple[Columns, Memory]]) -> list[Recalled]:
    """Return memories with what scores whatever the query."""
    priors, found = request.priors, []
    for row, memory in rows:
        parts = shares(priors.parts(row), request.weights.priors)
        found.append(Recalled(memory, min(1.0, sum(parts.values())), parts))
    return found


def with_conflicts(found: Sequence[Recalled], members: Sequence[Memory]) -> list[Recalled]:
    """Return the recalled with what contradicts each of them."""
    return [replace(item, contradicted_by=_others(item.memory, members)) for item in found]


def _others(memory: Memory, members: Sequence[Memory]) -> tuple[Memory, ...]:
    group = memory.conflict_id
    seen = (one for one in members if one.injection != "never" and one.id != memory.id)
    return tuple(one for one in seen if group is not None and one.conflict_id == group)


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
    selection = Selection(request.pinned, None, max_tokens, outdated, request.count)
    selection.offer(standing)
    return selection


def _weighed(
    request: RecallRequest, found: Sequence[Recalled], closeness: Mapping[tuple[str, str], float]
) -> list[Recalled]:
    """Return the found with the chance that an answer needs each of them for their score."""
    query = request.query or ""
    memories = [item.memory for item in found]
    parts = evidence(query, request.scope, memories, [closeness.get((one.owner_id, one.id)) for one in memories])
    times = [*times_named(query, request.at), *times_beside(query, memories)]
    timed = [held | _time_part(times, memory) for held, memory in zip(parts, memories, strict=True)]
    weighed = [replace(item, score=chance(held), parts=held) for item, held in zip(found, timed, strict=True)]
    return following(query, weighed)


def found_by_meaning(request: RecallRequest, listed: Sequence[Recalled]) -> list[Recalled]:
    """Return which of some memories the answer most likely needs to a question about oneself, of whose words none is.

    There are not many that hold none of them and yet answer it: one at least is told.
    """
    if not asks_of_oneself(request.query or ""):
        return []
    weighed = sorted(_weighed(request, listed, {}), key=_best_first)
    likely = [item for item in weighed if item.score >= FLOOR]
    return likely or weighed[:1]


def _time_part(times: Sequence[Time], memory: Memory) -> dict[str, float]:
    """Return what it says for a memory that it is of the time which is asked for; nothing where either has none."""
    if not times or memory.valid_from is None:
        return {}
    return {"time asked for": ASKED_TIME * max(one.match(memory.valid_from) for one in times)}


def _best_first(item: Recalled) -> tuple[float, float, str]:
    return (-item.score, -item.memory.updated_at.timestamp(), item.memory.id)


def times_named(query: str, at: datetime) -> list[Time]:
    """Return the times that a query names, by date or by the moment it is asked at."""
    return [*named_dates(query), *asked_times(query, at)]


def times_beside(query: str, memories: Iterable[Memory]) -> list[Time]:
    """Return the side of an event that a query names, "before the move", where one of some memories tells of it.

    That is the one with most of the words the event is named by, and half of them at least; the newest of several.
    """
    named = event_named(query)
    if named is None:
        return []
    before, event = named
    asked = question_terms(event)
    wanted = frozenset((*asked, *near_terms(asked)))
    held = [(len(wanted & set(terms_with_identifiers(one.content))), _moment_of(one)) for one in memories]
    shared, moment = max(held, default=(0, None))
    return [SideOfEvent(moment, before)] if moment is not None and 2 * shared >= max(1, len(asked)) else []


def _moment_of(memory: Memory) -> datetime:
    return memory.valid_from or memory.created_at


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row that matches: its score, its parts beside the match, and why it may not be seen."""

    number: int
    score: float
    beside: Mapping[str, float]
    fingerprint: str
    hidden: DropReason | None


@dataclass(slots=True)
class Candidates:
    """The memories of one owner that match the query, best of all; some may not be seen."""

    relevance: Relevance | ArrayRelevance
    hints: Hints
    priors: Priors
    eligibility: Eligibility
    candidates: list[Candidate] = field(default_factory=list)
    unit: float = field(init=False)
    total: float = field(init=False)

    def __post_init__(self) -> None:
        """Measure what one deviation beside the matches is worth, and what a memory would reach that has all."""
        relevance = self.relevance.total
        self.unit = min(1.0, relevance / WIDE)
        self.total = relevance + self.unit * self.hints.most

    def add(self, rows: Iterable[Columns], relevance: Mapping[int, float]) -> None:
        """Score rows of the given relevance."""
        for row in rows:
            beside = self.hints.parts(row) | self.priors.parts(row)
            number = row["memory_no"]
            score = min(1.0, (relevance[number & ROW] + self.unit * sum(beside.values())) / self.total)
            hidden = self.eligibility.reason_against(row)
            self.candidates.append(Candidate(number, score, beside, row["fingerprint"], hidden))

    def complete(self, wanted: int, relevance: float, floor: float | None) -> bool:
        """Whether no row of `relevance` or less can come before the `wanted` best, or reach the `floor`."""
        reach = (relevance + self.unit * self.hints.most) / self.total
        ahead = {one.fingerprint for one in self.candidates if one.hidden is None and one.score >= reach}
        return len(ahead) >= wanted or (floor is not None and reach < floor)

    def least(self, wanted: int) -> float:
        """Return the least relevance with which a row may come before one of the `wanted` best."""
        distinct: dict[str, float] = {}
        for one in self.candidates:
            if one.hidden is None:
                distinct[one.fingerprint] = max(one.score, distinct.get(one.fingerprint, 0.0))
        ahead = sorted(distinct.values(), reverse=True)
        return ahead[wanted - 1] * self.total - self.unit * self.hints.most if len(ahead) >= wanted else -inf

    def best(self, wanted: int) -> list[Candidate]:
        """Return the best that may be seen, and as many of the best that may not."""
        ordered = sorted(self.candidates, key=lambda one: (-one.score, -one.number))
        seen = [one for one in ordered if one.hidden is None]
        return seen[:wanted] + [one for one in ordered if one.hidden is not None][:wanted]

    def told(self, best: Sequence[Candidate], memories: Mapping[int, Memory]) -> tuple[list[Recalled], list[Dropped]]:
        """Return the best that may be seen with their scores, and those that may not with the reason."""
        held = [one for one in best if one.number in memories]
        seen = [one for one in held if one.hidden is None]
        pairs = zip(seen, self.parts(seen), strict=True)
        found = [Recalled(memories[one.number], one.score, parts) for one, parts in pairs]
        return found, [Dropped(memories[one.number], one.hidden, one.score) for one in held if one.hidden is not None]

    def parts(self, candidates: Sequence[Candidate]) -> list[dict[str, float]]:
        """Return the named parts of each score."""
        matched = self.relevance.parts([one.number & ROW for one in candidates])
        return [
            shares(parts | {name: self.unit * value for name, value in one.beside.items()}, self.total)
            for one, parts in zip(candidates, matched, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class LexicalField:
    """One field to search for words: the part it adds to, its weight, and what its matches are measured from.

    `near` are terms that mean about the same as those that are asked for.
    """

    part: str
    weight: float
    terms: Sequence[str]
    postings: Mapping[str, str]
    corpus: Corpus
    own: bool
    near: Sequence[str]

    def matches(self) -> Field:
        """Return the rows that match by the words alone."""
        found = lexical_matches(self.terms, self.postings, self.corpus, self.near)
        return Field(self.part, self.weight, found, self.corpus.size, self.own)

    def arrays(self) -> ArrayField:
        """Same as `matches`, over arrays."""
        found = lexical_arrays(self.terms, self.postings, self.corpus, self.near)
        return ArrayField(self.part, self.weight, *found, self.corpus.size, self.own)


def lexical_fields(
    query: str, postings: Sequence[Mapping[str, str]], figures: Columns, weights: Weights
) -> list[LexicalField]:
    """Return the fields of the text index with what a query asks of each."""
    asked = question_terms(query)
    wanted = asked + [form for form in other_forms(asked) if any(held.get(form) for held in postings)]
    near = [term for term in near_terms(forms_of(asked)) if any(held.get(term) for held in postings)]
    kinds = (
        ("lexical", weights.lexical, figures["size"], figures["term_total"]),
        (CONTEXT, weights.context, figures["context_size"], figures["context_total"]),
        ("asked", weights.asked, figures["asked_size"], figures["asked_total"]),
    )
    return [
        LexicalField(
            part, weight, wanted, postings[kind], Corpus(figures["size"], total / (held or 1)), kind == 0, near
        )
        for kind, (part, weight, held, total) in enumerate(kinds)
    ]


def searched_terms(query: str, size: int) -> list[str]:
    """Return the terms to search an owner's texts for: a query's, their other forms, and what means about the same.

    Of very many texts some have the words that are asked for, and each word more is in thousands.
    """
    forms = forms_of(question_terms(query))
    return forms if size > MOST_WITH_NEAR else [*forms, *near_terms(forms)]


def forms_of(asked: Sequence[str]) -> list[str]:
    """Return terms, and the other forms in which texts may have them."""
    return [*asked, *other_forms(asked)]


def weights_for(request: RecallRequest, figures: Columns) -> Weights:
    """Return the weights of a request, as texts of the length that an owner's have call for."""
    size = figures["size"] or 1
    return request.weights.adapted(brevity(figures["term_total"] / size), figures["context_size"] / size)


def figures_of(rows: Sequence[Columns], corpus: Columns) -> dict[str, Any]:
    """Return what is noted of a partition as if it held some of its rows alone."""
    kept = {name: corpus[name] for name in ("partition", "partition_no", "subjects")}
    lengths = {name: [row[count] for row in rows] for name, count in _LENGTHS.items()}
    totals = {f"{name}total": sum(held) for name, held in lengths.items()}
    sizes = {f"{name}size": sum(map(bool, held)) for name, held in lengths.items()}
    figures = {**kept, **totals, **sizes}
    return {**figures, "term_total": figures.pop("total"), "size": max(1, figures["size"])}


def eligibility_of(request: RecallRequest) -> Eligibility:
    """Return what a request may see."""
    return Eligibility(request.visible, request.memory_types, to_microseconds(request.at), request.wanted)


def wanted_of(request: RecallRequest) -> int:
    """Return how many memories are to be ranked exactly."""
    return max(request.limit + request.pinned + SPARE, request.least_found)
