"""A PostgreSQL server that breaks down, is full, is a copy or lets nobody in: what was acknowledged is there, once."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
import pytest
from databases import PostgresDatabases, rows, template_on
from langchain_core.messages import HumanMessage
from postgres_server import PostgresServer, Standby, programs
from support import one_sentence

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, build_graph, open_memory
from langgraph_memory.engine.postgres.transaction import PostgresTransaction
from langgraph_memory.errors import DatabaseBusyError, DatabaseUnavailableError, OlderSchemaError

CONNECTIONS = 20


@pytest.fixture(scope="module")
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server that may be broken, with few connections; `postgres` skips the test where there are no programs."""
    folder = programs()
    assert folder is not None
    made = PostgresServer(folder, max_connections=str(CONNECTIONS), superuser_reserved_connections="0")
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def template(server: PostgresServer) -> str:
    return template_on(server)


@pytest.fixture
def url(server: PostgresServer, template: str) -> Iterator[str]:
    made = PostgresDatabases(server, template)
    yield made.new()
    made.drop()


class Writers:
    """Threads that talk and remember until they have done so often; what failed and stored nothing is done again."""

    def __init__(self, memory: MemoryDatabase, threads: int, turns: int) -> None:
        self.graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        self.memory = memory
        self.threads, self.turns = threads, turns
        self.errors: list[DatabaseUnavailableError] = []
        self.acknowledged = threading.Semaphore(0)
        self._pool = ThreadPoolExecutor(threads)
        self.running = [self._pool.submit(self._write, f"owner-{number}") for number in range(threads)]

    def done(self) -> bool:
        return all(one.done() for one in self.running)

    def finish(self) -> None:
        """Wait for the end, and raise what went wrong."""
        for one in self.running:
            one.result(120)
        self._pool.shutdown()

    def _write(self, owner: str) -> None:
        for turn in range(self.turns):
            self._persist(lambda turn=turn: self._say(owner, turn))  # type: ignore[misc]
            self._persist(
                lambda turn=turn: self._remember(owner, turn)  # type: ignore[misc]
            )
            self.acknowledged.release()

    def _persist(self, write: Callable[[], object]) -> None:
        while True:
            try:
                write()
            except DatabaseUnavailableError as error:
                one_sentence(error)
                self.errors.append(error)
            else:
                return

    def _say(self, owner: str, turn: int) -> None:
        config: Any = {"configurable": {"thread_id": owner, "owner_id": owner}}
        state = self.graph.get_state(config)
        context = MemoryContext(owner_id=owner)
        if any(message.id == f"m{turn}" for message in state.values.get("messages", [])):
            if state.tasks:
                self.graph.invoke(None, config, context=context, durability="sync")
            return
        said = HumanMessage(f"I like thing{turn}.", id=f"m{turn}")
        self.graph.invoke({"messages": [said]}, config, context=context, durability="sync")

    def _remember(self, owner: str, turn: int) -> None:
        content = f"noted number {turn}"
        held = self.memory.store.list_memories(owner_id=owner, limit=10_000)
        if content not in [one.content for one in held]:
            self.memory.store.remember(content, owner_id=owner)

    def check(self, url: str) -> None:
        """Raise AssertionError unless everything was stored once, and every thread reads back."""
        for number in range(self.threads):
            owner = f"owner-{number}"
            live = [one.content for one in self.memory.store.list_memories(owner_id=owner, limit=10_000)]
            assert sorted(live) == sorted(
                words
                for turn in range(self.turns)
                for words in (f"noted number {turn}", f"The user likes thing{turn}.")
            )
            config: Any = {"configurable": {"thread_id": owner}}
            messages = self.graph.get_state(config).values["messages"]
            said = [message.id for message in messages if isinstance(message, HumanMessage)]
            assert said == [f"m{turn}" for turn in range(self.turns)]
            assert all(found.checkpoint for found in self.memory.checkpointer.list(config))
        wanted = self.threads * self.turns
        assert rows(url, "SELECT action, count(*) FROM memory_audit GROUP BY action") == [("added", 2 * wanted)]
        assert rows(url, "SELECT count(*) FROM promotion_ledger") == [(wanted,)]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_restarted_in_mid_run_loses_and_doubles_nothing(
    server: PostgresServer, url: str, mode: str
) -> None:
    with open_memory(url) as memory:
        writers = Writers(memory, threads=4, turns=25)
        for _ in range(3):
            for _ in range(12):
                writers.acknowledged.acquire(timeout=60)
            assert not writers.done()
            server.restart(mode)
        writers.finish()

        writers.check(url)


