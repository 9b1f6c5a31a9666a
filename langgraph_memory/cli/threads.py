"""`langgraph-memory threads` and `jobs`: conversations, and what of them waits to be promoted in the background."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    AnyOwner,
    Database,
    Json,
    Limit,
    Owner,
    Reader,
    Scope,
    Thread,
    ThreadId,
    Yes,
    chat_model,
    confirm,
    draw,
    index_of,
    named_object,
    opened,
    print_json,
    print_list,
    safe,
    tell,
)
from langgraph_memory.errors import InvalidInputError, without_password
from langgraph_memory.views import Table, agreeing, counted, every, messages_table

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple
    from langgraph.store.base import IndexConfig

    from langgraph_memory import CuratedStore
    from langgraph_memory.nodes.reading import AnyExtractor
    from langgraph_memory.types import WorkReport

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


of_jobs = typer.Typer(
    no_args_is_help=True, help="Promote what was queued in the background; retry or drop what failed."
)


@of_jobs.command("list")
def list_jobs(
    db: Database = DEFAULT_DATABASE, owner: AnyOwner = None, as_json: Json = False, limit: Limit = 100
) -> None:
    """List what waits to be promoted and what was set aside, longest waiting first."""
    with opened(db) as memory:
        found = memory.jobs.pending(owner_id=owner, limit=limit + 1)
    nothing, which = "nothing waits to be promoted.", "these wait longest"
    print_list(found, nothing=nothing, as_json=as_json, limit=limit, which=which)


@of_jobs.command()
def retry(owner: Owner, thread: Thread = None, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Try an owner's messages again that were set aside."""
    with opened(db) as memory:
        count = memory.jobs.retry(owner_id=owner, thread_id=thread)
    said = f"{counted(count, 'messages')} of {owner} {agreeing(count, 'wait')} again."
    tell(said, {"messages": count}, as_json=as_json)


@of_jobs.command()
def drop(owner: Owner, thread: Thread = None, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Give up an owner's messages that were set aside."""
    with opened(db) as memory:
        count = memory.jobs.discard(owner_id=owner, thread_id=thread)
    said = f"{counted(count, 'messages')} of {owner} {agreeing(count, 'were')} given up."
    tell(said, {"messages": count}, as_json=as_json)


@of_jobs.command()
def work(
    db: Database = DEFAULT_DATABASE,
    once: Annotated[bool, typer.Option("--once", help="Work off what is due, then end.")] = False,
    poll: Annotated[float, typer.Option("--poll", min=0.01, max=86400, help="Seconds between two looks.")] = 5.0,
    model: Reader = None,
    extractor: Annotated[
        str | None, typer.Option("--extractor", help="module:attribute of your own extractor, as the node has it.")
    ] = None,
    embed: Annotated[str | None, typer.Option("--embed", help="The index's embedder, as db reindex takes it.")] = None,
    dims: Annotated[int | None, typer.Option("--dims", min=1, help="The size of its vectors.")] = None,
    as_json: Json = False,
) -> None:
    """Promote what is due, once or until SIGTERM or SIGINT; then the job at hand is finished and the rest stays."""
    from langgraph_memory import PromotionWorker

    reads = _extractor(model, extractor)
    with opened(db, index=_index(embed, dims)) as memory:
        worker = PromotionWorker(memory.store, extractor=reads, poll_every=timedelta(seconds=poll))
        if not once:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: worker.stop_soon())
            said = f"working off the jobs of {safe(worker.extractor)} in {safe(without_password(db))}."
            typer.echo(said, err=as_json)
        done = worker.run_once() if once else worker.run()
        if as_json:
            print_json(done._asdict())
            return
        _tell_done(done)
        _tell_waiting(memory.store, worker.extractor, once=once)


def _extractor(model: str | None, own: str | None) -> AnyExtractor | None:
    from langgraph_memory import ModelExtractor

    if model is not None and own is not None:
        raise InvalidInputError("--model and --extractor exclude each other.")
    if own is None:
        return None if model is None else ModelExtractor(chat_model(model))
    found: AnyExtractor | None = named_object(own)
    if found is None:
        raise InvalidInputError(f"--extractor takes module:attribute, and there is no {own!r}.")
    return found


def _index(embed: str | None, dims: int | None) -> IndexConfig | None:
    if (embed is None) != (dims is None):
        raise InvalidInputError("--embed and --dims go together.")
    return None if embed is None or dims is None else index_of(embed, dims)


def _tell_done(done: WorkReport) -> None:
    if not done.jobs:
        typer.echo("nothing was due.")
        return
    failed = f" {done.failed} failed and {agreeing(done.failed, 'wait')}." if done.failed - done.set_aside else ""
    read = f"read {counted(done.messages, 'messages')} in {counted(done.jobs, 'jobs')}"
    typer.echo(f"{read}; {done.set_aside} {agreeing(done.set_aside, 'were')} set aside.{failed}")


def _tell_waiting(store: CuratedStore, extractor: str, *, once: bool) -> None:
    waiting = [job for job in every(store.jobs.pending) if job.waiting]
    if once:
        _tell_due([job.due_at for job in waiting if job.extractor == extractor and job.due_at])
    for name, count in Counter(job.extractor for job in waiting if job.extractor != extractor).items():
        typer.echo(f"{counted(count, 'jobs')} of {safe(name)} {agreeing(count, 'wait')} for another worker.")


def _tell_due(moments: Sequence[datetime]) -> None:
    if moments:
        wait = f"{counted(len(moments), 'jobs')} {agreeing(len(moments), 'wait')}"
        typer.echo(f"{wait} to be due; the first is at {min(moments):%Y-%m-%d %H:%M:%S} UTC.")
