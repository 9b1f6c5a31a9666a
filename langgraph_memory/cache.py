"""What is kept in memory of what was read or stored last: entries of every kind, within one bound of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, update_wrapper
from itertools import chain
from sys import getsizeof
from typing import Any, Generic, TypeVar

from langgraph_memory.errors import OutOfMemoryError
from langgraph_memory.process import Locked

DEFAULT_BYTES = 64 << 20
"""What the caches of one open database take together unless `cache_bytes` says otherwise."""

_ENTRY = 400
"""Bytes that an entry takes beside its value: its place in the order, its key, and their small parts."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


class CacheBound(Locked):
    """The bound of some caches together: what was used longest ago goes first, of whichever cache it is."""

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        self.most_bytes = most_bytes
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        super().__init__()

    @property
    def nbytes(self) -> int:
        """How much memory the entries take."""
        return self._bytes

    def get(self, key: Hashable) -> Any:
        """Return an entry, which is then the one that was used last, or None."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def peek(self, key: Hashable) -> Any:
        """Return an entry, or None; it does not count as used."""
        found = self._entries.get(key)
        return None if found is None else found[0]

    def put(self, key: Hashable, value: Any, nbytes: int) -> None:
        """Keep an entry in place of what was kept there; nothing, where it alone is more than the bound."""
        size = nbytes + _ENTRY
        with self._lock:
            self._remove(key)
            if size > self.most_bytes:
                return
            self._bytes += size  # before the entry: an interrupt between them may count it twice, and never not at all
            self._entries[key] = value, size
            while self._bytes > self.most_bytes:
                self._remove(next(iter(self._entries), None))

    def drop(self, key: Hashable) -> None:
        """Keep an entry no longer."""
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        """Keep nothing of what is kept now."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _remove(self, key: Hashable) -> None:
        gone = self._entries.pop(key, None)
        if gone is not None:
            self._bytes -= gone[1]
        if not self._entries:
            self._bytes = 0  # whatever interrupts have counted twice


def out_of_memory(bound: CacheBound) -> OutOfMemoryError:
    """Let go of what caches hold, and return the error that says what can be done."""
    bound.clear()
    return OutOfMemoryError(
        "there was not enough memory for this operation, of which nothing was stored; give the process more, or open "
        f"the database with less than cache_bytes={bound.most_bytes}."
    )


def without_caches(again: Callable[[], T] | None, bound: CacheBound, error: MemoryError) -> T:
    """Run what found no memory once more, without what was kept in caches.

    Raises OutOfMemoryError where that is not enough, and where nothing is to be run `again`, as for a write.
    """
    failed = out_of_memory(bound)
    if again is None:
        raise failed from error
    try:
        return again()
    except MemoryError as still:
        raise failed from still


class Cache(Generic[K, V]):
    """The entries of one kind, by key; they share their bound with others."""

    def __init__(self, bound: CacheBound) -> None:
        self.bound = bound
        self._own = object()

    def get(self, key: K) -> V | None:
        """Return an entry, which is then the one that was used last, or None."""
        found: V | None = self.bound.get((self._own, key))
        return found

    def peek(self, key: K) -> V | None:
        """Return an entry, or None; it does not count as used."""
        found: V | None = self.bound.peek((self._own, key))
        return found

    def put(self, key: K, value: V, nbytes: int) -> None:
        """Keep an entry that takes so much memory, if the bound allows it."""
        self.bound.put((self._own, key), value, nbytes)

    def drop(self, key: K) -> None:
        """Keep an entry no longer."""
        self.bound.drop((self._own, key))


def bytes_of(values: Iterable[Any]) -> int:
    """Return how much memory some values take, with what dicts, lists and tuples among them hold; shared ones count."""
    total, left = 0, list(values)
    while left:
        total += sum(map(getsizeof, left))
        left = list(chain.from_iterable(map(_parts, filter(None, left))))
    return total


def _parts(value: Any) -> Iterable[Any]:
    kind = type(value)
    if kind is dict:
        return chain(value.keys(), value.values())
    return value if isinstance(value, (list, tuple)) else ()


class _Remembered(dict[str, T]):
    """What a function returns for a text: looked up without a call of Python's own, because most are asked for again.

    When there are `most`, it begins anew.
    """

    __call__ = dict.__getitem__

    def __init__(self, function: Callable[[str], T], most: int, longest: int) -> None:
        super().__init__()
        update_wrapper(self, function)
        self._function, self._most, self._longest = function, most, longest
        self._of_last_long = lru_cache(1)(function)

    def __missing__(self, text: str) -> T:
        if len(text) > self._longest:
            return self._of_last_long(text)
        found = self._function(text)
        if len(self) >= self._most:
            self.clear()
        self[text] = found
        return found


def remember_short(most: int, *, longest: int = 1000) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Remember what a function returns for at most so many texts; of longer ones for the last alone."""
    return lambda function: _Remembered(function, most, longest)
