"""What a PostgreSQL server adds to the contract: other writers, broken connections, refusals, a schema of one's own."""

from __future__ import annotations

import asyncio
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import PostgresDatabases, rows
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import START, MessagesState, StateGraph
from postgres_server import PostgresServer
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support import BagOfWords, Clock, one_sentence, opened_store

from langgraph_memory import CuratedStore, Source, ThreadSaver, open_memory
from langgraph_memory.checkpoints.pieces import LIST_ID_BITS, POSITION_BITS, Run, pack_runs
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.jobs import Lease, Queued, Retries
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads, writes
from langgraph_memory.engine.connect import connect
from langgraph_memory.engine.named_queries import load_migrations, load_queries
from langgraph_memory.engine.postgres import connection as connecting
from langgraph_memory.engine.postgres import migrate as migrating
from langgraph_memory.engine.postgres.engine import PostgresEngine
from langgraph_memory.engine.postgres.errors import translate
from langgraph_memory.engine.postgres.signature import Signature
from langgraph_memory.engine.postgres.transaction import PostgresTransaction, Statement
from langgraph_memory.errors import (
    ConnectionStringError,
    DatabaseBusyError,
    DatabaseClosedError,
    DatabaseError,
    DatabaseUnavailableError,
    ForeignDatabaseError,
    InvalidInputError,
    MissingExtraError,
    NewerSchemaError,
    UnreadableCheckpointError,
)
from langgraph_memory.operations.jobs import QueueRequest, due, lease_job, queue_messages

INDEX: Any = {"dims": BagOfWords.dims, "embed": BagOfWords(), "fields": ["text"]}


@pytest.fixture
def url(postgres_databases: PostgresDatabases) -> str:
    """A database that is set up."""
    return postgres_databases.new()


