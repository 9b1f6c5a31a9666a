"""Overwrites what the pages of an SQLite file hold beside their cells: a program, run in a process of its own.

SQLite zeroes what it deletes, and leaves copies of cells that it moved to another page. They lie between the cells and
the pointers to them, or in free blocks, which nobody reads. To leave them out with VACUUM, every page is written anew
while all writers wait; here only those bytes are, some pages at a time. The caller holds the write lock meanwhile, and
no page that is touched may be in the write-ahead log.

It must not run in a process that has the file open in SQLite: to close a file gives up all locks that the process has.
The format is https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

_BTREE = {2: 12, 5: 12, 10: 8, 13: 8}
"""The kinds of pages that hold cells, and how long the header of each is."""
_ROOT, _NODE = 1, 5
_LOCK_BYTE = 1 << 30
_ENTRY = 5


class File:
    """An SQLite file, page by page."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        head = os.pread(self._file, 100, 0)
        size = int.from_bytes(head[16:18], "big")
        self._size = 65536 if size == 1 else size
        self._usable = self._size - head[20]
        self.has_map = head[:16] == b"SQLite format 3\0" and int.from_bytes(head[52:56], "big") > 0
        """Whether the file says of each page what it is."""

    def clean(self, first: int, last: int) -> int:
        """Overwrite what is beside the cells of some pages, and return how many pages that were."""
        return sum(self._clean(number) for number in range(first, last + 1))

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fsync(self._file)

    def _clean(self, number: int) -> bool:
        if not self._holds_cells(number):
            return False
        start = (number - 1) * self._size
        page = os.pread(self._file, self._size, start)
        found = False
        for begin, end in _beside_cells(page, 100 if number == 1 else 0, self._usable):
            if any(page[begin:end]):
                os.pwrite(self._file, bytes(end - begin), start + begin)
                found = True
        return found

    def _holds_cells(self, number: int) -> bool:
        if number == 1:
            return True
        per_map = self._usable // _ENTRY + 1
        map_page = (number - 2) // per_map * per_map + 2
        if map_page == _LOCK_BYTE // self._size + 1:
            map_page += 1
        place = (map_page - 1) * self._size + _ENTRY * (number - map_page - 1)
        return number > map_page and os.pread(self._file, 1, place) in (bytes([_ROOT]), bytes([_NODE]))


def _beside_cells(page: bytes, head: int, usable: int) -> Iterator[tuple[int, int]]:
    """Yield where a page holds neither its header, nor pointers, nor cells; nothing of one that is damaged."""
    length = _BTREE.get(page[head]) if len(page) > head + 12 else None
    if length is None:
        return
    free, cells, content = (int.from_bytes(page[head + at : head + at + 2], "big") for at in (1, 3, 5))
    begin, end = head + length + 2 * cells, content or 65536
    if not begin <= end <= usable:
        return
    yield begin, end
    yield from _freed_blocks(page, free, end, usable)


def _freed_blocks(page: bytes, free: int, end: int, usable: int) -> Iterator[tuple[int, int]]:
    """Yield what is free in each block of a page's list of them, as far as that is sound."""
    while end <= free <= usable - 4:
        following, size = (int.from_bytes(page[free + at : free + at + 2], "big") for at in (0, 2))
        if size < 4 or free + size > usable or (following and following <= free):
            return
        yield free + 4, free + size
        free = following


def main() -> None:
    """Clean the pages that each line of the input names, the first and the last, and answer with how many they were."""
    file = File(sys.argv[1])
    print(int(file.has_map), flush=True)
    for line in sys.stdin:
        first, last = map(int, line.split())
        if first:
            print(file.clean(first, last), flush=True)
        else:
            file.sync()
            print(0, flush=True)


if __name__ == "__main__":
    main()
