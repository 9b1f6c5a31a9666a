"""Whatever a signal handler raises, wherever it comes: no transaction stays open, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from databases import Databases
from langchain_core.messages import HumanMessage

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, build_graph, open_memory
from langgraph_memory.effects.effect import adrive, drive
from langgraph_memory.errors import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Python itself swallows what a handler raises while it calls a weak reference back."""

assert np  # imported here: a first import that is interrupted half-way cannot be made again in the same process

INTERRUPTS = {"sqlite": 200, "postgres": 60}
MOST_CALLS = 20_000
SOON = 0.0005
POOLS = str(Path(concurrent.futures.__file__).parent)
OWNER: Any = {"context": MemoryContext(owner_id="ana")}


class Interrupted(BaseException):
    """What the handler of a signal raises, as for Ctrl-C or for a task that has taken too long."""


def inside_a_pool(frame: FrameType | None) -> bool:
    """Return whether a pool of Python's own is at work, as LangGraph's is in a turn.

    What is raised inside of it leaves a lock of its own taken, or a future that nobody ends, and LangGraph then waits
    for ever; the calls that are tested use no such pool.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith(POOLS):
            return True
        frame = frame.f_back
    return False


class Interrupter:
    """Interrupts calls after a random moment, each at most once."""

    def __init__(self) -> None:
        self.count = 0
        self._armed = False
        self._random = random.Random(7)

    def handle(self, _: int, frame: FrameType | None) -> None:
        if self._armed and inside_a_pool(frame):
            signal.setitimer(signal.ITIMER_REAL, SOON)
        elif self._armed:
            self._armed = False
            self.count += 1
            raise Interrupted

    def call(self, work: Callable[[], object], longest: float) -> bool:
        """Return whether a call came to its end."""
        with suppress(Interrupted, InvalidInputError):  # which ormsgpack makes of an interrupt while it encodes
            try:
                self._armed = True
                signal.setitimer(signal.ITIMER_REAL, self._random.uniform(1e-5, longest))
                work()
                return True
            finally:
                self._armed = False
        return False


@pytest.fixture
def interrupter() -> Iterator[Interrupter]:
    made = Interrupter()
    before, hook = signal.signal(signal.SIGALRM, made.handle), sys.unraisablehook
    sys.unraisablehook = lambda _: None  # an interrupt inside a destructor reaches nobody, and is none of the calls'
    yield made
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    gc.collect()  # a connection that an interrupted open left behind is closed here, not in another test
    sys.unraisablehook = hook


def put(memory: MemoryDatabase, number: int) -> None:
    memory.store.put(("plain",), f"k{number}", {"number": number})


def remember(memory: MemoryDatabase, number: int) -> None:
    memory.store.remember(f"fact number {number}", owner_id="ana", slot=f"n{number % 9}")


def recall(memory: MemoryDatabase, number: int) -> None:
    memory.store.recall(f"fact {number}", owner_id="ana")


def sweep(memory: MemoryDatabase, number: int) -> None:
    memory.store.put(("plain",), f"k{number}", {"number": number})
    memory.sweep(max_checkpoints_per_thread=3)


def turn(memory: MemoryDatabase, number: int) -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    said: Any = {"messages": [HumanMessage(f"note {number}", id=f"m{number}")]}
    graph.invoke(said, {"configurable": {"thread_id": f"t{number % 5}"}}, **OWNER)


CALLS: dict[str, tuple[Callable[[MemoryDatabase, int], None], float]] = {
    "put": (put, 0.002),
    "remember": (remember, 0.004),
    "recall": (recall, 0.002),
    "sweep": (sweep, 0.004),
    "turn": (turn, 0.05),
}


@pytest.mark.parametrize("kind", CALLS)
def test_hundreds_of_interrupts_leave_no_transaction_open_and_lose_nothing(
    databases: Databases, interrupter: Interrupter, kind: str
) -> None:
    work, longest = CALLS[kind]
    slower = 1 if databases.name == "sqlite" else 5
    wanted = INTERRUPTS[databases.name] // (4 if kind == "turn" else 1)
    database = databases.new()
    ended = []
    with open_memory(database, busy_timeout=5) as memory, open_memory(database, busy_timeout=5) as other:
        for number in range(MOST_CALLS):
            if interrupter.call(lambda number=number: work(memory, number), longest * slower):  # type: ignore[misc]
                ended.append(number)
            if number % 20 == 0:
                other.store.put(("other",), "k", {"number": number})
            if interrupter.count >= wanted:
                break
        put(memory, -1)

        assert interrupter.count == wanted
        if kind in ("put", "sweep"):
            assert all(memory.store.get(("plain",), f"k{number}") for number in ended)
        if kind == "turn":
            for thread in range(5):
                said = said_in(memory, thread)
                assert {f"m{number}" for number in ended if number % 5 == thread} <= set(said)
                assert len(said) == len(set(said))


def said_in(memory: MemoryDatabase, thread: int) -> list[str | None]:
    found = memory.checkpointer.get_tuple({"configurable": {"thread_id": f"t{thread}"}})
    messages = (
        found.checkpoint["channel_values"].get("messages", []) if found else []
    )  # none where each run was interrupted
    return [one.id for one in messages if isinstance(one, HumanMessage)]


def test_hundreds_of_timeouts_of_tasks_leave_no_transaction_open_and_lose_nothing(databases: Databases) -> None:
    database = databases.new()
    soon = random.Random(7)
    slower = 1 if databases.name == "sqlite" else 5

    async def run(memory: MemoryDatabase, other: MemoryDatabase) -> list[int]:
        async def one(number: int) -> int | None:
            with suppress(TimeoutError):
                async with asyncio.timeout(soon.uniform(0, 0.02 * slower)):
                    await memory.store.aput(("plain",), f"k{number}", {"number": number})
                    return number
            return None

        ended: list[int] = []
        for start in range(0, 600, 30):
            ended += [n for n in await asyncio.gather(*map(one, range(start, start + 30))) if n is not None]
            await other.store.aput(("other",), "k", {"start": start})
        return ended

    with open_memory(database, busy_timeout=5) as memory, open_memory(database, busy_timeout=5) as other:
        ended = asyncio.run(run(memory, other))
        put(memory, -1)

        assert 0 < len(ended) < 600
        assert all(memory.store.get(("plain",), f"k{number}") for number in ended)


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError])
async def test_what_a_generator_holds_is_let_go_when_an_interrupt_ends_it(
    mode: str, error: type[BaseException]
) -> None:
    held = []

    def work() -> Any:
        held.append("held")
        try:
            yield "wanted"
        finally:
            held.clear()

    def perform(_: object) -> None:
        raise error

    async def aperform(_: object) -> None:
        raise error

    with pytest.raises(error) as caught:  # the traceback keeps the generator alive
        drive(work(), perform) if mode == "sync" else await adrive(work(), aperform)

    assert held == []
    assert caught.tb is not None
