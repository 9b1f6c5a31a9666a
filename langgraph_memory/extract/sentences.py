"""Cuts a message into sentences and a sentence into clauses that each say one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from langgraph_memory.extract.clauses import one_line, sentence_ends
from langgraph_memory.extract.foreign import own_words

LONGEST_SENTENCE: Final = 400
"""Characters; what runs on for longer is not a plain statement, and no pattern reads more."""

_BULLET = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)])\s+")

_STARTS = (
    r"(?:i|i'm|im|i've|ive|i'd|i'll|we|we're|we've|my|our|please|pls|don't|dont|never|always|he|she|they|you|your|"
    r"the deadline|the project|what|how|where|who|why|which|can|could|should|would|do|does|is|are|any|nobody|"
    r"now i|now we|sorry|actually|no wait|wait|thanks|thank you|also|everyone|keep|call me|avoid)\b"
)
_VERBS = (
    r"(?:live|lives|work|can't have|love|like|hate|prefer|speak|use|moved|relocated|switched|have|have "
    r"been|am|was born|grew up|play|"
    r"enjoy|dislike|got|need|want|can't|don't|run|deploy|host|just moved|just joined|joined|now live|now work)\b"
)
_BREAK = re.compile(
    rf"\s*[,;:]?\s+(?:and|but|so|because|since|although|though|while|whereas|yet|then|plus|cause|cuz)\s+(?={_STARTS})"
    rf"|\s*,\s*(?:and\s+|but\s+|so\s+)?(?={_STARTS})"
    rf"|\s*,?\s+so\s+(?!that\b|much\b|far\b|many\b)|\s+(?:--?|–|—)\s+"
    rf"|\s*[()]\s*"
    rf"|(?P<shared>\s*,?\s+(?:and|but)\s+(?={_VERBS})|\s*,\s*(?!use\b)(?={_VERBS})"
    rf"|\s*,\s*(?=(?:originally|currently|now|based|living|working|used to)\b))",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"(?:.{0,60}?\b)??(i'm|i am|im|i've|i|we're|we are|we've|we)\b", re.IGNORECASE)
_PARTICIPLE = re.compile(r"(?:originally|currently|now|based|living|working)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: `text` is what may be read of it, `said` is the exact excerpt, up to `end` of the message."""

    text: str
    said: str
    start: int = 0
    end: int = 0


def sentences(message: str) -> Iterator[Sentence]:
    """Yield the sentences of `message` in order, with what is not the speaker's own blanked."""
    own = own_words(message)
    start = 0
    for end in sentence_ends(own):
        said = message[start:end].strip()
        text = _BULLET.sub("", one_line(own[start:end]))
        if text and len(text) <= LONGEST_SENTENCE:
            yield Sentence(text, said, start, end)
        start = end


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence, each with a subject of its own: "I live in Rome", "I work at Acme"."""
    parts: list[str] = []
    position, shared = 0, False
    for found in _BREAK.finditer(sentence):
        parts.append(_with_subject(sentence[position : found.start()], parts, shared))
        position, shared = found.end(), found["shared"] is not None
    parts.append(_with_subject(sentence[position:], parts, shared))
    return [part for part in parts if part]


def _with_subject(clause: str, before: list[str], shared: bool) -> str:
    """Give a clause that shares its subject with the one before it that subject."""
    clause = clause.strip(" ,;:")
    subject = _SUBJECT.match(before[-1]) if shared and before else None
    if subject is None:
        return clause
    person = "I" if subject[1].lower().startswith("i") else "we"
    being = (" am" if person == "I" else " are") if _PARTICIPLE.match(clause) else ""
    return f"{person}{being} {clause}"
