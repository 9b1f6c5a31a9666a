"""Looking after threads: removing them, retention, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from langgraph_memory.checkpoints.decode import Decoder
from langgraph_memory.checkpoints.read import last_elements
from langgraph_memory.checkpoints.records import StoredChunk, StoredVersion
from langgraph_memory.checkpoints.remove import (
    delete_idle_thread,
    delete_runs,
    delete_thread,
    forget_deleted_threads,
    prune_thread,
    threads_idle_since,
    threads_longer_than,
)
from langgraph_memory.checkpoints.summary import find_thread, list_threads
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Reclaim
from langgraph_memory.errors import ThreadNotFoundError
from langgraph_memory.views import Records

_BATCH = 100
_PREVIEW = 120


class Swept(NamedTuple):
    """How many threads a sweep deleted, and how many it shortened."""

    deleted: int
    shortened: int


def remove_thread(thread_id: str) -> Effects[None]:
    """Remove everything of a thread, and give its space back."""
    yield delete_thread(thread_id)
    yield Reclaim()


def remove_runs(run_ids: Sequence[str]) -> Effects[None]:
    """Remove the checkpoints that the given runs made, and give their space back."""
    yield delete_runs(run_ids)
    yield Reclaim()


def prune_threads(thread_ids: Sequence[str], keep: int) -> Effects[None]:
    """Keep the newest `keep` checkpoints of each namespace of the threads, each thread in a transaction of its own."""
    for thread_id in thread_ids:
        yield prune_thread(thread_id, keep)
    yield Reclaim()


def sweep(now: datetime, max_age: timedelta | None, max_checkpoints: int | None) -> Effects[Swept]:
    """Delete the threads that were last written longer ago than `max_age`, and shorten those that are too long."""
    deleted = shortened = 0
    if max_age is not None:
        deleted = yield from _delete_idle(now - max_age)
    if max_checkpoints is not None:
        for thread_id in (yield threads_longer_than(max_checkpoints)):
            yield prune_thread(thread_id, max_checkpoints)
            shortened += 1
    yield forget_deleted_threads()
    yield Reclaim()
    return Swept(deleted, shortened)


def _delete_idle(moment: datetime) -> Effects[int]:
    deleted = 0
    while thread_ids := (yield threads_idle_since(moment, _BATCH)):
        for thread_id in thread_ids:
            deleted += yield delete_idle_thread(thread_id, moment)
    return deleted


def summaries(owner_id: str | None, limit: int, offset: int, decoder: Decoder) -> Effects[Records[ThreadSummary]]:
    """Return a page of threads, last used first, each with the beginning of its last message."""
    found = yield list_threads(owner_id, limit, offset)
    return (yield from _with_previews(found, decoder))


def summary(thread_id: str, owner_id: str | None, decoder: Decoder) -> Effects[ThreadSummary]:
    """Return one thread; raises ThreadNotFoundError, alike for one that is another owner's."""
    found = yield find_thread(thread_id, owner_id)
    if not found:
        raise ThreadNotFoundError(f"there is no thread {thread_id!r}; list_threads() lists those there are.")
    (one,) = yield from _with_previews(found, decoder)
    return one


def _with_previews(found: Sequence[ThreadSummary], decoder: Decoder) -> Effects[Records[ThreadSummary]]:
    versions, chunks = yield last_elements([one.thread_id for one in found], "messages")
    shown = (
        replace(one, preview=_preview(versions.get(one.thread_id), chunks.get(one.thread_id, ()), decoder))
        for one in found
    )
    return Records(ThreadSummary, shown)


def _preview(version: StoredVersion | None, chunks: Sequence[StoredChunk], decoder: Decoder) -> str | None:
    if version is None:
        return None
    try:
        value = decoder.value(version, chunks)
    except Exception:  # a list of threads is shown even when one of them is damaged
        return None
    last = value[-1] if isinstance(value, list) and value else value
    return re.sub(r"\s+", " ", _text(getattr(last, "content", last))).strip()[:_PREVIEW] or None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return " ".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts if part)
