"""Compares embedding vectors. Needs numpy, which the `vectors` extra installs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from langgraph_memory.exceptions import EmbeddingError, MissingExtraError

Metric = Literal["cosine", "l2", "inner_product"]


def require_numpy() -> None:
    """Raise MissingExtraError when numpy is not installed."""
    _numpy()


def pack(vector: Sequence[float], dims: int) -> bytes:
    """Return a vector as float32 bytes.

    Raises EmbeddingError when it has not `dims` numbers, or one of them is not finite.
    """
    np = _numpy()
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
    return cast(bytes, array.tobytes())


def similarities(query: bytes, vectors: Sequence[bytes], metric: Metric = "cosine") -> list[float]:
    """Return how close each vector is to `query`, greater is closer: cosine, dot product, or minus the distance."""
    if not vectors:
        return []
    np = _numpy()
    wanted = np.frombuffer(query, dtype="<f4")
    matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), -1)
    scores = -np.linalg.norm(matrix - wanted, axis=1) if metric == "l2" else matrix @ wanted
    if metric == "cosine":
        lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(wanted)
        scores = np.divide(scores, lengths, out=np.zeros_like(scores), where=lengths > 0)
    return cast("list[float]", scores.tolist())


def best_matches(query: bytes, rows: Sequence[int], vectors: Sequence[bytes], metric: Metric) -> dict[int, float]:
    """Return for each row how well the closest of its vectors matches, 0..1 (an inner product: 0 or more)."""
    best: dict[int, float] = {}
    for row, score in zip(rows, similarities(query, vectors, metric), strict=True):
        match = 1.0 / (1.0 - score) if metric == "l2" else max(0.0, score)
        best[row] = max(match, best.get(row, 0.0))
    return best


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingExtraError(
            "an index needs numpy; install it with: pip install 'langgraph-curated-memory[vectors]'."
        ) from error
    return numpy
