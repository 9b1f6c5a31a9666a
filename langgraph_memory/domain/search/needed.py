"""Tells which memories the next answer needs: those that shape every answer, and those the request gives cause for."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log1p
from pathlib import Path
from typing import Any

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.changewords import PEOPLE
from langgraph_memory.domain.memory import Memory, Section
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.search.meaning import about, content_words, meaning, meanings, word_meaning
from langgraph_memory.domain.search.relevance import Corpus
from langgraph_memory.domain.search.vectors import numpy
from langgraph_memory.domain.text import question_terms, terms_with_identifiers

SOMEBODY_ELSE = -4.0
"""What it takes from a memory that it is about somebody else, where somebody asks about themselves and names nobody."""
FLOOR = 0.08  # a missed memory costs an answer, a needless one some tokens
"""The least chance of being needed with which a memory is shown."""
_LENGTH = 9.0
"""Words of a memory, for the texts of ordinary language that are counted beside the owner's own."""
WEIGHTS = Path(__file__).with_name("needed.npz")
"""What each number counts, as `train_needed.py` among the tests' tools fitted it: without an index, and with one."""
BY_INDEX = "closeness by the index"
_FOLLOWING = 5
"""By how much the best stands out is measured at the one that so many come before."""
FEWEST = 5
"""Memories with vectors from which on it tells something that one is closer than the others."""
_STANDING = re.compile(
    r"(?:answers?|reply|style)\.(?!code)|(?:(?:user|profile|person|personal|identity)\.)?"
    r"(?:name|nickname|pronouns?|units?|address_as|tone|contact\.method|answer_(?:length|language|style)|language)$"
)
_SHAPES = re.compile(
    r"^the (?:user|customer|client)(?:'s (?:name is|pronouns are)| (?:wants|prefers|likes|would like|goes by)"
    r" (?:to be (?:called|addressed|contacted)\b"
    r"|(?:[\w-]+ ){0,6}(?:answers?|replies|responses|emoji|tone|jargon|units)\b))"
    r"|^the (?:user|customer|client)(?: is (?:called\b|[^.]{1,70}?\b(?:goes by|uses (?:they|she|he|elle)/"
    r"|(?:wants|likes|prefers|asks) to be (?:called|addressed)))"
    r"|\b.{0,90}(?:\band|,) (?:wants|prefers|likes|needs) (?:[\w-]+ ){0,6}(?:answers|replies)\b"
    r"|\b.{0,60}\b(?:screen reader|jaws|nvda|voiceover|braille|dyslexia)\b.{0,60}"
    r"\b(?:no|layout|headings|tables|answers|plain text)\b)"
    r"|^(?:call (?:me|the user)|(?:always |please )?(?:answer|reply|respond) (?:in|with|to the user)\b)",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"^(?:(?:user|profile|person|personal|identity)\.)?(?:name|nickname|pronouns?|address_as)$")
