"""Opens PostgreSQL connections the way this engine needs them, and lends them by psycopg's pool."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from struct import Struct
from sys import byteorder
from typing import Any, Literal

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format
from psycopg.rows import dict_row
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper, TextBinaryLoader, TextLoader
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from langgraph_memory.engine.postgres.errors import lost, refused, translate
from langgraph_memory.errors import (
    ConnectionStringError,
    DatabaseBusyError,
    DatabaseClosedError,
    DatabaseUnavailableError,
)

OLDEST = 13
"""The oldest major version of the server that has every function in use."""

_LOGINS = 3
"""How many connections are opened in place of one that is lost before its first use."""
_PREPARED = 300
"""How many statements a connection keeps prepared: all of them, most with several combinations of NULLs."""

SESSION = """
SELECT set_config('lock_timeout', %(wait)s, %(local)s),
    set_config('jit', 'off', %(local)s), -- it costs more than these statements do
    -- pgvector is in public, where this package puts it, or where an administrator has
    set_config('search_path', concat_ws(', ', quote_ident(%(schema)s::text), current_setting('search_path'),
        'public', (SELECT quote_ident(n.nspname) FROM pg_extension AS e
                   JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'vector')), %(local)s)
"""
"""What every transaction needs to be set."""

_ARRAY, _BOUNDS, _LENGTH = Struct("!iii").pack, Struct("!ii").pack, Struct("!i").pack
_FLOAT = Struct("!d").pack
_NULL = _LENGTH(-1)

Scrubbing = Literal["vacuum", "rewrite"]


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """Which database, and how it is used.

    `pool_size` is how many connections this process opens at most, and `pool_timeout` how long a call waits for one of
    them. `busy_timeout` is how long a statement waits for another process's lock, `connect_timeout` how long the
    server may take to answer; all in seconds. The tables live in `schema`, which is made when it is missing; without
    one, where the server's search path leads. `scrub` says what `scrub()` does to what was deleted: "vacuum" makes
    its space reusable, "rewrite" writes the tables anew without it and locks each of them meanwhile. With
    `prepare=False` the server plans each statement anew, and nothing is left to the session: for a proxy that lends
    connections by the transaction, such as PgBouncer.
    A `read_only` database is neither migrated nor changed.
    """

    conn_string: str = field(repr=False)
    pool_size: int = 10
    pool_timeout: float = 30.0
    busy_timeout: float = 30.0
    connect_timeout: float = 10.0
    schema: str | None = None
    scrub: Scrubbing = "vacuum"
    prepare: bool = True
    read_only: bool = False

    @property
    def name(self) -> str:
        """What errors call the database: never with its password."""
        parts = _parts(self.conn_string)
        user = f"{parts['user']}@" if "user" in parts else ""
        port = f":{parts['port']}" if "port" in parts else ""
        host = parts.get("host") or parts.get("hostaddr") or ""
        return f"postgresql://{user}{host}{port}/{parts.get('dbname', '')}"


class Embedding(bytes):
    """A vector as float32 bytes, little endian."""

    __slots__ = ()


class Texts(list[Any]):
    """An array of texts. Of a plain list the driver looks for the type in each element, which takes many times longer.

    A statement casts it to its type, so that it is prepared once, whether there is anything in the list or not.
    """

    __slots__ = ()


class Numbers(list[Any]):
    """An array of whole numbers of 64 bits."""

    __slots__ = ()


class Floats(list[Any]):
    """An array of floating-point numbers of 64 bits."""

    __slots__ = ()


class Blobs(list[Any]):
    """An array of bytes."""

    __slots__ = ()


def open_connection(settings: PostgresSettings) -> psycopg.Connection[dict[str, Any]]:
    """Return a connection of its own in autocommit mode; one lost before it is ready is made up for by another.

    Raises DatabaseUnavailableError or DatabaseBusyError.
    """
    logins_left = _LOGINS
    while True:
        connection = _log_in(settings)
        logins_left -= 1
        try:
            configure(connection, settings)
        except psycopg.Error as error:
            connection.close()
            if not (logins_left and lost(error)):
                raise translate(error, settings.name) from error
        except DatabaseUnavailableError:
            connection.close()
            raise
        else:
            return connection


def _log_in(settings: PostgresSettings) -> psycopg.Connection[dict[str, Any]]:
    try:
        return psycopg.connect(settings.conn_string, **connection_options(settings))
    except psycopg.OperationalError as error:
        raise refused(error, settings.name) from error


def connection_options(settings: PostgresSettings) -> dict[str, Any]:
    """Return what every connection is opened with beside its connection string."""
    given = _parts(settings.conn_string)
    options: dict[str, Any] = {"client_encoding": "utf8", "autocommit": True}
    options |= {"row_factory": dict_row, "context": _CONTEXT}
    options["prepare_threshold"] = 0 if settings.prepare else None
    if "connect_timeout" not in given:
        options["connect_timeout"] = max(2, round(settings.connect_timeout))  # less than 2 counts as 2
    if "application_name" not in given:
        options["application_name"] = "langgraph_memory"
    return options


def check_conn_string(conn_string: str) -> None:
    """Raise ConnectionStringError, which never repeats a password, when a URL cannot be read."""
    authority, _, path = conn_string.partition("://")[2].partition("/")
    try:
        ports = str(conninfo_to_dict(conn_string).get("port") or "")
    except psycopg.ProgrammingError:
        ports = "unknown"
    torn = authority.count("@") > 1 or "@" in path.partition("?")[0]  # by a character of the password
    if torn or (not ports.replace(",", "").isdecimal() and ports):
        raise ConnectionStringError(
            "the connection string is no PostgreSQL URL; write postgresql://user:password@host:port/database, with "
            "special characters of the user and the password percent-encoded."
        ) from None


def _parts(conn_string: str) -> dict[str, Any]:
    return {name: value for name, value in conninfo_to_dict(conn_string).items() if value is not None}


def configure(connection: psycopg.Connection[dict[str, Any]], settings: PostgresSettings) -> None:
    """Check the server of a new connection, and set what every transaction of the session needs, in one round trip."""
    connection.prepared_max = _PREPARED
    if connection.info.server_version < OLDEST * 10_000:
        major = connection.info.server_version // 10_000
        raise DatabaseUnavailableError(
            f"{settings.name} is PostgreSQL {major}, and {OLDEST} is the oldest that works; upgrade the server."
        )
    connection.execute(SESSION, session_values(settings, local=False), prepare=False)


def session_values(settings: PostgresSettings, *, local: bool) -> dict[str, Any]:
    """Return what `SESSION` binds; `local` makes it hold for one transaction."""
    wait = f"{max(1, round(settings.busy_timeout * 1000))}ms"
    return {"wait": wait, "schema": settings.schema, "local": local}


class _EmbeddingDumper(Dumper):
    """Writes a vector in the binary form of pgvector; its type has no fixed number, so the statement names it."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: Embedding) -> Buffer | None:
        """Return the number of dimensions in two bytes, two unused ones, and the numbers, all big endian."""
        numbers = array("f", obj)
        if byteorder == "little":
            numbers.byteswap()
        return len(numbers).to_bytes(2, "big") + b"\0\0" + numbers.tobytes()


