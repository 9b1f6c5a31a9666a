"""Keeps vectors in blocks: loose until there are enough to seal into one, which is read many times faster."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from threading import Lock
from typing import Any

from langgraph_memory.engine.query import Answer, Plan, Query, Row

BLOCK = 128
"""How many vectors are sealed into one block."""

HEAD = 4
"""The share of a vector's numbers, one in so many, that tells most vectors apart from one that is close."""
_ROUNDING = 1e-4
_AT_ONCE = 1024
"""How many vectors are looked at at a time: the processor's nearest cache holds a number for each."""
_ENTRY = 4096
"""Bytes that are counted for a partition at hand beside its vectors, so that those without any are bounded too."""
_GROWTH = 8
"""By how many times the vectors at hand are more than those of the newest blocks, which are kept apart from them."""

_CONTEXT = "context"
_ROW = (1 << 31) - 1


def vector_answers(shelf: Shelf, loose: Shelf) -> Mapping[str, Answer]:
    """Return the queries over vectors that are answered by several statements.

    `shelf` keeps what was read of the blocks, `loose` the vectors that are in none yet.
    """
    return {
        "put_vectors": lambda query: _put(query, shelf, loose),
        "closeness": lambda query: _closeness(query, shelf, loose),
        "erase_vectors": lambda query: _both("erase_vector_blocks", "erase_vector_rows", query),
        "drop_vectors": lambda query: _both("drop_vector_blocks", "drop_vector_rows", query),
    }


def seal(vectors: Sequence[tuple[int, str, bytes]]) -> tuple[bytes, bytes]:
    """Return the slots and the vectors of a block made of (row, field, vector) triples of one size.

    A slot is the row's number in its partition, and a bit that says whether the vector is of the context.
    """
    slots = [(row & _ROW) << 1 | (field == _CONTEXT) for row, field, _ in vectors]
    return b"".join(slot.to_bytes(4, "little") for slot in slots), b"".join(vector for _, _, vector in vectors)


