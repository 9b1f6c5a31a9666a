"""The one generator protocol: `Effects` yields what it wants done, and `drive` or `adrive` runs it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Effect(Protocol):
    """One thing that a generator wants done."""

    def call(self, runner: Any, /) -> Call:
        """Return the call that does it, given a runner."""


Effects = Generator[Any, Any, T]
"""A generator that yields effects, is sent their outcomes, and returns its own. It does no I/O and awaits nothing.

Inside a transaction it yields queries alone. Remote calls are effects of their own, so that none of them happens
inside a transaction.
"""


class Call(NamedTuple):
    """One call, in its two forms: the effect that every other one comes down to."""

    sync: Callable[[], Any]
    in_loop: Callable[[], Awaitable[Any]]

    def call(self, _: object = None, /) -> Call:
        """Return itself."""
        return self


def call(method: Callable[P, T], twin: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> Effects[T]:
    """Call `method`, or await its `twin`."""
    result: T = yield Call(lambda: method(*args, **kwargs), lambda: twin(*args, **kwargs))
    return result


def either(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Effects[T]:
    """Call a method of an object, or await its twin, whose name has an "a" before it."""
    twin = getattr(method.__self__, f"a{method.__name__}")  # type: ignore[attr-defined]
    result: T = yield Call(partial(method, *args, **kwargs), partial(twin, *args, **kwargs))
    return result


def in_thread(blocking: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Effects[T]:
    """Call what blocks; from async code in a thread of its own."""
    result: T = yield Call(lambda: blocking(*args, **kwargs), lambda: asyncio.to_thread(blocking, *args, **kwargs))
    return result


def perform(calls: Effects[T], _name: str = "") -> T:
    """Run what yields calls alone to its end."""
    return drive(calls, lambda wanted: wanted.sync())


async def aperform(calls: Effects[T], _name: str = "") -> T:
    """Same as `perform`."""
    return await adrive(calls, lambda wanted: wanted.in_loop())


def together(calls: Effects[Any]) -> Call:
    """Return what yields calls alone as one call."""
    return Call(partial(perform, calls), partial(aperform, calls))


class Caller:
    """The runner of what yields calls alone, for objects that have no engine of their own."""

    run = staticmethod(perform)
    arun = staticmethod(aperform)


def drive(generator: Effects[T], perform: Callable[[Any], Any]) -> T:
    """Send `generator` the outcome of performing each effect it yields; an error is raised inside it.

    It is closed when something else than an error ends it.
    """
    try:
        wanted = next(generator)
        while True:
            try:
                outcome = perform(wanted)
            except Exception as error:
                wanted = generator.throw(error)
            else:
                wanted = generator.send(outcome)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except BaseException:  # an interrupt or a cancelled task: what the generator holds is let go now
        generator.close()
        raise


async def adrive(generator: Effects[T], perform: Callable[[Any], Awaitable[Any]]) -> T:
    """Same as `drive`, awaiting each outcome."""
    try:
        wanted = next(generator)
        while True:
            try:
                outcome = await perform(wanted)
            except Exception as error:
                wanted = generator.throw(error)
            else:
                wanted = generator.send(outcome)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except BaseException:  # an interrupt or a cancelled task: what the generator holds is let go now
        generator.close()
        raise


class Done:
    """What is done already; it may be awaited all the same, as where LangGraph has an async class of its own."""

    def __await__(self) -> Generator[Any, None, None]:
        """Return at once."""
        yield from ()


class DoneCount(int):
    """How many things were done already; it may be awaited all the same, as `Done` may."""

    def __await__(self) -> Generator[Any, None, int]:
        """Return the number at once."""
        yield from ()
        return int(self)
