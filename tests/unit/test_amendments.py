"""What a short correction changes in the statement before it."""

from __future__ import annotations

import pytest

from langgraph_memory.domain.amendments import looks_like_a_correction, resolved


@pytest.mark.parametrize(
    ("sentence", "said", "content"),
    [
        ("The user's nephew plays the bassoon.", "oboe! not bassoon", "The user's nephew plays the oboe."),
        ("The user's train leaves at 7:40.", "sorry, 7:55", "The user's train leaves at 7:55."),
        ("The user's vet is Dr Salt.", "I wrote Salt but I meant Malt", "The user's vet is Dr Malt."),
        (
            "The user's sister studies in Ghent.",
            "correction, she studies in Leuven",
            "The user's sister studies in Leuven.",
        ),
        ("The user works at Aldi.", "no, Lidl. Aldi was ages ago", "The user works at Lidl."),
        ("The user has 2 kids.", "well 3 if you count the foster child", "The user has 3 kids."),
        ("The user's cat is called Nori.", "*Nora lol", "The user's cat is called Nora."),
        (
            "The user's check-up is on the 4th of May.",
            "I misread the letter, the 9th",
            "The user's check-up is on the 9th of May.",
        ),
        (
            "The user takes coffee with 2 sugars.",
            "meant to say sweeteners, not sugar",
            "The user takes coffee with 2 sweeteners.",
        ),
        (
            "The user's favourite poet is rilke.",
            "oh, mixed them up. i meant szymborska",
            "The user's favourite poet is szymborska.",
        ),
        ("The user's aunt is a retired nurse.", "did I say nurse? midwife", "The user's aunt is a retired midwife."),
        ("The user's niece is 11.", "she's 12 actually, time flies", "The user's niece is 12."),
        (
            "The user is the middle child of 5.",
            "wait, I counted a cousin. middle of three",
            "The user is the middle child of three.",
        ),
    ],
)
def test_a_correction_gives_the_statement_its_new_value(sentence: str, said: str, content: str) -> None:
    found = resolved(sentence, said)

    assert found is not None
    assert found.content == content
    assert found.gone not in content.split()


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The user is lactose intolerant.", "turns out i'm not lactose intolerant after all"),
        ("The user's contract ends on 31 March.", "it's two months of notice"),
        ("The user's aunt can't have gluten.", "that she can't have"),
        ("The user smokes half a pack a day.", "I never said I still smoke"),
    ],
)
def test_what_gives_no_other_value_exchanges_none(sentence: str, said: str) -> None:
    assert resolved(sentence, said) is None


def test_what_names_the_old_value_says_so() -> None:
    named, plain = (resolved("The user is from Riga.", said) for said in ("Tallinn, not Riga", "sorry, Tallinn"))

    assert named is not None
    assert plain is not None
    assert (named.named, named.value, named.gone) == (True, "Tallinn", "Riga")
    assert not plain.named


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        ("oops, B7", True),
        ("soy, not oat", True),
        ("the fifth I mean", True),
        ("Find a present for Ayla, please.", False),
    ],
)
def test_a_correction_is_told_by_how_it_begins_and_ends(said: str, is_one: bool) -> None:
    assert looks_like_a_correction(said) is is_one
