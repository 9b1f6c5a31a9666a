"""Reads what earlier operations left behind: the audit log, receipts, and recalls asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from langgraph_memory.domain.audit import AuditEntry, Explanation, Replay, memory_ids
from langgraph_memory.domain.audit import explain as explained
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory, Recall, Receipt
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Transaction, reads, reads_settled
from langgraph_memory.errors import InvalidInputError, ReceiptNotFoundError
from langgraph_memory.operations.recall import Question, answered, request_of
from langgraph_memory.operations.rows import sound
from langgraph_memory.operations.settings import StoreSettings, check_bounds, check_text, several
from langgraph_memory.views import Records


def audit(owner_id: str, memory_id: str | None, limit: int, offset: int) -> Transaction[Records[AuditEntry]]:
    """Return a page of the changes to an owner's memories, newest first."""
    check_bounds({"limit": limit, "offset": offset})
    check_text("memory_id", memory_id, optional=True)
    place = {"partition": owner_partition(check_owner(owner_id)), "memory_id": memory_id}
    return _entries({**place, "limit": limit, "offset": offset})


@reads
def _entries(wanted: Mapping[str, Any]) -> Effects[Records[AuditEntry]]:
    rows = yield Query("audit_trail", wanted)
    return Records(AuditEntry, map(AuditEntry.from_row, rows))


def receipts(
    owner_id: str, thread_id: str | None, checkpoint_id: str | None, kind: str | None, limit: int, offset: int
) -> Transaction[Records[Receipt]]:
    """Return a page of an owner's receipts, newest first."""
    check_bounds({"limit": limit, "offset": offset})
    wanted = {"thread_id": thread_id, "checkpoint_id": checkpoint_id, "kind": kind}
    for name, value in wanted.items():
        check_text(name, value, optional=True)
    return _receipts(check_owner(owner_id), {**wanted, "limit": limit, "offset": offset})


@reads_settled
def _receipts(owner_id: str, wanted: Mapping[str, Any]) -> Effects[Records[Receipt]]:
    rows = yield Query("receipts", {"partition": owner_partition(owner_id), **wanted})
    return Records(Receipt, (Receipt.from_row(owner_id, row) for row in rows))


def explain(recall: Recall | Receipt | str, owner_id: str, shared_with: Sequence[str]) -> Transaction[Explanation]:
    """Return why a recall found what it did; raises ReceiptNotFoundError."""
    others = [check_owner(other) for other in several("shared_with", shared_with)]
    return _explain(_id_of(recall), check_owner(owner_id), others)


@reads_settled
def _explain(receipt_id: str, owner_id: str, shared_with: Sequence[str]) -> Effects[Explanation]:
    """Return what the receipt of a recall says, with the memories as they were then."""
    receipt = yield from _receipt(receipt_id, owner_id)
    at = to_microseconds(datetime.fromisoformat(receipt.body["request"]["at"]))
    found: dict[str, Memory] = {}
    for owner in (*shared_with, owner_id):
        params = {"partition": owner_partition(owner), "ids": memory_ids(receipt), "at": at}
        rows = yield Query("memories_named_as_of", params)
        found.update((row["id"], memory) for row, memory in sound(rows))
    return explained(receipt, found)


def replay(
    recall: Recall | Receipt | str, owner_id: str, shared_with: Sequence[str], settings: StoreSettings
) -> Effects[Replay]:
    """Ask a recall again, as of its own moment and as of now; neither leaves a receipt."""
    receipt: Receipt = yield _recall_receipt(_id_of(recall), check_owner(owner_id))
    if receipt.body.get("withheld"):
        raise InvalidInputError(
            f"recall {receipt.id!r} cannot be asked again: what was asked is not kept ({receipt.body['withheld']})."
        )
    asked: dict[str, Any] = dict(receipt.body["request"])
    at = datetime.fromisoformat(asked.pop("at"))
    asked["memory_types"] = [name for name in asked["memory_types"] if name in settings.types]
    asked |= {"query": receipt.body["query"], "scope": receipt.body["scope"], "shared_with": shared_with}
    now = yield from request_of(Question(owner_id=owner_id, **asked), settings, settings.clock())
    then = yield from answered(replace(now, id=receipt.id, at=at, past=True), settings)
    again = yield from answered(now, settings)
    return Replay(then, again)


@reads_settled
def _recall_receipt(receipt_id: str, owner_id: str) -> Effects[Receipt]:
    return (yield from _receipt(receipt_id, owner_id))


def _receipt(receipt_id: str, owner_id: str) -> Effects[Receipt]:
    rows = yield Query("receipt", {"partition": owner_partition(owner_id), "id": receipt_id})
    if not rows or rows[0]["kind"] != "recall":
        raise ReceiptNotFoundError(
            f"owner {owner_id!r} has no recall {receipt_id!r}; memory.audit.receipts() lists those there are."
        )
    return Receipt.from_row(owner_id, rows[0])


def _id_of(recall: Recall | Receipt | str) -> str:
    found: str = check_text("the recall", recall.id if isinstance(recall, (Recall, Receipt)) else recall)
    return found
