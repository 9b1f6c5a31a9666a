"""Makes the vectors of a file anew, and shows how far it is."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from langgraph.store.base import IndexConfig
from rich.progress import Progress

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.telling import tell
from langgraph_memory.cli.terminal import open_console
from langgraph_memory.database import open_memory
from langgraph_memory.views.words import counted


def reindex_file(db: str, embed: str, dims: int, fields: Sequence[str] | None, *, as_json: bool) -> None:
    """Embed every memory that has no vector of this model."""
    with (
        open_memory(existing(db), index=index_of(embed, dims, fields)) as memory,
        Progress(console=open_console(), transient=True) as shown,
    ):
        task = shown.add_task("embedding", total=None)
        try:
            done = memory.store.reindex(on_progress=lambda done, total: shown.update(task, completed=done, total=total))
        except KeyboardInterrupt:
            typer.echo("interrupted; what is done stays, run it again to go on.", err=True)
            raise typer.Exit(130) from None
    tell(f"embedded {counted(done, 'rows')}.", {"rows": done}, as_json=as_json)


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
