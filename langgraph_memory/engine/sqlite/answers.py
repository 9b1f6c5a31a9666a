"""What SQLite answers with a small plan over statements of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langgraph_memory.engine.query import Answer, Plan, Query, Row
from langgraph_memory.engine.sqlite.fresh import FreshShelf, posting_answers
from langgraph_memory.engine.sqlite.shelf import Shelf
from langgraph_memory.engine.sqlite.vectors import Shelves, vector_answers

_CODE_BYTES = 512 << 20
"""What the codes at hand may take: those of 1.3 million vectors of 384 numbers."""
_SKETCH_BYTES = 64 << 20
_WHOLE_BYTES = 256 << 20
_LOOSE_BYTES = 64 << 20


def answers(fresh: FreshShelf) -> Mapping[str, Answer]:
    """Return the queries that are answered by several statements; `fresh` keeps the newest rows at hand."""
    return {
        **vector_answers(Shelves(Shelf(_CODE_BYTES), Shelf(_SKETCH_BYTES), Shelf(_WHOLE_BYTES), Shelf(_LOOSE_BYTES))),
        **posting_answers(fresh),
        "partition": _partition,
    }


def _partition(query: Query) -> Plan[Sequence[Row]]:
    """Return a partition's number; nothing is written where there is one."""
    return (yield Query("known_partition", query.params)) or (yield Query("new_partition", query.params))
