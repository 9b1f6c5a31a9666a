"""Whom a thread belongs to, and refusing it to others where the saver is asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Transaction, reads, writes_repeatably
from langgraph_memory.errors import ForeignThreadError, IdentityConflictError, ThreadNotFoundError

T = TypeVar("T")


def check_access(thread_id: str, owner_id: str) -> Effects[None]:
    """Raise ForeignThreadError unless a thread belongs to an owner, or is not there yet."""
    owners = {row["owner_id"] for row in (yield Query("owners_of_thread", {"thread_id": thread_id}))}
    if owner_id in owners or (not owners and not (yield Query("thread", {"thread_id": thread_id}))):
        return
    raise ForeignThreadError(
        f"thread {thread_id!r} does not belong to owner {owner_id!r}; share_thread() lets its owners share it."
    )


def check_resumed(thread_id: str, owner_id: str) -> Effects[None]:
    """Raise IdentityConflictError when a run goes on in a thread that is not of whom it names."""
    owners = {row["owner_id"] for row in (yield Query("owners_of_thread", {"thread_id": thread_id}))}
    if owners and owner_id not in owners:
        raise IdentityConflictError(
            f"the run that goes on in thread {thread_id!r} names owner {owner_id!r}, and the thread is not theirs; let "
            "its own owner resume it, or share it with share_thread()."
        )


def checked_first(check: Callable[[], Effects[None]], operation: Transaction[T]) -> Transaction[T]:
    """Return an operation that makes sure of something first, in its own transaction."""

    def checked() -> Effects[T]:
        yield from check()
        return (yield from operation)

    return replace(operation, start=checked, brief=False)


@reads
def check_all(owner_id: str, thread_ids: Sequence[str]) -> Effects[None]:
    """Raise ForeignThreadError unless threads belong to an owner."""
    for thread_id in thread_ids:
        yield from check_access(thread_id, owner_id)


@reads
def check_runs(owner_id: str, run_ids: Sequence[str]) -> Effects[None]:
    """Raise ForeignThreadError unless the threads in which some runs made checkpoints belong to an owner."""
    rows = yield Query("checkpoints_of_runs", {"run_ids": list(run_ids)})
    for thread_id in sorted({row["thread_id"] for row in rows}):
        yield from check_access(thread_id, owner_id)


@writes_repeatably
def share_thread(thread_id: str, owners: Sequence[str]) -> Effects[None]:
    """Let a thread belong to some owners too; raises ThreadNotFoundError."""
    if not (yield Query("thread", {"thread_id": thread_id})):
        raise ThreadNotFoundError(f"there is no thread {thread_id!r}; list_threads() lists those there are.")
    for owner_id in owners:
        yield Query("name_owner", {"thread_id": thread_id, "owner_id": owner_id})
        yield Query("claim_thread", {"thread_id": thread_id, "owner_id": owner_id})