_NAMES = re.compile(r"the (?:user|customer|client)(?:'s (?:name|pronouns)| goes by)\b", re.IGNORECASE)
_LANGUAGES = re.compile(r"\b(?:speaks|writes)\b(?!.*\b(?:answers?|repl|prefers)).*(?:,| and | but )", re.IGNORECASE)
_QUOTED = re.compile(r"^the (?:user|customer|client) says: “(?P<words>.+)”$", re.IGNORECASE)
_WISH = re.compile(
    r"(?:please |pls |plz |and |just |always |from now on,? |going forward,? )*"
    r"(?:(?:keep|make|write|give me|use|prefer|want)\b.{0,40}\b(?:answers?|replies|responses|emojis?|tone|jargon|units"
    r"|bullet ?points?|spelling)\b|(?:answer|reply|respond|talk|speak|write)(?: to me| back)? (?:in|with|like)\b"
    r"|(?:no|skip the|never use|don't use|dont use|stop using) (?:emojis?|jargon|fluff|small talk|bullet ?points?)"
    r"|(?:don'?t )?call me\b|(?:metric|imperial|celsius|fahrenheit|british|american)\b.{0,30}$)",
    re.IGNORECASE,
)
"""How somebody asks, in their own words, for a way to be answered or addressed."""
_CONSTRAINT = re.compile(
    r"\b(?:allerg|intoleran|vegan|vegetarian|diet|halal|kosher|cannot|must|never|always|only|at most|avoid|does not"
    r"|pregnan|hates?|keep|prefers?|limit|blind|deaf|wheelchair)",
    re.IGNORECASE,
)
_NEED = re.compile(
    r"\b(?:allerg|intoleran|vegan|vegetarian|pescatarian|halal|kosher|gluten|lactose|co?eliac|diabet|pregnan|wheelchair"
    r"|epilep|asthma|blind|deaf|dyslex|migraine|phobi|afraid of)",
    re.IGNORECASE,
)
"""What it may hurt somebody not to know."""
_SPEAKER = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|me|mine|we|we're|our|ours|us|myself)\b", re.IGNORECASE)
_OWN = re.compile(r"^(?:what|which|when|where|how|do|did|am|have|can|should)\b.{0,40}\b(?:i|my)\b", re.IGNORECASE)
"""A question that somebody asks about themselves."""
_OF_ONESELF = re.compile(
    r"^\W*(?:so |and |hey,? |ok,? |remind me )*(?:what|which|who|whose|when|where|how|why|do|does|did|am|are|is|was|"
    r"were|have|has|had|can|may|should|will)(?:'?s)?\b.{0,60}\b(?:i|my|me|we|our|mine|us)\b",
    re.IGNORECASE,
)
"""The same in any form, be it of somebody of theirs."""
_ORDER = re.compile(
    r"^(?:please |could you |can you |okay,? |let's )?(?:book|find|write|draft|plan|make|put|suggest|recommend|order"
    r"|fill|prepare|help|commit|pin|set|schedule|create|choose|pick|design|remind|give|show|send)\b",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"^(?:explain|what(?:'s| is| are| does| do)|who (?:is|was|won|wrote|built)|how (?:do|does|did|tall|far|old)|why|is"
    r"|are|when was|tell me about|convert|translate)\b",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"\bthe (?:user|customer|client|patient)(?:'s)?\b", re.IGNORECASE)


def is_standing(memory: Memory, always: Container[str] = ()) -> bool:
    """Return whether a memory shapes every answer: how to address the person, and how to answer them.

    `always` are the types that an application added to be injected always; of the built-in ones their content decides.
    What neither the owner nor the app says never does: it is shown where it is relevant.
    """
    if not memory.trusted:
        return False
    if (
        memory.injection == "always"
        or memory.memory_type in always
        or (_STANDING.match(memory.slot or "") and not _tells_languages(memory))
        or _SHAPES.search(memory.content)
    ):
        return True
    quoted = _QUOTED.match(memory.content)
    return quoted is not None and _WISH.match(quoted["words"]) is not None


def _tells_languages(memory: Memory) -> bool:
    """Return whether a memory lists what somebody speaks, which does not say how to answer them."""
    return memory.slot == "language" and bool(_LANGUAGES.search(memory.content))


def standing_section(memory: Memory) -> Section:
    """Return where what shapes every answer belongs: with who the user is, or with what they want."""
    told = memory.memory_type == "background" or _IDENTITY.search(memory.slot or "") or _NAMES.match(memory.content)
    return "about" if told else "wishes"


def asks_of_oneself(query: str) -> bool:
    """Return whether somebody asks for what only what is known of them can answer: "what's my religion?"."""
    return _OF_ONESELF.match(query) is not None


