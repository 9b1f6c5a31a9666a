"""Vectors in one byte for each number: no comparison by them is farther off than it says."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from langgraph_memory.domain.search.arrays import TopK
from langgraph_memory.engine.sqlite.codes import Codes, Reader, encode
from langgraph_memory.engine.sqlite.vectors import closest, slot_of


def coded(vectors: Any) -> Codes:
    """Return the codes of vectors, the first of row 1."""
    reader = Reader.of(len(vectors), vectors.shape[1])
    slots = b"".join(slot_of(row, "content").to_bytes(4, "little") for row in range(1, len(vectors) + 1))
    reader.add(slots, *encode([vector.tobytes() for vector in vectors]))
    return reader.read()


def drawn(seed: int, count: int, dims: int) -> Any:
    """Return vectors of many shapes: of all lengths, sparse, with one large number, next to nothing, nothing."""
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((count, dims)) * 10.0 ** chance.integers(-20, 12, (count, 1))
    vectors[::5] *= chance.random((len(vectors[::5]), dims)) < 0.1
    vectors[1::5, 0] *= 1000.0
    vectors[2::7] = 0.0
    vectors[3::7] *= 1e-25
    return vectors.astype("<f4")


@pytest.mark.parametrize("metric", ["inner_product", "l2"])
@pytest.mark.parametrize("dims", [1, 2, 3, 24, 384, 1536])
@pytest.mark.parametrize("seed", range(5))
def test_no_vector_is_closer_or_less_close_than_its_codes_allow(seed: int, dims: int, metric: str) -> None:
    vectors, exact = drawn(seed, 200, dims), drawn(seed, 200, dims).astype("f8")
    for query in (drawn(seed + 1, 1, dims)[0], vectors[0], vectors[6], np.zeros(dims, "<f4")):
        scores = exact @ query.astype("f8") if metric == "inner_product" else -np.linalg.norm(exact - query, axis=1)

        own: Any = closest(query.tobytes(), [coded(vectors)], metric)["own"]

        rows, about, slack = own
        assert rows.tolist() == list(range(1, 201))
        assert (np.abs(about.astype("f8") - scores) <= slack).all()


def test_of_unit_vectors_the_codes_say_closely_how_close_they_are() -> None:
    vectors = np.random.default_rng(1).standard_normal((500, 384)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    own: Any = closest(vectors[0].tobytes(), [coded(vectors)], "cosine")["own"]

    assert own[2].max() < 0.02
    assert np.abs(own[1] - vectors @ vectors[0]).max() < 0.002


def test_codes_that_are_joined_are_compared_as_before() -> None:
    vectors = drawn(1, 300, 8)

    one = closest(vectors[0].tobytes(), [coded(vectors[:100]).joined(coded(vectors[100:]))], "inner_product")
    other = closest(vectors[0].tobytes(), [coded(vectors[:100]), coded(vectors[100:])], "inner_product")

    assert [part.tolist() for part in one["own"]] == [part.tolist() for part in other["own"]]


@pytest.mark.parametrize("size", [0, 1, 40, 5000, 100_000])
@pytest.mark.parametrize("seed", range(4))
def test_values_come_best_first_however_little_is_known_of_them(seed: int, size: int) -> None:
    chance = np.random.default_rng(seed)
    exact = np.round(chance.standard_normal(size), 3)
    slack = chance.random(size) * (chance.random(size) < 0.8) * 0.05
    order = TopK(exact + slack * chance.uniform(-1.0, 1.0, size), slack.copy(), floor=0.0)
    right = sorted(((-value, -place) for place, value in enumerate(exact.tolist()) if value > 0.0))
    counts = random.Random(seed)
    taken: list[tuple[int, float]] = []

    for _ in range(5):
        count = counts.choice([1, 7, 30])
        places = order.candidates(count)
        vague = order.approximate(places)
        order.settle(vague, exact[vague].tolist())
        taken += order.take(places, count)

    assert taken == [(-place, -value) for value, place in right[: len(taken)]]
    assert len(taken) >= min(5, len(right))


def test_values_below_what_is_asked_for_stay_where_they_are() -> None:
    order = TopK(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 2.5, 0.0, 0.0]))

    places = order.candidates(9, least=3.0)
    order.settle(order.approximate(places), [2.9])

    assert order.take(places, 9, least=3.0) == [(3, 4.0), (2, 3.0)]
    assert order.take(order.candidates(9), 9) == [(1, 2.9), (0, 1.0)]
