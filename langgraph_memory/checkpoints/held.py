"""The chunks of the versions stored or read last, as they are stored: what is at hand need not be read again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from langgraph_memory.cache import Cache, CacheBound
from langgraph_memory.checkpoints.known import KnownVersion
from langgraph_memory.checkpoints.records import ChannelPlace, NewVersion, Placed, StoredChunk, StoredVersion
from langgraph_memory.domain.pieces import Run, continues

_ROW_BYTES = 200

_address = attrgetter("address")


class _Held(NamedTuple):
    """The chunks of one version; they may be more than it needs."""

    version: str
    packed_runs: bytes
    chunks: Sequence[StoredChunk]
    size: int

    def is_of(self, version: str, packed_runs: bytes) -> bool:
        return self.version == version and self.packed_runs == packed_runs


_NOTHING = _Held("", b"", (), 0)


class Held:
    """The chunks of one version of each channel used last; bounded, and safe to share between threads.

    They are found by the version's random number and its runs, which name lists by random ids: both are read from the
    database each time, and the same runs mean the same elements.
    """

    def __init__(self, bound: CacheBound | None = None) -> None:
        self._held: Cache[ChannelPlace, _Held] = Cache(bound or CacheBound())

    def of(self, place: ChannelPlace, version: str, packed_runs: bytes) -> Sequence[StoredChunk] | None:
        """Return the chunks of a version whose runs are these, in the order of their addresses, or None."""
        found = self._held.get(place) or _NOTHING
        return found.chunks if found.is_of(version, packed_runs) else None

    def read(self, place: ChannelPlace, version: StoredVersion, chunks: Sequence[StoredChunk]) -> None:
        """Hold the chunks of a version that was read, out of all that were read with it."""
        packed_runs = version.value[1]
        if self.of(place, version.version, packed_runs) is None:
            own = [chunk for chunk in chunks if any(map(partial(_touches, chunk), version.runs))]
            self._hold(place, _Held(version.version, packed_runs, own, _size(own)))

    def stored(self, place: ChannelPlace, new: NewVersion, placed: Placed, base: KnownVersion | None) -> None:
        """Hold the chunks of a version that was stored: its own, and those of the version that it continues."""
        before = _NOTHING if base is None else self._held.peek(place) or _NOTHING
        goes_on = base is None or (before.is_of(base.version, base.packed_runs) and continues(base.runs, placed.runs))
        if placed.sealed or new.layout is None or not goes_on:
            self._held.drop(place)
            return
        added = [StoredChunk(placed.start + one.offset, one.count, one.value) for one in new.layout.chunks]
        every = [*before.chunks, *added]
        if added and before.chunks and added[0].address < before.chunks[-1].address:
            every.sort(key=_address)
        self._hold(place, _Held(new.version, placed.packed_runs, every, before.size + _size(added)))

    def _hold(self, place: ChannelPlace, held: _Held) -> None:
        self._held.put(place, held, held.size)


def _touches(chunk: StoredChunk, run: Run) -> bool:
    return run.first < chunk.address + chunk.count and chunk.address < run.end


def _size(chunks: Sequence[StoredChunk]) -> int:
    return sum(len(chunk.value[1]) + _ROW_BYTES for chunk in chunks)
