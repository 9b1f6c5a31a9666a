"""What a store does later or elsewhere: the calls of one tick of an event loop together, and sweeping in a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from threading import Event, Lock, Thread
from typing import Any, Generic, Literal, TypeVar, cast

from langgraph.store.base import (
    NOT_PROVIDED,
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    NotProvided,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from langgraph_memory.errors import DatabaseBusyError, DatabaseClosedError, DatabaseUnavailableError
from langgraph_memory.operations.items import check, checked

S = TypeVar("S")
T = TypeVar("T")

_MOST = 1024
"""How many calls are run together: so many that each costs little, so few that others wait for them no longer."""
_OF_ALL = (DatabaseBusyError, DatabaseClosedError, DatabaseUnavailableError)
"""Errors that are not about any one of some calls: each of them alone would meet it again."""


class Ticks(Generic[S, T]):
    """Hands what is asked in one tick of a loop to `run_all`, in order, which answers all of it or raises.

    Where it raises it is asked again for fewer, so that each call ends in its own error; for that it must leave nothing
    behind. A call that is cancelled before its turn is not run.
    """

    def __init__(self, run_all: Callable[[Sequence[S]], Awaitable[Sequence[T]]]) -> None:
        self._run_all = run_all
        self._waiting: dict[asyncio.AbstractEventLoop, list[tuple[S, asyncio.Future[T]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def call(self, given: S) -> asyncio.Future[T]:
        """Return what will hold the answer to what is asked."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(loop)
        if waiting is None:
            waiting = self._waiting[loop] = []
            loop.call_soon(self._start, loop)
        future: asyncio.Future[T] = loop.create_future()
        waiting.append((given, future))
        return future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(self._work_off(self._waiting.pop(loop)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, calls: list[tuple[S, asyncio.Future[T]]]) -> None:
        try:
            for start in range(0, len(calls), _MOST):
                await self._settle(calls[start : start + _MOST])
        finally:
            for _, future in calls:  # whoever is left is told that the loop has ended
                future.cancel()

    async def _settle(self, calls: Sequence[tuple[S, asyncio.Future[T]]]) -> None:
        wanted = [call for call in calls if not call[1].done()]
        if not wanted:
            return
        try:
            answers = await self._run_all([given for given, _ in wanted])
        except Exception as error:
            await self._part(wanted, error)
            return
        for (_, future), answer in zip(wanted, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _part(self, calls: Sequence[tuple[S, asyncio.Future[T]]], error: Exception) -> None:
        """Give an error to whom it belongs; what was run before a call must be there when it is run again."""
        if len(calls) > 1 and not isinstance(error, _OF_ALL):
            await self._settle(calls[: len(calls) // 2])
            await self._settle(calls[len(calls) // 2 :])
            return
        for _, future in calls:
            if not future.done():
                future.set_exception(error)


class TickedStore(BaseStore):
    """The calls of `BaseStore` that are made by the thousand, without a coroutine inside of a coroutine.

    What each of many callers holds while it waits is what the garbage collector walks over, again and again: to pass
    them on to `abatch` took three times what answering them takes.
    """

    _ticks: Ticks[list[Op], list[Any]]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Same as `batch`; what is asked in one tick of the event loop is answered in one transaction, in its order."""
        return await self._ticks.call(checked(ops))

    async def aget(self, namespace: tuple[str, ...], key: str, *, refresh_ttl: bool | None = None) -> Item | None:
        """Same as `get`."""
        op = GetOp(namespace, str(key), self._is_refreshed(refresh_ttl))
        check(op)
        (found,) = await self._ticks.call([op])
        return cast(Item | None, found)

    async def asearch(
        self,
        namespace_prefix: tuple[str, ...],
        /,
        *,
        query: str | None = None,
        filter: dict[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        refresh_ttl: bool | None = None,
    ) -> list[SearchItem]:
        """Same as `search`."""
        op = SearchOp(namespace_prefix, filter, limit, offset, query, self._is_refreshed(refresh_ttl))
        check(op)
        (found,) = await self._ticks.call([op])
        return cast(list[SearchItem], found)

    async def aput(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: Mapping[str, Any],
        index: Literal[False] | list[str] | None = None,
        *,
        ttl: float | NotProvided | None = NOT_PROVIDED,
    ) -> None:
        """Same as `put`."""
        minutes = (self.ttl_config or {}).get("default_ttl") if isinstance(ttl, NotProvided) else ttl
        op = PutOp(namespace, str(key), value, index, minutes)
        if namespace[:1] == ("langgraph",):
            raise InvalidNamespaceError(f'Root label for namespace cannot be "langgraph". Got: {namespace}')
        check(op)
        await self._ticks.call([op])

    def _is_refreshed(self, refresh_ttl: bool | None) -> bool:
        return (self.ttl_config or {}).get("refresh_on_read", True) if refresh_ttl is None else refresh_ttl


_log = logging.getLogger(__name__)


class Sweeper:
    """At most one thread; it ends with the database too, and no program waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stopped = Event()
        self._future: Future[None] = Future()

    def start(self, work: Callable[[], object], seconds: float) -> Future[None]:
        """Start the thread, unless it runs already, and return what is done when it ends; cancelling stops it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopped, self._future = Event(), Future()
                arguments = (work, seconds, self._stopped, self._future)
                self._thread = Thread(target=_run, args=arguments, daemon=True, name="langgraph_memory-sweep")
                self._future.add_done_callback(lambda _, stopped=self._stopped: stopped.set())  # type: ignore[misc]
                self._thread.start()
            return self._future

    def stop(self, timeout: float | None) -> bool:
        """Stop the thread, and return whether it has ended."""
        self._stopped.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()


def _run(work: Callable[[], object], seconds: float, stopped: Event, future: Future[None]) -> None:
    while not stopped.wait(seconds):
        try:
            work()
        except DatabaseClosedError:
            break
        except Exception:
            _log.exception("a sweep of what has expired failed; the next one is tried in %s s", seconds)
    if not future.cancelled():
        future.set_result(None)
