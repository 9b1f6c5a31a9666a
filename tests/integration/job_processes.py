"""What the tests of promotion by many and by killed processes run: one process that imports once, and forks the rest.

usage: job_processes.py queue DATABASE JOBS | share DATABASE JOBS | kill DATABASE KILLS SEED |
threads DATABASE TURNS | owner DATABASE TURNS. Every message says something else, so that one that is lost or doubled
shows.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from langchain_core.messages import HumanMessage

from langgraph_memory import (
    Candidate,
    MemoryContext,
    OfflineChatModel,
    PromotionWorker,
    Utterance,
    build_graph,
    open_memory,
)
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.types import Retries

LEASE = timedelta(milliseconds=20)
"""So short that a killed worker's job is soon another's, and that a slow worker loses its own."""


class Slow:
    """Takes some milliseconds of work for each message, so that it is killed in the middle."""

    name = "slow"

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        for _ in utterances:
            sum(n * n for n in range(20_000))
        return [Candidate(content=f"Said {one.text}", message_id=one.message_id) for one in utterances]


class Signalled(Slow):
    """Is told to stop while it reads."""

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        os.kill(os.getpid(), signal.SIGTERM)
        return super().extract(utterances)


SLOW, SIGNALLED = Slow(), Signalled()


def queue(path: str, jobs: int, messages: int = 1, first: int = 0) -> None:
    with open_memory(path) as memory:
        for job in range(first, first + jobs):
            said = [Utterance(message_id=f"m{n}", actor="user", text=f"number {job}.{n}") for n in range(messages)]
            place = LedgerPlace(f"owner-{job % 7}", f"thread {job}", Slow.name)
            memory.store.queue.add(said, place=place, quiet_for=0)


def work(path: str, lease: timedelta) -> None:
    """Work until nothing waits; a job that is leased to a dead worker is waited for."""
    with open_memory(path) as memory:
        worker = PromotionWorker(
            memory.store, extractor=SLOW, lease_for=lease, retries=Retries(attempts=1000, first=timedelta(0))
        )
        while memory.store.queue.time_left(Slow.name) is not None:
            worker.run_once()


def forked(task: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        task()
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def ended_well(children: Sequence[int]) -> None:
    for child in children:
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit("a child failed")


def share(path: str, jobs: int) -> None:
    queue(path, jobs)
    ended_well([forked(lambda: work(path, timedelta(minutes=5))) for _ in range(2)])


def kill(path: str, kills: int, seed: int) -> None:
    """Kill two workers after a random time, again and again; when they are done before, they get more to do."""
    chance = random.Random(seed)
    killed, jobs = 0, 100
    queue(path, jobs, messages=3)
    while killed < kills:
        children = [forked(lambda: work(path, LEASE)) for _ in range(2)]
        time.sleep(chance.uniform(0.005, 0.06))
        for child in children:
            os.kill(child, signal.SIGKILL)
        ended = [os.WIFSIGNALED(os.waitpid(child, 0)[1]) for child in children]
        killed += sum(ended)
        if not all(ended):
            queue(path, 100, messages=3, first=jobs)
            jobs += 100
    work(path, LEASE)
    print(killed, jobs)


def threads(path: str, turns: int) -> None:
    """Run one thread's graph in two processes at once; both of them read every message there is."""
    with open_memory(path):
        pass
    ended_well([forked(lambda who=who: talk(path, who, "shared", turns)) for who in ("one", "two")])  # type: ignore[misc]


def owner(path: str, turns: int) -> None:
    """Run two threads of one owner in two processes at once; both hear some of the same."""
    with open_memory(path):
        pass
    ended_well([forked(lambda who=who: talk(path, who, who, turns)) for who in ("one", "two")])  # type: ignore[misc]


def talk(path: str, who: str, thread: str, turns: int) -> None:
    config: Any = {"configurable": {"thread_id": thread}}
    with open_memory(path) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        for turn in range(turns):
            own = HumanMessage(f"I like {who}{turn}.", id=f"{who}-{turn}")
            shared = HumanMessage(f"I like shared{turn}.", id=f"shared-{turn}")
            graph.invoke({"messages": [shared, own]}, config, context=MemoryContext(owner_id="ana"))


if __name__ == "__main__":
    command, path, *numbers = sys.argv[1:]
    commands: dict[str, Any] = {"queue": queue, "share": share, "kill": kill, "threads": threads, "owner": owner}
    commands[command](path, *map(int, numbers))