@pytest.fixture
def crashed_at_a_commit(server: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch) -> list[PostgresTransaction]:
    """The first transaction to be committed, in whose place the server crashes, and others commit before it knows."""
    commit, crashed = PostgresTransaction.commit, []

    def crash(self: PostgresTransaction) -> None:
        if not crashed:
            crashed.append(self)
            server.restart("immediate")
            for number in range(50):  # they are given the numbers of those that the server has forgotten
                rows(url, f"CREATE TABLE later_{number} ()")
        commit(self)

    monkeypatch.setattr(PostgresTransaction, "commit", crash)
    return crashed


@pytest.mark.parametrize("known", [False, True])
def test_a_commit_lost_in_a_crash_is_not_taken_for_one_that_came_after(
    url: str, request: pytest.FixtureRequest, known: bool
) -> None:
    with open_memory(url) as memory:
        if known:
            memory.store.remember("likes coffee", owner_id="ada")
        crashed = request.getfixturevalue("crashed_at_a_commit")
        memory.store.remember("likes tea", owner_id="ada")

        assert len(crashed) == 1
        assert "likes tea" in [one.content for one in memory.store.list_memories(owner_id="ada")]
    assert rows(url, "SELECT count(*) FROM memory_audit") == [(1 + known,)]


def test_backends_that_are_ended_at_random_lose_and_double_nothing(url: str) -> None:
    chance, ended, kills = random.Random(5), 0, 80
    with open_memory(url) as memory, psycopg.connect(url, autocommit=True) as administrator:
        writers = Writers(memory, threads=4, turns=40)
        while ended < kills and not writers.done():
            (found,) = administrator.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' "
                "AND state <> 'idle' ORDER BY random() LIMIT 1) AS one"
            ).fetchone() or (0,)
            ended += found
            threading.Event().wait(chance.uniform(0.0, 0.08))
        writers.finish()

        writers.check(url)
    assert ended == kills


