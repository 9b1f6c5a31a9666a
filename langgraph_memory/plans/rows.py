"""The columns of a stored row, for plain items and for memories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import join_labels, namespace_of, partition_of
from langgraph_memory.domain.text import fingerprint, terms
from langgraph_memory.engine.query import Plan, Query, Row

Vectors = Sequence[tuple[str, bytes]]
"""The embedded fields of a row: (field, float32 bytes)."""

_MEMORY_COLUMNS = (
    "owner_id",
    "scope",
    "memory_type",
    "slot",
    "content",
    "content_json",
    "subject",
    "context",
    "source",
    "confidence",
    "importance",
    "valid_from",
    "last_verified_at",
    "superseded_by",
    "superseded_at",
    "fingerprint",
)


@dataclass(frozen=True, slots=True)
class PlainItem:
    """One plain item as `put` stores it; `text` is what full-text search finds it by."""

    namespace: tuple[str, ...]
    key: str
    value: Mapping[str, Any]
    text: str
    vectors: Vectors = ()
    ttl_minutes: float | None = None

    def columns(self, created_at: int, now: datetime) -> dict[str, Any]:
        """Return the columns of its row."""
        lifetime = None if self.ttl_minutes is None else timedelta(minutes=self.ttl_minutes)
        return {
            **dict.fromkeys(_MEMORY_COLUMNS),
            "partition": partition_of(self.namespace),
            "namespace": join_labels(self.namespace),
            "id": self.key,
            "value": json.dumps(self.value),
            "ttl_minutes": self.ttl_minutes,
            "created_at": created_at,
            "updated_at": to_microseconds(now),
            "expires_at": None if lifetime is None else to_microseconds(now + lifetime),
            **_text_columns(self.text, ""),
        }


def memory_columns(memory: Memory) -> dict[str, Any]:
    """Return the columns of a memory's row."""
    namespace = namespace_of(memory.owner_id, memory.scope)
    return {
        **memory.to_row(),
        "partition": partition_of(namespace),
        "namespace": join_labels(namespace),
        "value": None,
        "ttl_minutes": None,
        "fingerprint": fingerprint(memory.content),
        **_text_columns(" ".join(filter(None, (memory.subject, memory.content))), memory.context or ""),
    }


def insert_row(columns: Mapping[str, Any], vectors: Vectors) -> Plan[int]:
    """Add a row with its vectors, and return its number."""
    (partition,) = yield Query("partition", {"partition": columns["partition"]})
    (inserted,) = yield Query("insert_item", {**columns, "partition_no": partition["partition_no"]})
    yield from _put_vectors(inserted["memory_no"], vectors)
    return int(inserted["memory_no"])


def rewrite_row(row: Row, columns: Mapping[str, Any], vectors: Vectors | None) -> Plan[None]:
    """Rewrite a row in place, with its vectors unless they are None and stay."""
    yield Query("update_item", {**columns, "memory_no": row["memory_no"]})
    if vectors is not None:
        yield Query("delete_vectors", {"memory_no": row["memory_no"]})
        yield from _put_vectors(row["memory_no"], vectors)


def _put_vectors(memory_no: int, vectors: Vectors) -> Plan[None]:
    if vectors:
        rows = [{"memory_no": memory_no, "field": name, "vector": vector} for name, vector in vectors]
        yield Query("put_vector", rows=rows)


def _text_columns(text: str, context: str) -> dict[str, Any]:
    own = terms(text)
    return {"terms": " ".join(own), "context_terms": " ".join(terms(context)), "term_count": len(own)}
