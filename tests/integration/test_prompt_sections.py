"""What stands where in the prompt: who the user is and what they always want, then what is relevant now."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from support import Clock, Driver, scripted

from langgraph_memory import MemoryContext, MemoryDatabase, RetrievalNode, build_graph, build_prompt, open_memory
from langgraph_memory.domain.rendering import HEADINGS, NOTE, cut_block, render, rendered_in, split_block
from langgraph_memory.errors import InvalidInputError, MissingOwnerError

ADA = "ada@example.com"
ABOUT, WISHES, RELEVANT = HEADINGS.values()


@pytest.fixture
def memory(database: str, clock: Clock) -> Iterator[MemoryDatabase]:
    with open_memory(database, clock=clock) as opened:
        yield opened


def taught(memory: MemoryDatabase, clock: Clock) -> None:
    """Store two memories that shape every answer, and two that some answers need."""
    told: list[tuple[str, dict[str, Any]]] = [
        ("The user wants answers to be short.", {"memory_type": "preference", "slot": "answer.length"}),
        ("The user's name is Ada Lind.", {"memory_type": "background", "slot": "name"}),
        ("The user is allergic to peanuts.", {"slot": "health.allergy"}),
        ("The user cooks on an induction stove.", {"slot": "kitchen.stove"}),
    ]
    for content, fields in told:
        memory.store.remember(content, owner_id=ADA, **fields)
        clock.advance(hours=1)


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


def texts(messages: list[BaseMessage]) -> list[str]:
    return [message.text for message in messages]


def test_each_kind_of_memory_has_a_section_in_the_block(memory: MemoryDatabase, clock: Clock) -> None:
    taught(memory, clock)

    recall = memory.store.recall("What can I cook for dinner?", owner_id=ADA, pinned=10, needed=True, limit=8)

    lines = render(recall).split("\n")
    assert [line for line in lines if line in HEADINGS.values()] == [ABOUT, WISHES, RELEVANT]
    assert lines[lines.index(ABOUT) + 1] == "- (background) The user's name is Ada Lind."
    assert lines[lines.index(WISHES) + 1] == "- (preference) The user wants answers to be short."
    assert "- (fact) The user cooks on an induction stove." in lines[lines.index(RELEVANT) :]
    assert {one.memory.content for one in recall} == set(rendered_in(render(recall)))


async def test_the_profile_is_the_part_of_the_block_that_every_request_shares(
    memory: MemoryDatabase, clock: Clock, mode: str
) -> None:
    taught(memory, clock)
    store = Driver(memory.store, mode)

    profile = await store.profile(ADA)

    for asked in ("What can I cook for dinner?", "Hello!", "How tall is Mount Everest?"):
        recall = memory.store.recall(asked, owner_id=ADA, pinned=10, needed=True, limit=8)
        assert split_block(render(recall))[0] == profile
    assert rendered_in(profile) == ["The user's name is Ada Lind.", "The user wants answers to be short."]
    assert await store.profile("bob@example.com") == ""


async def test_the_profile_stays_the_same_until_what_it_tells_changes(
    memory: MemoryDatabase, clock: Clock, mode: str
) -> None:
    taught(memory, clock)
    store = Driver(memory.store, mode)
    before = await store.profile(ADA, "project:apollo")
    name = next(one for one in memory.store.list_memories(owner_id=ADA) if one.slot == "name")

    clock.advance(days=30)
    memory.store.verify(name.id, owner_id=ADA)
    memory.store.remember("The user lives in Lund.", owner_id=ADA, slot="home.city")
    after_others = await store.profile(ADA, "project:apollo")
    memory.store.remember("The user wants answers in Swedish.", owner_id=ADA, slot="answer.language")
    after_its_own = await store.profile(ADA, "project:apollo")

    assert (before == after_others, before == after_its_own) == (True, False)
    assert "Swedish" in after_its_own


async def test_the_profile_is_bounded_and_another_scopes_wishes_are_not_in_it(
    memory: MemoryDatabase, mode: str
) -> None:
    store = Driver(memory.store, mode)
    for n in range(20):
        memory.store.remember(f"The user wants answers with style {n}.", owner_id=ADA, slot=f"answer.style{n}")
    memory.store.remember("The user wants replies in rhyme.", owner_id=ADA, slot="answer.form", scope="project:poems")

    assert len(rendered_in(await store.profile(ADA))) == 10
    assert len(rendered_in(await store.profile(ADA, pinned=3))) == 3
    assert len(rendered_in(await store.profile(ADA, pinned=30, max_tokens=50))) < 6
    assert "rhyme" not in await store.profile(ADA, pinned=30)
    assert "rhyme" in await store.profile(ADA, "project:poems", pinned=30)
    with pytest.raises(MissingOwnerError):
        await store.profile("")
    with pytest.raises(InvalidInputError, match="pinned"):
        await store.profile(ADA, pinned=-1)


def test_what_shapes_every_answer_takes_at_most_half_of_the_budget(memory: MemoryDatabase) -> None:
    for n in range(20):
        memory.store.remember(f"The user wants answers with style {n}.", owner_id=ADA, slot=f"answer.style{n}")
    memory.store.remember("The user cooks on an induction stove.", owner_id=ADA, slot="kitchen.stove")

    recall = memory.store.recall(
        "What can I cook for dinner?", owner_id=ADA, pinned=20, needed=True, limit=8, max_tokens=100
    )

    assert "The user cooks on an induction stove." in [one.content for one in recall.memories]
    assert {one.reason for one in recall.dropped} >= {"over_budget"}


def test_dates_are_told_where_they_matter_and_read_back_without(memory: MemoryDatabase, clock: Clock) -> None:
    store = memory.store
    store.remember("The user ran a marathon.", owner_id=ADA, memory_type="event")
    store.remember("The release of 3 May 2026 failed.", owner_id=ADA, memory_type="event", valid_from=clock.now)
    store.remember("The user lives in Lund.", owner_id=ADA, slot="home", valid_from=clock.now - timedelta(days=400))
    store.remember("The user is on leave.", owner_id=ADA, slot="leave", expires_at=clock.now + timedelta(days=9))
    store.remember("The user likes tea.", owner_id=ADA, memory_type="preference")

    block = render(store.recall(None, owner_id=ADA, limit=9))

    assert set(block.split("\n")[3:-1]) == {
        "- (event, 2026-01-01) The user ran a marathon.",
        "- (event) The release of 3 May 2026 failed.",
        "- (fact, since 2024-11-27) The user lives in Lund.",
        "- (fact, until 2026-01-10) The user is on leave.",
        "- (preference) The user likes tea.",
    }
    assert set(rendered_in(block)) == {one.content for one in store.list_memories(owner_id=ADA)}


def test_of_two_that_contradict_each_other_the_block_says_which_is_newer(memory: MemoryDatabase, clock: Clock) -> None:
    memory.store.remember("The build takes 15 minutes.", owner_id=ADA)
    clock.advance(days=2)
    memory.store.remember("The build takes 5 minutes.", owner_id=ADA)

    block = render(memory.store.recall("how long does the build take?", owner_id=ADA, limit=1))

    assert "2026-01-01" in block
    assert "2026-01-03" in block
    assert set(rendered_in(block)) == {one.content for one in memory.store.list_memories(owner_id=ADA)}


def test_the_standing_part_comes_first_and_stays_put_from_turn_to_turn(memory: MemoryDatabase, clock: Clock) -> None:
    taught(memory, clock)
    model = scripted("Noted.")
    graph = build_graph(model).compile(checkpointer=memory.checkpointer, store=memory.store)

    for said in ("What can I cook for dinner?", "And how do I cook rice on my stove?"):
        graph.invoke({"messages": [("user", said)]}, thread("1"), context=MemoryContext(ADA))

    first, second = (texts(prompt) for prompt in model.prompts)
    assert first[:2] == second[:2]
    assert first[1] == memory.store.profile(ADA)
    assert "stove" in first[2]
    assert RELEVANT in second[-2]
    assert second[-1] == "And how do I cook rice on my stove?"
    assert all("<memories>" not in one.text for one in graph.get_state(thread("1")).values["messages"])


def test_in_the_system_prompt_all_sections_stand_together(memory: MemoryDatabase, clock: Clock) -> None:
    taught(memory, clock)
    recall = memory.store.recall("What can I cook for dinner?", owner_id=ADA, pinned=10, needed=True)
    state = {"messages": [HumanMessage("Hi")], "memory_context": render(recall)}

    (system, said) = build_prompt(state, system_prompt="Be kind.", placement="system")

    assert system.text == f"Be kind.\n\n{render(recall)}"
    assert said.text == "Hi"


def test_a_heading_goes_with_its_last_line() -> None:
    lines = ["<memories>", NOTE, ABOUT, "- (background) one", RELEVANT, "- (fact) two", "</memories>"]
    block = "\n".join(lines)

    assert cut_block(block, len(block) - 1, len) == ("\n".join([*lines[:4], "</memories>"]), 1)


def test_a_block_that_somebody_else_wrote_goes_before_the_last_message() -> None:
    state = {"messages": [HumanMessage("Hi")], "memory_context": "Ada likes tea."}

    assert texts(build_prompt(state)) == ["Ada likes tea.", "Hi"]


@pytest.mark.parametrize("declared", [True, False])
async def test_a_node_whose_state_lacks_the_channel_is_shown_the_memories(
    memory: MemoryDatabase, clock: Clock, mode: str, declared: bool
) -> None:
    taught(memory, clock)
    model = scripted("Noted.")

    def typed(state: MessagesState) -> Any:
        return {"messages": model.invoke(build_prompt(state))}

    def untyped(state: Any) -> Any:
        return {"messages": model.invoke(build_prompt(state))}

    builder: Any = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_sequence([("retrieve", RetrievalNode()), ("model", typed if declared else untyped)])
    graph = builder.add_edge(START, "retrieve").compile(store=memory.store)

    await Driver(graph, mode).invoke(
        {"messages": [("user", "What can I cook on my stove?")]}, context=MemoryContext(ADA)
    )

    assert "induction stove" in str(texts(model.prompts[0]))


def test_a_state_that_has_an_empty_block_gets_none(memory: MemoryDatabase, clock: Clock) -> None:
    taught(memory, clock)
    prompts: list[list[BaseMessage]] = []

    def bare(state: MessagesState) -> Any:
        prompts.append(build_prompt({**state, "memory_context": ""}))

    builder: Any = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_sequence([("retrieve", RetrievalNode()), ("model", bare)]).add_edge(START, "retrieve")
    builder.compile(store=memory.store).invoke({"messages": [("user", "Cook?")]}, context=MemoryContext(ADA))

    assert texts(prompts[0]) == ["Cook?"]


def wrapped(memory: MemoryDatabase, state: Any) -> Any:
    node = RetrievalNode(store=memory.store)

    def retrieve(state: state) -> Any:  # type: ignore[valid-type]
        return node.invoke(state)

    retrieve.__annotations__["state"] = state
    return StateGraph(state, context_schema=MemoryContext).add_node(retrieve).add_edge(START, "retrieve").compile()


class Declared(MessagesState):
    """A state that declares what the node writes."""

    memory_context: str
    recall_id: str


def test_a_graph_that_cannot_keep_the_block_is_warned_about(memory: MemoryDatabase) -> None:
    said = {"messages": [("user", "Hi")]}

    with pytest.warns(RuntimeWarning, match="'memory_context'.*add_node"):
        wrapped(memory, MessagesState).invoke(said, context=MemoryContext(ADA))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wrapped(memory, Declared).invoke(said, context=MemoryContext(ADA))


async def test_a_first_run_without_an_owner_says_what_to_do_and_its_thread_goes_on(
    memory: MemoryDatabase, mode: str
) -> None:
    graph = build_graph(scripted("Noted.")).compile(checkpointer=memory.checkpointer, store=memory.store)
    run = Driver(graph, mode)

    with pytest.raises(MissingOwnerError, match="goes on with its next run"):
        await run.invoke({"messages": [("user", "Hello there.")]}, thread("1"))
    answered = await run.invoke({"messages": [("user", "I am vegan.")]}, thread("1"), context=MemoryContext(ADA))

    assert [one.text for one in answered["messages"]] == ["Hello there.", "I am vegan.", "Noted."]
    assert [one.content for one in memory.store.list_memories(owner_id=ADA)] == ["The user's diet is vegan."]
