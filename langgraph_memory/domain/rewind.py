"""Decides what taking back an abandoned branch of a thread does to what it taught. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langgraph_memory.domain.audit import AuditEntry
from langgraph_memory.domain.memory import Memory
from langgraph_memory.views import ID, ID_LENGTH, Cell, Column, Displayable, Table, counted

_CONFIRMING = ("reinforced", "verified")
_ENDING = ("superseded", "retired")
_CHANGING = (*_CONFIRMING, "edited")
_CONFIRMED = ("confidence", "importance", "last_verified_at", "expires_at", "conflict_id")
"""What a confirmation changes."""


@dataclass(frozen=True, slots=True)
class Stays:
    """A memory that the abandoned branch touched and that stays as it is, and why."""

    memory: Memory
    reason: str


@dataclass(frozen=True, slots=True)
class Retraction(Displayable):
    """What taking back an abandoned branch does, or with `dry_run` would do.

    `removed` are the memories it added; `restored` hold again, `unconfirmed` are as sure as they were before it;
    `stays` is what it changed and others have changed since. `messages` are forgotten as read or as waiting to be, so
    that the same words said again count; `checkpoints` were deleted with it. `id` names the stored receipt.
    """

    id: str
    owner_id: str
    at: datetime
    dry_run: bool
    removed: tuple[Memory, ...] = ()
    restored: tuple[Memory, ...] = ()
    unconfirmed: tuple[Memory, ...] = ()
    stays: tuple[Stays, ...] = ()
    messages: int = 0
    checkpoints: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return what the receipt keeps: ids and numbers, and none of the contents."""
        return {
            "removed": [memory.id for memory in self.removed],
            "restored": [memory.id for memory in self.restored],
            "unconfirmed": [memory.id for memory in self.unconfirmed],
            "stays": [{"id": one.memory.id, "reason": one.reason} for one in self.stays],
            "messages": self.messages,
            "checkpoints": self.checkpoints,
        }

    def __str__(self) -> str:
        parts = (("remove", self.removed), ("restore", self.restored), ("unconfirm", self.unconfirmed))
        lines = [f"{verb}: {memory.content}" for verb, memories in parts for memory in memories]
        lines += [f"stays: {one.memory.content} ({one.reason})" for one in self.stays]
        return "\n".join([*lines, self.counts])

    @property
    def counts(self) -> str:
        """How many messages count as unread again, and how many checkpoints go with it, in words."""
        return f"{counted(self.messages, 'messages')} unread again, {counted(self.checkpoints, 'checkpoints')} deleted"

    def tables(self) -> Sequence[Table]:
        """Return one row for each memory that taking back the branch touches."""
        parts = (
            (Cell("removed", "red"), self.removed),
            (Cell("holds again", "green"), self.restored),
            (Cell("as sure as before", "yellow"), self.unconfirmed),
        )
        touched = [(what, one, "") for what, memories in parts for one in memories]
        touched += [(Cell("stays", "dim"), one.memory, one.reason) for one in self.stays]
        rows = [
            (one.id[:ID_LENGTH], what, one.content, one.memory_type, Cell(why, "dim")) for what, one, why in touched
        ]
        title = "what taking it back would do" if self.dry_run else "taken back"
        return [Table.of(f"{title}: {self.counts}", _COLUMNS, rows)]


_COLUMNS = (ID, Column("what", 15), Column("memory", stretch=True), Column("type", 10), Column("why", stretch=True))


