"""Matches of different kinds on one scale."""

import random

import pytest

from langgraph_memory.domain.search.arrays import ArrayField, ArrayRelevance, lexical_arrays
from langgraph_memory.domain.search.ranking import brevity
from langgraph_memory.domain.search.relevance import Corpus, Field, Relevance, lexical_matches

np = pytest.importorskip("numpy")


def test_the_scale_of_a_match_does_not_decide():
    wide = {row: row / 100 for row in range(100)}
    narrow = {row: 0.5 + (99 - row) / 1000 for row in range(100)}

    ranked = Relevance.of([Field("a", 1.0, wide, 100), Field("b", 1.0, narrow, 100)]).best_first()

    assert max(score for _, score in ranked) - min(score for _, score in ranked) < 0.01 * ranked[0][1]


def test_a_row_with_all_there_is_to_have_reaches_the_total():
    relevance = Relevance.of([Field("lexical", 0.7, {1: 1.0, 2: 0.3}, 50), Field("context", 1.0, {1: 0.4}, 50, False)])

    assert relevance.best_first()[0] == (1, pytest.approx(relevance.total))


def test_the_parts_of_a_row_sum_to_its_relevance():
    relevance = Relevance.of([Field("context", 1.0, {1: 0.4}, 50), Field("context", 0.5, {1: 0.2, 2: 0.1}, 50)])

    for row, score in relevance.best_first():
        (parts,) = relevance.parts([row])
        assert sum(parts.values()) == pytest.approx(score)


def test_what_matches_in_no_way_is_not_ranked():
    assert Relevance.of([Field("lexical", 0.7, {}, 50)]).best_first() == []


def test_a_single_memory_that_matches_counts_as_a_match():
    relevance = Relevance.of([Field("lexical", 0.7, {1: 1.0}, 1)])

    assert relevance.best_first() == [(1, pytest.approx(relevance.total))]


def test_the_surroundings_of_a_long_text_tell_less():
    assert [round(brevity(terms), 2) for terms in (5.0, 50.0, 300.0)] == [0.99, 0.5, 0.03]


@pytest.mark.parametrize("seed", range(20))
def test_arrays_rank_as_the_plain_fields_do(seed: int):
    chance = random.Random(seed)
    fields, arrays = [], []
    for part in ("lexical", "context", "context", "semantic"):
        rows = sorted(chance.sample(range(1, 9000), chance.choice([0, 1, 40, 6000])))
        matches = [chance.random() for _ in rows]
        weight, own = chance.random(), chance.random() < 0.5
        fields.append(Field(part, weight, dict(zip(rows, matches, strict=True)), 9000, own))
        arrays.append(ArrayField(part, weight, np.array(rows, dtype="u4"), np.array(matches), 9000, own))

    plain, fast = Relevance.of(fields), ArrayRelevance.of(arrays)

    assert fast.total == pytest.approx(plain.total)
    order = fast.best_first()
    expected, found = plain.best_first(), order.take(order.candidates(9000), 9000)
    assert [row for row, _ in found] == [row for row, _ in expected]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected])
    rows = [row for row, _ in expected[:20]]
    for ours, theirs in zip(fast.parts(rows), plain.parts(rows), strict=True):
        assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("seed", range(20))
def test_arrays_match_words_as_the_plain_postings_do(seed: int):
    chance = random.Random(seed)
    postings = {
        f"t{number}": "".join(
            f" {row:08x}{chance.randint(1, 9):02x}{chance.randint(1, 200):04x}"
            for row in chance.sample(range(1, 500), chance.randint(1, 300))
        )
        for number in range(6)
    }
    wanted, corpus = [*postings, "unheard"], Corpus(500, 60.0)

    near = [wanted.pop(), wanted.pop(0)]
    rows, matches = lexical_arrays(wanted, postings, corpus, near)

    expected = lexical_matches(wanted, postings, corpus, near)
    assert dict(zip(rows.tolist(), matches.tolist(), strict=True)) == pytest.approx(expected)
