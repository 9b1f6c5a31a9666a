"""Figures on PostgreSQL beside LangGraph's own classes for it, in one run: `python -m tests.bench.bench_postgres`.

Both sides use the same throwaway server, whose data is on disk and synced at each commit. The chat is that of
`bench_threads`, the memories are those of `recall_speed`. `PostgresStore` compares vectors exactly (its "flat" index),
as this store does, and is asked for what lies under one owner's namespace.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import gettempdir
from typing import Any

import psycopg
from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.store.postgres import PostgresStore
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.store import CuratedStore
from tests.bench import bench_threads, recall_speed
from tests.bench.bench_threads import CONFIG, PUTS, Chat, appends, compiled
from tests.postgres_server import PostgresServer, programs

POOL = 16
PUTS_PER_WORKER = 60
SIZE = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
Opened = Callable[[str], Any]


@contextmanager
def pool_of(url: str) -> Iterator[Any]:
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool(url, min_size=1, max_size=POOL, kwargs=options) as pool:
        yield pool


@contextmanager
def our_saver(url: str) -> Iterator[Any]:
    with ThreadSaver.from_conn_string(url, pool_size=POOL) as saver:
        yield saver


@contextmanager
def their_saver(url: str) -> Iterator[Any]:
    with pool_of(url) as pool:
        saver = PostgresSaver(pool)
        saver.setup()
        yield saver


def bytes_of(url: str) -> int:
    """Return what the tables and their indexes take, once dead rows are out of the way."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM FULL")
        (size,) = connection.execute(SIZE).fetchone()  # type: ignore[misc]
        return int(size)


def thread_figures(server: PostgresServer, opened: Opened, turns: int) -> tuple[int, float, float, float]:
    """Run a chat; return bytes, and milliseconds of a put, of reading the latest state and of a turn."""
    url, chat = server.new_database(), Chat()
    with opened(url) as saver:
        empty = bytes_of(url)
        graph = compiled(saver, chat)
        for _ in range(turns - bench_threads.LAST):
            graph.invoke(chat.ask(), CONFIG)
        invoke = bench_threads.timed(lambda: graph.invoke(chat.ask(), CONFIG), min(bench_threads.LAST, turns))
        read = bench_threads.timed(lambda: saver.get_tuple(CONFIG), 9)
        size = bytes_of(url) - empty  # after which the server plans every statement anew
        puts = appends(saver.get_tuple(CONFIG), saver, chat)
        put = bench_threads.timed(lambda: saver.put(*next(puts)), PUTS)
    server.drop_database(url)
    return size, put, read, invoke


def show_threads(server: PostgresServer, sizes: list[int]) -> None:
    """Print bytes and latencies of both savers, and their ratios."""
    print(f"\nthreads{'MB':>22}{'put ms':>10}{'get ms':>10}{'invoke ms':>11}")
    for turns in sizes:
        mine, other = (thread_figures(server, opened, turns) for opened in (our_saver, their_saver))
        for name, found in (("ThreadSaver", mine), ("PostgresSaver", other)):
            size, put, read, invoke = found
            print(f"{turns:5d} {name:14}{size / 1e6:9.2f}{put:10.2f}{read:10.2f}{invoke:11.2f}")
        ratios = [f"{right / left:.1f}x" for left, right in zip(mine, other, strict=True)]
        print(f"      {'':14}{ratios[0]:>9}{ratios[1]:>10}{ratios[2]:>10}{ratios[3]:>11}", flush=True)


def put_one_by_one(saver: Any, name: str) -> None:
    """Put a growing thread of its own."""
    drawn = random.Random(name)
    config: Any = {"configurable": {"thread_id": name, "checkpoint_ns": ""}}
    held: Any = empty_checkpoint()
    messages: list[Any] = []
    version = None
    for step in range(PUTS_PER_WORKER):
        version = saver.get_next_version(version, None)
        messages = [*messages, AIMessage("word " * drawn.randint(100, 200), id=str(step))]
        held = {**held, "id": str(uuid6(clock_seq=step)), "channel_values": {"messages": messages}}
        held["channel_versions"] = {"messages": version}
        config = saver.put(config, held, {"source": "loop", "step": step, "parents": {}}, {"messages": version})


def show_throughput(server: PostgresServer, workers: list[int]) -> None:
    """Print puts a second of 1, 4 and 16 workers that share a pool, each on a thread of its own."""
    print(f"\nputs a second{'ThreadSaver':>15}{'PostgresSaver':>15}{'ratio':>8}")
    for count in workers:
        rates = []
        for opened in (our_saver, their_saver):
            url = server.new_database()
            with opened(url) as saver, ThreadPoolExecutor(count) as threads:
                put_one_by_one(saver, "warm")
                start = time.perf_counter()
                list(threads.map(lambda number, s=saver: put_one_by_one(s, f"t{number}"), range(count)))
                rates.append(count * PUTS_PER_WORKER / (time.perf_counter() - start))
            server.drop_database(url)
        print(f"{count:9d} of {POOL}{rates[0]:14.0f}{rates[1]:15.0f}{rates[0] / rates[1]:7.1f}x", flush=True)


