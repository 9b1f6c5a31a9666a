"""Every listing is a list that shows itself in a notebook, gives flat rows, and stays short on a console."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support import Driver

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, Source, build_graph, open_memory
from langgraph_memory.views import Records

ANA = {"owner_id": "ana"}
RIVALS = ("Deploys go to Slack.", "Deploys go to Teams.")
HOSTILE = "The user likes <script>alert(1)</script> and tea."


@pytest.fixture
def filled(database: str) -> Iterator[MemoryDatabase]:
    """A database with something for each listing."""
    with open_memory(database) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        config = {"configurable": {"thread_id": "one"}}
        graph.invoke({"messages": [("user", "I live in Lisbon.")]}, config, context=MemoryContext(owner_id="ana"))
        for name, content in zip(("wiki", "pager"), RIVALS, strict=True):
            memory.store.remember(content, **ANA, slot="deploys", source=Source(actor="tool", name=name))
        memory.store.remember(HOSTILE, **ANA)
        memory.store.recall("Where do deploys go?", **ANA)
        yield memory


async def listings(memory: MemoryDatabase, mode: str) -> dict[str, Records]:
    store, admin = Driver(memory.store, mode), Driver(memory.admin, mode)
    audit, hygiene, jobs = Driver(memory.audit, mode), Driver(memory.hygiene, mode), Driver(memory.jobs, mode)
    (first, *_) = memory.store.list_memories(**ANA)
    return {
        "memories": await store.list_memories(**ANA),
        "history": await store.history(first.id, **ANA),
        "owners": await admin.list_owners(),
        "audit": await audit.entries(**ANA),
        "receipts": await audit.receipts(**ANA),
        "review": await hygiene.review(**ANA),
        "conflicts": await hygiene.conflicts(**ANA),
        "links": await hygiene.links(**ANA),
        "jobs": await jobs.pending(),
        "threads": await Driver(memory.checkpointer, mode).list_threads(),
        "findings": await Driver(memory, mode).diagnose(),
    }


async def test_every_listing_shows_itself_gives_rows_and_stays_short(filled: MemoryDatabase, mode: str) -> None:
    found = await listings(filled, mode)

    assert {name for name, listed in found.items() if not listed} <= {"links", "jobs", "findings"}
    for name, listed in found.items():
        assert isinstance(listed, Records), name
        assert len(repr(listed)) < 200, name
        assert "<table" in listed._repr_html_(), name
        assert "<script" not in listed._repr_html_(), name
        assert len(listed.rows()) == len(listed), name
        assert all(isinstance(row, dict) and json.dumps(row, default=str) for row in listed.rows()), name


async def test_a_listing_is_a_list_and_a_part_of_one_is_a_listing(filled: MemoryDatabase) -> None:
    found = filled.store.list_memories(**ANA)

    assert found == list(found)
    assert isinstance(found[:1], Records)
    assert repr(found[:1]).startswith("<1 memory: ")
    assert repr(found[:0]) == "<0 memories>"
