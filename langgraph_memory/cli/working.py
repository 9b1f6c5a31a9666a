"""Works off what was queued in the background, shows what waits, and ends sessions."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

import typer
from langgraph.store.base import IndexConfig

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.models import chat_model
from langgraph_memory.cli.reindexing import index_of, named_object
from langgraph_memory.cli.tables import jobs_table
from langgraph_memory.cli.telling import as_object, print_json, tell
from langgraph_memory.cli.terminal import open_console, safe
from langgraph_memory.database import open_memory
from langgraph_memory.domain.jobs import Job
from langgraph_memory.errors import InvalidInputError, without_password
from langgraph_memory.extract import ModelExtractor
from langgraph_memory.nodes import PromotionWorker, WorkReport
from langgraph_memory.nodes.readers import AnyExtractor
from langgraph_memory.store import CuratedStore
from langgraph_memory.views.words import agreeing, counted


def work_off(
    db: str,
    model: str | None,
    extractor: str | None,
    embed: str | None,
    dims: int | None,
    *,
    once: bool,
    poll: float,
    as_json: bool,
) -> None:
    """Promote what is due, once or until SIGTERM or SIGINT; then the job at hand is finished and the rest stays."""
    reads, index = _extractor(model, extractor), _index(embed, dims)
    with open_memory(existing(db), index=index) as memory:
        worker = PromotionWorker(memory.store, extractor=reads, poll_every=timedelta(seconds=poll))
        if once:
            done = worker.run_once()
        else:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: worker.stop_soon())
            typer.echo(
                f"working off the jobs of {safe(worker.extractor)} in {safe(without_password(db))}.", err=as_json
            )
            done = worker.run()
        if as_json:
            print_json(done._asdict())
            return
        _tell(done)
        _tell_of_waiting(memory.store, worker.extractor, once=once)


def list_jobs(db: str, owner: str | None, *, as_json: bool, limit: int) -> None:
    """Print the `limit` jobs that have been waiting longest."""
    with open_memory(existing(db)) as memory:
        found = memory.store.jobs(owner_id=owner, limit=limit + 1)
    if as_json:
        print_json(asdict(job) for job in found[:limit])
    elif not found:
        typer.echo("nothing waits to be promoted.")
    else:
        open_console().print(jobs_table(found[:limit]))
    if len(found) > limit:
        typer.echo(f"there are more than {counted(limit, 'jobs')}; these wait longest, --limit takes more.", err=True)


def decide(db: str, owner: str | None, thread: str | None, *, retry: bool, drop: bool, as_json: bool) -> None:
    """Try an owner's messages again that were set aside, or give them up."""
    if owner is None or retry == drop:
        raise InvalidInputError("--retry and --drop exclude each other and need --owner.")
    with open_memory(existing(db)) as memory:
        change = memory.store.retry_set_aside if retry else memory.store.drop_set_aside
        count = change(owner_id=owner, thread_id=thread)
    become = f"{agreeing(count, 'wait')} again" if retry else f"{agreeing(count, 'were')} given up"
    tell(f"{counted(count, 'messages')} of {owner} {become}.", {"messages": count}, as_json=as_json)


def end_session(
    db: str, thread: str, owner: str, scope: str, model: str | None, *, compact: bool, as_json: bool
) -> None:
    """Remember what a thread came to and print it."""
    summarizer = None if model is None else chat_model(model)
    with open_memory(existing(db)) as memory:
        ended = memory.end_session(thread, owner_id=owner, scope=scope, compact=compact, summarizer=summarizer)
    removed = f"; removed {ended.removed} of its checkpoints" if ended.removed else ""
    if ended.fallback is not None:
        typer.echo(f"the model wrote nothing that can be kept ({ended.fallback}); the rules did.", err=True)
    said = f"{ended.reason.rstrip('.')}{removed}."
    if ended.memory is not None:
        said = f"{ended.memory.content}\nremembered for {owner} from {counted(ended.messages, 'messages')}{removed}."
    facts = {"memory": as_object(ended.memory), "reason": ended.reason, "messages": ended.messages}
    tell(said, {**facts, "removed": ended.removed, "fallback": ended.fallback}, as_json=as_json)


def _extractor(model: str | None, own: str | None) -> AnyExtractor | None:
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


def _tell(done: WorkReport) -> None:
    if not done.jobs:
        typer.echo("nothing was due.")
        return
    failed = f" {done.failed} failed and {agreeing(done.failed, 'wait')}." if done.failed - done.set_aside else ""
    read = f"read {counted(done.messages, 'messages')} in {counted(done.jobs, 'jobs')}"
    typer.echo(f"{read}; {done.set_aside} {agreeing(done.set_aside, 'were')} set aside.{failed}")


def _tell_of_waiting(store: CuratedStore, extractor: str, *, once: bool) -> None:
    waiting = [job for job in _all_jobs(store) if job.waiting]
    mine = [job.due_at for job in waiting if job.extractor == extractor and job.due_at is not None]
    if once and mine:
        wait = f"{counted(len(mine), 'jobs')} {agreeing(len(mine), 'wait')}"
        typer.echo(f"{wait} to be due; the first is at {min(mine):%Y-%m-%d %H:%M:%S} UTC.")
    others = Counter(job.extractor for job in waiting if job.extractor != extractor)
    for name, count in others.items():
        typer.echo(f"{counted(count, 'jobs')} of {safe(name)} {agreeing(count, 'wait')} for another worker.")


def _all_jobs(store: CuratedStore) -> Iterator[Job]:
    offset = 0
    while page := store.jobs(offset=offset):
        yield from page
        offset += len(page)
