"""Says what a statement is about, and which of what is known it puts an end to.

A statement in free words is read as claims: whose home, whose work, the value of "my X". Two claims are about one thing
when topic and person agree; where that thing can have but one value, the newer claim takes the place of the older. What
says that something ended ("sold the civic") ends what states that very thing, and nothing else. English, and precise
rather than complete: what is not understood stands beside what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.changewords import (
    ASKED_OF,
    ATTRIBUTE_PATTERNS,
    CLAIM_PATTERNS,
    COUNTRIES,
    CUE,
    ENDING_PATTERNS,
    FRAME,
    MANY,
    NEGATIVE,
    NO_NAME,
    PAST,
    PEOPLE,
    REJECTED_VALUES,
    SUBJECT,
    THINGS,
    VALUE_END,
    kind_of,
)
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.text import normalised, phrase_key, query_terms

USER: Final = frozenset({"user"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What a statement says of one thing: `topic` of `whom` is `value`; `changed` says that it was otherwise before.

    An empty value with `ended` says that it has none any more.
    """

    topic: str
    whom: frozenset[str]
    value: str
    kind: str = ""
    changed: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """What a statement says holds no longer: the stems of the thing, and the words a statement of it may hold."""

    stems: frozenset[str]
    whom: frozenset[str]
    states: re.Pattern[str] | None = None
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement as claims and endings."""

    claims: tuple[Claim, ...]
    endings: tuple[Ending, ...]
    stems: frozenset[str]
    plain: str

    @property
    def terms(self) -> list[str]:
        """The terms by which a statement of the same thing can be found in the text index."""
        found = [term for claim in self.claims for term in _lookup(claim)]
        return list(dict.fromkeys([*found, *(stem for ending in self.endings for stem in sorted(ending.stems))]))


@remember_short(2048)
def read(content: str) -> Reading:
    """Read a statement about the user, a quotation of the user's included."""
    plain = plainly(content)
    claims: list[Claim] = []
    endings: list[Ending] = []
    for clause in _clauses(plain):
        claims += _claims(clause)
        endings += _endings(clause)
    return Reading(tuple(dict.fromkeys(claims)), tuple(dict.fromkeys(endings)), stems(plain), plain)


def says_of_a_change(content: str) -> bool:
    """Return whether a statement says that something is otherwise now, or ended."""
    found = read(content)
    return bool(found.endings) or any(claim.changed or claim.ended for claim in found.claims)


def replaced_by(new: Memory, known: Sequence[Memory]) -> list[tuple[Memory, str]]:
    """Return those of `known` that hold no longer once `new` is said, each with the reason."""
    found: list[tuple[Memory, str]] = []
    for one in known:
        reason = _why_replaced(new, one)
        if reason:
            found.append((one, reason))
    return found


def may_replace(new: Memory, known: Memory) -> bool:
    """Return whether a value that `new` retracts is that of `known`'s thing, and not of another with the same value.

    "I don't eat peanuts any more" is about food, not about an allergy; "my manager is Lee, not Kim" is about no sister.
    """
    if new.slot is not None and known.slot is not None:
        if new.slot == known.slot:
            return True
        root = new.slot.split(".")[0]
        if root == known.slot.split(".")[0] and root not in _OF_MANY_THINGS:
            return True
    value = stems(str((known.content_json or {}).get("value", "")))
    told = stems(plainly(f"{new.content} {new.source.excerpt or ''}"))
    return bool((stems(plainly(known.content)) - value) & told)


_OF_MANY_THINGS: Final = frozenset("family team contact health favorite allergy pet home origin preference".split())


def person_of(content: str) -> str | None:
    """Return whom of the user's people a statement is about: "daughter Mia" of "The user's daughter Mia is six"."""
    found = _PERSON.match(content)
    return None if found is None else " ".join(part for part in (found["kin"].lower(), found["name"]) if part)


_PERSON: Final = re.compile(
    rf"The user's (?:\w+ )?(?P<kin>(?i:{'|'.join(sorted(PEOPLE, key=len, reverse=True))}))\b(?!['’]s?\b)"
    r"(?: (?P<name>[A-ZÀ-Þ][\w-]+))?(?! and\b)(?=[ ,])"
)


