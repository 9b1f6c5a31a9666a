"""Brings a file's schema to the newest version, one transaction for each migration."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import complete_statement
from typing import Any

from langgraph_memory.engine.named_queries import load_migrations
from langgraph_memory.engine.sqlite.connection import SqliteSettings, translate
from langgraph_memory.errors import NewerSchemaError, OlderSchemaError

_RECORD = "CREATE TABLE IF NOT EXISTS memory_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"


def migrate(connection: Any, settings: SqliteSettings) -> None:
    """Apply every migration the file lacks; processes that do so at once wait for each other.

    Raises NewerSchemaError when the file records a migration this package does not know, and OlderSchemaError when it
    lacks one and may only be read.
    """
    known = load_migrations("langgraph_memory.engine.sqlite")
    try:
        if _version(connection) == known[-1][0]:
            return
        for number, name, sql in () if settings.read_only else known:
            _apply(connection, number, name, sql)
        version = _version(connection)
    except (settings.dbapi.Error, UnicodeDecodeError) as error:
        raise translate(error, settings.path) from error
    if version > known[-1][0]:
        raise NewerSchemaError(
            f"{settings.path!r} has schema version {version} and this langgraph_memory knows up to {known[-1][0]}; "
            "upgrade the package."
        )
    if version < known[-1][0]:
        raise OlderSchemaError(
            f"{settings.path!r} has schema version {version} and this langgraph_memory reads {known[-1][0]}; "
            "open it once with open_memory(), which migrates it."
        )


def _version(connection: Any) -> int:
    exists = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'memory_migration'").fetchone()
    if not exists:
        return 0
    return connection.execute("SELECT coalesce(max(version), 0) FROM memory_migration").fetchone()[0] or 0


def _apply(connection: Any, number: int, name: str, sql: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_RECORD)
        if _version(connection) < number:
            for statement in _statements(sql):
                connection.execute(statement)
            connection.execute("INSERT INTO memory_migration (version, name) VALUES (?, ?)", (number, name))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    else:
        connection.execute("COMMIT")


def _statements(sql: str) -> Iterator[str]:
    """Split a script into statements, leaving the semicolons inside a trigger alone."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if complete_statement(pending):
            yield pending
            pending = ""
