"""`langgraph-memory threads`: look at conversations, end them, and delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    Database,
    Json,
    Limit,
    Owner,
    Reader,
    Scope,
    ThreadId,
    Yes,
    chat_model,
    confirm,
    draw,
    opened,
    print_json,
    print_list,
    tell,
)
from langgraph_memory.errors import without_password
from langgraph_memory.views import Table, counted, messages_table

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple

app = typer.Typer(no_args_is_help=True, help="Look at conversations, end them, and delete them.")


@app.command("list")
def list_threads(db: Database = DEFAULT_DATABASE, as_json: Json = False, limit: Limit = 100) -> None:
    """List the threads in a file, last used first."""
    with opened(db) as memory:
        found = memory.checkpointer.list_threads(limit=limit + 1)
    which, nothing = "these were used last", "the file holds no threads."
    print_list(found, nothing=nothing, as_json=as_json, limit=limit, which=which)


@app.command()
def show(
    thread: ThreadId,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most messages and checkpoints to show.")] = 20,
) -> None:
    """Show what was said in a thread, and its newest checkpoints."""
    from langchain_core.messages import BaseMessage

    with opened(db) as memory:
        memory.checkpointer.get_thread(thread)
        found = list(memory.checkpointer.list({"configurable": {"thread_id": thread}}, limit=limit))
    said = [one for one in found[0].checkpoint["channel_values"].get("messages", ()) if isinstance(one, BaseMessage)]
    rows = [_row(one) for one in found]
    if as_json:
        messages = [{"id": one.id, "from": one.type, "text": one.text} for one in said]
        print_json({"thread_id": thread, "messages": messages, "checkpoints": rows})
        return
    if said:
        draw(messages_table(said[-limit:], f"said in {thread}"))
    head = ("checkpoint", "step", "made by", "created")
    draw(Table.of(f"checkpoints of {thread}, newest first", head, [tuple(row.values()) for row in rows]))


def _row(one: CheckpointTuple) -> dict[str, Any]:
    metadata = one.metadata
    return {
        "checkpoint_id": one.checkpoint["id"],
        "step": metadata.get("step"),
        "source": metadata.get("source"),
        "created_at": one.checkpoint["ts"],
    }


@app.command("memory")
def thread_memory(
    thread: ThreadId,
    owner: Owner,
    recall: Annotated[bool | None, typer.Option("--recall/--no-recall", help="Whether memory is read in it.")] = None,
    learn: Annotated[bool | None, typer.Option("--learn/--no-learn", help="Whether it is learnt from.")] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show or set whether memory is read in a thread, and whether anything is learnt of it."""
    with opened(db) as memory:
        found = memory.admin.thread_memory(thread, owner_id=owner)
        if recall is not None or learn is not None:
            recall, learn = (found.recall if recall is None else recall), (found.learn if learn is None else learn)
            memory.admin.set_thread_memory(thread, owner_id=owner, recall=recall, learn=learn)
            found = memory.admin.thread_memory(thread, owner_id=owner)
    said = f"memory is {'read' if found.recall else 'not read'} and {'learnt' if found.learn else 'nothing is learnt'}"
    facts = {"thread_id": thread, "owner_id": owner, "recall": found.recall, "learn": found.learn}
    tell(f"{said} in {thread} for {owner}.", facts, as_json=as_json)


@app.command()
def end(
    thread: Annotated[str, typer.Argument(help="The thread whose session is over.")],
    owner: Owner,
    db: Database = DEFAULT_DATABASE,
    scope: Scope = "global",
    compact: Annotated[bool, typer.Option("--compact", help="Keep only the thread's newest checkpoint.")] = False,
    model: Reader = None,
    as_json: Json = False,
) -> None:
    """Remember what a thread came to, and shorten the thread where that is asked for."""
    summarizer = None if model is None else chat_model(model)
    with opened(db) as memory:
        ended = memory.end_session(thread, owner_id=owner, scope=scope, compact=compact, summarizer=summarizer)
    removed = f"; removed {ended.removed} of its checkpoints" if ended.removed else ""
    if ended.fallback is not None:
        typer.echo(f"the model wrote nothing that can be kept ({ended.fallback}); the rules did.", err=True)
    said = f"{ended.reason.rstrip('.')}{removed}."
    if ended.memory is not None:
        said = f"{ended.memory.content}\nremembered for {owner} from {counted(ended.messages, 'messages')}{removed}."
    facts = {"memory": ended.memory and ended.memory.row(), "reason": ended.reason, "messages": ended.messages}
    tell(said, {**facts, "removed": ended.removed, "fallback": ended.fallback}, as_json=as_json)


@app.command()
def delete(thread: ThreadId, db: Database = DEFAULT_DATABASE, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a thread with its checkpoints; what was learnt in it stays."""
    with opened(db) as memory:
        memory.checkpointer.get_thread(thread)
        confirm(f"Delete the thread {thread} from {without_password(db)}?", sure=yes)
        memory.checkpointer.delete_thread(thread)
    tell(f"deleted the thread {thread}; what was learnt in it stays.", {"deleted": thread}, as_json=as_json)
