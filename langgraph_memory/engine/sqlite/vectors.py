"""Keeps vectors as they are and, in blocks, as codes: those are compared with a query, and tell which may be close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Answer, Query, Row
from langgraph_memory.engine.sqlite.codes import BITS, Codes, Reader, Sketches, encode, sketch
from langgraph_memory.engine.sqlite.fresh import BLOCK, Shelf, grown

_FEW = 16
"""How many rows are looked up one by one whose sketches are close; where there are more, every vector is compared."""
_READ_TOGETHER = 64
"""How many blocks are read with one statement."""
_SMALL = 32 << 20
"""Bytes of a partition's vectors up to which they are read as they are when they are asked for often."""
_CODED = 16
"""Bytes that the code of a vector takes beside a byte for each number."""
_OFTEN = 1
"""How often codes that were read are of use again before that: to read the vectors costs what several uses save."""

_ROUNDING = 1e-4
_CONTEXT = "context"
_NOTHING = b""
_ROW = (1 << 31) - 1
_EVERY = (1 << 32) - 1


@dataclass(frozen=True)
class Shelves:
    """What is at hand of blocks: their codes, their sketches, and their vectors as they are; and of loose vectors."""

    codes: Shelf[Codes]
    sketches: Shelf[Sketches]
    whole: Shelf[Held]
    loose: Shelf[Held]


def vector_answers(shelves: Shelves) -> Mapping[str, Answer]:
    """Return the queries over vectors that are answered by several statements."""
    return {
        "put_vectors": lambda query: _put(query, shelves),
        "closeness": lambda query: _closeness(query, shelves),
        "erase_vectors": lambda query: _both("erase_vector_blocks", "erase_vector_rows", query),
        "drop_vectors": lambda query: _both("drop_vector_blocks", "drop_vector_rows", query),
    }


def slot_of(row: int, field: str) -> int:
    """Return what tells which row a vector is of: its number in its partition, and whether it is of the context."""
    return (row & _ROW) << 1 | (field == _CONTEXT)


