"""Every private name of LangGraph, pydantic and the garbage collector that threads are built on.

Each stands here once, with a test that fails by the name when a new version changes it.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from langchain_core import messages as core
from langgraph._internal._constants import CONFIG_KEY_RUNTIME as RUNTIME
from langgraph._internal._constants import RESUME
from langgraph._internal._serde import build_serde_allowlist
from langgraph.checkpoint.serde import jsonplus
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot as DeltaSnapshot
from langgraph.pregel import Pregel
from pydantic import BaseModel

__all__ = [
    "CONSTRUCTED_CODES",
    "MESSAGE_TYPES",
    "PYDANTIC_CODES",
    "RESUME",
    "RUNTIME",
    "DeltaSnapshot",
    "Hook",
    "allowed_classes",
    "declared_by_graphs",
    "extra_of",
    "fields_of",
    "fields_set_of",
    "plain_of",
    "private_of",
    "set_extra",
    "set_fields",
    "set_fields_set",
    "set_private",
    "uncollected",
    "unexamined",
    "with_hook",
    "without_id",
]

Hook = Callable[[int, bytes], Any]
"""Restores an object from the number of its kind and its bytes, inside LangGraph's serializer."""

_EXT_HOOK = "_unpack_ext_hook"
_ALLOWED = "_allowed_msgpack_modules"

PYDANTIC_CODES = (jsonplus.EXT_PYDANTIC_V1, jsonplus.EXT_PYDANTIC_V2)
CONSTRUCTED_CODES = (
    *PYDANTIC_CODES,
    jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG,
    jsonplus.EXT_CONSTRUCTOR_POS_ARGS,
    jsonplus.EXT_CONSTRUCTOR_KW_ARGS,
    jsonplus.EXT_METHOD_SINGLE_ARG,
)
"""The numbers of objects that the serializer makes by calling their class."""


# LangGraph's serializer and graphs


def with_hook(serde: SerializerProtocol, wrap: Callable[[Hook], Hook]) -> SerializerProtocol:
    """Return a serializer that restores objects through a wrapped hook; one of another kind as it is."""
    inner = plain_of(serde)
    hook = getattr(inner, _EXT_HOOK, None)
    if not isinstance(inner, JsonPlusSerializer) or hook is None:
        return serde
    watched = copy.copy(inner)
    watched.__dict__[_EXT_HOOK] = wrap(hook)
    if inner is serde:
        return watched
    outer = copy.copy(serde)
    outer.serde = watched  # type: ignore[attr-defined]
    return outer


def plain_of(serde: SerializerProtocol) -> SerializerProtocol:
    """Return the serializer underneath an encrypting one, or the one that was given."""
    return serde.serde if isinstance(serde, EncryptedSerializer) else serde


def allowed_classes(serde: SerializerProtocol) -> set[tuple[str, ...]] | None:
    """Return the classes that a serializer restores; None: any, or it is of a kind that does not say."""
    allowed = getattr(serde, _ALLOWED, True) if isinstance(serde, JsonPlusSerializer) else True
    return None if allowed is True else set(allowed or ())


def declared_by_graphs(saver: object) -> set[tuple[str, ...]]:
    """Return the classes that the states of the graphs declare which were compiled with a saver."""
    found: set[tuple[str, ...]] = set()
    for graph in _graphs_of(saver):
        for one in (graph, *(inner for _, inner in graph.get_subgraphs(recurse=True))):
            found |= build_serde_allowlist(schemas=_schemas_of(one), channels=getattr(one, "channels", None))
    return found


def _graphs_of(saver: object) -> list[Any]:
    """Return the graphs that hold a saver: LangGraph tells it nothing of them."""
    graphs: list[Any] = []
    for holder in gc.get_referrers(saver):
        holders = gc.get_referrers(holder) if isinstance(holder, dict) else [holder]
        graphs += [one for one in holders if isinstance(one, Pregel) and one.checkpointer is saver]
    return graphs


def _schemas_of(graph: Any) -> list[type[Any]]:
    builder = getattr(graph, "builder", None)
    if builder is None:
        return []
    of_nodes = [node.input_schema for node in builder.nodes.values()]
    return [builder.state_schema, builder.input_schema, builder.output_schema, builder.context_schema, *of_nodes]


# The parts of a pydantic object: set past its class, which would validate, and note, what is known to be right

MESSAGE_TYPES: dict[type, str] = {
    kind: kind.__name__
    for kind in (
        core.HumanMessage,
        core.AIMessage,
        core.SystemMessage,
        core.ToolMessage,
        core.FunctionMessage,
        core.ChatMessage,
        core.RemoveMessage,
        core.HumanMessageChunk,
        core.AIMessageChunk,
        core.SystemMessageChunk,
        core.ToolMessageChunk,
        core.FunctionMessageChunk,
        core.ChatMessageChunk,
    )
}

fields_of = attrgetter("__dict__")
fields_set_of = attrgetter("__pydantic_fields_set__")
extra_of = attrgetter("__pydantic_extra__")
private_of = attrgetter("__pydantic_private__")
set_fields = BaseModel.__dict__["__dict__"].__set__
set_fields_set = BaseModel.__dict__["__pydantic_fields_set__"].__set__
set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
set_private = BaseModel.__dict__["__pydantic_private__"].__set__


def without_id(message: Any) -> Any:
    """Return a message as it was without its id, to be serialised and thrown away: it shares everything else."""
    before = object.__new__(type(message))
    set_fields(before, {**fields_of(message), "id": None})
    set_fields_set(before, fields_set_of(message))
    set_extra(before, extra_of(message))
    set_private(before, private_of(message))
    return before


# The cyclic garbage collector: kept from running over and over through new objects of which none is garbage.
#
# A page of a long thread's history is a million objects. The collector walks all of them each time 700 more were made,
# which takes three times as long as making them. So it is put off meanwhile, and what was made counts as old after it.

_MANY = 200
_MOST_AGED = 16_000_000
_FROZEN_AT_START = 1000
"""More than the few hundred objects that Python 3.12 itself has frozen; a program that freezes has thousands."""

_aged = [0]  # how many objects since all were examined


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the collector off."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def unexamined() -> Iterator[None]:
    """Put the collector off, and count what was made meanwhile as old when it is much.

    Garbage of others that is young at that moment counts as old too, so every sixteen million objects all of them are
    examined. Nothing is aged where the program has frozen objects of its own: unfreezing would thaw those as well.
    """
    collecting = gc.isenabled()
    with uncollected():
        try:
            yield
        finally:
            if collecting:
                _age(gc.get_count()[0])


def _age(made: int) -> None:
    if made < _MANY or gc.get_freeze_count() > _FROZEN_AT_START:
        return
    _aged[0] += made
    if _aged[0] >= _MOST_AGED:
        _aged[0] = 0
        gc.collect()
        return
    gc.freeze()
    gc.unfreeze()
