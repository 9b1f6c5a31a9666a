"""Opens an engine where code that was written for LangGraph's own classes hands over a connection or a pool."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import suppress
from typing import Any, cast

from langgraph_memory.effects.engine import Engine
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import ConnectionStringError

_OF_PSYCOPG = ("autocommit", "cursor_factory", "context", "prepare_threshold", "row_factory")
"""What a pool is told that is no setting of a connection to the server."""


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
        return _file_of(given, face), {}
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


def _file_of(connection: sqlite3.Connection, face: str) -> str:
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
