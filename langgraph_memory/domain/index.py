"""What made the vectors of a file: only vectors of one model, one size and one metric compare."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

from langgraph_memory.domain.vectors import Metric


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
