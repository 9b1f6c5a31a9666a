"""What is read from a text beside its terms."""

import pytest

from langgraph_memory.domain.text import passages, phrase_key, phrases, question_before, question_share, without_phrases


def test_a_statement_asks_nothing_and_a_question_all():
    assert question_share("I moved to Lyon.") == 0.0
    assert question_share("Where do you live?") == 1.0
    assert 0.0 < question_share("I moved to Lyon last week, for the bakery. Do you know it?") < 0.5


def test_the_question_in_the_line_before_is_what_a_memory_answers():
    context = "Bob: I am back.\nAnn: Nice! What is your dog called?\nBob: Rex\nAnn: Sweet!"

    assert question_before("Rex", context) == "What is your dog called?"
    assert question_before("I am back.", context) == ""
    assert question_before("Rex", "no such text") == ""
    assert question_before("Rex", None) == ""


def test_passages_are_whole_sentences_of_about_the_same_length():
    text = " ".join(f"This is sentence number {place}." for place in range(40))

    parts = passages(text, most=8)

    assert len(parts) == 8
    assert " ".join(parts) == text
    assert max(map(len, parts)) < 2 * min(map(len, parts))


def test_a_short_text_is_cut_into_its_sentences_without_the_tiny_ones():
    assert passages("Yes! I like green tea. My cup is blue.") == ["I like green tea.", "My cup is blue."]


def test_a_name_is_found_in_a_query_however_it_is_written():
    assert phrase_key("Ana-María Ruiz") in phrases("what did ana maria ruiz's brother say?")


@pytest.mark.parametrize(
    ("query", "kept"),
    [("What does Bob's dog eat?", "What does dog eat?"), ("Bob?", "Bob?"), ("What is tea?", "What is tea?")],
)
def test_a_name_is_left_out_of_a_query_unless_nothing_else_is_left(query: str, kept: str):
    assert without_phrases(query, ["bob"]) == kept
