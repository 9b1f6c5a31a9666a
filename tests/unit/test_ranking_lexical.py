"""BM25 over an owner's own postings."""

import pytest

from langgraph_memory.domain.search.relevance import Corpus, lexical_matches, near_terms
from langgraph_memory.domain.text import question_terms


def posting(row: int, frequency: int, length: int) -> str:
    return f" {row:08x}{frequency:02x}{length:04x}"


def test_a_text_of_average_length_with_every_term_once_scores_one():
    postings = {"dog": posting(1, 1, 5), "rex": posting(1, 1, 5) + posting(2, 1, 5)}

    assert lexical_matches(["dog", "rex"], postings, Corpus(10, 5.0))[1] == pytest.approx(1.0)


def test_a_rare_term_tells_more_than_a_common_one():
    postings = {"rare": posting(1, 1, 5), "common": "".join(posting(row, 1, 5) for row in range(2, 8))}

    matches = lexical_matches(["rare", "common"], postings, Corpus(10, 5.0))

    assert matches[1] > matches[2]


def test_of_two_texts_that_hold_a_term_the_shorter_is_more_about_it():
    matches = lexical_matches(["dog"], {"dog": posting(1, 1, 40) + posting(2, 1, 4)}, Corpus(10, 10.0))

    assert matches[2] > matches[1]


def test_a_term_nobody_holds_keeps_a_text_from_a_perfect_match():
    known = lexical_matches(["dog"], {"dog": posting(1, 1, 5)}, Corpus(10, 5.0))
    partly = lexical_matches(["dog", "unheard"], {"dog": posting(1, 1, 5)}, Corpus(10, 5.0))

    assert partly[1] < known[1]


def test_no_terms_match_nothing():
    assert lexical_matches([], {}, Corpus(0, 0.0)) == {}


def test_a_word_that_is_seldom_used_tells_more_than_one_of_everyday_that_as_few_texts_hold():
    postings = {"gasket": posting(1, 1, 8), "year": posting(2, 1, 8)}

    matches = lexical_matches(["gasket", "year"], postings, Corpus(20, 8.0))

    assert matches[1] > 1.2 * matches[2]


def test_the_word_user_of_a_question_matches_nothing():
    assert question_terms("What does the user eat?") == ["eat"]
    assert question_terms("the user") == []


def test_a_word_that_means_about_the_same_counts_less_than_the_one_that_is_asked_for() -> None:
    postings = {"wed": posting(1, 1, 5), "marriag": posting(2, 1, 5)}

    matches = lexical_matches(["wed"], postings, Corpus(10, 5.0), near_terms(["wed"]))

    assert matches[1] > matches[2] > 0.0


def test_near_terms_are_none_of_those_that_are_asked_for() -> None:
    assert "husband" in near_terms(["wife"])
    assert "husband" not in near_terms(["wife", "husband"])
    assert near_terms(["no-such-word"]) == []
