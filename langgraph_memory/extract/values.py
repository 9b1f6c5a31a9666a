"""Cuts a value out of the words that follow a statement's verb, and refuses what is no such value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.foreign import BLANK
from langgraph_memory.extract.known import slot_of

_I: Final = re.IGNORECASE
_EDGES: Final = " \t,;:.!?…`\"“”«»'()*_"

_CUT = re.compile(
    r"\s+(?:with|for|since|because|near|where|which|who|whom|that|so|but|if|when|while|until|till|though|"
    r"although|after|"
    r"before|as|btw|and (?:i|we|my|our|it|the|he|she|they|have|am|are|is|was|use|work|live|love|hate|no|"
    r"not|now|then|so|also)\b|"
    r"these days|right now|now|nowadays|lately|currently|at the moment|again|too|anyway|thanks|please|"
    r"any more|anymore|last \w+|this \w+|next \w+|\w+ (?:days?|weeks?|months?|years?) ago|yesterday|recently|every \w+|"
    r"(?:on|at) weekends|in (?:19|20)\d\d|over the \w+|from now on|instead|mostly|all day|all the time|"
    r"and \w+ed\b|by the way|in production|mainly)\b.*"
    r"|\s*(?:,|\s-\s|\s–\s|\s—\s|\(|;|:\s).*",
    _I,
)
_VAGUE = re.compile(
    r"^(?:it|its|it's|this|that|these|those|them|they|him|her|he|she|you|your|yours|me|myself|us|what|how|"
    r"why|when|where|who|if|whether|"
    r"something|anything|everything|nothing|someone|one|ones|both|all|another|other|others|same|such|here|there|"
    r"not|no|being|getting|having|seeing|waiting|to|so|very|too|more|most|less|just|my|our|your|their|his|its|each|"
    r"first|second|third|last|next|previous|former|latter|above|below|better|best|spending|dealing|debugging|the)\b",
    _I,
)
_STATE = re.compile(
    r"^(?:broken|down|up|slow|fast|great|good|bad|awful|wrong|right|missing|late|ready|done|gone|empty|"
    r"full|fine|ok|okay|"
    r"unknown|unclear|clear|failing|working|not|still|too|very|so|really|already|almost|getting|being|"
    r"coming|approaching|"
    r"tight|close|near|far|soon|important|open|closed|blocked|locked|stuck|over|back|on|off|in|out|at|"
    r"about|for|from|with|"
    r"insane|ridiculous|crazy|messy|huge|small|big|long|short|outdated|old|new|weird|unusual|limited|"
    r"flaky|horrible|useless|annoying|"
    r"lovely|nice|different|similar|same|secret|confidential|flexible|fixed|strict|tbd|impossible|"
    r"flexible|quite|super|pretty|kind|sort|"
    r"a|an|my|your|their|his|her|our|there|here|that|this|what|how|going|set|used|supposed|currently|"
    r"confused|tired|amazing|terrible|the)\b"
    r"|^\w+(?:ed|ing)\b",
    _I,
)
_JUDGED = re.compile(
    r"(?:terrible|bad|good|great|awful|lousy|horrible|decent|big|huge|natural|born|slow|fast|heavy|picky|worst|best|"
    r"better|poor|crazy|proper|careful|nervous|confused|lazy|fellow|fake|wannabe|aspiring|would-be|real)\b",
    _I,
)
_NUMBER = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|"
    r"a hundred|weekly|monthly|daily)\b",
    _I,
)
_TIME = re.compile(
    rf"\d|\b(?:{words.MONTHS})\b|\b{words.DAYS}\b|\b(?:tomorrow|tonight|today|noon|midnight|end of|eod|eow|"
    rf"christmas|easter|weeks?|months?|days?|years?|"
    r"spring|summer|autumn|fall|winter|q[1-4])\b",
    _I,
)
_NAME_WORD = re.compile(r"[^\W\d_][\w.'’-]*")
_NOT_NAMES: Final = words.word_set(
    "not, on, in, at, wrong, right, spelled, spelt, important, a, an, the, my, your, tomorrow, later, "
    "back, when, if, today, "
    "maybe, crazy, after, before, asap, now, then, this, that, it, what, misspelled, listed, missing, "
    "unknown, anything, "
    "whatever, something, names, out, again, and, or, but, by, sometime, soon, anytime, tonight, monday, friday, "
    "old, lazy, cab, uber, once, as, to, for, about, irrelevant, private, secret, here, there, first, last, too, also, "
    "really, very, so, quite, super, always, never, away, busy, sick, angry, great, sir/madam, is, was, "
    "are, used, taken, hard, difficult, common, changed, showing, displayed, written, pronounced, up"
)
_NOT_PLACES: Final = words.word_set(
    "fear, hope, peace, poverty, denial, chaos, hell, heaven, pain, harmony, town, downtown, suburbia, "
    "sin, style, luxury, "
    "darkness, silence, isolation, misery, squalor, constant fear, student housing, a, the, my, an, "
    "this, that, interesting times, "
    "vain, college, university, bed, exile, the past, the moment, the future, it, here, there, sync, "
    "shared housing, nature, settings, dashboard, preferences, options, general, monday, tuesday, "
    "wednesday, thursday, friday, mondays, tuesdays, wednesdays, thursdays, fridays, dark mode, light "
    "mode, production, staging, trash"
)
_NOT_EMPLOYERS: Final = words.word_set(
    "home, night, nights, a, an, the, my, it, this, that, work, school, university, least, line, once, "
    "first, all, best, "
    "weekends, peace, fun, free, money, myself, sea, height, scale, speed, present, times, heights, "
    "both, different, hard"
)


_JOKES: Final = words.word_set(
    "bullshit, mornings, mondays, work, people, drama, exercise, meetings, "
    "nonsense, stupidity, responsibility, fun, cardio, love"
)
"""What people say they are allergic to and are not."""


def trimmed(text: str) -> str:
    """Return the first phrase of `text`, without what hangs on to it: "Berlin with my wife" gives "Berlin"."""
    return _CUT.sub("", " " + text.strip(), count=1).strip(_EDGES)


def listed(text: str) -> list[str]:
    """Return the parts of an enumeration: "jazz, techno and ambient" gives three, "rock and roll" one."""
    if text.strip(_EDGES).lower() in words.FIXED_PAIRS:
        return [text.strip(_EDGES)]
    parts = re.split(r"\s*,\s*(?:and |or )?|\s+(?:and|&|plus|or)\s+", text)
    return [part.strip(_EDGES) for part in parts if part.strip(_EDGES)]


def checked(check: str, text: str) -> str | None:
    """Return the value that stands at the start of `text`, or None when that is no value of the kind `check`."""
    if BLANK in text:
        return None
    value = CHECKS[check](text)
    return value.strip(_EDGES) or None if value else None


def has_capital(text: str) -> bool:
    """Return whether some word of `text` is written as a name, with a capital or a digit."""
    return any(word[:1].isupper() or any(c.isupper() or c.isdigit() for c in word) for word in text.split())


def _phrase(text: str) -> str | None:
    value = trimmed(text)
    return value if value and len(value.split()) <= 5 and not _VAGUE.match(value) else None


def _thing(text: str) -> str | None:
    """Something one can like: "spicy food", "the Beatles"; never "it", "your idea", "the second option"."""
    value = re.sub(
        r"^(?:to|eating|drinking)\s+(?!be\b|bother|say|see|think|know|ask|hear|have\b|get\b)",
        "",
        trimmed(text),
        flags=_I,
    )
    if value[:4].lower() == "the " and value[4:5].isupper() and not value.isupper():
        return value
    value = re.sub(r"^(?:a|an) (?:bit|lot|little|good|nice)? ?(?:of )?", "", value, flags=_I)
    if not value or _VAGUE.match(value) or len(value.split()) > 5:
        return None
    unlike = re.search(
        r"\b(?:you|your|it|them|him|her|this|that|i|version|option|idea|answer|approach|"
        r"solution|suggestion|one|part|way|look|result)s?\b",
        value,
        _I,
    )
    return None if unlike or not re.search(r"[^\W\d_]{2}", value) else value


def _person(text: str) -> str | None:
    value = re.split(
        r"\s+(?:and|from|but|btw|or|at|on|in|when|if|because|by the way|thanks|after|since|"
        r"last|with|for|not)\b|[,(;:]| [-–—] ",
        text,
        maxsplit=1,
    )[0]
    value = value.strip(_EDGES)
    parts = value.split()
    return value if _may_be_a_name(parts) and _is_typed_as_a_name(value, parts) else None


def _may_be_a_name(parts: Sequence[str]) -> bool:
    if not 0 < len(parts) <= 4 or parts[0].lower().strip(".") in _NOT_NAMES:
        return False
    return all(map(_NAME_WORD.fullmatch, parts))


def _is_typed_as_a_name(value: str, parts: Sequence[str]) -> bool:
    """Return whether a name has its capitals, or is typed without any by who types none."""
    typed_small = value.islower() and len(parts) <= 2 and not set(parts) & _NOT_NAMES
    return typed_small or not value[0].isascii() or all(map(_is_part_of_a_name, parts))


def _is_part_of_a_name(part: str) -> bool:
    return part[0].isupper() or part.lower() in {"de", "van", "von", "der", "da", "al", "bin", "la", "del"}


def _place(text: str) -> str | None:
    value = trimmed(
        re.sub(
            r"^(?:an? )?(?:small |big |little |tiny )?(?:town|city|village|place) "
            r"(?:called|named) ",
            "",
            text,
            flags=_I,
        )
    )
    bare = re.sub(
        r"^(?:the|downtown|central|north|south|east|west|northern|southern|near|outside)\s+", "", value, flags=_I
    )
    known = bare.lower() in words.COUNTRIES | words.CITIES | words.REGIONS
    return _with_region(value, text) if known or (_may_be_a_place(value) and _is_named(bare)) else None


def _may_be_a_place(value: str) -> bool:
    """Return whether an unknown value is short enough, and nothing that is no place."""
    if not value or len(value.split()) > 4 or value.lower() in _NOT_PLACES or not _NAME_WORD.match(value):
        return False
    return slot_of(value) is None and re.match(r"(?:an?|my|our|one|some)\s", value, _I) is None


def _is_named(bare: str) -> bool:
    return has_capital(bare) and not _VAGUE.match(bare) and not any(c.isdigit() for c in bare)


def _with_region(place: str, text: str) -> str:
    """Keep what tells two places of one name apart: "Portland, Oregon"."""
    match = re.match(rf"\s*{re.escape(place)}, ?([^\W\d_][\w .]+?)(?:$|[.,;!]| (?:and|with|for|now|but)\b)", text)
    return f"{place}, {match[1]}" if match and match[1].lower() in words.REGIONS | words.COUNTRIES else place


def _known_place(text: str) -> str | None:
    value = _place(text)
    if value is None:
        return None
    bare = re.sub(r"^the\s+", "", value.split(",")[0], flags=_I).lower()
    return value if bare in words.COUNTRIES | words.CITIES else None


def _organisation(text: str) -> str | None:
    text = re.sub(
        r"^(?:an? )?(?:\w+ ){0,2}(?:company|startup|start-up|firm|agency|studio) (?:called|"
        r"named) ",
        "",
        text,
        flags=_I,
    )
    value = re.sub(r"\s+(?:in|on|since|from|doing)\s.*", "", trimmed(text)).strip(_EDGES)
    bare = re.sub(r"^the\s+", "", value, flags=_I)
    if not bare or len(bare.split()) > 4 or bare.split()[0].lower() in _NOT_EMPLOYERS or _VAGUE.match(bare):
        return None
    return value if has_capital(bare) and not bare[0].isdigit() else None


def _job(text: str) -> str | None:
    value = _any_job(text)
    if value is None or _JUDGED.match(value):
        return None
    lowered = re.sub(r"^(?:head|vp|director|chief) .*", "director", value.lower())
    last = lowered.split()[-1]
    return (
        value
        if {last, lowered, " ".join(lowered.split()[-2:])} & words.JOBS or last.endswith(words.JOB_SUFFIXES)
        else None
    )


def _any_job(text: str) -> str | None:
    text = re.sub(r"^(?:an?|the)\s+", "", text.strip(), flags=_I)
    head = re.match(r"(?:head|vp|director|vice president) of \w+(?: \w+)?", text, _I)
    value = (
        head[0]
        if head
        else re.split(r"\s+(?:at|in|from|by|of|on|and|to|or|here|working)\b", trimmed(text), maxsplit=1)[0].strip(
            _EDGES
        )
    )
    if not value or len(value.split()) > 5 or _VAGUE.match(value):
        return None
    return value if re.fullmatch(r"[^\W\d_][\w /&'’.+#-]*", value) else None


def _date(text: str) -> str | None:
    day = r"(?:\d{1,2}(?:st|nd|rd|th)?)"
    match = re.match(
        rf"(?:the )?((?:{day} (?:of )?(?:{words.MONTHS})|(?:{words.MONTHS})\b\.? {day})(?:,? \d{{4}})?|"
        rf"\d{{4}}-\d\d-\d\d|"
        rf"\d{{1,2}}[./]\d{{1,2}}(?:[./]\d{{2,4}})?|(?:19|20)\d\d)\b",
        text.strip(),
        _I,
    )
    return match[1] if match else None


def _token(text: str) -> str | None:
    """A value of an attribute: a name, a version, a date; never a state such as "broken"."""
    value = re.sub(r"^(?:now|currently|set to|called|named|the)\s+", "", text.strip(), flags=_I)
    date = _date(value)
    value = date or trimmed(value)
    if not value or len(value.split()) > 4 or _STATE.match(value) or _VAGUE.match(value):
        return None
    return value


def _due(text: str) -> str | None:
    """A value that names a time: "Friday", "30 September", "the end of May", "in two weeks"."""
    value = _token(re.sub(r"^(?:now |on |in |by |at )+(?:the )?", "", text.strip(), flags=_I))
    return value if value and _TIME.search(value) else None


def _amount(text: str) -> str | None:
    value = _token(text)
    return value if value and (any(c.isdigit() for c in value) or _NUMBER.match(value)) else None


def _food(text: str) -> str | None:
    value = _thing(text)
    return (
        value
        if value and len(value.split()) <= 3 and value.lower() not in {"much", "breakfast", "enough", "well", "lunch"}
        else None
    )


def _one_of(known: frozenset[str]) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        value = trimmed(text)
        return value if value.lower() in known else None

    return check


def _spoken(text: str) -> str | None:
    value = re.sub(
        r"^(?:a (?:bit|little) of|a little|some|basic|fluent|native|conversational)\s+", "", trimmed(text), flags=_I
    )
    value = re.sub(r"\s+(?:fluently|natively|well|very well|at home|too)$", "", value, flags=_I)
    return value if value.lower() in words.LANGUAGES else None


def _as_is(text: str) -> str | None:
    return text.strip(_EDGES)


CHECKS: Final[Mapping[str, Callable[[str], str | None]]] = MappingProxyType(
    {
        "phrase": _phrase,
        "thing": _thing,
        "person": _person,
        "place": _place,
        "known_place": _known_place,
        "organisation": _organisation,
        "no_tool": lambda text: value if (value := _organisation(text)) and slot_of(value) is None else None,
        "job": _job,
        "any_job": _any_job,
        "date": _date,
        "token": _token,
        "due": _due,
        "amount": _amount,
        "allergen": lambda text: value if (value := _food(text)) and value.lower() not in _JOKES else None,
        "food": _food,
        "diet": _one_of(words.DIETS),
        "nationality": _one_of(words.NATIONALITIES),
        "pastime": lambda text: _one_of(words.INSTRUMENTS_AND_GAMES)(
            re.sub(r"^the\s+|\s+in an?\b.*", "", text, flags=_I)
        ),
        "spoken": _spoken,
        "as_is": _as_is,
    }
)