@pytest.fixture
def scratch(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else to the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def engine(url: str) -> Iterator[PostgresEngine]:
    with closing(connect(url)) as opened:
        assert isinstance(opened, PostgresEngine)
        yield opened


def setting(url: str, **settings: str) -> str:
    """Return a connection string whose sessions begin with other settings of the server."""
    options = "%20".join(f"-c%20{name}%3D{value}" for name, value in settings.items())
    return f"{url}?options={options}"


@writes
def partition_made(name: str, then: Callable[[], object] = lambda: None) -> Effects[int]:
    """Make a partition; `then` is done before the end of the transaction."""
    (row,) = yield Query("partition", {"partition": name})
    then()
    return int(row["partition_no"])


def partitions(url: str) -> list[str]:
    return [name for (name,) in rows(url, "SELECT partition FROM store_partition ORDER BY partition")]


def end_backends(url: str) -> None:
    """End every other session of a database, as an administrator or a restart does."""
    rows(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


# --- writers at once --------------------------------------------------------------------------------------------------


def test_eight_processes_that_start_at_once_set_up_one_schema(postgres_url: str) -> None:
    engines = [connect(postgres_url) for _ in range(8)]
    try:
        with ThreadPoolExecutor(8) as threads:
            for done in [threads.submit(engine.setup) for engine in engines]:
                done.result()
    finally:
        for engine in engines:
            engine.close()

    assert [number for (number,) in rows(postgres_url, "SELECT version FROM memory_migration ORDER BY version")] == [
        *range(1, 1 + len(rows(postgres_url, "SELECT 1 FROM memory_migration")))
    ]


def test_writers_of_one_owner_come_one_after_another(url: str) -> None:
    def remember(number: int) -> str:
        with opened_store(url, new_id=lambda: f"id-{number}") as store:
            return store.remember(f"deploys go to channel {number}", owner_id="ada", slot="channel").action

    with ThreadPoolExecutor(8) as threads:
        actions = sorted(threads.map(remember, range(8)))

    assert actions == ["added", *["superseded"] * 7]
    assert rows(url, "SELECT count(*) FROM agent_memory WHERE superseded_at IS NULL") == [(1,)]


def test_writers_of_different_owners_do_not_wait_for_each_other(engine: PostgresEngine, url: str) -> None:
    def other() -> None:
        with closing(connect(url, busy_timeout=0.01)) as second:
            second.run(partition_made("b"))

    engine.run(partition_made("a", other))

    assert partitions(url) == ["a", "b"]


def test_two_that_would_wait_for_each_other_both_succeed(url: str) -> None:
    both_hold_one = threading.Barrier(2)
    attempts: list[str] = []

    @writes
    def crossing(first: str, second: str) -> Effects[None]:
        attempts.append(first)
        yield Query("partition", {"partition": first})
        if attempts.count(first) == 1:
            both_hold_one.wait(30)
        yield Query("partition", {"partition": second})

    with closing(connect(setting(url, deadlock_timeout="10ms"))) as engine, ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(engine.run, crossing(*pair)) for pair in (("a", "b"), ("b", "a"))]:
            done.result()

    assert len(attempts) == 3
    assert partitions(url) == ["a", "b"]


def test_of_workers_that_claim_a_job_at_once_one_has_it(url: str, clock: Clock) -> None:
    place = LedgerPlace("ana", "t", "rules")
    said = Queued(Utterance(message_id="m", actor="user", text="I live in Oslo."), "hash", "global", Source())

    with closing(connect(url, pool_size=16)) as engine, ThreadPoolExecutor(16) as threads:
        engine.run(queue_messages(QueueRequest(place, [said], (), timedelta(0), timedelta(0)), clock()))

        def claim_it(number: int) -> bool:
            lease = Lease(f"lease {number}", place, timedelta(minutes=1))
            return engine.run(lease_job(lease, Retries(), clock(), ahead=False)) is not None

        assert engine.run(due("rules", clock(), ahead=False)) == [place]
        assert sum(threads.map(claim_it, range(16))) == 1


def test_waiting_for_another_process_ends_in_a_clear_error(engine: PostgresEngine, url: str) -> None:
    with closing(connect(url, busy_timeout=0.05)) as impatient:

        def try_at_the_same_time() -> None:
            with pytest.raises(DatabaseBusyError, match="busy_timeout") as caught:
                impatient.run(partition_made("a"))
            one_sentence(caught.value)

        engine.run(partition_made("a", try_at_the_same_time))


def test_a_read_sees_one_moment(engine: PostgresEngine, url: str) -> None:
    @reads
    def counted_twice() -> Effects[tuple[int, int]]:
        first = yield Query("partitions", {"partition": None})
        with closing(connect(url)) as other:
            other.run(partition_made("new"))
        second = yield Query("partitions", {"partition": None})
        return len(first), len(second)

    assert engine.run(counted_twice()) == (0, 0)
    assert partitions(url) == ["new"]


def test_a_read_cannot_write(engine: PostgresEngine, url: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        engine.run(reads(lambda: partition_made("a").start())())

    assert partitions(url) == []


def test_a_plan_that_fails_leaves_nothing_and_the_connection_is_used_again(engine: PostgresEngine, url: str) -> None:
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        engine.run(partition_made("a", fail))

    engine.run(partition_made("b"))
    assert partitions(url) == ["b"]
    assert engine._pool._pool.get_stats()["connections_num"] == 1


def test_every_connection_in_use_is_a_clear_error(url: str) -> None:
    with closing(connect(url, pool_size=1, pool_timeout=0.5)) as engine:

        def another() -> None:
            with pytest.raises(DatabaseBusyError, match="pool_size") as caught:
                engine.run(partition_made("b"))
            one_sentence(caught.value)

        engine.run(partition_made("a", another))

    assert partitions(url) == ["a"]


@pytest.mark.parametrize("prepare", [True, False])
def test_statements_are_prepared_unless_that_is_declined(url: str, prepare: bool) -> None:
    with closing(connect(url, prepare=prepare)) as engine:
        assert isinstance(engine, PostgresEngine)
        engine.run(partition_made("a"))

        with engine._pool.lend() as connection:
            prepared = connection.execute("SELECT statement FROM pg_prepared_statements", prepare=False).fetchall()

    assert any("store_partition" in row["statement"] for row in prepared) is prepare


async def test_more_tasks_than_connections_wait_for_their_turn(url: str) -> None:
    with closing(connect(url, pool_size=2)) as engine:
        await asyncio.gather(*(engine.arun(partition_made(f"p{number:02}")) for number in range(20)))

    assert len(partitions(url)) == 20


def test_one_engine_serves_several_event_loops(engine: PostgresEngine, url: str) -> None:
    for number in range(3):
        asyncio.run(engine.arun(partition_made(f"p{number}")))

    assert partitions(url) == ["p0", "p1", "p2"]


# --- reading a checkpoint at once -------------------------------------------------------------------------------------


def long_thread(saver: ThreadSaver, config: Any) -> list[str]:
    """Put a list that grows, loses its middle and is added to at a fork, and return its last value."""
    held, parent = empty_checkpoint(), config
    wanted: list[str] = []
    for step in range(90):
        wanted = wanted[: step // 2] + wanted[step // 2 + 1 :] if step % 10 == 9 else [*wanted, f"{step} " * 40]
        version = saver.get_next_version(held["channel_versions"].get("messages"), None)
        held = {**held, "id": f"{step:04}", "channel_values": {"messages": wanted}}
        held["channel_versions"] = {"messages": version}
        parent = saver.put(parent, held, {"step": step}, {"messages": version})
        saver.put_writes(parent, [("messages", [f"{step + 1} " * 40])], "task")
    return wanted


def test_a_checkpoint_is_read_with_one_statement(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    with ThreadSaver.from_conn_string(url) as saver:
        wanted = long_thread(saver, config)
        asked: list[str] = []
        execute = psycopg.Cursor.execute
        monkeypatch.setattr(
            psycopg.Cursor, "execute", lambda *args, **kw: asked.append(args[1]) or execute(*args, **kw)
        )

        newest = saver.get_tuple(config)
        named = saver.get_tuple({"configurable": {**config["configurable"], "checkpoint_id": "0041"}})
        missing = saver.get_tuple({"configurable": {**config["configurable"], "checkpoint_id": "none"}})

        assert len(asked) == 3
        assert missing is None
        assert newest is not None
        assert newest.checkpoint["channel_values"]["messages"] == wanted
        assert newest.pending_writes == [("task", "messages", ["90 " * 40])]
        listed = {one.config["configurable"]["checkpoint_id"]: one for one in saver.list(config)}
        assert listed["0041"] == named
        assert listed["0089"] == newest


@pytest.mark.parametrize("seed", range(8))
def test_the_server_finds_the_chunks_of_packed_runs(scratch: psycopg.Connection[Any], seed: int) -> None:
    drawn = random.Random(seed)
    lists = [0, 2**LIST_ID_BITS - 1, drawn.getrandbits(LIST_ID_BITS)]
    spots = {drawn.choice(lists) * 2**POSITION_BITS + drawn.randrange(2 ** drawn.randrange(4, 20)) for _ in range(70)}
    runs = [Run(spot, drawn.randrange(1, 2**10)) for spot in drawn.sample(sorted(spots), drawn.randrange(1, 64))]
    scratch.cursor().executemany(
        "INSERT INTO thread_chunk (thread_id, address, count, type, value) VALUES ('t', %s, 1, '', '')",
        [(spot,) for spot in spots],
    )

    found = scratch.execute("SELECT address FROM thread_chunks_of('t', %s)", ([pack_runs(runs)],)).fetchall()

    starts = {run: max(spot for spot in spots if spot <= run.first) for run in runs}
    touched = {spot for spot in spots for run in runs if starts[run] <= spot < run.end}
    assert sorted(address for (address,) in found) == sorted(touched)


@pytest.mark.parametrize("damaged", [b"\xff", b"\xff" * 30, b"\x02", b"\x01\x01", b"\x02" + b"\xff" * 9])
def test_damaged_runs_are_found_out_by_who_reads_them(url: str, damaged: bytes) -> None:
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    with ThreadSaver.from_conn_string(url) as saver:
        long_thread(saver, config)
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE thread_channel SET value = %s", (damaged,))

        with pytest.raises(UnreadableCheckpointError, match=r"thread 't'.*damaged"):
            saver.get_tuple(config)


# --- broken connections -----------------------------------------------------------------------------------------------


def test_connections_that_were_ended_while_idle_are_not_noticed(engine: PostgresEngine, url: str) -> None:
    engine.run(partition_made("a"))
    end_backends(url)

    engine.run(partition_made("b"))

    assert partitions(url) == ["a", "b"]


def test_a_connection_lost_before_the_commit_is_made_up_for(engine: PostgresEngine, url: str) -> None:
    attempts = []

    def lose_the_first() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            end_backends(url)

    engine.run(partition_made("a", lose_the_first))

    assert len(attempts) == 2
    assert partitions(url) == ["a"]


def test_a_connection_that_is_always_lost_is_an_error_in_the_end(engine: PostgresEngine, url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="lost") as caught:
        engine.run(partition_made("a", lambda: end_backends(url)))

    assert "nothing was stored" in one_sentence(caught.value)
    assert partitions(url) == []


@contextmanager
def losing(monkeypatch: pytest.MonkeyPatch, url: str, *, after: bool) -> Iterator[list[PostgresTransaction]]:
    """Lose the connection at the first commit, before the server has seen it or before it could answer."""
    commit, lost = PostgresTransaction.commit, []

    def lose(self: PostgresTransaction) -> None:
        if not lost:
            lost.append(self)
            if after:
                commit(self)
            end_backends(url)
            self.has_kept(Signature("partition", "a", 0))  # fails: the connection is gone
        commit(self)

    with monkeypatch.context() as patch:
        patch.setattr(PostgresTransaction, "commit", lose)
        yield lost


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_lost_during_the_commit_stores_exactly_once(
    engine: PostgresEngine, url: str, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    attempts: list[int] = []
    with losing(monkeypatch, url, after=after) as lost:
        number = engine.run(partition_made("a", lambda: attempts.append(1)))

    assert (len(lost), len(attempts)) == (1, 1 if after else 2)
    assert rows(url, "SELECT partition, partition_no FROM store_partition") == [("a", number)]


def test_a_commit_that_nobody_can_tell_the_outcome_of_is_said_to_be_unknown(
    engine: PostgresEngine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresTransaction, "prepare", lambda self: None)

    with losing(monkeypatch, url, after=True), pytest.raises(DatabaseUnavailableError) as caught:
        engine.run(partition_made("a"))

    assert "look whether" in one_sentence(caught.value)


@pytest.mark.parametrize("after", [False, True])
def test_what_can_be_repeated_is_stored_though_nobody_can_tell_how_its_commit_ended(
    url: str, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}
    monkeypatch.setattr(PostgresTransaction, "has_kept", lambda self, signature: None)
    with ThreadSaver.from_conn_string(url, prepare=False) as saver, losing(monkeypatch, url, after=after) as lost:
        saver.put_writes(config, [("messages", "hello")], "task")

    assert len(lost) == 1
    assert rows(url, "SELECT task_id, idx FROM thread_write") == [("task", 0)]


@pytest.mark.parametrize("after", [False, True])
def test_a_write_of_one_statement_is_stored_though_its_connection_was_lost(
    url: str, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}
    glance, lost = PostgresTransaction.glance, []

    def lose(self: PostgresTransaction, query: Any) -> Any:
        if not lost:
            lost.append(self)
            if after:
                glance(self, query)
            end_backends(url)
        return glance(self, query)

    monkeypatch.setattr(PostgresTransaction, "glance", lose)
    with ThreadSaver.from_conn_string(url) as saver:
        saver.put_writes(config, [("messages", "hello")], "task")

    assert len(lost) == 1
    assert rows(url, "SELECT task_id, idx FROM thread_write") == [("task", 0)]


def test_a_receipt_does_not_wait_for_the_disk(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, seen = PostgresTransaction.commit, []

    def commit_and_tell(self: PostgresTransaction) -> None:
        seen.extend(self._connection.execute("SHOW synchronous_commit").fetchall())
        commit(self)

    with opened_store(url) as store:
        store.remember("likes tea", owner_id="ada")
        monkeypatch.setattr(PostgresTransaction, "commit", commit_and_tell)
        store.recall("tea", owner_id="ada")
        store.remember("likes coffee", owner_id="ada")

    assert [row["synchronous_commit"] for row in seen if row["synchronous_commit"] == "off"] == ["off"]
    assert seen[-1]["synchronous_commit"] == "on"


def test_a_restarted_server_is_found_again(url: str, postgres: PostgresServer) -> None:
    with opened_store(url) as store:
        store.remember("likes tea", owner_id="ada")
        postgres.restart("immediate")

        assert len(store.recall("tea", owner_id="ada")) == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_closed_engine_says_so(url: str, mode: str) -> None:
    engine = connect(url)
    engine.close()
    engine.close()

    with pytest.raises(DatabaseClosedError) as caught:
        await engine.arun(partition_made("a")) if mode == "async" else engine.run(partition_made("a"))

    one_sentence(caught.value)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace("@", "wrong@"), "password"),
        (lambda url: url.replace("tester", "nobody"), "password"),
        (lambda url: f"{url}-missing", "create the database"),
        (lambda url: url.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1"), "refused"),
        (lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "host"),
    ],
)
def test_a_server_that_lets_nobody_in_is_a_sentence_without_the_password(
    postgres: PostgresServer, change: Callable[[str], str], words: str
) -> None:
    url = change(postgres.url("nothing" if words == "refused" else "postgres"))

    with pytest.raises(DatabaseUnavailableError) as caught, open_memory(url):
        pass

    assert words in one_sentence(caught.value)
    assert postgres.password not in repr(caught.getrepr(style="short"))
    assert postgres.password not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:sec@ret@h/db", "postgresql://u:secret@h:port/db", "postgres://u:sec%ret@h/db",
     "postgresql://u:sec/ret@h/db", "postgresql://u@h/db?nonsense=secret"],
)  # fmt: skip
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConnectionStringError) as caught, open_memory(url):
        pass

    message = one_sentence(caught.value)
    assert "percent-encoded" in message
    assert "ret" not in message


@pytest.mark.parametrize(
    "options",
    [{"synchronous": "FULL"}, {"unheard_of": 1}, {"pool_size": 0}, {"pool_size": "many"},
     {"pool_timeout": -1}, {"busy_timeout": "long"}, {"connect_timeout": None}, {"schema": "a b"}, {"schema": ""},
     {"schema": 3}, {"scrub": "always"}],
    ids=repr,
)  # fmt: skip
def test_an_option_the_engine_does_not_know_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConnectionStringError) as caught, open_memory("postgresql://localhost/memory", **options):
        pass

    assert next(iter(options)) in one_sentence(caught.value)


