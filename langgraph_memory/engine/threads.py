"""Threads, answers and flags that whoever uses them can be interrupted in at any moment.

A signal's handler may raise between any two steps of the main thread. The executors, futures, events and conditions of
the standard library hold locks in Python code: an interrupt in there leaves one taken for ever, and the next call, or
`close`, never returns. Here whatever passes between threads is one call into C.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, Generic, TypeVar, cast
from weakref import WeakSet

T = TypeVar("T")


class ThreadsClosedError(RuntimeError):
    """The threads have ended, and take nothing more."""


class Flag:
    """Is set or not, and can be waited for, as `threading.Event` is."""

    def __init__(self, *, is_set: bool = False) -> None:
        self._lock = Lock()
        self.raised = is_set
        """Whether it is set, for whoever has no time to call."""
        if not is_set:
            self._lock.acquire()

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self.raised

    def set(self) -> None:
        """Wake everybody who waits."""
        self.raised = True
        _let_go(self._lock)

    def clear(self) -> None:
        """Let everybody who comes wait."""
        self.raised = False
        self._lock.acquire(blocking=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Return once it is set, or after so many seconds; whether it is set."""
        if not self.raised and self._lock.acquire(timeout=-1 if timeout is None else timeout):
            _let_go(self._lock)
        return self.raised


class Answer(Generic[T]):
    """What somebody waits for and another thread will know."""

    def __init__(self) -> None:
        self.given_up = False
        """Whether nobody waits for it any more."""
        self._outcome: T | None = None
        self._error: BaseException | None = None
        self._ready = Flag()
        self._notify: Callable[[], object] | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was told."""
        return self._ready.is_set()

    def tell(self, outcome: T) -> None:
        """Answer with an outcome."""
        self._outcome = outcome
        self.announce()

    def fail(self, error: BaseException) -> None:
        """Answer with an error."""
        self._error = error
        self.announce()

    def announce(self) -> None:
        """Wake whoever waits; again, where the first time was interrupted."""
        self._ready.set()
        if self._notify is not None:
            self._notify()

    def cancel(self) -> None:
        """Say that nobody waits for it: what has not begun need not begin."""
        self.given_up = True

    def result(self, timeout: float | None = None) -> T:
        """Return the outcome or raise the error; TimeoutError when it is not known after so many seconds."""
        if not self._ready.wait(timeout):
            raise TimeoutError
        try:
            if self._error is not None:
                raise self._error
            return cast(T, self._outcome)
        finally:
            del self  # the error's traceback would hold what holds the error

    async def wait(self) -> T:
        """Same as `result`, for a task; one that is cancelled gives the answer up."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        self._notify = lambda: _wake(loop, woken)
        try:
            if not self.is_known:
                await woken
        except BaseException:
            self.given_up = True
            raise
        return self.result()


class Threads:
    """Runs calls on at most `size` threads of its own, begun as they are needed.

    They end with the process, once they have done what they were given.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._waiting = 0
        self._closed = False
        self._begin()
        _live.add(self)

    def start(self, perform: Callable[..., T], *given: Any) -> Answer[T]:
        """Begin a call; raises ThreadsClosedError after `close`."""
        if self._closed:
            raise ThreadsClosedError
        answer: Answer[T] = Answer()
        self._calls.put(lambda: _answer(answer, perform, given))
        if self._closed:  # meanwhile: the threads may not have seen it
            self._join()
            self._drop_rest()
        return answer

    def run(self, perform: Callable[..., T], *given: Any) -> T:
        """Return what a call returns, or raise what it raises."""
        return self.start(perform, *given).result()

    async def arun(self, perform: Callable[..., T], *given: Any) -> T:
        """Same as `run`, for a task."""
        return await self.start(perform, *given).wait()

    def close(self, *, wait: bool = True) -> None:
        """Let the threads end when they have done what they were given; safe to call again."""
        self._closed = True
        self._calls.put(None)
        if wait:
            self._join()
            self._drop_rest()

    def _join(self) -> None:
        for thread in self._threads:  # which may grow meanwhile
            if thread is not current_thread():
                thread.join()

    def _drop_rest(self) -> None:
        """Do what came too late for the threads: there is nobody else to."""
        with suppress(Empty):
            while True:
                call = self._calls.get_nowait()
                if call is not None:
                    call()

    def _begin(self) -> None:
        thread = Thread(target=self._work, name=f"{self._name}_{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        self._waiting += 1
        thread.start()

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                self._calls.put(None)  # for the next
                return
            self._leave_one_waiting()
            call()
            del call
            with self._lock:
                self._waiting += 1

    def _leave_one_waiting(self) -> None:
        """Begin another thread when none waits: here, where no interrupt comes."""
        with self._lock:
            self._waiting -= 1
            if not self._waiting and len(self._threads) < self._size and not self._closed:
                self._begin()


_live: WeakSet[Threads] = WeakSet()


@atexit.register
def _finish() -> None:
    for threads in list(_live):
        threads.close()


def _answer(answer: Answer[T], perform: Callable[..., T], given: tuple[Any, ...]) -> None:
    if answer.given_up:
        return
    try:
        outcome = perform(*given)
    except BaseException as error:
        answer.fail(error)
    else:
        answer.tell(outcome)


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody waits
        loop.call_soon_threadsafe(lambda: None if woken.done() else woken.set_result(None))


def _let_go(lock: Any) -> None:
    with suppress(RuntimeError):  # nobody held it
        lock.release()
