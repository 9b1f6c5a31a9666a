"""Checkpointer, store and promotion for a LangGraph server, named in `langgraph.json` by their dotted paths.

They are set up by one TOML table or the environment (`langgraph_memory.configuration`), and share one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from threading import Lock
from typing import Any

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.configuration import DATABASE_VARIABLE as DATABASE_VARIABLE  # noqa: PLC0414, chat_model
from langgraph_memory.configuration import Configuration, chat_model, configuration
from langgraph_memory.database import MemoryDatabase, open_memory
from langgraph_memory.nodes import PromotionNode, PromotionWorker
from langgraph_memory.store import CuratedStore


@asynccontextmanager
async def checkpointer() -> AsyncIterator[ThreadSaver]:
    """Yield the checkpointer on the database that the settings name."""
    async with _database() as memory:
        yield memory.checkpointer


@asynccontextmanager
async def store() -> AsyncIterator[CuratedStore]:
    """Yield the store on the same database."""
    async with _database() as memory:
        yield memory.store


@asynccontextmanager
async def _database() -> AsyncIterator[MemoryDatabase]:
    memory = await asyncio.to_thread(_shared.take)
    try:
        yield memory
    finally:
        await asyncio.to_thread(_shared.give_back)


def promotion(model: Any = None) -> PromotionNode:
    """Return the node that promotes as the settings say: at once, or in the background, by the server's own worker.

    The `model` is asked about what the rules leave in doubt; in the background it is the one that the settings name.
    """
    return PromotionNode(model=model, mode="background" if configuration().background else "hot")


def database_from_environment() -> str:
    """Return the connection string of the database that the settings name."""
    return configuration().database


def model_of(settings: Configuration) -> Any:
    """Return the chat model that the settings name, or None; raises MissingExtraError or InvalidInputError."""
    return None if settings.model is None else chat_model(settings.model, "model")


class _Shared:
    """One open database for all that the server asks for, and its worker; closed when the last has given it back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._opened = ExitStack()
        self._memory: MemoryDatabase | None = None

    def take(self) -> MemoryDatabase:
        """Return the database, opened with the settings when nobody has it; raises what is wrong with them."""
        with self._lock:
            if self._memory is None:
                settings = configuration()
                with ExitStack() as opened:
                    memory = opened.enter_context(open_memory(settings.database, **settings.options))
                    if settings.background:
                        worker = PromotionWorker(memory.store, model=model_of(settings), **settings.worker).start()
                        opened.callback(worker.stop, drain=False)
                    self._opened = opened.pop_all()
                self._memory = memory
            self._users += 1
            return self._memory

    def give_back(self) -> None:
        """Close the database when nobody has it any more; what waits to be promoted stays in it."""
        with self._lock:
            self._users -= 1
            if not self._users:
                self._memory = None
                self._opened.close()


_shared = _Shared()
