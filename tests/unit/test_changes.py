"""What a statement is about, and which of what is known it puts an end to."""

from __future__ import annotations

import pytest
from support import START

from langgraph_memory.domain.changes import replaced_by
from langgraph_memory.domain.memory import Memory, make_memory


def told(text: str, number: int = 0) -> Memory:
    content = f"The user says: “{text}”"
    return make_memory(id=str(number), owner_id="ada", content=content, created_at=START, updated_at=START)


def ended_by(new: str, *known: str) -> list[int]:
    memories = [told(text, number) for number, text in enumerate(known, 1)]
    return [int(one.id) for one, _ in replaced_by(told(new), memories)]


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ("I live in Graz", "we moved to Linz in spring"),
        ("i'm based in Omaha", "relocated to Tulsa"),
        ("I work for Fiat", "started at Ferrari"),
        ("I work for Fiat", "i got fired"),
        ("I'm engaged", "we got married"),
        ("I'm a junior analyst", "got promoted to senior analyst"),
        ("I'm vegan", "i've gone vegetarian"),
        ("our architect is Olaf", "Runa took over as architect"),
        ("our retro is on Mondays", "the retro was moved to Tuesdays"),
        ("my rent is 700", "my rent went up to 780"),
        ("i drive a fiat panda", "sold the panda"),
        ("I have a horse named Bolt", "Bolt passed away"),
        ("I chew gum all day", "i quit chewing gum"),
        ("never recommend lamb", "lamb is fine again"),
        ("my brother Ugo lives in Pisa", "Ugo moved to Lucca"),
        ("we use asana for planning", "we ditched asana"),
        ("we usually ship on Tuesdays", "we ship on Wednesdays now"),
    ],
)
def test_a_newer_statement_takes_the_place_of_what_was_said_of_the_same_thing(known: str, new: str) -> None:
    assert ended_by(new, known) == [1]


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ("I'm allergic to shrimp", "I don't eat shrimp any more"),
        ("I was born in Graz", "I moved from Graz to Linz"),
        ("my sister is called Nora", "Nora stepped down, Emil is our editor now"),
        ("I live in Graz", "my brother moved to Linz"),
        ("I live in Graz", "I live in Austria"),
        ("I live in Graz", "I work in Linz"),
        ("my sister Ida lives in Rome", "my sister Eva lives in Turin"),
        ("my son Max is 4", "my daughter Lea is 9"),
        ("staging runs on azure", "prod runs on aws"),
        ("our retro is on Mondays", "our retro is in room 5"),
        ("my flight to Oslo is on May 3", "my flight to Bonn is on May 9"),
        ("I love my panda", "sold the bike"),
        ("I like jazz", "I also like techno"),
        ("I work at Fiat", "my wife quit her job at Fiat"),
        ("I have a dog called Bo", "my neighbour's dog died"),
        ("I visited Rome in 2019", "I visited Rome again"),
        ("I moved to Spain in 2015", "I live in Spain"),
    ],
)
def test_what_is_about_another_thing_ends_nothing(known: str, new: str) -> None:
    assert ended_by(new, known) == []


def test_a_thing_of_one_value_has_the_new_one_and_one_of_many_both() -> None:
    assert ended_by("I moved to Linz", "I live in Graz") == [1]
    assert ended_by("I like techno", "I like jazz") == []
