"""An erased owner is gone: from every table, and from every byte of the live files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START as FIRST
from langgraph.graph import MessagesState, StateGraph
from support import BagOfWords, Clock, Driver

from langgraph_memory import Candidate, MemoryDatabase, Source
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import MissingOwnerError
from langgraph_memory.operations.settings import StoreSettings

ADA = "ada@example.org"
BEN = "ben@example.org"
SECRETS = [
    f"qzx{kind}" for kind in ("content slot context subject query item key thread excerpt old json ref queued".split())
]


@pytest.fixture
def memory(path: str, clock: Clock, embed: BagOfWords) -> Iterator[MemoryDatabase]:
    """Store and checkpointer on one new file, which wait for a fifth of a second."""
    yield from opened(path, clock, embed)


@pytest.fixture
def either(database: str, clock: Clock, embed: BagOfWords) -> Iterator[MemoryDatabase]:
    """The same on a database of either engine."""
    yield from opened(database, clock, embed)


def opened(database: str, clock: Clock, embed: BagOfWords) -> Iterator[MemoryDatabase]:
    numbers = count(1)
    engine = connect(database, busy_timeout=0.2)
    settings = StoreSettings(clock=clock, new_id=lambda: f"id-{next(numbers):04}")
    engine.setup()
    yield MemoryDatabase(engine, index={"dims": embed.dims, "embed": embed}, settings=settings)
    engine.close()


def bytes_of(path: str) -> bytes:
    """Return every byte of the database, its write-ahead log and its shared memory."""
    return b"".join(file.read_bytes() for file in sorted(Path(path).parent.glob("memory.db*")))


def sizes_of(path: str) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in Path(path).parent.glob("memory.db*")}


def found_in(path: str, *secrets: str) -> list[str]:
    raw = bytes_of(path).lower()
    return [secret for secret in secrets if secret.lower().encode() in raw]


def talk(memory: MemoryDatabase, thread_id: str, owner_id: str | None, words: str) -> None:
    """Run a graph that answers once."""
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda state: {"messages": [AIMessage(f"you said {words}")]})
    builder.add_edge(FIRST, "answer")
    graph = builder.compile(checkpointer=memory.checkpointer)
    config = {"configurable": {"thread_id": thread_id, **({"user_id": owner_id} if owner_id else {})}}
    graph.invoke({"messages": [HumanMessage(words)]}, config)


async def fill(store: Driver, clock: Clock, owner_id: str, mark: str) -> None:
    """Store a secret in every place that holds an owner's words."""
    source = Source(thread_id=f"{mark}ref", excerpt=f"{mark}excerpt", actor=owner_id)
    kept = await store.remember(
        f"the {mark}content is kept",
        owner_id=owner_id,
        slot=f"{mark}slot",
        context=f"around {mark}context",
        subject=f"{mark}subject",
        content_json={"value": f"{mark}json"},
        source=source,
    )
    gone = await store.remember(f"the {mark}old value", owner_id=owner_id, slot=f"{mark}slot2")
    for n in range(60):
        await store.remember(f"{mark}content number {n} " + f"{mark}old words " * n, owner_id=owner_id)
    await store.supersede(gone.memory.id, f"the {mark}content is new", owner_id=owner_id)
    clock.advance(minutes=1)
    await store.verify(kept.memory.id, owner_id=owner_id)
    place = ("curated", owner_id.replace(".", "%2E"), "global")
    await store.put(place, kept.memory.id, {"content": f"the {mark}content was edited"})
    await store.put((*place[:2], "notes"), f"{mark}key", {"text": f"{mark}item"})
    await store.recall(f"where is {mark}query", owner_id=owner_id, source=source)
    ledger = LedgerPlace(owner_id, f"{mark}thread", "rules")
    candidate = Candidate(content=f"{mark}content again", memory_type="fact", message_id=f"{mark}key")
    utterance = Utterance(message_id=f"{mark}key", actor="user", text=f"{mark}content again")
    await store.queue.promote([candidate], utterances=[utterance], place=ledger)
    later = Utterance(message_id=f"{mark}later", actor="user", text=f"{mark}queued for later")
    await Driver(store.target.queue, store.mode).add([later], place=ledger, heard=[f"{mark}queued before"])


async def test_an_erased_owner_leaves_no_byte_in_the_live_files(
    memory: MemoryDatabase, mode: str, path: str, clock: Clock
) -> None:
    store = Driver(memory.store, mode)
    await fill(store, clock, ADA, "qzx")
    await fill(store, clock, BEN, "wvb")
    talk(memory, "qzxthread", ADA, "qzxthread words")
    talk(memory, "wvbthread", BEN, "wvbthread words")
    before = await store.list_memories(owner_id=BEN, include_inactive=True)
    ranked = [(one.memory.id, one.score) for one in await store.recall("wvbcontent", owner_id=BEN)]
    assert set(found_in(path, *SECRETS)) == set(SECRETS)

    receipt = await store.admin.erase_owner(ADA, threads=True)

    assert receipt.body["scrubbed"] is True
    assert found_in(path, "qzx", ADA) == []
    assert sizes_of(path)["memory.db-wal"] == 0
    assert receipt.kind == "erase"
    assert {kind: number > 0 for kind, number in receipt.counts.items()} == dict.fromkeys(receipt.counts, True)
    assert receipt.counts["threads"] == 1
    assert await store.list_memories(owner_id=BEN, include_inactive=True) == before
    assert [(one.memory.id, one.score) for one in await store.recall("wvbcontent", owner_id=BEN)] == ranked
    assert memory.checkpointer.get_tuple({"configurable": {"thread_id": "wvbthread"}}) is not None
    assert memory.checkpointer.get_tuple({"configurable": {"thread_id": "qzxthread"}}) is None


