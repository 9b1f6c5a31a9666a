"""Reads the files of `SqliteSaver`, `AsyncSqliteSaver` and `SqliteStore`; it never writes to them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from langgraph_memory.effects.transaction import Row
from langgraph_memory.engine.sqlite.connection import translate
from langgraph_memory.engine.upstream import Typed, UpstreamCheckpoint
from langgraph_memory.errors import DatabaseUnavailableError, NotADatabaseError

_CHECKPOINTS = """
SELECT thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
FROM checkpoints ORDER BY thread_id, checkpoint_id, checkpoint_ns
"""
_WRITES = """
SELECT task_id, {path} AS task_path, idx, channel, type, value FROM writes
WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? ORDER BY task_id, idx
"""
_ITEMS = """
SELECT prefix, key, value, {ttl} AS ttl_minutes,
    {expires} AS expires_at, {created} AS created_at, {updated} AS updated_at
FROM store {live} ORDER BY prefix, key
"""
_ITEM = ("prefix", "key", "ttl_minutes", "expires_at", "created_at", "updated_at")
_MICROSECONDS = """
1000 * CAST(1000 * strftime('%s', {0}) + round(1000 * (strftime('%f', {0}) - strftime('%S', {0}))) AS INTEGER)
"""


class UpstreamFile:
    """One file of the upstream savers, opened for reading."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = _open(path)
        try:
            self._columns = {table: self._columns_of(table) for table in ("checkpoints", "writes", "store")}
        except sqlite3.Error as error:
            self._connection.close()
            raise translate(error, path) from error
        if not self._columns["checkpoints"] and not self._columns["store"]:
            self._connection.close()
            raise NotADatabaseError(f"{path!r} holds no tables of SqliteSaver or SqliteStore; name another file.")

    @property
    def bytes(self) -> int:
        """The size of the file and of its log."""
        log = f"{self._path}-wal"
        return os.path.getsize(self._path) + (os.path.getsize(log) if os.path.exists(log) else 0)

    def count(self) -> int:
        """Return how many checkpoints and items there are."""
        tables = [table for table in ("checkpoints", "store") if self._columns[table]]
        return sum(
            self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names of our own
            for table in tables
        )

    def checkpoints(self) -> Iterator[UpstreamCheckpoint]:
        """Yield every checkpoint, each thread's together and oldest first."""
        for row in self._rows(_CHECKPOINTS) if self._columns["checkpoints"] else ():
            yield UpstreamCheckpoint(
                row["thread_id"],
                row["checkpoint_ns"],
                row["checkpoint_id"],
                row["parent_checkpoint_id"],
                (row["type"], row["checkpoint"]),
                row["metadata"] or "{}",
            )

    def values(self, checkpoint: UpstreamCheckpoint, versions: Mapping[str, Any]) -> Iterator[tuple[str, Typed]]:
        """Yield nothing: a checkpoint is stored with its values."""
        yield from ()

    def sends(self, checkpoint: UpstreamCheckpoint) -> list[Typed]:
        """Return nothing: the upstream class does not look for them either."""
        return []

    def writes(self, checkpoint: UpstreamCheckpoint) -> Iterator[Row]:
        """Yield the pending writes of a checkpoint, those of a task together."""
        if self._columns["writes"]:
            path = "task_path" if "task_path" in self._columns["writes"] else "''"
            key = (checkpoint.thread_id, checkpoint.checkpoint_ns, checkpoint.checkpoint_id)
            yield from self._rows(_WRITES.format(path=path), key)

    def items(self) -> Generator[dict[str, Any], None, None]:
        """Yield every item that has not expired; times are microseconds since 1970, values the JSON that is stored."""
        columns = self._columns["store"]
        times = {
            name: _MICROSECONDS.format(f"{name}_at") if f"{name}_at" in columns else "NULL"
            for name in ("created", "updated", "expires")
        }
        live = "WHERE expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP" if "expires_at" in columns else ""
        sql = _ITEMS.format(ttl="ttl_minutes" if "ttl_minutes" in columns else "NULL", live=live, **times)
        for row in self._rows(sql) if columns else ():
            yield {**{name: row[name] for name in _ITEM}, "value": row["value"]}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _columns_of(self, table: str) -> set[str]:
        return {row["name"] for row in self._connection.execute(f"PRAGMA table_info({table})")}

    def _rows(self, sql: str, params: tuple[str, ...] = ()) -> Iterator[Row]:
        try:
            yield from self._connection.execute(sql, params)
        except sqlite3.Error as error:
            raise translate(error, self._path) from error


def tables_in(path: str) -> set[str]:
    """Return the names of the tables of a file."""
    connection = _open(path)
    try:
        return {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        connection.close()


def _text(stored: bytes) -> str:
    """Return stored text; what is no Unicode any more is found out by who reads it."""
    return stored.decode("utf-8", "surrogateescape")


def _open(path: str) -> sqlite3.Connection:
    if not os.path.exists(path):
        raise DatabaseUnavailableError(f"{path!r} does not exist; name the file to read from.")
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text
    return connection
