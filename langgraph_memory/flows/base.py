"""Operations written once for sync and async: a flow yields what it needs done, one of two drivers does it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from langgraph_memory.domain.index import IndexIdentity
from langgraph_memory.driver import adrive, drive
from langgraph_memory.engine.base import Engine
from langgraph_memory.engine.query import Operation
from langgraph_memory.exceptions import EmbeddingError
from langgraph_memory.plans.index import claim_index

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

    def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers a query."""
        ...

    async def arerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Same as `rerank`."""
        ...

    @property
    def identity(self) -> IndexIdentity:
        """What tells its vectors from those of another."""
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
class Rerank:
    """Ask the reranker how well texts answer a query; the flow is sent a number for each."""

    query: str
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Later:
    """Run an operation that nobody waits for: it is durable no later than the next write."""

    operation: Operation[Any]


@dataclass(frozen=True, slots=True)
class Scrub:
    """Make what was deleted unreadable in the files; the flow is sent whether that is done."""


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Give the space of what was deleted back to the file system."""


Step = Operation[Any] | Later | EmbedDocuments | EmbedQuery | Rerank | Scrub | Reclaim
Flow = Generator[Step, Any, T]
"""A generator that yields steps and is sent their outcomes. Remote calls are steps of their own, so that none of them
happens inside a transaction."""


@dataclass(frozen=True, slots=True)
class FlowRunner:
    """Performs the steps of flows on an engine, with an embedder where there is one.

    Before it embeds for the first time it makes sure that the file's vectors are of the same index.
    """

    engine: Engine
    embedder: Embeds | None = None
    claimed: set[IndexIdentity] = field(default_factory=set)

    def run(self, flow: Flow[T]) -> T:
        """Run `flow` to its end."""
        return drive(flow, self._perform)

    async def arun(self, flow: Flow[T]) -> T:
        """Same as `run`."""
        return await adrive(flow, self._aperform)

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Operation):
            return self.engine.run(step)
        if isinstance(step, Later):
            return self.engine.run_later(step.operation)
        if isinstance(step, Scrub):
            return self.engine.scrub()
        if isinstance(step, Reclaim):
            return self.engine.reclaim()
        return self._ask(step)

    def _ask(self, step: Rerank | EmbedDocuments | EmbedQuery) -> Any:
        if isinstance(step, Rerank):
            return self._embeds.rerank(step.query, step.texts)
        if self._embeds.identity not in self.claimed:
            self.engine.run(claim_index(self._embeds.identity))
            self.claimed.add(self._embeds.identity)
        if isinstance(step, EmbedDocuments):
            return self._embeds.documents(step.texts)
        return self._embeds.query(step.text)

    async def _aperform(self, step: Step) -> Any:
        if isinstance(step, Operation):
            return await self.engine.arun(step)
        if isinstance(step, Later):
            return await self.engine.arun_later(step.operation)
        if isinstance(step, Scrub):
            return await self.engine.ascrub()
        if isinstance(step, Reclaim):
            return await self.engine.areclaim()
        return await self._aask(step)

    async def _aask(self, step: Rerank | EmbedDocuments | EmbedQuery) -> Any:
        if isinstance(step, Rerank):
            return await self._embeds.arerank(step.query, step.texts)
        if self._embeds.identity not in self.claimed:
            await self.engine.arun(claim_index(self._embeds.identity))
            self.claimed.add(self._embeds.identity)
        if isinstance(step, EmbedDocuments):
            return await self._embeds.adocuments(step.texts)
        return await self._embeds.aquery(step.text)

    @property
    def _embeds(self) -> Embeds:
        if self.embedder is None:
            raise EmbeddingError("nothing can be embedded: the store was opened without an index.")
        return self.embedder
