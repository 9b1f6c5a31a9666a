"""A search finds the rows that comparing every vector as it is would find, in that order, with those scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import dist, hypot
from random import Random
from typing import Any

import pytest
from langgraph.store.base import PutOp

from langgraph_memory.domain.search.arrays import ArrayField
from langgraph_memory.engine.sqlite import vectors as sqlite_vectors
from langgraph_memory.errors import IndexChangedError
from langgraph_memory.store import CuratedStore

DIMS = 24
PLACE = ("notes", "ada")
METRICS = ("cosine", "l2", "inner_product")


def vector(text: str) -> list[float]:
    """Return the vector of "group member": those of a group differ by less than a byte can tell."""
    group, member = (Random(part) for part in (text.split(maxsplit=1)[0], text))
    size = 1.0 if group.random() < 0.7 else 30.0
    return [size * (group.gauss(0, 1) + member.gauss(0, 0.003)) for _ in range(DIMS)]


def closeness(metric: str, one: list[float], other: list[float]) -> float:
    """Return how close two vectors are, the slow and obvious way."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    if metric == "l2":
        return -dist(one, other)
    return product if metric == "inner_product" else product / (hypot(*one) * hypot(*other))


def expected(
    metric: str, held: Mapping[str, Mapping[str, Any]], query: str, wanted: Mapping[str, Any]
) -> list[tuple[str, float]]:
    scored = [
        (key, closeness(metric, vector(value["text"]), vector(query)))
        for key, value in held.items()
        if all(value[name] == one for name, one in wanted.items())
    ]
    return sorted(scored, key=lambda pair: -pair[1])


def opened(database: str, metric: str) -> CuratedStore:
    index: Any = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts], "fields": ["text"]}
    return CuratedStore.from_conn_string(database, index={**index, "distance_type": metric})


def assert_exact(store: CuratedStore, metric: str, held: Mapping[str, Mapping[str, Any]], chance: Random) -> None:
    query = f"{chance.randrange(6)} {chance.random()}"
    wanted = chance.choice([{}, {"kind": 1}])
    offset, limit = chance.choice([(0, 1), (0, 10), (7, 20), (60, 40)])
    scale = max(1.0, *(abs(score) for _, score in expected(metric, held, query, {})))

    found = store.search(PLACE, query=query, filter=wanted, limit=limit, offset=offset)

    right = expected(metric, held, query, wanted)[offset : offset + limit]
    assert [item.score for item in found] == pytest.approx([score for _, score in right], abs=3e-6 * scale)
    scores = dict(expected(metric, held, query, wanted))
    assert [scores[item.key] for item in found] == pytest.approx([score for _, score in right], abs=3e-6 * scale)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("seed", "small"), [(0, 0), (1, 0), (2, 1 << 20), (3, 1 << 20), (4, 36_000)])
def test_a_search_is_exact_whatever_was_put_changed_and_deleted(
    database: str, metric: str, seed: int, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_vectors, "_SMALL", small)
    monkeypatch.setattr(sqlite_vectors, "_OFTEN", seed % 3)
    chance = Random(f"{metric} {seed}")
    held: dict[str, dict[str, Any]] = {}
    with opened(database, metric) as store, opened(database, metric) as other:
        for _ in range(6):
            writer = chance.choice([store, other])
            new = {f"k{chance.randrange(400)}": {"text": f"{chance.randrange(6)} {chance.random()}"} for _ in range(90)}
            for value in new.values():
                value["kind"] = chance.randrange(3)  # type: ignore[assignment]
            gone = [key for key in held if key not in new and chance.random() < 0.1]
            writer.batch([PutOp(PLACE, key, value) for key, value in new.items()])
            writer.batch([PutOp(PLACE, key, None) for key in gone])
            held = {key: value for key, value in (held | new).items() if key not in gone}
            for _ in range(4):
                assert_exact(store, metric, held, chance)


