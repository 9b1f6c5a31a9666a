"""Turns the values of channels into versions to store: only what the version before does not hold already."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from langgraph_memory.cache import CacheBound
from langgraph_memory.checkpoints._compat import MESSAGE_TYPES, DeltaSnapshot, without_id
from langgraph_memory.checkpoints.caches import CachedVersion
from langgraph_memory.checkpoints.codec import Codec, keeps_identity
from langgraph_memory.checkpoints.decode import Decoder
from langgraph_memory.checkpoints.fingerprints import Digests, Fingerprinter, Fingerprints, whole_fingerprint
from langgraph_memory.checkpoints.pieces import LIST_ID_BITS, Draft, Part, Run, draft
from langgraph_memory.checkpoints.records import Kind, Layout, NewChunk, NewVersion, Placed, Seal
from langgraph_memory.errors import InvalidInputError

_INLINE = 256
_CHUNK_ELEMENTS = 64
_CHUNK_BYTES = 1 << 18
_LOOSE_BYTES = 1 << 14
_OF_MESSAGES = ("list", "snapshot_list")
"""The kinds of versions whose elements may be messages."""


class Encoded(NamedTuple):
    """A version to store, and what will be known of it once it is."""

    version: NewVersion
    fingerprints: Fingerprints | None = None
    loose: tuple[Run, ...] = ()
    fresh: tuple[Run, ...] = ()

    def known(self, placed: Placed) -> CachedVersion | None:
        """Return what is known of this version now that it has been placed."""
        layout = self.version.layout
        if self.fingerprints is None or layout is None:
            return None
        added = tuple(Run(placed.start + chunk.first, chunk.count) for chunk in self.fresh)
        tail = placed.start + layout.fresh if layout.fresh else layout.tail or 0
        continued = placed.start == layout.tail or not layout.fresh
        loose = (() if placed.sealed or not continued else self.loose) + added
        version, kind = self.version.version, self.version.kind
        return CachedVersion(version, kind, self.fingerprints, placed.runs, placed.packed_runs, tail, loose)


class Encoder:
    """Encodes the channel values of one saver."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._fingerprinter = Fingerprinter(codec)

    def encode(self, channel: str, version: str, value: Any, known: CachedVersion | None) -> Encoded:
        """Return `value` as a version to store, built on the `known` one if that is of the same kind.

        Raises InvalidInputError when the serializer cannot encode it.
        """
        try:
            return self._encode(channel, version, value, known)
        except Exception as error:
            raise unserialisable(channel, error) from error

    def _encode(self, channel: str, version: str, value: Any, known: CachedVersion | None) -> Encoded:
        if channel.startswith("__"):  # LangGraph's own, gone in the next step: it shares nothing with another version
            return Encoded(NewVersion(channel, version, "value", value=self._codec.dump(value)))
        kind, elements = _split(value)
        if kind is not None and elements:
            base = known if known is not None and known.kind == kind else None
            encoded = self._elements(channel, version, kind, elements, base)
            if encoded is not None:
                return encoded
        whole = self._whole(channel, version, value, known)
        named = _message_ids(elements) if kind in _OF_MESSAGES else ()
        return whole._replace(version=whole.version._replace(message_ids=named)) if named else whole

    def fingerprints(self, kind: Kind, value: Any) -> Fingerprints:
        """Return the fingerprints of a value that was read as a version of this kind."""
        if kind == "item":
            return Fingerprints(Digests(whole_fingerprint(self._codec.plain.dumps_typed(value))), [])
        return self._fingerprinter.all(_split(value)[1], None)[0]

    def _whole(self, channel: str, version: str, value: Any, known: CachedVersion | None) -> Encoded:
        plain = self._codec.plain.dumps_typed(value)
        typed = self._codec.serde.dumps_typed(value) if self._codec.encrypts else plain
        if len(plain[1]) <= _INLINE:
            return Encoded(NewVersion(channel, version, "value", value=self._codec.frame(typed)))
        fingerprints = Fingerprints(Digests(whole_fingerprint(plain)), [])
        if (
            known is not None
            and known.kind == "item"
            and known.fingerprints.elements.packed == fingerprints.elements.packed
        ):
            layout = Layout([Part(known.runs[0].first, 1, new=False)], (), _new_list(), known.tail)
            return Encoded(NewVersion(channel, version, "item", layout=layout, based=True), fingerprints)
        chunk = NewChunk(0, 1, self._codec.frame(typed))
        layout = Layout([Part(0, 1, new=True)], [chunk], _new_list())
        return Encoded(NewVersion(channel, version, "item", layout=layout), fingerprints)

    def _elements(
        self, channel: str, version: str, kind: Kind, elements: Sequence[Any], base: CachedVersion | None
    ) -> Encoded | None:
        """Return the version as runs of elements, built on one of its kind; None when it is better stored whole."""
        fingerprints, same, sizes = self._fingerprinter.all(elements, base.fingerprints if base else None)
        if not same and sum(sizes) <= _INLINE:
            return None
        made = _draft(base, fingerprints, sizes, same)
        stored = self._fresh_chunks(kind, elements, made.fresh, sizes, same)
        if stored is None:
            return None
        chunks, fresh = stored
        layout = Layout(made.parts, chunks, _new_list())
        if base is not None:
            layout = layout._replace(tail=base.tail, seal=self._seal(kind, elements, fingerprints, made.parts, base))
        named = _message_ids(elements[index] for index in made.fresh) if kind in _OF_MESSAGES else ()
        new = NewVersion(channel, version, kind, layout=layout, based=base is not None, message_ids=named)
        return Encoded(new, fingerprints, _still_loose(base, layout) if len(fresh) == len(chunks) else (), tuple(fresh))

    def _fresh_chunks(
        self, kind: Kind, elements: Sequence[Any], fresh: Sequence[int], sizes: Sequence[int], same: int
    ) -> tuple[list[NewChunk], list[Run]] | None:
        """Return the new elements in chunks, and the small ones at their end; None where one cannot be stored apart."""
        chunks: list[NewChunk] = []
        loose: list[Run] = []
        for stretch, size in _chunks(fresh, sizes, same):
            values = [elements[fresh[offset]] for offset in range(stretch.first, stretch.end)]
            value = self._dump(kind, values)
            if value is None:
                return None
            chunks.append(NewChunk(stretch.first, stretch.count, value, self._nameless(kind, values)))
            loose = [*loose, stretch] if size <= _LOOSE_BYTES and stretch.count < _CHUNK_ELEMENTS else []
        return chunks, loose

    def _dump(self, kind: Kind, elements: Sequence[Any]) -> tuple[str, bytes] | None:
        value: Any = dict(elements) if kind == "dict" else list(elements)
        typed = self._codec.serde.dumps_typed(value)
        if keeps_identity(typed):
            return None
        return self._codec.frame(typed)

    def _nameless(self, kind: Kind, elements: Sequence[Any]) -> tuple[tuple[int, ...], tuple[str, bytes]] | None:
        """Return what elements were before `add_messages` gave some of them an id: at which places, and the value."""
        if kind != "list" or self._codec.encrypts:
            return None
        places = tuple(at for at, one in enumerate(elements) if type(one) in MESSAGE_TYPES and _is_given(one.id))
        if not places:
            return None
        before = list(elements)
        for place in places:
            before[place] = without_id(before[place])
        value = self._dump(kind, before)
        return None if value is None else (places, value)

    def _seal(
        self,
        kind: Kind,
        elements: Sequence[Any],
        fingerprints: Fingerprints,
        parts: Sequence[Part],
        base: CachedVersion,
    ) -> Seal | None:
        """Return the small chunks at the end of the list as one, when there are enough and all are in this version.

        What older checkpoints hold is written again here, so the elements are fingerprinted once more after they were
        serialised: a node that runs meanwhile may have changed one in place.
        """
        if not _is_due(base.loose):
            return None
        stretch = Run(base.loose[0].first, base.loose[-1].end - base.loose[0].first)
        index = 0
        for part in parts:
            if not part.new and part.first <= stretch.first and stretch.end <= part.first + part.count:
                at = index + stretch.first - part.first
                sealed = elements[at : at + stretch.count]
                value = self._dump(kind, sealed)
                unchanged = [self._fingerprinter.one(one)[0] for one in sealed] == list(
                    fingerprints.elements[at : at + stretch.count]
                )
                return Seal(stretch, value) if value is not None and unchanged else None
            index += part.count
        return None


