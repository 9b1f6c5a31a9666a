"""What a method is given is used or refused, and two stores never change each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta
from inspect import signature
from typing import Any, get_type_hints

import pytest
from databases import Databases
from langgraph.graph import START, StateGraph
from support import Clock, Driver, one_sentence, opened_store

from langgraph_memory import (
    ContextBudget,
    CuratedStore,
    GuardPolicy,
    Memory,
    MemoryContext,
    MemoryDatabase,
    MemoryState,
    MemoryType,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    RetrievalNode,
    Source,
    build_graph,
    open_memory,
)
from langgraph_memory.database import EngineOptions
from langgraph_memory.domain.audit import ReceiptPolicy
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.engine.postgres.connection import PostgresSettings
from langgraph_memory.engine.sqlite.connection import SqliteSettings
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.changes import Replacement
from langgraph_memory.operations.recall import Question
from langgraph_memory.operations.remember import NewMemory
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.store.curated import MemoryDetails, RecallOptions, ReplacementDetails


@pytest.fixture
def store(databases: Databases) -> Iterator[CuratedStore]:
    with opened_store(databases.new()) as store:
        yield store


NOW = datetime(2026, 1, 1, tzinfo=UTC)
BESIDE: dict[str, Any] = {
    "scope": "global",
    "memory_type": "fact",
    "slot": "drink",
    "source": Source(actor="user"),
    "content_json": {"value": "tea"},
    "confidence": 1.0,
    "importance": 0.5,
    "valid_from": NOW,
    "expires_at": NOW,
    "subject": "the user",
    "context": "at breakfast",
    "tags": ["home"],
    "injection": "always",
    "protected": True,
}


def finished() -> Memory:
    return Memory(id="m-1", owner_id="ana", scope="project:x", content="Ana likes tea.", created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_nothing_is_named_beside_a_finished_memory(store: CuratedStore, mode: str, name: str) -> None:
    with pytest.raises(InvalidInputError, match=name) as caught:
        await Driver(store, mode).remember(finished(), owner_id="ana", **{name: BESIDE[name]})

    assert "model_copy" in one_sentence(caught.value)
    assert store.list_memories(owner_id="ana") == []


def test_every_argument_of_remember_is_refused_beside_a_finished_memory() -> None:
    assert {"content", "owner_id", *BESIDE} == {each.name for each in fields(NewMemory)}


def test_a_finished_memory_is_stored_as_it_is(store: CuratedStore) -> None:
    store.remember(finished(), owner_id="ana")

    (memory,) = store.list_memories(owner_id="ana")
    assert (memory.id, memory.scope) == ("m-1", "project:x")


def test_a_source_needs_a_receipt(store: CuratedStore) -> None:
    with pytest.raises(InvalidInputError, match="receipt=False"):
        store.recall("tea", owner_id="ana", source=Source(thread_id="t"), receipt=False)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.remember("tea", owner_id="ana", importanze=1),
        lambda store: store.recall("tea", owner_id="ana", top_k=1),
        lambda store: store.supersede("m-1", "tea", owner_id="ana", scope="x"),
    ],
)
def test_a_name_that_is_none_of_the_arguments_is_no_argument(
    store: CuratedStore, call: Callable[[CuratedStore], object]
) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument '(importanze|top_k|scope)'"):
        call(store)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RetrievalNode(top_k=3),
        lambda: PromotionNode(quiet=3),
        lambda: PromotionWorker(None, lease=3),
        lambda: build_graph(OfflineChatModel(), place="user"),
        lambda: MemoryDatabase(None, fenced=True),
    ],
)
def test_a_name_that_is_none_of_the_options_is_no_argument(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument '(top_k|quiet|lease|place|fenced)'"):
        make()


def test_a_budget_and_a_number_of_tokens_are_not_both_given() -> None:
    with pytest.raises(InvalidInputError, match="max_tokens"):
        RetrievalNode(budget=ContextBudget(1000), max_tokens=100)


def test_the_tokens_of_a_recall_are_counted_as_it_is_told(store: CuratedStore) -> None:
    for number in range(4):
        store.remember(f"Ana likes tea number {number}.", owner_id="ana")

    assert len(store.recall("tea", owner_id="ana", max_tokens=14)) == 2
    assert len(store.recall("tea", owner_id="ana", max_tokens=14, count=lambda text: len(text.split()))) == 2
    assert len(store.recall("tea", owner_id="ana", max_tokens=14, count=len)) == 0


def test_a_budgets_count_counts_what_a_node_recalls(databases: Databases) -> None:
    counted: list[str] = []

    def count(messages: Any) -> int:
        counted.extend(message.text for message in messages)
        return 10_000

    with open_memory(databases.new()) as memory:
        memory.store.remember("Ana likes tea.", owner_id="ana")
        builder = StateGraph(MemoryState, context_schema=MemoryContext)
        builder.add_sequence([("retrieve", RetrievalNode(budget=ContextBudget(1000, count=count)))])
        builder.add_edge(START, "retrieve")
        graph = builder.compile(store=memory.store)
        found = graph.invoke({"messages": [("user", "tea?")]}, context=MemoryContext(owner_id="ana"))

    assert found["memory_context"] == ""
    assert counted == ["Ana likes tea."]


@pytest.mark.parametrize(
    ("method", "options", "request_of"),
    [
        (CuratedStore.remember, MemoryDetails, NewMemory),
        (CuratedStore.recall, RecallOptions, Question),
        (CuratedStore.supersede, ReplacementDetails, Replacement),
    ],
)
def test_the_options_of_a_method_are_the_fields_of_its_request(
    method: Callable[..., object], options: type, request_of: Any
) -> None:
    named = [name for name in signature(method).parameters if name not in ("self", "memory_id", "details", "options")]
    asked = {each.name: each.default for each in fields(request_of)}

    assert {*named, *get_type_hints(options)} - {"owner_id", "source"} == set(asked) - {"owner_id", "source"}
    for name in named:
        default = signature(method).parameters[name].default
        assert name not in asked or name == "content" or default == asked[name] or default is signature(method).empty


def test_the_options_of_a_database_are_the_settings_of_its_engines() -> None:
    settings = (*fields(SqliteSettings), *fields(PostgresSettings))
    known = {each.name for each in settings if each.init} - {"path", "conn_string"}

    assert set(get_type_hints(EngineOptions)) == known | {"cache_bytes"}


def test_settings_are_frozen(store: CuratedStore) -> None:
    with pytest.raises(FrozenInstanceError):
        store.settings.guard = GuardPolicy()  # type: ignore[misc]


def test_two_stores_of_one_settings_do_not_change_each_other(databases: Databases) -> None:
    settings, garden = StoreSettings(clock=Clock()), MemoryType("garden")
    before = settings
    with open_memory(databases.new()) as one, open_memory(databases.new()) as other:
        first = CuratedStore(one._engine, settings=settings, memory_types=[garden], ttl={"sweep_interval_minutes": 1})
        second = CuratedStore(other._engine, settings=settings, guard=GuardPolicy(), ttl={"sweep_interval_minutes": 1})

        assert settings == before
        assert ("garden" in first.settings.types, "garden" in second.settings.types) == (True, False)
        assert first.settings.sweeps is not second.settings.sweeps


@pytest.mark.parametrize(
    ("settings", "beside"),
    [
        (StoreSettings(guard=GuardPolicy(email="refuse")), {"guard": GuardPolicy(email="mask")}),
        (StoreSettings(receipts=ReceiptPolicy("ids")), {"keep_receipts": timedelta(days=1)}),
        (StoreSettings(types=MemoryTypes([MemoryType("garden")])), {"memory_types": [MemoryType("kitchen")]}),
    ],
)
def test_what_settings_name_is_not_named_again(
    databases: Databases, settings: StoreSettings, beside: dict[str, Any]
) -> None:
    with open_memory(databases.new()) as memory, pytest.raises(InvalidInputError, match="named twice"):
        CuratedStore(memory._engine, settings=settings, **beside)


def test_one_store_sweeps_though_another_has(databases: Databases) -> None:
    clock = Clock()
    with opened_store(databases.new(), clock, ttl={"sweep_interval_minutes": 10, "default_ttl": 1}) as store:
        assert store.settings.sweep_due(clock.now)
        assert not store.settings.sweep_due(clock.now)
        clock.advance(minutes=10)
        assert store.settings.sweep_due(clock.now)
