"""Reads the files of `SqliteSaver`, `AsyncSqliteSaver` and `SqliteStore`; it never writes to them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

from langgraph_memory.engine.query import Row
from langgraph_memory.engine.sqlite.errors import translate
from langgraph_memory.exceptions import DatabaseUnavailableError, NotADatabaseError

_CHECKPOINTS = """
SELECT thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
FROM checkpoints ORDER BY thread_id, checkpoint_ns, checkpoint_id
"""
_WRITES = """
SELECT task_id, {path} AS task_path, idx, channel, type, value FROM writes
WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? ORDER BY task_id, idx
"""
_ITEMS = "SELECT prefix, key, value, {ttl} AS ttl_minutes FROM store {live} ORDER BY prefix, key"


class UpstreamFile:
    """One file of the upstream savers, opened for reading."""

    def __init__(self, path: str) -> None:
        if not os.path.exists(path):
            raise DatabaseUnavailableError(f"{path!r} does not exist; name the file to import from.")
        self._path = path
        self._connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
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

    def checkpoints(self) -> Iterator[Row]:
        """Yield every checkpoint, each thread's together and oldest first."""
        if self._columns["checkpoints"]:
            yield from self._rows(_CHECKPOINTS)

    def writes(self, checkpoint: Row) -> Iterator[Row]:
        """Yield the pending writes of a checkpoint."""
        if self._columns["writes"]:
            path = "task_path" if "task_path" in self._columns["writes"] else "''"
            key = (checkpoint["thread_id"], checkpoint["checkpoint_ns"], checkpoint["checkpoint_id"])
            yield from self._rows(_WRITES.format(path=path), key)

    def items(self) -> Iterator[Row]:
        """Yield every item that has not expired."""
        if self._columns["store"]:
            expires = "expires_at" in self._columns["store"]
            live = "WHERE expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP" if expires else ""
            yield from self._rows(_ITEMS.format(ttl="ttl_minutes" if expires else "NULL", live=live))

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
