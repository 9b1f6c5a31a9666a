"""The one place that chooses an engine and opens it: by a connection string, or by another's connection."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from inspect import signature
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from langgraph_memory.cache import DEFAULT_BYTES, CacheBound
from langgraph_memory.effects.transaction import Engine
from langgraph_memory.errors import (
    ConnectionStringError,
    MissingExtraError,
    NotADatabaseError,
    names_a_server,
    without_password,
)

if TYPE_CHECKING:
    from langgraph_memory.engine.upstream import Upstream

S = TypeVar("S")
T = TypeVar("T")

_LONGEST_WAIT = 24 * 60 * 60
_LARGEST_POOL = 1000
_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
KEY_VARIABLE = "LANGGRAPH_MEMORY_KEY"
"""The environment variable that names the key of a SQLite file where none is passed."""

_UPSTREAM = {
    "index_config": "pass it as `index`",
    "pipeline": "statements are sent together wherever that saves a round trip, so leave it out",
    "pipe": "statements are sent together wherever that saves a round trip, so leave it out",
    "pool_config": "pass its max_size as `pool_size`, and its timeout as `pool_timeout`",
    "deserializer": "values are JSON, so leave it out",
}
"""Options of LangGraph's own classes that this package has no use for, or under another name."""

_OF_PSYCOPG = ("autocommit", "cursor_factory", "context", "prepare_threshold", "row_factory")
"""What a pool is told that is no setting of a connection to the server."""

_TORN_URL = re.compile(r"postgres(?:ql)?:(?!//)", re.IGNORECASE)
_URL = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def connect(conn_string: str | os.PathLike[str], *, cache_bytes: int = DEFAULT_BYTES, **options: Any) -> Engine:
    """Return the engine for `conn_string`: a path, `":memory:"`, a `sqlite:///` or a `postgresql://` URL.

    `options` are the fields of the engine's settings, and `cache_bytes` is what all that is kept in memory may take.
    Raises ConnectionStringError when no engine can open it.
    """
    bound = _cache_bound(cache_bytes)
    target = os.fspath(conn_string) if isinstance(conn_string, (str, os.PathLike)) else None
    if not isinstance(target, str):
        kind = type(conn_string).__name__
        raise ConnectionStringError(f'a connection string is text such as "memory.db", not {kind}.')
    if not target.strip():
        raise ConnectionStringError('the connection string is empty; pass a file path or ":memory:".')
    if "\x00" in target:
        raise ConnectionStringError("the connection string holds a NUL character; pass a plain file path.")
    if names_a_server(target):
        return _postgres(target, options, bound)
    _refuse_torn_url(target)
    scheme = _URL.match(target)
    if scheme is None:
        return _sqlite(target, options, bound)
    if scheme[1].lower() == "sqlite":
        return _sqlite(_path_of(target[len("sqlite://") :]), options, bound)
    raise ConnectionStringError(
        f"no engine opens {scheme[1]!r} URLs; pass a file path such as 'assistant.db', or a postgresql:// URL."
    )


def _refuse_torn_url(target: str) -> None:
    """Raise ConnectionStringError when a PostgreSQL URL lacks its slashes: it would be a file of that name."""
    if _TORN_URL.match(target):
        raise ConnectionStringError(
            f"{without_password(target)!r} is no PostgreSQL URL; write postgresql://user:password@host:port/database."
        )


def _path_of(rest: str) -> str:
    """Return the file path that follows `sqlite://`: after one more slash, because there is no host; none is memory."""
    if rest.rstrip("/") == "":
        return ":memory:"
    if not rest.startswith("/"):
        shown = without_password(f"sqlite://{rest}").removeprefix("sqlite://")
        raise ConnectionStringError(f"'sqlite://{shown}' names a host; a file is written 'sqlite:///{shown}'.")
    return rest[1:]


def upstream(source: str) -> Upstream:
    """Open a database of LangGraph's own classes for reading: a path, or a `sqlite:///` or `postgresql://` URL.

    Raises a DatabaseError when it is not one.
    """
    if _on_server(source):
        server: Upstream = _postgres_upstream().UpstreamServer(source)
        return server
    from langgraph_memory.engine.sqlite.upstream import UpstreamFile

    return UpstreamFile(_file_of(source))


def is_upstream(source: str) -> bool:
    """Return whether a database is one of LangGraph's own classes and not of this package.

    Raises NotADatabaseError when it is neither.
    """
    tables = _tables_in(source)
    if "memory_migration" in tables:
        return False
    if tables & {"checkpoints", "store"}:
        return True
    raise NotADatabaseError(
        f"{without_password(source)!r} holds neither this package's tables nor those of LangGraph's savers and stores; "
        "name another database."
    )


