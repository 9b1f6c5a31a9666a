"""A copy holds what there was, whichever engine it was on and whenever the copy was cut short."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import get_ident
from typing import Any

import psycopg
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from support import BagOfWords, one_sentence

from langgraph_memory import MemoryContext, OfflineChatModel, Source, build_graph, open_memory
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.jobs import Retries
from langgraph_memory.domain.promotion import LedgerPlace, PromotionPolicy
from langgraph_memory.engine.postgres.engine import PostgresEngine
from langgraph_memory.engine.sqlite.engine import SqliteEngine
from langgraph_memory.errors import (
    CopyMismatchError,
    DatabaseUnavailableError,
    IndexChangedError,
    InvalidInputError,
    NewerSchemaError,
    OlderSchemaError,
)
from langgraph_memory.transfer import copy as copying
from langgraph_memory.transfer.copy import CopyReport, acopy_memory, copy_memory
from langgraph_memory.transfer.tables import HEAD_TABLES, JOBS, QUEUE, ROWS, STATE_TABLES, TRAIL_TABLES, VERSION_COLUMNS

DRIVER = Path(__file__).with_name("copy_driver.py")
PAIRS = [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres")]
INDEX: Any = {"dims": 128, "embed": BagOfWords()}
ANA = "ana.lima@example.org"
THREADS = ("t0", "t1", "t2")

Place = Callable[[str], str]
"""Names a new database of an engine."""


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Name a new database of an engine."""
    made: list[str] = []

    def new(engine: str) -> str:
        if engine == "sqlite":
            return str(tmp_path / f"{len(list(tmp_path.iterdir()))}-{len(made)}.db")
        made.append(request.getfixturevalue("postgres").new_database())
        return made[-1]

    yield new
    for url in made:
        request.getfixturevalue("postgres").drop_database(url)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file that holds something of everything; never changed."""
    file = str(tmp_path_factory.mktemp("written") / "written.db")
    fill(file)
    return file


@pytest.fixture(scope="module")
def written_on_server(postgres: Any) -> Iterator[str]:
    """The same on a server, as a template for others."""
    url = postgres.new_database()
    fill(url)
    yield url.rpartition("/")[2]
    postgres.drop_database(url)


@pytest.fixture
def full(place: Place, written: str, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Name a new database of an engine that holds something of everything."""
    made: list[str] = []

    def new(engine: str) -> str:
        if engine == "sqlite":
            return shutil.copy(written, place("sqlite"))
        template = request.getfixturevalue("written_on_server")
        made.append(request.getfixturevalue("postgres").new_database(template))
        return made[-1]

    yield new
    for url in made:
        request.getfixturevalue("postgres").drop_database(url)


