"""The commands and their options; what each of them does stands in its own module, imported when it runs."""

from __future__ import annotations

import sys
from importlib.resources import files
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from langgraph_memory import __version__
from langgraph_memory.cli import db, memories, threads
from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    MODEL_HELP,
    ChatModel,
    Database,
    Json,
    in_commands,
    open_console,
    print_json,
    safe,
)
from langgraph_memory.errors import InvalidInputError, LangGraphMemoryError


class _OneSentenceErrors(TyperGroup):
    """Prints an error of this package as its sentence, without a traceback, and exits with 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LangGraphMemoryError as error:
            typer.echo(f"error: {safe(in_commands(str(error)))}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_OneSentenceErrors,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    epilog="Exit codes: 0 done; 1 not done, which one sentence on the standard error explains, or the answer was no; "
    "2 the command line itself is wrong; 130 interrupted. With --json a command prints JSON; what deletes asks first, "
    "unless --yes is given.",
    help="Two memories for LangGraph agents in one file: threads that resume, and facts that outlive them.",
)


def main() -> None:
    """Run the command line; a character that the terminal cannot show is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
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
    model: ChatModel = None,
) -> None:
    """Play two sessions in two processes on one file, and show what was remembered, recalled and left out."""
    from langgraph_memory.cli.chat import play_demo

    play_demo(db, model)


@app.command("demo-session", hidden=True)
def demo_session(
    number: Annotated[int, typer.Argument(min=1, max=2)],
    db: Annotated[str, typer.Option("--db")],
    thread: Annotated[str, typer.Option("--thread")],
    model: Annotated[str | None, typer.Option("--model")] = None,
) -> None:
    """Play one session of the demo in this process."""
    from langgraph_memory.cli.chat import play_session

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
def guide(
    name: Annotated[str | None, typer.Argument(help="Which guide; without a name, what there is.")] = None,
    as_json: Json = False,
) -> None:
    """Read a guide: what the package does, how it is operated, and what each of its errors means."""
    list_guides(as_json=as_json) if name is None else show_guide(name)


app.command()(memories.remember)
app.command()(memories.recall)
app.add_typer(memories.app, name="memories")
app.add_typer(threads.app, name="threads")
app.add_typer(threads.of_jobs, name="jobs")
app.add_typer(db.app, name="db")
app.command()(db.doctor)
app.command()(db.inspect)
app.command()(db.mcp)


def guides() -> dict[str, str]:
    """Return the text of every guide by its name."""
    found = {item.name: item for item in (files("langgraph_memory") / "guides").iterdir()}
    return {name[:-3]: found[name].read_text(encoding="utf-8") for name in sorted(found) if name.endswith(".md")}


def title(text: str) -> str:
    """Return the heading of a guide."""
    return text.partition("\n")[0].removeprefix("# ")


def list_guides(*, as_json: bool) -> None:
    """Print the names of the guides, and what each is about."""
    titles = {name: title(text) for name, text in guides().items()}
    if as_json:
        return print_json([{"name": name, "title": said} for name, said in titles.items()])
    width = max(map(len, titles))
    for name, said in titles.items():
        typer.echo(f"{name:{width}}  {said}")
    return None


def show_guide(name: str) -> None:
    """Print one guide: formatted on a terminal, as Markdown elsewhere."""
    text = guides().get(name)
    if text is None:
        raise InvalidInputError(f"there is no guide {name!r}; the guides are {', '.join(guides())}")
    console = open_console()
    if console.is_terminal:
        from rich.markdown import Markdown  # not above: every command would wait for it

        console.print(Markdown(text))
    else:
        typer.echo(text, nl=False)
