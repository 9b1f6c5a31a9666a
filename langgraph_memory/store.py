"""`CuratedStore`: LangGraph's store contract, and curated memories on the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from langgraph.store.base import BaseStore, Op, Result, TTLConfig

from langgraph_memory.authors import ThreadAuthors
from langgraph_memory.checkpoints.collector import uncollected
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.hygiene import DEFAULT_HYGIENE, HygienePolicy, SweepReport
from langgraph_memory.domain.jobs import Job
from langgraph_memory.domain.links import Link
from langgraph_memory.domain.memory import Conflict, Injected, Memory, Outcome, OwnerSummary, Recall, Receipt, Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import Judged, LedgerPlace, PromotionReport, judge_all
from langgraph_memory.domain.receipts import Kept, ReceiptPolicy
from langgraph_memory.domain.review import DEFAULT_REVIEW, ReviewItem, ReviewKind, ReviewPolicy
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.search.filters import MemoryFilter
from langgraph_memory.domain.switches import MemorySwitches
from langgraph_memory.domain.trail import AuditEntry, Explanation, Replay
from langgraph_memory.domain.types import MemoryType, MemoryTypes
from langgraph_memory.effects.effect import Done
from langgraph_memory.effects.engine import Engine
from langgraph_memory.effects.runner import Runner
from langgraph_memory.engine.given import engine_of
from langgraph_memory.engine.opening import Opening
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.flows import authors, jobs, threads, transfer
from langgraph_memory.operations import (
    audit,
    changes,
    erasure,
    forget,
    hygiene,
    items,
    memories,
    promotion,
    recall,
    remember,
    review,
    rewind,
)
from langgraph_memory.operations import index as indexing
from langgraph_memory.operations.embedding import Embedder, Index, fields_of, index_of
from langgraph_memory.operations.index import claim_index
from langgraph_memory.operations.rows import Origin
from langgraph_memory.operations.settings import StoreSettings, check_minutes
from langgraph_memory.queue import PromotionQueue
from langgraph_memory.sweeper import Sweeper
from langgraph_memory.ticks import Ticks
from langgraph_memory.view import StoreView
from langgraph_memory.views import Records

_DAYS_30 = timedelta(days=30)
_SWEEP_MINUTES = 5
_MANY = 100
"""Calls at once from which on the collector would walk over all that wait for each other again and again."""
_TTL_KEYS = ("refresh_on_read", "omit_expired", "default_ttl", "sweep_interval_minutes")


class CuratedStore(BaseStore):
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
        self._settings = settings or StoreSettings()
        self._settings.types = MemoryTypes(_checked_types(memory_types))
        self._settings.guard = _checked_guard(guard) or self._settings.guard
        if receipts is not None or keep_receipts != _DAYS_30:
            self._settings.receipts = ReceiptPolicy(receipts or "query", keep_receipts)
        sweep_minutes = (ttl or {}).get("sweep_interval_minutes")
        self._settings.sweep_every = None if sweep_minutes is None else timedelta(minutes=sweep_minutes)
        if index is not None:
            config = index_of(index)
            self._settings.embedder = Embedder(config)
            self._settings.fields = tuple(fields_of(config) or ("$",))
        self._runner = Runner(engine, self._settings.embedder, claim_index)
        self.queue = PromotionQueue(self._runner, self._settings)
        self._ticks: Ticks[list[Op], list[Result]] = Ticks(self._abatches)
        self._sweeper = Sweeper()
        self.authors = ThreadAuthors(self._runner, self._settings)

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

        def build(engine: Engine) -> CuratedStore:
            return cls(
                engine,
                index=index,
                ttl=ttl,
                memory_types=memory_types,
                guard=guard,
                receipts=receipts,
                keep_receipts=keep_receipts,
            )

        return Opening(conn_string, options, build)

    @property
    def memory_types(self) -> MemoryTypes:
        """The types this store knows, by name."""
        return self._settings.types

    @property
    def guard(self) -> GuardPolicy:
        """What becomes of secrets and personal data here."""
        return self._settings.guard

    def setup(self) -> Done:
        """Create or migrate the tables; safe to call again, and to await."""
        self._engine.setup()
        return Done()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Run operations in one transaction; reads see what was there before the batch.

        Raises InvalidInputError, InvalidFilterError or LangGraph's InvalidNamespaceError before anything is written.
        """
        return self._runner.run(items.batch(ops, self._settings))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Same as `batch`; what is asked in one tick of the event loop is answered in one transaction, in its order."""
        return await self._ticks.call(items.checked(ops))

    async def _abatches(self, calls: Sequence[Sequence[Op]]) -> Sequence[list[Result]]:
        with uncollected() if len(calls) > _MANY else nullcontext():
            return await self._runner.arun(items.batches(calls, self._settings))

    def view(self, *, owner_id: str, scope: str = GLOBAL) -> StoreView:
        """Return this store bound to one owner and scope, as a `BaseStore` that tools and agents can be handed.

        `BaseStore` calls reach memories by their namespace, whoever makes them; nothing outside of the view can be
        read, listed, written or guessed. Raises MissingOwnerError or InvalidScopeError.
        """
        return StoreView(self, owner_id=owner_id, scope=scope)

    async def asetup(self) -> None:
        """Same as `setup`."""
        await asyncio.to_thread(self.setup)

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

    def sweep_ttl(self) -> int:
        """Delete every item and memory whose time is over, and return how many."""
        return self._runner.run(items.sweep(self._settings))

    async def asweep_ttl(self) -> int:
        """Same as `sweep_ttl`."""
        return await self._runner.arun(items.sweep(self._settings))

    def sweep(
        self,
        now: datetime | None = None,
        *,
        owner_id: str | None = None,
        policy: HygienePolicy = DEFAULT_HYGIENE,
        dry_run: bool = False,
    ) -> SweepReport:
        """Tidy one owner's memories, or everybody's, and return what changed; with `dry_run` what would change.

        In this order: the best of equal memories supersedes the others; the confidence of what nobody confirmed fades,
        in quarters of its half-life, where its type has one; old versions that are kept no longer, expired memories,
        those below the floor and those over the cap are removed, with their older versions, unless a memory that stays
        names them in its `content_json` or is their later version. Then old receipts, and plain items whose time is
        over. What fades was not confirmed by that, keeps its recency, and is as sure after one sweep as after many.

        Each change has a line in the audit trail, actor "sweep", in its transaction; a sweep that changed anything
        leaves a receipt for each owner. Transactions are short, so that others write in between, and what they change
        meanwhile is left alone; interrupt it when you like, and the next sweep goes on. `now` is the moment that is
        judged at, by default the present.

        Raises MissingOwnerError or InvalidInputError.
        """
        return self._runner.run(hygiene.sweep(now, owner_id, policy, dry_run, self._settings))

    async def asweep(
        self,
        now: datetime | None = None,
        *,
        owner_id: str | None = None,
        policy: HygienePolicy = DEFAULT_HYGIENE,
        dry_run: bool = False,
    ) -> SweepReport:
        """Same as `sweep`."""
        return await self._runner.arun(hygiene.sweep(now, owner_id, policy, dry_run, self._settings))

    def review(
        self,
        *,
        owner_id: str,
        kind: ReviewKind | None = None,
        limit: int = 100,
        offset: int = 0,
        policy: ReviewPolicy = DEFAULT_REVIEW,
    ) -> Records[ReviewItem]:
        """Return a page of an owner's live memories that somebody should look at, with the reason and what to do.

        `kind` is "conflicting", "stale" (confirmed long ago, the longest first), "low_confidence" (the least sure
        first) or "never_recalled" (in none of the owner's receipts, the least important first); None is all of them,
        in that order, so that one memory may be named more than once. What others recall of an owner stands in their
        receipts and is not counted; reading the receipts costs what the owner has of them.

        Raises MissingOwnerError or InvalidInputError.
        """
        return self._runner.run(review.review(owner_id, kind, limit, offset, policy, self._settings))

    async def areview(
        self,
        *,
        owner_id: str,
        kind: ReviewKind | None = None,
        limit: int = 100,
        offset: int = 0,
        policy: ReviewPolicy = DEFAULT_REVIEW,
    ) -> Records[ReviewItem]:
        """Same as `review`."""
        return await self._runner.arun(review.review(owner_id, kind, limit, offset, policy, self._settings))

    def remember(
        self,
        content: str | Memory,
        *,
        owner_id: str,
        scope: str = GLOBAL,
        memory_type: str = "fact",
        slot: str | None = None,
        content_json: Mapping[str, Any] | None = None,
        source: Source | None = None,
        confidence: float = 1.0,
        importance: float = 0.5,
        valid_from: datetime | None = None,
        expires_at: datetime | None = None,
        subject: str | None = None,
        context: str | None = None,
        tags: Sequence[str] = (),
        injection: Injected | None = None,
        protected: bool | None = None,
    ) -> Outcome:
        """Store one memory, or confirm or supersede what is known about the same thing.

        The same owner, scope, type and slot is the same fact: a new value of the same or a higher source supersedes
        the old one in the same transaction, one of a lower source is refused, one of another source of the same
        standing is kept beside it as a conflict. `source` says who speaks: a user counts more than a tool, a tool
        more than the assistant, and a call that names no actor most. Without a slot, the same in other words confirms
        what is known, "no longer" retires it, and what differs from it in a value or a "not" is kept as a conflict.
        What is `protected` the app alone changes: what its owner says otherwise is kept beside it as a claim, and
        nobody else's word is. That is so by default of what the app sets itself, with a source that names no speaker.
        A finished `Memory` is stored as it is, compared by its slot and its very words alone, and the other arguments
        but `owner_id` do not apply. `tags` are words of your own to filter by; `injection` "always" pins it, "never"
        keeps it out of every recall, and both go on to what supersedes it. What the guard refuses (secrets,
        orders to the agent) is not stored, and the outcome says why; lines of the context that it refuses are left out.

        Raises MissingOwnerError, InvalidScopeError, UnknownMemoryTypeError or InvalidMemoryError.
        """
        return self._runner.run(remember.remember(content, _memory_fields(locals()), self._settings))

    async def aremember(
        self,
        content: str | Memory,
        *,
        owner_id: str,
        scope: str = GLOBAL,
        memory_type: str = "fact",
        slot: str | None = None,
        content_json: Mapping[str, Any] | None = None,
        source: Source | None = None,
        confidence: float = 1.0,
        importance: float = 0.5,
        valid_from: datetime | None = None,
        expires_at: datetime | None = None,
        subject: str | None = None,
        context: str | None = None,
        tags: Sequence[str] = (),
        injection: Injected | None = None,
        protected: bool | None = None,
    ) -> Outcome:
        """Same as `remember`."""
        return await self._runner.arun(remember.remember(content, _memory_fields(locals()), self._settings))

    def recall(
        self,
        query: str | None,
        *,
        owner_id: str,
        scope: str = GLOBAL,
        memory_types: Iterable[str] | None = None,
        limit: int = 5,
        min_score: float | None = None,
        max_tokens: int | None = None,
        as_of: datetime | None = None,
        shared_with: Sequence[str] = (),
        reader: str | None = None,
        pinned: int = 0,
        needed: bool = False,
        filter: MemoryFilter | None = None,
        source: Source | None = None,
        receipt: bool = True,
    ) -> Recall:
        """Return the few memories that matter most for `query`, best first, and keep a receipt.

        A read at a scope sees that scope, its ancestors and global. `query=None` lists by importance and recency.
        `pinned` memories that are pinned, or of types that are always injected, come first, whatever the query. With
        `needed` it is at most `pinned` that shape every answer, then up to `limit` that the answer needs, none where it
        needs none: their scores are the chances of that, and their parts the log-odds. `shared_with` names other owners
        whose memories are read too; `reader` is the name of who asks, where several people share the owner: what others
        said is told as theirs. `max_tokens` are estimated at four characters each. `source` names the thread,
        checkpoint and run for the receipt; without `receipt` none is kept.

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
        fields = _recall_fields(locals())
        return self._runner.run(recall.recall(query, fields, Origin.of(source or Source()), self._settings))

    async def arecall(
        self,
        query: str | None,
        *,
        owner_id: str,
        scope: str = GLOBAL,
        memory_types: Iterable[str] | None = None,
        limit: int = 5,
        min_score: float | None = None,
        max_tokens: int | None = None,
        as_of: datetime | None = None,
        shared_with: Sequence[str] = (),
        reader: str | None = None,
        pinned: int = 0,
        needed: bool = False,
        filter: MemoryFilter | None = None,
        source: Source | None = None,
        receipt: bool = True,
    ) -> Recall:
        """Same as `recall`."""
        fields = _recall_fields(locals())
        return await self._runner.arun(recall.recall(query, fields, Origin.of(source or Source()), self._settings))

    def profile(
        self,
        owner_id: str,
        scope: str = GLOBAL,
        *,
        pinned: int = 10,
        max_tokens: int | None = 400,
        shared_with: Sequence[str] = (),
    ) -> str:
        """Return the block of what shapes every answer: who the user is, and what they want of every answer.

        It is empty where there is none, and the same text until one of those memories changes, so that a provider's
        cache knows it again: put it behind the system prompt. At most `pinned` memories and `max_tokens`, estimated at
        four characters each, as `RetrievalNode` shows them with its defaults. No receipt is kept.

        Raises MissingOwnerError, InvalidScopeError or InvalidInputError.
        """
        fields = {"pinned": pinned, "max_tokens": max_tokens, "shared_with": shared_with}
        return self._runner.run(recall.profile(owner_id, scope, fields, self._settings))

    async def aprofile(
        self,
        owner_id: str,
        scope: str = GLOBAL,
        *,
        pinned: int = 10,
        max_tokens: int | None = 400,
        shared_with: Sequence[str] = (),
    ) -> str:
        """Same as `profile`."""
        fields = {"pinned": pinned, "max_tokens": max_tokens, "shared_with": shared_with}
        return await self._runner.arun(recall.profile(owner_id, scope, fields, self._settings))

    def links(self, *, owner_id: str, scope: str = GLOBAL, name: str | None = None, limit: int = 100) -> Records[Link]:
        """Return the links between an owner's live memories as seen from a scope: two, and what both of them name.

        Names are of people, places, projects and products, numbers as INC-4711, and people and animals by what they are
        to the user (sister, dog); `name` asks for the links by one of them. Nothing of it is stored: a link is gone
        with either memory. A name that more than six memories have links nothing.

        Raises MissingOwnerError, InvalidScopeError or InvalidInputError.
        """
        return self._runner.run(recall.links(owner_id, scope, name, limit, self._settings))

    async def alinks(
        self, *, owner_id: str, scope: str = GLOBAL, name: str | None = None, limit: int = 100
    ) -> Records[Link]:
        """Same as `links`."""
        return await self._runner.arun(recall.links(owner_id, scope, name, limit, self._settings))

    def history(self, memory_id: str, *, owner_id: str) -> Records[Memory]:
        """Return every version of what a memory is about, oldest first.

        Raises MemoryNotFoundError.
        """
        return self._runner.run(memories.history(memory_id, owner_id))

    async def ahistory(self, memory_id: str, *, owner_id: str) -> Records[Memory]:
        """Same as `history`."""
        return await self._runner.arun(memories.history(memory_id, owner_id))

    def forget(self, memory_id: str, *, owner_id: str, source: Source | None = None) -> Receipt:
        """Delete a memory and the older versions it had superseded.

        `source` names who wants it forgotten; what is protected goes on the app's own word alone, which is that of a
        source that names no speaker. Raises MemoryNotFoundError or InvalidMemoryError.
        """
        return self._runner.run(forget.forget(memory_id, owner_id, source or Source(), self._settings))

    async def aforget(self, memory_id: str, *, owner_id: str, source: Source | None = None) -> Receipt:
        """Same as `forget`."""
        return await self._runner.arun(forget.forget(memory_id, owner_id, source or Source(), self._settings))

    def verify(self, memory_id: str, *, owner_id: str, confidence: float = 1.0, source: Source | None = None) -> Memory:
        """Confirm a live memory: it was verified now, with that confidence; where its type expires, its time restarts.

        Memories that contradict it are superseded by it.

        `source` names who confirms it, and where. Raises MemoryNotFoundError, or InvalidMemoryError for a memory that
        is superseded or expired.
        """
        return self._runner.run(changes.verify(memory_id, owner_id, confidence, source or Source(), self._settings))

    async def averify(
        self, memory_id: str, *, owner_id: str, confidence: float = 1.0, source: Source | None = None
    ) -> Memory:
        """Same as `verify`."""
        flow = changes.verify(memory_id, owner_id, confidence, source or Source(), self._settings)
        return await self._runner.arun(flow)

    def set_injection(self, memory_id: str, injection: Injected | None, *, owner_id: str) -> Memory:
        """Pin a live memory ("always"), keep it out of every recall ("never"), or leave it to its type again (None).

        It holds for its older versions too, and for what supersedes it. One that is kept out is still listed,
        exported, compared with what is said anew, and in its history. Raises MemoryNotFoundError, or InvalidMemoryError
        for a memory that is superseded or expired, and for one that is not trusted and would be pinned.
        """
        return self._runner.run(changes.set_injection(memory_id, injection, owner_id, self._settings))

    async def aset_injection(self, memory_id: str, injection: Injected | None, *, owner_id: str) -> Memory:
        """Same as `set_injection`."""
        return await self._runner.arun(changes.set_injection(memory_id, injection, owner_id, self._settings))

    def supersede(
        self,
        memory_id: str,
        content: str,
        *,
        owner_id: str,
        content_json: Mapping[str, Any] | None = None,
        source: Source | None = None,
        confidence: float | None = None,
        importance: float | None = None,
        valid_from: datetime | None = None,
        expires_at: datetime | None = None,
        subject: str | None = None,
        context: str | None = None,
    ) -> Outcome:
        """Put a new value in the place of a live memory, with or without a slot.

        Owner, scope, type, slot and protection stay; importance and subject do too unless they are named. What is
        protected the app alone replaces, with a source that names no speaker. What contradicts the old one loses its
        place as well. The same words confirm the memory instead, and what the guard refuses is not stored.

        Raises MemoryNotFoundError, or InvalidMemoryError for a memory that is superseded or expired.
        """
        return self._runner.run(changes.supersede(memory_id, content, _supersede_fields(locals()), self._settings))

    async def asupersede(
        self,
        memory_id: str,
        content: str,
        *,
        owner_id: str,
        content_json: Mapping[str, Any] | None = None,
        source: Source | None = None,
        confidence: float | None = None,
        importance: float | None = None,
        valid_from: datetime | None = None,
        expires_at: datetime | None = None,
        subject: str | None = None,
        context: str | None = None,
    ) -> Outcome:
        """Same as `supersede`."""
        flow = changes.supersede(memory_id, content, _supersede_fields(locals()), self._settings)
        return await self._runner.arun(flow)

    def retract(
        self,
        *,
        owner_id: str,
        run_ids: Sequence[str] = (),
        thread_id: str | None = None,
        checkpoint_ids: Sequence[str] = (),
        dry_run: bool = True,
    ) -> Retraction:
        """Take back what some runs, or some checkpoints of a thread, did to an owner's memories; first as a preview.

        With `dry_run` nothing changes and the answer says what would. Without it, in one transaction: the memories
        they added are deleted, what those had superseded or retired holds again, what they confirmed is as sure as
        before, their messages count as unread, and a receipt is kept. What was confirmed or edited since stays, and
        the answer says so. `MemoryDatabase.retract_branch` finds the checkpoints of an abandoned branch.

        Raises MissingOwnerError or InvalidInputError.
        """
        return self._runner.run(rewind.retract(owner_id, run_ids, thread_id, checkpoint_ids, dry_run, self._settings))

    async def aretract(
        self,
        *,
        owner_id: str,
        run_ids: Sequence[str] = (),
        thread_id: str | None = None,
        checkpoint_ids: Sequence[str] = (),
        dry_run: bool = True,
    ) -> Retraction:
        """Same as `retract`."""
        return await self._runner.arun(
            rewind.retract(owner_id, run_ids, thread_id, checkpoint_ids, dry_run, self._settings)
        )

    def receipts(
        self,
        *,
        owner_id: str,
        thread_id: str | None = None,
        checkpoint_id: str | None = None,
        kind: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Records[Receipt]:
        """Return a page of an owner's receipts, newest first: of a thread, a checkpoint, a kind ("recall", ...).

        Raises MissingOwnerError.
        """
        return self._runner.run(audit.receipts(owner_id, thread_id, checkpoint_id, kind, limit, offset))

    async def areceipts(
        self,
        *,
        owner_id: str,
        thread_id: str | None = None,
        checkpoint_id: str | None = None,
        kind: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Records[Receipt]:
        """Same as `receipts`."""
        return await self._runner.arun(audit.receipts(owner_id, thread_id, checkpoint_id, kind, limit, offset))

    def explain(self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()) -> Explanation:
        """Return why a recall found what it did, from its stored receipt: print it, or show it in a notebook.

        `recall` is the recall, its receipt or the id of either. Memories are shown as they were then, other owners'
        only when `shared_with` names them again. Raises ReceiptNotFoundError.
        """
        return self._runner.run(audit.explain(recall, owner_id, shared_with))

    async def aexplain(
        self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()
    ) -> Explanation:
        """Same as `explain`."""
        return await self._runner.arun(audit.explain(recall, owner_id, shared_with))

    def replay(self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()) -> Replay:
        """Ask a stored recall again: with what was known `then`, and with what is known `now`.

        What was forgotten since is missing from both; `then` is ranked with today's word statistics. Raises
        ReceiptNotFoundError.
        """
        return self._runner.run(audit.replay(recall, owner_id, shared_with, self._settings))

    async def areplay(
        self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()
    ) -> Replay:
        """Same as `replay`."""
        return await self._runner.arun(audit.replay(recall, owner_id, shared_with, self._settings))

    def audit(
        self, *, owner_id: str, memory_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Records[AuditEntry]:
        """Return a page of the changes to an owner's memories, or to one of them, newest first.

        Each was written in the transaction that made the change. Raises MissingOwnerError.
        """
        return self._runner.run(audit.audit(owner_id, memory_id, limit, offset))

    async def aaudit(
        self, *, owner_id: str, memory_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Records[AuditEntry]:
        """Same as `audit`."""
        return await self._runner.arun(audit.audit(owner_id, memory_id, limit, offset))

    def erase_owner(self, owner_id: str, *, threads: bool = False) -> Receipt:
        """Remove everything that is kept of an owner, then make its bytes unreadable in the live files.

        In one transaction: memories, their history and audit, the text index, vectors, receipts, ledger, queued jobs
        and the plain items under ("curated", owner). With `threads` also the owner's threads: those of which a run
        saved a checkpoint under this owner (`owner_id`, else `user_id`, in its configurable or metadata), whoever else
        took part; and those that the owner's ledger, receipts or jobs name and no run named an owner for.

        What is left are marks, hashes that tell nothing: by them nothing that was said before is learnt again, by
        whatever way it comes back, and runs that are under way are refused with ErasedError or CheckpointRemovedError.

        Then the bytes are overwritten in the file, part by part, and the write-ahead log is emptied. The receipt has
        the counts; nothing of it is stored. `receipt.body["scrubbed"]` is False when somebody read an earlier state for
        longer than the busy timeout, or when that failed, as on a full disk: call `scrub()` later. Out of reach are
        backups and other copies of the file, blocks that a file system or disk keeps, the memory of processes, logs,
        and ids in what other owners keep.

        On PostgreSQL the tables are vacuumed, which lets their space be used again and leaves the bytes until then, so
        `"scrubbed"` is False; a database opened with `scrub="rewrite"` writes them anew, and locks each of them
        meanwhile. The server's statistics never hold a text. Out of reach are its write-ahead log, which holds the rows
        that were written and whole pages until its segments are written over, its standbys and archives, and the name
        of the owner where a role was granted to it (`revoke` takes that back).

        Raises MissingOwnerError.
        """
        return self._runner.run(erasure.erase_owner(owner_id, threads, self._settings))

    async def aerase_owner(self, owner_id: str, *, threads: bool = False) -> Receipt:
        """Same as `erase_owner`."""
        return await self._runner.arun(erasure.erase_owner(owner_id, threads, self._settings))

    def claim_thread(self, thread_id: str, *, owner_id: str) -> None:
        """Note that an owner takes part in a thread of this database: it is theirs too when everything is erased.

        A node does so where the owner is found by a function of yours, which the checkpointer knows nothing of. The
        first owner that is noted of a thread is whose it is listed as. Nothing happens when there is no such thread.

        Raises MissingOwnerError or InvalidInputError.
        """
        self._runner.run(threads.claim_thread(thread_id, owner_id))

    async def aclaim_thread(self, thread_id: str, *, owner_id: str) -> None:
        """Same as `claim_thread`."""
        await self._runner.arun(threads.claim_thread(thread_id, owner_id))

    def set_thread_memory(self, thread_id: str, *, owner_id: str, recall: bool, learn: bool) -> None:
        """Set what memory does for an owner in a thread, from its next run on, whether the thread is there yet or not.

        Without `recall` nothing is read, and no receipt is kept; without `learn` nothing that is said is learnt, now or
        when it is switched on again or the messages come in another way. Without both the thread is off the record.
        What was learnt of it before stays. It holds until it is set anew, also for a new thread of that id.

        Raises MissingOwnerError or InvalidInputError.
        """
        self._runner.run(authors.switch(thread_id, owner_id, recall, learn, self._settings))

    async def aset_thread_memory(self, thread_id: str, *, owner_id: str, recall: bool, learn: bool) -> None:
        """Same as `set_thread_memory`."""
        await self._runner.arun(authors.switch(thread_id, owner_id, recall, learn, self._settings))

    def set_owner_memory(self, *, owner_id: str, recall: bool, learn: bool) -> None:
        """Set what memory does for an owner, in whatever thread: `set_thread_memory` for all of them.

        Raises MissingOwnerError or InvalidInputError.
        """
        self._runner.run(authors.switch(None, owner_id, recall, learn, self._settings))

    async def aset_owner_memory(self, *, owner_id: str, recall: bool, learn: bool) -> None:
        """Same as `set_owner_memory`."""
        await self._runner.arun(authors.switch(None, owner_id, recall, learn, self._settings))

    def owner_memory(self, *, owner_id: str) -> MemorySwitches:
        """Return what memory does for an owner in every thread; raises MissingOwnerError."""
        return self._runner.run(authors.switches(None, owner_id))

    async def aowner_memory(self, *, owner_id: str) -> MemorySwitches:
        """Same as `owner_memory`."""
        return await self._runner.arun(authors.switches(None, owner_id))

    def thread_memory(self, thread_id: str, *, owner_id: str) -> MemorySwitches:
        """Return what memory does for an owner in a thread, which is no more than it does for them in every thread.

        Raises MissingOwnerError or InvalidInputError.
        """
        return self._runner.run(authors.switches(thread_id, owner_id))

    async def athread_memory(self, thread_id: str, *, owner_id: str) -> MemorySwitches:
        """Same as `thread_memory`."""
        return await self._runner.arun(authors.switches(thread_id, owner_id))

    def scrub(self) -> bool:
        """Make what was deleted or forgotten unreadable in the live files, and return whether that is done."""
        return self._runner.run(erasure.scrub())

    async def ascrub(self) -> bool:
        """Same as `scrub`."""
        return await self._runner.arun(erasure.scrub())

    def export(self, *, owner_id: str | None = None) -> Iterator[str]:
        """Return everything of an owner, or of all, as lines of JSON, the first of which names the format.

        Memories with every earlier state, audit, ledger, receipts, queued messages and plain items; not vectors, which
        an import makes anew, nor threads. It is read page by page, each of one moment.
        """
        return self._lines(transfer.Export(owner_id, self._settings))

    def _lines(self, walk: transfer.Export) -> Iterator[str]:
        yield walk.header
        walk.walk(self._engine.run(walk.begin()))
        while (page := walk.next_page()) is not None:
            yield from walk.accept(self._engine.run(page))

    def aexport(self, *, owner_id: str | None = None) -> AsyncIterator[str]:
        """Same as `export`."""
        return self._alines(transfer.Export(owner_id, self._settings))

    async def _alines(self, walk: transfer.Export) -> AsyncIterator[str]:
        yield walk.header
        walk.walk(await self._engine.arun(walk.begin()))
        while (page := walk.next_page()) is not None:
            for line in walk.accept(await self._engine.arun(page)):
                yield line

    def import_(
        self,
        lines: Iterable[str],
        *,
        owner_id: str | None = None,
        trusted: bool = True,
        on_progress: transfer.Progress | None = None,
    ) -> Receipt:
        """Take in what `export` gave; what is there already stays as it is, so that a repeat adds nothing.

        A memory is trusted as far as its line says, and as imported where it says nothing. `trusted=False` takes all as
        imported, whatever a line claims: it stands in no prompt unasked and replaces nothing that the owner said.
        With `owner_id` every line must be that owner's. Lines are stored in batches, each wholly or not at all;
        `on_progress` is called with the number of lines read. Raises InvalidInputError, which names the line, for one
        that cannot be read and for an export of a newer version: what was stored before it stays.
        """
        return self._runner.run(transfer.import_(lines, owner_id, on_progress, self._settings, trusted=trusted))

    async def aimport_(
        self,
        lines: Iterable[str],
        *,
        owner_id: str | None = None,
        trusted: bool = True,
        on_progress: transfer.Progress | None = None,
    ) -> Receipt:
        """Same as `import_`."""
        flow = transfer.import_(lines, owner_id, on_progress, self._settings, trusted=trusted)
        return await self._runner.arun(flow)

    def reindex(self, *, on_progress: indexing.Progress | None = None) -> int:
        """Embed, with the index this store was opened with, whatever has no vector of it; return how many rows.

        When another model, size or metric made the vectors that are there, they are dropped first. Interrupt it when
        you like: what is done stays, text search works throughout, and the next call goes on. `on_progress` is called
        with how many rows are done, and how many there are. Plain items are embedded by the index's own fields.
        """
        return self._runner.run(indexing.reindex(on_progress, self._settings))

    async def areindex(self, *, on_progress: indexing.Progress | None = None) -> int:
        """Same as `reindex`."""
        return await self._runner.arun(indexing.reindex(on_progress, self._settings))

    def list_memories(
        self,
        *,
        owner_id: str,
        everything: bool = False,
        filter: MemoryFilter | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Records[Memory]:
        """Return a page of an owner's live memories, newest first; with `everything` also superseded and expired ones.

        `filter` is as for `recall`. Raises MissingOwnerError, InvalidFilterError or UnknownMemoryTypeError.
        """
        return self._runner.run(memories.page_of_owner(owner_id, everything, filter, limit, offset, self._settings))

    async def alist_memories(
        self,
        *,
        owner_id: str,
        everything: bool = False,
        filter: MemoryFilter | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Records[Memory]:
        """Same as `list_memories`."""
        return await self._runner.arun(
            memories.page_of_owner(owner_id, everything, filter, limit, offset, self._settings)
        )

    def conflicts(self, *, owner_id: str, limit: int = 100, offset: int = 0) -> Records[Conflict]:
        """Return a page of the groups of an owner's live memories that contradict each other, each oldest first.

        `verify` one of a group and the others are superseded by it; or put a new value in their place with
        `supersede`. Raises MissingOwnerError.
        """
        return self._runner.run(memories.conflicts(owner_id, limit, offset, self._settings))

    async def aconflicts(self, *, owner_id: str, limit: int = 100, offset: int = 0) -> Records[Conflict]:
        """Same as `conflicts`."""
        return await self._runner.arun(memories.conflicts(owner_id, limit, offset, self._settings))

    def list_owners(self) -> Records[OwnerSummary]:
        """Return each owner with the number of their memories and of those that are live."""
        return self._runner.run(memories.owners(self._settings))

    async def alist_owners(self) -> Records[OwnerSummary]:
        """Same as `list_owners`."""
        return await self._runner.arun(memories.owners(self._settings))

    def jobs(self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0) -> Records[Job]:
        """Return a page of what waits to be promoted, of an owner or of all, longest waiting first."""
        return self._runner.run(jobs.listed(owner_id, limit, offset, self._settings))

    async def ajobs(self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0) -> Records[Job]:
        """Same as `jobs`."""
        return await self._runner.arun(jobs.listed(owner_id, limit, offset, self._settings))

    def retry_set_aside(self, *, owner_id: str, thread_id: str | None = None) -> int:
        """Let messages that failed too often be tried again, of one thread or of all; return how many they are.

        Raises MissingOwnerError.
        """
        return self._runner.run(jobs.retry_set_aside(owner_id, thread_id, self._settings))

    async def aretry_set_aside(self, *, owner_id: str, thread_id: str | None = None) -> int:
        """Same as `retry_set_aside`."""
        return await self._runner.arun(jobs.retry_set_aside(owner_id, thread_id, self._settings))

    def drop_set_aside(self, *, owner_id: str, thread_id: str | None = None) -> int:
        """Give up messages that failed too often, of one thread or of all: they count as read; return how many.

        Raises MissingOwnerError.
        """
        return self._runner.run(jobs.drop_set_aside(owner_id, thread_id, self._settings))

    async def adrop_set_aside(self, *, owner_id: str, thread_id: str | None = None) -> int:
        """Same as `drop_set_aside`."""
        return await self._runner.arun(jobs.drop_set_aside(owner_id, thread_id, self._settings))

    def unread(self, utterances: Sequence[Utterance], *, place: LedgerPlace) -> list[Utterance]:
        """Return the utterances that the ledger does not know, so that each is extracted from once."""
        return self._runner.run(promotion.unread(place, utterances))

    async def aunread(self, utterances: Sequence[Utterance], *, place: LedgerPlace) -> list[Utterance]:
        """Same as `unread`."""
        return await self._runner.arun(promotion.unread(place, utterances))

    def promote(
        self,
        candidates: Iterable[Candidate],
        *,
        utterances: Sequence[Utterance],
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        policy: PromotionPolicy | None = None,
        began_at: datetime | None = None,
    ) -> PromotionReport:
        """Judge candidates and store what is promoted, with the ledger, in one transaction.

        Candidates of messages the ledger knows are left out, so a repeat adds nothing. `began_at` is when they were
        begun to be read: ErasedError is raised when the owner was erased since. Raises MissingOwnerError,
        InvalidScopeError or InvalidMemoryError before anything is written.
        """
        judged = judge_all(
            candidates, utterances, policy or PromotionPolicy(), self._settings.types, self._settings.guard
        )
        origin = Origin.of(source or Source())
        return self._runner.run(promotion.promote(judged, utterances, place, scope, origin, began_at, self._settings))

    async def apromote(
        self,
        candidates: Iterable[Candidate],
        *,
        utterances: Sequence[Utterance],
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        policy: PromotionPolicy | None = None,
        began_at: datetime | None = None,
    ) -> PromotionReport:
        """Same as `promote`."""
        judged = judge_all(
            candidates, utterances, policy or PromotionPolicy(), self._settings.types, self._settings.guard
        )
        origin = Origin.of(source or Source())
        return await self._runner.arun(
            promotion.promote(judged, utterances, place, scope, origin, began_at, self._settings)
        )

    def _judged(
        self, candidates: Iterable[Candidate], utterances: Sequence[Utterance], policy: PromotionPolicy | None
    ) -> list[Judged]:
        settings = self._settings
        return judge_all(candidates, utterances, policy or PromotionPolicy(), settings.types, settings.guard)


def _memory_fields(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of `remember` that are fields of the record."""
    fields = {name: value for name, value in arguments.items() if name not in ("self", "content")}
    if isinstance(fields["content_json"], Mapping):
        fields["content_json"] = dict(fields["content_json"])
    if fields.get("protected", False) is None:
        del fields["protected"]
    return fields


def _supersede_fields(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _memory_fields(arguments).items() if name != "memory_id"}


def _recall_fields(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("self", "query", "source")}


def _checked_types(types: Iterable[MemoryType]) -> list[MemoryType]:
    if isinstance(types, (str, bytes)) or not isinstance(types, Iterable):
        raise InvalidInputError(f"memory_types must be a list of MemoryType, not {types!r}.")
    found = list(types)
    for one in found:
        if not isinstance(one, MemoryType):
            raise InvalidInputError(f"memory_types must be a list of MemoryType, and holds {one!r}.")
    return found


def _checked_guard(guard: GuardPolicy | None) -> GuardPolicy | None:
    if guard is not None and not isinstance(guard, GuardPolicy):
        raise InvalidInputError(f"guard must be a GuardPolicy, not {guard!r}.")
    return guard


def _checked_ttl(ttl: TTLConfig | None) -> TTLConfig | None:
    if ttl is not None and not isinstance(ttl, Mapping):
        raise InvalidInputError(f"ttl must be a mapping such as {{'default_ttl': 60}}, in minutes, not {ttl!r}.")
    for name in ttl or {}:
        if name not in _TTL_KEYS:
            raise InvalidInputError(f"ttl has no option {name!r}; the options are {', '.join(_TTL_KEYS)}.")
    if ttl and ttl.get("omit_expired") is False:
        raise InvalidInputError("ttl['omit_expired'] cannot be False: this store never returns an expired item.")
    for name in ("default_ttl", "sweep_interval_minutes"):
        minutes = (ttl or {}).get(name)
        if minutes is not None:
            check_minutes(f"ttl[{name!r}]", minutes)
    return ttl
