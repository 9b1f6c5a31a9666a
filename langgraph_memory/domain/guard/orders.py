"""Tells orders to the agent from statements: by known forms, and by a model of their words and of what these mean.

The model is a logistic regression over hashed words, pairs of words, runs of letters, and what the words are about
(`meanings.toml`), trained by `python -m tests.train_orders`. `orders.npz` holds its weights: `weights` (SPACE,), a
signed byte each, and `step`, what one of them is worth; `bias`, with which a score above zero may be an order; `sure`,
the score above which it is one.
"""

from __future__ import annotations

import re
import tomllib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, takewhile
from math import inf, log, sqrt
from pathlib import Path
from typing import Any, Final, Literal

from xxhash import xxh32_intdigest

from langgraph_memory.domain.guard.formats import UUID_FORM, formats
from langgraph_memory.domain.search.vectors import numpy

SPACE: Final = 1 << 17
"""How many places a feature can be hashed to."""
WEIGHTS: Final = Path(__file__).with_name("orders.npz")
MEANINGS: Final = Path(__file__).with_name("meanings.toml")
FEWEST: Final = 4
"""Words of the shortest passage that is judged by them."""
MOST: Final = 100
"""Words of the longest passage that is judged as one."""
MARGIN: Final = 6.0
"""How much surer of a passage one has to be for each of the others that stand beside it, times their logarithm."""
APART: Final = 2.0
"""How much surer one has to be of a sentence that stands in a short text beside others."""
KNOWN: Final = 1.0
"""How much more a text of a known form reads like an order: who tells of one or forbids it uses its words as well."""
TELLING: Final = 8
"""Words of a passage that is long enough to say whether it only tells of an order."""
GROUPS: Final = 5
"""Kinds of features: words, letters, what words are about, what is near each other, and what is in one passage."""
_NEAR: Final = 6
"""Words within which two things meet."""
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
_STEMS: Final = 12
"""Letters of the longest start of a word that is known."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


Reading = Literal["order", "doubtful", "statement"]
"""What a text is: an order to the agent, one that may be an order and may be none, or a statement."""


def reading_of(text: str) -> Reading:
    """Return whether a text holds an order to the agent, not a statement, or whether that is in doubt."""
    if _is_cut_apart(text):
        return "order"
    score = order_score(text)
    if score <= 0:  # without asking the model, which needs numpy
        return "statement"
    return "order" if score > _model().sure else "doubtful"


def order_score(text: str) -> float:
    """Return how much a text reads like an order; above zero it may be one.

    The more passages there are, the surer one has to be of each. Another model's score of the same text would be added
    here, in the unit of this one: the logarithm of the odds.
    """
    read = [tuple(words) for words in passages(text) if is_read(words)]
    known = has_form(text) or (len(read) == 1 and _has_form_across_lines(text))
    if known and (not read or any(len(words) < TELLING for words in read)):
        return inf
    return max(_scores_of_parts(text, read), default=-inf) + (KNOWN if known else 0.0)


def _has_form_across_lines(text: str) -> bool:
    return "\n" in text and has_form(" ".join(text.split()))


def hides_an_order(text: str) -> bool:
    """Return whether a block of base64 in a text decodes to a known form of an order."""
    return any(has_form(_decoded(match[0])) for match in _BASE64.finditer(text))


def features(words: Sequence[str]) -> tuple[Any, ...]:
    """Return the places of a passage's features of each group.

    Of its words: each, pairs, and pairs over one word. Of its letters: runs of them. Of what its words are about: each
    meaning, which are near each other, and which are in it together.
    """
    return tuple(map(_places, (_of_words(words), _of_letters(words), *_of_meanings(words))))


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


def _of_meanings(words: Sequence[str]) -> tuple[Any, Any, Any]:
    np = numpy()
    told = [(place, meaning) for place, word in enumerate(words) for meaning in _meanings_of(word)]
    present = sorted({meaning for _, meaning in told})
    return (
        np.array([_MEANT + one for one in present], np.uint32),
        np.array([_MEANT * (2 + how) + one * 64 + two for how, one, two in set(_near(told))], np.uint32),
        np.array([_MEANT * 5 + one * 64 + two for one, two in combinations(present, 2)], np.uint32),
    )


def _near(told: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield which meanings follow which: 1 for those not far apart, and 2 too for those side by side."""
    for at, (place, meaning) in enumerate(told):
        for other, beside in takewhile(lambda one: one[0] - place <= _NEAR, told[at + 1 :]):  # noqa: B023
            if other > place:
                yield 1, meaning, beside
                if other - place < 3:
                    yield 2, meaning, beside


_MEANT: Final = 1 << 16
"""Numbers of meanings, and of each way two of them meet, are apart by so many."""


@lru_cache(maxsize=4096)
def _meanings_of(word: str) -> tuple[int, ...]:
    """Return the numbers of what a word may be about."""
    whole, starts, ends = _meanings()
    found = {*whole.get(word, ())}
    for length in range(1, min(len(word), _STEMS) + 1):
        found |= {*starts.get(word[:length], ()), *ends.get(word[-length:], ())}
    return tuple(sorted(found))


_Meanings = dict[str, tuple[int, ...]]


@cache
def _meanings() -> tuple[_Meanings, _Meanings, _Meanings]:
    """Return what words are about, what those are that begin so, and those that end so."""
    found: tuple[_Meanings, _Meanings, _Meanings] = ({}, {}, {})
    for number, held in enumerate(tomllib.loads(MEANINGS.read_text("utf-8")).values()):
        for word in held.split():
            table = found[1 if word.endswith("*") else 2 if word.startswith("*") else 0]
            plain = word.strip("*")
            table[plain] = (*table.get(plain, ()), number)
    return found


@dataclass(frozen=True, slots=True)
class _Model:
    weights: Any
    step: float
    bias: float
    sure: float

    def score(self, words: Sequence[str]) -> float:
        """Return how much a passage reads like an order."""
        return self.bias + self.step * sum(
            values_of(len(places)) * float(self.weights[places].sum(dtype="i4")) for places in features(words)
        )


@cache
def _model() -> _Model:
    with numpy().load(WEIGHTS, allow_pickle=False) as held:
        return _Model(held["weights"], float(held["step"]), float(held["bias"]), float(held["sure"]))


def _scores_of_parts(text: str, read: Sequence[tuple[str, ...]]) -> Iterator[float]:
    """Yield how much each passage of a text reads like an order, and each sentence of a short text."""
    least = MARGIN * log(len(read)) if read else 0.0
    yield from (_score(words) - least for words in read)
    apart = [tuple(_WORD.findall(one)) for one in sentences(plain_words(text))] if len(read) == 1 else []
    if len(apart) > 1:
        yield from (_score(words) - APART for words in apart if is_read(words))


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