def of_one_subject(one: Memory, other: Memory) -> bool:
    """Return whether two memories may be about one subject: of the user's people a name or relation is enough."""
    keys = [phrase_key(each.subject or "") for each in (one, other)]
    if keys[0] == keys[1]:
        return True
    words = [frozenset(key.split()) for key in keys]
    if any(key and not of & PEOPLE for key, of in zip(keys, words, strict=True)):
        return False
    return not all(keys) or bool(words[0] & words[1])


def found_by(content: str, replaced: Sequence[str] = ()) -> str | None:
    """Return words by which a statement is asked for and that it does not hold: "live" of "we moved to Exeter".

    So are the telling words of what it replaces: "dog" and "called" for "Rex died".
    """
    words = " ".join(_ASKED_BY.get(claim.topic, "") for claim in read(content).claims).split()
    held = _ASKED_WORD.findall(plainly(content))
    gone = _ASKED_WORD.findall(" ".join(map(plainly, replaced)))
    if replaced:
        told = {*held, *gone}
        words += " ".join(asked for said, asked in ASKED_OF if said & told).split()
    words += filter(_tells, gone)
    return " ".join([word for word in dict.fromkeys(words) if word not in held][:_MOST_ASKED]) or None


def _tells(word: str) -> bool:
    return word in THINGS or bool(stems(word))


_ASKED_WORD: Final = re.compile(r"[^\W_]+")
_MOST_ASKED: Final = 16
"""Words by which a statement is asked for beside its own, at most."""


_ASKED_BY: Final = {
    "home": "live lives home city",
    "work": "work works job employer",
    "marital": "married single relationship",
    "diet": "diet eat",
    "level": "level role title position",
    "year": "year study",
    "age": "old age",
    "answer language": "language reply answer",
}


def plainly(content: str) -> str:
    """Return a statement in the first person, in lower case, with its contractions spelled out."""
    text = _DATED.sub("", content.strip())
    quoted = _QUOTE.fullmatch(text)
    text = normalised(quoted[1] if quoted else text)
    for pattern, form in _PLAIN:
        text = pattern.sub(form, text)
    return " ".join(_NOISE.sub(" ", _without_lead(text)).split())


def _without_lead(text: str) -> str:
    lead = _LEAD.match(text)
    return text[lead.end() :] if lead else text


def stems(text: str) -> frozenset[str]:
    """Return the telling stems of a text."""
    return frozenset(term for term in query_terms(text) if term not in FRAME)


def is_negative(plain: str) -> bool:
    """Return whether a plain statement denies or forbids something."""
    return NEGATIVE.search(plain) is not None


_DATED: Final = re.compile(r" \([^()]*\b20\d\d\)")
_QUOTE: Final = re.compile(r"The user says: [“\"](.*)[”\"]\.?", re.DOTALL)
_LEAD: Final = re.compile(
    r"(?:(?:so|oh|ok|okay|well|hey|hi|actually|yes|yeah|sorry|fyi|btw|update|news|big news|turns out|lol|and|but)\b"
    r"[\s,.!:…]*)+"
)
_NOISE: Final = re.compile(r"[^\w\s'’.,;:/@$€£%&+#*-]|(?<!\d)[*]|\.(?=\s|$)")
_PLAIN: Final = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"\bthe user's team's\b|\bthe user's\b|\bour\b", "my"),
        (r"\bthe user's team\b|\bthe user\b|\bwe\b", "i"),
        (r"\b(?:i'm|im|i're|we're|i is|i are)\b", "i am"),
        (r"\b(?:i've|ive|i has|we've)\b", "i have"),
        (r"\b(\w+)'re\b", r"\1 are"),
        (r"\b(?:cannot|can't|cant)\b", "can not"),
        (r"\b(?:don't|dont|doesn't|doesnt|does not)\b", "do not"),
        (r"\b(is|are|was|were|has|have|did|would|should)n't\b", r"\1 not"),
        (r"\b(?:anymore|any longer)\b", "any more"),
        (r"\b(?:it's|its)(?= (?:the|an?|at|on|in|now|called|\d)\b)", "it is"),
        (r"\b([a-z]+)'s (?=(?:a|an|the|at|on|in|now|called|\d\w*)\b)", r"\1 is "),
    )
)
_CLAUSE: Final = re.compile(
    r"\s*(?:[;:]\s+|,\s+(?:and |but |so |plus )?|\s(?:and|but|so)\s(?!i broke|i split|the)|\s[-–—]+\s)\s*"
)


