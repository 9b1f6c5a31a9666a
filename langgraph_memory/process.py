"""What is of one process alone: what a fork needs anew, and since when its runs are under way."""

from __future__ import annotations

import ctypes
import os
from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock
from weakref import WeakSet


class Forked:
    """Something that does not work in a forked process as it is."""

    def before_fork(self) -> None:
        """Let go of what two processes must not share."""

    def after_fork_in_parent(self) -> None:
        """Take up again what was let go of."""

    def after_fork_in_child(self) -> None:
        """Make anew what the parent keeps for itself; nothing else runs in the child at that moment."""


class Locked(Forked):
    """Has a lock, which another thread may have held when the process was forked."""

    def __init__(self) -> None:
        self._lock = Lock()
        tell_of_forks(self)

    def after_fork_in_child(self) -> None:
        """Have a lock that nobody holds."""
        self._lock = Lock()


_told: WeakSet[Forked] = WeakSet()


def tell_of_forks(one: Forked) -> None:
    """Tell an object of every fork of this process, as long as it lives."""
    _told.add(one)


def leave_to_parent(*inherited: object) -> None:
    """Never let go of what a child inherited: to close a connection would close, or unlock, that of its parent."""
    for one in inherited:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))


def _before() -> None:
    for one in list(_told):
        one.before_fork()


def _in_parent() -> None:
    for one in list(_told):
        one.after_fork_in_parent()


def _in_child() -> None:
    for one in list(_told):
        one.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


_MOST = 4096
"""How many runs are remembered, the newest; of older ones it is not known since when they are under way."""

_begun: OrderedDict[int, tuple[object, datetime]] = OrderedDict()
_lock = Lock()


def began(run: object | None) -> datetime | None:
    """Return since when a run is under way, which it is from the first time it is asked about.

    `run` is the object that LangGraph makes for each run and hands to all of its parts; None: it has made none.
    """
    if run is None:
        return None
    with _lock:
        _, at = _begun.setdefault(id(run), (run, datetime.now(UTC)))  # held, so that its id is nobody else's
        if len(_begun) > _MOST:
            _begun.popitem(last=False)
    return at