async def test_an_erased_owner_is_in_no_table(memory: MemoryDatabase, mode: str, path: str, clock: Clock) -> None:
    store = Driver(memory.store, mode)
    await fill(store, clock, ADA, "qzx")
    talk(memory, "qzxthread", ADA, "qzxthread words")

    await store.admin.erase_owner(ADA, threads=True)

    connection = sqlite3.connect(path)
    tables = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('memory_migration', 'store_setting')"
        )
    ]
    held = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    connection.close()
    assert held.pop("memory_mark") > 0  # hashes, by which nothing of it is brought back
    assert held == dict.fromkeys(held, 0) | {"thread_deleted": 1}  # a hash, by which a run under way is refused


async def test_threads_stay_unless_they_are_asked_for(either: MemoryDatabase, mode: str) -> None:
    store = Driver(either.store, mode)
    talk(either, "t", ADA, "qzxthread")
    await store.remember("likes tea", owner_id=ADA)

    receipt = await store.admin.erase_owner(ADA)

    assert "threads" not in receipt.counts
    assert either.checkpointer.get_tuple({"configurable": {"thread_id": "t"}}) is not None


async def test_the_owners_threads_are_those_a_run_claimed_and_unclaimed_ones_that_were_read_for_them(
    either: MemoryDatabase, mode: str
) -> None:
    store = Driver(either.store, mode)
    for thread_id, owner_id in (("mine", ADA), ("bens", BEN), ("nobodys", None), ("unread", None)):
        talk(either, thread_id, owner_id, "hello")
    for thread_id in ("bens", "nobodys"):
        await store.recall("hello", owner_id=ADA, source=Source(thread_id=thread_id))
    either.checkpointer.copy_thread("mine", "copied")

    receipt = await store.admin.erase_owner(ADA, threads=True)

    left = {thread.thread_id for thread in either.checkpointer.list_threads()}
    assert left == {"bens", "unread"}
    assert receipt.counts["threads"] == 3


async def test_erasing_waits_for_a_reader_and_says_when_it_could_not(
    memory: MemoryDatabase, mode: str, path: str
) -> None:
    store = Driver(memory.store, mode)
    await store.remember("the qzxcontent", owner_id=ADA)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM agent_memory").fetchone()

    receipt = await store.admin.erase_owner(ADA)

    assert receipt.body["scrubbed"] is False
    assert await store.list_memories(owner_id=ADA) == []
    reader.execute("COMMIT")
    assert await store.admin.scrub() is True
    assert found_in(path, "qzx") == []
    reader.close()


async def test_erasing_works_while_others_read(memory: MemoryDatabase, mode: str, path: str) -> None:
    store = Driver(memory.store, mode)
    await store.remember("the qzxcontent", owner_id=ADA)
    await store.remember("ben likes tea", owner_id=BEN)
    stop, wrong = Event(), []

    def read() -> None:
        while not stop.is_set():
            if len(memory.store.recall("tea", owner_id=BEN)) != 1:
                wrong.append("ben's memory was not found")

    thread = Thread(target=read)
    thread.start()
    receipt = await store.admin.erase_owner(ADA)
    stop.set()
    thread.join()

    assert receipt.body["scrubbed"] or await store.admin.scrub()
    assert (wrong, found_in(path, "qzx")) == ([], [])


async def test_what_is_forgotten_is_unreadable_after_scrubbing(memory: MemoryDatabase, mode: str, path: str) -> None:
    store = Driver(memory.store, mode)
    gone = await store.remember("the qzxcontent", owner_id=ADA, slot="qzxslot", source=Source(excerpt="qzxexcerpt"))
    await store.forget(gone.memory.id, owner_id=ADA)

    assert await store.admin.scrub() is True

    assert found_in(path, "qzx") == []


async def test_an_owner_without_anything_is_erased_too(either: MemoryDatabase, mode: str) -> None:
    receipt = await Driver(either.store, mode).admin.erase_owner("nobody", threads=True)

    assert set(receipt.counts.values()) == {0}
    with pytest.raises(MissingOwnerError):
        await Driver(either.store, mode).admin.erase_owner("")


async def test_an_erased_owner_begins_anew(either: MemoryDatabase, mode: str) -> None:
    store = Driver(either.store, mode)
    await store.remember("likes tea", owner_id=ADA)
    await store.remember("rides", owner_id=BEN)
    await store.admin.erase_owner(ADA)

    await store.remember("likes coffee", owner_id=ADA)

    assert [one.memory.content for one in await store.recall("likes", owner_id=ADA)] == ["likes coffee"]
    assert len(await store.audit.entries(owner_id=ADA)) == 1


def test_what_is_forgotten_leaves_nothing_in_a_block_of_vectors(memory: MemoryDatabase, path: str) -> None:
    kept = [memory.store.remember(f"number {word}", owner_id=ADA, slot=f"s{word}").memory for word in range(128)]
    assert kept[5] is not None
    memory.store.forget(kept[5].id, owner_id=ADA)

    with closing(sqlite3.connect(path)) as connection:
        ((slots, bounds, sketches, codes),) = connection.execute(
            "SELECT slots, bounds, sketches, codes FROM memory_vector_block"
        )
        assert connection.execute("SELECT count(*) FROM memory_vector").fetchone() == (127,)

    dims = len(codes) // 128
    for held, size in ((slots, 4), (bounds, 8), (sketches, 32), (codes, dims)):
        assert len(held) == 128 * size
        assert [place for place in range(128) if not any(held[size * place : size * place + size])] == [5]
