"""A receipt holds ids, scores and what the guard has passed; it goes with its thread and with what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from databases import rows
from support import BagOfWords, Clock, Driver

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, Source, build_graph, open_memory
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import (
    DatabaseUnavailableError,
    IndexChangedError,
    InvalidInputError,
    ReceiptNotFoundError,
)
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.store import CuratedStore

ANA = MemoryContext(owner_id="ana")
T: Any = {"configurable": {"thread_id": "t"}}


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def say(memory: MemoryDatabase, text: str) -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    graph.invoke({"messages": [("user", text)]}, T, context=ANA)


def bodies(memory: MemoryDatabase, kind: str = "recall") -> list[Any]:
    return [one.body for one in memory.audit.receipts(owner_id="ana", kind=kind)]


async def test_a_secret_that_was_asked_is_withheld(memory: MemoryDatabase, mode: str) -> None:
    found = await Driver(memory.store, mode).recall("My password is hunter2secret9, remember?", owner_id="ana")

    (body,) = bodies(memory)
    assert "hunter2secret9" not in str(body)
    if body.get("withheld"):
        assert "withheld" in str(memory.audit.explain(found, owner_id="ana"))
        with pytest.raises(InvalidInputError, match="not kept"):
            await Driver(memory.audit, mode).replay(found, owner_id="ana")


def test_a_receipt_loses_what_is_forgotten(memory: MemoryDatabase) -> None:
    say(memory, "I live in Berlin.")
    say(memory, "Do I still live in BERLIN?")
    say(memory, "I prefer tea.")
    berlin = next(one for one in memory.store.list_memories(owner_id="ana") if "Berlin" in one.content)

    memory.store.forget(berlin.id, owner_id="ana")

    every = str(bodies(memory)) + str(bodies(memory, "promotion"))
    assert berlin.id not in every
    assert "berlin" not in every.lower()
    assert "I prefer tea." in every


def test_a_receipt_goes_with_its_thread(memory: MemoryDatabase) -> None:
    say(memory, "I live in Berlin.")
    memory.store.recall("Where?", owner_id="ana")

    memory.checkpointer.delete_thread("t")

    assert [body["query"] for body in bodies(memory)] == ["Where?"]
    assert bodies(memory, "promotion") == []


async def test_a_receipt_that_comes_late_brings_nothing_back(database: str, mode: str) -> None:
    with open_memory(database) as memory, open_memory(database) as other:
        known = memory.store.remember("The user lives in Berlin.", owner_id="ana").memory
        assert known is not None
        await Driver(memory.store, mode).recall("Where in Berlin?", owner_id="ana", source=Source(thread_id="t"))
        other.store.forget(known.id, owner_id="ana")
        assert known.id not in str(bodies(memory))
        assert "Berlin" not in str(bodies(memory))
        await Driver(memory.store, mode).recall("Where in Berlin?", owner_id="ana")
        other.admin.erase_owner("ana")
        assert bodies(memory) == []
        memory.store.recall("And now?", owner_id="ana")
        assert [body["query"] for body in bodies(memory)] == ["And now?"]


@pytest.mark.parametrize(("kept", "query"), [("off", None), ("ids", [None]), ("query", ["Where?"])])
def test_what_receipts_keep_is_for_the_application_to_say(database: str, kept: Any, query: Any) -> None:
    with open_memory(database, receipts=kept) as memory:
        memory.store.recall("Where?", owner_id="ana")
        say(memory, "Hello!")

        found = [body["query"] for body in bodies(memory)][-1:]
        assert (found or None) == query
        assert bool(bodies(memory, "promotion")) == (kept != "off")


def test_receipts_are_kept_for_thirty_days(database: str, clock: Clock) -> None:
    engine = connect(database)
    engine.setup()
    store = CuratedStore(engine, settings=StoreSettings(clock=clock))
    store.recall("first", owner_id="ana")
    clock.advance(days=31)
    store.recall("second", owner_id="ana")

    assert [one.body["query"] for one in store.audit.receipts(owner_id="ana")] == ["second"]
    clock.advance(days=31)
    store.hygiene.sweep(owner_id="ana")
    assert store.audit.receipts(owner_id="ana", kind="recall") == []
    engine.close()


@pytest.mark.parametrize("options", [{"receipts": "all"}, {"keep_receipts": timedelta(0)}, {"keep_receipts": 30}])
def test_a_receipt_policy_that_makes_no_sense_is_refused(path: str, options: Any) -> None:
    with pytest.raises(InvalidInputError, match="receipts"), open_memory(path, **options):
        pass


def test_no_receipt_is_left_of_what_was_forgotten_in_any_byte(path: str) -> None:
    with open_memory(path) as memory:
        say(memory, "I live in Qzxberg.")
        for one in memory.store.list_memories(owner_id="ana"):
            memory.store.forget(one.id, owner_id="ana")
        assert "Qzxberg" not in str(rows(path, "SELECT body FROM memory_receipt"))


async def test_a_database_that_is_only_read_is_recalled_from_and_keeps_no_receipt(database: str, mode: str) -> None:
    index: Any = {"dims": BagOfWords.dims, "embed": BagOfWords()}
    with open_memory(database, index=index) as memory:
        memory.store.remember("The user likes tea.", owner_id="ana")

    with open_memory(database, index=index, read_only=True) as memory:
        found = [await Driver(memory.store, mode).recall("tea", owner_id="ana") for _ in range(2)]
        with pytest.raises(ReceiptNotFoundError):
            await Driver(memory.audit, mode).explain(found[0].id, owner_id="ana")
        with pytest.raises(DatabaseUnavailableError, match="read"):
            await Driver(memory.store, mode).remember("The user likes coffee.", owner_id="ana")

    assert [[one.memory.content for one in each] for each in found] == [["The user likes tea."]] * 2
    assert rows(database, "SELECT count(*) FROM memory_receipt WHERE kind = 'recall'")[0][0] == 0


async def test_a_database_that_is_only_read_refuses_another_index(database: str, mode: str) -> None:
    with open_memory(database, index={"dims": BagOfWords.dims, "embed": BagOfWords()}) as memory:
        memory.store.remember("The user likes tea.", owner_id="ana")
    other: Any = {"dims": 1, "embed": lambda texts: [[1.0]] * len(texts)}

    with open_memory(database, index=other, read_only=True) as memory, pytest.raises(IndexChangedError):
        await Driver(memory.store, mode).recall("tea", owner_id="ana")
