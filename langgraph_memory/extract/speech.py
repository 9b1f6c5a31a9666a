"""Brings a clause to one plain form, and notes on the way how it was said: "fyi", "for this chat", "actually"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_I: Final = re.IGNORECASE

_EXPLICIT = (
    r"(?:please |pls |also |so |and |just )*(?:remember|keep in mind|bear in mind|make a note|take note|"
    r"don't forget|note|"
    r"be aware)(?: that|:|,)? (?!to\b)|for the record|fyi|for your information|just so you know|for future reference"
)
_SESSION = (
    r"(?:just |only )?(?:for|in|during|within) (?:the rest of )?(?:this|the current|our current) "
    r"(?:chat|conversation|session|thread|task|answer|message|question)(?: only)?|(?:just |only )?for "
    r"(?:today|now|the moment|the time being|tonight)(?: only)?"
    r"|for the rest of (?:this|the|our) (?:chat|conversation|session|thread)|(?:just )?this (?:time|once|"
    r"week|morning|afternoon|evening)|right now|at the moment|temporarily"
    r"|today|tonight|until (?:further notice|tomorrow|next week|\w+day)|just this once"
)
_FILLER = (
    r"hi(?: there| all| everyone| team)?|hey(?: there| all)?|hello(?: there| all)?|hiya|yo|dear \w+|good "
    r"(?:morning|afternoon|evening|day)|greetings|"
    r"well|so|oh|ok|okay|yeah|yes|yep|yup|nope|nah|hmm+|ah|uh|um|also|and|but|btw|by the way|to be clear|"
    r"to clarify|in fact|"
    r"honestly|tbh|anyways?|basically|first(?: of all| off)?|long story short|just to let you know|just "
    r"letting you know|as (?:i|we) (?:said|mentioned)|like i said|as mentioned|as you know|look|listen|"
    r"for context|some context|quick (?:note|update)|background|context|about me|personally|update|edit|"
    r"note|notes|preferences?|important|"
    r"reminder|ps|p\.s\.?|plus|then|because|since|though|since then|these days|nowadays|currently|please|"
    r"pls|lol|haha|great|thanks|cool|you know|i mean|now"
)
_CORRECTING = (
    r"actually|scratch that|correction|sorry|wait|no wait|never mind that|my bad|oops|forget that|strike "
    r"that|i meant|i mean|make that|no(?=[,.!-])"
)
_LEADS: Final = (
    ("explicit", re.compile(rf"(?:{_EXPLICIT})\b[\s,:-]*", _I)),
    ("session", re.compile(rf"(?:{_SESSION})\b[\s,:-]+", _I)),
    ("corrects", re.compile(rf"(?:{_CORRECTING})\b[\s,:.!-]+", _I)),
    (
        "greets",
        re.compile(
            r"(?:dear \w+|greetings|hola|bonjour|hallo|ciao|salut|hej|hei|hi(?: there| all)?|hey(?: there)?|"
            r"hello(?: there| all)?|good (?:morning|afternoon|evening))\b(?:[\s,:!.-]+|$)",
            _I,
        ),
    ),
    ("filler", re.compile(rf"(?:{_FILLER})\b[\s,:!.-]+", _I)),
)
_TAIL = re.compile(
    r"(?<!checking)(?<!discussing)(?<!confirming)[\s,]+(?:btw|by the way|fyi|lol|haha|"
    r"please|pls|plz|thanks|thank you|thx|though|too|as well|"
    r"actually|of course|you know|"
    r"always|nowadays|these days|lately|now|currently|again|from now on|going forward|in general|generally|really|"
    r"a lot|very much|so much|the most|for me|with me|when (?:you|talking)[^,]{0,30}|xd|ok|okay|"
    r"[:;]-?[)(dp]|for now on|in future|in the future)$",
    _I,
)
_SESSION_TAIL = re.compile(rf"[\s,]+(?:{_SESSION})$", _I)
_EDGES: Final = " \t,;:.!?…-–—"

_CONTRACTIONS: Final = (
    (re.compile(r"\b(?:i'm|im|i am)\b", _I), "I am"),
    (re.compile(r"\b(?:i've|ive|i have got|i've got)\b(?: got\b)?", _I), "I have"),
    (re.compile(r"\b(?:i'd)\b", _I), "I would"),
    (re.compile(r"\b(?:we're)\b", _I), "we are"),
    (re.compile(r"\b(?:we've)\b(?: got\b)?", _I), "we have"),
    (re.compile(r"\b(?:dont|do not|don't)\b", _I), "don't"),
    (re.compile(r"\b(?:cant|cannot|can not|can't)\b", _I), "can't"),
    (re.compile(r"\b(?:anymore|any longer)\b", _I), "any more"),
    (re.compile(r"\bit's\b", _I), "it is"),
    (re.compile(r"\b(name|birthday|timezone|time zone)'?s (?=\S)", _I), r"\1 is "),
)
_ADVERBS = re.compile(
    r"^(i am|i have|i|we are|we have|we) (?:(?:now|currently|just|really|also|actually|recently|"
    r"absolutely|still|usually|mostly|"
    r"generally|definitely|do|honestly|personally|already|mainly|primarily|officially|truly|quite|(?<=i "
    r")always|only|both|all|finally|totally|"
    r"severely|deathly|very|highly|originally|simply|typically) )+(?!that\b|much\b|few\b|little\b)",
    _I,
)
_DROPPED = re.compile(
    r"^(?:been (?:living|working)|got a new job|live in|work (?:at|for|as)|moved to|can't stand|"
    r"don't like|prefer|hate|no longer|allergic to|based in|born in)\b",
    _I,
)


@dataclass(frozen=True, slots=True)
class Speech:
    """A clause in plain form, and how it was said."""

    text: str
    explicit: bool = False
    session: bool = False
    corrects: bool = False
    greets: bool = False
    shouted: bool = False


def is_greeting(text: str) -> bool:
    """Return whether `text` greets and says nothing else."""
    noted = dict.fromkeys(("explicit", "session", "corrects", "greets", "filler"), False)
    return not _without_leads(text.strip(_EDGES), noted) and noted["greets"]


def plain(clause: str) -> Speech:
    """Return `clause` without fillers and tails, its contractions spelled out, its subject in front."""
    noted = dict.fromkeys(("explicit", "session", "corrects", "greets", "filler"), False)
    text = _contracted(clause.strip(_EDGES))
    text = _without_leads(text, noted)
    text = _without_tails(text, noted)
    text = _ADVERBS.sub(r"\1 ", _with_subject(text))
    noted.pop("filler")
    return Speech(text, shouted=clause.isupper(), **noted)


def _contracted(text: str) -> str:
    for contraction, full in _CONTRACTIONS:
        text = contraction.sub(full, text)
    return text


def _without_leads(text: str, noted: dict[str, bool]) -> str:
    while True:
        for name, lead in _LEADS:
            match = lead.match(text)
            if match:
                noted[name] = True
                text = text[match.end() :].lstrip(_EDGES)
                break
        else:
            return text


def _without_tails(text: str, noted: dict[str, bool]) -> str:
    while True:
        shorter = _SESSION_TAIL.sub("", text)
        if shorter != text:
            noted["session"] = True
        shorter = _TAIL.sub("", shorter).rstrip(_EDGES)
        if shorter == text:
            return text
        text = shorter


def _with_subject(text: str) -> str:
    """Put back an "I" that was left out: "can't stand cilantro"."""
    match = _DROPPED.match(text)
    if match is None:
        return text
    being = match[0].lower().split()[0] in {"allergic", "based", "born"}
    have = "have " if match[0].lower().startswith("been") else ""
    return f"I {have}{'was ' if match[0].lower().startswith('born') else 'am ' if being else ''}{text}"
