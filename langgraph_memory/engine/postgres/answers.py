"""What PostgreSQL answers with a few steps over statements of its own."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Answer, Query, Row
from langgraph_memory.engine.postgres.connection import Blobs, Floats, Numbers, Texts

_HEADER = 4
_KINDS: Mapping[str, type[Texts | Numbers | Blobs | Floats]] = {
    **dict.fromkeys(("base_tails", "base_ends", "addresses", "counts", "places", "ends", "word_counts"), Numbers),
    **dict.fromkeys(("base_runs", "chunks", "shared_values", "shared_runs", "values"), Blobs),
    "lifetimes": Floats,
}
"""Which lists hold something else than texts."""


def answers() -> dict[str, Answer]:
    """Return the queries that are answered by several statements, or by one of several."""
    return {
        "closeness": _closeness,
        "put_setting": _put_setting,
        "vectors_of_rows": _vectors_of_rows,
        "settle_index": _settled,
        "put_checkpoint_at_once": _put_checkpoint,
        "put_writes_at_once": _put_writes,
        "put_items_at_once": _put_items,
    }


def _put_checkpoint(query: Query) -> Effects[Sequence[Row]]:
    """Store a checkpoint by one statement; a row says where its elements are, and none that nothing was stored."""
    params, placed = query.params["parts"]()
    (found,) = yield Query("store_checkpoint", _arrays(params))
    return [{"placed": placed}] if found["stored"] else ()


def _put_writes(query: Query) -> Effects[Sequence[Row]]:
    """Store pending writes by one statement."""
    rows: Sequence[Row] = yield Query("store_writes", _arrays(query.params["parts"]()))
    return rows


def _put_items(query: Query) -> Effects[Sequence[Row]]:
    """Store plain items by one statement."""
    rows: Sequence[Row] = yield Query("store_items", _arrays(query.params["parts"]()))
    return rows


def _arrays(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is bound with its lists as the arrays that the statement casts them to."""
    return {name: _KINDS.get(name, Texts)(one) if isinstance(one, list) else one for name, one in params.items()}


def _settled(_query: Query) -> Effects[Sequence[Row]]:
    """Do nothing: every row is in the text index from the first."""
    yield from ()
    return ()


def _closeness(query: Query) -> Effects[Sequence[Row]]:
    """Compare a query with every vector of a partition; those compared by cosine were stored with length 1."""
    name = "closeness_by_distance" if query.params["metric"] == "l2" else "closeness_by_product"
    rows: Sequence[Row] = yield Query(name, {"partition": query.params["partition"], "vector": query.params["vector"]})
    return rows


def _put_setting(query: Query) -> Effects[Sequence[Row]]:
    """Write a setting; the first index brings pgvector, which its vectors need."""
    if query.params["name"] == "index":
        yield Query("create_vector_extension")
        yield Query("add_embedding_column")
    rows: Sequence[Row] = yield Query("write_setting", query.params)
    return rows


def _vectors_of_rows(query: Query) -> Effects[Sequence[Row]]:
    """Return the vectors of some rows as float32 bytes, little endian; none before there is an index."""
    (column,) = yield Query("embedding_column")
    if not column["there"]:
        return ()
    rows = yield Query("stored_vectors", query.params)
    return [{"memory_no": row["memory_no"], "field": row["field"], "vector": _numbers(row["vector"])} for row in rows]


def _numbers(sent: bytes) -> bytes:
    """Return the numbers of a vector in the binary form of pgvector: after four bytes, big endian."""
    numbers = array("f", sent[_HEADER:])
    numbers.byteswap()
    return numbers.tobytes()
