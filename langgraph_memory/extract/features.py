"""The features of a clause that the learned gate reads: hashed n-grams of words and characters, and cues around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from xxhash import xxh32_intdigest

from langgraph_memory.domain.search.meaning import meaning
from langgraph_memory.domain.search.vectors import numpy
from langgraph_memory.extract.clauses import Clause
from langgraph_memory.extract.foreign import BLANK
from langgraph_memory.extract.restate import is_english

SPACE: Final = 1 << 16
"""How many places a feature can be hashed to."""

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,:/-]\d+)*|[^\w\s]")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SPELLING: Final = {
    "im": "i'm",
    "ive": "i've",
    "dont": "don't",
    "cant": "can't",
    "wont": "won't",
    "didnt": "didn't",
    "doesnt": "doesn't",
    "isnt": "isn't",
    "whats": "what's",
    "hows": "how's",
    "thats": "that's",
    "id": "i'd",
    "u": "you",
    "ur": "your",
    "pls": "please",
    "plz": "please",
    "gonna": "going",
    "wanna": "want",
    "mum": "mom",
    "mums": "mom's",
    "moms": "mom's",
}
_ENDS_IN_REQUEST = re.compile(r"\b(?:please|pls|can you|could you|would you|help me|write|draft|make|rewrite)\b", re.I)
_FUNCTION: Final = frozenset(
    """i i'm i've i'd i'll my me mine myself we we're we've we'd our us you your you're he she his her they their them
    it its it's this that these those the a an some any no not never always only just also still now already usually
    often mostly every each all both either neither most more less much many few lot than then too very really so
    am is are was were be been being has have had do does did don't doesn't didn't can can't could will won't would
    should must need needs want wants used use uses using get got getting go goes going went make makes made take takes
    keep stop start started switched moved changed quit gave left lost bought sold call called named
    like love hate prefer enjoy avoid rather live lives work works working study play speak run runs drive eat drink
    allergic born raised married single retired promoted based from in at on for with without of to by as about since
    until till after before during between over under into out up off and or but because cause if when while unless
    instead anymore longer again please thanks ok hi hey what which who where why how whose whats what's
    son daughter wife husband mom dad mother father brother sister kid kids partner friend boss manager colleague team
    dog cat name birthday email bank job company client customer project today tomorrow yesterday tonight
    week month year day days weeks months years ago last next""".split()
)
"""Words that tell how a sentence is built; in the shape of a clause they stand as they are."""
_ENDINGS: Final = {"ing": "g", "ed": "d", "ly": "ly"}
_FIRST_PERSON: Final = frozenset("i i'm i've i'd i'll my me mine we we're we've our us ours".split())
_THIRD_PERSON: Final = frozenset("he he's she she's they they're his her their".split())
_OWN_PERSON = re.compile(
    r"\b(?:my|our) (?:\w+ ){0,2}?(?:wife|husband|partner|son|daughter|boy|girl|kids?|child|mom|mum|mother|dad|father|"
    r"brother|sister|gran\w*|uncle|aunt|cousin|niece|nephew|friend|mate|boss|manager|colleague|dog|cat|baby|twins?)\b",
    re.I,
)
_SECOND_PERSON: Final = frozenset("you your you're yours".split())

_FIRST: Final = 5
"""Words that a clause begins with."""
LONG: Final = 255
"""Characters from which on a message is long: then more of it is pasted or told for the task alone."""


def tokens(text: str) -> list[str]:
    """Return the lower-case words, numbers (their digits as 0) and marks of `text`; each ideograph is a word."""
    found: list[str] = []
    for token in _TOKEN.findall(text.replace("’", "'")):
        word = token.lower()
        if _IDEOGRAPH.search(word):
            found.extend(word)
        elif word[0].isdigit():
            found.append("0" * min(len(word), 6) if word.isdigit() else "0.0")
        else:
            found.append(_SPELLING.get(word, word))
    return found


def features(clause: Clause, all_of_them: Sequence[Clause], message: str) -> list[int]:
    """Return the places of the clause's features, each once, in rising order."""
    words = tokens(clause.whole)
    named = {
        *_grams(words),
        *_characters(words),
        *_shape(clause, words),
        *_build(clause),
        *_around(clause, all_of_them, message),
        *_spoken_of(clause, words, all_of_them, message),
    }
    return sorted({xxh32_intdigest(name.encode()) % SPACE for name in named})


