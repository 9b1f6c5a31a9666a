"""Pairs of statements that say the same, contradict each other, or have nothing to do with each other."""

from __future__ import annotations

import pytest

from langgraph_memory.domain.likeness import compare, says_it_ended

SAME = [
    ("The user likes tea.", "The user likes tea"),
    ("The user likes tea.", "User likes tea"),
    ("The user likes tea.", "The user really likes tea"),
    ("The user prefers short answers.", "The user prefers a short answer"),
    ("Deploy on Friday.", "On Friday, deploy"),
    ("Always run the tests before a release.", "Always run tests before the release, please"),
    ("The build takes 5 minutes.", "The build takes five minutes"),
    ("The build takes 5 minutes.", "The build takes 5 mins"),
    ("The user doesn't like tea.", "The user does not like tea"),
    ("Never deploy on Friday.", "Never ever deploy on Fridays"),
    ("The docs are in the repo.", "The documentation is in the repository"),
    ("The user's favourite colour is green.", "The user's favorite color is green"),
    ("Anna Müller leads the team.", "Anna Muller leads the team"),
    ("The user lives in Berlin.", "The user currently lives in Berlin"),
    ("Use British spelling in every document", "Use british spelling in all documents"),
    ("The release is at 10:30 on Monday", "The release is on Monday at 10:30"),
    ("The user utilizes Vim", "The user uses Vim"),
    ("The user is vegetarian", "The user is a vegetarian."),
    ("The user keeps a parrot in the kitchen.", "In the kitchen, the user keeps a parrot."),
    ("Enable caching in production.", "In production, enable caching."),
    ("Invoices are sent by e-mail", "Invoices are sent by email"),
]

CONTRADICTS = [
    ("The build takes 5 minutes.", "The build takes 15 minutes.", "number"),
    ("The build takes 5 minutes.", "The build takes 5 hours.", "value"),
    ("The user likes tea.", "The user does not like tea.", "polarity"),
    ("The user likes tea.", "The user doesn't like tea.", "polarity"),
    ("Deploy on Friday.", "Never deploy on Friday.", "polarity"),
    ("Always deploy on Friday.", "Never deploy on Friday.", "polarity"),
    ("The user has a dog.", "The user has no dog.", "polarity"),
    ("The user uses Vim.", "The user no longer uses Vim.", "polarity"),
    ("The user uses Vim.", "The user stopped using Vim.", "polarity"),
    ("Enable caching in production.", "Disable caching in production.", "opposite"),
    ("The user prefers dark mode.", "The user prefers light mode.", "opposite"),
    ("The stand-up is in the morning.", "The stand-up is in the evening.", "value"),
    ("The meeting is on Monday.", "The meeting is on Tuesday.", "value"),
    ("The deadline is 5 May.", "The deadline is 6 May.", "number"),
    ("The deadline is 5 May.", "The deadline is 5 June.", "value"),
    ("The deploy channel is Slack.", "The deploy channel is Teams.", "name"),
    ("The user lives in Berlin.", "The user lives in Paris.", "name"),
    ("The limit is 500 requests.", "The limit is 5,000 requests.", "number"),
    ("The budget is $500.", "The budget is €500.", "value"),
    ("The backup runs at 10:30.", "The backup runs at 22:30.", "number"),
    ("The API version is 3.11.", "The API version is 3.12.", "number"),
    ("The user wants long answers.", "The user wants short answers.", "opposite"),
    ("The cache is on by default.", "The cache is off by default.", "opposite"),
    ("Tests are required before a merge.", "Tests are optional before a merge.", "opposite"),
    ("Use tabs, not spaces.", "Use spaces, not tabs.", "order"),
    ("The user prefers tabs over spaces.", "The user prefers spaces over tabs.", "order"),
    ("We meet twice a week.", "We meet once a week.", "number"),
]