def _tables_in(source: str) -> set[str]:
    if _on_server(source):
        tables: set[str] = _postgres_upstream().tables_in(source)
        return tables
    from langgraph_memory.engine.sqlite.upstream import tables_in as tables_in_file

    return tables_in_file(_file_of(source))


def _postgres_upstream() -> Any:
    try:
        from langgraph_memory.engine.postgres import upstream as module
    except ImportError as error:
        raise _without_psycopg() from error
    return module


def _on_server(source: str) -> bool:
    return names_a_server(source)


def _file_of(source: str) -> str:
    """Return the path that a file's name or `sqlite:///` URL means."""
    scheme = _URL.match(source)
    if scheme is None:
        return source
    if scheme[1].lower() != "sqlite":
        raise ConnectionStringError(f"no engine opens {scheme[1]!r} URLs; pass a file path or a postgresql:// URL.")
    return _path_of(source[len("sqlite://") :])


def _sqlite(path: str, options: dict[str, Any], bound: CacheBound) -> Engine:
    from langgraph_memory.engine.sqlite.connection import SqliteSettings
    from langgraph_memory.engine.sqlite.engine import SqliteEngine

    settings = _settings("SQLite", SqliteSettings, path, _with_key(options))
    _check_seconds("busy_timeout", settings.busy_timeout)
    if settings.synchronous not in ("NORMAL", "FULL"):
        raise ConnectionStringError(f"synchronous must be 'NORMAL' or 'FULL', not {settings.synchronous!r}.")
    return SqliteEngine(settings, bound)


