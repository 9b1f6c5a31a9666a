"""Ending a session: its summary is remembered and its thread shortened in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from langgraph_memory.domain.memory import Outcome
from langgraph_memory.engine.query import Plan, Query, reads, writes
from langgraph_memory.plans.memories import Proposal, store
from langgraph_memory.plans.threads.authors import messages_of_others
from langgraph_memory.plans.threads.remove import prune_thread


class Held(NamedTuple):
    """What a thread holds: the newest checkpoint of each namespace, whose runs saved them, and whose words are others'.

    `others` are the messages that are not to be read for the owner who asks.
    """

    newest: dict[str, str]
    owners: tuple[str, ...]
    others: frozenset[str]


class Ended(NamedTuple):
    """What became of a summary, and how many checkpoints were removed."""

    outcome: Outcome | None
    removed: int


@reads
def held(thread_id: str, owner_id: str) -> Plan[Held]:
    """Return what a thread holds, as an owner may read it."""
    rows = yield Query("checkpoint_ids", {"thread_id": thread_id})
    newest: dict[str, str] = {}
    for row in rows:
        newest[row["checkpoint_ns"]] = row["checkpoint_id"]
    owners = yield Query("owners_of_thread", {"thread_id": thread_id})
    others = yield from messages_of_others(thread_id, owner_id)
    return Held(newest, tuple(row["owner_id"] for row in owners), others)


@writes
def end_session(
    thread_id: str,
    namespace: str,
    checkpoint_id: str | None,
    proposal: Proposal | None,
    now: datetime,
    *,
    compact: bool,
) -> Plan[Ended | None]:
    """Store a summary and shorten its thread; nothing happens, and None is returned, if the thread has gone on.

    Without a `checkpoint_id` it does not matter whether it has.
    """
    place = {"thread_id": thread_id, "checkpoint_ns": namespace}
    newest = yield Query("latest_checkpoint_id", place)
    if checkpoint_id is not None and (not newest or newest[0]["checkpoint_id"] != checkpoint_id):
        return None
    outcome = None if proposal is None else (yield from store(proposal, now))
    return Ended(outcome, (yield from _compacted(thread_id)) if compact else 0)


def _compacted(thread_id: str) -> Plan[int]:
    before = yield Query("checkpoint_ids", {"thread_id": thread_id})
    yield from prune_thread(thread_id, 1)
    after = yield Query("checkpoint_ids", {"thread_id": thread_id})
    return len(before) - len(after)
