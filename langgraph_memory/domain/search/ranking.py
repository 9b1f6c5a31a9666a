"""Scores the rows of one owner for a query: what matches, what holds whatever is asked; each number is explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Protocol

from langgraph_memory.domain.clock import from_microseconds
from langgraph_memory.domain.memory import Dropped, DropReason, Memory, Recalled
from langgraph_memory.domain.search.arrays import ArrayRelevance
from langgraph_memory.domain.search.filters import EVERYTHING, Columns, Wanted
from langgraph_memory.domain.search.relevance import ROW, Relevance

BRIEF = 50.0
"""Terms in a text at which its surroundings count half."""
WIDE = 10.0
"""How many deviations a perfect match must be worth for what is beside it to count in full."""


class Time(Protocol):
    """A time that a query names."""

    def match(self, moment: datetime) -> float:
        """Return how well a moment falls into it, 0..1."""
        ...


def brevity(average_length: float) -> float:
    """Return how much the surroundings of a text tell about it, 0..1: much of a remark, little of a page."""
    return 1.0 / (1.0 + (average_length / BRIEF) ** 2)


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

    def among(self, figures: Columns) -> Weights:
        """Return the weights as texts of the length that an owner's have call for."""
        size = figures["size"] or 1
        return self.adapted(brevity(figures["term_total"] / size), figures["context_size"] / size)

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
        if row["injection"] == "never":
            return "withheld"
        return None if self.wanted is EVERYTHING or self.wanted.admits(row) else "filtered_out"


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
    beside: float = field(init=False)
    total: float = field(init=False)

    def __post_init__(self) -> None:
        """Measure what one deviation beside the matches is worth, and what a memory would reach that has all.

        `beside` is the most that anything but the matches can add.
        """
        relevance = self.relevance.total
        self.unit = min(1.0, relevance / WIDE)
        self.beside = self.unit * self.hints.most
        self.total = relevance + self.beside

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
        reach = (relevance + self.beside) / self.total
        ahead = {one.fingerprint for one in self.candidates if one.hidden is None and one.score >= reach}
        return len(ahead) >= wanted or (floor is not None and reach < floor)

    def least(self, wanted: int) -> float:
        """Return the least relevance with which a row may come before one of the `wanted` best."""
        distinct: dict[str, float] = {}
        for one in self.candidates:
            if one.hidden is None:
                distinct[one.fingerprint] = max(one.score, distinct.get(one.fingerprint, 0.0))
        ahead = sorted(distinct.values(), reverse=True)
        return ahead[wanted - 1] * self.total - self.beside if len(ahead) >= wanted else -inf

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
            {
                name: value / self.total
                for name, value in (parts | {name: self.unit * value for name, value in one.beside.items()}).items()
            }
            for one, parts in zip(candidates, matched, strict=True)
        ]
