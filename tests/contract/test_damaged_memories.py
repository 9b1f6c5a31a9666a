"""A memory that the database no longer holds as it was written is named, and never told to a model."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from databases import rows
from support import Driver

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, Source, build_graph, open_memory
from langgraph_memory.errors import DamagedMemoryError

ANA = "ana"
SOUND, HURT = "The user likes green tea.", "The user is allergic to nuts."
USER = Source(actor="user", thread_id="t", message_ids=("m1",), excerpt=HURT)


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


@pytest.fixture
def hurt(memory: MemoryDatabase) -> str:
    """The id of a memory with everything a memory can have, beside a sound one."""
    memory.store.remember(SOUND, owner_id=ANA)
    everything = {"slot": "health.allergy", "content_json": {"value": "nuts"}, "subject": "the user", "tags": ["diet"]}
    stored = memory.store.remember(HURT, owner_id=ANA, source=USER, context="At dinner.", **everything).memory
    assert stored is not None
    return stored.id


def damage(database: str, column: str, value: str) -> None:
    rows(database, f"UPDATE agent_memory SET {column} = {value} WHERE slot = 'health.allergy'")


def flipped(database: str, column: str, bit: int) -> str:
    """Return SQL for the value of a text column with one bit of its third character turned."""
    ((text,),) = rows(database, f"SELECT {column} FROM agent_memory WHERE slot = 'health.allergy'")
    raw = bytearray(text.encode())
    raw[2] ^= 1 << bit
    if "://" in database:
        return "'" + raw.decode().replace("'", "''") + "'"
    return f"CAST(X'{raw.hex()}' AS TEXT)"


@pytest.mark.parametrize("column", ["content", "content_json", "source", "subject", "context", "tags"])
async def test_a_flipped_bit_is_named_and_not_told(
    memory: MemoryDatabase, hurt: str, database: str, mode: str, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    damage(database, column, flipped(database, column, 0))
    store = Driver(memory.store, mode)

    with caplog.at_level(logging.WARNING, logger="langgraph_memory"):
        found = await store.recall("green tea or allergic to nuts", owner_id=ANA, limit=10)
    assert [one.content for one in found.memories] == [SOUND]
    assert hurt in caplog.text
    assert "allergic" not in caplog.text
    assert [one.content for one in await store.list_memories(owner_id=ANA)] == [SOUND]
    assert [one.value["content"] for one in await store.search(("curated", ANA))] == [SOUND]
    assert [one.value["content"] for one in await store.search(("curated", ANA), query="allergic tea")] == [SOUND]
    for read in (
        lambda: store.history(hurt, owner_id=ANA),
        lambda: store.get(("curated", ANA, "global"), hurt),
        lambda: store.supersede(hurt, "The user is allergic to figs.", owner_id=ANA),
    ):
        with pytest.raises(DamagedMemoryError, match=hurt):
            await read()
    assert any(hurt in one.what for one in memory.diagnose())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("content", "'The user likes nuts.'"),
        ("owner_id", "'bo'"),
        ("trust", "'app'"),
        ("protected", "1"),
        ("content_json", "'{'"),
        ("source", "'no json'"),
    ],
)
async def test_what_was_changed_behind_the_store_is_not_told(
    memory: MemoryDatabase, hurt: str, database: str, mode: str, column: str, value: str
) -> None:
    damage(database, column, value)

    found = await Driver(memory.store, mode).recall("green tea or allergic to nuts", owner_id=ANA, limit=10)

    assert [one.content for one in found.memories] == [SOUND]


@pytest.mark.parametrize("column", ["content", "source", "context"])
def test_text_that_is_no_unicode_any_more_is_named_too(
    memory: MemoryDatabase, hurt: str, database: str, column: str
) -> None:
    if "://" in database:
        pytest.skip("PostgreSQL checks the encoding of what it stores")
    damage(database, column, flipped(database, column, 7))

    assert [
        one.content for one in memory.store.recall("green tea or allergic to nuts", owner_id=ANA, limit=10).memories
    ] == [SOUND]
    with pytest.raises(DamagedMemoryError, match=hurt):
        memory.store.history(hurt, owner_id=ANA)
    assert any(hurt in one.what for one in memory.diagnose())
    memory.store.forget(hurt, owner_id=ANA)
    assert [one for one in memory.diagnose() if hurt in one.what] == []


async def test_a_turn_goes_on_beside_a_damaged_memory(
    memory: MemoryDatabase, hurt: str, database: str, mode: str
) -> None:
    damage(database, "content", "'The user is allergic to nutz.'")
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    config = {"configurable": {"thread_id": "t"}}

    said = {"messages": [("user", "I'm allergic to figs. What may I eat?")]}
    await Driver(graph, mode).invoke(said, config, context=MemoryContext(ANA))

    told = [one.content for one in memory.store.list_memories(owner_id=ANA)]
    assert len(told) == 2
    assert "figs" in " ".join(told)


async def test_what_is_damaged_can_be_forgotten_and_erased(
    memory: MemoryDatabase, hurt: str, database: str, mode: str
) -> None:
    damage(database, "content", "'The user is allergic to nutz.'")
    store = Driver(memory.store, mode)

    receipt = await store.forget(hurt, owner_id=ANA)

    assert receipt.counts == {"memories": 1}
    assert (await store.admin.erase_owner(ANA)).counts["memories"] == 1


def test_a_copy_is_as_damaged_as_its_source(
    memory: MemoryDatabase, hurt: str, database: str, databases: object
) -> None:
    from langgraph_memory.transfer.copy import copy_memory

    damage(database, "content", "'The user is allergic to nutz.'")
    target = databases.new()  # type: ignore[attr-defined]
    copy_memory(database, target)

    with open_memory(target) as copied:
        assert [one.content for one in copied.store.list_memories(owner_id=ANA)] == [SOUND]
