"""Reads statements as the words that tell something, and tells whether two say the same or contradict each other.

Words decide, not sentences: what is left of two statements without the words that tell nothing must agree. It rather
keeps two statements side by side than merge what differs in a number, a name, a "not" or the order of things. The
word lists are English; in another language only statements of the same words are the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.text import STOP_WORDS, folded, normalised, stem

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


def _opposite_pairs(text: str) -> frozenset[frozenset[str]]:
    pairs = (pair.partition("/") for pair in text.split())
    return frozenset(
        form for a, _, b in pairs for form in (frozenset((a, b)), frozenset((root(a) if a else a, root(b) if b else b)))
    )


OPPOSITES: Final = _opposite_pairs(_OPPOSITES)
OPPOSITE_VERBS: Final = _opposite_pairs(_OPPOSITE_VERBS)

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


Sort = Literal["", "number", "name"] | str
"""What kind of value a word is: a number, a name, a weekday, a unit...; empty: an ordinary word."""

_TOKEN: Final = re.compile(r"[$€£¥%]|\d+(?:[.,:/-]\d+)*(?![^\W\d_])|[^\W_]+(?:['’][^\W_]+)*")
_NOT: Final = re.compile(r"(?<=\w)n['’]t\b", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"['’](?:s|m|re|ve|ll|d)$", re.IGNORECASE)
_EMAIL: Final = re.compile(r"\be-(?=mail)", re.IGNORECASE)
_OVER: Final = re.compile(r"\b(?:any ?more|any longer)\b", re.IGNORECASE)
_NO_LONGER: Final = re.compile(r"\bno longer\b", re.IGNORECASE)
_USED_TO: Final = re.compile(r"(?<!is )(?<!are )\bused to\b", re.IGNORECASE)
_TURN: Final = re.compile(
    r"[;,]|\b(?:but|instead|now|switched|moved|rather|and (?:is|are|has|uses?|lives?|works?|likes?|prefers?))\b",
    re.IGNORECASE,
)
_THIRD: Final = re.compile(r"(?:is|was|has|does|[^\W\d_]+[^sS\W]s)$")


@dataclass(frozen=True, slots=True)
class Word:
    """One telling word: its stem, its place in the text, what sort of value it is; `labels`: a number as a label.

    `form` is the word as it was written, in lower case and without accents.
    """

    stem: str
    place: int
    sort: Sort = ""
    labels: bool = False
    form: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """The telling words of a statement, in order.

    `said` are all its words; `marks` those small words that change what is meant ("before", "off"), `directions` those
    that give what stands around them their parts ("over", "from"), `denied` the word after each negation.
    """

    words: tuple[Word, ...]
    said: tuple[str, ...]
    negated: bool
    denied: tuple[str, ...]
    marks: frozenset[str]
    parts: frozenset[str]
    persons: frozenset[str]
    directions: frozenset[str]
    ends: bool
    turns: bool

    @classmethod
    def of(cls, text: str) -> Statement:
        """Read a statement."""
        over = bool(_OVER.search(text))
        tokens = _Tokens.of(
            _EMAIL.sub("e", _NOT.sub(" not", _OVER.sub(" ", _NO_LONGER.sub("not", _USED_TO.sub("not", text)))))
        )
        said, negators = tokens.said, tokens.negators()
        words = tuple(_word(tokens, place) for place, word in enumerate(said) if place not in negators and _tells(word))
        quitting = any(said[place] in QUITTING for place in negators)
        return cls(
            words,
            tuple(said),
            negated=len(negators) % 2 == 1,
            denied=tuple(_stem_after(place, words) for place in negators),
            marks=frozenset(said) & MARKS,
            parts=frozenset(said) & PARTS,
            persons=frozenset(PRONOUNS[word] for word in PRONOUNS.keys() & said),
            directions=frozenset(said) & DIRECTIONS,
            ends=bool(_NO_LONGER.search(text)) or quitting or (over and bool(negators)),
            turns=bool(_TURN.search(text)),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The words in order, without those that mean the same wherever they stand: one time, one weekday."""
        counts = Counter(word.sort for word in self.words)
        return tuple(word.stem for word in self.words if word.sort not in MOVABLE or counts[word.sort] > 1)

    @property
    def opening(self) -> frozenset[str]:
        """The first word, which is the verb of an order."""
        return frozenset(self.said[:1])

    def before(self, word: Word) -> frozenset[str]:
        """Return the verbs, in their plain form, before a word."""
        return frozenset(VERBS.get(said, said) for said in self.said[: word.place])


