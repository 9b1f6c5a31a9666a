"""Trains the gate that hears what is lasting, and writes its weights: `python -m tests.train_gate`.

Reads the labelled messages of tests/data/hear/train, cuts them into clauses as the extractor does, and fits logistic
regressions over hashed n-grams and the meaning of words (`langgraph_memory.extract.features`) by Adam on the whole
batch with an L2 penalty.
So are the statements that other statements put an end to (tests/data/hear/changes): they all last.
A clause counts as lasting when a labelled span stands mostly in it; what overlaps one only in part is left out.
The same data give the same weights. Needs numpy; `--folds 5` prints what cross-validation finds and writes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from langgraph_memory.extract import gate, gates
from langgraph_memory.extract.clauses import Clause, clauses
from langgraph_memory.extract.features import SPACE, features, sense
from langgraph_memory.extract.foreign import own_words
from langgraph_memory.extract.rules import is_vetoed

DATA = Path(__file__).parent / "data" / "hear" / "train"
STATEMENTS = DATA.parents[1] / "utterances.jsonl"
"""The labelled statements of the rules' evaluation: they name values, not spans."""
WEIGHTS = Path(gate.__file__).with_name("gate.bin")
CHANGES = DATA.with_name("changes")
PENALTY = 3e-4
PENALTY_OF_SENSE = 1e-3
SCALE_OF_SENSE = 3.0
"""How much faster the weights of the meaning are moved: its parts are much smaller than one."""
ROUNDS = 300
SMOOTHED = 0.01
"""How far a label is moved from 0 and 1: some are wrong."""


@dataclass(frozen=True, slots=True)
class Example:
    """A clause's features and meaning, whether it is lasting, and its type and family where it is."""

    message: str
    places: list[int]
    sense: Any
    lasting: bool
    memory_type: str = ""
    family: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=0, help="cross-validate over messages instead of writing weights")
    folds = parser.parse_args().folds
    examples = list(all_examples())
    print(f"{len(examples)} clauses, {sum(one.lasting for one in examples)} of them lasting")
    if folds:
        cross_validate(examples, folds)
    else:
        write(examples)


def all_examples() -> Iterator[Example]:
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield from examples_of(json.loads(line))
    for line in STATEMENTS.read_text(encoding="utf-8").splitlines():
        yield from examples_of_statement(json.loads(line))
    for text in sorted(changed_statements()):
        yield from examples_that_last(text)


