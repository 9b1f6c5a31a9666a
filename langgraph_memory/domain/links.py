"""Links between memories: they name the same person, place, project, product or number. Pure; nothing is stored.

A link holds as long as both memories do: what is superseded, forgotten or erased has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, ClassVar, Self

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.memory import Memory, Recalled
from langgraph_memory.domain.search.meaning import word_vectors
from langgraph_memory.domain.search.needed import chance
from langgraph_memory.domain.text import folded
from langgraph_memory.domain.times import MONTHS
from langgraph_memory.views import Table, Tabular

_NAME = re.compile(r"[^\W\d_][\w&-]*")
_IDENTIFIER = re.compile(r"(?<![\w.])(?=[\w./@#-]*\d)(?=[\w./@#-]*[^\W\d_])[\w#@][\w./@#-]*\w")
"""A word with letters and digits, as INC-4711, LH1834 or v2.3."""
_SIGNS = " \t\n\"'“”‘’([{«-*"
_ROLE = re.compile(
    r"\b(sister|brother|mother|father|mum|mom|dad|son|daughter|wife|husband|partner|boss|manager|landlord|landlady|dentist"
    r"|doctor|colleague|flatmate|friend|neighbour|neighbor|cat|dog|horse)(?:'s|’s)?\b",
    re.IGNORECASE,
)
_COMMON = 2_000
"""Words so often used that with a capital at the start of a sentence they are no names."""
_CALENDAR = frozenset((*MONTHS, *"monday tuesday wednesday thursday friday saturday sunday".split()))
"""What is of the same day or month hangs together by chance."""
MOST_LINKED = 6
"""How many memories may share a name that still tells something: what is in most of them links nothing."""

HOPS = 2
LINKED = (3.0, 2.4)
"""What the log-odds of being needed gain by one hop and by two: enough to be shown where little speaks against it."""

_LONGEST = 240
"""Characters of a statement whose names are followed; a longer one names what has little to do with each other."""
HOP_KEEPS = 0.5
"""What a hop leaves of the score of the match that it goes out from, where memories are found by match alone."""


@remember_short(8192)
def names_in(text: str) -> frozenset[str]:
    """Return what a text names, folded: identifiers, names, and people and animals by what they are to the user."""
    found = {folded(one[0]).rstrip(".") for one in _IDENTIFIER.finditer(text)}
    found |= {folded(one[1]) for one in _ROLE.finditer(text)}
    found |= {folded(one[0]) for one in _NAME.finditer(text) if _is_name(text, one)}
    return frozenset(found)


def _is_name(text: str, found: re.Match[str]) -> bool:
    """Return whether a word is a name: one with a capital, and at the start of a sentence no common word."""
    word, before = found[0], text[: found.start()].rstrip(_SIGNS)
    if not word[0].isupper() or len(word) < 2 or folded(word).removesuffix("s") in _CALENDAR:
        return False
    if (before and before[-1] not in ".!?:") or text[found.end() :].startswith(("'s", "’s")):
        return True
    rank = word_vectors().places.get(folded(word))
    return rank is None or rank > _COMMON


def names_of(memory: Memory) -> frozenset[str]:
    """Return what a memory names, in its words or as its subject."""
    return names_in(" ".join(filter(None, (memory.content, memory.subject))))


@dataclass(frozen=True, slots=True)
class Link(Tabular):
    """Two memories, the older first, and what both of them name."""

    memories: tuple[Memory, Memory]
    names: tuple[str, ...]
    things: ClassVar[str] = "links"

    def row(self) -> dict[str, Any]:
        """Return what the two memories say, and by which names they are linked."""
        older, newer = self.memories
        return {"memory": older.content, "linked_to": newer.content, "names": ", ".join(self.names)}

    def label(self) -> str:
        """Return the names."""
        return ", ".join(self.names)

    @classmethod
    def table(cls, records: Iterable[Self], title: str | None = None) -> Table:
        """Return one row for each link."""
        return Table.of(
            title or cls.things, ("memory", "linked to", "by"), [tuple(one.row().values()) for one in records]
        )


def links_between(memories: Sequence[Memory], names: frozenset[str] | None = None) -> list[Link]:
    """Return the links between some memories, or those by some names; a name that most of them have links nothing."""
    held = [names_of(memory) for memory in memories]
    places = _places(held)
    telling = {name for name, shared in places.items() if 1 < len(shared) <= MOST_LINKED}
    telling &= telling if names is None else names
    found: dict[tuple[int, int], set[str]] = {}
    for name in telling:
        for pair in combinations(places[name], 2):
            found.setdefault(pair, set()).add(name)
    pairs = ((sorted((memories[a], memories[b]), key=_age), shared) for (a, b), shared in found.items())
    links = [Link((one, other), tuple(sorted(shared))) for (one, other), shared in pairs]
    return sorted(links, key=lambda link: [_age(memory) for memory in link.memories])


def reached(query: str, memories: Sequence[Memory]) -> dict[int, tuple[int, ...]]:
    """Return which memories hang on what a query names: the place of each, with those of the way to it.

    The first on a way has a name that the query has, and each next one shares another with the one before it. Ways
    have one hop or two.
    """
    asked = names_in(query)
    held = list(map(_names_of_short, memories))
    places = _places(held)
    ways: dict[int, tuple[int, ...]] = {place: () for name in sorted(asked) for place in places.get(name, ())}
    if len(ways) > MOST_LINKED:
        return {}
    edge = list(ways)
    for _ in range(HOPS):
        before = len(ways)
        for place in edge:
            for other in _beside(held[place] - asked, places):
                ways.setdefault(other, (*ways[place], place))
        edge = list(ways)[before:]
    return {place: way for place, way in ways.items() if way}


def _names_of_short(memory: Memory) -> frozenset[str]:
    """Return the names in a memory; a long text names too much to hang together by it."""
    return names_of(memory) if len(memory.content) <= _LONGEST else frozenset()


def _beside(names: Iterable[str], places: Mapping[str, Sequence[int]]) -> Iterator[int]:
    """Yield what has one of some names that few have."""
    return (other for name in sorted(names) if len(places[name]) <= MOST_LINKED for other in places[name])


def following(query: str, found: Sequence[Recalled]) -> list[Recalled]:
    """Return what was weighed, with what hangs on what the query names more likely to be needed, and how it does."""
    owners: dict[str, list[int]] = {}
    for place, item in enumerate(found):
        owners.setdefault(item.memory.owner_id, []).append(place)
    linked = list(found)
    for places in owners.values():
        ways = reached(query, [found[place].memory for place in places])
        for end, way in ways.items():
            via = tuple(found[places[step]].memory.id for step in way)
            linked[places[end]] = _linked(found[places[end]], via)
    return linked


def beside_matches(query: str, found: Sequence[Recalled], named: Sequence[Recalled]) -> list[Recalled]:
    """Return what matches a query, and what of the others hangs on what the query names: each hop counts half.

    `named` were found by the names that those on the way have.
    """
    known = {item.memory.id: item for item in found}
    others = {item.memory.id: replace(item, score=0.0, parts={}) for item in named if item.memory.id not in known}
    items = [*found, *others.values()]
    for end, way in reached(query, [item.memory for item in items]).items():
        score = HOP_KEEPS ** len(way) * items[way[0]].score
        if score > items[end].score:
            parts = {**items[end].parts, "linked": score - items[end].score}
            via = tuple(items[step].memory.id for step in way)
            items[end] = replace(items[end], score=score, parts=parts, via=via)
    return [item for item in items if item.score]


def worth_following(query: str, found: Sequence[Recalled]) -> list[Recalled]:
    """Return those of what matches that are short and have a name of the query, where some do and no more than few."""
    asked = names_in(query)
    brief = (item for item in found if asked and len(item.memory.content) <= _LONGEST)
    named = [item for item in brief if names_of(item.memory) & asked]
    return named if len(named) <= MOST_LINKED else []


def names_to_follow(asked: frozenset[str], seen: frozenset[str], found: Sequence[Recalled]) -> frozenset[str]:
    """Return what else is named by those that have one of the asked names, and was not seen yet."""
    held = [names for names in (names_of(item.memory) for item in found) if names & asked]
    return frozenset(name for names in held[:MOST_LINKED] for name in names) - seen


def _linked(item: Recalled, via: tuple[str, ...]) -> Recalled:
    parts = {**item.parts, "linked": LINKED[len(via) - 1]}
    return replace(item, score=chance(parts), parts=parts, via=via)


def _places(held: Sequence[frozenset[str]]) -> Mapping[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, names in enumerate(held):
        for name in names:
            places.setdefault(name, []).append(place)
    return places


def _age(memory: Memory) -> tuple[float, str]:
    return memory.created_at.timestamp(), memory.id
