"""Checkpointer and store for a LangGraph server, named in `langgraph.json` by their dotted paths."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.store import CuratedStore

DATABASE_VARIABLE = "LANGGRAPH_MEMORY_DB"
"""The environment variable that names the database; without it, `assistant.db` in the working directory."""


@asynccontextmanager
async def checkpointer() -> AsyncIterator[ThreadSaver]:
    """Yield the checkpointer on the database that `LANGGRAPH_MEMORY_DB` names."""
    async with ThreadSaver.from_conn_string(database_from_environment()) as saver:
        yield saver


@asynccontextmanager
async def store() -> AsyncIterator[CuratedStore]:
    """Yield the store on the same database."""
    async with CuratedStore.from_conn_string(database_from_environment()) as curated:
        yield curated


def database_from_environment() -> str:
    """Return the connection string of the database that the environment names."""
    return os.environ.get(DATABASE_VARIABLE, "assistant.db")
