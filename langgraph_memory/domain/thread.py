"""What a database holds of one thread, and whose it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

NOBODY = ""
"""Stands where a run that added a message named no owner: it is read for whom the thread is of, while that is one."""
STRANGER = " "
"""Stands for somebody who spoke and is no owner: it is read for nobody."""


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """What a database holds of one thread; `bytes` counts stored values, `preview` is its last message."""

    thread_id: str
    owner_id: str | None
    checkpoints: int
    created_at: datetime
    updated_at: datetime
    bytes: int
    preview: str | None = None


def mark_of(thread_id: str) -> str:
    """Return what is left of a thread that was deleted: whoever knows its id can tell, and nobody else."""
    return hashlib.blake2b(thread_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