@dataclass(frozen=True, slots=True)
class Request:
    """What the owner asks, and what it is compared by; `kind` are numbers that say how it is asked."""

    terms: Sequence[str]
    words: tuple[str, ...]
    vector: Any
    kind: tuple[float, ...]
    own: bool

    @classmethod
    def of(cls, text: str) -> Request:
        """Return the request in a text."""
        speaker, order = bool(_SPEAKER.search(text)), bool(_ORDER.search(text))
        general = bool(_GENERAL.search(text)) and not speaker
        own = bool(_OWN.search(text))
        kind = (speaker or order, general, own, order, log1p(len(text.split())))
        words = content_words(text)
        return cls(question_terms(text), words, meaning(text), tuple(map(float, kind)), own and not set(words) & PEOPLE)


def evidence(
    query: str, scope: str, memories: Sequence[Memory], closeness: Sequence[float | None] | None = None
) -> list[dict[str, float]]:
    """Return for each memory the parts that say whether the answer needs it; `chance` makes one number of them.

    `closeness` is how close the vectors of an index find each to the request, None for one without a vector.
    """
    if not memories:
        return []
    request, deviations = Request.of(query), deviations_of(closeness or [None] * len(memories))
    told = _told(features(request, scope, memories))
    if any(one is not None for one in deviations):
        by_index = _told(features(request, scope, memories, deviations))
        told = [one if by is None else other for one, other, by in zip(told, by_index, deviations, strict=True)]
    return list(map(_apart_from_others, told, memories)) if request.own else told


def _apart_from_others(told: dict[str, float], memory: Memory) -> dict[str, float]:
    return told | {"of somebody else": SOMEBODY_ELSE} if _is_of_somebody_else(memory) else told


def chance(parts: Mapping[str, float]) -> float:
    """Return the chance, 0..1, that a memory with these parts is needed."""
    return 1.0 / (1.0 + exp(-sum(parts.values())))


def deviations_of(closeness: Sequence[float | None]) -> list[float | None]:
    """Return by how many deviations each is closer than all; None for those without a vector, or where few have one."""
    known = [one for one in closeness if one is not None]
    if len(known) < FEWEST:
        return [None] * len(closeness)
    np = numpy()
    mean, deviation = float(np.mean(known)), float(np.std(known)) + 0.02
    return [None if one is None else (one - mean) / deviation for one in closeness]


def features(
    request: Request, scope: str, memories: Sequence[Memory], deviations: Sequence[float | None] | None = None
) -> dict[str, Any]:
    """Return the numbers of each part of a chance, a row for each memory: most say how it stands beside the others.

    `deviations` are those of the closeness by an index.
    """
    np = numpy()
    texts = [_described(memory) for memory in memories]
    vectors = meanings(texts)
    slots = meanings([_words_of_slot(memory.slot) or memory.content for memory in memories])
    found = {
        "meaning": _beside(vectors @ request.vector),
        "words": _beside(np.array(_word_matches(request.terms, texts))),
        "slot": _beside(slots @ request.vector),
        **_by_topic(request, memories, [content_words(text) for text in texts]),
        "scope": np.array([_scope_of(memory, scope) for memory in memories]),
        "kind of memory": np.array([_kind_of(memory) for memory in memories]),
        "kind of request": np.array([request.kind] * len(memories)),
        "what both are about": np.hstack([vectors * request.vector, vectors]),
    }
    if deviations is not None:
        found[BY_INDEX] = _beside(np.array([one or 0.0 for one in deviations]))
    return found


