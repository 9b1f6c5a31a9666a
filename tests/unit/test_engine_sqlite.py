"""The SQLite engine: opening, migrating, grouping writes, reading beside a writer, several processes, closing."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import START, one_sentence

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads, reads_little, reads_settled, writes
from langgraph_memory.engine.connect import connect
from langgraph_memory.engine.named_queries import load_migrations
from langgraph_memory.engine.sqlite import migrate
from langgraph_memory.engine.sqlite.engine import _CHECKPOINT_AFTER, SqliteEngine
from langgraph_memory.engine.sqlite.writer import Writer
from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseClosedError,
    DatabaseUnavailableError,
    ForeignDatabaseError,
    InvalidInputError,
    NewerSchemaError,
    NotADatabaseError,
)
from langgraph_memory.operations.items import Put, write_items
from langgraph_memory.operations.rows import PlainItem

# --- a few small operations -------------------------------------------------------------------------------------------


def _put(thread_id: str, name: str) -> Effects[str]:
    """Store one small row; a receipt is the smallest there is."""
    receipt = {"partition": thread_id, "id": name, "kind": "test", "now": 0, "body": "{}"}
    yield Query("put_receipt", {**receipt, "thread_id": None, "checkpoint_id": None, "run_id": None})
    return name


def _put_and_fail(thread_id: str, name: str) -> Effects[str]:
    yield from _put(thread_id, name)
    raise LookupError(name)


def _namespaces() -> Effects[int]:
    return len((yield Query("namespaces", {"now": 0})))


put = writes(_put)
put_and_fail = writes(_put_and_fail)
namespaces = reads(_namespaces)


@reads_little
def receipts() -> Effects[int]:
    return (yield Query("holdings", {"partition": "t"}))[0]["receipts"]


@writes
def put_and_call(name: str, call: Callable[[], Any]) -> Effects[Any]:
    yield from _put("t", name)
    return call()


def opened(path: str, **options: Any) -> SqliteEngine:
    engine = connect(path, **options)
    assert isinstance(engine, SqliteEngine)
    engine.setup()
    return engine


@pytest.fixture
def engine(path: str) -> Iterator[SqliteEngine]:
    """An engine on a new file."""
    engine = opened(path)
    yield engine
    engine.close()


def stored(path: str) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute("SELECT id FROM memory_receipt")}
    finally:
        connection.close()


# --- opening and migrating --------------------------------------------------------------------------------------------


def test_a_new_database_equals_the_sum_of_its_migrations(engine: SqliteEngine, path: str) -> None:
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'memory_migration%' ORDER BY 1, 2"
    by_hand = sqlite3.connect(":memory:")
    for _, _, script in load_migrations("langgraph_memory.engine.sqlite"):
        by_hand.executescript(script)
    made = sqlite3.connect(path)

    normal = [[" ".join(str(cell).split()) for cell in row] for row in by_hand.execute(schema)]
    assert [[" ".join(str(cell).split()) for cell in row] for row in made.execute(schema)] == normal
    assert len(normal) > 10
    assert made.execute("SELECT version, name FROM memory_migration").fetchall() == [
        (number, name) for number, name, _ in load_migrations("langgraph_memory.engine.sqlite")
    ]
    by_hand.close()
    made.close()


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    numbers = [number for number, _, _ in load_migrations("langgraph_memory.engine.sqlite")]

    assert numbers == list(range(1, len(numbers) + 1))


def test_setup_again_changes_nothing(engine: SqliteEngine, path: str) -> None:
    engine.run(put("t", "kept"))

    engine.setup()
    again = opened(path)
    again.close()

    assert stored(path) == {"kept"}


def test_a_migration_that_fails_leaves_nothing_of_itself(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = load_migrations("langgraph_memory.engine.sqlite")
    broken = (len(known) + 1, "broken", "CREATE TABLE half (x);\nCREATE TABLE half (x);\n")
    opened(path).close()
    monkeypatch.setattr(migrate, "load_migrations", lambda package: (*known, broken))

    engine = connect(path)
    with pytest.raises(Exception, match="half"):
        engine.setup()
    engine.close()

    connection = sqlite3.connect(path)
    assert connection.execute("SELECT max(version) FROM memory_migration").fetchone() == (len(known),)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    connection.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: str) -> None:
    content = b"To whom it may concern: this is a letter. " * 200
    Path(path).write_bytes(content)

    with pytest.raises(NotADatabaseError) as caught:
        opened(path)

    assert path in one_sentence(caught.value)
    assert Path(path).read_bytes() == content


def test_a_database_of_a_newer_version_is_refused_and_left_alone(path: str) -> None:
    opened(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO memory_migration (version, name) VALUES (999, 'from the future')")
    connection.commit()
    connection.close()

    engine = connect(path)
    with pytest.raises(NewerSchemaError, match="999"):
        engine.setup()
    engine.close()


@pytest.mark.parametrize("where", ["/proc/x.db", "/nowhere/at/all/x.db", "/tmp"])
def test_a_place_that_cannot_be_written_is_named_in_one_sentence(where: str) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        connect(where)

    assert where in one_sentence(caught.value)


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    path = str(tmp_path / "what? #1 100% ünï&code;.db")

    opened(path).close()

    assert Path(path).exists()


def test_a_sqlite_url_names_the_same_file_as_its_path(path: str) -> None:
    engine = opened(f"sqlite:///{path}")
    engine.run(put("t", "kept"))
    engine.close()

    assert stored(path) == {"kept"}


def test_memory_databases_do_not_share_anything() -> None:
    first, second = opened(":memory:"), opened(":memory:")

    first.run(put("t", "same"))

    assert second.run(put("t", "same")) == "same"
    first.close()
    second.close()


# --- grouping writes --------------------------------------------------------------------------------------------------


@pytest.fixture
def grouped() -> Iterator[tuple[Writer, list[str], sqlite3.Connection]]:
    """A writer on a small table, the transaction commands it gave, and its connection."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY)")
    commands: list[str] = []

    def execute(on: Any, query: Query) -> list[Any]:
        return on.execute("INSERT INTO kept VALUES (:name)", query.params).fetchall()

    def command(on: Any, sql: str) -> None:
        commands.append(sql)
        on.execute(sql)

    yield Writer(connection, execute, command), commands, connection
    connection.close()


