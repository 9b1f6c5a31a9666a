"""What tests of every kind share: a clock that is set, embedders that need no model, one driver for two modes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from zlib import crc32

from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage

from langgraph_memory.domain.memory import Memory
from langgraph_memory.engine.connect import connect
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.store import CuratedStore
from langgraph_memory.testing import ScriptedChatModel

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now


class BagOfWords(Embeddings):
    """Each word counts in one dimension, chosen by its hash: the same text has the same vector everywhere."""

    dims = 128

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded.extend(texts)
        return [self.vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.vector(text)

    @classmethod
    def vector(cls, text: str) -> list[float]:
        vector = [0.0] * cls.dims
        for word in re.findall(r"\w+", text.casefold()):
            vector[crc32(word.encode("utf-8", "surrogatepass")) % cls.dims] += 1.0
        return vector


class Points(Embeddings):
    """Embeds the text "x,y" as the point (x, y)."""

    dims = 2

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(part) for part in text.split(",")]


async def embed_async_only(texts: Sequence[str]) -> list[list[float]]:
    """Embed as `BagOfWords` does, for stores that are used from async code alone."""
    return [BagOfWords.vector(text) for text in texts]


def commands_of(app: Any) -> dict[str, Any]:
    """Return every command of a command line by its words, those of its groups too."""
    from typer.main import get_command

    flat: dict[str, Any] = {}
    for name, one in get_command(app).commands.items():
        flat |= {f"{name} {inner}": each for inner, each in getattr(one, "commands", {}).items()} or {name: one}
    return flat


scripted = ScriptedChatModel.of
"""Return a model that answers from a script."""


def calling(tool: str, /, **arguments: Any) -> AIMessage:
    """Return a model's message that calls a tool."""
    return AIMessage("", tool_calls=[{"name": tool, "args": arguments, "id": f"call-{tool}"}])


class Driver:
    """Calls the sync or the async method of a name, so that one test serves both: `await driver.put(...)`."""

    def __init__(self, target: Any, mode: str) -> None:
        self.target = target
        self.mode = mode

    def __getattr__(self, name: str) -> Any:
        if name in ("audit", "hygiene", "jobs", "admin", "queue", "authors"):
            return Driver(getattr(self.target, name), self.mode)
        if name in ("audit", "hygiene", "jobs", "admin", "queue", "authors"):
            return Driver(getattr(self.target, name), self.mode)
        if self.mode == "async":
            return getattr(self.target, f"a{name}")
        return partial(self._call, getattr(self.target, name))

    @staticmethod
    async def _call(method: Any, *args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)


@contextmanager
def opened_store(
    path: Any,
    clock: Clock | None = None,
    engine_options: dict[str, Any] | None = None,
    new_id: Callable[[], str] | None = None,
    **options: Any,
) -> Iterator[CuratedStore]:
    """Open a store on `path` whose time is `clock` and whose ids count up, unless `new_id` makes them."""
    engine = connect(path, **engine_options or {})
    try:
        numbers = count(1)
        settings = StoreSettings(clock=clock or Clock(), new_id=new_id or (lambda: f"id-{next(numbers):04}"))
        store = CuratedStore(engine, settings=settings, **options)
        store.setup()
        yield store
    finally:
        engine.close()


def take_in(store: CuratedStore, *memories: Memory) -> None:
    """Store memories as they are, as an import of an older file does: nothing is reconciled."""
    lines = [{"kind": "memory", "memory": {"id": one.id, **one.to_value()}, "versions": []} for one in memories]
    store.admin.import_([json.dumps({"format": "langgraph_memory", "version": 1}), *map(json.dumps, lines)])


def shown(value: object) -> str:
    """Return the id of a test's parameter: what it is, and never its address, which no two processes share."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:60]


def one_sentence(error: BaseException) -> str:
    """Return the message of `error` after checking that it is one line that ends like a sentence."""
    text = str(error)
    assert text, "the error says nothing"
    assert "\n" not in text, f"more than one line: {text!r}"
    assert text.rstrip().endswith((".", ")")), f"no sentence: {text!r}"
    return text
