"""Operations written once for sync and async: a flow yields what it needs done, one of two drivers does it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from langgraph_memory.engine.base import Engine
from langgraph_memory.engine.driver import adrive, drive
from langgraph_memory.engine.query import Operation
from langgraph_memory.exceptions import EmbeddingError

T = TypeVar("T")


class Embeds(Protocol):
    """Turns texts into packed vectors."""

    def documents(self, texts: Sequence[str]) -> list[bytes]:
        """Return one vector for each text."""
        ...

    async def adocuments(self, texts: Sequence[str]) -> list[bytes]:
        """Same as `documents`."""
        ...

    def query(self, text: str) -> bytes:
        """Return the vector of a query."""
        ...

    async def aquery(self, text: str) -> bytes:
        """Same as `query`."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedDocuments:
    """Embed texts; the flow is sent one packed vector for each."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class EmbedQuery:
    """Embed a query; the flow is sent its packed vector."""

    text: str


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Give the space of what was deleted back to the file system."""


Step = Operation[Any] | EmbedDocuments | EmbedQuery | Reclaim
Flow = Generator[Step, Any, T]
"""A generator that yields steps and is sent their outcomes. Remote calls are steps of their own, so that none of them
happens inside a transaction."""


@dataclass(frozen=True, slots=True)
class FlowRunner:
    """Performs the steps of flows on an engine, with an embedder where there is one."""

    engine: Engine
    embedder: Embeds | None = None

    def run(self, flow: Flow[T]) -> T:
        """Run `flow` to its end."""
        return drive(flow, self._perform)

    async def arun(self, flow: Flow[T]) -> T:
        """Same as `run`."""
        return await adrive(flow, self._aperform)

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Operation):
            return self.engine.run(step)
        if isinstance(step, Reclaim):
            return self.engine.reclaim()
        if isinstance(step, EmbedDocuments):
            return self._embeds.documents(step.texts)
        return self._embeds.query(step.text)

    async def _aperform(self, step: Step) -> Any:
        if isinstance(step, Operation):
            return await self.engine.arun(step)
        if isinstance(step, Reclaim):
            return await self.engine.areclaim()
        if isinstance(step, EmbedDocuments):
            return await self._embeds.adocuments(step.texts)
        return await self._embeds.aquery(step.text)

    @property
    def _embeds(self) -> Embeds:
        if self.embedder is None:
            raise EmbeddingError("nothing can be embedded: the store was opened without an index.")
        return self.embedder
