"""Fingerprints of what is gone: leaving them, and asking for them, inside the transaction that needs them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.marks import MarkKeys, Subject
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query


def leave(owner_id: str, subjects: Iterable[Subject], now: datetime) -> Effects[None]:
    """Leave marks of an owner's."""
    wanted = dict.fromkeys(subjects)
    if wanted:
        keys = yield from _keys()
        rows = [{"digest": keys.digest(one)} for one in wanted]
        shared = {"holder": keys.holders(owner_partition(owner_id))[0], "now": to_microseconds(now)}
        yield Query("put_mark", shared, rows)


def _keys() -> Effects[MarkKeys]:
    """Return the keys of the database, which is given one when somebody has emptied its settings."""
    found = yield Query("mark_keys")
    if not found:
        yield Query("make_mark_key")
        found = yield Query("mark_keys")
    return MarkKeys([row["value"] for row in found])


def left(subjects: Iterable[Subject]) -> Effects[dict[Subject, int]]:
    """Return those of some subjects that a mark was left of, and when, in microseconds."""
    wanted = list(subjects)
    if not wanted:
        return {}
    keys = MarkKeys([row["value"] for row in (yield Query("mark_keys_in_use"))])
    if not keys.keys:
        return {}
    by_digest = {digest: one for one in wanted for digest in keys.digests(one)}
    partitions = dict.fromkeys(partition for _, partition, *_ in wanted)
    holders = [holder for partition in partitions for holder in keys.holders(partition)]
    rows = yield Query("marks", {"holders": holders, "digests": list(by_digest)})
    return {by_digest[row["digest"]]: row["marked_at"] for row in rows}


def lift_all(owner_id: str, subjects: Iterable[Subject]) -> Effects[None]:
    """Remove those marks of an owner's that there are of some subjects."""
    found = yield from left(subjects)
    if found:
        keys = MarkKeys([row["value"] for row in (yield Query("mark_keys"))])
        holders = keys.holders(owner_partition(owner_id))
        pairs = [pair for one in found for pair in zip(holders, keys.digests(one), strict=True)]
        yield Query("lift_mark", rows=[{"holder": holder, "digest": digest} for holder, digest in pairs])
