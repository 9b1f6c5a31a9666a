"""The PostgreSQL engine: a pool of connections, a whole operation for each hop off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import current_thread, main_thread
from typing import Any, TypeVar, cast

import psycopg

from langgraph_memory.cache import CacheBound, without_caches
from langgraph_memory.effects.effect import drive
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.engine.named_queries import load_queries
from langgraph_memory.engine.postgres.connection import Connection, Pool, PostgresSettings
from langgraph_memory.engine.postgres.errors import collided, lost
from langgraph_memory.engine.postgres.migrate import migrate
from langgraph_memory.engine.postgres.scrub import scrub
from langgraph_memory.engine.postgres.signature import Signature
from langgraph_memory.engine.postgres.tenants import Tenant, grant, revoke
from langgraph_memory.engine.postgres.transaction import MoreWantedError, PostgresTransaction, Statement, answers
from langgraph_memory.engine.threads import Answer, Threads, ThreadsClosedError
from langgraph_memory.errors import DatabaseError, DatabaseUnavailableError
from langgraph_memory.process import Forked, leave_to_parent, tell_of_forks

T = TypeVar("T")

_ATTEMPTS = 6
_QUESTIONS = 3
"""How often the server is asked what became of a commit: the connection that asks may be lost, too."""


@dataclass(slots=True)
class _Ending:
    """How one attempt at an operation ended; `in_doubt` when its commit was not answered."""

    transaction: PostgresTransaction
    outcome: Any = None
    error: DatabaseError | None = None
    signature: Signature | None = None
    in_doubt: bool = False


class PostgresEngine(Forked):
    """Runs operations on one PostgreSQL database, for any number of threads, tasks, processes and machines.

    An operation that met a deadlock or a broken connection before its commit is run again from its beginning.
    """

    def __init__(self, settings: PostgresSettings, cache_bound: CacheBound | None = None) -> None:
        self._settings = settings
        self.cache_bound = cache_bound or CacheBound()
        queries = load_queries("langgraph_memory.engine.postgres")
        self._statements = {name: Statement.of(sql) for name, sql in queries.items()}
        self._answers = answers()
        self._start()
        tell_of_forks(self)

    def _start(self) -> None:
        self._pool = Pool(self._settings)
        self._threads = Threads(self._settings.pool_size, "langgraph_memory-postgres")

    def after_fork_in_child(self) -> None:
        """Have connections and threads of its own: two processes on one connection read each other's rows."""
        leave_to_parent(self._pool)
        closed = self._pool.closed
        self._start()
        if closed:
            self.close()

    def setup(self) -> None:
        """Create or migrate the schema; safe to call again, and from several processes at once."""
        self._uninterrupted(self._migrate)

    def _migrate(self) -> None:
        with self._pool.lend() as connection:
            migrate(connection, self._settings)

    def run(self, operation: Transaction[T]) -> T:
        """Run `operation` in one transaction and return its outcome."""
        return self._uninterrupted(lambda: self._run_here(operation))

    def _run_here(self, operation: Transaction[T]) -> T:
        try:
            return self._run_at_once(operation)
        except MemoryError as error:
            again = None if operation.writes else partial(self._run_at_once, operation)
            return without_caches(again, self.cache_bound, error)

    def _run_at_once(self, operation: Transaction[T]) -> T:
        if operation.brief and self._settings.prepare and (found := self._glance(operation)) is not None:
            return found[0]
        return self._run(operation)

    async def arun(self, operation: Transaction[T]) -> T:
        """Same as `run`, on a thread of the engine's own."""
        return await self._off_the_loop(self._run_here, operation)

    def run_later(self, operation: Transaction[object]) -> None:
        """Run a write at once, without waiting until the server's log is on its disk: the next commit puts it there.

        A database that can only be read keeps nothing of it.
        """
        self._uninterrupted(self._run_later, operation)

    def _run_later(self, operation: Transaction[object]) -> None:
        self._pool.check_open()
        if self._settings.read_only:
            return
        try:
            self._run(operation, lasting=False)
        except DatabaseUnavailableError as error:
            if not isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
                raise

    async def arun_later(self, operation: Transaction[object]) -> None:
        """Same as `run_later`, on a thread of the engine's own."""
        await self._off_the_loop(self._run_later, operation)

    def scrub(self) -> bool:
        """Vacuum the tables, or write them anew without what was deleted; return whether its bytes are gone.

        After a plain vacuum they are not: its space can be used again, and what was in it stays until then. Neither
        reaches the server's write-ahead log, its backups and standbys, nor copies that the file system keeps.
        """
        return self._uninterrupted(self._scrub)

    def _scrub(self) -> bool:
        with self._pool.lend() as connection:
            return scrub(connection, self._settings)

    async def ascrub(self) -> bool:
        """Same as `scrub`, on a thread of the engine's own."""
        return await self._off_the_loop(self._scrub)

    def reclaim(self) -> None:
        """Do nothing: the server's autovacuum makes the space of deleted rows reusable by itself."""
        self._pool.check_open()

    def grant(self, role: str, partition: str, owner_id: str) -> None:
        """Let a role of the server see the rows of one owner, and no others."""
        self._uninterrupted(self._grant, Tenant(role, partition, owner_id))

    def _grant(self, tenant: Tenant) -> None:
        with self._pool.lend() as connection:
            grant(connection, self._settings, tenant)

    def revoke(self, role: str) -> None:
        """Let a role of the server see nothing any more."""
        self._uninterrupted(self._revoke, role)

    def _revoke(self, role: str) -> None:
        with self._pool.lend() as connection:
            revoke(connection, self._settings, role)

    async def areclaim(self) -> None:
        """Same as `reclaim`."""
        self.reclaim()

    def close(self) -> None:
        """Finish what is running and release every connection; safe to call again."""
        self._threads.close()
        self._pool.close()

    def _uninterrupted(self, perform: Callable[..., T], *given: Any) -> T:
        """Run what uses a connection where no signal is handled: in the main thread, an interrupt would lose it."""
        if current_thread() is not main_thread():
            return perform(*given)
        return self._start_off(perform, *given).result()

    def __del__(self) -> None:
        """Close what nobody uses any more; in whatever thread that is noticed, so that none is waited for."""
        with suppress(Exception):
            self._threads.close(wait=False)
            self._pool.close(wait=False)

    async def _off_the_loop(self, perform: Callable[..., T], *given: Any) -> T:
        return await self._start_off(perform, *given).wait()

    def _start_off(self, perform: Callable[..., T], *given: Any) -> Answer[T]:
        self._pool.check_open()
        try:
            return self._threads.start(perform, *given)
        except ThreadsClosedError:  # since it was checked
            self._pool.close()
            self._pool.check_open()
            raise

    def _run(self, operation: Transaction[T], *, lasting: bool = True) -> T:
        keys: set[str] = set()
        for _ in range(_ATTEMPTS):
            ending = self._attempt(operation, keys, lasting=lasting)
            if ending.error is None or self._is_stored(operation, ending):
                return cast(T, ending.outcome)
        raise cast(DatabaseError, ending.error)

    def _is_stored(self, operation: Transaction[Any], ending: _Ending) -> bool:
        """Whether an attempt that ended in an error has stored everything; what can be repeated need not be known."""
        return ending.in_doubt and not operation.repeatable and self._was_committed(ending)

    def _glance(self, operation: Transaction[T]) -> tuple[T] | None:
        """Run an operation of one statement without a transaction; None when it needs one, or did not succeed.

        A write that is lost on the way is repeated; which ones are brief, can be.
        """
        with self._pool.lend() as connection:
            glance = self._transaction(connection, writes=False).glance
            try:
                return (drive(operation.start(), glance),)
            except (MoreWantedError, DatabaseError):  # which is made up for, or met again, in a transaction
                return None

    def _attempt(self, operation: Transaction[T], keys: set[str], *, lasting: bool) -> _Ending:
        """Run `operation` once, with locks on `keys` from the start; adds those that it took to them.

        Unless it is `lasting` its commit does not wait for the disk.

        An error that another attempt may not meet is returned; every other one is raised.
        """
        with self._pool.lend() as connection:
            signs = operation.writes and not operation.repeatable
            transaction = self._transaction(connection, writes=operation.writes, signs=signs)
            ending = _Ending(transaction)
            try:
                transaction.begin(keys, lasting=lasting)
                ending.outcome = drive(operation.start(), transaction.execute)
                if signs:
                    ending.signature = transaction.prepare()
                ending.in_doubt = operation.writes
                transaction.commit()
            except BaseException as error:
                keys |= transaction.keys
                transaction.abandon()
                if not isinstance(error, DatabaseError) or not (lost(error.__cause__) or collided(error.__cause__)):
                    raise
                ending.error = error
                ending.in_doubt = ending.in_doubt and lost(error.__cause__)
        if ending.error is not None and lost(ending.error.__cause__):
            self._pool.renew()
        return ending

    def _was_committed(self, ending: _Ending) -> bool:
        """Ask the server what became of a transaction whose commit was not answered.

        Its locks are free again as soon as that is decided, so waiting for them is waiting for the answer.
        """
        committed = None
        for _ in range(_QUESTIONS):
            with suppress(DatabaseError):
                committed = self._has_kept(ending)
                break
        if committed is None:
            raise DatabaseUnavailableError(
                f"the connection to {self._settings.name} was lost during a commit and the server could not be asked "
                "how it ended; look whether the change was stored before you repeat it."
            ) from ending.error
        return committed

    def _has_kept(self, ending: _Ending) -> bool | None:
        with self._pool.lend() as connection:
            asking = self._transaction(connection, writes=True)
            try:
                asking.begin(ending.transaction.keys)
                return None if ending.signature is None else asking.has_kept(ending.signature)
            finally:
                asking.abandon()

    def _transaction(self, connection: Connection, *, writes: bool, signs: bool = False) -> PostgresTransaction:
        return PostgresTransaction(
            connection, self._settings, self._statements, self._answers, writes=writes, signs=signs
        )