@dataclass(frozen=True)
class Held:
    """Vectors as a matrix, with the slot of each row of it."""

    slots: Any
    matrix: Any
    room: Held | None = None
    """What these are the first rows of: there is room in it for a few that follow, so that they need not be copied."""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return int(self.matrix.nbytes) if self.room is None else self.room.nbytes

    def joined(self, other: Held) -> Held:
        """Return these vectors and then those of another; only one of what is so made of the same vectors lasts."""
        import numpy as np

        count, end = len(self.slots), len(self.slots) + len(other.slots)
        room = self.room
        if room is None or end > len(room.slots):
            most = end + min(end, BLOCK)
            room = Held(np.empty(most, "<u4"), np.empty((most, self.matrix.shape[1]), "<f4"))
            room.slots[:count], room.matrix[:count] = self.slots, self.matrix
        room.slots[count:end], room.matrix[count:end] = other.slots, other.matrix
        return Held(room.slots[:end], room.matrix[:end], room)

    @classmethod
    def of(cls, vectors: Sequence[tuple[int, str, bytes]], dims: int) -> Held:
        """Return (row, field, vector) triples as one matrix."""
        import numpy as np

        slots = np.array([slot_of(row, field) for row, field, _ in vectors], dtype="<u4")
        joined = b"".join(vector for _, _, vector in vectors)
        return cls(slots, np.frombuffer(joined, dtype="<f4").reshape(-1, dims))

    def compare(self, query: Any, metric: str, scores: Any, slack: Any) -> None:
        """Note how close each vector is, greater is closer, and that it is no closer than that."""
        import numpy as np

        scores[:] = -np.linalg.norm(self.matrix - query, axis=1) if metric == "l2" else self._products(query)
        slack[:] = 0.0

    def _products(self, query: Any) -> Any:
        """Return the dot product of each vector with a query; not by `@`, which starts threads for a large matrix."""
        import numpy as np

        return np.einsum("ij,j->i", self.matrix, query)


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing vectors with a query, without the vectors."""

    slots: Any
    scores: Any
    slack: Any

    @classmethod
    def of(cls, codes: Codes, query: bytes, metric: str) -> Compared:
        """Compare a query with some codes."""
        import numpy as np

        scores, slack = np.empty(len(codes.slots), "f4"), np.empty(len(codes.slots), "f4")
        codes.compare(np.frombuffer(query, dtype="<f4"), metric, scores, slack)
        return cls(codes.slots, scores, slack)

    def compare(self, _query: Any, _metric: str, scores: Any, slack: Any) -> None:
        """Note how close each vector was."""
        scores[:], slack[:] = self.scores, self.slack


def closest(
    query: bytes, parts: Sequence[Held | Codes | Compared], metric: str, least: float | None = None
) -> dict[str, tuple[Any, Any, Any] | bytes]:
    """Return the rows that have vectors, about how close each is and how much closer it may be, as `closeness` does.

    With `least` those that score less are left out, where vectors are compared by cosine.
    """
    import numpy as np

    wanted = np.frombuffer(query, dtype="<f4")
    slots = _joined([one.slots for one in parts])
    scores, slack = np.empty(len(slots), "f4"), np.empty(len(slots), "f4")
    start = 0
    for one in parts:
        part = slice(start, start + len(one.slots))
        one.compare(wanted, metric, scores[part], slack[part])
        start = part.stop
    used = slots > 1
    if least is not None and metric == "cosine":
        used &= scores + slack >= least - _ROUNDING
    own, rows = slots & 1 == 0, slots >> 1
    if used.all() and own.all():
        return {"own": _best_of_row(rows, scores, slack), _CONTEXT: _NOTHING}
    kinds = (used & own, used & ~own)
    return {
        name: _best_of_row(rows[kind], scores[kind], slack[kind])
        for name, kind in zip(("own", _CONTEXT), kinds, strict=True)
    }


def _put(query: Query, shelves: Shelves) -> Effects[Sequence[Row]]:
    """Store the vectors of a row, and the codes of those of its partition when there are enough loose ones."""
    place = {"partition": query.params["partition"]}
    corpus = query.params.get("corpus")
    before = (yield Query("vector_state", place))[0] if corpus is None else corpus
    yield Query("put_vector", query.params, query.rows)
    (state,) = yield Query("vector_state", place)
    if state["vectors"] - state["coded_vectors"] < BLOCK:
        _add_loose(shelves.loose, before, state, query)
    while state["vectors"] - state["coded_vectors"] >= BLOCK:
        state = yield from _put_block(place, state, shelves)
    return ()


def _put_block(place: Mapping[str, Any], before: Row, shelves: Shelves) -> Effects[Row]:
    """Put the codes of the oldest loose vectors of a partition into a block, and return the state then."""
    first = before["coded_vectors"] + 1
    rows = yield Query("loose_vectors", {**place, "most": BLOCK})
    yield Query("count_coded", {**place, "last_no": first + BLOCK - 1})
    block = _block(first, rows) if rows else None
    if block is not None:
        yield Query("put_vector_block", {**place, "first": first, **block})
    after: Row
    (after,) = yield Query("vector_state", place)
    kept = shelves.codes.find(before["partition_no"], _blocks_state(before))
    if kept and block is not None and len(block["codes"]) == kept[0].counts.shape[1] * BLOCK:
        parts = grown(kept, _read([block], BLOCK, kept[0].counts.shape[1]))
        shelves.codes.keep(after["partition_no"], _blocks_state(after), parts)
    _add_whole(shelves.whole, before, after, rows)
    return after


def _add_whole(whole: Shelf[Held], before: Row, after: Row, rows: Sequence[Row]) -> None:
    """Keep the vectors of the blocks and those of a new one, where they are small enough."""
    kept = whole.find(before["partition_no"], _blocks_state(before))
    if not kept or not rows:
        return
    dims = kept[0].matrix.shape[1]
    if _is_small(after, dims, whole) and all(len(row["vector"]) == 4 * dims for row in rows):
        whole.keep(after["partition_no"], _blocks_state(after), grown(kept, _held(rows, dims)))


def _block(first: int, rows: Sequence[Row]) -> dict[str, bytes]:
    """Return the block of some vectors, each in its place; those that were deleted leave theirs empty."""
    slots, sketches, vectors = [bytes(4)] * BLOCK, [bytes(BITS // 8)] * BLOCK, [b""] * BLOCK
    for row in rows:
        place = row["number"] - first
        slots[place] = slot_of(row["memory_no"], row["field"]).to_bytes(4, "little")
        sketches[place] = sketch(row["vector"])
        vectors[place] = row["vector"]
    bounds, codes = encode(vectors)
    return {"slots": b"".join(slots), "bounds": bounds, "sketches": b"".join(sketches), "codes": codes}


def _add_loose(loose: Shelf[Held], before: Row, after: Row, query: Query) -> None:
    """Keep what was loose and what was just put, so that the next comparison need not read it."""
    kept = loose.find(before["partition_no"], before["loose_state"])
    if not kept or not query.rows:
        return
    dims = kept[0].matrix.shape[1]
    put = [{**query.params, **row} for row in query.rows]
    vectors = [(row["memory_no"], row["field"], row["vector"]) for row in put]
    if all(len(vector) == 4 * dims for _, _, vector in vectors):
        loose.keep(after["partition_no"], after["loose_state"], grown(kept, Held.of(vectors, dims)))


def _closeness(query: Query, shelves: Shelves) -> Effects[Sequence[Row]]:
    """Compare a query with the vectors of some rows, or with every vector; many by their codes."""
    place, vector = {"partition": query.params["partition"]}, query.params["vector"]
    metric, least, dims = query.params["metric"], query.params["least"], len(vector) // 4
    if query.params["numbers"] is not None:
        return [closest(vector, [(yield from _exact(place, query.params["numbers"], dims))], metric)]
    state = query.params["corpus"]
    others = shelves.loose.find(state["partition_no"], state["loose_state"])
    if others is None:
        others = (_held((yield Query("loose_vectors", {**place, "most": _EVERY})), dims),)
        shelves.loose.keep(state["partition_no"], state["loose_state"], others)
    parts: Sequence[Held | Codes | Compared] | None = None
    if least is not None and metric == "cosine":
        parts = yield from _near(place, state, vector, least, shelves.sketches)
    if parts is None:
        parts = yield from _in_blocks(place, state, (vector, metric), shelves)
    return [closest(vector, [*parts, *others], metric, least)]


def _near(
    place: Mapping[str, Any], state: Row, vector: bytes, least: float, shelf: Shelf[Sketches]
) -> Effects[Sequence[Held] | None]:
    """Return the vectors in blocks of the rows that can be as close as `least`; None when those are many."""
    kept = shelf.find(state["partition_no"], _blocks_state(state))
    if kept is None:
        blocks = yield Query("vector_sketches", place)
        kept = (Sketches.of([(row["slots"], row["sketches"]) for row in blocks]),)
        shelf.keep(state["partition_no"], _blocks_state(state), kept)
    rows = {int(slot) >> 1 for slot in kept[0].near(vector, least)} - {0}
    if not rows or len(rows) > _FEW:
        return None if rows else ()
    numbers = [state["partition_no"] << 32 | row for row in sorted(rows)]
    return ((yield from _exact(place, numbers, len(vector) // 4)),)


def _exact(place: Mapping[str, Any], numbers: Sequence[int], dims: int) -> Effects[Held]:
    """Read the vectors of some rows."""
    return _held((yield Query("vectors_of_rows", {**place, "numbers": numbers})), dims)


def _held(rows: Sequence[Row], dims: int) -> Held:
    return Held.of([(row["memory_no"], row["field"], row["vector"]) for row in rows], dims)


def _in_blocks(
    place: Mapping[str, Any], state: Row, asked: tuple[bytes, str], shelves: Shelves
) -> Effects[Sequence[Codes] | Sequence[Held] | Sequence[Compared]]:
    """Return what a partition's blocks are compared by: codes, or vectors where they are few and often asked for.

    Codes are read four times as fast, but the best of what they find must then be measured. Where even they are more
    than may be kept, they are compared part by part as they are read.
    """
    number, now, dims = state["partition_no"], _blocks_state(state), len(asked[0]) // 4
    if state["coded_vectors"] * (dims + _CODED) > shelves.codes.most_bytes:
        return (yield from _compared(place, asked))
    whole = shelves.whole.find(number, now)
    if whole is None and _is_small(state, dims, shelves.whole) and shelves.codes.times_found(number) >= _OFTEN:
        whole = (_held((yield Query("coded_vectors", place)), dims),)
        shelves.whole.keep(number, now, whole)
    return whole if whole is not None else (yield from _coded(place, state, dims, shelves.codes))


def _is_small(state: Row, dims: int, whole: Shelf[Held]) -> bool:
    return bool(state["coded_vectors"] * dims * 4 <= min(_SMALL, whole.most_bytes // 2))


def _compared(place: Mapping[str, Any], asked: tuple[bytes, str]) -> Effects[Sequence[Compared]]:
    """Compare a query with the codes of a partition, a few blocks at a time, and keep only what comes of it."""
    found: list[Compared] = []
    after = 0
    while rows := (yield Query("vector_codes", {**place, "after": after, "limit": _READ_TOGETHER})):
        dims = len(rows[0]["codes"]) // BLOCK
        found.append(Compared.of(_read(rows, len(rows) * BLOCK, dims), *asked))
        after = rows[-1]["first"]
    return found


def _coded(place: Mapping[str, Any], state: Row, dims: int, shelf: Shelf[Codes]) -> Effects[Sequence[Codes]]:
    """Return the codes of a partition's blocks; where blocks were only added since they were read, those are read."""
    kept = shelf.find(state["partition_no"], _blocks_state(state))
    if kept is None:
        before, after = yield from _unchanged(place, state, shelf)
        kept = grown(before, (yield from _read_codes(place, dims, after)))
        shelf.keep(state["partition_no"], _blocks_state(state), kept)
    return kept


