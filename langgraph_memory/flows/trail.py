"""Asks what happened: receipts, explanations, replays and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from langgraph_memory.domain.memory import Recall, Receipt
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.domain.trail import AuditEntry, Explanation, Replay
from langgraph_memory.effects.effect import Effects
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.recall import answered, request_of
from langgraph_memory.operations.settings import StoreSettings, check_bounds, check_text, several
from langgraph_memory.plans import trail
from langgraph_memory.views import Records


def receipts(
    owner_id: str, thread_id: str | None, checkpoint_id: str | None, kind: str | None, limit: int, offset: int
) -> Effects[Records[Receipt]]:
    """Return a page of an owner's receipts."""
    check_bounds({"limit": limit, "offset": offset})
    for name, value in (("thread_id", thread_id), ("checkpoint_id", checkpoint_id), ("kind", kind)):
        check_text(name, value, optional=True)
    found: list[Receipt] = yield trail.receipts(check_owner(owner_id), thread_id, checkpoint_id, kind, limit, offset)
    return Records(Receipt, found)


def audit(owner_id: str, memory_id: str | None, limit: int, offset: int) -> Effects[Records[AuditEntry]]:
    """Return a page of the changes to an owner's memories."""
    check_bounds({"limit": limit, "offset": offset})
    check_text("memory_id", memory_id, optional=True)
    found: list[AuditEntry] = yield trail.audit(check_owner(owner_id), memory_id, limit, offset)
    return Records(AuditEntry, found)


def explain(recall: Recall | Receipt | str, owner_id: str, shared_with: Sequence[str]) -> Effects[Explanation]:
    """Return why a recall found what it did."""
    others = [check_owner(other) for other in several("shared_with", shared_with)]
    found: Explanation = yield trail.explanation(_id_of(recall), check_owner(owner_id), others)
    return found


def replay(
    recall: Recall | Receipt | str, owner_id: str, shared_with: Sequence[str], settings: StoreSettings
) -> Effects[Replay]:
    """Ask a recall again, as of its own moment and as of now; neither leaves a receipt."""
    receipt: Receipt = yield trail.recall_receipt(_id_of(recall), check_owner(owner_id))
    if receipt.body.get("withheld"):
        raise InvalidInputError(
            f"recall {receipt.id!r} cannot be asked again: what was asked is not kept ({receipt.body['withheld']})."
        )
    asked: dict[str, Any] = dict(receipt.body["request"])
    at = datetime.fromisoformat(asked.pop("at"))
    asked["memory_types"] = [name for name in asked["memory_types"] if name in settings.types]
    fields = {**asked, "owner_id": owner_id, "scope": receipt.body["scope"], "shared_with": shared_with, "as_of": None}
    now = yield from request_of(receipt.body["query"], fields, settings, settings.clock())
    then = yield from answered(replace(now, id=receipt.id, at=at, past=True), settings)
    again = yield from answered(now, settings)
    return Replay(then, again)


def _id_of(recall: Recall | Receipt | str) -> str:
    found: str = check_text("the recall", recall.id if isinstance(recall, (Recall, Receipt)) else recall)
    return found
