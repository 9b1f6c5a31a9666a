"""What the operations on threads are given and return, and what the config of a run says of checkpoint and owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import get_checkpoint_id

from langgraph_memory.checkpoints._compat import RUNTIME
from langgraph_memory.checkpoints.pieces import Part, Run
from langgraph_memory.domain.scope import agreed_owner, authenticated_user, owner_named
from langgraph_memory.effects.transaction import Row
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.process import began

Typed = tuple[str, bytes]
"""A serialised and framed value: (type, bytes)."""

Kind = Literal["value", "item", "list", "dict", "snapshot_list"]
"""How a version of a channel is stored: in its own row, as one chunk, or as runs of elements.

The elements of a `snapshot_list` are those of the list inside a `DeltaChannel`'s snapshot.
"""

_NONE: Mapping[str, Any] = {}

SHARED_WRITE = "@elements"
"""The type of a pending write whose value is runs over the elements that it became.

Where some of them had no id yet, their places follow it: `@elements:0,2`.
"""


class CheckpointKey(NamedTuple):
    """Which checkpoint: its thread, its namespace ("" is the root graph) and its id; no id means the newest."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str | None = None

    def columns(self) -> dict[str, Any]:
        """Return the key's columns."""
        return {
            "thread_id": self.thread_id,
            "checkpoint_ns": self.checkpoint_ns,
            "checkpoint_id": self.checkpoint_id,
        }


@dataclass(frozen=True, slots=True)
class NewChunk:
    """`count` elements, serialised together, to be stored at `offset` after the start of a version's new ones.

    `nameless` is what they were as a pending write if a reducer gave some of them their ids: at which places, and the
    value without those ids.
    """

    offset: int
    count: int
    value: Typed
    nameless: tuple[tuple[int, ...], Typed] | None = None


class Seal(NamedTuple):
    """The elements of a stretch of small chunks, serialised as one."""

    stretch: Run
    value: Typed


class Layout(NamedTuple):
    """How the elements of a new version are stored.

    They continue the list that ends at `tail` if it still does, else they start the list `list_id`.
    """

    parts: Sequence[Part]
    chunks: Sequence[NewChunk]
    list_id: int
    tail: int | None = None
    seal: Seal | None = None

    @property
    def fresh(self) -> int:
        """How many elements are new."""
        return sum(chunk.count for chunk in self.chunks)


class NewVersion(NamedTuple):
    """One version of one channel: a `value`, or the `layout` of elements, built on the version `base`.

    `message_ids` are those of the messages among the elements that the version before it may not hold.
    """

    channel: str
    version: str
    kind: Kind
    value: Typed | None = None
    layout: Layout | None = None
    based: bool = False
    message_ids: tuple[str, ...] = ()


class Base(NamedTuple):
    """The version of a channel that new ones are built on, as the writer knows it, and where its list ended."""

    channel: str
    version: str
    packed_runs: bytes
    tail: int


class NewCheckpoint(NamedTuple):
    """One checkpoint to store with the channel versions that are new in it.

    `kept` are the (channel, version) that have a value and were stored before. `replayed_channels` are the delta
    channels that it does not store; they are replayed from the pending writes of its ancestors. `bases` must still be
    what the parent holds. `nested`: a run of another namespace goes on above it. `fenced`: the parent must be the
    newest of its namespace. `owned`: the thread must belong to the owner. `began_at` is since when the
    run is under way.
    """

    key: CheckpointKey
    parent_checkpoint_id: str | None
    run_id: str | None
    owner_id: str | None
    channel_versions: str
    body: Typed
    versions: Sequence[NewVersion] = ()
    bases: Sequence[Base] = ()
    kept: Sequence[tuple[str, str]] = ()
    replayed_channels: Sequence[str] = ()
    nested: bool = False
    fenced: bool = False
    owned: bool = False
    began_at: datetime | None = None

    def layouts(self) -> dict[str, Layout]:
        """Return how the elements are stored of the new versions that have any, by channel."""
        return {one.channel: one.layout for one in self.versions if one.layout is not None}

    def lists_that_grow(self) -> list[str]:
        """Return the channels with new elements of a list, which may be what pending writes became."""
        return [one.channel for one in self.versions if one.kind == "list" and one.layout and one.layout.chunks]


class Placed(NamedTuple):
    """Where a version's elements are: its runs, the start of the new ones, and whether its small chunks were sealed."""

    runs: tuple[Run, ...]
    packed_runs: bytes
    start: int
    sealed: bool


