"""What an engine does where there is no memory for what it was asked to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from langgraph_memory.cache import CacheBound
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.errors import OutOfMemoryError

T = TypeVar("T")


def within_memory(run: Callable[[Transaction[T]], T], operation: Transaction[T], bound: CacheBound) -> T:
    """Run an operation; a read that finds no memory once more, without what was kept in caches.

    Raises OutOfMemoryError where that is not enough, and for a write, of which nothing was stored.
    """
    try:
        return run(operation)
    except MemoryError as error:
        failed = out_of_memory(bound)
        if operation.writes:
            raise failed from error
    try:
        return run(operation)
    except MemoryError as error:
        raise failed from error


def out_of_memory(bound: CacheBound) -> OutOfMemoryError:
    """Let go of what caches hold, and return the error that says what can be done."""
    bound.clear()
    return OutOfMemoryError(
        "there was not enough memory for this operation, of which nothing was stored; give the process more, or open "
        f"the database with less than cache_bytes={bound.most_bytes}."
    )
