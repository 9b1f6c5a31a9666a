"""Compares embedding vectors, and tells those of one index from others. Needs numpy (extra `vectors`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import isfinite, sqrt
from typing import Any, Literal, Self, cast

from langgraph_memory.errors import EmbeddingError, MissingExtraError

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


_ROUNDED = 5e-7
"""How far off a match of float32 may be by its own rounding."""
_SCORED = [("row", ">u4"), ("score", ">f4")]
CONTEXT = "context"
"""The field whose vector is of the text around a memory, not of its own."""


@dataclass(frozen=True, slots=True)
class Close:
    """How close rows are to a query: sorted rows, the score of each, greater is closer, and its slack.

    A score is the dot product (the cosine, of vectors of length 1) or minus the distance; of several vectors of a row
    the closest counts. It is off by its slack at most; without any it is exact.
    """

    rows: Any
    scores: Any
    slack: Any

    @classmethod
    def of(cls, found: Any) -> Close:
        """Return what an engine found: these arrays, or each row and its exact score in 4 bytes each, big endian."""
        if isinstance(found, tuple):
            return cls(*found)
        np = numpy()
        exact = np.frombuffer(found, dtype=_SCORED)
        return cls(exact["row"].astype("<u4"), exact["score"].astype("<f4"), np.zeros(len(exact), dtype="<f4"))

    def __len__(self) -> int:
        return len(self.rows)

    def without(self, rows: Sequence[int]) -> Close:
        """Return how close the others are."""
        kept = ~numpy().isin(self.rows, rows)
        return Close(self.rows[kept], self.scores[kept], self.slack[kept])

    def among(self, rows: Sequence[int]) -> Close:
        """Return how close some rows are."""
        kept = numpy().isin(self.rows, rows)
        return Close(self.rows[kept], self.scores[kept], self.slack[kept])

    def matches(self, metric: Metric) -> tuple[Any, Any]:
        """Return the match of each row, 0..1 whatever the metric (an inner product: 0 or more), and its slack."""
        np = numpy()
        if metric != "l2":
            return np.maximum(self.scores, 0.0), self.slack
        found = 1.0 / (1.0 - self.scores)
        nearest, farthest = np.minimum(self.scores + self.slack, 0.0), self.scores - self.slack
        slack = np.maximum(1.0 / (1.0 - nearest) - found, found - 1.0 / (1.0 - farthest))
        return found, np.where(self.slack > 0.0, slack + _ROUNDED, np.float32(0.0))


@dataclass(slots=True)
class Closeness:
    """How close each row's own vectors, and that of its context, are to a query."""

    own: Close
    context: Close

    @classmethod
    def from_row(cls, row: Any) -> Closeness:
        """Return what an engine found."""
        return cls(Close.of(row["own"]), Close.of(row[CONTEXT]))

    def leave_out(self, rows: Sequence[int]) -> None:
        """Forget how close some rows are: their vectors are of other words than are asked about."""
        if rows:
            self.own, self.context = self.own.without(rows), self.context.without(rows)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget how close all but some rows are."""
        self.own, self.context = self.own.among(rows), self.context.among(rows)


@cache
def numpy() -> Any:
    """Return numpy; raises MissingExtraError when it is not installed."""
    try:
        import numpy as module
    except ImportError as error:
        raise MissingExtraError.of("an index needs numpy", "vectors") from error
    return module


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """The size of the vectors, how they are compared, and the model where its name is known."""

    dims: int
    metric: Metric
    model: str = ""

    def fits(self, other: IndexIdentity) -> bool:
        """Return whether the vectors of both compare; a model without a name could be any."""
        same_model = not (self.model and other.model) or self.model == other.model
        return (self.dims, self.metric) == (other.dims, other.metric) and same_model

    def to_json(self) -> str:
        """Return what the file keeps."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `to_json` made `text` from."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return f"{self.model or 'a model without a name'} ({self.dims} dimensions, {self.metric})"


@dataclass(frozen=True, slots=True)
class VectorSearch:
    """A packed query, and how vectors are compared with it."""

    query: bytes
    metric: Metric