UNRELATED = [
    ("Anna likes tea.", "Ben likes tea."),
    ("The user likes tea.", "The team likes tea."),
    ("The user likes tea.", "The user likes coffee."),
    ("The user likes tea.", "The user likes green tea."),
    ("The user uses Python.", "The user uses Rust."),
    ("Anna manages Ben.", "Ben manages Anna."),
    ("Anna's flat is in Oslo.", "Ben's flat is in Oslo."),
    ("Ticket 123 is open.", "Ticket 124 is open."),
    ("Port 5432 is used by Postgres.", "Port 5433 is used by Postgres."),
    ("The user visited page 17.", "The user visited page 18."),
    ("fact number 1", "fact number 2"),
    ("memory 17 about sailing", "memory 18 about sailing"),
    (
        "The payments service runs tests before each release.",
        "The legacy payments service runs tests before each release.",
    ),
    ("The user lives in Berlin.", "The user works in Berlin."),
    ("The build takes 5 minutes.", "The build takes 5 minutes on CI."),
    ("The staging build takes 5 minutes.", "The production build takes 15 minutes."),
    ("Deploy on Friday.", "Deploy on Friday only after asking."),
    ("Use tabs in Python files.", "Use tabs in Go files."),
    ("The user's mother is a teacher.", "The user's father is a teacher."),
    ("The user plays chess.", "The user plays the piano."),
    ("The user's dog is ill.", "The user's cat is ill."),
    ("Migrate from MySQL to Postgres.", "Ask before a migration."),
    ("The user speaks German.", "The user speaks French."),
    ("Chapter 3 is done.", "Chapter 4 is not done."),
    ("User 7 has 3 orders.", "User 8 has 3 orders."),
    ("The invoice goes to Anna.", "The invoice is paid by Anna."),
    ("Never deploy on Friday.", "Never deploy without a review."),
    ("The user has 2 cats.", "The user has 3 dogs."),
    ("Send the invoice to Anna.", "Send the invoice from Anna."),
    ("The user works for Anna.", "The user works with Anna."),
    ("Ask Anna first.", "Anna asks first."),
    ("Ask Anna.", "Anna asks."),
    ("The user imports data.", "The user's important data."),
    ("The user teaches at a university.", "The user teaches at a universe."),
    ("The user manages the team.", "The user is the team's manager."),
    ("The user had a dog.", "The user has a dog."),
    ("The user's pronouns are he/they.", "The user's pronouns are they/them."),
    ("The user no longer works at Acme.", "The user no longer works at Ocado."),
    ("The user is Brazilian.", "The user is from Ghana."),
    ("Always ask before deleting files.", "Never delete files before asking."),
    ("Send reports to Anna weekly.", "Send reports to Ben weekly."),
    ("Some tests are slow.", "All tests are slow."),
    ("His dog is called Rex.", "Her dog is called Rex."),
    ("The user can deploy.", "The user deploys."),
    ("The internal API is slow.", "The external API is slow."),
    ("The user likes dark chocolate.", "The user likes light chocolate."),
    ("Deploy if tests pass.", "Deploy tests pass."),
    ("", "The user likes tea."),
    ("!!!", "???"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_in_other_words_is_the_same(first: str, second: str) -> None:
    assert compare(first, second).kind == "same"
    assert compare(second, first).kind == "same"


@pytest.mark.parametrize(("first", "second", "way"), CONTRADICTS)
def test_what_differs_in_a_value_or_in_polarity_contradicts(first: str, second: str, way: str) -> None:
    assert compare(first, second) == compare(second, first)
    assert (compare(first, second).kind, compare(first, second).way) == ("contradicts", way)


@pytest.mark.parametrize(("first", "second"), UNRELATED)
def test_what_is_about_another_thing_stays_beside_it(first: str, second: str) -> None:
    assert compare(first, second).kind == "unrelated"
    assert compare(second, first).kind == "unrelated"


REWORDED = [
    ("The user likes tea.", "The user is fond of tea."),
    ("The user hikes in the mountains.", "The user enjoys mountain hiking."),
    ("Send the report every week.", "A report has to be sent weekly."),
]

NEVER_REWORDED = [
    ("The user is fond of tea.", "The user is not fond of black tea."),
    ("The build needs 5 minutes.", "A build lasts about 15 minutes."),
    ("Anna is fond of tea.", "Ben enjoys a cup of tea."),
    ("Deploy every Friday.", "Deployments happen each Tuesday."),
    ("Turn caching on in staging.", "Turn off caching for staging."),
    ("The user is fond of morning runs.", "The user enjoys running in the evening."),
    ("Tabs are better than spaces.", "Spaces are better than tabs."),
    ("The team uses Slack for releases.", "Releases are announced in Teams."),
]


@pytest.mark.parametrize(("first", "second"), REWORDED)
def test_a_close_meaning_merges_when_nothing_that_matters_differs(first: str, second: str) -> None:
    assert compare(first, second, closeness=0.97).kind == "same"
    assert compare(first, second, closeness=0.80).kind == "unrelated"


@pytest.mark.parametrize(("first", "second"), NEVER_REWORDED)
def test_no_closeness_merges_what_differs_in_something_that_matters(first: str, second: str) -> None:
    assert compare(first, second, closeness=0.999).kind != "same"


def test_one_exchanged_word_needs_a_closer_meaning_than_a_rewording() -> None:
    first, second = "The user bought a leather sofa", "The user bought a leather couch"

    assert compare(first, second, closeness=0.94).kind == "unrelated"
    assert compare(first, second, closeness=0.97).kind == "same"


@pytest.mark.parametrize(
    "text",
    [
        "The user no longer uses Vim.",
        "The user does not live in Berlin any more.",
        "The user doesn't live in Berlin anymore",
        "The user's team stopped using Slack.",
        "The user has quit smoking.",
    ],
)
def test_a_statement_that_something_ended_is_known_as_one(text: str) -> None:
    assert says_it_ended(text)


@pytest.mark.parametrize(
    "text",
    [
        "The user does not like tea.",
        "The user no longer uses Vim but Emacs.",
        "The user stopped using Slack and uses Teams now.",
        "The user no longer lives in Paris, he moved to Lyon.",
        "Never deploy on Friday.",
        "The bus stopped at the corner.",
    ],
)
def test_a_statement_with_a_successor_or_of_another_kind_says_no_end(text: str) -> None:
    assert not says_it_ended(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The user's sister is Ann.", "The user's sister is Anne."),
        ("Ask Clark about the deploy.", "Ask Clarke about the deploy."),
        ("Meet Martin on Monday.", "Meet Martins on Monday."),
        ("The user works at Bloom.", "The user works at Blooms."),
        ("The team uses Spring for services.", "The team uses Springs for services."),
        ("Ask Will about the rent.", "Ask about the rent."),
        ("The project is called atlas.", "The project is called atlases."),
        ("The list endpoint is /user.", "The list endpoint is /users."),
        ("The branch is feature/login.", "The branch is feature/logins."),
        ("The metric is CACHE_HIT.", "The metric is CACHE_HITS."),
        ("The table is order_item.", "The table is order_items."),
        ("The function is getUser.", "The function is getUsers."),
        ("The host is db1.acme.io.", "The host is db2.acme.io."),
        ("The flag is --force.", "The flag is --forced."),
        ("The user studies at the university.", "The user studies at the universe."),
        ("The port is 8080.", "The port is 80800."),
        ("The user eats meat.", "The user does not eat meat."),
    ],
)
def test_a_name_a_number_or_a_not_that_differs_never_merges(first: str, second: str) -> None:
    for closeness in (None, 0.97, 0.999):
        assert compare(first, second, closeness).kind != "same"
        assert compare(second, first, closeness).kind != "same"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The user drinks coffee.", "The user drinks coffees."),
        ("Anna's report is due.", "Anna's reports are due."),
        ("The team uses postgres.", "The team uses Postgres."),
        ("The endpoint is /users.", "The endpoint is `/users`"),
    ],
)
def test_an_inflection_or_another_way_to_write_it_is_no_other_word(first: str, second: str) -> None:
    assert compare(first, second).kind == "same"
