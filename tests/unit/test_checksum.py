"""What two databases are compared by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_memory.errors import without_password
from langgraph_memory.transfer.tables import Checksum

VALUES = st.one_of(
    st.none(), st.text(), st.binary(), st.floats(allow_nan=False), st.integers(min_value=-(2**63), max_value=2**63 - 1)
)
ROWS = st.lists(st.tuples(st.sampled_from(["channels", "writes"]), st.lists(VALUES, max_size=4)), max_size=8)


def checksum_of(rows: list[tuple[str, list[object]]]) -> Checksum:
    found = Checksum()
    for kind, values in rows:
        found.add(kind, values)
    return found


@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, list[object]]], chance: object) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)  # type: ignore[attr-defined]

    assert checksum_of(mixed) == checksum_of(rows)
    assert checksum_of(mixed).digest == checksum_of(rows).digest


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4))
def test_rows_that_differ_have_other_checksums(one: list[object], other: list[object]) -> None:
    same = [type(value) for value in one] == [type(value) for value in other] and repr(one) == repr(other)

    assert (checksum_of([("rows", one)]).digest == checksum_of([("rows", other)]).digest) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["1"], [1]),
        ([b"1"], ["1"]),
        ([1], [1.0]),
        ([None], [""]),
        (["a", None], ["a"]),
    ],
)
def test_values_are_told_by_their_kind_and_where_they_end(one: list[object], other: list[object]) -> None:
    assert checksum_of([("rows", one)]) != checksum_of([("rows", other)])


def test_a_row_of_another_kind_is_another_row() -> None:
    assert checksum_of([("channels", ["a"])]) != checksum_of([("writes", ["a"])])


def test_a_row_that_stands_twice_counts_twice() -> None:
    assert checksum_of([("rows", ["a"]), ("rows", ["a"])]) != checksum_of([("rows", ["a"])])


def test_what_two_parts_hold_is_what_both_hold_together() -> None:
    first, second = checksum_of([("rows", ["a"])]), checksum_of([("rows", ["b"]), ("others", [])])

    first.include(second)

    assert first == checksum_of([("rows", ["a"]), ("rows", ["b"]), ("others", [])])


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("postgresql://ann:s3cret@host:5432/db", "postgresql://ann:***@host:5432/db"),
        ("postgresql://ann@host/db", "postgresql://ann@host/db"),
        ("postgresql://host/db?user=ann&password=s3cret&x=1", "postgresql://host/db?user=ann&password=***&x=1"),
        ("/data/memory.db", "/data/memory.db"),
        ("a:b@c.db", "a:b@c.db"),
    ],
)
def test_a_password_is_not_shown(given_: str, shown: str) -> None:
    assert without_password(given_) == shown
