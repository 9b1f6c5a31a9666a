"""What SQLite answers with a small plan over statements of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langgraph_memory.cache import CacheBound
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Answer, Query, Row
from langgraph_memory.engine.sqlite.fresh import FreshShelf, posting_answers
from langgraph_memory.engine.sqlite.shelf import Shelf
from langgraph_memory.engine.sqlite.vectors import Shelves, vector_answers


def answers(fresh: FreshShelf, bound: CacheBound) -> Mapping[str, Answer]:
    """Return the queries that are answered by several statements; `fresh` keeps the newest rows at hand."""
    return {
        **vector_answers(Shelves(Shelf(bound), Shelf(bound), Shelf(bound), Shelf(bound))),
        **posting_answers(fresh),
        "partition": _partition,
        "put_checkpoint_at_once": _nothing,
        "put_writes_at_once": _nothing,
        "put_items_at_once": _nothing,
    }


def _nothing(_query: Query) -> Effects[Sequence[Row]]:
    """Leave it to one statement after another, each of which costs no round trip here."""
    yield from ()
    return ()


def _partition(query: Query) -> Effects[Sequence[Row]]:
    """Return a partition's number; nothing is written where there is one."""
    rows: Sequence[Row] = yield Query("known_partition", query.params)
    return rows or (yield Query("new_partition", query.params))
