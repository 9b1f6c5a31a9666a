"""What is off the record, for one run or for a thread: nothing is read, nothing learnt, and no receipt kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import Driver, one_sentence, scripted

from langgraph_memory import (
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    build_graph,
    open_memory,
)
from langgraph_memory.errors import InvalidInputError, MissingOwnerError
from langgraph_memory.types import MemorySwitches

OWNER = "ana@example.com"
ANA = MemoryContext(owner_id=OWNER)
PAUSES = {"pause": True}
BOTH = {"recall": False, "learn": False}


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        opened.store.remember("The user lives in Berlin.", owner_id=OWNER, slot="home.city")
        yield opened


def graph_of(memory: MemoryDatabase, model: Any = None, **parts: Any) -> Any:
    return build_graph(model or OfflineChatModel(), **parts).compile(
        checkpointer=memory.checkpointer, store=memory.store
    )


async def say(graph: Any, mode: str, text: str, thread: str = "one", context: Any = ANA, **configurable: Any) -> str:
    config = {"configurable": {"thread_id": thread, **configurable}}
    state = await Driver(graph, mode).invoke({"messages": [("user", text)]}, config, context=context)
    return str(state["messages"][-1].text)


def contents(memory: MemoryDatabase, owner_id: str = OWNER) -> str:
    return " ".join(one.content for one in memory.store.list_memories(owner_id=owner_id))


def traces(memory: MemoryDatabase) -> list[Any]:
    return [*memory.audit.receipts(owner_id=OWNER), *memory.jobs.pending(owner_id=OWNER)]


@pytest.mark.parametrize("switches", [PAUSES, BOTH], ids=["pause", "both"])
@pytest.mark.parametrize("by", ["context", "configurable"])
@pytest.mark.parametrize("kind", ["hot", "background"])
async def test_a_run_off_the_record_reads_nothing_learns_nothing_and_leaves_no_receipt(
    memory: MemoryDatabase, mode: str, switches: dict[str, bool], by: str, kind: Any
) -> None:
    graph = graph_of(memory, promotion=PromotionNode(mode=kind, quiet_for=0))
    context = MemoryContext(OWNER, **switches) if by == "context" else ANA
    configurable = {} if by == "context" else switches

    answer = await say(graph, mode, "I work as a baker. Where do I live?", context=context, **configurable)

    assert "Berlin" not in answer
    assert traces(memory) == []
    PromotionWorker(memory.store).drain()
    assert "baker" not in contents(memory)


@pytest.mark.parametrize("kind", ["hot", "background"])
async def test_what_was_said_off_the_record_is_not_learnt_later(memory: MemoryDatabase, mode: str, kind: Any) -> None:
    graph = graph_of(memory, promotion=PromotionNode(mode=kind, quiet_for=0))
    await say(graph, mode, "I work as a baker.", context=MemoryContext(OWNER, learn=False))

    await say(graph, mode, "I have two cats.")
    PromotionWorker(memory.store).drain()

    assert "baker" not in contents(memory)
    assert "cats" in contents(memory)


async def test_without_learning_memory_is_still_read(memory: MemoryDatabase, mode: str) -> None:
    off = MemoryContext(OWNER, learn=False)

    answer = await say(graph_of(memory), mode, "I work as a baker. Where do I live?", context=off)

    assert "Berlin" in answer
    assert "baker" not in contents(memory)
    assert {one.kind for one in memory.audit.receipts(owner_id=OWNER)} == {"recall"}


async def test_without_recalling_it_is_still_learnt(memory: MemoryDatabase, mode: str) -> None:
    off = MemoryContext(OWNER, recall=False)

    answer = await say(graph_of(memory), mode, "I work as a baker. Where do I live?", context=off)

    assert "Berlin" not in answer
    assert "baker" in contents(memory)


async def test_a_thread_can_be_off_the_record_before_it_begins(memory: MemoryDatabase, mode: str) -> None:
    store, graph = Driver(memory.store, mode), graph_of(memory)
    await store.admin.set_thread_memory("secret", owner_id=OWNER, recall=False, learn=False)

    answer = await say(graph, mode, "I work as a baker. Where do I live?", thread="secret")

    assert "Berlin" not in answer
    assert traces(memory) == []
    assert "baker" not in contents(memory)
    assert await store.admin.thread_memory("secret", owner_id=OWNER) == MemorySwitches(recall=False, learn=False)
    assert "Berlin" in await say(graph, mode, "Where do I live?", thread="open")


async def test_a_thread_that_is_switched_on_again_learns_what_is_said_from_then_on(
    memory: MemoryDatabase, mode: str
) -> None:
    store, graph = Driver(memory.store, mode), graph_of(memory)
    await store.admin.set_thread_memory("one", owner_id=OWNER, recall=True, learn=False)
    await say(graph, mode, "I work as a baker.")
    await store.admin.set_thread_memory("one", owner_id=OWNER, recall=True, learn=True)

    await say(graph, mode, "I have two cats.")

    assert await store.admin.thread_memory("one", owner_id=OWNER) == MemorySwitches()
    assert "baker" not in contents(memory)
    assert "cats" in contents(memory)


async def test_a_switch_is_one_owners(memory: MemoryDatabase, mode: str) -> None:
    await Driver(memory.admin, mode).set_thread_memory("one", owner_id=OWNER, recall=False, learn=False)

    await say(graph_of(memory), mode, "I work as a baker.", context=MemoryContext("bo"))

    assert "baker" in contents(memory, "bo")


async def test_a_run_cannot_switch_on_what_its_thread_has_off(memory: MemoryDatabase, mode: str) -> None:
    memory.admin.set_thread_memory("one", owner_id=OWNER, recall=False, learn=False)

    answer = await say(graph_of(memory), mode, "I work as a baker. Where do I live?", recall=True, learn=True)

    assert "Berlin" not in answer
    assert "baker" not in contents(memory)


async def test_a_switch_outlives_the_process(database: str, mode: str) -> None:
    with open_memory(database) as memory:
        memory.admin.set_thread_memory("one", owner_id=OWNER, recall=True, learn=False)

    with open_memory(database) as memory:
        await say(graph_of(memory), mode, "I work as a baker.")
        assert contents(memory) == ""


async def test_no_copy_and_no_summary_tells_what_was_off_the_record(memory: MemoryDatabase, mode: str) -> None:
    graph = graph_of(memory)
    await say(graph, mode, "I work as a baker. Let's go with PostgreSQL.", context=MemoryContext(OWNER, learn=False))
    await say(graph, mode, "I have two cats.")
    memory.checkpointer.copy_thread("one", "two")

    await say(graph, mode, "Hello.", thread="two")
    ended = memory.end_session("one", owner_id=OWNER)

    told = contents(memory) + (ended.memory.content if ended.memory else "")
    assert "baker" not in told
    assert "PostgreSQL" not in told
    assert "cats" in told


@pytest.mark.parametrize("value", ["false", 0, "no", [], object()], ids=range(5))
async def test_what_is_no_switch_is_refused_and_nothing_is_read_or_learnt(
    memory: MemoryDatabase, mode: str, value: Any
) -> None:
    for name in ("pause", "recall", "learn"):
        with pytest.raises(InvalidInputError) as caught:
            await say(graph_of(memory), mode, "I work as a baker.", **{name: value})
        assert name in one_sentence(caught.value)
    with pytest.raises(InvalidInputError) as caught:
        memory.admin.set_thread_memory("one", owner_id=OWNER, recall=value, learn=True)
    one_sentence(caught.value)
    assert "baker" not in contents(memory)
    assert traces(memory) == []


def test_a_switch_needs_a_thread_and_an_owner(memory: MemoryDatabase) -> None:
    for error, thread, owner in ((MissingOwnerError, "one", ""), (InvalidInputError, "", OWNER)):
        with pytest.raises(error) as caught:
            memory.admin.set_thread_memory(thread, owner_id=owner, recall=True, learn=True)
        one_sentence(caught.value)
        with pytest.raises(error):
            memory.admin.thread_memory(thread, owner_id=owner)


async def test_agents_tools_and_files_keep_to_it(memory: MemoryDatabase, mode: str) -> None:
    from langchain.agents import create_agent
    from support import calling

    from langgraph_memory.agents import CuratedMemoryMiddleware
    from langgraph_memory.tools import memory_tools

    model = scripted(
        calling("remember", content="The user is a baker.", evidence="I am a baker"),
        calling("recall", query="home"),
        calling("list_memories"),
        "Done.",
    )
    agent = create_agent(
        model,
        tools=memory_tools(),
        middleware=[CuratedMemoryMiddleware()],
        checkpointer=memory.checkpointer,
        store=memory.store,
        context_schema=MemoryContext,
    )
    config = {"configurable": {"thread_id": "one"}}
    off = MemoryContext(OWNER, pause=True)

    said = {"messages": [("user", "I am a baker. Where do I live?")]}
    state = await Driver(agent, mode).invoke(said, config, context=off)

    told = [message.text for message in state["messages"] if message.type == "tool"]
    assert [one.partition(":")[0] for one in told] == ["Not stored", "Nothing done", "Nothing done"]
    assert "Berlin" not in repr(model.prompts)
    assert traces(memory) == []
    assert contents(memory) == "The user lives in Berlin."


@pytest.mark.parametrize("kind", ["hot", "background"])
async def test_an_owner_who_pauses_is_off_the_record_in_every_thread_until_they_go_on(
    memory: MemoryDatabase, mode: str, kind: Any
) -> None:
    graph = graph_of(memory, promotion=PromotionNode(mode=kind, quiet_for=0))
    store = Driver(memory.store, mode)
    await store.admin.set_owner_memory(owner_id=OWNER, recall=False, learn=False)
    memory.admin.set_thread_memory("two", owner_id=OWNER, recall=True, learn=True)

    for thread in ("one", "two"):
        assert "Berlin" not in await say(graph, mode, "I work as a baker. Where do I live?", thread=thread)
    PromotionWorker(memory.store).drain()
    assert traces(memory) == []
    assert "baker" not in contents(memory)
    assert (await store.admin.owner_memory(owner_id=OWNER)).paused
    assert (await store.admin.thread_memory("two", owner_id=OWNER)).paused
    assert not memory.admin.owner_memory(owner_id="bo").paused

    await store.admin.set_owner_memory(owner_id=OWNER, recall=True, learn=True)
    assert "Berlin" in await say(graph, mode, "Where do I live?", thread="three")
    PromotionWorker(memory.store).drain()
    assert "baker" not in contents(memory)


async def test_a_recall_that_is_to_leave_no_receipt_leaves_none(memory: MemoryDatabase, mode: str) -> None:
    found = await Driver(memory.store, mode).recall("Where do I live?", owner_id=OWNER, receipt=False)

    assert [item.memory.content for item in found] == ["The user lives in Berlin."]
    assert traces(memory) == []