def test_without_psycopg_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("langgraph_memory.engine.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(MissingExtraError, match=r"\[postgres\]") as caught, open_memory("postgresql://h/db"):
        pass

    one_sentence(caught.value)


def test_a_server_that_is_too_old_is_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "OLDEST", 99)

    with pytest.raises(DatabaseUnavailableError, match="99") as caught, open_memory(postgres_url):
        pass

    one_sentence(caught.value)


def test_a_read_only_server_is_read_and_refuses_writes_in_a_sentence(url: str) -> None:
    with opened_store(url) as store:
        store.put(("a", "b"), "k", {"x": 1})

    with opened_store(setting(url, default_transaction_read_only="on")) as store:
        assert [item.key for item in store.search(("a",))] == ["k"]


def test_a_newer_schema_is_refused(url: str) -> None:
    rows(url, "INSERT INTO memory_migration (version, name) VALUES (99, 'future')")

    with pytest.raises(NewerSchemaError, match="99") as caught, open_memory(url):
        pass

    one_sentence(caught.value)


def test_another_applications_table_is_left_alone_and_a_schema_is_the_way_out(postgres_url: str) -> None:
    rows(postgres_url, "CREATE TABLE thread (mine text)")

    with pytest.raises(ForeignDatabaseError, match="schema") as caught, open_memory(postgres_url):
        pass

    one_sentence(caught.value)
    assert rows(postgres_url, "SELECT count(*) FROM pg_class WHERE relname = 'thread_checkpoint'") == [(0,)]
    with open_memory(postgres_url, schema="memory") as memory:
        memory.store.put(("a", "b"), "k", {"x": 1})
    assert rows(postgres_url, "SELECT count(*) FROM memory.agent_memory") == [(1,)]


