"""Trains the model that tells orders to the agent from statements: `python -m tests.train_orders`.

Orders and innocent texts that are close to them stand in tests/data/orders: by five authors of whom none has seen
what another wrote (orders.txt and innocent.txt, author_a.jsonl to author_d.jsonl), beside memories and lines of code;
the labelled messages of tests/data/hear/train and utterances.jsonl are innocent too, but for those that hold a known
form of an order. Fits a logistic regression, and moves its bias so that at most HELD_BACK of the innocent texts, each
judged by a model that has not seen its author, are held back, and at most REFUSED are taken for orders. The same data
give the same weights. `--folds` prints what cross-validation finds and writes nothing. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped,import-not-found,unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,import-not-found,unused-ignore]

from langgraph_memory.domain.guard.orders import (
    GROUPS,
    SPACE,
    WEIGHTS,
    features,
    has_form,
    is_read,
    passages,
    values_of,
)

DATA = Path(__file__).parent / "data"
AUTHORS = ("author_a", "author_b", "author_c", "author_d")
FOLDS = 4
"""How many parts are made of what is by no author of its own."""
ROUNDS = 200
LOOSENESS = 1.0
"""How little large weights cost."""
HELD_BACK = {"innocent": 0.02, "message": 0.006, "memory": 0.004, "code": 0.02}
REFUSED = {"innocent": 0.006, "message": 0.001, "memory": 0.001, "code": 0.001}
"""Shares of innocent text that may be held back or be taken for an order; the authors' is as close to one as they could
write it."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Passages as a sparse matrix; the kind of each, and who wrote it."""

    rows: Any
    columns: Any
    values: Any
    kinds: Any
    authors: Any

    def matrix(self) -> Any:
        """Return a row of features for each passage."""
        return csr_matrix((self.values, (self.rows, self.columns)), (len(self.kinds), SPACE))

    def times(self, weights: Any) -> Any:
        """Return the score of every passage."""
        return np.bincount(self.rows, weights[self.columns] * self.values, len(self.kinds))

    def take(self, kept: Any) -> Texts:
        """Return some of the passages."""
        numbers = np.cumsum(kept) - 1
        inside = kept[self.rows]
        return Texts(
            numbers[self.rows[inside]],
            self.columns[inside],
            self.values[inside],
            self.kinds[kept],
            self.authors[kept],
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model."""

    weights: Any
    bias: float

    def score(self, texts: Texts) -> Any:
        """Return how much each passage reads like an order."""
        return texts.times(self.weights) + self.bias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", action="store_true", help="cross-validate and write nothing")
    only_folds = parser.parse_args().folds
    texts = read()
    scores = unseen_scores(texts)
    least, sure = (threshold(scores, texts.kinds, shares) for shares in (HELD_BACK, REFUSED))
    for author, kind in sorted({*zip(texts.authors, texts.kinds, strict=True)}):
        mine = scores[(texts.kinds == kind) & (texts.authors == author)]
        held, refused = np.mean(mine > least), np.mean(mine > sure)
        print(f"{author}, {kind}: {len(mine)}, unseen at least held back: {held:.1%}, refused: {refused:.1%}")
    if not only_folds:
        write(fit(texts), least, sure)


def read() -> Texts:
    """Return all the passages."""
    found = [(words, kind, author) for text, kind, author in labelled() for words in passages(text) if is_read(words)]
    return texts_of(found)


def labelled() -> Iterator[tuple[str, str, str]]:
    """Yield each text with its kind and its author."""
    for kind, name in (("order", "orders"), ("innocent", "innocent"), ("memory", "memories"), ("code", "code")):
        for line in (DATA / "orders" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            yield line, kind, "first"
    code = (DATA / "orders" / "code.txt").read_text(encoding="utf-8").splitlines()
    yield from (("\n".join(code[at : at + 9]), "code", "first") for at in range(0, len(code), 3))
    for author in AUTHORS:
        for line in (DATA / "orders" / f"{author}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            yield row["text"], row["label"], author
    paths = [*sorted((DATA / "hear" / "train").glob("*.jsonl")), DATA / "utterances.jsonl"]
    said = (json.loads(line)["text"] for path in paths for line in path.open(encoding="utf-8"))
    yield from ((text, "message", "first") for text in dict.fromkeys(said) if not has_form(text))


def texts_of(read: list[tuple[list[str], str, str]]) -> Texts:
    """Return passages as a matrix."""
    places = [part for words, _, _ in read for part in features(words)]
    counts = np.array([len(one) for one in places])
    return Texts(
        np.repeat(np.arange(len(places)) // GROUPS, counts),
        np.concatenate(places).astype(np.int64),
        np.repeat([values_of(count) for count in counts], counts),
        np.array([kind for _, kind, _ in read]),
        np.array([author for _, _, author in read]),
    )


def fit(texts: Texts) -> Fitted:
    """Return the regression that tells the orders among some passages."""
    counts = np.where((texts.kinds == "order") | (texts.kinds == "innocent"), 1.0, 0.5)
    regression = LogisticRegression(C=LOOSENESS, solver="liblinear", max_iter=ROUNDS, random_state=0)
    regression.fit(texts.matrix(), texts.kinds == "order", counts)
    return Fitted(regression.coef_[0], float(regression.intercept_[0]))


def unseen_scores(texts: Texts) -> Any:
    """Return the score of each passage by a model that has seen none of its author, or of its part."""
    folds = np.random.default_rng(0).integers(0, FOLDS, len(texts.kinds))
    for number, author in enumerate(AUTHORS, FOLDS):
        folds[texts.authors == author] = number
    scores = np.zeros(len(folds))
    for fold in range(FOLDS + len(AUTHORS)):
        scores[folds == fold] = fit(texts.take(folds != fold)).score(texts.take(folds == fold))
    return scores


def threshold(scores: Any, kinds: Any, shares: Mapping[str, float]) -> float:
    """Return the score that at most such shares of the innocent kinds reach."""
    return max(float(np.quantile(scores[kinds == kind], 1 - share)) for kind, share in shares.items())


def write(fitted: Fitted, least: float, sure: float) -> None:
    """Write the weights as signed bytes."""
    step = float(np.abs(fitted.weights).max()) / 127
    weights = np.round(fitted.weights / step).astype("i1")
    np.savez_compressed(WEIGHTS, weights=weights, step=step, bias=fitted.bias - least, sure=sure - least)
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
