"""What cannot be used is refused in one clear sentence, and leaves nothing half-written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from support import START, BagOfWords, Clock, Driver, embed_async_only, one_sentence, opened_store, shown

from langgraph_memory import CuratedStore, Memory, MemoryType, open_memory
from langgraph_memory.errors import (
    ConnectionStringError,
    EmbeddingError,
    InvalidFilterError,
    InvalidInputError,
    InvalidMemoryError,
    InvalidScopeError,
    LangGraphMemoryError,
    MissingOwnerError,
    UnknownMemoryTypeError,
    without_password,
)

NAIVE = datetime(2026, 1, 1)
TABLES = ("agent_memory", "memory_vector", "memory_audit", "memory_receipt", "promotion_ledger")


@pytest.fixture
def opened(path: str, clock: Clock) -> Iterator[CuratedStore]:
    """A store on a new file."""
    with opened_store(path, clock) as store:
        yield store


@pytest.fixture
def store(opened: CuratedStore, mode: str) -> Driver:
    """The same, called in both ways."""
    return Driver(opened, mode)


def written(path: str) -> int:
    """Return how many rows there are in all tables that hold anything of an owner."""
    connection = sqlite3.connect(path)
    try:
        return sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)
    finally:
        connection.close()


# --- remembering and recalling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "error", "names"),
    [
        ({"owner_id": None}, MissingOwnerError, "owner"),
        ({"owner_id": ""}, MissingOwnerError, "owner"),
        ({"owner_id": " \t"}, MissingOwnerError, "owner"),
        ({"owner_id": 42}, MissingOwnerError, "int"),
        ({"owner_id": "a\x00b"}, MissingOwnerError, "NUL"),
        ({"owner_id": "\ud800"}, MissingOwnerError, "surrogate"),
        ({"scope": ""}, InvalidScopeError, "empty segment"),
        ({"scope": "org:acme//task:1"}, InvalidScopeError, "empty segment"),
        ({"scope": "org:acme/"}, InvalidScopeError, "empty segment"),
        ({"scope": "/org:acme"}, InvalidScopeError, "empty segment"),
        ({"scope": "org:acme/ /x"}, InvalidScopeError, "empty segment"),
        ({"scope": "global/x"}, InvalidScopeError, "global"),
        ({"scope": None}, InvalidScopeError, "NoneType"),
        ({"scope": "a\x00"}, InvalidScopeError, "NUL"),
        ({"memory_type": "opinion"}, UnknownMemoryTypeError, "opinion"),
        ({"memory_type": None}, UnknownMemoryTypeError, "None"),
        ({"memory_type": ["fact"]}, UnknownMemoryTypeError, "fact"),
        ({"confidence": 1.01}, InvalidMemoryError, "confidence"),
        ({"confidence": -0.1}, InvalidMemoryError, "confidence"),
        ({"confidence": float("nan")}, InvalidMemoryError, "confidence"),
        ({"confidence": "very"}, InvalidMemoryError, "confidence"),
        ({"importance": 2}, InvalidMemoryError, "importance"),
        ({"importance": float("inf")}, InvalidMemoryError, "importance"),
        ({"content": ""}, InvalidMemoryError, "content"),
        ({"content": " \n\t "}, InvalidMemoryError, "content"),
        ({"content": "a\x00b"}, InvalidMemoryError, "content"),
        ({"content": "\udfff"}, InvalidMemoryError, "content"),
        ({"content": 42}, InvalidMemoryError, "content"),
        ({"content": None}, InvalidMemoryError, "content"),
        ({"content": "x" * 100_001}, InvalidMemoryError, "content"),
        ({"slot": ""}, InvalidMemoryError, "slot"),
        ({"valid_from": NAIVE}, InvalidMemoryError, "valid_from"),
        ({"expires_at": NAIVE}, InvalidMemoryError, "expires_at"),
        ({"expires_at": "tomorrow"}, InvalidMemoryError, "expires_at"),
        ({"content_json": {"x": float("nan")}}, InvalidMemoryError, "content_json"),
        ({"content_json": {"x": object()}}, InvalidMemoryError, "content_json"),
        ({"content_json": ["a"]}, InvalidMemoryError, "content_json"),
        ({"subject": "a\x00"}, InvalidMemoryError, "subject"),
        ({"source": "thread-1"}, InvalidMemoryError, "source"),
    ],
    ids=shown,
)
async def test_a_memory_that_cannot_be_is_refused_and_nothing_is_stored(
    store: Driver, path: str, bad: dict[str, Any], error: type[LangGraphMemoryError], names: str
) -> None:
    arguments = {"content": "Ada likes tea", "owner_id": "ada", **bad}

    with pytest.raises(error) as caught:
        await store.remember(arguments.pop("content"), **arguments)

    assert names in one_sentence(caught.value)
    assert written(path) == 0


@pytest.mark.parametrize(
    ("bad", "error", "names"),
    [
        ({"owner_id": ""}, MissingOwnerError, "owner"),
        ({"owner_id": None}, MissingOwnerError, "owner"),
        ({"scope": "a//b"}, InvalidScopeError, "empty segment"),
        ({"memory_types": ["opinion"]}, UnknownMemoryTypeError, "opinion"),
        ({"shared_with": [""]}, MissingOwnerError, "owner"),
        ({"as_of": NAIVE}, InvalidInputError, "time zone"),
        ({"as_of": datetime(2999, 1, 1, tzinfo=UTC)}, InvalidInputError, "future"),
        ({"limit": "many"}, InvalidInputError, "limit"),
        ({"query": 42}, InvalidInputError, "query"),
        ({"query": ["tea"]}, InvalidInputError, "query"),
    ],
    ids=shown,
)
async def test_a_recall_that_cannot_be_is_refused_and_leaves_no_receipt(
    store: Driver, path: str, bad: dict[str, Any], error: type[LangGraphMemoryError], names: str
) -> None:
    arguments = {"query": "tea", "owner_id": "ada", **bad}

    with pytest.raises(error) as caught:
        await store.recall(arguments.pop("query"), **arguments)

    assert names in one_sentence(caught.value)
    assert written(path) == 0


@pytest.mark.parametrize("owner", [None, "", " ", 7])
async def test_no_operation_runs_without_an_owner(store: Driver, owner: Any) -> None:
    for call in (
        lambda: store.history("id", owner_id=owner),
        lambda: store.forget("id", owner_id=owner),
        lambda: store.list_memories(owner_id=owner),
    ):
        with pytest.raises(MissingOwnerError) as caught:
            await call()
        one_sentence(caught.value)


async def test_a_superseded_record_is_no_news(store: Driver, path: str) -> None:
    old = Memory(
        id="old", owner_id="ada", content="x", created_at=START, updated_at=START, superseded_at=START,
        superseded_by="new",
    )  # fmt: skip

    with pytest.raises(InvalidMemoryError, match="superseded"):
        await store.remember(old, owner_id="ada")

    assert written(path) == 0


@pytest.mark.parametrize(
    "wanted",
    [{"a": {"$in": 1}}, {"a": {"$gt": None}}, {"a": {"$gt": True}}, {"a": {"$lt": [1]}}, {"a": {"b": {"$no": 1}}}],
    ids=repr,
)
async def test_a_filter_without_meaning_is_refused(store: Driver, wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        await store.search((), filter=wanted)

    one_sentence(caught.value)


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        *["", "  ", "a\x00b", "mysql://localhost/memory", "mysql://u:secret@h/db", "http://x"],
        *["sqlite://relative.db", b"bytes.db", None, 42],
    ],
)
def test_a_connection_string_that_nothing_opens_is_refused(target: Any) -> None:
    with pytest.raises(ConnectionStringError) as caught, open_memory(target):
        pass

    assert "secret" not in one_sentence(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"synchronous": "OFF"}, {"unheard_of": 1}, {"busy_timeout": "long"}, {"busy_timeout": -1}, {"path": "other.db"}],
    ids=repr,
)
def test_an_option_the_engine_does_not_know_is_refused(path: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught, open_memory(path, **options):
        pass

    assert next(iter(options)) in one_sentence(caught.value)


@pytest.mark.parametrize(
    ("index", "names"),
    [
        ({}, "dims"),
        ({"dims": 0, "embed": BagOfWords()}, "dims"),
        ({"dims": "384", "embed": BagOfWords()}, "dims"),
        ({"dims": True, "embed": BagOfWords()}, "dims"),
        ({"dims": 4}, "embed"),
        ({"dims": 4, "embed": None}, "embed"),
        ({"dims": 4, "embed": BagOfWords(), "distance_type": "hamming"}, "hamming"),
        ({"dims": 4, "embed": BagOfWords(), "fields": "text"}, "fields"),
        ({"dims": 4, "embed": 42}, "embed"),
    ],
    ids=shown,
)
def test_an_index_that_cannot_work_is_refused_when_it_is_opened(index: Any, names: str) -> None:
    with pytest.raises(InvalidInputError) as caught, open_memory(":memory:", index=index):
        pass

    assert names in one_sentence(caught.value)


@pytest.mark.parametrize(
    ("ttl", "names"),
    [
        ({"default_tll": 5}, "default_tll"),
        ({"omit_expired": False}, "omit_expired"),
        ({"default_ttl": 0}, "default_ttl"),
        ({"default_ttl": "soon"}, "default_ttl"),
        ({"default_ttl": float("inf")}, "default_ttl"),
        ({"sweep_interval_minutes": -1}, "sweep_interval_minutes"),
        ({"sweep_interval_minutes": "5"}, "sweep_interval_minutes"),
    ],
    ids=repr,
)
def test_a_ttl_that_cannot_work_is_refused_when_it_is_opened(ttl: Any, names: str) -> None:
    with pytest.raises(InvalidInputError) as caught, open_memory(":memory:", ttl=ttl):
        pass

    assert names in one_sentence(caught.value)


@pytest.mark.parametrize(
    "own",
    [
        [MemoryType("fact")],
        [MemoryType("note", aliases=("rule",))],
        [MemoryType("note"), MemoryType("note")],
        [MemoryType("")],
    ],
    ids=repr,
)
def test_a_memory_type_whose_name_is_taken_is_refused(own: list[MemoryType]) -> None:
    with pytest.raises(InvalidInputError) as caught, open_memory(":memory:", memory_types=own):
        pass

    one_sentence(caught.value)


# --- embedding --------------------------------------------------------------------------------------------------------


class Broken(Embeddings):
    """Returns whatever it was made with, or raises it."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def embed_documents(self, texts: list[str]) -> Any:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def embed_query(self, text: str) -> Any:
        return self.embed_documents([text])[0]