def test_schemas_of_one_database_know_nothing_of_each_other(postgres_url: str) -> None:
    with open_memory(postgres_url) as memory:
        memory.store.remember("likes water", owner_id="ada")
    with (
        open_memory(postgres_url, schema="one", index=INDEX) as one,
        open_memory(postgres_url, schema="two", index=INDEX) as two,
    ):
        one.store.remember("likes tea", owner_id="ada")
        two.store.remember("likes coffee", owner_id="ada")

        assert [item.memory.content for item in one.store.recall("likes", owner_id="ada")] == ["likes tea"]
        assert [item.memory.content for item in two.store.recall("likes", owner_id="ada")] == ["likes coffee"]


@pytest.fixture
def limited(postgres: PostgresServer, postgres_url: str) -> Iterator[str]:
    """The connection string of a user who owns a database's public schema and may do nothing else."""
    rows(postgres_url, "CREATE ROLE limited LOGIN PASSWORD 'little'; GRANT ALL ON SCHEMA public TO limited")
    yield postgres_url.replace(f"tester:{postgres.password}", "limited:little")
    rows(postgres_url, "DROP OWNED BY limited; DROP ROLE limited")


def test_without_pgvector_everything_but_an_index_works(limited: str) -> None:
    with open_memory(limited) as memory:
        memory.store.remember("likes tea", owner_id="ada")
        assert len(memory.store.recall("tea", owner_id="ada")) == 1

    with open_memory(limited, index=INDEX) as memory, pytest.raises(DatabaseUnavailableError) as caught:
        memory.store.remember("likes coffee", owner_id="ada")

    assert "CREATE EXTENSION vector" in one_sentence(caught.value)
    with open_memory(limited) as memory:
        assert [one.content for one in memory.store.list_memories(owner_id="ada")] == ["likes tea"]


