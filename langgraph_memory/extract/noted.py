"""Reads what the speaker asks to be noted when no pattern knows what it is about: a fact without a slot."""

from __future__ import annotations

import re
from typing import Final

from langgraph_memory.extract.findings import Finding
from langgraph_memory.extract.foreign import BLANK
from langgraph_memory.extract.person import of_the_user
from langgraph_memory.extract.speech import Speech

_I: Final = re.IGNORECASE
_STATEMENT = re.compile(
    r"(?:I am|I have|my [\w' -]{2,60}? (?:\w+s|are|can't|don't|have)|our "
    r"[\w' -]{2,60}? (?:\w+s|are|can't|don't|have)|we (?:are|have|don't|never|only|"
    r"can't|always)) .+",
    _I,
)
_PASSING = re.compile(
    r"(?:I|we) (?:am|are|have) (?:been|not|still|just|here|back|ready|done|a question|two|three|waiting|"
    r"sorry|sure|very|so|really|too|\w{3,}ing\b|tired|busy|sick|late|"
    r"\w{3,}ed (?!in\b|by\b))|\b(?:it|this|that|yesterday|today|tomorrow|tonight|asap|order|refund|ticket|"
    r"question|problem|issue|error|bug|broken)\b|\b(?:was|were|will|would|could|should)\b",
    _I,
)
_LONGEST: Final = 160


def noted_fact(speech: Speech) -> Finding | None:
    """Return the declarative statement about the speaker or the team that follows "remember that" or "note that"."""
    text = speech.text
    if not speech.explicit or BLANK in text or len(text) > _LONGEST:
        return None
    if _STATEMENT.fullmatch(text) is None or _PASSING.search(text):
        return None
    return Finding("fact", None, text, f"{of_the_user(text)}.", confidence=0.9, importance=0.7, topic="noted")