def _draft(base: CachedVersion | None, fingerprints: Fingerprints, sizes: Sequence[int], same: int) -> Draft:
    """Return the new version over the one it is built on, of which so many leading elements are the same."""
    if base is None:
        return draft((), (), fingerprints.elements, sizes)
    if same == len(base.fingerprints.elements):
        return draft(base.fingerprints.elements, base.runs, fingerprints.elements, sizes, same)
    return draft(list(base.fingerprints.elements), base.runs, list(fingerprints.elements), sizes, same)


def _split(value: Any) -> tuple[Kind | None, Sequence[Any]]:
    """Return how a value is split and its elements; only a list or a dict proper is, so that its type stays exact."""
    if type(value) is list:
        return "list", value
    if type(value) is dict:
        return ("dict", list(value.items())) if all(type(key) is str for key in value) else (None, ())
    if type(value) is DeltaSnapshot and type(value.value) is list:
        return "snapshot_list", value.value
    return None, ()


def _chunks(fresh: Sequence[int], sizes: Sequence[int], same: int) -> Iterator[tuple[Run, int]]:
    """Yield stretches of the new elements, each small enough to be read on its own, with their bytes."""
    first = size = 0
    for offset, index in enumerate(fresh):
        grown = size + (sizes[index - same] if index >= same else 0)
        if offset > first and (offset - first >= _CHUNK_ELEMENTS or grown > _CHUNK_BYTES):
            yield Run(first, offset - first), size
            first, grown = offset, grown - size
        size = grown
    if len(fresh) > first:
        yield Run(first, len(fresh) - first), size


