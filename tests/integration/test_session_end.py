"""Ending a session: one live summary for each thread, and a thread that is shortened with it and still resumes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import _messages_delta_reducer
from langgraph.types import Command, interrupt
from support import Clock, Driver, one_sentence, scripted
from typer.testing import CliRunner
from typing_extensions import TypedDict

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import DatabaseError, InvalidInputError, MissingOwnerError, ThreadNotFoundError
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.testing import ScriptedChatModel
from langgraph_memory.types import SessionSummary

ANA = MemoryContext(owner_id="ana")
TALK = ("Let's go with PostgreSQL.", "I still need to renew the certificate.")
SUMMARY = "Decided: Let's go with PostgreSQL. Open: I still need to renew the certificate."
TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


def shown(model: ScriptedChatModel) -> list[str]:
    """Return the last message of each prompt of a model."""
    return [prompt[-1].text for prompt in model.prompts]


@pytest.fixture
async def memory(database: str) -> AsyncIterator[MemoryDatabase]:
    async with open_memory(database) as opened:
        yield opened


def config_of(thread: str = "t", **more: str) -> Any:
    return {"configurable": {"thread_id": thread, **more}}


def chat(memory: MemoryDatabase) -> Any:
    return build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)


async def talk(graph: Any, mode: str, *texts: str, config: Any = None) -> Any:
    state = None
    for text in texts:
        said = {"messages": [HumanMessage(text, id=text)]}
        state = await Driver(graph, mode).invoke(said, config or config_of(), context=ANA)
    return state


def summaries(memory: MemoryDatabase, *, everything: bool = False) -> list[str]:
    found = memory.store.list_memories(owner_id="ana", include_inactive=everything)
    return [one.content for one in found if one.memory_type == "summary"]


def checkpoints(memory: MemoryDatabase, thread: str = "t") -> int:
    return len(memory.checkpointer.checkpoint_ids(thread))


async def end(memory: MemoryDatabase, mode: str, thread: str = "t", **options: Any) -> SessionSummary:
    found: SessionSummary = await Driver(memory, mode).end_session(thread, **{"owner_id": "ana", **options})
    return found


async def test_the_summary_of_a_thread_is_remembered_with_its_source(memory: MemoryDatabase, mode: str) -> None:
    state = await talk(chat(memory), mode, *TALK)
    before = checkpoints(memory)

    ended = await end(memory, mode, scope="org:acme")

    kept = ended.memory
    assert kept is not None
    assert (kept.content, kept.memory_type, kept.scope, kept.slot) == (SUMMARY, "summary", "org:acme", "thread:t")
    assert kept.content_json == {"decisions": [TALK[0]], "open": [TALK[1]]}
    assert (kept.source.thread_id, kept.source.message_ids, kept.source.extractor) == ("t", TALK, "summary-rules")
    newest = memory.checkpointer.get_tuple(config_of())
    assert newest is not None
    assert kept.source.checkpoint_id == ended.checkpoint_id == newest.checkpoint["id"]
    assert kept.expires_at is not None
    assert (ended.written_by, ended.fallback, ended.removed) == ("rules", None, 0)
    assert ended.messages == len(state["messages"])
    assert checkpoints(memory) == before


async def test_another_thread_recalls_the_summary(memory: MemoryDatabase, mode: str) -> None:
    await talk(chat(memory), mode, *TALK)
    await end(memory, mode)

    recalled = memory.store.recall("which database did we go with, PostgreSQL?", owner_id="ana")

    assert SUMMARY in [one.memory.content for one in recalled]
    assert memory.store.recall(None, owner_id="ben").items == ()


async def test_ending_again_supersedes(memory: MemoryDatabase, mode: str) -> None:
    graph = chat(memory)
    await talk(graph, mode, TALK[0])
    await end(memory, mode)
    await talk(graph, mode, TALK[1])

    again = await end(memory, mode)
    same = await end(memory, mode)

    assert again.outcome is not None
    assert same.outcome is not None
    assert (again.outcome.action, same.outcome.action) == ("superseded", "reinforced")
    assert summaries(memory) == [SUMMARY]
    assert len(summaries(memory, everything=True)) == 2


async def test_each_thread_has_a_summary_of_its_own(memory: MemoryDatabase, mode: str) -> None:
    graph = chat(memory)
    for thread in ("t", "u"):
        await talk(graph, mode, f"Let's go with {thread}-base.", config=config_of(thread))
        await end(memory, mode, thread)

    assert sorted(summaries(memory)) == ["Decided: Let's go with t-base.", "Decided: Let's go with u-base."]


async def test_compaction_keeps_the_newest_checkpoint_and_the_thread_goes_on(memory: MemoryDatabase, mode: str) -> None:
    graph = chat(memory)
    state = await talk(graph, mode, *TALK)
    before = checkpoints(memory)

    ended = await end(memory, mode, compact=True)
    kept = checkpoints(memory)
    after = await talk(graph, mode, "Thanks.")

    assert (ended.removed, kept) == (before - 1, 1)
    assert after["messages"][: len(state["messages"])] == state["messages"]
    assert summaries(memory) == [SUMMARY]


async def test_the_space_of_a_compacted_thread_comes_back(path: str, mode: str) -> None:
    with open_memory(path) as memory:
        await talk(chat(memory), mode, *(f"We decided on number {n}. " + "Why not? " * 400 for n in range(12)))
        before = pages(path)

        await end(memory, mode, compact=True)

        assert pages(path) < before


def pages(path: str) -> int:
    connection = sqlite3.connect(path)
    found: int = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    return found


async def test_a_failing_write_neither_remembers_nor_compacts(path: str, mode: str) -> None:
    with open_memory(path) as memory:
        await talk(chat(memory), mode, *TALK)
        before = checkpoints(memory)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE DELETE ON thread_checkpoint BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
            )
            connection.commit()

        with pytest.raises(DatabaseError, match="disk trouble"):
            await end(memory, mode, compact=True)

        assert (summaries(memory), checkpoints(memory)) == ([], before)


async def test_a_compacted_thread_resumes_from_its_interrupt(memory: MemoryDatabase, mode: str) -> None:
    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"approved: {interrupt('really?')}")]}

    builder = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask")
    graph = builder.compile(checkpointer=memory.checkpointer)
    await Driver(graph, mode).invoke({"messages": [HumanMessage("Hello.")]}, config_of())
    await Driver(graph, mode).invoke(Command(resume="no"), config_of())
    await Driver(graph, mode).invoke({"messages": [HumanMessage(TALK[0])]}, config_of())

    ended = await end(memory, mode, compact=True)
    done = await Driver(graph, mode).invoke(Command(resume="yes"), config_of())

    assert ended.removed > 0
    assert done["messages"][-1].content == "approved: yes"
    assert summaries(memory) == ["Decided: Let's go with PostgreSQL."]


async def test_a_subgraph_that_waits_for_an_answer_survives_compaction(memory: MemoryDatabase, mode: str) -> None:
    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"approved: {interrupt('really?')}")]}

    inner = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile()
    builder = StateGraph(MessagesState).add_node("inner", inner).add_edge(START, "inner")
    graph = builder.compile(checkpointer=memory.checkpointer)
    await Driver(graph, mode).invoke({"messages": [HumanMessage(TALK[0])]}, config_of())

    ended = await end(memory, mode, compact=True)
    done = await Driver(graph, mode).invoke(Command(resume="yes"), config_of())

    assert done["messages"][-1].content == "approved: yes"
    assert ended.memory is not None


async def test_a_conversation_that_only_a_subgraph_holds_is_summed_up(memory: MemoryDatabase, mode: str) -> None:
    class Outer(TypedDict):
        question: str

    builder = StateGraph(MessagesState).add_node("answer", lambda state: {"messages": [AIMessage("Fine.")]})
    inner = builder.add_edge(START, "answer").compile(checkpointer=True)

    def delegate(state: Outer) -> dict[str, Any]:
        inner.invoke({"messages": [HumanMessage(state["question"], id=state["question"])]})
        return {"question": ""}

    outer = StateGraph(Outer).add_node("delegate", delegate).add_edge(START, "delegate")
    graph = outer.compile(checkpointer=memory.checkpointer)
    for text in TALK:
        graph.invoke({"question": text}, config_of())

    ended = await end(memory, mode, compact=True)

    assert ended.memory is not None
    assert ended.memory.content == SUMMARY
    assert checkpoints(memory) == 2


@pytest.mark.parametrize("snapshot_frequency", [1, 2, 100])
async def test_a_thread_of_a_delta_channel_is_summed_up_and_compacted(
    memory: MemoryDatabase, mode: str, snapshot_frequency: int
) -> None:
    channel = DeltaChannel(_messages_delta_reducer, snapshot_frequency=snapshot_frequency)
    schema: Any = TypedDict("State", {"messages": Annotated[list[Any], channel]})
    builder = StateGraph(schema).add_node("answer", lambda state: {"messages": [AIMessage("Fine.")]})
    graph = builder.add_edge(START, "answer").compile(checkpointer=memory.checkpointer)
    for text in TALK:
        await Driver(graph, mode).invoke({"messages": [HumanMessage(text, id=text)]}, config_of())
    before = (await Driver(graph, mode).get_state(config_of())).values["messages"]

    ended = await end(memory, mode, compact=True)

    assert ended.memory is not None
    assert (ended.memory.content, ended.messages) == (SUMMARY, 4)
    assert (await Driver(graph, mode).get_state(config_of())).values["messages"] == before


async def test_an_encrypted_thread_is_read_through_its_saver(database: str, mode: str) -> None:
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    with open_memory(database, serde=serde) as memory:
        await talk(chat(memory), mode, *TALK)

        ended = await end(memory, mode, compact=True)

        assert ended.memory is not None
        assert ended.memory.content == SUMMARY
        assert checkpoints(memory) == 1


async def test_a_model_writes_the_summary(memory: MemoryDatabase, mode: str) -> None:
    await talk(chat(memory), mode, *TALK)
    model = scripted("The user chose PostgreSQL.\n The certificate is still to be renewed. ")

    ended = await end(memory, mode, summarizer=model)

    assert ended.memory is not None
    assert ended.memory.content == "The user chose PostgreSQL. The certificate is still to be renewed."
    assert ended.memory.content_json == {"decisions": [TALK[0]], "open": [TALK[1]]}
    assert ended.memory.source.extractor == "summary-model"
    assert (ended.written_by, ended.fallback) == ("model", None)
    assert json.loads(shown(model)[0].splitlines()[0]) == {"from": "user", "text": TALK[0]}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (TimeoutError("slow: PostgreSQL"), "timeout"),
        (RuntimeError("boom"), "model_error"),
        ("", "empty"),
        (f"The token is {TOKEN}.", "secret"),
    ],
    ids=["timeout", "a bug", "nothing", "a secret"],
)
async def test_when_the_model_fails_the_rules_write_it_and_the_result_says_so(
    memory: MemoryDatabase, mode: str, answer: Any, reason: str
) -> None:
    await talk(chat(memory), mode, *TALK)

    ended = await end(memory, mode, summarizer=scripted(answer))

    assert (ended.written_by, ended.fallback) == ("rules", reason)
    assert summaries(memory) == [SUMMARY]


async def test_no_secret_reaches_the_summary_or_the_model(memory: MemoryDatabase, mode: str) -> None:
    said = {"messages": [HumanMessage(f"We decided to use the token {TOKEN}."), HumanMessage(TALK[0])]}
    await Driver(chat(memory), mode).invoke(said, config_of(), context=ANA)
    model = scripted("The user chose PostgreSQL.")

    offline = await end(memory, mode)
    await end(memory, mode, summarizer=model)

    assert offline.memory is not None
    assert TOKEN not in offline.memory.model_dump_json() + shown(model)[0]
    assert TOKEN not in "".join(memory.admin.export())


async def test_a_session_in_which_nothing_was_said_leaves_no_memory(memory: MemoryDatabase, mode: str) -> None:
    graph = chat(memory)
    await talk(graph, mode, "Hello!", "Thanks.")

    ended = await end(memory, mode, compact=True)

    assert (ended.outcome, ended.memory, summaries(memory)) == (None, None, [])
    assert ended.reason == "Nothing was said that a later session needs."
    assert ended.removed > 0
    assert len((await talk(graph, mode, "Bye."))["messages"]) == 6


async def test_an_empty_thread_has_no_summary_and_asks_no_model(memory: MemoryDatabase, mode: str) -> None:
    graph = StateGraph(MessagesState).add_node("wait", lambda state: {}).add_edge(START, "wait")
    graph.compile(checkpointer=memory.checkpointer).invoke({"messages": []}, config_of())
    model = scripted("Something happened.")

    ended = await end(memory, mode, summarizer=model)

    assert (ended.outcome, ended.messages, shown(model)) == (None, 0, [])


async def test_a_thread_that_goes_on_meanwhile_is_read_again(memory: MemoryDatabase, mode: str) -> None:
    graph = chat(memory)
    await talk(graph, mode, TALK[0])

    def slow(prompt: list[BaseMessage]) -> str:
        if len(model.prompts) == 1:
            said: Any = {"messages": [HumanMessage(TALK[1], id=TALK[1])]}
            graph.invoke(said, config_of(), context=ANA)
        return "The user chose PostgreSQL."

    model = scripted(slow)
    ended = await end(memory, mode, summarizer=model, compact=True)

    assert [TALK[1] in text for text in shown(model)] == [False, True]
    assert ended.messages == 4
    assert checkpoints(memory) == 1


async def test_only_an_owner_of_the_thread_may_have_its_summary(memory: MemoryDatabase, mode: str) -> None:
    await talk(chat(memory), mode, *TALK, config=config_of(user_id="ana"))

    with pytest.raises(InvalidInputError, match="other owners than 'ben'") as caught:
        await end(memory, mode, owner_id="ben")
    ended = await end(memory, mode)

    one_sentence(caught.value)
    assert ended.memory is not None
    assert memory.store.list_memories(owner_id="ben") == []


WRONG: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "an unknown thread": ({"thread": "nowhere"}, ThreadNotFoundError),
    "no owner": ({"owner_id": ""}, MissingOwnerError),
    "a broken scope": ({"scope": "a//b"}, InvalidInputError),
    "no thread": ({"thread": ""}, InvalidInputError),
    "a number for a thread": ({"thread": 7}, InvalidInputError),
    "a channel that holds no messages": ({"messages_key": "recall_id"}, InvalidInputError),
}


@pytest.mark.parametrize(("options", "error"), WRONG.values(), ids=WRONG)
async def test_bad_input_is_one_sentence_and_changes_nothing(
    memory: MemoryDatabase, mode: str, options: dict[str, Any], error: type[Exception]
) -> None:
    await talk(chat(memory), mode, *TALK)
    before = checkpoints(memory)

    with pytest.raises(error) as caught:
        await end(memory, mode, compact=True, **options)

    one_sentence(caught.value)
    assert (summaries(memory), checkpoints(memory)) == ([], before)


async def test_the_summary_takes_the_stores_clock(database: str, mode: str, clock: Clock) -> None:
    engine = connect(database)
    memory = MemoryDatabase(engine, settings=StoreSettings(clock=clock))
    memory.store.setup()
    await talk(chat(memory), mode, *TALK)

    ended = await end(memory, mode)
    engine.close()

    assert ended.memory is not None
    assert ended.memory.created_at == clock()


def run(*arguments: str) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)


async def test_the_command_ends_a_session(path: str) -> None:
    with open_memory(path) as memory:
        await talk(chat(memory), "sync", *TALK)

    first = run("threads", "end", "t", "--owner", "ana", "--db", path)
    second = run("threads", "end", "t", "--owner", "ana", "--db", path, "--compact")
    unknown = run("threads", "end", "u", "--owner", "ana", "--db", path)
    missing = run("threads", "end", "t", "--owner", "ana", "--db", f"{path}.missing")

    assert first.output == f"{SUMMARY}\nremembered for ana from 4 messages.\n"
    assert second.output.startswith(f"{SUMMARY}\nremembered for ana from 4 messages; removed ")
    assert unknown.output == "error: there is no thread 'u'; the command threads list shows those there are.\n"
    assert (unknown.exit_code, missing.exit_code) == (1, 1)
    with open_memory(path) as memory:
        assert (summaries(memory), checkpoints(memory)) == ([SUMMARY], 1)


async def test_the_command_says_when_there_was_nothing(path: str) -> None:
    with open_memory(path) as memory:
        await talk(chat(memory), "sync", "Hello!")

    result = run("threads", "end", "t", "--owner", "ana", "--db", path)

    assert result.output == "Nothing was said that a later session needs.\n"
    assert result.exit_code == 0
