"""Reads SQL files: a query is a name, a line of description, and SQL; dialects share those that they write alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

_HEADER = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)
_SHARED = "langgraph_memory.engine"

PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
"""A parameter of a statement, as the query files write it."""
RETURNING = re.compile(r"\bRETURNING\b")
"""What a statement says that changes rows and returns some."""


@cache
def load_queries(package: str) -> Mapping[str, str]:
    """Return the SQL of every query of a dialect by name: those all dialects write alike, and its own in `package`.

    Raises ValueError when a name stands twice.
    """
    found: dict[str, str] = {}
    for name, sql in (*_queries_in(_SHARED), *_queries_in(package)):
        if name in found:
            raise ValueError(f"query {name!r} is defined twice in {package}")
        found[name] = sql
    return found


def _queries_in(package: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the SQL of each statement in the `queries/*.sql` files of `package`."""
    for file in sorted(files(package).joinpath("queries").iterdir(), key=lambda entry: entry.name):
        parts = _HEADER.split(file.read_text(encoding="utf-8"))
        for name, sql in zip(parts[1::2], parts[2::2], strict=True):
            yield name, sql.strip()


@cache
def load_migrations(package: str) -> tuple[tuple[int, str, str], ...]:
    """Return the `(number, name, SQL)` of every file in the `migrations` folder of `package`, in order."""
    entries = sorted(files(package).joinpath("migrations").iterdir(), key=lambda entry: entry.name)
    found = []
    for entry in entries:
        number, _, name = entry.name.removesuffix(".sql").partition("_")
        found.append((int(number), name, entry.read_text(encoding="utf-8")))
    return tuple(found)
