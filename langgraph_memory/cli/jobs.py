"""`langgraph-memory jobs`: work off what was queued in the background, and decide about what failed."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    AnyOwner,
    Database,
    Json,
    Limit,
    Owner,
    Reader,
    Thread,
    chat_model,
    index_of,
    named_object,
    opened,
    print_json,
    print_list,
    safe,
    tell,
)
from langgraph_memory.errors import InvalidInputError, without_password
from langgraph_memory.views import agreeing, counted, every

if TYPE_CHECKING:
    from langgraph.store.base import IndexConfig

    from langgraph_memory import CuratedStore
    from langgraph_memory.nodes.reading import AnyExtractor
    from langgraph_memory.types import WorkReport

app = typer.Typer(no_args_is_help=True, help="Promote what was queued in the background; retry or drop what failed.")


@app.command("list")
def list_jobs(
    db: Database = DEFAULT_DATABASE, owner: AnyOwner = None, as_json: Json = False, limit: Limit = 100
) -> None:
    """List what waits to be promoted and what was set aside, longest waiting first."""
    with opened(db) as memory:
        found = memory.jobs.pending(owner_id=owner, limit=limit + 1)
    nothing, which = "nothing waits to be promoted.", "these wait longest"
    print_list(found, nothing=nothing, as_json=as_json, limit=limit, which=which)


@app.command()
def retry(owner: Owner, thread: Thread = None, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Try an owner's messages again that were set aside."""
    with opened(db) as memory:
        count = memory.jobs.retry(owner_id=owner, thread_id=thread)
    said = f"{counted(count, 'messages')} of {owner} {agreeing(count, 'wait')} again."
    tell(said, {"messages": count}, as_json=as_json)


@app.command()
def drop(owner: Owner, thread: Thread = None, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Give up an owner's messages that were set aside."""
    with opened(db) as memory:
        count = memory.jobs.discard(owner_id=owner, thread_id=thread)
    said = f"{counted(count, 'messages')} of {owner} {agreeing(count, 'were')} given up."
    tell(said, {"messages": count}, as_json=as_json)


@app.command()
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
