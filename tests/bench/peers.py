"""Processor time beside LangGraph's own savers and stores, in one run: `python -m tests.bench.peers`.

Each saver or store does each work in a process of its own, on a database of its own; the two sides take turns. The time
is that of the process and, on PostgreSQL, of the server's processes too, so that what else the machine does counts
little. A ratio is the time of LangGraph's class divided by ours: 2.0x is twice as fast. `--engine`, `--only` choose.
"""

from __future__ import annotations

import argparse
import asyncio
import operator
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import Thread
from typing import Annotated, Any, NotRequired

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import _messages_delta_reducer
from langgraph.store.base import PutOp
from typing_extensions import TypedDict

from tests.postgres_server import PostgresServer, programs

OURS, PEER = "ours", "peer"
THREAD: Any = {"configurable": {"thread_id": "0b7d1f52-6a43-4f0e-9d2c-1f6f0f0f0a11"}}
PLACE = ("docs", "user")
POOL = 16
Figures = dict[str, float]
"""Seconds by what took them."""


@dataclass(frozen=True)
class Target:
    """Which side of a comparison, where, and whose processor time counts beside that of the own process."""

    side: str
    url: str
    server: int | None = None

    @property
    def is_ours(self) -> bool:
        return self.side == OURS

    def clock(self) -> float:
        """Return the processor time that was spent so far."""
        own = time.process_time()
        return own if self.server is None else own + sum(map(_spent, _family(self.server)))

    def timed(self, call: Callable[[], Any]) -> float:
        start = self.clock()
        call()
        return self.clock() - start

    def median(self, call: Callable[[], Any], times: int) -> float:
        if self.server is None:
            return statistics.median(self.timed(call) for _ in range(times))
        return self.timed(lambda: [call() for _ in range(times)]) / times  # the server's clock ticks every 10 ms


def _family(postmaster: int) -> list[int]:
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


