"""Judges whether the words that a model quotes say what it concludes from them: the one guard against invention.

Compared are the numbers, the names, the words, who it is about, whether it holds or does not, and the length. It
prefers to refuse: what is said in other words altogether is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from langgraph_memory.domain.quotes import folded, places_of
from langgraph_memory.domain.text import STOP_WORDS, terms
from langgraph_memory.extract.evidence_words import (
    BARE_NO,
    CHANGE,
    CONTRAST,
    CUT,
    DATE,
    ENDED,
    FRAME,
    FRAME_SIGNS,
    KILO,
    ME,
    NAMED,
    NEGATIVE,
    NOT_ONLY,
    NUMBER,
    NUMBER_WORDS,
    NUMBER_WORDS_ALSO,
    PEOPLE,
    PIECE_OF_NO,
    SAME_PERSON,
    THEIRS,
    USED_TO,
    WHEN,
    WORD,
)

ANSWER: Final = 6
"""Words up to which a message may be no more than the answer to what it was asked."""
_SHARE: Final = 0.5
"""More than this part of the telling words of a content the quote has to hold; a name counts twice."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a model quotes, of which message, said in answer to what, and what else it was shown."""

    quote: str
    message: str
    question: str = ""
    shown: str = ""


def supports(content: str, evidence: Evidence) -> bool:
    """Return whether what is quoted says `content`."""
    message, quote = folded(evidence.message), folded(evidence.quote)
    places = places_of(quote, message)
    if not places:
        return False
    answers = bool(evidence.question) and len(WORD.findall(message)) <= ANSWER
    question = folded(evidence.question) if answers else ""
    clauses = _clauses(message, places[0][0], places[-1][1])
    said = [*_cut(question), *clauses]
    words = f"{question} {quote}"
    return (
        _tells_words(content, words, folded(evidence.shown))
        and _tells_numbers(content, words)
        and _tells_names(content, " ".join((message, question, folded(evidence.shown))))
        and _is_about_them(content, clauses, question, evidence)
        and _holds_alike(content, said, no=answers and bool(BARE_NO.match(message)))
    )


def _tells_words(content: str, words: str, shown: str) -> bool:
    """Return whether enough of the words that tell something are there, and the content is not much longer.

    A name or a person that was told elsewhere counts for nothing.
    """
    told = terms(words)
    weights = _weighed(content, told, terms(shown))
    numbers = len(_numbers(folded(content)))
    found = numbers + sum(weight for term, weight in weights if _is_told(term, told))
    long = len(WORD.findall(content)) > 3 * len(WORD.findall(words)) + 10
    return not long and found > _SHARE * (numbers + sum(weight for _, weight in weights))


def _weighed(content: str, told: Sequence[str], elsewhere: Sequence[str]) -> list[tuple[str, int]]:
    """Return the terms that tell something and count, a name twice."""
    names = _terms_of(_names(content))
    people = _terms_of(word for word in WORD.findall(folded(content)) if word in PEOPLE)
    return [
        (term, 2 if term in names else 1)
        for term in _telling(content)
        if term not in names | people or _is_told(term, told) or not _is_told(term, elsewhere)
    ]


def _terms_of(texts: Iterable[str]) -> set[str]:
    return {term for text in texts for term in terms(text)}


def _telling(content: str) -> list[str]:
    words = WORD.findall(FRAME_SIGNS.sub(" ", folded(content)))
    told = [word for word in words if word not in STOP_WORDS and word not in FRAME and not word.isdigit()]
    return [term for word in told for term in terms(word)]


def _is_told(term: str, told: Sequence[str]) -> bool:
    """Return whether a word was said, in this form or one that begins alike."""
    return any(term == one or _begins_alike(term, one) for one in told)


