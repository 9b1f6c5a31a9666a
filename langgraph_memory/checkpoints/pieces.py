"""Piece tables: a version of a sequence is a short list of runs of elements that are stored once.

An element has an address, `list id << 20 | position`, that is never given to another element.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

POSITION_BITS = 20
LIST_ID_BITS = 42
MAX_RUNS = 64
_WORTH_A_RUN = 64  # bytes: reusing less than this costs more, as runs, than it saves


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """`count` elements stored one after another from the address `first`."""

    first: int
    count: int

    @property
    def end(self) -> int:
        """The address after the last element."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a new version: stored elements from the address `first`, or new ones from the offset `first`."""

    first: int
    count: int
    new: bool


class Draft(NamedTuple):
    """How a new version is made of stored elements and of new ones; `fresh` are the indices of the new ones."""

    parts: tuple[Part, ...]
    fresh: tuple[int, ...]


def first_address(list_id: int) -> int:
    """Return the address of a list's first element."""
    return list_id << POSITION_BITS


def has_room(start: int, count: int) -> bool:
    """Return whether `count` elements from `start` stay within the list of `start`."""
    return (start + max(count, 1) - 1) >> POSITION_BITS == start >> POSITION_BITS


def length(runs: Iterable[Run]) -> int:
    """Return how many elements the runs hold."""
    return sum(run.count for run in runs)


def joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return the runs with those that continue each other made one."""
    found: list[Run] = []
    for run in runs:
        if not run.count:
            continue
        if found and found[-1].end == run.first:
            found[-1] = Run(found[-1].first, found[-1].count + run.count)
        else:
            found.append(run)
    return tuple(found)


def place(parts: Iterable[Part], start: int) -> tuple[Run, ...]:
    """Return the runs of a version whose new elements are stored from the address `start`."""
    return joined(Run(part.first + start if part.new else part.first, part.count) for part in parts)


def cut(runs: Iterable[Run], start: int, stop: int) -> list[Run]:
    """Return the runs of the elements from index `start` to index `stop`."""
    found: list[Run] = []
    index = 0
    for run in runs:
        low, high = max(start - index, 0), min(stop - index, run.count)
        if low < high:
            found.append(Run(run.first + low, high - low))
        index += run.count
        if index >= stop:
            break
    return found


def continues(before: Sequence[Run], after: Sequence[Run]) -> bool:
    """Return whether `after` begins with all that `before` holds."""
    last = len(before) - 1
    return (
        last >= 0
        and len(after) > last
        and tuple(after[:last]) == tuple(before[:last])
        and after[last].first == before[last].first
        and after[last].count >= before[last].count
    )


def tail_of(runs: Sequence[Run]) -> int:
    """Return where the next element of the last run's list would go if nothing but these runs were stored."""
    list_id = runs[-1].first >> POSITION_BITS
    return max(run.end for run in runs if run.first >> POSITION_BITS == list_id)


def merged(runs: Iterable[Run]) -> list[Run]:
    """Return the stored stretches that the runs touch, each once, by address."""
    found: list[Run] = []
    for run in sorted(runs):
        if found and run.first <= found[-1].end:
            found[-1] = Run(found[-1].first, max(found[-1].end, run.end) - found[-1].first)
        else:
            found.append(run)
    return found


def draft(
    known: Sequence[Hashable],
    runs: Sequence[Run],
    wanted: Sequence[Hashable],
    sizes: Sequence[int],
    same: int = 0,
) -> Draft:
    """Return a new version of `wanted` elements over the stored version `runs` of `known` ones.

    Elements are compared by their fingerprints; the first `same` are known to be equal. `sizes` are the bytes of the
    wanted elements from `same` on. A version of many runs is partly stored again, so that it stays short.
    """
    start = _common_prefix(known, wanted, same)
    if start == len(known) and len(runs) < MAX_RUNS:
        return _continued(runs, range(start, len(wanted)))
    end = _common_suffix(known, wanted, start)
    total = len(wanted)
    matches = [(0, start, 0)]
    matches += _matches(known, wanted, start, total - end, sizes, same)
    matches.append((total - end, total, len(known) - end))
    return _number(_shorten(_fill(_stretches(runs, matches), total)))


def _continued(runs: Iterable[Run], fresh: range) -> Draft:
    """Return the whole version with some elements after it."""
    kept = tuple(Part(run.first, run.count, new=False) for run in runs)
    return Draft((*kept, Part(0, len(fresh), new=True)) if fresh else kept, tuple(fresh))


class _Kept(NamedTuple):
    """The wanted elements `start` to `stop` are stored from the address `first`; None: they are new."""

    start: int
    stop: int
    first: int | None


