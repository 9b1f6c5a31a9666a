"""The store contract over this package's store on every engine, and over LangGraph's own reference store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore
from store_contract import Make, StoreContract
from support import Clock, opened_store


class TestCuratedStore(StoreContract):
    """Our store, on either engine."""

    @pytest.fixture
    def make(self, database: str, clock: Clock) -> Iterator[Make]:
        with ExitStack() as stack:
            yield lambda **options: stack.enter_context(opened_store(database, clock, **options))

    @pytest.fixture
    def move_on(self, clock: Clock) -> Callable[..., Any]:
        return clock.advance


class TestCuratedStoreInMemory(StoreContract):
    """Our store in the memory of this process."""

    @pytest.fixture
    def make(self, clock: Clock) -> Iterator[Make]:
        with ExitStack() as stack:
            yield lambda **options: stack.enter_context(opened_store(":memory:", clock, **options))

    @pytest.fixture
    def move_on(self, clock: Clock) -> Callable[..., Any]:
        return clock.advance


class TestInMemoryStore(StoreContract):
    """The reference store, as of langgraph-checkpoint 4.3; what it does differently is declared here."""

    keeps_created_at = False
    checks_ops_in_batch = False
    refuses_what_is_not_json = False
    refuses_unknown_operators_on_missing_keys = False
    compares_as_json = False
    searches_text_without_index = False
    fills_every_page_of_a_query = False
    stores_the_same_text_twice = False
    forgets_vectors_on_unindexed_update = False
    knows_metrics = False
    has_ttl = False

    @pytest.fixture
    def make(self) -> Make:
        return InMemoryStore
