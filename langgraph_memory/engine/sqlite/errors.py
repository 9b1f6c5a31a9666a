"""Turns the driver's errors into this package's, in one place."""

from __future__ import annotations

from langgraph_memory.exceptions import (
    DatabaseBusyError,
    DatabaseClosedError,
    DatabaseError,
    DatabaseUnavailableError,
    NotADatabaseError,
)

_DAMAGED = ("file is not a database", "malformed", "file is encrypted")
_BUSY = ("database is locked", "database table is locked")
_READ_ONLY = ("readonly database",)
_FULL = ("disk is full", "disk I/O error")
_UNOPENABLE = ("unable to open database file",)
_CLOSED = ("closed database",)


def translate(error: Exception, path: str) -> DatabaseError:
    """Return the error to raise in place of the driver's `error`, naming `path` and the way out."""
    text = str(error)
    if any(words in text for words in _DAMAGED):
        return NotADatabaseError(
            f"{path!r} is not a readable SQLite database ({text}); restore it or open another file."
        )
    if any(words in text for words in _BUSY):
        return DatabaseBusyError(f"{path!r} stayed locked by another process ({text}); retry, or raise busy_timeout.")
    if any(words in text for words in _READ_ONLY):
        return DatabaseUnavailableError(f"{path!r} is read-only; make the file and its folder writable.")
    if any(words in text for words in _FULL):
        return DatabaseUnavailableError(f"{path!r} could not be written ({text}); nothing was stored. Free some space.")
    if any(words in text for words in _UNOPENABLE):
        return DatabaseUnavailableError(f"{path!r} cannot be opened; its folder must exist and be writable.")
    if any(words in text for words in _CLOSED):
        return DatabaseClosedError(f"{path!r} was closed; open it again with open_memory().")
    return DatabaseError(f"{path!r}: {text}")
