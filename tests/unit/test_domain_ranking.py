"""Ranking, selection and vectors: pure numbers, and why each memory was left out."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from support import START

from langgraph_memory.cache import CacheBound
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory, Recalled
from langgraph_memory.domain.search.ranking import Eligibility, Hints, Priors, Weights, scope_closeness
from langgraph_memory.domain.search.recall import Selection, estimated_tokens
from langgraph_memory.domain.search.vectors import Closeness, pack
from langgraph_memory.domain.times import NamedDate
from langgraph_memory.engine.sqlite.codes import Sketches, sketch
from langgraph_memory.engine.sqlite.fresh import BLOCK, Shelf, bytes_of, grown
from langgraph_memory.engine.sqlite.vectors import Held, closest, slot_of
from langgraph_memory.errors import EmbeddingError
from langgraph_memory.operations.rows import memory_columns

DAY = 24 * 3600 * 1e6


def row(**fields: Any) -> dict[str, Any]:
    """Return the columns of a memory's row that decide beside its words."""
    return {**memory_columns(memory(**fields)), "memory_no": 1}


def recency(one: dict[str, Any], half_life: float | None, at: Any) -> float:
    weights = Weights(recency=1.0)
    return Priors({"fact": half_life}, {}, to_microseconds(at), weights).parts(one)["recency"]


def memory(content: str = "tea", **fields: Any) -> Memory:
    return Memory(
        **{"id": content, "owner_id": "ada", "created_at": START, "updated_at": START, **fields}, content=content
    )


def item(content: str, score: float = 1.0, **fields: Any) -> Recalled:
    return Recalled(memory(content, **fields), score, {})


# --- time, scope and the sum ------------------------------------------------------------------------------------------


def test_recency_is_halved_for_every_half_life() -> None:
    month = timedelta(days=30)

    assert [recency(row(), 30 * DAY, START + n * month) for n in range(3)] == pytest.approx([1.0, 0.5, 0.25])


def test_what_does_not_age_or_lies_in_the_future_is_recent() -> None:
    assert recency(row(), None, START + timedelta(days=9999)) == 1.0
    assert recency(row(), DAY, START - timedelta(days=9)) == 1.0


def test_recency_counts_from_when_it_became_true_or_was_last_confirmed() -> None:
    later = START + timedelta(days=30)

    assert recency(row(last_verified_at=later), 30 * DAY, later) == 1.0
    assert recency(row(valid_from=START, last_verified_at=later), 30 * DAY, later) == pytest.approx(0.5)


def test_the_nearest_scope_is_closest_and_global_the_farthest() -> None:
    assert scope_closeness(("a/b/c", "a/b", "a", "global")) == pytest.approx(
        {"a/b/c": 1.0, "a/b": 2 / 3, "a": 1 / 3, "global": 0.0}
    )
    assert scope_closeness(("global",)) == {"global": 1.0}


def test_a_named_subject_and_a_named_date_add_to_what_is_of_them() -> None:
    hints = Hints(frozenset({"bob"}), [NamedDate(START.year, START.month)], Weights(subject=2.0, date=3.0))

    assert hints.parts(row(subject="Bob")) == {"subject": 2.0, "date": 3.0}
    assert hints.parts(row(valid_from=START - timedelta(days=400))) == {"subject": 0.0, "date": 0.0}


def test_a_question_counts_less_than_a_statement() -> None:
    assert Hints().parts(row(content="Do you like tea?"))["question"] < 0
    assert Hints().parts(row(content="I like tea.")) == {}