@writes
def keep(name: str, error: BaseException | None = None) -> Effects[str]:
    yield Query("keep", {"name": name})
    if error is not None:
        raise error
    return name


def kept(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM kept ORDER BY name")]


def test_what_is_waiting_together_is_committed_together(grouped: Any) -> None:
    writer, commands, _ = grouped
    futures = [writer.submit(keep(f"n{n}")) for n in range(5)]

    writer.drain()

    assert [future.result(timeout=0) for future in futures] == [f"n{n}" for n in range(5)]
    assert (commands.count("BEGIN IMMEDIATE"), commands.count("COMMIT")) == (1, 1)


def test_an_operation_that_fails_takes_nothing_else_of_its_group_with_it(grouped: Any) -> None:
    writer, commands, connection = grouped
    futures = [
        writer.submit(keep("first")),
        writer.submit(keep("failing", LookupError("as planned"))),
        writer.submit(keep("first")),
        writer.submit(keep("last")),
    ]

    writer.drain()

    assert futures[0].result(timeout=0) == "first"
    with pytest.raises(LookupError, match="as planned"):
        futures[1].result(timeout=0)
    with pytest.raises(sqlite3.IntegrityError):
        futures[2].result(timeout=0)
    assert futures[3].result(timeout=0) == "last"
    assert kept(connection) == ["first", "last"]
    assert commands.count("COMMIT") == 1


@pytest.mark.parametrize("moment", ["BEGIN IMMEDIATE", "SAVEPOINT job", "RELEASE job", "COMMIT", "after COMMIT"])
def test_an_interrupt_undoes_nothing_twice_and_everyone_who_waits_is_answered_by_the_next(moment: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY)")
    pending = [moment]

    def execute(on: Any, query: Query) -> list[Any]:
        return on.execute("INSERT INTO kept VALUES (:name)", query.params).fetchall()

    def command(on: Any, sql: str) -> None:
        on.execute(sql) if pending != [sql] else None
        if pending in ([sql], [f"after {sql}"]):
            pending.clear()
            raise KeyboardInterrupt

    writer = Writer(connection, execute, command)
    futures = [writer.submit(keep(name)) for name in ("first", "second")]
    with pytest.raises(KeyboardInterrupt):
        writer.drain()
    assert not connection.in_transaction
    writer.drain()

    assert [future.result(timeout=0) for future in futures] == ["first", "second"]
    assert kept(connection) == ["first", "second"]
    connection.close()


def test_what_an_interrupted_caller_has_given_up_is_not_stored_later(grouped: Any) -> None:
    writer, _, connection = grouped
    others = writer.submit(keep("of another"))

    with pytest.raises(KeyboardInterrupt):
        writer.run(keep("given up", KeyboardInterrupt()))
    writer.drain()

    assert others.result(timeout=0) == "of another"
    assert kept(connection) == ["of another"]


def test_an_operation_that_was_cancelled_while_waiting_does_not_run(grouped: Any) -> None:
    writer, _, connection = grouped
    cancelled = writer.submit(keep("cancelled"))
    writer.submit(keep("other"))
    cancelled.cancel()

    writer.drain()

    assert kept(connection) == ["other"]


def test_a_brief_read_sees_what_this_process_wrote_and_leaves_no_transaction_open(engine: SqliteEngine) -> None:
    engine.run(put("t", "first"))

    assert engine.run(receipts()) == 1
    engine.run(put("t", "second"))
    assert engine.run(receipts()) == 2


def test_a_brief_read_does_not_wait_for_a_writer_and_sees_nothing_uncommitted(engine: SqliteEngine) -> None:
    with ThreadPoolExecutor(1) as other:
        found = engine.run(put_and_call("kept", lambda: other.submit(engine.run, receipts()).result(timeout=20)))

    assert found == 0


def test_a_write_that_fails_alone_is_undone_and_the_next_one_is_stored(engine: SqliteEngine, path: str) -> None:
    with pytest.raises(LookupError, match="failing"):
        engine.run(put_and_fail("t", "failing"))

    engine.run(put("t", "after"))
    assert stored(path) == {"after"}


async def test_threads_and_tasks_write_at_once_and_each_gets_its_own_answer(engine: SqliteEngine, path: str) -> None:
    def many(number: int) -> list[str]:
        return [engine.run(put("t", f"thread-{number}-{n}")) for n in range(20)]

    async def failing(number: int) -> None:
        with pytest.raises(LookupError, match=f"failing-{number}"):
            await engine.arun(put_and_fail("t", f"failing-{number}"))

    answers = await asyncio.gather(
        *(asyncio.to_thread(many, number) for number in range(8)),
        *(engine.arun(put("t", f"task-{number}")) for number in range(100)),
    )
    await asyncio.gather(*(failing(number) for number in range(10)), engine.arun(put("t", "last")))

    expected = {f"thread-{number}-{n}" for number in range(8) for n in range(20)}
    expected |= {f"task-{number}" for number in range(100)} | {"last"}
    assert answers[:8] == [[f"thread-{number}-{n}" for n in range(20)] for number in range(8)]
    assert answers[8:] == [f"task-{number}" for number in range(100)]
    assert stored(path) == expected


async def test_a_cancelled_task_takes_no_other_with_it(engine: SqliteEngine, path: str) -> None:
    tasks = [asyncio.create_task(engine.arun(put("t", f"task-{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()

    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(answers[3], asyncio.CancelledError)
    assert [answer for n, answer in enumerate(answers) if n != 3] == [f"task-{n}" for n in range(20) if n != 3]
    assert stored(path) >= {f"task-{n}" for n in range(20) if n != 3}


def test_a_value_the_database_cannot_hold_is_an_error_of_the_caller(engine: SqliteEngine, path: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        engine.run(put("t", "\ud800"))

    one_sentence(caught.value)
    assert stored(path) == set()


# --- readers and other processes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["run", "arun"])
async def test_a_reader_is_not_blocked_by_an_open_write_transaction(path: str, call: str) -> None:
    engine = opened(path, busy_timeout=0.2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO store_partition (partition) VALUES ('half written')")

    answer = engine.run(namespaces()) if call == "run" else await engine.arun(namespaces())

    assert answer == 0
    other.execute("ROLLBACK")
    other.close()
    engine.close()


@pytest.mark.parametrize("call", ["run", "arun"])
async def test_a_lock_that_is_held_too_long_is_a_clear_error_and_not_for_ever(path: str, call: str) -> None:
    engine = opened(path, busy_timeout=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseBusyError) as caught:
        await engine.arun(put("t", "refused")) if call == "arun" else engine.run(put("t", "refused"))
    other.execute("ROLLBACK")
    other.close()

    assert "busy_timeout" in one_sentence(caught.value)
    assert engine.run(put("t", "afterwards")) == "afterwards"
    assert stored(path) == {"afterwards"}
    engine.close()


def test_a_reader_sees_one_moment_from_start_to_end(engine: SqliteEngine) -> None:
    bounds = {"prefix": "", "low": "", "high": "e", "now": 0, "limit": 10, "offset": 0}
    bounds |= {"after_at": 1 << 62, "after_no": 0, "needle": None, "others": []}
    item = PlainItem(("docs",), "key", {"n": 1}, "")

    def count() -> Effects[int]:
        return len((yield Query("items_across_partitions", bounds)))

    def count_before_and_after_a_write() -> Effects[tuple[int, int]]:
        before = yield from count()
        engine.run(write_items([[Put(item)]], START, {}))
        return before, (yield from count())

    assert engine.run(reads(count_before_and_after_a_write)()) == (0, 0)
    assert engine.run(reads(count)()) == 1


PROCESSES = 4


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Four fresh processes, which do not share a connection with this one."""
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


def open_when_all_are_ready(path: str, number: int) -> str:
    """Meet the other processes at a file each of them makes, then open the same new database."""
    Path(f"{path}.{number}").touch()
    while not all(Path(f"{path}.{other}").exists() for other in range(PROCESSES)):
        pass
    engine = opened(path)
    try:
        return engine.run(put("opening", f"process-{number}"))
    finally:
        engine.close()


def put_many(path: str, number: int) -> int:
    engine = opened(path)
    try:
        return len([engine.run(put("many", f"process-{number}-{n}")) for n in range(200)])
    finally:
        engine.close()


def test_processes_that_open_a_new_file_at_once_all_succeed(pool: ProcessPoolExecutor, path: str) -> None:
    opening = [pool.submit(open_when_all_are_ready, path, number) for number in range(PROCESSES)]

    assert sorted(future.result(timeout=60) for future in opening) == [f"process-{n}" for n in range(PROCESSES)]
    assert stored(path) == {f"process-{n}" for n in range(PROCESSES)}


def test_processes_that_write_at_once_lose_nothing_and_meet_no_lock(pool: ProcessPoolExecutor, path: str) -> None:
    writing = [pool.submit(put_many, path, number) for number in range(PROCESSES)]

    assert [future.result(timeout=60) for future in writing] == [200] * PROCESSES
    assert len(stored(path)) == 200 * PROCESSES


# --- writes that nobody waits for -------------------------------------------------------------------------------------


@pytest.fixture
def slow(path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteEngine]:
    """An engine that would put a write off for an hour if nothing asked for it."""
    monkeypatch.setattr("langgraph_memory.engine.sqlite.engine._LINGER", 3600.0)
    engine = opened(path, busy_timeout=0.05)
    yield engine
    engine.close()


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the write lock of the file."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def _receipts() -> Effects[set[str]]:
    bounds = {"thread_id": None, "checkpoint_id": None, "kind": None, "limit": 10_000, "offset": 0}
    return {row["id"] for row in (yield Query("receipts", {"partition": "t", **bounds}))}


async def put_off(engine: SqliteEngine, mode: str, name: str) -> None:
    """Put a small write off, in the sync or the async way."""
    if mode == "async":
        await engine.arun_later(put("t", name))
    else:
        engine.run_later(put("t", name))


async def test_a_write_that_is_put_off_waits_for_nobody(slow: SqliteEngine, mode: str, path: str) -> None:
    with locked(path):
        await put_off(slow, mode, "later")

    assert slow.run(reads(_receipts)()) == set()


async def test_a_settled_read_sees_what_was_put_off(slow: SqliteEngine, mode: str, path: str) -> None:
    await put_off(slow, mode, "later")

    read = reads_settled(_receipts)()
    assert (await slow.arun(read) if mode == "async" else slow.run(read)) == {"later"}
    assert stored(path) == {"later"}


async def test_no_write_is_durable_before_what_was_put_off_before_it(slow: SqliteEngine, mode: str, path: str) -> None:
    for number in range(200):
        await put_off(slow, mode, f"later {number}")

    await slow.arun(put("t", "next")) if mode == "async" else slow.run(put("t", "next"))

    assert stored(path) == {"next", *(f"later {number}" for number in range(200))}


def test_what_was_put_off_is_written_in_a_moment_though_nothing_asks_for_it(path: str) -> None:
    written = threading.Event()

    def put_and_tell() -> Effects[None]:
        yield from _put("t", "later")
        written.set()

    engine = opened(path)
    engine.run_later(writes(put_and_tell)())

    assert written.wait(30)
    engine.close()


async def test_closing_writes_what_was_put_off(slow: SqliteEngine, mode: str, path: str) -> None:
    await put_off(slow, mode, "later")

    slow.close()

    assert stored(path) == {"later"}
    with pytest.raises(DatabaseClosedError):
        await put_off(slow, mode, "too late")


async def test_in_memory_a_write_that_is_put_off_is_run_at_once(mode: str) -> None:
    engine = opened(":memory:")

    await put_off(engine, mode, "later")

    assert engine.run(reads(_receipts)()) == {"later"}
    engine.close()


def test_a_failure_that_nobody_waits_for_is_logged_without_content_and_harms_no_other(
    slow: SqliteEngine, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow.run_later(put("t", "first"))
    slow.run_later(put_and_fail("t", "secret"))
    slow.run_later(put("t", "\ud800 secret"))

    slow.run(put("t", "next"))

    assert stored(path) == {"first", "next"}
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "LookupError" in caplog.text
    assert "InvalidInputError" in caplog.text
    assert "secret" not in caplog.text


def test_what_a_lock_kept_from_being_written_is_written_before_the_next(
    slow: SqliteEngine, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow.run_later(put("t", "later"))
    with locked(path), pytest.raises(DatabaseBusyError):
        slow.run(put("t", "refused"))
    assert stored(path) == set()

    slow.run(put("t", "next"))

    assert stored(path) == {"later", "next"}
    assert caplog.records == []


def test_what_cannot_be_written_until_the_end_is_logged_as_lost(
    slow: SqliteEngine, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow.run_later(put("t", "later"))

    with locked(path):
        slow.close()

    assert stored(path) == set()
    assert "lost (DatabaseBusyError)" in caplog.text


# --- closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file", ":memory:"])
async def test_a_closed_engine_says_so(path: str, place: str) -> None:
    engine = opened(path if place == "file" else place)
    engine.close()
    engine.close()

    for operation in (put("t", "late"), namespaces()):
        with pytest.raises(DatabaseClosedError) as caught:
            engine.run(operation)
        with pytest.raises(DatabaseClosedError):
            await engine.arun(operation)
        one_sentence(caught.value)
    with pytest.raises(DatabaseClosedError):
        engine.setup()


def test_closing_while_threads_write_finishes_what_runs_and_refuses_the_rest(path: str) -> None:
    engine = opened(path)
    answered: list[str] = []
    errors: list[BaseException] = []
    started = threading.Barrier(5)

    def write(number: int) -> None:
        started.wait()
        try:
            for n in range(10_000):
                answered.append(engine.run(put("t", f"{number}-{n}")))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    while len(answered) < 100:
        pass
    engine.close()
    for thread in threads:
        thread.join(timeout=30)

    assert [type(error) for error in errors] == [DatabaseClosedError] * 4
    assert stored(path) == set(answered)


def test_who_waited_for_the_lock_while_it_was_closed_is_told_so(path: str) -> None:
    engine = opened(path)
    engine.run(put("t", "before"))
    engine._writer.close()

    with pytest.raises(DatabaseClosedError):
        engine._writer.run(put("t", "after"))
    engine.close()


def test_a_file_of_another_application_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    with sqlite3.connect(file) as theirs:
        theirs.execute("CREATE TABLE notes (body TEXT)")
    theirs.close()
    before = file.read_bytes()

    with pytest.raises(ForeignDatabaseError, match="notes"):
        connect(file)

    assert file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.db"]


def test_a_thread_copies_the_log_into_the_file_before_a_commit_has_to(engine: SqliteEngine, path: str) -> None:
    for number in range(_CHECKPOINT_AFTER):
        engine.run(put("t", str(number)))
    engine._later_thread.run(lambda: None)  # what was asked of that thread is done

    file_alone = sqlite3.connect(f"file:{path}?immutable=1", uri=True)  # reads no log
    (count,) = file_alone.execute("SELECT count(*) FROM memory_receipt").fetchone()
    file_alone.close()

    assert count == _CHECKPOINT_AFTER


def test_a_new_file_and_its_log_are_for_their_owner_alone(tmp_path: Path) -> None:
    engine = connect(tmp_path / "private.db")
    engine.setup()
    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    engine.close()

    assert set(modes) >= {"private.db", "private.db-wal"}
    assert set(modes.values()) == {0o600}


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    path.touch(0o640)

    engine = connect(path)
    engine.setup()
    engine.close()

    assert path.stat().st_mode & 0o777 == 0o640 & ~umask()


def umask() -> int:
    held = os.umask(0)
    os.umask(held)
    return held
