"""Keeps at hand what was read of partitions, and the terms of the newest rows, which are not in the index yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from langgraph_memory.cache import Cache, CacheBound, bytes_of
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Answer, Query, Row

BLOCK = 128
"""How many vectors go into one block."""

_GROWTH = 8
"""By how many times the vectors at hand are more than those of the newest blocks, which are kept apart from them."""


State = int | tuple[int, int]
"""What tells one content from every other."""


class Kept(Protocol):
    """What can be kept at hand."""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        ...


class Joined(Protocol):
    """What can be kept in a few parts."""

    @property
    def slots(self) -> Any:
        """The slot of each vector."""
        ...

    def joined(self, other: Self) -> Self:
        """Return these vectors and then those of another."""
        ...


K = TypeVar("K", bound=Kept)
J = TypeVar("J", bound=Joined)


@dataclass(slots=True)
class _Partition(Generic[K]):
    """The vectors of one partition, the state that it was in, and how often they were found since they were read."""

    state: State
    vectors: tuple[K, ...]
    found: int


class Shelf(Generic[K]):
    """Keeps the vectors of the partitions that were read last, for the reads that follow.

    `state` tells one content of a partition from every other, also from one that was rolled back, so what another
    process has changed is never answered from here.
    """

    def __init__(self, bound: CacheBound) -> None:
        self._kept: Cache[int, _Partition[K]] = Cache(bound)

    @property
    def most_bytes(self) -> int:
        """How much memory everything that is kept may take, with that of other shelves."""
        return self._kept.bound.most_bytes

    def find(self, partition_no: int, state: State) -> tuple[K, ...] | None:
        """Return the vectors of a partition's blocks in this state, when they are here."""
        found = self._kept.get(partition_no)
        if found is None or found.state != state:
            return None
        found.found += 1
        return found.vectors

    def times_found(self, partition_no: int) -> int:
        """Return how often what is here of a partition has been of use."""
        found = self._kept.peek(partition_no)
        return 0 if found is None else found.found

    def last(self, partition_no: int) -> tuple[State, tuple[K, ...]] | None:
        """Return what is here of a partition, with the state that it was in."""
        found = self._kept.peek(partition_no)
        return None if found is None else (found.state, found.vectors)

    def keep(self, partition_no: int, state: State, vectors: tuple[K, ...]) -> None:
        """Keep vectors in place of what was kept of the partition."""
        kept = _Partition(state, vectors, self.times_found(partition_no))
        self._kept.put(partition_no, kept, _bytes_of_vectors(vectors))


def grown(parts: tuple[J, ...], more: J) -> tuple[J, ...]:
    """Return `parts` and then `more`, few and each many times as large as the next: to add to a large one copies it."""
    while parts and len(parts[-1].slots) <= max(BLOCK, _GROWTH * len(more.slots)):
        parts, more = parts[:-1], parts[-1].joined(more)
    return (*parts, more)


def _bytes_of_vectors(vectors: tuple[Kept, ...]) -> int:
    """Return how much memory a partition's vectors take."""
    return sum(part.nbytes for part in vectors)


_FIELDS = (("terms", "term_count"), ("context_terms", "context_count"), ("asked_terms", "asked_count"))
_NUMBER = (1 << 32) - 1
_FREQUENCIES = [f"{frequency:02x}" for frequency in range(256)]
_LAYERS = 8
"""How many layers of rows are searched one by one."""


def posting_answers(shelf: FreshShelf) -> Mapping[str, Answer]:
    """Return the queries over postings, which are answered from the index and from the fresh rows."""
    return {
        "insert_item": lambda query: _insert(query, shelf),
        "postings": lambda query: _answer("sealed_postings", query, shelf, fields=(0, 1, 2)),
        "newest_postings": lambda query: _answer("newest_sealed_postings", query, shelf, fields=(0,)),
    }


@dataclass(frozen=True, slots=True)
class Fresh:
    """The postings of a partition's fresh rows in one state; `last` is the newest of the rows.

    Each of `layers` holds those of some rows, by field and term: to add a row copies nothing of the others. `sizes` is
    how much memory each takes.
    """

    state: int
    last: int
    layers: tuple[tuple[dict[str, str], ...], ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, state: int, rows: Sequence[Row], before: Fresh | None = None) -> Fresh:
        """Return the postings of some rows, after those of the rows before them."""
        layers, sizes = (before.layers, before.sizes) if before else ((), ())
        last = rows[-1]["number"] if rows else before.last if before else 0
        layer: tuple[dict[str, str], ...] = ({}, {}, {})
        for row in rows:
            for held, (terms, count) in zip(layer, _FIELDS, strict=True):
                _add(held, row["number"], row[terms], row[count])
        if len(layers) >= _LAYERS:
            layer, layers, sizes = _joined((*layers, layer)), (), ()
        return cls(state, last, (*layers, layer), (*sizes, bytes_of(layer)))

    def find(self, partition_no: int, terms: Sequence[str], fields: Sequence[int]) -> list[dict[str, Any]]:
        """Return the postings of some terms as the rows of the index are."""
        return [
            {"partition_no": partition_no, "field": field, "term": term, "postings": layer[field][term]}
            for layer in self.layers
            for field in fields
            for term in terms
            if term in layer[field]
        ]


