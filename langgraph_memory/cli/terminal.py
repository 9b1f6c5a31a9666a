"""The terminal: what may be written to it, and how a command asks, tells, and draws tables."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from langgraph_memory.domain.text import HIDDEN
from langgraph_memory.errors import (
    DatabaseUnavailableError,
    InvalidInputError,
    MemoryNotFoundError,
    MissingExtraError,
    names_a_server,
)
from langgraph_memory.views import counted, every

if TYPE_CHECKING:
    import rich.table
    from langchain_core.language_models import BaseChatModel
    from langgraph.store.base import IndexConfig

    from langgraph_memory import CuratedStore, Memory, MemoryDatabase
    from langgraph_memory.views import Column, Records, Table

WIDTH_WITHOUT_TERMINAL = 100
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
_COMMANDS = (
    (r"receipts\(\) lists those there are", "the command memories recalls lists those there are"),
    (r"list_threads\(\) lists those there are", "the command threads list shows those there are"),
    (r"share_thread\(\)", "share_thread() of the checkpointer"),
    (r"remember\(\) takes what holds now", "the command remember takes what holds now"),
    (r"remember\(\)", "remember"),
    (r"\S*\breindex\(\) or the command db reindex", "the command db reindex"),
    (r"open it (?:once|again) with open_memory\(\)(, which migrates it)?", r"run a command where it can be written\1"),
    (r", or register it with open_memory\(memory_types=\.\.\.\)", ""),
    (r"pass owner_id \(or set owner_id or user_id in the run's context or configurable\)", "name one with --owner"),
    (r"call scrub\(\) (?:later|again)", "run this again later"),
)
"""How the errors of the package name what to call, and what stands for that on the command line."""


def open_console() -> Console:
    """Return a console that takes text as it is: no markup, no emoji codes, nothing highlighted by guess."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console


def safe(text: str) -> str:
    """Return `text` without what could steer a terminal: escape sequences, other controls, hidden characters.

    Line feeds stay.
    """
    return _CONTROLS.sub(" ", HIDDEN.sub("", text))


def in_commands(sentence: str) -> str:
    """Return an error's sentence with the commands that do what it tells a program to call."""
    for call, command in _COMMANDS:
        sentence = re.sub(call, command, sentence)
    return sentence


