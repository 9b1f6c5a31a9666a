"""What the saver remembers of checkpoints it stored or read: where each element is, and its fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from langgraph_memory.cache import Cache, CacheBound
from langgraph_memory.checkpoints.marks import Marks
from langgraph_memory.checkpoints.records import Base, Kind, StoredVersion
from langgraph_memory.domain.pieces import Run, tail_of

_VERSION, _MARK, _BLOCK, _RUN = 600, 16, 64, 150
"""Bytes that what is known of a version takes, a fingerprint of it, the digest of a block of it, and a run."""


class KnownVersion(NamedTuple):
    """One stored version of a channel.

    `tail` is where the next element goes if nobody was faster; `loose` are the small chunks that end there.
    """

    version: str
    kind: Kind
    marks: Marks
    runs: tuple[Run, ...]
    packed_runs: bytes
    tail: int
    loose: tuple[Run, ...] = ()

    @classmethod
    def read(cls, stored: StoredVersion, marks: Marks, loose: tuple[Run, ...]) -> KnownVersion:
        """Return what is known of a version that was read from the database."""
        return cls(stored.version, stored.kind, marks, stored.runs, stored.value[1], tail_of(stored.runs), loose)

    def base(self, channel: str) -> Base:
        """Return this version as the plans compare it with what is stored."""
        return Base(channel, self.version, self.packed_runs, self.tail)


Place = tuple[str, str, str]
"""A checkpoint: thread, namespace, id."""


class _Known(NamedTuple):
    """What is known of one checkpoint, and which was its parent."""

    versions: Mapping[str, KnownVersion | None]
    parent: Place | None


class KnownCheckpoints:
    """The versions of the checkpoints used last, by checkpoint; bounded, and safe to share between threads.

    It only says what to compare with: the database decides, inside the transaction, whether it still holds.
    """

    def __init__(self, bound: CacheBound | None = None) -> None:
        self._known: Cache[Place, _Known] = Cache(bound or CacheBound())
        self._beginning: dict[str, int] = {}

    def get(self, place: Place) -> Mapping[str, KnownVersion | None] | None:
        """Return the versions of a checkpoint by channel, as far as they are known; None: there is none to build on."""
        found = self._known.get(place)
        return None if found is None else found.versions

    def has(self, place: Place) -> bool:
        """Return whether a checkpoint was stored here, and not so long ago that it is forgotten."""
        return self._known.peek(place) is not None

    @contextmanager
    def beginning(self, thread_id: str) -> Iterator[None]:
        """Know a thread as one whose first checkpoint is on its way, which its pending writes may overtake."""
        self._beginning[thread_id] = self._beginning.get(thread_id, 0) + 1
        try:
            yield
        finally:
            self._beginning[thread_id] -= 1
            if not self._beginning[thread_id]:
                del self._beginning[thread_id]

    def begins(self, thread_id: str) -> bool:
        """Return whether the first checkpoint of a thread is on its way."""
        return thread_id in self._beginning

    def put(self, place: Place, versions: Mapping[str, KnownVersion | None], parent: Place | None) -> None:
        """Remember a checkpoint; its grandparent is forgotten, because few runs go on from there."""
        self._known.put(place, _Known(versions, parent), _size(versions))
        before = None if parent is None else self._known.peek(parent)
        if before is not None and before.parent not in (None, place):
            self._known.drop(before.parent)

    def forget(self, place: Place) -> None:
        """Forget a checkpoint."""
        self._known.drop(place)


def _size(versions: Mapping[str, KnownVersion | None]) -> int:
    return sum(_VERSION if version is None else _VERSION + _bytes_of(version) for version in versions.values())


def _bytes_of(version: KnownVersion) -> int:
    elements, blocks = version.marks
    return len(elements) * _MARK + len(blocks) * _BLOCK + (len(version.runs) + len(version.loose)) * _RUN
