"""Trains the model that tells orders to the agent from statements: `python -m tests.train_orders`.

Orders and innocent sentences that are close to them stand in tests/data/orders, a sentence a line, beside memories and
lines of code; every sentence of the labelled messages of tests/data/hear/train and utterances.jsonl is innocent too.
Fits a logistic regression by Adam on the whole batch with an L2 penalty, and moves its bias so that at most ALLOWED of
the innocent sentences, each judged by a model that has not seen it, are taken for orders. The same data give the same
weights. `--folds` prints what cross-validation finds and writes nothing. Needs numpy.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from langgraph_memory.domain.guard.orders import SPACE, WEIGHTS, features, is_read, sentences, weight_of, words_of
from langgraph_memory.domain.search.meaning import meanings

DATA = Path(__file__).parent / "data"
FOLDS = 5
ROUNDS = 150
RATE = 0.1
PENALTY = 3e-4
MEANING = 2.0
"""What a vector of length 1 weighs beside the words."""
ALLOWED = {"innocent": 0.025, "message": 0.004, "memory": 0.001, "code": 0.03}
"""Shares of innocent text that may be taken for an order; the lines are as close to orders as their author could."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Sentences as a sparse matrix of their words, a matrix of what they mean, and the kind of each."""

    rows: Any
    columns: Any
    values: Any
    meanings: Any
    kinds: Any

    def times(self, words: Any, meaning: Any) -> Any:
        """Return the score of every sentence."""
        by_words = np.bincount(self.rows, words[self.columns] * self.values, len(self.kinds))
        return by_words + MEANING * (self.meanings @ meaning)

    def take(self, kept: Any) -> Texts:
        """Return some of the sentences."""
        numbers = np.cumsum(kept) - 1
        inside = kept[self.rows]
        return Texts(
            numbers[self.rows[inside]],
            self.columns[inside],
            self.values[inside],
            self.meanings[kept],
            self.kinds[kept],
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model."""

    words: Any
    meaning: Any
    bias: float

    def score(self, texts: Texts) -> Any:
        """Return how much each text reads like an order."""
        return texts.times(self.words, self.meaning) + self.bias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", action="store_true", help="cross-validate and write nothing")
    only_folds = parser.parse_args().folds
    texts = read()
    scores = unseen_scores(texts)
    least = threshold(scores, texts.kinds)
    for kind in ("order", *ALLOWED):
        mine = scores[texts.kinds == kind]
        print(f"{kind}: {len(mine)}, taken for an order unseen: {np.mean(mine > least):.1%}")
    if not only_folds:
        write(fit(texts), least)


def read() -> Texts:
    """Return all the sentences."""
    orders = (DATA / "orders" / "orders.txt").read_text(encoding="utf-8").splitlines()
    innocent = (DATA / "orders" / "innocent.txt").read_text(encoding="utf-8").splitlines()
    paths = [*sorted((DATA / "hear" / "train").glob("*.jsonl")), DATA / "utterances.jsonl"]
    lines = [line for path in paths for line in path.open(encoding="utf-8")]
    messages = list(
        dict.fromkeys(one for line in lines for one in sentences(json.loads(line)["text"]) if is_read(words_of(one)))
    )
    code = (DATA / "orders" / "code.txt").read_text(encoding="utf-8").splitlines()
    memories = (DATA / "orders" / "memories.txt").read_text(encoding="utf-8").splitlines()
    kinds = [
        ("order", orders),
        ("innocent", innocent),
        ("message", messages),
        ("memory", memories),
        ("code", code),
    ]
    return texts_of([one for _, held in kinds for one in held], [kind for kind, held in kinds for _ in held])


def texts_of(sentences: Sequence[str], kinds: Sequence[str]) -> Texts:
    """Return sentences as matrices."""
    places = [features(words_of(sentence)) for sentence in sentences]
    counts = [len(one) for one in places]
    return Texts(
        np.repeat(np.arange(len(sentences)), counts),
        np.concatenate([np.asarray(one, np.int64) for one in places]),
        np.repeat([weight_of(count) if count else 0.0 for count in counts], counts),
        meanings([" ".join(words_of(one)) for one in sentences]),
        np.asarray(kinds),
    )


def fit(texts: Texts) -> Fitted:
    """Return the regression that tells the orders among some texts."""
    wanted = (texts.kinds == "order").astype("f8")
    weights = np.where((texts.kinds == "order") | (texts.kinds == "innocent"), 1.0, 0.5)
    weights /= weights.sum()
    size = SPACE + texts.meanings.shape[1]
    state, first, second, bias = np.zeros(size), np.zeros(size), np.zeros(size), 0.0
    for turn in range(1, ROUNDS + 1):
        scores = texts.times(state[:SPACE], state[SPACE:]) + bias
        wrong = (1 / (1 + np.exp(-scores)) - wanted) * weights
        by_words = np.bincount(texts.columns, wrong[texts.rows] * texts.values, SPACE)
        slope = np.concatenate([by_words, MEANING * (texts.meanings.T @ wrong)]) + PENALTY * state
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        state -= RATE * (first / (1 - 0.9**turn)) / (np.sqrt(second / (1 - 0.999**turn)) + 1e-8)
        bias -= 5 * RATE * wrong.sum()
    return Fitted(state[:SPACE], state[SPACE:], bias)


def unseen_scores(texts: Texts) -> Any:
    """Return the score of each text by a model that has not seen it."""
    folds = np.random.default_rng(0).integers(0, FOLDS, len(texts.kinds))
    scores = np.zeros(len(folds))
    for fold in range(FOLDS):
        scores[folds == fold] = fit(texts.take(folds != fold)).score(texts.take(folds == fold))
    return scores


def threshold(scores: Any, kinds: Any) -> float:
    """Return the least score of an order."""
    return max(float(np.quantile(scores[kinds == kind], 1 - share)) for kind, share in ALLOWED.items())


def write(fitted: Fitted, least: float) -> None:
    """Write the weights, those of the words as signed bytes."""
    step = float(np.abs(fitted.words).max()) / 127
    np.savez_compressed(
        WEIGHTS,
        words=np.round(fitted.words / step).astype("i1"),
        step=step,
        meaning=(MEANING * fitted.meaning).astype("f2"),
        bias=fitted.bias - least,
    )
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
