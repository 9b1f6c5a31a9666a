"""What an answer needs of an owner's memories, and what words mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from langgraph_memory.domain.memory import Memory, make_memory
from langgraph_memory.domain.search.meaning import meaning
from langgraph_memory.domain.search.needed import chance, evidence, is_standing

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def a_memory(content: str, **fields: object) -> Memory:
    return make_memory(id=content, owner_id="ada", content=content, created_at=NOW, updated_at=NOW, **fields)


@pytest.mark.parametrize(
    ("content", "slot"),
    [
        ("Ada is short for Adelaide", "nickname"),
        ("The user wants brief replies.", None),
        ("Always reply in Polish.", None),
        ("The user's pronouns are she/her.", None),
        ("Miles, please", "units"),
        ("The user says: “no emojis ever”", None),
        ("The user says: “pls keep answers under five lines”", None),
        ("The user says: “talk to me in Spanish”", None),
        ("The user is Ruth Amankwah and insists on Dr Amankwah.", "person.name"),
        ("The user is Tomas Lind, who likes to be called Tom.", None),
        ("The user is Kit and uses they/them.", None),
        ("The user is called Amara.", None),
        ("The user is often offline and wants short answers without pictures.", None),
        ("The user listens with a screen reader, so no tables.", "accessibility"),
    ],
)
def test_what_shapes_every_answer_is_standing(content: str, slot: str | None) -> None:
    assert is_standing(a_memory(content, slot=slot))


def test_a_type_that_the_application_wants_always_is_standing() -> None:
    notice = a_memory("The account is closed.", memory_type="notice")

    assert is_standing(notice, frozenset({"notice"}))
    assert not is_standing(notice)


@pytest.mark.parametrize(
    ("content", "slot"),
    [
        ("Never deploy on Fridays.", "rule.deploy"),
        ("The user says: “keep the blue one”", None),
        ("The user says: “we use Jira”", None),
        ("The user's dog is called Rex.", "pet.name.dog"),
        ("The user's boss is Ada and goes by Addie.", None),
        ("The user speaks Thai and Lao, and a little French.", "language"),
        ("Ada rows.", None),
    ],
)
def test_what_is_about_something_else_is_not(content: str, slot: str | None) -> None:
    assert not is_standing(a_memory(content, slot=slot))


def test_words_that_mean_about_the_same_are_close() -> None:
    near, far = meaning("physician") @ meaning("doctor"), meaning("physician") @ meaning("motorcycle")
    assert near > far + 0.1


@pytest.mark.parametrize("text", ["", "\u0531\u0532", "x" * 500])
def test_a_text_without_a_known_piece_means_nothing(text: str) -> None:
    assert not meaning(text).any()


def best(query: str, scope: str, memories: list[Memory]) -> str:
    return max(zip(memories, evidence(query, scope, memories), strict=True), key=lambda pair: chance(pair[1]))[
        0
    ].content


def test_a_memory_is_found_by_its_meaning_its_slot_and_its_scope() -> None:
    known = [
        a_memory("The user's physician is Ms Okafor.", slot="contact.physician"),
        a_memory("Kiel", slot="home.city"),
        a_memory("The gasket is 40 mm wide.", scope="project:pump"),
        a_memory("The user plays the cello."),
    ]
    assert best("Which doctor do I see?", "global", known) == known[0].content
    assert best("What is my home city?", "global", known) == known[1].content
    assert best("How large is it?", "project:pump", known) == known[2].content


def test_no_memories_give_no_evidence() -> None:
    assert evidence("anything", "global", []) == []


@pytest.mark.parametrize(("question", "as_likely"), [("What do I take?", False), ("What does my wife take?", True)])
def test_who_asks_about_themselves_needs_less_of_what_is_about_others(question: str, as_likely: bool) -> None:
    content = "Dolores takes metformin."
    of_wife, of_nobody = (a_memory(content, slot=slot) for slot in ("wife.medication", "other.medication"))

    hers, plain = (chance(evidence(question, "global", [one])[0]) for one in (of_wife, of_nobody))

    assert (hers > plain / 3) is as_likely
