"""Scores memories for a query. Every number is a pure function of what was read, so that it can be explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from langgraph_memory.domain.dates import NamedDate
from langgraph_memory.domain.memory import Memory


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts, in standard deviations of the matches of one owner's memories.

    `context` and `context_semantic` add up in the part "context". The last four hold whatever the query; beside a
    match of several deviations they decide between memories that match about equally well.
    """

    lexical: float = 0.7
    semantic: float = 1.2
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

    @property
    def priors(self) -> float:
        """The most that the parts that hold whatever the query can add."""
        return self.recency + self.importance + self.confidence + self.scope


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Hints:
    """What a query names beside its words: some of the owner's subjects, and dates.

    `brevity` is how much the surroundings of this owner's memories tell about them, 0..1.
    """

    subjects: frozenset[str] = frozenset()
    dates: Sequence[NamedDate] = ()
    brevity: float = 0.0
    weights: Weights = DEFAULT_WEIGHTS

    @property
    def most(self) -> float:
        """The most that anything but a match can add to a memory's relevance."""
        named = self.weights.subject * bool(self.subjects) + self.weights.date * bool(self.dates)
        return named + self.weights.priors

    def parts(self, memory: Memory, subject_key: str | None, question_share: float) -> dict[str, float]:
        """Return what the subject, the time and the form of a memory add; only what the query gives rise to."""
        parts = {}
        if self.subjects:
            parts["subject"] = self.weights.subject * (subject_key in self.subjects)
        if self.dates:
            moment = memory.valid_from or memory.created_at
            parts["date"] = self.weights.date * max(named.match(moment) for named in self.dates)
        if question_share:
            parts["question"] = -self.weights.question * self.brevity * question_share
        return parts


def recency(memory: Memory, half_life: timedelta | None, now: datetime) -> float:
    """Return 1 for a memory of now, halved for every half-life of age; 1 when its type does not age."""
    if half_life is None:
        return 1.0
    age = max(now - (memory.valid_from or memory.last_verified_at or memory.created_at), timedelta())
    return float(0.5 ** (age / half_life))


def scope_closeness(memory: Memory, visible: Sequence[str]) -> float:
    """Return 1 for a memory at the scope of the read, falling to 0 at global and at what is out of sight."""
    if len(visible) < 2 or memory.scope not in visible:
        return float(memory.scope in visible)
    return 1.0 - visible.index(memory.scope) / (len(visible) - 1)


def prior_parts(
    memory: Memory, half_life: timedelta | None, visible: Sequence[str], now: datetime, weights: Weights
) -> dict[str, float]:
    """Return what a memory's age, importance, confidence and scope add, whatever the query."""
    return {
        "recency": weights.recency * recency(memory, half_life, now),
        "importance": weights.importance * memory.importance,
        "confidence": weights.confidence * memory.confidence,
        "scope": weights.scope * scope_closeness(memory, visible),
    }


def shares(parts: Mapping[str, float], total: float) -> dict[str, float]:
    """Return `parts` as shares of `total`, so that a memory that has all there is to have scores 1."""
    return {name: value / total for name, value in parts.items()}


def estimated_tokens(text: str) -> int:
    """Return roughly how many tokens a text is: one for every four characters, as LangChain's own estimate."""
    return -(-len(text) // 4)