class Noted(NamedTuple):
    """A row that was added to a partition, and the state after which it was."""

    after: int
    row: Mapping[str, Any]


class FreshShelf:
    """Keeps the fresh rows of the partitions that were searched last.

    A state tells one content of a partition from every other, also from one that was rolled back, so what another
    process has changed is never answered from here.

    A row that is stored here is noted with the state it came after, so that it need not be read: it is the one row more
    where that is all that has changed since, for it counts only after its commit.
    """

    def __init__(self, bound: CacheBound) -> None:
        self._kept: Cache[int, Fresh] = Cache(bound)
        self._stored: Cache[int, Noted] = Cache(bound)
        self.noted: dict[int, Noted] = {}
        """The rows that were added, until their commit."""

    def find(self, partition_no: int) -> Fresh | None:
        """Return what is kept of a partition, in whatever state it was."""
        return self._kept.get(partition_no)

    def note(self, partition_no: int, noted: Noted) -> None:
        """Note the row that was added to a partition, until its commit."""
        self.noted[partition_no] = noted

    def forget_noted(self) -> None:
        """Forget what was noted: it may be undone, or was never committed."""
        self.noted = {}

    def confirm_noted(self) -> None:
        """Take what was noted for stored."""
        noted, self.noted = self.noted, {}
        for partition_no, one in noted.items():
            self._stored.put(partition_no, one, bytes_of(one.row.values()))

    def stored_after(self, partition_no: int, state: int) -> Noted | None:
        """Return the row that was stored here after a state of a partition, when it is known."""
        noted = self._stored.get(partition_no)
        return noted if noted is not None and noted.after == state else None

    def keep(self, partition_no: int, fresh: Fresh) -> None:
        """Keep the fresh rows of a partition in place of those that were."""
        self._kept.put(partition_no, fresh, sum(fresh.sizes))


def _insert(query: Query, shelf: FreshShelf) -> Effects[Sequence[Row]]:
    """Add a row, and note it where it is known what it comes after."""
    rows: Sequence[Row] = yield Query("add_item", query.params, query.rows)
    corpus = query.params.get("corpus")
    if rows and corpus is not None:
        columns = {name: query.params[name] for names in _FIELDS for name in names}
        number = rows[0]["memory_no"] & _NUMBER
        shelf.note(corpus["partition_no"], Noted(corpus["fresh_state"], {"number": number, **columns}))
    return rows


def _answer(name: str, query: Query, shelf: FreshShelf, fields: Sequence[int]) -> Effects[Sequence[Row]]:
    place = {"partition": query.params["partition"]}
    corpus = query.params.get("corpus")
    states = (yield Query("fresh_state", place)) if corpus is None else [corpus]
    if not states:
        return ()
    fresh = yield from _fresh(place, states[0], shelf)
    found = fresh.find(states[0]["partition_no"], query.params["terms"], fields)
    return [*(yield Query(name, query.params)), *found]


def _fresh(place: Mapping[str, Any], state: Row, shelf: FreshShelf) -> Effects[Fresh]:
    """Return a partition's fresh rows; where one row came since they were read, that one is read."""
    kept = shelf.find(state["partition_no"])
    if kept is not None and kept.state == state["fresh_state"]:
        return kept
    before = kept if kept is not None and kept.state == state["fresh_before"] else None
    noted = shelf.stored_after(state["partition_no"], before.state) if before else None
    rows: Sequence[Row] = ()
    if noted is None:
        rows = yield Query("fresh_terms", {**place, "after": before.last if before else 0})
    elif noted.row["number"] > state["indexed"]:
        rows = (noted.row,)
    fresh = Fresh.of(state["fresh_state"], rows, before)
    shelf.keep(state["partition_no"], fresh)
    return fresh


def _joined(layers: Sequence[tuple[dict[str, str], ...]]) -> tuple[dict[str, str], ...]:
    """Return the postings of some layers as one."""
    joined: tuple[dict[str, str], ...] = ({}, {}, {})
    for layer in layers:
        for held, more in zip(joined, layer, strict=True):
            for term, postings in more.items():
                held[term] = held.get(term, "") + postings
    return joined


def _add(held: dict[str, str], number: int, terms: str, count: int) -> None:
    if terms == "{}":
        return
    row, length = f" {number:08x}", f"{min(count, 65535):04x}"
    for term, frequency in json.loads(terms).items():
        held[term] = held.get(term, "") + row + _FREQUENCIES[min(frequency, 255)] + length
