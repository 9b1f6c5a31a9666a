"""Making the vectors of a file anew, a page at a time, so that it can be interrupted and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from langgraph_memory.effects.effect import Effects
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.flows.vectors import embed_fields
from langgraph_memory.operations.embedding import indexed_texts
from langgraph_memory.operations.rows import embedded_texts
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans import index
from langgraph_memory.plans.index import Unembedded

_PAGE = 200

Progress = Callable[[int, int], None]
"""Called with how many rows are done, and how many there are."""


def reindex(on_progress: Progress | None, settings: StoreSettings) -> Effects[int]:
    """Embed every row that has no vector of this index, and return how many that were."""
    if settings.embedder is None:
        raise InvalidInputError("there is nothing to index with; open the store with index={...}.")
    identity = settings.embedder.identity
    total: int = yield index.begin_reindex(identity)
    done, after = 0, -1
    while rows := (yield index.unembedded(after, _PAGE)):
        vectors = yield from embed_fields([_texts_of(row, settings) for row in rows], settings)
        yield index.embed_rows(identity, rows, vectors)
        done, after = done + len(rows), rows[-1].memory_no
        if on_progress is not None:
            on_progress(done, max(total, done))
    return done


def embed_amended(owner_id: str, settings: StoreSettings) -> Effects[None]:
    """Embed the summaries of an owner that were told anew without something that holds no longer."""
    if settings.embedder is None:
        return
    rows: list[Unembedded] = yield index.unembedded_summaries(owner_id)
    if rows:
        vectors = yield from embed_fields([_texts_of(row, settings) for row in rows], settings)
        yield index.embed_rows(settings.embedder.identity, rows, vectors)


def _texts_of(row: Unembedded, settings: StoreSettings) -> Sequence[tuple[str, str]]:
    return (
        embedded_texts(row.memory.content, row.memory.context)
        if row.memory is not None
        else indexed_texts(row.value, settings.fields)
    )
