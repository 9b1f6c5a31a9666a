"""What the database of a release holds, and what must be found in it ever after."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, PromotionNode, build_graph
from langgraph_memory.testing import FakeClock

ANA, BO = MemoryContext(owner_id="ana@example.com"), MemoryContext(owner_id="bo", scope="org:acme")
MONDAY: Any = {"configurable": {"thread_id": "monday"}}
FOLDER = Path(__file__).parent
CHANGELOG = FOLDER.parents[1] / "CHANGELOG.md"


def is_released(version: str) -> bool:
    """Return whether the changelog has an entry of a version, with its day."""
    entry = rf"^## {re.escape(version)} \(\d{{4}}-"
    return re.search(entry, CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE) is not None


def compiled(memory: MemoryDatabase, **promotion: Any) -> Any:
    """Return the prebuilt graph on a database."""
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(**promotion))
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


def tell(memory: MemoryDatabase, clock: FakeClock) -> None:
    """Fill a database with something of every kind that the package keeps."""
    store, graph = memory.store, compiled(memory)
    for said in ("I live in Berlin. Please keep answers short.", "I moved to Munich."):
        graph.invoke({"messages": [("user", said)]}, MONDAY, context=ANA)
        clock.advance(days=1)
    compiled(memory, mode="background").invoke(
        {"messages": [("user", "I live in Oslo.")]}, {"configurable": {"thread_id": "waiting"}}, context=BO
    )
    for name in ("May", "June"):
        store.remember(f"The contract ends in {name}.", owner_id="bo", scope="org:acme", slot="contract.end")
    gone = store.remember("The user's cat is called Miso.", owner_id="bo").memory
    assert gone is not None
    store.forget(gone.id, owner_id="bo")
    store.put(("notes", "bo"), "1", {"text": "a plain item"})
    store.recall("Where does the user live?", owner_id=ANA.owner_id or "")


def check(memory: MemoryDatabase) -> None:
    """Find it again, and go on with it."""
    store, ana = memory.store, ANA.owner_id or ""
    city = next(one for one in store.list_memories(owner_id=ana) if one.slot == "home.city")
    assert [one.content for one in store.history(city.id, owner_id=ana)] == [
        "The user lives in Berlin.",
        "The user lives in Munich.",
    ]
    assert store.get(("notes", "bo"), "1").value == {"text": "a plain item"}  # type: ignore[union-attr]
    assert not any("Miso" in one.content for one in store.list_memories(owner_id="bo"))
    assert [one.content for one in store.list_memories(owner_id="bo")] == ["The contract ends in June."]
    assert len(memory.jobs.pending(owner_id="bo")) == 1
    assert memory.audit.receipts(owner_id=ana)
    assert memory.audit.entries(owner_id=ana)

    found = store.recall("Where does the user live?", owner_id=ana)
    assert found[0].memory.content == "The user lives in Munich."

    graph = compiled(memory)
    assert [one.text for one in graph.get_state(MONDAY).values["messages"]][::2] == [
        "I live in Berlin. Please keep answers short.",
        "I moved to Munich.",
    ]
    graph.invoke({"messages": [("user", "I live in Hamburg now.")]}, MONDAY, context=ANA)
    assert store.recall("Where does the user live?", owner_id=ana)[0].memory.content == "The user lives in Hamburg."
    assert not [one for one in memory.diagnose() if one.severity == "error"]
