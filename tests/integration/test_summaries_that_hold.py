"""A session summary is made of what still holds, and changes with the memories that it tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from databases import rows
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from support import BagOfWords, Driver

from langgraph_memory import Memory, MemoryContext, MemoryDatabase, OfflineChatModel, build_graph, open_memory

ANA = MemoryContext(owner_id="ana")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


async def say(memory: MemoryDatabase, mode: str, name: str, said: str) -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    config: Any = {"configurable": {"thread_id": name}}
    await Driver(graph, mode).invoke({"messages": [("user", said)]}, config, context=ANA)


def fact(memory: MemoryDatabase, word: str) -> Memory:
    found = memory.store.list_memories(owner_id="ana")
    return next(one for one in found if word in one.content and one.memory_type != "summary")


def told(memory: MemoryDatabase) -> str:
    found = memory.store.list_memories(owner_id="ana")
    return " | ".join(one.model_dump_json() for one in found if one.memory_type == "summary")


async def test_a_summary_does_not_tell_what_changed_after_it(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "mon", "I live in Berlin.")
    await say(memory, mode, "mon", "I prefer tea.")
    ended = await Driver(memory, mode).end_session("mon", owner_id="ana")
    await say(memory, mode, "tue", "I moved to Lisbon.")

    assert "Berlin" in ended.memory.content
    assert "Berlin" not in told(memory)
    assert "tea" in told(memory)
    assert len(memory.store.history(ended.memory.id, owner_id="ana")) == 2


@pytest.mark.parametrize("way", ["superseded", "retired", "forgotten", "edited"])
@pytest.mark.parametrize("first", ["the end", "the change"])
async def test_a_summary_is_of_what_still_holds(memory: MemoryDatabase, mode: str, way: str, first: str) -> None:
    store = Driver(memory.store, mode)
    await say(memory, mode, "mon", "I use Vim.")
    await say(memory, mode, "mon", "I prefer tea.")
    if first == "the end":
        await Driver(memory, mode).end_session("mon", owner_id="ana")
    known = fact(memory, "Vim")
    if way == "superseded":
        await store.supersede(known.id, "The user uses Emacs.", owner_id="ana", content_json={"value": "Emacs"})
    elif way == "retired":
        await say(memory, mode, "tue", "I no longer use Vim.")
    elif way == "forgotten":
        await store.forget(known.id, owner_id="ana")
    else:
        edited = {"content": "The user uses Emacs.", "content_json": {"value": "Emacs"}}
        await store.put(("curated", "ana", "global"), known.id, edited)
    if first == "the change":
        await Driver(memory, mode).end_session("mon", owner_id="ana")

    assert "Vim" not in told(memory)
    assert "tea" in told(memory)


async def test_nothing_of_what_is_forgotten_is_left_of_a_summary(
    memory: MemoryDatabase, mode: str, database: str
) -> None:
    await say(memory, mode, "mon", "I live in Qzxberg.")
    await Driver(memory, mode).end_session("mon", owner_id="ana")
    await say(memory, mode, "mon", "I prefer tea.")
    await Driver(memory, mode).end_session("mon", owner_id="ana")

    await Driver(memory.store, mode).forget(fact(memory, "lives in Qzxberg").id, owner_id="ana")

    for table in ("agent_memory", "memory_version", "memory_receipt", "memory_audit"):
        assert "Qzxberg" not in str(rows(database, f"SELECT * FROM {table}")), table
    assert "tea" in told(memory)


async def test_a_model_is_not_shown_what_was_forgotten_nor_the_answer_to_it(memory: MemoryDatabase, mode: str) -> None:
    shown: list[str] = []

    class Listening(GenericFakeChatModel):
        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            shown.append(str(messages))
            return super()._generate(messages, *args, **kwargs)

    await say(memory, mode, "mon", "I live in Berlin.")
    await say(memory, mode, "mon", "I prefer tea.")
    await Driver(memory.store, mode).forget(fact(memory, "Berlin").id, owner_id="ana")
    model = Listening(messages=iter([AIMessage("The user prefers tea. The user is kind.")]))

    await Driver(memory, mode).end_session("mon", owner_id="ana", summarizer=model)
    assert "Berlin" not in str(shown)
    assert "tea" in str(shown)
    await Driver(memory.store, mode).forget(fact(memory, "prefers tea").id, owner_id="ana")
    assert "tea" not in told(memory)
    assert "kind" in told(memory)


async def test_ending_a_session_again_does_not_take_its_messages_for_gone(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "mon", "We decided to ship on Friday. I prefer tea.")
    await Driver(memory, mode).end_session("mon", owner_id="ana")
    await say(memory, mode, "mon", "I live in Berlin.")
    await Driver(memory, mode).end_session("mon", owner_id="ana")

    assert all(word in told(memory) for word in ("Friday", "tea", "Berlin"))


@pytest.mark.parametrize("way", ["superseded", "forgotten", "edited", "said"])
async def test_a_summary_that_is_told_anew_is_found_by_its_meaning(database: str, mode: str, way: str) -> None:
    with open_memory(database, index={"dims": BagOfWords.dims, "embed": BagOfWords()}) as memory:
        store = Driver(memory.store, mode)
        await say(memory, mode, "mon", "I use Vim.")
        await say(memory, mode, "mon", "I prefer tea.")
        await Driver(memory, mode).end_session("mon", owner_id="ana")
        known = fact(memory, "Vim")
        if way == "superseded":
            await store.supersede(known.id, "The user uses Emacs.", owner_id="ana")
        elif way == "forgotten":
            await store.forget(known.id, owner_id="ana")
        elif way == "edited":
            await store.put(("curated", "ana", "global"), known.id, {"content": "The user uses Emacs."})
        else:
            await say(memory, mode, "tue", "I no longer use Vim.")

        assert "Vim" not in told(memory)
        found = await store.recall("tea", owner_id="ana", memory_types=["summary"])
        assert ["semantic" in one.parts for one in found] == [True]
        assert memory.admin.reindex() == 0
