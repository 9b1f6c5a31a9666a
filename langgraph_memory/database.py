"""`open_memory`: one database, with the checkpointer and the store on it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.store.base import IndexConfig, TTLConfig

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.engine.base import Engine
from langgraph_memory.engine.opening import Opening
from langgraph_memory.flows import rewind
from langgraph_memory.store import CuratedStore


@dataclass(frozen=True, slots=True)
class MemoryDatabase:
    """An open database: `checkpointer` keeps threads, `store` keeps memories."""

    checkpointer: ThreadSaver
    store: CuratedStore

    def retract_branch(
        self, thread_id: str, *, owner_id: str, keep: str | None = None, dry_run: bool = True
    ) -> Retraction:
        """Take back what a thread taught on the branches that were left behind; first as a preview.

        `keep` is the newest checkpoint of the branch that counts, by default the thread's newest: right after a
        rewind, before anything is said, name the checkpoint that was rewound to. What the other checkpoints did to
        the owner's memories is taken back as by `CuratedStore.retract`; the checkpoints themselves stay.

        Raises MissingOwnerError, or InvalidInputError when the thread has no such checkpoint.
        """
        return self.store._runner.run(rewind.retract_branch(thread_id, owner_id, keep, dry_run, self.store._settings))

    async def aretract_branch(
        self, thread_id: str, *, owner_id: str, keep: str | None = None, dry_run: bool = True
    ) -> Retraction:
        """Same as `retract_branch`."""
        return await self.store._runner.arun(
            rewind.retract_branch(thread_id, owner_id, keep, dry_run, self.store._settings)
        )

    def delete_for_runs(self, run_ids: Sequence[str], *, owner_id: str, dry_run: bool = True) -> Retraction:
        """Delete the checkpoints that some runs made and take back what they taught an owner, both or neither.

        First as a preview. Raises MissingOwnerError or InvalidInputError.
        """
        return self.store._runner.run(rewind.delete_runs(owner_id, run_ids, dry_run, self.store._settings))

    async def adelete_for_runs(self, run_ids: Sequence[str], *, owner_id: str, dry_run: bool = True) -> Retraction:
        """Same as `delete_for_runs`."""
        return await self.store._runner.arun(rewind.delete_runs(owner_id, run_ids, dry_run, self.store._settings))


def open_memory(
    conn_string: str | os.PathLike[str],
    *,
    index: IndexConfig | None = None,
    ttl: TTLConfig | None = None,
    serde: SerializerProtocol | None = None,
    allowed_classes: Iterable[type | tuple[str, ...]] = (),
    fence: bool = False,
    memory_types: Iterable[MemoryType] = (),
    guard: GuardPolicy | None = None,
    **options: Any,
) -> Opening[MemoryDatabase]:
    """Open a database with `with` or `async with`, creating and migrating it when needed.

    `conn_string` is a file path, a `sqlite:///` URL or `":memory:"`. `index` and `ttl` mean what they mean in
    LangGraph. `serde` serialises thread state; without one it is strict msgpack, and `allowed_classes` names the
    classes of your own that may be restored from it. `fence` refuses a second writer that continues the same
    checkpoint. `memory_types` adds types of your own, `guard` says what becomes of personal data. `options` go to the
    engine: for SQLite `synchronous` ("NORMAL" survives a killed process, "FULL" a power loss too) and `busy_timeout`
    in seconds.

    Raises ConnectionStringError, InvalidInputError, MissingExtraError or a DatabaseError.
    """

    def build(engine: Engine) -> MemoryDatabase:
        return MemoryDatabase(
            ThreadSaver(engine, serde=serde, allowed_classes=allowed_classes, fence=fence),
            CuratedStore(engine, index=index, ttl=ttl, memory_types=memory_types, guard=guard),
        )

    return Opening(conn_string, options, build)
