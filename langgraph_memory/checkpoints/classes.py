"""Which classes of an app can be read back: those that are allowed by name, and those that its graphs declare.

LangGraph's serializer makes something up where it cannot restore an object: a dict in place of an object whose class is
gone or refuses what is stored, and a pydantic object that was filled without validation; it says so in a log at most.
That is noticed here, so that whoever reads the state does not take the one for the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

import ormsgpack
from langchain_core.messages import ToolMessage, ToolMessageChunk
from langgraph.checkpoint.serde.base import SerializerProtocol
from pydantic import ValidationError

from langgraph_memory.checkpoints._compat import CONSTRUCTED_CODES, MESSAGE_TYPES, PYDANTIC_CODES, Hook, with_hook

_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})
_CONTAINERS = frozenset({list, tuple, set, frozenset, deque})
_PLAIN = _ATOMS | {kind for kind in MESSAGE_TYPES if "artifact" not in getattr(kind, "model_fields", {})}
"""What holds no object of another class."""


def holds_no_object(value: Any) -> bool:
    """Return whether a value is made of atoms and messages alone; most are, which is told without a look inside."""
    kind = type(value)
    return kind in _PLAIN or (kind is list and _PLAIN.issuperset(map(type, value)))


class Readable:
    """The classes that were found to be readable; each is tried once."""

    def __init__(self) -> None:
        self._types: set[type] = set()

    def check(self, value: Any, read_back: Callable[[Any], None]) -> None:
        """Have `read_back` try each object of a value whose class was not tried yet; it raises where it cannot."""
        for one in _objects(value):
            if type(one) not in self._types:
                read_back(one)
                self._types.add(type(one))


def _objects(value: Any) -> Iterator[Any]:
    """Yield the objects of classes in a value, wherever they are in it; messages are known to be readable."""
    left, seen = [value], set[int]()
    while left:
        one = left.pop()
        kind = type(one)
        if kind in _ATOMS:
            continue
        if kind is dict:
            left.extend(one.values())
        elif kind in _CONTAINERS:
            if not _PLAIN.issuperset(map(type, one)):  # of a long chat this is told without a look at each message
                left.extend(one)
        elif kind in MESSAGE_TYPES:
            left.append(one.__dict__.get("artifact"))
        elif id(one) not in seen:
            seen.add(id(one))
            yield one
            left.extend(() if isinstance(one, type) else getattr(one, "__dict__", {}).values())
            if isinstance(one, tuple):
                left.extend(one)


_WITH_ARTIFACT = frozenset({ToolMessage, ToolMessageChunk})
"""Messages that may hold any object."""
_RESTORED = frozenset({set, frozenset, deque, datetime, date, time, timedelta, UUID, Decimal, *MESSAGE_TYPES})
_RESTORED -= _WITH_ARTIFACT
"""Types that nothing is made up of, which are too common to be looked at twice."""

Note = Callable[[str, str, str], None]
"""Is told the module and the name of a class that an object could not be restored of, and why."""


def noticing(serde: SerializerProtocol, note: Note) -> SerializerProtocol:
    """Return a serializer that reads as `serde` does, and notes what it made up."""
    return with_hook(serde, lambda hook: _Noticing(hook, note).hook)


class _Noticing:
    """Calls a hook of the serializer, and looks at what it returned."""

    def __init__(self, restore: Hook, note: Note) -> None:
        self._restore = restore
        self._note = note

    def hook(self, code: int, data: bytes) -> Any:
        """Restore an object; what its class is, and whether it is one of it, is looked up where it may not be."""
        made = self._restore(code, data)
        kind = type(made)
        if kind in _RESTORED or (kind in _WITH_ARTIFACT and made.artifact is None):
            return made
        if code in CONSTRUCTED_CODES:
            self._look(made, code, data)
        elif made is None:
            self._note("numpy", "ndarray", "its numbers are not readable")
        return made

    def _look(self, made: Any, code: int, data: bytes) -> None:
        """Note an object that is none of its class; the objects in it are looked at on the way."""
        stored = ormsgpack.unpackb(data, ext_hook=self.hook, option=ormsgpack.OPT_NON_STR_KEYS)
        module, name, given = stored[:3]
        try:
            kind = getattr(import_module(module), name)
        except (ImportError, AttributeError):
            self._note(module, name, "there is no such class any more")
            return
        if isinstance(kind, type) and not isinstance(made, kind):
            self._note(module, name, "it refuses what is stored")
        elif code in PYDANTIC_CODES and type(made) not in MESSAGE_TYPES:
            self._construct(kind, module, name, given)

    def _construct(self, kind: Any, module: str, name: str, given: Any) -> None:
        """Note a pydantic object that does not validate: it was filled without."""
        try:
            kind(**given)
        except ValidationError as error:
            wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}" for one in error.errors())
            self._note(module, name, f"it refuses what is stored ({'; '.join(wrong)})")
        except Exception as error:
            self._note(module, name, f"it refuses what is stored ({type(error).__name__})")
