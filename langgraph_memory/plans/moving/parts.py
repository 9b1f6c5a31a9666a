"""The tables that are copied, and walking one of them page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row

_FIRST_PAGE, _LONGEST_PAGE = 16, 1024
_PAGE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a thread or of a partition.

    `start` is where its first page begins after. `renamed` tells of which column a value of `start` is, where the two
    have other names.
    """

    kind: str
    read: str
    write: str
    columns: tuple[str, ...]
    start: Mapping[str, Any]
    renamed: Mapping[str, str] = field(default_factory=dict)

    def values(self, row: Row) -> dict[str, Any]:
        """Return what a row of it holds."""
        return {column: row[column] for column in self.columns}

    def place_of(self, row: Row) -> dict[str, Any]:
        """Return where the page after `row` begins."""
        return {name: row[self.renamed.get(name, name)] for name in self.start}


Take = Callable[[Part, Sequence[Row]], None]
"""Is handed one page of one part."""


def walk(part: Part, place: Mapping[str, Any], take: Take) -> Effects[None]:
    """Hand every page of a part to `take`; pages are of a few megabytes, however large the rows are."""
    after: Mapping[str, Any] = part.start
    limit = _FIRST_PAGE
    while True:
        rows = yield Query(part.read, {**place, **after, "limit": limit})
        if rows:
            take(part, rows)
        if len(rows) < limit:
            return
        after = part.place_of(rows[-1])
        limit = paced(limit, sum(size_of(row, part.columns) for row in rows))


def paced(limit: int, size: int) -> int:
    """Return how many rows the page after one of `limit` rows and `size` bytes should have."""
    if size > _PAGE_BYTES:
        return max(1, limit // 4)
    return min(limit * 4, _LONGEST_PAGE) if size < _PAGE_BYTES // 4 else limit


def size_of(row: Row, columns: Sequence[str]) -> int:
    """Return about how many bytes the texts and blobs of a row have."""
    return sum(len(value) for value in map(row.__getitem__, columns) if isinstance(value, (str, bytes)))
