"""`memory.audit`: what was changed and recalled, and why."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph_memory.domain.audit import AuditEntry, Explanation, Replay
from langgraph_memory.domain.memory import Recall, Receipt
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.operations import audit
from langgraph_memory.store.facet import Facet
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
        return audit.audit(owner_id, memory_id, limit, offset)

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
        return audit.receipts(owner_id, thread_id, checkpoint_id, kind, limit, offset)

    areceipts = twin_of(receipts)

    @runs_effects
    def explain(
        self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()
    ) -> Operation[Explanation]:
        """Return why a recall found what it did, from its stored receipt: print it, or show it in a notebook.

        `recall` is the recall, its receipt or the id of either. Memories are shown as they were then, other owners'
        only when `shared_with` names them again. Raises ReceiptNotFoundError.
        """
        return audit.explain(recall, owner_id, shared_with)

    aexplain = twin_of(explain)

    @runs_effects
    def replay(
        self, recall: Recall | Receipt | str, *, owner_id: str, shared_with: Sequence[str] = ()
    ) -> Operation[Replay]:
        """Ask a stored recall again: with what was known `then`, and with what is known `now`.

        What was forgotten since is missing from both; `then` is ranked with today's word statistics. Raises
        ReceiptNotFoundError.
        """
        return audit.replay(recall, owner_id, shared_with, self._settings)

    areplay = twin_of(replay)
