"""How likely one statement puts an end to another: learned from pairs, for what no rule knows.

A logistic regression over what two statements share, what they differ in, and how the newer one speaks of a change.
`python -m tests.train_changes` trains it and writes its weights, a word or a mark each (outdated.json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from itertools import pairwise
from math import exp
from typing import Final

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.amendments import (
    Amended,
    looks_like_a_correction,
    resolved,
    says_what_is_meant,
)
from langgraph_memory.domain.changes import are_of_others, is_negative, of_one_subject, plainly, stems
from langgraph_memory.domain.changewords import CUE, CUES, FRAME, PEOPLE, VALUES
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.search.meaning import meaning, word_meaning
from langgraph_memory.domain.text import normalised, query_terms

LIKELY: Final = 0.5
"""The probability from which on a statement takes the place of another."""
DENIED: Final = 0.6
"""The same for what says that something holds no longer, of which rules know more."""
UNDECIDED: Final = 0.4
"""The probability from which on a newer statement is told alone, though the older is kept beside it."""
CLEAR: Final = 0.75
"""The same for each of several; of less likely ones only the likeliest goes."""
CUED: Final = 0.15
"""The probability from which on a message that begins or ends like a correction is one of a value in a statement."""
NAMED: Final = 0.02
"""The same where it names the old value too."""
COMPARED: Final = 32
"""Memories that one is compared with, at most."""
LONGEST: Final = 40
"""Words of a statement that is compared; a longer one says more than one thing."""

_QUOTED: Final = re.compile(r"The user says: “(.*)”\.?", re.DOTALL)
_WORD: Final = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_ADDED: Final = re.compile(r"\b(?:also|too|as well|another|other|second|both|either|plus|besides)\b")
_PASSING: Final = re.compile(
    r"\b(?:today|tonight|this (?:week|weekend|morning|afternoon|evening)\w*|next week|for the (?:day|week|weekend)|"
    r"might|maybe|thinking (?:of|about)|not sure|almost|nearly|tried|had to|used to|grew up|last (?:week|year|night)|"
    r"for this one|at the moment)\b"
)
_ENDED: Final = re.compile(
    r"\b(?:no longer|any more|no more|never going back|gone|dead|died|sold|quit|left|stopped|stop|dropped|ditched|"
    r"cancelled|canceled|closed|gave up|given up|broke up|split up|fell through|called off|scrapped|over|off|paid off|"
    r"passed away|retired|moved out|stepped down|cleared|healed|instead of|not|enough|skip|rehome\w*|laps\w+|swapped|"
    r"ran away|fell out|dumped|churned|finished|failed|chopped|handed|paid|ended|never)\b"
)
_MEANT: Final = re.compile(
    r"\b(?:sorry|meant|mean|correction|typo|actually|wrong|mistake|mixed up|should have said|to be exact|oops|rather|"
    r"turns out|spelled)\b"
)
_SORTS: Final = tuple((sort, re.compile(rf"(?<![\w.]){pattern}(?![\w])")) for sort, pattern in VALUES)


def likely_replaced_by(
    new: Memory, known: Sequence[Memory], *, message: str = "", least: float = LIKELY
) -> list[tuple[Memory, str]]:
    """Return those of `known` that most likely hold no longer once `new` is said, in a `message`, with the reason.

    What has no word of a change in it changes only what was said in the same thread, in other words: of the same words,
    with another value, `likeness` knows more. Two slots are two things, which rules know more of.
    """
    if _ADDED.search(plainly(new.content)):  # "my younger son swims too"
        return []
    told = has_a_cue(f"{new.content} {new.source.excerpt or ''} {message}")
    others = [one for one in known if _may_be_changed(new, one, told=told)][:COMPARED]
    chances = [(_likelihood(new, one, message), one) for one in others if not _is_for_good(new, one)]
    best = max((chance for chance, _ in chances), default=0.0)
    enough = max(least, min(best, CLEAR))
    return [(one, "it most likely holds no longer") for chance, one in chances if chance >= enough]


def _likelihood(new: Memory, known: Memory, message: str) -> float:
    """Return how likely what is known holds no longer, by the words of a memory or by the whole message."""
    by_words = likelihood(new.source.excerpt or new.content, known.content)
    return max(by_words, likelihood(message, known.content)) if message else by_words


def _may_be_changed(new: Memory, known: Memory, *, told: bool) -> bool:
    """Return whether two memories may be of one thing, and the newer one is `told` to change something, or goes on."""
    if known.id == new.id or not of_one_subject(new, known) or (new.slot is not None and known.slot is not None):
        return False
    return told or _goes_on(new, known)


def _goes_on(new: Memory, known: Memory) -> bool:
    """Return whether a statement was made in the thread of another one, and not in the same words but for a number."""
    if new.source.thread_id is None or new.source.thread_id != known.source.thread_id:
        return False
    said, told = _without_numbers(new.content), _without_numbers(known.content)
    return said != told and (bool(said & told) or new.source.extractor == "rules")


def _without_numbers(content: str) -> frozenset[str]:
    return frozenset(stem for stem in stems(plainly(content)) if not stem.isdigit())


def _is_for_good(new: Memory, known: Memory) -> bool:
    """Return whether what is known holds whatever else changes: what happened, or an allergy, if none is named."""
    plain = plainly(known.content)
    if _HAPPENED.search(plain):
        return True
    lasting = _FOR_GOOD.search(plain)
    return lasting is not None and not stems(lasting[0]) & stems(plainly(new.content))


_HAPPENED: Final = re.compile(
    r"\b(?:went|visited|grew up|ago|last (?:week|month|year|night|summer|winter)|in (?:19|20)\d\d)\b"
)
_FOR_GOOD: Final = re.compile(r"\b(?:allerg\w*|intoleran\w*|born|birthday|grew up|diagnosed|died)\b")


def likelihood(said: str, known: str) -> float:
    """Return how likely `known` holds no longer once the same speaker has `said` the other, from 0 to 1."""
    new, old = _reading(said), _reading(known)
    if not _are_comparable(new, old) or new.plain == old.plain or not (new.stems or new.values):
        return 0.0  # what is said again changes nothing, nor does "hm"
    weights = _weights()
    score = weights.get("", 0.0) + sum(weights.get(name, 0.0) * value for name, value in _marks(new, old))
    score += sum(weights.get(name, 0.0) for name in _forms(new, old))
    score += new.weight + (new.weight_of_it if new.stems & old.stems else 0.0)
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, score))))


def corrected(known: str, said: str) -> Amended | None:
    """Return what is known with the value that a message corrects in it; None where it is not clear that it does.

    The less the message looks like a correction, the likelier it has to be that it changes just that.
    """
    found = resolved(known, said)
    if found is None:
        return None
    needed = NAMED if found.named or says_what_is_meant(said) else CUED if looks_like_a_correction(said) else LIKELY
    return found if likelihood(said, known) >= needed else None


def has_a_cue(text: str) -> bool:
    """Return whether a text has a word in it of those that tell of a change."""
    said = f"{plainly(text)} {normalised(text)}"  # the plain form has no "sorry" in front
    return any(pattern.search(said) for pattern in (CUE, _ENDED, _MEANT)) or is_negative(said)


def marks(said: str, known: str) -> list[tuple[str, float]]:
    """Return what is measured of a pair, by name."""
    new, old = _reading(said), _reading(known)
    if not _are_comparable(new, old):
        return []
    of_it = new.said if new.stems & old.stems else ()
    return [
        *_marks(new, old),
        *((name, 1.0) for name in _forms(new, old)),
        *((name, 1.0) for name in new.said),
        *((name, 1.0) for name in new.pairs),
        *((f"{name} of it", 1.0) for name in of_it),
    ]


def _are_comparable(new: _Reading, old: _Reading) -> bool:
    """Return whether two statements are short enough to say one thing each, and not about two persons."""
    lengths = (len(new.words), len(old.words))
    return 0 < min(lengths) <= max(lengths) <= LONGEST and not are_of_others(new.plain, old.plain)


class _Reading:
    """A statement in words: `telling` are those that say what it is about, each with its stems."""

    def __init__(self, text: str) -> None:
        quoted = _QUOTED.fullmatch(text)
        self.text = quoted[1] if quoted else text
        self.plain = plainly(text)
        self.corrects = looks_like_a_correction(self.text)
        self.words = _WORD.findall(self.plain)
        self.stems_of = [frozenset(query_terms(word)) - FRAME for word in self.words]
        self.telling = [(word, found) for word, found in zip(self.words, self.stems_of, strict=True) if found]
        self.stems = stems(self.plain)
        self.people = frozenset(word.removesuffix("'s") for word in self.words) & PEOPLE
        self.values = {sort: set(found.findall(self.plain)) for sort, found in _SORTS if found.search(self.plain)}
        self.negative = is_negative(self.plain)
        self.cues = {
            "changed": CUE.search(self.plain) is not None,
            "ended": _ENDED.search(self.plain) is not None,
            "meant": _MEANT.search(self.plain) is not None,
            "added": _ADDED.search(self.plain) is not None,
            "passing": _PASSING.search(self.plain) is not None,
        }

    @cached_property
    def said(self) -> dict[str, None]:
        """The names of its words among the marks."""
        return dict.fromkeys(f"says {word}" for word in self.words)

    @cached_property
    def pairs(self) -> dict[str, None]:
        """The names of each two neighbouring words among the marks, its start and end included."""
        return dict.fromkeys(f"says {one} {other}" for one, other in pairwise(("<", *self.words, ">")))

    @cached_property
    def weight(self) -> float:
        """What its words weigh, whatever it is compared with."""
        return sum(_weights().get(name, 0.0) for name in (*self.said, *self.pairs))

    @cached_property
    def weight_of_it(self) -> float:
        """What they weigh beside that where it shares a word with the other."""
        return sum(_weights().get(f"{name} of it", 0.0) for name in self.said)

    def form(self, shared: frozenset[str]) -> list[str]:
        """Return how it is built: its small words as they are, for any other what sort of word it is."""
        return [self._sort(word, found, shared) for word, found in zip(self.words, self.stems_of, strict=True)]

    def _sort(self, word: str, found: frozenset[str], shared: frozenset[str]) -> str:
        if found and found <= shared:
            return "S"
        if word in PEOPLE:
            return "P"
        if word[0].isdigit():
            return "0"
        return word if not found or word in CUES else "w"


@remember_short(1024)
def _reading(text: str) -> _Reading:
    return _Reading(text)


def _marks(new: _Reading, old: _Reading) -> Iterator[tuple[str, float]]:
    shared = new.stems & old.stems
    common = len(shared) / max(1, len(old.stems))
    kept = len(shared) / max(1, len(new.stems))
    left, gone = _without(new, shared), _without(old, shared)
    alike = _most_alike(left, gone)
    closeness = float(meaning(new.plain) @ meaning(old.plain))
    exchanged = resolved(old.text, new.text) if new.corrects else None
    if exchanged is not None:
        yield "corrects", 1.0
        yield "corrects by name", float(exchanged.named)
    value_shared = bool(old.telling) and old.telling[-1][1] <= shared
    yield "shared", float(bool(shared))
    yield "common", common
    yield "kept", kept
    yield "nothing new", float(bool(shared) and not left)
    yield "nothing gone", float(bool(shared) and not gone)
    yield "value shared", float(value_shared)
    yield "head shared", float(bool(old.telling) and old.telling[0][1] <= shared)
    yield "alike", alike
    yield "closeness", closeness
    yield "length", min(len(new.words), 20) / 20
    yield "polarity", float(new.negative != old.negative)
    yield "both negative", float(new.negative and old.negative)
    yield "polarity common", common * (new.negative != old.negative)
    yield from _of_people(new, old)
    yield from _of_values(new, old)
    for cue, there in new.cues.items():
        if there:
            yield cue, 1.0
            yield f"{cue} shared", float(bool(shared))
            yield f"{cue} common", common
            yield f"{cue} value", float(value_shared)
            yield f"{cue} alike", alike
            yield f"{cue} close", closeness


def _forms(new: _Reading, old: _Reading) -> set[str]:
    """Return the n-grams of how both are built, in which what they share is one sort of word."""
    shared = new.stems & old.stems
    said, known = ["<", *new.form(shared), ">"], old.form(shared)
    return {
        *(f"form {one} {two}" for one, two in pairwise(said)),
        *(f"form {one} {two} {three}" for one, two, three in zip(said, said[1:], said[2:], strict=False)),
        *(f"known {one} {two}" for one, two in pairwise(known)),
    }


def _of_people(new: _Reading, old: _Reading) -> Iterator[tuple[str, float]]:
    if new.people and old.people:
        yield ("same person" if new.people & old.people else "another person"), 1.0
    elif new.people:
        yield "person only said", 1.0
    elif old.people:
        yield "person only known", 1.0
        yield "person only known of i", float(new.words[0] == "i")


def _of_values(new: _Reading, old: _Reading) -> Iterator[tuple[str, float]]:
    both = new.values.keys() & old.values.keys()
    if any(not new.values[sort] & old.values[sort] for sort in both):
        yield "other value", 1.0
        yield "other value of it", float(bool(new.stems & old.stems))
    if any(new.values[sort] & old.values[sort] for sort in both):
        yield "same value", 1.0


def _without(reading: _Reading, shared: frozenset[str]) -> list[str]:
    return [word for word, found in reading.telling if not found & shared]


def _most_alike(left: Sequence[str], gone: Sequence[str]) -> float:
    """Return the cosine of the two words that are closest: "ballet" and "karate"."""
    return max((_word_likeness(one, other) for one in left for other in gone), default=0.0)


@lru_cache(maxsize=16384)
def _word_likeness(one: str, other: str) -> float:
    return float(word_meaning(one) @ word_meaning(other))


@cache
def _weights() -> dict[str, float]:
    held: dict[str, float] = json.loads(files("langgraph_memory.domain").joinpath("outdated.json").read_text("utf-8"))
    return held
