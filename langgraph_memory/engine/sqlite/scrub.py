"""Makes what was deleted unreadable in a file that others go on using."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from langgraph_memory.engine.sqlite import slack
from langgraph_memory.engine.sqlite.connection import SqliteSettings, open_connection

_PIPE = subprocess.PIPE
_WAIT = 0.05
"""Seconds that a step waits for readers, while writers wait for it."""
_PAUSE = 0.02
_PAGES = 1024
"""How many pages are cleaned while writers wait: a few milliseconds."""
_FREED = 512
"""How many free pages go back to the file system in one step."""


class Scrubber:
    """Scrubs one file step by step: others get their turn between two steps, and none lasts long.

    A step that others are in the way of is tried again, for as long as the busy timeout.

    First free pages leave the file; then each part of it is cleaned while the write-ahead log is empty and the write
    lock is held; at last the log is emptied. Other connections must not write back pages that they hold from before,
    so that each step ends with a commit, at which they forget them.
    """

    def __init__(self, settings: SqliteSettings, pause: Callable[[float], object]) -> None:
        self._settings = settings
        self._pause = pause

    def run(self) -> bool:
        """Return whether everything is done; False when somebody read or wrote for longer than the busy timeout."""
        connection = open_connection(replace(self._settings, busy_timeout=_WAIT), create=False)
        try:
            with _cleaner(self._settings) as clean:
                if clean is None:
                    return self._again(lambda: _rewritten(connection)) and self._again(
                        lambda: _log_is_empty(connection)
                    )
                return self._in_steps(connection, clean)
        finally:
            connection.close()

    def _in_steps(self, connection: Any, clean: Callable[[int, int], object]) -> bool:
        if not self._again(lambda: _freed(connection)):
            return False
        first, last = 1, 1
        while first <= last:
            if not self._again(partial(self._cleaned, connection, clean, first)):
                return False
            first, last = first + _PAGES, connection.execute("PRAGMA page_count").fetchone()[0]
        clean(0, 0)
        return self._again(lambda: _log_is_empty(connection))

    def _cleaned(self, connection: Any, clean: Callable[[int, int], object], first: int) -> bool:
        """Clean some pages, unless the log cannot be emptied or is written to meanwhile."""
        if not _log_is_empty(connection):
            return False
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _size(f"{self._settings.path}-wal"):
                return False
            last: int = connection.execute("PRAGMA page_count").fetchone()[0]
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute(f"PRAGMA user_version = {(version + 1) % (1 << 31)}")
            clean(first, min(last, first + _PAGES - 1))
            connection.execute("COMMIT")
            return True
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _again(self, step: Callable[[], bool]) -> bool:
        """Try a step until it is done, or until the busy timeout is over; then leave others as long a time."""
        begun = monotonic()
        while not self._done(step):
            if monotonic() - begun >= self._settings.busy_timeout:
                return False
            self._pause(_PAUSE)
        self._pause(min(max(monotonic() - begun, _PAUSE / 2), _WAIT))
        return True

    def _done(self, step: Callable[[], bool]) -> bool:
        """Return whether a step is done; another's lock is in its way for the moment."""
        try:
            return step()
        except self._settings.dbapi.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            return False


@contextmanager
def _cleaner(settings: SqliteSettings) -> Iterator[Callable[[int, int], object] | None]:
    """Lend what cleans the pages from one to another; None where a file cannot be cleaned page by page."""
    program = [sys.executable, "-I", "-S", str(Path(slack.__file__)), settings.path]
    process = None
    if settings.dbapi is sqlite3 and sys.executable and hasattr(os, "pread"):
        with suppress(OSError):
            process = subprocess.Popen(program, stdin=_PIPE, stdout=_PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    if process is None or process.stdin is None or process.stdout is None:
        yield None
        return
    asked, answered = process.stdin, process.stdout

    def clean(first: int, last: int) -> None:
        with suppress(OSError):
            asked.write(b"%d %d\n" % (first, last))
            asked.flush()
        if not answered.readline():
            raise settings.dbapi.OperationalError("the process that cleans the pages has ended")

    try:
        yield clean if answered.readline() == b"1\n" else None
    finally:
        with suppress(OSError):
            asked.close()
        answered.close()
        process.wait()


def _rewritten(connection: Any) -> bool:
    """Write the whole file anew, while all writers wait."""
    connection.execute("VACUUM")
    return True


def _freed(connection: Any) -> bool:
    """Give some free pages back, and return whether none is left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for _ in range(_FREED):
            if not connection.execute("PRAGMA freelist_count").fetchone()[0]:
                return True
            connection.execute("PRAGMA incremental_vacuum(1)").fetchall()
        return False
    finally:
        connection.execute("COMMIT")


def _log_is_empty(connection: Any) -> bool:
    """Copy the log into the file and empty it; False while somebody reads an earlier state or writes."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