def _with_key(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with the key of an encrypted file, also from the environment, and the module that reads it."""
    key = options.get("encryption_key") or os.environ.get(KEY_VARIABLE) or None
    if key is None:
        return options
    if not isinstance(key, str) or "\x00" in key:
        raise ConnectionStringError("encryption_key must be text without NUL.")
    from langgraph_memory.engine.sqlite.encryption import sqlcipher

    return {"dbapi": sqlcipher(), **options, "encryption_key": key}


def encrypt_file(path: str, key: str) -> None:
    """Encrypt a plain SQLite database that nobody has open."""
    from langgraph_memory.engine.sqlite import encryption

    encryption.encrypt_file(_file_of(path), key)


def rekey_file(path: str, key: str, new_key: str) -> None:
    """Encrypt an encrypted SQLite database with another key."""
    from langgraph_memory.engine.sqlite import encryption

    encryption.rekey_file(_file_of(path), key, new_key)


def _postgres(url: str, options: dict[str, Any], bound: CacheBound) -> Engine:
    if "encryption_key" in options:
        raise ConnectionStringError(
            "encryption_key is for SQLite files; on PostgreSQL encrypt the server's disk and connect with "
            "sslmode=verify-full."
        )
    try:
        from langgraph_memory.engine.postgres.connection import PostgresSettings, check_conn_string
        from langgraph_memory.engine.postgres.engine import PostgresEngine
    except ImportError as error:
        raise _without_psycopg() from error

    check_conn_string(url)
    settings = _settings("PostgreSQL", PostgresSettings, url, options)
    for name in ("busy_timeout", "pool_timeout", "connect_timeout"):
        _check_seconds(name, getattr(settings, name))
    if not isinstance(settings.pool_size, int) or not 1 <= settings.pool_size <= _LARGEST_POOL:
        raise ConnectionStringError(f"pool_size must be from 1 to {_LARGEST_POOL}, not {settings.pool_size!r}.")
    if settings.schema is not None and (not isinstance(settings.schema, str) or not _SCHEMA.match(settings.schema)):
        raise ConnectionStringError(
            f"schema must be a name of letters, digits and '_', at most 63 of them, not {settings.schema!r}."
        )
    if settings.scrub not in ("vacuum", "rewrite"):
        raise ConnectionStringError(f"scrub must be 'vacuum' or 'rewrite', not {settings.scrub!r}.")
    return PostgresEngine(settings, bound)


def _settings(engine: str, settings: Callable[..., S], target: str, options: dict[str, Any]) -> S:
    """Return the settings of an engine, of which the first field is the target."""
    _, *known = signature(settings).parameters
    every = [*known, "cache_bytes"]
    for name in options:
        if name in _UPSTREAM:
            raise ConnectionStringError(f"there is no option {name!r} here: {_UPSTREAM[name]}.")
        if name not in known:
            raise ConnectionStringError(
                f"there is no option {name!r} for {engine}; the options of the engine are {', '.join(every)}."
            )
    return settings(target, **options)


def _without_psycopg() -> MissingExtraError:
    return MissingExtraError.of("PostgreSQL needs psycopg", "postgres")


def _cache_bound(cache_bytes: Any) -> CacheBound:
    if isinstance(cache_bytes, bool) or not isinstance(cache_bytes, int) or cache_bytes < 0:
        raise ConnectionStringError(f"cache_bytes must be a whole number of bytes from 0, not {cache_bytes!r}.")
    return CacheBound(cache_bytes)


def _check_seconds(name: str, seconds: Any) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= _LONGEST_WAIT:
        raise ConnectionStringError(f"{name} must be seconds from 0 to {_LONGEST_WAIT}, not {seconds!r}.")


def engine_of(given: Any, face: str) -> Engine:
    """Return an engine; for a connection or a pool one of its own on the same database, which is set up.

    The connection itself is not used: it is its owner's, with whatever transaction is open in it. The engine opens its
    own, until nobody uses it any more. Raises ConnectionStringError for what names no database, or a DatabaseError.
    """
    if hasattr(given, "arun") and hasattr(given, "setup"):
        return cast(Engine, given)
    place, options = _place_of(given, face)
    engine = connect(place, **options)
    try:
        engine.setup()
    except BaseException:
        engine.close()
        raise
    return engine


def _place_of(given: Any, face: str) -> tuple[str, dict[str, Any]]:
    """Return the connection string of what was given, and options for the engine."""
    if isinstance(given, sqlite3.Connection):
        return _file_of_connection(given, face), {}
    if (psycopg := sys.modules.get("psycopg")) is not None and isinstance(given, psycopg.BaseConnection):
        secret = {"password": given.info.password} if given.info.password else {}
        return _conninfo(given.info.dsn, **secret), _preparing(given.prepare_threshold)
    if isinstance(getattr(given, "conninfo", None), str) and hasattr(given, "max_size"):
        settings = dict(given.kwargs or {})
        prepare = _preparing(settings.get("prepare_threshold", 5))
        told = {name: value for name, value in settings.items() if name not in _OF_PSYCOPG}
        return _conninfo(given.conninfo, **told), {"pool_size": given.max_size, **prepare}
    raise ConnectionStringError(
        f"{face} takes no {type(given).__name__}; name the database, as in "
        f'{face}.from_conn_string("assistant.db") or open_memory("assistant.db").'
    )


def _file_of_connection(connection: sqlite3.Connection, face: str) -> str:
    path = ""
    with suppress(sqlite3.Error):  # it is closed, or another thread's
        cursor = connection.cursor()
        cursor.row_factory = None
        path = next(path for _, name, path in cursor.execute("PRAGMA database_list") if name == "main")
    if not path:
        raise ConnectionStringError(
            f"{face} opens connections of its own, and this one names no file that others can open; pass "
            f'{face}.from_conn_string("assistant.db"), or ":memory:" for a database that is gone when it is closed.'
        )
    return path


def _preparing(threshold: int | None) -> dict[str, Any]:
    """Return the option that says no statement is to be prepared, where a connection was told so: there is a proxy."""
    return {"prepare": False} if threshold is None else {}


def _conninfo(dsn: str, **more: Any) -> str:
    from psycopg.conninfo import make_conninfo

    return str(make_conninfo(dsn, **more))


class Opening(AbstractContextManager[T], AbstractAsyncContextManager[T], Generic[T]):
    """Connects, migrates and builds on entry; closes the engine on exit.

    Without `with` it does so when an attribute of what it builds is first asked for, until `close()`, or until nothing
    of it is in use any more.
    """

    def __init__(self, conn_string: Any, options: dict[str, Any], build: Callable[[Engine], T]) -> None:
        self._conn_string = conn_string
        self._options = options
        self._build = build
        self._opened: tuple[Engine, T] | None = None
        self._closed = False
        self._opening = Lock()

    def __enter__(self) -> T:
        with self._opening:
            if self._closed or self._opened is None:
                self._open()
            return self._built

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> T:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what is asked of any object must not open a database
            raise AttributeError(name)
        with self._opening:
            if self._opened is None:
                self._open()
            return getattr(self._built, name)

    def close(self) -> None:
        """Finish what is running and release every connection; safe to call again."""
        self._closed = True
        if self._opened is not None:
            self._opened[0].close()

    @property
    def _built(self) -> T:
        if self._opened is None:
            raise AttributeError("nothing was opened")
        return self._opened[1]

    def _open(self) -> None:
        engine = connect(self._conn_string, **self._options)
        try:
            built = self._build(engine)
            engine.setup()
        except BaseException:
            engine.close()
            raise
        self._opened, self._closed = (engine, built), False
