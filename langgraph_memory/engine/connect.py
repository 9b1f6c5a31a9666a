"""The one place that chooses an engine."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from langgraph_memory.engine.base import Engine
from langgraph_memory.exceptions import ConnectionStringError

if TYPE_CHECKING:
    from langgraph_memory.engine.sqlite.upstream import UpstreamFile

_URL = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def connect(conn_string: str | os.PathLike[str], **options: Any) -> Engine:
    """Return the engine for `conn_string`: a path, `":memory:"` or a `sqlite:///` URL.

    `options` are the fields of the engine's settings. Raises ConnectionStringError when no engine can open it.
    """
    target = os.fspath(conn_string)
    if not target or not target.strip():
        raise ConnectionStringError('the connection string is empty; pass a file path or ":memory:".')
    if "\x00" in target:
        raise ConnectionStringError("the connection string holds a NUL character; pass a plain file path.")
    scheme = _URL.match(target)
    if scheme is None:
        return _sqlite(target, options)
    if scheme[1].lower() == "sqlite":
        return _sqlite(target[len("sqlite:///") :] or ":memory:", options)
    raise ConnectionStringError(
        f"no engine opens {scheme[1]!r} URLs in this version; pass a file path such as 'assistant.db'."
    )


def upstream_file(path: str) -> UpstreamFile:
    """Open a file of LangGraph's own SQLite classes for reading.

    Raises a DatabaseError when it is not one.
    """
    from langgraph_memory.engine.sqlite.upstream import UpstreamFile

    return UpstreamFile(path)


def _sqlite(path: str, options: dict[str, Any]) -> Engine:
    from langgraph_memory.engine.sqlite.connection import SqliteSettings
    from langgraph_memory.engine.sqlite.engine import SqliteEngine

    try:
        settings = SqliteSettings(path, **options)
    except TypeError as error:
        raise ConnectionStringError(f"the SQLite engine has no such option ({error}).") from error
    if settings.synchronous not in ("NORMAL", "FULL"):
        raise ConnectionStringError(f"synchronous must be 'NORMAL' or 'FULL', not {settings.synchronous!r}.")
    return SqliteEngine(settings)
