"""Runs calls together that are made in one tick of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from langgraph_memory.errors import DatabaseBusyError, DatabaseClosedError, DatabaseUnavailableError

S = TypeVar("S")
T = TypeVar("T")

_MOST = 1024
"""How many calls are run together: so many that each costs little, so few that others wait for them no longer."""
_OF_ALL = (DatabaseBusyError, DatabaseClosedError, DatabaseUnavailableError)
"""Errors that are not about any one of some calls: each of them alone would meet it again."""


class _Call(NamedTuple, Generic[S, T]):
    given: S
    future: asyncio.Future[T]


class Ticks(Generic[S, T]):
    """Hands what is asked in one tick of a loop to `run_all`, in order, which answers all of it or raises.

    Where it raises it is asked again for fewer, so that each call ends in its own error; for that it must leave nothing
    behind. A call that is cancelled before its turn is not run.
    """

    def __init__(self, run_all: Callable[[Sequence[S]], Awaitable[Sequence[T]]]) -> None:
        self._run_all = run_all
        self._waiting: dict[asyncio.AbstractEventLoop, list[_Call[S, T]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def call(self, given: S) -> asyncio.Future[T]:
        """Return what will hold the answer to what is asked."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(loop)
        if waiting is None:
            waiting = self._waiting[loop] = []
            loop.call_soon(self._start, loop)
        future: asyncio.Future[T] = loop.create_future()
        waiting.append(_Call(given, future))
        return future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(self._work_off(self._waiting.pop(loop)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, calls: list[_Call[S, T]]) -> None:
        try:
            for start in range(0, len(calls), _MOST):
                await self._settle(calls[start : start + _MOST])
        finally:
            for call in calls:  # whoever is left is told that the loop has ended
                call.future.cancel()

    async def _settle(self, calls: Sequence[_Call[S, T]]) -> None:
        wanted = [call for call in calls if not call.future.done()]
        if not wanted:
            return
        try:
            answers = await self._run_all([call.given for call in wanted])
        except Exception as error:
            await self._part(wanted, error)
            return
        for call, answer in zip(wanted, answers, strict=True):
            if not call.future.done():
                call.future.set_result(answer)

    async def _part(self, calls: Sequence[_Call[S, T]], error: Exception) -> None:
        """Give an error to whom it belongs; what was run before a call must be there when it is run again."""
        if len(calls) > 1 and not isinstance(error, _OF_ALL):
            await self._settle(calls[: len(calls) // 2])
            await self._settle(calls[len(calls) // 2 :])
            return
        for call in calls:
            if not call.future.done():
                call.future.set_exception(error)
