"""What a store was opened with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.domain.vectors import Metric
from langgraph_memory.flows.embedding import Embedder


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


@dataclass(slots=True)
class StoreSettings:
    """The embedder and its fields, the registry of types, how often to sweep, and where time and ids come from."""

    embedder: Embedder | None = None
    fields: Sequence[str] = ("$",)
    types: MemoryTypes = field(default_factory=MemoryTypes)
    sweep_every: timedelta | None = None
    clock: Callable[[], datetime] = _now
    new_id: Callable[[], str] = _new_id
    _swept_at: datetime | None = None

    @property
    def metric(self) -> Metric:
        """How vectors are compared."""
        return "cosine" if self.embedder is None else self.embedder.metric

    def sweep_due(self, now: datetime) -> bool:
        """Return whether expired rows are to be deleted now, and remember that they were."""
        if self.sweep_every is None or (self._swept_at is not None and now - self._swept_at < self.sweep_every):
            return False
        self._swept_at = now
        return True