def _common_prefix(known: Sequence[Hashable], wanted: Sequence[Hashable], same: int) -> int:
    limit = min(len(known), len(wanted))
    while same < limit and known[same] == wanted[same]:
        same += 1
    return same


def _common_suffix(known: Sequence[Hashable], wanted: Sequence[Hashable], prefix: int) -> int:
    limit = min(len(known), len(wanted)) - prefix
    count = 0
    while count < limit and known[-1 - count] == wanted[-1 - count]:
        count += 1
    return count


def _matches(
    known: Sequence[Hashable], wanted: Sequence[Hashable], start: int, stop: int, sizes: Sequence[int], same: int
) -> list[tuple[int, int, int]]:
    """Return (start, stop, known index) of the stretches between `start` and `stop` that are worth a run."""
    if start >= stop or start + len(wanted) - stop >= len(known):
        return []  # nothing is new, or every known element is kept already
    places: dict[Hashable, int] = {}
    for index, mark in enumerate(known):
        places.setdefault(mark, index)
    found: list[tuple[int, int, int]] = []
    index = start
    while index < stop:
        origin = places.get(wanted[index])
        if origin is None:
            index += 1
            continue
        count = 1
        while index + count < stop and origin + count < len(known) and known[origin + count] == wanted[index + count]:
            count += 1
        if sum(sizes[index - same : index - same + count]) >= _WORTH_A_RUN:
            found.append((index, index + count, origin))
        index += count
    return found


def _stretches(runs: Sequence[Run], matches: Iterable[tuple[int, int, int]]) -> list[_Kept]:
    """Return matches as stretches, split where the stored elements do not follow each other."""
    found: list[_Kept] = []
    for start, stop, origin in matches:
        begin = start
        for run in cut(runs, origin, origin + stop - start):
            found.append(_Kept(begin, begin + run.count, run.first))
            begin += run.count
    return found


def _fill(kept: Sequence[_Kept], total: int) -> list[_Kept]:
    """Add the stretches of new elements between those that are kept."""
    found: list[_Kept] = []
    position = 0
    for stretch in kept:
        if stretch.start > position:
            found.append(_Kept(position, stretch.start, None))
        found.append(stretch)
        position = stretch.stop
    if position < total:
        found.append(_Kept(position, total, None))
    return found


def _shorten(stretches: list[_Kept]) -> list[_Kept]:
    """Store again the cheapest half of the stretches when there are too many."""
    if len(stretches) <= MAX_RUNS:
        return stretches
    width = len(stretches) - MAX_RUNS // 2
    begins = range(len(stretches) - width + 1)
    begin = min(begins, key=lambda at: stretches[at + width - 1].stop - stretches[at].start)
    rewritten = _Kept(stretches[begin].start, stretches[begin + width - 1].stop, None)
    return [*stretches[:begin], rewritten, *stretches[begin + width :]]


def _number(stretches: Iterable[_Kept]) -> Draft:
    parts: list[Part] = []
    fresh: list[int] = []
    for stretch in stretches:
        count = stretch.stop - stretch.start
        if stretch.first is None:
            parts.append(Part(len(fresh), count, new=True))
            fresh += range(stretch.start, stretch.stop)
        else:
            parts.append(Part(stretch.first, count, new=False))
    return Draft(tuple(parts), tuple(fresh))


def pack_runs(runs: Iterable[Run]) -> bytes:
    """Return the runs as bytes: pairs of variable-length numbers, each address as its distance from the last end."""
    packed = bytearray()
    end = 0
    for run in runs:
        distance = run.first - end
        _pack_number(packed, distance << 1 if distance >= 0 else (-distance << 1) - 1)
        _pack_number(packed, run.count)
        end = run.end
    return bytes(packed)


def unpack_runs(packed: bytes) -> tuple[Run, ...]:
    """Return the runs that `pack_runs` packed.

    Raises ValueError when the bytes are not what it makes.
    """
    numbers = _unpack_numbers(packed)
    if len(numbers) % 2:
        raise ValueError("a list of runs ends in the middle")
    found: list[Run] = []
    end = 0
    for distance, count in zip(numbers[::2], numbers[1::2], strict=True):
        first = end + (distance >> 1 if not distance & 1 else -((distance + 1) >> 1))
        found.append(Run(first, count))
        end = first + count
    return tuple(found)


def _pack_number(packed: bytearray, number: int) -> None:
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)


def _unpack_numbers(packed: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(number)
            number = shift = 0
    if shift:
        raise ValueError("a number of a list of runs ends in the middle")
    return numbers
