"""Decides what patterns an owner's memories show across sessions, and what becomes of earlier ones. Pure.

Offline it counts and groups, and says no more than that: what came up in several sessions, what keeps changing, and
what is best known. Each reflection names the memories that it rests on, and is gone when one of them is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from langgraph_memory.domain.links import names_of
from langgraph_memory.domain.memory import Memory, Source, Trust
from langgraph_memory.domain.search.meaning import word_vectors
from langgraph_memory.domain.text import folded, terms
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import Displayable, Table, counted

REFLECTION: Final = "reflection"
RESTS_ON: Final = "rests_on"
WRITTEN_BY: Final = "reflect"
_DERIVED: Final = (REFLECTION, "summary")
_COMMON: Final = 2_000
"""Words so often used that they are no topic."""
_MOST_BASES: Final = 50
_LONGEST: Final = 600
"""Characters of a reflection; what a model writes beyond them is refused."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_LEAST_TRUSTED: Final[Sequence[Trust]] = ("import", "model")


@dataclass(frozen=True, slots=True)
class ReflectionPolicy:
    """What counts as a pattern: how many memories of how many sessions; and how much is read and written.

    `topics` are at most written for each scope, `profile` memories at most named in one, of the `read` newest.
    """

    memories: int = 3
    sessions: int = 2
    topics: int = 10
    profile: int = 12
    read: int = 2_000

    def __post_init__(self) -> None:
        """Raise InvalidInputError for a bound that means nothing."""
        for name, least in (("memories", 2), ("sessions", 1), ("topics", 0), ("profile", 0), ("read", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 100_000:
                raise InvalidInputError(f"{name} must be a whole number from {least} to 100000, not {value!r}.")


DEFAULT_REFLECTION: Final = ReflectionPolicy()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern: what tells it from others, what it says, and the memories that it rests on."""

    key: str
    scope: str
    content: str
    bases: tuple[Memory, ...]
    shown: bool = True
    """Whether a recall may show it; a profile repeats what recalls show anyway."""

    @property
    def base_ids(self) -> list[str]:
        """The ids of what it rests on, in their order."""
        return sorted(one.id for one in self.bases)


@dataclass(frozen=True, slots=True)
class Reflected(Displayable):
    """What reflecting did, or with `dry_run` would do: the reflections it added and removed, and how many it left.

    `refused` are the reasons of the guard; `fallback` says in a word why a model's patterns are not among them.
    """

    owner_id: str
    added: tuple[Memory, ...] = ()
    removed: tuple[Memory, ...] = ()
    kept: int = 0
    refused: tuple[str, ...] = ()
    fallback: str | None = None
    dry_run: bool = False

    def figures(self) -> dict[str, Any]:
        """Return ids and numbers, for who watches from outside."""
        ids = tuple(one.id for one in self.added)
        return {"memory_ids": ids, "added": len(self.added), "removed": len(self.removed), "kept": self.kept}

    def tables(self) -> Sequence[Table]:
        """Return one row for each reflection that was added or removed."""
        parts = (("added", self.added), ("removed", self.removed))
        rows = [(what, one.content, one.scope, len(bases_of(one))) for what, found in parts for one in found]
        title = "what reflecting would do" if self.dry_run else "reflected"
        return [Table.of(f"{title}: {self.kept} stay", ("what", "reflection", "scope", "rests on"), rows)]


def bases_of(memory: Memory) -> list[str]:
    """Return the ids of the memories that a reflection rests on."""
    named = (memory.content_json or {}).get(RESTS_ON) if memory.memory_type == REFLECTION else None
    return [str(one) for one in named] if isinstance(named, list) else []


def is_written_here(memory: Memory) -> bool:
    """Return whether a memory is a reflection that reflecting wrote."""
    return memory.memory_type == REFLECTION and memory.source.extractor == WRITTEN_BY


def patterns(known: Sequence[Memory], policy: ReflectionPolicy, now: datetime) -> list[Pattern]:
    """Return the patterns that are found by counting and grouping, scope by scope; `known` is newest first."""
    scopes: dict[str, list[Memory]] = defaultdict(list)
    for one in reversed(known):
        if one.memory_type not in _DERIVED and one.source.thread_id and one.injection != "never":
            scopes[one.scope].append(one)
    found: list[Pattern] = []
    for scope, memories in sorted(scopes.items()):
        live = bases(memories, now)
        topics = [*_changing(scope, memories, policy), *_recurring(scope, live, policy)]
        found += [*topics[: policy.topics], *_profile(scope, live, policy)]
    return found


def bases(known: Iterable[Memory], now: datetime) -> list[Memory]:
    """Return what patterns may rest on: what is live, was said in a session and is no derivation itself."""
    return [
        one
        for one in known
        if not one.superseded
        and one.memory_type not in _DERIVED
        and one.source.thread_id
        and one.injection != "never"
        and (one.expires_at is None or one.expires_at > now)
    ]


def model_pattern(content: str, rests_on: Sequence[Memory]) -> Pattern | None:
    """Return a pattern that a model proposes, or None where it rests on too little or is no short sentence."""
    distinct = tuple({one.id: one for one in rests_on}.values())[:_MOST_BASES]
    scopes = {one.scope for one in distinct}
    if len(distinct) < 2 or len(_sessions(distinct)) < 2 or len(scopes) != 1 or not 0 < len(content) <= _LONGEST:
        return None
    key = blake2b(" ".join(sorted(one.id for one in distinct)).encode(), digest_size=8).hexdigest()
    return Pattern(f"model:{key}", scopes.pop(), content, distinct)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be added and removed, and what stays."""

    add: tuple[Pattern, ...]
    remove: tuple[Memory, ...]
    kept: int


def plan(found: Sequence[Pattern], existing: Iterable[Memory], *, asked_model: bool) -> Planned:
    """Compare patterns with the reflections there are: what says the same of the same memories stays untouched.

    Where no model was asked, what one wrote stays. What a model says anew of the very same memories is not written
    again.
    """
    wanted = {(one.scope, slot_of(one)): one for one in found}
    kept, remove = set(), []
    for one in existing:
        place = (one.scope, str(one.slot))
        pattern = wanted.get(place)
        by_model = str(one.slot).startswith(f"{REFLECTION}:model:")
        if pattern is not None and place not in kept and _says_the_same(one, pattern, by_model=by_model):
            kept.add(place)
        elif not by_model or asked_model:
            remove.append(one)
    add = [pattern for place, pattern in wanted.items() if place not in kept]
    return Planned(tuple(add), tuple(remove), len(kept))


def _says_the_same(memory: Memory, pattern: Pattern, *, by_model: bool) -> bool:
    return sorted(bases_of(memory)) == pattern.base_ids and (by_model or memory.content == pattern.content)


def slot_of(pattern: Pattern) -> str:
    """Return the slot of a pattern's reflection."""
    return f"{REFLECTION}:{pattern.key}"[:1_000]


def fields_of(pattern: Pattern) -> dict[str, Any]:
    """Return the fields of a pattern's reflection that follow from it: no surer and no longer than what it rests on."""
    bases = pattern.bases
    trusts = {one.trust for one in bases}
    return {
        "scope": pattern.scope,
        "memory_type": REFLECTION,
        "slot": slot_of(pattern),
        "content": pattern.content,
        "content_json": {RESTS_ON: pattern.base_ids},
        "source": Source(actor="assistant", extractor=WRITTEN_BY),
        "trust": next(one for one in _LEAST_TRUSTED if one in trusts or one == "model"),
        "confidence": min(one.confidence for one in bases),
        "importance": sum(one.importance for one in bases) / len(bases),
        "expires_at": min((one.expires_at for one in bases if one.expires_at is not None), default=None),
        "injection": None if pattern.shown else "never",
    }


def _sessions(memories: Iterable[Memory]) -> set[str]:
    return {one.source.thread_id for one in memories if one.source.thread_id is not None}


def _enough(memories: Sequence[Memory], policy: ReflectionPolicy) -> bool:
    return len(memories) >= policy.memories and len(_sessions(memories)) >= policy.sessions


def _recurring(scope: str, live: Sequence[Memory], policy: ReflectionPolicy) -> Iterator[Pattern]:
    """Yield what came up in several sessions, the most sessions first; of topics with the same memories one."""
    topics: dict[str, dict[str, Memory]] = defaultdict(dict)
    words: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in live:
        for key, word in _topics(one).items():
            topics[key][one.id] = one
            words[key][word] += 1
    ranked = sorted(topics.items(), key=lambda item: (-len(_sessions(item[1].values())), -len(item[1]), item[0]))
    taken: list[set[str]] = []
    for key, found in ranked:
        memories = sorted(found.values(), key=_said_at)[-_MOST_BASES:]
        if not _enough(memories, policy) or any(2 * len(found.keys() & one) > len(found) for one in taken):
            continue
        taken.append(set(found))
        word = max(sorted(words[key]), key=lambda one: words[key][one])
        yield Pattern(f"topic:{key}", scope, _came_up(word, memories), tuple(memories))


def _topics(memory: Memory) -> Mapping[str, str]:
    """Return what a memory is about, by its stem: names, and words that are not everybody's."""
    places = word_vectors().places
    found = {name: name for name in names_of(memory)}
    for word in _WORD.findall(memory.content):
        rank = places.get(folded(word))
        if rank is None or rank > _COMMON:
            found.update(dict.fromkeys(terms(word)[:1], word))
    return {(terms(key) or [key])[0]: word for key, word in found.items()}


def _came_up(word: str, memories: Sequence[Memory]) -> str:
    """Return in a sentence how often and when something came up, and in what kinds of memory."""
    kinds: dict[str, int] = defaultdict(int)
    for one in memories:
        kinds[one.memory_type] += 1
    of = ", ".join(counted(number, f"{kind}s") for kind, number in sorted(kinds.items()))
    first, last = _said_at(memories[0]), _said_at(memories[-1])
    when = f"on {first:%Y-%m-%d}" if first.date() == last.date() else f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"{word[0].upper()}{word[1:]} came up in {counted(len(_sessions(memories)), 'sessions')} {when}: {of}."


def _changing(scope: str, known: Sequence[Memory], policy: ReflectionPolicy) -> Iterator[Pattern]:
    """Yield the slots whose value keeps changing, with every value they had."""
    slots: dict[tuple[str, str], list[Memory]] = defaultdict(list)
    for one in known:
        if one.slot is not None:
            slots[(one.memory_type, one.slot)].append(one)
    for (kind, slot), found in sorted(slots.items()):
        versions = sorted(found, key=_said_at)[-_MOST_BASES:]
        values = [_value_of(one) for one in versions]
        changes = sum(before != after for before, after in pairwise(values))
        if _enough(versions, policy) and changes >= policy.memories - 1 and not versions[-1].superseded:
            yield Pattern(f"change:{kind}:{slot}", scope, _has_changed(slot, values, changes), tuple(versions))


def _value_of(memory: Memory) -> str:
    return str((memory.content_json or {}).get("value") or memory.content).rstrip(".")


def _has_changed(slot: str, values: Sequence[str], changes: int) -> str:
    told = f"{slot.replace('.', ' ').replace('_', ' ')} has changed {counted(changes, 'times')}"
    content = f"The user's {told}: {', then '.join(values)}."
    return content if len(content) <= _LONGEST else f"The user's {told}, last to {values[-1]}."[:_LONGEST]


def _profile(scope: str, live: Sequence[Memory], policy: ReflectionPolicy) -> Iterator[Pattern]:
    """Yield what is best known: of what the owner said or the app set, the most important."""
    trusted = [one for one in live if one.trust in ("owner", "app") and one.memory_type != "event"]
    best = sorted(trusted, key=lambda one: (-one.importance, -one.confidence, one.created_at, one.id))[: policy.profile]
    if not _enough(best, policy):
        return
    told, room = list[str](), 3 * _LONGEST
    for one in best:
        if len(one.content) <= room:
            told.append(one.content)
            room -= len(one.content)
    used = tuple(one for one in best if one.content in told)
    yield Pattern("profile", scope, " ".join(told), used, shown=False)


def _said_at(memory: Memory) -> datetime:
    return memory.source.said_at or memory.created_at
