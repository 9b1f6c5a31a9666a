"""`CuratedStore`: LangGraph's store contract, and curated memories on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict, Unpack

from langgraph.store.base import Op, Result, TTLConfig

from langgraph_memory.checkpoints._compat import unexamined
from langgraph_memory.domain.audit import DEFAULT_RECEIPTS, Kept, ReceiptPolicy
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.memory import Injected, Memory, Outcome, Recall, Receipt, Source
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.search.filters import MemoryFilter, Wanted
from langgraph_memory.domain.types import MemoryType, MemoryTypes
from langgraph_memory.effects.effect import Done, DoneCount, Effects, in_thread
from langgraph_memory.effects.runner import Runner
from langgraph_memory.effects.transaction import Engine
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.engine.connect import Opening, engine_of
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations import changes, forget, items, memories, recall, remember
from langgraph_memory.operations.audit import Audit
from langgraph_memory.operations.embedding import Embedder, Index, fields_of, index_of
from langgraph_memory.operations.index import claim_index
from langgraph_memory.operations.jobs import Jobs, PromotionQueue
from langgraph_memory.operations.settings import StoreSettings, SweepSchedule, check_bounds, check_minutes
from langgraph_memory.operations.threads import ThreadAuthors
from langgraph_memory.store.facets import Admin, Hygiene
from langgraph_memory.store.scheduling import Sweeper, TickedStore, Ticks
from langgraph_memory.store.view import StoreView
from langgraph_memory.views import Records


class ReplacementDetails(TypedDict, total=False):
    """What `supersede` may be told beside the new words; what is not named stays as it was."""

    content_json: Mapping[str, Any] | None
    confidence: float | None
    importance: float | None
    valid_from: datetime | None
    expires_at: datetime | None
    subject: str | None
    context: str | None


class MemoryDetails(TypedDict, total=False):
    """What `remember` may be told beside what a memory is about: the other fields of the record."""

    content_json: Mapping[str, Any] | None
    confidence: float
    importance: float
    valid_from: datetime | None
    expires_at: datetime | None
    subject: str | None
    context: str | None
    tags: Sequence[str]
    injection: Injected | None
    protected: bool | None


class RecallOptions(TypedDict, total=False):
    """What `recall` may be told beside what is asked, by whom and where."""

    filter: MemoryFilter | None
    min_score: float | None
    max_tokens: int | None
    count: Callable[[str], int]
    shared_with: Sequence[str]
    reader: str | None
    pinned: int
    needed: bool
    receipt: bool


class Default(str):
    """A default that can be told from the same text when a caller names it."""

    __slots__ = ()


_DAYS_30 = timedelta(days=30)
_EVERYWHERE, _FACT = Default(GLOBAL), Default("fact")
_SWEEP_MINUTES = 5
_MANY = 100
"""Calls at once from which on the collector would walk over all that wait for each other again and again."""
_TTL_KEYS = ("refresh_on_read", "omit_expired", "default_ttl", "sweep_interval_minutes")


class CuratedStore(TickedStore):
    """Keeps what should still matter when a thread is over, for sync and async graphs alike.

    As a `BaseStore` it takes any namespace and JSON value. As curated memory it remembers typed, owned, scoped and
    sourced records and recalls the few that matter; each of them is also an item at namespace
    ("curated", owner, scope segments...), where a period in an owner or scope is written "%2E".

    `index` and `ttl` mean what they mean in LangGraph, and `index="local"` embeds without a network (extra `local`);
    expired items are never returned. Without an index, a query
    searches the text; after what matches come the other items of the namespace, last updated first, without a score.
    A value of more than 16,384 words is found by its first ones.
    `memory_types` adds types of your own; `guard` says what becomes of personal data. `receipts` is what is kept of a
    recall, for `keep_receipts` (None: until a sweep): "query" keeps ids, scores and the question as the guard has
    passed it, "ids" no question, "off" nothing.

    What administrators use are facets of it, which the database object has too: `audit`, `hygiene`, `jobs`, `admin`.

    In place of an engine it takes what LangGraph's own stores take, a `sqlite3` connection to a file or a connection or
    pool of psycopg, and opens connections of its own to the same database.
    """

    supports_ttl = True

    def __init__(
        self,
        engine: Engine | Any,
        *,
        index: Index | None = None,
        ttl: TTLConfig | None = None,
        memory_types: Iterable[MemoryType] = (),
        guard: GuardPolicy | None = None,
        receipts: Kept | None = None,
        keep_receipts: timedelta | None = _DAYS_30,
        settings: StoreSettings | None = None,
    ) -> None:
        super().__init__()
        self.ttl_config = _checked_ttl(ttl)
        self.index_config = index
        engine = engine_of(engine, "CuratedStore")
        self._engine = engine
        wanted = {
            **_indexed(index),
            **_swept(ttl),
            **_typed(memory_types),
            **_guarded(guard),
            **_kept(receipts, keep_receipts),
        }
        self.settings = _settled(settings or StoreSettings(), wanted)
        """What it was opened with: its memory types, its guard, what its receipts keep, and its clock."""
        self._runner = Runner(engine, self.settings.embedder, claim_index)
        self._ticks: Ticks[list[Op], list[Result]] = Ticks(self._abatches)
        self._sweeper = Sweeper()
        self.audit = Audit(self._runner, self.settings)
        self.hygiene = Hygiene(self._runner, self.settings)
        self.jobs = Jobs(self._runner, self.settings)
        self.admin = Admin(self._runner, self.settings)
        self.queue = PromotionQueue(self._runner, self.settings)
        self.authors = ThreadAuthors(self._runner, self.settings)

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        index: Index | None = None,
        ttl: TTLConfig | None = None,
        memory_types: Iterable[MemoryType] = (),
        guard: GuardPolicy | None = None,
        receipts: Kept = "query",
        keep_receipts: timedelta | None = _DAYS_30,
        **options: Any,
    ) -> Opening[CuratedStore]:
        """Open a database with `with` or `async with`, set it up, and close it at the end.

        Raises ConnectionStringError or a DatabaseError.
        """
        own: Any = {"index": index, "ttl": ttl, "memory_types": memory_types, "guard": guard}
        return Opening(conn_string, options, partial(cls, receipts=receipts, keep_receipts=keep_receipts, **own))

    @runs_effects
    def setup(self) -> Effects[Done]:
        """Create or migrate the tables; safe to call again, and to await."""
        yield from in_thread(self._engine.setup)
        return Done()

    asetup = twin_of(setup)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Run operations in one transaction; reads see what was there before the batch.

        Raises InvalidInputError, InvalidFilterError or LangGraph's InvalidNamespaceError before anything is written.
        """
        return self._runner.run(items.batch(ops, self.settings))

    async def _abatches(self, calls: Sequence[Sequence[Op]]) -> Sequence[list[Result]]:
        with unexamined() if len(calls) > _MANY else nullcontext():
            return await self._runner.arun(items.batches(calls, self.settings))

    def view(self, *, owner_id: str, scope: str = GLOBAL) -> StoreView:
        """Return this store bound to one owner and scope, as a `BaseStore` that tools and agents can be handed.

        `BaseStore` calls reach memories by their namespace, whoever makes them; nothing outside of the view can be
        read, listed, written or guessed. Raises MissingOwnerError or InvalidScopeError.
        """
        return StoreView(self, owner_id=owner_id, scope=scope)

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> Future[None]:
        """Delete what has expired now and then, in a thread of its own, until it is stopped or the future is cancelled.

        Nothing that has expired is ever returned; this gives its space back. Without `ttl` there is nothing to do. The
        interval is that of `ttl`, else 5 minutes.
        """
        if sweep_interval_minutes is not None:
            check_minutes("sweep_interval_minutes", sweep_interval_minutes)
        if not self.ttl_config:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        minutes = sweep_interval_minutes or self.ttl_config.get("sweep_interval_minutes") or _SWEEP_MINUTES
        return self._sweeper.start(self.sweep_ttl, minutes * 60)

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stop the thread, and return whether it ended within `timeout` seconds; True when there is none."""
        return self._sweeper.stop(timeout)

    @runs_effects
    def remember(
        self,
        content: str | Memory,
        *,
        owner_id: str,
        scope: str = _EVERYWHERE,
        memory_type: str = _FACT,
        slot: str | None = None,
        source: Source | None = None,
        **details: Unpack[MemoryDetails],
    ) -> Operation[Outcome]:
        """Store one memory, or confirm or supersede what is known about the same thing.

        The same owner, scope, type and slot is the same fact: a new value of the same or a higher source supersedes the
        old one in the same transaction, one of a lower source is refused, one of another source of the same standing is
        kept beside it as a conflict. `source` says who speaks: a user counts more than a tool, a tool more than the
        assistant, and a call that names no actor most. Without a slot, the same in other words confirms what is known,
        "no longer" retires it, and what differs from it in a value or a "not" is kept as a conflict. What is
        `protected` the app alone changes: what its owner says otherwise is kept beside it as a claim, and nobody else's
        word is. That is so by default of what the app sets itself, with a source that names no speaker. A finished
        `Memory` is stored as it is, compared by its slot and its very words alone; it takes no argument but `owner_id`
        beside it. `details` are the other fields of a memory: `content_json`, `confidence` (1.0), `importance` (0.5),
        `valid_from`, `expires_at`, `subject`, `context`, `tags`, `injection` and `protected`. `tags` are words of your
        own to filter by; `injection` "always" pins it, "never" keeps it out of every recall, and both go on to what
        supersedes it. What the guard refuses (secrets, orders to the agent) is not stored, and the outcome says why;
        lines of the context that it refuses are left out.

        Raises MissingOwnerError, InvalidScopeError, UnknownMemoryTypeError, InvalidMemoryError or InvalidInputError.
        """
        checked("remember", details, MemoryDetails)
        if isinstance(content, Memory):
            about = {"scope": scope, "memory_type": memory_type, "slot": slot, "source": source}
            refuse_beside_record({**about, **details})
            return remember.remember_record(content, owner_id, self.settings)
        wanted = remember.NewMemory(content, owner_id, plain(scope), plain(memory_type), slot, source=source, **details)
        return remember.remember(wanted, self.settings)

    aremember = twin_of(remember)

    @runs_effects
    def recall(
        self,
        query: str | None,
        *,
        owner_id: str,
        scope: str = GLOBAL,
        memory_types: Iterable[str] | None = None,
        limit: int = 5,
        as_of: datetime | None = None,
        source: Source | None = None,
        **options: Unpack[RecallOptions],
    ) -> Operation[Recall]:
        """Return the few memories that matter most for `query`, best first, and keep a receipt.

        A read at a scope sees that scope, its ancestors and global. `query=None` lists by importance and recency.
        `options` are `filter`, `min_score`, `max_tokens`, `count`, `shared_with`, `reader`, `pinned` (0), `needed`
        (False) and `receipt` (True). `pinned` memories that are pinned, or of types that are always injected, come
        first, whatever the query. With `needed` it is at most `pinned` that shape every answer, then up to `limit` that
        the answer needs, none where it needs none: their scores are the chances of that, and their parts the log-odds.
        `shared_with` names other owners whose memories are read too; `reader` is the name of who asks, where several
        people share the owner: what others said is told as theirs. `max_tokens` are counted by `count`, by default at
        four characters each. `source` names the thread, checkpoint and run for the receipt; without `receipt` none is
        kept.

        `filter` leaves only memories of a type, a beginning of slots, tags or a time, as `MemoryFilter` says; pinned
        ones are no exception. What is never to be recalled is in no answer, whatever is asked.

        `as_of` answers with what was believed at an earlier moment, whatever was edited, confirmed or superseded
        since. What was forgotten is gone from there too; a text that was edited since is found by the words it had.

        A score is the share of what the query asks for that a memory has: near 1 holds every word of it (and means the
        same, with an index), 0 nothing; none is above 1. Age, importance, confidence and scope add at most about 0.08,
        a named subject or date about 0.1 each; `min_score` of 0.2 to 0.4 leaves out what matches by the way. Without
        an index, a memory that shares no word with the query, by itself or in its context, is never returned for it.

        Raises MissingOwnerError, InvalidScopeError, UnknownMemoryTypeError or InvalidInputError.
        """
        checked("recall", options, RecallOptions)
        question = recall.Question(query, owner_id, scope, memory_types, limit, as_of, **options)
        if source is not None and not question.receipt:
            raise InvalidInputError("source is for the receipt, and receipt=False keeps none; leave one of them out.")
        return recall.recall(question, source or Source(), self.settings)

    arecall = twin_of(recall)

    @runs_effects
    def profile(
        self,
        owner_id: str,
        scope: str = GLOBAL,
        *,
        pinned: int = 10,
        max_tokens: int | None = 400,
        shared_with: Sequence[str] = (),
    ) -> Operation[str]:
        """Return the block of what shapes every answer: who the user is, and what they want of every answer.

        It is empty where there is none, and the same text until one of those memories changes, so that a provider's
        cache knows it again: put it behind the system prompt. At most `pinned` memories and `max_tokens`, estimated at
        four characters each, as `RetrievalNode` shows them with its defaults. No receipt is kept.

        Raises MissingOwnerError, InvalidScopeError or InvalidInputError.
        """
        bounds: RecallOptions = {"pinned": pinned, "max_tokens": max_tokens, "shared_with": shared_with}
        return recall.profile(recall.Question(None, owner_id, scope, limit=0, **bounds), self.settings)

    aprofile = twin_of(profile)

    @runs_effects
    def list_memories(
        self,
        *,
        owner_id: str,
        include_inactive: bool = False,
        filter: MemoryFilter | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Operation[Records[Memory]]:
        """Return a page of an owner's live memories, newest first.

        With `include_inactive` superseded and expired ones too. `filter` is as for `recall`.

        Raises MissingOwnerError, InvalidFilterError or UnknownMemoryTypeError.
        """
        check_bounds({"limit": limit, "offset": offset})
        now, wanted = self.settings.clock(), Wanted.of(filter, self.settings.types)
        page: Any = {"everything": include_inactive, "limit": limit, "offset": offset}
        return memories.memories_of_owner(owner_id, now, wanted, **page)

    alist_memories = twin_of(list_memories)

    @runs_effects
    def get_memory(self, memory_id: str, *, owner_id: str) -> Operation[Memory]:
        """Return a memory of an owner, whether it is live, superseded or expired.

        Raises MemoryNotFoundError or MissingOwnerError.
        """
        return memories.memory(memory_id, owner_id)

    aget_memory = twin_of(get_memory)

    @runs_effects
    def history(self, memory_id: str, *, owner_id: str) -> Operation[Records[Memory]]:
        """Return every version of what a memory is about, oldest first.

        Raises MemoryNotFoundError.
        """
        return memories.history(memory_id, owner_id)

    ahistory = twin_of(history)

    @runs_effects
    def verify(
        self, memory_id: str, *, owner_id: str, confidence: float = 1.0, source: Source | None = None
    ) -> Operation[Memory]:
        """Confirm a live memory: it was verified now, with that confidence; where its type expires, its time restarts.

        Memories that contradict it are superseded by it.

        `source` names who confirms it, and where. Raises MemoryNotFoundError, or InvalidMemoryError for a memory that
        is superseded or expired.
        """
        return changes.verify(memory_id, owner_id, confidence, source or Source(), self.settings)

    averify = twin_of(verify)

    @runs_effects
    def supersede(
        self,
        memory_id: str,
        content: str,
        *,
        owner_id: str,
        source: Source | None = None,
        **details: Unpack[ReplacementDetails],
    ) -> Operation[Outcome]:
        """Put a new value in the place of a live memory, with or without a slot.

        Owner, scope, type, slot and protection stay; `details` are `content_json`, `confidence`, `importance`,
        `valid_from`, `expires_at`, `subject` and `context`. Importance and subject do too unless they are named. What
        is protected the app alone replaces, with a source that names no speaker. What contradicts the old one loses its
        place as well. The same words confirm the memory instead, and what the guard refuses is not stored.

        Raises MemoryNotFoundError, or InvalidMemoryError for a memory that is superseded or expired.
        """
        checked("supersede", details, ReplacementDetails)
        wanted = changes.Replacement(content, source=source, **details)
        return changes.supersede(memory_id, owner_id, wanted, self.settings)

    asupersede = twin_of(supersede)

    @runs_effects
    def forget(self, memory_id: str, *, owner_id: str, source: Source | None = None) -> Operation[Receipt]:
        """Delete a memory and the older versions it had superseded.

        `source` names who wants it forgotten; what is protected goes on the app's own word alone, which is that of a
        source that names no speaker. Raises MemoryNotFoundError or InvalidMemoryError.
        """
        return forget.forget(memory_id, owner_id, source or Source(), self.settings)

    aforget = twin_of(forget)

    @runs_effects
    def sweep_ttl(self) -> Operation[DoneCount]:
        """Delete every item and memory whose time is over, and return how many; the number may be awaited."""
        return items.sweep(self.settings)

    asweep_ttl = twin_of(sweep_ttl)


def _checked_types(types: Iterable[MemoryType]) -> list[MemoryType]:
    if isinstance(types, (str, bytes)) or not isinstance(types, Iterable):
        raise InvalidInputError(f"memory_types must be a list of MemoryType, not {types!r}.")
    found = list(types)
    for one in found:
        if not isinstance(one, MemoryType):
            raise InvalidInputError(f"memory_types must be a list of MemoryType, and holds {one!r}.")
    return found


def _settled(settings: StoreSettings, wanted: Mapping[str, Any]) -> StoreSettings:
    """Return settings with what is named beside them, which they must not name themselves."""
    default = StoreSettings()
    for name in wanted:
        if getattr(settings, name) != getattr(default, name):
            raise InvalidInputError(f"{name} is named twice: in settings, and beside them; leave one of them out.")
    return replace(settings, **wanted)


def _indexed(index: Index | None) -> dict[str, Any]:
    if index is None:
        return {}
    config = index_of(index)
    return {"embedder": Embedder(config), "fields": tuple(fields_of(config) or ("$",))}


def _swept(ttl: TTLConfig | None) -> dict[str, Any]:
    minutes = (ttl or {}).get("sweep_interval_minutes")
    return {} if minutes is None else {"sweeps": SweepSchedule(timedelta(minutes=minutes))}


def _typed(memory_types: Iterable[MemoryType]) -> dict[str, Any]:
    found = _checked_types(memory_types)
    return {"types": MemoryTypes(found)} if found else {}


def _guarded(guard: GuardPolicy | None) -> dict[str, Any]:
    if guard is not None and not isinstance(guard, GuardPolicy):
        raise InvalidInputError(f"guard must be a GuardPolicy, not {guard!r}.")
    return {} if guard is None else {"guard": guard}


def _kept(receipts: Kept | None, keep_receipts: timedelta | None) -> dict[str, Any]:
    policy = ReceiptPolicy(receipts or "query", keep_receipts)
    return {} if policy == DEFAULT_RECEIPTS else {"receipts": policy}


def _checked_ttl(ttl: TTLConfig | None) -> TTLConfig | None:
    if ttl is None:
        return None
    if not isinstance(ttl, Mapping):
        raise InvalidInputError(f"ttl must be a mapping such as {{'default_ttl': 60}}, in minutes, not {ttl!r}.")
    for name in ttl:
        if name not in _TTL_KEYS:
            raise InvalidInputError(f"ttl has no option {name!r}; the options are {', '.join(_TTL_KEYS)}.")
    if ttl.get("omit_expired") is False:
        raise InvalidInputError("ttl['omit_expired'] cannot be False: this store never returns an expired item.")
    for name in ("default_ttl", "sweep_interval_minutes"):
        minutes = ttl.get(name)
        if minutes is not None:
            check_minutes(f"ttl[{name!r}]", minutes)
    return ttl


def plain(text: str) -> str:
    """Return a default as the text that it is."""
    return str.__str__(text) if isinstance(text, Default) else text


def checked(method: str, given: Mapping[str, Any], options: type) -> None:
    """Raise TypeError, as Python does, for a name that is none of a method's options."""
    for name in given:
        if name not in options.__annotations__:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")


def refuse_beside_record(given: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for what is named beside a finished `Memory`, which has its own."""
    named = [name for name, value in given.items() if value is not None and not isinstance(value, Default)]
    if named:
        raise InvalidInputError(
            f"{_listed(named)} cannot be given beside a finished Memory, which has its own; change the record with "
            "memory.model_copy(update={...}), or remember() its content."
        )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
