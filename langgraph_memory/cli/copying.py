"""Copies a database: one of this package to another, or what LangGraph's own classes wrote; and shows how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import typer
from rich.progress import Progress

from langgraph_memory.cli.files import file_of
from langgraph_memory.cli.telling import print_json
from langgraph_memory.cli.terminal import open_console, safe
from langgraph_memory.cli.upkeep import STANDARD_STREAM, import_memories
from langgraph_memory.database import open_memory
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.elsewhere import take_in as take_in_foreign
from langgraph_memory.errors import DatabaseUnavailableError, InvalidInputError, without_password
from langgraph_memory.importer import import_upstream, is_upstream
from langgraph_memory.moving import copy_memory
from langgraph_memory.views.words import counted

_NAMED = 10


def copy_database(source: str, target: str, *, as_json: bool = False) -> None:
    """Copy `source`, which is only read, to `target`, and print what both of them hold.

    Raises DatabaseUnavailableError when there is no such source, InvalidInputError when both are the same file.
    """
    _check(source, target)
    if is_upstream(source):
        import_database(source, target, as_json=as_json)
        return
    with _progress("copying") as report:
        found = copy_memory(source, target, progress=report)
    if as_json:
        print_json(asdict(found))
        return
    known = f" ({found.known:,} were there already)" if found.known else ""
    typer.echo(f"threads{known}: {found.threads}; the same in both.")
    typer.echo(f"memories: {found.memories}; the same in both.")
    _print_sizes(source, found.source_bytes, target, found.target_bytes)
    if found.changed:
        _print_names("continued in the source meanwhile, so run this again", found.changed)
    if found.extra:
        _print_names("only in the target, where they stay", found.extra)


def _print_names(what: str, names: Sequence[str]) -> None:
    named = ", ".join(names[:_NAMED]) + (f", and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
    typer.echo(safe(f"{what}: {named}."))


def import_database(source: str, target: str, *, as_json: bool = False) -> None:
    """Copy threads and items that LangGraph's own classes wrote to `target`; print how large each of them is.

    Raises DatabaseUnavailableError when there is no such source, InvalidInputError when both are the same file.
    """
    _check(source, target)
    if not is_upstream(source):
        raise InvalidInputError(f"{without_password(source)!r} is this package's own; copy it with the command copy.")
    with open_memory(target) as memory, _progress("importing") as report:
        found = import_upstream(source, memory, progress=report)
    if as_json:
        print_json(asdict(found))
        return
    skipped = f", {found.skipped:,} there already" if found.skipped else ""
    checkpoints = f"{counted(found.checkpoints, 'checkpoints')}{skipped}"
    threads, items = counted(found.threads, "threads"), counted(found.items, "items")
    typer.echo(f"imported {threads} with {checkpoints}, and {items}.")
    for one in found.damaged:
        typer.echo(safe(f"left behind: {one}"), err=True)
    goal = file_of(target)
    _print_sizes(source, found.source_bytes, target, None if goal is None else goal.stat().st_size)


def _check(source: str, target: str) -> None:
    file, goal = file_of(source), file_of(target)
    if file is not None and not file.is_file():
        raise DatabaseUnavailableError(f"there is no file {str(file)!r} to copy from.")
    if file is not None and goal is not None and _same(file, goal):
        raise InvalidInputError(f"{source!r} cannot be copied into itself; name a new file.")


def _same(file: Path, goal: Path) -> bool:
    return goal.exists() and goal.samefile(file)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar, which is gone at the end."""
    with Progress(console=open_console(), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _print_sizes(source: str, source_bytes: int, target: str, target_bytes: int | None) -> None:
    sizes = [f"{without_password(source)}: {counted(source_bytes, 'bytes')}"]
    if target_bytes is not None:
        sizes.append(f"{without_password(target)}: {counted(target_bytes, 'bytes')}")
    typer.echo(safe("; ".join(sizes) + "."))


def take_in(
    source: str, target: str, owner: str | None, scope: str, *, trusted: bool, dry_run: bool, as_json: bool
) -> None:
    """Take in what `source` turns out to be: an export, a database of LangGraph's own classes, or another product's.

    Raises InvalidInputError for what is none of them, and for options that do not apply to what it is.
    """
    is_text = source != STANDARD_STREAM and _is_text(source)
    if is_text and not _is_own_export(source):
        _take_in_foreign(source, target, owner, scope, dry_run=dry_run, as_json=as_json)
        return
    if dry_run or scope != GLOBAL:
        raise InvalidInputError("--scope and --dry-run are for what another product exported.")
    if source == STANDARD_STREAM or is_text:
        import_memories(target, source, owner, trusted=trusted, as_json=as_json)
        return
    if owner is not None:
        raise InvalidInputError("--owner is for an export; a database is taken in with all its owners.")
    import_database(source, target, as_json=as_json)


def _take_in_foreign(source: str, target: str, owner: str | None, scope: str, *, dry_run: bool, as_json: bool) -> None:
    if owner is None:
        raise InvalidInputError(f"{source} is no export of this package; name whose memories it holds with --owner.")
    with open_memory(target) as memory:
        found = take_in_foreign(memory, source, owner_id=owner, scope=scope, dry_run=dry_run)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(safe(str(found)))
    for content in (*found.added, *found.heard):
        typer.echo(safe(f"  {content}"))


def _is_own_export(source: str) -> bool:
    """Return whether a file begins as an export of this package does."""
    with Path(source).open(encoding="utf-8", errors="replace") as opened:
        first = opened.readline(1_000)
    return '"langgraph_memory"' in first or not first.strip()


def _is_text(source: str) -> bool:
    """Return whether a source is a file of text, as an export is."""
    file = file_of(source)
    if file is None or not file.is_file():
        return False
    with file.open("rb") as opened:
        return b"\x00" not in opened.read(100)
