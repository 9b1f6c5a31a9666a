"""Puts the best of what was found in another order, by what a reranker says of each of their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, pstdev

from langgraph_memory.domain.memory import Recalled
from langgraph_memory.domain.needed import chance

MOST_RERANKED = 20
"""How many texts a reranker is asked about: each costs some milliseconds on a processor."""
PART = "reranker"
WEIGHT = 0.5
"""Deviations of the scores that one deviation of what the reranker says is worth."""
NEEDED = {"kept": 0.8, "reranker": 0.38, "always": -0.56}
"""The same for the log-odds of being needed, of which a share is kept, fitted as those are."""
_LEAST_SPREAD = 0.02
"""A spread below this tells nothing apart: what the reranker says is not blown up, and decides between equals."""


def reranked(found: Sequence[Recalled], said: Sequence[float], *, needed: bool) -> list[Recalled]:
    """Return what was found, best first: the first, of which the reranker spoke, in a new order, and the others after.

    What it says may be on any scale: only how the texts differ counts.
    """
    mean, spread = fmean(said), max(pstdev(said), _LEAST_SPREAD)
    deviations = [(one - mean) / spread for one in said]
    told = found[: len(said)]
    if needed:
        scored = [_more_needed(item, deviation) for item, deviation in zip(told, deviations, strict=True)]
    else:
        worth = WEIGHT * max(pstdev([item.score for item in told]), _LEAST_SPREAD)
        scored = [_better(item, worth * deviation) for item, deviation in zip(told, deviations, strict=True)]
    return sorted(scored, key=lambda item: -item.score) + list(found[len(said) :])


def _better(item: Recalled, by: float) -> Recalled:
    score = min(1.0, max(0.0, item.score + by))
    return replace(item, score=score, parts={**item.parts, PART: score - item.score})


def _more_needed(item: Recalled, deviation: float) -> Recalled:
    parts = {name: NEEDED["kept"] * part for name, part in item.parts.items()}
    parts[PART] = NEEDED["reranker"] * deviation + NEEDED["always"]
    return replace(item, score=chance(parts), parts=parts)
