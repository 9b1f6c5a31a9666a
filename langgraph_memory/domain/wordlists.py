"""Small lists of English words that decide whether two statements say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from langgraph_memory.domain.text import stem

_INFLECTED: Final = re.compile(r"(?:e?s|e?d|e|ings?|[a-z]?(?:ing|ed)|ly|y|ies|ied|e?ments?|ations?|ions?)?")
"""What a word may have after its stem and still be the same word: "important" is not "import"."""


def root(word: str) -> str:
    """Return the stem of a word, unless more than its inflection would be lost with it."""
    found = stem(word)
    kept = next((place for place, pair in enumerate(zip(word, found, strict=False)) if len(set(pair)) > 1), len(found))
    return found if _INFLECTED.fullmatch(word[kept:]) else word


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATORS: Final = _set("not no never without neither nor none nothing nobody cannot")
QUITTING: Final = _set("stop stops stopped quit quits ceased ceases")
"""Negations when an "-ing" follows: "stopped using"."""

LIGHT: Final = _set(
    "really very quite please currently now always ever just simply still definitely strongly much greatly every each "
    "ca wo sha also too actually generally got get gets longer"
)
"""Words that a statement means the same without."""

MARKS: Final = _set(
    "before after over under above below off until since except unless only if by against out up down was were had did "
    "will would can could might some few most more many several both"
)
"""Small words that a statement does not mean the same without."""

DIRECTIONS: Final = _set("over than from to before after into by above below under instead rather until versus vs")
"""Small words that give what stands before and after them different parts."""

PARTS: Final = _set("for with about from to by at in on of as")
"""Small words that tell what part something plays; where each statement has its own, the parts differ."""

PRONOUNS: Final[Mapping[str, str]] = {
    form: forms.split()[0]
    for forms in ("i me my mine", "you your yours", "he him his", "she her hers", "they them their", "we us our")
    for form in forms.split()
}
"""Pronouns by the person they stand for."""

OTHERS: Final = _set("he she they")
"""Persons that are neither who speaks nor who listens: a statement that names one is about another."""

_NUMBERS: Final = "zero one two three four five six seven eight nine ten eleven twelve"
NUMBER_WORDS: Final[Mapping[str, str]] = {
    **{word: str(number) for number, word in enumerate(_NUMBERS.split())},
    "once": "1",
    "twice": "2",
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
    "thousand": "1000",
}

SPELLINGS: Final[Mapping[str, str]] = {
    "utilize": "use", "utilizes": "uses", "utilise": "use", "utilises": "uses", "favourite": "favorite",
    "doc": "documentation", "docs": "documentation", "repo": "repository", "repos": "repository", "db": "database",
    "min": "minute", "mins": "minutes", "sec": "second", "secs": "seconds", "hr": "hour", "hrs": "hours",
    "app": "application", "apps": "applications", "info": "information", "resides": "lives", "grey": "gray",
    "mon": "monday", "tue": "tuesday", "wed": "wednesday", "thu": "thursday", "fri": "friday", "mum": "mother",
    "mom": "mother", "dad": "father",
}  # fmt: skip
"""Other spellings and short forms of one word."""

ONE_TERM: Final[Mapping[str, str]] = {stem(short): stem(word) for short, word in SPELLINGS.items()}
"""The terms of the text index that stand for other ones."""

_CLASSES: Final[Mapping[str, str]] = {
    "weekday": "monday tuesday wednesday thursday friday saturday sunday",
    "month": "january february march april may june july august september october november december",
    "time": "morning noon afternoon evening night midnight today tomorrow yesterday weekend weekday am pm",
    "season": "spring summer autumn winter",
    "unit": "second minute hour day week month quarter year ms kb mb gb tb byte meter metre km mile kg gram pound "
    "percent",
    "frequency": "hourly daily weekly monthly quarterly yearly annually",
    "currency": "$ € £ ¥ dollar euro usd eur gbp yen",
    "color": "red green blue yellow black white gray brown pink purple orange teal",
    "compass": "north south east west",
    "person": "user team company customer client manager boss colleague mother father brother sister wife husband son "
    "daughter partner friend",
}
CLASSES: Final[Mapping[str, str]] = {
    form: name for name, words in _CLASSES.items() for word in words.split() for form in (word, f"{word}s")
}
"""Words that are one of a few values, in the singular and the plural."""

MOVABLE: Final = _set("number weekday month time frequency season")
"""What means the same wherever it stands, while there is one of a kind."""

_OPPOSITES: Final = (
    "dark/light long/short brief/detailed concise/detailed concise/verbose terse/verbose short/detailed short/verbose "
    "required/optional mandatory/optional public/private open/closed true/false yes/no more/less most/least "
    "minimum/maximum upper/lower first/last left/right early/late formal/informal formal/casual hot/cold high/low "
    "fast/slow big/small large/small internal/external manual/automatic synchronous/asynchronous sync/async "
    "active/inactive married/single married/divorced safe/unsafe stable/unstable metric/imperial remote/onsite "
    "before/after over/under above/below up/down off/ on/off out/ single/double strict/loose free/paid full/empty "
    "weekly/daily old/young rich/poor strong/weak loud/quiet happy/unhappy enabled/disabled allowed/forbidden"
)
_OPPOSITE_VERBS: Final = (
    "enable/disable allow/forbid allow/deny allow/prohibit permit/forbid permit/deny include/exclude add/remove "
    "accept/reject approve/reject encrypt/decrypt lock/unlock mute/unmute love/hate like/hate like/dislike "
    "love/dislike increase/decrease subscribe/unsubscribe start/stop show/hide keep/delete keep/remove trust/distrust"
)


def _opposed(text: str) -> frozenset[frozenset[str]]:
    pairs = (pair.partition("/") for pair in text.split())
    return frozenset(
        form for a, _, b in pairs for form in (frozenset((a, b)), frozenset((root(a) if a else a, root(b) if b else b)))
    )


OPPOSITES: Final = _opposed(_OPPOSITES)
OPPOSITE_VERBS: Final = _opposed(_OPPOSITE_VERBS)

_FORMS: Final = {
    "be": "is are was were be been",
    "have": "has have had",
    "take": "takes take took", "cost": "costs cost", "last": "lasts last lasted", "run": "runs run ran",
    "start": "starts start", "end": "ends end", "begin": "begins begin", "finish": "finishes finish",
    "open": "opens open", "close": "closes close", "expire": "expires expire", "need": "needs need",
    "require": "requires require", "meet": "meets meet", "happen": "happens happen", "occur": "occurs occur",
    "equal": "equals equal", "weigh": "weighs weigh", "prefer": "prefers prefer", "want": "wants want",
    "live": "lives live", "work": "works work", "go": "goes go", "belong": "belongs belong",
    "report": "reports report", "name": "named", "call": "called", "bear": "born", "base": "based",
    "host": "hosted", "store": "stored", "locate": "located", "default": "defaults", "set": "set sets",
    "move": "moved", "deploy": "deploys deploy", "release": "releases", "ship": "ships", "launch": "launches",
    "earn": "earns", "pay": "pays", "measure": "measures", "contain": "contains", "like": "likes like",
    "use": "uses use", "know": "knows know", "own": "owns own",
}  # fmt: skip
VERBS: Final[Mapping[str, str]] = {form: verb for verb, forms in _FORMS.items() for form in forms.split()}
"""Verbs by the forms they have in statements."""

IDENTIFYING: Final = _set("have")
"""Verbs that many things can follow at once."""

NAMING: Final = _set("be live work go belong report name call bear base host store locate default set move")
"""Verbs that one name follows: another name there is another value."""

FUNCTIONAL: Final = frozenset(_FORMS) - _set("like use know own")
"""Verbs that one value follows."""

IMPERATIVES: Final = _set("use keep write limit indent set wait retry send schedule deploy release run meet")
"""Verbs of an order that one value follows."""
