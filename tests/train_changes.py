"""Trains what tells whether a statement puts an end to another: `python -m tests.train_changes`.

Reads the pairs and dialogues of tests/data/hear/changes: the last message of a dialogue against its first. Pairs of
messages of different people, which have nothing to do with each other, are examples of what stands side by side.
The same data give the same weights. Needs numpy; `--folds 5` prints what cross-validation finds and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from langgraph_memory.domain import outdated
from langgraph_memory.extract.restate import restated

DATA = Path(__file__).parent / "data" / "hear" / "changes"
WEIGHTS = Path(outdated.__file__).with_name("outdated.json")
STRANGERS = 12
"""How many statements of others each statement is paired with."""
SELDOM = 3
"""Examples that a word must stand in, at least, to get a weight."""
PENALTY = 4e-4
ROUNDS = 1500


@dataclass(frozen=True, slots=True)
class Example:
    group: int
    marks: list[tuple[str, float]]
    replaces: bool
    said: str
    known: str
    stranger: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=0, help="cross-validate instead of writing weights")
    parser.add_argument("-v", action="store_true", help="print what cross-validation gets wrong")
    asked = parser.parse_args()
    examples = list(all_examples())
    print(f"{len(examples)} pairs, {sum(one.replaces for one in examples)} in which one replaces the other")
    if asked.folds:
        cross_validate(examples, asked.folds, tell=asked.v)
    else:
        WEIGHTS.write_text(json.dumps(fit(examples), indent=0, sort_keys=True) + "\n", encoding="utf-8")
        print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1024:.0f} KB")


def all_examples() -> Iterator[Example]:
    pairs = list(told_pairs())
    chance = random.Random(1)
    for number, (known, said, replaces) in enumerate(pairs):
        yield example(number, known, said, replaces)
        for other in chance.sample(range(len(pairs)), STRANGERS):
            if other != number:
                yield example(number, pairs[other][0], said, replaces=False, stranger=True)


def told_pairs() -> Iterator[tuple[str, str, bool]]:
    for line in _lines("pairs*.jsonl"):
        yield line["known"], line["said"], line["relation"] in ("replaces", "corrects", "ends")
    for line in _lines("dialogues*.jsonl"):
        yield line["turns"][0], line["turns"][-1], line["replaces"]


def _lines(names: str) -> list[dict[str, Any]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(DATA.glob(names))]
    return [json.loads(line) for text in texts for line in text.splitlines() if line]


def example(group: int, known: str, said: str, replaces: bool, stranger: bool = False) -> Example:
    return Example(group, outdated.marks(said, restated(known)), replaces, said, known, stranger)


def fit(examples: Sequence[Example]) -> dict[str, float]:
    """Return the weights of a logistic regression, fitted by Adam on the whole batch with an L2 penalty."""
    seen = Counter(name for one in examples if not one.stranger for name, _ in one.marks)
    places = {name: place for place, name in enumerate(sorted(name for name, count in seen.items() if count >= SELDOM))}
    rows, columns, values = _sparse(examples, places)
    targets = np.array([one.replaces for one in examples], float) * 0.96 + 0.02
    weighed = np.array([0.25 if one.stranger else 1.0 for one in examples])
    weights = np.zeros(len(places) + 1)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    penalty = np.full_like(weights, PENALTY)
    penalty[-1] = 0.0
    for number in range(1, ROUNDS + 1):
        scores = np.bincount(rows, weights[columns] * values, len(examples))
        errors = weighed * (1 / (1 + np.exp(-scores)) - targets) / weighed.sum()
        gradient = np.bincount(columns, errors[rows] * values, len(weights)) + penalty * weights
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        rate = 0.05 * (1 - number / (ROUNDS + 1)) / (1 - 0.9**number) * np.sqrt(1 - 0.999**number)
        weights -= rate * mean / (np.sqrt(square) + 1e-8)
    found = {name: round(float(weights[place]), 3) for name, place in places.items()}
    return {
        "": round(float(weights[-1]), 3),
        **{name: weight for name, weight in found.items() if abs(weight) >= 0.02},
    }


def _sparse(examples: Sequence[Example], places: dict[str, int]) -> tuple[Any, Any, Any]:
    """Return the rows, columns and values of the marks that have a place, and of the bias in the last column."""
    held = [
        (row, places[name], value) for row, one in enumerate(examples) for name, value in one.marks if name in places
    ]
    held += [(row, len(places), 1.0) for row in range(len(examples))]
    rows, columns, values = zip(*held, strict=True)
    return np.array(rows), np.array(columns), np.array(values)


def cross_validate(examples: Sequence[Example], folds: int, *, tell: bool) -> None:
    """Print the recall at several precisions, each pair judged by weights that never saw its statements."""
    scores = np.zeros(len(examples))
    for fold in range(folds):
        weights = fit([one for one in examples if one.group % folds != fold])
        for number, one in enumerate(examples):
            if one.group % folds == fold:
                score = weights[""] + sum(weights.get(name, 0.0) * value for name, value in one.marks)
                scores[number] = 1 / (1 + np.exp(-score))
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        told = [one for one, score in zip(examples, scores, strict=True) if score >= threshold]
        right = sum(one.replaces for one in told)
        hard = sum(not one.replaces and not one.stranger for one in told)
        print(
            f"from {threshold}: {right}/{sum(one.replaces for one in examples)} right, {hard} hard and "
            f"{len(told) - right - hard} strangers wrong"
        )
    if tell:
        for one, score in sorted(zip(examples, scores, strict=True), key=lambda pair: -pair[1]):
            if (score >= 0.5) != one.replaces:
                label = "replaces" if one.replaces else "stranger" if one.stranger else "beside"
                print(f"{score:.2f} {label}: {one.known} | {one.said}")


if __name__ == "__main__":
    main()