class _ArrayDumper(Dumper):
    """Writes an array in its binary form."""

    format = Format.BINARY
    oid = 0
    element = 0
    """The number of the type of the elements."""

    def dump(self, obj: Sequence[Any]) -> Buffer | None:
        """Return how many dimensions there are, whether any element is NULL, their type, and the elements."""
        if not obj:
            return _ARRAY(0, 0, self.element)
        parts = [_ARRAY(1, None in obj, self.element), _BOUNDS(len(obj), 1)]
        for one in obj:
            if one is None:
                parts.append(_NULL)
            else:
                written = self.written(one)
                parts += _LENGTH(len(written)), written
        return b"".join(parts)

    def written(self, one: Any) -> bytes:
        """Return one element."""
        raise NotImplementedError


class _TextsDumper(_ArrayDumper):
    element = 25

    def written(self, one: str) -> bytes:
        return one.encode()


class _NumbersDumper(_ArrayDumper):
    element = 20

    def written(self, one: int) -> bytes:
        return one.to_bytes(8, "big", signed=True)


class _FloatsDumper(_ArrayDumper):
    element = 701

    def written(self, one: float) -> bytes:
        return _FLOAT(one)


class _BlobsDumper(_ArrayDumper):
    element = 17

    def written(self, one: bytes) -> bytes:
        return one


def _adapters() -> AdaptersMap:
    """Return how values are written: numbers always of one type, so that a statement is prepared once.

    JSON is read as text, which is how operations know it.
    """
    found = AdaptersMap(psycopg.adapters)
    found.register_dumper(int, Int8Dumper)
    found.register_dumper(str, StrDumper)
    found.register_dumper(Embedding, _EmbeddingDumper)
    for kind, dumper in (
        (Texts, _TextsDumper),
        (Numbers, _NumbersDumper),
        (Floats, _FloatsDumper),
        (Blobs, _BlobsDumper),
    ):
        found.register_dumper(kind, dumper)
    found.register_loader("json", TextLoader)
    found.register_loader("json", TextBinaryLoader)
    return found


class _Context:
    """What a connection takes its adapters from."""

    adapters = _adapters()
    connection = None


_CONTEXT = _Context()


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
