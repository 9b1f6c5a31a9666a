"""Scores memories for a query. Every number is a pure function of what was read, so that it can be explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from langgraph_memory.domain.clock import from_microseconds


class Columns(Protocol):
    """A memory's row, read by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of `column`."""
        ...


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