def confirm(question: str, *, sure: bool) -> None:
    """Ask, unless somebody is sure; ends with exit code 1 unless the answer is yes. Nothing goes to the output."""
    if sure:
        return
    typer.echo(f"{safe(question)} [y/N]: ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        typer.echo("nothing was done.", err=True)
        raise typer.Exit(1)


def tell(sentence: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what was done, or the same as an object of JSON."""
    if as_json:
        print_json(facts)
    else:
        typer.echo(safe(sentence))


def print_json(found: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> None:
    """Print JSON in ASCII, which any terminal and any pipe carries unchanged."""
    shown = dict(found) if isinstance(found, Mapping) else list(found)
    typer.echo(json.dumps(shown, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    return (
        value.isoformat() if isinstance(value, datetime) else dict(value) if isinstance(value, Mapping) else str(value)
    )


def print_list(
    found: Records[Any],
    *,
    title: str = "",
    nothing: str,
    as_json: bool,
    limit: int | None = None,
    which: str = "these are the newest",
    table: Callable[[Records[Any]], Table] | None = None,
) -> None:
    """Print the first `limit` of a list that was read one longer, as a table or as JSON; say where there are more."""
    shown = found if limit is None else found[:limit]
    if as_json:
        print_json(shown.rows())
    elif shown:
        draw(shown.table(title or None) if table is None else table(shown))
    else:
        typer.echo(safe(nothing))
    if len(found) > len(shown):
        tell_more("there are", limit or 0, found.kind.things, which)


def tell_more(who: str, limit: int, things: str, which: str = "these are the newest") -> None:
    """Say on the standard error that a list is longer than what was printed."""
    from langgraph_memory.views import counted

    typer.echo(safe(f"{who} more than {counted(limit, things)}; {which}, --limit takes more."), err=True)


def draw(table: Table, console: Console | None = None) -> None:
    """Print a table; every text goes in as plain text, never as markup."""
    (console or open_console()).print(_drawn(table.on("terminal")))


def _drawn(table: Table) -> rich.table.Table:
    from rich import box
    from rich.table import Table as Drawn
    from rich.text import Text

    title = Text(safe(table.title), style="bold") if table.title else None
    head = any(one.title for one in table.columns)
    drawn = Drawn(title=title, title_justify="left", box=box.ROUNDED, show_header=head, show_lines=table.lines)
    drawn.expand = any(one.stretch for one in table.columns)
    for column in table.columns:
        drawn.add_column(column.title, overflow="fold", **_room(column, expand=drawn.expand))
    for row in table.rows or [("nothing", *[""] * (len(table.columns) - 1))]:
        drawn.add_row(*(Text(safe(str(cell)), style=getattr(cell, "style", "")) for cell in row))
    drawn.caption = "\n".join(table.footnotes) or None
    return drawn


def _room(column: Column, *, expand: bool) -> dict[str, Any]:
    """Return what a column takes of the line: in a table that fills it, its width or its share of the rest."""
    if not expand:
        return {"min_width": column.width}
    return {"width": column.width, "ratio": 1 if column.stretch else None}


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar that is moved with how much of how much is done, and is gone at the end."""
    from rich.progress import Progress

    with Progress(console=open_console(), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def some_of(names: Sequence[str], most: int = 10) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f", and {len(names) - most:,} more" if len(names) > most else "")


DEFAULT_DATABASE = "assistant.db"
_MODEL = "provider:name, as LangChain's init_chat_model takes it"

MODEL_HELP = f"{_MODEL}; without it, an offline model answers."

Database = Annotated[
    str,
    typer.Option(
        "--db", envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path, a sqlite:/// or a postgresql:// URL."
    ),
]
AnyOwner = Annotated[str | None, typer.Option("--owner", help="Whose; else everybody's.")]
Owner = Annotated[str, typer.Option("--owner", help="Whose memories.")]
Served = Annotated[str | None, typer.Option("--owner", help="Serve this owner's memories alone.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
Scope = Annotated[str, typer.Option("--scope", help="Where it holds, such as org:acme/project:apollo.")]
Thread = Annotated[str | None, typer.Option("--thread", help="Of this thread only.")]
ChatModel = Annotated[str | None, typer.Option("--model", help=MODEL_HELP)]
Reader = Annotated[str | None, typer.Option("--model", help=f"{_MODEL}; without it, the rules read and write.")]
Embedder = Annotated[str, typer.Option("--embed", help="provider:model, or module:attribute of your own embedder.")]
Dims = Annotated[int, typer.Option("--dims", min=1, help="The size of its vectors.")]
Role = Annotated[str, typer.Option("--role", help="The server's role, which must exist.")]
Host = Annotated[str, typer.Option("--host", help="The address to listen at; by default this machine alone.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Let nothing be changed.")]

MemoryId = Annotated[str, typer.Argument(help="The memory's id, or its first characters.")]
ThreadId = Annotated[str, typer.Argument(help="The thread's id.")]


_SQLITE_URL = "sqlite:///"


def file_of(db: str) -> Path | None:
    """Return the file that a connection string names, or None for a server.

    Raises InvalidInputError for no name, and for a database in memory: it ends with the process, so that another
    command cannot read it.
    """
    if not db.strip():
        raise InvalidInputError("--db is empty; name a file.")
    path = db.removeprefix(_SQLITE_URL)
    if path in ("", ":memory:"):
        raise InvalidInputError(f"{db} lives in one process only; name a file.")
    return None if "://" in path or names_a_server(path) else Path(path)


def existing(db: str) -> str:
    """Return `db`, which must exist: reading never creates a file.

    Raises DatabaseUnavailableError when there is no such file.
    """
    file = file_of(db)
    if file is not None and not file.is_file():
        raise DatabaseUnavailableError(f"there is no file {str(file)!r}; name one with --db, or start one with chat.")
    return db


@contextmanager
def opened(db: str, *, new: bool = False, index: IndexConfig | None = None) -> Iterator[MemoryDatabase]:
    """Open a database, which must exist unless it may be `new`."""
    from langgraph_memory import open_memory

    if new:
        file_of(db)
    with open_memory(db if new else existing(db), index=index) as memory:
        yield memory


def memory_of_id(store: CuratedStore, owner_id: str, start: str) -> Memory:
    """Return the one memory of an owner, live or not, whose id starts with `start`.

    Raises MemoryNotFoundError when there is none, InvalidInputError when there are several.
    """
    held = every(store.list_memories, owner_id=owner_id, include_inactive=True)
    found = [memory for memory in held if start and memory.id.startswith(start)]
    exact = [memory for memory in found if memory.id == start]
    if not found:
        raise MemoryNotFoundError(f"owner {owner_id!r} has no memory whose id starts with {start!r}.")
    if len(found) > 1 and not exact:
        raise InvalidInputError(
            f"{counted(len(found), 'memories')} have an id that starts with {start!r}; give more of it."
        )
    return (exact or found)[0]


def extra(module: str, what: str, name: str) -> ModuleType:
    """Return a module that an extra brings; raises MissingExtraError, which says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError.of(f"{what} needs the extra {name}", name) from error


def chat_model(name: str | None) -> BaseChatModel:
    """Return the model that `--model` names, or the offline one when it names none."""
    from langgraph_memory import OfflineChatModel
    from langgraph_memory.configuration import chat_model as named_model

    return OfflineChatModel() if name is None else named_model(name, "--model")


def index_of(embed: str, dims: int, fields: Sequence[str] | None = None) -> IndexConfig:
    """Return the index that `--embed` and `--dims` name: an embedder of the user's own, or one that LangChain knows."""
    own = named_object(embed)
    index: IndexConfig = {"dims": dims, "embed": embed if own is None else own}
    if fields:
        index["fields"] = list(fields)
    return index


def named_object(name: str) -> Any:
    """Return the object that `module:attribute` names, looked for in the current folder too, or None."""
    module, _, attribute = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        return None
    finally:
        sys.path.pop(0)
