"""Keeps vectors in blocks: loose until there are enough to seal into one, which is read many times faster."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from langgraph_memory.engine.query import Answer, Plan, Query, Row

BLOCK = 128
"""How many vectors are sealed into one block."""

HEAD = 4
"""The share of a vector's numbers, one in so many, that tells most vectors apart from one that is close."""
_ROUNDING = 1e-4

_CONTEXT = "context"
_ROW = (1 << 31) - 1


def vector_answers(shelf: Shelf) -> Mapping[str, Answer]:
    """Return the queries over vectors that are answered by several statements."""
    return {
        "put_vectors": _put,
        "closeness": lambda query: _closeness(query, shelf),
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
    def heads(self) -> tuple[Any, Any]:
        """The first numbers of each vector, side by side in memory, and the length of all the others."""
        import numpy as np

        first = -(-self.matrix.shape[1] // HEAD)
        tails = self.matrix[:, first:]
        return np.ascontiguousarray(self.matrix[:, :first]), np.sqrt(np.einsum("ij,ij->i", tails, tails))

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        heads = self.__dict__.get("heads")
        return int(self.matrix.nbytes + (heads[0].nbytes if heads else 0))

    def near(self, query: Any, least: float) -> Held:
        """Return those whose dot product with `query` can be `least` or more, and few others.

        No product of the tails is greater than that of their lengths (Cauchy and Schwarz), so a quarter of what is
        held is read to leave out nearly all of it.
        """
        import numpy as np

        heads, lengths = self.heads
        first = heads.shape[1]
        reach = _products(heads, query[:first]) + lengths * np.linalg.norm(query[first:])
        chosen = np.flatnonzero(reach >= least - _ROUNDING)
        return Held(self.slots[chosen], self.matrix[chosen])

    @classmethod
    def of(cls, blocks: Sequence[tuple[bytes, bytes]], dims: int) -> Held:
        """Return the vectors of some blocks as one matrix."""
        import numpy as np

        slots = np.frombuffer(b"".join(slots for slots, _ in blocks), dtype="<u4")
        return cls(slots, np.frombuffer(b"".join(block for _, block in blocks), dtype="<f4").reshape(-1, dims))


class Shelf:
    """Keeps the blocks of the partitions that were read last, within a bound of bytes, for the reads that follow.

    `state` tells one content of a partition's blocks from every other, so what another process has changed is never
    answered from here.
    """

    def __init__(self, most_bytes: int = 256 << 20) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, tuple[int, Held]] = OrderedDict()
        self._lock = Lock()

    def find(self, partition_no: int, state: int) -> Held | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        with self._lock:
            found = self._kept.get(partition_no)
            if found is None or found[0] != state:
                return None
            self._kept.move_to_end(partition_no)
            return found[1]

    def keep(self, partition_no: int, state: int, vectors: Held) -> None:
        """Keep vectors in place of what was kept of the partition, and let go what was used longest ago."""
        with self._lock:
            self._kept.pop(partition_no, None)
            if vectors.nbytes:
                self._kept[partition_no] = (state, vectors)
            while self._kept and sum(one.nbytes for _, one in self._kept.values()) > self._most_bytes:
                self._kept.popitem(last=False)


def closest(query: bytes, held: Sequence[Held], metric: str, least: float | None = None) -> dict[str, bytes]:
    """Return the rows that have vectors and the score of each, as the query `closeness` answers.

    With `least` those that score less may be left out; it counts where vectors are compared by cosine.
    """
    import numpy as np

    wanted = np.frombuffer(query, dtype="<f4")
    if least is not None and metric == "cosine":
        held = [one.near(wanted, least) for one in held]
    slots = np.concatenate([one.slots for one in held])
    scores = np.concatenate([_similarities(wanted, one.matrix, metric) for one in held])
    around, used = (slots & 1).astype(bool), slots > 1
    own, context = used & ~around, used & around
    return {"own": _packed(slots[own] >> 1, scores[own]), _CONTEXT: _packed(slots[context] >> 1, scores[context])}


def _put(query: Query) -> Plan[Sequence[Row]]:
    """Store the vectors of a row, and seal those of its partition when there are enough loose ones."""
    yield Query("put_vector", query.params, query.rows)
    place = {"partition": query.params["partition"]}
    (state,) = yield Query("vector_state", place)
    if state["loose_vectors"] < BLOCK:
        return ()
    loose = yield Query("loose_vectors", place)
    slots, vectors = seal([(row["memory_no"], row["field"], row["vector"]) for row in loose])
    number = {"partition_no": state["partition_no"]}
    (block,) = yield Query("put_vector_block", {**number, "slots": slots, "vectors": vectors})
    places = [{"memory_no": row["memory_no"], "field": row["field"], "slot": slot} for slot, row in enumerate(loose)]
    yield Query("seal_vector", {**number, "block_no": block["block_no"]}, places)
    return ()


def _closeness(query: Query, shelf: Shelf) -> Plan[Sequence[Row]]:
    """Compare a query with every vector of a partition, in blocks and loose."""
    place, vector = {"partition": query.params["partition"]}, query.params["vector"]
    dims = len(vector) // 4
    (state,) = yield Query("vector_state", place)
    sealed = shelf.find(state["partition_no"], state["blocks_state"])
    if sealed is None:
        blocks = yield Query("vector_blocks", place)
        sealed = Held.of([(row["slots"], row["vectors"]) for row in blocks], dims)
        shelf.keep(state["partition_no"], state["blocks_state"], sealed)
    loose = yield Query("loose_vectors", place)
    block = seal([(row["memory_no"], row["field"], row["vector"]) for row in loose])
    return [closest(vector, [sealed, Held.of([block], dims)], query.params["metric"], query.params["least"])]


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
