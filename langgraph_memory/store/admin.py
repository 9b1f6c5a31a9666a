"""`memory.admin`: owners, what memory does for them, and everything that is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from langgraph_memory.domain.memory import OwnerSummary, Receipt
from langgraph_memory.domain.scope import check_owner, owner_partition
from langgraph_memory.domain.switches import MemorySwitches
from langgraph_memory.effects.effect import Effects, in_thread
from langgraph_memory.effects.twins import Operation, async_iterator_of, runs_effects, streams_effects, twin_of
from langgraph_memory.operations import erasure, memories, threads
from langgraph_memory.operations import index as indexing
from langgraph_memory.store.facet import Facet
from langgraph_memory.transfer import export as transfer
from langgraph_memory.views import Records


class Admin(Facet):
    """Erases, exports, imports and embeds anew what a store keeps, and says what it keeps of whom: `memory.admin`."""

    @runs_effects
    def list_owners(self) -> Operation[Records[OwnerSummary]]:
        """Return each owner with the number of their memories and of those that are live."""
        return memories.owners(self._settings)

    alist_owners = twin_of(list_owners)

    @runs_effects
    def erase_owner(self, owner_id: str, *, threads: bool = False) -> Operation[Receipt]:
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
        return erasure.erase_owner(owner_id, threads, self._settings)

    aerase_owner = twin_of(erase_owner)

    @runs_effects
    def scrub(self) -> Operation[bool]:
        """Make what was deleted or forgotten unreadable in the live files, and return whether that is done."""
        return erasure.scrub()

    ascrub = twin_of(scrub)

    @runs_effects
    def import_(
        self,
        lines: Iterable[str],
        *,
        owner_id: str | None = None,
        trusted: bool = True,
        on_progress: Callable[[int], None] | None = None,
    ) -> Operation[Receipt]:
        """Take in what `export` gave; what is there already stays as it is, so that a repeat adds nothing.

        A memory is trusted as far as its line says, and as imported where it says nothing. `trusted=False` takes all as
        imported, whatever a line claims: it stands in no prompt unasked and replaces nothing that the owner said.
        With `owner_id` every line must be that owner's. Lines are stored in batches, each wholly or not at all;
        `on_progress` is called with the number of lines read. Raises InvalidInputError, which names the line, for one
        that cannot be read and for an export of a newer version: what was stored before it stays.
        """
        return transfer.import_(lines, owner_id, on_progress, self._settings, trusted=trusted)

    aimport_ = twin_of(import_)

    @runs_effects
    def reindex(self, *, on_progress: Callable[[int, int], None] | None = None) -> Operation[int]:
        """Embed, with the index this store was opened with, whatever has no vector of it; return how many rows.

        When another model, size or metric made the vectors that are there, they are dropped first. Interrupt it when
        you like: what is done stays, text search works throughout, and the next call goes on. `on_progress` is called
        with how many rows are done, and how many there are. Plain items are embedded by the index's own fields.
        """
        return indexing.reindex(on_progress, self._settings)

    areindex = twin_of(reindex)

    @runs_effects
    def set_owner_memory(self, *, owner_id: str, recall: bool, learn: bool) -> Operation[None]:
        """Set what memory does for an owner, in whatever thread: `set_thread_memory` for all of them.

        Raises MissingOwnerError or InvalidInputError.
        """
        return threads.switch(None, owner_id, recall, learn, self._settings)

    aset_owner_memory = twin_of(set_owner_memory)

    @runs_effects
    def owner_memory(self, *, owner_id: str) -> Operation[MemorySwitches]:
        """Return what memory does for an owner in every thread; raises MissingOwnerError."""
        return threads.switches(None, owner_id)

    aowner_memory = twin_of(owner_memory)

    @runs_effects
    def set_thread_memory(self, thread_id: str, *, owner_id: str, recall: bool, learn: bool) -> Operation[None]:
        """Set what memory does for an owner in a thread, from its next run on, whether the thread is there yet or not.

        Without `recall` nothing is read, and no receipt is kept; without `learn` nothing that is said is learnt, now or
        when it is switched on again or the messages come in another way. Without both the thread is off the record.
        What was learnt of it before stays. It holds until it is set anew, also for a new thread of that id.

        Raises MissingOwnerError or InvalidInputError.
        """
        return threads.switch(thread_id, owner_id, recall, learn, self._settings)

    aset_thread_memory = twin_of(set_thread_memory)

    @runs_effects
    def thread_memory(self, thread_id: str, *, owner_id: str) -> Operation[MemorySwitches]:
        """Return what memory does for an owner in a thread, which is no more than it does for them in every thread.

        Raises MissingOwnerError or InvalidInputError.
        """
        return threads.switches(thread_id, owner_id)

    athread_memory = twin_of(thread_memory)

    @streams_effects
    def export(self, *, owner_id: str | None = None) -> Iterator[Effects[Iterable[str]]]:
        """Return everything of an owner, or of all, as lines of JSON, the first of which names the format.

        Memories with every earlier state, audit, ledger, receipts, queued messages and plain items; not vectors, which
        an import makes anew, nor threads. It is read page by page, each of one moment.
        """
        return transfer.export(owner_id, self._settings)

    aexport = async_iterator_of(export)

    @runs_effects
    def grant(self, role: str, *, owner_id: str) -> Operation[None]:
        """Let a role of the PostgreSQL server work with the memories and threads of one owner, and see no others.

        It holds for SQL written by hand too: row-level security is turned on for every table, and the role is what
        binds, which no setting of a session changes. The first role that is granted turns it on; from then on only the
        role that owns the tables, its members and roles with BYPASSRLS see everything, and superusers, whom no policy
        stops. A role that is granted nothing sees nothing. Granting it again binds it to another owner, and covers the
        tables that a newer version of this package has added. The role must exist and be no administrator's. Items of
        the plain store outside `("curated", owner)` are nobody's, so that no bound role sees them.

        Raises MissingOwnerError, DatabaseUnavailableError, or InvalidInputError: without PostgreSQL, without such a
        role, and for a role that could act as one that sees more.
        """
        return in_thread(self._runner.engine.grant, role, owner_partition(check_owner(owner_id)), owner_id)

    agrant = twin_of(grant)

    @runs_effects
    def revoke(self, role: str) -> Operation[None]:
        """Take every right on the tables from a role of the PostgreSQL server; doing so again changes nothing.

        Row-level security stays on. Raises DatabaseUnavailableError or InvalidInputError.
        """
        return in_thread(self._runner.engine.revoke, role)

    arevoke = twin_of(revoke)
