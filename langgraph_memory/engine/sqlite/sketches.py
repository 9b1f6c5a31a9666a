"""Sketches of vectors: 32 bytes that tell nearly every vector from one that is close, so that few are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256
from math import acos, pi, sqrt
from typing import Any

BITS = 256
"""A bit says on which side of a plane through the origin a vector lies (Charikar 2002)."""
_FIRST = 2
"""How many of the four words are looked at first: they leave out nearly all others, so that the rest seldom is."""
_DEVIATIONS = 6.5
"""How far beyond the bits that are expected to differ a close vector is looked for; 1 in 10^10 lies beyond that."""


@dataclass(frozen=True, slots=True)
class Sketches:
    """The sketches of a partition's blocks: the slot of each vector, and its bits in four words."""

    slots: Any
    words: Any

    @classmethod
    def of(cls, blocks: Sequence[tuple[bytes, bytes]]) -> Sketches:
        """Return the (slots, sketches) of some blocks."""
        import numpy as np

        slots = np.frombuffer(b"".join(slots for slots, _ in blocks), dtype="<u4")
        words = np.frombuffer(b"".join(sketches for _, sketches in blocks), dtype="<u8").reshape(-1, BITS // 64)
        return cls(slots, np.ascontiguousarray(words.T))

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return int(self.slots.nbytes + self.words.nbytes)

    def near(self, vector: bytes, least: float) -> Any:
        """Return the slots of the vectors whose cosine with `vector` can be `least` or more, and of few others."""
        import numpy as np

        if not len(self.slots):
            return self.slots
        wanted = np.frombuffer(sketch(vector), dtype="<u8")
        apart = _ones(self.words[0] ^ wanted[0])
        for words, bits in zip(self.words[1:_FIRST], wanted[1:_FIRST], strict=True):
            apart += _ones(words ^ bits)
        found = (apart <= farthest(least, 64 * _FIRST)).nonzero()[0]
        if not len(found):
            return self.slots[found]
        apart = _ones(self.words[:, found] ^ wanted[:, None]).sum(axis=0, dtype="u2")
        return self.slots[found[apart <= farthest(least, BITS)]]


def farthest(least: float, bits: int) -> int:
    """Return in how many bits two vectors of that cosine may differ: each does with a chance of their angle over pi."""
    chance = acos(max(-1.0, min(1.0, least))) / pi
    return int(bits * chance + _DEVIATIONS * sqrt(bits * chance * (1.0 - chance)))


@lru_cache(maxsize=512)  # a vector that is compared when it comes is sealed with many others later
def sketch(vector: bytes) -> bytes:
    """Return the sketch of one packed vector."""
    import numpy as np

    numbers = np.frombuffer(vector, dtype="<f4")
    planes = _planes(len(numbers))
    sides = np.vecdot(planes, numbers) if hasattr(np, "vecdot") else np.einsum("kj,j->k", planes, numbers)
    return np.packbits(sides > 0.0).tobytes()


@lru_cache(maxsize=4)
def _planes(dims: int) -> Any:
    """Return a vector across each plane: the same ones in every process, each number nearly normal."""
    import numpy as np

    drawn = np.frombuffer(shake_256(b"langgraph_memory").digest(4 * dims * BITS), dtype="u1")
    numbers = drawn.reshape(dims, BITS, 4).sum(axis=2, dtype="i4").astype("f4") - np.float32(4 * 127.5)
    return np.ascontiguousarray(numbers.T)


def _ones(words: Any) -> Any:
    """Return how many bits are set in each word."""
    import numpy as np

    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(words)
    bits = np.unpackbits(np.ascontiguousarray(words).view("u1").reshape(*words.shape, 8), axis=-1)  # before numpy 2
    return bits.sum(axis=-1, dtype="u1")
