"""Turns text into the terms that lexical search compares, and into the form that tells repeats apart."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import Stemmer

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_COMBINING = re.compile("[\u0300-\u036f]")
_CLITIC = re.compile("['\u2019](?:s|m|re|ve|ll|d|t)$")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]+")
_PUNCTUATION_END = re.compile(r"[\s.!?;,:]+$")
_SENTENCE_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|\n+")
_WHOLE = re.compile(r"(?<![^\s(\[\"'\u201c])[~/#]?\w{1,64}(?:[-./@_:+\\]{1,3}\w{1,64}){1,12}")
"""A path, a version, an address, a number with marks in it: what stands between blanks and has marks inside."""
_TELLING = re.compile(r"[\d@_/\\]|\w\.\w")
"""What an identifier has and a compound such as "well-known" lacks."""
_JOINED = re.compile(r"(?<![^\W_])(?:[A-Za-z]{0,40}?[a-z][A-Z][A-Za-z]{0,40}|[A-Za-z]{2,12}\d{2,12})(?![^\W_])")
"""A word in which capitals or digits tell its parts."""
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_IDLE = (
    (
        "work",
        re.compile(r"\bhow\b(?!.{0,200}\b(?:i|we|my|our)\b).{0,200}\bwork(?:s|ed|ing)?\b", re.IGNORECASE | re.DOTALL),
    ),
    ("like", re.compile(r"\b(?:looks?|sounds?|feels?|tastes?|be|is|something|would|'d) like\b", re.IGNORECASE)),
)
"""Words that ask about something and are none of it, and where they are that."""
_QUESTION_END = ("?", "\uff1f", "\u061f")

HIDDEN = re.compile(
    "[\x80-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|[\u200c-\u200f\ufe00-\ufe0f]{2,}"
)
"""Characters that show nothing and can hide text; not the single joiners and marks that scripts and emoji need.

Those are the default-ignorable code points of Unicode, controls, blanks that are no space, and all that is said in
runs of joiners or variation selectors.
"""

UNSEEN = re.compile(f"{HIDDEN.pattern}|[\ufe00-\ufe0f]")
"""The same with every variation selector: what a model reads needs none."""

MOST_INDEXED = 1 << 17
"""How many characters of a text are looked at for terms."""
_MOST_TERMS = 1 << 14

STOP_WORDS = frozenset(
    """a about after again all also am an and any are aren as at be because been before being both but by can could did
    didn do does doesn doing don for from had has have having he her here hers him his how i if in into is isn it its
    just ll me more most my no nor not of off on once only or other our ours out over own re same she should so some
    such than that the their theirs them then there these they this those to too under until up us ve very was wasn we
    were what when where which while who whom whose why will with would you your yours""".split()
)
"""English function words: they say nothing about which memory is meant, so a query leaves them out."""


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order: folded, unaccented, stemmed words; bigrams where no spaces part words.

    Stemming is Porter2 (https://snowballstem.org/algorithms/english/stemmer.html).
    """
    return [term for _, term in _words_and_terms(text)]


def indexed_terms(text: str) -> list[str]:
    """Return the terms that a text of any length is found by: the first 16,384, of some thirty pages."""
    if len(text) > MOST_INDEXED:
        text = text[:MOST_INDEXED].rpartition(" ")[0] or text[:MOST_INDEXED]
    return terms_with_identifiers(text)[:_MOST_TERMS]


def query_terms(text: str) -> list[str]:
    """Return the distinct terms of a query without stop words, unless it holds nothing else."""
    pairs = _words_and_terms(text)
    telling = [term for word, term in pairs if word not in STOP_WORDS]
    return list(dict.fromkeys(telling or [term for _, term in pairs]))


def terms_with_identifiers(text: str) -> list[str]:
    """Return the terms under which `text` is found: those of its words, whole identifiers, and the parts of such words.

    So "LH1834" is found by "LH 1834", "loadUserProfile" by "load user profile", and "3.11.2" before "3.11.4".
    """
    return terms(text) + _identifiers(text)


def search_terms(text: str) -> list[str]:
    """Return the distinct terms of a query, those of its identifiers as well."""
    return list(dict.fromkeys(query_terms(text) + _identifiers(text)))


def question_terms(text: str) -> list[str]:
    """Return the terms of a question to somebody's memories, without what only makes it a question.

    "user" stands in most memories and tells nothing; "how B-trees work" asks of no work, "what it looks like" of
    nothing that is liked.
    """
    idle = {"user", *(term for term, pattern in _IDLE if pattern.search(text))}
    return [term for term in search_terms(text) if term not in idle]


def other_forms(terms: Iterable[str]) -> list[str]:
    """Return the stems that nouns and adjectives of the same roots have: that of "allergic" for that of "allergies"."""
    long = (term for term in terms if len(term) > 5 and term.isalpha())
    return [term[:-1] if term.endswith("i") else f"{term}i" for term in long]


def _identifiers(text: str) -> list[str]:
    """Return the whole identifiers in a text, and the parts of words such as "LH1834" and "loadUserProfile"."""
    whole = [found[0].lower() for found in _WHOLE.finditer(text) if _TELLING.search(found[0])]
    parts = [part.lower() for found in _JOINED.findall(text) for part in _PART.findall(found)]
    return whole + [stem(part) for part in parts if len(part) > 1]


def phrase_key(text: str) -> str:
    """Return the folded words of a name, in the form in which two spellings of it are equal."""
    return " ".join(word for word, _ in _words_and_terms(text))


