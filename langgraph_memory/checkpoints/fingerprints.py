"""Fingerprints of elements: what has not changed need not be serialised again.

They are made of the content, so that a value changed in place is noticed, and they are kept in memory only.

The proof that elements are unchanged: the digest of a block of 64 messages covers, of each, its class, its `__dict__`
and its extra attributes, packed as the serializer packs them. So it is another one for `True` in place of `1`, for a
key that was added by hand, or for a change at any depth; what cannot be packed so is serialised one by one and compared
by those bytes. Packing and hashing takes 0.4 microseconds a message. Holding every field by reference and comparing
those would take 0.25, because the containers among them must still be walked, and would keep every message in memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import ormsgpack
from xxhash import xxh3_128_digest

from langgraph_memory.checkpoints._compat import MESSAGE_TYPES, extra_of, fields_of
from langgraph_memory.checkpoints.codec import Codec, Typed

BLOCK = 64
_DIGEST = 16  # bytes

_SEED = secrets.randbits(60)
_MESSAGE, _VALUE, _SERIALISED, _WHOLE = range(_SEED, _SEED + 4)

# As the serializer packs, so that two values have one fingerprint only if they have the same bytes.
_OPTION = (
    ormsgpack.OPT_NON_STR_KEYS
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_UUID
    | ormsgpack.OPT_REPLACE_SURROGATES
)


class Digests(Sequence[bytes]):
    """Fingerprints one after another in one piece: to copy a list of thousands would be to touch every one of them."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed) // _DIGEST

    def __iter__(self) -> Iterator[bytes]:
        return (self.packed[at : at + _DIGEST] for at in range(0, len(self.packed), _DIGEST))

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Digests: ...

    def __getitem__(self, index: int | slice) -> bytes | Digests:
        places = range(0, len(self.packed), _DIGEST)[index]
        if isinstance(places, int):
            return self.packed[places : places + _DIGEST]
        return Digests(b"".join(self.packed[at : at + _DIGEST] for at in places))


class Fingerprints(NamedTuple):
    """The fingerprint of each element, and one for each block of 64 of them that could be packed at once."""

    elements: Digests
    blocks: list[bytes | None]


class Fingerprinter:
    """Fingerprints the elements of sequences that one codec serialises."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def all(self, elements: Sequence[Any], known: Fingerprints | None) -> tuple[Fingerprints, int, list[int]]:
        """Return the fingerprints, how many leading elements equal the known ones, and the bytes of each other one."""
        same = 0 if known is None else self._same(elements, known)
        digests = [b"" if known is None else known.elements.packed[: same * _DIGEST]]
        sizes: list[int] = []
        for element in elements[same:] if same else elements:
            digest, size = self.one(element)
            digests.append(digest)
            sizes.append(size)
        first = same // BLOCK
        blocks = [] if known is None else known.blocks[:first]
        blocks += [self._block(elements[at : at + BLOCK]) for at in range(first * BLOCK, len(elements), BLOCK)]
        return Fingerprints(Digests(b"".join(digests)), blocks), same, sizes

    def one(self, element: Any) -> tuple[bytes, int]:
        """Return the fingerprint of one element and how many bytes it packs to."""
        if self._codec.packs:
            try:
                packed, seed = _pack(element)
            except ormsgpack.MsgpackEncodeError:
                pass  # it holds an object that only the serializer knows how to pack
            else:
                return xxh3_128_digest(packed, seed), len(packed)
        packed = self._codec.plain.dumps_typed([element])[1]
        return xxh3_128_digest(packed, _SERIALISED), len(packed)

    def _same(self, elements: Sequence[Any], known: Fingerprints) -> int:
        """Return how many leading elements are certainly equal to the known ones, by whole blocks."""
        total, count = len(known.elements), len(elements)
        for number, digest in enumerate(known.blocks):
            at = number * BLOCK
            stop = min(at + BLOCK, total)
            if digest is None or count < stop or self._block(elements[at:stop]) != digest:
                return at
        return total

    def _block(self, elements: Sequence[Any]) -> bytes | None:
        if not self._codec.packs:
            return None
        try:
            packed, seed = _pack_block(elements)
        except ormsgpack.MsgpackEncodeError:
            return None
        return xxh3_128_digest(packed, seed)


def whole_fingerprint(typed: Typed) -> bytes:
    """Return the fingerprint of a value that was serialised whole."""
    return xxh3_128_digest(typed[0].encode() + b"\x00" + typed[1], _WHOLE)


def _pack(element: Any) -> tuple[bytes, int]:
    if type(element) is tuple and len(element) == 2 and type(element[1]) in MESSAGE_TYPES:
        return ormsgpack.packb((element[0], _message(element[1])), option=_OPTION), _MESSAGE
    if type(element) in MESSAGE_TYPES:
        return ormsgpack.packb(_message(element), option=_OPTION), _MESSAGE
    return ormsgpack.packb(element, option=_OPTION), _VALUE


def _message(message: Any) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    return MESSAGE_TYPES[type(message)], fields_of(message), extra_of(message)


def _pack_block(elements: Sequence[Any]) -> tuple[bytes, int]:
    kinds = tuple(map(type, elements))
    if not MESSAGE_TYPES.keys() >= set(kinds):
        return ormsgpack.packb(elements, option=_OPTION), _VALUE
    extras = list(map(extra_of, elements)) if any(map(extra_of, elements)) else None
    image = [hash(kinds), list(map(fields_of, elements)), extras]
    return ormsgpack.packb(image, option=_OPTION), _MESSAGE
