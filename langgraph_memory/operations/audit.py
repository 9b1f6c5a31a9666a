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
from langgraph_memory.effects.transaction import Query, reads, reads_settled
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.errors import InvalidInputError, ReceiptNotFoundError
from langgraph_memory.operations.recall import Question, answered, request_of
from langgraph_memory.operations.rows import sound
from langgraph_memory.operations.settings import Facet, check_bounds, check_text, several
from langgraph_memory.views import Records


class Audit(Facet):
    """Reads the audit log and the receipts of a store: `memory.audit`, or `store.audit`."""

    @runs_effects
    def entries(
        self, *, owner_id: str, memory_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Operation[Records[AuditEntry]]:
        """Return a page of the changes to an owner's memories, or to one of them, newest first.

        Each was written in the transaction that made the change. Raises MissingOwnerError.
        """
        check_bounds({"limit": limit, "offset": offset})
        check_text("memory_id", memory_id, optional=True)
        place = {"partition": owner_partition(check_owner(owner_id)), "memory_id": memory_id}
        return _entries({**place, "limit": limit, "offset": offset})

    aentries = twin_of(entries)

    @runs_effects
    def receipts(
        self,
        *,
        owner_id: str,
        thread_id: str | None = None,
        checkpoint_id: str | None = None,
        kind: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Operation[Records[Receipt]]:
        """Return a page of an owner's receipts, newest first: of a thread, a checkpoint, a kind ("recall", ...).

        Raises MissingOwnerError.
        """
        check_bounds({"limit": limit, "offset": offset})
        wanted = {"thread_id": thread_id, "checkpoint_id": checkpoint_id, "kind": kind}
        for name, value in wanted.items():
            check_text(name, value, optional=True)
        return _receipts(check_owner(owner_id), {**wanted, "limit": limit, "offset": offset})

    areceipts = twin_of(receipts)

    @runs_effects
    def explain(
        self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()
    ) -> Operation[Explanation]:
        """Return why a recall found what it did, from its stored receipt: print it, or show it in a notebook.

        `recall` is the recall, its receipt or the id of either. Memories are shown as they were then, other owners'
        only when `shared_with` names them again. Raises ReceiptNotFoundError.
        """
        others = [check_owner(other) for other in several("shared_with", shared_with)]
        return _explain(_id_of(recall), check_owner(owner_id), others)

    aexplain = twin_of(explain)

    @runs_effects
    def replay(
        self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()
    ) -> Effects[Replay]:
        """Ask a stored recall again: with what was known `then`, and with what is known `now`.

        What was forgotten since is missing from both; `then` is ranked with today's word statistics. Raises
        ReceiptNotFoundError.
        """
        receipt: Receipt = yield _recall_receipt(_id_of(recall), check_owner(owner_id))
        if receipt.body.get("withheld"):
            raise InvalidInputError(
                f"recall {receipt.id!r} cannot be asked again: what was asked is not kept ({receipt.body['withheld']})."
            )
        asked, settings = dict[str, Any](receipt.body["request"]), self._settings
        at = datetime.fromisoformat(asked.pop("at"))
        asked["memory_types"] = [name for name in asked["memory_types"] if name in settings.types]
        asked |= {"query": receipt.body["query"], "scope": receipt.body["scope"], "shared_with": shared_with}
        now = yield from request_of(Question(owner_id=owner_id, **asked), settings, settings.clock())
        then = yield from answered(replace(now, id=receipt.id, at=at, past=True), settings)
        again = yield from answered(now, settings)
        return Replay(then, again)

    areplay = twin_of(replay)


@reads
def _entries(wanted: Mapping[str, Any]) -> Effects[Records[AuditEntry]]:
    rows = yield Query("audit_trail", wanted)
    return Records(AuditEntry, map(AuditEntry.from_row, rows))


@reads_settled
def _receipts(owner_id: str, wanted: Mapping[str, Any]) -> Effects[Records[Receipt]]:
    rows = yield Query("receipts", {"partition": owner_partition(owner_id), **wanted})
    return Records(Receipt, (Receipt.from_row(owner_id, row) for row in rows))


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
