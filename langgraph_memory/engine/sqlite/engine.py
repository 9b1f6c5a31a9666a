"""The SQLite engine: one writer connection, a pool of readers, a whole operation for each hop off the event loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from langgraph_memory.cache import CacheBound, out_of_memory, without_caches
from langgraph_memory.effects.effect import drive
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.engine.sqlite.connection import SqliteSettings, open_connection
from langgraph_memory.engine.sqlite.migrate import migrate
from langgraph_memory.engine.sqlite.scrub import Scrubber
from langgraph_memory.engine.sqlite.statements import Statements
from langgraph_memory.engine.sqlite.writer import Writer
from langgraph_memory.engine.threads import Flag, Threads, ThreadsClosedError
from langgraph_memory.errors import (
    DatabaseClosedError,
    DatabaseError,
    DatabaseUnavailableError,
    InvalidInputError,
)
from langgraph_memory.process import Forked, leave_to_parent, tell_of_forks

T = TypeVar("T")


_log = logging.getLogger(__name__)

_READER_THREADS = 4
_IDLE_READERS = 8
_LINGER = 0.05
"""Seconds that a write which nobody waits for may wait for others: they share one commit."""
_CHECKPOINT_AFTER = 96
"""Commits after which the write-ahead log is copied into the file, by a thread that no writer waits for.

