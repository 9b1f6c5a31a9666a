"""Works out what a short correction changes in the statement before it: "cello! not viola", "hang on, it's Wednesday".

What is said against something names both values. Else the new value takes the place of what is of its kind (a date, a
number, a name), stands after the same words, or means something near: one clear answer, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from langgraph_memory.domain.changewords import (
    AGAINST,
    CORRECTION_CUE,
    CORRECTION_LEAD,
    CORRECTION_PARTS,
    CORRECTION_TAIL,
    MEANT,
    MISTAKEN,
    NO_NAME,
    NOT_OLD,
    PEOPLE,
    SAID_OLD,
    VALUE_OPENING,
    VALUE_PREPOSITION,
    is_name,
    kind_of,
    with_value,
)
from langgraph_memory.domain.search.meaning import meaning
from langgraph_memory.domain.text import STOP_WORDS

_I: Final = re.IGNORECASE
NEAR: Final = 0.34
"""The cosine of two words from which on one may stand for the other."""
AHEAD: Final = 0.05
"""How much nearer the nearest word is than the next one."""
LONGEST_VALUE: Final = 4
"""Words of a new value."""
_NEAR_WORDS: Final = 3
"""The same of one that takes the place of what means something near."""

_DATED: Final = re.compile(r" \([^()]*\b20\d\d\)")
_KEY = re.compile(r"The user's [\w -]{2,40}? (?:is|are) ")
"""What says which thing a value is of."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_IS_MEANT = re.compile(r"\b(?:i meant|i mean|meant to (?:say|write|type))[: ]+(?P<value>[^,.!?;:()]+)", _I)
_ALSO: Final = frozenset("was were not is are has had does".split())
_NO_VALUE: Final = frozenset(
    "not i i'm i've i'd i'll you he she we they it why what how when where who could can would do does did don't is "
    "are am was were that this there yes yeah ok okay thanks whatever maybe seriously wow right wrong good fine".split()
)
"""First words of what is no value."""
_TELLS = re.compile(r"(?:he|she|they|we|i|it) (?!am|is|are|was|have|meant|mean|said)\w+ \w+ ", _I)
_FRAME: Final = STOP_WORDS | frozenset("user says user's team called".split())


@dataclass(frozen=True, slots=True)
class Amended:
    """A statement with `value` in the place of `gone`; `named` says that the correction named both itself."""

    content: str
    value: str
    gone: str
    named: bool = False


def resolved(sentence: str, said: str) -> Amended | None:
    """Return a statement with the value that a correction gives it; None where it is not clear which."""
    sentence = _DATED.sub("", sentence)  # the date that was worked out of the words is worked out anew
    said = " ".join(said.replace("’", "'").split())
    for found in _against(sentence, said):
        return _amended(sentence, *found, named=True)
    held = frozenset(_WORD.findall(sentence.lower()))
    for value in _values(said):
        if held.issuperset(_WORD.findall(value.lower())):
            continue
        exchanged = _in_place(sentence, value)
        if exchanged is not None:
            return _amended(sentence, *exchanged)
    meant = _IS_MEANT.search(said)
    exchanged = _of_key(sentence, meant["value"].strip()) if meant else None
    return None if exchanged is None else _amended(sentence, *exchanged)


def _of_key(sentence: str, value: str) -> tuple[str, str] | None:
    """Return "The user's X is Y" with what is meant in the place of Y."""
    key = _KEY.match(sentence)
    old = re.match(r"[^,;:()]+", sentence[key.end() :].rstrip(".")) if key else None
    if key is None or old is None or max(len(old[0].split()), len(value.split())) > _NEAR_WORDS:
        return None
    gone = old[0].strip()
    return f"{sentence[: key.end()]}{value}{sentence[key.end() + len(gone) :]}", gone


def looks_like_a_correction(said: str) -> bool:
    """Return whether a message begins or ends as corrections do, or says what is meant against what is not."""
    said = " ".join(said.replace("’", "'").split())
    cues = (CORRECTION_TAIL, AGAINST, SAID_OLD, MEANT, MISTAKEN)
    cued = CORRECTION_LEAD.match(said) is not None or any(cue.search(said) for cue in cues)
    return cued and next(_values(said), None) is not None  # "hm" alone gives no value


def says_what_is_meant(said: str) -> bool:
    """Return whether a message says that it corrects: "I meant", "typo"."""
    return MEANT.search(said) is not None


def _amended(sentence: str, content: str, gone: str, *, named: bool = False) -> Amended:
    start = sentence.index(gone)
    return Amended(content, content[start : len(content) - len(sentence) + start + len(gone)], gone, named)


def _against(sentence: str, said: str) -> Iterator[tuple[str, str]]:
    """Yield what a correction gives that names the old value too."""
    for pattern in (NOT_OLD, SAID_OLD):
        for found in pattern.finditer(said):
            old = _held(sentence, found["old"])
            if not old:
                continue
            before, after = said[: found.start()], said[found.end() :]
            sides = (*reversed(list(_values(before))), *_values(after))
            for value in (*_values(after), *_values(before)) if pattern is SAID_OLD else sides:
                new = with_value(sentence, value, old) if _is_value(value, old) else None
                if new is not None:
                    yield new