def test_what_surroundings_lose_in_a_store_of_long_texts_or_without_context_goes_to_the_texts() -> None:
    short, long = Weights().adapted(1.0, 1.0), Weights().adapted(0.0, 1.0)

    assert short == Weights()
    assert Weights().adapted(1.0, 0.0).lexical == long.lexical
    assert long.context == long.context_semantic == long.asked == long.question == 0.0
    assert long.lexical == pytest.approx(Weights().lexical + Weights().context)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_tokens_are_estimated_at_four_characters_each(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


# --- selection --------------------------------------------------------------------------------------------------------


def test_the_best_are_taken_and_the_rest_is_over_the_limit() -> None:
    selection = Selection(limit=2)

    selection.offer([item("a"), item("b"), item("c")])

    assert [one.memory.content for one in selection.taken] == ["a", "b"]
    assert [(one.memory.content, one.reason) for one in selection.left_out] == [("c", "over_limit")]


def test_a_shorter_memory_may_follow_one_that_was_over_the_budget() -> None:
    selection = Selection(limit=9, max_tokens=2)

    selection.offer([item("four"), item("far too long to fit"), item("also")])

    assert [one.memory.content for one in selection.taken] == ["four", "also"]
    assert [one.reason for one in selection.left_out] == ["over_budget"]


def test_the_same_words_are_taken_once() -> None:
    selection = Selection(limit=9)

    selection.offer([item("Ada likes tea"), item("ada likes tea.")])

    assert [one.reason for one in selection.left_out] == ["duplicate"]


def test_a_score_at_the_threshold_is_enough() -> None:
    selection = Selection(limit=9, min_score=0.5)

    selection.offer([item("at", 0.5), item("below", 0.49)])

    assert [one.memory.content for one in selection.taken] == ["at"]
    assert [one.reason for one in selection.left_out] == ["below_threshold"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"scope": "org:acme"}, None),
        ({"scope": "org:other"}, "out_of_scope"),
        ({"memory_type": "event"}, "wrong_type"),
        ({"superseded_at": START, "superseded_by": "x"}, "superseded"),
        ({"superseded_at": START + timedelta(seconds=1), "superseded_by": "x"}, None),
        ({"expires_at": START}, "expired"),
        ({"expires_at": START + timedelta(seconds=1)}, None),
    ],
)
def test_what_a_read_may_not_see_has_a_reason(fields: dict[str, Any], reason: str | None) -> None:
    eligibility = Eligibility(("org:acme", "global"), ("fact",), to_microseconds(START))

    assert eligibility.reason_against(row(**fields)) == reason


# --- vectors ----------------------------------------------------------------------------------------------------------


def closeness(query: list[float], vectors: list[list[float]], metric: Any = "cosine") -> dict[int, float]:
    packed = [(number, "content", pack(vector, 2, metric)) for number, vector in enumerate(vectors, start=1)]
    return own(closest(pack(query, 2, metric), [Held.of(packed, 2)], metric))


def own(found: Any) -> dict[int, float]:
    """Return how close each row's own vectors are."""
    close = Closeness.from_row(found).own
    return dict(zip(close.rows.tolist(), close.scores.tolist(), strict=True))


