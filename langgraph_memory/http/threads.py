"""Threads as they are shown: their checkpoints as a tree, what was said in them, and what each checkpoint taught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langchain_core.messages import BaseMessage
from langgraph.checkpoint.base import CheckpointTuple

from langgraph_memory import Memory, MemoryDatabase, Receipt
from langgraph_memory.errors import MemoryNotFoundError
from langgraph_memory.types import ThreadSummary

MOST_CHECKPOINTS = 500
"""How many of a thread's newest checkpoints are shown."""


@dataclass(slots=True)
class Node:
    """One checkpoint, how deep it stands in the tree of branches, and what its run taught."""

    checkpoint_id: str
    checkpoint_ns: str
    parent_id: str | None
    at: datetime | None
    source: str | None
    step: int | None
    run_id: str | None
    messages: Sequence[BaseMessage]
    new: Sequence[BaseMessage] = ()
    branch: int = 0
    taught: list[Memory] = field(default_factory=list)
    gone: int = 0


async def checkpoints(memory: MemoryDatabase, thread: ThreadSummary) -> list[Node]:
    """Return a thread's newest checkpoints, each with what it taught its owner, newest first."""
    config: Any = {"configurable": {"thread_id": thread.thread_id}}
    found = [_node(one) async for one in memory.checkpointer.alist(config, limit=MOST_CHECKPOINTS)]
    _mark_new(found)
    _mark_branches(found)
    if thread.owner_id is not None:
        await _mark_taught(memory, thread.owner_id, thread.thread_id, found)
    return found


def _node(found: CheckpointTuple) -> Node:
    own, parent = found.config["configurable"], (found.parent_config or {}).get("configurable", {})
    metadata = found.metadata or {}
    made = found.checkpoint.get("ts")
    return Node(
        checkpoint_id=own["checkpoint_id"],
        checkpoint_ns=own.get("checkpoint_ns", ""),
        parent_id=parent.get("checkpoint_id"),
        at=datetime.fromisoformat(made) if made else None,
        source=metadata.get("source"),
        step=metadata.get("step"),
        run_id=metadata.get("run_id"),
        messages=_messages(found),
    )


def _messages(found: CheckpointTuple) -> list[BaseMessage]:
    said = found.checkpoint["channel_values"].get("messages", ())
    return [one for one in said if isinstance(one, BaseMessage)] if isinstance(said, (list, tuple)) else []


def _mark_new(nodes: Sequence[Node]) -> None:
    """Note the messages that each checkpoint has and its parent does not."""
    known = {node.checkpoint_id: {one.id for one in node.messages} for node in nodes}
    for node in nodes:
        before = known.get(node.parent_id or "", set())
        node.new = [one for one in node.messages if one.id not in before]


def _mark_branches(nodes: Sequence[Node]) -> None:
    """Number the branches: the newest checkpoint and what it follows is 0, what was left behind counts up."""
    parents = {node.checkpoint_id: node.parent_id for node in nodes}
    by_id = {node.checkpoint_id: node for node in nodes}
    placed: set[str] = set()
    number = 0
    for node in nodes:  # newest first, so that each branch begins with its newest
        if node.checkpoint_id in placed:
            continue
        for own in _line(node.checkpoint_id, parents, placed):
            by_id[own].branch = number
        number += 1


def _line(start: str, parents: dict[str, str | None], placed: set[str]) -> Iterator[str]:
    at: str | None = start
    while at in parents and at not in placed:
        placed.add(at)
        yield at
        at = parents[at]


async def _mark_taught(memory: MemoryDatabase, owner_id: str, thread_id: str, nodes: Sequence[Node]) -> None:
    by_id = {node.checkpoint_id: node for node in nodes}
    for receipt in await memory.audit.areceipts(
        owner_id=owner_id, thread_id=thread_id, kind="promotion", limit=MOST_CHECKPOINTS
    ):
        node = by_id.get(receipt.checkpoint_id or "")
        if node is None:
            continue
        for memory_id in _promoted(receipt):
            known = await _known(memory, memory_id, owner_id)
            node.taught += known
            node.gone += not known


def _promoted(receipt: Receipt) -> Iterator[str]:
    for one in receipt.body.get("candidates", ()):
        if one.get("memory_id") and one.get("action") not in (None, "refused"):
            yield one["memory_id"]


async def _known(memory: MemoryDatabase, memory_id: str, owner_id: str) -> list[Memory]:
    try:
        return [await memory.store.aget_memory(memory_id, owner_id=owner_id)]
    except MemoryNotFoundError:  # forgotten since
        return []
