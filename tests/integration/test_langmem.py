"""langmem's tools and manager work on a store without an index as they do on `InMemoryStore`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from pydantic import Field

from langgraph_memory import open_memory

pytestmark = pytest.mark.filterwarnings("ignore")
langmem = pytest.importorskip("langmem", reason="langmem is not installed")

CONFIG: Any = {"configurable": {"langgraph_user_id": "ada"}}


class Noting(GenericFakeChatModel):
    """A model that answers as it is told, and notes what it was shown."""

    shown: list[str] = Field(default_factory=list)

    def bind_tools(self, tools: Any, **_: Any) -> Noting:
        return self

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.shown.append(str(messages))
        return super()._generate(messages, *args, **kwargs)


def learning(statement: str) -> Noting:
    call: Any = {"name": "Memory", "args": {"content": statement}, "id": statement}
    return Noting(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("done")]), shown=[])


async def call(runnable: Any, given: Any, mode: str) -> Any:
    return runnable.invoke(given, CONFIG) if mode == "sync" else await runnable.ainvoke(given, CONFIG)


async def used(store: BaseStore, mode: str) -> list[Any]:
    """Return what the tools find and what the manager shows its model, of statements that no query has a word of."""
    seen: list[Any] = []
    place = ("tooled", "{langgraph_user_id}")
    manage = langmem.create_manage_memory_tool(namespace=place, store=store)
    for content in ("User likes tea", "User lives in Rome"):
        await call(manage, {"content": content, "action": "create"}, mode)
    search = langmem.create_search_memory_tool(namespace=place, store=store)
    found = json.loads(await call(search, {"query": "drinks?"}, mode))
    seen.append(sorted(item["value"]["content"] for item in found))
    for own in ({"namespace": ("managed", "{langgraph_user_id}")}, {}):
        for statement in ("User likes tea", "User hates coffee", "User has a dog"):
            model = learning(statement)
            manager = langmem.create_memory_store_manager(model, store=store, **own)
            await call(manager, {"messages": [HumanMessage("Something else.")]}, mode)
            seen.append(["likes tea" in model.shown[0], "hates coffee" in model.shown[0]])
    items = store.search((), limit=50) if mode == "sync" else await store.asearch((), limit=50)
    return [*seen, sorted(json.dumps(item.value) for item in items if item.namespace[0] != "curated")]


def test_langmem_sees_what_it_stored_beside_curated_memories(database: str, mode: str) -> None:
    expected = asyncio.run(used(InMemoryStore(), mode))

    with open_memory(database) as memory:
        memory.store.remember("Ada drinks tea.", owner_id="ada")
        assert asyncio.run(used(memory.store, mode)) == expected

    assert expected[0] == ["User likes tea", "User lives in Rome"]
    assert expected[3] == expected[6] == [True, True]
