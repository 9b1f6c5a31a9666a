"""Review lists: what is to be looked at, why, what to do, and page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from support import Clock, Driver, one_sentence, opened_store

from langgraph_memory.errors import InvalidInputError, MissingOwnerError
from langgraph_memory.store import CuratedStore
from langgraph_memory.types import ReviewItem, ReviewPolicy

DAY = timedelta(days=1)


@pytest.fixture
def store(database: str, clock: Clock) -> Iterator[CuratedStore]:
    with opened_store(database, clock) as opened:
        yield opened


@pytest.fixture
def both(store: CuratedStore, mode: str) -> Driver:
    return Driver(store, mode)


def said(items: list[ReviewItem]) -> list[str]:
    return [one.content for one in items]


async def test_what_nobody_confirmed_for_long_is_stale(both: Driver, clock: Clock) -> None:
    await both.remember("An old fact", owner_id="ana")
    confirmed = (await both.remember("A confirmed fact", owner_id="ana")).memory
    await both.remember("An event", owner_id="ana", memory_type="event")
    clock.advance(days=300)
    await both.verify(confirmed.id, owner_id="ana")
    assert said(await both.hygiene.review(owner_id="ana", kind="stale")) == ["An event"]
    clock.advance(days=66)

    (event, fact) = await both.hygiene.review(owner_id="ana", kind="stale")

    assert (event.content, fact.content) == ("An old fact", "An event")
    assert fact.reason == "nobody confirmed it since 2026-01-01, 366 days ago"
    assert "verify" in fact.action
    assert said(await both.hygiene.review(owner_id="ana", kind="stale", policy=ReviewPolicy(stale_after=DAY))) == [
        "An old fact",
        "An event",
        "A confirmed fact",
    ]


async def test_the_least_sure_come_first(both: Driver) -> None:
    for confidence in (0.4, 0.1, 0.5, 1.0):
        await both.remember(f"Sure by {confidence}", owner_id="ana", confidence=confidence)

    assert said(await both.hygiene.review(owner_id="ana", kind="low_confidence")) == ["Sure by 0.1", "Sure by 0.4"]
    assert said(
        await both.hygiene.review(owner_id="ana", kind="low_confidence", policy=ReviewPolicy(unsure_below=0.2))
    ) == ["Sure by 0.1"]


async def test_what_no_recall_returned_is_never_recalled(both: Driver, clock: Clock) -> None:
    await both.remember("Ana drinks tea", owner_id="ana", importance=0.9)
    await both.remember("The cellar is damp", owner_id="ana", importance=0.5)
    await both.remember("The attic is dry", owner_id="ana", importance=0.4)
    clock.advance(days=31)
    await both.remember("The roof is new", owner_id="ana")
    await both.recall("tea", owner_id="ana")
    await both.recall("cellar", owner_id="bob", shared_with=["ana"])

    unused = await both.hygiene.review(owner_id="ana", kind="never_recalled")

    assert said(unused) == ["The attic is dry", "The cellar is damp"]
    assert unused[0].reason == "no recall on record returned it since it was made on 2026-01-01"


async def test_what_was_left_out_of_a_recall_was_not_recalled(both: Driver, clock: Clock) -> None:
    await both.remember("Tea in the morning", owner_id="ana")
    await both.remember("Tea in the evening", owner_id="ana")
    clock.advance(days=31)
    first = await both.recall("tea", owner_id="ana", limit=1)

    (unused,) = await both.hygiene.review(owner_id="ana", kind="never_recalled")

    assert unused.memory_id != first[0].memory.id


async def test_memories_that_contradict_each_other_name_each_other(both: Driver) -> None:
    first = (await both.remember("The cabin is heated with wood", owner_id="ana")).memory
    second = (await both.remember("The cabin is not heated with wood", owner_id="ana")).memory

    items = await both.hygiene.review(owner_id="ana", kind="conflicting")

    assert {one.memory_id: one.against for one in items} == {first.id: second.id, second.id: first.id}
    assert items[0].reason == f"it contradicts 1 other: {items[1].content}"


async def test_superseded_expired_and_other_owners_memories_are_on_no_list(both: Driver, clock: Clock) -> None:
    await both.remember("In Rome", owner_id="ana", slot="city", confidence=0.1)
    await both.remember("In Bonn", owner_id="ana", slot="city", confidence=0.1, expires_at=clock.now + DAY)
    await both.remember("In Lima", owner_id="bob", confidence=0.1)
    clock.advance(days=1000)

    assert await both.hygiene.review(owner_id="ana") == []
    assert {one.kind for one in await both.hygiene.review(owner_id="bob")} == {
        "stale",
        "low_confidence",
        "never_recalled",
    }


async def test_all_kinds_are_paged_as_one_list(both: Driver, clock: Clock) -> None:
    for number in range(7):
        await both.remember(f"Fact number {number}", owner_id="ana", confidence=0.1 + number / 10)
    await both.remember("The cabin is heated with wood", owner_id="ana")
    await both.remember("The cabin is not heated with wood", owner_id="ana")
    clock.advance(days=400)
    whole = await both.hygiene.review(owner_id="ana", limit=1000)

    pages = [
        await both.hygiene.review(owner_id="ana", limit=4, offset=offset) for offset in range(0, len(whole) + 4, 4)
    ]

    assert [one for page in pages for one in page] == whole
    assert [len(page) for page in pages[:-2]] == [4] * (len(pages) - 2)
    assert list(dict.fromkeys(one.kind for one in whole)) == [
        "conflicting",
        "stale",
        "low_confidence",
        "never_recalled",
    ]


async def test_rows_are_flat(both: Driver) -> None:
    await both.remember("Perhaps tea", owner_id="ana", confidence=0.1, content_json={"value": "tea"})

    (item,) = await both.hygiene.review(owner_id="ana")

    assert list(item.row()) == [one.name for one in fields(ReviewItem)]
    assert not any(isinstance(value, (dict, list, tuple)) for value in item.row().values())


@pytest.mark.parametrize(
    "wrong", [{"owner_id": ""}, {"kind": "old"}, {"limit": -1}, {"offset": "a"}], ids=lambda wrong: next(iter(wrong))
)
def test_a_review_that_is_asked_wrongly_is_refused(store: CuratedStore, wrong: dict[str, Any]) -> None:
    with pytest.raises((InvalidInputError, MissingOwnerError)) as caught:
        store.hygiene.review(**{"owner_id": "ana", **wrong})

    assert next(iter(wrong)).split("_")[0] in one_sentence(caught.value)


@pytest.mark.parametrize("wrong", [{"stale_after": 3}, {"unsure_below": 7}, {"unrecalled_after": -DAY}], ids=str)
def test_a_policy_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ReviewPolicy(**wrong)

    assert next(iter(wrong)) in one_sentence(caught.value)
