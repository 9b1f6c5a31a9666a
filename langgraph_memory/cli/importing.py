"""Takes in a file of LangGraph's own SQLite classes, and shows how far it is."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.progress import Progress

from langgraph_memory.cli.files import file_of
from langgraph_memory.cli.terminal import open_console
from langgraph_memory.database import open_memory
from langgraph_memory.exceptions import DatabaseUnavailableError, InvalidInputError
from langgraph_memory.importer import import_upstream


def import_file(source: str, target: str) -> None:
    """Copy threads and items from `source`, which is only read, to `target`; print how large each of them is.

    Raises DatabaseUnavailableError when there is no such source, InvalidInputError when both are the same file.
    """
    file = Path(source)
    if not file.is_file():
        raise DatabaseUnavailableError(f"there is no file {source!r} to import.")
    goal = file_of(target)
    if goal is not None and goal.exists() and goal.samefile(file):
        raise InvalidInputError(f"{source!r} cannot be imported into itself; name a new file.")
    with open_memory(target) as memory, Progress(console=open_console(), transient=True) as shown:
        task = shown.add_task("importing", total=None)
        found = import_upstream(
            file, memory, progress=lambda done, total: shown.update(task, completed=done, total=total)
        )
    skipped = f", {found.skipped:,} there already" if found.skipped else ""
    checkpoints = f"{found.checkpoints:,} checkpoints{skipped}"
    typer.echo(f"imported {found.threads:,} threads with {checkpoints}, and {found.items:,} items.")
    if goal is not None:
        typer.echo(f"{source}: {found.source_bytes:,} bytes; {target}: {goal.stat().st_size:,} bytes.")