class Stored(NamedTuple):
    """A checkpoint was stored; the place of each version that has elements, by channel."""

    placed: Mapping[str, Placed] = _NONE


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was stored: what it was built on is not there; the `missing` of the kept channels must be stored."""

    missing: tuple[str, ...] = ()


class StoredWrite(NamedTuple):
    """One pending write: task, channel, value, its place among the task's writes, and the task's path."""

    task_id: str
    idx: int
    task_path: str
    channel: str
    value: Typed


class StoredVersion(NamedTuple):
    """One version of one channel as it is stored: a value, or runs; the elements at `nameless` had no id.

    `damage` says what is wrong with its runs: who decodes it is told, and nobody who reads others beside it.
    """

    version: str
    kind: Kind
    value: Typed
    runs: tuple[Run, ...]
    nameless: tuple[int, ...] = ()
    damage: str | None = None


Pending = tuple[str, str, StoredVersion]
"""A pending write as it is stored: (task, channel, value). One that became elements of a list names them."""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """`count` elements from `address`, serialised together."""

    address: int
    count: int
    value: Typed


ChannelPlace = tuple[str, str, str]
"""A channel: thread, namespace, name."""


class StoredCheckpoint(NamedTuple):
    """One checkpoint as it was stored, still serialised."""

    key: CheckpointKey
    parent_checkpoint_id: str | None
    channel_versions: str
    body: Typed
    channels: Mapping[str, StoredVersion]
    writes: Sequence[Pending]
    stored_at: int | None = None


class Page(NamedTuple):
    """Checkpoints with the chunks that their versions are made of, by thread and in the order of their addresses."""

    checkpoints: Sequence[StoredCheckpoint] = ()
    chunks: Mapping[str, Sequence[StoredChunk]] = _NONE


class ReplayedChannel(NamedTuple):
    """What a delta channel is replayed from: the value it starts with, if any, and the writes since, oldest first."""

    seed: StoredVersion | None
    writes: Sequence[Pending]


class Replay(NamedTuple):
    """What delta channels are replayed from, with the chunks of it in the order of their addresses."""

    channels: Mapping[str, ReplayedChannel]
    chunks: Sequence[StoredChunk] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Which checkpoints to list: of one thread or (None) of all, older than `before`, a page after `after`.

    `after` is when the last one of the page before was stored, and its thread.
    """

    thread_id: str | None = None
    checkpoint_ns: str | None = None
    checkpoint_id: str | None = None
    before: CheckpointKey | None = None
    after: tuple[int, str] | None = None
    page: int = 50


def key_of(row: Row) -> CheckpointKey:
    """Return the key of a row."""
    return CheckpointKey(row["thread_id"], row["checkpoint_ns"], row["checkpoint_id"])


def thread_of(config: RunnableConfig) -> str:
    """Return the thread that a config names; raises InvalidInputError where it names none."""
    thread_id = config.get("configurable", {}).get("thread_id")
    if thread_id is None or thread_id == "":
        raise InvalidInputError(
            "no thread was named; run the graph with config={'configurable': {'thread_id': '...'}}."
        )
    return str(thread_id)


def key_of_config(config: RunnableConfig) -> CheckpointKey:
    """Return the checkpoint that a config names; raises InvalidInputError where it names no thread."""
    configurable = config.get("configurable", {})
    named = configurable.get("checkpoint_id")  # a web framework may have made a `UUID` of it
    return CheckpointKey(thread_of(config), configurable.get("checkpoint_ns", ""), str(named) if named else None)


def checkpoint_id_of(config: RunnableConfig) -> str | None:
    """Return the id that a config names; a web framework may have made a `UUID` of it."""
    named = get_checkpoint_id(config)
    return str(named) if named else None


def before_of(before: RunnableConfig, config: RunnableConfig | None) -> CheckpointKey:
    """Return the checkpoint that a listing ends before; its thread is the listed one where it names none."""
    named = {**(config or {}).get("configurable", {}), **before.get("configurable", {})}
    return CheckpointKey(str(named.get("thread_id", "")), named.get("checkpoint_ns") or "", checkpoint_id_of(before))


def config_of(key: CheckpointKey) -> RunnableConfig:
    """Return the config that names a checkpoint."""
    return {"configurable": key.columns()}


def begun_at(config: RunnableConfig | None) -> datetime | None:
    """Return since when the run of a config is under way; None outside of runs."""
    runtime = (config or {}).get("configurable", {}).get(RUNTIME)
    return began(getattr(runtime, "control", None))


def owner_of_run(config: RunnableConfig, metadata: Mapping[str, Any] | None = None) -> str | None:
    """Return whom a run names as its owner, as the nodes find it, or else in its metadata.

    Raises IdentityConflictError.
    """
    configurable = config.get("configurable", {})
    runtime = configurable.get(RUNTIME)
    named = agreed_owner(
        {
            "the server": authenticated_user(getattr(runtime, "server_info", None), configurable),
            "its context": owner_named(getattr(runtime, "context", None)),
            "its configurable": owner_named(configurable),
        }
    )
    named = owner_named(metadata or {}) if named is None else named
    return None if named is None or named == "" else str(named)