class _Tokens(NamedTuple):
    """The words of a text as they are written and in lower case; whether the first of them is a possessive."""

    written: list[str]
    said: list[str]
    owns: bool

    @classmethod
    def of(cls, text: str) -> _Tokens:
        """Split a text into words, without the ends of possessives and of short forms."""
        whole = _TOKEN.findall(text)
        written = [_POSSESSIVE.sub("", token) if "'" in token or "’" in token else token for token in whole]
        said = [token.lower() if token.isascii() else folded(token) for token in written]
        return cls(written, said, whole[:1] != written[:1])

    def negators(self) -> list[int]:
        """Return the places of the words that deny what follows."""
        return [place for place in range(len(self.said)) if _negates(self.said, place)]


def _negates(said: Sequence[str], place: int) -> bool:
    word = said[place]
    if word in QUITTING:
        return place + 1 < len(said) and said[place + 1].endswith("ing")
    return word in NEGATORS


def _stem_after(place: int, words: Sequence[Word]) -> str:
    return next((word.stem for word in words if word.place > place), "")


def _tells(word: str) -> bool:
    return word in NUMBER_WORDS or not (word in STOP_WORDS or word in LIGHT or word in MARKS)


def _word(tokens: _Tokens, place: int) -> Word:
    said = tokens.said
    low = SPELLINGS.get(said[place], said[place])
    number = NUMBER_WORDS.get(low, low)
    if number[:1].isdigit() and not any(character.isalpha() for character in number):
        return Word(number.replace(",", ""), place, "number", _labelled(said, place))
    base = root(low[:-3] + "or" if len(low) > 5 and low.endswith("our") else low)
    sort = CLASSES.get(low, "")
    if (not sort or (place and sort == "person")) and _is_name(tokens, place):
        sort = "name"
    return Word(base, place, sort, form=folded(tokens.written[place]))


def _labelled(said: Sequence[str], place: int) -> bool:
    """Return whether a number tells which one is meant, as in "ticket 12", and is no amount."""
    before = said[place - 1] if place else ""
    if not before or not _tells(before) or before in NUMBER_WORDS:
        return False
    return VERBS.get(before) is None and CLASSES.get(before, "") not in ("month", "currency", "weekday")


def _is_name(tokens: _Tokens, place: int) -> bool:
    written = tokens.written
    token = written[place]
    if not any(map(str.isupper, token)) or all(one.isupper() for one in written if one[:1].isalpha()):
        return False
    if place > 0:
        return True
    following = written[1] if len(written) > 1 else ""
    return tokens.owns or bool(_THIRD.fullmatch(following)) or token[1:] != token[1:].lower()


Kind = Literal["same", "contradicts", "unrelated"]
Way = Literal["words", "meaning", "polarity", "opposite", "number", "name", "value", "order", ""]

CLOSE: Final = 0.92
"""The cosine of two statements' vectors from which on they mean the same, if nothing that matters differs."""
CLOSER: Final = 0.96
"""The same where all but one word of them is equal: then that word is what they differ in."""
MOST: Final = 60
"""Telling words of the longest statement that is compared: what is longer is a text, and says more than one thing."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two statements relate, and in which way they are alike or differ."""

    kind: Kind
    way: Way = ""