A commit writes about eight pages. After 32 of them the same pages were copied so often that it was a tenth of what a
short turn costs.
"""
_QUIET = 5.0
"""Seconds that a fork waits for the reads and the write that are under way."""
_MOMENT = 0.001
_VACUUM_PAGES = 512  # 2 MB a step: a few milliseconds with the write lock


class SqliteEngine(Forked):
    """Runs operations on one SQLite file, for any number of threads, tasks and processes.

    Writes of this process share one connection and are grouped into few commits; readers have connections of their
    own and are never blocked by a writer. A `:memory:` database has one connection for both.
    """

    def __init__(self, settings: SqliteSettings, cache_bound: CacheBound | None = None) -> None:
        self._settings = settings
        self.cache_bound = cache_bound or CacheBound()
        self._statements = Statements(settings, self.cache_bound)
        self._closed = False
        self._connect(open_connection(settings, create=True))
        self._start()
        tell_of_forks(self)

    def _connect(self, connection: Any) -> None:
        self._connection = connection
        # Where nothing can be written, a write that finds nothing to change succeeds, and any other is refused.
        begin = "BEGIN" if self._settings.read_only else "BEGIN IMMEDIATE"
        self._writer = Writer(connection, self._statements.execute, self._statements.transact, begin)
        self._idle: list[Any] = []
        self._lent = 0
        self._checkpointed_at = 0

    def _start(self) -> None:
        """Make the locks and the threads, which no process shares with another."""
        self._lock = Lock()
        self._resumed = Flag(is_set=True)
        self._paused = self._unusable = False
        self._checkpointing = Lock()
        self._closing = Flag()
        self._write_thread = Threads(1, "langgraph_memory-write")
        self._read_threads = Threads(_READER_THREADS, "langgraph_memory-read")
        self._later_thread = Threads(1, "langgraph_memory-later")
        self._later_awake = self._checkpoint_awake = False
        self._inherited = False

    def before_fork(self) -> None:
        """Close every connection, once nobody uses one: what SQLite knows of a file's locks would be the child's, too.

        A `:memory:` database is copied with the process.
        """
        if self._closed or self._inherited or not self._writer.pause(_QUIET):
            return
        with self._lock:
            self._paused = True
            self._resumed.clear()
        if self._settings.in_memory or not self._is_idle():
            return
        for connection in (self._connection, *self._idle):
            connection.close()
        self._idle, self._connection = [], None

    def _is_idle(self) -> bool:
        """Wait until nobody reads; False where that takes too long."""
        deadline = time.monotonic() + _QUIET
        while self._lent and time.monotonic() < deadline:
            time.sleep(_MOMENT)
        return not self._lent

    def after_fork_in_parent(self) -> None:
        """Open what was closed for the fork."""
        if not self._paused:
            return
        try:
            if self._connection is None:
                self._connection = open_connection(self._settings, create=True)
        finally:
            self._writer.go_on(self._connection)
            self._paused = False
            self._resumed.set()

    def after_fork_in_child(self) -> None:
        """Have threads of its own, and before the next use connections; what the parent has put off stays with it."""
        paused, inherited = self._paused, self._connection
        self._start()
        if self._settings.in_memory:
            self._connect(inherited)
            self._unusable = not paused
            return
        if inherited is not None:
            leave_to_parent(inherited, *self._idle)
        self._unusable = not (self._closed or self._inherited or inherited is None)
        self._inherited = not self._closed

    def setup(self) -> None:
        """Create or migrate the schema; safe to call again, and from several processes at once."""
        self._check_open()
        migrate(self._connection, self._settings)

    def run(self, operation: Transaction[T]) -> T:
        """Run `operation` in one transaction and return its outcome."""
        try:
            return self._run(operation)
        except MemoryError as error:
            again = None if operation.writes else partial(self._run, operation)
            return without_caches(again, self.cache_bound, error)

    def _run(self, operation: Transaction[T]) -> T:
        self._check_open()
        if operation.writes or self._settings.in_memory:
            outcome = self._writer.run(operation)
            self._checkpoint_soon()
            return outcome
        if operation.settled:
            self._writer.drain()
        if operation.brief and (found := self._writer.read(operation)) is not None:
            return found[0]
        with self._reader() as connection:
            return drive(operation.start(), partial(self._statements.execute, connection))

    async def arun(self, operation: Transaction[T]) -> T:
        """Same as `run`, on a thread of the engine's own."""
        self._check_open()
        if not operation.writes and not self._settings.in_memory:
            return await self._read_threads.arun(self.run, operation)
        answer = self._writer.submit(operation)
        try:
            self._write_thread.start(self._writer.drain)
        except ThreadsClosedError:  # since it was checked
            answer.cancel()
            self._check_open()
            raise
        try:
            return await answer.wait()
        except MemoryError as error:
            raise out_of_memory(self.cache_bound) from error
        finally:
            self._checkpoint_soon()

    def run_later(self, operation: Transaction[object]) -> None:
        """Queue `operation` before every later write, and wake a thread that commits it in a moment, with others.

        A `:memory:` database has nobody to outlive, so it is run at once; one that is only read keeps nothing of it.
        """
        self._check_open()
        if self._settings.read_only:
            return
        if self._settings.in_memory:
            self.run(operation)
            return
        self._writer.put_off(operation)
        if not self._later_awake:
            self._later_awake = True
            try:
                self._later_thread.start(self._settle)
            except BaseException:
                self._later_awake = False
                raise

    async def arun_later(self, operation: Transaction[object]) -> None:
        """Same as `run_later`, which never blocks on a file."""
        if self._settings.in_memory:
            await self.arun(operation)
        else:
            self.run_later(operation)

    def _settle(self) -> None:
        self._closing.wait(_LINGER)
        self._later_awake = False  # before the queue is read: what comes after it wakes this again
        self._writer.drain()

    def _checkpoint_soon(self) -> None:
        """Have the log copied into the file when there is enough of it; a commit that had to do it waits for a disk.

        One at a time, and not one right behind another: a log that grows faster than it is copied begins anew only
        where a commit of its own copies the rest, and none can while somebody else is copying.
        """
        enough = self._writer.commits - self._checkpointed_at >= _CHECKPOINT_AFTER
        if self._settings.in_memory or self._checkpoint_awake or not enough:
            return
        self._checkpoint_awake = True
        try:
            self._later_thread.start(self._checkpoint)
        except BaseException as error:
            self._checkpoint_awake = False
            if not isinstance(error, ThreadsClosedError):  # closing copies it
                raise

    def _checkpoint(self) -> None:
        """Copy what can be copied of the log while others read and write; what fails is done by a later one."""
        try:
            with self._checkpointing, suppress(self._settings.dbapi.Error, DatabaseError):
                connection = self._lend()
                try:
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                finally:
                    self._give_back(connection)
        finally:
            self._checkpointed_at = self._writer.commits
            self._checkpoint_awake = False

    def scrub(self) -> bool:
        """Overwrite what was deleted in the file, part by part, and empty the write-ahead log.

        Others read and write between two steps, and wait for none of them for long. False when they did not let it
        come to its end within the busy timeout, or when there is no room to.
        """
        self._check_open()
        if self._settings.in_memory:
            return True
        self._writer.drain()
        try:
            with self._checkpointing:  # SQLite does not wait for a checkpoint that somebody else is making
                return Scrubber(self._settings, self._closing.wait).run()
        except (self._settings.dbapi.Error, DatabaseError, OSError) as error:
            _log.warning("what was deleted could not be overwritten (%s); call scrub() again", type(error).__name__)
            return False

    async def ascrub(self) -> bool:
        """Same as `scrub`, on a thread of the engine's own."""
        self._check_open()
        return await self._write_thread.arun(self.scrub)

    def reclaim(self) -> None:
        """Give freed pages back to the file system, in steps that let other writers in between."""
        self._check_open()
        if self._settings.in_memory:
            return
        while self._writer.alone(self._vacuum_step):
            pass
        self._writer.alone(lambda connection: self._statements.command(connection, "PRAGMA wal_checkpoint(PASSIVE)"))

    async def areclaim(self) -> None:
        """Same as `reclaim`, on the engine's writing thread."""
        self._check_open()
        await self._write_thread.arun(self.reclaim)

    def grant(self, role: str, partition: str, owner_id: str) -> None:
        """Raise InvalidInputError: a file has no roles."""
        self.revoke(role)

    def revoke(self, role: str) -> None:
        """Raise InvalidInputError: a file has no roles."""
        raise InvalidInputError(
            f"{self._settings.path!r} is a file and has no role {role!r}; give each owner a file of their own, or use "
            "PostgreSQL."
        )

    def close(self) -> None:
        """Finish what is running and release every connection; safe to call again."""
        self._release(wait=True)

    def _release(self, *, wait: bool) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._closing.set()
        for threads in (self._later_thread, self._write_thread, self._read_threads):
            threads.close(wait=wait)
        with self._lock:
            idle, self._idle = self._idle, []
        if self._inherited:
            return
        for connection in idle:
            connection.close()
        self._writer.close()

    def __del__(self) -> None:
        """Close what nobody uses any more; in whatever thread that is noticed, so that none is waited for."""
        with suppress(Exception):
            self._release(wait=False)

    def _vacuum_step(self, connection: Any) -> bool:
        """Free some pages; True while there may be more. Another process's lock ends it: the next call goes on."""
        try:
            free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
            connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
            left: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        except self._settings.dbapi.OperationalError:
            return False
        return 0 < left < free

    def _check_open(self) -> None:
        if self._unusable:
            raise DatabaseUnavailableError(
                f"this process was forked while another thread used {self._settings.path!r}; open it again here with "
                "open_memory()."
            )
        if self._inherited:
            with self._lock:
                if self._inherited:
                    self._connect(open_connection(self._settings, create=True))
                    self._inherited = False
        if self._closed:
            raise DatabaseClosedError(f"{self._settings.path!r} was closed; open it again with open_memory().")

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        """Lend a connection inside one read transaction, so that everything it reads is of one moment."""
        connection = self._lend()
        try:
            self._statements.command(connection, "BEGIN")
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._give_back(connection)

    def _lend(self) -> Any:
        while True:
            if self._paused:
                self._resumed.wait()
            with self._lock:
                if not self._paused:
                    connection = self._idle.pop() if self._idle else None
                    self._lent += 1
                    break
        try:
            return connection if connection is not None else open_connection(self._settings, create=False)
        except BaseException:
            with self._lock:
                self._lent -= 1
            raise

    def _give_back(self, connection: Any) -> None:
        with self._lock:
            self._lent -= 1
            if not self._closed and len(self._idle) < _IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close()
