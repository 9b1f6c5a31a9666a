"""Stored elements as objects: decoded once, given out as independent copies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from operator import attrgetter, itemgetter, setitem
from sys import getsizeof
from typing import Any

from pydantic import BaseModel

from langgraph_memory.cache import Cache, CacheBound, bytes_of
from langgraph_memory.checkpoints.codec import Codec, Typed
from langgraph_memory.checkpoints.fields_set import AllFields, all_fields
from langgraph_memory.checkpoints.marks import MESSAGE_TYPES

_PLACES = 40
"""Bytes that an element takes in the lists of what copies it."""
_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})

_fields = attrgetter("__dict__")
_fields_set = attrgetter("__pydantic_fields_set__")
_extra = attrgetter("__pydantic_extra__")
_set_fields = BaseModel.__dict__["__dict__"].__set__
_set_fields_set = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private = BaseModel.__dict__["__pydantic_private__"].__set__
_run: Callable[[Iterable[Any]], None] = deque[Any](maxlen=0).extend


class Chunk:
    """Elements that were serialised together. `copy` returns objects that share nothing mutable with any other's."""

    def __init__(self, codec: Codec, kind: str, value: Typed) -> None:
        self._codec = codec
        self._kind = kind
        self._value = value
        elements = self._decode()
        self.count = len(elements)
        copier = _copier(elements)
        self.copy: Callable[[], Sequence[Any]] = copier or self._decode
        self.nbytes = len(value[1]) + (0 if copier is None else _bytes_of(elements))
        """How much memory it takes, with what it copies from."""

    def _decode(self) -> Sequence[Any]:
        value = self._codec.load(self._value)
        if self._kind == "item":
            return [value]
        return list(value.items()) if self._kind == "dict" else list(value)


Shared = dict[Chunk, Sequence[Any]]
"""Copies of chunks that several values are made of."""


class Chunks:
    """The chunks decoded last, by their stored bytes, so that no change to the database can make one wrong."""

    def __init__(self, codec: Codec, bound: CacheBound) -> None:
        self._codec = codec
        self._decoded: Cache[tuple[str, Typed], Chunk] = Cache(bound)

    def get(self, kind: str, value: Typed) -> Chunk:
        """Return the chunk that these bytes hold."""
        key = kind, value
        found = self._decoded.get(key)
        if found is None:
            found = Chunk(self._codec, kind, value)
            self._decoded.put(key, found, found.nbytes)
        return found


def _bytes_of(elements: Sequence[Any]) -> int:
    """Return how much memory elements take that can be copied: messages, or atoms."""
    fields = [one.__dict__ for one in elements if type(one) in MESSAGE_TYPES]
    values = chain.from_iterable(map(dict.values, fields)) if fields else elements
    shells = sum(map(getsizeof, fields)) + sum(map(getsizeof, elements)) if fields else 0
    return bytes_of(values) + shells + _PLACES * len(elements)


def _copier(elements: Sequence[Any]) -> Callable[[], Sequence[Any]] | None:
    """Return a function that copies these elements faster than decoding them, or None."""
    kinds = list(map(type, elements))
    if _ATOMS.issuperset(kinds):
        return lambda: elements
    if MESSAGE_TYPES.keys() >= set(kinds):
        return _message_copier(elements, kinds)
    return None


def _message_copier(messages: Sequence[Any], kinds: Sequence[type]) -> Callable[[], Sequence[Any]] | None:
    """Return a function that copies messages, each step of it one loop in C over all of them."""
    fields = list(map(_fields, messages))
    fields_set = _shared_fields_set(messages)
    extras = list(map(_extra, messages))
    mutable = _mutable_fields(fields)
    if (
        mutable is None
        or fields_set is None
        or any(extras)
        or any(message.__pydantic_private__ is not None for message in messages)
    ):
        return None
    if len(messages) == 1:
        return _one_message_copier(
            messages[0], fields_set[0], [(name, copier, values[0]) for name, _, copier, values in mutable]
        )
    copy_extra = _copy_json if None in extras else dict.copy

    def copy() -> Sequence[Any]:
        made: list[Any] = list(map(object.__new__, kinds))
        dicts = list(map(dict.copy, fields))
        for name, places, copier, values in mutable:
            targets = dicts if places is None else places(dicts)
            _run(map(setitem, targets, repeat(name), map(copier, values)))
        _run(map(_set_fields, made, dicts))
        _run(map(_set_fields_set, made, fields_set))
        _run(map(_set_extra, made, map(copy_extra, extras)))
        _run(map(_set_private, made, repeat(None)))
        return made

    return copy


def _one_message_copier(
    message: Any, fields_set: AllFields, mutable: Sequence[tuple[str, Callable[[Any], Any], Any]]
) -> Callable[[], Sequence[Any]]:
    """Return a function that copies one message, which is quicker without the loops."""
    kind, fields, extra = type(message), message.__dict__, message.__pydantic_extra__

    def copy() -> Sequence[Any]:
        made = object.__new__(kind)
        own = fields.copy()
        for name, copier, value in mutable:
            own[name] = copier(value)
        _set_fields(made, own)
        _set_fields_set(made, fields_set)
        _set_extra(made, None if extra is None else {})
        _set_private(made, None)
        return (made,)

    return copy


def _shared_fields_set(messages: Sequence[Any]) -> list[AllFields] | None:
    """Return the names of the fields of each message as a shared set; None when one has not all of its fields set."""
    shared = list(map(all_fields, map(type, messages)))
    return shared if list(map(_fields_set, messages)) == shared else None


_Field = tuple[str, Callable[[Any], Sequence[Any]] | None, Callable[[Any], Any], Sequence[Any]]


def _mutable_fields(fields: Sequence[dict[str, Any]]) -> list[_Field] | None:
    """Return each field that some messages hold a mutable value in, where, and how to copy it; None: cannot tell."""
    found: dict[tuple[str, Callable[[Any], Any]], tuple[list[int], list[Any]]] = {}
    for place, values in enumerate(fields):
        for name, value in values.items():
            if type(value) in _ATOMS:
                continue
            copier = _json_copier(value)
            if copier is None:
                return None
            places, originals = found.setdefault((name, copier), ([], []))
            places.append(place)
            originals.append(value)
    return [
        (name, _picker(places, len(fields)), copier, originals) for (name, copier), (places, originals) in found.items()
    ]


def _picker(places: Sequence[int], total: int) -> Callable[[Any], Sequence[Any]] | None:
    if len(places) == total:
        return None
    if len(places) == 1:
        return lambda rows: (rows[places[0]],)
    return itemgetter(*places)


def _json_copier(value: Any) -> Callable[[Any], Any] | None:
    """Return the cheapest exact copy of a tree of dicts, lists and atoms; None when it holds anything else."""
    inner = value.values() if type(value) is dict else value if type(value) is list else None
    if inner is None:
        return None
    if _ATOMS.issuperset(map(type, inner)):
        return dict.copy if type(value) is dict else list.copy
    if all(type(one) in _ATOMS or _json_copier(one) is not None for one in inner):
        return _copy_json
    return None


def _copy_json(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copy_json(one) for key, one in value.items()}
    if type(value) is list:
        return [_copy_json(one) for one in value]
    return value