def owner_of(number: int, owners: int) -> str:
    return f"user-{number % owners}"


def our_search(url: str, memories: int, owners: int) -> dict[str, float]:
    """Load memories and return the median milliseconds of a recall, with and without vectors, and of a remember."""
    texts = recall_speed.Texts()
    with CuratedStore.from_conn_string(url, index=recall_speed.INDEX) as store:
        for owner in range(owners):
            store.admin.import_(recall_speed.lines(texts, owner_of(owner, owners), memories // owners))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        queries = [texts.query() for _ in range(60)]
        for number in range(60):  # so that every page has been read before anything is timed, here and below
            store.search(("curated", owner_of(number, owners)), query=queries[number])
        hybrid = median(lambda i: store.recall(queries[i], owner_id=owner_of(i, owners)))
        new = texts.statements(60)
        put = median(lambda i: store.remember(new[i], owner_id=owner_of(i, owners)))
        search = median(lambda i: store.search(("curated", owner_of(i, owners)), query=queries[i]))
    with CuratedStore.from_conn_string(url) as store:
        lexical = median(lambda i: store.recall(queries[i], owner_id=owner_of(i, owners)))
    return {"hybrid recall": hybrid, "lexical recall": lexical, "search": search, "put": put}


def their_search(url: str, memories: int, owners: int) -> dict[str, float]:
    """Load items and return the median milliseconds of a search by vector and of a put."""
    texts = recall_speed.Texts()
    vectors: dict[str, Any] = {}
    index: Any = {
        "dims": recall_speed.DIMS,
        "embed": lambda wanted: [vectors.get(text, recall_speed.QUERY_VECTOR) for text in wanted],
        "fields": ["text"],
        "ann_index_config": {"kind": "flat", "vector_type": "vector"},
    }
    from langgraph.store.base import PutOp

    with pool_of(url) as pool:
        store = PostgresStore(pool, index=index)
        store.setup()
        for start in range(0, memories, 2000):
            statements = texts.statements(min(2000, memories - start))
            vectors = dict(zip(statements, texts.vectors(len(statements)).tolist(), strict=True))
            store.batch(
                [
                    PutOp(("curated", owner_of(start + i, owners)), str(start + i), {"text": text})
                    for i, text in enumerate(statements)
                ]
            )
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        queries = [texts.query() for _ in range(60)]
        for number in range(60):
            store.search(("curated", owner_of(number, owners)), query=queries[number])
        search = median(lambda i: store.search(("curated", owner_of(i, owners)), query=queries[i]))
        new = recall_speed.Texts(2).statements(60)
        put = median(lambda i: store.put(("curated", owner_of(i, owners)), f"n{i}", {"text": new[i]}))
    return {"search": search, "put": put}


def median(call: Callable[[int], Any], rounds: int = 60) -> float:
    call(0)
    spans = []
    for number in range(rounds):
        start = time.perf_counter()
        call(number)
        spans.append((time.perf_counter() - start) * 1000)
    return statistics.median(spans)


def show_search(server: PostgresServer, sizes: list[int], owners: int) -> None:
    """Print what a scoped search costs among so many memories of so many owners."""
    print(f"\nmemories of {owners} owners, p50 in ms")
    for memories in sizes:
        for name, measured in (("CuratedStore", our_search), ("PostgresStore", their_search)):
            url = server.new_database()
            found = measured(url, memories, owners)
            server.drop_database(url)
            figures = "".join(f"  {what} {value:.2f}" for what, value in found.items())
            print(f"{memories:8d} {name:14}{figures}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", default="10,100,500")
    parser.add_argument("--memories", default="1000,10000,100000")
    parser.add_argument("--workers", default="1,4,16")
    parser.add_argument("--owners", type=int, default=100)
    options = parser.parse_args()
    folder = programs()
    if folder is None:
        raise SystemExit("PostgreSQL's server programs are not installed.")
    server = PostgresServer(folder, place=gettempdir(), fsync="on")
    try:
        server.start()
        if options.turns:
            show_threads(server, [int(turns) for turns in options.turns.split(",")])
        if options.workers:
            show_throughput(server, [int(count) for count in options.workers.split(",")])
        if options.memories:
            show_search(server, [int(count) for count in options.memories.split(",")], options.owners)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
