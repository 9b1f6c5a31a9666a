"""Hears what a message does to what was said before: changes, corrections of the last message, requests to forget."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from langgraph_memory.domain.changes import says_of_a_change
from langgraph_memory.domain.changewords import NO_NAME
from langgraph_memory.domain.outdated import has_a_cue
from langgraph_memory.domain.scope import storable
from langgraph_memory.domain.values import is_name, kind_of
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


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a message corrects in the one before: `value` in the place of `old`, or of what is of its kind.

    Without a value the whole message before is taken back.
    """

    value: str
    old: str = ""


_I: Final = re.IGNORECASE
_LONGEST: Final = 12
"""Words; a longer message says something of its own."""
_STRONG = (
    r"i meant(?: to (?:say|write|type))?|i mean|correction|typo|make that|scratch that|strike that|let me correct (?:that|myself)"
    r"|i should have said|more like|(?:to be|or) (?:exact|precise|more precise)|come to think of it|\*"
)
_WEAK = (
    r"sorry|wait|no|nope|oops|oh|err+|er|um+|uh+|ah|hm+|actually|my bad|my mistake|hang on|hold on|that was wrong"
    r"|that's wrong|thats wrong|well|rather|i mixed (?:that|it|them) up|they just told me|autocorrect"
    r"|(?:just )?checked(?: my [\w ]+| again| it)?"
)
_LEADS = re.compile(rf"(?:(?:(?P<strong>{_STRONG})|(?P<weak>{_WEAK}))(?:(?<=\*)|\b)[\s,.:;!-]*)+", _I)
_IT_IS = re.compile(r"(?:it's|its|it is|that's|thats|that is|it was)\s+", _I)
_PREPOSITION = re.compile(r"(?:in|at|on|from|to|for|by|with)\s+", _I)
_TAIL = re.compile(
    rf"[\s,.;!-]+(?:(?P<strong>{_STRONG})|(?P<weak>{_WEAK}|lol|haha|thanks|now|instead|forgot .+|with an? .+|please|pls|again))[\s.!]*$",
    _I,
)
_NOT = re.compile(r"(?P<new>.{1,40}?)[,!.]?\s+(?:and )?not (?:the |in |on |at )?(?P<old>[^,]{1,40})$", _I)
_RATHER = re.compile(r",? (?:rather|instead|actually|i meant)$", _I)
_TAKEN_BACK = re.compile(
    r"\W*(?:(?:oh|no|sorry|wait|actually|ok|okay)[\s,]+)*(?:scratch that|strike that|never ?mind(?: that)?|ignore (?:that|what i (?:just )?said)"
    r"|forget (?:what i (?:just )?said)|that(?:'s| is|s) not (?:true|right|correct)|i never said that|i didn'?t say that|"
    r"i was (?:joking|kidding)|just (?:joking|kidding))(?:[\s,]+(?:i'?m not|it'?s not|it isn'?t|i don'?t|i do not|i am not|please|thanks|lol))?\W*",
    _I,
)
_NO_VALUE: Final = NO_NAME | frozenset(
    "yes yeah yep okay ok thanks whatever maybe seriously wow lol right wrong good fine".split()
)


def amendment(message: str) -> Amendment | None:
    """Return what a short message corrects in the one before: "sorry 14, typo", "wait its the 13th", "scratch that"."""
    text = " ".join(message.replace("’", "'").split())
    if not text or len(text.split()) > 2 * _LONGEST or "?" in text or not storable(text):
        return None
    if _TAKEN_BACK.fullmatch(text):
        return Amendment("")
    for part in dict.fromkeys((_ASIDE.split(text, maxsplit=1)[0], text, _after_excuse(text))):
        found = _said_before(part) or _corrected(part) if len(part.split()) <= _LONGEST else None
        if found is not None:
            return found
    return None


_ASIDE = re.compile(r"(?<=\w)(?:[.!]+ |, (?=(?:i|she|he|they|that|it|always|time)\b)| (?=if you\b))", _I)
"""Where what is said beside a correction begins: "Slovenia. i always type the wrong one"."""
_BEFORE_SAID = re.compile(
    r"(?:\W*(?:sorry|oops|wait|no|ah|oh)\W+)?(?:i think |earlier |before |yesterday |just now )*i (?:told you|said|wrote|typed|put)"
    r"(?: before| earlier)? (?P<old>[^,]{1,40}?)(?:,| but| and|;| -)? (?:but |and )?(?:i meant|it's|its|it is|should be|that should be)"
    r" (?P<new>[^,.]{1,40})\W*",
    _I,
)


def _after_excuse(text: str) -> str:
    """Return a correction without the excuse between its cue and its value: "oh no, she'd kill me, it's 8 October"."""
    cue, value = _LEADS.match(text), text.rpartition(", ")[2]
    return f"{cue[0].strip(' ,')}, {value}" if cue and _IT_IS.match(value) else text


def _said_before(text: str) -> Amendment | None:
    """Return what a message corrects that names what was said: "earlier i said Lisbon, i meant Porto"."""
    found = _BEFORE_SAID.fullmatch(text)
    return Amendment(found["new"].strip(), found["old"].strip()) if found else None


def _corrected(text: str) -> Amendment | None:
    text, strong, weak = _without_cues(text)
    against = _NOT.fullmatch(text)
    value = _RATHER.sub("", against["new"] if against else text).strip(" ,.;:!*\"'")
    said_as = _IT_IS.match(value)
    value = value[said_as.end() :] if said_as else value
    placed = _PREPOSITION.match(value)
    value = value[placed.end() :] if placed else value
    kind = kind_of(value.lower())
    words = value.lower().split()
    if not words or len(words) > 5 or words[0] in _NO_VALUE - {"the", "one", "two", "three", "a"}:
        return None
    if against:
        known = kind or len(words) <= 3
        return (
            Amendment(value, against["old"].strip(" ,.;:!*")) if known and (strong or weak or said_as or kind) else None
        )
    if kind and kind != "name":
        return Amendment(value) if strong or weak else None
    named = is_name(value)
    if (strong and (named or len(words) <= 2)) or (named and (said_as or placed) and (weak or said_as)):
        return Amendment(value)
    return None


def _without_cues(text: str) -> tuple[str, bool, bool]:
    """Return a message after its last cue of a correction, without those that it ends with; and which there were."""
    strong = weak = False
    while found := _TAIL.search(text):
        strong, weak = strong or bool(found["strong"]), weak or found["strong"] is None
        text = text[: found.start()]
    last = 0
    for found in _LEADS.finditer(text):
        if found.end() < len(text) and (found.start() == 0 or text[found.start() - 1] in " ,.!"):
            strong, weak = strong or bool(found["strong"]), weak or bool(found["weak"])
            last = found.end()
    return text[last:], strong, weak


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
