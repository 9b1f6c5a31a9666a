"""Trains what tells which memories an answer needs: `python -m tests.train_needed`.

People with their memories and labelled requests stand in tests/data/needed, by authors who knew neither the code nor a
benchmark. Fits two logistic regressions on the numbers of `features`, without an index and with the local one, and
takes the mean of each and of the weights in earlier.json, which were fitted on requests by others that are not here:
together they find more of what anybody needs than either. The last HELD people of each file are never read, but for
`--test`, which prints what the written weights find of theirs. `--folds` prints what cross-validation finds, each
request judged by weights that have not seen its person, and writes nothing. The same data give the same weights.
Needs the extra `local`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from langgraph_memory.domain.memory import Memory, make_memory
from langgraph_memory.domain.scope import visible_from
from langgraph_memory.domain.search.needed import (
    FLOOR,
    WEIGHTS,
    Request,
    chance,
    deviations_of,
    evidence,
    features,
    is_standing,
)
from langgraph_memory.local import LocalEmbeddings

DATA = Path(__file__).parent / "data" / "needed"
HELD = 6
FOLDS = 6
RIDGE = 50.0
"""How much large weights cost, of numbers in deviations."""
COSTLIER = {"what both are about": 4.0}
"""Of what there are many numbers, each says little, and costs more by the square of this."""
MODELS = ("alone", "with index")
EARLIER = 0.5
"""The share of the earlier weights."""
FEWER = 0.5
"""What a request counts that is asked again of a part of the person's memories: others have few."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request, the memories it may be answered from, how close an index finds each, and which are needed."""

    owner: str
    request: str
    scope: str
    memories: Sequence[Memory]
    closeness: Sequence[float]
    needed: Any
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of many cases in deviations: which part each column is of, and whose each row is."""

    parts: Sequence[str]
    values: Any
    middle: Any
    scale: Any
    labels: Any
    weights: Any
    owners: Any
    cases: Any

    def fitted(self, rows: Any) -> Any:
        """Return the weights of a logistic regression with a ridge, the constant first."""
        x = np.c_[np.ones(rows.sum()), self.values[rows]]
        y, counts, ridge = self.labels[rows], self.weights[rows], RIDGE * np.eye(x.shape[1])
        ridge[0, 0] = 1e-3
        found = np.zeros(x.shape[1])
        for _ in range(60):
            chances = 1.0 / (1.0 + np.exp(-x @ found))
            hessian = (x * (counts * chances * (1.0 - chances))[:, None]).T @ x + ridge
            step = np.linalg.solve(hessian, x.T @ (counts * (chances - y)) + ridge @ found)
            found -= step
            if abs(step).max() < 1e-7:
                break
        return found


def main() -> None:
    """Fit both models, and write or judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", action="store_true", help="print what cross-validation finds, and write nothing")
    parser.add_argument("--test", action="store_true", help="print what the weights find of people never read else")
    chosen = parser.parse_args()
    if chosen.test:
        judge(list(cases(test=True)))
        return
    known = list(cases(test=False))
    held = {}
    for model in MODELS:
        table = table_of(known, model)
        scores = unseen(table)
        print(model, " ".join(f"{noise}: {needed_at(table, scores, noise):.1f}" for noise in (1.5, 1.7, 2.0, 2.2, 2.5)))
        if not chosen.folds:
            held.update(exported(table, model))
    if held:
        np.savez_compressed(WEIGHTS, **held)


def cases(test: bool) -> Iterator[Case]:
    """Yield the requests of the people to learn from, or of those to test with."""
    embeddings, mixed = LocalEmbeddings(), random.Random(0)
    for path in sorted(DATA.glob("people_*.jsonl")):
        people = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for person in people[-HELD:] if test else people[:-HELD]:
            known = memories_of(person)
            vectors = np.array(embeddings.embed_documents([memory.content for memory in known]))
            for asked in person["requests"]:
                close = vectors @ np.array(embeddings.embed_query(asked["request"]))
                case = case_of(person["owner"], asked, known, close)
                yield case
                if not test:
                    yield part_of(case, mixed)


def memories_of(person: dict[str, Any]) -> list[Memory]:
    """Return what is known of a person and holds."""
    now = datetime.fromisoformat(person["now"])
    return [
        make_memory(
            id=one["id"],
            owner_id=person["owner"],
            content=one["content"],
            memory_type={"decision": "fact"}.get(one["memory_type"], one["memory_type"]),
            slot=one["slot"],
            scope=one["scope"],
            importance=one["importance"],
            created_at=now - timedelta(days=one["age_days"]),
            updated_at=now - timedelta(days=one["age_days"]),
        )
        for one in person["memories"]
        if not (one["superseded"] or one["expired"])
    ]


