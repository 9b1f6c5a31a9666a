"""Puts values together from stored elements, which are decoded once and given out as independent copies."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain, repeat
from operator import itemgetter, setitem
from sys import getsizeof
from typing import Any

from pydantic import BaseModel

from langgraph_memory.cache import Cache, CacheBound, bytes_of
from langgraph_memory.checkpoints._compat import (
    MESSAGE_TYPES,
    DeltaSnapshot,
    extra_of,
    fields_of,
    fields_set_of,
    private_of,
    set_extra,
    set_fields,
    set_fields_set,
    set_private,
)
from langgraph_memory.checkpoints.codec import Codec, Typed
from langgraph_memory.checkpoints.pieces import Run
from langgraph_memory.checkpoints.records import StoredChunk, StoredVersion


class Decoder:
    """Decodes the channel values of one saver."""

    def __init__(self, codec: Codec, bound: CacheBound | None = None) -> None:
        self._codec = codec
        self._chunks = Chunks(codec, bound or CacheBound())

    def value(self, version: StoredVersion, items: Sequence[StoredChunk], shared: Shared | None = None) -> Any:
        """Return the value of a version; it shares nothing mutable with any other that was returned.

        But those that are given the same `shared` copies share them. `items` are those of its thread, in the order of
        their addresses. Raises ValueError when one is missing, or the version damaged.
        """
        if version.kind == "value":
            return self._codec.load(version.value)
        if version.damage is not None:
            raise ValueError(version.damage)
        elements: list[Any] = []
        for run in version.runs:
            self._extend(elements, run, version.kind, items, None if version.nameless else shared)
        for place in version.nameless:
            fields_of(elements[place])["id"] = None
        if version.kind == "item":
            return elements[0]
        if version.kind == "dict":
            return dict(elements)
        return elements if version.kind == "list" else DeltaSnapshot(elements)

    def _extend(
        self, elements: list[Any], run: Run, kind: str, items: Sequence[StoredChunk], shared: Shared | None
    ) -> None:
        place = bisect_right(items, run.first, key=_address) - 1
        position, end = run.first, run.end
        while position < end:
            item = items[place] if 0 <= place < len(items) else None
            if item is None or not item.address <= position < item.address + item.count:
                raise ValueError("some of its elements are missing")
            copies = _copies(self._chunks.get(kind, item.value), shared)
            if len(copies) != item.count:
                raise ValueError("some of its elements are missing")
            elements += copies if item.count == 1 else copies[position - item.address : end - item.address]
            position = item.address + item.count
            place += 1


def _copies(chunk: Chunk, shared: Shared | None) -> Sequence[Any]:
    if shared is None:
        return chunk.copy()
    return shared.get(chunk) or shared.setdefault(chunk, chunk.copy())


def _address(item: StoredChunk) -> int:
    return item.address


_PLACES = 40
"""Bytes that an element takes in the lists of what copies it."""
ATOMS = frozenset({str, int, float, bool, bytes, type(None)})

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
    fields = [fields_of(one) for one in elements if type(one) in MESSAGE_TYPES]
    values = chain.from_iterable(map(dict.values, fields)) if fields else elements
    shells = sum(map(getsizeof, fields)) + sum(map(getsizeof, elements)) if fields else 0
    return bytes_of(values) + shells + _PLACES * len(elements)


def _copier(elements: Sequence[Any]) -> Callable[[], Sequence[Any]] | None:
    """Return a function that copies these elements faster than decoding them, or None."""
    kinds = list(map(type, elements))
    if ATOMS.issuperset(kinds):
        return lambda: elements
    if MESSAGE_TYPES.keys() >= set(kinds):
        return _message_copier(elements, kinds)
    return None


def _message_copier(messages: Sequence[Any], kinds: Sequence[type]) -> Callable[[], Sequence[Any]] | None:
    """Return a function that copies messages, each step of it one loop in C over all of them."""
    fields = list(map(fields_of, messages))
    fields_set = _shared_fields_set(messages)
    extras = list(map(extra_of, messages))
    mutable = _mutable_fields(fields)
    if (
        mutable is None
        or fields_set is None
        or any(extras)
        or any(private_of(message) is not None for message in messages)
    ):
        return None
    if len(messages) == 1:
        return _one_message_copier(
            messages[0], fields_set[0], [(name, copier, values[0]) for name, _, copier, values in mutable]
        )
    copy_extra = copy_json if None in extras else dict.copy

    def copy() -> Sequence[Any]:
        made: list[Any] = list(map(object.__new__, kinds))
        dicts = list(map(dict.copy, fields))
        for name, places, copier, values in mutable:
            targets = dicts if places is None else places(dicts)
            _run(map(setitem, targets, repeat(name), map(copier, values)))
        _run(map(set_fields, made, dicts))
        _run(map(set_fields_set, made, fields_set))
        _run(map(set_extra, made, map(copy_extra, extras)))
        _run(map(set_private, made, repeat(None)))
        return made

    return copy


def _one_message_copier(
    message: Any, fields_set: AllFields, mutable: Sequence[tuple[str, Callable[[Any], Any], Any]]
) -> Callable[[], Sequence[Any]]:
    """Return a function that copies one message, which is quicker without the loops."""
    kind, fields, extra = type(message), fields_of(message), extra_of(message)

    def copy() -> Sequence[Any]:
        made = object.__new__(kind)
        own = fields.copy()
        for name, copier, value in mutable:
            own[name] = copier(value)
        set_fields(made, own)
        set_fields_set(made, fields_set)
        set_extra(made, None if extra is None else {})
        set_private(made, None)
        return (made,)

    return copy


def _shared_fields_set(messages: Sequence[Any]) -> list[AllFields] | None:
    """Return the names of the fields of each message as a shared set; None when one has not all of its fields set."""
    shared = list(map(all_fields, map(type, messages)))
    return shared if list(map(fields_set_of, messages)) == shared else None


_Field = tuple[str, Callable[[Any], Sequence[Any]] | None, Callable[[Any], Any], Sequence[Any]]


def _mutable_fields(fields: Sequence[dict[str, Any]]) -> list[_Field] | None:
    """Return each field that some messages hold a mutable value in, where, and how to copy it; None: cannot tell."""
    found: dict[tuple[str, Callable[[Any], Any]], tuple[list[int], list[Any]]] = {}
    for place, values in enumerate(fields):
        for name, value in values.items():
            if type(value) in ATOMS:
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
    if ATOMS.issuperset(map(type, inner)):
        return dict.copy if type(value) is dict else list.copy
    if all(type(one) in ATOMS or _json_copier(one) is not None for one in inner):
        return copy_json
    return None


def copy_json(value: Any) -> Any:
    """Return a copy of a tree of dicts, lists and atoms that shares none of its dicts and lists."""
    if type(value) is dict:
        copied = value.copy()  # which is all that most take
        for key, one in value.items():
            if type(one) not in ATOMS:
                copied[key] = copy_json(one)
        return copied
    if type(value) is list:
        return [one if type(one) in ATOMS else copy_json(one) for one in value]
    return value


_MAKING = "__and__ __or__ __sub__ __xor__ copy difference intersection symmetric_difference union"
_CHANGING = (
    "__iand__ __ior__ __isub__ __ixor__ clear difference_update discard intersection_update pop remove "
    "symmetric_difference_update update"
)


class AllFields(set[str]):
    """A set that several messages share: what would change it is refused, and a copy of it is an ordinary set."""

    __slots__ = ()

    def add(self, name: str) -> None:
        """Do nothing: pydantic adds a field's name, which it has, or another attribute's, which `model_extra` has."""

    def __copy__(self) -> set[str]:
        return set(self)

    def __deepcopy__(self, _memo: Any) -> set[str]:
        return set(self)

    def __reduce__(self) -> tuple[type, tuple[list[str]]]:
        return set, (list(self),)


@cache
def all_fields(kind: type[BaseModel]) -> AllFields:
    """Return the one shared set of the names of a class's fields."""
    return AllFields(kind.model_fields)


def _making(method: str) -> Callable[..., Any]:
    def make(self: AllFields, *others: Any) -> Any:
        return getattr(set(self), method)(*others)

    return make


def _changing(method: str) -> Callable[..., Any]:
    def change(self: AllFields, *others: Any) -> Any:
        changed = set(self)
        outcome = getattr(changed, method)(*others)
        if changed != self:
            raise TypeError(f"the set of a restored message's fields {sorted(self)} is shared; change a copy of it.")
        return outcome

    return change


for _name in _MAKING.split():
    setattr(AllFields, _name, _making(_name))
for _name in _CHANGING.split():
    setattr(AllFields, _name, _changing(_name))
