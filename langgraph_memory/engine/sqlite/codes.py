"""Vectors in one byte for each number: what every vector is compared by, and how far off such a comparison can be.

A number is stored as a whole count of steps, the largest of a vector being 127 of them. What is left of a vector is no
longer than its bound, so the true product with a query differs from that of the codes by the bound times the query's
length at most (Cauchy and Schwarz), the true distance by the bound (triangle inequality). Bounds allow for the
rounding of float32 on both sides.

Why not float32 alone: 10,000 vectors of 384 numbers are read from the file in 2 ms of CPU time instead of 17 (6 if
float32 stood in blocks too), 100,000 in 19 instead of 164 (56). Of the latter codes take 41 MB in place of 157, which
is more than all caches may hold together, so that each query would read them anew. In memory float32 is compared
twice as fast, which is why few vectors that are asked for often are kept as they are. `python -m
tests.bench.vector_codes` prints it.

Before them come sketches: 32 bytes that tell nearly every vector from one that is close, so that few are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


MOST = 127
_TOGETHER = 1024
"""How many vectors are made numbers again at once: few enough to stay in the processor's cache."""
_NOTHING = 1e-18
"""How far off a float32 may be beside that: a square of less is zero."""
_UNIT = 2.0**-24
"""How far a float32 is rounded, at most, in proportion."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of some vectors: the slot of each, its counts, what one is worth, and the bound of what is left."""

    slots: Any
    counts: Any
    steps: Any
    bounds: Any

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return sum(int(array.nbytes) for array in self.arrays)

    @property
    def arrays(self) -> tuple[Any, ...]:
        """All of them, each with one entry for a vector."""
        return (self.slots, self.counts, self.steps, self.bounds)

    def joined(self, other: Codes) -> Codes:
        """Return these codes and then those of another."""
        import numpy as np

        pairs = zip(self.arrays, other.arrays, strict=True)
        return Codes(*(np.concatenate(pair) for pair in pairs))

    def compare(self, query: Any, metric: str, scores: Any, slack: Any) -> None:
        """Note how close each vector is about, greater is closer, and how much closer or less so it may be."""
        import numpy as np

        length = float(np.linalg.norm(query.astype("f8")))
        with np.errstate(over="ignore", invalid="ignore"):
            if metric == "l2":
                np.add(self.bounds, np.float32(_allowance(len(query)) * length + _NOTHING), out=slack)
                self._distances(query, scores, slack)
            else:
                self._products(query, scores)
                np.multiply(self.bounds, np.float32(length * (1.0 + 8 * _UNIT)), out=slack)
                np.add(slack, np.float32(_NOTHING), out=slack)

    def _products(self, query: Any, found: Any) -> None:
        """Find the dot product of each vector with a query.

        One by one, by `matmul` of a stack: a product of a whole matrix starts threads, which wait for each other on
        busy processors for tens of milliseconds.
        """
        import numpy as np

        column = query[:, None]
        for part, numbers in self._parts():
            np.matmul(numbers[:, None, :], column, out=found[part, None, None])
        found *= self.steps

    def _distances(self, query: Any, found: Any, slack: Any) -> None:
        """Find minus the distance of each vector to a query, from the differences: it may be next to nothing.

        What is left of a vector is across nearly every direction: the distance to its codes is longer by the bound, as
        the longest side of a right triangle is. What is taken off for that adds to the slack.
        """
        import numpy as np

        for part, numbers in self._parts():
            np.multiply(numbers, self.steps[part, None], out=numbers)
            np.subtract(numbers, query, out=numbers)
            square = np.einsum("ij,ij->i", numbers, numbers)
            likely = np.sqrt(np.maximum(square - self.bounds[part] ** 2, 0.0))
            slack[part] += np.sqrt(square) - likely
            np.negative(likely, out=found[part])

    def _parts(self) -> Iterator[tuple[slice, Any]]:
        """Yield parts of the vectors as float32; each is overwritten by the next."""
        import numpy as np

        size, dims = self.counts.shape
        numbers = np.empty((min(size, _TOGETHER), dims), dtype="f4")
        for start in range(0, size, _TOGETHER):
            counts = self.counts[start : start + _TOGETHER]
            np.copyto(numbers[: len(counts)], counts)
            yield slice(start, start + len(counts)), numbers[: len(counts)]


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes the codes of a partition block by block: memory that is new costs more than to copy."""

    codes: Codes
    filled: list[int]

    @classmethod
    def of(cls, most: int, dims: int) -> Reader:
        """Return a reader with room for `most` vectors."""
        import numpy as np

        arrays = (np.empty(most, "<u4"), np.empty((most, dims), "i1"), np.empty(most, "<f4"), np.empty(most, "<f4"))
        return cls(Codes(*arrays), [0])

    def add(self, slots: bytes, bounds: bytes, counts: bytes) -> None:
        """Take one block."""
        import numpy as np

        start, size = self.filled[0], len(slots) // 4
        place = slice(start, start + size)
        self.codes.slots[place] = np.frombuffer(slots, dtype="<u4")
        self.codes.counts[place] = np.frombuffer(counts, dtype="i1").reshape(size, -1)
        self.codes.steps[place], self.codes.bounds[place] = np.frombuffer(bounds, dtype="<f4").reshape(size, 2).T
        self.filled[0] = start + size

    def read(self) -> Codes:
        """Return what was taken."""
        return Codes(*(array[: self.filled[0]] for array in self.codes.arrays))


def encode(vectors: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the bounds and the codes of packed vectors of one size, as a block holds them; an empty one is zero."""
    import numpy as np

    dims = max(map(len, vectors)) // 4
    numbers = np.frombuffer(b"".join(one or bytes(4 * dims) for one in vectors), dtype="<f4").reshape(-1, dims)
    exact = numbers.astype("f8")
    steps = (np.abs(exact).max(axis=1) / MOST).astype("<f4")
    with np.errstate(divide="ignore", invalid="ignore"):
        counts = np.where(steps[:, None] > 0.0, np.rint(exact / steps[:, None]), 0.0).clip(-MOST, MOST).astype("i1")
    left = np.linalg.norm(exact - counts * steps[:, None].astype("f8"), axis=1)
    bounds = left * (1.0 + 8 * _UNIT) + _allowance(dims) * np.linalg.norm(exact, axis=1)
    with np.errstate(over="ignore"):
        rounded = np.nextafter(bounds.astype("<f4"), np.float32(np.inf)) * (bounds > 0.0)
    return np.stack([steps, rounded.astype("<f4")], axis=1).tobytes(), counts.tobytes()


def _allowance(dims: int) -> float:
    """Return what a comparison of float32 may be off, in proportion to the lengths, on both sides together."""
    return 4 * (dims + 8) * _UNIT
