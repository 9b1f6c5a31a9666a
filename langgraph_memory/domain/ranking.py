"""Scores memories for a query. Every number is a pure function of what was read, so that it can be explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

from langgraph_memory.domain.memory import Memory

K1 = 1.2
B = 0.75
CONTEXT_WEIGHT = 0.4


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each named part adds to a score. Relevance parts lie in 0..1 and so do the others."""

    lexical: float = 0.6
    semantic: float = 0.6
    recency: float = 0.08
    importance: float = 0.1
    confidence: float = 0.05
    scope: float = 0.05


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Corpus:
    """What BM25 needs to know of one owner's memories: how many, how long on average, how many hold each term."""

    size: int
    average_length: float
    document_frequency: Mapping[str, int]

    def idf(self, term: str) -> float:
        """Return the inverse document frequency, never negative (Lucene's form of Robertson and Sparck Jones)."""
        frequency = min(self.document_frequency.get(term, 0), self.size)
        return log(1.0 + (self.size - frequency + 0.5) / (frequency + 0.5))


def lexical_score(query: Sequence[str], document: Sequence[str], context: Sequence[str], corpus: Corpus) -> float:
    """Return how much of the query's information a memory holds, 0..1.

    BM25 (Robertson & Zaragoza 2009, k1=1.2, b=0.75) over its own terms, with those of its context at a lower weight,
    divided by the most any document could score, so that scores of different queries compare.
    """
    if not query:
        return 0.0
    own, around = Counter(document), Counter(context)
    length = len(document) / (corpus.average_length or 1.0)
    total = best = 0.0
    for term in query:
        frequency = own[term] + CONTEXT_WEIGHT * min(around[term], 1)
        idf = corpus.idf(term)
        total += idf * frequency * (K1 + 1.0) / (frequency + K1 * (1.0 - B + B * length))
        best += idf * (K1 + 1.0)
    return total / best if best else 0.0


def recency(memory: Memory, half_life: timedelta | None, now: datetime) -> float:
    """Return 1 for a memory of now, halved for every half-life of age; 1 when its type does not age."""
    if half_life is None:
        return 1.0
    age = max(now - (memory.valid_from or memory.last_verified_at or memory.created_at), timedelta())
    return float(0.5 ** (age / half_life))


def scope_closeness(memory: Memory, visible: Sequence[str]) -> float:
    """Return 1 for a memory at the scope of the read, falling to 0 at global."""
    if len(visible) < 2:
        return 1.0
    return 1.0 - visible.index(memory.scope) / (len(visible) - 1)


def score_parts(
    memory: Memory,
    *,
    lexical: float,
    semantic: float | None,
    half_life: timedelta | None,
    visible: Sequence[str],
    now: datetime,
    weights: Weights = DEFAULT_WEIGHTS,
) -> dict[str, float]:
    """Return the named parts of a memory's score; their sum is the score."""
    parts = {
        "lexical": weights.lexical * lexical,
        "semantic": weights.semantic * max(0.0, semantic or 0.0),
        "recency": weights.recency * recency(memory, half_life, now),
        "importance": weights.importance * memory.importance,
        "confidence": weights.confidence * memory.confidence,
        "scope": weights.scope * scope_closeness(memory, visible),
    }
    if semantic is None:
        del parts["semantic"]
    return parts


def estimated_tokens(text: str) -> int:
    """Return roughly how many tokens a text is: one for every four characters, as LangChain's own estimate."""
    return -(-len(text) // 4)
