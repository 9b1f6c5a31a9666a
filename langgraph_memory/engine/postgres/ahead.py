"""What a statement has read ahead of the queries that ask for it, so that a checkpoint takes one round trip."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langgraph_memory.engine.query import Query, Row

_Rows = list[dict[str, Any]]


class Ahead:
    """The parts of one checkpoint that a reader has been given with it.

    A query is answered from them only when they are certain to hold all that the server would answer.
    """

    def __init__(self) -> None:
        self._parts: Mapping[str, _Rows] = {}
        self._finders: Mapping[str, Callable[[Mapping[str, Any]], _Rows | None]] = {
            "versions": self._versions,
            "writes": self._writes,
            "chunks": self._chunks,
        }

    def keep(self, rows: _Rows) -> Sequence[Row]:
        """Keep what was read ahead, and return the rows that were asked for: those of the first part."""
        if not rows or "part" not in rows[0]:
            return rows
        parts: dict[str, _Rows] = defaultdict(list)
        for row in rows:
            parts[row["part"]].append(row)
        self._parts = parts
        return parts[rows[0]["part"]]

    def find(self, query: Query) -> Sequence[Row] | None:
        """Return the rows of a query, or None when the server has to be asked."""
        if not self._parts or query.name not in self._finders:
            return None
        return self._finders[query.name](query.params)

    def _versions(self, asked: Mapping[str, Any]) -> _Rows | None:
        """Return the versions of the checkpoint when exactly those are asked for."""
        for one in self._parts.get("checkpoint", ()):
            place = (one["thread_id"], one["checkpoint_ns"])
            named = {
                (*place, channel, str(version)) for channel, version in json.loads(one["channel_versions"]).items()
            }
            if named == {tuple(key) for key in asked["keys"]}:
                return self._parts.get("version", [])
        return None

    def _writes(self, asked: Mapping[str, Any]) -> _Rows | None:
        """Return the pending writes of the checkpoint when exactly those are asked for."""
        for one in self._parts.get("checkpoint", ()):
            if asked["keys"] == [[one["thread_id"], one["checkpoint_ns"], one["checkpoint_id"]]]:
                return self._parts.get("write", [])
        return None

    def _chunks(self, asked: Mapping[str, Any]) -> _Rows | None:
        """Return the chunks when they hold every element of the stretches that are asked for."""
        chunks = sorted(self._parts.get("chunk", ()), key=lambda chunk: chunk["address"])
        if all(_cover(chunks, thread_id, first, end) for thread_id, first, end in asked["stretches"]):
            return chunks
        return None


def _cover(chunks: _Rows, thread_id: str, first: int, end: int) -> bool:
    """Return whether chunks in the order of their addresses hold all from `first` up to `end`."""
    for chunk in chunks:
        if chunk["thread_id"] == thread_id and chunk["address"] <= first < chunk["address"] + chunk["count"]:
            first = chunk["address"] + chunk["count"]
    return first >= end
