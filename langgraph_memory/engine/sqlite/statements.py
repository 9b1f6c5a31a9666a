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
    """One statement, the names of its parameters in order, which of them are sets, and whether it returns rows."""

    sql: str
    names: tuple[str, ...]
    sets: frozenset[str]
    returns: bool

    @classmethod
    def of(cls, sql: str) -> Statement:
        """Return the statement of a query file, whose parameters are written `:name`."""
        names, sets = tuple(PARAMETER.findall(sql)), frozenset(_SET.findall(sql))
        return cls(PARAMETER.sub("?", sql), names, sets, RETURNING.search(sql) is not None)

    def values(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what is bound, every set of values as the JSON array that `json_each` reads."""
        if not self.sets:
            return tuple([params[name] for name in self.names])
        return tuple([_array(params[name]) if name in self.sets else params[name] for name in self.names])


def _array(values: Any) -> str | None:
    """Return some values as a JSON array; what is an array already, or nothing at all, as it is."""
    return json.dumps(list(values)) if isinstance(values, (list, tuple)) else values