def _clauses(plain: str) -> Iterator[str]:
    """Yield the clauses of a plain statement, and each two neighbours that a comma parts."""
    parts = [part for part in _CLAUSE.split(plain) if part]
    yield from parts
    for first, second in pairwise(parts):
        yield f"{first}, {second}"


def _subject(clause: str) -> tuple[frozenset[str], str]:
    """Return whom a clause is about, and the rest of it; nobody when a pronoun tells it."""
    found = SUBJECT.match(clause)
    if found is None:
        return USER, clause
    rest = clause[found.end() :].strip()
    if found["self"]:
        return USER, rest
    if found["pronoun"]:
        return frozenset(), rest
    return _lone(found["lone"], clause, rest) if found["lone"] else _kin(found["kin"], found["name"] or "", rest)


def _lone(name: str, clause: str, rest: str) -> tuple[frozenset[str], str]:
    if name in NO_NAME:
        return USER, clause
    return (USER if rest.startswith("and i ") else frozenset({name})), rest


def _kin(relation: str | None, name: str, rest: str) -> tuple[frozenset[str], str]:
    """Return a relation and a name, which is none where it is a word that opens the rest."""
    whom = frozenset(word for word in (relation, name) if word and word not in NO_NAME)
    return whom, f"{name} {rest}".strip() if name in NO_NAME else rest


def are_of_others(new: str, known: str) -> bool:
    """Return whether two plain statements are about two persons: "i am right handed" and "my son is left handed"."""
    one, other = _subject(new)[0], _subject(known)[0]
    if not (one and other) or _same_person(one, other):
        return False
    if USER in (one, other):
        of_user, whom = (new, other) if one == USER else (known, one)
        return bool(whom & PEOPLE) and of_user.startswith("i ") and not whom & _names_in(of_user)
    return not (one & other or one & _names_in(known) or other & _names_in(new))


def _names_in(plain: str) -> frozenset[str]:
    return frozenset(_ASKED_WORD.findall(plain))


def _claims(clause: str) -> Iterator[Claim]:
    whom, rest = _subject(clause)
    changed = CUE.search(clause) is not None
    for topic, pattern in CLAIM_PATTERNS if whom else ():
        found = pattern.search(rest)
        if found is not None:
            yield from _claim(topic, whom, found.groupdict(), changed=changed)
    for pattern, always in ATTRIBUTE_PATTERNS:
        found = pattern.fullmatch(clause)
        if found is not None:
            yield from _attribute(found.group("key"), found.group("value"), changed=changed or always)


def _claim(topic: str, whom: frozenset[str], found: dict[str, str | None], *, changed: bool) -> Iterator[Claim]:
    value = _value(found.get("value") or "")
    ended = found.get("ended") is not None
    if not (value or ended) or value.split(" ")[0] in REJECTED_VALUES.get(topic, ()):
        return
    of = found.get("of")
    name = f"{topic} of {' '.join(sorted(stems(of)))}" if of else topic
    cue = changed or found.get("changed") is not None
    yield Claim(name, whom, value, kind_of(value), changed=cue, ended=ended and not value)


def _attribute(key: str, value: str, *, changed: bool) -> Iterator[Claim]:
    value = _value(value)
    words = [word for word in key.split() if word not in _OF_NOBODY]
    if not words or not value or len(words) > 4 or words[0] in NO_NAME - _KEYS_TOO:
        return
    if words[-1] in MANY and len(words) == 1:
        return
    kind = kind_of(value)
    yield Claim("of:" + " ".join(words), USER, value, kind, changed)


_OF_NOBODY: Final = frozenset("my the our a an new current other own".split())
_KEYS_TOO: Final = frozenset("new".split())


def _value(text: str) -> str:
    return VALUE_END.split(text.strip(), maxsplit=1)[0].strip(" .,;:!-*")


def _endings(clause: str) -> Iterator[Ending]:
    whom, _ = _subject(clause)
    for pattern, states, negative in ENDING_PATTERNS:
        found = pattern.search(clause)
        if found is None:
            continue
        thing = stems(_value(found.group("thing")))
        if thing and len(thing) <= 4:
            yield Ending(thing, whom, states, negative)