def test_cosine_ignores_length_and_a_zero_vector_is_close_to_nothing() -> None:
    vectors = [[5.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [0.0, 0.0]]

    assert closeness([1, 0], vectors) == pytest.approx({1: 1.0, 2: 0.0, 3: -1.0, 4: 0.0})
    assert closeness([0, 0], vectors) == dict.fromkeys((1, 2, 3, 4), 0.0)


def test_greater_is_closer_for_every_metric() -> None:
    assert closeness([1, 1], [[1, 2], [9, 9]], "l2") == pytest.approx({1: -1.0, 2: -(128**0.5)})
    assert closeness([1, 1], [[1, 2], [9, 9]], "inner_product") == {1: 3.0, 2: 18.0}


def test_no_vectors_have_no_similarities() -> None:
    assert closeness([1, 0], []) == {}


def test_the_closest_of_a_rows_vectors_counts_and_its_context_is_kept_apart() -> None:
    fields = [(1, "content", [0, 1]), (1, "content.0", [1, 0]), (2, "context", [1, 0]), (2, "content", [0, 1])]
    held = Held.of([(number, field, pack(vector, 2)) for number, field, vector in fields], 2)

    found = Closeness.from_row(closest(pack([1, 0], 2), [held], "cosine"))

    assert (found.own.rows.tolist(), found.own.scores.tolist()) == ([1, 2], [1.0, 0.0])
    assert (found.context.rows.tolist(), found.context.scores.tolist()) == ([2], [1.0])


def slotted(vectors: list[bytes]) -> Sketches:
    """Return the sketches of vectors, the first of row 1."""
    slots = b"".join(slot_of(row, "content").to_bytes(4, "little") for row, _ in enumerate(vectors, 1))
    return Sketches.of([(slots, b"".join(map(sketch, vectors)))])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("dims", [1, 2, 3, 16, 64, 384])
def test_asked_for_what_is_close_no_sketch_of_a_close_vector_is_left_out(seed: int, dims: int) -> None:
    chance = random.Random(seed)
    query = [chance.gauss(0, 1) for _ in range(dims)]
    wide = [[chance.gauss(0, 1) for _ in range(dims)] for _ in range(200)]
    near = [[number + chance.gauss(0, 0.4) for number in query] for _ in range(50)]
    sparse = [[number * (place % 8 != row) for place, number in enumerate(query)] for row in range(8)]
    vectors = [pack(one, dims) for one in [*wide, *near, *sparse, query]]
    held = Held.of([(row, "content", vector) for row, vector in enumerate(vectors, 1)], dims)

    found = {int(slot) >> 1 for slot in slotted(vectors).near(vectors[-1], 0.92)}

    everything = own(closest(vectors[-1], [held], "cosine"))
    assert len(vectors) in found
    assert {row for row, score in everything.items() if score >= 0.92} <= found


def test_asked_for_what_is_close_the_sketches_leave_out_nearly_all_others() -> None:
    chance = random.Random(1)
    vectors = [pack([chance.gauss(0, 1) for _ in range(64)], 64) for _ in range(500)]

    assert 8 in (found := {int(slot) >> 1 for slot in slotted(vectors).near(vectors[7], 0.92)})
    assert len(found) < 5


def test_a_sketch_is_the_same_in_every_process() -> None:
    assert sketch(pack([1, 2, 3], 3)).hex() == "4d947d3ccee026817d9f6155cc1e322267ea22d722782f8bb451bad0e41592f5"


def test_bits_are_counted_without_numpy_2_too(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)
    vectors = [pack([chance.gauss(0, 1) for _ in range(3)], 3) for _ in range(300)]
    expected = slotted(vectors).near(vectors[0], 0.92).tolist()

    monkeypatch.delattr(np, "bitwise_count", raising=False)

    assert slotted(vectors).near(vectors[0], 0.92).tolist() == expected


def test_asked_for_what_is_close_what_is_less_so_is_left_out() -> None:
    held = Held.of([(1, "content", pack([1, 0], 2)), (2, "content", pack([1, 1], 2))], 2)

    assert own(closest(pack([1, 0], 2), [held], "cosine", 0.92)) == {1: 1.0}


def test_only_where_vectors_are_compared_by_cosine_is_any_left_out() -> None:
    vectors = [pack([number, 1.0], 2, "l2") for number in range(9)]
    held = Held.of([(row, "content", vector) for row, vector in enumerate(vectors, 1)], 2)

    assert len(own(closest(vectors[0], [held], "l2", 0.9))) == 9


def test_a_shelf_answers_for_the_state_it_was_given_and_forgets_what_was_used_longest_ago() -> None:
    vectors = (Held.of([(1, "content", pack([1, 0], 2))], 2),)
    shelf: Shelf[Held] = Shelf(CacheBound(2 * (bytes_of(vectors) + 400)))

    for partition in (1, 2, 3):
        shelf.keep(partition, 10, vectors)

    assert [shelf.find(partition, 10) is vectors for partition in (1, 2, 3)] == [False, True, True]
    assert shelf.find(2, 11) is None


def test_vectors_that_grow_by_blocks_stay_in_order_and_in_few_matrices() -> None:
    blocks = [Held(np.arange(n, n + BLOCK), np.full((BLOCK, 2), n)) for n in range(0, 100 * BLOCK, BLOCK)]
    parts: tuple[Held, ...] = ()
    for block in blocks:
        parts = grown(parts, block)

        assert len(parts) <= 3

    assert np.concatenate([part.slots for part in parts]).tolist() == list(range(100 * BLOCK))
    assert np.concatenate([part.matrix for part in parts])[:, 0].tolist() == [n // BLOCK * BLOCK for n in range(12800)]


@pytest.mark.parametrize("vector", [[1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]], [1.0, float("nan")], ["x", "y"], None, 5])
def test_what_is_no_vector_of_the_right_size_is_refused(vector: Any) -> None:
    with pytest.raises(EmbeddingError):
        pack(vector, 2)
