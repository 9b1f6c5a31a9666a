"""Every error this package raises.

LangGraphMemoryError
├── InvalidInputError (also ValueError)
│   ├── MissingOwnerError
│   ├── IdentityConflictError
│   ├── ForeignThreadError
│   ├── InvalidScopeError
│   ├── InvalidMemoryError
│   ├── UnknownMemoryTypeError
│   ├── InvalidFilterError
│   └── ConnectionStringError
├── MemoryNotFoundError (also LookupError)
├── DamagedMemoryError
├── ReceiptNotFoundError (also LookupError)
├── ThreadNotFoundError (also LookupError)
├── ForkedThreadError
├── CheckpointRemovedError
├── ErasedError
├── EmbeddingError
├── IndexChangedError
├── ExtractionError
├── MissingExtraError (also ImportError)
└── DatabaseError
    ├── DatabaseUnavailableError
    ├── DatabaseBusyError
    ├── DatabaseClosedError
    ├── NotADatabaseError
    ├── WrongKeyError
    ├── ForeignDatabaseError
    ├── NewerSchemaError
    ├── OlderSchemaError
    ├── CopyMismatchError
    ├── OutOfMemoryError
    └── UnreadableCheckpointError
        ├── ClassNotAllowedError
        └── ClassChangedError
UserWarning
├── ClassChangedWarning
└── UnreadableCheckpointWarning
"""

from __future__ import annotations

import re
from typing import Self

from pydantic import ValidationError

_PASSWORD = re.compile(
    r"(:/{0,2}[^:@/?#\s]*):\S*@|(\b(?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'?|[^&\s]*)", re.IGNORECASE
)
"""Where a password stands in a URL or a list of settings; one with unencoded signs reaches to the last "@"."""

_SETTINGS = re.compile(
    r"\s*(?:host|hostaddr|port|dbname|user|password|passfile|service|sslmode|application_name|connect_timeout|options)"
    r"\s*=",
    re.IGNORECASE,
)
_SERVER = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)

DISTRIBUTION = "langgraph-curated-memory"


class LangGraphMemoryError(Exception):
    """Base of every error this package raises."""


class InvalidInputError(LangGraphMemoryError, ValueError):
    """What the caller passed cannot be used."""


class MissingOwnerError(InvalidInputError):
    """No owner was named; there is no shared default."""


class IdentityConflictError(InvalidInputError):
    """A run names two owners, in two of the places where it can name one."""


class ForeignThreadError(InvalidInputError):
    """A thread belongs to other owners than the one who asks for it."""


class InvalidScopeError(InvalidInputError):
    """A scope is not a path of non-empty segments."""


class InvalidMemoryError(InvalidInputError):
    """A field of a memory holds a value it may not hold."""


class UnknownMemoryTypeError(InvalidInputError):
    """A memory type is not in the registry."""


class InvalidFilterError(InvalidInputError):
    """A filter uses an operator or an operand that has no meaning."""


class ConnectionStringError(InvalidInputError):
    """A connection string names no engine this installation can open."""


class MemoryNotFoundError(LangGraphMemoryError, LookupError):
    """The owner has no memory of that id."""


class DamagedMemoryError(LangGraphMemoryError):
    """What the database holds of a memory is not what was written."""


class ReceiptNotFoundError(LangGraphMemoryError, LookupError):
    """The owner has no receipt of that id."""


class ThreadNotFoundError(LangGraphMemoryError, LookupError):
    """The database holds no checkpoint of that thread."""


class ForkedThreadError(LangGraphMemoryError):
    """Another writer continued the thread first, and the saver was asked to refuse forks."""


class CheckpointRemovedError(LangGraphMemoryError):
    """What a run builds on was deleted while it was under way, so that its checkpoint was not stored."""


class ErasedError(LangGraphMemoryError):
    """An owner was erased while a run for them was under way, so that nothing more of it is stored."""


class EmbeddingError(LangGraphMemoryError):
    """The embedder failed, or returned vectors that cannot be stored."""


class IndexChangedError(LangGraphMemoryError):
    """The vectors in the file were made by another model, or have another size or metric."""


class ExtractionError(LangGraphMemoryError):
    """An extractor could not read the messages; `reason` says why in one word, and they count as unread."""

    def __init__(self, message: str, reason: str = "failed") -> None:
        super().__init__(message)
        self.reason = reason


class MissingExtraError(LangGraphMemoryError, ImportError):
    """A feature needs an optional dependency that is not installed."""

    @classmethod
    def of(cls, what: str, extra: str, *packages: str) -> Self:
        """Return the error of what needs an extra, and perhaps packages beside it."""
        wanted = " ".join((f"'{DISTRIBUTION}[{extra}]'", *packages))
        return cls(f"{what}; install it with: pip install {wanted}.")


class DatabaseError(LangGraphMemoryError):
    """The database refused an operation."""


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be opened, read or written."""


class DatabaseBusyError(DatabaseError):
    """Another process held a lock for longer than the timeout, or every connection was in use."""


class DatabaseClosedError(DatabaseError):
    """The database was used after it was closed."""


class NotADatabaseError(DatabaseError):
    """The file exists and is not a database, or is damaged."""


class WrongKeyError(DatabaseError):
    """A file is encrypted with another key, or not encrypted, or encrypted and opened without a key."""


class ForeignDatabaseError(DatabaseError):
    """The database holds another application's tables in the place of this package's."""


class NewerSchemaError(DatabaseError):
    """The database was written by a newer version of this package."""


class OlderSchemaError(DatabaseError):
    """The database lacks a migration and was opened for reading only."""


class CopyMismatchError(DatabaseError):
    """What a copy holds is not what its source holds."""


class OutOfMemoryError(DatabaseError):
    """The process may not use as much memory as an operation needs."""


class UnreadableCheckpointError(DatabaseError):
    """A stored checkpoint cannot be decoded."""


class ClassNotAllowedError(UnreadableCheckpointError):
    """A stored checkpoint holds an object of a class that the allow-list does not name."""


class ClassChangedError(UnreadableCheckpointError):
    """A stored checkpoint holds an object that its class does not take any more, or whose class is gone."""


class ClassChangedWarning(UserWarning):
    """An object was read as its fields, because its class does not take them any more, or is gone."""


class UnreadableCheckpointWarning(UserWarning):
    """A listing of all threads leaves out a checkpoint that cannot be decoded."""


def explain_validation(error: ValidationError) -> str:
    """Return the first problem of a pydantic error as one sentence that names the field."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "value"
    reason = str(first["msg"]).removeprefix("Value error, ")
    return f"{field}: {reason[:1].lower()}{reason[1:]}"


def names_a_server(conn_string: str) -> bool:
    """Return whether a connection string is of PostgreSQL: a URL, or settings such as "host=db password=..."."""
    return bool(_SERVER.match(conn_string) or _SETTINGS.match(conn_string))


def without_password(conn_string: str) -> str:
    """Return a connection string as a sentence may show it."""
    return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] is not None else f"{found[2]}***", conn_string)
