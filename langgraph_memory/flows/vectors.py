"""Embeds the fields of many rows at once."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import EmbedDocuments
from langgraph_memory.operations.rows import Vectors
from langgraph_memory.operations.settings import StoreSettings

Fields = Sequence[tuple[str, str]]
"""The texts of a row that are embedded: (field, text)."""


def embed_fields(rows: Sequence[Fields], settings: StoreSettings) -> Effects[list[Vectors]]:
    """Return the vectors of each row's fields; each distinct text is embedded once, and none without an index."""
    if settings.embedder is None:
        return [()] * len(rows)
    distinct = list(dict.fromkeys(text for fields in rows for _, text in fields))
    vectors = dict(zip(distinct, (yield EmbedDocuments(distinct)), strict=True)) if distinct else {}
    return [[(name, vectors[text]) for name, text in fields] for fields in rows]
