"""What a database holds of one thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
