"""Reads what earlier operations left behind: receipts and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory, Receipt
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.trail import AuditEntry, Explanation, explain, memory_ids
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, reads, reads_settled
from langgraph_memory.errors import ReceiptNotFoundError
from langgraph_memory.operations.rows import sound


@reads_settled
def receipts(
    owner_id: str, thread_id: str | None, checkpoint_id: str | None, kind: str | None, limit: int, offset: int
) -> Effects[list[Receipt]]:
    """Return a page of an owner's receipts, newest first."""
    wanted = {"thread_id": thread_id, "checkpoint_id": checkpoint_id, "kind": kind, "limit": limit, "offset": offset}
    rows = yield Query("receipts", {"partition": owner_partition(owner_id), **wanted})
    return [Receipt.from_row(owner_id, row) for row in rows]


@reads_settled
def recall_receipt(receipt_id: str, owner_id: str) -> Effects[Receipt]:
    """Return the receipt of one recall; raises ReceiptNotFoundError."""
    return (yield from _recall_receipt(receipt_id, owner_id))


@reads_settled
def explanation(receipt_id: str, owner_id: str, shared_with: Sequence[str]) -> Effects[Explanation]:
    """Return what the receipt of a recall says, with the memories as they were then; raises ReceiptNotFoundError."""
    receipt = yield from _recall_receipt(receipt_id, owner_id)
    at = to_microseconds(datetime.fromisoformat(receipt.body["request"]["at"]))
    found: dict[str, Memory] = {}
    for owner in (*shared_with, owner_id):
        params = {"partition": owner_partition(owner), "ids": memory_ids(receipt), "at": at}
        rows = yield Query("memories_named_as_of", params)
        found.update((row["id"], memory) for row, memory in sound(rows))
    return explain(receipt, found)


@reads
def audit(owner_id: str, memory_id: str | None, limit: int, offset: int) -> Effects[list[AuditEntry]]:
    """Return a page of the changes to an owner's memories, newest first."""
    wanted = {"partition": owner_partition(owner_id), "memory_id": memory_id, "limit": limit, "offset": offset}
    rows = yield Query("audit_trail", wanted)
    return [AuditEntry.from_row(row) for row in rows]


def _recall_receipt(receipt_id: str, owner_id: str) -> Effects[Receipt]:
    rows = yield Query("receipt", {"partition": owner_partition(owner_id), "id": receipt_id})
    if not rows or rows[0]["kind"] != "recall":
        raise ReceiptNotFoundError(
            f"owner {owner_id!r} has no recall {receipt_id!r}; receipts() lists those there are."
        )
    return Receipt.from_row(owner_id, rows[0])
