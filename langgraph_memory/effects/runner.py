"""The one runner of effects, and those that need an engine or an embedder."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from langgraph_memory.effects.effect import Call, Effect, Effects, adrive, drive
from langgraph_memory.effects.engine import Engine
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.errors import EmbeddingError
from langgraph_memory.telemetry import operation, waiting, watched

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
    def identity(self) -> Hashable:
        """What tells its vectors from those of another."""
        ...


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs effects on an engine, with an embedder where there is one.

    Before it embeds for the first time it makes sure, by `claim`, that the file's vectors are of the same index.
    """

    engine: Engine
    embedder: Embeds | None = None
    claim: Callable[[Any], Transaction[Any]] | None = None
    claimed: set[Hashable] = field(default_factory=set)

    def run(self, effects: Effects[T] | Transaction[T], name: str | None = None) -> T:
        """Run `effects` to their end; `name` is what who watches is told, by default the generator's own."""
        if watched():
            return self._run_watched(effects, name or _name(effects))
        return self.engine.run(effects) if isinstance(effects, Transaction) else drive(effects, self._perform)

    async def arun(self, effects: Effects[T] | Transaction[T], name: str | None = None) -> T:
        """Same as `run`."""
        if watched():
            return await self._arun_watched(effects, name or _name(effects))
        if isinstance(effects, Transaction):
            return await self.engine.arun(effects)
        return await adrive(effects, self._aperform)

    def _run_watched(self, effects: Effects[T] | Transaction[T], name: str) -> T:
        with operation(name) as told:
            if isinstance(effects, Transaction):
                outcome: T = self._perform_watched(effects)
            else:
                outcome = drive(effects, self._perform_watched)
            told(outcome)
            return outcome

    async def _arun_watched(self, effects: Effects[T] | Transaction[T], name: str) -> T:
        with operation(name) as told:
            if isinstance(effects, Transaction):
                outcome: T = await self._aperform_watched(effects)
            else:
                outcome = await adrive(effects, self._aperform_watched)
            told(outcome)
            return outcome

    def _perform(self, effect: Effect) -> Any:
        return effect.perform(self)

    async def _aperform(self, effect: Effect) -> Any:
        return await effect.aperform(self)

    def _perform_watched(self, effect: Effect) -> Any:
        with _seen(effect) as timed:
            return timed.perform(self)

    async def _aperform_watched(self, effect: Effect) -> Any:
        with _seen(effect) as timed:
            return await timed.aperform(self)

    @property
    def embeds(self) -> Embeds:
        """The embedder; raises EmbeddingError where there is none."""
        if self.embedder is None:
            raise EmbeddingError("nothing can be embedded: the store was opened without an index.")
        return self.embedder

    @property
    def unclaimed(self) -> Transaction[Any] | None:
        """What has to run before the first vector is made."""
        identity = self.embeds.identity
        return None if self.claim is None or identity in self.claimed else self.claim(identity)


def _name(effects: Any) -> str:
    """Return the name of the function that a generator or a transaction comes from."""
    queries = getattr(effects.start, "func", None) if isinstance(effects, Transaction) else effects
    return getattr(queries, "__name__", "transaction").lstrip("_")


@contextmanager
def _seen(effect: Effect) -> Iterator[Effect]:
    """Yield an effect that is watched: a transaction for how long it waits, what calls a model by a span of its own."""
    if isinstance(effect, Transaction):
        yield replace(effect, start=waiting(effect.start))
    elif isinstance(effect, (_Embedding, Rerank)):
        with operation(effect.watched_as, texts=effect.count):
            yield effect
    else:
        yield effect


@dataclass(frozen=True, slots=True)
class _Embedding:
    """Embeds, once the file's vectors are known to be of the same index."""

    watched_as: ClassVar[str] = "embed"

    @property
    def count(self) -> int:
        """How many texts are embedded."""
        return 1

    def perform(self, runner: Runner, /) -> Any:
        """Claim the index where that has not been done, and embed."""
        if (claim := runner.unclaimed) is not None:
            runner.engine.run(claim)
            runner.claimed.add(runner.embeds.identity)
        return self._embed(runner.embeds)

    async def aperform(self, runner: Runner, /) -> Any:
        """Same as `perform`."""
        if (claim := runner.unclaimed) is not None:
            await runner.engine.arun(claim)
            runner.claimed.add(runner.embeds.identity)
        return await self._aembed(runner.embeds)

    def _embed(self, embeds: Embeds) -> Any:
        raise NotImplementedError

    async def _aembed(self, embeds: Embeds) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class EmbedDocuments(_Embedding):
    """Embed texts; the answer is one packed vector for each."""

    texts: Sequence[str]

    @property
    def count(self) -> int:
        """How many texts are embedded."""
        return len(self.texts)

    def _embed(self, embeds: Embeds) -> list[bytes]:
        return embeds.documents(self.texts)

    async def _aembed(self, embeds: Embeds) -> list[bytes]:
        return await embeds.adocuments(self.texts)


@dataclass(frozen=True, slots=True)
class EmbedQuery(_Embedding):
    """Embed a query; the answer is its packed vector."""

    text: str

    def _embed(self, embeds: Embeds) -> bytes:
        return embeds.query(self.text)

    async def _aembed(self, embeds: Embeds) -> bytes:
        return await embeds.aquery(self.text)


@dataclass(frozen=True, slots=True)
class Rerank:
    """Ask the reranker how well texts answer a query; the answer is a number for each."""

    watched_as: ClassVar[str] = "rerank"

    query: str
    texts: Sequence[str]

    @property
    def count(self) -> int:
        """How many texts are compared."""
        return len(self.texts)

    def perform(self, runner: Runner, /) -> list[float]:
        """Ask it."""
        return runner.embeds.rerank(self.query, self.texts)

    async def aperform(self, runner: Runner, /) -> list[float]:
        """Same as `perform`."""
        return await runner.embeds.arerank(self.query, self.texts)


@dataclass(frozen=True, slots=True)
class Later:
    """Run a transaction that nobody waits for: it is durable no later than the next write."""

    transaction: Transaction[Any]

    def perform(self, runner: Runner, /) -> None:
        """Hand it to the engine."""
        runner.engine.run_later(self.transaction)

    async def aperform(self, runner: Runner, /) -> None:
        """Same as `perform`."""
        await runner.engine.arun_later(self.transaction)


@dataclass(frozen=True, slots=True)
class Scrub:
    """Make what was deleted unreadable in the files; the answer is whether that is done."""

    def perform(self, runner: Runner, /) -> bool:
        """Scrub."""
        return runner.engine.scrub()

    async def aperform(self, runner: Runner, /) -> bool:
        """Same as `perform`."""
        return await runner.engine.ascrub()


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Give the space of what was deleted back to the file system."""

    def perform(self, runner: Runner, /) -> None:
        """Reclaim."""
        runner.engine.reclaim()

    async def aperform(self, runner: Runner, /) -> None:
        """Same as `perform`."""
        await runner.engine.areclaim()


def apart(runner: Runner, effects: Effects[T] | Transaction[T]) -> Effects[T]:
    """Run effects on a runner of their own, as one call of a generator that has another runner or none."""
    result: T = yield Call(lambda: runner.run(effects), lambda: runner.arun(effects))
    return result