def case_of(owner: str, asked: dict[str, Any], known: Sequence[Memory], close: Any) -> Case:
    """Return a request with what may answer it beside what stands in every prompt."""
    seen = visible_from(asked["scope"])
    kept = [place for place, one in enumerate(known) if one.scope in seen and not is_standing(one)]
    memories = [known[place] for place in kept]
    needed = np.array([float(one.id in asked["needed"]) for one in memories])
    return Case(owner, asked["request"], asked["scope"], memories, close[kept].tolist(), needed)


def part_of(case: Case, mixed: random.Random) -> Case:
    """Return the same request of a part of the memories."""
    size = len(case.memories)
    kept = sorted(mixed.sample(range(size), mixed.randint(min(2, size), max(2, size // 2))))
    close = [case.closeness[place] for place in kept]
    memories = [case.memories[place] for place in kept]
    return Case(case.owner, case.request, case.scope, memories, close, case.needed[kept], FEWER)


def table_of(known: Sequence[Case], model: str) -> Table:
    """Return the numbers of all cases for one of the two models."""
    found = [numbers_of(case, model) for case in known]
    sizes = [len(case.memories) for case in known]
    parts = [name for name, columns in found[0].items() for _ in range(columns.shape[1])]
    values = np.concatenate([np.hstack(list(one.values())) for one in found])
    middle, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    scale *= [COSTLIER.get(part, 1.0) for part in parts]
    return Table(
        parts,
        (values - middle) / scale,
        middle,
        scale,
        np.concatenate([case.needed for case in known]),
        np.repeat([case.weight for case in known], sizes),
        np.repeat([case.owner for case in known], sizes),
        np.repeat(np.arange(len(known)), sizes),
    )


def numbers_of(case: Case, model: str) -> dict[str, Any]:
    """Return the numbers of a case."""
    deviations = deviations_of(case.closeness) if model == "with index" else None
    return features(Request.of(case.request), case.scope, case.memories, deviations)


def unseen(table: Table) -> Any:
    """Return the score of each row by a model that has not seen its person."""
    people = sorted(set(table.owners.tolist()))
    random.Random(0).shuffle(people)
    scores = np.zeros(len(table.labels))
    for fold in range(FOLDS):
        held = np.isin(table.owners, people[fold::FOLDS])
        weights = table.fitted(~held)
        scores[held] = weights[0] + table.values[held] @ weights[1:]
    return scores


def threshold_of(table: Table, scores: Any, noise: float) -> float:
    """Return the score from which on so many memories a request are shown that it does not need."""
    whole = table.weights == 1.0
    requests = len(set(table.cases[whole].tolist()))
    wrong = np.sort(scores[whole & (table.labels == 0.0)])[::-1]
    return float(wrong[int(noise * requests)])


def needed_at(table: Table, scores: Any, noise: float) -> float:
    """Return the share of the needed memories that are shown, in percent."""
    wanted = scores[(table.weights == 1.0) & (table.labels == 1.0)]
    return float(100.0 * (wanted > threshold_of(table, scores, noise)).mean())


def exported(table: Table, model: str) -> dict[str, Any]:
    """Return the weights of each part on its numbers as they are, the constant first."""
    fitted = table.fitted(np.ones(len(table.labels), bool)) * (1.0 - EARLIER)
    earlier = json.loads((DATA / "earlier.json").read_text(encoding="utf-8"))[model]
    found = {f"{model}/always here": np.array([fitted[0] + EARLIER * earlier["always here"]["0"]], "f4")}
    for part in dict.fromkeys(table.parts):
        columns = np.array([one == part for one in table.parts])
        own = fitted[1:][columns] / table.scale[columns]
        constant = -own @ table.middle[columns]
        for place, weight in earlier.get(part, {}).items():
            own[int(place)] += EARLIER * weight
        found[f"{model}/{part}"] = np.array([constant, *own], "f4")
    return found


def judge(known: Sequence[Case]) -> None:
    """Print which of the needed memories are shown, and how many others, by the weights that are written."""
    for model in MODELS:
        hits = wanted = others = 0.0
        for case in known:
            closeness = case.closeness if model == "with index" else None
            told = evidence(case.request, case.scope, case.memories, closeness)
            shown = np.array([chance(parts) >= FLOOR for parts in told], bool)
            hits += float((case.needed * shown).sum())
            wanted += float(case.needed.sum())
            others += float(((1.0 - case.needed) * shown).sum())
        print(f"{model}: needed {100 * hits / wanted:.1f} %, others {others / len(known):.2f} a request")


if __name__ == "__main__":
    main()