def test_an_extension_that_an_administrator_made_is_enough(limited: str, postgres_url: str) -> None:
    rows(postgres_url, "CREATE EXTENSION vector")

    with open_memory(limited, index=INDEX) as memory:
        memory.store.remember("likes coffee", owner_id="ada")
        (found,) = memory.store.recall("coffee", owner_id="ada")

    assert found.parts["semantic"] > 0


def test_vectors_of_more_numbers_than_pgvector_holds_are_refused(url: str) -> None:
    long: Any = {"dims": 20_000, "embed": lambda texts: [[1.0] * 20_000 for _ in texts]}

    with opened_store(url, index=long) as store, pytest.raises(InvalidInputError) as caught:
        store.put(("a", "b"), "k", {"text": "tea"})

    assert "16000" in one_sentence(caught.value)
    assert rows(url, "SELECT count(*) FROM agent_memory") == [(0,)]


# --- what PostgreSQL cannot hold --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "".join(chr(0x4E00 + n) for n in range(5000))])
def test_a_name_that_cannot_be_a_key_is_refused_and_nothing_is_stored(url: str, name: str) -> None:
    with opened_store(url) as store, pytest.raises(InvalidInputError) as caught:
        store.put(("a", "b"), name, {"x": 1})

    one_sentence(caught.value)
    assert rows(url, "SELECT count(*) FROM agent_memory") == [(0,)]


