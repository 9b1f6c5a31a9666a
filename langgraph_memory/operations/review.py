"""Reads what of an owner's memories is to be looked at, no more of it than a page needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.domain import review as lists
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.review import ReviewItem, ReviewKind, ReviewPolicy, check_kind
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Transaction, reads_settled
from langgraph_memory.operations.memories import conflicts_of_owner
from langgraph_memory.operations.rows import memories_in
from langgraph_memory.operations.settings import StoreSettings, check_bounds
from langgraph_memory.views import Records


@dataclass(frozen=True, slots=True)
class _Request:
    """Whose memories to look through, for what, and which page of it."""

    owner_id: str
    kinds: Sequence[ReviewKind]
    policy: ReviewPolicy
    types: MemoryTypes
    now: datetime
    limit: int
    offset: int

    def bounds(self, limit: int, **more: Any) -> dict[str, Any]:
        """Return the values that every statement of a review is bound to."""
        partition = owner_partition(self.owner_id)
        return {"partition": partition, "now": to_microseconds(self.now), "limit": limit, **more}

    def before(self, span: timedelta) -> int:
        """Return the moment that is so long ago."""
        return to_microseconds(self.now) - span // timedelta(microseconds=1)


def review(
    owner_id: str, kind: str | None, limit: int, offset: int, policy: ReviewPolicy, settings: StoreSettings
) -> Transaction[Records[ReviewItem]]:
    """Return a page of what of an owner's memories is to be looked at, one kind after the other."""
    check_bounds({"limit": limit, "offset": offset})
    request = _Request(check_owner(owner_id), check_kind(kind), policy, settings.types, settings.clock(), limit, offset)
    return _review(request)


@reads_settled
def _review(request: _Request) -> Effects[Records[ReviewItem]]:
    found: list[ReviewItem] = []
    for kind in request.kinds:
        left = request.offset + request.limit - len(found)
        if left > 0:
            found += yield from _LISTS[kind](request, left)
    return Records(ReviewItem, found[request.offset : request.offset + request.limit])


def _conflicting(request: _Request, limit: int) -> Effects[list[ReviewItem]]:
    groups = yield from conflicts_of_owner(request.owner_id, request.now, limit=limit, offset=0)
    return [item for group in groups for item in lists.conflicting(group)][:limit]


def _stale(request: _Request, limit: int) -> Effects[list[ReviewItem]]:
    found: list[Memory] = []
    for span, names in request.policy.stale_spans(request.types):
        wanted = request.bounds(limit, memory_types=names, before=request.before(span))
        found += memories_in((yield Query("unconfirmed_since", wanted)))
    oldest_first = sorted(found, key=lambda memory: (memory.last_verified_at or memory.created_at, memory.id))
    return [lists.stale(memory, request.now) for memory in oldest_first[:limit]]


def _low_confidence(request: _Request, limit: int) -> Effects[list[ReviewItem]]:
    rows = yield Query("less_sure_than", request.bounds(limit, below=request.policy.unsure_below))
    return [lists.low_confidence(memory) for memory in memories_in(rows)]


def _never_recalled(request: _Request, limit: int) -> Effects[list[ReviewItem]]:
    before = request.before(request.policy.unrecalled_after)
    rows = yield Query("never_recalled", request.bounds(limit, before=before))
    return [lists.never_recalled(memory) for memory in memories_in(rows)]


_LISTS: dict[ReviewKind, Callable[[_Request, int], Effects[list[ReviewItem]]]] = {
    "conflicting": _conflicting,
    "stale": _stale,
    "low_confidence": _low_confidence,
    "never_recalled": _never_recalled,
}