def _blocks_state(state: Row) -> tuple[int, int]:
    return state["blocks_state"], state["newest_block"]


def _unchanged(place: Mapping[str, Any], state: Row, shelf: Shelf[Codes]) -> Effects[tuple[tuple[Codes, ...], int]]:
    """Return what is at hand of a partition's blocks and holds still, and the first vector of the last of these.

    None of them was changed, and the last of them is there: so are those before it.
    """
    match shelf.last(state["partition_no"]):
        case ((unchanged, mark), kept) if unchanged == state["blocks_state"]:
            found = yield Query("known_vector_block", {**place, "mark": mark})
            return (kept, found[0]["first"]) if found else ((), 0)
    return (), 0


def _read_codes(place: Mapping[str, Any], dims: int, after: int) -> Effects[Codes]:
    """Read the codes of a partition that come after a block, a few blocks at a time."""
    (count,) = yield Query("count_vector_blocks", {**place, "after": after})
    reader = Reader.of(count["blocks"] * BLOCK, dims)
    for _ in range(0, count["blocks"], _READ_TOGETHER):
        rows = yield Query("vector_codes", {**place, "after": after, "limit": _READ_TOGETHER})
        for row in rows:
            reader.add(row["slots"], row["bounds"], row["codes"])
        after = rows[-1]["first"]
    return reader.read()


def _read(blocks: Sequence[Row], most: int, dims: int) -> Codes:
    """Return the codes of some blocks."""
    reader = Reader.of(most, dims)
    for block in blocks:
        reader.add(block["slots"], block["bounds"], block["codes"])
    return reader.read()


def _both(first: str, second: str, query: Query) -> Effects[Sequence[Row]]:
    yield Query(first, query.params)
    yield Query(second, query.params)
    return ()


def _joined(slots: Sequence[Any]) -> Any:
    import numpy as np

    some = [one for one in slots if len(one)]
    return np.concatenate(some) if len(some) > 1 else [*some, np.empty(0, "<u4")][0]


def _best_of_row(rows: Any, scores: Any, slack: Any) -> tuple[Any, Any, Any]:
    """Return each row once, in order, with the score of the closest of its vectors and how much closer one may be."""
    import numpy as np

    if len(rows) < 2 or (rows[1:] > rows[:-1]).all():
        return rows, scores, slack
    order = np.argsort(rows, kind="stable")
    distinct, starts = np.unique(rows[order], return_index=True)
    best = np.maximum.reduceat(scores[order], starts)
    return distinct, best, np.maximum.reduceat((scores + slack)[order], starts) - best