def refusal(url: str) -> str:
    """Return why a server lets nobody in, or nothing."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError as error:
        return str(error)
    return ""


END_THE_LIBRARYS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'langgraph_memory'"


def test_every_connection_of_the_server_in_use_is_a_sentence(server: PostgresServer, url: str) -> None:
    with open_memory(url, pool_timeout=1) as memory:
        memory.store.remember("likes tea", owner_id="ada")
        rows(url, END_THE_LIBRARYS)
        with ExitStack() as stack:
            with suppress(psycopg.OperationalError):
                for _ in range(CONNECTIONS + 1):
                    stack.enter_context(psycopg.connect(url))
            with pytest.raises(DatabaseBusyError, match="max_connections") as caught:
                memory.store.recall("tea", owner_id="ada")
        one_sentence(caught.value)
        assert server.password not in str(caught.value)

        assert recalled_again(memory) == 1


def recalled_again(memory: MemoryDatabase) -> int:
    """Return how many memories are recalled once the pool has connected again, which it tries less and less often."""
    for _ in range(20):
        with suppress(DatabaseBusyError):
            return len(memory.store.recall("tea", owner_id="ada"))
    raise AssertionError("no connection was made again")


def test_a_user_with_too_many_connections_is_told_so(server: PostgresServer, url: str) -> None:
    rows(url, "CREATE ROLE narrow LOGIN PASSWORD 'little' CONNECTION LIMIT 0")

    with pytest.raises(DatabaseBusyError, match="connection") as caught:
        open_memory(url.replace(f"tester:{server.password}", "narrow:little")).__enter__()

    rows(url, "DROP ROLE narrow")
    assert "check the host" not in one_sentence(caught.value)


def test_a_server_that_shuts_down_is_a_sentence_and_is_found_again(server: PostgresServer, url: str) -> None:
    with open_memory(url, pool_timeout=1) as memory:
        memory.store.remember("likes tea", owner_id="ada")
        with psycopg.connect(url, autocommit=True) as held:
            server.stop("smart", wait=False)
            while "shutting down" not in refusal(url):  # until it has heard that it is to stop
                pass
            held.execute(END_THE_LIBRARYS)
            with pytest.raises(DatabaseUnavailableError, match="shutting down") as leaving:
                memory.store.recall("tea", owner_id="ada")
        server.stop()
        with pytest.raises(DatabaseUnavailableError, match="server runs") as gone:
            memory.store.recall("tea", owner_id="ada")
        server.start()

        assert len(memory.store.recall("tea", owner_id="ada")) == 1
    for error in (leaving.value, gone.value):
        assert server.password not in one_sentence(error)


def test_a_host_that_never_answers_is_given_up_in_a_sentence(server: PostgresServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = server.url().replace(str(server.port), str(silent.getsockname()[1]))
        with pytest.raises(DatabaseUnavailableError, match="timeout") as caught, open_memory(url, connect_timeout=1):
            pass

    assert server.password not in one_sentence(caught.value)


@pytest.fixture
def small_disk(server: PostgresServer, template: str) -> Iterator[tuple[str, Any]]:
    """A database on a disk of 40 MB, and the place where that is."""
    place = server.data.parent / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip("a small tmpfs cannot be mounted here")
    held = place / "held"
    held.mkdir()
    server._own(held)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{held}'".encode())
        connection.execute(f'CREATE DATABASE narrow TEMPLATE "{template}" TABLESPACE small'.encode())
    yield server.url("narrow"), place
    server.drop_database(server.url("narrow"))
    rows(server.url(), "CHECKPOINT")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("DROP TABLESPACE small")
    subprocess.run(["umount", place], check=True)
    place.rmdir()


def test_a_full_disk_stores_nothing_by_halves_and_writing_goes_on_when_there_is_space(small_disk: Any) -> None:
    url, place = small_disk
    stored = 0
    with open_memory(url) as memory:
        memory.store.remember("likes tea", owner_id="ada")
        (place / "filler").write_bytes(bytes(shutil.disk_usage(place).free - 3_000_000))
        errors: list[Exception] = []
        while not errors and stored < 500:
            with catching(errors):
                put_note(memory, stored)
                stored += 1
        assert "nothing was stored. Free some space." in one_sentence(errors[0])
        assert stored > 0
        assert len(memory.store.search(("notes", "ada"), limit=1000)) == stored

        (place / "filler").unlink()
        assert rows(url, "SELECT count(*) FROM agent_memory") == [(1 + stored,)]
        put_note(memory, stored)
        assert len(memory.store.search(("notes", "ada"), limit=1000)) == stored + 1
        assert memory.store.remember("likes coffee", owner_id="ada").action == "added"


@contextmanager
def catching(errors: list[Exception]) -> Iterator[None]:
    try:
        yield
    except DatabaseUnavailableError as error:
        errors.append(error)


def put_note(memory: MemoryDatabase, number: int) -> None:
    text = random.Random(number).randbytes(20_000).hex()
    memory.store.put(("notes", "ada"), str(number), {"text": text}, index=False)


@pytest.fixture
def standby(server: PostgresServer) -> Iterator[Callable[[], Standby]]:
    """Makes a standby of the server as it is at that moment."""
    folder, made = programs(), []
    assert folder is not None

    def make() -> Standby:
        made.append(Standby(server, folder))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.remove()


def test_a_standby_is_read_refuses_writes_in_a_sentence_and_is_written_once_it_is_promoted(
    standby: Callable[[], Standby], url: str
) -> None:
    with open_memory(url) as memory:
        writers = Writers(memory, threads=1, turns=2)
        writers.finish()
    copy = standby()
    copied = copy.url(url.rpartition("/")[2])

    with open_memory(copied) as memory:
        memory.store.setup()
        owner, thread = "owner-0", {"configurable": {"thread_id": "owner-0"}}
        assert len(memory.store.list_memories(owner_id=owner)) == 4
        assert len(memory.store.search(("curated", owner), query="thing1")) > 0
        assert memory.checkpointer.get_tuple(thread) is not None  # type: ignore[arg-type]
        kept = len(memory.audit.receipts(owner_id=owner, kind="recall"))
        assert len(memory.store.recall("thing1", owner_id=owner)) > 0
        assert len(memory.audit.receipts(owner_id=owner, kind="recall")) == kept
        for attempt in (
            lambda: memory.store.remember("something new", owner_id=owner),
            lambda: memory.checkpointer.delete_thread(owner),
        ):
            with pytest.raises(DatabaseUnavailableError, match="primary") as caught:
                attempt()
            assert copy.password not in one_sentence(caught.value)

        copy.promote()
        assert memory.store.remember("something new", owner_id=owner).action == "added"
        memory.store.recall("thing1", owner_id=owner)
        assert len(memory.audit.receipts(owner_id=owner, kind="recall")) == kept + 1


def test_a_standby_is_not_migrated(standby: Callable[[], Standby], server: PostgresServer) -> None:
    database = server.new_database().rpartition("/")[2]

    with pytest.raises(OlderSchemaError, match="primary") as caught, open_memory(standby().url(database)):
        pass

    one_sentence(caught.value)
