"""The options that commands share, and what arguments name: a database, a memory by the start of its id, a model."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langgraph_memory.errors import (
    DatabaseUnavailableError,
    InvalidInputError,
    MemoryNotFoundError,
    MissingExtraError,
    names_a_server,
)
from langgraph_memory.views import counted, every

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.store.base import IndexConfig

    from langgraph_memory import CuratedStore, Memory, MemoryDatabase


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
