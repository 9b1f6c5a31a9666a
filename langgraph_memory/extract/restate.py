"""Says a clause of the speaker in the third person, whole; where that cannot be done safely, quotes it."""

from __future__ import annotations

import re
from typing import Final

_I: Final = re.IGNORECASE

_LEADS = re.compile(
    r"(?:(?:hi|hey|hello|hiya)(?: there| all)?|ok(?:ay)?|so|well|oh|yeah|yes|yep|no wait|wait|um+|uh+|ah|hmm+|"
    r"btw|by the way|also|and|but|plus|ngl|tbh|honestly|actually|anyways?|basically|fyi|for context|"
    r"some context|context|note(?: that\b)?|"
    r"just so you know|for the record|for future reference|to be clear|to clarify|like|look|listen|lol|haha|"
    r"one more thing|quick (?:note|update)|turns out|as i said|you know|i mean|"
    r"i meant|sorry|oops|correction|then|(?:because|cause|cuz|since)(?![^,]*,)|"
    r"(?:please |pls |can you |could you |would you |i want you to |and )*(?:remember|note|keep in mind|bear in mind|"
    r"don't forget|dont forget|be aware|you should know|make a note|take note)(?: that\b|:|,)?(?! to\b))"
    r"(?:[\s,:!.–-]+|$)",
    _I,
)
_TAILS = re.compile(
    r"[\s,]+(?:btw|by the way|fyi|lol|lmao|haha|pls|plz|please|thanks|thank you|thx|though|tho|if that matters|"
    r"if that helps|you know|ok|okay|xd|:\)|:\(|;\))$",
    _I,
)
_EDGES: Final = " \t,;:.!?…-–—\ufe0f"

_CONTRACTIONS: Final = (
    (re.compile(r"\b(?:i'm|im)\b", _I), "I am"),
    (re.compile(r"\b(?:i've|ive) got\b", _I), "I have"),
    (re.compile(r"\b(?:i've|ive)\b", _I), "I have"),
    (re.compile(r"\bi'd rather\b", _I), "I would rather"),
    (re.compile(r"\bi'd\b", _I), "I would"),
    (re.compile(r"\bi'll\b", _I), "I will"),
    (re.compile(r"\bdont\b", _I), "don't"),
    (re.compile(r"\bdidnt\b", _I), "didn't"),
    (re.compile(r"\bcant\b", _I), "can't"),
    (re.compile(r"\bwont\b", _I), "won't"),
    (re.compile(r"\bi got (?=a |an |two |three |my )", _I), "I have got "),
)
_ADVERB = (
    r"no longer|very much|pretty much|more or less|at least|much|mostly|normally|then|personally|hereby|mainly|not|"
    r"also|just|always|never|still|really|quite|often|sometimes|rarely|seldom|only|now|already|kinda|sorta|kind of|"
    r"sort of|both|all|even|ever|almost|once|since|too|(?!rely|apply|reply|supply|fly|rally|comply)\w+ly"
)
_SUBJECT_VERB = re.compile(rf"\bI(?P<between>(?:\s+(?:{_ADVERB}))*)\s+(?P<verb>[a-z]+(?:'t)?)\b", _I)
_AND_VERB = re.compile(
    r"\b(?P<join>and|but|or)(?P<between>(?: also| never| always| now| currently)?) "
    r"(?P<verb>am|have|don't|do not|live|work|use|own|love|hate|prefer|like|need|want|drink|eat|play|speak|teach|run|"
    r"cook|drive|study|take|avoid|can't)\b(?! to\b)",
    _I,
)
_SAME: Final = frozenset(
    "was wasn't had hadn't did didn't can can't could couldn't would wouldn't will won't should shouldn't must mustn't "
    "may might used went got grew made took came left lost bought sold met read put quit cut broke became began drank "
    "ate spoke wrote ran sat stood built taught thought brought caught felt found gave had held kept knew led let "
    "lent meant paid said saw sent set slept spent told understood wore won woke chose drove flew forgot hurt hit shut "
    "heard dreamt learnt burnt spelt hid lay laid rang sank shot shook shrank stole struck blew bent bit bled dug drew "
    "fled froze hung knelt leapt leant lit sought slid spun spread swept wept withdrew cast bet burst beat were cannot "
    "split rather better swapped fell dealt fought threw sang swam rode rose stuck swore tore gotta wanna".split()
)
_FORMS: Final = {
    "am": "is",
    "have": "has",
    "haven't": "hasn't",
    "havent": "hasn't",
    "do": "does",
    "don't": "doesn't",
    "go": "goes",
    "ain't": "isn't",
    "be": "is",
}
_BASE_ED: Final = frozenset("need feed speed proceed exceed succeed breed bleed embed shed wed seed".split())
_PERSONS: Final = (
    (re.compile(r"\bmyself\b", _I), "themselves"),
    (re.compile(r"\bmine\b", _I), "the user's"),
    (re.compile(r"\bme\b", _I), "the user"),
    (re.compile(r"\bmy\b", _I), "the user's"),
    (re.compile(r"\bI\b"), "the user"),
)
_RISKY = re.compile(
    r"\b(?:can|could|should|shall|do|does|did|will|would|may|might|must|am|was|have|had) i\b"
    r"|^(?:my|me|the|a)\b(?: (?!is\b|are\b|was\b|has\b)[\w'-]+){0,3} and (?:i|me)\b|^i and\b|\bi (?:are|r)\b"
    r"|\bi (?:who|whom|too|myself|self|i|to|and|or|no(?! longer)|born|known|old|vegan|vegetarian)\b"
    r"|\bi (?!(?:br|s|r|w?r|sw|cl|fl|spr|str)ing\b)\w+ing\b",
    _I,
)
"""What the third person would distort: "what can I hold", "my wife and I run it", "since I born"."""
_PLURAL = re.compile(r"\b(?:we|we're|we've|we'd|we'll|us|our|ours)\b", _I)
_SINGULAR = re.compile(r"\b(?:i|i'm|im|i've|ive|i'd|i'll|my|me|mine|myself)\b", _I)
_STARTS_WITH_SUBJECT = re.compile(r"(?:i|my|the user|the user's)\b", _I)
_OWN_SENTENCE = re.compile(r"(?:the|this|that|our)\b.{2,60}?\b(?:is|are|has|have|will|runs?|uses?|lives?)\b", _I)
_ENGLISH = re.compile(r"[\x00-\u024f\u2000-\u2bff\U0001f000-\U0001ffff]*")
_OTHER_LANGUAGE = re.compile(
    r"\b(?:ich|wir|nicht|und|meine?|für|bin|der|das|den|dem|seit|bei|mit|leider|que|nos|une|les|des|du|del|una|"
    r"auf|ist|je|nous|suis|mes|est|pas|avec|yo|mi|mis|soy|tengo|es|el|la|los|por|con|"
    r"hai|mera|meri|main|mein|hoon|hum)\b",
    _I,
)
_ENGLISH_WORD = re.compile(r"\b(?:the|i'm|i am|and|my name|is|are|was|have|with|for|to|of|in|at|on)\b", _I)


