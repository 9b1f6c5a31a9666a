"""Shows one thread, and deletes it."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage
from langgraph.checkpoint.base import CheckpointTuple

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.tables import checkpoints_table, said_table
from langgraph_memory.cli.telling import confirm, print_json, tell
from langgraph_memory.cli.terminal import open_console
from langgraph_memory.database import open_memory
from langgraph_memory.errors import ThreadNotFoundError, without_password


def show_thread(db: str, thread_id: str, *, as_json: bool, limit: int) -> None:
    """Print what was said in a thread, and its newest checkpoints; raises ThreadNotFoundError."""
    with open_memory(existing(db)) as memory:
        found = list(memory.checkpointer.list(_named(thread_id), limit=limit))
    if not found:
        raise _missing(thread_id)
    said = [one for one in found[0].checkpoint["channel_values"].get("messages", ()) if isinstance(one, BaseMessage)]
    rows = [_row(one) for one in found]
    if as_json:
        messages = [{"id": one.id, "from": one.type, "text": one.text} for one in said]
        print_json({"thread_id": thread_id, "messages": messages, "checkpoints": rows})
        return
    console = open_console()
    if said:
        console.print(said_table([(one.type, one.text) for one in said[-limit:]], title=f"said in {thread_id}"))
    console.print(checkpoints_table(rows, title=f"checkpoints of {thread_id}, newest first"))


def delete_thread(db: str, thread_id: str, *, sure: bool, as_json: bool) -> None:
    """Delete a thread with its checkpoints, after asking; what was learnt in it stays. Raises ThreadNotFoundError."""
    with open_memory(existing(db)) as memory:
        if memory.checkpointer.get_tuple(_named(thread_id)) is None:
            raise _missing(thread_id)
        confirm(f"Delete the thread {thread_id} from {without_password(db)}?", sure=sure)
        memory.checkpointer.delete_thread(thread_id)
    tell(f"deleted the thread {thread_id}; what was learnt in it stays.", {"deleted": thread_id}, as_json=as_json)


def thread_memory(
    db: str, thread_id: str, owner: str, recall: bool | None, learn: bool | None, *, as_json: bool
) -> None:
    """Print what memory does for an owner in a thread, after setting it where that is asked for."""
    with open_memory(existing(db)) as memory:
        found = memory.store.thread_memory(thread_id, owner_id=owner)
        if recall is not None or learn is not None:
            recall, learn = (found.recall if recall is None else recall), (found.learn if learn is None else learn)
            memory.store.set_thread_memory(thread_id, owner_id=owner, recall=recall, learn=learn)
            found = memory.store.thread_memory(thread_id, owner_id=owner)
    said = f"memory is {'read' if found.recall else 'not read'} and {'learnt' if found.learn else 'nothing is learnt'}"
    facts = {"thread_id": thread_id, "owner_id": owner, "recall": found.recall, "learn": found.learn}
    tell(f"{said} in {thread_id} for {owner}.", facts, as_json=as_json)


def _named(thread_id: str) -> Any:
    return {"configurable": {"thread_id": thread_id}}


def _missing(thread_id: str) -> ThreadNotFoundError:
    return ThreadNotFoundError(f"there is no thread {thread_id!r}; the command threads lists those there are.")


def _row(one: CheckpointTuple) -> dict[str, Any]:
    metadata = one.metadata
    return {
        "checkpoint_id": one.checkpoint["id"],
        "step": metadata.get("step"),
        "source": metadata.get("source"),
        "created_at": one.checkpoint["ts"],
    }
