"""Keeps vectors in blocks: loose until there are enough to seal into one, which is read many times faster."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from langgraph_memory.engine.query import Answer, Plan, Query, Row
from langgraph_memory.engine.sqlite.sketches import Sketches, sketch

BLOCK = 128
"""How many vectors are sealed into one block."""

_FEW = 16
"""How many rows are looked up one by one whose sketches are close; where there are more, every vector is compared."""
_ENTRY = 4096
"""Bytes that are counted for a partition at hand beside its vectors, so that those without any are bounded too."""
_GROWTH = 8
"""By how many times the vectors at hand are more than those of the newest blocks, which are kept apart from them."""

_ROUNDING = 1e-4
_CONTEXT = "context"
_NOTHING = {"own": b"", _CONTEXT: b""}
_ROW = (1 << 31) - 1


def vector_answers(shelf: Shelf[Held], loose: Shelf[Held], sketched: Shelf[Sketches]) -> Mapping[str, Answer]:
    """Return the queries over vectors that are answered by several statements.

    `shelf` keeps what was read of the blocks, `sketched` their sketches, `loose` the vectors that are in none yet.
    """
    return {
        "put_vectors": lambda query: _put(query, shelf, loose),
        "closeness": lambda query: _closeness(query, shelf, loose, sketched),
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
    room: Held | None = None
    """What these are the first rows of: there is room in it for a few that follow, so that they need not be copied."""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return int(self.matrix.nbytes) if self.room is None else self.room.nbytes

    def joined(self, other: Held) -> Held:
        """Return these vectors and then those of another; only one of what is so made of the same vectors lasts."""
        import numpy as np

        count, end = len(self.slots), len(self.slots) + len(other.slots)
        room = self.room
        if room is None or end > len(room.slots):
            most = end + min(end, BLOCK)
            room = Held(np.empty(most, "<u4"), np.empty((most, self.matrix.shape[1]), "<f4"))
            room.slots[:count], room.matrix[:count] = self.slots, self.matrix
        room.slots[count:end], room.matrix[count:end] = other.slots, other.matrix
        return Held(room.slots[:end], room.matrix[:end], room)

    @classmethod
    def of(cls, blocks: Sequence[tuple[bytes, bytes]], dims: int) -> Held:
        """Return the vectors of some blocks as one matrix."""
        import numpy as np

        slots = np.frombuffer(b"".join(slots for slots, _ in blocks), dtype="<u4")
        return cls(slots, np.frombuffer(b"".join(block for _, block in blocks), dtype="<f4").reshape(-1, dims))


class Kept(Protocol):
    """What can be kept at hand."""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        ...


K = TypeVar("K", bound=Kept)

Parts = tuple[Held, ...]
"""The vectors of a partition in the order of their rows, in a few matrices: to add to a large one copies it."""


def grown(parts: Parts, more: Held) -> Parts:
    """Return `parts` and then `more`, few and each many times as large as the next."""
    while parts and len(parts[-1].slots) <= max(BLOCK, _GROWTH * len(more.slots)):
        parts, more = parts[:-1], parts[-1].joined(more)
    return (*parts, more)


class Shelf(Generic[K]):
    """Keeps the vectors of the partitions that were read last, within a bound of bytes, for the reads that follow.

    `state` tells one content of a partition from every other, also from one that was rolled back, so what another
    process has changed is never answered from here.
    """

    def __init__(self, most_bytes: int = 256 << 20) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, tuple[int, tuple[K, ...]]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, partition_no: int, state: int) -> tuple[K, ...] | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        with self._lock:
            found = self._kept.get(partition_no)
            if found is None or found[0] != state:
                return None
            self._kept.move_to_end(partition_no)
            return found[1]

    def keep(self, partition_no: int, state: int, vectors: tuple[K, ...]) -> None:
        """Keep vectors in place of what was kept of the partition, and let go what was used longest ago."""
        size = bytes_of(vectors)
        with self._lock:
            if partition_no in self._kept:
                self._bytes -= bytes_of(self._kept.pop(partition_no)[1])
            self._kept[partition_no] = (state, vectors)
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= bytes_of(self._kept.popitem(last=False)[1][1])


def bytes_of(vectors: tuple[Kept, ...]) -> int:
    """Return how much memory a partition's vectors take."""
    return _ENTRY + sum(part.nbytes for part in vectors)


def closest(query: bytes, held: Sequence[Held], metric: str, least: float | None = None) -> dict[str, bytes]:
    """Return the rows that have vectors and the score of each, as the query `closeness` answers.

    With `least` those that score less are left out, where vectors are compared by cosine.
    """
    import numpy as np

    wanted = np.frombuffer(query, dtype="<f4")
    held = [one for one in held if len(one.slots)]
    if not held:
        return _NOTHING
    slots = np.concatenate([one.slots for one in held])
    scores = np.concatenate([_similarities(wanted, one.matrix, metric) for one in held])
    used = slots > 1
    if least is not None and metric == "cosine":
        used &= scores >= least - _ROUNDING
        if not used.any():
            return _NOTHING
    around = (slots & 1).astype(bool)
    own, context = used & ~around, used & around
    return {"own": _packed(slots[own] >> 1, scores[own]), _CONTEXT: _packed(slots[context] >> 1, scores[context])}


