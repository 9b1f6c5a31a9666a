"""Agents of `create_agent` that remember: real graphs, scripted models, with the middleware they are used with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    TodoListMiddleware,
)
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.types import Command
from support import Driver, calling, one_sentence, scripted

from langgraph_memory import (
    MemoryContext,
    MemoryDatabase,
    PromotionNode,
    PromotionWorker,
    RetrievalNode,
    build_graph,
    open_memory,
)
from langgraph_memory.agents import CuratedMemoryMiddleware
from langgraph_memory.errors import InvalidInputError, MissingOwnerError

ANA = MemoryContext(owner_id="ana@example.com")
BO = MemoryContext(owner_id="bo")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}."


def agent(memory: MemoryDatabase, model: Any, *middleware: Any, **parts: Any) -> Any:
    middleware = middleware or (CuratedMemoryMiddleware(),)
    return create_agent(
        model,
        middleware=middleware,
        checkpointer=memory.checkpointer,
        store=memory.store,
        context_schema=MemoryContext,
        **parts,
    )


def said(text: str) -> dict[str, Any]:
    return {"messages": [("user", text)]}


def thread(name: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": name}}


def contents(memory: MemoryDatabase, owner: MemoryContext = ANA) -> list[str]:
    return [one.content for one in memory.store.list_memories(owner_id=str(owner.owner_id))]


def texts(prompt: list[BaseMessage]) -> str:
    return "\n".join(message.text for message in prompt)


async def test_an_agent_knows_in_a_new_thread_what_was_said_in_another(memory: MemoryDatabase, mode: str) -> None:
    model = scripted("Noted.", "In Berlin.")
    run = Driver(agent(memory, model), mode)
    await run.invoke(said("I live in Berlin."), thread("monday"), context=ANA)

    await run.invoke(said("Where do I live?"), thread("friday"), context=ANA)

    assert "Berlin" in texts(model.prompts[-1])
    assert "Berlin" not in texts(model.prompts[0][:-1])


async def test_nobody_is_shown_what_another_owner_said(memory: MemoryDatabase, mode: str) -> None:
    model = scripted("Noted.")
    run = Driver(agent(memory, model), mode)
    await run.invoke(said("I live in Berlin."), thread("one"), context=ANA)

    await run.invoke(said("Where do I live?"), thread("two"), context=BO)

    assert "Berlin" not in texts(model.prompts[-1])
    assert contents(memory, BO) == []


def test_a_run_without_an_owner_is_an_error(memory: MemoryDatabase) -> None:
    with pytest.raises(MissingOwnerError) as caught:
        agent(memory, scripted("Noted.")).invoke(said("Hello."), thread("one"))

    assert "owner" in one_sentence(caught.value)


async def test_what_was_recalled_is_in_no_checkpoint_and_no_output(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    graph = agent(memory, scripted("In Berlin."))

    answer = await Driver(graph, mode).invoke(said("Where do I live?"), thread("one"), context=ANA)

    assert set(answer) == {"messages"}
    assert [message.type for message in answer["messages"]] == ["human", "ai"]
    for snapshot in graph.get_state_history(thread("one")):
        assert not {"memory_context", "recall_id"} & set(snapshot.values)
    assert graph.get_state(thread("one")).values["memory_heard"] == []
    for saved in memory.checkpointer.list(thread("one")):
        assert "Ana lives in Berlin." not in json.dumps(saved.checkpoint, default=str)
        assert "Ana lives in Berlin." not in json.dumps(saved.pending_writes, default=str)


async def test_a_data_message_before_the_last_words_leaves_the_prompt_before_it_as_it_was(
    memory: MemoryDatabase, mode: str
) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    model = scripted("Hello.", "In Berlin.")
    run = Driver(agent(memory, model, system_prompt="Be brief."), mode)
    await run.invoke(said("Hello."), thread("one"), context=ANA)

    await run.invoke(said("Where do I live?"), thread("one"), context=ANA)

    *before, data, last = model.prompts[-1]
    assert [message.text for message in before] == ["Be brief.", "Hello.", "Hello."]
    assert isinstance(data, HumanMessage)
    assert "Berlin" in data.text
    assert last.text == "Where do I live?"


@pytest.mark.parametrize("prompt", ["Be brief.", [{"type": "text", "text": "Be brief.", "cache_control": {}}], None])
async def test_the_block_stands_at_the_end_of_the_system_prompt(memory: MemoryDatabase, mode: str, prompt: Any) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    model = scripted("In Berlin.")
    system = None if prompt is None else SystemMessage(prompt)
    run = Driver(agent(memory, model, CuratedMemoryMiddleware(placement="system"), system_prompt=system), mode)

    await run.invoke(said("Where do I live?"), thread("one"), context=ANA)

    first, *rest = model.prompts[0]
    assert isinstance(first, SystemMessage)
    assert [message.text for message in rest] == ["Where do I live?"]
    assert first.text.endswith("</memories>")
    assert prompt is None or "Be brief." in first.text
    assert not isinstance(prompt, list) or first.content[0] == prompt[0]


async def test_a_run_with_tools_recalls_once_and_shows_it_to_every_call(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    model = scripted(calling("weather", city="Berlin"), "Sunny.")
    run = Driver(agent(memory, model, tools=[weather]), mode)

    await run.invoke(said("How is the weather where I live?"), thread("one"), context=ANA)

    assert ["Ana lives in Berlin." in texts(prompt) for prompt in model.prompts] == [True, True]
    assert len(memory.audit.receipts(owner_id="ana@example.com", kind="recall")) == 1


async def test_a_run_that_is_resumed_recalls_anew_and_learns_what_was_said_before_the_interrupt(
    database: str, mode: str
) -> None:
    asking = HumanInTheLoopMiddleware(interrupt_on={"weather": True})
    with open_memory(database) as memory:
        memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
        run = Driver(
            agent(
                memory, scripted(calling("weather", city="Berlin")), CuratedMemoryMiddleware(), asking, tools=[weather]
            ),
            mode,
        )
        stopped = await run.invoke(
            said("I work as a baker. How is the weather where I live?"), thread("one"), context=ANA
        )
        assert "__interrupt__" in stopped
        assert len(contents(memory)) == 1

    with open_memory(database) as memory:
        model = scripted(calling("weather", city="Munich"), "Sunny.")
        run = Driver(agent(memory, model, CuratedMemoryMiddleware(), asking, tools=[weather]), mode)
        approve = Command(resume={"decisions": [{"type": "approve"}]})
        await run.invoke(approve, thread("one"), context=ANA)
        answer = await run.invoke(approve, thread("one"), context=ANA)

        assert answer["messages"][-1].text == "Sunny."
        assert all("Ana lives in Berlin." in texts(prompt) for prompt in model.prompts)
        assert any("baker" in content for content in contents(memory))


async def test_a_resumed_run_names_nobody_and_is_its_threads_owners(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    model = scripted(calling("weather", city="Berlin"), "Sunny.")
    asking = HumanInTheLoopMiddleware(interrupt_on={"weather": True})
    run = Driver(agent(memory, model, CuratedMemoryMiddleware(), asking, tools=[weather]), mode)
    await run.invoke(said("How is the weather where I live?"), thread("one"), context=ANA)

    await run.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread("one"))

    assert "Ana lives in Berlin." in texts(model.prompts[-1])


async def test_it_works_beside_summaries_redaction_and_todos(memory: MemoryDatabase, mode: str) -> None:
    model = scripted("Noted.")
    stack = (
        PIIMiddleware("email", strategy="redact", apply_to_input=True),
        TodoListMiddleware(),
        SummarizationMiddleware(
            scripted("The user lives in Rome, by the look of it."), trigger=("messages", 5), keep=("messages", 1)
        ),
        CuratedMemoryMiddleware(),
    )
    run = Driver(agent(memory, model, *stack), mode)

    for text in ("I live in Berlin.", "I have two cats.", "My mail is ana@home.org and I work as a baker.", "Hello."):
        answer = await run.invoke(said(text), thread("one"), context=ANA)

    known = " ".join(contents(memory))
    assert all(word in known for word in ("Berlin", "cats", "baker"))
    assert "ana@home.org" not in known
    assert "Rome" not in known  # a summary is the model's word
    assert any(message.additional_kwargs.get("lc_source") for message in answer["messages"])


async def test_all_of_them_together_are_interrupted_streamed_and_resumed(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    model = scripted(
        calling("write_todos", todos=[{"content": "look", "status": "pending"}]),
        calling("weather", city="Berlin"),
        "Ok.",
    )
    stack = (
        PIIMiddleware("email", strategy="redact", apply_to_input=True),
        TodoListMiddleware(),
        SummarizationMiddleware(scripted("They talked."), trigger=("messages", 4), keep=("messages", 2)),
        HumanInTheLoopMiddleware(interrupt_on={"weather": True}),
        CuratedMemoryMiddleware(),
    )
    graph = agent(memory, model, *stack, tools=[weather])
    first = said("I am a baker, write to ana@home.org. How is the weather where I live?")
    approve = Command(resume={"decisions": [{"type": "approve"}]})

    for given in (first, approve):
        if mode == "async":
            chunks = [one async for one in graph.astream(given, thread("one"), context=ANA, stream_mode="updates")]
        else:
            chunks = list(graph.stream(given, thread("one"), context=ANA, stream_mode="updates"))
        assert ("__interrupt__" in chunks[-1]) is (given is first)

    assert all("Ana lives in Berlin." in texts(prompt) for prompt in model.prompts)
    assert any("baker" in content for content in contents(memory))
    assert "ana@home.org" not in " ".join(contents(memory))
    for saved in memory.checkpointer.list(thread("one")):
        assert "Ana lives in Berlin." not in json.dumps([saved.checkpoint, saved.pending_writes], default=str)


async def test_what_a_summary_took_out_of_the_messages_during_the_run_is_learnt(
    memory: MemoryDatabase, mode: str
) -> None:
    model = scripted(calling("weather", city="Berlin"), calling("weather", city="Rome"), "Sunny.")
    stack = (
        PIIMiddleware("email", strategy="redact", apply_to_input=True),
        SummarizationMiddleware(scripted("They talked."), trigger=("messages", 4), keep=("messages", 1)),
        CuratedMemoryMiddleware(promotion=PromotionNode()),
    )
    run = Driver(agent(memory, model, *stack, tools=[weather]), mode)

    answer = await run.invoke(said("I live in Berlin, write to ana@home.org."), thread("one"), context=ANA)

    assert not any("I live in Berlin" in message.text for message in answer["messages"])
    assert any("Berlin" in content for content in contents(memory))
    assert "ana@home.org" not in " ".join(contents(memory))


async def test_a_run_can_be_streamed(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    graph = agent(memory, scripted("In Berlin."))
    modes = ["values", "updates", "messages"]
    how: dict[str, Any] = {"stream_mode": modes, "context": ANA, "output_keys": ["messages"]}

    if mode == "async":
        chunks = [one async for one in graph.astream(said("Where do I live?"), thread("one"), **how)]
    else:
        chunks = list(graph.stream(said("Where do I live?"), thread("one"), **how))

    assert {kind for kind, _ in chunks} == set(modes)
    assert "In Berlin." in repr(chunks)
    assert "<memories>" not in repr(chunks)


async def test_an_agent_that_is_the_tool_of_another_recalls_and_learns_nothing(
    memory: MemoryDatabase, mode: str
) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    inner_model = scripted("Sunny.")
    inner = create_agent(inner_model, middleware=[CuratedMemoryMiddleware()], store=memory.store)

    @tool
    async def aforecast(request: str) -> str:
        """Ask the forecaster."""
        return str((await inner.ainvoke(said(request)))["messages"][-1].text)

    @tool
    def forecast(request: str) -> str:
        """Ask the forecaster."""
        return str(inner.invoke(said(request))["messages"][-1].text)

    tools = [aforecast if mode == "async" else forecast]
    model = scripted(calling(tools[0].name, request="I live in Rome. Where do I live?"), "Sunny.")

    await Driver(agent(memory, model, tools=tools), mode).invoke(said("How is it?"), thread("one"), context=ANA)

    assert "Ana lives in Berlin." in texts(inner_model.prompts[0])
    assert contents(memory) == ["Ana lives in Berlin."]


async def test_an_agent_that_is_a_node_of_a_graph_learns(memory: MemoryDatabase, mode: str) -> None:
    from langgraph.graph import START, MessagesState, StateGraph

    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_node("agent", create_agent(scripted("Noted."), middleware=[CuratedMemoryMiddleware()]))
    builder.add_edge(START, "agent")
    graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)

    await Driver(graph, mode).invoke(said("I live in Berlin."), thread("one"), context=ANA)

    assert any("Berlin" in content for content in contents(memory))


async def test_what_was_said_is_promoted_in_the_background(memory: MemoryDatabase, mode: str) -> None:
    run = Driver(agent(memory, scripted("Noted."), CuratedMemoryMiddleware(mode="background")), mode)
    await run.invoke(said("I live in Berlin."), thread("one"), context=ANA)
    assert contents(memory) == []

    PromotionWorker(memory.store).drain()

    assert any("Berlin" in content for content in contents(memory))


async def test_a_replayed_run_adds_nothing(memory: MemoryDatabase, mode: str) -> None:
    graph = agent(memory, scripted("Noted."))
    run = Driver(graph, mode)
    await run.invoke(said("I live in Berlin."), thread("one"), context=ANA)
    first = [one for one in graph.get_state_history(thread("one")) if one.values.get("messages")][-1]

    await run.invoke(None, first.config, context=ANA)

    assert len(contents(memory)) == 1
    assert len(memory.audit.entries(owner_id="ana@example.com")) == 1


def test_options_that_contradict_each_other_are_refused() -> None:
    for options in (
        {"placement": "middle"},
        {"promotion": PromotionNode(), "mode": "background"},
        {"promotion": PromotionNode(), "model": scripted("")},
        {"retrieval": RetrievalNode(), "store": object()},
    ):
        with pytest.raises(InvalidInputError) as caught:
            CuratedMemoryMiddleware(**options)  # type: ignore[arg-type]
        one_sentence(caught.value)


def test_an_agent_without_a_curated_store_is_told_what_to_do(memory: MemoryDatabase) -> None:
    graph = create_agent(scripted("Hi."), middleware=[CuratedMemoryMiddleware()], context_schema=MemoryContext)

    with pytest.raises(InvalidInputError, match=r"store=memory\.store"):
        graph.invoke(said("Hello."), context=ANA)


async def test_the_prebuilt_graph_calls_tools_until_the_model_answers(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana@example.com")
    model = scripted(calling("weather", city="Berlin"), "Sunny.")
    graph = build_graph(model, tools=[weather], max_tokens=4000).compile(
        checkpointer=memory.checkpointer, store=memory.store
    )

    answer = await Driver(graph, mode).invoke(
        said("I work as a baker. How is the weather where I live?"), thread("one"), context=ANA
    )

    assert [message.type for message in answer["messages"]] == ["human", "ai", "tool", "ai"]
    assert all("Ana lives in Berlin." in texts(prompt) for prompt in model.prompts)
    assert any("baker" in content for content in contents(memory))


def test_a_model_that_calls_no_tools_is_named(memory: MemoryDatabase) -> None:
    from langgraph_memory import OfflineChatModel

    with pytest.raises(InvalidInputError, match="OfflineChatModel calls no tools"):
        build_graph(OfflineChatModel(), tools=[weather])


def test_what_stands_in_a_message_of_another_middleware_is_no_users_word(memory: MemoryDatabase) -> None:
    graph = build_graph(scripted("Ok.")).compile(store=memory.store)
    summary = HumanMessage("I live in Rome.", additional_kwargs={"lc_source": "summarization"})

    graph.invoke({"messages": [summary, HumanMessage("Hello."), AIMessage("Hi."), HumanMessage("Go on.")]}, context=ANA)

    assert contents(memory) == []