def _spent(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def saver_of(target: Target) -> Iterator[Any]:
    if target.is_ours:
        from langgraph_memory import ThreadSaver

        with ThreadSaver.from_conn_string(target.url) as saver:
            yield saver
    elif target.server is None:
        import sqlite3

        from langgraph.checkpoint.sqlite import SqliteSaver

        connection = sqlite3.connect(target.url, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        yield SqliteSaver(connection)
        connection.close()
    else:
        from langgraph.checkpoint.postgres import PostgresSaver

        with pool_of(target.url) as pool:
            saver = PostgresSaver(pool)
            saver.setup()
            yield saver


@contextmanager
def pool_of(url: str) -> Iterator[Any]:
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool(url, min_size=1, max_size=POOL, kwargs=options) as pool:
        yield pool


@contextmanager
def store_of(target: Target) -> Iterator[Any]:
    if target.is_ours:
        from langgraph_memory import CuratedStore

        with CuratedStore.from_conn_string(target.url) as store:
            yield store
    elif target.server is None:
        from langgraph.store.sqlite import SqliteStore

        with SqliteStore.from_conn_string(target.url) as store:
            store.setup()
            yield store
    else:
        from langgraph.store.postgres import PostgresStore

        with pool_of(target.url) as pool:
            store = PostgresStore(pool)
            store.setup()
            yield store


async def async_store_of(target: Target, stack: AsyncExitStack) -> Any:
    if target.is_ours:
        from langgraph_memory import CuratedStore

        return await stack.enter_async_context(CuratedStore.from_conn_string(target.url))
    if target.server is None:
        from langgraph.store.sqlite import AsyncSqliteStore

        store: Any = await stack.enter_async_context(AsyncSqliteStore.from_conn_string(target.url))
    else:
        from langgraph.store.postgres import AsyncPostgresStore

        store = await stack.enter_async_context(AsyncPostgresStore.from_conn_string(target.url))
    await store.setup()
    return store


def _merged(state: dict[str, str] | None, writes: list[dict[str, str]]) -> dict[str, str]:
    return {name: text for some in [state or {}, *writes] for name, text in some.items()}


class Deep(TypedDict):
    """The state of a deep agent: files are written now and then, and messages every turn."""

    messages: Annotated[list[AnyMessage], DeltaChannel(_messages_delta_reducer, snapshot_frequency=50)]
    files: Annotated[NotRequired[dict[str, str]], DeltaChannel(_merged, snapshot_frequency=50)]


def delta_turns(target: Target) -> Figures:
    with saver_of(target) as saver:
        builder = StateGraph(Deep)
        builder.add_node("model", lambda _state: {"messages": [("ai", "answer " * 20)]})
        builder.add_edge(START, "model")
        graph: Any = builder.compile(checkpointer=saver)
        turn = iter(range(1000))

        def ask() -> None:
            number = next(turn)
            files = {"files": {"/plan.md": "x" * 500}} if number == 0 else {}
            graph.invoke({"messages": [HumanMessage(f"question {number} " * 10, id=f"h{number}")], **files}, THREAD)

        for _ in range(80):
            ask()
        return {
            "turn at 100 turns, delta channels": target.median(ask, 20),
            "get_state at 100 turns, delta channels": target.median(lambda: graph.get_state(THREAD), 20),
        }


class Chat(TypedDict):
    messages: Annotated[list[Any], operator.add]


def chat_turns(target: Target) -> Figures:
    """Time a turn at ten turns: the input, the model's answer, and what is stored of both."""
    drawn = random.Random(7)
    with saver_of(target) as saver:
        builder = StateGraph(MessagesState)
        builder.add_node("model", lambda _state: {"messages": [("ai", "answer " * drawn.randint(80, 140))]})
        builder.add_edge(START, "model")
        builder.add_edge("model", END)
        graph: Any = builder.compile(checkpointer=saver)
        threads = iter(range(1000))

        def turns(count: int, thread: int) -> None:
            for number in range(count):
                config = {"configurable": {"thread_id": f"t{thread}"}}
                graph.invoke({"messages": [HumanMessage(f"question {number} " * 12)]}, config)

        found = []
        for _ in range(8):
            thread = next(threads)
            turns(7, thread)
            found.append(target.timed(lambda thread=thread: turns(6, thread)) / 6)
        return {"sync turn at 10 turns (20 messages)": sum(found) / len(found)}


def fill(store: Any, count: int) -> None:
    for start in range(0, count, 500):
        store.batch(
            [
                PutOp(PLACE, f"/f{i}", {"content": "some text " * 30, "n": i, "tag": "x"})
                for i in range(start, min(count, start + 500))
            ]
        )


def listings(target: Target) -> Figures:
    with store_of(target) as store:
        fill(store, 5000)
        store.search(PLACE, limit=10)

        def walk() -> None:
            offset, seen = 0, set()
            while page := store.search(PLACE, limit=100, offset=offset):
                seen |= {item.key for item in page}
                offset += 100
            assert len(seen) == 5000 or not target.is_ours  # others lose some that were updated at one moment

        return {
            "search(limit=10) in 5,000 items": target.median(lambda: store.search(PLACE, limit=10), 20),
            "all pages of 100 of 5,000 items": target.median(walk, 3),
        }


def filters(target: Target) -> Figures:
    with store_of(target) as store:
        fill(store, 16_000)
        store.search(PLACE, filter={"tag": "none"})
        return {
            "filter without a match, 16,000 items": target.median(
                lambda: store.search(PLACE, filter={"tag": "none"}), 10
            ),
        }


def concurrent_calls(target: Target) -> Figures:
    """Time calls that are made in one tick of a loop, at twenty places; the medians of a few rounds.

    The peer hands one list of one search to all who asked for it. Here each is given items of its own to change, 59,000
    of them more, which is a sixth of what that takes. How often the garbage collector comes by decides about most of
    the rest: where it was run right before each round, the peer's searches took a third of what they take here.
    """
    calls, rounds = 6000, 5

    def place(number: int) -> tuple[str, str]:
        return ("docs", f"user{number % 20}")

    def put(store: Any, name: str, number: int) -> Awaitable[None]:
        return store.aput(place(number), f"{name}-{number}", {"text": f"note {number}", "n": number})  # type: ignore[no-any-return]

    async def spend(make: Callable[[str, int], Awaitable[Any]]) -> float:
        async def once(name: str) -> float:
            start = target.clock()
            await asyncio.gather(*[make(name, number) for number in range(calls)])
            return target.clock() - start

        return statistics.median([await once(f"{number}") for number in range(rounds)])

    async def main() -> Figures:
        async with AsyncExitStack() as stack:
            store = await async_store_of(target, stack)
            await asyncio.gather(*[put(store, "warm", number) for number in range(calls)])
            return {
                "6,000 concurrent aget": await spend(lambda _, i: store.aget(place(i), f"warm-{i}")),
                "6,000 concurrent asearch, 300 items each": await spend(lambda _, i: store.asearch(place(i), limit=10)),
                "6,000 concurrent aput": await spend(lambda name, i: put(store, name, i)),
                "6,000 concurrent asearch, 1,800 items each": await spend(
                    lambda _, i: store.asearch(place(i), limit=10)
                ),
            }

    return asyncio.run(main())


def large_text(target: Target) -> Figures:
    drawn = random.Random(3)
    words = ["".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=drawn.randint(2, 9))) for _ in range(20_000)]
    text = " ".join(drawn.choices(words, k=800_000))[: 5 << 20]
    with store_of(target) as store:
        store.put(PLACE, "small", {"text": "some words"})
        before, waits = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []

        def write_beside() -> None:
            for number in range(20):
                start = time.perf_counter()
                store.put(("other", "user"), f"k{number}", {"n": number})
                waits.append(time.perf_counter() - start)
                time.sleep(0.05)

        other = Thread(target=write_beside)
        other.start()
        spent = target.timed(lambda: store.put(PLACE, "large", {"text": text}))
        other.join()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        return {"5 MB text in a plain item": spent, "~ its memory in MB": grown, "~ longest wait beside it": max(waits)}


