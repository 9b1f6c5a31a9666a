"""Looks at single memories and recalls, removes them, and moves a file's memories to another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import typer

from langgraph_memory.cli.files import existing, file_of
from langgraph_memory.cli.ids import memory_of_id
from langgraph_memory.cli.tables import audit_table, memories_table
from langgraph_memory.cli.telling import as_object, confirm, print_json, tell
from langgraph_memory.cli.terminal import open_console, safe
from langgraph_memory.database import MemoryDatabase, open_memory
from langgraph_memory.domain.memory import Receipt
from langgraph_memory.domain.transfer import check_header
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError, MemoryNotFoundError, without_password
from langgraph_memory.store import CuratedStore
from langgraph_memory.views.words import counted, listed

STANDARD_STREAM = "-"


def show_history(db: str, memory_id: str, owner: str, *, as_json: bool) -> None:
    """Print every version of what a memory is about, oldest first."""
    with open_memory(existing(db)) as memory:
        named = memory_of_id(memory.store, owner, memory_id)
        versions = memory.store.history(named.id, owner_id=owner)
    if as_json:
        print_json(as_object(one) or {} for one in versions)
    else:
        open_console().print(memories_table(versions, title=f"history of {memory_id}", now=datetime.now(UTC)))


def show_explanation(db: str, recall_id: str | None, owner: str, *, as_json: bool) -> None:
    """Print why a recall found what it did: the recall of that id, or the owner's last one."""
    with open_memory(existing(db)) as memory:
        if recall_id is None:
            last = memory.store.receipts(owner_id=owner, kind="recall", limit=1)
            if not last:
                raise InvalidInputError(f"{owner!r} has recalled nothing yet.")
            recall_id = last[0].id
        explanation = memory.store.explain(recall_id, owner_id=owner)
    receipt = explanation.receipt
    tell(str(explanation), {"id": receipt.id, "at": receipt.at, "body": dict(receipt.body)}, as_json=as_json)


def verify_memory(db: str, memory_id: str, owner: str, *, as_json: bool) -> None:
    """Confirm one memory and print it; a conflict that it is in is settled."""
    with open_memory(existing(db)) as memory:
        named = memory_of_id(memory.store, owner, memory_id)
        confirmed = memory.store.verify(named.id, owner_id=owner)
    facts = {"action": "verified", "memory": as_object(confirmed)}
    tell(f"confirmed: {confirmed.content}", facts, as_json=as_json)


def supersede_memory(db: str, memory_id: str, content: str, owner: str, *, as_json: bool) -> None:
    """Put a new value in the place of one memory, and print what that did.

    Raises InvalidMemoryError when the guard does not let it be stored.
    """
    with open_memory(existing(db)) as memory:
        named = memory_of_id(memory.store, owner, memory_id)
        outcome = memory.store.supersede(named.id, content, owner_id=owner)
    if outcome.memory is None:
        raise InvalidMemoryError(f"nothing was changed: {outcome.reason.rstrip('.')}.")
    gone = "; ".join(one.content for one in outcome.replaced)
    said = f"holds now: {outcome.memory.content}\nuntil now: {gone}"
    said = f"confirmed: {outcome.memory.content}" if outcome.action == "reinforced" else said
    replaced = [as_object(one) for one in outcome.replaced]
    facts = {"action": outcome.action, "memory": as_object(outcome.memory), "replaced": replaced}
    tell(said, facts, as_json=as_json)


def show_audit(db: str, memory_id: str | None, owner: str, *, as_json: bool, limit: int) -> None:
    """Print who changed an owner's memories, or one of them, newest first."""
    with open_memory(existing(db)) as memory:
        wanted = None if memory_id is None else _id_of(memory.store, owner, memory_id)
        found = memory.store.audit(owner_id=owner, memory_id=wanted, limit=limit + 1)
    if as_json:
        print_json(asdict(one) for one in found[:limit])
    elif not found:
        typer.echo(f"nothing is recorded of changes to {safe(owner)}'s memories.")
    else:
        open_console().print(audit_table(found[:limit], title=f"changes to {owner}'s memories"))
    if len(found) > limit:
        typer.echo(
            f"there are more than {counted(limit, 'changes')}; these are the newest, --limit takes more.", err=True
        )


