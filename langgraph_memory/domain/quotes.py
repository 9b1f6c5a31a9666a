"""Finds the words that an extractor quotes in the message that they come from, whatever it changed in copying them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from langgraph_memory.domain.text import HIDDEN

_DROPPED = re.compile("['\"`´‘’‚‛“”„‟«»‹›ʼ＇]")
_DASH = re.compile(r"[-‐-―−﹘﹣－]")
_GAP = re.compile(r"\s*\[?\.{2,}\]?\s*")
_LINE = re.compile(r"[^\S\n]*\n\s*")
_SPACE = re.compile(r"[^\S\n]+")
_EDGES: Final = " \n\t.,;:!?()[]{}*_~<>|。，！？；：、।"
_LONGEST_GAP: Final = 200
"""Characters that an ellipsis may stand for."""


def folded(text: str) -> str:
    """Return `text` with what copying changes brought to one form: width, case, apostrophes, dashes, white space."""
    text = unicodedata.normalize("NFKC", HIDDEN.sub("", text)).casefold()
    text = _DASH.sub(lambda dash: "-" if _is_sign(dash) else " ", _DROPPED.sub("", text))
    return _SPACE.sub(" ", _LINE.sub("\n", text)).strip()


def places_of(quote: str, text: str) -> list[tuple[int, int]]:
    """Return where the words of `quote` stand in `text`, both folded, one place for each part between ellipses.

    None when they do not stand in it, in their order.
    """
    parts = [part for part in (part.strip(_EDGES) for part in _GAP.split(quote.replace("\n", " "))) if part]
    flat = text.replace("\n", " ")
    places: list[tuple[int, int]] = []
    for part in parts:
        after = places[-1][1] if places else 0
        start = _found(part, flat, after)
        if start is None or (places and start - after > _LONGEST_GAP):
            return []
        places.append((start, start + len(part)))
    return places


def holds(quote: str, text: str) -> bool:
    """Return whether `text` holds the words of `quote`, in their order."""
    return not quote.strip() or bool(places_of(folded(quote), folded(text)))


def _is_sign(dash: re.Match[str]) -> bool:
    before, after = dash.string[dash.start() - 1 : dash.start()], dash.string[dash.end() : dash.end() + 1]
    return not before.isalnum() and after.isdigit()


def _found(part: str, text: str, after: int) -> int | None:
    """Return where `part` stands in `text` as whole words."""
    start = text.find(part, after)
    while start >= 0:
        if not (_joins(text, start) or _joins(text, start + len(part))):
            return start
        start = text.find(part, start + 1)
    return None


def _joins(text: str, place: int) -> bool:
    """Return whether a word goes on at a place, in a script that parts words."""
    left, right = text[place - 1 : place], text[place : place + 1]
    return left.isalnum() and right.isalnum() and ord(left) < 0x3000 and ord(right) < 0x3000