_RUN: Final = re.compile(r"\S+")
_AROUND: Final = ".,;:!?()[]{}\"'`“”‘’"
_CODE: Final = re.compile(r"^-|[/\\_@#$%&+=~^|<>*]|\w\.\w|[^\W\d_][A-Z]*[a-z]+[A-Z]")
_CALLED: Final = re.compile(r"\b(?:called|named|nicknamed|titled|dubbed|alias|known as)\s+[\"'“`]?(\w+)", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th|am|pm|[a-z]{1,2})", re.IGNORECASE)
_CAPITAL: Final = re.compile(r"(?<=[^\s.!?:;\"'(-] )(?!I\b)[A-Z][A-Za-z]+")
_SMALL: Final = STOP_WORDS | LIGHT | MARKS
"""Closed-class words and alike; with a capital inside a sentence they are names: Will, May, US, IT."""

_WAYS: Final[dict[str, Way]] = {"number": "number", "name": "name"}
SAME: Final = Likeness("same", "words")
_UNRELATED: Final = Likeness("unrelated")


def compare(first: str, second: str, closeness: float | None = None) -> Likeness:
    """Return how two statements relate; `closeness` is the cosine of their vectors, when there are any."""
    if normalised(first) == normalised(second):
        return SAME if normalised(first) else _UNRELATED
    one, other = statement(first), statement(second)
    if not (0 < len(one.words) <= MOST and 0 < len(other.words) <= MOST):
        return _UNRELATED
    found = _by_words(_Pair(one, other, _beyond(one, other), _beyond(other, one)), closeness)
    if found.kind == "same" and (_names_differ(one, other) or _written_apart(first) != _written_apart(second)):
        return _UNRELATED
    return found


class _Pair(NamedTuple):
    """Two statements, and the words of each that the other does not hold, in order."""

    one: Statement
    other: Statement
    left: list[Word]
    right: list[Word]

    @property
    def in_one_order(self) -> bool:
        """Whether the words of both stand in the same order."""
        return self.one.order == self.other.order

    @property
    def turns_alike(self) -> bool:
        """Whether neither says "not", or a word such as "before", where the other does not."""
        return self.one.negated == self.other.negated and self.one.marks == self.other.marks


def _by_words(pair: _Pair, closeness: float | None) -> Likeness:
    if pair.left or pair.right:
        found = _of_other_words(pair)
        return Likeness("same", "meaning") if found == _UNRELATED and _means_the_same(pair, closeness) else found
    apart = (rule(pair) for rule in _OF_THE_SAME_WORDS)
    return next(filter(None, apart), None) or _in_some_order(pair)


def _names_differ(one: Statement, other: Statement) -> bool:
    """Return whether a name of one stem is written in two ways: Ann and Anne, Clark and Clarke are two people."""
    forms: list[dict[str, list[str]]] = [{}, {}]
    named: set[str] = set()
    for found, each in zip(forms, (one, other), strict=True):
        for word in each.words:
            found.setdefault(word.stem, []).append(word.form)
            named |= {word.stem} if word.sort == "name" else set()
    return any(sorted(forms[0].get(stem, [])) != sorted(forms[1].get(stem, [])) for stem in named)


@remember_short(4096)
def _written_apart(text: str) -> tuple[str, ...]:
    """Return what must be written alike: paths, identifiers, codes, and small words that are somebody's name."""
    codes = [code for match in _RUN.findall(text) if _is_code(code := match.strip(_AROUND))]
    named = [word.casefold() for word in _CAPITAL.findall(text) if word.casefold() in _SMALL or _is_plain_value(word)]
    called = [word.casefold() for word in _CALLED.findall(text)]
    return tuple(sorted((*codes, *named, *called)))


def _is_plain_value(word: str) -> bool:
    """Return whether a word is a season, a colour or a direction: with a capital it is the name of something else."""
    return CLASSES.get(word.casefold(), "") in ("season", "color", "compass")


