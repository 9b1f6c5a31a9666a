"""Groups the write transactions of many threads and tasks into few commits."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from langgraph_memory.effects.effect import drive
from langgraph_memory.effects.transaction import Query, Row, Transaction
from langgraph_memory.engine.threads import Answer, Flag
from langgraph_memory.errors import DatabaseBusyError, DatabaseUnavailableError

T = TypeVar("T")

_GROUP = 64
_MOST_AGAIN = 1024
"""How many of the writes that nobody waits for are tried again when the file could not be written."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Job:
    operation: Transaction[Any]
    awaited: bool = True
    answer: Answer[Any] = field(default_factory=Answer)
    outcome: Any = None
    error: Exception | None = None

    def starts(self) -> bool:
        """Whether it is to be run: nobody has given it up, and it was not run before an interrupt."""
        return not self.answer.given_up and not self.answer.is_known

    def settle(self) -> None:
        """Answer whoever waits for it."""
        if self.error is None:
            self.answer.tell(self.outcome)
        elif self.awaited:
            self.answer.fail(self.error)
        else:
            _log_lost(self)


class Writer:
    """Runs operations one after another on one connection, as many as are waiting in one transaction.

    Whoever drains the queue runs what everyone has put into it. Each operation has a savepoint of its own, so one
    that fails takes nothing else with it; nobody is answered before the commit. What is `put_off` keeps its place in
    the queue: no later operation is committed before it. Where the file could not be written, it is tried again with
    the next.

    An interrupt may come between any two steps, a second one while the first is handled. So what is under way is noted
    first, and who takes the lock next undoes what is left open, and runs again what others wait for. The lock is only
    taken by `with`, which no interrupt comes between.
    """

    def __init__(
        self,
        connection: Any,
        execute: Callable[[Any, Query], Sequence[Row]],
        command: Callable[[Any, str], None],
        begin: str = "BEGIN IMMEDIATE",
    ) -> None:
        self._connection = connection
        self._execute = execute
        self._command = command
        self._begin = begin
        self._waiting: deque[_Job] = deque()
        self._again: list[_Job] = []
        self._running: list[_Job] = []
        self._committing: Sequence[_Job] = ()
        self._lock = Lock()
        self._open = Flag(is_set=True)
        self.commits = 0
        """How many transactions were committed."""

    def run(self, operation: Transaction[T]) -> T:
        """Return the outcome of `operation` once it is committed; at once when nobody else is writing."""
        if not self._open.raised:
            self._open.wait()
        if not self._lock.locked():
            with self._lock:
                self._recover()
                if not self._waiting and not self._again:
                    return self._commit(operation)
        job = _Job(operation)
        try:
            self._waiting.append(job)
            self.drain()
            outcome: T = job.answer.result()
        except BaseException:
            job.answer.cancel()
            raise
        return outcome

    def read(self, operation: Transaction[T]) -> tuple[T] | None:
        """Return the outcome of an operation that only reads, from what this connection has at hand; None: it is busy.

        Another connection has to read anew whatever this one has written since.
        """
        if self._lock.locked():
            return None
        with self._lock:
            self._recover()
            return (self._look(operation),)

    def submit(self, operation: Transaction[T]) -> Answer[T]:
        """Queue `operation`; somebody must call `drain` afterwards."""
        job = _Job(operation)
        self._waiting.append(job)
        return job.answer

    def put_off(self, operation: Transaction[Any]) -> None:
        """Queue `operation`, whose outcome nobody waits for; somebody must call `drain` in a while."""
        self._waiting.append(_Job(operation, awaited=False))

    def drain(self) -> None:
        """Return when every operation queued before this call has been answered."""
        if not self._open.raised:
            self._open.wait()
        with self._lock:
            self._recover()
            self._drain()

    def close(self) -> None:
        """Answer what is waiting, then close the connection; no other thread is using it at that moment."""
        with self._lock:
            self._recover()
            self._drain()
            for job in self._again:
                _log_lost(job)
            self._connection.close()

    def alone(self, perform: Callable[[Any], T]) -> T:
        """Return what `perform` returns for the connection, while no transaction is open on it."""
        if not self._open.raised:
            self._open.wait()
        with self._lock:
            self._recover()
            return perform(self._connection)

    def pause(self, seconds: float) -> bool:
        """Let nobody write until `go_on`; False where a transaction takes longer than that to end."""
        self._open.clear()  # whoever comes now waits: a lock that many want may never be had
        if not self._lock.acquire(timeout=seconds):
            self._open.set()
            return False
        self._recover()
        return True

    def go_on(self, connection: Any) -> None:
        """Write again, on this connection."""
        self._connection = connection
        self._lock.release()
        self._open.set()

    def _recover(self) -> None:
        """Undo the transaction that an interrupt left open, and queue what it kept from being answered."""
        left_open = self._has_transaction()
        if not self._running and not left_open:
            return
        committed = () if left_open else self._committing
        self._abandon()
        for job in reversed(self._running):
            self._take_up(job, is_committed=any(job is other for other in committed))
        self._running, self._committing = [], ()

    def _take_up(self, job: _Job, *, is_committed: bool) -> None:
        """Answer a job that an interrupt kept from being answered, or let it run again."""
        if job.answer.is_known:
            job.answer.announce()
        elif any(job is other for other in self._waiting):
            return
        elif is_committed:
            job.settle()
        elif not job.answer.given_up:
            self._waiting.appendleft(job)

    def _has_transaction(self) -> bool:
        """Return whether a transaction is open; one that was closed meanwhile has none, and says so when it is used."""
        try:
            return bool(self._connection.in_transaction)
        except Exception as error:
            if "closed" not in str(error):
                raise
            return False

    def _commit(self, operation: Transaction[T]) -> T:
        try:
            self._command(self._connection, self._begin)
            outcome = self._drive(operation)
            self._command(self._connection, "COMMIT")
        except BaseException:
            self._abandon()
            raise
        self.commits += 1
        return outcome

    def _look(self, operation: Transaction[T]) -> T:
        try:
            self._command(self._connection, "BEGIN")
            return self._drive(operation)
        finally:
            self._abandon()

    def _drain(self) -> None:
        self._put_back()
        while self._take():
            try:
                self._run(self._running)
                self._running = []
            except BaseException:
                self._recover()
                raise
            if self._waiting:
                self._put_back()

    def _put_back(self) -> None:
        """Queue what is tried again where it was: before everything else."""
        while self._again:
            self._waiting.appendleft(self._again[-1])
            self._again.pop()

    def _take(self) -> bool:
        """Take the next jobs to run together; those that nobody waits for do not keep others out of the group."""
        awaited = 0
        while self._waiting and awaited < _GROUP:
            job = self._waiting[0]
            if job.starts():
                self._running.append(job)
                awaited += job.awaited
            self._waiting.popleft()
        return bool(self._running)

    def _run(self, jobs: list[_Job]) -> None:
        if self._transaction(jobs) and len(jobs) > 1:
            for job in jobs:
                self._run([job])
            return
        for job in jobs:
            if not job.awaited and isinstance(job.error, (DatabaseBusyError, DatabaseUnavailableError)):
                self._try_again(job)
            else:
                job.settle()

    def _try_again(self, job: _Job) -> None:
        if len(self._again) < _MOST_AGAIN:
            self._again.append(_Job(job.operation, awaited=False, error=job.error))
        else:
            _log_lost(job)

    def _transaction(self, jobs: list[_Job]) -> bool:
        """Run `jobs` in one transaction; True when it began and all of it was undone."""
        self._committing = ()
        for job in jobs:
            job.outcome = job.error = None
        try:
            self._command(self._connection, self._begin)
        except Exception as error:
            for job in jobs:
                job.error = error
            return False
        try:
            for job in jobs:
                self._attempt(job, alone=len(jobs) == 1)
            self._committing = jobs
            self._command(self._connection, "COMMIT")
        except Exception as error:
            self._committing = ()
            self._abandon()
            for job in jobs:
                job.error = job.error or error
            return True
        self.commits += 1
        return False

    def _attempt(self, job: _Job, *, alone: bool) -> None:
        if alone:
            job.outcome = self._drive(job.operation)
            return
        self._command(self._connection, "SAVEPOINT job")
        try:
            job.outcome = self._drive(job.operation)
        except Exception as error:
            if not self._has_transaction():  # SQLite itself rolled everything back: full disk, I/O error
                raise
            job.error = error
            self._command(self._connection, "ROLLBACK TO job")
        self._command(self._connection, "RELEASE job")

    def _drive(self, operation: Transaction[T]) -> T:
        return drive(operation.start(), partial(self._execute, self._connection))

    def _abandon(self) -> None:
        """Roll back; an interrupt may come while that is done."""
        try:
            self._roll_back()
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        if self._has_transaction():
            self._command(self._connection, "ROLLBACK")


def _log_lost(job: _Job) -> None:
    """Say that a write was lost which nobody waits for; what it would have stored is nobody's business."""
    _log.warning("a write that was put off, such as a recall's receipt, was lost (%s)", type(job.error).__name__)
