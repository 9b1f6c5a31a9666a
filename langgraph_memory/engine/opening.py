"""Opens something that stands on an engine, for `with` and for `async with`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import Any, Generic, TypeVar

from langgraph_memory.effects.engine import Engine
from langgraph_memory.engine.connect import connect

T = TypeVar("T")


class Opening(AbstractContextManager[T], AbstractAsyncContextManager[T], Generic[T]):
    """Connects, migrates and builds on entry; closes the engine on exit.

    Without `with` it does so when an attribute of what it builds is first asked for, until `close()`, or until nothing
    of it is in use any more.
    """

    def __init__(self, conn_string: Any, options: dict[str, Any], build: Callable[[Engine], T]) -> None:
        self._conn_string = conn_string
        self._options = options
        self._build = build
        self._opened: tuple[Engine, T] | None = None
        self._closed = False
        self._opening = Lock()

    def __enter__(self) -> T:
        with self._opening:
            if self._closed or self._opened is None:
                self._open()
            return self._built

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> T:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what is asked of any object must not open a database
            raise AttributeError(name)
        with self._opening:
            if self._opened is None:
                self._open()
            return getattr(self._built, name)

    def close(self) -> None:
        """Finish what is running and release every connection; safe to call again."""
        self._closed = True
        if self._opened is not None:
            self._opened[0].close()

    @property
    def _built(self) -> T:
        if self._opened is None:
            raise AttributeError("nothing was opened")
        return self._opened[1]

    def _open(self) -> None:
        engine = connect(self._conn_string, **self._options)
        try:
            built = self._build(engine)
            engine.setup()
        except BaseException:
            engine.close()
            raise
        self._opened, self._closed = (engine, built), False
