"""Turns the driver's errors into this package's, in one place."""

from __future__ import annotations

import psycopg

from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseError,
    DatabaseUnavailableError,
    ForeignDatabaseError,
    InvalidInputError,
    LangGraphMemoryError,
)

_Meaning = tuple[tuple[str, ...], type[LangGraphMemoryError], str]

_VECTOR = (
    "{name} has no pgvector that can be used ({text}), and an index needs it; install it on the server, let an "
    "administrator run CREATE EXTENSION vector in the database, or open it without index."
)
_BOUND = (
    "{name} keeps this user to the rows of one owner ({text}); name that owner, or connect as a user that was granted "
    "the one you named."
)
_READ_ONLY = "{name} can only be read: it is a standby, or was set to read-only; connect to the primary."
_WORDED = (
    (("0A000", "58P01", "42501", "42704"), "vector", _VECTOR),
    (("42501",), "row-level security", _BOUND),
    (("0A000",), "during recovery", _READ_ONLY),
)
_STATES: tuple[_Meaning, ...] = (
    (
        ("25006",),
        DatabaseUnavailableError,
        _READ_ONLY,
    ),
    (
        ("53100",),
        DatabaseUnavailableError,
        "{name} has no space left on its disk ({text}); nothing was stored. Free some space.",
    ),
    (
        ("53300",),
        DatabaseBusyError,
        "{name} has no connection left ({text}); lower pool_size, or raise the server's max_connections.",
    ),
    (
        ("55P03",),
        DatabaseBusyError,
        "{name} stayed locked by another process ({text}); retry, or raise busy_timeout.",
    ),
    (("40",), DatabaseBusyError, "{name} was too busy ({text}), also when it was tried again; nothing was stored."),
    (("57014",), DatabaseBusyError, "{name} stopped a statement ({text}); nothing was stored. Retry."),
    (("57P", "08"), DatabaseUnavailableError, "the connection to {name} was lost ({text}); nothing was stored. Retry."),
    (
        ("28",),
        DatabaseUnavailableError,
        "{name} refused the user name or the password ({text}); correct the connection string.",
    ),
    (("3D000",), DatabaseUnavailableError, "{name} does not exist ({text}); create the database first."),
    (
        ("42501",),
        DatabaseUnavailableError,
        "{name} does not allow this user to do that ({text}); grant the user the right.",
    ),
    (
        ("42P01",),
        DatabaseUnavailableError,
        "{name} lacks a table ({text}); call setup(), and name the schema that it was called with.",
    ),
    (
        ("42P05", "26000"),
        DatabaseUnavailableError,
        "{name} is a proxy that lends its connections by the transaction ({text}); open it with prepare=False.",
    ),
    (("54000",), InvalidInputError, "a value is too long for an index of PostgreSQL ({text}); shorten it."),
    (("22",), InvalidInputError, "a value cannot be stored: {text}."),
)
"""The beginning of a SQLSTATE, what it means, and the sentence that says so with the way out."""

_REFUSALS: tuple[_Meaning, ...] = (
    (
        ("too many clients", "too many connections", "connection slots"),
        DatabaseBusyError,
        "{name} has no connection left ({text}); lower pool_size, or raise the server's max_connections.",
    ),
    (
        ("authentication failed", "no password supplied", "no pg_hba.conf entry", 'role "'),
        DatabaseUnavailableError,
        "{name} refused the user name or the password ({text}); correct the connection string.",
    ),
    (('database "',), DatabaseUnavailableError, "{name} does not exist ({text}); create the database first."),
)
"""The same for what is said while a connection is opened, which has no SQLSTATE."""


def translate(error: psycopg.Error, name: str) -> LangGraphMemoryError:
    """Return the error to raise in place of the driver's `error`, naming the database and the way out."""
    text = _text(error)
    if error.sqlstate is None:
        if isinstance(error, psycopg.OperationalError):
            return DatabaseUnavailableError(f"the connection to {name} was lost ({text}); nothing was stored. Retry.")
        if isinstance(error, psycopg.DataError):
            return InvalidInputError(f"a value cannot be stored: {text}.")
        return DatabaseError(f"{name}: {text}.")
    for states, word, sentence in _WORDED:
        if error.sqlstate in states and word in text:
            return DatabaseUnavailableError(sentence.format(name=name, text=text))
    for starts, kind, sentence in _STATES:
        if error.sqlstate.startswith(starts):
            return kind(sentence.format(name=name, text=text))
    return DatabaseError(f"{name}: {text} (SQLSTATE {error.sqlstate}).")


def refused(error: psycopg.OperationalError, name: str) -> DatabaseError:
    """Return the error to raise when no connection could be opened."""
    text = _text(error)
    for words, kind, sentence in _REFUSALS:
        if any(word in text for word in words) and issubclass(kind, DatabaseError):
            return kind(sentence.format(name=name, text=text))
    return DatabaseUnavailableError(
        f"{name} cannot be reached ({text}); check the host and the port, and that the server runs."
    )


def foreign(name: str, error: psycopg.Error) -> ForeignDatabaseError:
    """Return the error to raise when a table's name is taken by another application."""
    return ForeignDatabaseError(
        f"{name} holds a table of another application under a name that is needed ({_text(error)}); name a schema of "
        'its own, such as schema="memory".'
    )


def lost(error: BaseException | None) -> bool:
    """Whether `error` is that the connection broke, or that the server ended it."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("57P", "08"))


def collided(error: BaseException | None) -> bool:
    """Whether `error` is that two transactions stood in each other's way, so that one of them is to begin again."""
    return isinstance(error, psycopg.OperationalError) and error.sqlstate in ("40001", "40P01")


def _text(error: psycopg.Error) -> str:
    """Return what the server said in one line, without a full stop."""
    said = error.diag.message_primary or str(error)
    return " ".join(said.split()).rstrip(".")
