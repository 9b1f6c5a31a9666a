"""What memories take on disk, and a recall and a write among them: `python -m tests.bench.sizes 10000 100000`.

Statements of 12 words, without vectors, of 100 owners, loaded by an import into a fresh database of each engine that is
here. PostgreSQL is a throwaway server whose data is on disk; its size is that of tables and indexes.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from langgraph_memory import open_memory
from tests.bench.recall_speed import Texts, lines
from tests.postgres_server import PostgresServer, programs

OWNERS = 100
ROUNDS = 30


def measure(target: str, count: int, size: Callable[[], int]) -> None:
    """Fill a database, and print a line of figures."""
    texts = Texts()
    with open_memory(target) as memory:
        began = time.perf_counter()
        for owner in range(OWNERS):
            memory.admin.import_(lines(texts, f"user-{owner}", count // OWNERS))
        loaded = count / (time.perf_counter() - began)
        recalls = timed(lambda: memory.store.recall(texts.query(), owner_id="user-0"))
        writes = timed(lambda: memory.store.remember(texts.statements(1)[0], owner_id="user-0"))
    engine = "PostgreSQL" if "://" in target else "SQLite"
    each = size() / count / 1000
    print(f"{engine:10} {count:>9,} {each:8.2f} KB each, loaded {loaded:,.0f} a second")
    print(f"{'':20} {recalls:8.1f} ms a recall, {writes:.1f} ms a write")


def timed(call: Callable[[], object]) -> float:
    """Return the median of some calls in milliseconds."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return statistics.median(found) * 1000


def on_sqlite(count: int) -> None:
    """Measure a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        measure(str(path), count, lambda: path.stat().st_size)


def on_postgres(count: int) -> None:
    """Measure a database of a throwaway server, if its programs are here."""
    folder = programs()
    if folder is None:
        return
    server = PostgresServer(folder, place=tempfile.gettempdir())
    try:
        server.start()
        url = server.new_database()
        measure(url, count, lambda: size_of(url))
    finally:
        server.remove()


def size_of(url: str) -> int:
    """Return what the database at a URL takes."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    for wanted in [int(word) for word in sys.argv[1:]] or [10_000, 100_000]:
        on_sqlite(wanted)
        on_postgres(wanted)