@pytest.mark.parametrize("metric", METRICS)
def test_a_search_across_owners_is_exact(database: str, metric: str) -> None:
    chance = Random(metric)
    texts = {f"k{number}": f"{chance.randrange(4)} {chance.random()}" for number in range(500)}
    with opened(database, metric) as store:
        puts = [PutOp(("notes", f"owner-{key[-1]}"), key, {"text": text}) for key, text in texts.items()]
        store.batch(puts)

        found = store.search(("notes",), query="2 new", limit=25)

    right = sorted((closeness(metric, vector(text), vector("2 new")) for text in texts.values()), reverse=True)[:25]
    assert [item.score for item in found] == pytest.approx(right, rel=3e-6, abs=3e-6)


def recalled(metric: str) -> list[list[tuple[str, float]]]:
    """Return what is recalled for some queries of many memories, three quarters of them with a context."""
    chance = Random(metric)
    lines = [json.dumps({"format": "langgraph_memory", "version": 1})]
    for number in range(700):
        text = f"{chance.randrange(5)} word{chance.randrange(40)} {chance.random():.6f}"
        moment = "2026-01-01T00:00:00+00:00"
        memory = {"id": f"m{number}", "owner_id": "ada", "content": text, "created_at": moment, "updated_at": moment}
        context = {"context": f"{chance.randrange(5)} around"} if number % 4 else {}
        lines.append(json.dumps({"kind": "memory", "memory": {**memory, **context}, "versions": []}))
    with opened(":memory:", metric) as store:
        store.admin.import_(lines)
        found = [store.recall(f"{number % 5} word{number}", owner_id="ada", limit=20) for number in range(12)]
    return [[(item.memory.content, item.score) for item in recall] for recall in found]


def ordered(found: list[tuple[str, float]]) -> list[str]:
    """Return the texts by their scores; where only the last bit tells two scores apart, by the texts."""
    return [content for content, _ in sorted(found, key=lambda item: (-round(item[1], 12), item[0]))]


@pytest.mark.parametrize("metric", METRICS)
def test_a_recall_by_codes_is_that_by_vectors(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ArrayField, "spread", 0.1)
    monkeypatch.setattr(sqlite_vectors, "_SMALL", 0)

    by_codes = recalled(metric)
    monkeypatch.setattr(sqlite_vectors, "BLOCK", 1 << 30)
    by_vectors = recalled(metric)

    for one, other in zip(by_codes, by_vectors, strict=True):
        assert ordered(one) == ordered(other)
        assert [score for _, score in one] == pytest.approx([score for _, score in other], rel=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_how_much_matches_spread_is_known_from_codes_well_enough(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_vectors, "_SMALL", 0)

    by_codes = recalled(metric)
    monkeypatch.setattr(sqlite_vectors, "BLOCK", 1 << 30)
    by_vectors = recalled(metric)

    for one, other in zip(by_codes, by_vectors, strict=True):
        assert [score for _, score in one] == pytest.approx([score for _, score in other], rel=1e-3)


def test_vectors_of_another_size_take_the_place_of_those_there_were(database: str) -> None:
    texts = [f"{number % 6} {number}" for number in range(300)]
    with opened(database, "cosine") as store:
        store.batch([PutOp(PLACE, text, {"text": text}) for text in texts])
        store.search(PLACE, query="1 1")
    index: Any = {"dims": 8, "embed": lambda new: [vector(text)[:8] for text in new], "fields": ["text"]}
    with CuratedStore.from_conn_string(database, index=index) as store:
        with pytest.raises(IndexChangedError):
            store.search(PLACE, query="1 1")
        store.admin.reindex()

        found = store.search(PLACE, query="1 1", limit=30)

    right = sorted((closeness("cosine", vector(text)[:8], vector("1 1")[:8]) for text in texts), reverse=True)[:30]
    assert [item.score for item in found] == pytest.approx(right, abs=3e-6)
