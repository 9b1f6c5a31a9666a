"""The firewall in real graphs: memory does not feed on itself, on a page, or on a model that parrots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import START, StateGraph

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    MemoryState,
    OfflineChatModel,
    PromotionNode,
    PromotionPolicy,
    Utterance,
    build_graph,
    open_memory,
)
from langgraph_memory.domain.candidate import mark_echoes
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.types import PromotionReport

OWNER = MemoryContext(owner_id="ana")
TALKING = PromotionPolicy(actors=("user", "assistant"))


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


class Parrot(OfflineChatModel):
    """Says again, in its own frame, every memory it was given and what the user said."""

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        result = super()._generate(messages, *args, **kwargs)
        lines = [line[2:] for message in messages for line in message.text.splitlines() if line.startswith("- (")]
        said = [sentence.partition(") ")[2].replace("The user", "You also") for sentence in lines]
        said += [sentence.partition(") ")[2] for sentence in lines]
        said.append(f"So, {messages[-1].text}")
        result.generations[0].message = AIMessage("\n".join(said))
        return result


class Greedy:
    """Takes each line that anybody says for a memory; users' words by the rules."""

    name = "greedy"

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        found = RuleExtractor().extract(utterances)
        for said in utterances:
            if said.actor == "user":
                continue
            found.extend(
                Candidate(content=line, excerpt=line, message_id=said.message_id, actor=said.actor)
                for line in said.text.splitlines()
            )
        return found


STATEMENTS = [
    "I live in Berlin.",
    "Please keep answers short.",
    "What do you know about me?",
    "We use PostgreSQL.",
    "I am allergic to peanuts.",
    "Where do I live?",
    "I moved to Munich.",
    "My name is Ana.",
]


def test_eighty_turns_with_a_parrot_store_what_the_user_said_and_no_more(
    memory: MemoryDatabase, tmp_path: Path
) -> None:
    reports: list[PromotionReport] = []
    node = PromotionNode(extractor=Greedy(), policy=TALKING, on_promotion=reports.append)
    graph = build_graph(Parrot(), promotion=node).compile(checkpointer=memory.checkpointer, store=memory.store)
    with open_memory(tmp_path / "user-alone.db") as alone:
        quiet = build_graph(OfflineChatModel()).compile(checkpointer=alone.checkpointer, store=alone.store)
        for turn in range(80):
            said: Any = {"messages": [("user", STATEMENTS[turn % len(STATEMENTS)])]}
            config: Any = {"configurable": {"thread_id": f"thread-{turn // 8}"}}
            graph.invoke(said, config, context=OWNER)
            quiet.invoke(said, config, context=OWNER)
        justified = {one.content for one in alone.store.list_memories(owner_id="ana")}

    stored = memory.store.list_memories(owner_id="ana")
    versions = memory.store.list_memories(owner_id="ana", include_inactive=True, limit=1000)
    assert len(stored) == len(justified) == 5
    assert {one.content for one in stored} == justified
    assert all(one.source.actor == "user" for one in versions)
    echoes = [entry for report in reports for entry in report if entry.verdict.reason == "echo"]
    assert len(echoes) > 200


@pytest.mark.parametrize(
    "parroted",
    [
        "The user lives in Munich.",
        "the user LIVES in munich!",
        "You live in Munich.",
        "As I recall, the user is living in Munich.",
        "The user lives in Munich and likes green tea.",
    ],
)
def test_what_is_known_is_not_learnt_from_the_assistant(memory: MemoryDatabase, parroted: str) -> None:
    memory.store.remember("The user lives in Munich.", owner_id="ana", slot="home.city")
    memory.store.remember("The user likes green tea.", owner_id="ana")

    reasons = promoted_from(memory, AIMessage(parroted))

    assert reasons == ["echo"]


def test_a_value_that_was_heard_is_not_learnt_in_the_assistants_other_words() -> None:
    heard = ["The user lives in Munich."]
    said = [
        Candidate(content="Munich is where their flat is.", actor=actor, content_json={"value": "Munich"})
        for actor in ("assistant", "user", "tool")
    ]
    new = Candidate(content="The ticket OPS-12 was closed.", actor="assistant", content_json={"value": "OPS-12"})

    assert [one.flaw for one in mark_echoes([*said, new], heard)] == ["echo", None, None, None]


def test_what_was_superseded_is_not_learnt_again_from_the_assistant(memory: MemoryDatabase) -> None:
    memory.store.remember("The user lives in Berlin.", owner_id="ana", slot="home.city")
    memory.store.remember("The user lives in Munich.", owner_id="ana", slot="home.city")

    assert promoted_from(memory, AIMessage("The user lives in Berlin.")) == ["echo"]


def test_what_the_assistant_says_first_is_learnt_when_the_policy_listens(memory: MemoryDatabase) -> None:
    memory.store.remember("The user lives in Munich.", owner_id="ana", slot="home.city")

    assert promoted_from(memory, AIMessage("The ticket OPS-12 was closed on Monday.")) == ["durable"]


def test_the_user_saying_again_what_was_injected_reinforces_it(memory: MemoryDatabase) -> None:
    outcome = memory.store.remember(
        "The user lives in Munich.",
        owner_id="ana",
        slot="home.city",
        content_json={"value": "Munich"},
        confidence=0.6,
    )
    assert outcome.memory is not None

    reasons = promoted_from(memory, HumanMessage("I live in Munich."), block="- (fact) The user lives in Munich.")

    (known,) = memory.store.list_memories(owner_id="ana")
    assert reasons == ["durable"]
    assert known.id == outcome.memory.id
    assert known.confidence > 0.6
    assert known.last_verified_at is not None


def promoted_from(memory: MemoryDatabase, *messages: BaseMessage, block: str = "", **node: Any) -> list[str]:
    """Run the promotion alone on `messages`, and return the reason for each candidate."""
    reports: list[PromotionReport] = []
    promotion = PromotionNode(
        extractor=Greedy(), on_promotion=reports.append, store=memory.store, **{"policy": TALKING, **node}
    )
    builder = StateGraph(MemoryState, context_schema=MemoryContext)
    builder.add_node("promote", promotion)
    builder.add_edge(START, "promote")
    builder.compile().invoke({"messages": list(messages), "memory_context": block}, context=OWNER)
    return [entry.verdict.reason for report in reports for entry in report]


CRM = ToolMessage("Ana's account is in tier gold.", tool_call_id="c1", name="crm")
PAGE = ToolMessage("Ana's account is in tier lead.", tool_call_id="c2", name="browse")
CALL = AIMessage("", tool_calls=[{"name": "crm", "args": {}, "id": "c3"}])
UNNAMED = ToolMessage("Ana's account is in tier gold.", tool_call_id="c3")


@pytest.mark.parametrize("messages", [[CRM, PAGE], [CALL, UNNAMED, PAGE]], ids=["by name", "by call"])
def test_naming_a_tool_as_trusted_is_the_one_switch_that_lets_its_output_be_read(
    memory: MemoryDatabase, messages: list[BaseMessage]
) -> None:
    assert promoted_from(memory, *messages, policy=None, trusted_tools=("crm",)) == ["durable"]

    (known,) = memory.store.list_memories(owner_id="ana")
    assert (known.content, known.source.actor) == ("Ana's account is in tier gold.", "tool")


def test_no_policy_lets_an_unnamed_tool_or_a_system_prompt_be_read(memory: MemoryDatabase) -> None:
    everybody = PromotionPolicy(actors=("user", "assistant", "tool", "system"))

    assert promoted_from(memory, SystemMessage("Ana is in tier lead."), PAGE, policy=everybody) == []