def _by_topic(request: Request, memories: Sequence[Memory], held: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """Return the numbers of the parts that the words of a memory say of its topic."""
    np = numpy()
    topics = np.stack([about(words, "requests", "memories") for words in held]) * about(request.words, "requests")
    topic = topics.max(axis=1)
    return {
        "closest words": _beside(np.array(_closest_words(request.words, held))),
        "topic": _beside(topic),
        "need of the topic": topic[:, None] * [[_is_need(memory)] for memory in memories],
        "constraint of the topic": topic[:, None] * [[_is_bound(memory)] for memory in memories],
    }


def _beside(values: Any) -> Any:
    """Return how each value stands beside the others: itself, in deviations, by rank, behind the best, and that one."""
    np = numpy()
    falling = np.sort(values)[::-1]
    best, following = falling[0], falling[min(_FOLLOWING, len(values) - 1)]
    ranks = len(values) - np.searchsorted(falling[::-1], values, "right")
    deviations = (values - values.mean()) / (values.std() + 0.02)
    same = np.ones(len(values))
    return np.stack(
        [values, deviations, np.log1p(ranks), best - values, best * same, (best - following) * same], axis=1
    )


def _scope_of(memory: Memory, scope: str) -> tuple[float, ...]:
    own, scoped = memory.scope != GLOBAL, scope != GLOBAL
    return (float(memory.scope == scope != GLOBAL), float(own), float(scoped), float(scoped and not own))


def _kind_of(memory: Memory) -> tuple[float, ...]:
    kinds = (float(memory.memory_type == kind) for kind in ("background", "rule", "preference", "event", "summary"))
    return (*kinds, memory.importance - 0.5, float(bool(memory.slot)))


def _is_need(memory: Memory) -> float:
    return float(bool(_NEED.search(f"{memory.content} {memory.slot or ''}")))


def _is_bound(memory: Memory) -> float:
    return float(bool(_CONSTRAINT.search(memory.content)) or memory.memory_type == "rule")


def _told(found: Mapping[str, Any]) -> list[dict[str, float]]:
    """Return what each part adds to the log-odds of being needed, for each memory."""
    weights = _weights()["with index" if BY_INDEX in found else "alone"]
    parts = {name: (numbers @ weights[name][1:] + weights[name][0]).tolist() for name, numbers in found.items()}
    parts = {"always here": [float(weights["always here"][0])] * len(next(iter(parts.values()))), **parts}
    return [dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True)]


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, Any]]:
    """Return for each of the two models and each part the constant, and what each number counts."""
    with numpy().load(WEIGHTS, allow_pickle=False) as held:
        split = [(*name.split("/"), held[name].astype("f8")) for name in held.files]
    return {model: {part: values for one, part, values in split if one == model} for model, _, _ in split}


def _is_of_somebody_else(memory: Memory) -> bool:
    """Return whether the slot of a memory says that it is about somebody beside the user: "wife.medication"."""
    return re.split(r"[._:]", memory.slot or "", maxsplit=1)[0] in PEOPLE


def _closest_words(wanted: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """Return for each text how close a word of it comes to a word of the request, 0..1."""
    np = numpy()
    every = sorted({word for text in texts for word in text})
    if not wanted or not every:
        return [0.0] * len(texts)
    asked = np.stack([word_meaning(word) for word in wanted])
    near = (np.stack([word_meaning(word) for word in every]) @ asked.T).max(axis=1).tolist()
    closest = dict(zip(every, near, strict=True))
    return [max(0.0, 2.0 * max((closest[word] for word in text), default=0.0) - 1.0) for text in texts]


def _word_matches(wanted: Sequence[str], texts: Sequence[str]) -> list[float]:
    """Return how much of what a query's words tell each text holds, 0..1."""
    held = [_terms_of(text) for text in texts]
    corpus = Corpus(len(texts), _LENGTH)
    telling = {term: corpus.idf(term, sum(term in one for one in held)) for term in wanted}
    total = sum(telling.values()) + 3.0
    return [sum(weight for term, weight in telling.items() if term in one) / total for one in held]


@remember_short(8192)
def _terms_of(text: str) -> frozenset[str]:
    return frozenset(terms_with_identifiers(text))


def _described(memory: Memory) -> str:
    """Return what a memory is about, in words: its content without the person that it is always about, and its slot."""
    return f"{_NOBODY.sub('', memory.content)} {_words_of_slot(memory.slot)}".strip()


def _words_of_slot(slot: str | None) -> str:
    return re.sub(r"[._:]+", " ", slot or "")