def _is_code(run: str) -> bool:
    """Return whether a run of characters is no word: /users, CACHE_HITS, v1.2, useMemo, acme.io."""
    if not any(map(str.isalpha, run)):
        return False
    return bool(_CODE.search(run)) or (any(map(str.isdigit, run)) and not _ORDINAL.fullmatch(run))


def says_it_ended(text: str) -> bool:
    """Return whether a statement says that something no longer holds, and names nothing in its place."""
    found = statement(text)
    return found.ends and not found.turns


@remember_short(4096)
def statement(text: str) -> Statement:
    """Return the words of a statement."""
    return Statement.of(text)


def _beyond(one: Statement, other: Statement) -> list[Word]:
    """Return the words of one statement that the other does not hold, in order."""
    held = Counter(word.stem for word in other.words)
    beyond = []
    for word in one.words:
        if held[word.stem] > 0:
            held[word.stem] -= 1
        else:
            beyond.append(word)
    return beyond


def _negated_apart(pair: _Pair) -> Likeness | None:
    if pair.one.negated == pair.other.negated:
        return None
    return Likeness("contradicts", "polarity") if pair.in_one_order else _UNRELATED


def _marked_apart(pair: _Pair) -> Likeness | None:
    first, second = pair.one.marks, pair.other.marks
    if first == second:
        return None
    opposed = any(frozenset(each) in OPPOSITES for each in _pairs(first - second, second - first))
    return Likeness("contradicts", "opposite") if opposed and pair.in_one_order else _UNRELATED


def _denied_apart(pair: _Pair) -> Likeness | None:
    return None if pair.one.denied == pair.other.denied else Likeness("contradicts", "order")


def _parted_apart(pair: _Pair) -> Likeness | None:
    return _UNRELATED if _parts_differ(pair.one, pair.other) else None


def _in_some_order(pair: _Pair) -> Likeness:
    directed = bool(pair.one.directions and pair.other.directions) or bool(pair.one.denied)
    if pair.in_one_order or (not directed and _moved(pair.one, pair.other)):
        return SAME
    return Likeness("contradicts", "order") if directed else _UNRELATED


_OF_THE_SAME_WORDS: Final[tuple[Callable[[_Pair], Likeness | None], ...]] = (
    _negated_apart,
    _marked_apart,
    _denied_apart,
    _parted_apart,
)
"""What tells two statements of the same words apart beside their order; the first that answers decides."""


def _pairs(first: frozenset[str], second: frozenset[str]) -> Iterator[tuple[str, str]]:
    return ((a, b) for a in first or {""} for b in second or {""})


def _parts_differ(one: Statement, other: Statement) -> bool:
    """Return whether each has small words of its own that give somebody another part: "from Anna", "to Anna"."""
    if (one.persons ^ other.persons) & OTHERS:
        return True
    return any(
        first - second and second - first for first, second in ((one.parts, other.parts), (one.persons, other.persons))
    )


def _moved(one: Statement, other: Statement) -> bool:
    """Return whether a part was only moved from one end to the other: "in production, turn the cache on"."""
    first, second = one.order, other.order
    if len(first) != len(second) or len(first) < 3 or sum(word.sort in ("name", "person") for word in one.words) > 1:
        return False
    return any((*first[cut:], *first[:cut]) == second for cut in range(1, len(first)))


def _of_other_words(pair: _Pair) -> Likeness:
    """Return how two statements relate that exchange one or two words for others at the same places."""
    one, other, left, right = pair
    if not (len(left) == len(right) <= 2 and len(left) < len(one.words) == len(other.words)):
        return _UNRELATED
    changed = [(a, b) for a, b in zip(one.words, other.words, strict=True) if a.stem != b.stem]
    if len(changed) != len(left) or not _frames_agree(pair):
        return _UNRELATED
    ways = [_way(one, a, b) for a, b in changed]
    if "" in ways:
        return _UNRELATED
    return Likeness("contradicts", "number" if "number" in ways else ways[0])


