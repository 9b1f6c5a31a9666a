"""Finding the live memories that say nearly the same as a new one, at a cost that does not grow with the owner's."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Final

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.likeness import CLOSE, MOST
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.reconcile import Near, related
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.text import query_terms
from langgraph_memory.domain.wordlists import ONE_TERM
from langgraph_memory.engine.query import Plan, Query, Row
from langgraph_memory.plans.closest import ClosestRows
from langgraph_memory.plans.rows import VectorSearch, closeness

COMPARED = 10
"""How many memories a new one is compared with, at most."""
LOOKED_UP = 6
"""How many terms of a statement are looked up, its longest, which tend to be rare; whatever the owner holds of them."""
RAREST = 4
"""How many of those, the rarest, tell which rows are looked at."""
UNSEEN = 3
"""How many of its terms another may lack: a statement that differs in more than that is another one."""
BLOCKS = 8
"""How many blocks of a term are read, of 512 rows each; the newest."""
TRIED = 24
"""How many rows are looked at, at most: those that share most of these terms, newest first."""
MEASURED = 256
"""How many of the closest vectors are read as they are, at most: of very many that are alike any will do."""
LARGEST = 20_000
"""Texts of an owner up to which a new one is compared with all their vectors: that takes a few milliseconds."""

_FRAME: Final = frozenset(query_terms("user team like prefer want use work live need project"))
"""Terms that stand in very many statements, and tell little of what one is about."""


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
        },
    )
    terms = frozenset(_one_term(term) for term in query_terms(new.content))
    alike = [row for row in rows if row["memory_no"] in close or _may_be_alike(terms, row)]
    alike.sort(key=lambda row: numbers.index(row["memory_no"]))
    found = [related(new, Memory.from_row(row), close.get(row["memory_no"])) for row in alike[:COMPARED]]
    return sorted((one for one in found if one is not None), key=lambda one: one.likeness.way == "meaning")


def _may_be_alike(terms: frozenset[str], row: Row) -> bool:
    """Return whether a row lacks few of the terms, so that it is worth reading as a statement."""
    return len(terms.difference(map(_one_term, json.loads(row["terms"])))) <= UNSEEN


def _one_term(term: str) -> str:
    return ONE_TERM.get(term, term)


def _sharing_words(partition: str, content: str) -> Plan[list[int]]:
    """Return the numbers of the rows that hold at least half of the rarest terms of a text."""
    wanted = query_terms(content)
    if not 0 < len(wanted) <= MOST:
        return []
    telling = [term for term in wanted if term not in _FRAME] or wanted
    longest = {_one_term(term) for term in sorted(telling, key=len)[-LOOKED_UP:]}
    asked = [*longest, *(term for term, other in ONE_TERM.items() if other in longest)]
    rows = yield Query("newest_postings", {"partition": partition, "terms": asked, "blocks": BLOCKS})
    found: dict[str, str] = {}
    for row in rows:
        term = _one_term(row["term"])
        found[term] = found.get(term, "") + row["postings"]
    if not found or len(longest) - len(found) > UNSEEN:
        return []
    rarest = sorted(found.values(), key=len)[:RAREST]
    hits = Counter(posting[:8] for postings in rarest for posting in postings.split())
    least = (len(rarest) + 1) // 2
    sharing = sorted(((count, row) for row, count in hits.items() if count >= least), reverse=True)
    return [rows[0]["partition_no"] << 32 | int(row, 16) for _, row in sharing[:TRIED]]


def _close(partition: str, search: VectorSearch) -> Plan[dict[int, float]]:
    """Return the rows whose own vectors are close to that of `search`, each with its cosine."""
    corpora = yield Query("corpus_in_partition", {"partition": partition})
    if not corpora or search.metric != "cosine" or corpora[0]["size"] > LARGEST:
        return {}
    found = yield from closeness(corpora[0], search, CLOSE)
    if not len(found.own):
        return {}
    best = yield from ClosestRows(search, [(corpora[0], found.own)]).take(COMPARED, MEASURED)
    return {number: score for number, score in best if score >= CLOSE}
