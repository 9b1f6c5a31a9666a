"""How likely one statement puts an end to another, by weights that were learned from pairs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from langgraph_memory.domain.memory import Memory, Source
from langgraph_memory.domain.outdated import LIKELY, UNDECIDED, likelihood, likely_replaced_by, marks
from langgraph_memory.domain.search.recall import replaced_among


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


def said(number: int, content: str) -> Memory:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(hours=number)
    source = Source(actor="user", thread_id=f"t{number}")
    return Memory(id=str(number), owner_id="ada", content=content, source=source, created_at=at, updated_at=at)


def test_of_what_is_undecided_the_newer_is_told_alone() -> None:
    old = said(1, "The user weighs about 92kg.")
    new = said(2, "The user is now down to 86kg.")
    assert UNDECIDED <= likelihood(new.content, old.content) < LIKELY
    assert likely_replaced_by(new, [old]) == []

    assert replaced_among([old, new]) == {("ada", "1")}
    assert replaced_among([old, said(0, new.content)]) == frozenset()


def test_several_are_replaced_where_that_is_clear() -> None:
    known = [said(1, "The user's team leads deploys on Heroku."), said(2, "The user's team hosts it on Heroku.")]

    found = likely_replaced_by(said(3, "The user's team no longer uses Heroku."), known)

    assert {one.id for one, _ in found} == {"1", "2"}


def test_what_comes_beside_and_what_happened_stay() -> None:
    assert likely_replaced_by(said(2, "The user started swimming too."), [said(1, "The user swims.")]) == []
    assert (
        likely_replaced_by(said(2, "The user went to Oslo again."), [said(1, "The user went to Oslo in 2019.")]) == []
    )