def _put(query: Query, shelf: Shelf[Held], loose: Shelf[Held]) -> Plan[Sequence[Row]]:
    """Store the vectors of a row, and seal those of its partition when there are enough loose ones."""
    place = {"partition": query.params["partition"]}
    corpus = query.params.get("corpus")
    before = (yield Query("vector_state", place))[0] if corpus is None else corpus
    yield Query("put_vector", query.params, query.rows)
    (state,) = yield Query("vector_state", place)
    if state["loose_vectors"] < BLOCK:
        _add_loose(loose, before, state, query)
        return ()
    rows = yield Query("loose_vectors", place)
    block = seal([(row["memory_no"], row["field"], row["vector"]) for row in rows])
    number = {"partition_no": state["partition_no"]}
    sketches = b"".join(sketch(row["vector"]) for row in rows)
    (made,) = yield Query("put_vector_block", {**number, "slots": block[0], "sketches": sketches, "vectors": block[1]})
    places = [{"memory_no": row["memory_no"], "field": row["field"], "slot": slot} for slot, row in enumerate(rows)]
    yield Query("seal_vector", {**number, "block_no": made["block_no"]}, places)
    (after,) = yield Query("vector_state", place)
    kept = shelf.find(before["partition_no"], before["blocks_state"])
    _grow(shelf, kept, after["partition_no"], after["blocks_state"], block, len(rows))
    return ()


def _add_loose(loose: Shelf[Held], before: Row, after: Row, query: Query) -> None:
    """Keep what was loose and what was just put, so that the next comparison need not read it."""
    kept = loose.find(before["partition_no"], before["loose_state"])
    if kept and query.rows:
        block = seal([(query.params["memory_no"], row["field"], row["vector"]) for row in query.rows])
        _grow(loose, kept, after["partition_no"], after["loose_state"], block, len(query.rows))


def _grow(
    shelf: Shelf[Held], kept: Parts | None, partition_no: int, state: int, block: tuple[bytes, bytes], n: int
) -> None:
    """Keep what was kept and a block of `n` more vectors, unless one of them is of another size."""
    dims = kept[0].matrix.shape[1] if kept else 0
    if kept and len(block[1]) == 4 * dims * n:
        shelf.keep(partition_no, state, grown(kept, Held.of([block], dims)))


def _closeness(query: Query, shelf: Shelf[Held], loose: Shelf[Held], sketched: Shelf[Sketches]) -> Plan[Sequence[Row]]:
    """Compare a query with every vector of a partition, in blocks and loose."""
    place, vector = {"partition": query.params["partition"]}, query.params["vector"]
    metric, least = query.params["metric"], query.params["least"]
    state = query.params["corpus"]
    others = loose.find(state["partition_no"], state["loose_state"])
    if others is None:
        others = (_held((yield Query("loose_vectors", place)), len(vector) // 4),)
        loose.keep(state["partition_no"], state["loose_state"], others)
    sealed = None
    if least is not None and metric == "cosine":
        sealed = yield from _near(place, state, vector, least, sketched)
    if sealed is None:
        sealed = yield from _sealed(place, state, len(vector) // 4, shelf)
    return [closest(vector, [*sealed, *others], metric, least)]


def _near(
    place: Mapping[str, Any], state: Row, vector: bytes, least: float, shelf: Shelf[Sketches]
) -> Plan[Parts | None]:
    """Return what there is in blocks of the rows that can be as close as `least`; None when those are many."""
    kept = shelf.find(state["partition_no"], state["blocks_state"])
    if kept is None:
        blocks = yield Query("vector_sketches", place)
        kept = (Sketches.of([(row["slots"], row["sketches"]) for row in blocks]),)
        shelf.keep(state["partition_no"], state["blocks_state"], kept)
    rows = {int(slot) >> 1 for slot in kept[0].near(vector, least)} - {0}
    if not rows or len(rows) > _FEW:
        return None if rows else ()
    numbers = [state["partition_no"] << 32 | row for row in sorted(rows)]
    return (_held((yield Query("vectors_of_rows", {**place, "numbers": numbers})), len(vector) // 4),)


def _held(rows: Sequence[Row], dims: int) -> Held:
    return Held.of([seal([(row["memory_no"], row["field"], row["vector"]) for row in rows])], dims)


def _sealed(place: Mapping[str, Any], state: Row, dims: int, shelf: Shelf[Held]) -> Plan[Parts]:
    """Return the vectors of a partition's blocks."""
    kept = shelf.find(state["partition_no"], state["blocks_state"])
    if kept is None:
        kept = yield from _blocks(place, dims)
        shelf.keep(state["partition_no"], state["blocks_state"], kept)
    return kept


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
