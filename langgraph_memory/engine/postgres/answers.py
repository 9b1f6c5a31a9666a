"""What PostgreSQL answers with a small plan over statements of its own."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph_memory.engine.query import Answer, Plan, Query, Row


def answers() -> dict[str, Answer]:
    """Return the queries that are answered by several statements, or by one of several."""
    return {"closeness": _closeness, "put_setting": _put_setting}


def _closeness(query: Query) -> Plan[Sequence[Row]]:
    """Compare a query with every vector of a partition; those compared by cosine were stored with length 1."""
    name = "closeness_by_distance" if query.params["metric"] == "l2" else "closeness_by_product"
    return (yield Query(name, {"partition": query.params["partition"], "vector": query.params["vector"]}))


def _put_setting(query: Query) -> Plan[Sequence[Row]]:
    """Write a setting; the first index brings pgvector, which its vectors need."""
    if query.params["name"] == "index":
        yield Query("create_vector_extension")
        yield Query("add_embedding_column")
    return (yield Query("write_setting", query.params))
