"""Keeps the whole file encrypted with SQLCipher: pages, indexes and log alike."""

from __future__ import annotations

import os
from contextlib import closing
from types import ModuleType
from typing import Any
from urllib.parse import quote

from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
    MissingExtraError,
    NotADatabaseError,
    WrongKeyError,
)

_PLAIN = b"SQLite format 3\x00"


def sqlcipher() -> ModuleType:
    """Return the DB-API module that encrypts; raises MissingExtraError without the extra `encryption`."""
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise MissingExtraError.of("encryption_key needs SQLCipher", "encryption") from error
    module: ModuleType = dbapi2
    return module


def unlock(connection: Any, path: str, key: str, dbapi: ModuleType) -> None:
    """Give a new connection its key; raises WrongKeyError when the file is not readable with it."""
    if is_plain(path):
        raise WrongKeyError(
            f"{path!r} is not encrypted; open it without a key, or encrypt it with the command db encrypt."
        )
    connection.execute(f"PRAGMA key = {_quoted(key)}")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except dbapi.DatabaseError as error:
        if "not a database" not in str(error):
            raise
        raise WrongKeyError(
            f"{path!r} cannot be read with this encryption_key; pass the key it was made with."
        ) from None


def refuse_unreadable(path: str) -> None:
    """Raise WrongKeyError when a file opened without a key can only be an encrypted one."""
    head = _head(path)
    if len(head) == len(_PLAIN) and head != _PLAIN and os.path.getsize(path) % 4096 == 0 and not head.isascii():
        raise WrongKeyError(f"{path!r} is encrypted, or no database; pass its encryption_key.")


def is_plain(path: str) -> bool:
    """Return whether a file is a database that anybody can read."""
    return _head(path) == _PLAIN


def encrypt_file(path: str, key: str) -> None:
    """Encrypt a database that nobody has open, in place of the plain file.

    The copy is written beside it and takes its place when it is whole. The plain bytes may stay on the disk until they
    are written over.
    """
    dbapi = sqlcipher()
    if not is_plain(path):
        raise NotADatabaseError(f"{path!r} is no plain SQLite database; name one to encrypt.")
    _refuse_in_use(path, dbapi)
    target = f"{path}.encrypting"
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(dbapi.connect(f"file:{quote(path)}?mode=rw", uri=True, isolation_level=None)) as plain:
            plain.execute(f"ATTACH DATABASE ? AS encrypted KEY {_quoted(key)}", (target,))
            plain.execute("PRAGMA encrypted.auto_vacuum = INCREMENTAL")
            plain.execute("SELECT sqlcipher_export('encrypted')").fetchone()
            version = plain.execute("PRAGMA main.user_version").fetchone()[0]
            plain.execute(f"PRAGMA encrypted.user_version = {version}")
            plain.execute("DETACH DATABASE encrypted")
        os.replace(target, path)
    finally:
        if os.path.exists(target):
            os.unlink(target)


def rekey_file(path: str, key: str, new_key: str) -> None:
    """Encrypt a database anew with another key."""
    dbapi = sqlcipher()
    if not os.path.isfile(path):
        raise DatabaseUnavailableError(f"there is no file {path!r}.")
    with closing(dbapi.connect(f"file:{quote(path)}?mode=rw", uri=True, isolation_level=None)) as connection:
        unlock(connection, path, key, dbapi)
        try:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()  # also refuses while others have it open
            connection.execute(f"PRAGMA rekey = {_quoted(new_key)}")
        except dbapi.OperationalError as error:
            raise _in_use(path) from error


def _refuse_in_use(path: str, dbapi: ModuleType) -> None:
    """Write the log into the file, which fails while others have it open."""
    with closing(dbapi.connect(f"file:{quote(path)}?mode=rw", uri=True, isolation_level=None)) as plain:
        try:
            plain.execute("PRAGMA journal_mode = DELETE").fetchone()
        except dbapi.OperationalError as error:
            raise _in_use(path) from error


def _in_use(path: str) -> DatabaseBusyError:
    return DatabaseBusyError(f"{path!r} is open elsewhere; close it first.")


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(len(_PLAIN))
    except OSError:
        return b""


def _quoted(key: str) -> str:
    return "'" + key.replace("'", "''") + "'"