def test_a_word_that_is_too_long_for_a_key_is_found_all_the_same(url: str) -> None:
    long, other = ("".join(chr(97 + (n * n + seed) % 26) for n in range(9000)) for seed in (0, 1))
    with opened_store(url) as store:
        store.put(("a", "b"), "k", {"text": f"tea {long}"})
        store.put(("a", "b"), "other", {"text": f"tea {other}"})
        for number in range(20):  # with as many a search puts their words into the index
            store.put(("a", "b"), f"{number}", {"text": f"tea {number}"})

        for _ in range(2):  # by the words of what was stored, then by the index
            found = store.search(("a", "b"), query=long, limit=30)
            assert [item.key for item in found if item.score] == ["k"]
        store.delete(("a", "b"), "k")
        assert [item.key for item in store.search(("a", "b"), query=long, limit=30) if item.score] == []

    assert rows(url, "SELECT count(DISTINCT memory_no) FROM memory_posting") == [(21,)]


def test_a_value_may_hold_what_a_key_may_not(url: str) -> None:
    with opened_store(url) as store:
        store.put(("a", "b"), "k", {"text": "a\x00b", "deep": ["\x00"]})

        assert store.get(("a", "b"), "k").value == {"text": "a\x00b", "deep": ["\x00"]}  # type: ignore[union-attr]


# --- erasing ----------------------------------------------------------------------------------------------------------


def files_that_hold(server: PostgresServer, url: str, words: bytes) -> list[str]:
    """Return the files of a database, once its pages are written, that hold some bytes."""
    ((oid,),) = rows(url, "SELECT oid FROM pg_database WHERE datname = current_database()")
    rows(url, "CHECKPOINT")
    return [file.name for file in (server.data / "base" / str(oid)).iterdir() if words in file.read_bytes()]


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_rewriting_leaves_no_byte_of_an_erased_owner_in_the_tables(
    postgres: PostgresServer, url: str, mode: str
) -> None:
    with opened_store(url, engine_options={"scrub": "rewrite"}) as store:
        store.remember("the word is zyzzyva", owner_id="ada", subject="zyzzyva")
        assert files_that_hold(postgres, url, b"zyzzyva")

        receipt = await store.admin.aerase_owner("ada") if mode == "async" else store.admin.erase_owner("ada")

    assert receipt.body["scrubbed"] is True
    assert files_that_hold(postgres, url, b"zyzzyva") == []


