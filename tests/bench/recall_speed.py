"""How long a hybrid recall takes, beside what LangGraph itself offers.

    python -m tests.bench.recall_speed 1000/1 10000/1 100000/100        memories/owners, each in a fresh file

The texts are random words with the frequencies of a language, the vectors random; the query is already embedded.
Memories are loaded by an import, in batches. "First recall" is the first of an owner, "again" a later one, when what
was read is still at hand. SqliteStore needs a loadable extension for its vectors; where Python cannot load one, its
unranked listing is timed. LangGraph's stores are filled up to 10,000 items, where InMemoryStore takes 0.1 s a search.
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from langgraph_memory.store import CuratedStore

DIMS = 384
WORDS = 20_000
QUERY_WORDS = 8
ROUNDS = 60
PLACE = ("curated", "user-0")
NOW = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


class Texts:
    """Random statements of 12 words, and their random unit vectors."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._numbers = np.random.default_rng(seed)
        self._weights = [1.0 / (rank + 10) for rank in range(WORDS)]

    def statements(self, count: int) -> list[str]:
        """Return statements of 12 words."""
        words = self._random.choices(range(WORDS), self._weights, k=12 * count)
        return [" ".join(f"w{word}" for word in words[12 * i : 12 * i + 12]) for i in range(count)]

    def query(self) -> str:
        """Return a query of content words; the 100 most common ones are no such."""
        return " ".join(f"w{word + 100}" for word in self._random.choices(range(WORDS), self._weights, k=QUERY_WORDS))

    def vectors(self, count: int) -> Any:
        """Return unit vectors."""
        found = self._numbers.standard_normal((count, DIMS), dtype=np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


VECTORS = Texts(1)
QUERY_VECTOR = VECTORS.vectors(1)[0].tolist()


def embed(texts: list[str]) -> list[Any]:
    """Return random vectors for statements, one and the same for every query: the time to embed is not measured."""
    asked = len(texts) == 1 and len(texts[0].split()) == QUERY_WORDS
    return [QUERY_VECTOR] if asked else list(VECTORS.vectors(len(texts)))


INDEX: Any = {"dims": DIMS, "embed": embed, "fields": ["text"]}


def lines(texts: Texts, owner: str, count: int) -> Iterator[str]:
    """Yield the lines of an export of one owner's memories."""
    yield json.dumps({"format": "langgraph_memory", "version": 1})
    for start in range(0, count, 5000):
        for number, text in enumerate(texts.statements(min(5000, count - start)), start):
            memory = {"id": f"{owner}-{number}", "owner_id": owner, "content": text}
            yield json.dumps(
                {"kind": "memory", "memory": {**memory, "created_at": NOW, "updated_at": NOW}, "versions": []}
            )


def timed(call: Callable[[int], Any], rounds: int = ROUNDS) -> str:
    """Return the median and the 95th percentile of a call, in milliseconds."""
    call(0)
    spans = []
    for number in range(rounds):
        start = time.perf_counter()
        call(number)
        spans.append((time.perf_counter() - start) * 1000)
    return f"{statistics.median(spans):8.2f} {sorted(spans)[int(len(spans) * 0.95)]:8.2f}"


def ours(memories: int, owners: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Time this store."""
    texts = Texts()
    with CuratedStore.from_conn_string(str(folder / "ours.db"), index=INDEX) as store:
        start = time.perf_counter()
        for owner in range(owners):
            store.admin.import_(lines(texts, f"user-{owner}", memories // owners))
        yield "load, ms each", f"{(time.perf_counter() - start) * 1000 / memories:8.3f}"
    queries, new = [texts.query() for _ in range(ROUNDS)], texts.statements(ROUNDS)
    with CuratedStore.from_conn_string(str(folder / "ours.db"), index=INDEX) as store:
        if owners > 1:
            yield "first recall", timed(lambda i: store.recall(queries[i], owner_id=f"user-{i % owners}"))
        yield "again", timed(lambda i: store.recall(queries[i], owner_id=f"user-{i % min(owners, 10)}"))
        yield "remember", timed(lambda i: store.remember(new[i], owner_id=f"user-{i % owners}"))
        yield "recall after it", timed(lambda i: store.recall(queries[i], owner_id=f"user-{i % owners}"))
    with CuratedStore.from_conn_string(str(folder / "ours.db")) as store:
        yield "lexical recall", timed(lambda i: store.recall(queries[i], owner_id=f"user-{i % owners}"))


def theirs(memories: int, owners: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Time LangGraph's stores on the same texts, as far as they can go."""
    from langgraph.store.memory import InMemoryStore
    from langgraph.store.sqlite import SqliteStore

    texts, new = Texts(), Texts(2).statements(ROUNDS)
    connection = sqlite3.connect(folder / "theirs.db", isolation_level=None, check_same_thread=False)
    can_load = hasattr(connection, "enable_load_extension")
    stores: list[tuple[str, Any]] = [("SqliteStore", SqliteStore(connection, index=INDEX if can_load else None))]
    stores[0][1].setup()
    if memories <= 10_000:
        stores.append(("InMemoryStore", InMemoryStore(index={**INDEX, "embed": _distinct})))
    for name, store in stores:
        if memories <= 10_000:
            for number, text in enumerate(texts.statements(memories)):
                store.put(("curated", f"user-{number % owners}"), str(number), {"text": text})
            yield f"{name} search", timed(lambda i, s=store: s.search(("curated", f"user-{i % owners}"), query="w1"))
        yield f"{name} put", timed(lambda i, s=store: s.put(PLACE, f"n{i}", {"text": new[i]}), min(ROUNDS, 30))
    connection.close()


def _distinct(texts: list[str]) -> list[list[float]]:
    return Texts(len(texts[0])).vectors(len(texts)).tolist()  # type: ignore[no-any-return]


def main(sizes: list[str]) -> None:
    """Print one block of figures for each size."""
    for size in sizes:
        memories, owners = map(int, size.split("/"))
        print(f"\n{memories} memories of {owners} owners: p50 and p95 in ms", flush=True)
        for measure in (ours, theirs):
            with tempfile.TemporaryDirectory() as folder:
                for name, figure in measure(memories, owners, Path(folder)):
                    print(f"  {name:24s} {figure}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["1000/1", "10000/1", "10000/100", "100000/100", "100000/1"])
