"""Codes of vectors beside the vectors as float32, in rows and in blocks: `python -m tests.bench.vector_codes`.

Each is read from a file by a connection of its own, as a first query does, and compared in memory, as later ones do.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from langgraph_memory.engine.sqlite.codes import Codes, Reader, encode
from langgraph_memory.engine.sqlite.vectors import Held

DIMS, BLOCK = 384, 128
TABLES = """
CREATE TABLE vector (slot INTEGER PRIMARY KEY, vector BLOB);
CREATE TABLE code_block (first INTEGER PRIMARY KEY, slots BLOB, bounds BLOB, codes BLOB);
CREATE TABLE float_block (first INTEGER PRIMARY KEY, slots BLOB, vectors BLOB);
"""


def fill(path: str, count: int) -> None:
    drawn = np.random.default_rng(0)
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
        for first in range(0, count, BLOCK):
            matrix = drawn.standard_normal((BLOCK, DIMS)).astype("<f4")
            matrix /= np.linalg.norm(matrix, axis=1)[:, None]
            vectors = [row.tobytes() for row in matrix]
            slots = np.arange(first, first + BLOCK, dtype="<u4").tobytes()
            connection.executemany("INSERT INTO vector VALUES (?, ?)", enumerate(vectors, first))
            connection.execute("INSERT INTO code_block VALUES (?, ?, ?, ?)", (first, slots, *encode(vectors)))
            connection.execute("INSERT INTO float_block VALUES (?, ?, ?)", (first, slots, matrix.tobytes()))


def codes(connection: Any, count: int) -> Codes:
    reader = Reader.of(count + BLOCK, DIMS)
    for row in connection.execute("SELECT slots, bounds, codes FROM code_block ORDER BY first"):
        reader.add(*row)
    return reader.read()


def rows(connection: Any, count: int) -> Held:
    found = connection.execute("SELECT slot, vector FROM vector ORDER BY slot").fetchall()
    matrix = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f4").reshape(-1, DIMS)
    return Held(np.array([slot for slot, _ in found], dtype="<u4"), matrix)


def blocks(connection: Any, count: int) -> Held:
    slots, matrix = np.empty(count + BLOCK, "<u4"), np.empty((count + BLOCK, DIMS), "<f4")
    end = 0
    for number, vectors in connection.execute("SELECT slots, vectors FROM float_block ORDER BY first"):
        part = slice(end, end + BLOCK)
        slots[part], matrix[part] = np.frombuffer(number, "<u4"), np.frombuffer(vectors, "<f4").reshape(-1, DIMS)
        end += BLOCK
    return Held(slots[:end], matrix[:end])


def cold(path: str, read: Callable[[Any, int], Any], count: int) -> tuple[Any, float]:
    """Return what was read, and the least CPU time of a few tries."""
    spent: list[float] = []
    for _ in range(5):
        with sqlite3.connect(path) as connection:
            start = time.process_time()
            found = read(connection, count)
            spent.append(time.process_time() - start)
        connection.close()
    return found, min(spent)


def warm(vectors: Any) -> float:
    query = np.ones(DIMS, "<f4") / np.float32(np.sqrt(DIMS))
    scores, slack, spent = np.empty(len(vectors.slots), "f4"), np.empty(len(vectors.slots), "f4"), []
    for _ in range(15):
        start = time.perf_counter()
        vectors.compare(query, "cosine", scores, slack)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", default="1024,10240,102400")
    print(f"{'vectors':>8} {'':12} {'first ms':>9} {'later ms':>9} {'MB':>6}")
    for count in map(int, parser.parse_args().vectors.split(",")):
        with TemporaryDirectory() as folder:
            path = str(Path(folder) / "vectors.db")
            fill(path, count)
            for read in (codes, rows, blocks):
                found, first = cold(path, read, count)
                figures = f"{first * 1e3:9.2f} {warm(found) * 1e3:9.3f} {found.nbytes / 1e6:6.1f}"
                print(f"{count:8} {read.__name__:12} {figures}", flush=True)


if __name__ == "__main__":
    main()
