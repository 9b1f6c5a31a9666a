"""The two drivers: they run a generator to its end, doing what it yields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

Y = TypeVar("Y")
S = TypeVar("S")
T = TypeVar("T")


def drive(generator: Generator[Y, S, T], perform: Callable[[Y], S]) -> T:
    """Send `generator` the outcome of performing each thing it yields; an error is raised inside it.

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


async def adrive(generator: Generator[Y, S, T], perform: Callable[[Y], Awaitable[S]]) -> T:
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
