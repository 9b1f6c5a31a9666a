"""What is heard of how people speak: clauses whole, about the speaker, and nothing of what is only shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import hear
from hypothesis import given
from hypothesis import strategies as st

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.promotion import Bucket, PromotionPolicy
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.extract.clauses import clauses
from langgraph_memory.extract.restate import restated


def said(text: str) -> list[Candidate]:
    return RuleExtractor().extract([Utterance(message_id="m1", actor="user", text=text)])


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("Find a hotel in Porto, my husband is blind", ["Find a hotel in Porto", "my husband is blind"]),
        ("my name is Olu and i live in Hull", ["my name is Olu", "i live in Hull"]),
        ("I eat fish but never raw, and no oysters", ["I eat fish but never raw, and no oysters"]),
        ("My wife and I are moving in May", ["My wife and I are moving in May"]),
        ("I own a bakery and have two kids", ["I own a bakery", "I have two kids"]),
        ("我叫王芳，住在成都", ["我叫王芳", "住在成都"]),
        ("On weekdays, I get up at 5", ["On weekdays, I get up at 5"]),
        ("When I fly, I need an aisle seat", ["When I fly, I need an aisle seat"]),
        ("my kids and I moved to Graz", ["my kids and I moved to Graz"]),
        ("sold the van, now I'm on a scooter", ["sold the van", "now I'm on a scooter"]),
        ("my aunt, who is 90, lives with me", ["my aunt, who is 90, lives with me"]),
        ("I sing in a choir and then I help at the bar", ["I sing in a choir", "I help at the bar"]),
        ("I've a bad back so please keep it short", ["I've a bad back", "please keep it short"]),
    ],
)
def test_a_message_is_cut_where_the_speaker_starts_anew(message: str, parts: list[str]) -> None:
    assert [clause.whole for clause in clauses(message)] == parts


@given(st.text(max_size=300))
def test_every_clause_stands_in_its_message(text: str) -> None:
    for clause in clauses(text):
        assert 0 <= clause.start < clause.end <= len(text)


@pytest.mark.parametrize(
    ("clause", "sentence"),
    [
        ("im left handed btw", "The user is left handed."),
        ("I don't eat meat and have two cats", "The user doesn't eat meat and has two cats."),
        ("my sister hates my car", "The user's sister hates the user's car."),
        ("I carry an inhaler", "The user carries an inhaler."),
        ("we moved to Ghent", "The user says: “we moved to Ghent”"),
        ("Ich wohne in Graz", "The user says: “Ich wohne in Graz”"),
        ("no lilies in the house", "The user says: “no lilies in the house”"),
        ("Note that the shop is closed in May", "The shop is closed in May."),
        ("I no longer smoke", "The user no longer smokes."),
        ("I very much prefer tea", "The user very much prefers tea."),
        ("I cannot eat nuts", "The user cannot eat nuts."),
        ("I am vegetarian since I born", "The user says: “I am vegetarian since I born”"),
        ("my wife and I run a shop", "The user says: “my wife and I run a shop”"),
        ("my back is bad, what can i lift", "The user says: “my back is bad, what can i lift”"),
        ("im März leider gekündigt", "The user says: “im März leider gekündigt”"),
    ],
)
def test_a_clause_is_told_of_the_user_or_quoted(clause: str, sentence: str) -> None:
    assert restated(clause) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "Proofread this, please\n\nI am a carpenter from Cork and I have lived above my workshop for thirty years now.",
        "You are Captain Ford. I am your first mate and I live on the ship.",
        "diff --git a/me b/me\n-I live in Graz\n+I live in Linz\n",
        "Suppose I have four children and live in Graz.",
    ],
)
def test_what_is_only_shown_is_not_kept(text: str) -> None:
    assert [one for one in said(text) if one.confidence >= 0.5] == []


@pytest.mark.parametrize(
    "text",
    [
        "some boy in the gym dropped a weight on the mirror",
        "my left sock is wet and the bus is late",
        "two columns, left the day, right the price",
        "Plumbers are never on time",
        "a gift for a colleague, she is 30 and loves cacti",
        "mein Tee ist kalt geworden",
    ],
)
def test_talk_of_the_moment_of_others_and_of_the_world_is_not_kept(text: str) -> None:
    assert [one for one in said(text) if one.confidence >= 0.5 and not one.changes_only] == []


@pytest.mark.parametrize("text", ["Off the record, I live in Graz.", "I live in Graz. Please do not store that."])
def test_what_is_not_to_be_stored_is_discarded_with_its_reason(text: str) -> None:
    assert {one.flaw for one in said(text)} == {"off_the_record"}


@given(st.text(max_size=400))
def test_nothing_that_can_be_typed_raises(text: str) -> None:
    assert all(one.content for one in said(text))


def test_the_first_measure_on_text_of_a_stranger_holds() -> None:
    lines = list(hear.read(Path(hear.OWN) / "utterances.jsonl"))
    facts = [(line, fact) for line in lines for fact in line["expect"]]
    heard = [
        (line, fact)
        for line, fact in facts
        if any(hear.tells(one, fact["must_contain"]) for one in hear.kept(line["text"]))
    ]
    junk = [line["text"] for line in lines if not line["expect"] and hear.kept(line["text"])]

    assert len(heard) >= 0.6 * len(facts)
    assert len(junk) <= 0.04 * sum(not line["expect"] for line in lines), junk


def test_five_languages_are_heard_without_junk() -> None:
    lines = list(hear.read(Path(hear.OWN) / "languages.jsonl"))

    assert sum(bool(hear.kept(line["text"])) for line in lines if line["fact"]) >= 0.4 * len(lines) / 2
    assert sum(bool(hear.kept(line["text"])) for line in lines if not line["fact"]) <= 0.02 * len(lines) / 2


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("I hate loud pubs, except when there is live music", "hates loud pubs, except when there is live music"),
        ("I'm not a fan of cold calls or meetings before nine", "cold calls or meetings before nine"),
        ("I love dim sum, esp. har gow", "dim sum, esp. har gow"),
        ("I drink my coffee black, my tea with milk", "coffee black, the user's tea with milk"),
        ("I like long walks. They clear my head", "They clear the user's head"),
        ("I love tea but hate green tea", "tea but hates green tea"),
    ],
)
def test_a_wish_is_kept_whole_in_one_statement(message: str, kept: str) -> None:
    found = [one for one in said(message) if not one.changes_only]

    assert len(found) == 1
    assert kept in found[0].content


@pytest.mark.parametrize(
    "message", ["we nearly moved to Malmö", "I almost bought a Vespa", "my brother nearly married a pilot"]
)
def test_what_nearly_was_is_not_kept(message: str) -> None:
    assert said(message) == []


@pytest.mark.parametrize("asked", ["Could you remember that", "Can you please remember that", "Would you note that"])
def test_a_question_that_asks_to_remember_is_heard(asked: str) -> None:
    assert [one.content for one in said(f"{asked} I am vegan?")] == ["The user is vegan."]


def test_what_a_speaker_asks_to_remember_and_does_not_know_is_not_kept() -> None:
    policy = PromotionPolicy()
    found = said("please remember that I might move to Rome")

    assert [one for one in found if policy.judge(one).bucket is Bucket.PROMOTE] == []


@pytest.mark.parametrize(
    "message", ["my sister has celiac disease", "my brother is allergic to latex", "my husband grew up in Togo"]
)
def test_what_is_said_of_a_relative_is_kept(message: str) -> None:
    assert any(one.confidence >= 0.6 and not one.changes_only for one in said(message))


def test_what_is_of_somebody_named_before_is_told_with_who_that_is() -> None:
    assert [one.content for one in said("My brother lives in Turin. He builds violins.")] == [
        "The user's brother lives in Turin. He builds violins."
    ]


@pytest.mark.parametrize("message", ["She's a vet of 45, drives a van and hates mornings", "remember the spreadsheet?"])
def test_what_is_of_nobody_who_is_known_or_only_asked_is_not_kept(message: str) -> None:
    assert not [one for one in said(message) if not one.changes_only and one.confidence >= 0.5]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("I collect antique clocks", "The user collects antique clocks."),
        ("I've two ponies", "The user has two ponies."),
        ("can't stand okra, tripe or liver", "The user says: “can't stand okra, tripe or liver”"),
    ],
)
def test_a_short_statement_is_kept_whole(message: str, kept: str) -> None:
    assert [one.content for one in said(message) if not one.changes_only and one.confidence >= 0.5] == [kept]


def test_a_correction_counts_beside_what_is_told_with_it() -> None:
    told = said("meant to say oat milk, not soy, I'm lactose intolerant")

    assert any(one.amends is not None for one in told)
    assert any(one.slot is not None for one in told)