def sense(clause: Clause) -> Any:
    """Return what a clause is about, as a vector: that of its telling words, and that of the words it begins with.

    The vectors are of English words: what is in another language is about nothing that they know.
    """
    words = tokens(clause.whole) if is_english(clause.text) else []
    telling = [word for word in words if word not in _FUNCTION and word[0].isalpha()]
    return numpy().concatenate([meaning(" ".join(telling)), meaning(" ".join(words[:_FIRST]))])


def _grams(words: Sequence[str]) -> Iterator[str]:
    padded = ["<", *words, ">"]
    for size in (1, 2, 3):
        for start in range(len(padded) - size + 1):
            yield f"{size}:{' '.join(padded[start : start + size])}"
    for start in range(len(padded) - 2):
        yield f"s:{padded[start]} {padded[start + 2]}"
    for place, word in enumerate(words[:4]):
        yield f"p{place}:{word}"
    yield f"h:{' '.join(words[:2])}|{words[-1] if words else ''}"


def _build(clause: Clause) -> Iterator[str]:
    """Yield n-grams of how a clause is built: words that tell of anything in particular stand as their kind."""
    built: list[str] = []
    for place, token in enumerate(_TOKEN.findall(clause.whole.replace("’", "'"))):
        kind = _kind(token, first=place == 0)
        if not built or kind != built[-1] or kind not in {"w", "C"}:
            built.append(kind)
    padded = ["<", *built, ">"]
    for size in (3, 4, 5):
        for start in range(len(padded) - size + 1):
            yield f"b:{' '.join(padded[start : start + size])}"
    if len(built) <= 10:
        yield f"b:{' '.join(built)}"


def _kind(token: str, *, first: bool) -> str:
    word = _SPELLING.get(token.lower(), token.lower())
    if word in _FUNCTION or not (token[0].isalpha() or token[0].isdigit()):
        return word
    if token[0].isdigit():
        return "0"
    if any(letter.isupper() for letter in token[0 if not first else 1 :]):
        return "C"
    return next((kind for ending, kind in _ENDINGS.items() if word.endswith(ending)), "w")


def _characters(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if len(word) > 3:
            marked = f"<{word}>"
            for size in (3, 4, 5):
                for start in range(len(marked) - size + 1):
                    yield f"c:{marked[start : start + size]}"


def _shape(clause: Clause, words: Sequence[str]) -> Iterator[str]:
    yield f"n:{min(len(words), 30) // 3}"
    marks = {
        "asks": clause.asks,
        "blank": BLANK in clause.text,
        "shares": bool(clause.subject),
        "first": not _FIRST_PERSON.isdisjoint(words),
        "first0": bool(words) and words[0] in _FIRST_PERSON,
        "second": not _SECOND_PERSON.isdisjoint(words),
        "name": _has_a_name(clause.text),
        "number": any(word[0] == "0" for word in words),
    }
    yield from (mark for mark, there in marks.items() if there)


def _has_a_name(text: str) -> bool:
    return any(part[:1].isupper() for part in text.split()[1:] if part not in {"I", "I'm", "I've"})


def _around(clause: Clause, all_of_them: Sequence[Clause], message: str) -> Iterator[str]:
    place = all_of_them.index(clause)
    if len(message) > LONG:
        yield f"long:{min(len(message), 4_000).bit_length()}"
    if "\n" in message.strip():
        yield "lines"
    for name, there in (("before", place - 1), ("after", place + 1)):
        if not 0 <= there < len(all_of_them):
            continue
        near = all_of_them[there]
        words = tokens(near.text)
        yield f"{name}:{' '.join(words[:2])}"
        yield f"{name}-asks:{near.asks}"
        if _ENDS_IN_REQUEST.search(near.text):
            yield f"{name}-request"
        if any(word in _FIRST_PERSON for word in words):
            yield f"{name}-first"


def _spoken_of(clause: Clause, words: Sequence[str], all_of_them: Sequence[Clause], message: str) -> Iterator[str]:
    """Yield whether the speaker, or somebody of theirs, is spoken of in the clause and in the rest of the message."""
    here = any(word in _FIRST_PERSON for word in words)
    elsewhere = any(word in _FIRST_PERSON for one in all_of_them if one is not clause for word in tokens(one.text))
    yield f"speaker:{here}:{elsewhere}"
    yield f"clauses:{min(len(all_of_them), 4)}:{here}"
    if words and words[0] in _THIRD_PERSON:
        yield f"third:{_OWN_PERSON.search(message, 0, clause.start) is not None}"
