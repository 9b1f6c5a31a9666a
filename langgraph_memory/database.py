"""`open_memory`: one database, with the checkpointer and the store on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, cast

from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.store.base import TTLConfig

from langgraph_memory.checkpointer import Threads, ThreadSaver
from langgraph_memory.checkpoints.retention import Swept
from langgraph_memory.doctor import Finding, diagnose
from langgraph_memory.domain.audit import Kept
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.hygiene import DEFAULT_HYGIENE, HygienePolicy, SweepReport
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.session import SessionSummary
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.effects.effect import Effects, call, in_thread
from langgraph_memory.effects.runner import Runner
from langgraph_memory.effects.transaction import Engine
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.engine.connect import KEY_VARIABLE as KEY_VARIABLE  # noqa: PLC0414
from langgraph_memory.engine.connect import Opening
from langgraph_memory.engine.connect import encrypt_file as encrypt_file  # noqa: PLC0414
from langgraph_memory.engine.connect import rekey_file as rekey_file  # noqa: PLC0414
from langgraph_memory.operations.embedding import Index
from langgraph_memory.operations.index import claim_index
from langgraph_memory.operations.settings import StoreSettings, checked_clock
from langgraph_memory.store import Admin, Audit, CuratedStore, Hygiene, Jobs
from langgraph_memory.store.curated import checked
from langgraph_memory.views import Records

if TYPE_CHECKING:  # what reads a session knows the language and the graphs, which most programs here need not wait for
    from langgraph_memory.session import Summarizer

_DAYS_30 = timedelta(days=30)


class StoreOptions(TypedDict, total=False):
    """What `open_memory` may be told of the store beside what has a name of its own."""

    keep_receipts: timedelta | None
    clock: Callable[[], datetime] | None


class ThreadOptions(TypedDict, total=False):
    """What `open_memory` may be told of threads; `ThreadSaver` says what it means."""

    threads: Threads
    serde: SerializerProtocol | None
    allowed_classes: Iterable[type | tuple[str, ...]]
    fence: bool
    share_history: bool


class MemoryOptions(StoreOptions, ThreadOptions, total=False):
    """What a `MemoryDatabase` may be told of its store and its threads."""


class EngineOptions(TypedDict, total=False):
    """What `open_memory` may be told of the database itself; times are in seconds."""

    busy_timeout: float
    cache_bytes: int
    read_only: bool
    synchronous: Literal["NORMAL", "FULL"]
    encryption_key: str | None
    dbapi: ModuleType
    pool_size: int
    pool_timeout: float
    connect_timeout: float
    schema: str | None
    scrub: Literal["vacuum", "rewrite"]
    prepare: bool


class OpenOptions(MemoryOptions, EngineOptions, total=False):
    """Whatever `open_memory` may be told beside the arguments with a name of their own."""


class MemoryDatabase:
    """An open database: `checkpointer` keeps threads, `store` keeps memories, both on its engine.

    What administrators use stands apart: `audit` is what was changed and recalled and why, `hygiene` keeps memories few
    and true, `jobs` is what waits to be promoted, and `admin` erases, exports and imports. `store` has the same four.
    `open_memory` says what the arguments mean.
    """

    __slots__ = ("_engine", "_runner", "_settings", "admin", "audit", "checkpointer", "hygiene", "jobs", "store")

    def __init__(
        self,
        engine: Engine,
        *,
        index: Index | None = None,
        ttl: TTLConfig | None = None,
        memory_types: Iterable[MemoryType] = (),
        guard: GuardPolicy | None = None,
        receipts: Kept | None = None,
        settings: StoreSettings | None = None,
        **options: Unpack[MemoryOptions],
    ) -> None:
        checked("MemoryDatabase", options, MemoryOptions)
        self._engine = engine
        self.store = CuratedStore(
            engine,
            index=index,
            ttl=ttl,
            memory_types=memory_types,
            guard=guard,
            receipts=receipts,
            keep_receipts=options.get("keep_receipts", _DAYS_30),
            settings=_timed(settings or StoreSettings(), options.get("clock")),
        )
        self._settings = self.store.settings
        of_threads = {name: value for name, value in options.items() if name in ThreadOptions.__annotations__}
        self.checkpointer = ThreadSaver(engine, clock=self._settings.clock, **cast(ThreadOptions, of_threads))
        self._runner = Runner(engine, self._settings.embedder, claim_index)
        self.audit: Audit = self.store.audit
        self.hygiene: Hygiene = self.store.hygiene
        self.jobs: Jobs = self.store.jobs
        self.admin: Admin = self.store.admin

    @runs_effects
    def close(self) -> Effects[None]:
        """Finish what is running and release every connection; safe to call again."""
        return in_thread(self._engine.close)

    aclose = twin_of(close)

    @runs_effects
    def end_session(
        self,
        thread_id: str,
        *,
        owner_id: str,
        scope: str = GLOBAL,
        compact: bool = False,
        summarizer: Summarizer | None = None,
        messages_key: str = "messages",
    ) -> Effects[SessionSummary]:
        """Remember what a thread came to, as the one live `summary` of it; with `compact` shorten the thread too.

        Without a `summarizer` it is what rules find in the user's words: decisions, statements, open points and what
        was asked. A chat model writes it from the conversation; when that fails, or the guard refuses what it wrote,
        the rules' summary is kept and `fallback` says why. `compact` leaves the newest checkpoint of each namespace
        and what it depends on, in the same transaction: the thread resumes as before, also from an interrupt, and no
        longer rewinds. Ending a session again supersedes its summary.

        Raises ThreadNotFoundError, MissingOwnerError, and InvalidInputError when the thread is another owner's.
        """
        from langgraph_memory.session import Session, end_session

        wanted = Session(thread_id, owner_id, scope, messages_key)
        return end_session(self._runner, self._settings, self.checkpointer, wanted, summarizer, compact=compact)

    aend_session = twin_of(end_session)

    @runs_effects
    def sweep(
        self,
        *,
        policy: HygienePolicy = DEFAULT_HYGIENE,
        max_age: timedelta | None = None,
        max_checkpoints_per_thread: int | None = None,
    ) -> Effects[tuple[SweepReport, Swept]]:
        """Sweep everybody's memories by `policy`, then the threads by age and length.

        See `Hygiene.sweep` and `ThreadSaver.sweep`.
        """
        hygiene, saver, longest = self.hygiene, self.checkpointer, max_checkpoints_per_thread
        swept = yield from call(hygiene.sweep, hygiene.asweep, policy=policy)
        threads = yield from call(saver.sweep, saver.asweep, max_age=max_age, max_checkpoints_per_thread=longest)
        return swept, threads

    asweep = twin_of(sweep)

    @runs_effects
    def diagnose(self) -> Effects[Records[Finding]]:
        """Look the database over: damage, orphaned rows, what has no vector, threads that cannot be read, the queue.

        Nothing is changed. The newest checkpoint of every thread is read, so it takes its time.
        """
        return in_thread(diagnose, self._engine, self.store, self.checkpointer, self._settings)

    adiagnose = twin_of(diagnose)


def open_memory(
    conn_string: str | os.PathLike[str],
    *,
    index: Index | None = None,
    ttl: TTLConfig | None = None,
    memory_types: Iterable[MemoryType] = (),
    guard: GuardPolicy | None = None,
    receipts: Kept = "query",
    **options: Unpack[OpenOptions],
) -> Opening[MemoryDatabase]:
    """Open a database with `with` or `async with`, creating and migrating it when needed.

    In a notebook it works without them too: until `close()`, or until nothing of it is in use any more.

    `conn_string` is a file path, a `sqlite:///` URL, `":memory:"` or a `postgresql://` URL. `index` and `ttl` mean what
    they mean in LangGraph; `index="local"` embeds on this machine's CPU, with a model that the extra `local` installs
    and no network, and `memory.admin.reindex()` embeds what a file holds already. `serde` serialises thread state;
    without one it is strict msgpack, and `allowed_classes` names the classes of your own that may be restored from it.
    `fence` refuses a second writer that continues the same checkpoint. `share_history` lets the checkpoints of one
    listing share their messages, which is many times faster and only for code that changes none of them in place.
    `memory_types` adds types of your own, `guard` says what becomes of personal data and which detectors look for
    secrets (`GuardPolicy(detectors=(CredSweeperDetector(),))`).
    `threads="owned"` refuses a run, a read, an `end_session` and a deletion by whom a thread does not belong to.
    `receipts` is what is kept of a recall: "query" (ids, scores, and the question as the guard has passed it), "ids" or
    "off"; it goes with its thread, and after `keep_receipts` (None: when a sweep says so). A database that can only be
    read (`read_only=True`, or a standby) keeps none.
    `clock` tells the time of memories in place of the system's,
    for tests and replays: it returns a datetime with a time zone. `options`
    go to the engine: for SQLite `synchronous` ("NORMAL" survives a killed process, "FULL" a power loss too); for
    PostgreSQL `pool_size`, `pool_timeout`, `connect_timeout`, the `schema` of the tables and what `scrub` does
    ("vacuum" or "rewrite"); for both `busy_timeout`, how long another's lock is waited for, and `cache_bytes` (64 MB),
    the bound of all that is kept in memory of what was read and stored: messages, fingerprints, terms and vectors, as
    objects take it. Times are in seconds.

    Raises ConnectionStringError, InvalidInputError, MissingExtraError or a DatabaseError.
    """
    of_engine = {name: value for name, value in options.items() if name not in MemoryOptions.__annotations__}
    own: Any = {name: value for name, value in options.items() if name not in of_engine}
    own |= {"index": index, "ttl": ttl, "memory_types": memory_types, "guard": guard, "receipts": receipts}
    return Opening(conn_string, of_engine, partial(MemoryDatabase, **own))


def _timed(settings: StoreSettings, clock: Callable[[], datetime] | None) -> StoreSettings:
    return settings if clock is None else replace(settings, clock=checked_clock(clock))
