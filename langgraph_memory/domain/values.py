"""Tells what kind of value some words are: a date, a time, a number, a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY: Final = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_UNITS: Final = r"(?:kg|kilos?|kgs|lbs?|pounds?|km|miles?|mg|ml|g|hours?|hrs?|mins?|minutes?|people|kids|years?|k|m|%)"

_COUNTS: Final = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"

_CLOCK: Final = r"(?:\d{1,2}(?:[:.h]\d{2})?\s?(?:am|pm)?)"

VALUES: Final[tuple[tuple[str, str], ...]] = (
    ("range", rf"{_CLOCK} ?(?:to|-|–|until|till) ?{_CLOCK}"),
    ("code", r"[a-z]{1,3}-?\d{1,5}[a-z]?|\d{1,4}[a-ce-gi-ln-z]"),
    ("time", r"(?:\d{1,2}[:.h]\d{2}\s?(?:am|pm)?|\d{1,2}\s?(?:am|pm)|noon|midnight)"),
    (
        "date",
        rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?|"
        rf"{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?"
        r"(?:,? \d{4})?|(?:the )?\d{1,2}(?:st|nd|rd|th)|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}(?:/\d{2,4})?",
    ),
    ("weekday", rf"(?:next |this )?(?:{_DAY})"),
    ("month", rf"(?:next |this )?{_MONTH}(?: \d{{4}})?"),
    (
        "number",
        rf"[$€£]?\d+(?:[.,]\d+)*\s?(?:{_UNITS})?(?:\s?(?:a|per) (?:day|week|month|year))?|"
        r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve",
    ),
)
"""Kinds of value, the narrower before the wider; each as a regular expression of lower-case words."""

_KINDS: Final = tuple((kind, re.compile(pattern)) for kind, pattern in VALUES)
_CAPITALS: Final = re.compile(r"(?:(?:mr|mrs|ms|dr|prof)\.? )?[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){0,2}")
_COMMON: Final = re.compile(
    r"\b(?:a|an|the|very|so|too|not|always|never|really|great|good|bad|nice|fun|stressful|boring|broken|slow|fast|"
    r"tired|sick|late|busy|fine|ok|okay|away|here|there|done|ready|my|his|her|with|for|to|that|this|\w+ing|\w+ed)\b"
)


def kind_of(value: str) -> str:
    """Return the kind of a value in lower case: time, date, weekday, month, number, name, or none."""
    bare = re.sub(r"^(?:on|at|in|by|to|around|about)\s+", "", value.strip())
    for kind, pattern in _KINDS:
        if pattern.fullmatch(bare):
            return "date" if kind in ("weekday", "month") else kind
    return "name" if _CAPITALS.fullmatch(bare) and not _COMMON.search(bare) else ""


def is_name(value: str) -> bool:
    """Return whether a value as it was written is a name: each of its words begins with a capital."""
    words = value.split()
    return 0 < len(words) <= 3 and all(word[:1].isupper() for word in words)


def with_value(sentence: str, value: str, old: str = "", likely: Sequence[str] = ()) -> tuple[str, str] | None:
    """Return `sentence` with `value` in the place of what it corrects, and what that was; None where that is not clear.

    That is `old` where it is given, else the one part of the same kind, else the one of the `likely` parts.
    """
    spans = _spans_of(sentence, old) if old else _alike(sentence, value, likely)
    if len(spans) != 1:
        return None
    start, end = spans[0]
    gone = sentence[start:end]
    if value.lower().startswith("the ") and sentence[:start].lower().endswith("the "):
        value = value[4:]
    new = _in_unit_of(gone, value)
    return None if new in (None, gone) else (f"{sentence[:start]}{new}{sentence[end:]}", gone)


def _in_unit_of(gone: str, value: str) -> str | None:
    """Return a value with the unit of the one before it, unless it has one; None where that is another."""
    before, own = _UNIT.search(gone.lower()), _UNIT.search(value.lower())
    if before is None:
        return value
    if own is None:
        return value + gone[before.start() :] if value[-1:].isdigit() else value
    return value if own[0].strip() == before[0].strip() else None


def _spans_of(sentence: str, part: str) -> list[tuple[int, int]]:
    found = re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", sentence, re.IGNORECASE)
    return [one.span() for one in found]


def _alike(sentence: str, value: str, likely: Sequence[str]) -> list[tuple[int, int]]:
    bare = value.lower().removeprefix("the ")
    sort = next((kind for kind, pattern in _PARTS.items() if pattern.fullmatch(bare)), None)
    return _names_like(sentence, bare, likely) if sort is None else _parts_of(sort, sentence.lower())


def _parts_of(sort: str, sentence: str) -> list[tuple[int, int]]:
    spans = [one.span() for one in _PARTS[sort].finditer(sentence)]
    if not spans and sort in _INSTEAD:
        spans = [one.span("part") for one in _INSTEAD[sort].finditer(sentence)]
    return _outside_dates(spans, sentence) if sort == "number" else spans


def _names_like(sentence: str, bare: str, likely: Sequence[str]) -> list[tuple[int, int]]:
    """Return the name that is spelled like another, or else the likely part, or else the only name there is."""
    names = [one.span() for one in _NAME.finditer(sentence) if one.start() > 0 and one[0].lower() not in _NOT_NAMES]
    similar = [(a, b) for a, b in names if SequenceMatcher(None, sentence[a:b].lower(), bare).ratio() >= _SAME_WORD]
    named = [span for part in dict.fromkeys(filter(None, likely)) for span in _spans_of(sentence, part)]
    return next((found for found in (similar, named, names) if len(found) == 1), [])


def _outside_dates(spans: Sequence[tuple[int, int]], sentence: str) -> list[tuple[int, int]]:
    """Return those of some numbers that are no part of a date or a time."""
    taken = [one.span() for kind in ("date", "time", "range") for one in _PARTS[kind].finditer(sentence)]
    return [one for one in spans if not any(start <= one[0] < end for start, end in taken)]


_PARTS: Final = {
    "range": re.compile(rf"(?<![\w.:]){_CLOCK} ?(?:to|-|–|until|till) ?{_CLOCK}(?![\w:])"),
    "code": re.compile(r"\b(?:[a-z]{1,3}-?\d{1,5}[a-z]?|\d{1,4}[a-ce-gi-jln-z])\b"),
    "time": re.compile(r"\d{1,2}[:.h]\d{2}\s?(?:am|pm)?\b|\d{1,2}\s?(?:am|pm)\b|noon|midnight"),
    "date": re.compile(
        rf"\b(?:{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH})\b"
        r"(?:,? \d{4})?|\d{4}-\d{2}-\d{2}"
    ),
    "day": re.compile(r"\b\d{1,2}(?:st|nd|rd|th)\b"),
    "weekday": re.compile(rf"\b{_DAY}\b"),
    "month": re.compile(rf"\b{_MONTH}\b"),
    "number": re.compile(rf"[$€£]?(?<![\w.])\d+(?:[.,]\d+)*(?:k|m)?\b(?:\s?{_UNITS}\b)?|\b(?:{_COUNTS})\b"),
}
_INSTEAD: Final = {
    "time": re.compile(r"\bat (?P<part>\d{1,2})\b"),
    "date": re.compile(r"(?P<part>\b\d{1,2}(?:st|nd|rd|th)\b)"),
    "day": re.compile(rf"\b(?:{_MONTH} )?(?P<part>\d{{1,2}}(?:st|nd|rd|th)?)(?=\b)(?: of)?(?: {_MONTH})?"),
}
"""What is taken for a part of a kind where there is none that is written in full."""
_UNIT: Final = re.compile(rf"(?<=\d)\s?{_UNITS}$")
_NAME: Final = re.compile(r"[A-ZÀ-Þ][\w'-]*(?: [A-ZÀ-Þ][\w'-]*)*")
_NOT_NAMES: Final = frozenset("the user i monday tuesday wednesday thursday friday saturday sunday mr mrs dr".split())
_SAME_WORD: Final = 0.6
"""How alike two spellings of one name are, at least (difflib's ratio)."""


COUNTRIES: Final = frozenset(
    """argentina australia austria bangladesh belgium brazil bulgaria cameroon canada chile china colombia croatia
    cyprus denmark ecuador egypt england estonia ethiopia europe finland france germany ghana greece hungary iceland
    india indonesia iran iraq ireland israel italy jamaica japan jordan kenya korea latvia lebanon lithuania luxembourg
    malaysia malta mexico morocco nepal netherlands nigeria norway pakistan peru philippines poland portugal romania
    russia scotland senegal serbia singapore slovakia slovenia spain sweden switzerland taiwan tanzania thailand tunisia
    turkey uganda uk ukraine uruguay us usa venezuela vietnam wales zimbabwe""".split()
) | {
    "the uk",
    "the us",
    "the usa",
    "the netherlands",
    "new zealand",
    "south africa",
    "south korea",
    "saudi arabia",
    "united states",
    "united kingdom",
    "czech republic",
    "costa rica",
    "sri lanka",
}
"""Places that others lie in: "I live in Belgium" is no move away from Ghent."""