def changed_statements() -> Iterator[str]:
    """Yield what was said before something changed it, each once."""
    pairs = [json.loads(line) for path in CHANGES.glob("pairs*.jsonl") for line in path.read_text("utf-8").splitlines()]
    dialogues = [
        json.loads(line) for path in CHANGES.glob("dialogues*.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    yield from {*(pair["known"] for pair in pairs), *(dialogue["turns"][0] for dialogue in dialogues)}


def examples_that_last(text: str) -> Iterator[Example]:
    """Yield the clause of a statement of one clause, which lasts."""
    found = clauses(text)
    if len(found) == 1:
        for clause in heard_of(found, text):
            yield Example(text, features(clause, found, text), sense(clause), lasting=True)


def examples_of(line: dict[str, Any]) -> Iterator[Example]:
    """Yield the clauses of one labelled message."""
    text = line["text"]
    spans = [(text.index(fact["span"]), text.index(fact["span"]) + len(fact["span"]), fact) for fact in line["facts"]]
    found = clauses(text)
    for clause in heard_of(found, text):
        fact, lasting = label(clause, spans)
        if lasting is not None:
            kind = (fact["type"], fact["family"]) if fact and fact["family"] else ("", "")
            yield Example(line["id"], features(clause, found, text), sense(clause), lasting, *kind)


def heard_of(found: Sequence[Clause], text: str) -> list[Clause]:
    """Return the clauses that the gate is asked about: what the vetoes stop would only teach it wrongly."""
    if gates.is_refused_message(text, own_words(text)):
        return []
    return [clause for clause in found if not is_vetoed(clause)]


def examples_of_statement(line: dict[str, Any]) -> Iterator[Example]:
    """Yield the clauses of a labelled statement: those that hold a value are lasting, those beside one are left out."""
    lasting = [fact for fact in line["expect"] if not fact.get("session")]
    found = clauses(line["text"])
    for clause in heard_of(found, line["text"]):
        held = [fact for fact in lasting if str(fact["value"]).lower() in clause.text.lower()]
        if held or not line["expect"]:
            kind = held[0]["memory_type"] if held else ""
            yield Example(line["id"], features(clause, found, line["text"]), sense(clause), bool(held), kind)


def label(clause: Clause, spans: Sequence[tuple[int, int, Any]]) -> tuple[Any, bool | None]:
    """Return the fact that stands in a clause and whether there is one; None where a span only touches it."""
    touched = False
    for start, end, fact in spans:
        shared = min(end, clause.end) - max(start, clause.start)
        length = clause.end - clause.start
        if shared >= 0.5 * (end - start) or (shared >= 0.7 * length and shared >= 8):
            return fact, True
        touched = touched or shared > 0.3 * length
    return None, None if touched else False


class Sparse:
    """Examples as one sparse matrix of ones, with the two products that fitting needs."""

    def __init__(self, rows: Sequence[Sequence[int]], space: int) -> None:
        self.space = space
        self.count = len(rows)
        self.columns = np.concatenate([np.asarray(row, np.int64) % space for row in rows])
        self.rows = np.repeat(np.arange(self.count), [len(row) for row in rows])

    def times(self, weights: Any) -> Any:
        return np.bincount(self.rows, weights[self.columns], self.count)

    def transposed_times(self, errors: Any) -> Any:
        return np.bincount(self.columns, errors[self.rows], self.space)


def fit(examples: Sparse, targets: Any, senses: Any = None) -> tuple[Any, Any, float]:
    """Return the weights of the n-grams and of the meaning, and the bias of one logistic regression."""
    dense = np.zeros((examples.count, 0)) if senses is None else senses * SCALE_OF_SENSE
    space = examples.space
    weights, bias = np.zeros(space + dense.shape[1]), 0.0
    penalty = np.concatenate([np.full(space, PENALTY), np.full(dense.shape[1], PENALTY_OF_SENSE)])
    mean, square, step_mean, step_square = np.zeros_like(weights), np.zeros_like(weights), 0.0, 0.0
    for number in range(1, ROUNDS + 1):
        scores = examples.times(weights[:space]) + dense @ weights[space:] + bias
        errors = (1 / (1 + np.exp(-scores)) - targets) / examples.count
        gradient = np.concatenate([examples.transposed_times(errors), dense.T @ errors]) + penalty * weights
        slope = float(errors.sum())
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        step_mean, step_square = 0.9 * step_mean + 0.1 * slope, 0.999 * step_square + 0.001 * slope**2
        rate = 0.02 * (1 - number / (ROUNDS + 1)) * np.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        weights -= rate * mean / (np.sqrt(square) + 1e-8)
        bias -= float(rate * step_mean / (np.sqrt(step_square) + 1e-8))
    return weights[:space], weights[space:] * SCALE_OF_SENSE, bias


def durable(examples: Sequence[Example]) -> tuple[Any, Any, float]:
    targets = np.array([one.lasting for one in examples], float) * (1 - 2 * SMOOTHED) + SMOOTHED
    senses = np.stack([one.sense for one in examples])
    return fit(Sparse([one.places for one in examples], SPACE), targets, senses)


def kinds(examples: Sequence[Example]) -> tuple[Any, list[float]]:
    """Return one regression for each type and family, of the lasting clauses alone."""
    lasting = [one for one in examples if one.lasting and one.family]
    matrix = Sparse([one.places for one in lasting], gate.KINDS)
    columns, biases = [], []
    for value in (*gate.TYPES, *gate.FAMILIES):
        targets = np.array([value in (one.memory_type, one.family) for one in lasting], float)
        weights, _, bias = fit(matrix, targets * (1 - 2 * SMOOTHED) + SMOOTHED)
        columns.append(weights)
        biases.append(bias)
    return np.stack(columns, axis=1), biases


def write(examples: Sequence[Example]) -> None:
    weights, senses, bias = durable(examples)
    matrix, biases = kinds(examples)
    step, kind_step = float(np.abs(weights).max() / 127), float(np.abs(matrix).max() / 127)
    head = {
        "step": step,
        "bias": round(bias, 6),
        "kind_step": kind_step,
        "senses": [round(float(one), 4) for one in senses],
        "kind_biases": [round(one, 6) for one in biases],
    }
    body = np.round(weights / step).astype(np.int8).tobytes() + np.round(matrix / kind_step).astype(np.int8).tobytes()
    WEIGHTS.write_bytes(json.dumps(head).encode() + b"\n" + body)
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1024:.0f} KB")


def cross_validate(examples: Sequence[Example], folds: int) -> None:
    """Print the recall at several precisions, each clause judged by weights that never saw its message."""
    messages = sorted({one.message for one in examples})
    fold_of = {message: number % folds for number, message in enumerate(messages)}
    scores = np.zeros(len(examples))
    for fold in range(folds):
        weights, senses, bias = durable([one for one in examples if fold_of[one.message] != fold])
        for number, one in enumerate(examples):
            if fold_of[one.message] == fold:
                scores[number] = weights[one.places].sum() + one.sense @ senses + bias
    lasting = np.array([one.lasting for one in examples])
    order = np.argsort(-scores)
    right = np.cumsum(lasting[order])
    precision = right / np.arange(1, len(order) + 1)
    for wanted in (0.97, 0.95, 0.93, 0.9, 0.85):
        enough = np.flatnonzero(precision >= wanted)
        last = enough[-1] if len(enough) else 0
        threshold = 1 / (1 + np.exp(-scores[order[last]]))
        print(f"precision {wanted:.2f}: recall {right[last] / lasting.sum():.3f} from probability {threshold:.2f}")


if __name__ == "__main__":
    main()
