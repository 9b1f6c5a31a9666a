"""What a recall decides: which memories that were found count, in which order, and how many fit. Pure."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, permutations
from statistics import fmean, pstdev
from typing import Any

from langgraph_memory.domain.changes import replaced_by
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.links import following
from langgraph_memory.domain.memory import Dropped, DropReason, Memory, Recall, Recalled
from langgraph_memory.domain.outdated import UNDECIDED, likely_replaced_by
from langgraph_memory.domain.reconcile import overrides
from langgraph_memory.domain.scope import owner_partition, visible_from
from langgraph_memory.domain.search.arrays import ArrayRelevance
from langgraph_memory.domain.search.filters import EVERYTHING, Columns, Wanted
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
    Candidates,
    Eligibility,
    Hints,
    Priors,
    Time,
    Weights,
    scope_closeness,
    shares,
)
from langgraph_memory.domain.search.relevance import Relevance, near_terms
from langgraph_memory.domain.search.vectors import VectorSearch
from langgraph_memory.domain.text import normalised, question_terms, terms_with_identifiers
from langgraph_memory.domain.times import SideOfEvent, asked_times, event_named, named_dates
from langgraph_memory.domain.types import BUILT_IN, MemoryTypes
from langgraph_memory.domain.whose import other_person, speaks_of_user


def estimated_tokens(text: str) -> int:
    """Return roughly how many tokens a text is: one for every four characters, as LangChain's own estimate."""
    return -(-len(text) // 4)


SPARE = 8
"""How many more than the limit are ranked exactly, for what repeats another or does not fit the budget."""
MOST_WEIGHED = 256
"""How many of an owner's memories are weighed for what an answer needs, beside those that match it best."""
ASKED_TIME = 1.5
"""What it adds to the weights of what an answer needs that a memory is of the time which is asked for."""


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
    owners: tuple[str, ...] = field(init=False)
    weighs: bool = field(init=False)
    visible: tuple[str, ...] = field(init=False)
    moment: int = field(init=False)
    most_ranked: int = field(init=False)

    def __post_init__(self) -> None:
        """Say what follows: whose memories are read, whether they are weighed, at which scopes, and when.

        `visible` are the scopes, nearest first; `moment` is `at` in microseconds; `most_ranked` are ranked exactly.
        """
        set_field = object.__setattr__
        set_field(self, "owners", tuple(dict.fromkeys((self.owner_id, *self.shared_with))))
        set_field(self, "weighs", bool(self.needed and self.query))
        set_field(self, "visible", visible_from(self.scope))
        set_field(self, "moment", to_microseconds(self.at))
        set_field(self, "most_ranked", max(self.limit + self.pinned + SPARE, self.least_found))

    @property
    def pinned_types(self) -> tuple[str, ...]:
        """The types that come first, whatever the query."""
        always = self.types.always_injected() if self.pinned else ()
        return tuple(name for name in always if name in self.memory_types)

    @property
    def priors(self) -> Priors:
        """What scores whatever the query."""
        return Priors(self.types.half_lives, scope_closeness(self.visible), self.moment, self.weights)

    def candidates(self, relevance: Relevance | ArrayRelevance, hints: Hints) -> Candidates:
        """Return where the rows of one owner are ranked, of which some may not be seen."""
        eligibility = Eligibility(self.visible, self.memory_types, self.moment, self.wanted)
        return Candidates(relevance, hints, self.priors, eligibility)

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
            "at": self.moment,
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


MAX_DROPPED = 50
"""How many dropped memories a recall reports; the best of them."""


@dataclass(slots=True)
class Selection:
    """Takes memories best first, as long as the limits allow, and keeps what it left out.

    `outdated` are the owners and ids of those that another one found replaces, `count` the tokens of a text.
    """

    limit: int
    min_score: float | None = None
    max_tokens: int | None = None
    outdated: Container[tuple[str, str]] = ()
    count: Callable[[str], int] = estimated_tokens
    taken: list[Recalled] = field(default_factory=list)
    left_out: list[Dropped] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _tokens: int = 0

    def offer(self, ranked: Iterable[Recalled]) -> None:
        """Take from `ranked`, which is best first."""
        for item in ranked:
            words = normalised(item.memory.content)
            reason = self._reason_against(item, words)
            if reason is None:
                self.taken.append(item)
                self._seen.add(words)
                self._tokens += self._tokens_of(item)
            else:
                self.left_out.append(Dropped(item.memory, reason, item.score))

    def _reason_against(self, item: Recalled, words: str) -> DropReason | None:
        if self.min_score is not None and item.score < self.min_score:
            return "below_threshold"
        if (item.memory.owner_id, item.memory.id) in self.outdated:
            return "outdated"
        if words in self._seen:
            return "duplicate"
        if len(self.taken) >= self.limit:
            return "over_limit"
        if self.max_tokens is not None and self._tokens + self._tokens_of(item) > self.max_tokens:
            return "over_budget"
        return None

    def _tokens_of(self, item: Recalled) -> int:
        """Return what a memory takes in a prompt, with what is said against it."""
        return sum(self.count(one.content) for one in (item.memory, *item.contradicted_by))


MOST_RERANKED = 20
"""How many texts a reranker is asked about: each costs some milliseconds on a processor."""
RERANKER = "reranker"
RERANKER_WEIGHT = 0.5
"""Deviations of the scores that one deviation of what the reranker says is worth."""
RERANKER_ODDS = {"kept": 0.8, "reranker": 0.38, "always": -0.56}
"""The same for the log-odds of being needed, of which a share is kept, fitted as those are."""
_LEAST_DEVIATION = 0.02
"""A spread below this tells nothing apart: what the reranker says is not blown up, and decides between equals."""


def reranked(found: Sequence[Recalled], said: Sequence[float], *, needed: bool) -> list[Recalled]:
    """Return what was found, best first: the first, of which the reranker spoke, in a new order, and the others after.

    What it says may be on any scale: only how the texts differ counts.
    """
    mean, spread = fmean(said), max(pstdev(said), _LEAST_DEVIATION)
    deviations = [(one - mean) / spread for one in said]
    told = found[: len(said)]
    if needed:
        scored = [_more_needed(item, deviation) for item, deviation in zip(told, deviations, strict=True)]
    else:
        worth = RERANKER_WEIGHT * max(pstdev([item.score for item in told]), _LEAST_DEVIATION)
        scored = [_better(item, worth * deviation) for item, deviation in zip(told, deviations, strict=True)]
    return sorted(scored, key=lambda item: -item.score) + list(found[len(said) :])


def _better(item: Recalled, by: float) -> Recalled:
    score = min(1.0, max(0.0, item.score + by))
    return replace(item, score=score, parts={**item.parts, RERANKER: score - item.score})


def _more_needed(item: Recalled, deviation: float) -> Recalled:
    parts = {name: RERANKER_ODDS["kept"] * part for name, part in item.parts.items()}
    parts[RERANKER] = RERANKER_ODDS["reranker"] * deviation + RERANKER_ODDS["always"]
    return replace(item, score=chance(parts), parts=parts)


_LONGEST_COMPARED = 240
"""Characters of a statement that is read; a longer one says more than one thing."""
_OF_SOMEBODY = re.compile(r"\b(?:the (?:user|customer|client|team)|i|i'm|my|we|our)\b", re.IGNORECASE)


def replaced_among(found: Iterable[Memory]) -> frozenset[tuple[str, str]]:
    """Return the owner and id of each memory that gives a single thing a value which a newer one of its scope replaces.

    The store sees to it when a statement is made; this is for what came by other ways: events, other types, imports.
    What is known to contradict each other is shown together, and what is trusted less replaces nothing.
    """
    read = [
        memory for memory in found if len(memory.content) <= _LONGEST_COMPARED and _OF_SOMEBODY.search(memory.content)
    ]
    pairs = ((new, old) for new, old in permutations(read, 2) if _may_replace(new, old))
    return frozenset((old.owner_id, old.id) for new, old in pairs if _is_replaced(new, old))


def _is_replaced(new: Memory, old: Memory) -> bool:
    """Return whether one puts an end to the other, or may do so: what is undecided is kept, and the newer told."""
    if replaced_by(new, [old]):
        return True
    by_users = new.source.actor == old.source.actor == "user"
    return by_users and bool(likely_replaced_by(new, [old], least=UNDECIDED))


def _may_replace(new: Memory, old: Memory) -> bool:
    same_place = (new.owner_id, new.scope, new.source.name) == (old.owner_id, old.scope, old.source.name)
    together = new.conflict_id is not None and new.conflict_id == old.conflict_id
    return same_place and not together and _said_at(new) > _said_at(old) and overrides(new, old)


def _said_at(memory: Memory) -> datetime:
    """Return when it was said, or since when it holds where that is all that is known."""
    return memory.source.said_at or memory.valid_from or memory.created_at
