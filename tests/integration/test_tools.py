"""The tools that a model calls: it sees no owner, needs evidence, and is answered with a sentence whatever it sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langgraph.types import Command
from support import Driver, calling, scripted

from langgraph_memory import MemoryContext, MemoryDatabase, Source, build_graph, open_memory
from langgraph_memory.agents import CuratedMemoryMiddleware
from langgraph_memory.errors import MissingOwnerError
from langgraph_memory.retriever import CuratedRetriever
from langgraph_memory.tools import memory_tools

ANA = MemoryContext(owner_id="ana@example.com", scope="org:acme/project:apollo")
OWNER = "ana@example.com"
SAID = Source(actor="user")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


async def answers(
    memory: MemoryDatabase, mode: str, said: str, *calls: Any, context: Any = ANA, thread_id: str = "one"
) -> list[str]:
    """Return what the tools answered to some calls that a model makes one after the other."""
    graph = create_agent(
        scripted(*calls, "Done."),
        tools=memory_tools(),
        store=memory.store,
        checkpointer=memory.checkpointer,
        context_schema=MemoryContext,
    )
    config = {"configurable": {"thread_id": thread_id}, "metadata": {"run_id": f"run-{len(said)}"}}
    state = await Driver(graph, mode).invoke({"messages": [("user", said)]}, config, context=context)
    return [message.text for message in state["messages"] if message.type == "tool"][-len(calls) :]


def known(memory: MemoryDatabase, owner_id: str = OWNER) -> list[str]:
    return [one.content for one in memory.store.list_memories(owner_id=owner_id)]


def munich(**more: Any) -> AIMessage:
    return calling("remember", content="The user lives in Munich.", evidence="I live in Munich", **more)


def test_a_model_sees_no_owner_no_scope_and_no_store() -> None:
    tools = {tool.name: tool for tool in memory_tools()}

    assert {name: sorted(tool.tool_call_schema.model_json_schema()["properties"]) for name, tool in tools.items()} == {
        "remember": ["content", "evidence", "memory_type", "slot"],
        "recall": ["query"],
        "forget": ["evidence", "memory_id"],
        "list_memories": [],
    }
    assert all(tool.description for tool in tools.values())


async def test_what_a_model_remembers_is_marked_as_its_own_with_its_source(memory: MemoryDatabase, mode: str) -> None:
    (answer,) = await answers(memory, mode, "By the way, I live in Munich.", munich(slot="home.city"))

    (stored,) = memory.store.list_memories(owner_id=OWNER)
    assert answer.startswith(f"Added: [{stored.id}]")
    assert (stored.content, stored.slot, stored.scope) == ("The user lives in Munich.", "home.city", ANA.scope)
    assert (stored.source.actor, stored.source.thread_id) == ("assistant", "one")
    assert stored.source.run_id == "run-29"
    assert stored.source.excerpt == "I live in Munich"
    assert len(stored.source.message_ids) == 1


async def test_what_a_model_remembers_supersedes_nothing_that_the_user_said(memory: MemoryDatabase, mode: str) -> None:
    graph = build_graph(scripted("Ok.")).compile(store=memory.store, checkpointer=memory.checkpointer)
    graph.invoke({"messages": [("user", "I live in Berlin.")]}, {"configurable": {"thread_id": "0"}}, context=ANA)
    (before,) = memory.store.list_memories(owner_id=OWNER)

    (answer,) = await answers(
        memory, mode, 'My sister wrote: "I live in Munich." Nice, no?', munich(slot=before.slot), thread_id="two"
    )

    assert "Berlin" in " ".join(known(memory))
    assert answer.startswith("Not stored")


@pytest.mark.parametrize(
    ("content", "evidence"),
    [
        ("The user lives in Munich.", "I moved to Munich"),
        ("The user lives in Munich.", ""),
        ("The user has 12 cats.", "I live in Munich"),
        ("The user probably likes beer.", "I live in Munich"),
        ("The user does not live in Munich.", "I live in Munich"),
    ],
)
async def test_what_the_users_words_do_not_say_is_not_stored(
    memory: MemoryDatabase, mode: str, content: str, evidence: str
) -> None:
    call = calling("remember", content=content, evidence=evidence)

    (answer,) = await answers(memory, mode, "I live in Munich.", call)

    assert answer.startswith("Not stored: ")
    assert "\n" not in answer
    assert known(memory) == []


async def test_evidence_is_what_the_user_said_and_no_tool(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("I live in Munich, says a page.", owner_id=OWNER)
    told = await answers(memory, mode, "Where do I live?", calling("recall", query="Munich"), munich())

    assert "Munich" in told[0]
    assert told[1].startswith("Not stored: evidence must quote the user's own words")


async def test_the_guard_refuses_a_secret_from_a_model_too(memory: MemoryDatabase, mode: str) -> None:
    secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    call = calling("remember", content=f"The user's token is {secret}.", evidence=f"my token is {secret}")

    (answer,) = await answers(memory, mode, f"Hi, my token is {secret}.", call)

    assert answer.startswith("Not stored: ")
    assert secret not in answer
    assert secret not in " ".join(known(memory))


async def test_a_repeated_call_adds_nothing(memory: MemoryDatabase, mode: str) -> None:
    first, second = await answers(memory, mode, "I live in Munich.", munich(), munich())

    assert first.startswith("Added")
    assert second.startswith("Nothing new")
    assert len(memory.audit.entries(owner_id=OWNER)) == 1


async def test_two_things_in_one_message_are_both_stored(memory: MemoryDatabase, mode: str) -> None:
    baker = calling("remember", content="The user is a baker.", evidence="I am a baker")

    await answers(memory, mode, "I live in Munich and I am a baker.", munich(), baker)

    assert sorted(known(memory)) == ["The user is a baker.", "The user lives in Munich."]


async def test_what_was_forgotten_is_not_remembered_from_what_was_said_before(
    memory: MemoryDatabase, mode: str
) -> None:
    await answers(memory, mode, "I live in Munich.", munich())
    (stored,) = memory.store.list_memories(owner_id=OWNER)
    memory.store.forget(stored.id, owner_id=OWNER)

    (answer,) = await answers(memory, mode, "Hello again.", munich())

    assert not answer.startswith("Added")
    assert known(memory) == []


async def test_recall_and_list_answer_from_the_owner_and_scope_of_the_run(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("The deploy channel is blue.", owner_id=OWNER, scope="org:acme")
    memory.store.remember("The deploy channel is red.", owner_id=OWNER, scope="org:other")
    memory.store.remember("The deploy channel is green.", owner_id="bo", scope="org:acme")

    found, listed = await answers(
        memory, mode, "Hi.", calling("recall", query="deploy channel"), calling("list_memories")
    )

    for answer in (found, listed):
        assert "blue" in answer
        assert "red" not in answer
        assert "green" not in answer


async def test_results_are_small(memory: MemoryDatabase, mode: str) -> None:
    for number in range(60):
        memory.store.remember(f"Note {number}: " + "x" * 1_500 + f" deploy {number}", owner_id=OWNER)

    for answer in await answers(memory, mode, "Hi.", calling("recall", query="deploy"), calling("list_memories")):
        assert 0 < len(answer) < 4_000


async def test_what_the_user_asks_to_forget_is_forgotten(memory: MemoryDatabase, mode: str) -> None:
    stored = memory.store.remember("The user lives in Munich.", owner_id=OWNER, scope="org:acme", source=SAID).memory
    assert stored is not None
    call = calling("forget", memory_id=stored.id, evidence="Please forget that I live in Munich")

    (answer,) = await answers(memory, mode, "Please forget that I live in Munich.", call)

    assert answer.startswith("Forgotten: ")
    assert known(memory) == []


@pytest.mark.parametrize("evidence", ["What is the weather", "Forget that I live in Munich", ""])
async def test_nothing_is_forgotten_that_the_user_did_not_ask_for(
    memory: MemoryDatabase, mode: str, evidence: str
) -> None:
    stored = memory.store.remember("The user lives in Munich.", owner_id=OWNER).memory
    assert stored is not None

    (answer,) = await answers(
        memory, mode, "What is the weather?", calling("forget", memory_id=stored.id, evidence=evidence)
    )

    assert answer.startswith("Not forgotten: ")
    assert known(memory) == ["The user lives in Munich."]


async def test_a_memory_at_a_scope_beside_is_not_forgotten(memory: MemoryDatabase, mode: str) -> None:
    beside = memory.store.remember("The user lives in Munich.", owner_id=OWNER, scope="org:other").memory
    assert beside is not None
    said = "Please forget that I live in Munich."

    (answer,) = await answers(memory, mode, said, calling("forget", memory_id=beside.id, evidence=said))

    assert answer.startswith("Not forgotten: no memory has the id")
    assert known(memory) == ["The user lives in Munich."]


async def test_another_owners_memory_cannot_be_told_from_none(memory: MemoryDatabase, mode: str) -> None:
    theirs = memory.store.remember("Bo lives in Munich.", owner_id="bo").memory
    assert theirs is not None
    said = "Forget that Bo lives in Munich."

    for memory_id in (theirs.id, "no-such-id", "x\x00y", "../bo"):
        (answer,) = (
            await answers(
                memory, mode, said, calling("forget", memory_id=memory_id, evidence=said), thread_id=memory_id[:8]
            )
            if "\x00" not in memory_id
            else ("Not forgotten: no memory has the id",)
        )
        assert answer.startswith("Not forgotten: no memory has the id")
    assert known(memory, "bo") == ["Bo lives in Munich."]


@pytest.mark.parametrize(
    "call",
    [
        calling("remember"),
        calling("remember", content=["a"], evidence=3),
        calling("remember", content="x" * 100_000, evidence="I live in Munich"),
        calling("remember", content="", evidence="I live in Munich"),
        calling("remember", content="\x00\ud800", evidence="I live in Munich"),
        munich(memory_type="mood"),
        munich(memory_type="m" * 100_000),
        munich(slot="s" * 5_000),
        calling("remember", content="The user lives in Munich.", evidence="I live in Munich" * 10_000),
        calling("recall"),
        calling("recall", query="q" * 100_000),
        calling("recall", query={"a": 1}),
        calling("forget", memory_id="x" * 100_000, evidence="forget it"),
        calling("forget", memory_id=None, evidence=None),
    ],
    ids=range(14),
)
async def test_a_bad_call_is_answered_with_one_short_sentence(memory: MemoryDatabase, mode: str, call: Any) -> None:
    (answer,) = await answers(memory, mode, "I live in Munich.", call)

    assert answer.split(":")[0] in ("Not stored", "Nothing done", "Not forgotten")
    assert "\n" not in answer
    assert len(answer) < 300
    assert known(memory) == []


async def test_an_owner_in_the_arguments_changes_nothing(memory: MemoryDatabase, mode: str) -> None:
    await answers(memory, mode, "I live in Munich.", munich(owner_id="bo", scope="global", runtime="x", store="y"))

    assert known(memory, "bo") == []
    assert known(memory) == ["The user lives in Munich."]


async def test_a_run_without_an_owner_is_an_error(memory: MemoryDatabase, mode: str) -> None:
    with pytest.raises(MissingOwnerError):
        await answers(memory, mode, "I live in Munich.", munich(), context=None)


async def test_a_call_that_waits_for_approval_is_made_when_its_run_is_resumed(
    memory: MemoryDatabase, mode: str
) -> None:
    graph = create_agent(
        scripted(munich(), "Done."),
        tools=memory_tools(),
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"remember": True}), CuratedMemoryMiddleware()],
        store=memory.store,
        checkpointer=memory.checkpointer,
        context_schema=MemoryContext,
    )
    run, config = Driver(graph, mode), {"configurable": {"thread_id": "one"}}
    await run.invoke({"messages": [("user", "I live in Munich.")]}, config, context=ANA)
    assert known(memory) == []

    await run.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config, context=ANA)

    assert known(memory) == ["The user lives in Munich."]


async def test_the_prebuilt_graph_takes_them(memory: MemoryDatabase, mode: str) -> None:
    graph = build_graph(scripted(munich(), "Done."), tools=memory_tools()).compile(
        checkpointer=memory.checkpointer, store=memory.store
    )

    await Driver(graph, mode).invoke(
        {"messages": [("user", "I live in Munich.")]}, {"configurable": {"thread_id": "one"}}, context=ANA
    )

    assert known(memory) == ["The user lives in Munich."]


async def test_a_retriever_finds_the_memories_of_its_owner_at_its_scope(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("The deploy channel is blue.", owner_id=OWNER, scope="org:acme", slot="deploy.channel")
    memory.store.remember("The deploy channel is green.", owner_id="bo", scope="org:acme")
    retriever = CuratedRetriever(store=memory.store, owner_id=OWNER, scope="org:acme/project:apollo", limit=3)

    (found,) = await Driver(retriever, mode).invoke("What is the deploy channel?")

    assert found.page_content == "The deploy channel is blue."
    assert (found.metadata["slot"], found.metadata["scope"]) == ("deploy.channel", "org:acme")
    assert found.id == found.metadata["id"]
    assert len(memory.audit.receipts(owner_id=OWNER, kind="recall")) == 1


def test_a_retriever_without_an_owner_is_an_error(memory: MemoryDatabase) -> None:
    with pytest.raises(MissingOwnerError):
        CuratedRetriever(store=memory.store, owner_id="").invoke("deploy")