def _is_due(loose: Sequence[Run]) -> bool:
    """Return whether small chunks that follow each other are enough to be sealed; if they cannot be, others start."""
    return bool(loose) and loose[-1].end - loose[0].first >= _CHUNK_ELEMENTS


def _still_loose(base: CachedVersion | None, layout: Layout) -> tuple[Run, ...]:
    """Return the small chunks of the version before that new ones follow, unless they are too many and not sealed."""
    return base.loose if base and (layout.seal is not None or not _is_due(base.loose)) else ()


def _message_ids(elements: Iterable[Any]) -> tuple[str, ...]:
    """Return the ids of the messages among some elements."""
    return tuple(one.id for one in elements if type(one) in MESSAGE_TYPES and type(one.id) is str)


def _is_given(name: Any) -> bool:
    """Return whether a message's id is such as `add_messages` gives; models name theirs otherwise."""
    return type(name) is str and len(name) == 36 and name.count("-") == 4


# A generator of its own, because a program may seed the module's and would then get the same lists twice.
_random = random.Random()  # noqa: S311
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def _new_list() -> int:
    return _random.getrandbits(LIST_ID_BITS)


def unserialisable(channel: str, error: Exception) -> InvalidInputError:
    """Return the error to raise for a value that the serializer cannot encode."""
    return InvalidInputError(f"a value of channel {channel!r} cannot be serialised ({error}); nothing was stored.")


def may_share(value: Any) -> bool:
    """Return whether a value may be large enough to share anything with the version before it."""
    if value is None or isinstance(value, (bool, int, float)):
        return False
    return len(value) > _INLINE if isinstance(value, (str, bytes)) else True


def loose_chunks(chunks: Sequence[Run], tail: int) -> tuple[Run, ...]:
    """Return the small chunks that follow each other up to `tail`."""
    found: list[Run] = []
    end = tail
    for chunk in reversed([chunk for chunk in chunks if chunk.first < tail]):
        if chunk.end != end or chunk.count >= _CHUNK_ELEMENTS:
            break
        found.append(chunk)
        end = chunk.first
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Values:
    """What turns the values of one saver's channels into stored versions and back."""

    codec: Codec
    encoder: Encoder
    decoder: Decoder

    @classmethod
    def of(cls, codec: Codec, bound: CacheBound) -> Values:
        """Return the encoder and the decoder of a codec; what was decoded last is kept within a bound."""
        return cls(codec, Encoder(codec), Decoder(codec, bound))
