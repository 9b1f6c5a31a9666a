"""The indexes of a file: the words of items that were stored without, and vectors, which may all be made anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.search.relevance import postings_in
from langgraph_memory.domain.search.vectors import IndexIdentity
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import EmbedDocuments, Later
from langgraph_memory.effects.transaction import Query, Row, reads, writes_repeatably
from langgraph_memory.errors import IndexChangedError, InvalidInputError
from langgraph_memory.operations.embedding import indexed_texts
from langgraph_memory.operations.rows import Vectors, embedded_texts, put_vectors, with_terms
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


_PAGE = 200
Progress = Callable[[int, int], None]
"""Called with how many rows are done, and how many there are."""


def reindex(on_progress: Progress | None, settings: StoreSettings) -> Effects[int]:
    """Embed every row that has no vector of this index, and return how many that were."""
    if settings.embedder is None:
        raise InvalidInputError("there is nothing to index with; open the store with index={...}.")
    identity = settings.embedder.identity
    total: int = yield begin_reindex(identity)
    done, after = 0, -1
    while rows := (yield unembedded(after, _PAGE)):
        vectors = yield from embed_fields([_texts_of(row, settings) for row in rows], settings)
        yield embed_rows(identity, rows, vectors)
        done, after = done + len(rows), rows[-1].memory_no
        if on_progress is not None:
            on_progress(done, max(total, done))
    return done


def embed_amended(owner_id: str, settings: StoreSettings) -> Effects[None]:
    """Embed the summaries of an owner that were told anew without something that holds no longer."""
    if settings.embedder is None:
        return
    rows: list[Unembedded] = yield unembedded_summaries(owner_id)
    if rows:
        vectors = yield from embed_fields([_texts_of(row, settings) for row in rows], settings)
        yield embed_rows(settings.embedder.identity, rows, vectors)


def _texts_of(row: Unembedded, settings: StoreSettings) -> Sequence[tuple[str, str]]:
    return (
        embedded_texts(row.memory.content, row.memory.context, row.memory.slot)
        if row.memory is not None
        else indexed_texts(row.value, settings.fields)
    )


_LATE_PAGE = 500
_FEW = 16
"""Up to how many items are looked through with each search, which takes less than to note their words."""
Late = dict[str, list[dict[str, Any]]]
"""The first items of each partition whose words are in no index yet, with their words."""


def late_postings(partition: str, terms: Sequence[str], late: Late) -> Effects[tuple[dict[str, str], int, int]]:
    """Return the postings of terms in the items of a partition that are in no index yet, and how much text they are.

    That is how many of them hold terms, and how many terms. The first ones are noted in `late`, and taken from there.
    """
    found: dict[str, str] = {}
    size, total, after = 0, 0, -1
    while True:
        rows = late.get(partition, []) if after < 0 else []
        rows = rows or [with_terms(row) for row in (yield _unindexed(partition, after))]
        late.setdefault(partition, rows)
        for term, held in postings_in(rows, 0, terms).items():
            found[term] = found.get(term, "") + held
        size += sum(row["term_count"] > 0 for row in rows)
        total += sum(row["term_count"] for row in rows)
        if len(rows) < _LATE_PAGE:
            return found, size, total
        after = rows[-1]["memory_no"]


def index_late(late: Late) -> Effects[None]:
    """Note the words of the items of some partitions, page by page, where there are more than a few.

    Nobody waits for it: a search finds them before as well.
    """
    for partition, first in late.items():
        rows = first if len(first) > _FEW else []
        while rows:
            yield Later(note_terms(partition, rows))
            more = (yield unindexed_items(partition, rows[-1]["memory_no"])) if len(rows) == _LATE_PAGE else []
            rows = [with_terms(row) for row in more]


def _unindexed(partition: str, after: int) -> Query:
    return Query("unindexed_items", {"partition": partition, "after": after, "limit": _LATE_PAGE})


@reads
def unindexed_items(partition: str, after: int) -> Effects[Sequence[Row]]:
    """Return a page of the items of a partition whose words are in no index yet."""
    rows: Sequence[Row] = yield _unindexed(partition, after)
    return rows


@writes_repeatably
def note_terms(partition: str, rows: Sequence[Mapping[str, Any]]) -> Effects[None]:
    """Put the terms of some items into the text index, but not of those that were changed in the meantime."""
    yield Query("index_items", {"partition": partition, "last": rows[-1]["memory_no"]}, rows)


_INDEX = "index"


@dataclass(frozen=True, slots=True)
class Unembedded:
    """One row without vectors: a memory, or the value of a plain item; `updated_at` tells whether it was changed."""

    partition: str
    memory_no: int
    updated_at: int
    memory: Memory | None
    value: Mapping[str, object]

    @classmethod
    def of(cls, row: Row) -> Unembedded:
        """Return what a row holds."""
        memory = None if row["memory_type"] is None else Memory.remains(row)
        value = json.loads(row["value"]) if memory is None else {}
        return cls(row["partition"], row["memory_no"], row["updated_at"], memory, value)


@writes_repeatably
def claim_index(identity: IndexIdentity) -> Effects[None]:
    """Note what makes the file's vectors; raises IndexChangedError when something else made those that are there."""
    known = yield from _known()
    if known is None:
        yield Query("put_setting", {"name": _INDEX, "value": identity.to_json()})
    elif not identity.fits(known):
        raise IndexChangedError(
            f"the vectors in this file are of {known} and the index is {identity}; make them anew with "
            "memory.admin.reindex() or the command db reindex, or open the file with the index it had."
        )


