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
    """Remembers each turn as an event: its speaker is the subject, the turns around it the context.

    `without` names the fields that are left out, to see what each of them is worth.
    """

    def __init__(self, index: Any = None, without: tuple[str, ...] = ()) -> None:
        self._opening = CuratedStore.from_conn_string(":memory:", index=index)
        self._store = self._opening.__enter__()
        self._ids: dict[str, str] = {}
        self._without = without

    def add(self, owner: str, items: list[dict[str, Any]]) -> None:
        """Remember one session, oldest turn first."""
        for place, item in enumerate(items):
            around = items[max(0, place - AROUND) : place + AROUND + 1]
            fields: dict[str, Any] = {
                "subject": item["speaker"],
                "context": "\n".join(turn["text"] for turn in around),
                "valid_from": datetime.fromisoformat(item["timestamp"]).replace(tzinfo=UTC),
            }
            kept = {name: value for name, value in fields.items() if name not in self._without}
            outcome = self._store.remember(_said(item), owner_id=owner, memory_type="event", **kept)
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


def lexical_without_subject() -> Turns:
    """Return the store without an index, told no subjects."""
    return Turns(without=("subject",))


def lexical_without_context() -> Turns:
    """Return the store without an index, told no context."""
    return Turns(without=("context",))


def lexical_without_time() -> Turns:
    """Return the store without an index, told no time."""
    return Turns(without=("valid_from",))


def lexical_plain() -> Turns:
    """Return the store without an index, told the texts alone."""
    return Turns(without=("subject", "context", "valid_from"))


def hybrid() -> Turns:
    """Return the store with the benchmark's embedder."""
    return Turns(_index())


def hybrid_plain() -> Turns:
    """Return the store with the benchmark's embedder, told the texts alone."""
    return Turns(_index(), without=("subject", "context", "valid_from"))


make = hybrid


def _index() -> dict[str, Any]:
    embedder = importlib.import_module("__main__").Embedder
    return {"dims": embedder.dims, "embed": lambda texts: [vector.tolist() for vector in embedder.encode(texts)]}


def _said(item: dict[str, Any]) -> str:
    return re.sub(rf"^{re.escape(item['speaker'])}:\s*", "", item["text"], flags=re.IGNORECASE)


def local() -> Turns:
    """With the embedder of the extra `local`."""
    return Turns("local")


def reranked() -> Turns:
    """With the embedder and the reranker of the extra `local`."""
    return Turns({"embed": "local", "rerank": "local"})
