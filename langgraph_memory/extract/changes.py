"""Hears what a message does to what was said before: changes, corrections of the last message, requests to forget."""

from __future__ import annotations

import re
from typing import Final

from langgraph_memory.domain.amendments import looks_like_a_correction
from langgraph_memory.domain.changes import says_of_a_change
from langgraph_memory.domain.outdated import has_a_cue
from langgraph_memory.domain.scope import storable
from langgraph_memory.extract import gates
from langgraph_memory.extract.clauses import Clause
from langgraph_memory.extract.speech import plain


def tells_of_a_change(clause: Clause) -> bool:
    """Return whether a clause states that something known may be otherwise now; not asked, doubted or for now."""
    return is_stated(clause) and says_of_a_change(clause.whole)


def may_tell_of_a_change(clause: Clause) -> bool:
    """Return whether a clause could state that something known is otherwise now, whatever that may be."""
    return len(clause.text.split()) > 1 and is_stated(clause) and has_a_cue(clause.whole)


def is_stated(clause: Clause) -> bool:
    """Return whether a clause is stated; not asked, doubted, refused or for now."""
    speech = plain(clause.text)
    if clause.asks or speech.session or gates.is_refused_sentence(clause.text, clause.text):
        return False
    return not (gates.is_question(speech.text) or gates.is_supposed(speech.text))


_LONGEST: Final = 24
"""Words; a longer message says something of its own."""
_I: Final = re.IGNORECASE
_TAKEN_BACK = re.compile(
    r"\W*(?:(?:oh|no|sorry|wait|actually|ok|okay)[\s,]+)*(?:scratch that|strike that|never ?mind(?: that)?|ignore (?:that|what i (?:just )?said)"
    r"|forget (?:what i (?:just )?said)|that(?:'s| is|s) not (?:true|right|correct)|i never said that|i didn'?t say that|"
    r"i was (?:joking|kidding)|just (?:joking|kidding))(?:[\s,]+(?:i'?m not|it'?s not|it isn'?t|i don'?t|i do not|i am not|please|thanks|lol))?\W*",
    _I,
)


_DID_I_SAY = re.compile(r"\bdid (?:i|we) (?:say|write|type|put)\b[^?]{1,40}\?", _I)


def amendment(message: str) -> str | None:
    """Return a short message that may correct the one before; empty where it only takes that back; None for others."""
    text = " ".join(message.replace("’", "'").split())
    asks = "?" in _DID_I_SAY.sub("", text)
    if not text or asks or len(text.split()) > _LONGEST or not storable(text):
        return None
    if _TAKEN_BACK.fullmatch(text):
        return ""
    return text if looks_like_a_correction(text) else None


_FORGET = re.compile(
    r"\W*(?:(?:please|pls|can you|could you|ok|okay|now|just)[\s,]+)*(?:forget|(?:don't|dont|do not|stop) remember(?:ing)?"
    r"|never ?mind|ignore|disregard|(?:it'?s|it is) (?:not true|wrong|false|no longer true)) "
    r"(?:about the fact )?that (?=(?:i|my|we|our)\b)",
    _I,
)


def to_forget(message: str) -> str | None:
    """Return the statement that a message asks to forget: "forget that I live in Oslo"."""
    found = _FORGET.match(message)
    return message[found.end() :].strip() or None if found else None


_FORGET_ALL = re.compile(
    r"\W*(?:(?:please|pls|can you|could you|would you|ok|okay|now|just|i want you to|i'?d like you to)[\s,]+)*"
    r"(?:(?:forget|delete|erase|remove|wipe|clear) (?:absolutely )?(?:everything|anything|all|what(?:ever)?)(?: of it)?"
    r"(?: (?:that |of what |what )?you(?:'ve| have| ever)?(?: ever)? (?:know|have|stored?|saved?|remember(?:ed)?|learn(?:ed|t)|kept?|got))?"
    r" (?:about|on|of) (?:me|us)"
    r"|(?:forget|delete|erase|remove|wipe|clear) (?:all (?:of )?)?(?:my|your) (?:\w+ )?(?:data|memor(?:y|ies)|information|info)"
    r"(?: (?:of|about|on) (?:me|us))?|forget (?:all about )?me|wipe your memory of me)"
    r"(?:[\s,]+(?:please|pls|thanks|thank you|now|right now|completely|entirely|for good))*\W*",
    _I,
)


def asks_to_forget_all(message: str) -> bool:
    """Return whether a message asks to forget all that is known of its speaker."""
    return _FORGET_ALL.fullmatch(" ".join(message.replace("’", "'").split())) is not None


_SLOTS: Final[dict[str, tuple[str, ...]]] = {
    "address": ("home.city", "home.country"),
    "city": ("home.city",),
    "home": ("home.city", "home.country"),
    "name": ("name", "nickname"),
    "nickname": ("nickname",),
    "birthday": ("birthday",),
    "age": ("age",),
    "pronouns": ("pronouns",),
    "diet": ("diet",),
    "employer": ("employer",),
    "job": ("employer", "job.title"),
    "work": ("employer", "job.title"),
    "email": ("contact.email",),
    "e-mail": ("contact.email",),
    "email address": ("contact.email",),
    "phone": ("contact.phone",),
    "phone number": ("contact.phone",),
    "number": ("contact.phone",),
    "time zone": ("timezone",),
    "timezone": ("timezone",),
    "nationality": ("nationality",),
}
"""What people call a slot when they ask for it to be forgotten."""
_FORGET_SLOT = re.compile(
    r"\W*(?:(?:please|pls|can you|could you|ok|okay|now|just)[\s,]+)*(?:forget|delete|erase|remove|drop)"
    r"(?: (?:everything|anything|all|what)(?: (?:that )?you (?:know|have|stored|remember))?)?(?: about)? "
    rf"(?:my|our) (?P<thing>{'|'.join(sorted(_SLOTS, key=len, reverse=True))})(?:[\s,]+(?:please|pls|thanks))?\W*",
    _I,
)


def slots_to_forget(message: str) -> tuple[str, ...]:
    """Return the slots that a message asks to forget, whatever they hold: "forget my address"."""
    found = _FORGET_SLOT.fullmatch(message)
    return _SLOTS[found["thing"].lower()] if found else ()
