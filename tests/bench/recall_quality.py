"""The retrieval benchmark's view of this package: one memory for each turn, one owner for each dialogue.

Run the benchmark's own script with it, from the root of this repository:
    python memory_bench.py DATA.json --subject tests.bench.recall_quality:lexical tests.bench.recall_quality:hybrid
The data is not part of this repository. `hybrid` embeds with the benchmark's embedder.
"""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from typing import Any

from langgraph_memory.store import CuratedStore

AROUND = 2
"""Turns before and after a turn that are its context."""


class Turns:
    """Remembers each turn as a fact: its speaker is the subject, the turns around it the context."""

    def __init__(self, index: Any = None) -> None:
        self._opening = CuratedStore.from_conn_string(":memory:", index=index)
        self._store = self._opening.__enter__()
        self._ids: dict[str, str] = {}

    def add(self, owner: str, items: list[dict[str, Any]]) -> None:
        """Remember one session, oldest turn first."""
        for place, item in enumerate(items):
            around = items[max(0, place - AROUND) : place + AROUND + 1]
            outcome = self._store.remember(
                _said(item),
                owner_id=owner,
                memory_type="event",
                subject=item["speaker"],
                context="\n".join(turn["text"] for turn in around),
                valid_from=datetime.fromisoformat(item["timestamp"]).replace(tzinfo=UTC),
            )
            if outcome.memory is not None:
                self._ids[outcome.memory.id] = item["id"]

    def search(self, owner: str, query: str, k: int) -> list[str]:
        """Return the turns recalled for `query`, best first."""
        return [self._ids[found.memory.id] for found in self._store.recall(query, owner_id=owner, limit=k)]

    def close(self) -> None:
        """Close the store."""
        self._opening.__exit__(None, None, None)


def lexical() -> Turns:
    """Return the store without an index."""
    return Turns()


def hybrid() -> Turns:
    """Return the store with the benchmark's embedder."""
    embedder = importlib.import_module("__main__").Embedder
    return Turns({"dims": embedder.dims, "embed": lambda texts: [vector.tolist() for vector in embedder.encode(texts)]})


make = lexical


def _said(item: dict[str, Any]) -> str:
    return re.sub(rf"^{re.escape(item['speaker'])}:\s*", "", item["text"], flags=re.IGNORECASE)
