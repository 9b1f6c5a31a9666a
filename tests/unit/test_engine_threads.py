"""Threads, answers and flags: what the standard library's executors promise, without locks of Python's own."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from threading import Barrier, Event, current_thread

import pytest

from langgraph_memory.engine.threads import Answer, Flag, Threads, ThreadsClosedError

LONG = 30


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(3, "some")
    yield made
    made.close()


def test_a_call_returns_what_it_returns_and_raises_what_it_raises(threads: Threads) -> None:
    assert threads.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        threads.run(divmod, 7, 0)


async def test_tasks_await_calls_as_well(threads: Threads) -> None:
    assert await asyncio.gather(*(threads.arun(pow, n, 2) for n in range(20))) == [n * n for n in range(20)]
    with pytest.raises(ZeroDivisionError):
        await threads.arun(divmod, 7, 0)


def test_as_many_calls_run_at_once_as_there_may_be_threads_and_no_more(threads: Threads) -> None:
    together = Barrier(3)
    answers = [threads.start(together.wait, LONG) for _ in range(3)]
    assert sorted(answer.result(LONG) for answer in answers) == [0, 1, 2]

    names = {threads.start(lambda: current_thread().name).result(LONG) for _ in range(50)}
    assert names <= {"some_0", "some_1", "some_2"}


def test_what_was_begun_is_done_when_the_threads_are_closed_and_nothing_is_begun_after(threads: Threads) -> None:
    go = Event()
    threads.start(go.wait, LONG)
    answers = [threads.start(abs, -n) for n in range(10)]
    go.set()
    threads.close()

    assert [answer.result(0) for answer in answers] == list(range(10))
    with pytest.raises(ThreadsClosedError):
        threads.start(abs, 1)


def test_what_is_given_up_before_it_begins_is_not_begun(threads: Threads) -> None:
    go, done = Event(), []
    blocking = [threads.start(go.wait, LONG) for _ in range(3)]
    given_up = threads.start(done.append, 1)
    given_up.cancel()
    go.set()
    threads.close()

    assert all(answer.result(0) for answer in blocking)
    assert (done, given_up.is_known) == ([], False)


async def test_a_cancelled_task_gives_its_answer_up() -> None:
    answer: Answer[int] = Answer()
    task = asyncio.ensure_future(answer.wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer.tell(1)

    assert answer.given_up


def test_an_answer_that_is_told_again_is_the_same_and_one_that_does_not_come_is_a_timeout() -> None:
    answer: Answer[str] = Answer()
    with pytest.raises(TimeoutError):
        answer.result(0.001)
    answer.tell("known")
    answer.announce()

    assert [answer.result(), answer.result(0)] == ["known", "known"]


def test_a_flag_is_waited_for_by_all(threads: Threads) -> None:
    flag = Flag()
    waiting = [threads.start(flag.wait, LONG) for _ in range(3)]
    flag.set()
    assert [answer.result(LONG) for answer in waiting] == [True] * 3

    flag.clear()
    assert (flag.wait(0.001), flag.is_set()) == (False, False)
    flag.set()
    flag.set()
    assert flag.wait()


def test_an_error_does_not_keep_what_raised_it_alive(threads: Threads) -> None:
    class Held:
        def fail(self) -> None:
            raise LookupError

    held = Held()
    gone = weakref.ref(held)
    with pytest.raises(LookupError):
        threads.run(held.fail)
    del held
    threads.run(abs, 1)
    gc.collect()

    assert gone() is None


def test_a_process_that_ends_does_what_was_begun(tmp_path: object) -> None:
    program = """
from threading import Event
from langgraph_memory.engine.threads import Threads
go = Event()
threads = Threads(1, "some")
threads.start(go.wait)
threads.start(print, "done")
go.set()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG, check=True)
    assert ended.stdout == "done\n"