def small_puts(target: Target) -> Figures:
    found: Figures = {}
    with store_of(target) as store:
        for workers in (1, 4, 16):
            each = 400 // workers

            def put(worker: int, each: int = each, workers: int = workers) -> None:
                for number in range(each):
                    store.put(("docs", f"user{worker}"), f"{workers}-{number}", {"text": f"some words {number}"})

            put(99)
            with ThreadPoolExecutor(workers) as threads:
                start = time.perf_counter()
                spent = target.timed(lambda: list(threads.map(put, range(workers))))  # noqa: B023
                wall = time.perf_counter() - start
            found[f"small put, {workers} workers"] = spent / (each * workers)
            found[f"small put, {workers} workers (by the wall)"] = wall / (each * workers)
    return found


def many_scopes(target: Target) -> Figures:
    if not target.is_ours:
        return {}
    with store_of(target) as store:
        lines = [
            {"owner_id": "ada", "scope": f"org:a/project:{i}", "content": f"note {i} of the project"}
            for i in range(20_000)
        ]
        for start in range(0, len(lines), 500):
            store.batch([PutOp(("warm", "up"), f"{start}", {"n": start})])
        for line in lines:
            store.remember(line.pop("content"), **line)
        ask = lambda: store.recall("note of the project", owner_id="ada", scope="org:a/project:77")  # noqa: E731
        ask()
        return {"recall with 20,000 scopes, one visible": target.median(ask, 10)}


def imports(_target: Target) -> Figures:
    def spent(*command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def best(*command: str) -> float:
        return min(spent(*command) for _ in range(3))

    python, ours = sys.executable, _target.is_ours
    return {
        "import of the package": best(python, "-c", "import langgraph_memory" if ours else "import langgraph.graph"),
        "from the package import open_memory": best(
            python, "-c", "from langgraph_memory import open_memory" if ours else "import langgraph.graph"
        ),
        "langgraph-memory --help": best(python, "-m", "langgraph_memory", "--help"),
    }


BOTH, SQLITE, POSTGRES = ("sqlite", "postgres"), ("sqlite",), ("postgres",)
WORKS: dict[str, tuple[Callable[[Target], Figures], tuple[str, ...]]] = {
    "imports": (imports, SQLITE),
    "delta": (delta_turns, BOTH),
    "turns": (chat_turns, BOTH),
    "listings": (listings, BOTH),
    "filters": (filters, BOTH),
    "concurrent": (concurrent_calls, BOTH),
    "large": (large_text, BOTH),
    "puts": (small_puts, BOTH),
    "scopes": (many_scopes, SQLITE),
}


def run_alone(work: str, target: Target) -> Figures:
    """Do one work in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(WORKS[work][0], target).result()


def compare(work: str, make: Callable[[str], Target], rounds: int) -> None:
    """Print what each figure of a work is on both sides, the medians of some rounds, and their ratio."""
    found: dict[str, list[Figures]] = {OURS: [], PEER: []}
    for _ in range(rounds):
        for side in (PEER, OURS):
            found[side].append(run_alone(work, make(side)))
    for name in found[OURS][0]:
        ours = statistics.median(one[name] for one in found[OURS])
        peer = statistics.median(one.get(name, 0.0) for one in found[PEER])
        unit = (1, "") if "MB" in name else (1000, " ms")
        text = f"{peer * unit[0]:10.2f}{ours * unit[0]:10.2f}{unit[1]}"
        print(f"  {name:46}{text}{f'{peer / ours:8.2f}x' if peer else ''}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="sqlite,postgres")
    parser.add_argument("--only", default=",".join(WORKS))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    wanted = [work for work in WORKS if work in options.only.split(",")]
    print(f"  {'':46}{'peer':>10}{'ours':>10}{'ratio':>12}")
    if "sqlite" in options.engine:
        with TemporaryDirectory(dir=gettempdir()) as folder:
            numbers = iter(range(10_000))
            print("SQLite")
            for work in wanted:
                if "sqlite" in WORKS[work][1]:
                    compare(work, lambda side: Target(side, f"{folder}/{next(numbers)}.db"), options.rounds)
    if "postgres" in options.engine:
        on_postgres([work for work in wanted if "postgres" in WORKS[work][1]], options.rounds)


def on_postgres(works: list[str], rounds: int) -> None:
    folder = programs()
    if folder is None:
        raise SystemExit("PostgreSQL's server programs are not installed.")
    server = PostgresServer(folder, place=gettempdir(), fsync="on")
    try:
        server.start()
        postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
        print("PostgreSQL")
        for work in works:
            compare(work, lambda side: Target(side, server.new_database(), postmaster), rounds)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
