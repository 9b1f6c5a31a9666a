"""Shows the guides, which lie in the package as Markdown."""

from __future__ import annotations

from importlib.resources import files

import typer
from rich.markdown import Markdown

from langgraph_memory.cli.terminal import open_console, print_json
from langgraph_memory.errors import InvalidInputError


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
        console.print(Markdown(text))
    else:
        typer.echo(text, nl=False)