def _id_of(store: CuratedStore, owner: str, start: str) -> str:
    """Return the whole id of a memory; one that is forgotten has to be named by the whole of it."""
    try:
        return memory_of_id(store, owner, start).id
    except MemoryNotFoundError:
        return start


def forget_memory(db: str, memory_id: str, owner: str, *, sure: bool, as_json: bool) -> None:
    """Delete one memory with its older versions, after asking, and make its bytes unreadable."""
    with open_memory(existing(db)) as memory:
        found = memory_of_id(memory.store, owner, memory_id)
        confirm(f"Forget {found.content!r} of {owner}, with its older versions?", sure=sure)
        receipt = memory.store.forget(found.id, owner_id=owner)
        scrubbed = memory.store.scrub()
    facts = {"forgotten": found.id, "counts": dict(receipt.counts), "scrubbed": scrubbed}
    tell(f"forgot {receipt.counts['memories']} of {owner}'s memories.{_scrubbed(db, scrubbed)}", facts, as_json=as_json)


def erase_owner(db: str, owner: str, *, threads: bool, sure: bool, as_json: bool) -> None:
    """Remove everything of an owner, after asking."""
    path = existing(db)
    what = "everything and every thread" if threads else "everything but the threads"
    confirm(f"Erase {what} of {owner} from {without_password(path)}?", sure=sure)
    with open_memory(path) as memory:
        receipt = memory.store.erase_owner(owner, threads=threads)
    scrubbed = bool(receipt.body["scrubbed"])
    facts = {"erased": owner, "counts": dict(receipt.counts), "scrubbed": scrubbed}
    tell(f"erased {listed(receipt.counts.items())} of {owner}.{_scrubbed(db, scrubbed)}", facts, as_json=as_json)


def export_memories(db: str, file: str, owner: str | None, *, readable: bool = False) -> None:
    """Write an export to a file, or to the standard output; `readable` as a text for the owner to read."""
    if readable and owner is None:
        raise InvalidInputError("--readable is for one owner; name one with --owner.")
    with open_memory(existing(db)) as memory:
        lines = _readable(memory, owner) if readable and owner else memory.store.export(owner_id=owner)
        if file == STANDARD_STREAM:
            for line in lines:
                typer.echo(line.encode("utf-8") + b"\n", nl=False)
            return
        if Path(file).exists():
            raise InvalidInputError(f"{file!r} exists already; name a new file.")
        with open(file, "x", encoding="utf-8", opener=_for_owner_alone) as target:
            target.writelines(f"{line}\n" for line in lines)
    typer.echo(f"wrote {file}.", err=True)


def _readable(memory: MemoryDatabase, owner: str) -> Iterator[str]:
    from langgraph_memory.report import owner_report

    yield from owner_report(memory, owner).split("\n")


def _for_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def import_memories(db: str, file: str, owner: str | None, *, trusted: bool = True, as_json: bool = False) -> None:
    """Take in an export from a file, or from the standard input, and count aloud."""
    if file != STANDARD_STREAM and not Path(file).is_file():
        raise InvalidInputError(f"there is no file {file!r}.")
    try:
        receipt = _taken_in(db, file, owner, trusted)
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file!r} is no text; name what export wrote.") from None
    facts = {"counts": dict(receipt.counts)}
    tell(f"imported {listed(receipt.counts.items())}.", facts, as_json=as_json)


def _taken_in(db: str, file: str, owner: str | None, trusted: bool) -> Receipt:
    with ExitStack() as opened:
        source = sys.stdin if file == STANDARD_STREAM else opened.enter_context(Path(file).open(encoding="utf-8"))
        lines = _begun(source)
        memory = opened.enter_context(open_memory(db))
        return memory.store.import_(lines, owner_id=owner, trusted=trusted, on_progress=_count)


def _begun(lines: Iterator[str]) -> Iterator[str]:
    """Return the lines of an export, whose first is checked before a database is made for them."""
    first = next(lines, "")
    try:
        check_header(first)
    except InvalidInputError as error:
        raise InvalidInputError(f"line 1: {error}") from None
    return chain([first], lines)


def _count(lines: int) -> None:
    typer.echo(counted(lines, "lines"), err=True)


def _scrubbed(db: str, done: bool) -> str:
    if done:
        return ""
    if file_of(db) is None:
        return " The server's files hold its old bytes until their space is used again."
    return " Somebody is reading the file, so its old bytes are still there; run this again later."
