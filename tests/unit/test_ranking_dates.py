"""Dates that a query names, against the time of a memory."""

from datetime import UTC, datetime

import pytest

from langgraph_memory.domain.times import NamedDate, named_dates


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Where was I on 3 May 2023?", [NamedDate(2023, 5, 3)]),
        ("Where was I on May 3rd, 2023?", [NamedDate(2023, 5, 3)]),
        ("what happened on the 21st of june", [NamedDate(None, 6, 21)]),
        ("What did she plan in March?", [NamedDate(None, 3)]),
        ("What did she plan in January 2022?", [NamedDate(2022, 1)]),
        ("Sept 2021", [NamedDate(2021, 9)]),
        ("the trip of 2019", [NamedDate(2019)]),
        ("notes of 2023-05-03", [NamedDate(2023, 5, 3)]),
        ("between 2 April and 9 July 2024", [NamedDate(None, 4, 2), NamedDate(2024, 7, 9)]),
        ("what may happen on a march", []),
        ("what did mark decide", []),
        ("room 2304, 12 people", []),
    ],
)
def test_a_query_names_dates(query: str, expected: list[NamedDate]):
    assert named_dates(query) == expected


@pytest.mark.parametrize(
    ("named", "match"),
    [
        (NamedDate(2023, 5, 3), 1.0),
        (NamedDate(2023, 5, 2), 1.0),
        (NamedDate(2023, 5, 20), 0.5),
        (NamedDate(None, 5), 1.0),
        (NamedDate(2023), 1.0),
        (NamedDate(2022, 5, 3), 0.0),
        (NamedDate(None, 6), 0.0),
        (NamedDate(2023, 2, 31), 0.0),
    ],
)
def test_a_moment_matches_the_named_day_fully_and_its_month_by_half(named: NamedDate, match: float):
    assert named.match(datetime(2023, 5, 3, 12, tzinfo=UTC)) == match