@dataclass(slots=True)
class Unwinding:
    """Works out what to take back: `memories` are those the branch touched, by id, with their whole `audit`.

    `mine` are the changes the branch made; `versions` the earlier states of each memory, with until when each held.
    """

    memories: Mapping[str, Memory]
    audit: Sequence[AuditEntry]
    mine: frozenset[tuple[str, int]]
    versions: Mapping[str, Sequence[tuple[datetime, Memory]]]
    now: datetime
    removed: dict[str, Memory] = field(default_factory=dict)
    changed: dict[str, Memory] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)

    def work_out(self) -> None:
        """Fill in what is removed, restored and unconfirmed, and what stays."""
        by_memory: dict[str, list[AuditEntry]] = defaultdict(list)
        for entry in self.audit:
            by_memory[entry.memory_id].append(entry)
        added = [name for name in self.memories if any(self._did(one, ("added",)) for one in by_memory[name])]
        for name in added:
            self._remove(name, by_memory[name])
        for name in self.memories.keys() - set(added):
            self._unconfirm(name, by_memory[name])
            self._restore(name, by_memory[name])

    def occupied(self, name: str, by: Memory) -> None:
        """Let a memory stay superseded, because another one holds in its slot by now."""
        self.restored.remove(name)
        self.changed[name] = self.memories[name].model_copy(update={"superseded_by": by.id})
        self.stays[name] = f"another value holds for {by.slot} since"

    def bars(self, other: Memory, memory: Memory) -> bool:
        """Whether another memory holds in the slot of one, and does not merely contradict it."""
        gone = other.id in self.removed or other.id in self.restored
        beside = memory.conflict_id is not None and other.conflict_id == memory.conflict_id
        return other.slot == memory.slot and not gone and not beside

    def _is_mine(self, entry: AuditEntry) -> bool:
        return (entry.memory_id, entry.change_no) in self.mine

    def _did(self, entry: AuditEntry, actions: Iterable[str]) -> bool:
        return self._is_mine(entry) and entry.action in actions

    def _remove(self, name: str, entries: Sequence[AuditEntry]) -> None:
        """Remove a memory that the branch added, unless somebody has changed it since."""
        since = [one for one in entries if not self._is_mine(one) and one.action in _CHANGING]
        if since:
            self.stays[name] = f"{since[-1].action} since {_by(since[-1])}"
        else:
            self.removed[name] = self.memories[name]

    def _unconfirm(self, name: str, entries: Sequence[AuditEntry]) -> None:
        """Make a memory as sure as it was before the branch confirmed it, unless somebody has changed it since."""
        confirming = [one for one in entries if self._did(one, _CONFIRMING)]
        if not confirming:
            return
        first = min(confirming, key=lambda one: one.change_no)
        others = self._changed_by_others_since(first.change_no, entries)
        before = next((memory for until, memory in self.versions.get(name, ()) if until == first.at), None)
        if others:
            self.stays[name] = f"{others[-1].action} since {_by(others[-1])}"
        elif before is None:
            self.stays[name] = "what it was before is not known"
        else:
            update = {column: getattr(before, column) for column in _CONFIRMED}
            self.changed[name] = self.memories[name].model_copy(update={**update, "updated_at": self.now})
            self.unconfirmed.append(name)

    def _changed_by_others_since(self, change_no: int, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
        later = (one for one in entries if one.change_no > change_no and one.action in _CHANGING)
        return [one for one in later if not self._is_mine(one)]

    def _restore(self, name: str, entries: Sequence[AuditEntry]) -> None:
        """Let a memory hold again that the branch superseded or retired; or name what took its place since."""
        known = self.changed.get(name, self.memories[name])
        ending = [one for one in entries if one.action in _ENDING]
        if not known.superseded or not ending or not self._is_mine(ending[-1]) or known.superseded_by in self.stays:
            return
        top = self._last_removed(known)
        if top is None or top.superseded_at is None or self._ended_by_branch(top):
            ended: dict[str, Any] = {"superseded_by": None, "superseded_at": None}
            self.restored.append(name)
        else:
            ended = {"superseded_by": top.superseded_by, "superseded_at": top.superseded_at}
            self.stays[name] = "it was superseded again since"
        self.changed[name] = known.model_copy(update={**ended, "updated_at": self.now})

    def _last_removed(self, known: Memory) -> Memory | None:
        """Return the newest of the removed memories that took the place of one, one after the other."""
        top = None
        successor = known.superseded_by
        while successor in self.removed:
            top = self.removed[successor]
            successor = top.superseded_by
        return top

    def _ended_by_branch(self, memory: Memory) -> bool:
        ending = [one for one in self.audit if one.memory_id == memory.id and one.action in _ENDING]
        return memory.superseded_by is None and bool(ending) and self._is_mine(ending[-1])


def abandoned(tree: Iterable[tuple[str, str | None]], keep: str) -> set[str]:
    """Return the checkpoints of a thread, given with their parents, that do not lead to the one that is kept."""
    parents = dict(tree)
    path: set[str] = set()
    current: str | None = keep
    while current is not None and current not in path:
        path.add(current)
        current = parents.get(current)
    return parents.keys() - path


def _by(entry: AuditEntry) -> str:
    where = f"in thread {entry.thread_id}" if entry.thread_id else "by a call"
    return f"by the {entry.actor} {where}" if entry.actor else where
