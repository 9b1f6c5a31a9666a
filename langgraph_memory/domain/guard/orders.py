"""Tells orders to the agent from statements: by known forms, and by a model of their words and meaning.

The model is a logistic regression over hashed words and pairs of words and the mean of a sentence's word vectors,
trained by `python -m tests.train_orders`. `orders.npz` holds its weights: `words` (SPACE,), a signed byte each, and
`step`, what one of them is worth; `meaning` (256,); `bias`, with which a score above zero is an order.
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

from langgraph_memory.domain.guard.formats import formats
from langgraph_memory.domain.search.meaning import meaning
from langgraph_memory.domain.search.vectors import numpy

SPACE: Final = 1 << 14
"""How many places a feature can be hashed to."""
WEIGHTS: Final = Path(__file__).with_name("orders.npz")
FEWEST: Final = 4
"""Words of the shortest sentence that is judged by them."""
_MOST: Final = 80
"""Words of a sentence that are read."""
MARGIN: Final = 2.5
"""How much surer of a sentence one has to be for each of the others that stand beside it, times their logarithm."""
_FORMS: Final = formats("order")
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|\b[^\W\d_]+\b|[:@]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Four digits of it may all be letters, and are no word."""
_SENTENCE = re.compile(r"[^.!?;\n\u3002\uff01\uff1f]+(?:[.!?;\u3002\uff01\uff1f](?!\s|$)[^.!?;\n\u3002\uff01\uff1f]*)*")
_CUT_APART = re.compile(
    r"(?:ignore|disregard|forget|override)(?:all)?(?:of)?(?:the|your|my)?(?:previous|prior|above|earlier|system)"
    r"(?:instruction|prompt|rule|message|order)",
)
"""An order whose words were cut apart elsewhere; looked for where nothing parts the letters."""
_TOLD_OF = re.compile(r"(?i)(?:^|[^a-z])(?:i|we|they|to|never|not) (?:ignore|disregard|forget|override)")
_NO_LETTER = re.compile(r"[\W\d_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


def is_order(text: str) -> bool:
    """Return whether a text holds an order to the agent, not a statement."""
    return _has_form(text) or _is_cut_apart(text) or _reads_as_order(text)


def hides_an_order(text: str) -> bool:
    """Return whether a block of base64 in a text decodes to a known form of an order."""
    return any(_has_form(_decoded(match[0])) for match in _BASE64.finditer(text))


def features(words: Sequence[str]) -> list[int]:
    """Return the places of a sentence's words, pairs, pairs over one word, and beginnings of words, each once."""
    named = {f"1 {word}" for word in words}
    named.update(f"2 {first} {second}" for first, second in zip(["<", *words], [*words, ">"], strict=True))
    named.update(f"3 {first} {third}" for first, third in zip(words, words[2:], strict=False))
    named.update(f"4 {word[:5]}" for word in words if len(word) > 5)
    return sorted({xxh32_intdigest(name.encode()) % SPACE for name in named})


def words_of(sentence: str) -> list[str]:
    """Return the words of a sentence in lower case, ideographs one by one, with colons and at signs."""
    return _WORD.findall(_UUID.sub("0", sentence.casefold()))[:_MOST]


def is_read(words: Sequence[str]) -> bool:
    """Return whether a sentence has words enough to be judged by them; a single letter is none, an ideograph is one."""
    return sum(word.isalpha() and (len(word) > 1 or word >= "\u3040") for word in words) >= FEWEST


def weight_of(count: int) -> float:
    """Return what each of a sentence's features counts, so that long ones weigh no more than short ones."""
    return 4.0 / sqrt(count)


@dataclass(frozen=True, slots=True)
class _Model:
    words: memoryview
    step: float
    meaning: Any
    most: float
    bias: float


@cache
def _model() -> _Model:
    np = numpy()
    with np.load(WEIGHTS, allow_pickle=False) as held:
        by_meaning = held["meaning"].astype("f4")
        most = float(np.sqrt(by_meaning @ by_meaning))
        return _Model(memoryview(held["words"]), float(held["step"]), by_meaning, most, float(held["bias"]))


def _reads_as_order(text: str) -> bool:
    """Return whether a sentence of a text reads as an order; the more there are, the surer one has to be."""
    read = [words for one in sentences(text) if is_read(words := words_of(one))]
    least = MARGIN * log(len(read)) if read else 0.0
    return any(_is_above(least, tuple(words)) for words in read)


@lru_cache(maxsize=1024)
def _is_above(least: float, words: tuple[str, ...]) -> bool:
    model, places = _model(), features(words)
    by_words = model.bias + model.step * weight_of(len(places)) * sum(map(model.words.__getitem__, places))
    if by_words + model.most <= least:  # whatever it means
        return False
    return bool(by_words + float(model.meaning @ meaning(" ".join(words))) > least)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, each line on its own."""
    for match in _SENTENCE.finditer(text):
        yield match[0].strip()


def _has_form(text: str) -> bool:
    lowered = text.lower()
    return any(order.fits(text, lowered) for order in _FORMS)


def _is_cut_apart(text: str) -> bool:
    return (
        " " in text
        and _CUT_APART.search(_NO_LETTER.sub("", text.lower())) is not None
        and _TOLD_OF.search(text) is None
    )


def _decoded(block: str) -> str:
    plain = block.rstrip("=")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except NotBase64:
        return ""
