"""Reads a statement as the words that tell something, and notes what turns their meaning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from langgraph_memory.domain.text import STOP_WORDS, folded
from langgraph_memory.domain.wordlists import (
    CLASSES,
    DIRECTIONS,
    LIGHT,
    MARKS,
    MOVABLE,
    NEGATORS,
    NUMBER_WORDS,
    PARTS,
    PRONOUNS,
    QUITTING,
    SPELLINGS,
    VERBS,
    root,
)

Sort = Literal["", "number", "name"] | str
"""What kind of value a word is: a number, a name, a weekday, a unit...; empty: an ordinary word."""

_TOKEN: Final = re.compile(r"[$€£¥%]|\d+(?:[.,:/-]\d+)*(?![^\W\d_])|[^\W_]+(?:['’][^\W_]+)*")
_NOT: Final = re.compile(r"(?<=\w)n['’]t\b", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"['’](?:s|m|re|ve|ll|d)$", re.IGNORECASE)
_EMAIL: Final = re.compile(r"\be-(?=mail)", re.IGNORECASE)
_OVER: Final = re.compile(r"\b(?:any ?more|any longer)\b", re.IGNORECASE)
_NO_LONGER: Final = re.compile(r"\bno longer\b", re.IGNORECASE)
_USED_TO: Final = re.compile(r"(?<!is )(?<!are )\bused to\b", re.IGNORECASE)
_TURN: Final = re.compile(
    r"[;,]|\b(?:but|instead|now|switched|moved|rather|and (?:is|are|has|uses?|lives?|works?|likes?|prefers?))\b",
    re.IGNORECASE,
)
_THIRD: Final = re.compile(r"(?:is|was|has|does|[^\W\d_]+[^sS\W]s)$")


@dataclass(frozen=True, slots=True)
class Word:
    """One telling word: its stem, its place in the text, what sort of value it is; `labels`: a number as a label.

    `form` is the word as it was written, in lower case and without accents.
    """

    stem: str
    place: int
    sort: Sort = ""
    labels: bool = False
    form: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """The telling words of a statement, in order.

    `said` are all its words; `marks` those small words that change what is meant ("before", "off"), `directions` those
    that give what stands around them their parts ("over", "from"), `denied` the word after each negation.
    """

    words: tuple[Word, ...]
    said: tuple[str, ...]
    negated: bool
    denied: tuple[str, ...]
    marks: frozenset[str]
    parts: frozenset[str]
    persons: frozenset[str]
    directions: frozenset[str]
    ends: bool
    turns: bool

    @classmethod
    def of(cls, text: str) -> Statement:
        """Read a statement."""
        over = bool(_OVER.search(text))
        tokens = _Tokens.of(
            _EMAIL.sub("e", _NOT.sub(" not", _OVER.sub(" ", _NO_LONGER.sub("not", _USED_TO.sub("not", text)))))
        )
        said, negators = tokens.said, tokens.negators()
        words = tuple(_word(tokens, place) for place, word in enumerate(said) if place not in negators and _tells(word))
        quitting = any(said[place] in QUITTING for place in negators)
        return cls(
            words,
            tuple(said),
            negated=len(negators) % 2 == 1,
            denied=tuple(_stem_after(place, words) for place in negators),
            marks=frozenset(said) & MARKS,
            parts=frozenset(said) & PARTS,
            persons=frozenset(PRONOUNS[word] for word in PRONOUNS.keys() & said),
            directions=frozenset(said) & DIRECTIONS,
            ends=bool(_NO_LONGER.search(text)) or quitting or (over and bool(negators)),
            turns=bool(_TURN.search(text)),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The words in order, without those that mean the same wherever they stand: one time, one weekday."""
        counts = Counter(word.sort for word in self.words)
        return tuple(word.stem for word in self.words if word.sort not in MOVABLE or counts[word.sort] > 1)

    @property
    def opening(self) -> frozenset[str]:
        """The first word, which is the verb of an order."""
        return frozenset(self.said[:1])

    def before(self, word: Word) -> frozenset[str]:
        """Return the verbs, in their plain form, before a word."""
        return frozenset(VERBS.get(said, said) for said in self.said[: word.place])


class _Tokens(NamedTuple):
    """The words of a text as they are written and in lower case; whether the first of them is a possessive."""

    written: list[str]
    said: list[str]
    owns: bool

    @classmethod
    def of(cls, text: str) -> _Tokens:
        """Split a text into words, without the ends of possessives and of short forms."""
        whole = _TOKEN.findall(text)
        written = [_POSSESSIVE.sub("", token) if "'" in token or "’" in token else token for token in whole]
        said = [token.lower() if token.isascii() else folded(token) for token in written]
        return cls(written, said, whole[:1] != written[:1])

    def negators(self) -> list[int]:
        """Return the places of the words that deny what follows."""
        return [place for place in range(len(self.said)) if _negates(self.said, place)]


def _negates(said: Sequence[str], place: int) -> bool:
    word = said[place]
    if word in QUITTING:
        return place + 1 < len(said) and said[place + 1].endswith("ing")
    return word in NEGATORS


def _stem_after(place: int, words: Sequence[Word]) -> str:
    return next((word.stem for word in words if word.place > place), "")


def _tells(word: str) -> bool:
    return word in NUMBER_WORDS or not (word in STOP_WORDS or word in LIGHT or word in MARKS)


def _word(tokens: _Tokens, place: int) -> Word:
    said = tokens.said
    low = SPELLINGS.get(said[place], said[place])
    number = NUMBER_WORDS.get(low, low)
    if number[:1].isdigit() and not any(character.isalpha() for character in number):
        return Word(number.replace(",", ""), place, "number", _labelled(said, place))
    base = root(low[:-3] + "or" if len(low) > 5 and low.endswith("our") else low)
    sort = CLASSES.get(low, "")
    if (not sort or (place and sort == "person")) and _is_name(tokens, place):
        sort = "name"
    return Word(base, place, sort, form=folded(tokens.written[place]))


def _labelled(said: Sequence[str], place: int) -> bool:
    """Return whether a number tells which one is meant, as in "ticket 12", and is no amount."""
    before = said[place - 1] if place else ""
    if not before or not _tells(before) or before in NUMBER_WORDS:
        return False
    return VERBS.get(before) is None and CLASSES.get(before, "") not in ("month", "currency", "weekday")


def _is_name(tokens: _Tokens, place: int) -> bool:
    written = tokens.written
    token = written[place]
    if not any(map(str.isupper, token)) or all(one.isupper() for one in written if one[:1].isalpha()):
        return False
    if place > 0:
        return True
    following = written[1] if len(written) > 1 else ""
    return tokens.owns or bool(_THIRD.fullmatch(following)) or token[1:] != token[1:].lower()