def _frames_agree(pair: _Pair) -> bool:
    """Return whether what stands around exchanged words is the same, and denies nothing."""
    one, other = pair.one, pair.other
    return pair.turns_alike and not one.negated and one.parts == other.parts and not _parts_differ(one, other)


def _way(frame: Statement, a: Word, b: Word) -> Way:
    """Return in which way a value was exchanged for another, or none when it tells what the statement is about."""
    words = frozenset((a.stem, b.stem))
    if words in OPPOSITE_VERBS:
        return "opposite"
    verbs = (frame.before(a) & FUNCTIONAL) | (frame.opening & IMPERATIVES)
    if verbs and words in OPPOSITES:
        return "" if verbs <= IDENTIFYING else "opposite"
    return _WAYS.get(a.sort, "value") if _are_values(frame, verbs, a, b) else ""


def _are_values(frame: Statement, verbs: frozenset[str], a: Word, b: Word) -> bool:
    """Return whether two words are values of one sort behind a verb that gives something its value."""
    if not (verbs and a.sort) or a.sort != b.sort or a.labels or b.labels:
        return False
    return a.sort != "name" or (not verbs.isdisjoint(NAMING) and frame.opening.isdisjoint(IMPERATIVES))


def _means_the_same(pair: _Pair, closeness: float | None) -> bool:
    """Return whether close meanings are the same: no number, name, value, opposite or "not" tells them apart."""
    enough = CLOSER if _exchanges_one(pair) else CLOSE
    return closeness is not None and closeness >= enough and not any(apart(pair) for apart in _APART)


def _exchanges_one(pair: _Pair) -> bool:
    return len(pair.left) <= 1 and len(pair.right) <= 1


def _values_beyond(pair: _Pair) -> bool:
    return any(word.sort for word in (*pair.left, *pair.right))


def _other_persons(pair: _Pair) -> bool:
    first, second = pair.one.persons, pair.other.persons
    return bool(first - second and second - first)


def _one_word_alike(pair: _Pair) -> bool:
    return _exchanges_one(pair) and any(_spelled_alike(a.stem, b.stem) for a in pair.left for b in pair.right)


def _opposed(pair: _Pair) -> bool:
    return any(frozenset((a.stem, b.stem)) in OPPOSITES | OPPOSITE_VERBS for a in pair.left for b in pair.right)


def _spelled_alike(first: str, second: str) -> bool:
    """Return whether two words that are not the same begin alike: universe and university are no two names of one."""
    shorter, longer = sorted((first, second), key=len)
    if longer == f"{shorter}ly" or (first[:-1] == second[:-1] and {first[-1], second[-1]} == {"d", "t"}):
        return False  # weekly, sent: forms of one word
    return len(shorter) >= 3 and longer.startswith(shorter[:3])


def _roles_may_differ(one: Statement, other: Statement) -> bool:
    """Return whether what both name could be the other way round: "Anna reports to Ben"."""
    shared = [[word.stem for word in each.words if word.stem in common] for each, common in _common(one, other)]
    named = [[word.stem for word in each.words if word.sort in ("name", "number")] for each in (one, other)]
    if named[0] != named[1]:
        return True
    return bool((one.directions & other.directions) - {"to"} or one.denied) and shared[0] != shared[1]


def _common(one: Statement, other: Statement) -> list[tuple[Statement, set[str]]]:
    common = {word.stem for word in one.words} & {word.stem for word in other.words}
    return [(one, common), (other, common)]


_APART: Final[tuple[Callable[[_Pair], bool], ...]] = (
    lambda pair: not pair.turns_alike,
    _values_beyond,
    _other_persons,
    _one_word_alike,
    _opposed,
    lambda pair: _roles_may_differ(pair.one, pair.other),
)
"""What tells two statements apart whose vectors are close."""
