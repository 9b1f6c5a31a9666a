"""How a transaction whose commit was not answered is told from others by the signs on a row."""

from __future__ import annotations

import pytest

from langgraph_memory.engine.postgres.signature import Signature

OWN, BEFORE = 7, 5
FULL = [20, 21, 22, 23, 24, 25, 26]


@pytest.mark.parametrize(
    ("signatures", "committed"),
    [
        ([OWN, BEFORE], True),
        ([9, 8, OWN, BEFORE], True),
        ([BEFORE], False),
        ([9, 8, BEFORE], False),
        ([*FULL, BEFORE], False),
        ([*FULL, OWN], True),
        ([*FULL, 27], None),
        (None, None),
    ],
)
def test_a_sign_on_a_row_that_was_there(signatures: list[int] | None, committed: bool | None) -> None:
    signature = Signature("partition", "ada", OWN, existed=True, before=BEFORE)

    assert signature.is_among(signatures) is committed


@pytest.mark.parametrize(
    ("signatures", "committed"), [(None, False), ([OWN], True), ([9, 8], False), ([*FULL, 27], None)]
)
def test_a_sign_on_a_row_that_is_made_with_it(signatures: list[int] | None, committed: bool | None) -> None:
    signature = Signature("thread_id", "t", OWN)

    assert signature.is_among(signatures) is committed


def test_the_first_lock_on_a_partition_or_a_thread_is_signed() -> None:
    signature = Signature.about(["name index", "partition ada of rome", "thread_id t"])

    assert signature is not None
    assert (signature.kind, signature.id) == ("partition", "ada of rome")


def test_locks_on_nothing_that_has_a_row_are_not_signed() -> None:
    assert Signature.about(["name index"]) is None


def test_signs_differ() -> None:
    signed = [Signature.about(["thread_id t"]) for _ in range(100)]

    assert len({one.token for one in signed if one is not None}) == 100
