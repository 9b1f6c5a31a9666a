"""Turns the speaker's first person into "the user"."""

from __future__ import annotations

import re
from typing import Final

_I: Final = re.IGNORECASE
_REPLACEMENTS: Final = (
    (re.compile(r"\bI(?:'m| am)\b", _I), "the user is"),
    (re.compile(r"\bI(?:'ve| have)\b", _I), "the user has"),
    (re.compile(r"\bI(?:'ll| will)\b", _I), "the user will"),
    (re.compile(r"\bI (?P<modal>can|can't|must|should|don't|could|was)\b", _I), r"the user \g<modal>"),
    (re.compile(r"\bwe(?:'re| are)\b", _I), "the user's team is"),
    (re.compile(r"\bwe(?:'ve| have)\b", _I), "the user's team has"),
    (
        re.compile(
            r"\bI (?P<verb>paste|send|ask|say|share|push|commit|want|need|use|give|write|mention|"
            r"upload|change|work|live|own|run|call|report|request|open)\b",
            _I,
        ),
        r"the user \g<verb>s",
    ),
    (re.compile(r"\bI (?=\w+(?:ed)\b)", _I), "the user "),
    (re.compile(r"\bmyself\b", _I), "the user"),
    (re.compile(r"\bmine\b", _I), "the user's"),
    (re.compile(r"\bme\b", _I), "the user"),
    (re.compile(r"\bmy\b", _I), "the user's"),
    (re.compile(r"\bours?\b", _I), "the user's team's"),
    (re.compile(r"\bus\b"), "the user's team"),
)
_FIRST_PERSON: Final = re.compile(r"\b(?:i|we|i'd|we'd|i'll|we'll)\b", _I)


def of_the_user(text: str) -> str:
    """Return `text` with "my", "me", "I am" said of the user; in quotation marks when that cannot be done plainly."""
    shifted = text
    for pattern, replacement in _REPLACEMENTS:
        shifted = pattern.sub(replacement, shifted)
    if _FIRST_PERSON.search(shifted):
        return f"The user says: “{text}”"
    return shifted[:1].upper() + shifted[1:]
