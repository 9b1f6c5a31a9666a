"""Notices what LangGraph's serializer makes up where it cannot restore an object.

It returns a dict in place of an object whose class is gone or refuses what is stored, and a pydantic object that was
filled without validation, and says so in a log at most. Whoever reads the state then takes the one for the other.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

import ormsgpack
from langchain_core.messages import ToolMessage, ToolMessageChunk
from langgraph.checkpoint.serde import jsonplus
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import ValidationError

from langgraph_memory.checkpoints.marks import MESSAGE_TYPES

_WITH_ARTIFACT = frozenset({ToolMessage, ToolMessageChunk})
"""Messages that may hold any object."""
_RESTORED = frozenset({set, frozenset, deque, datetime, date, time, timedelta, UUID, Decimal, *MESSAGE_TYPES})
_RESTORED -= _WITH_ARTIFACT
"""Types that nothing is made up of, which are too common to be looked at twice."""
_PYDANTIC = (jsonplus.EXT_PYDANTIC_V1, jsonplus.EXT_PYDANTIC_V2)
_CONSTRUCTED = (
    *_PYDANTIC,
    jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG,
    jsonplus.EXT_CONSTRUCTOR_POS_ARGS,
    jsonplus.EXT_CONSTRUCTOR_KW_ARGS,
    jsonplus.EXT_METHOD_SINGLE_ARG,
)

Hook = Callable[[int, bytes], Any]
Note = Callable[[str, str, str], None]
"""Is told the module and the name of a class that an object could not be restored of, and why."""


def noticing(serde: SerializerProtocol, note: Note) -> SerializerProtocol:
    """Return a serializer that reads as `serde` does, and notes what it made up; one of another kind as it is."""
    inner = serde.serde if isinstance(serde, EncryptedSerializer) else serde
    hook = getattr(inner, "_unpack_ext_hook", None)
    if not isinstance(inner, JsonPlusSerializer) or hook is None:
        return serde
    watched = copy.copy(inner)
    watched.__dict__["_unpack_ext_hook"] = _Noticing(hook, note).hook
    if inner is serde:
        return watched
    outer = copy.copy(serde)
    outer.serde = watched  # type: ignore[attr-defined]
    return outer


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
        if code in _CONSTRUCTED:
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
        elif code in _PYDANTIC and type(made) not in MESSAGE_TYPES:
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
