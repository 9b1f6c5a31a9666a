"""What is said of a day is kept with its date, and what ends or has passed is no longer recalled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support import Clock, opened_store

from langgraph_memory import MemoryContext, OfflineChatModel, PromotionNode, RetrievalNode, build_graph
from langgraph_memory.store import CuratedStore

ANA = MemoryContext("ana")


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.fixture
def store(database: str, clock: Clock) -> Iterator[CuratedStore]:
    with opened_store(database, clock) as store:
        yield store


def tell(store: CuratedStore, text: str) -> None:
    graph = build_graph(OfflineChatModel(), promotion=PromotionNode(store=store), retrieval=RetrievalNode(store=store))
    graph.compile().invoke({"messages": [("user", text)]}, context=ANA)


def contents(store: CuratedStore) -> list[str]:
    return [memory.content for memory in store.list_memories(owner_id="ana")]


def test_a_relative_day_is_kept_as_a_date(store: CuratedStore, clock: Clock) -> None:
    tell(store, "The project deadline is tomorrow.")
    clock.advance(days=140)

    assert any("3 March 2026" in content for content in contents(store))


def test_what_holds_until_a_month_is_gone_after_it(store: CuratedStore, clock: Clock) -> None:
    tell(store, "Remember that I work at Nordwind until June.")
    held = contents(store)
    clock.advance(days=140)

    assert any("Nordwind" in content for content in held)
    assert not any("Nordwind" in content for content in contents(store))


def test_a_past_event_says_when_it_was(store: CuratedStore) -> None:
    tell(store, "We launched the beta yesterday.")

    (memory,) = store.list_memories(owner_id="ana")
    assert "1 March 2026" in memory.content
    assert memory.valid_from == datetime(2026, 3, 1, tzinfo=UTC)
