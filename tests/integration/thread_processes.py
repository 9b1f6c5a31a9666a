"""What the tests of many and of killed processes run: one process that imports once, and forks the writers.

Every checkpoint of a thread holds the messages 0 to n in order, so that one that is lost or torn shows.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sqlite3
import sys
import time
from contextlib import closing
from itertools import count
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import empty_checkpoint

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.database import open_memory

KEPT = 90  # messages: older ones are trimmed away


def config_of(thread: str) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


def append(saver: ThreadSaver, config: Any, held: Any, number: int) -> tuple[Any, Any]:
    """Store the checkpoint that adds message `number`, with a pending write; return its config and the checkpoint."""
    version = saver.get_next_version(held["channel_versions"].get("messages"), None)
    messages = [*held["channel_values"].get("messages", [])[-KEPT:], HumanMessage(f"{number} " * 30, id=str(number))]
    checkpoint: Any = {
        **held,
        "id": f"{number:08}",
        "channel_values": {"messages": messages, "count": number},
        "channel_versions": {"messages": version, "count": version},
    }
    stored = saver.put(config, checkpoint, {"source": "loop", "step": number}, checkpoint["channel_versions"])
    saver.put_writes(stored, [("messages", messages[-1])], f"task {number}")
    return stored, checkpoint


def check(found: Any) -> None:
    """Raise AssertionError unless a checkpoint is whole."""
    number = int(found.config["configurable"]["checkpoint_id"])
    messages = found.checkpoint["channel_values"]["messages"]
    first = max(0, number - KEPT)
    assert found.checkpoint["channel_values"]["count"] == number
    assert [int(message.id) for message in messages] == list(range(first, number + 1)), number
    assert all(message.content == f"{message.id} " * 30 for message in messages)


def write_until_killed(path: str, thread: str, acknowledge: int) -> None:
    with ThreadSaver.from_conn_string(path) as saver:
        found = saver.get_tuple(config_of(thread))
        config, held = (found.config, found.checkpoint) if found else (config_of(thread), empty_checkpoint())
        number = int(held["id"]) if found else -1
        while True:
            number += 1
            config, held = append(saver, config, held, number)
            os.write(acknowledge, f"{number}\n".encode())


def kill_writers(path: str, kills: int, longest: int) -> None:
    """Start a writer, kill it after up to `longest` ms, and check what it had acknowledged; so many times."""
    chance = random.Random(11)
    acknowledged = 0
    for kill in range(kills):
        thread = f"thread {kill // 25}"
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            write_until_killed(path, thread, writing)
        os.close(writing)
        kill_in_a_while(child, chance.uniform(0.002, longest / 1000), reading if kill % 2 else None)
        with os.fdopen(reading) as pipe:
            numbers = [int(line) for line in pipe if line.endswith("\n")]
        acknowledged += len(numbers)
        verify(path, thread, numbers[-3:], whole=kill % 25 == 24)
    print(acknowledged)


def kill_in_a_while(child: int, seconds: float, begun: int | None) -> None:
    """Kill a process so long after it started, or after it wrote something to `begun`: a slow machine's does, too."""
    if begun is not None and not select.select([begun], [], [], 60)[0]:
        sys.exit("a child wrote nothing")
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def recall_until_killed(path: str, thread: str, acknowledge: int) -> None:
    """Store checkpoint after checkpoint, each of which names the receipt of the recall before it."""
    with open_memory(path) as memory:
        config, held = config_of(thread), empty_checkpoint()
        for number in count():
            recall = memory.store.recall(None, owner_id="ana")
            checkpoint: Any = {**held, "id": f"{number:08}"}
            metadata: Any = {"source": "loop", "step": number, "recall_id": recall.id}
            config = memory.checkpointer.put(config, checkpoint, metadata, {})
            os.write(acknowledge, b".")


def kill_recallers(path: str, kills: int, longest: int) -> None:
    """Start, so many times, a process that recalls and checkpoints; kill it; look for each receipt it speaks of."""
    chance = random.Random(11)
    with open_memory(path) as memory:
        memory.store.remember("likes tea", owner_id="ana")
    for kill in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            recall_until_killed(path, f"thread {kill}", writing)
        os.close(writing)
        kill_in_a_while(child, chance.uniform(0.01, longest / 1000), reading if kill % 2 else None)
        os.close(reading)
    with open_memory(path) as memory:
        receipts = {one.id for one in memory.audit.receipts(owner_id="ana", limit=1_000_000)}
        named = [found.metadata.get("recall_id") for found in memory.checkpointer.list(None)]
    missing = [one for one in named if one not in receipts]
    assert not missing, f"{len(missing)} of {len(named)} checkpoints name a receipt that is not there"
    print(len(named))


def verify(path: str, thread: str, numbers: list[int], *, whole: bool) -> None:
    if "://" not in path and not os.path.exists(path):
        return
    with ThreadSaver.from_conn_string(path) as saver:
        for number in numbers:
            found = saver.get_tuple({"configurable": {"thread_id": thread, "checkpoint_id": f"{number:08}"}})
            assert found is not None, f"checkpoint {number} was acknowledged and is lost"
            check(found)
        if whole:
            listed = list(saver.list(config_of(thread)))
            assert [int(one.config["configurable"]["checkpoint_id"]) for one in listed] == [*range(len(listed))][::-1]
            for found in listed:
                check(found)
    if whole and "://" not in path:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def write_many(path: str, thread: str, puts: int) -> None:
    with ThreadSaver.from_conn_string(path) as saver:
        config, held = config_of(thread), empty_checkpoint()
        for number in range(puts):
            config, held = append(saver, config, held, number)


def many_writers(path: str, writers: int, puts: int) -> None:
    """Write from several processes at once, read meanwhile, and check that every checkpoint is there and whole."""
    with ThreadSaver.from_conn_string(path):
        pass
    children = []
    for writer in range(writers):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                write_many(path, f"thread {writer}", puts)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    slowest = read_meanwhile(path, writers, children)
    stored = 0
    with ThreadSaver.from_conn_string(path) as saver:
        for thread in saver.list_threads(limit=writers + 1):
            stored += thread.checkpoints
            for found in saver.list(config_of(thread.thread_id), limit=100):
                check(found)
    print(stored, f"{slowest:.3f}")
    if "://" not in path:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def read_meanwhile(path: str, writers: int, children: list[int]) -> float:
    """Read until the children have ended, and return the slowest read in seconds."""
    slowest, running = 0.0, set(children)
    with ThreadSaver.from_conn_string(path) as saver:
        while running:
            for writer in range(writers):
                start = time.perf_counter()
                found = saver.get_tuple(config_of(f"thread {writer}"))
                slowest = max(slowest, time.perf_counter() - start)
                if found is not None:
                    check(found)
            for child in list(running):
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    assert status == 0, "a writer failed"
                    running.discard(child)
    return slowest


if __name__ == "__main__":
    command, path, *numbers = sys.argv[1:]
    {"kill": kill_writers, "recall": kill_recallers, "many": many_writers}[command](path, *map(int, numbers))
