"""Reads a dialect's SQL files: a query is a name, a line of description, and SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_HEADER = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


@cache
def load_queries(package: str) -> Mapping[str, str]:
    """Return the SQL of every query in the `queries/*.sql` files of `package`, by name.

    Raises ValueError when a name stands twice.
    """
    found: dict[str, str] = {}
    for file in sorted(files(package).joinpath("queries").iterdir(), key=lambda entry: entry.name):
        parts = _HEADER.split(file.read_text(encoding="utf-8"))
        for name, sql in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"query {name!r} is defined twice in {package}")
            found[name] = sql.strip()
    return found


@cache
def load_migrations(package: str) -> tuple[tuple[int, str, str], ...]:
    """Return the `(number, name, SQL)` of every file in the `migrations` folder of `package`, in order."""
    entries = sorted(files(package).joinpath("migrations").iterdir(), key=lambda entry: entry.name)
    found = []
    for entry in entries:
        number, _, name = entry.name.removesuffix(".sql").partition("_")
        found.append((int(number), name, entry.read_text(encoding="utf-8")))
    return tuple(found)
