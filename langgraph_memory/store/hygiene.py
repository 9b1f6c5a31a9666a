"""`memory.hygiene`: what keeps memories few, true and free of contradictions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from langgraph_memory.domain.hygiene import DEFAULT_HYGIENE, HygienePolicy, SweepReport
from langgraph_memory.domain.links import Link
from langgraph_memory.domain.memory import Conflict, Injected, Memory
from langgraph_memory.domain.reflection import DEFAULT_REFLECTION, Reflected, ReflectionPolicy
from langgraph_memory.domain.review import DEFAULT_REVIEW, ReviewItem, ReviewKind, ReviewPolicy
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.effects.twins import Operation, runs_effects, twin_of
from langgraph_memory.operations import changes, hygiene, memories, recall, review, rewind
from langgraph_memory.operations import reflect as reflecting
from langgraph_memory.store.facet import Facet
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
