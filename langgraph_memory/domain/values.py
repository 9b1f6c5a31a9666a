"""Tells what kind of value some words are: a date, a time, a number, a name."""

from __future__ import annotations

import re
from typing import Final

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY: Final = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_UNITS: Final = r"(?:kg|kilos?|kgs|lbs?|pounds?|km|miles?|mg|ml|g|hours?|hrs?|mins?|minutes?|people|kids|years?|k|m|%)"

VALUES: Final[tuple[tuple[str, str], ...]] = (
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
