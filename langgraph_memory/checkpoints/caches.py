"""What the saver keeps of checkpoints it stored or read last: where each element is, its fingerprint, and its chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from langgraph_memory.cache import Cache, CacheBound
from langgraph_memory.checkpoints.fingerprints import Fingerprints
from langgraph_memory.checkpoints.pieces import Run, continues, tail_of
from langgraph_memory.checkpoints.records import (
    Base,
    ChannelPlace,
    Kind,
    NewVersion,
    Placed,
    StoredChunk,
    StoredVersion,
)

_VERSION, _MARK, _BLOCK, _RUN = 600, 16, 64, 150
"""Bytes that what is known of a version takes, a fingerprint of it, the digest of a block of it, and a run."""


class CachedVersion(NamedTuple):
    """One stored version of a channel.

    `tail` is where the next element goes if nobody was faster; `loose` are the small chunks that end there.
    """

    version: str
    kind: Kind
    fingerprints: Fingerprints
    runs: tuple[Run, ...]
    packed_runs: bytes
    tail: int
    loose: tuple[Run, ...] = ()

    @classmethod
    def read(cls, stored: StoredVersion, fingerprints: Fingerprints, loose: tuple[Run, ...]) -> CachedVersion:
        """Return what is known of a version that was read from the database."""
        return cls(stored.version, stored.kind, fingerprints, stored.runs, stored.value[1], tail_of(stored.runs), loose)

    def base(self, channel: str) -> Base:
        """Return this version as operations compare it with what is stored."""
        return Base(channel, self.version, self.packed_runs, self.tail)


Place = tuple[str, str, str]
"""A checkpoint: thread, namespace, id."""


class _CachedCheckpoint(NamedTuple):
    """What is known of one checkpoint, and which was its parent."""

    versions: Mapping[str, CachedVersion | None]
    parent: Place | None


class CheckpointCache:
    """The versions of the checkpoints used last, by checkpoint; bounded, and safe to share between threads.

    It only says what to compare with: the database decides, inside the transaction, whether it still holds.
    """

    def __init__(self, bound: CacheBound | None = None) -> None:
        self._cache: Cache[Place, _CachedCheckpoint] = Cache(bound or CacheBound())
        self._beginning: dict[str, int] = {}

    def get(self, place: Place) -> Mapping[str, CachedVersion | None] | None:
        """Return the versions of a checkpoint by channel, as far as they are known; None: there is none to build on."""
        found = self._cache.get(place)
        return None if found is None else found.versions

    def has(self, place: Place) -> bool:
        """Return whether a checkpoint was stored here, and not so long ago that it is forgotten."""
        return self._cache.peek(place) is not None

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

    def put(self, place: Place, versions: Mapping[str, CachedVersion | None], parent: Place | None) -> None:
        """Remember a checkpoint; its grandparent is forgotten, because few runs go on from there."""
        self._cache.put(place, _CachedCheckpoint(versions, parent), _bytes_known(versions))
        before = None if parent is None else self._cache.peek(parent)
        if before is not None and before.parent not in (None, place):
            self._cache.drop(before.parent)


def _bytes_known(versions: Mapping[str, CachedVersion | None]) -> int:
    return sum(_VERSION if version is None else _VERSION + _bytes_of(version) for version in versions.values())


def _bytes_of(version: CachedVersion) -> int:
    elements, blocks = version.fingerprints
    return len(elements) * _MARK + len(blocks) * _BLOCK + (len(version.runs) + len(version.loose)) * _RUN


_ROW_BYTES = 200

_address = attrgetter("address")


class _CachedChunks(NamedTuple):
    """The chunks of one version; they may be more than it needs."""

    version: str
    packed_runs: bytes
    chunks: Sequence[StoredChunk]
    size: int

    def is_of(self, version: str, packed_runs: bytes) -> bool:
        return self.version == version and self.packed_runs == packed_runs


_NOTHING = _CachedChunks("", b"", (), 0)


class ChunkCache:
    """The chunks of one version of each channel used last; bounded, and safe to share between threads.

    They are found by the version's random number and its runs, which name lists by random ids: both are read from the
    database each time, and the same runs mean the same elements.
    """

    def __init__(self, bound: CacheBound | None = None) -> None:
        self._cache: Cache[ChannelPlace, _CachedChunks] = Cache(bound or CacheBound())

    def get(self, place: ChannelPlace, version: str, packed_runs: bytes) -> Sequence[StoredChunk] | None:
        """Return the chunks of a version whose runs are these, in the order of their addresses, or None."""
        found = self._cache.get(place) or _NOTHING
        return found.chunks if found.is_of(version, packed_runs) else None

    def keep_read(self, place: ChannelPlace, version: StoredVersion, chunks: Sequence[StoredChunk]) -> None:
        """Keep the chunks of a version that was read, out of all that were read with it."""
        packed_runs = version.value[1]
        if self.get(place, version.version, packed_runs) is None:
            own = [chunk for chunk in chunks if any(map(partial(_touches, chunk), version.runs))]
            self._keep(place, _CachedChunks(version.version, packed_runs, own, _size(own)))

    def keep_stored(self, place: ChannelPlace, new: NewVersion, placed: Placed, base: CachedVersion | None) -> None:
        """Keep the chunks of a version that was stored: its own, and those of the version that it continues."""
        before = _NOTHING if base is None else self._continued(place, placed, base)
        if placed.sealed or new.layout is None or before is None:
            self._cache.drop(place)
            return
        added = [StoredChunk(placed.start + one.offset, one.count, one.value) for one in new.layout.chunks]
        every = [*before.chunks, *added]
        if added and before.chunks and added[0].address < before.chunks[-1].address:
            every.sort(key=_address)
        self._keep(place, _CachedChunks(new.version, placed.packed_runs, every, before.size + _size(added)))

    def _continued(self, place: ChannelPlace, placed: Placed, base: CachedVersion) -> _CachedChunks | None:
        """Return the chunks of a version that another one continues; None where it does not, or they are not here."""
        before = self._cache.peek(place)
        if before is None or not before.is_of(base.version, base.packed_runs):
            return None
        return before if continues(base.runs, placed.runs) else None

    def _keep(self, place: ChannelPlace, chunks: _CachedChunks) -> None:
        self._cache.put(place, chunks, chunks.size)


def _touches(chunk: StoredChunk, run: Run) -> bool:
    return run.first < chunk.address + chunk.count and chunk.address < run.end


def _size(chunks: Sequence[StoredChunk]) -> int:
    return sum(len(chunk.value[1]) + _ROW_BYTES for chunk in chunks)


class Caches(NamedTuple):
    """What one saver keeps at hand, within the bound of its engine."""

    checkpoints: CheckpointCache
    chunks: ChunkCache

    @classmethod
    def of(cls, bound: CacheBound) -> Caches:
        """Return empty caches within a bound."""
        return cls(CheckpointCache(bound), ChunkCache(bound))
