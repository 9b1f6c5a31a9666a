"""`CuratedStore`: LangGraph's store contract, and curated memories on the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from langgraph.store.base import BaseStore, IndexConfig, Op, Result, TTLConfig

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.memory import Memory, Outcome, Recall, Receipt, Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import Judged, LedgerPlace, PromotionReport, judge_all
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.types import MemoryType, MemoryTypes
from langgraph_memory.engine.base import Engine
from langgraph_memory.engine.opening import Opening
from langgraph_memory.exceptions import InvalidInputError
from langgraph_memory.flows import items, memories
from langgraph_memory.flows.base import FlowRunner
from langgraph_memory.flows.embedding import Embedder
from langgraph_memory.flows.settings import StoreSettings, check_minutes
from langgraph_memory.plans.memories import Origin

_TTL_KEYS = ("refresh_on_read", "omit_expired", "default_ttl", "sweep_interval_minutes")


class CuratedStore(BaseStore):
    """Keeps what should still matter when a thread is over, for sync and async graphs alike.

    As a `BaseStore` it takes any namespace and JSON value. As curated memory it remembers typed, owned, scoped and
    sourced records and recalls the few that matter; each of them is also an item at namespace
    ("memories", owner, scope segments...), where a period in an owner or scope is written "%2E".

    `index` and `ttl` mean what they mean in LangGraph; expired items are never returned. Without an index, a query
    searches the text. `memory_types` adds types of your own; `guard` says what becomes of personal data.
    """

    supports_ttl = True

    def __init__(
        self,
        engine: Engine,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        memory_types: Iterable[MemoryType] = (),
        guard: GuardPolicy | None = None,
        settings: StoreSettings | None = None,
    ) -> None:
        super().__init__()
        self.ttl_config = _checked_ttl(ttl)
        self._engine = engine
        self._settings = settings or StoreSettings()
        self._settings.types = MemoryTypes(memory_types)
        self._settings.guard = guard or self._settings.guard
        sweep_minutes = (ttl or {}).get("sweep_interval_minutes")
        self._settings.sweep_every = None if sweep_minutes is None else timedelta(minutes=sweep_minutes)
        if index is not None:
            self._settings.embedder = Embedder(index)
            self._settings.fields = tuple(index.get("fields") or ("$",))
        self._runner = FlowRunner(engine, self._settings.embedder)

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        memory_types: Iterable[MemoryType] = (),
        **options: Any,
    ) -> Opening[CuratedStore]:
        """Open a database with `with` or `async with`, set it up, and close it at the end.

        Raises ConnectionStringError or a DatabaseError.
        """
        return Opening(
            conn_string, options, lambda engine: cls(engine, index=index, ttl=ttl, memory_types=memory_types)
        )

    @property
    def memory_types(self) -> MemoryTypes:
        """The types this store knows, by name."""
        return self._settings.types

    def setup(self) -> None:
        """Create or migrate the tables; safe to call again."""
        self._engine.setup()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Run operations in one transaction; reads see what was there before the batch.

        Raises InvalidInputError, InvalidFilterError or LangGraph's InvalidNamespaceError before anything is written.
        """
        return self._runner.run(items.batch(ops, self._settings))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Same as `batch`."""
        return await self._runner.arun(items.batch(ops, self._settings))

    def sweep_ttl(self) -> int:
        """Delete every item and memory whose time is over, and return how many."""
        return self._runner.run(items.sweep(self._settings))

    async def asweep_ttl(self) -> int:
        """Same as `sweep_ttl`."""
        return await self._runner.arun(items.sweep(self._settings))

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
    ) -> Outcome:
        """Store one memory, or confirm or supersede what is known about the same thing.

        The same owner, scope, type and slot is the same fact: a new value supersedes the old one in the same
        transaction. A finished `Memory` is stored as it is and the other arguments but `owner_id` do not apply. What
        the guard refuses (secrets, orders to the agent) is not stored, and the outcome says why.

        Raises MissingOwnerError, InvalidScopeError, UnknownMemoryTypeError or InvalidMemoryError.
        """
        return self._runner.run(memories.remember(content, _memory_fields(locals()), self._settings))

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
    ) -> Outcome:
        """Same as `remember`."""
        return await self._runner.arun(memories.remember(content, _memory_fields(locals()), self._settings))

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
        pinned: int = 0,
        source: Source | None = None,
    ) -> Recall:
        """Return the few memories that matter most for `query`, best first, and keep a receipt.

        A read at a scope sees that scope, its ancestors and global. `query=None` lists by importance and recency.
        `pinned` memories of the types that are always injected come first, whatever the query. `as_of` answers as of
        an earlier moment. `shared_with` names other owners whose memories are read too. `max_tokens` are estimated at
        four characters each. `source` names the thread, checkpoint and run for the receipt.

        A score is the share of what the query asks for that a memory has: near 1 holds every word of it (and means the
        same, with an index), 0 nothing. Age, importance, confidence and scope add at most about 0.08, a named subject
        or date about 0.1 each; `min_score` of 0.2 to 0.4 leaves out what matches by the way. Without an index, a
        memory that shares no word with the query, by itself or in its context, is never returned for it.

        Raises MissingOwnerError, InvalidScopeError, UnknownMemoryTypeError or InvalidInputError.
        """
        fields = _recall_fields(locals())
        return self._runner.run(memories.recall(query, fields, Origin.of(source or Source()), self._settings))

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
        pinned: int = 0,
        source: Source | None = None,
    ) -> Recall:
        """Same as `recall`."""
        fields = _recall_fields(locals())
        return await self._runner.arun(memories.recall(query, fields, Origin.of(source or Source()), self._settings))

    def history(self, memory_id: str, *, owner_id: str) -> list[Memory]:
        """Return every version of what a memory is about, oldest first.

        Raises MemoryNotFoundError.
        """
        return self._runner.run(memories.history(memory_id, owner_id))

    async def ahistory(self, memory_id: str, *, owner_id: str) -> list[Memory]:
        """Same as `history`."""
        return await self._runner.arun(memories.history(memory_id, owner_id))

    def forget(self, memory_id: str, *, owner_id: str) -> Receipt:
        """Delete a memory and the older versions it had superseded.

        Raises MemoryNotFoundError.
        """
        return self._runner.run(memories.forget(memory_id, owner_id, self._settings))

    async def aforget(self, memory_id: str, *, owner_id: str) -> Receipt:
        """Same as `forget`."""
        return await self._runner.arun(memories.forget(memory_id, owner_id, self._settings))

    def list_memories(
        self, *, owner_id: str, everything: bool = False, limit: int = 100, offset: int = 0
    ) -> list[Memory]:
        """Return a page of an owner's live memories, newest first; with `everything` also superseded and expired ones.

        Raises MissingOwnerError.
        """
        return self._runner.run(memories.page_of_owner(owner_id, everything, limit, offset, self._settings))

    async def alist_memories(
        self, *, owner_id: str, everything: bool = False, limit: int = 100, offset: int = 0
    ) -> list[Memory]:
        """Same as `list_memories`."""
        return await self._runner.arun(memories.page_of_owner(owner_id, everything, limit, offset, self._settings))

    def list_owners(self) -> list[tuple[str, int, int]]:
        """Return each owner with the number of their memories and of those that are live."""
        return self._runner.run(memories.owners(self._settings))

    async def alist_owners(self) -> list[tuple[str, int, int]]:
        """Same as `list_owners`."""
        return await self._runner.arun(memories.owners(self._settings))

    def unread(self, utterances: Sequence[Utterance], *, place: LedgerPlace) -> list[Utterance]:
        """Return the utterances that the ledger does not know, so that each is extracted from once."""
        return self._runner.run(memories.unread(place, utterances))

    async def aunread(self, utterances: Sequence[Utterance], *, place: LedgerPlace) -> list[Utterance]:
        """Same as `unread`."""
        return await self._runner.arun(memories.unread(place, utterances))

    def promote(
        self,
        candidates: Iterable[Candidate],
        *,
        utterances: Sequence[Utterance],
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        policy: PromotionPolicy | None = None,
    ) -> PromotionReport:
        """Judge candidates and store what is promoted, with the ledger, in one transaction.

        Candidates of messages the ledger knows are left out, so a repeat adds nothing. Raises MissingOwnerError,
        InvalidScopeError or InvalidMemoryError before anything is written.
        """
        judged = judge_all(
            candidates, utterances, policy or PromotionPolicy(), self._settings.types, self._settings.guard
        )
        origin = Origin.of(source or Source())
        return self._runner.run(memories.promote(judged, utterances, place, scope, origin, self._settings))

    async def apromote(
        self,
        candidates: Iterable[Candidate],
        *,
        utterances: Sequence[Utterance],
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        policy: PromotionPolicy | None = None,
    ) -> PromotionReport:
        """Same as `promote`."""
        judged = judge_all(
            candidates, utterances, policy or PromotionPolicy(), self._settings.types, self._settings.guard
        )
        origin = Origin.of(source or Source())
        return await self._runner.arun(memories.promote(judged, utterances, place, scope, origin, self._settings))

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
    return fields


def _recall_fields(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("self", "query", "source")}


def _checked_ttl(ttl: TTLConfig | None) -> TTLConfig | None:
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
