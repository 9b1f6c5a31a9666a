"""Looks a database over, for people and for a CI job."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.table import Table

from langgraph_memory.cli.files import existing, file_of
from langgraph_memory.cli.telling import print_json
from langgraph_memory.cli.terminal import open_console, safe
from langgraph_memory.database import open_memory
from langgraph_memory.doctor import Finding

FOUND = 3
"""The exit code when there is anything worse than a note."""
_LARGE_LOG = 256 << 20


def examine(db: str, *, as_json: bool) -> None:
    """Print what there is to look at; exits with 3 when any of it is worse than a note."""
    with open_memory(existing(db)) as memory:
        findings = [*memory.diagnose(), *_of_file(file_of(db))]
    if as_json:
        print_json([one.row() for one in findings])
    elif findings:
        table = Table("how bad", "what", "what to do")
        for one in findings:
            table.add_row(one.severity, safe(one.what), safe(one.action))
        open_console().print(table)
    else:
        typer.echo("nothing is wrong.")
    if any(one.severity != "note" for one in findings):
        raise typer.Exit(FOUND)


def _of_file(file: Path | None) -> Iterator[Finding]:
    if file is None:
        return
    mode = file.stat().st_mode
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Finding("warning", f"{file} can be read by other users of this machine", f"run chmod 600 {file}")
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        what = f"the write-ahead log takes {log.stat().st_size >> 20} MB, since somebody reads an earlier state"
        yield Finding("note", what, "end what has had the file open for long")
