"""Ranking, selection and vectors: pure numbers, and why each memory was left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START

from langgraph_memory.domain.memory import Memory, Recalled
from langgraph_memory.domain.ranking import (
    Corpus,
    Weights,
    estimated_tokens,
    lexical_score,
    recency,
    scope_closeness,
    score_parts,
)
from langgraph_memory.domain.selection import Eligibility, Selection
from langgraph_memory.domain.vectors import pack, similarities
from langgraph_memory.exceptions import EmbeddingError

CORPUS = Corpus(100, 5.0, {"rare": 1, "common": 80})


def memory(content: str = "tea", **fields: Any) -> Memory:
    return Memory(
        **{"id": content, "owner_id": "ada", "created_at": START, "updated_at": START, **fields}, content=content
    )


def item(content: str, score: float = 1.0, **fields: Any) -> Recalled:
    return Recalled(memory(content, **fields), score, {})


# --- text -------------------------------------------------------------------------------------------------------------


def test_a_rare_term_tells_more_than_a_common_one() -> None:
    query = ["rare", "common"]

    assert lexical_score(query, ["rare"], [], CORPUS) > lexical_score(query, ["common"], [], CORPUS)


def test_a_term_in_the_context_counts_less_than_one_of_its_own() -> None:
    own = lexical_score(["rare"], ["rare", "x"], [], CORPUS)
    around = lexical_score(["rare"], ["y", "x"], ["rare"], CORPUS)

    assert 0 < around < own


def test_the_same_terms_in_a_longer_memory_score_less() -> None:
    short = lexical_score(["rare"], ["rare", *["x"] * 3], [], CORPUS)
    long = lexical_score(["rare"], ["rare", *["x"] * 30], [], CORPUS)

    assert short > long


def test_what_shares_no_term_scores_nothing() -> None:
    assert lexical_score(["rare"], ["other"], [], CORPUS) == 0.0
    assert lexical_score([], ["other"], [], CORPUS) == 0.0


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


@given(
    WORDS,
    WORDS,
    WORDS,
    st.integers(0, 50),
    st.floats(0, 50),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 99)),
)
def test_a_lexical_score_lies_between_nought_and_one_for_any_statistics(
    query: list[str], own: list[str], around: list[str], size: int, average: float, frequency: dict[str, int]
) -> None:
    score = lexical_score(list(dict.fromkeys(query)), own, around, Corpus(size, average, frequency))

    assert 0.0 <= score <= 1.0


# --- time, scope and the sum ------------------------------------------------------------------------------------------


def test_recency_is_halved_for_every_half_life() -> None:
    month = timedelta(days=30)

    assert [recency(memory(), month, START + n * month) for n in range(3)] == pytest.approx([1.0, 0.5, 0.25])


def test_what_does_not_age_or_lies_in_the_future_is_recent() -> None:
    assert recency(memory(), None, START + timedelta(days=9999)) == 1.0
    assert recency(memory(), timedelta(days=1), START - timedelta(days=9)) == 1.0


def test_recency_counts_from_when_it_became_true_or_was_last_confirmed() -> None:
    later = START + timedelta(days=30)

    assert recency(memory(last_verified_at=later), timedelta(days=30), later) == 1.0
    assert recency(memory(valid_from=START, last_verified_at=later), timedelta(days=30), later) == pytest.approx(0.5)


def test_the_nearest_scope_is_closest_and_global_the_farthest() -> None:
    visible = ("a/b/c", "a/b", "a", "global")

    closeness = [scope_closeness(memory(scope=scope), visible) for scope in visible]

    assert closeness == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    assert scope_closeness(memory(), ("global",)) == 1.0


def test_the_parts_name_everything_a_score_is_made_of() -> None:
    weights = Weights(lexical=1, semantic=1, recency=0, importance=0, confidence=0, scope=0)
    given_parts: dict[str, Any] = {"half_life": None, "visible": ("global",), "now": START, "weights": weights}

    both = score_parts(memory(), lexical=0.5, semantic=0.25, **given_parts)
    lexical_only = score_parts(memory(), lexical=0.5, semantic=None, **given_parts)

    assert sum(both.values()) == 0.75
    assert "semantic" not in lexical_only
    assert score_parts(memory(), lexical=0.0, semantic=-1.0, **given_parts)["semantic"] == 0.0


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
    eligibility = Eligibility(("org:acme", "global"), ("fact",), START)

    assert eligibility.reason_against(memory(**fields)) == reason


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_cosine_ignores_length_and_a_zero_vector_is_close_to_nothing() -> None:
    vectors = [pack(vector, 2) for vector in ([5, 0], [0, 3], [-1, 0], [0, 0])]

    assert similarities(pack([1, 0], 2), vectors) == pytest.approx([1.0, 0.0, -1.0, 0.0])
    assert similarities(pack([0, 0], 2), vectors) == [0.0, 0.0, 0.0, 0.0]


def test_greater_is_closer_for_every_metric() -> None:
    vectors = [pack(vector, 2) for vector in ([1, 2], [9, 9])]

    near, far = similarities(pack([1, 1], 2), vectors, "l2")
    assert (near, far) == pytest.approx((-1.0, -(128**0.5)))
    assert similarities(pack([1, 1], 2), vectors, "inner_product") == [3.0, 18.0]


def test_no_vectors_have_no_similarities() -> None:
    assert similarities(pack([1, 0], 2), []) == []


@pytest.mark.parametrize("vector", [[1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]], [1.0, float("nan")], ["x", "y"], None, 5])
def test_what_is_no_vector_of_the_right_size_is_refused(vector: Any) -> None:
    with pytest.raises(EmbeddingError):
        pack(vector, 2)
