"""What kinds of memory there are, and the rules that come with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from langgraph_memory.errors import InvalidInputError, UnknownMemoryTypeError

Update = Literal["supersede", "append", "reinforce"]
Injection = Literal["always", "by_relevance"]


@dataclass(frozen=True, slots=True)
class MemoryType:
    """One kind of memory.

    `update` says what the same slot again does. `expires_after` counts from creation. `half_life` is the age at which
    recency has halved; None means that age does not matter. With `slot_per_thread` a memory without a slot takes its
    thread's, so that one is live for each thread. `holds` tells a model what it is for.
    """

    name: str
    update: Update = "supersede"
    expires_after: timedelta | None = None
    half_life: timedelta | None = None
    injection: Injection = "by_relevance"
    slot_per_thread: bool = False
    aliases: tuple[str, ...] = ()
    holds: str = ""


BUILT_IN = (
    MemoryType("background", injection="always", holds="who the user is, which hardly changes"),
    MemoryType("preference", aliases=("user_preference",), holds="what the user likes or wants"),
    MemoryType("fact", aliases=("project_fact",), holds="what is so, about the user, their people, their projects"),
    MemoryType("rule", injection="always", aliases=("workflow_rule",), holds="a standing rule the user has set"),
    MemoryType("skill", holds="a workflow worth repeating"),
    MemoryType("event", update="append", half_life=timedelta(days=90), holds="what happened or is to come, at a time"),
    MemoryType(
        "summary",
        expires_after=timedelta(days=180),
        half_life=timedelta(days=30),
        slot_per_thread=True,
        aliases=("task_summary",),
        holds="the outcome of a task or a conversation",
    ),
    MemoryType(
        "reflection",
        update="reinforce",
        expires_after=timedelta(days=180),
        half_life=timedelta(days=60),
        holds="a pattern seen again and again",
    ),
)


class MemoryTypes(Mapping[str, MemoryType]):
    """The registry: the built-in types and a user's own, found by name or alias.

    Raises InvalidInputError when a name or alias is taken twice.
    """

    def __init__(self, own: Iterable[MemoryType] = ()) -> None:
        self._types: dict[str, MemoryType] = {}
        self._names: dict[str, str] = {}
        self.half_lives: dict[str, float | None] = {}
        """The microseconds in which the recency of each type halves; None: age does not matter."""
        for memory_type in (*BUILT_IN, *own):
            for name in (memory_type.name, *memory_type.aliases):
                if not name or name in self._names:
                    raise InvalidInputError(f"memory type {name!r} is empty or taken already; choose another name.")
                self._names[name] = memory_type.name
            self._types[memory_type.name] = memory_type
            half_life = memory_type.half_life
            self.half_lives[memory_type.name] = None if half_life is None else half_life.total_seconds() * 1e6

    def __getitem__(self, name: str) -> MemoryType:
        try:
            return self._types[self._names[name]]
        except (KeyError, TypeError):
            known = ", ".join(self._types)
            raise UnknownMemoryTypeError(
                f"unknown memory type {name!r}; use one of {known}, or register it with open_memory(memory_types=...)."
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def names(self, wanted: Iterable[str] | None) -> tuple[str, ...]:
        """Return the canonical names of `wanted`, or of every type when it is None."""
        return tuple(self._types) if wanted is None else tuple(dict.fromkeys(self[name].name for name in wanted))

    def always_injected(self) -> tuple[str, ...]:
        """Return the names of the types that are injected whatever the query."""
        return tuple(name for name, kind in self._types.items() if kind.injection == "always")
