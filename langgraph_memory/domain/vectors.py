"""Compares embedding vectors. Needs numpy, which the `vectors` extra installs."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, sqrt
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
    exact = array.astype("f8")  # in which no square of a float32 overflows
    square = float(exact.dot(exact))
    if not isfinite(square):
        raise EmbeddingError("the embedder returned a vector that holds NaN or infinity; nothing was stored.")
    length = sqrt(square) if metric == "cosine" else 1.0
    return cast(bytes, (array / np.float32(length) if length > 0.0 else array).tobytes())


_SCORED = [("row", ">u4"), ("score", ">f4")]

CONTEXT = "context"
"""The field whose vector is of the text around a memory, not of its own."""


class Closeness:
    """How close each row's own vectors, and that of its context, are to a query: greater is closer.

    `kinds` are the own and the context ones, each a sorted array of rows and one of scores: dot product (the cosine,
    of vectors of length 1) or minus the distance. Of several vectors of a row the closest counts.
    """

    def __init__(self, own: tuple[Any, Any], context: tuple[Any, Any]) -> None:
        self.kinds: tuple[tuple[Any, Any], ...] = (own, context)

    @classmethod
    def from_row(cls, row: Any) -> Closeness:
        """Return what an engine found: `own` and `context`, each a row and its score in 4 bytes each, big endian."""
        np = numpy()
        own, context = (np.frombuffer(row[name], dtype=_SCORED) for name in ("own", CONTEXT))
        return cls(*((found["row"].astype("<u4"), found["score"].astype("<f4")) for found in (own, context)))

    def leave_out(self, rows: Sequence[int]) -> None:
        """Forget how close some rows are: their vectors are of other words than are asked about."""
        if rows:
            np = numpy()
            kept = [~np.isin(found, rows) for found, _ in self.kinds]
            self.kinds = tuple(
                (found[keep], scores[keep]) for keep, (found, scores) in zip(kept, self.kinds, strict=True)
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


def numpy() -> Any:
    """Return numpy; raises MissingExtraError when it is not installed."""
    try:
        import numpy as module
    except ImportError as error:
        raise MissingExtraError(
            "an index needs numpy; install it with: pip install 'langgraph-curated-memory[vectors]'."
        ) from error
    return module