def test_a_plain_vacuum_does_not_claim_that_the_bytes_are_gone(url: str) -> None:
    with opened_store(url) as store:
        store.remember("the word is zyzzyva", owner_id="ada")

        assert store.admin.erase_owner("ada").body["scrubbed"] is False
        assert store.admin.scrub() is False


def test_rewriting_is_not_done_while_somebody_reads_an_earlier_state(url: str) -> None:
    with opened_store(url, engine_options={"scrub": "rewrite"}) as store, psycopg.connect(url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1 FROM pg_class").fetchall()

        assert store.admin.scrub() is False
        reader.rollback()
        assert store.admin.scrub() is True


def test_rewriting_is_not_done_while_a_table_is_locked(url: str) -> None:
    impatient = {"scrub": "rewrite", "busy_timeout": 0.05}
    with opened_store(url, engine_options=impatient) as store, psycopg.connect(url) as other:
        other.execute("LOCK TABLE agent_memory IN ACCESS SHARE MODE")

        assert store.admin.scrub() is False


def test_reclaiming_is_the_servers_own_business(url: str, clock: Clock) -> None:
    with CuratedStore.from_conn_string(url) as store:
        store._engine.reclaim()
    with pytest.raises(DatabaseError):
        store._engine.reclaim()


# --- the schema -------------------------------------------------------------------------------------------------------

GLOBAL_INDEXES = {
    "thread_by_owner": "list_threads of one owner",
    "thread_owner_by_owner": "the erasure of an owner's threads",
    "thread_checkpoint_by_run": "LangGraph's delete_for_runs",
    "agent_memory_by_expiry": "the sweep",
    "promotion_job_by_due": "the workers, who serve every owner",
    "agent_memory_by_number": "a search across partitions, and a re-index",
    "thread_deleted_pkey": "the hash of a thread that was deleted",
    "memory_mark_pkey": "the hash of the owner's partition, which outlives the owner",
    "memory_migration_pkey": "the migrations",
    "store_setting_pkey": "what holds for the whole database",
}
"""Every index that does not lead with the owner's partition or the thread, and what needs it."""


def test_every_key_and_index_leads_with_the_partition_or_the_thread(url: str) -> None:
    leading = dict(
        rows(
            url,
            "SELECT c.relname, a.attname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
            "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
            "WHERE c.relnamespace = 'public'::regnamespace",
        )
    )

    assert len(leading) > 20
    assert {name for name, column in leading.items() if column not in ("partition", "thread_id")} == set(GLOBAL_INDEXES)


def by_hash(sql: str) -> str:
    """Return a migration with every table of owners or threads partitioned by the hash of it."""

    def table(found: re.Match[str]) -> str:
        name, body, settings = found[1], found[2], found[3] or ""
        leading = next((one for one in ("partition", "thread_id") if f"\n    {one} text" in f"\n{body}"), None)
        if leading is None:
            return found[0]
        parts = [
            f"\nCREATE TABLE {name}_{n} PARTITION OF {name} FOR VALUES WITH (MODULUS 3, REMAINDER {n}){settings};"
            for n in range(3)
        ]
        return f"CREATE TABLE {name} ({body}\n) PARTITION BY HASH ({leading});{''.join(parts)}"

    return re.sub(r"CREATE TABLE (\w+) \((.*?)\n\)( WITH \([^)]*\))?;", table, sql, flags=re.DOTALL)


def test_everything_works_on_tables_that_are_partitioned_by_the_hash_of_owner_or_thread(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = load_migrations("langgraph_memory.engine.postgres")
    partitioned = tuple((number, name, by_hash(sql)) for number, name, sql in migrations)
    monkeypatch.setattr(migrating, "load_migrations", lambda _package: partitioned)
    url = postgres.new_database()
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda _: {"messages": [("ai", "hello")]})
    builder.add_edge(START, "answer")

    with open_memory(url) as memory:
        graph = builder.compile(checkpointer=memory.checkpointer)
        for owner in ("ada", "ben", "eve"):
            thread: Any = {"configurable": {"thread_id": owner, "owner_id": owner}}
            for _ in range(2):
                graph.invoke({"messages": [("user", "hi")]}, thread)
            memory.store.remember("The harbour is green.", owner_id=owner)
            memory.store.put(("docs", owner), "k", {"text": "harbour"})
            assert len(graph.get_state(thread).values["messages"]) == 4
            assert len(memory.store.recall("harbour", owner_id=owner)) == 1
            assert len(memory.store.search(("docs", owner), query="harbour")) == 1
        memory.checkpointer.prune(["ada"])
        memory.checkpointer.delete_thread("ben")
        memory.admin.erase_owner("eve", threads=True)

        assert [one.thread_id for one in memory.checkpointer.list_threads()] == ["ada"]
        assert not memory.store.recall("harbour", owner_id="eve")
    assert rows(url, "SELECT count(*) > 15 FROM pg_class WHERE relkind = 'p'") == [(True,)]


def test_every_text_is_compared_by_its_bytes(url: str) -> None:
    others = rows(
        url,
        "SELECT c.relname, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid "
        "JOIN pg_collation AS l ON l.oid = a.attcollation WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind = 'r' AND a.attnum > 0 AND l.collname <> 'C'",
    )

    assert others == []


def test_every_statement_is_one_that_the_server_can_prepare(url: str) -> None:
    queries = load_queries("langgraph_memory.engine.postgres")
    rows(url, "ALTER TABLE memory_vector ADD COLUMN embedding vector NOT NULL")
    with psycopg.connect(url, autocommit=True) as connection:
        for name, sql in queries.items():
            if name in ("create_vector_extension", "add_embedding_column"):
                continue
            names = list(dict.fromkeys(re.findall(r"(?<![:\w]):([a-z_]+)", sql)))
            numbered = re.sub(r"(?<![:\w]):([a-z_]+)", lambda found: f"${names.index(found[1]) + 1}", sql)  # noqa: B023
            try:
                connection.execute(f"PREPARE {name} AS {numbered}".encode())
            except psycopg.Error as error:
                pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize(
    ("sql", "returns"),
    [
        ("-- One.\nSELECT 1", True),
        ("-- One.\nWITH one AS (SELECT 1) SELECT * FROM one", True),
        ("-- One.\nINSERT INTO a VALUES (1) RETURNING b", True),
        ("-- One.\nINSERT INTO a (b)\nSELECT b FROM c", False),
        ("-- One.\n-- Two.\nUPDATE a SET b = 1", False),
        ("-- One.\nDELETE FROM a", False),
    ],
)
def test_a_statement_is_waited_for_when_it_returns_rows(sql: str, returns: bool) -> None:
    assert Statement.of(sql).returns is returns


def test_migrations_are_applied_once_and_a_second_setup_changes_nothing(url: str) -> None:
    before = rows(url, "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid")

    with open_memory(url), open_memory(url):
        pass

    after = rows(url, "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid")
    assert after == before


# --- errors of the server that no test can bring about ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (errors.DiskFull("could not extend file"), DatabaseUnavailableError, "space"),
        (errors.TooManyConnections("too many clients"), DatabaseBusyError, "max_connections"),
        (errors.ReadOnlySqlTransaction("cannot execute INSERT"), DatabaseUnavailableError, "primary"),
        (errors.QueryCanceled("statement timeout"), DatabaseBusyError, "Retry"),
        (errors.FeatureNotSupported('extension "vector" is not available'), DatabaseUnavailableError, "pgvector"),
        (errors.UndefinedFile('could not open "vector.control"'), DatabaseUnavailableError, "pgvector"),
        (errors.InsufficientPrivilege("permission denied for table"), DatabaseUnavailableError, "grant"),
        (errors.UndefinedTable('relation "thread" does not exist'), DatabaseUnavailableError, "setup()"),
        (errors.InternalError_("something else"), DatabaseError, "something else"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_a_server_says_becomes_one_sentence_with_the_way_out(
    error: psycopg.Error, kind: type[Exception], words: str
) -> None:
    found = translate(error, "postgresql://h/db")

    assert type(found) is kind
    assert words in one_sentence(found)


def test_settings_in_libpqs_own_form_open_the_server_and_no_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = make_conninfo(**conninfo_to_dict(url))

    with open_memory(settings) as memory:
        memory.store.remember("likes tea", owner_id="ana")
    with open_memory(url) as memory:
        assert [one.content for one in memory.store.list_memories(owner_id="ana")] == ["likes tea"]

    assert list(tmp_path.iterdir()) == []
