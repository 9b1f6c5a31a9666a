"""Relative times become dates by when they were said: Monday 2 March 2026, 9:00 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_memory.domain.times import asked_times, dated, event_named

SAID = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("The deadline is tomorrow.", "The deadline is tomorrow (3 March 2026)."),
        ("The team launched the beta yesterday.", "The team launched the beta yesterday (1 March 2026)."),
        ("The deadline is the end of this month.", "The deadline is the end of this month (31 March 2026)."),
        (
            "The user has a dentist appointment on Friday.",
            "The user has a dentist appointment on Friday (6 March 2026).",
        ),
        ("The user shipped it on Friday.", "The user shipped it on Friday (27 February 2026)."),
        ("The user moved to Exeter last month.", "The user moved to Exeter last month (February 2026)."),
        ("The user has an MRI on the 22nd.", "The user has an MRI on the 22nd (22 March 2026)."),
        ("The launch was postponed to 10 May.", "The launch was postponed to 10 May (10 May 2026)."),
        ("The review was moved to 1 February.", "The review was moved to 1 February (1 February 2027)."),
        ("The deadline got pushed back, 10 February.", "The deadline got pushed back, 10 February (10 February 2027)."),
        ("They rescheduled it: 5 January.", "They rescheduled it: 5 January (5 January 2027)."),
        ("The user moved house on 5 January.", "The user moved house on 5 January (5 January 2026)."),
        ("The user quit smoking 3 weeks ago.", "The user quit smoking 3 weeks ago (9 February 2026)."),
        ("The user flies in two weeks.", "The user flies in two weeks (16 March 2026)."),
        ("The wedding is on 14 June.", "The wedding is on 14 June (14 June 2026)."),
        ("The wedding is on January 9th.", "The wedding is on January 9th (9 January 2027)."),
        ("The user has been vegan since January.", "The user has been vegan since January (January 2026)."),
        ("The user is remodelling next spring.", "The user is remodelling next spring (1 March 2027 to 31 May 2027)."),
        ("The user has a 6 month old son.", "The user has a 6 month old (as of March 2026) son."),
        ("The visa runs out next year.", "The visa runs out next year (2027)."),
    ],
)
def test_a_relative_time_is_given_its_date(said: str, written: str) -> None:
    assert dated(said, SAID).content == written


@pytest.mark.parametrize(
    "said",
    [
        "The user has been in Toronto since 2016.",
        "The team never deploys on Fridays.",
        "The user may switch to Terraform.",
        "The user wants a second opinion.",
        "The user's birthday is 3 May 1990.",
        "Every Friday the user plays chess.",
    ],
)
def test_what_is_no_relative_time_stays_as_it_is(said: str) -> None:
    assert dated(said, SAID).content == said


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("The user works at Nordwind until June.", datetime(2026, 7, 1, tzinfo=UTC)),
        ("The mortgage is fixed at 4.2% till 2028.", datetime(2029, 1, 1, tzinfo=UTC)),
        ("The user is away until tomorrow.", datetime(2026, 3, 4, tzinfo=UTC)),
    ],
)
def test_until_says_when_it_stops_to_hold(said: str, ends: datetime) -> None:
    assert dated(said, SAID).expires_at == ends


def test_the_day_is_the_speakers_own() -> None:
    late = datetime(2026, 3, 2, 20, tzinfo=UTC).astimezone(timezone(timedelta(hours=8)))

    assert "4 March 2026" in dated("The exam is tomorrow.", late).content


def test_since_when_it_holds_is_the_first_day_named() -> None:
    assert dated("The user moved last month.", SAID).valid_from == datetime(2026, 2, 1, tzinfo=UTC)


@given(st.text(max_size=80), st.datetimes(timezones=st.just(UTC)))
def test_any_text_at_any_time_is_read_without_an_error(text: str, moment: datetime) -> None:
    assert dated(text, moment).content.startswith(text[:1])


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_tomorrow_is_always_the_day_after(moment: datetime) -> None:
    day = (moment + timedelta(days=1)).date()

    assert f"({day.day} {day:%B %Y})" in dated("It is due tomorrow.", moment).content


@pytest.mark.parametrize("question", ["What did I eat?", "What happened in May?", "What is due every week?"])
def test_a_question_without_a_relative_time_asks_for_none(question: str) -> None:
    assert asked_times(question, datetime(2026, 11, 28, tzinfo=UTC)) == []


def test_a_time_that_a_question_names_matches_what_lies_in_it() -> None:
    (spring,) = asked_times("Where were we last spring?", datetime(2026, 11, 28, tzinfo=UTC))

    assert spring.match(datetime(2026, 4, 2, tzinfo=UTC)) == 1.0
    assert spring.match(datetime(2025, 4, 2, tzinfo=UTC)) == 0.0


def test_the_latest_matches_the_newer_better() -> None:
    at = datetime(2026, 11, 28, tzinfo=UTC)
    (newest,) = asked_times("What is the latest figure?", at)

    assert newest.match(at) == 1.0
    assert newest.match(at) > newest.match(datetime(2026, 10, 1, tzinfo=UTC)) > 0


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Where did I work before the move to Leeds?", (True, "the move to Leeds")),
        ("What have I bought since we moved?", (False, "we moved")),
        ("Is the concert before or after my exam?", None),
        ("Can I do it before work?", None),
    ],
)
def test_a_question_may_name_a_side_of_an_event(question: str, named: tuple[bool, str] | None) -> None:
    assert event_named(question) == named
