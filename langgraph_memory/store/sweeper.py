"""Does something again and again in a thread, until it is stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Lock, Thread

from langgraph_memory.errors import DatabaseClosedError

_log = logging.getLogger(__name__)


class Sweeper:
    """At most one thread; it ends with the database too, and no program waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stopped = Event()
        self._future: Future[None] = Future()

    def start(self, work: Callable[[], object], seconds: float) -> Future[None]:
        """Start the thread, unless it runs already, and return what is done when it ends; cancelling stops it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopped, self._future = Event(), Future()
                arguments = (work, seconds, self._stopped, self._future)
                self._thread = Thread(target=_run, args=arguments, daemon=True, name="langgraph_memory-sweep")
                self._future.add_done_callback(lambda _, stopped=self._stopped: stopped.set())  # type: ignore[misc]
                self._thread.start()
            return self._future

    def stop(self, timeout: float | None) -> bool:
        """Stop the thread, and return whether it has ended."""
        self._stopped.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()


def _run(work: Callable[[], object], seconds: float, stopped: Event, future: Future[None]) -> None:
    while not stopped.wait(seconds):
        try:
            work()
        except DatabaseClosedError:
            break
        except Exception:
            _log.exception("a sweep of what has expired failed; the next one is tried in %s s", seconds)
    if not future.cancelled():
        future.set_result(None)
