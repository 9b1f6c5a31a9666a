"""The vectors of a whole file: what made them, and making them anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langgraph_memory.domain.index import IndexIdentity
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row, reads, writes_repeatably
from langgraph_memory.errors import IndexChangedError
from langgraph_memory.operations.rows import Vectors, put_vectors

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
            "store.reindex() or the command reindex, or open the file with the index it had."
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
