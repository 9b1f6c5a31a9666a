"""The facets of a store: its audit log, hygiene, jobs and administration, and what the nodes need of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.checkpoints import owners
from langgraph_memory.domain.audit import AuditEntry, Explanation, Replay
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.hygiene import DEFAULT_HYGIENE, HygienePolicy, SweepReport
from langgraph_memory.domain.jobs import Batch, Failure, Job, Lease, LeasedJob, Retries
from langgraph_memory.domain.links import Link
from langgraph_memory.domain.memory import Conflict, Injected, Memory, OwnerSummary, Recall, Receipt, Source
from langgraph_memory.domain.promotion import LedgerPlace, PromotionPolicy, PromotionReport, judge_all
from langgraph_memory.domain.reflection import DEFAULT_REFLECTION, Reflected, ReflectionPolicy
from langgraph_memory.domain.review import DEFAULT_REVIEW, ReviewItem, ReviewKind, ReviewPolicy
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.scope import GLOBAL, check_owner, owner_partition
from langgraph_memory.domain.thread import MemorySwitches
from langgraph_memory.effects.effect import Effects, in_thread
from langgraph_memory.effects.runner import Runner
from langgraph_memory.effects.twins import Operation, async_iterator_of, runs_effects, streams_effects, twin_of
from langgraph_memory.operations import (
    audit,
    changes,
    erasure,
    hygiene,
    jobs,
    memories,
    promotion,
    recall,
    review,
    rewind,
    threads,
)
from langgraph_memory.operations import index as indexing
from langgraph_memory.operations import reflect as reflecting
from langgraph_memory.operations.jobs import Unread
from langgraph_memory.operations.rows import Origin
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.transfer import export as transfer
from langgraph_memory.views import Records


class Facet:
    """One side of a store, on its engine and with its settings; a store makes it."""

    __slots__ = ("_runner", "_settings")

    def __init__(self, runner: Runner, settings: StoreSettings) -> None:
        self._runner = runner
        self._settings = settings


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
        self,
        *,
        owner_id: str,
        model: Any = None,
        policy: ReflectionPolicy = DEFAULT_REFLECTION,
        dry_run: bool = False,
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
        return memories.conflicts(owner_id, limit, offset, self._settings)

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


class Jobs(Facet):
    """Lists the queue of a store, and retries or discards what failed too often in it: `memory.jobs`."""

    @runs_effects
    def pending(self, *, owner_id: str | None = None, limit: int = 100, offset: int = 0) -> Operation[Records[Job]]:
        """Return a page of what waits to be promoted, of an owner or of all, longest waiting first."""
        return jobs.pending(owner_id, limit, offset, self._settings)

    apending = twin_of(pending)

    @runs_effects
    def retry(self, *, owner_id: str, thread_id: str | None = None) -> Operation[int]:
        """Let messages that failed too often be tried again, of one thread or of all; return how many they are.

        Raises MissingOwnerError.
        """
        return jobs.retry(owner_id, thread_id, self._settings)

    aretry = twin_of(retry)

    @runs_effects
    def discard(self, *, owner_id: str, thread_id: str | None = None) -> Operation[int]:
        """Give up messages that failed too often, of one thread or of all: they count as read; return how many.

        Raises MissingOwnerError.
        """
        return jobs.discard(owner_id, thread_id, self._settings)

    adiscard = twin_of(discard)


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


QUIET_FOR = timedelta(seconds=30)
AT_LATEST = timedelta(minutes=10)


class PromotionQueue(Facet):
    """The jobs of a store. A message is in it at most once for each extractor, and leaves it with what it said."""

    @runs_effects
    def unread(
        self, utterances: Sequence[Utterance], *, place: LedgerPlace, began_at: datetime | None = None
    ) -> Operation[Unread]:
        """Return what neither the ledger nor a job knows, and whether a job of the thread is due.

        ErasedError is raised when the owner was erased since `began_at`, when the run was begun.
        """
        return jobs.unread(utterances, place, began_at, self._settings)

    aunread = twin_of(unread)

    @runs_effects
    def promote(
        self,
        candidates: Iterable[Candidate],
        *,
        utterances: Sequence[Utterance],
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        policy: PromotionPolicy | None = None,
        began_at: datetime | None = None,
    ) -> Operation[PromotionReport]:
        """Judge candidates and store what is promoted, with the ledger, in one transaction.

        Candidates of messages the ledger knows are left out, so a repeat adds nothing. `began_at` is when they were
        begun to be read: ErasedError is raised when the owner was erased since. Raises MissingOwnerError,
        InvalidScopeError or InvalidMemoryError before anything is written.
        """
        judged = judge_all(
            candidates, utterances, policy or PromotionPolicy(), self._settings.types, self._settings.guard
        )
        origin = Origin.of(source or Source())
        heard = promotion.Heard(judged, utterances, place, scope, lambda _: origin)
        return promotion.promote(heard, began_at, self._settings)

    apromote = twin_of(promote)

    @runs_effects
    def add(
        self,
        utterances: Sequence[Utterance],
        *,
        place: LedgerPlace,
        scope: str = GLOBAL,
        source: Source | None = None,
        heard: Sequence[str] = (),
        quiet_for: timedelta | float = QUIET_FOR,
        at_latest: timedelta | float = AT_LATEST,
        failure: str | None = None,
        guard: GuardPolicy | None = None,
        began_at: datetime | None = None,
    ) -> Operation[datetime | None]:
        """Queue what nobody has read and return when it is due: after `quiet_for`, which a later turn starts anew.

        `at_latest` bounds how long later turns put it off. None when there was nothing to queue. Of a message that
        holds a secret, or personal data that the guard refuses, no text is kept. `failure` says in one word why the
        messages could not be read at once, which counts as an attempt. ErasedError is raised when the owner was erased
        since `began_at`, when the run was begun in which they were said.
        """
        wanted = jobs.Unheard(
            utterances, place, quiet_for, at_latest, scope, source, heard, failure, guard=guard, began_at=began_at
        )
        return jobs.queue(wanted, self._settings)

    aadd = twin_of(add)

    @runs_effects
    def claim(
        self, extractor: str, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> Operation[LeasedJob | None]:
        """Lease the job of an extractor that has been due longest; with `ahead` also one that is not due yet."""
        return jobs.claim(extractor, lease_for, retries, ahead, self._settings)

    aclaim = twin_of(claim)

    @runs_effects
    def claim_of(
        self, place: LedgerPlace, *, lease_for: timedelta, retries: Retries, ahead: bool = False
    ) -> Operation[LeasedJob | None]:
        """Lease the job of one thread, when it is due; with `ahead` also before, unless it has failed."""
        return jobs.claim_of(place, lease_for, retries, ahead, self._settings)

    aclaim_of = twin_of(claim_of)

    @runs_effects
    def finish(
        self, lease: Lease, batch: Batch, candidates: Sequence[Candidate], *, policy: PromotionPolicy, last: bool
    ) -> Operation[PromotionReport | None]:
        """Store what a batch said and take it off the job, in one transaction; None if the lease was lost.

        `last` releases the lease with it.
        """
        return jobs.finish(lease, batch, candidates, policy, last, self._settings)

    afinish = twin_of(finish)

    @runs_effects
    def release(self, lease: Lease, failures: Sequence[Failure], *, retries: Retries) -> Operation[int]:
        """End the work on a job, put off what failed, and return how many messages were set aside."""
        return jobs.release(lease, failures, retries, self._settings)

    arelease = twin_of(release)

    def surroundings(self) -> dict[str, Any]:
        """Return what an extractor may be shown beside messages and memories: the memory types, and the time."""
        return {"types": tuple(self._settings.types.values()), "now": self._settings.clock()}

    @runs_effects
    def time_left(self, extractor: str) -> Operation[timedelta | None]:
        """Return how long it is until a job of an extractor can be claimed; None when nothing waits."""
        return jobs.wait(extractor, self._settings)

    atime_left = twin_of(time_left)


class ThreadAuthors(Facet):
    """A message belongs to the owner of the run that added it, whoever runs its thread later."""

    @runs_effects
    def others(self, thread_id: str | None, *, owner_id: str) -> Operation[frozenset[str]]:
        """Return the ids of the messages of a thread that are not an owner's to learn from."""
        return threads.others(thread_id, owner_id)

    aothers = twin_of(others)

    @runs_effects
    def resumed(self, thread_id: str, message_id: str | None) -> Operation[str | None]:
        """Return whose a run is that goes on in a thread without a name: of whom its last message is, else the owner.

        None when that is not known, or another's who names nobody.
        """
        return owners.resumed(thread_id, message_id)

    aresumed = twin_of(resumed)

    @runs_effects
    def claim(
        self, thread_id: str, message_ids: Sequence[str], *, owner_id: str, began_at: datetime | None = None
    ) -> Operation[None]:
        """Note that some messages are an owner's, unless it is known whose they are; nobody waits for it.

        Nothing happens when the owner was erased since `began_at`.
        """
        return threads.claim(thread_id, owner_id, message_ids, began_at, self._settings)

    aclaim = twin_of(claim)

    @runs_effects
    def name(self, thread_id: str, messages: Mapping[str, Sequence[str]]) -> Operation[None]:
        """Note by owner whose messages of a thread are, as those who said them are named; " " stands for no owner."""
        return threads.name(thread_id, messages, self._settings)

    aname = twin_of(name)

    @runs_effects
    def withhold(self, thread_id: str, message_ids: Sequence[str], *, owner_id: str) -> Operation[None]:
        """Let some messages of a thread never be read for an owner, whenever that is tried."""
        return threads.withhold(thread_id, owner_id, message_ids, self._settings)

    awithhold = twin_of(withhold)

    @runs_effects
    def claim_thread(self, thread_id: str, *, owner_id: str) -> Operation[None]:
        """Note that an owner takes part in a thread of this database: it is theirs too when everything is erased.

        A node does so where the owner is found by a function of yours, which the checkpointer knows nothing of. The
        first owner that is noted of a thread is whose it is listed as. Nothing happens when there is no such thread.

        Raises MissingOwnerError or InvalidInputError.
        """
        return threads.claim_thread(thread_id, owner_id)

    aclaim_thread = twin_of(claim_thread)
