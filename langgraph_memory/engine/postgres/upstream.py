"""Reads what `PostgresSaver`, `ShallowPostgresSaver`, `PostgresStore` and their async twins wrote; it never writes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from langgraph_memory.effects.transaction import Row
from langgraph_memory.engine.postgres.connection import PostgresSettings, check_conn_string, open_connection
from langgraph_memory.engine.postgres.errors import translate
from langgraph_memory.engine.upstream import Typed, UpstreamCheckpoint
from langgraph_memory.errors import NotADatabaseError

_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes", "store", "store_vectors")
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_COLUMNS = """
SELECT c.relname AS name, a.attname AS column_name
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
_CHECKPOINTS = """
SELECT thread_id, checkpoint_ns, {id} AS checkpoint_id, {parent} AS parent_checkpoint_id, checkpoint, metadata
FROM checkpoints ORDER BY thread_id, {order}checkpoint_ns
"""
_VALUES = """
SELECT b.channel, b.type, b.blob FROM unnest(%s::text[], %s::text[]) AS v (channel, version)
JOIN checkpoint_blobs AS b ON b.channel = v.channel{version}
WHERE b.thread_id = %s AND b.checkpoint_ns = %s AND b.type <> 'empty'
"""
_SENDS = """
SELECT type, blob FROM checkpoint_writes
WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id = %s AND channel = '__pregel_tasks'
ORDER BY {path}, task_id, idx
"""
_WRITES = """
SELECT task_id, {path} AS task_path, idx, channel, type, blob AS value FROM checkpoint_writes
WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id = %s ORDER BY task_id, idx
"""
_ITEMS = """
SELECT prefix, key, value, {ttl} AS ttl_minutes, {expires} AS expires_at,
    CAST(extract(epoch FROM created_at) * 1000000 AS bigint) AS created_at,
    CAST(extract(epoch FROM updated_at) * 1000000 AS bigint) AS updated_at
FROM store {live} ORDER BY prefix, key
"""
_EXPIRES = "CAST(extract(epoch FROM expires_at) * 1000000 AS bigint)"
_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0) AS bytes FROM unnest(%s::text[]) AS t (name)"
)


class UpstreamServer:
    """One PostgreSQL database of the upstream classes, read at one moment in one read-only transaction."""

    def __init__(self, url: str) -> None:
        self._settings = _settings(url)
        self._connection = open_connection(self._settings)
        try:
            self._connection.execute(_BEGIN)
            self._columns = _columns(self._connection)
            self._bytes = int(self._one(_SIZE, [table for table in _TABLES if table in self._columns])["bytes"])
        except psycopg.Error as error:
            self._connection.close()
            raise translate(error, self._settings.name) from error
        if "checkpoint" not in self._of("checkpoints") and "prefix" not in self._of("store"):
            self._connection.close()
            raise NotADatabaseError(
                f"{self._settings.name!r} holds no tables of PostgresSaver or PostgresStore; name another database."
            )

    @property
    def bytes(self) -> int:
        """The size of the tables with their indexes."""
        return self._bytes

    def count(self) -> int:
        """Return how many checkpoints and items there are."""
        tables = [table for table in ("checkpoints", "store") if self._of(table)]
        return sum(int(self._one(f"SELECT count(*) AS rows FROM {table}")["rows"]) for table in tables)  # noqa: S608

    def checkpoints(self) -> Iterator[UpstreamCheckpoint]:
        """Yield every checkpoint, each thread's together and oldest first."""
        columns = self._of("checkpoints")
        if not columns:
            return
        shallow = "checkpoint_id" not in columns
        sql = _CHECKPOINTS.format(
            id="checkpoint ->> 'id'" if shallow else "checkpoint_id",
            parent="NULL" if shallow else "parent_checkpoint_id",
            order="" if shallow else "checkpoint_id, ",
        )
        for row in self._stream("langgraph_memory_checkpoints", sql):
            yield UpstreamCheckpoint(
                row["thread_id"],
                row["checkpoint_ns"],
                row["checkpoint_id"],
                row["parent_checkpoint_id"],
                row["checkpoint"],
                row["metadata"] or {},
            )

    def values(self, checkpoint: UpstreamCheckpoint, versions: Mapping[str, Any]) -> Iterator[tuple[str, Typed]]:
        """Yield (channel, value) for those of the channel versions that are stored beside a checkpoint."""
        if not versions:
            return
        by_version = " AND b.version = v.version" if "version" in self._of("checkpoint_blobs") else ""
        named = (list(versions), [str(version) for version in versions.values()])
        place = (checkpoint.thread_id, checkpoint.checkpoint_ns)
        for row in self._rows(_VALUES.format(version=by_version), *named, *place):
            yield row["channel"], (row["type"], row["blob"])

    def sends(self, checkpoint: UpstreamCheckpoint) -> list[Typed]:
        """Return the tasks that the parent of a checkpoint of an older format sent."""
        place = (checkpoint.thread_id, checkpoint.checkpoint_ns, checkpoint.parent_checkpoint_id)
        return [(row["type"], row["blob"]) for row in self._rows(_SENDS.format(path=self._path), *place)]

    def writes(self, checkpoint: UpstreamCheckpoint) -> Iterator[Row]:
        """Yield the pending writes of a checkpoint, those of a task together."""
        place = (checkpoint.thread_id, checkpoint.checkpoint_ns, checkpoint.checkpoint_id)
        yield from self._rows(_WRITES.format(path=self._path), *place)

    def items(self) -> Generator[Row, None, None]:
        """Yield every item that has not expired; times are microseconds since 1970."""
        columns = self._of("store")
        if not columns:
            return
        lives = "expires_at" in columns
        yield from self._stream(
            "langgraph_memory_items",
            _ITEMS.format(
                ttl="ttl_minutes" if lives else "NULL",
                expires=_EXPIRES if lives else "NULL",
                live="WHERE expires_at IS NULL OR expires_at > now()" if lives else "",
            ),
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def _path(self) -> str:
        return "task_path" if "task_path" in self._of("checkpoint_writes") else "''"

    def _of(self, table: str) -> set[str]:
        return self._columns.get(table, set())

    def _one(self, sql: str, *params: Any) -> Row:
        (row,) = self._rows(sql, *params)
        return row

    def _rows(self, sql: str, *params: Any) -> Sequence[Row]:
        try:
            return self._connection.execute(sql, params, binary=True).fetchall()
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error

    def _stream(self, name: str, sql: str) -> Iterator[Row]:
        """Yield rows through a cursor of the server, so that few of them are held here."""
        try:
            with self._connection.cursor(name) as cursor:
                yield from cursor.execute(sql, binary=True)
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error


def tables_in(url: str) -> set[str]:
    """Return the names of the tables of a database."""
    settings = _settings(url)
    connection = open_connection(settings)
    try:
        return set(_columns(connection))
    except psycopg.Error as error:
        raise translate(error, settings.name) from error
    finally:
        connection.close()


def _settings(url: str) -> PostgresSettings:
    check_conn_string(url)
    return PostgresSettings(url)


def _columns(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in connection.execute(_COLUMNS):
        found.setdefault(row["name"], set()).add(row["column_name"])
    return found