@dataclass(frozen=True)
class Held:
    """Vectors as a matrix, with the slot of each row of it."""

    slots: Any
    matrix: Any

    @cached_property
    def heads(self) -> tuple[list[Any], Any]:
        """The first numbers of the vectors, some of them at a time and a column for each, and the length of the others."""
        import numpy as np

        first = -(-self.matrix.shape[1] // HEAD)
        tails = self.matrix[:, first:]
        heads = [
            np.ascontiguousarray(self.matrix[start : start + _AT_ONCE, :first].T)
            for start in range(0, len(self.matrix), _AT_ONCE)
        ]
        return heads, np.sqrt(np.einsum("ij,ij->i", tails, tails))

    @property
    def nbytes(self) -> int:
        """How much memory it takes, with its heads."""
        return int(self.matrix.nbytes + self.matrix.nbytes // HEAD)

    def near(self, query: Any, least: float) -> Held:
        """Return those whose dot product with `query` can be `least` or more, and few others.

        No product of the tails is greater than that of their lengths (Cauchy and Schwarz), so a quarter of what is
        held is read to leave out nearly all of it.
        """
        chosen = (self._reach(query) >= least - _ROUNDING).nonzero()[0]
        return Held(self.slots[chosen], self.matrix[chosen])

    def _reach(self, query: Any) -> Any:
        """Return the most that each dot product with `query` can be; of few vectors the product itself."""
        import numpy as np

        if len(self.slots) <= BLOCK:
            return _products(self.matrix, query)
        heads, lengths = self.heads
        head, tail = query[: len(heads[0])], query[len(heads[0]) :]
        reach = np.concatenate([np.einsum("ji,j->i", part, head) for part in heads])
        reach += lengths * sqrt(tail.dot(tail))
        return reach

    def joined(self, other: Held) -> Held:
        """Return these vectors and then those of another."""
        import numpy as np

        return Held(np.concatenate([self.slots, other.slots]), np.concatenate([self.matrix, other.matrix]))

    @classmethod
    def of(cls, blocks: Sequence[tuple[bytes, bytes]], dims: int) -> Held:
        """Return the vectors of some blocks as one matrix."""
        import numpy as np

        slots = np.frombuffer(b"".join(slots for slots, _ in blocks), dtype="<u4")
        return cls(slots, np.frombuffer(b"".join(block for _, block in blocks), dtype="<f4").reshape(-1, dims))


Parts = tuple[Held, ...]
"""The vectors of a partition in the order of their rows, in a few matrices: to add to a large one copies it."""


def grown(parts: Parts, more: Held) -> Parts:
    """Return `parts` and then `more`, few and each many times as large as the next."""
    while parts and len(parts[-1].slots) <= max(BLOCK, _GROWTH * len(more.slots)):
        parts, more = parts[:-1], parts[-1].joined(more)
    return (*parts, more)


class Shelf:
    """Keeps the vectors of the partitions that were read last, within a bound of bytes, for the reads that follow.

    `state` tells one content of a partition from every other, also from one that was rolled back, so what another
    process has changed is never answered from here.
    """

    def __init__(self, most_bytes: int = 256 << 20) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, tuple[int, Parts]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, partition_no: int, state: int) -> Parts | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        with self._lock:
            found = self._kept.get(partition_no)
            if found is None or found[0] != state:
                return None
            self._kept.move_to_end(partition_no)
            return found[1]

    def keep(self, partition_no: int, state: int, vectors: Parts) -> None:
        """Keep vectors in place of what was kept of the partition, and let go what was used longest ago."""
        size = bytes_of(vectors)
        with self._lock:
            if partition_no in self._kept:
                self._bytes -= bytes_of(self._kept.pop(partition_no)[1])
            self._kept[partition_no] = (state, vectors)
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= bytes_of(self._kept.popitem(last=False)[1][1])


def bytes_of(vectors: Parts) -> int:
    """Return how much memory a partition's vectors take."""
    return _ENTRY + sum(part.nbytes for part in vectors)


def closest(query: bytes, held: Sequence[Held], metric: str, least: float | None = None) -> dict[str, bytes]:
    """Return the rows that have vectors and the score of each, as the query `closeness` answers.

    With `least` those that score less may be left out; it counts where vectors are compared by cosine.
    """
    import numpy as np

    wanted = np.frombuffer(query, dtype="<f4")
    if least is not None and metric == "cosine":
        held = [one.near(wanted, least) for one in held]
    held = [one for one in held if len(one.slots)]
    if not held:
        return {"own": b"", _CONTEXT: b""}
    slots = np.concatenate([one.slots for one in held])
    scores = np.concatenate([_similarities(wanted, one.matrix, metric) for one in held])
    around, used = (slots & 1).astype(bool), slots > 1
    own, context = used & ~around, used & around
    return {"own": _packed(slots[own] >> 1, scores[own]), _CONTEXT: _packed(slots[context] >> 1, scores[context])}


def _put(query: Query, shelf: Shelf, loose: Shelf) -> Plan[Sequence[Row]]:
    """Store the vectors of a row, and seal those of its partition when there are enough loose ones."""
    place = {"partition": query.params["partition"]}
    (before,) = yield Query("vector_state", place)
    yield Query("put_vector", query.params, query.rows)
    (state,) = yield Query("vector_state", place)
    if state["loose_vectors"] < BLOCK:
        _add_loose(loose, before, state, query)
        return ()
    rows = yield Query("loose_vectors", place)
    block = seal([(row["memory_no"], row["field"], row["vector"]) for row in rows])
    number = {"partition_no": state["partition_no"]}
    (made,) = yield Query("put_vector_block", {**number, "slots": block[0], "vectors": block[1]})
    places = [{"memory_no": row["memory_no"], "field": row["field"], "slot": slot} for slot, row in enumerate(rows)]
    yield Query("seal_vector", {**number, "block_no": made["block_no"]}, places)
    (after,) = yield Query("vector_state", place)
    kept = shelf.find(before["partition_no"], before["blocks_state"])
    _grow(shelf, kept, after["partition_no"], after["blocks_state"], block, len(rows))
    return ()


def _add_loose(loose: Shelf, before: Row, after: Row, query: Query) -> None:
    """Keep what was loose and what was just put, so that the next comparison need not read it."""
    kept = loose.find(before["partition_no"], before["loose_state"])
    if kept and query.rows:
        block = seal([(query.params["memory_no"], row["field"], row["vector"]) for row in query.rows])
        _grow(loose, kept, after["partition_no"], after["loose_state"], block, len(query.rows))


def _grow(shelf: Shelf, kept: Parts | None, partition_no: int, state: int, block: tuple[bytes, bytes], n: int) -> None:
    """Keep what was kept and a block of `n` more vectors, unless one of them is of another size."""
    dims = kept[0].matrix.shape[1] if kept else 0
    if kept and len(block[1]) == 4 * dims * n:
        shelf.keep(partition_no, state, grown(kept, Held.of([block], dims)))


def _closeness(query: Query, shelf: Shelf, loose: Shelf) -> Plan[Sequence[Row]]:
    """Compare a query with every vector of a partition, in blocks and loose."""
    place, vector, least = {"partition": query.params["partition"]}, query.params["vector"], query.params["least"]
    dims = len(vector) // 4
    (state,) = yield Query("vector_state", place)
    sealed = shelf.find(state["partition_no"], state["blocks_state"])
    if sealed is None:
        sealed = yield from _blocks(place, dims)
        least = None if len(sealed[0].slots) > BLOCK else least  # once, they are compared sooner than taken apart
        shelf.keep(state["partition_no"], state["blocks_state"], sealed)
    others = loose.find(state["partition_no"], state["loose_state"])
    if others is None:
        rows = yield Query("loose_vectors", place)
        others = (Held.of([seal([(row["memory_no"], row["field"], row["vector"]) for row in rows])], dims),)
        loose.keep(state["partition_no"], state["loose_state"], others)
    return [closest(vector, [*sealed, *others], query.params["metric"], least)]


def _blocks(place: Mapping[str, Any], dims: int) -> Plan[Parts]:
    """Read the blocks of a partition one by one into one matrix: memory that is new costs more than to copy."""
    import numpy as np

    blocks = yield Query("vector_slots", place)
    slots = np.frombuffer(b"".join(row["slots"] for row in blocks), dtype="<u4")
    matrix, start = np.empty((len(slots), dims), dtype="<f4"), 0
    for row in blocks:
        (block,) = yield Query("vector_block", {**place, "block_no": row["block_no"]})
        part = np.frombuffer(block["vectors"], dtype="<f4").reshape(-1, dims)
        matrix[start : start + len(part)] = part
        start += len(part)
    return (Held(slots, matrix),)


def _both(first: str, second: str, query: Query) -> Plan[Sequence[Row]]:
    yield Query(first, query.params)
    yield Query(second, query.params)
    return ()


def _similarities(query: Any, matrix: Any, metric: str) -> Any:
    """Return how close each stored vector is; those compared by cosine were stored with length 1."""
    import numpy as np

    return -np.linalg.norm(matrix - query, axis=1) if metric == "l2" else _products(matrix, query)


def _products(matrix: Any, query: Any) -> Any:
    """Return the dot product of each row with a query.

    Not by `@`: the threads it starts for a large matrix wait for each other, on busy processors for tens of
    milliseconds, and gain nothing where memory is what limits.
    """
    import numpy as np

    return np.einsum("ij,j->i", matrix, query)


def _packed(rows: Any, scores: Any) -> bytes:
    """Return each row and its score in 4 bytes each, big endian."""
    import numpy as np

    rows, scores = _best_of_row(rows, scores)
    found = np.empty(len(rows), dtype=[("row", ">u4"), ("score", ">f4")])
    found["row"], found["score"] = rows, scores
    return found.tobytes()


def _best_of_row(rows: Any, scores: Any) -> tuple[Any, Any]:
    """Return each row once, in order, with the score of the closest of its vectors."""
    import numpy as np

    if len(rows) < 2 or (rows[1:] > rows[:-1]).all():
        return rows, scores
    order = np.argsort(rows, kind="stable")
    distinct, starts = np.unique(rows[order], return_index=True)
    return distinct, np.maximum.reduceat(scores[order], starts)
