"""Reviews: checks what was asked, and reads the page."""

from __future__ import annotations

from langgraph_memory.domain.review import ReviewItem, ReviewPolicy, check_kind
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.effects.effect import Effects
from langgraph_memory.operations.settings import StoreSettings, check_bounds
from langgraph_memory.plans import review as reviewing
from langgraph_memory.views import Records


def review(
    owner_id: str, kind: str | None, limit: int, offset: int, policy: ReviewPolicy, settings: StoreSettings
) -> Effects[Records[ReviewItem]]:
    """Return a page of what of an owner's memories is to be looked at."""
    check_bounds({"limit": limit, "offset": offset})
    request = reviewing.ReviewRequest(
        check_owner(owner_id), check_kind(kind), policy, settings.types, settings.clock(), limit, offset
    )
    found: list[ReviewItem] = yield reviewing.review(request)
    return Records(ReviewItem, found)
