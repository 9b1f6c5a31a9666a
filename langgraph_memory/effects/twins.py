"""Derives a method and its async twin from one definition that returns effects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
from types import FunctionType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from langgraph_memory.effects.effect import Effects, aperform, perform
from langgraph_memory.effects.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")
Operation = Generator[Any, Any, T] | Transaction[T]
"""What a runner runs."""


def runs_effects(definition: Callable[Concatenate[Any, P], Operation[T]]) -> Callable[Concatenate[Any, P], T]:
    """Make a method that returns effects one that runs them on its object's `_runner` and returns their outcome."""
    name = definition.__qualname__

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        outcome: T = self._runner.run(definition(self, *args, **kwargs), name)
        return outcome

    async def twin(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        outcome: T = await self._runner.arun(definition(self, *args, **kwargs), name)
        return outcome

    described: Callable[Concatenate[Any, P], T] = _described(method, twin, definition, "{}", "{}")
    return described


def runs_calls(definition: Callable[P, Effects[T]]) -> Callable[P, T]:
    """Make a function that yields calls alone one that makes them and returns their outcome."""

    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        return perform(definition(*args, **kwargs))

    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return await aperform(definition(*args, **kwargs))

    described: Callable[P, T] = _described(function, twin, definition, "{}", "{}")
    return described


def streams_effects(
    definition: Callable[Concatenate[Any, P], Iterator[Effects[Iterable[T]]]],
) -> Callable[Concatenate[Any, P], Iterator[T]]:
    """Make a method that yields effects, each of which returns a page, one that iterates over what the pages hold.

    The next effects are asked for when the page before was read.
    """

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return _iterate(self._runner, definition(self, *args, **kwargs))

    def twin(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return _aiterate(self._runner, definition(self, *args, **kwargs))

    # an annotation is resolved among the names of the definition's module, which need not know this one
    definition.__globals__.setdefault("AsyncIterator", AsyncIterator)
    described: Callable[Concatenate[Any, P], Iterator[T]]
    described = _described(method, twin, definition, "Iterator[{}]", "AsyncIterator[{}]")
    return described


def _iterate(runner: Any, pages: Iterator[Effects[Iterable[T]]]) -> Iterator[T]:
    for page in pages:
        yield from runner.run(page)


async def _aiterate(runner: Any, pages: Iterator[Effects[Iterable[T]]]) -> AsyncIterator[T]:
    for page in pages:
        for each in await runner.arun(page):
            yield each


def twin_of(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Return the async twin of a method that runs effects.

    It stands right below the method: `arecall = twin_of(recall)`.
    """
    return cast("Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]", method.twin)  # type: ignore[attr-defined]


def twin_of_function(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return the async twin of a function that runs calls."""
    return cast("Callable[P, Coroutine[Any, Any, T]]", function.twin)  # type: ignore[attr-defined]


def async_iterator_of(
    method: Callable[Concatenate[Any, P], Iterator[T]],
) -> Callable[Concatenate[Any, P], AsyncIterator[T]]:
    """Return the async twin of a method that streams effects."""
    return cast("Callable[Concatenate[Any, P], AsyncIterator[T]]", method.twin)  # type: ignore[attr-defined]


def _described(method: Any, twin: Any, definition: Any, of_method: str, of_twin: str) -> Any:
    """Give both the definition's name, docstring and parameters, and the type of what each of them returns."""
    outcome = _innermost(definition.__annotations__["return"])
    _describe(method, definition, definition.__name__, of_method.format(outcome))
    _describe(twin, definition, f"a{definition.__name__}", of_twin.format(outcome))
    method.twin = twin
    return method


def _describe(function: Any, definition: Any, name: str, returns: str) -> None:
    function.__module__ = definition.__module__
    function.__name__ = name
    owner, dot, _ = definition.__qualname__.rpartition(".")
    function.__qualname__ = f"{owner}{dot}{name}"
    function.__doc__ = definition.__doc__
    function.__annotations__ = {**definition.__annotations__, "return": returns}
    function.__wrapped__ = _shape_of(definition, function.__annotations__)


def _shape_of(definition: Any, annotations: dict[str, str]) -> FunctionType:
    """Return the definition with other annotations; `inspect.signature` looks at it only when somebody asks."""
    shape = FunctionType(
        definition.__code__, definition.__globals__, definition.__name__, closure=definition.__closure__
    )
    shape.__defaults__ = definition.__defaults__
    shape.__kwdefaults__ = definition.__kwdefaults__
    shape.__annotations__ = annotations
    return shape


def _innermost(returns: str) -> str:
    """Return what is inside `Effects[...]`, `Iterator[Effects[Iterable[...]]]` and the like."""
    for shell in ("Iterator[", "Operation[", "Effects[", "Iterable["):
        if returns.startswith(shell):
            returns = returns.removeprefix(shell).removesuffix("]")
    return returns
