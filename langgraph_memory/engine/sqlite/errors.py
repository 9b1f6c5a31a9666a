"""Turns the driver's errors into this package's, in one place."""

from __future__ import annotations

from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseClosedError,
    DatabaseError,
    DatabaseUnavailableError,
    NotADatabaseError,
)

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
        "{path!r} is read-only; make the file and its folder writable.",
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
