"""The learned gate: how likely a clause says something lasting, and of what type and family it is.

Linear models over hashed n-grams and the meaning of words (features.py), trained by `python -m tests.train_gate` on
labelled messages, with weights of one byte. What a weight file holds: `durable` (SPACE,), `kinds` (KINDS, types +
families), and for each the scale of one step and the bias; `senses` are the weights of the meaning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp
from typing import Any, Final

from langgraph_memory.domain.search.vectors import numpy
from langgraph_memory.extract.clauses import Clause
from langgraph_memory.extract.features import SPACE, features, sense

TYPES: Final = ("background", "preference", "rule", "fact", "event")
FAMILIES: Final = tuple(
    "name home origin work education relation pet diet health accessibility possession vehicle tool project schedule "
    "goal hobby taste style language unit finance travel belief event team customer other".split()
)
KINDS: Final = 1 << 13
"""How many places a feature can be hashed to for the types and families."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A clause with what the gate makes of it; `probability` is that it says something lasting."""

    clause: Clause
    probability: float
    memory_type: str
    family: str


def hear(clauses: Sequence[Clause], message: str) -> list[Heard]:
    """Return what the gate makes of every clause of a message, in their order."""
    weights = _weights()
    return [_heard(clause, features(clause, clauses, message), weights) for clause in clauses]


@dataclass(frozen=True, slots=True)
class _Weights:
    durable: memoryview
    kinds: memoryview
    step: float
    bias: float
    kind_biases: tuple[float, ...]
    kind_step: float
    senses: Any


def _heard(clause: Clause, places: Sequence[int], weights: _Weights) -> Heard:
    score = weights.bias + weights.step * sum(map(weights.durable.__getitem__, places))
    score += float(sense(clause) @ weights.senses)
    scores = _kind_scores(places, weights)
    types = scores[: len(TYPES)]
    families = scores[len(TYPES) :]
    return Heard(
        clause,
        1.0 / (1.0 + exp(-max(-30.0, min(30.0, score)))),
        TYPES[types.index(max(types))],
        FAMILIES[families.index(max(families))],
    )


def _kind_scores(places: Sequence[int], weights: _Weights) -> list[float]:
    width = len(weights.kind_biases)
    rows = [weights.kinds[start : start + width] for start in (place % KINDS * width for place in places)]
    return [
        bias + weights.kind_step * sum(column)
        for bias, column in zip(weights.kind_biases, zip(*rows, strict=True), strict=True)
    ]


@cache
def _weights() -> _Weights:
    """Read the weight file: a line of JSON with the scales and biases, then the weights, a signed byte each."""
    held = files("langgraph_memory.extract").joinpath("gate.bin").read_bytes()
    head, _, body = held.partition(b"\n")
    told = json.loads(head)
    weights = memoryview(body).cast("b")
    return _Weights(
        weights[:SPACE],
        weights[SPACE:],
        told["step"],
        told["bias"],
        tuple(told["kind_biases"]),
        told["kind_step"],
        numpy().array(told["senses"], "f4"),
    )
