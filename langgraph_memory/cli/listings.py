"""Lists what a file holds, as tables or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.tables import memories_table, owners_table, threads_table
from langgraph_memory.cli.telling import as_object, print_json
from langgraph_memory.cli.terminal import open_console, safe
from langgraph_memory.database import open_memory
from langgraph_memory.domain.memory import Memory
from langgraph_memory.views.words import counted


def list_memories(db: str, owner: str | None, *, everything: bool, as_json: bool, limit: int) -> None:
    """Print the newest `limit` memories of an owner, or of each owner."""
    with open_memory(existing(db)) as memory:
        wanted = [found[0] for found in memory.store.list_owners()] if owner is None else [owner]
        pages = {
            one: memory.store.list_memories(owner_id=one, everything=everything, limit=limit + 1) for one in wanted
        }
    if as_json:
        print_json(as_object(one) or {} for page in pages.values() for one in page[:limit])
    else:
        _print_tables(pages, limit)
    for one, page in pages.items():
        if len(page) > limit:
            typer.echo(
                f"{one} has more than {counted(limit, 'memories')}; these are the newest, --limit takes more.", err=True
            )


def list_owners(db: str, *, as_json: bool) -> None:
    """Print every owner with the number of their memories."""
    with open_memory(existing(db)) as memory:
        found = memory.store.list_owners()
    if as_json:
        print_json({"owner_id": owner, "memories": count, "live": live} for owner, count, live in found)
    elif found:
        open_console().print(owners_table(found))
    else:
        typer.echo("the file holds nothing of anybody.")


def list_threads(db: str, *, as_json: bool, limit: int) -> None:
    """Print the `limit` threads that were used last."""
    with open_memory(existing(db)) as memory:
        found = memory.checkpointer.list_threads(limit=limit + 1)
    if as_json:
        print_json(asdict(thread) for thread in found[:limit])
    elif found:
        open_console().print(threads_table(found[:limit]))
    else:
        typer.echo("the file holds no threads.")
    if len(found) > limit:
        typer.echo(
            f"there are more than {counted(limit, 'threads')}; these were used last, --limit takes more.", err=True
        )


def _print_tables(pages: Mapping[str, list[Memory]], limit: int) -> None:
    console, now = open_console(), datetime.now(UTC)
    if not pages:
        typer.echo("the file holds no memories.")
    for owner, page in pages.items():
        if page:
            console.print(memories_table(page[:limit], title=f"memories of {owner}", now=now))
        else:
            typer.echo(f"nothing is known of {safe(owner)}.")
