"""The facets of a store that stand on several operations: hygiene and administration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from langgraph_memory.domain.hygiene import DEFAULT_HYGIENE, HygienePolicy, SweepReport
from langgraph_memory.domain.links import Link
from langgraph_memory.domain.memory import Conflict, Injected, Memory, OwnerSummary, Receipt
from langgraph_memory.domain.reflection import DEFAULT_REFLECTION, Reflected, ReflectionPolicy
from langgraph_memory.domain.review import DEFAULT_REVIEW, ReviewItem, ReviewKind, ReviewPolicy
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.scope import GLOBAL, check_owner, owner_partition
from langgraph_memory.domain.thread import MemorySwitches
from langgraph_memory.effects.effect import Effects, in_thread
from langgraph_memory.effects.runner import Scrub
from langgraph_memory.effects.twins import Operation, async_iterator_of, runs_effects, streams_effects, twin_of
from langgraph_memory.operations import changes, erasure, hygiene, memories, recall, review, rewind, threads
from langgraph_memory.operations import index as indexing
from langgraph_memory.operations import reflect as reflecting
from langgraph_memory.operations.settings import Facet, check_bounds
from langgraph_memory.transfer import export as transfer
from langgraph_memory.views import Records


class Hygiene(Facet):
    """Tidies the memories of a store, and takes back what they should not have learnt: `memory.hygiene`."""

    @runs_effects
    def sweep(
        self,
        now: datetime | None = None,
        *,
        owner_id: str | None = None,
        policy: HygienePolicy = DEFAULT_HYGIENE,
        dry_run: bool = False,
    ) -> Operation[SweepReport]:
        """Tidy one owner's memories, or everybody's, and return what changed; with `dry_run` what would change.

        In this order: the best of equal memories supersedes the others; the confidence of what nobody confirmed fades,
        in quarters of its half-life, where its type has one; old versions that are kept no longer, expired memories,
        those below the floor and those over the cap are removed, with their older versions, unless a memory that stays
        names them in its `content_json` or is their later version. Then old receipts, and plain items whose time is
        over. What fades was not confirmed by that, keeps its recency, and is as sure after one sweep as after many.

        Each change has a line in the audit log, actor "sweep", in its transaction; a sweep that changed anything
        leaves a receipt for each owner. Transactions are short, so that others write in between, and what they change
        meanwhile is left alone; interrupt it when you like, and the next sweep goes on. `now` is the moment that is
        judged at, by default the present.

        Raises MissingOwnerError or InvalidInputError.
        """
        return hygiene.sweep(now, owner_id, policy, dry_run, self._settings)

    asweep = twin_of(sweep)

    @runs_effects
    def review(
        self,
        *,
        owner_id: str,
        kind: ReviewKind | None = None,
        limit: int = 100,
        offset: int = 0,
        policy: ReviewPolicy = DEFAULT_REVIEW,
    ) -> Operation[Records[ReviewItem]]:
        """Return a page of an owner's live memories that somebody should look at, with the reason and what to do.

        `kind` is "conflicting", "stale" (confirmed long ago, the longest first), "low_confidence" (the least sure
        first) or "never_recalled" (in none of the owner's receipts, the least important first); None is all of them,
        in that order, so that one memory may be named more than once. What others recall of an owner stands in their
        receipts and is not counted; reading the receipts costs what the owner has of them.

        Raises MissingOwnerError or InvalidInputError.
        """
        return review.review(owner_id, kind, limit, offset, policy, self._settings)

    areview = twin_of(review)

    @runs_effects
    def reflect(
        self, *, owner_id: str, model: Any = None, policy: ReflectionPolicy = DEFAULT_REFLECTION, dry_run: bool = False
    ) -> Operation[Reflected]:
        """Write what an owner's sessions have in common as memories of type "reflection", tied to what they rest on.

        By counting and grouping: what came up in several sessions, what keeps changing, and a profile of what is best
        known, which no recall shows. A chat model that is passed as `model` is asked for patterns that none of the
        memories says alone; what it proposes has to name them, and passes the guard. A reflection holds where they
        hold, is no surer and no longer kept than they are, and is trusted at most as a model's word. It is gone as soon
        as one of them is forgotten, superseded, edited or removed.

        Doing it again changes nothing until the memories have changed. With `dry_run` nothing changes, and the answer
        says what would. When the model fails, `fallback` says why and the rest is done.

        Raises MissingOwnerError or InvalidInputError.
        """
        return reflecting.reflect(owner_id, model, policy, dry_run, self._settings)

    areflect = twin_of(reflect)

    @runs_effects
    def conflicts(self, *, owner_id: str, limit: int = 100, offset: int = 0) -> Operation[Records[Conflict]]:
        """Return a page of the groups of an owner's live memories that contradict each other, each oldest first.

        `verify` one of a group and the others are superseded by it; or put a new value in their place with
        `supersede`. Raises MissingOwnerError.
        """
        check_bounds({"limit": limit, "offset": offset})
        return memories.conflicts_of_owner(owner_id, self._settings.clock(), limit=limit, offset=offset)

    aconflicts = twin_of(conflicts)

    @runs_effects
    def links(
        self, *, owner_id: str, scope: str = GLOBAL, name: str | None = None, limit: int = 100
    ) -> Operation[Records[Link]]:
        """Return the links between an owner's live memories as seen from a scope: two, and what both of them name.

        Names are of people, places, projects and products, numbers as INC-4711, and people and animals by what they are
        to the user (sister, dog); `name` asks for the links by one of them. Nothing of it is stored: a link is gone
        with either memory. A name that more than six memories have links nothing.

        Raises MissingOwnerError, InvalidScopeError or InvalidInputError.
        """
        return recall.links(owner_id, scope, name, limit, self._settings)

    alinks = twin_of(links)

    @runs_effects
    def set_injection(self, memory_id: str, injection: Injected | None, *, owner_id: str) -> Operation[Memory]:
        """Pin a live memory ("always"), keep it out of every recall ("never"), or leave it to its type again (None).

        It holds for its older versions too, and for what supersedes it. One that is kept out is still listed,
        exported, compared with what is said anew, and in its history. Raises MemoryNotFoundError, or InvalidMemoryError
        for a memory that is superseded or expired, and for one that is not trusted and would be pinned.
        """
        return changes.set_injection(memory_id, injection, owner_id, self._settings)

    aset_injection = twin_of(set_injection)

    @runs_effects
    def retract(
        self,
        *,
        owner_id: str,
        run_ids: Sequence[str] = (),
        thread_id: str | None = None,
        checkpoint_ids: Sequence[str] = (),
        dry_run: bool = False,
    ) -> Operation[Retraction]:
        """Take back what some runs, or some checkpoints of a thread, did to an owner's memories.

        With `dry_run` nothing changes and the answer says what would. Without it, in one transaction: the memories
        they added are deleted, what those had superseded or retired holds again, what they confirmed is as sure as
        before, their messages count as unread, and a receipt is kept. What was confirmed or edited since stays, and
        the answer says so. `retract_branch` finds the checkpoints of an abandoned branch.

        Raises MissingOwnerError or InvalidInputError.
        """
        return rewind.retract(owner_id, run_ids, thread_id, checkpoint_ids, dry_run, self._settings)

    aretract = twin_of(retract)

    @runs_effects
    def retract_branch(
        self, thread_id: str, *, owner_id: str, keep: str | None = None, dry_run: bool = False
    ) -> Operation[Retraction]:
        """Take back what a thread taught on the branches that were left behind.

        `keep` is the newest checkpoint of the branch that counts, by default the thread's newest: right after a
        rewind, before anything is said, name the checkpoint that was rewound to. What the other checkpoints did to
        the owner's memories is taken back as by `retract`, with `dry_run` as a preview; the checkpoints stay.

        Raises MissingOwnerError, or InvalidInputError when the thread has no such checkpoint.
        """
        return rewind.retract_branch(thread_id, owner_id, keep, dry_run, self._settings)

    aretract_branch = twin_of(retract_branch)

    @runs_effects
    def delete_for_runs(self, run_ids: Sequence[str], *, owner_id: str, dry_run: bool = False) -> Operation[Retraction]:
        """Delete the checkpoints that some runs made and take back what they taught an owner, both or neither.

        With `dry_run` the answer says what that would be. Raises MissingOwnerError or InvalidInputError.
        """
        return rewind.delete_for_runs(owner_id, run_ids, dry_run, self._settings)

    adelete_for_runs = twin_of(delete_for_runs)


class Admin(Facet):
    """Erases, exports, imports and embeds anew what a store keeps, and says what it keeps of whom: `memory.admin`."""

    @runs_effects
    def list_owners(self) -> Operation[Records[OwnerSummary]]:
        """Return each owner with the number of their memories and of those that are live."""
        return memories.owners_at(self._settings.clock())

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
    def scrub(self) -> Effects[bool]:
        """Make what was deleted or forgotten unreadable in the live files, and return whether that is done."""
        done: bool = yield Scrub()
        return done

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
