"""The one runner of effects, and those that need an engine or an embedder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

from langgraph_memory.effects.effect import Call, Effect, Effects, adrive, drive, together
from langgraph_memory.effects.transaction import Engine, Transaction
from langgraph_memory.errors import EmbeddingError
from langgraph_memory.telemetry import operation, waiting, watched

T = TypeVar("T")


class Embeds(Protocol):
    """Turns texts into packed vectors; its methods yield calls alone."""

    def documents(self, texts: Sequence[str]) -> Effects[list[bytes]]:
        """Return one vector for each text."""

    def query(self, text: str) -> Effects[bytes]:
        """Return the vector of a query."""

    def rerank(self, query: str, texts: Sequence[str]) -> Effects[list[float]]:
        """Return how well each text answers a query."""

    @property
    def identity(self) -> Hashable:
        """What tells its vectors from those of another."""


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
            return drive(_told(effects, name or _name(effects)), lambda effect: self._watched_call(effect).sync())
        return self.engine.run(effects) if isinstance(effects, Transaction) else drive(effects, self._perform)

    async def arun(self, effects: Effects[T] | Transaction[T], name: str | None = None) -> T:
        """Same as `run`."""
        if watched():
            return await adrive(
                _told(effects, name or _name(effects)), lambda effect: self._watched_call(effect).in_loop()
            )
        if isinstance(effects, Transaction):
            return await self.engine.arun(effects)
        return await adrive(effects, self._aperform)

    def _perform(self, effect: Effect) -> Any:
        """Run most effects, which are transactions, without a call made of each."""
        return self.engine.run(effect) if isinstance(effect, Transaction) else effect.call(self).sync()

    def _aperform(self, effect: Effect) -> Awaitable[Any]:
        return self.engine.arun(effect) if isinstance(effect, Transaction) else effect.call(self).in_loop()

    def _watched_call(self, effect: Effect) -> Call:
        """Watch a transaction for how long it waits, and what calls a model by a span of its own."""
        if isinstance(effect, Transaction):
            return replace(effect, start=waiting(effect.start)).call(self)
        return together(_spanned(effect, self)) if isinstance(effect, (_Embedding, Rerank)) else effect.call(self)

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


def _all(effects: Effects[T] | Transaction[T]) -> Effects[T]:
    return _alone(effects) if isinstance(effects, Transaction) else effects


def _alone(transaction: Transaction[T]) -> Effects[T]:
    outcome: T = yield transaction
    return outcome


def _told(effects: Effects[T] | Transaction[T], name: str) -> Effects[T]:
    """Run effects as an operation that is watched."""
    with operation(name) as told:
        outcome = yield from _all(effects)
        told(outcome)
        return outcome


def _spanned(effect: _Embedding | Rerank, runner: Runner) -> Effects[Any]:
    with operation(effect.watched_as, texts=effect.count):
        return (yield effect.call(runner))


@dataclass(frozen=True, slots=True)
class _Embedding:
    """Embeds, once the file's vectors are known to be of the same index."""

    watched_as: ClassVar[str] = "embed"

    @property
    def count(self) -> int:
        """How many texts are embedded."""
        return 1

    def call(self, runner: Runner, /) -> Call:
        """Claim the index where that has not been done, and embed."""
        return together(self._calls(runner))

    def _calls(self, runner: Runner) -> Effects[Any]:
        if (claim := runner.unclaimed) is not None:
            yield claim.call(runner)
            runner.claimed.add(runner.embeds.identity)
        return (yield from self._embed(runner.embeds))

    def _embed(self, embeds: Embeds) -> Effects[Any]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class EmbedDocuments(_Embedding):
    """Embed texts; the answer is one packed vector for each."""

    texts: Sequence[str]

    @property
    def count(self) -> int:
        """How many texts are embedded."""
        return len(self.texts)

    def _embed(self, embeds: Embeds) -> Effects[list[bytes]]:
        return embeds.documents(self.texts)


@dataclass(frozen=True, slots=True)
class EmbedQuery(_Embedding):
    """Embed a query; the answer is its packed vector."""

    text: str

    def _embed(self, embeds: Embeds) -> Effects[bytes]:
        return embeds.query(self.text)


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

    def call(self, runner: Runner, /) -> Call:
        """Ask it."""
        return together(runner.embeds.rerank(self.query, self.texts))


@dataclass(frozen=True, slots=True)
class Later:
    """Run a transaction that nobody waits for: it is durable no later than the next write."""

    transaction: Transaction[Any]

    def call(self, runner: Runner, /) -> Call:
        """Hand it to the engine."""
        engine = runner.engine
        return Call(partial(engine.run_later, self.transaction), partial(engine.arun_later, self.transaction))


@dataclass(frozen=True, slots=True)
class Scrub:
    """Make what was deleted unreadable in the files; the answer is whether that is done."""

    def call(self, runner: Runner, /) -> Call:
        """Scrub."""
        return Call(runner.engine.scrub, runner.engine.ascrub)


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Give the space of what was deleted back to the file system."""

    def call(self, runner: Runner, /) -> Call:
        """Reclaim."""
        return Call(runner.engine.reclaim, runner.engine.areclaim)


def apart(runner: Runner, effects: Effects[T] | Transaction[T]) -> Effects[T]:
    """Run effects on a runner of their own, as one call of a generator that has another runner or none."""
    result: T = yield Call(partial(runner.run, effects), partial(runner.arun, effects))
    return result