def _begins_alike(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    need = max(4, round(0.7 * shorter))
    return shorter >= need and one[:need] == other[:need]


def _tells_numbers(content: str, words: str) -> bool:
    text = folded(content)
    if WHEN.search(words):
        text = DATE.sub(" ", text)
    told = _numbers(words)
    return all(number in told or number == "0" or _of_the_clock(number, told) for number in _numbers(text))


def _numbers(text: str) -> set[str]:
    """Return the numbers in a folded text, in digits or words."""
    found = {_plain(number[0]) for number in NUMBER.finditer(text)}
    found |= {_plain(number[1] + "000") for number in KILO.finditer(text)}
    words = WORD.findall(text)
    found |= {NUMBER_WORDS[word] for word in words if word in NUMBER_WORDS and word != "one"}
    return found | {NUMBER_WORDS_ALSO[word] for word in words if word in NUMBER_WORDS_ALSO}


def _plain(number: str) -> str:
    if re.fullmatch(r"\d+(?:[.,\u00a0\u202f ]\d{3})+", number):
        number = re.sub(r"\D", "", number)
    whole, _, part = number.replace(",", ".").partition(".")
    part = part.rstrip("0")
    return f"{whole.lstrip('0') or '0'}.{part}" if part else whole.lstrip("0") or "0"


def _of_the_clock(number: str, told: Iterable[str]) -> bool:
    """Return whether a number is an hour that was told in halves of the day."""
    return number.isdigit() and 12 < int(number) < 24 and str(int(number) - 12) in told


def _tells_names(content: str, heard: str) -> bool:
    """Return whether every name, and every person of a relation, was heard of."""
    told = terms(heard)
    words = set(WORD.findall(heard))
    when = WHEN.search(heard) is not None
    names = [word for word in _names(content) if not (when and DATE.fullmatch(folded(word)))]
    if not all(_is_told(term, told) for name in names for term in terms(name)):
        return False
    people = {word for word in WORD.findall(folded(content)) if word in PEOPLE}
    return all(_person_is_told(person, words, told) for person in people)


def _names(content: str) -> list[str]:
    words = list(WORD.finditer(content))
    named = [one[0] for one in words if one[0][:1].isupper() and one[0].lower() not in STOP_WORDS]
    return [name for name in named if folded(name).removesuffix("s") not in FRAME and folded(name) not in FRAME]


def _person_is_told(person: str, words: set[str], told: Sequence[str]) -> bool:
    return any(_is_told(term, told) for term in terms(person)) or any(
        person in group and group & words for group in SAME_PERSON
    )


def _is_about_them(content: str, clauses: Sequence[str], question: str, evidence: Evidence) -> bool:
    """Return whether what is said of another than the speaker is told of them."""
    about = folded(content)
    for clause in _of_it(content, (*clauses, *_cut(question.replace("your ", "my ")))):
        theirs = THEIRS.match(clause)
        if theirs is None or ME.search(clause):
            continue
        if not _mentions(about, theirs["kin"]):
            return False
    named = NAMED.match(_sentence_of(evidence))
    if named is None or ME.search(folded(_sentence_of(evidence))):
        return True
    return any(_is_told(term, terms(about)) for term in terms(named[1]))


def _mentions(about: str, kin: str | None) -> bool:
    words = set(WORD.findall(about)) | {word.removesuffix("s") for word in WORD.findall(about)}
    if kin is None:
        return bool(words & set(PEOPLE)) or not about.startswith(("the user ", "der nutzer ", "el usuario "))
    return (
        kin in words
        or any(kin in group and group & words for group in SAME_PERSON)
        or not about.startswith(("the user ", "der nutzer ", "el usuario ", "la usuaria ", "lutilisateur "))
    )


def _sentence_of(evidence: Evidence) -> str:
    """Return the sentence, as it was written, that the quote begins in."""
    wanted = folded(evidence.quote).split("...")[0].strip(" .,;:!?")
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", evidence.message):
        if wanted in folded(sentence):
            return sentence
    return ""


def _holds_alike(content: str, said: Sequence[str], *, no: bool) -> bool:
    """Return whether both say that it holds, or both that it does not."""
    about = folded(content)
    of_it = _of_it(content, said)
    denied = _denies(about) or bool(ENDED.search(about))
    if any(USED_TO.search(clause) for clause in of_it) and not denied:
        return False
    if no and said[-1] not in of_it:
        return denied
    refuses = any(map(_denies, of_it))
    return refuses == _denies(about) or bool(CONTRAST.search(about)) or _has_ended(about, said, of_it, refuses=refuses)


def _has_ended(about: str, said: Sequence[str], of_it: Sequence[str], *, refuses: bool) -> bool:
    """Return whether what is told as so or not so only says that it changed or ended."""
    if refuses:
        return bool(ENDED.search(about)) and any(ENDED.search(clause) for clause in of_it)
    return any(CHANGE.search(clause) or ENDED.search(clause) for clause in said)


def _of_it(content: str, said: Sequence[str]) -> list[str]:
    """Return the clauses that hold most of the words that tell something."""
    telling = _telling(content)
    counted = [(sum(_is_told(term, terms(clause)) for term in telling), clause) for clause in said]
    most = max((count for count, _ in counted), default=0)
    return [clause for count, clause in counted if count == most]


def _denies(clause: str) -> bool:
    """Return whether a folded clause says that something does not hold, or is not wanted."""
    text = NOT_ONLY.sub(" ", PIECE_OF_NO.sub("", clause))
    return NEGATIVE.search(text) is not None


def _clauses(message: str, start: int, end: int) -> list[str]:
    """Return the clauses of a folded message that a quote stands in, whole."""
    cuts = [0, *(cut.end() for cut in CUT.finditer(message)), len(message)]
    spans = pairwise(cuts)
    return [message[left:right].strip() for left, right in spans if left < end and right > start and left < right]


def _cut(text: str) -> list[str]:
    return [piece for piece in CUT.split(text) if piece.strip()] if text else []
