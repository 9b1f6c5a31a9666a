"""Which memories a caller wants to see: those of some types, slots and tags, of some time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, get_args

from langgraph_memory.domain.clock import from_microseconds, in_utc, to_microseconds
from langgraph_memory.domain.memory import Trust
from langgraph_memory.domain.ranking import Columns
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.errors import InvalidFilterError


class MemoryFilter(TypedDict, total=False):
    """What a memory must be to be seen; all of it must hold.

    `memory_type` is one type or several, `slot` how its slot begins, `tags` are tags that it has all of,
    `trust` is one of owner, app, tool, model and import, or several. A memory is of
    the time it holds from or happened at, else of when it was made: `since` is the first such moment, `before` the
    first that is too late.
    """

    memory_type: str | Sequence[str]
    slot: str
    tags: str | Sequence[str]
    trust: str | Sequence[str]
    since: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter that was checked; moments in microseconds."""

    memory_types: tuple[str, ...] | None = None
    slot: str | None = None
    tags: tuple[str, ...] = ()
    trusts: tuple[str, ...] | None = None
    since: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, given: Any, types: MemoryTypes) -> Wanted:
        """Return the filter that a caller gave; raises InvalidFilterError or UnknownMemoryTypeError."""
        if given is None:
            return EVERYTHING
        if not isinstance(given, Mapping):
            raise InvalidFilterError(f"filter must be a mapping such as {{'slot': 'home.'}}, not {given!r}.")
        unknown = [name for name in given if name not in MemoryFilter.__annotations__]
        if unknown:
            named = ", ".join(MemoryFilter.__annotations__)
            raise InvalidFilterError(f"a filter of memories has no {unknown[0]!r}; it has {named}.")
        wanted_types = _texts("memory_type", given.get("memory_type"))
        return cls(
            None if wanted_types is None else types.names(wanted_types),
            _text("slot", given.get("slot")),
            _texts("tags", given.get("tags")) or (),
            _trusts(given.get("trust")),
            _moment("since", given.get("since")),
            _moment("before", given.get("before")),
        )

    def bounds(self) -> dict[str, Any]:
        """Return the values that a statement over memories is bound to."""
        return {
            "slot_start": self.slot,
            "wanted_tags": list(self.tags),
            "trusts": self.trusts,
            "since": self.since,
            "before": self.before,
        }

    def has_type(self, memory_type: str) -> bool:
        """Return whether a memory of a type may be seen."""
        return self.memory_types is None or memory_type in self.memory_types

    def admits(self, row: Columns) -> bool:
        """Return whether the memory in a row may be seen, of whichever type it is."""
        moment = row["created_at"] if row["valid_from"] is None else row["valid_from"]
        return (
            (self.slot is None or (row["slot"] or "").startswith(self.slot))
            and (not self.tags or set(self.tags) <= set(json.loads(row["tags"] or "[]")))
            and (self.trusts is None or row["trust"] in self.trusts)
            and (self.since is None or moment >= self.since)
            and (self.before is None or moment < self.before)
        )

    def to_json(self) -> dict[str, Any] | None:
        """Return the filter as a caller gives it, for a receipt; None: there was none."""
        found = {
            "memory_type": self.memory_types and list(self.memory_types),
            "slot": self.slot,
            "tags": list(self.tags) or None,
            "trust": self.trusts and list(self.trusts),
            "since": self.since if self.since is None else from_microseconds(self.since).isoformat(),
            "before": self.before if self.before is None else from_microseconds(self.before).isoformat(),
        }
        return {name: value for name, value in found.items() if value is not None} or None


EVERYTHING = Wanted()


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidFilterError(f"filter[{name!r}] must be text, not {value!r}.")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...] | None:
    if value is None or isinstance(value, str):
        return None if value is None else (value,)
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(one, str) for one in value):
        raise InvalidFilterError(f"filter[{name!r}] must be a text or a list of texts, not {value!r}.")
    return tuple(value)


def _trusts(value: Any) -> tuple[str, ...] | None:
    trusts = _texts("trust", value)
    unknown = [one for one in trusts or () if one not in get_args(Trust)]
    if unknown:
        raise InvalidFilterError(f"filter['trust'] knows {', '.join(get_args(Trust))}, and not {unknown[0]!r}.")
    return trusts


def _moment(name: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        return to_microseconds(in_utc(datetime.fromisoformat(value) if isinstance(value, str) else value))
    except (ValueError, TypeError, AttributeError):
        raise InvalidFilterError(f"filter[{name!r}] must be a datetime with a time zone, not {value!r}.") from None
