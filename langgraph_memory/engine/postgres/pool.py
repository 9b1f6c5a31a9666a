"""A bounded number of connections, opened when they are needed and lent to one operation at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from langgraph_memory.engine.postgres.connection import PostgresSettings, open_connection
from langgraph_memory.exceptions import DatabaseBusyError, DatabaseClosedError

Connection = psycopg.Connection[dict[str, Any]]


class Pool:
    """Lends connections to threads.

    One that cannot be opened is an error at once, said by the server itself; nothing is retried in the background.
    """

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._free = Semaphore(settings.pool_size)
        self._idle: list[Connection] = []
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Lend a connection that no other thread uses; it may have broken since it was used last."""
        if not self._free.acquire(timeout=self._settings.pool_timeout):
            raise DatabaseBusyError(
                f"all {self._settings.pool_size} connections to {self._settings.name} were in use for "
                f"{self._settings.pool_timeout:g} s; raise pool_size or pool_timeout."
            )
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._free.release()

    def renew(self) -> None:
        """Close the idle connections: one was lost, so the others may be, too."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Close every connection, those that are lent when they come back; safe to call again."""
        with self._lock:
            self._closed = True
        self.renew()

    def check_open(self) -> None:
        """Raise DatabaseClosedError after `close`."""
        if self._closed:
            raise DatabaseClosedError(f"{self._settings.name} was closed; open it again with open_memory().")

    def _take(self) -> Connection:
        self.check_open()
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return open_connection(self._settings)

    def _give_back(self, connection: Connection) -> None:
        usable = not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE
        with self._lock:
            if usable and not self._closed:
                self._idle.append(connection)
                return
        connection.close()
