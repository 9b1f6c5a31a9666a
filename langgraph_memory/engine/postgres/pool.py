"""Lends connections: psycopg's pool, whose errors say what the server said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from langgraph_memory.engine.postgres.connection import (
    PostgresSettings,
    configure,
    connection_options,
    open_connection,
)
from langgraph_memory.errors import DatabaseBusyError, DatabaseClosedError

Connection = psycopg.Connection[dict[str, Any]]


class Pool:
    """Lends connections to threads, opened when they are needed; one that broke is replaced.

    Before the first one is lent a server that lets nobody in is an error at once; later it is waited for, no longer
    than `pool_timeout`.
    """

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._reached = False
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            settings.conn_string,
            kwargs=connection_options(settings),
            configure=lambda connection: configure(connection, settings),
            min_size=0,
            max_size=settings.pool_size,
            timeout=settings.pool_timeout,
            reconnect_timeout=settings.pool_timeout,
            name="langgraph_memory",
            open=False,
        )

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Lend a connection that no other thread uses; it may have broken since it was used last."""
        connection = self._take()
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def renew(self) -> None:
        """Replace the idle connections that are broken: one was lost, so the others may be, too."""
        self._pool.check()

    def close(self, *, wait: bool = True) -> None:
        """Close every connection, those that are lent when they come back; safe to call again."""
        self._reached = True
        self._pool.close() if wait else self._pool.close(timeout=0)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._reached and self._pool.closed

    def check_open(self) -> None:
        """Raise DatabaseClosedError after `close`."""
        if self.closed:
            raise DatabaseClosedError(f"{self._settings.name} was closed; open it again with open_memory().")

    def _take(self) -> Connection:
        self.check_open()
        if not self._reached:
            open_connection(self._settings).close()
            self._pool.open()
            self._reached = True
        try:
            return self._pool.getconn()
        except PoolClosed:
            self.check_open()
            raise
        except PoolTimeout as error:
            self._explain(error)
            raise

    def _explain(self, error: PoolTimeout) -> None:
        """Raise what the server says to another connection, or that all those that are allowed are in use."""
        if self._pool.get_stats()["pool_size"] < self._settings.pool_size:
            open_connection(self._settings).close()
        raise DatabaseBusyError(
            f"all {self._settings.pool_size} connections to {self._settings.name} were in use for "
            f"{self._settings.pool_timeout:g} s; raise pool_size or pool_timeout."
        ) from error
