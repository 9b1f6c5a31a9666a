"""Figures of `ThreadSaver` beside the savers of LangGraph, in one run: `python -m tests.bench.bench_threads`.

The chat: user messages of ~200 characters, assistant messages of ~800, a tool message of 4 KB every tenth turn. A
thread of so many turns is made by really running the graph so often; `SqliteSaver` writes more than a gigabyte for 500
turns, so some savers are given the messages of the earlier turns at once (marked ~) and run only the last. Each figure
is a median of calls that were made a few at a time of each saver in turn, each in a process of its own, the two
asynchronous ones in one event loop; those of the turn are of the twelve around the size.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiosqlite
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph

from langgraph_memory.checkpointer import ThreadSaver

SYLLABLES = "ta ri on el ma shi ver con de al tion ing per st or ne li ca mo un for re the to an in".split()
WORDS = ["".join(random.Random(seed).choices(SYLLABLES, k=1 + seed % 4)) for seed in range(3000)]
WEIGHTS = [1 / (rank + 3) for rank in range(3000)]  # as words are in natural text; it deflates to about half
CONFIG: Any = {"configurable": {"thread_id": "0b7d1f52-6a43-4f0e-9d2c-1f6f0f0f0a11"}}
LAST = 12
AFTER = LAST // 2
PUTS = 60
ROUNDS = 3
WAKING = 0.05


class Chat:
    """A conversation that is the same for every saver."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.turn = 0

    def text(self, size: int) -> str:
        return " ".join(self.random.choices(WORDS, WEIGHTS, k=size // 2))[:size]

    def ask(self) -> dict[str, Any]:
        return {"messages": [HumanMessage(self.text(self.random.randint(150, 250)))]}

    def answer(self, _state: Any) -> dict[str, Any]:
        self.turn += 1
        usage: Any = {"input_tokens": self.turn * 250, "output_tokens": 200, "total_tokens": self.turn * 250 + 200}
        model = {"model_name": "model-1", "finish_reason": "stop"}
        text = self.text(self.random.randint(600, 1000))
        name = f"lc_run--{uuid4()}"  # as chat models name their messages
        answer = AIMessage(text, id=name, response_metadata=model, usage_metadata=usage)
        tool = [ToolMessage(self.text(4096), tool_call_id=f"call_{self.turn}")] if self.turn % 10 == 0 else []
        return {"messages": [*tool, answer]}

    def turns(self, count: int) -> list[BaseMessage]:
        return [
            message for _ in range(count) for side in (self.ask(), self.answer(None)) for message in side["messages"]
        ]


@dataclass
class Figures:
    """What was measured of one saver at one size; times in milliseconds."""

    bytes: float = 0
    turn: float = 0
    get: float = 0
    history: float = 0
    shared_history: float = 0
    put: float = 0
    seeded: bool = False
    raw: int = 0


@contextmanager
def ours(path: str) -> Iterator[Any]:
    with ThreadSaver.from_conn_string(path) as saver:
        yield saver


@contextmanager
def ours_full(path: str) -> Iterator[Any]:
    with ThreadSaver.from_conn_string(path, synchronous="FULL") as saver:
        yield saver


@contextmanager
def sqlite_saver(path: str, synchronous: str = "NORMAL") -> Iterator[Any]:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    yield SqliteSaver(connection)
    connection.close()


@contextmanager
def sqlite_as_shipped(path: str) -> Iterator[Any]:
    with SqliteSaver.from_conn_string(path) as saver:
        yield saver


@contextmanager
def in_memory(path: str) -> Iterator[Any]:
    yield InMemorySaver()


def compiled(saver: Any, chat: Chat) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("model", chat.answer)
    builder.add_edge(START, "model")
    builder.add_edge("model", END)
    return builder.compile(checkpointer=saver)


def timed(call: Callable[[], Any], times: int) -> float:
    return statistics.median(spent(call, times))


def spent(call: Callable[[], Any], times: int) -> list[float]:
    """Return the milliseconds of each of some calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1000)
    return found


def appends(found: Any, saver: Any, chat: Chat) -> Iterator[tuple[Any, ...]]:
    """Return the arguments of so many puts, each of which adds one message to the checkpoint before it.

    They are all made at once, so that no clock runs meanwhile.
    """
    config, held = found.config, found.checkpoint
    puts: list[tuple[Any, ...]] = []
    for number in range(PUTS):
        version = saver.get_next_version(held["channel_versions"]["messages"], None)
        messages = [*held["channel_values"]["messages"], AIMessage(chat.text(800), id=str(number))]
        held = {**held, "id": str(uuid6(clock_seq=number))}
        held["channel_values"] = {**held["channel_values"], "messages": messages}
        held["channel_versions"] = {**held["channel_versions"], "messages": version}
        metadata = {"source": "loop", "step": number, "parents": {}}
        puts.append((config, held, metadata, {"messages": version}))
        config = {"configurable": {**config["configurable"], "checkpoint_id": held["id"]}}
    return iter(puts)


def size_of(path: str) -> int:
    if not Path(path).exists():
        return 0
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return Path(path).stat().st_size


class Subject:
    """One saver with a chat of so many turns, but for the last six; `full`: they were really run."""

    def __init__(self, opened: Callable[[str], Any], folder: str, turns: int, *, full: bool) -> None:
        self.path, self.chat, self.turns = str(Path(folder) / f"{opened.__name__}-{turns}.db"), Chat(), turns
        self.figures = Figures(seeded=not full)
        self.opened = opened(self.path)  # for as long as its process runs
        self.saver = self.opened.__enter__()
        self.graph = compiled(self.saver, self.chat)
        if full:
            for _ in range(turns - AFTER):
                self.turn()
        else:
            self.graph.update_state(CONFIG, {"messages": self.chat.turns(turns - AFTER)})
        self.before = size_of(self.path)
        self.puts: Iterator[tuple[Any, ...]] = iter(())

    def turn(self) -> None:
        self.graph.invoke(self.chat.ask(), CONFIG)

    def get(self) -> Any:
        return self.saver.get_tuple(CONFIG)

    def history(self) -> None:
        list(self.graph.get_state_history(CONFIG, limit=200))

    def put(self) -> None:
        self.saver.put(*next(self.puts))

    def weigh(self) -> None:
        """Note the bytes of the file and of the messages, and make ready to put more of these."""
        found, size = self.get(), size_of(self.path)
        if not self.figures.seeded:
            self.figures.bytes = size
        elif isinstance(self.saver, SqliteSaver):  # whole states: the bytes grow with the square of the turns
            self.figures.bytes = (size - self.before) / LAST * self.turns / 2
        self.figures.raw = len(self.saver.serde.dumps_typed(found.checkpoint["channel_values"]["messages"])[1])
        self.puts = appends(found, self.saver, self.chat)

    def read_shared_history(self) -> None:
        """Note what the history takes when its checkpoints may share their messages."""
        with ThreadSaver.from_conn_string(self.path, share_history=True) as saver:
            graph = compiled(saver, self.chat)
            self.figures.shared_history = timed(lambda: list(graph.get_state_history(CONFIG, limit=200)), ROUNDS)


subjects: list[Subject] = []
"""The one of this process."""


def begin(opened: Callable[[str], Any], folder: str, turns: int, full: bool) -> None:
    subjects[:] = [Subject(opened, folder, turns, full=full)]


def spend(name: str, times: int) -> list[float]:
    """Return what one thing took; a processor that was idle is slow at first, which would be held against the quick."""
    ready = time.perf_counter() + WAKING
    while time.perf_counter() < ready:
        pass
    return spent(getattr(subjects[0], name), times)


def tell() -> Figures:
    return subjects[0].figures


class Process:
    """Runs one subject, alone in its memory: as a program that uses one saver does."""

    def __init__(self, opened: Callable[[str], Any], folder: str, turns: int, *, full: bool, stack: ExitStack) -> None:
        self.full = full
        self.executor = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        self.ask(begin, opened, folder, turns, full)

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.executor.submit(function, *arguments).result()


def in_turn(processes: Sequence[Process], name: str, times: int) -> list[float]:
    """Return the median of one thing of each, a few times each in turn, so that what else the machine does hits all."""
    found: dict[int, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for place, process in enumerate(processes):
            found[place] += process.ask(spend, name, times)
    return [statistics.median(one) for one in found.values()]


def measure(processes: Sequence[Process]) -> list[Figures]:
    """Return what the last turns of each chat cost, and what can be read and put after them."""
    whole = [process for process in processes if process.full]  # others have too short a history
    turns = in_turn(processes, "turn", LAST // ROUNDS)
    for process in processes:
        process.ask(spend, "weigh", 1)
    gets, histories = in_turn(processes, "get", 5), iter(in_turn(whole, "history", 1))
    processes[0].ask(spend, "read_shared_history", 1)
    puts, every = in_turn(processes, "put", PUTS // ROUNDS), []
    for process, turn, get, put in zip(processes, turns, gets, puts, strict=True):
        history = next(histories) if process.full else 0.0
        every.append(replace(process.ask(tell), turn=turn, get=get, put=put, history=history))
    return every


class AsyncSubject:
    """One saver in an event loop, given the messages of the earlier turns at once."""

    def __init__(self, saver: Any) -> None:
        self.saver, self.chat, self.figures = saver, Chat(), Figures(seeded=True)
        self.graph = compiled(saver, self.chat)
        self.puts: Iterator[tuple[Any, ...]] = iter(())

    async def seed(self, turns: int) -> None:
        await self.graph.aupdate_state(CONFIG, {"messages": self.chat.turns(turns - AFTER)})

    async def turn(self) -> None:
        await self.graph.ainvoke(self.chat.ask(), CONFIG)

    async def get(self) -> Any:
        return await self.saver.aget_tuple(CONFIG)

    async def ready(self) -> None:
        self.puts = appends(await self.get(), self.saver, self.chat)

    async def put(self) -> None:
        await self.saver.aput(*next(self.puts))


async def in_turn_async(savers: Sequence[AsyncSubject], name: str, times: int) -> None:
    """Note the median of one thing of each, a few times each in turn."""
    found: dict[int, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for place, subject in enumerate(savers):
            for _ in range(times):
                start = time.perf_counter()
                await getattr(subject, name)()
                found[place].append((time.perf_counter() - start) * 1000)
    for place, subject in enumerate(savers):
        setattr(subject.figures, name, statistics.median(found[place]))


async def measure_async(folder: str, turns: int) -> dict[str, Figures]:
    """Return what asynchronous calls cost of the savers that have them, all in one process."""
    async with (
        ThreadSaver.from_conn_string(str(Path(folder) / f"ours-async-{turns}.db")) as mine,
        aiosqlite.connect(str(Path(folder) / f"theirs-async-{turns}.db")) as connection,
    ):
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute("PRAGMA synchronous = NORMAL")
        found = {
            "ThreadSaver async": AsyncSubject(mine),
            "AsyncSqliteSaver": AsyncSubject(AsyncSqliteSaver(connection)),
        }
        for subject in found.values():
            await subject.seed(turns)
        await in_turn_async(list(found.values()), "turn", LAST // ROUNDS)
        for subject in found.values():
            await subject.ready()
        await in_turn_async(list(found.values()), "get", 5)
        await in_turn_async(list(found.values()), "put", PUTS // ROUNDS)
    return {name: subject.figures for name, subject in found.items()}


HEAD = f"{'':22}{'MB':>9}{'KB/turn':>9}{'x raw':>7}{'put ms':>9}{'get ms':>9}{'200 hist ms':>13}{'invoke ms':>11}"


def show(name: str, figures: Figures, turns: int) -> str:
    mark = "~" if figures.seeded else " "
    size = f"{figures.bytes / 1e6:9.2f}{figures.bytes / 1e3 / turns:9.2f}" if figures.bytes else " " * 18
    raw = f"{figures.bytes / figures.raw:7.1f}" if figures.bytes and figures.raw else " " * 7
    history = f"{figures.history:13.1f}" if figures.history else " " * 13
    return f"{name:21}{mark}{size}{raw}{figures.put:9.3f}{figures.get:9.2f}{history}{figures.turn:11.2f}"


def ratios(name: str, other: Figures, mine: Figures) -> str:
    pairs = [(other.bytes, mine.bytes), (other.put, mine.put), (other.get, mine.get), (other.history, mine.history)]
    texts = [f"{left / right:.1f}x" if left and right else "" for left, right in [*pairs, (other.turn, mine.turn)]]
    return f"  {name:20} {texts[0]:>8}{'':16}{texts[1]:>9}{texts[2]:>9}{texts[3]:>13}{texts[4]:>11}"


def run(sizes: list[int], full: int, out: Any = sys.stdout) -> dict[int, dict[str, Figures]]:
    """Measure every saver at every size and print the figures with their ratios to ours."""
    every: dict[int, dict[str, Figures]] = {}
    for turns in sizes:
        whole = turns <= full
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            processes = {
                "ThreadSaver": Process(ours, folder, turns, full=True, stack=stack),
                "SqliteSaver": Process(sqlite_saver, folder, turns, full=whole, stack=stack),
                "InMemorySaver": Process(in_memory, folder, turns, full=whole, stack=stack),
                "SqliteSaver shipped": Process(sqlite_as_shipped, folder, turns, full=False, stack=stack),
                "ThreadSaver FULL": Process(ours_full, folder, turns, full=False, stack=stack),
            }
            every[turns] = found = dict(zip(processes, measure(list(processes.values())), strict=True))
            found |= asyncio.run(measure_async(folder, turns))
        print(f"\n{turns} turns\n{HEAD}", file=out)
        for name, figures in found.items():
            print(show(name, figures, turns + AFTER), file=out)
        for name in ("SqliteSaver", "InMemorySaver"):
            print(ratios(name, found[name], found["ThreadSaver"]), file=out)
        print(ratios("AsyncSqliteSaver", found["AsyncSqliteSaver"], found["ThreadSaver async"]), file=out)
        shared, theirs = found["ThreadSaver"].shared_history, found["SqliteSaver"].history
        if shared and theirs:
            print(f"  200 hist of messages that may be shared: {shared:.1f} ms, {theirs / shared:.1f}x", file=out)
        print(ratios("shipped / FULL", found["SqliteSaver shipped"], found["ThreadSaver FULL"]), file=out, flush=True)
    return every


@pytest.mark.bench
def test_the_file_grows_by_the_same_bytes_in_every_turn() -> None:
    found = run([10, 100, 200], full=100)
    per_turn = [figures["ThreadSaver"].bytes / (turns + AFTER) for turns, figures in found.items()]
    assert per_turn[2] <= per_turn[1] * 1.2


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", default="10,100,500,1000")
    parser.add_argument("--full", type=int, default=500, help="most turns for which upstream writes its whole history")
    options = parser.parse_args()
    run([int(turns) for turns in options.turns.split(",")], options.full)
