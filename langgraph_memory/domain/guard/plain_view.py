"""Undoes disguises: a text as a reader takes it, which knows for every character where it stands in the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from langgraph_memory.domain.text import HIDDEN

Span = tuple[int, int]

_MOST_OF_ONE: Final = 4
"""Letters that one character may stand for: there is one that reads as a sentence of eighteen."""

_LOOKALIKE: Final = str.maketrans(
    "АВЕЗІЈКМНОРСТУХЅаеёіјкмнорсуухѕԁӏԛԝһвтΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορυχτ",
    "ABE3IJKMHOPCTYXSaeeijkmhopcyyxsdlqwhbtABEZHIKMNOPTYXaeiknopuxt",
)
"""Letters that look like Latin ones (https://www.unicode.org/Public/security/latest/confusables.txt)."""

_WORD = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
_SPACED = re.compile(r"(?<![\w-])\w([ .\-_])\w(?:\1\w){2,}(?![\w-])")
_DIGIT_NAMES: Final = dict(
    zip("zero oh one two three four five six seven eight nine".split(), "00123456789", strict=True)
)
_NAME = "|".join(_DIGIT_NAMES)
_NAMED_DIGITS = re.compile(rf"\b(?:{_NAME})(?:[\s,-]{{1,2}}(?:{_NAME})){{2,}}\b", re.IGNORECASE)
_DIGIT_NAME = re.compile(_NAME, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class View:
    """A text and where each of its characters comes from; `places` is None where nothing was changed."""

    text: str
    places: tuple[Span, ...] | None = None

    def origin(self, span: Span) -> Span:
        """Return where a span of the view stands in the original."""
        start, end = span
        if self.places is None or start >= end:
            return span
        return min(self.places[start][0], self.places[end - 1][0]), max(self.places[start][1], self.places[end - 1][1])

    def rewritten(self, parts: Iterator[tuple[Span, str]]) -> View:
        """Return the view in which each span reads as the text given for it."""
        text, places, done = [], [], 0
        for (start, end), new in parts:
            text += [self.text[done:start], new]
            places += [self.origin((at, at + 1)) for at in range(done, start)]
            places += self._spread(start, end, new)
            done = end
        if not text:
            return self
        text.append(self.text[done:])
        places += [self.origin((at, at + 1)) for at in range(done, len(self.text))]
        return View("".join(text), tuple(places))

    def _spread(self, start: int, end: int, new: str) -> list[Span]:
        if len(new) == end - start:
            return [self.origin((at, at + 1)) for at in range(start, end)]
        return [self.origin((start, end))] * len(new)


@lru_cache(maxsize=2)  # who refuses a text and who masks it look at it one after the other
def plain_view(text: str) -> View:
    """Return `text` without hidden characters, look-alikes of Latin letters, and letters or digits set apart."""
    view = View(text)
    if text.isascii() and not _SPACED.search(text) and not _NAMED_DIGITS.search(text):
        return view
    for step in _STEPS if not text.isascii() else _STEPS_OF_ASCII:
        view = view.rewritten(step(view.text))
    return view


def _without_hidden(text: str) -> Iterator[tuple[Span, str]]:
    yield from ((match.span(), "") for match in HIDDEN.finditer(text))


def _compatible(text: str) -> Iterator[tuple[Span, str]]:
    for place, character in enumerate(text):
        if not character.isascii() and (plain := _plain(character)) != character:
            yield (place, place + 1), plain


def _plain(character: str) -> str:
    """Return a digit of any script as the digit it is, and wide or styled letters as plain ones."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) <= _MOST_OF_ONE else character


def _without_lookalikes(text: str) -> Iterator[tuple[Span, str]]:
    for match in _WORD.finditer(text):
        word = match[0]
        if not word.isascii() and _LATIN.search(word) and (plain := word.translate(_LOOKALIKE)) != word:
            yield match.span(), plain


def _joined(text: str) -> Iterator[tuple[Span, str]]:
    for match in _SPACED.finditer(text):
        for place in range(match.start() + 1, match.end(), 2):
            yield (place, place + 1), ""


def _in_digits(text: str) -> Iterator[tuple[Span, str]]:
    for match in _NAMED_DIGITS.finditer(text):
        digits = "".join(_DIGIT_NAMES[name.lower()] for name in _DIGIT_NAME.findall(match[0]))
        yield match.span(), digits


_STEPS_OF_ASCII: Final[tuple[Callable[[str], Iterator[tuple[Span, str]]], ...]] = (_joined, _in_digits)
_STEPS: Final = (_without_hidden, _compatible, _without_lookalikes, *_STEPS_OF_ASCII)
