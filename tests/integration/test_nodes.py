"""The nodes in real graphs: any graph with a `messages` channel, sync and async."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.store.memory import InMemoryStore
from typing_extensions import TypedDict

from langgraph_memory import (
    Candidate,
    GuardPolicy,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    Recall,
    RetrievalNode,
    Utterance,
    build_graph,
    build_prompt,
    open_memory,
)
from langgraph_memory.errors import InvalidInputError, InvalidScopeError, MissingOwnerError
from langgraph_memory.types import PromotionReport

OWNER = MemoryContext(owner_id="ana@example.com")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


class Listening(OfflineChatModel):
    """Keeps the prompts it was called with."""

    prompts: list[list[BaseMessage]]

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.prompts.append(list(messages))
        return super()._generate(messages, *args, **kwargs)


def thread(name: str, **more: Any) -> dict[str, Any]:
    return {"configurable": {"thread_id": name, **more}}


def assistant(memory: MemoryDatabase, model: Any = None, **parts: Any) -> Any:
    return build_graph(model or OfflineChatModel(), **parts).compile(
        checkpointer=memory.checkpointer, store=memory.store
    )


def test_an_agent_knows_in_a_new_thread_what_was_said_in_another(memory: MemoryDatabase) -> None:
    graph = assistant(memory)
    graph.invoke({"messages": [("user", "I live in Berlin.")]}, thread("monday"), context=OWNER)
    graph.invoke({"messages": [("user", "I moved to Munich.")]}, thread("tuesday"), context=OWNER)

    answer = graph.invoke({"messages": [("user", "Where do I live?")]}, thread("friday"), context=OWNER)

    assert "Munich" in answer["messages"][-1].text
    assert "Berlin" not in answer["messages"][-1].text


async def test_one_graph_serves_sync_and_async_in_a_running_loop(memory: MemoryDatabase) -> None:
    graph = assistant(memory)
    graph.invoke({"messages": [("user", "My name is Ana.")]}, thread("sync"), context=OWNER)

    answer = await graph.ainvoke({"messages": [("user", "What is my name?")]}, thread("async"), context=OWNER)
    words = [
        chunk.content
        async for chunk, _ in graph.astream(
            {"messages": [("user", "What is my name?")]}, thread("stream"), context=OWNER, stream_mode="messages"
        )
    ]

    assert "Ana" in answer["messages"][-1].text
    assert len(words) > 2
    assert "Ana" in "".join(words)


def test_the_block_reaches_the_model_and_not_the_stored_messages(memory: MemoryDatabase) -> None:
    model = Listening(prompts=[])
    graph = assistant(memory, model)
    graph.invoke({"messages": [("user", "I live in Berlin.")]}, thread("one"), context=OWNER)

    graph.invoke({"messages": [("user", "Where do I live?")]}, thread("two"), context=OWNER)

    assert any("The user lives in Berlin." in message.text for message in model.prompts[-1])
    stored = [
        message.text for state in graph.get_state_history(thread("two")) for message in state.values.get("messages", [])
    ]
    assert not any("<memories>" in text for text in stored)


@pytest.mark.parametrize("placement", ["user", "system"])
def test_a_block_can_stand_in_a_user_message_or_in_the_system_prompt(memory: MemoryDatabase, placement: Any) -> None:
    model = Listening(prompts=[])
    graph = assistant(memory, model, system_prompt="Be brief.", placement=placement)
    graph.invoke({"messages": [("user", "I live in Berlin.")]}, thread("one"), context=OWNER)

    answer = graph.invoke({"messages": [("user", "Where do I live?")]}, thread("two"), context=OWNER)

    carrying = [message for message in model.prompts[-1] if "<memories>" in message.text]
    assert [message.type for message in carrying] == [{"user": "human", "system": "system"}[placement]]
    assert model.prompts[-1][-1].text == "Where do I live?"
    assert "Berlin" in answer["messages"][-1].text


def test_the_nodes_bring_their_channels_into_a_graph_of_the_users_own(memory: MemoryDatabase) -> None:
    class Mine(TypedDict):
        messages: Annotated[list[AnyMessage], add_messages]
        turns: int

    def answer(state: Mine) -> dict[str, Any]:
        return {"messages": [OfflineChatModel().invoke(build_prompt(state))], "turns": state.get("turns", 0) + 1}

    class WithBlock(Mine):
        memory_context: str

    answer.__annotations__["state"] = WithBlock
    builder = StateGraph(Mine)
    builder.add_sequence([("retrieve", RetrievalNode()), ("answer", answer), ("promote", PromotionNode())])
    builder.add_edge(START, "retrieve")
    graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)
    graph.invoke({"messages": [("user", "I live in Berlin.")]}, thread("one", user_id="ana"))

    told = graph.invoke({"messages": [("user", "Where do I live?")]}, thread("two", user_id="ana"))

    assert "Berlin" in told["messages"][-1].text
    assert told["turns"] == 1


def test_a_plain_list_channel_without_a_reducer_or_ids_works(memory: MemoryDatabase) -> None:
    class Plain(TypedDict):
        messages: list

    builder = StateGraph(Plain)
    builder.add_sequence([("retrieve", RetrievalNode()), ("promote", PromotionNode())])
    builder.add_edge(START, "retrieve")
    graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)
    said = {"messages": [{"role": "user", "content": "I live in Berlin."}]}

    graph.invoke(said, thread("t", owner_id="ana"))
    graph.invoke(said, thread("t", owner_id="ana"))

    assert [one.content for one in memory.store.list_memories(owner_id="ana")] == ["The user lives in Berlin."]


def test_a_run_without_an_owner_fails_before_the_model_is_called(memory: MemoryDatabase) -> None:
    model = Listening(prompts=[])

    with pytest.raises(MissingOwnerError, match="owner_id"):
        assistant(memory, model).invoke({"messages": [("user", "Hello")]}, thread("t"))

    assert model.prompts == []


@pytest.mark.parametrize(
    ("run", "owner_id", "scope"),
    [
        ({"context": MemoryContext(owner_id="ana", scope="org:acme")}, "ana", "org:acme"),
        ({"context": {"owner_id": "ana"}}, "ana", "global"),
        ({"configurable": {"owner_id": "ana", "scope": "org:acme"}}, "ana", "org:acme"),
        ({"configurable": {"user_id": "ana"}}, "ana", "global"),
        ({"configurable": {"user_id": "eve", "owner_id": "ana"}}, "ana", "global"),
        ({"context": MemoryContext(owner_id="ana"), "configurable": {"owner_id": "ana"}}, "ana", "global"),
    ],
)
def test_owner_and_scope_come_from_the_context_then_from_configurable(
    memory: MemoryDatabase, run: dict[str, Any], owner_id: str, scope: str
) -> None:
    seen: list[Recall] = []
    graph = assistant(memory, retrieval=RetrievalNode(on_recall=seen.append))

    graph.invoke(
        {"messages": [("user", "I live in Berlin.")]},
        thread("t", **run.get("configurable", {})),
        context=run.get("context"),
    )

    assert (seen[0].owner_id, seen[0].scope) == (owner_id, scope)
    assert [one.scope for one in memory.store.list_memories(owner_id=owner_id)] == [scope]


def test_a_bad_scope_fails_the_run(memory: MemoryDatabase) -> None:
    with pytest.raises(InvalidScopeError, match="empty segment"):
        assistant(memory).invoke(
            {"messages": [("user", "Hello")]}, thread("t"), context=MemoryContext(owner_id="ana", scope="org:acme//x")
        )


def test_one_owner_never_sees_anothers_memories(memory: MemoryDatabase) -> None:
    graph = assistant(memory)
    graph.invoke({"messages": [("user", "I live in Berlin.")]}, thread("a"), context=MemoryContext(owner_id="ana"))

    told = graph.invoke({"messages": [("user", "Where do I live?")]}, thread("b"), context=MemoryContext(owner_id="an"))

    assert told["memory_context"] == ""
    assert "Berlin" not in told["messages"][-1].text


@pytest.mark.parametrize(("store", "found"), [(None, "no store"), (InMemoryStore(), "a InMemoryStore")])
def test_a_graph_without_a_curated_store_says_so(memory: MemoryDatabase, store: Any, found: str) -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=store)

    with pytest.raises(InvalidInputError, match=found):
        graph.invoke({"messages": [("user", "Hello")]}, thread("t"), context=OWNER)


def test_a_node_can_be_given_its_own_store(memory: MemoryDatabase) -> None:
    graph = build_graph(
        OfflineChatModel(), retrieval=RetrievalNode(store=memory.store), promotion=PromotionNode(store=memory.store)
    ).compile()

    graph.invoke({"messages": [("user", "I live in Berlin.")]}, context=OWNER)

    assert len(memory.store.list_memories(owner_id="ana@example.com")) == 1


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
ODD_MESSAGES: list[Any] = [
    HumanMessage(
        content=[
            {"type": "text", "text": "I live in Berlin."},
            PICTURE,
        ]
    ),
    HumanMessage(content=[PICTURE]),
    HumanMessage(content=""),
    HumanMessage(content=["I live in ", "Berlin."]),
    HumanMessage(content=[{"type": "text"}, {"type": "text", "text": None}, {"text": "I live in Berlin."}]),
    AIMessage(content="", tool_calls=[{"name": "search", "args": {"q": "Berlin"}, "id": "call-1"}]),
    ToolMessage(content="I live in Rome.", tool_call_id="call-1"),
    SystemMessage(content="I live in Rome."),
]


@pytest.mark.parametrize("odd", ODD_MESSAGES, ids=lambda message: message.type)
async def test_any_message_goes_through(memory: MemoryDatabase, odd: BaseMessage) -> None:
    graph = assistant(memory, GenericFakeChatModel(messages=iter([AIMessage("ok"), AIMessage("ok")])))

    graph.invoke({"messages": [odd, HumanMessage("Hello")]}, thread("sync"), context=OWNER)
    await graph.ainvoke({"messages": [odd, HumanMessage("Hello")]}, thread("async"), context=OWNER)

    assert not any("Rome" in one.content for one in memory.store.list_memories(owner_id="ana@example.com"))


def test_system_prompts_tool_output_and_the_models_own_words_are_not_learnt_from(memory: MemoryDatabase) -> None:
    graph = assistant(memory)

    graph.invoke(
        {
            "messages": [
                SystemMessage("I live in Rome."),
                AIMessage("I live in Rome.", tool_calls=[{"name": "page", "args": {}, "id": "c"}]),
                ToolMessage("My name is Mallory.", tool_call_id="c"),
                HumanMessage("Thanks!"),
            ]
        },
        thread("t"),
        context=OWNER,
    )

    assert memory.store.list_memories(owner_id="ana@example.com") == []


def test_a_pasted_block_of_memories_is_not_learnt_from(memory: MemoryDatabase) -> None:
    graph = assistant(memory)
    pasted = "<memories>\nI live in Rome.\n</memories>\nI live in Berlin."

    graph.invoke({"messages": [("user", pasted)]}, thread("t"), context=OWNER)

    assert [one.content for one in memory.store.list_memories(owner_id="ana@example.com")] == [
        "The user lives in Berlin."
    ]


def test_a_function_is_an_extractor_and_each_bucket_has_its_reason(memory: MemoryDatabase) -> None:
    reports: list[PromotionReport] = []

    def everything(utterances: Sequence[Utterance]) -> Iterator[Candidate]:
        for said in utterances:
            here = {"message_id": said.message_id, "excerpt": said.text}
            yield Candidate(content="The user likes tea.", memory_type="user_preference", **here)
            yield Candidate(content="The user is in a hurry.", session_only=True, **here)
            yield Candidate(content="The user may like jam.", confidence=0.2, **here)
            yield Candidate(content="The user's password is hunter2.", **here)

    graph = assistant(memory, promotion=PromotionNode(extractor=everything, on_promotion=reports.append))
    graph.invoke({"messages": [("user", "Hello")]}, thread("t"), context=OWNER)

    found = [(entry.verdict.bucket.value, entry.verdict.reason) for entry in reports[0]]
    assert found == [
        ("promote", "durable"),
        ("keep_in_session", "session_only"),
        ("keep_in_session", "low_confidence"),
        ("discard", "secret"),
    ]
    stored = memory.store.list_memories(owner_id="ana@example.com")
    assert [(one.content, one.memory_type) for one in stored] == [("The user likes tea.", "preference")]
    assert "hunter2" not in str(reports)
    assert (stored[0].source.thread_id, stored[0].source.actor, stored[0].source.excerpt) == ("t", "user", "Hello")
    assert stored[0].source.checkpoint_id is not None


def test_the_prompt_keeps_within_its_budget_and_never_drops_the_users_last_message() -> None:
    old = [HumanMessage("old " * 200), AIMessage("older " * 200)]
    state = {"messages": [*old, HumanMessage("And now?")], "memory_context": "<memories>\n- (fact) X\n</memories>"}

    prompt = build_prompt(state, system_prompt="Be brief.", max_tokens=60)

    assert [message.text for message in prompt] == ["Be brief.", state["memory_context"], "And now?"]
    assert state["messages"][0] is old[0]


def test_an_unknown_placement_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="placement"):
        build_prompt({"messages": []}, placement="assistant")  # type: ignore[arg-type]


async def test_an_async_database_block_opens_and_closes(database: str) -> None:
    async with open_memory(database) as opened:
        graph = assistant(opened)
        await graph.ainvoke({"messages": [("user", "I live in Berlin.")]}, thread("t"), context=OWNER)

    with open_memory(database) as again:
        assert len(again.store.list_memories(owner_id="ana@example.com")) == 1


def test_a_message_that_holds_a_secret_is_discarded_with_a_reason_and_without_its_text(memory: MemoryDatabase) -> None:
    reports: list[PromotionReport] = []
    graph = assistant(memory, promotion=PromotionNode(on_promotion=reports.append))

    graph.invoke({"messages": [("user", "My password is hunter2.")]}, thread("t"), context=OWNER)

    assert [(entry.verdict.bucket.value, entry.verdict.reason) for entry in reports[0]] == [("discard", "secret")]
    assert "hunter2" not in str(reports)
    assert memory.store.list_memories(owner_id="ana@example.com") == []


@pytest.mark.parametrize(
    ("guard", "known"),
    [
        (GuardPolicy(), ["The user's e-mail address is ana@example.com."]),
        (GuardPolicy(email="mask"), ["The user's e-mail address is [email]."]),
        (GuardPolicy(email="refuse"), []),
    ],
)
def test_a_node_treats_personal_data_by_its_guard(memory: MemoryDatabase, guard: GuardPolicy, known: list[str]) -> None:
    reports: list[PromotionReport] = []
    graph = assistant(memory, promotion=PromotionNode(guard=guard, on_promotion=reports.append))

    graph.invoke({"messages": [("user", "My email is ana@example.com")]}, thread("t"), context=OWNER)

    assert [one.content for one in memory.store.list_memories(owner_id="ana@example.com")] == known
    assert len(reports[0]) == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_what_was_recalled_reaches_no_client_where_only_messages_are_shown(
    memory: MemoryDatabase, mode: str
) -> None:
    memory.store.remember("The user lives in Berlin.", owner_id="ana@example.com")
    model = Listening(prompts=[])
    graph = assistant(memory, model, outputs="messages")
    said = {"messages": [("user", "Where do I live?")]}
    how: dict[str, Any] = {"context": OWNER, "stream_mode": ["values", "updates"]}

    if mode == "async":
        chunks = [chunk async for chunk in graph.astream(said, thread("one"), **how)]
        state = await graph.aget_state(thread("one"))
    else:
        chunks, state = list(graph.stream(said, thread("one"), **how)), graph.get_state(thread("one"))
    again = graph.invoke(said, thread("one"), context=OWNER)

    assert "Berlin" in " ".join(message.text for message in model.prompts[0])
    assert set(again) == set(state.values) == {"messages"}
    assert "<memories>" not in repr((chunks, state, list(graph.get_state_history(thread("one")))))


def test_other_outputs_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="outputs"):
        build_graph(OfflineChatModel(), outputs="some")  # type: ignore[arg-type]