def phrases(text: str, longest: int = 4) -> list[str]:
    """Return the keys of every run of up to `longest` words in `text`: the names it could hold."""
    words = [word for word, _ in _words_and_terms(text)]
    runs = (words[i : i + n] for n in range(1, longest + 1) for i in range(len(words) - n + 1))
    return list(dict.fromkeys(" ".join(run) for run in runs))


def without_phrases(text: str, keys: Iterable[str]) -> str:
    """Return `text` without the words of `keys`, unless nothing else is left."""
    words = {word for key in keys for word in key.split()}
    kept = _WORD.sub(lambda match: "" if _CLITIC.sub("", folded(match[0])) in words else match[0], text)
    kept = " ".join(kept.split())
    return kept if _WORD.search(kept) else text


def passages(text: str, most: int = 8) -> list[str]:
    """Cut `text` into at most `most` runs of whole sentences of about the same length, each a sentence where it can be.

    A sentence of one or two words says too little to be found by, and is left out.
    """
    sentences = [part for part in _SENTENCE_END.split(text.strip()) if len(part.split()) > 2]
    if len(sentences) <= most:
        return sentences
    total, done = sum(map(len, sentences)), 0
    runs: list[list[str]] = [[] for _ in range(most)]
    for sentence in sentences:
        runs[done * most // total].append(sentence)
        done += len(sentence)
    return [" ".join(run) for run in runs if run]


def text_columns(own: str, context: str, asked: str) -> dict[str, Any]:
    """Return what the text index holds of a row: its terms, those around it, those of the question it answers."""
    columns: dict[str, Any] = {}
    for name, text in (("", own), ("context_", context), ("asked_", asked)):
        found = Counter(terms_with_identifiers(text)) if text else None
        columns[f"{name}terms"] = _as_json(found) if found else "{}"
        columns[f"{name}count" if name else "term_count"] = found.total() if found else 0
    return columns


_as_json = json.JSONEncoder(ensure_ascii=False).encode


def question_share(text: str) -> float:
    """Return how much of a text is in sentences that ask, 0..1."""
    if not any(map(text.__contains__, _QUESTION_END)):
        return 0.0
    sentences = _sentences(text)
    total = sum(map(len, sentences))
    return sum(map(len, _asking(sentences))) / total if total else 0.0


def question_before(content: str, context: str | None) -> str:
    """Return the questions in the line right before `content` in its context: what it may be the answer to."""
    start = (context or "").find(content)
    if context is None or start < 0:
        return ""
    lines = context[:start].splitlines()
    earlier = [line for line in lines[: None if context[:start].endswith("\n") else -1] if line.strip()]
    return " ".join(_asking(_sentences(earlier[-1]))) if earlier else ""


@lru_cache(maxsize=16)
def normalised(text: str) -> str:
    """Return `text` in the form in which two statements of the same sentence are equal."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _PUNCTUATION_END.sub("", " ".join(plain.split()))


@lru_cache(maxsize=16)
def fingerprint(text: str) -> str:
    """Return 128 bits, in hexadecimal, that are equal for texts that say the same words."""
    return blake2b(normalised(text).encode(), digest_size=16).hexdigest()


def content_hash(text: str) -> str:
    """Return 128 bits, in hexadecimal, of exactly this text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _sentences(text: str) -> list[str]:
    return [sentence for part in _SENTENCE_END.split(text) if (sentence := part.strip())]


def _asking(sentences: Iterable[str]) -> list[str]:
    return [sentence for sentence in sentences if sentence.endswith(_QUESTION_END)]


def _words_and_terms(text: str) -> tuple[tuple[str, str], ...]:
    """Return each word of a text and its term; one operation asks for those of the same text several times."""
    return _of_short(text) if len(text) <= _SHORT else _of_long(text)


def _cut(text: str) -> tuple[tuple[str, str], ...]:
    found = _WORD.findall(folded(text))
    words = [word if word.isalnum() else _CLITIC.sub("", word) for word in found]
    if not text.isascii():
        words = [part for word in words for part in (_bigrams(word) if _is_wide(word) else (word,))]
    of = stem if max(map(len, words), default=0) > _LONGEST_WORD else _stem  # mostly without a call of Python's own
    return tuple([(part, term) for part in words if (term := of(part))])


_SHORT = 1000
_of_short, _of_long = lru_cache(maxsize=16)(_cut), lru_cache(maxsize=1)(_cut)


def folded(text: str) -> str:
    """Return `text` in lower case and without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _COMBINING.sub("", decomposed))


def _is_wide(word: str) -> bool:
    return not word.isascii() and _WIDE.search(word) is not None


def _bigrams(word: str) -> Iterator[str]:
    """Cut runs of scripts that are written without spaces into overlapping pairs, and leave the rest whole."""
    end = 0
    for run in _WIDE.finditer(word):
        if word[end : run.start()]:
            yield word[end : run.start()]
        characters = run[0]
        yield from (characters[i : i + 2] for i in range(max(1, len(characters) - 1)))
        end = run.end()
    if word[end:]:
        yield word[end:]


def stem(word: str) -> str:
    """Return the stem of a folded word."""
    return _stem(word) if len(word) <= _LONGEST_WORD else _stem.__wrapped__(word)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    plain = word.replace("'", "").replace("\u2019", "")
    found: str = Stemmer.Stemmer("english", 0).stemWord(plain)  # not one that several threads would share
    return found


_LONGEST_WORD = 64
"""Letters of a word whose stem is kept; what is longer is a block of code."""
