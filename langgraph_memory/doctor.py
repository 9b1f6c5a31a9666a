"""Looks a database over: what is wrong or surprising, and what to do about it. Nothing is changed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.transaction import Engine
from langgraph_memory.errors import ClassNotAllowedError, DatabaseError
from langgraph_memory.operations import doctor
from langgraph_memory.operations.doctor import Health
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.store import CuratedStore
from langgraph_memory.views import Records, Table, Tabular, agreeing, counted, every

Severity = Literal["error", "warning", "note"]

LARGE_THREAD = 50 << 20
"""Bytes from which on a thread is named."""
LONG_THREAD = 10_000
"""Checkpoints from which on a thread is named."""
_MOST_NAMED = 20
"""Threads that are named for one fault; more are counted."""


@dataclass(frozen=True, slots=True)
class Finding(Tabular):
    """One thing to look at: what it is, how bad, and what to do."""

    severity: Severity
    what: str
    action: str

    things: ClassVar[str] = "findings"

    def label(self) -> str:
        """Return what it is."""
        return self.what

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each finding."""
        rows = [(one.severity, one.what, one.action) for one in records]
        return Table.of(title or "", ("how bad", "what", "what to do"), rows)


def diagnose(engine: Engine, store: CuratedStore, saver: ThreadSaver, settings: StoreSettings) -> Records[Finding]:
    """Return what there is to look at, the worst first; reading every thread's newest checkpoint takes its time."""
    has_index = settings.embedder is not None
    found = engine.run(doctor.health(to_microseconds(settings.clock()), has_index=has_index))
    findings = [*_tables(found), *_threads(saver), *_queue(store)]
    order = ("error", "warning", "note")
    return Records(Finding, sorted(findings, key=lambda one: order.index(one.severity)))


def _tables(found: Health) -> Iterator[Finding]:
    for fault in found.faults:
        is_note = "checksums" in fault
        action = "have an administrator decide" if is_note else "restore a backup, or copy what can be read"
        yield Finding("note" if is_note else "error", fault, action)
    for kind, number in found.orphans.items():
        yield Finding("error", f"{number} {kind}", "report it with the version, and copy the database")
    if found.expired:
        what = f"{counted(found.expired, 'memories')} {agreeing(found.expired, 'have')} expired and take space"
        yield Finding("note", what, "run langgraph-memory memories sweep; they are recalled no more")
    if found.conflicting:
        what = f"{counted(found.conflicting, 'memories')} contradict others"
        yield Finding("warning", what, "run langgraph-memory memories review, and confirm the ones that hold")
    if found.unembedded:
        what = f"{counted(found.unembedded, 'rows')} {agreeing(found.unembedded, 'have')} no vector of this index"
        yield Finding("warning", what, "run langgraph-memory db reindex; text search finds them meanwhile")


def _threads(saver: ThreadSaver) -> Iterator[Finding]:
    unreadable: dict[tuple[str, str], list[str]] = {}
    for thread in every(saver.list_threads):
        if thread.bytes > LARGE_THREAD or thread.checkpoints > LONG_THREAD:
            size = f"{thread.bytes / (1 << 20):.0f} MB in {counted(thread.checkpoints, 'checkpoints')}"
            action = "end its session with compact=True, or sweep threads by their number of checkpoints"
            yield Finding("warning", f"thread {thread.thread_id!r} holds {size}", action)
        fault = _fault_of(saver, thread)
        if fault is not None:
            unreadable.setdefault(fault, []).append(thread.thread_id)
    for (why, action), ids in unreadable.items():
        named = ", ".join(map(repr, ids[:_MOST_NAMED])) + (" ..." if len(ids) > _MOST_NAMED else "")
        yield Finding("error", f"{counted(len(ids), 'threads')} cannot be read ({why}): {named}", action)


def _fault_of(saver: ThreadSaver, thread: ThreadSummary) -> tuple[str, str] | None:
    """Return why the newest checkpoint of a thread cannot be read, and what to do; None when it can."""
    config: Any = {"configurable": {"thread_id": thread.thread_id}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            saver.get_tuple(config)
    except ClassNotAllowedError as error:
        return str(error), "open the database with allowed_classes naming it; the thread itself is whole"
    except DatabaseError as error:
        return type(error).__name__, "read an older checkpoint of it, or delete the thread"
    return None


def _queue(store: CuratedStore) -> Iterator[Finding]:
    set_aside = sum(job.set_aside for job in every(store.jobs.pending))
    if set_aside:
        what = f"{counted(set_aside, 'messages')} {agreeing(set_aside, 'were')} set aside after failing too often"
        yield Finding(
            "warning", what, "see langgraph-memory jobs list; jobs retry tries them again, jobs drop gives them up"
        )
