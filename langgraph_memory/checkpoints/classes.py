"""Which classes of an app can be read back: those that are allowed by name, and those that its graphs declare."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator
from typing import Any

from langgraph._internal._serde import build_serde_allowlist
from langgraph.pregel import Pregel

from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.checkpoints.marks import MESSAGE_TYPES
from langgraph_memory.errors import ClassNotAllowedError

_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})
_CONTAINERS = frozenset({list, tuple, set, frozenset, deque})
_PLAIN = _ATOMS | {kind for kind in MESSAGE_TYPES if "artifact" not in getattr(kind, "model_fields", {})}
"""What holds no object of another class."""


class Readable:
    """The classes that were found to be readable; each is tried once."""

    def __init__(self) -> None:
        self._types: set[type] = set()

    def check(self, value: Any, codec: Codec) -> None:
        """Raise ClassNotAllowedError when a value holds an object that could be written and not read."""
        for one in _objects(value):
            if type(one) not in self._types:
                _read_back(one, codec)
                self._types.add(type(one))


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


def _read_back(one: Any, codec: Codec) -> None:
    try:
        codec.revive(codec.plain.dumps_typed(one))
    except ClassNotAllowedError:
        raise
    except Exception:  # what cannot be encoded is said when it is stored
        return


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
            left.extend(getattr(one, "__dict__", {}).values())
            if isinstance(one, tuple):
                left.extend(one)