@pytest.mark.parametrize(
    ("outcome", "names"),
    [
        (RuntimeError("quota\nexceeded\n"), "quota"),
        (ValueError(""), "ValueError"),
        ([], "0 vectors for 1"),
        ([[1.0, 0.0], [1.0, 0.0]], "2 vectors for 1"),
        ([[1.0, 0.0, 0.0]], "dims"),
        ([[1.0]], "dims"),
        ([1.0], "dims"),
        ([[1.0, float("nan")]], "NaN"),
        ([[1.0, float("inf")]], "NaN"),
        ([["a", "b"]], "vector"),
        ([None], "vector"),
        (None, "NoneType"),
        (7, "int"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_an_embedder_that_fails_stores_nothing(
    path: str, clock: Clock, mode: str, outcome: Any, names: str
) -> None:
    with opened_store(path, clock, index={"dims": 2, "embed": Broken(outcome)}) as opened:
        store = Driver(opened, mode)

        with pytest.raises(EmbeddingError) as from_put:
            await store.put(("docs",), "key", {"text": "tea"})
        with pytest.raises(EmbeddingError) as from_remember:
            await store.remember("Ada likes tea", owner_id="ada")

        assert names in one_sentence(from_put.value)
        assert names in one_sentence(from_remember.value)
    assert written(path) == 0


async def test_a_query_that_cannot_be_embedded_is_an_error_and_leaves_no_receipt(
    path: str, clock: Clock, mode: str
) -> None:
    with opened_store(path, clock, index={"dims": 2, "embed": Broken([[1.0]])}) as opened:
        store = Driver(opened, mode)

        for call in (store.recall("tea", owner_id="ada"), store.search((), query="tea")):
            with pytest.raises(EmbeddingError) as caught:
                await call
            one_sentence(caught.value)
    assert written(path) == 0


async def test_an_async_only_embedder_serves_async_calls(path: str, clock: Clock) -> None:
    with opened_store(path, clock, index={"dims": BagOfWords.dims, "embed": embed_async_only}) as store:
        await store.aremember("Ada likes tea", owner_id="ada")

        assert len(await store.arecall("tea", owner_id="ada")) == 1


def test_an_async_only_embedder_refuses_sync_calls_in_one_sentence(path: str, clock: Clock) -> None:
    with opened_store(path, clock, index={"dims": BagOfWords.dims, "embed": embed_async_only}) as store:
        with pytest.raises(EmbeddingError) as caught:
            store.remember("Ada likes tea", owner_id="ada")

        one_sentence(caught.value)
    assert written(path) == 0


@pytest.mark.parametrize(
    "target",
    [
        "postgres:/ana:hunter2@db/x",
        "postgresql:ana:hunter2@db/x",
        "mysql://ana:hunter2@db/x",
        "sqlite://ana:hunter2@db/x",
        "postgresql://ana:hun/ter2@db/x",
        "postgresql://ana:hun@ter2@db/x",
        "host='db password=hunter2",
        b"postgresql://ana:hunter2@db/x",
    ],
    ids=repr,
)
def test_a_connection_string_is_never_echoed_with_its_password(target: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConnectionStringError) as caught, open_memory(target):
        pass

    assert one_sentence(caught.value)
    assert "hun" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://ana:hunter2@db/x", "postgresql://ana:***@db/x"),
        ("postgresql://ana:p@ss/w?rd@db/x", "postgresql://ana:***@db/x"),
        ("host=db user=ana password=hunter2 dbname=x", "host=db user=ana password=*** dbname=x"),
        ("host=db password = 'hun ter\\'2' dbname=x", "host=db password = *** dbname=x"),
        (
            "postgresql://db/x?user=ana&password=hunter2&sslpassword=k3y",
            "postgresql://db/x?user=ana&password=***&sslpassword=***",
        ),
        ("postgresql://db:5432/x", "postgresql://db:5432/x"),
        ("assistant.db", "assistant.db"),
    ],
)
def test_a_password_is_masked_wherever_a_connection_string_has_it(given: str, shown: str) -> None:
    assert without_password(given) == shown
