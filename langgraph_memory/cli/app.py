"""The commands and their options; what each of them does stands in its own module, imported when it runs."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from langgraph_memory.cli.terminal import safe
from langgraph_memory.exceptions import LangGraphMemoryError

DISTRIBUTION = "langgraph-curated-memory"


class _OneSentenceErrors(TyperGroup):
    """Prints an error of this package as its sentence, without a traceback, and exits with 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LangGraphMemoryError as error:
            typer.echo(f"error: {safe(str(error))}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_OneSentenceErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Two memories for LangGraph agents in one file: threads that resume, and facts that outlive them.",
)

Database = Annotated[
    str, typer.Option("--db", envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path or a sqlite:/// URL.")
]
Owner = Annotated[str | None, typer.Option("--owner", help="Whose memories.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most to list; of memories, for each owner.")]
MODEL_HELP = "provider:name, as LangChain's init_chat_model takes it; without it, an offline model answers."
DEFAULT_DATABASE = "assistant.db"


def main() -> None:
    """Run the command line; a character that the terminal cannot show is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(version(DISTRIBUTION))
        except PackageNotFoundError:
            typer.echo("unknown: langgraph_memory runs from a folder and is not installed")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command; `--version` has done its work by now."""


@app.command()
def demo(
    db: Annotated[str | None, typer.Option("--db", help="The file to play in; by default a new temporary one.")] = None,
    model: Annotated[str | None, typer.Option("--model", help=MODEL_HELP)] = None,
) -> None:
    """Play two sessions in two processes on one file, and show what was remembered, recalled and left out."""
    from langgraph_memory.cli.demo import play_demo

    play_demo(db, model)


@app.command("demo-session", hidden=True)
def demo_session(
    number: Annotated[int, typer.Argument(min=1, max=2)],
    db: Annotated[str, typer.Option("--db")],
    thread: Annotated[str, typer.Option("--thread")],
    model: Annotated[str | None, typer.Option("--model")] = None,
) -> None:
    """Play one session of the demo in this process."""
    from langgraph_memory.cli.demo import play_session

    play_session(number, db, thread, model)


@app.command()
def chat(
    db: Database = DEFAULT_DATABASE,
    owner: Annotated[str | None, typer.Option("--owner", help="Who is talking; by default the system's user.")] = None,
    thread: Annotated[str | None, typer.Option("--thread", help="The thread to go on with; else a new one.")] = None,
    model: Annotated[str | None, typer.Option("--model", envvar="LANGGRAPH_MEMORY_MODEL", help=MODEL_HELP)] = None,
) -> None:
    """Talk with an assistant that remembers; /help lists what else it understands."""
    from langgraph_memory.cli.chat import start_chat

    start_chat(db, owner, thread, model)


@app.command()
def memories(
    db: Database = DEFAULT_DATABASE,
    owner: Owner = None,
    everything: Annotated[bool, typer.Option("--all", help="Superseded and expired ones too.")] = False,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List the memories in a file, of one owner or of all."""
    from langgraph_memory.cli.listings import list_memories

    list_memories(db, owner, everything=everything, as_json=as_json, limit=limit)


@app.command()
def owners(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """List whose memories a file holds, and how many."""
    from langgraph_memory.cli.listings import list_owners

    list_owners(db, as_json=as_json)


@app.command()
def threads(db: Database = DEFAULT_DATABASE, as_json: Json = False, limit: Limit = 100) -> None:
    """List the threads in a file, last used first."""
    from langgraph_memory.cli.listings import list_threads

    list_threads(db, as_json=as_json, limit=limit)
