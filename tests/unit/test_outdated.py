"""How likely one statement puts an end to another, by weights that were learned from pairs."""

from __future__ import annotations

import pytest

from langgraph_memory.domain.outdated import LIKELY, likelihood, marks


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ("The user rents a garage in Aarhus.", "gave up the garage, it was too dear"),
        ("The user is on the starter plan.", "we cancelled the starter plan"),
        ("The user takes the tram to work.", "no more tram, i cycle to work now"),
    ],
)
def test_what_ended_puts_an_end_to_what_said_so(known: str, said: str) -> None:
    assert likelihood(said, known) >= LIKELY


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ("The user rents a garage in Aarhus.", "the garage door is green"),
        ("The user's aunt is a dentist.", "i am a dentist as well"),
        ("The user's son is called Piet.", "i changed the oil today"),
        ("The user takes the tram to work.", "took the tram home today"),
    ],
)
def test_what_stands_beside_it_does_not(known: str, said: str) -> None:
    assert likelihood(said, known) < LIKELY


def test_statements_of_two_persons_are_not_compared() -> None:
    assert marks("i am no longer vegan", "The user's sister is vegan.") == []
    assert likelihood("i am no longer vegan", "The user's sister is vegan.") == 0.0


def test_long_texts_and_empty_ones_are_not_compared() -> None:
    assert likelihood("no longer " * 40, "The user is vegan.") == 0.0
    assert likelihood("!", "The user is vegan.") == 0.0
