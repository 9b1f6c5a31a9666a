"""Finding the live memories that say nearly the same as a new one, at a cost that does not grow with the owner's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.likeness import CLOSE, MOST
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.reconcile import Near, related
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.text import query_terms
from langgraph_memory.engine.query import Plan, Query
from langgraph_memory.plans.rows import ROW, VectorSearch, closeness

COMPARED = 10
"""How many memories a new one is compared with, at most: those that share most of its rarest terms, newest first."""
RAREST = 4
"""How many of its rarest terms are looked up."""
UNSEEN = 2
"""How many of its terms no memory may hold: a statement that differs in more than that is another one."""
BLOCKS = 4
"""How many blocks of a term are measured and read, of 512 rows each; the newest."""
TRIED = 48
"""How many rows may share those terms before the newest of them are taken."""
LARGEST = 20_000
"""Texts of an owner up to which a new one is compared with all their vectors: that takes a few milliseconds."""


def near_to(new: Memory, search: VectorSearch | None, now: datetime) -> Plan[list[Near]]:
    """Return the live memories of the same scope and type that say the same as `new`, or contradict it; closest first.

    Those that mean the same are found by their vectors too, where `search` holds the vector of `new`.
    """
    partition = owner_partition(new.owner_id)
    close = (yield from _close(partition, search)) if search is not None else {}
    numbers = list(close) + (yield from _sharing_words(partition, new.content))
    if not numbers:
        return []
    rows = yield Query(
        "live_among",
        {
            "partition": partition,
            "numbers": numbers,
            "scope": new.scope,
            "memory_type": new.memory_type,
            "now": to_microseconds(now),
            "limit": COMPARED,
        },
    )
    found = [related(new, Memory.from_row(row), close.get(row["memory_no"])) for row in rows]
    return sorted((one for one in found if one is not None), key=lambda one: one.likeness.way == "meaning")


def _sharing_words(partition: str, content: str) -> Plan[list[int]]:
    """Return the numbers of the rows that hold at least half of the rarest terms of a text."""
    wanted = query_terms(content)
    if not 0 < len(wanted) <= MOST:
        return []
    sizes = yield Query("term_sizes", {"partition": partition, "terms": wanted, "blocks": BLOCKS})
    known = sorted((row["size"], row["term"]) for row in sizes if row["size"])
    if not known or len(wanted) - len(known) > UNSEEN:
        return []
    rarest = [term for _, term in known[:RAREST]]
    rows = yield Query("newest_postings", {"partition": partition, "terms": rarest, "blocks": BLOCKS})
    hits = Counter(posting[:8] for row in rows for posting in row["postings"].split())
    least = (len(rarest) + 1) // 2
    sharing = sorted(((count, row) for row, count in hits.items() if count >= least), reverse=True)
    return [sizes[0]["partition_no"] << 32 | int(row, 16) for _, row in sharing[:TRIED]]


def _close(partition: str, search: VectorSearch) -> Plan[dict[int, float]]:
    """Return the rows whose own vectors are close to that of `search`, each with its cosine."""
    corpora = yield Query("corpus_in_partition", {"partition": partition})
    if not corpora or search.metric != "cosine" or corpora[0]["size"] > LARGEST:
        return {}
    found = yield from closeness(corpora[0], search, CLOSE)
    rows, scores = found.kinds[0]
    near = scores >= CLOSE
    best: Sequence[Any] = sorted(zip(scores[near].tolist(), rows[near].tolist(), strict=True), reverse=True)
    return {corpora[0]["partition_no"] << 32 | (row & ROW): score for score, row in best[:COMPARED]}
