"""What the saver remembers of checkpoints it stored or read: where each element is, and its fingerprint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from langgraph_memory.domain.pieces import Run, tail_of
from langgraph_memory.forked import Locked
from langgraph_memory.plans.threads.records import Base, Kind, StoredVersion
from langgraph_memory.state.marks import Marks

_MOST_CHECKPOINTS = 1024
_MOST_ELEMENTS = 400_000  # about 25 MB of fingerprints


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


class KnownCheckpoints(Locked):
    """The versions of the checkpoints used last, by checkpoint; bounded, and safe to share between threads.

    It only says what to compare with: the database decides, inside the transaction, whether it still holds.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Place, Mapping[str, KnownVersion | None]] = OrderedDict()
        self._latest: dict[tuple[str, str], Place] = {}
        self._beginning: dict[str, int] = {}
        self._elements = 0
        super().__init__()

    def get(self, place: Place) -> Mapping[str, KnownVersion | None] | None:
        """Return the versions of a checkpoint by channel, as far as they are known; None: there is none to build on."""
        with self._lock:
            found = self._known.get(place)
            if found is not None:
                self._known.move_to_end(place)
            return found

    def has(self, place: Place) -> bool:
        """Return whether a checkpoint was stored here, and not so long ago that it is forgotten."""
        return place in self._known

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
        with self._lock:
            self._drop(place)
            self._known[place] = versions
            self._elements += _size(versions)
            if parent is not None:
                before = self._latest.pop(parent[:2], None)
                if before is not None and before not in (place, parent):
                    self._drop(before)
                self._latest[place[:2]] = parent
            while len(self._known) > _MOST_CHECKPOINTS or (self._elements > _MOST_ELEMENTS and len(self._known) > 1):
                self._drop(next(iter(self._known)))

    def forget(self, place: Place) -> None:
        """Forget a checkpoint."""
        with self._lock:
            self._drop(place)

    def _drop(self, place: Place) -> None:
        gone = self._known.pop(place, None)
        if gone is not None:
            self._elements -= _size(gone)
            self._latest.pop(place[:2], None)


def _size(versions: Mapping[str, KnownVersion | None]) -> int:
    return sum(len(version.marks.elements) for version in versions.values() if version is not None)
