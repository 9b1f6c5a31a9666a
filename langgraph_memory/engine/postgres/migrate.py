"""Brings a database's schema to the newest version, one transaction for each migration."""

from __future__ import annotations

from importlib.resources import files

import psycopg

from langgraph_memory.engine.named_queries import load_migrations
from langgraph_memory.engine.postgres.connection import Connection, PostgresSettings
from langgraph_memory.engine.postgres.errors import foreign, translate
from langgraph_memory.errors import NewerSchemaError, OlderSchemaError

_ALONE = "SELECT pg_advisory_xact_lock(7015220401)"
_KNOWN = "SELECT to_regclass(concat_ws('.', quote_ident(%(schema)s::text), 'memory_migration')) IS NOT NULL AS known"
_RECORD = """
CREATE TABLE IF NOT EXISTS memory_migration (version integer PRIMARY KEY, name text COLLATE "C" NOT NULL)
"""


def migrate(connection: Connection, settings: PostgresSettings) -> None:
    """Apply every migration the database lacks; processes that do so at once wait for each other.

    Raises NewerSchemaError when it records a migration this package does not know, and ForeignDatabaseError when
    another application has a table of the same name, and OlderSchemaError when it lacks one and may only be read.
    """
    known = load_migrations("langgraph_memory.engine.postgres")
    try:
        if _version(connection, settings.schema) < known[-1][0] and not (settings.read_only or _stands_by(connection)):
            for number, name, sql in known:
                _apply(connection, settings.schema, number, name, sql)
            leave_unmeasured(connection)
        version = _version(connection, settings.schema)
    except psycopg.errors.DuplicateTable as error:
        raise foreign(settings.name, error) from error
    except psycopg.Error as error:
        raise translate(error, settings.name) from error
    if version > known[-1][0]:
        raise NewerSchemaError(
            f"{settings.name} has schema version {version} and this langgraph_memory knows up to {known[-1][0]}; "
            "upgrade the package."
        )
    if version < known[-1][0]:
        raise OlderSchemaError(
            f"{settings.name} has schema version {version} and this langgraph_memory reads {known[-1][0]}; "
            "open it once with open_memory(), which migrates it; a standby has what its primary has."
        )


def _stands_by(connection: Connection) -> bool:
    row = connection.execute("SELECT current_setting('transaction_read_only')::boolean AS only_read").fetchone()
    return row is not None and bool(row["only_read"])


def alone(connection: Connection) -> None:
    """Wait until nobody else changes the schema, until the end of the transaction."""
    connection.execute(_ALONE)


def leave_unmeasured(connection: Connection) -> None:
    """Keep what the columns hold out of the server's statistics."""
    sql = files(__package__).joinpath("unmeasured.sql").read_text(encoding="utf-8")
    with connection.transaction():
        alone(connection)
        connection.execute(sql.encode(), prepare=False)


def _version(connection: Connection, schema: str | None) -> int:
    exists = connection.execute(_KNOWN, {"schema": schema}).fetchone()
    if exists is None or not exists["known"]:
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) AS version FROM memory_migration").fetchone()
    return 0 if row is None else int(row["version"])


def _apply(connection: Connection, schema: str | None, number: int, name: str, sql: str) -> None:
    with connection.transaction():
        alone(connection)
        if schema is not None:
            connection.execute(psycopg.sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(psycopg.sql.Identifier(schema)))
        connection.execute(_RECORD)
        if _version(connection, schema) < number:
            connection.execute(sql.encode(), prepare=False)  # several statements at once
            connection.execute("INSERT INTO memory_migration (version, name) VALUES (%s, %s)", (number, name))
