"""What arguments name: a database, a memory by the first characters of its id, a chat model, an embedder, an extra."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
