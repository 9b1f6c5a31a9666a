"""Opens something that stands on an engine, for `with` and for `async with`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

from langgraph_memory.engine.base import Engine
from langgraph_memory.engine.connect import connect

T = TypeVar("T")


class Opening(AbstractContextManager[T], AbstractAsyncContextManager[T], Generic[T]):
    """Connects, migrates and builds on entry; closes the engine on exit."""

    def __init__(self, conn_string: Any, options: dict[str, Any], build: Callable[[Engine], T]) -> None:
        self._conn_string = conn_string
        self._options = options
        self._build = build
        self._engine: Engine | None = None

    def __enter__(self) -> T:
        self._engine = connect(self._conn_string, **self._options)
        try:
            built = self._build(self._engine)
            self._engine.setup()
        except BaseException:
            self._engine.close()
            raise
        return built

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.close()

    async def __aenter__(self) -> T:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)
