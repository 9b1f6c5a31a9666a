"""Remembers, recalls and shows single memories, what shapes every answer, and what was recalled before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from langgraph_memory.cli.files import existing, file_of
from langgraph_memory.cli.ids import memory_of_id
from langgraph_memory.cli.tables import memory_table, recall_table, recalls_table
from langgraph_memory.cli.telling import as_object, print_json, tell
from langgraph_memory.cli.terminal import open_console
from langgraph_memory.database import open_memory
from langgraph_memory.domain.memory import Receipt
from langgraph_memory.errors import InvalidMemoryError


def remember(db: str, content: str, owner: str, *, as_json: bool, **kind: Any) -> None:
    """Store one memory, in a new file too, and print what that did; raises InvalidMemoryError for what is refused."""
    file_of(db)
    with open_memory(db) as memory:
        outcome = memory.store.remember(content, owner_id=owner, **kind)
    if outcome.memory is None:
        raise InvalidMemoryError(f"nothing was stored: {outcome.reason.rstrip('.')}.")
    facts = {"action": outcome.action, "reason": outcome.reason, "memory": as_object(outcome.memory)}
    tell(f"{outcome.action}: {outcome.memory.content} ({outcome.memory.id[:8]})", facts, as_json=as_json)


def recall(
    db: str, query: str, owner: str, scope: str, *, types: Sequence[str] | None, limit: int, as_json: bool
) -> None:
    """Print what is found for a query, and what was left out and why."""
    with open_memory(existing(db)) as memory:
        found = memory.store.recall(query, owner_id=owner, scope=scope, memory_types=types or None, limit=limit)
        always = memory.store.memory_types.always_injected()
    if as_json:
        recalled = [{"score": one.score, **(as_object(one.memory) or {})} for one in found]
        dropped = [{"reason": one.reason, **(as_object(one.memory) or {})} for one in found.dropped]
        print_json({"recall_id": found.id, "recalled": recalled, "dropped": dropped})
    elif found.items or found.dropped:
        open_console().print(recall_table(found, always=always))
    else:
        open_console().print(f"nothing is known to {owner} of that.")


def show(db: str, memory_id: str, owner: str, *, as_json: bool) -> None:
    """Print everything that is kept with one memory."""
    with open_memory(existing(db)) as memory:
        found = memory_of_id(memory.store, owner, memory_id)
    if as_json:
        print_json(as_object(found) or {})
    else:
        open_console().print(memory_table(found, now=datetime.now(UTC)))


def profile(db: str, owner: str, scope: str, *, as_json: bool) -> None:
    """Print what shapes every answer to an owner, as a model reads it."""
    with open_memory(existing(db)) as memory:
        found = memory.store.profile(owner, scope)
    facts = {"owner_id": owner, "scope": scope, "profile": found}
    tell(found or f"nothing shapes every answer to {owner} yet.", facts, as_json=as_json)


def recalls(db: str, owner: str, thread: str | None, *, as_json: bool, limit: int) -> None:
    """Print what an owner's recalls found, newest first."""
    with open_memory(existing(db)) as memory:
        found = memory.store.receipts(owner_id=owner, thread_id=thread, kind="recall", limit=limit)
    if as_json:
        print_json(_receipt(one) for one in found)
    elif found:
        open_console().print(recalls_table(found, title=f"recalls of {owner}"))
    else:
        open_console().print(f"{owner} has recalled nothing yet.")


def _receipt(one: Receipt) -> dict[str, Any]:
    return {"id": one.id, "at": one.at, "thread_id": one.thread_id, "counts": dict(one.counts), "body": dict(one.body)}
