"""Puts values together from what is stored."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from langgraph.checkpoint.serde.types import _DeltaSnapshot

from langgraph_memory.cache import CacheBound
from langgraph_memory.checkpoints.chunks import Chunk, Chunks, Shared
from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.checkpoints.records import StoredChunk, StoredVersion
from langgraph_memory.domain.pieces import Run


class Decoder:
    """Decodes the channel values of one saver."""

    def __init__(self, codec: Codec, bound: CacheBound | None = None) -> None:
        self._codec = codec
        self._chunks = Chunks(codec, bound or CacheBound())

    def value(self, version: StoredVersion, items: Sequence[StoredChunk], shared: Shared | None = None) -> Any:
        """Return the value of a version; it shares nothing mutable with any other that was returned.

        But those that are given the same `shared` copies share them. `items` are those of its thread, in the order of
        their addresses. Raises ValueError when one is missing, or the version damaged.
        """
        if version.kind == "value":
            return self._codec.load(version.value)
        if version.damage is not None:
            raise ValueError(version.damage)
        elements: list[Any] = []
        for run in version.runs:
            self._extend(elements, run, version.kind, items, None if version.nameless else shared)
        for place in version.nameless:
            elements[place].__dict__["id"] = None
        if version.kind == "item":
            return elements[0]
        if version.kind == "dict":
            return dict(elements)
        return elements if version.kind == "list" else _DeltaSnapshot(elements)

    def _extend(
        self, elements: list[Any], run: Run, kind: str, items: Sequence[StoredChunk], shared: Shared | None
    ) -> None:
        place = bisect_right(items, run.first, key=_address) - 1
        position, end = run.first, run.end
        while position < end:
            item = items[place] if 0 <= place < len(items) else None
            if item is None or not item.address <= position < item.address + item.count:
                raise ValueError("some of its elements are missing")
            copies = _copies(self._chunks.get(kind, item.value), shared)
            if len(copies) != item.count:
                raise ValueError("some of its elements are missing")
            elements += copies if item.count == 1 else copies[position - item.address : end - item.address]
            position = item.address + item.count
            place += 1


def _copies(chunk: Chunk, shared: Shared | None) -> Sequence[Any]:
    if shared is None:
        return chunk.copy()
    return shared.get(chunk) or shared.setdefault(chunk, chunk.copy())


def _address(item: StoredChunk) -> int:
    return item.address
