"""The learned gate: how likely a clause says something lasting, and of what type and family it is.

Linear models over hashed n-grams and the meaning of words (features.py), trained by `python -m tests.train_gate` on
labelled messages, with weights of one byte. What a weight file holds: `durable` (SPACE,), `kinds` (KINDS, types +
families), and for each the scale of one step and the bias; `senses` are the weights of the meaning. What they do not
take for idle is judged by the encoder too, which reads the clause in its message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp
from typing import Any, Final

from langgraph_memory.domain.encoder import scores_of_parts
from langgraph_memory.domain.search.vectors import numpy
from langgraph_memory.extract.clauses import Clause
from langgraph_memory.extract.features import SPACE, features, sense
from langgraph_memory.extract.restate import is_english

TYPES: Final = ("background", "preference", "rule", "fact", "event")
FAMILIES: Final = tuple(
    "name home origin work education relation pet diet health accessibility possession vehicle tool project schedule "
    "goal hobby taste style language unit finance travel belief event team customer other".split()
)
KINDS: Final = 1 << 13
"""How many places a feature can be hashed to for the types and families."""


IDLE: Final = -4.0
"""The score of the words below which a clause is idle whatever the encoder makes of it."""
OF_WORDS, OF_ENCODER, AT_ALL = 0.42, 0.58, 0.42
"""What the scores of both count, and what is added: a logistic regression on texts of authors that neither had seen."""


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
    places = [features(clause, clauses, message) for clause in clauses]
    scores = [_score(clause, own, weights) for clause, own in zip(clauses, places, strict=True)]
    judged = _judged(clauses, scores, message)
    return [_heard(*each, weights) for each in zip(clauses, places, judged, strict=True)]


def _judged(clauses: Sequence[Clause], scores: Sequence[float], message: str) -> list[float]:
    """Return the scores with what the encoder makes of those clauses that may not be idle."""
    asked = [number for number, score in enumerate(scores) if score >= IDLE and is_english(clauses[number].text)]
    judged = list(scores)
    if asked:
        read = scores_of_parts(message, [(clauses[number].start, clauses[number].end) for number in asked])
        for number, score in zip(asked, read, strict=True):
            if score is not None:
                judged[number] = OF_WORDS * scores[number] + OF_ENCODER * score + AT_ALL
    return judged


@dataclass(frozen=True, slots=True)
class _Weights:
    durable: memoryview
    kinds: memoryview
    step: float
    bias: float
    kind_biases: tuple[float, ...]
    kind_step: float
    senses: Any


def _score(clause: Clause, places: Sequence[int], weights: _Weights) -> float:
    score = weights.bias + weights.step * sum(map(weights.durable.__getitem__, places))
    return score + float(sense(clause) @ weights.senses)


def _heard(clause: Clause, places: Sequence[int], score: float, weights: _Weights) -> Heard:
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
