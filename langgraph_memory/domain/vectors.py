"""Compares embedding vectors. Needs numpy, which the `vectors` extra installs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, cast

from langgraph_memory.exceptions import EmbeddingError, MissingExtraError

Metric = Literal["cosine", "l2", "inner_product"]


def require_numpy() -> None:
    """Raise MissingExtraError when numpy is not installed."""
    numpy()


def pack(vector: Sequence[float], dims: int, metric: Metric = "cosine") -> bytes:
    """Return a vector as float32 bytes, with length 1 where only its direction counts.

    Raises EmbeddingError when it has not `dims` numbers, or one of them is not finite.
    """
    np = numpy()
    try:
        array = np.asarray(vector, dtype="<f4")
    except (TypeError, ValueError) as error:
        raise EmbeddingError(f"the embedder returned something that is no vector of numbers ({error}).") from error
    if array.shape != (dims,):
        raise EmbeddingError(
            f"the embedder returned a vector of shape {array.shape}, and index['dims'] is {dims}; make them agree."
        )
    if not np.isfinite(array).all():
        raise EmbeddingError("the embedder returned a vector that holds NaN or infinity; nothing was stored.")
    length = float(np.linalg.norm(array.astype("f8"))) if metric == "cosine" else 1.0
    return cast(bytes, (array / np.float32(length) if length > 0.0 else array).astype("<f4").tobytes())


BLOCK = 128
"""How many vectors are sealed into one block."""
CONTEXT = "context"
"""The field whose vector is of the text around a memory, not of its own."""

_ROW = (1 << 31) - 1


def seal(vectors: Sequence[tuple[int, str, bytes]]) -> tuple[bytes, bytes]:
    """Return the slots and the vectors of a block made of (row, field, vector) triples of one size."""
    slots = [(row & _ROW) << 1 | (field == CONTEXT) for row, field, _ in vectors]
    return pack_into(slots), b"".join(vector for _, _, vector in vectors)


def pack_into(slots: Sequence[int]) -> bytes:
    """Return whole numbers as 4 bytes each, little endian."""
    return b"".join(slot.to_bytes(4, "little") for slot in slots)


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors as a matrix, with the slot of each row of it."""

    slots: Any
    matrix: Any

    @classmethod
    def of(cls, blocks: Sequence[tuple[bytes, bytes]], dims: int) -> Vectors:
        """Return the vectors of some blocks as one matrix."""
        np = numpy()
        slots = np.frombuffer(b"".join(slots for slots, _ in blocks), dtype="<u4")
        return cls(slots, np.frombuffer(b"".join(block for _, block in blocks), dtype="<f4").reshape(-1, dims))


class Shelf:
    """Keeps the blocks of the partitions that were read last, within a bound of bytes, for the reads that follow.

    `state` tells one content of a partition's blocks from every other, so what another process has changed is never
    answered from here.
    """

    def __init__(self, most_bytes: int = 256 << 20) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, tuple[int, Vectors]] = OrderedDict()
        self._lock = Lock()

    def find(self, partition_no: int, state: int) -> Vectors | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        with self._lock:
            found = self._kept.get(partition_no)
            if found is None or found[0] != state:
                return None
            self._kept.move_to_end(partition_no)
            return found[1]

    def keep(self, partition_no: int, state: int, vectors: Vectors) -> None:
        """Keep vectors in place of what was kept of the partition, and let go what was used longest ago."""
        with self._lock:
            self._kept.pop(partition_no, None)
            if vectors.matrix.nbytes:
                self._kept[partition_no] = (state, vectors)
            while self._kept and sum(one.matrix.nbytes for _, one in self._kept.values()) > self._most_bytes:
                self._kept.popitem(last=False)


class Closeness:
    """How close each row's own vectors, and that of its context, are to a query: greater is closer.

    Of several vectors of a row the closest counts. `kinds` are the own and the context ones, each a sorted array of
    rows and one of scores: cosine, dot product, or minus the distance.
    """

    def __init__(self, query: bytes, held: Sequence[Vectors], metric: Metric) -> None:
        np = numpy()
        wanted = np.frombuffer(query, dtype="<f4")
        slots = np.concatenate([one.slots for one in held])
        scores = np.concatenate([_similarities(wanted, one.matrix, metric) for one in held])
        around, used = (slots & 1).astype(bool), slots > 1
        self.kinds = tuple(
            _best_of_row(slots[chosen] >> 1, scores[chosen]) for chosen in (used & ~around, used & around)
        )

    def own(self) -> dict[int, float]:
        """Return the score of each row that has vectors of its own."""
        rows, scores = self.kinds[0]
        return dict(zip(rows.tolist(), scores.tolist(), strict=True))

    def matches(self, metric: Metric) -> list[tuple[Any, Any]]:
        """Return rows and matches of both kinds: 0..1, whatever the metric (an inner product: 0 or more)."""
        np = numpy()
        return [
            (rows, 1.0 / (1.0 - scores) if metric == "l2" else np.maximum(scores, 0.0)) for rows, scores in self.kinds
        ]


def _similarities(query: Any, matrix: Any, metric: Metric) -> Any:
    """Return how close each stored vector is; those compared by cosine were stored with length 1."""
    return -numpy().linalg.norm(matrix - query, axis=1) if metric == "l2" else matrix @ query


def _best_of_row(rows: Any, scores: Any) -> tuple[Any, Any]:
    np = numpy()
    if len(rows) < 2 or (rows[1:] > rows[:-1]).all():
        return rows, scores
    order = np.argsort(rows, kind="stable")
    distinct, starts = np.unique(rows[order], return_index=True)
    return distinct, np.maximum.reduceat(scores[order], starts)


def numpy() -> Any:
    """Return numpy; raises MissingExtraError when it is not installed."""
    try:
        import numpy as module
    except ImportError as error:
        raise MissingExtraError(
            "an index needs numpy; install it with: pip install 'langgraph-curated-memory[vectors]'."
        ) from error
    return module
