"""Calls of a node or a worker written once for sync and async: a generator yields them, one of two drivers performs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from langgraph_memory.driver import adrive, drive

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call, in its two forms."""

    sync: Callable[[], Any]
    in_loop: Callable[[], Awaitable[Any]]


Steps = Generator[Call, Any, T]
"""A generator that yields calls and is sent what they returned; an error of theirs is raised inside it."""


def call(method: Callable[P, T], twin: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> Steps[T]:
    """Call `method`, or await its `twin`."""
    result: T = yield Call(lambda: method(*args, **kwargs), lambda: twin(*args, **kwargs))
    return result


def perform(steps: Steps[T]) -> T:
    """Run `steps` to their end."""
    return drive(steps, lambda wanted: wanted.sync())


async def aperform(steps: Steps[T]) -> T:
    """Same as `perform`."""
    return await adrive(steps, lambda wanted: wanted.in_loop())
