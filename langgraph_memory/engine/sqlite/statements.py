"""Statements as `sqlite3` binds them fastest: by place.

For each value that is bound by name it lets go of the interpreter's lock, and waits for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langgraph_memory.engine.named_queries import PARAMETER, RETURNING

_SET = re.compile(r"json_each\(:([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the names of its parameters in order, and which of them are sets; `many` returns no rows."""

    sql: str
    names: tuple[str, ...]
    sets: frozenset[str]
    many: str

    @classmethod
    def of(cls, sql: str) -> Statement:
        """Return the statement of a query file, whose parameters are written `:name`."""
        names, sets = tuple(PARAMETER.findall(sql)), frozenset(_SET.findall(sql))
        bound = PARAMETER.sub("?", sql)
        return cls(bound, names, sets, RETURNING.split(bound)[0])

    def values(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what is bound, every set of values as the JSON array that `json_each` reads."""
        if not self.sets:
            return tuple([params[name] for name in self.names])
        return tuple([_array(params[name]) if name in self.sets else params[name] for name in self.names])


def _array(values: Any) -> str | None:
    """Return some values as a JSON array; what is an array already, or nothing at all, as it is."""
    return json.dumps(list(values)) if isinstance(values, (list, tuple)) else values
