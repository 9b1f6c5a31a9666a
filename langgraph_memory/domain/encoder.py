"""A small transformer that reads a message as a whole, and judges whether a part of it says something lasting.

Two layers of all-MiniLM-L6-v2 (Apache-2.0), trained on by `tests/train_encoder.py` on the labelled messages of
tests/data/hear; post-norm layers as in BERT (Devlin et al., 2019), here in numpy. Weights are of four bits, with a
scale for each GROUP of them. What a word piece is to the first layer is made of its word vector and of a product code
of what that leaves out (Jegou et al., 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from langgraph_memory.domain.search.meaning import word_vectors
from langgraph_memory.domain.search.vectors import numpy

WEIGHTS: Final = Path(__file__).with_name("encoder.npz")
WIDTH: Final = 384
HEADS: Final = 12
LONGEST: Final = 128
"""Pieces that are read at once, with the marks of beginning and end."""
BEFORE: Final = 40
"""Pieces that are read before a part of a longer message."""
GROUP: Final = 64
UNKNOWN, BEGIN, END = -1, -2, -3
"""Places of what is no piece."""
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Piece:
    """A word piece: its place in the table of word vectors, negative if it has none, and where its word stands."""

    place: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layer:
    """The matrices of one layer, and what is added to what they give."""

    attend: Any
    attend_bias: Any
    out: Any
    out_bias: Any
    first_norm: Any
    up: Any
    up_bias: Any
    down: Any
    down_bias: Any
    second_norm: Any


@dataclass(frozen=True, slots=True)
class Encoder:
    """The weights: `lift` and `lift_bias` make a state of a word vector, `codes` number what `books` add to it."""

    lift: Any
    lift_bias: Any
    codes: Any
    books: Any
    marks: Any
    positions: Any
    norm: Any
    layers: tuple[Layer, ...]
    head: Any

    def judge(self, read: Any, part: Sequence[int]) -> float:
        """Return how likely a part (numbers of rows of `read`) says something lasting, as log odds."""
        mean = read[list(part)].mean(axis=0)
        return float(mean @ self.head[:WIDTH] + read[0] @ self.head[WIDTH:-1] + self.head[-1])

    def read(self, places: Sequence[int]) -> Any:
        """Return what the text around each piece makes of it, (pieces, WIDTH)."""
        states = numpy().stack([self.vector(place) for place in places])
        states = _normed(states + self.positions[: len(places)], self.norm)
        for layer in self.layers:
            states = _through(layer, states)
        return states

    def vector(self, place: int) -> Any:
        """Return what a piece is to the first layer."""
        if place < 0:
            return self.marks[-place - 1]
        np = numpy()
        vector = word_vectors().values[place].astype("f4")
        vector /= float(np.sqrt(vector @ vector)) + _EPSILON
        left_out = self.books[np.arange(len(self.books)), self.codes[place]].reshape(-1)
        return vector @ self.lift + self.lift_bias + left_out


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """Read the weights."""
    with numpy().load(WEIGHTS, allow_pickle=False) as held:
        matrix = {name.removesuffix(".codes"): _matrix(held, name) for name in held.files if name.endswith(".codes")}
        rest = {name: held[name].astype("f4") for name in held.files if held[name].dtype.kind == "f"}
        layers = tuple(_layer(f"layer{number}.", matrix, rest) for number in range(int(held["layers"])))
        return Encoder(
            rest["lift"],
            rest["lift_bias"],
            held["codes"],
            rest["books"],
            rest["marks"],
            rest["positions"],
            rest["norm"],
            layers,
            rest["head"],
        )


def _layer(prefix: str, matrix: dict[str, Any], rest: dict[str, Any]) -> Layer:
    return Layer(
        matrix[f"{prefix}attend"],
        rest[f"{prefix}attend_bias"],
        matrix[f"{prefix}out"],
        rest[f"{prefix}out_bias"],
        rest[f"{prefix}first_norm"],
        matrix[f"{prefix}up"],
        rest[f"{prefix}up_bias"],
        matrix[f"{prefix}down"],
        rest[f"{prefix}down_bias"],
        rest[f"{prefix}second_norm"],
    )


def _matrix(held: Any, name: str) -> Any:
    """Return a matrix (from, to) of its codes, which stand row by row of what it gives."""
    return _unpacked(held[name], held[name.replace(".codes", ".scales")].astype("f4")).T.copy()


def _unpacked(codes: Any, scales: Any) -> Any:
    """Return numbers of their codes of four bits, two in a byte, and of the scale of each group."""
    np = numpy()
    both = np.stack([codes & 15, codes >> 4], axis=-1).astype("f4") - 8.0
    shape = (*codes.shape[:-1], codes.shape[-1] * 2)
    return (both.reshape(*codes.shape[:-1], -1, GROUP) * scales[..., None]).reshape(shape)


def _normed(states: Any, weights: Any) -> Any:
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = numpy().sqrt((centred * centred).mean(axis=-1, keepdims=True) + _EPSILON)
    return centred / spread * weights[0] + weights[1]


def _through(layer: Layer, states: Any) -> Any:
    np = numpy()
    size = len(states)
    query, key, value = (
        part.reshape(size, HEADS, -1).transpose(1, 0, 2)
        for part in np.split(states @ layer.attend + layer.attend_bias, 3, axis=1)
    )
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(WIDTH // HEADS))
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    attended = (shares @ value).transpose(1, 0, 2).reshape(size, WIDTH)
    states = _normed(states + attended @ layer.out + layer.out_bias, layer.first_norm)
    raised = states @ layer.up + layer.up_bias
    bent = 0.5 * raised * (1.0 + np.tanh(0.7978845608 * (raised + 0.044715 * raised * raised * raised)))
    return _normed(states + bent @ layer.down + layer.down_bias, layer.second_norm)


def pieces(text: str) -> list[Piece]:
    """Return the word pieces of a text in order, each with the place of its word."""
    return [
        Piece(place, start, end) for start, end, places in word_vectors().words(text) for place in places or [UNKNOWN]
    ]


def scores_of_parts(text: str, parts: Sequence[tuple[int, int]]) -> list[float | None]:
    """Return how likely each part (start, end) of a text says something lasting, as log odds; None without a word."""
    found = pieces(text)
    inside = [
        [number for number, one in enumerate(found) if one.start < end and one.end > start] for start, end in parts
    ]
    if len(found) > LONGEST - 2:
        return [_of_window(found, own) for own in inside]
    read = encoder().read([BEGIN, *(one.place for one in found), END])
    return [_of_part(read, own, 0) for own in inside]


def window_of(own: Sequence[int], count: int) -> int:
    """Return where to begin to read a message of `count` pieces, that is too long, for a part of it."""
    return max(0, min(own[0] - BEFORE, count - (LONGEST - 2)))


def _of_window(found: Sequence[Piece], own: Sequence[int]) -> float | None:
    """Return the score of a part of a long message, of which only what stands around it is read."""
    if not own:
        return None
    begin = window_of(own, len(found))
    window = found[begin : begin + LONGEST - 2]
    read = encoder().read([BEGIN, *(one.place for one in window), END])
    return _of_part(read, [number for number in own if number < begin + len(window)], begin)


def _of_part(read: Any, own: Sequence[int], begin: int) -> float | None:
    return encoder().judge(read, [number - begin + 1 for number in own]) if own else None
