"""Since when the runs of this process are under way, so that none writes back what was erased meanwhile."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock

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