def trimmed(text: str) -> str:
    """Return `text` without the fillers, greetings and particles that it begins and ends with."""
    text = text.strip(_EDGES)
    while (lead := _LEADS.match(text)) and lead.end() < len(text):
        text = text[lead.end() :].lstrip(_EDGES)
    while (shorter := _TAILS.sub("", text).rstrip(_EDGES)) != text and shorter:
        text = shorter
    return text


def restated(text: str, speaker: str = "The user") -> str:
    """Return `text` as a sentence about the speaker: in the third person where it is plain English in the singular.

    What speaks of "we", is no English, or would still hold a first person is quoted with its speaker instead.
    """
    said = trimmed(text) or text
    if is_english(said) and not _PLURAL.search(said):
        if _SINGULAR.search(said):
            shifted = _shifted(said)
            if (
                not _RISKY.search(_spelt_out(said))
                and not _SINGULAR.search(shifted)
                and _STARTS_WITH_SUBJECT.match(shifted)
            ):
                return _sentence(shifted)
        elif _OWN_SENTENCE.match(said):
            return _sentence(said)
    return f"{speaker} says: “{said}”"


def is_english(text: str) -> bool:
    """Return whether `text` looks like English: Latin letters, and no more function words of another language."""
    if _ENGLISH.fullmatch(text) is None:
        return False
    return len(_OTHER_LANGUAGE.findall(text)) <= len(_ENGLISH_WORD.findall(text))


def _spelt_out(text: str) -> str:
    for contraction, full in _CONTRACTIONS:
        text = contraction.sub(full, text)
    return text


def _shifted(text: str) -> str:
    text = _spelt_out(text)
    led_by_user = re.match(r"i\b", text, _I) is not None
    text = _SUBJECT_VERB.sub(lambda found: f"the user{found['between']} {_third_person(found['verb'])}", text)
    if led_by_user:
        text = _AND_VERB.sub(lambda found: f"{found['join']}{found['between']} {_third_person(found['verb'])}", text)
    for person, replacement in _PERSONS:
        text = person.sub(replacement, text)
    return text


def _third_person(verb: str) -> str:
    lowered = verb.lower()
    if lowered in _FORMS:
        return _FORMS[lowered]
    if lowered in _SAME or (lowered.endswith("ed") and lowered not in _BASE_ED):
        return verb
    if lowered.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{verb}es"
    if lowered.endswith("y") and lowered[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
