"""Tells orders to the agent from statements: by known forms, and by a model of their words.

The model is a logistic regression over hashed words, pairs of words and runs of letters, trained by
`python -m tests.train_orders`. `orders.npz` holds its weights: `weights` (SPACE,), a signed byte each, and `step`, what
one of them is worth; `bias`, with which a score above zero is an order.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import log, sqrt
from pathlib import Path
from typing import Any, Final

from xxhash import xxh32_intdigest

from langgraph_memory.domain.guard.formats import UUID_FORM, formats
from langgraph_memory.domain.search.vectors import numpy

SPACE: Final = 1 << 17
"""How many places a feature can be hashed to."""
WEIGHTS: Final = Path(__file__).with_name("orders.npz")
FEWEST: Final = 4
"""Words of the shortest passage that is judged by them."""
MOST: Final = 100
"""Words of the longest passage that is judged as one."""
MARGIN: Final = 5.0
"""How much surer of a passage one has to be for each of the others that stand beside it, times their logarithm."""
SURE: Final = 2.0
"""How much an order is one that stands in a short text beside what is none."""
DOUBTED: Final = -0.5
"""How little a passage of a known form may read like an order, if it has `TELLING` words or more."""
TELLING: Final = 8
_PIECES: Final = (3, 4, 5)
"""Bytes of the runs of letters that are features, across words."""
_MIX: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
"""Odd factors that spread the bits of a hash (xxHash's own primes)."""
_FORMS: Final = formats("order")
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|[^\W\d_]+|[:@#<>{}\[\]\"=*/|;]")
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:example|test|invalid|com|org|net|io|dev|ai|co|xyz|ru|de|fr|es|it|nl|pl|uk|eu|info|biz|app)"
    r"\b(?:/\S*)?"
)
_UUID = re.compile(UUID_FORM)
"""Four digits of it may all be letters, and are no word."""
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_SENTENCE = re.compile(r"[^.!?;\n\u3002\uff01\uff1f]+(?:[.!?;\u3002\uff01\uff1f](?!\s|$)[^.!?;\n\u3002\uff01\uff1f]*)*")
_CUT_APART = re.compile(
    r"(?:ignore|disregard|forget|override)(?:all)?(?:of)?(?:the|your|my)?(?:previous|prior|above|earlier|system)"
    r"(?:instruction|prompt|rule|message|order)",
)
"""An order whose words were cut apart elsewhere; looked for where nothing parts the letters."""
_VERBS: Final = frozenset(("ignore", "disregard", "forget", "override"))
_NO_LETTER = re.compile(r"[\W\d_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


def is_order(text: str) -> bool:
    """Return whether a text holds an order to the agent, not a statement."""
    return _is_cut_apart(text) or _reads_as_order(text)


def hides_an_order(text: str) -> bool:
    """Return whether a block of base64 in a text decodes to a known form of an order."""
    return any(has_form(_decoded(match[0])) for match in _BASE64.finditer(text))


def features(words: Sequence[str]) -> tuple[Any, Any]:
    """Return the places of a passage's words, pairs, and pairs over one word, and those of its runs of letters."""
    return _places(_of_words(words)), _places(_of_letters(words))


def values_of(count: int) -> float:
    """Return what each of so many features counts, so that long passages weigh no more than short ones."""
    return 4.0 / sqrt(count) if count else 0.0


def passages(text: str) -> Iterator[list[str]]:
    """Yield the words of a text: all of them, or where they are many, those of some sentences at a time."""
    held: list[str] = []
    for sentence in sentences(plain_words(text)):
        words = _WORD.findall(sentence)
        for start in range(0, len(words), MOST):
            part = words[start : start + MOST]
            if len(held) + len(part) > MOST:
                yield held
                held = []
            held = held + part
    yield held


def plain_words(text: str) -> str:
    """Return a text in lower case, with one sign for every address and one for every number."""
    plain = text.casefold()
    if "." in plain or "@" in plain:
        plain = _ADDRESS.sub(lambda found: " @ " if "@" in found[0] else " www ", plain)
    return _NUMBER.sub("#", _UUID.sub("#", plain))


def is_read(words: Sequence[str]) -> bool:
    """Return whether a passage has words enough to be judged by them; a single letter is none, an ideograph is one."""
    return sum(word.isalpha() and (len(word) > 1 or word >= "\u3040") for word in words) >= FEWEST


def _places(hashes: Any) -> Any:
    return numpy().unique((hashes * numpy().uint32(_MIX[1])) >> (32 - SPACE.bit_length() + 1))


def _of_words(words: Sequence[str]) -> Any:
    np = numpy()
    one, two, three, four = map(np.uint32, _MIX)
    hashes = np.array([1, *map(_hash_of, words), 2], np.uint32)
    pairs = hashes[:-1] * one + hashes[1:] * two + np.uint32(7)
    return np.concatenate([hashes[1:-1], pairs, hashes[:-2] * three + hashes[2:] * four + np.uint32(11)])


@lru_cache(maxsize=4096)
def _hash_of(word: str) -> int:
    return xxh32_intdigest(word.encode())


def _of_letters(words: Sequence[str]) -> Any:
    np = numpy()
    letters = np.frombuffer(f" {' '.join(words)} ".encode(), np.uint8).astype(np.uint32) * np.uint32(_MIX[2])
    runs = [_runs_of(letters, length) for length in _PIECES if len(letters) >= length]
    return np.concatenate(runs) if runs else np.zeros(0, np.uint32)


def _runs_of(letters: Any, length: int) -> Any:
    np = numpy()
    count = len(letters) - length + 1
    found = np.full(count, length, np.uint32)
    for place in range(length):
        found = found * np.uint32(_MIX[0]) + letters[place : place + count]
    return found ^ (found >> np.uint32(15))


@dataclass(frozen=True, slots=True)
class _Model:
    weights: Any
    step: float
    bias: float

    def score(self, words: Sequence[str]) -> float:
        """Return how much a passage reads like an order."""
        return self.bias + self.step * sum(
            values_of(len(places)) * float(self.weights[places].sum(dtype="i4")) for places in features(words)
        )


@cache
def _model() -> _Model:
    with numpy().load(WEIGHTS, allow_pickle=False) as held:
        return _Model(held["weights"], float(held["step"]), float(held["bias"]))


def _reads_as_order(text: str) -> bool:
    """Return whether a passage of a text reads as an order, or a sentence of a short text does more surely.

    The more passages there are, the surer one has to be. A known form is enough unless the words say otherwise: who
    tells of an order, or forbids one, uses its words as well.
    """
    read = [tuple(words) for words in passages(text) if is_read(words)]
    if _may_be_told_by_form(read) and has_form(text):
        return True
    least = MARGIN * log(len(read)) if read else 0.0
    return any(_score(words) > least for words in read) or (len(read) == 1 and _has_sure_sentence(text))


def _may_be_told_by_form(read: Sequence[tuple[str, ...]]) -> bool:
    return not read or any(len(words) < TELLING or _score(words) > DOUBTED for words in read)


def _has_sure_sentence(text: str) -> bool:
    apart = [tuple(_WORD.findall(one)) for one in sentences(plain_words(text))]
    return len(apart) > 1 and any(is_read(words) and _score(words) > SURE for words in apart)


@lru_cache(maxsize=256)
def _score(words: tuple[str, ...]) -> float:
    return _model().score(words)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, each line on its own."""
    for match in _SENTENCE.finditer(text):
        yield match[0].strip()


def has_form(text: str) -> bool:
    """Return whether a text holds a known form of an order."""
    lowered = text.lower()
    return any(order.fits(text, lowered) for order in _FORMS)


def _is_cut_apart(text: str) -> bool:
    return (
        " " in text
        and _VERBS.isdisjoint(text.lower().split())
        and _CUT_APART.search(_NO_LETTER.sub("", text.lower())) is not None
    )


def _decoded(block: str) -> str:
    plain = block.rstrip("=")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except NotBase64:
        return ""
