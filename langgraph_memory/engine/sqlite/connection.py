"""Opens one SQLite connection the way this engine needs it, and turns the driver's errors into this package's."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal
from urllib.parse import quote

from langgraph_memory.engine.sqlite.encryption import refuse_unreadable, unlock
from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseClosedError,
    DatabaseError,
    DatabaseUnavailableError,
    ForeignDatabaseError,
    NotADatabaseError,
)

_WAL_BYTES = 16 << 20  # what a log that grew under a long read is cut back to
_WAL_PAGES = 2000  # from when on a commit copies the log into the file itself; the engine does it sooner, on a thread

_CACHED_KB = 16_000
"""What the writing connection keeps of the pages it wrote: as long as they are in the log they are not mapped."""
_MAPPED = 1 << 40
"""Bytes of the file that are read through memory; SQLite takes what it can, about 2 GB. Blocks of vectors gain most."""

Synchronous = Literal["NORMAL", "FULL"]


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """Where the file is and how it is written.

    `synchronous="NORMAL"` survives a killed process; the last transactions may be lost when the machine loses power.
    `"FULL"` survives that too, at one fsync for each group of transactions. `busy_timeout` is in seconds. `dbapi` is
    the DB-API module to use in place of `sqlite3`; use one SQLite library for one file in one process, because two of
    them break each other's POSIX locks. With an `encryption_key` the whole file is encrypted, by SQLCipher. A
    `read_only` file must exist, and is neither migrated nor changed.
    """

    path: str
    synchronous: Synchronous = "NORMAL"
    busy_timeout: float = 30.0
    dbapi: ModuleType = sqlite3
    read_only: bool = False
    encryption_key: str | None = field(default=None, repr=False)
    in_memory: bool = field(init=False)
    """Whether the database lives in this process only."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "in_memory", self.path == ":memory:")


def open_connection(settings: SqliteSettings, *, create: bool) -> Any:
    """Return a DB-API connection in autocommit mode, shared freely between threads.

    Raises DatabaseUnavailableError or NotADatabaseError.
    """
    target = _target(settings, create=create)
    try:
        connection = settings.dbapi.connect(
            target, uri=True, isolation_level=None, check_same_thread=False, timeout=settings.busy_timeout
        )
    except settings.dbapi.Error as error:
        raise translate(error, settings.path) from error
    try:
        if not settings.in_memory:
            _check_key(connection, settings, create=create)
        _configure(connection, settings, create=create)
    except (settings.dbapi.Error, UnicodeDecodeError) as error:
        connection.close()
        raise translate(error, settings.path) from error
    except DatabaseError:
        connection.close()
        raise
    return connection


def _target(settings: SqliteSettings, *, create: bool) -> str:
    """Return what names the file to the driver; a new one is made so that its owner alone may read it."""
    if settings.read_only and not os.path.isfile(settings.path):
        raise DatabaseUnavailableError(f"there is no file {settings.path!r} to read.")
    if settings.in_memory:
        return ":memory:"
    if create and not settings.read_only:
        _make_private(settings.path)
    mode = "ro" if settings.read_only else "rwc" if create else "rw"
    return f"file:{quote(settings.path)}?mode={mode}"


def _check_key(connection: Any, settings: SqliteSettings, *, create: bool) -> None:
    if settings.encryption_key is not None:
        unlock(connection, settings.path, settings.encryption_key, settings.dbapi)
    elif create:
        refuse_unreadable(settings.path)


def _make_private(path: str) -> None:
    """Make a new file that its owner alone may read; the log beside it gets the same mode from SQLite.

    A file that is there keeps its mode. What cannot be made, SQLite says.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _configure(connection: Any, settings: SqliteSettings, *, create: bool) -> None:
    connection.row_factory = settings.dbapi.Row
    connection.execute(f"PRAGMA busy_timeout = {int(settings.busy_timeout * 1000)}")
    if create:
        _refuse_foreign(connection, settings)
    if settings.read_only:
        connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
        return
    if create and connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # on an empty file only: later it needs a VACUUM
    _use_wal(connection, settings)
    if create:
        connection.execute(f"PRAGMA cache_size = -{_CACHED_KB}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    connection.execute(f"PRAGMA synchronous = {settings.synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA mmap_size = {_MAPPED}")


def _refuse_foreign(connection: Any, settings: SqliteSettings) -> None:
    """Raise ForeignDatabaseError before anything is changed in a file that another application made."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if names and "memory_migration" not in names:
        raise ForeignDatabaseError(
            f"{settings.path!r} holds another application's tables ({', '.join(sorted(names)[:3])}); name a new file."
        )


def _use_wal(connection: Any, settings: SqliteSettings) -> None:
    """Switch to WAL under the write lock's own wait: SQLite does not wait for it when two processes switch at once."""
    if settings.in_memory or connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except settings.dbapi.OperationalError as error:
            if "locked" not in str(error):
                raise
        connection.execute("BEGIN IMMEDIATE")  # waits, at most busy_timeout, until the other process is done
        connection.execute("COMMIT")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return


_MEANINGS: tuple[tuple[tuple[str, ...], type[DatabaseError], str], ...] = (
    (
        ("file is not a database", "malformed", "file is encrypted", "codec can't decode", "Could not decode"),
        NotADatabaseError,
        "{path!r} is not a readable SQLite database ({text}); restore it or open another file.",
    ),
    (
        ("database is locked", "database table is locked"),
        DatabaseBusyError,
        "{path!r} stayed locked by another process ({text}); retry, or raise busy_timeout.",
    ),
    (
        ("readonly database",),
        DatabaseUnavailableError,
        "{path!r} is read-only; make the file and its folder writable, or open it with read_only=True and only read.",
    ),
    (
        ("disk is full", "disk I/O error"),
        DatabaseUnavailableError,
        "{path!r} could not be written ({text}); nothing was stored. Free some space.",
    ),
    (
        ("unable to open database file",),
        DatabaseUnavailableError,
        "{path!r} cannot be opened; its folder must exist and be writable.",
    ),
    (
        ("closed database",),
        DatabaseClosedError,
        "{path!r} was closed; open it again with open_memory().",
    ),
)
"""The driver's words, what they mean, and the sentence that says so with the way out."""


def translate(error: Exception, path: str) -> DatabaseError:
    """Return the error to raise in place of the driver's `error`, naming `path` and the way out."""
    text = str(error)
    for words, kind, sentence in _MEANINGS:
        if any(word in text for word in words):
            return kind(sentence.format(path=path, text=text))
    return DatabaseError(f"{path!r}: {text}.")
