"""Takes in what another product remembered: each statement as an import, each message as if its thread was read now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from uuid import NAMESPACE_URL, uuid5

from langgraph_memory.database import MemoryDatabase, open_memory
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.memory import Memory, Source, make_memory
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.domain.scope import GLOBAL, check_owner
from langgraph_memory.errors import InvalidMemoryError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.store import CuratedStore
from langgraph_memory.transfer.formats import Foreign, Spoken, Statement, read_foreign
from langgraph_memory.transfer.lines import header, memory_line
from langgraph_memory.views import every

_BATCH = 50
"""Messages of one thread that are promoted together."""


@dataclass(frozen=True, slots=True)
class ForeignReport:
    """What an import from another product did, or with `dry_run` would do.

    `added` are the contents that are new; `known` were there already, `gone` had been forgotten here and stay so,
    `refused` by the guard, `ended` had stopped to hold. `heard` are the contents learnt from the user's `messages`.
    """

    format: str
    dry_run: bool
    added: tuple[str, ...] = ()
    known: int = 0
    gone: int = 0
    refused: int = 0
    ended: int = 0
    messages: int = 0
    heard: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        verb = "would be added" if self.dry_run else "added"
        counts = f"{len(self.added)} statements {verb}, {self.known} known, {self.gone} forgotten here before"
        lines = [f"{self.format}: {counts}, {self.refused} refused, {self.ended} that no longer hold"]
        if self.messages:
            lines.append(f"{len(self.heard)} more heard in {self.messages} messages")
        lines += [f"left out: {what or '(empty)'}: {why}" for what, why in self.left_out]
        return "\n".join(lines)


def take_in(
    memory: MemoryDatabase, path: str, *, owner_id: str, scope: str = GLOBAL, dry_run: bool = False
) -> ForeignReport:
    """Read a file of another product for one owner; what is there already stays, so that a repeat adds nothing.

    Every statement passes the guard, and what was forgotten here does not come back. With `dry_run` it goes into a
    throwaway database: what the guard refuses is told, what is known here already is not. Raises InvalidInputError,
    MissingOwnerError or InvalidScopeError before anything is stored.
    """
    foreign = read_foreign(path)
    check_owner(owner_id)
    if not dry_run:
        return _take_in(memory.store, foreign, owner_id, scope, dry_run=False)
    with open_memory(":memory:", guard=memory.store.settings.guard) as throwaway:
        return _take_in(throwaway.store, foreign, owner_id, scope, dry_run=True)


async def atake_in(
    memory: MemoryDatabase, path: str, *, owner_id: str, scope: str = GLOBAL, dry_run: bool = False
) -> ForeignReport:
    """Same as `take_in`."""
    return await asyncio.to_thread(take_in, memory, path, owner_id=owner_id, scope=scope, dry_run=dry_run)


def _take_in(store: CuratedStore, foreign: Foreign, owner_id: str, scope: str, *, dry_run: bool) -> ForeignReport:
    left_out = list(foreign.left_out)
    holding = [one for one in foreign.statements if one.ended_at is None]
    memories = list(_memories(foreign.format, holding, owner_id, scope, left_out))
    before = {one.id for one in _live(store, owner_id)}
    counts = store.admin.import_([header(datetime.now(UTC)), *map(memory_line, memories)], owner_id=owner_id).counts
    taken_in = _live(store, owner_id)
    added = [one.content for one in taken_in if one.id not in before]
    known_before = {one.id for one in taken_in}
    _hear(store, foreign, owner_id, scope)
    heard = [one.content for one in _live(store, owner_id) if one.id not in known_before]
    return ForeignReport(
        foreign.format,
        dry_run,
        tuple(added),
        counts["known"],
        counts["gone"],
        counts["refused"],
        len(foreign.statements) - len(holding),
        len(foreign.spoken),
        tuple(heard),
        tuple(left_out),
    )


def _memories(
    name: str, statements: Sequence[Statement], owner_id: str, scope: str, left_out: list[tuple[str, str]]
) -> Iterator[Memory]:
    seen = set()
    for one in statements:
        identity = str(uuid5(NAMESPACE_URL, f"{name}/{owner_id}/{scope}/{one.content}"))
        if identity in seen:
            continue
        seen.add(identity)
        at = one.at or datetime.now(UTC)
        try:
            yield make_memory(
                id=identity,
                owner_id=owner_id,
                scope=scope,
                memory_type=one.memory_type,
                content=one.content,
                content_json=None if one.metadata is None else dict(one.metadata),
                context=one.context,
                source=Source(actor="tool", name=name, extractor=f"import:{name}"),
                trust="import",
                confidence=0.7,
                created_at=at,
                updated_at=at,
                valid_from=one.valid_from,
            )
        except InvalidMemoryError as error:
            left_out.append((one.content[:60], str(error)))


def _hear(store: CuratedStore, foreign: Foreign, owner_id: str, scope: str) -> None:
    """Promote what the rules hear in the user's messages; the ledger knows those that were read before."""
    reader = RuleExtractor()
    for thread_id, said in groupby(foreign.spoken, key=lambda one: one.thread_id):
        thread = f"{foreign.format}/{thread_id}"
        place = LedgerPlace(owner_id, thread, reader.name)
        every = [Utterance(message_id=one.message_id, actor="user", text=one.text) for one in _in_order(said)]
        for start in range(0, len(every), _BATCH):
            unread = store.queue.unread(every[start : start + _BATCH], place=place).utterances
            source = Source(thread_id=thread, extractor=f"import:{foreign.format}")
            store.queue.promote(reader.extract(unread), utterances=unread, place=place, scope=scope, source=source)


def _in_order(said: Iterator[Spoken]) -> list[Spoken]:
    return sorted(said, key=lambda one: (one.at is None, one.at or datetime.min.replace(tzinfo=UTC)))


def _live(store: CuratedStore, owner_id: str) -> list[Memory]:
    return list(every(store.list_memories, owner_id=owner_id))