def config_of(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def asking(saver: Any) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("ask", lambda state: {"messages": [AIMessage(interrupt("really?"))]})
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(checkpointer=saver)


def fill(db: str) -> None:
    """Leave threads with forks and interrupts, memories with earlier states, plain items, and vectors of both."""
    with open_memory(db, index=INDEX) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        for number, thread in enumerate(THREADS):
            for city in ("Oslo", "Lima", "Quito"):
                said = {"messages": [HumanMessage(f"I live in {city}. My cat number {number} is called Tom.")]}
                graph.invoke(said, config_of(thread), context=MemoryContext(owner_id=ANA))
        fork = list(graph.get_state_history(config_of("t0")))[4]
        graph.invoke({"messages": [HumanMessage("Another way.")]}, fork.config, context=MemoryContext(owner_id="ben"))
        asking(memory.checkpointer).invoke({"messages": [HumanMessage("do it")]}, config_of("asking"))
        store = memory.store
        store.remember("deploys to Slack", owner_id=ANA, slot="channel", source=Source(excerpt="Slack"))
        store.remember("deploys to Teams", owner_id=ANA, slot="channel", subject="deploys", context="in the chat")
        slip = store.remember("a slip of the tongue", owner_id="ben").memory
        assert slip is not None
        store.forget(slip.id, owner_id="ben")
        store.recall("deploys", owner_id=ANA, source=Source(thread_id="t0"))
        for number in range(150):
            store.put(("docs", "harbour", "deep"), f"k{number}", {"text": f"ship {number} in the harbour"})
        place = LedgerPlace(ANA, "t0", "later")
        for number in range(3):
            said = Utterance(message_id=f"m{number}", actor="user", text=f"I use tool {number}.")
            store.queue.add([said], place=place, source=Source(thread_id="t0"))
        early: Any = {"configurable": {"thread_id": "early", "checkpoint_id": "1"}}
        memory.checkpointer.put_writes(early, [("a", 1)], "task")
        store.put(("docs", "brief"), "k", {"text": "soon over"}, ttl=6000)
        store.put(("docs", "brief"), "silent", {"text": "never found"}, index=False)


def seen(db: str) -> dict[str, Any]:
    """Return what a reader sees of a database."""
    with open_memory(db, index=INDEX) as memory:
        return {
            "checkpoints": list(memory.checkpointer.list(None)),
            "threads": [(one.thread_id, one.owner_id, one.updated_at) for one in memory.checkpointer.list_threads()],
            "exported": sorted(line for line in memory.admin.export() if "exported_at" not in line),
            "near": [
                (item.key, round(item.score or 0, 5))
                for item in memory.store.search(("docs", "harbour"), query="ship 77", limit=20)
            ],
        }


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_copy_holds_what_the_source_holds_and_the_source_is_as_it_was(
    place: Place, full: Place, old: str, new: str
) -> None:
    source, target = full(old), place(new)
    before, told = contents(source), []

    found = copy_memory(source, target, progress=lambda done, total: told.append((done, total)))

    assert contents(source) == before
    assert seen(target) == seen(source)
    assert found.threads.counts["threads"] == 5
    assert found.memories.counts["items"] == 152
    assert found.memories.counts["vectors"] > 150
    assert found.memories.counts["versions"] > 0
    assert (found.known, found.changed) == (0, [])
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(("old", "new"), PAIRS)
async def test_a_copy_beside_the_event_loop_is_the_same(
    place: Place, full: Place, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = full(old), place(new)
    here, blocked, told = get_ident(), [], []
    for engine in (SqliteEngine, PostgresEngine):
        for name in ("setup", "run", "close"):
            monkeypatch.setattr(engine, name, noting(getattr(engine, name), here, blocked))

    found = await acopy_memory(source, target, progress=lambda *done: told.append((*done, get_ident())))

    assert blocked == []
    assert {ident for *_, ident in told} == {here}
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)
    assert told[-1][0] == told[-1][1]
    monkeypatch.undo()
    assert seen(target) == seen(source)
    assert counted(copy_memory(source, place(new))) == counted(found)


def counted(found: CopyReport) -> CopyReport:
    """Leave out the sizes, which a server's own upkeep changes between two looks at the same rows."""
    return replace(found, source_bytes=0, target_bytes=0)


def noting(method: Any, thread: int, called: list[str]) -> Any:
    """Return a method that notes when it is called in a thread."""

    def noted(*args: Any, **kwargs: Any) -> Any:
        if get_ident() == thread:
            called.append(method.__qualname__)
        return method(*args, **kwargs)

    return noted


async def test_a_copy_that_was_cancelled_is_run_again(place: Place, full: Place) -> None:
    source, target = full("sqlite"), place("sqlite")
    copying: Any = None

    def cancel(done: int, total: int) -> None:
        copying.cancel()

    copying = asyncio.ensure_future(acopy_memory(source, target, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await copying

    await acopy_memory(source, target)

    assert seen(target) == seen(source)


async def test_a_copy_into_itself_is_refused_beside_the_loop_too(full: Place) -> None:
    source = full("sqlite")

    with pytest.raises(InvalidInputError, match="one database"):
        await acopy_memory(source, source)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_threads_go_on_in_the_copy(place: Place, full: Place, old: str, new: str) -> None:
    source, target = full(old), place(new)
    copy_memory(source, target)

    with open_memory(target, index=INDEX) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        said = {"messages": [HumanMessage("What is my cat called?")]}
        answer = graph.invoke(said, config_of("t1"), context=MemoryContext(owner_id=ANA))
        done = asking(memory.checkpointer).invoke(Command(resume="yes"), config_of("asking"))
        memory.store.remember("deploys to Matrix", owner_id=ANA, slot="channel")
        channel = memory.store.recall("deploys", owner_id=ANA, limit=1)

    assert "Tom" in answer["messages"][-1].text
    assert done["messages"][-1].content == "yes"
    assert "Matrix" in channel[0].memory.content


def test_a_copy_and_its_copy_back_have_one_checksum(place: Place, full: Place) -> None:
    source, there, back = full("sqlite"), place("postgres"), place("sqlite")

    out = copy_memory(source, there)
    home = copy_memory(there, back)

    assert (out.threads, out.memories) == (home.threads, home.memories)
    assert seen(back) == seen(source)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_copy_that_is_run_again_finds_everything_there(place: Place, full: Place, old: str, new: str) -> None:
    source, target = full(old), place(new)
    first = copy_memory(source, target)
    before = contents(target)

    again = copy_memory(source, target)

    assert again.known == first.threads.counts["threads"]
    assert (again.threads, again.memories) == (first.threads, first.memories)
    assert contents(target) == before


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_what_the_source_was_given_since_is_brought_along_by_another_run(
    place: Place, full: Place, old: str, new: str
) -> None:
    source, target = full(old), place(new)
    copy_memory(source, target)
    with open_memory(source, index=INDEX) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        said = {"messages": [HumanMessage("I live in Paris. I like tea.")]}
        graph.invoke(said, config_of("t2"), context=MemoryContext(owner_id=ANA))
        memory.checkpointer.prune(["t1"])
        memory.store.put(("docs", "harbour", "deep"), "k7", {"text": "another ship"})

    with pytest.raises(CopyMismatchError, match="thread 't1'"):
        copy_memory(source, target)  # the target has checkpoints of it that the source has no longer
    with open_memory(target) as memory:
        memory.checkpointer.delete_thread("t1")
    found = copy_memory(source, target)

    assert found.known == 4
    assert seen(target) == seen(source)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_jobs_that_went_on_or_were_finished_in_the_source_are_so_in_the_copy(
    place: Place, full: Place, old: str, new: str
) -> None:
    source, target = full(old), place(new)
    with open_memory(source) as memory:
        said = Utterance(message_id="m", actor="user", text="I use another tool.")
        memory.store.queue.add([said], place=LedgerPlace("ben", "t0", "longer"))
    first = copy_memory(source, target)
    with open_memory(source) as memory:
        queue = memory.store.queue
        leased = queue.claim("later", lease_for=timedelta(minutes=5), retries=Retries(), ahead=True)
        assert leased is not None
        for batch in leased.batches(Retries()):
            queue.finish(leased.lease, batch, [], policy=PromotionPolicy(), last=True)
        more = Utterance(message_id="n", actor="user", text="And one more.")
        queue.add([more], place=LedgerPlace("ben", "t0", "longer"))

    again = copy_memory(source, target)

    assert (first.memories.counts["jobs"], first.memories.counts["queued"]) == (2, 4)
    assert (again.memories.counts["jobs"], again.memories.counts["queued"]) == (1, 2)
    with open_memory(target) as memory:
        assert [(job.owner_id, job.extractor, job.waiting) for job in memory.jobs.pending()] == [("ben", "longer", 2)]


def test_a_job_of_the_target_that_nobody_has_read_stays_and_its_owner_is_named(place: Place, full: Place) -> None:
    source, target = full("sqlite"), place("sqlite")
    copy_memory(source, target)
    with open_memory(target) as memory:
        said = Utterance(message_id="x", actor="user", text="Said over there.")
        memory.store.queue.add([said], place=LedgerPlace(ANA, "elsewhere", "later"))

    with pytest.raises(CopyMismatchError, match="lima"):
        copy_memory(source, target)

    with open_memory(target) as memory:
        assert "elsewhere" in [job.thread_id for job in memory.jobs.pending()]


@pytest.mark.parametrize("new", ["sqlite", "postgres"])
def test_what_the_source_has_deleted_since_is_named(place: Place, full: Place, new: str) -> None:
    source, target = full("sqlite"), place(new)
    copy_memory(source, target)
    with open_memory(source) as memory:
        memory.checkpointer.delete_thread("t1")
        memory.admin.erase_owner("ben")

    found = copy_memory(source, target)

    assert found.extra == ["thread 't1'", "the memories of 'ben'"]


def test_a_thread_that_is_deleted_from_the_source_meanwhile_is_not_in_the_copy(place: Place, full: Place) -> None:
    source, target = full("sqlite"), place("sqlite")
    with open_memory(source) as memory:

        def delete(done: int, total: int) -> None:
            if done == 1:
                memory.checkpointer.delete_thread("t1")

        found = copy_memory(source, target, progress=delete)

    assert found.threads.counts["threads"] == 4
    assert found.extra == []
    assert seen(target) == seen(source)


def test_a_thread_that_was_continued_in_the_target_stays_as_it_is_and_is_named(place: Place, full: Place) -> None:
    source, target = full("sqlite"), place("sqlite")
    copy_memory(source, target)
    with open_memory(target) as memory:
        asking(memory.checkpointer).invoke(Command(resume="yes"), config_of("asking"))
        expected = list(memory.checkpointer.list(config_of("asking")))

    with pytest.raises(CopyMismatchError, match="thread 'asking'") as raised:
        copy_memory(source, target)

    with open_memory(target) as memory:
        assert list(memory.checkpointer.list(config_of("asking"))) == expected
    one_sentence(raised.value)


def test_a_memory_that_was_changed_in_the_target_stays_as_it_is_and_its_owner_is_named(
    place: Place, full: Place
) -> None:
    source, target = full("sqlite"), place("sqlite")
    copy_memory(source, target)
    with open_memory(target) as memory:
        memory.store.put(("docs", "brief"), "k", {"text": "written over there"})
        memory.store.remember("only here", owner_id=ANA)

    with pytest.raises(CopyMismatchError) as raised:
        copy_memory(source, target)

    with open_memory(target) as memory:
        item = memory.store.get(("docs", "brief"), "k")
    assert item is not None
    assert item.value == {"text": "written over there"}
    assert f"the memories of {ANA!r}" in str(raised.value)
    assert "'docs', 'brief'" in str(raised.value)


def test_a_thread_that_runs_meanwhile_is_copied_at_one_moment_and_reported(place: Place, full: Place) -> None:
    source, target = full("sqlite"), place("sqlite")

    with open_memory(source) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)

        def go_on(done: int, total: int) -> None:
            if done == 3:  # after three of the threads, in the order of their ids: asking, early and t0
                said = {"messages": [HumanMessage("Thanks!")]}
                graph.invoke(said, config_of("t0"), context=MemoryContext(owner_id="ben"))

        found = copy_memory(source, target, progress=go_on)
        newest = memory.checkpointer.get_tuple(config_of("t0"))

    assert found.changed == ["t0"]
    with open_memory(target) as memory:
        copied = memory.checkpointer.get_tuple(config_of("t0"))
    assert newest is not None
    assert copied is not None
    assert copied.checkpoint["id"] < newest.checkpoint["id"]
    assert len(copied.checkpoint["channel_values"]["messages"]) < len(newest.checkpoint["channel_values"]["messages"])


@pytest.mark.parametrize(("old", "new"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_an_encrypted_database_is_copied_without_its_key(place: Place, old: str, new: str) -> None:
    source, target = place(old), place(new)
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    with open_memory(source, serde=serde) as memory:
        asking(memory.checkpointer).invoke({"messages": [HumanMessage("a secret")]}, config_of("t"))
        expected = list(memory.checkpointer.list(config_of("t")))

    copy_memory(source, target)

    with open_memory(target, serde=serde) as memory:
        assert list(memory.checkpointer.list(config_of("t"))) == expected


@pytest.mark.parametrize("new", ["sqlite", "postgres"])
def test_a_thread_that_is_larger_than_what_is_held_at_once_is_copied(
    place: Place, full: Place, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = full("sqlite"), place(new)
    monkeypatch.setattr(copying, "_BUFFERED", 1000)

    copy_memory(source, target)

    assert seen(target) == seen(source)


def test_what_a_copy_that_was_cut_short_has_left_is_replaced(place: Place, full: Place) -> None:
    source, target = full("sqlite"), place("sqlite")
    with open_memory(target):
        pass
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("INSERT INTO thread (thread_no, thread_id) VALUES (7, 't0')")
        for channel in ("messages", "left behind"):
            connection.execute(
                "INSERT INTO thread_channel VALUES (7, '', ?, '1', 'value', 'x', ?)", (channel, b"stale")
            )
        connection.execute("INSERT INTO thread_chunk VALUES (7, 5, 1, 'x', ?)", (b"stale",))

    copy_memory(source, target)

    assert seen(target) == seen(source)


@pytest.mark.parametrize("kind", ["thread_chunk", "memory_audit"])
def test_a_copy_that_differs_names_the_thread_or_the_owner(place: Place, full: Place, kind: str) -> None:
    source, target = full("sqlite"), place("sqlite")
    copy_memory(source, target)
    change, expected = {
        "thread_chunk": ("UPDATE thread_chunk SET value = x'00'", "thread 't1'"),
        "memory_audit": ("UPDATE memory_audit SET reason = 'other' WHERE partition LIKE '%ana%'", repr(ANA)),
    }[kind]
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("UPDATE thread SET updated_at = updated_at - 1 WHERE thread_id = 't1'")
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute(change)

    with pytest.raises(CopyMismatchError, match=expected) as raised:
        copy_memory(source, target)

    one_sentence(raised.value)


def test_vectors_that_do_not_compare_with_those_of_the_target_are_refused_before_anything_is_copied(
    place: Place,
    full: Place,
) -> None:
    source, target = full("sqlite"), place("sqlite")
    with open_memory(target, index={"dims": 2, "embed": lambda texts: [[1.0, 0.0] for _ in texts]}) as memory:
        memory.store.put(("docs", "x"), "k", {"text": "here"})

    with pytest.raises(IndexChangedError) as raised:
        copy_memory(source, target)

    with open_memory(target) as memory:
        assert memory.checkpointer.list_threads() == []
    one_sentence(raised.value)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_database_is_not_copied_to_itself(place: Place, full: Place, engine: str) -> None:
    source = full(engine)
    other_name = source + "?application_name=other" if engine == "postgres" else f"sqlite:///{source}"

    for target in (source, other_name):
        with pytest.raises(InvalidInputError, match="one database") as raised:
            copy_memory(source, target)
        one_sentence(raised.value)


def test_a_source_is_copied_by_a_user_who_may_only_read_it(place: Place, full: Place) -> None:
    source, target = full("postgres"), place("sqlite")
    with psycopg.connect(source, autocommit=True) as server:
        server.execute("CREATE ROLE copier LOGIN PASSWORD 'copies'")
        server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO copier")
    try:
        found = copy_memory(f"postgresql://copier:copies@{source.partition('@')[2]}", target)
    finally:
        with psycopg.connect(source, autocommit=True) as server:
            server.execute("DROP OWNED BY copier")
            server.execute("DROP ROLE copier")

    assert found.threads.counts["threads"] == 5
    assert seen(target) == seen(source)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_database_that_was_opened_for_reading_refuses_to_be_written(full: Place, engine: str) -> None:
    source = full(engine)

    with open_memory(source, read_only=True) as memory, pytest.raises(DatabaseUnavailableError, match="read") as raised:
        memory.checkpointer.delete_thread("t0")

    one_sentence(raised.value)
    assert "t0" in [thread_id for thread_id, *_ in seen(source)["threads"]]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_source_of_an_older_version_is_not_migrated(place: Place, full: Place, engine: str) -> None:
    source, target = full(engine), place("sqlite")
    execute(source, "DELETE FROM memory_migration WHERE version = (SELECT max(version) FROM memory_migration)")
    before = contents(source)

    with pytest.raises(OlderSchemaError, match="open it once") as raised:
        copy_memory(source, target)

    assert contents(source) == before
    assert not os.path.exists(target)
    one_sentence(raised.value)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_target_of_a_newer_version_is_refused(place: Place, full: Place, engine: str) -> None:
    source, target = full("sqlite"), place(engine)
    with open_memory(target):
        pass
    execute(target, "INSERT INTO memory_migration VALUES (999, 'to come')")

    with pytest.raises(NewerSchemaError, match="999"):
        copy_memory(source, target)


def test_a_source_that_is_not_there_is_not_made(place: Place) -> None:
    source, target = place("sqlite"), place("sqlite")

    with pytest.raises(DatabaseUnavailableError, match="there is no file"):
        copy_memory(source, target)

    assert not os.path.exists(source)
    assert not os.path.exists(target)


def test_every_column_of_every_table_is_copied_or_made_anew(place: Place) -> None:
    copied = {
        "thread": {"thread_no", "thread_id", "owner_id", "created_at", "updated_at"},
        "agent_memory": {*ROWS.columns, "memory_no"},
        "memory_version": {*VERSION_COLUMNS, "memory_no"},
        "store_setting": {"name", "value"},
        "memory_mark": {"holder", "digest", "marked_at"},
    }
    tables = {
        "channels": "thread_channel",
        "chunks": "thread_chunk",
        "writes": "thread_write",
        "checkpoints": "thread_checkpoint",
        "owners": "thread_owner",
        "authors": "thread_message",
        "audit": "memory_audit",
        "ledger": "promotion_ledger",
        "receipts": "memory_receipt",
        "jobs": "promotion_job",
        "queued": "promotion_job_message",
    }
    copied |= {tables[part.kind]: {*part.columns, "thread_no"} for part in (*STATE_TABLES, *HEAD_TABLES)}
    copied |= {tables[part.kind]: {*part.columns, "partition"} for part in (*TRAIL_TABLES, JOBS, QUEUE)}
    copied["thread_owner"] = {"thread_id", "owner_id"}
    copied["promotion_job"] |= {"lease_id", "leased_until"}  # who is at work there is not at work here
    made_anew = {"store_partition", "memory_posting", "memory_subject", "memory_migration", "thread_deleted"}
    by_fields = {"memory_vector", "memory_vector_block"}
    database = place("sqlite")
    with open_memory(database):
        pass

    with closing(sqlite3.connect(database)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        there = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}

    assert {name: there[name] for name in there.keys() - made_anew - by_fields} == copied


@pytest.mark.parametrize("new", ["sqlite", "postgres"])
def test_a_copy_that_is_killed_again_and_again_goes_on_where_it_was(place: Place, full: Place, new: str) -> None:
    source, target = full("sqlite"), place(new)
    before = contents(source)

    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(DRIVER), source, target, "12", "7"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    finished = copy_memory(source, target)

    assert done.returncode == 0, done.stderr
    killed, between, left = (int(part) for part in done.stdout.split())
    assert killed == 12
    assert between > 0, "no kill left a copy with some of the threads and not all"
    assert finished.known == left
    assert seen(target) == seen(source)
    assert contents(source) == before


def execute(db: str, sql: str) -> None:
    if "://" in db:
        with psycopg.connect(db) as server:
            server.execute(sql)
        return
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(sql)


def contents(db: str) -> Any:
    """Return the bytes of a file, or every row of every table of a server's database, but who wrote it last."""
    if "://" not in db:
        with closing(sqlite3.connect(db)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(db).read_bytes()
    with psycopg.connect(db) as server:
        tables = server.execute("SELECT relname FROM pg_stat_user_tables ORDER BY relname").fetchall()
        rows = "SELECT (to_jsonb(t) - 'signatures')::text FROM \"{}\" AS t ORDER BY 1"
        return {name: server.execute(rows.format(name)).fetchall() for (name,) in tables}