def _why_replaced(new: Memory, known: Memory) -> str:
    if not of_one_subject(new, known) or new.id == known.id:
        return ""
    one, other = read(new.content), read(known.content)
    for ending in one.endings:
        if _ends(ending, other):
            return "it says that this ended"
    for claim in one.claims:
        for old in other.claims:
            if _same_thing(claim, old):
                topic = claim.topic.removeprefix("of:")
                return f"a newer {topic}"
    return ""


def _ends(ending: Ending, known: Reading) -> bool:
    """Return whether what ended is what `known` states to be so now."""
    if not ending.stems <= known.stems or known.endings or is_negative(known.plain) != ending.negative:
        return False
    if PAST.search(known.plain) or (ending.states is not None and not ending.states.search(known.plain)):
        return False
    whom, _ = _subject(known.plain)
    return ending.whom == whom or bool(ending.whom & ending.stems) or _of_the_user(ending.whom, whom, known)


def _of_the_user(one: frozenset[str], other: frozenset[str], known: Reading) -> bool:
    """Return whether "Rex" of "Rex died" is what the user has: "I have a dog called Rex"."""
    return bool(one) and other == USER and one <= known.stems | USER


def _same_thing(new: Claim, old: Claim) -> bool:
    """Return whether `new` gives the thing of `old` another value, and that thing can have but one."""
    if old.ended or not _same_person(new.whom, old.whom):
        return False
    if new.ended:
        return new.topic == old.topic
    if not (new.value and old.value) or _same_value(new.value, old.value):
        return False
    if new.topic.startswith("of:") and old.topic.startswith("of:"):
        return _same_attribute(new, old)
    return new.topic == old.topic and _has_one_value(new, old)


def _has_one_value(new: Claim, old: Claim) -> bool:
    """Return whether a thing has but one value: a place may lie in another, and hours are each day's own."""
    if new.topic.startswith("hours"):
        return new.changed and _same_kind(new, old)
    return new.changed or new.topic != "home" or not _within(new.value, old.value)


def _within(new: str, old: str) -> bool:
    """Return whether a place may only name where another is: a country after a city."""
    return (new in COUNTRIES) != (old in COUNTRIES)


def _same_attribute(new: Claim, old: Claim) -> bool:
    one, other = _stems_of(new.topic), _stems_of(old.topic)
    narrower = len(one ^ other) == 1 and (one < other or other < one)
    if one != other and not (new.changed and narrower):
        return False
    if not one.isdisjoint(_FAVOURITE):
        return True
    return _same_kind(new, old) and (new.changed or bool(new.kind))


def _stems_of(topic: str) -> frozenset[str]:
    return stems(topic[3:]) or frozenset({topic})


_FAVOURITE: Final = frozenset({"favourit", "favorit"})


def _same_kind(new: Claim, old: Claim) -> bool:
    return new.kind == old.kind or {new.kind, old.kind} == {"number", "time"}


def _same_person(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether two sets of a relation and a name are one person's: "my brother ali" and "ali"."""
    if one == other:
        return bool(one)
    names, others = one - PEOPLE, other - PEOPLE
    if names and others:
        return bool(names & others)
    return False


def _same_value(one: str, other: str) -> bool:
    return one == other or stems(one) == stems(other) != frozenset()


def _lookup(claim: Claim) -> list[str]:
    if claim.topic.startswith("of:"):
        return sorted(stems(claim.topic[3:]))
    if claim.topic.startswith("hours"):
        return claim.topic.split()[2:]
    words = list(_TOPIC_TERMS.get(claim.topic, ()))
    return words + sorted(claim.whom - USER)


_TOPIC_TERMS: Final = {
    "home": query_terms("live based moved relocated resident settled reside"),
    "work": query_terms("work job started joined employed company working"),
    "marital": query_terms("single dating engaged married divorced separated widowed girlfriend boyfriend"),
    "diet": query_terms("diet vegan vegetarian pescatarian omnivore meat flexitarian plant"),
    "level": query_terms("junior senior mid staff principal lead head intern engineer developer dev manager director"),
    "year": query_terms("year grade semester"),
    "age": query_terms("old years age turned"),
    "answer language": query_terms("reply answer respond write speak language answers english german french spanish"),
}
