"""What a memory is found by beside its plain words: identifiers, its slot, and the time that a question names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from support import START, BagOfWords, Clock, Driver, opened_store

from langgraph_memory import CuratedStore, Source

ADA = "ada@example.org"


@pytest.fixture
def opened(database: str, clock: Clock) -> Iterator[CuratedStore]:
    """A store on a new file."""
    with opened_store(database, clock) as store:
        yield store


@pytest.fixture
def store(opened: CuratedStore, mode: str) -> Driver:
    """The same, called in both ways."""
    return Driver(opened, mode)


def contents(recall: Any) -> list[str]:
    return [item.memory.content for item in recall]


async def best(store: Driver, query: str) -> str:
    return contents(await store.recall(query, owner_id=ADA))[0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("When does LH1834 land?", "Flight LH 1834 lands at nine."),
        ("When does LH 1835 land?", "Flight LH1835 lands at ten."),
        ("What does load user profile return?", "loadUserProfile returns a frozen record."),
        ("What does loadOrderLines return?", "load_order_lines returns a list."),
        ("What broke in 3.11.2?", "3.11.2 broke the 4 builds of 11 March."),
        ("Whose address is b.lee@x.org?", "b.lee@x.org is the address of the tenant."),
        ("What is in /etc/app/site.conf?", "/etc/app/site.conf sets the site."),
    ],
)
async def test_an_identifier_is_found_however_it_is_spelt_and_before_what_shares_a_part_of_it(
    store: Driver, query: str, found: str
) -> None:
    for content in (
        "Flight LH 1834 lands at nine.",
        "Flight LH1835 lands at ten.",
        "loadUserProfile returns a frozen record.",
        "load_order_lines returns a list.",
        "3.11.2 broke the 4 builds of 11 March.",
        "2.11.3 broke the 3 builds of 11 April.",
        "b.lee@x.org is the address of the tenant.",
        "lee@b.x.org is the address of the landlord.",
        "/etc/app/site.conf sets the site.",
        "/etc/site/app.conf sets the app.",
    ):
        await store.remember(content, owner_id=ADA)

    assert await best(store, query) == found


async def test_a_memory_is_found_by_the_words_of_its_slot(store: Driver) -> None:
    await store.remember("Kiel", owner_id=ADA, slot="home.city")
    await store.remember("The user plays the cello.", owner_id=ADA)

    assert contents(await store.recall("What is my home city?", owner_id=ADA)) == ["Kiel"]


async def test_a_slot_that_names_a_thread_is_no_text(store: Driver) -> None:
    await store.remember("It is done.", owner_id=ADA, memory_type="summary", slot="thread:kiel")

    assert contents(await store.recall("thread kiel", owner_id=ADA)) == []


async def test_the_word_user_of_a_question_finds_nothing(store: Driver) -> None:
    await store.remember("The user plays the cello.", owner_id=ADA)
    await store.remember("The boat needs paint.", owner_id=ADA)

    assert contents(await store.recall("Does the user have a boat?", owner_id=ADA)) == ["The boat needs paint."]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("Which trip is planned in three months?", 90),
        ("Which trip did we take two weeks ago?", -14),
        ("Which trip is planned for next week?", 7),
        ("Which trip did we take yesterday?", -1),
    ],
)
async def test_of_memories_that_match_alike_the_one_of_the_time_that_is_asked_for_comes_first(
    store: Driver, query: str, days: int
) -> None:
    for number, away in enumerate((-400, -31, -14, -1, 7, 90)):
        content = f"Trip number {number} by train."
        moment = START + timedelta(days=away)
        await store.remember(content, owner_id=ADA, memory_type="event", valid_from=moment)

    found = await store.recall(query, owner_id=ADA)

    assert found[0].memory.valid_from == START + timedelta(days=days)


async def test_of_invoices_the_latest_comes_first(store: Driver) -> None:
    for away in (-5, -90, -40):
        content = f"Invoice of {-away} euros from Brandt."
        await store.remember(content, owner_id=ADA, memory_type="fact", valid_from=START + timedelta(days=away))

    assert await best(store, "What was the latest invoice from Brandt?") == "Invoice of 5 euros from Brandt."


async def test_of_memories_about_one_single_thing_only_the_newest_is_shown(store: Driver) -> None:
    for days, content in ((1, "I live in Exeter."), (0, "I live in Kiel near the harbour."), (0, "I live for tea.")):
        moment = START - timedelta(days=days)
        await store.remember(content, owner_id=ADA, memory_type="event", valid_from=moment)

    for needed in (False, True):
        found = await store.recall("Where do I live?", owner_id=ADA, needed=needed)

        assert "I live in Kiel near the harbour." in contents(found)
        assert "I live in Exeter." not in contents(found)
        assert {one.reason for one in found.dropped if one.memory.content == "I live in Exeter."} == {"outdated"}


async def test_what_is_of_another_scope_or_trusted_less_hides_nothing(store: Driver) -> None:
    long_ago = START - timedelta(days=30)
    await store.remember("My editor is Vim.", owner_id=ADA, memory_type="event", valid_from=long_ago)
    await store.remember("My editor is Emacs.", owner_id=ADA, memory_type="event", scope="project:pump")
    page = Source(actor="tool")
    await store.remember("My editor is Nano.", owner_id=ADA, memory_type="event", source=page)

    found = await store.recall("Which editor is mine?", owner_id=ADA, scope="project:pump")

    assert {"My editor is Vim.", "My editor is Emacs."} <= set(contents(found))


async def test_what_is_always_shown_and_does_not_fit_is_named(store: Driver) -> None:
    for number in range(14):
        await store.remember(f"Rule number {number} holds.", owner_id=ADA, memory_type="rule")
    await store.remember("The boat is blue.", owner_id=ADA)

    found = await store.recall("boat", owner_id=ADA, pinned=10)

    assert len(found) == 11
    assert [one.reason for one in found.dropped] == ["over_limit"] * 4


async def test_what_only_makes_a_question_matches_nothing(store: Driver) -> None:
    await store.remember("The user works at Northwind.", owner_id=ADA)
    await store.remember("The user likes opera.", owner_id=ADA)

    for question in ("Explain how B-trees work", "How does photosynthesis work?", "What does a capybara look like?"):
        assert contents(await store.recall(question, owner_id=ADA)) == []
    assert contents(await store.recall("Where do I work?", owner_id=ADA)) == ["The user works at Northwind."]
    assert contents(await store.recall("How far from home do I work?", owner_id=ADA)) == [
        "The user works at Northwind."
    ]
    assert contents(await store.recall("What music do I like?", owner_id=ADA)) == ["The user likes opera."]


@pytest.mark.parametrize("needed", [False, True])
async def test_a_noun_finds_its_adjective(store: Driver, needed: bool) -> None:
    await store.remember("The user is allergic to peanuts.", owner_id=ADA)
    await store.remember("The user plays the cello.", owner_id=ADA)

    found = await store.recall("Do I have any allergies?", owner_id=ADA, needed=needed)

    assert contents(found) == ["The user is allergic to peanuts."]


async def test_an_answer_needs_sooner_what_is_of_the_time_that_is_asked_for(store: Driver) -> None:
    for days in (-200, 8):
        moment = START + timedelta(days=days)
        await store.remember(f"Trip of {abs(days)} to Graz.", owner_id=ADA, memory_type="event", valid_from=moment)

    found = await store.recall("What did I plan for next week?", owner_id=ADA, needed=True)

    assert contents(found)[:1] == ["Trip of 8 to Graz."]


async def test_an_explanation_says_each_part_in_words(store: Driver) -> None:
    await store.remember("The boat is blue.", owner_id=ADA, importance=0.9)

    told = str(await store.audit.explain(await store.recall("boat", owner_id=ADA), owner_id=ADA))

    assert "words it shares 0." in told
    assert "how important it is 0." in told
    assert "lexical" not in told


async def test_a_question_about_oneself_is_answered_by_what_means_the_same_in_other_words(store: Driver) -> None:
    await store.remember("The user was raised Catholic.", owner_id=ADA)
    await store.remember("The user keeps four goats.", owner_id=ADA)

    assert await best(store, "what's my religion?") == "The user was raised Catholic."
    assert contents(await store.recall("Which currency do the Danes have?", owner_id=ADA)) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Do I have any allergies?", "Eating peanuts brings the user out in a rash."),
        ("Who is my spouse?", "The user's husband is called Tomas."),
        ("What vehicle do I drive?", "The user's car is a grey estate."),
    ],
)
async def test_a_memory_is_found_by_words_that_mean_about_the_same(store: Driver, query: str, found: str) -> None:
    for content in (
        "Eating peanuts brings the user out in a rash.",
        "The user's husband is called Tomas.",
        "The user's car is a grey estate.",
        "The user plays the cello on Mondays.",
    ):
        await store.remember(content, owner_id=ADA)

    assert await best(store, query) == found


async def test_the_word_that_is_asked_for_comes_before_one_that_means_about_the_same(store: Driver) -> None:
    await store.remember("The user's car is a grey estate.", owner_id=ADA)
    await store.remember("The company's vehicle is a white van.", owner_id=ADA)

    recalled = await store.recall("Which vehicle?", owner_id=ADA)

    assert contents(recalled) == ["The company's vehicle is a white van.", "The user's car is a grey estate."]


async def test_the_words_of_a_slot_say_what_a_memory_means_to_an_embedder(
    database: str, clock: Clock, mode: str
) -> None:
    with opened_store(database, clock, index={"dims": BagOfWords.dims, "embed": BagOfWords()}) as opened:
        store = Driver(opened, mode)
        await store.remember("Kiel", owner_id=ADA, slot="home.city")
        await store.remember("Husum", owner_id=ADA)

        recalled = await store.recall("home city", owner_id=ADA)

        meant = {item.memory.content: item.parts["semantic"] for item in recalled}
        assert meant["Kiel"] > meant.get("Husum", 0.0)


@pytest.mark.parametrize("needed", [False, True])
@pytest.mark.parametrize(
    ("query", "number"),
    [("Which trip did we make before the move?", 1), ("Which trip did we make after we moved to Leeds?", 2)],
)
async def test_of_what_matches_alike_that_on_the_side_of_an_event_that_is_asked_for_comes_first(
    store: Driver, query: str, number: int, needed: bool
) -> None:
    for days, content in ((-90, "Trip number 1 by train."), (-60, "Moved to Leeds."), (-30, "Trip number 2 by train.")):
        moment = START + timedelta(days=days)
        await store.remember(content, owner_id=ADA, memory_type="event", valid_from=moment)

    found = await store.recall(query, owner_id=ADA, needed=needed)

    trips = [content for content in contents(found) if content.startswith("Trip")]
    assert trips[0] == f"Trip number {number} by train."
