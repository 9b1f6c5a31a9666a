"""The cyclic garbage collector: kept from running over and over through new objects of which none is garbage.

A page of a long thread's history is a million objects. The collector walks all of them each time 700 more were made,
which takes three times as long as making them. So it is put off meanwhile, and what was made counts as old afterwards.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

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
