"""One operation's transaction: its snapshot or its locks, and its statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg

from langgraph_memory.engine.driver import drive
from langgraph_memory.engine.postgres.connection import Embedding, PostgresSettings
from langgraph_memory.engine.postgres.errors import translate
from langgraph_memory.engine.postgres.pool import Connection
from langgraph_memory.engine.query import Answer, Query, Row
from langgraph_memory.exceptions import InvalidInputError

_BEGIN = {
    True: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    False: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}
_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended(key, 7)), pg_current_xact_id()::text AS xid
FROM unnest(%(keys)s::text[]) AS key
"""
_NESTED = ("keys", "stretches")
_THREADS = ("thread_id", "source_thread_id", "name")


class Transaction:
    """Runs the statements of one operation on one connection.

    A reader sees one moment. A writer locks each partition or thread before its first statement about it, until the
    end: so those who write about the same one come one after another, and what a plan has read of it stays so.
    """

    def __init__(
        self,
        connection: Connection,
        settings: PostgresSettings,
        sql: Mapping[str, str],
        answers: Mapping[str, Answer],
        *,
        writes: bool,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True)
        self._settings = settings
        self._sql = sql
        self._answers = answers
        self._writes = writes
        self.keys: set[str] = set()
        self.xid: str | None = None

    def begin(self, keys: Iterable[str] = ()) -> None:
        """Begin, with the locks on `keys` from the start."""
        self.command(_BEGIN[self._writes])
        self._lock(set(keys))

    def execute(self, query: Query) -> Sequence[Row]:
        """Run one query of a plan and return its rows."""
        answer = self._answers.get(query.name)
        return self._statement(query) if answer is None else drive(answer(query), self._statement)

    def command(self, sql: str) -> None:
        """Run a statement without values or rows."""
        try:
            self._cursor.execute(sql)
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error

    def status_of(self, xid: str) -> str | None:
        """Return what became of a transaction: "committed", "aborted" or None when the server no longer knows."""
        try:
            row = self._cursor.execute("SELECT pg_xact_status(%(xid)s::xid8) AS status", {"xid": xid}).fetchone()
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error
        return None if row is None else row["status"]

    def abandon(self) -> None:
        """Roll back as well as the connection still can."""
        try:
            self._cursor.execute("ROLLBACK")
        except psycopg.Error:
            self._connection.close()  # which rolls back, too

    def _lock(self, keys: set[str]) -> None:
        """Wait for the locks on `keys` that are not held yet, in an order that is the same for everyone."""
        wanted = sorted(keys - self.keys)
        if not wanted:
            return
        self.keys.update(wanted)
        try:
            row = self._cursor.execute(_LOCK, {"keys": wanted}).fetchone()
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error
        except UnicodeEncodeError as error:
            raise InvalidInputError(f"a value cannot be stored: {error}.") from error
        if row is not None:
            self.xid = row["xid"]

    def _statement(self, query: Query) -> Sequence[Row]:
        if self._writes:
            self._lock(keys_of(query))
        sql = self._sql[query.name]
        try:
            if query.rows is None:
                self._cursor.execute(sql, _bind(query.params))
                return self._cursor.fetchall() if self._cursor.description else ()
            self._cursor.executemany(sql, [_bind({**query.params, **row}) for row in query.rows])
            return ()
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInputError(f"a value cannot be stored: {error}.") from error


def keys_of(query: Query) -> set[str]:
    """Return what a statement is about: the partitions it names, else the threads, else the setting."""
    named = (query.params, *(query.rows or ()))
    partitions = {f"partition {one['partition']}" for one in named if one.get("partition") is not None}
    return partitions or {
        f"{name.removeprefix('source_')} {one[name]}" for one in named for name in _THREADS if one.get(name) is not None
    }


def _bind(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _bound(name, value) for name, value in params.items()}


def _bound(name: str, value: Any) -> Any:
    """Return a value as the statements expect it: lists of lists as JSON, other lists as arrays, vectors as such."""
    if name in _NESTED:
        return json.dumps(value)
    if isinstance(value, tuple):
        return list(value)
    return Embedding(value) if name == "vector" else value