@writes_repeatably
def begin_reindex(identity: IndexIdentity) -> Effects[int]:
    """Drop the vectors of another index, note the new one, and return how many rows are to be embedded."""
    known = yield from _known()
    if known is not None and not identity.fits(known):
        yield Query("drop_vectors")
    yield Query("put_setting", {"name": _INDEX, "value": identity.to_json()})
    (count,) = yield Query("count_unembedded")
    return int(count["rows"])


@reads
def unembedded(after: int, limit: int) -> Effects[list[Unembedded]]:
    """Return a page of the rows without vectors, in the order of their numbers."""
    rows = yield Query("unembedded", {"after": after, "limit": limit})
    return [Unembedded.of(row) for row in rows]


@reads
def unembedded_summaries(owner_id: str) -> Effects[list[Unembedded]]:
    """Return the live summaries of an owner that have no vector."""
    rows = yield Query("unembedded_summaries", {"partition": owner_partition(owner_id)})
    return [Unembedded.of(row) for row in rows]


@writes_repeatably
def embed_rows(identity: IndexIdentity, rows: Sequence[Unembedded], vectors: Sequence[Vectors]) -> Effects[None]:
    """Store the vectors of some rows, but not of those that were changed or embedded in the meantime.

    Raises IndexChangedError when the file was re-indexed for another index in the meantime.
    """
    yield from claim_index(identity)
    by_partition: dict[str, list[tuple[Unembedded, Vectors]]] = {}
    for one, embedded in zip(rows, vectors, strict=True):
        by_partition.setdefault(one.partition, []).append((one, embedded))
    for partition, found in sorted(by_partition.items()):
        numbers = [one.memory_no for one, _ in found]
        left = yield Query("still_unembedded", {"partition": partition, "numbers": numbers})
        unchanged = {(row["memory_no"], row["updated_at"]) for row in left}
        for one, embedded in found:
            if (one.memory_no, one.updated_at) in unchanged:
                yield from put_vectors(partition, one.memory_no, embedded)


def _known() -> Effects[IndexIdentity | None]:
    rows = yield Query("setting", {"name": _INDEX})
    return IndexIdentity.from_json(rows[0]["value"]) if rows else None
