"""A message belongs to the owner of the run that added it: whoever runs the thread later learns nothing from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from support import Driver

from langgraph_memory import (
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    RetrievalNode,
    build_graph,
    open_memory,
)
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.extract import RuleExtractor

BO = MemoryContext(owner_id="bo")
EVE = MemoryContext(owner_id="eve")
ROOM: Any = {"configurable": {"thread_id": "room"}}
PRIVATE = "I live in Berlin. I am allergic to peanuts."


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def said(*texts: str, name: str | None = None) -> Any:
    return {"messages": [HumanMessage(text, name=name) for text in texts]}


def assistant(memory: MemoryDatabase, saver: Any = None, **options: Any) -> Any:
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(**options))
    return builder.compile(checkpointer=saver or memory.checkpointer, store=memory.store)


def known(memory: MemoryDatabase, owner_id: str) -> list[str]:
    return sorted(one.content for one in memory.store.list_memories(owner_id=owner_id))


@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_the_second_person_in_a_thread_is_not_given_what_the_first_one_said(
    memory: MemoryDatabase, mode: str, promotion: str, durability: str
) -> None:
    graph = Driver(assistant(memory, mode=promotion, quiet_for=0), mode)
    await graph.invoke(said(PRIVATE), ROOM, context=BO, durability=durability)
    await graph.invoke(said("Hello!"), ROOM, context=EVE, durability=durability)
    await Driver(PromotionWorker(memory.store), mode).run_once()

    assert known(memory, "eve") == []
    assert len(known(memory, "bo")) == 2
    memory.admin.erase_owner("bo", threads=True)
    await graph.invoke(said("Hello again!"), ROOM, context=EVE)
    await Driver(PromotionWorker(memory.store), mode).run_once()
    assert known(memory, "eve") == []


async def test_what_a_failed_run_left_unread_is_read_when_its_owner_comes_back(
    memory: MemoryDatabase, mode: str
) -> None:
    down = [True]

    def model(state: MessagesState) -> Any:
        if down[0]:
            raise RuntimeError("the model is down")
        return {"messages": [AIMessage("Noted.")]}

    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_sequence([("model", model), ("promote", PromotionNode())])
    builder.add_edge(START, "model")
    graph = Driver(builder.compile(checkpointer=memory.checkpointer, store=memory.store), mode)
    with pytest.raises(RuntimeError):
        await graph.invoke(said(PRIVATE), ROOM, context=BO)
    down[0] = False

    await graph.invoke(said("Hello!"), ROOM, context=EVE)
    assert (known(memory, "eve"), known(memory, "bo")) == ([], [])
    await graph.invoke(said("Here I am."), ROOM, context=BO)
    assert len(known(memory, "bo")) == 2


def test_another_savers_thread_is_told_apart_too(memory: MemoryDatabase) -> None:
    graph = assistant(memory, InMemorySaver())
    graph.invoke(said(PRIVATE), ROOM, context=BO)
    graph.invoke(said("Hello!"), ROOM, context=EVE)

    assert known(memory, "eve") == []
    assert len(known(memory, "bo")) == 2


def test_messages_from_before_any_owner_was_named_are_read_while_the_thread_has_had_one(memory: MemoryDatabase) -> None:
    plain = StateGraph(MessagesState)
    plain.add_node("answer", lambda state: {"messages": [AIMessage("So you said.")]})
    plain.add_edge(START, "answer")
    for thread_id in ("room", "other"):
        config: Any = {"configurable": {"thread_id": thread_id}}
        plain.compile(checkpointer=memory.checkpointer).invoke(said(PRIVATE), config)
    other: Any = {"configurable": {"thread_id": "other"}}

    assistant(memory).invoke(said("Hello!"), ROOM, context=BO)
    assert len(known(memory, "bo")) == 2
    plain.compile(checkpointer=memory.checkpointer).invoke(
        said("Hi."), {"configurable": {"thread_id": "other", "owner_id": "ana"}}
    )
    assistant(memory).invoke(said("Hello!"), other, context=EVE)
    assert known(memory, "eve") == []


def test_a_receipt_does_not_keep_another_persons_words(memory: MemoryDatabase) -> None:
    retrieve = StateGraph(MessagesState, context_schema=MemoryContext)
    retrieve.add_node("retrieve", RetrievalNode())
    retrieve.add_edge(START, "retrieve")
    graph = retrieve.compile(checkpointer=memory.checkpointer, store=memory.store)
    graph.invoke(said(PRIVATE), ROOM, context=BO)
    graph.invoke({"messages": []}, ROOM, context=EVE)

    assert [one.body["query"] for one in memory.audit.receipts(owner_id="eve", kind="recall")] == [None]


async def test_a_session_summary_tells_its_owners_words_alone(memory: MemoryDatabase, mode: str) -> None:
    graph = assistant(memory)
    graph.invoke(said(PRIVATE), ROOM, context=BO)
    graph.invoke(said("I prefer tea."), ROOM, context=EVE)

    ended = await Driver(memory, mode).end_session("room", owner_id="eve")

    assert "tea" in ended.memory.content
    assert "Berlin" not in ended.memory.model_dump_json()


@pytest.mark.parametrize("promotion", ["hot", "background"])
async def test_each_person_of_a_group_chat_keeps_their_own_words(
    memory: MemoryDatabase, mode: str, promotion: str
) -> None:
    speakers = {"Ana": "ana", "Luca": "luca"}
    graph = Driver(assistant(memory, mode=promotion, quiet_for=0, speakers=speakers), mode)
    messages = [
        HumanMessage("I live in Berlin.", name="Ana"),
        HumanMessage("I am allergic to peanuts.", name="Luca"),
        HumanMessage("I prefer coffee.", name="Stranger"),
        HumanMessage("I prefer tea."),
    ]
    for _ in range(2):
        await graph.invoke({"messages": messages}, ROOM, context=MemoryContext(owner_id="host"))
    await Driver(PromotionWorker(memory.store), mode).run_once()

    assert "Berlin" in "".join(known(memory, "ana"))
    assert "peanuts" in "".join(known(memory, "luca"))
    assert "tea" in "".join(known(memory, "host"))
    assert [len(known(memory, one)) for one in ("ana", "luca", "host")] == [1, 1, 1]
    ended = memory.end_session("room", owner_id="host").memory
    assert ended is not None
    assert not any(word in ended.content for word in ("Berlin", "peanuts", "coffee"))
    await graph.invoke(said("Thank you."), ROOM, context=MemoryContext(owner_id="host"))
    assert len(known(memory, "ana")) == 1


async def test_a_checkpoint_stored_while_they_are_read_gives_nobody_anothers_words(
    memory: MemoryDatabase, mode: str
) -> None:
    carried = {"messages": [HumanMessage("I live in Oslo.", name="Luca", id="m1")]}
    plain = StateGraph(MessagesState).add_node("end", lambda _: {}).add_edge(START, "end")
    of_host = {"configurable": {**ROOM["configurable"], "owner_id": "host"}}

    class Slow:
        name = "slow"

        def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
            plain.compile(checkpointer=memory.checkpointer).update_state(of_host, carried, as_node="end")
            return RuleExtractor().extract(utterances)

    graph = Driver(assistant(memory, extractor=Slow(), speakers={"Luca": "luca"}), mode)
    await graph.invoke(carried, ROOM, context=MemoryContext(owner_id="host"), durability="exit")

    assert known(memory, "luca") == ["The user lives in Oslo."]
    assert known(memory, "host") == []


def test_an_owner_that_a_name_stands_for_must_be_one() -> None:
    with pytest.raises(InvalidInputError, match="owner_id"):
        PromotionNode(speakers={"Ana": ""})
    with pytest.raises(InvalidInputError, match="speakers"):
        PromotionNode(speakers=["Ana"])  # type: ignore[arg-type]


def test_whose_words_they_are_goes_with_a_copied_thread(memory: MemoryDatabase) -> None:
    assistant(memory).invoke(said(PRIVATE), ROOM, context=BO)
    memory.checkpointer.copy_thread("room", "copy")
    assistant(memory).invoke(said("Hello!"), {"configurable": {"thread_id": "copy"}}, context=EVE)

    assert known(memory, "eve") == []
