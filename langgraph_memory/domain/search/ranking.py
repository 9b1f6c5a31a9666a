"""Scores memories for a query, reorders them, and cuts them to the few that are recalled; each number is explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import permutations
from statistics import fmean, pstdev
from typing import Protocol

from langgraph_memory.domain.changes import replaced_by
from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.memory import Dropped, DropReason, Memory, Recalled
from langgraph_memory.domain.outdated import UNDECIDED, likely_replaced_by
from langgraph_memory.domain.search.filters import EVERYTHING, Columns, Wanted
from langgraph_memory.domain.search.needed import chance
from langgraph_memory.domain.standing import overrides
from langgraph_memory.domain.text import normalised


class Time(Protocol):
    """A time that a query names."""

    def match(self, moment: datetime) -> float:
        """Return how well a moment falls into it, 0..1."""
        ...


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts, in standard deviations of the matches of one owner's memories.

    `context` and `context_semantic` add up in the part "context". The last four hold whatever the query; beside a
    match of several deviations they decide between memories that match about equally well. The defaults were set on
    dialogues of short turns and on long chats together; twice or half of any one changes little.
    """

    lexical: float = 0.55
    semantic: float = 1.1
    context: float = 1.0
    context_semantic: float = 0.7
    asked: float = 0.3
    subject: float = 1.3
    date: float = 1.2
    question: float = 0.8
    recency: float = 0.3
    importance: float = 0.3
    confidence: float = 0.1
    scope: float = 0.1

    def adapted(self, brevity: float, told: float) -> Weights:
        """Return the weights for an owner with texts of this brevity, of which a share of `told` has a context.

        Where surroundings tell less, what they lose goes to the texts themselves. The words gain all of it and the
        vectors half, because one vector blurs a long text.
        """
        around = brevity * told
        return replace(
            self,
            lexical=self.lexical + (1.0 - around) * self.context,
            semantic=self.semantic + 0.5 * (1.0 - around) * self.context_semantic,
            context=around * self.context,
            context_semantic=around * self.context_semantic,
            asked=around * self.asked,
            question=brevity * self.question,
        )

    @property
    def priors(self) -> float:
        """The most that the parts that hold whatever the query can add."""
        return self.recency + self.importance + self.confidence + self.scope


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Hints:
    """What a query names beside its words: some of the owner's subjects, and dates."""

    subjects: frozenset[str] = frozenset()
    dates: Sequence[Time] = ()
    weights: Weights = DEFAULT_WEIGHTS

    @property
    def most(self) -> float:
        """The most that anything but a match can add to a memory's relevance."""
        named = self.weights.subject * bool(self.subjects) + self.weights.date * bool(self.dates)
        return named + self.weights.priors

    def parts(self, row: Columns) -> dict[str, float]:
        """Return what the subject, the time and the form of a memory add; only what the query gives rise to."""
        parts = {}
        if self.subjects:
            parts["subject"] = self.weights.subject * (row["subject_key"] in self.subjects)
        if self.dates:
            moment = from_microseconds(row["created_at"] if row["valid_from"] is None else row["valid_from"])
            parts["date"] = self.weights.date * max(named.match(moment) for named in self.dates)
        if row["question_share"]:
            parts["question"] = -self.weights.question * row["question_share"]
        return parts


@dataclass(frozen=True, slots=True)
class Priors:
    """What holds of a memory whatever the query: its age, importance, confidence and scope.

    `half_lives` are the microseconds in which a type's recency halves, None where age does not matter; `closeness` is
    how near each visible scope is, 0..1; `at` is the moment of the read in microseconds.
    """

    half_lives: Mapping[str, float | None]
    closeness: Mapping[str, float]
    at: int
    weights: Weights = DEFAULT_WEIGHTS

    def parts(self, row: Columns) -> dict[str, float]:
        """Return what each of them adds."""
        return {
            "recency": self.weights.recency * self._recency(row),
            "importance": self.weights.importance * row["importance"],
            "confidence": self.weights.confidence * row["confidence"],
            "scope": self.weights.scope * self.closeness.get(row["scope"], 0.0),
        }

    def _recency(self, row: Columns) -> float:
        """Return 1 for a memory of now, halved for every half-life of age; 1 when its type does not age."""
        half_life = self.half_lives.get(row["memory_type"])
        if half_life is None:
            return 1.0
        since = (row["valid_from"], row["last_verified_at"], row["created_at"])
        age = max(0, self.at - next(moment for moment in since if moment is not None))
        return float(0.5 ** (age / half_life))


def scope_closeness(visible: Sequence[str]) -> dict[str, float]:
    """Return how near each visible scope is: 1 for that of the read, falling to 0 at global."""
    return {scope: 1.0 - rank / max(1, len(visible) - 1) for rank, scope in enumerate(visible)}


def shares(parts: Mapping[str, float], total: float) -> dict[str, float]:
    """Return `parts` as shares of `total`, so that a memory that has all there is to have scores 1."""
    return {name: value / total for name, value in parts.items()}


def estimated_tokens(text: str) -> int:
    """Return roughly how many tokens a text is: one for every four characters, as LangChain's own estimate."""
    return -(-len(text) // 4)


MAX_DROPPED = 50
"""How many dropped memories a recall reports; the best of them."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What a read may see: scopes, types, a moment in microseconds, and what the caller wants to see."""

    visible: Sequence[str]
    memory_types: Sequence[str]
    at: int
    wanted: Wanted = EVERYTHING

    def reason_against(self, row: Columns) -> DropReason | None:
        """Return why the memory in `row` may not be recalled, or None when it may."""
        if row["scope"] not in self.visible:
            return "out_of_scope"
        if row["memory_type"] not in self.memory_types:
            return "wrong_type"
        if row["superseded_at"] is not None and row["superseded_at"] <= self.at:
            return "superseded"
        if row["expires_at"] is not None and row["expires_at"] <= self.at:
            return "expired"
        return self._unwanted(row)

    def _unwanted(self, row: Columns) -> DropReason | None:
        if row["injection"] == "never":
            return "withheld"
        return None if self.wanted.admits(row) else "filtered_out"


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
