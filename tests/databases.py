"""New databases for tests that run on every engine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from postgres_server import PostgresServer

from langgraph_memory.engine.connect import connect


class Databases(Protocol):
    """Makes databases of one engine."""

    name: str

    def new(self) -> str:
        """Return the connection string of a new, empty database that lasts as long as the test."""
        ...

    def scratch(self, number: int = 0) -> str:
        """Return the connection string of an empty database for one example of many, the same one again each time."""
        ...


class SqliteDatabases:
    """Files beside each other; memory for what is scratched."""

    name = "sqlite"

    def __init__(self, first: Path) -> None:
        self._first = first
        self._made = 0

    def new(self) -> str:
        self._made += 1
        return str(self._first if self._made == 1 else self._first.with_name(f"memory-{self._made}.db"))

    def scratch(self, number: int = 0) -> str:
        return ":memory:"


class PostgresDatabases:
    """Copies of one database that is set up already."""

    name = "postgres"

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._made: list[str] = []
        self._scratch: dict[int, str] = {}

    def new(self) -> str:
        self._made.append(self._server.new_database(self._template))
        return self._made[-1]

    def scratch(self, number: int = 0) -> str:
        if number not in self._scratch:
            self._scratch[number] = self.new()
            return self._scratch[number]
        empty(self._scratch[number])
        return self._scratch[number]

    def drop(self) -> None:
        for url in self._made:
            self._server.drop_database(url)


def template_on(server: PostgresServer) -> str:
    """Set up a database to be copied, with pgvector where the server has it, and return its name."""
    import psycopg

    url = server.new_database()
    engine = connect(url)
    engine.setup()
    engine.close()
    if server.has_vector:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
    return url.rpartition("/")[2]


def empty(url: str) -> None:
    """Remove every row of a PostgreSQL database that was set up."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND relname <> 'memory_migration'"
        ).fetchall()
        connection.execute(f"TRUNCATE {', '.join(name for (name,) in names)}".encode())


def rows(database: str, sql: str) -> list[Any]:
    """Run a statement and return what it finds, whichever engine the database is of."""
    if database.startswith("postgresql://"):
        import psycopg

        with psycopg.connect(database) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []
    with closing(sqlite3.connect(database, isolation_level=None)) as file:
        return file.execute(sql).fetchall()