def _is_value(value: str, old: str) -> bool:
    """Return whether some words can take the place of others: no clause, nor the same words."""
    words = frozenset(_WORD.findall(value.lower()))
    return bool(words) and not words & _NO_VALUE and not words <= frozenset(_WORD.findall(old.lower()))


def _held(sentence: str, old: str) -> str:
    """Return the most of `old`, from its start, that stands in a statement."""
    words = old.split()
    for end in range(len(words), 0, -1):
        part = " ".join(words[:end]).strip(" ,.;:!*\"'")
        found = re.search(rf"(?<!\w){re.escape(part)}(?:e?s)?(?!\w)", sentence, _I)
        if found is not None and part.lower() not in _FRAME:
            return found[0]
    return ""


def _values(said: str) -> Iterator[str]:
    """Yield what a correction may give as the new value, part by part, without cues and what opens a sentence."""
    for part in CORRECTION_PARTS.split(CORRECTION_CUE.sub(", ", said)):
        value = part.strip(" ,.;:!*\"'-")
        while opening := VALUE_OPENING.match(value) or VALUE_PREPOSITION.match(value):
            value = value[opening.end() :]
        if (
            value
            and len(value.split()) <= LONGEST_VALUE * 2
            and (value.split()[0].lower() not in _NO_VALUE or _TELLS.match(value))
        ):
            yield value


def _in_place(sentence: str, value: str) -> tuple[str, str] | None:
    """Return a statement with a value in the place of what is of its kind, stands after the same words, or is near."""
    words = value.split()
    last = words[-1:] if kind_of(words[-1].lower()) not in ("", "name") else []
    for whole in (value, " ".join(words[:2]), words[0], *last):
        is_value = whole.split()[0].lower() not in _NO_VALUE
        if is_value and (kind_of(whole.lower()) not in ("", "name") or is_name(whole)):
            found = with_value(sentence, whole)
            if found is not None:
                return found
    return _after_the_same(sentence, value) or (
        _nearest(sentence, value) if len(value.split()) <= LONGEST_VALUE else None
    )


def _after_the_same(sentence: str, value: str) -> tuple[str, str] | None:
    """Return a statement with what follows the words that both hold exchanged: "he studies in Uppsala"."""
    words, places = value.split(), list(_WORD.finditer(sentence))
    known = [place[0].lower() for place in places]
    for start in range(len(words) - 2, -1, -1):
        shared, new = [word.lower() for word in words[start : start + 2]], words[start + 2 :]
        at = [place for place in range(len(known) - 2) if known[place : place + 2] == shared]
        if len(at) == 1 and shared[1] not in _ALSO and _brings_some(new, known):
            return with_value(sentence, " ".join(new), sentence[places[at[0] + 2].start() :].rstrip(" .”"))
    return None


def _brings_some(new: Sequence[str], known: Sequence[str]) -> bool:
    """Return whether a few words are not all known."""
    return 0 < len(new) <= LONGEST_VALUE and not frozenset(known).issuperset(word.lower() for word in new)


def _nearest(sentence: str, value: str) -> tuple[str, str] | None:
    """Return a statement with the word exchanged that means nearest to a value: "cello" for "viola"."""
    head = _WORD.findall(value.lower())
    telling = [word for word in head if word not in _FRAME and word not in NO_NAME]
    if not telling or len(head) > _NEAR_WORDS or not (_FRAME | _NO_VALUE).isdisjoint(head):
        return None
    word = _plainly_first(_near(telling[-1], _exchangeable(sentence, telling)))
    return None if word is None else with_value(sentence, value, word)


def _exchangeable(sentence: str, value: list[str]) -> dict[str, None]:
    """Return the words of a statement that a value may take the place of, behind what says which thing it is of."""
    key = _KEY.match(sentence)
    places = _WORD.finditer(sentence, key.end() if key else 0)
    return dict.fromkeys(found[0] for found in places if _may_stand(found[0], value))


def _near(word: str, others: Iterable[str]) -> list[tuple[float, str]]:
    vector = meaning(word)
    return sorted(((float(meaning(other.lower()) @ vector), other) for other in others), reverse=True)


def _plainly_first(near: Sequence[tuple[float, str]]) -> str | None:
    """Return the nearest word, if it is near and well ahead of the next one."""
    nearest, following = [score for score, _ in near[:1]], [score for score, _ in near[1:2]]
    if not nearest or nearest[0] < NEAR or any(nearest[0] - score < AHEAD for score in following):
        return None
    return near[0][1]


def _may_stand(word: str, value: list[str]) -> bool:
    low = word.lower().removesuffix("'s")
    if low in _FRAME or low in value or not low.isalpha():
        return False
    return (low in PEOPLE) == any(one in PEOPLE or "-in-law" in one for one in value)
