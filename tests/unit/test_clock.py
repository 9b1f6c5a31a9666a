"""The time of memories is what the clock that a database was opened with tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from langgraph_memory import open_memory
from langgraph_memory.errors import InvalidInputError

THEN = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=2)))


def test_what_is_remembered_and_what_has_expired_follow_the_clock() -> None:
    times = [THEN]
    with open_memory(":memory:", clock=lambda: times[-1]) as memory:
        kept = memory.store.remember("Ada likes tea", owner_id="ada", expires_at=THEN + timedelta(days=1)).memory
        before = memory.store.recall("tea", owner_id="ada")
        times.append(THEN + timedelta(days=2))
        after = memory.store.recall("tea", owner_id="ada")

    assert kept is not None
    assert kept.created_at == THEN.astimezone(UTC)
    assert (len(before), len(after)) == (1, 0)


@pytest.mark.parametrize("told", [datetime(2024, 1, 1), "now", None])
def test_a_clock_that_tells_no_time_with_a_zone_is_named(told: object) -> None:
    with (
        open_memory(":memory:", clock=lambda: told) as memory,  # type: ignore[arg-type,return-value]
        pytest.raises(InvalidInputError, match="clock must return a datetime with a time zone"),
    ):
        memory.store.remember("Ada likes tea", owner_id="ada")


def test_what_is_no_clock_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="clock must be a function"):
        open_memory(":memory:", clock=THEN).__enter__()  # type: ignore[arg-type]
