"""What a `--db` option names."""

from __future__ import annotations

from pathlib import Path

from langgraph_memory.errors import DatabaseUnavailableError, InvalidInputError, names_a_server

_SQLITE_URL = "sqlite:///"


def file_of(db: str) -> Path | None:
    """Return the file that a connection string names, or None for a server.

    Raises InvalidInputError for no name, and for a database in memory: it ends with the process, so that another
    command cannot read it.
    """
    if not db.strip():
        raise InvalidInputError("--db is empty; name a file.")
    path = db.removeprefix(_SQLITE_URL)
    if path in ("", ":memory:"):
        raise InvalidInputError(f"{db} lives in one process only; name a file.")
    return None if "://" in path or names_a_server(path) else Path(path)


def existing(db: str) -> str:
    """Return `db`, which must exist: reading never creates a file.

    Raises DatabaseUnavailableError when there is no such file.
    """
    file = file_of(db)
    if file is not None and not file.is_file():
        raise DatabaseUnavailableError(f"there is no file {str(file)!r}; name one with --db, or start one with chat.")
    return db
