"""Nothing that is said, and nothing that an extractor does, breaks a thread: it costs one message, with a reason."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, MessagesState, StateGraph

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    Utterance,
    build_graph,
)
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import ExtractionError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.extract.topics import TOPICS
from langgraph_memory.types import PromotionReport

OWNER = MemoryContext(owner_id="ana")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    engine = connect(database)
    opened = MemoryDatabase(engine)
    opened.store.setup()
    opened.checkpointer.setup()
    yield opened
    engine.close()


class Talk:
    """A thread of a graph of one promotion node, with what the node reported."""

    def __init__(self, memory: MemoryDatabase, how: str, extractor: Any = None, **node: Any) -> None:
        self.how = how
        self.memory = memory
        self.reports: list[PromotionReport] = []
        self.failures: list[ExtractionError] = []
        promotion = PromotionNode(
            extractor=extractor, on_promotion=self.reports.append, on_failure=self.failures.append, **node
        )
        builder = StateGraph(MessagesState, context_schema=MemoryContext)
        builder.add_node("promote", promotion)
        builder.add_edge(START, "promote")
        builder.add_edge("promote", END)
        self.graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)

    async def say(self, *texts: str) -> None:
        config: Any = {"configurable": {"thread_id": "t"}}
        said: Any = {"messages": [HumanMessage(text) for text in texts]}
        if self.how == "sync":
            self.graph.invoke(said, config, context=OWNER)
        else:
            await self.graph.ainvoke(said, config, context=OWNER)

    @property
    def known(self) -> list[str]:
        return sorted(one.content for one in self.memory.store.list_memories(owner_id="ana"))

    @property
    def reasons(self) -> list[str]:
        return [entry.verdict.reason for report in self.reports for entry in report]


def noted(one: Utterance, **more: Any) -> Candidate:
    return Candidate(**{"content": f"Said: {one.text}", "message_id": one.message_id, **more})


def raising(utterances: Sequence[Utterance]) -> list[Candidate]:
    if any("poison" in one.text for one in utterances):
        raise KeyError("the poison of Oslo")
    return [noted(one) for one in utterances]


async def araising(utterances: Sequence[Utterance]) -> list[Candidate]:
    return raising(utterances)


def breaking_off(utterances: Sequence[Utterance]) -> Iterator[Candidate]:
    for one in utterances:
        if "poison" in one.text:
            raise ZeroDivisionError
        yield noted(one)


def no_candidates(utterances: Sequence[Utterance]) -> list[Any]:
    return [one.text if "poison" in one.text else noted(one) for one in utterances]


def nothing_at_all(utterances: Sequence[Utterance]) -> Any:
    return None if any("poison" in one.text for one in utterances) else [noted(one) for one in utterances]


def invalid(**fields: Any) -> Callable[[Sequence[Utterance]], list[Candidate]]:
    def extract(utterances: Sequence[Utterance]) -> list[Candidate]:
        return [noted(one, **(fields if "poison" in one.text else {})) for one in utterances]

    return extract


def unchecked(**fields: Any) -> Callable[[Sequence[Utterance]], list[Candidate]]:
    def extract(utterances: Sequence[Utterance]) -> list[Candidate]:
        return [noted(one).model_copy(update=fields if "poison" in one.text else {}) for one in utterances]

    return extract


def _nested() -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(20_000):
        nested = {"in": nested}
    return nested


FAULTS: dict[str, tuple[Any, str]] = {
    "an error": (raising, "extractor_failed"),
    "an error half-way": (breaking_off, "extractor_failed"),
    "texts instead of candidates": (no_candidates, "extractor_failed"),
    "nothing instead of candidates": (nothing_at_all, "extractor_failed"),
    "a payload that is no JSON": (invalid(content_json={"value": {1, 2}}), "invalid"),
    "a number that is no JSON": (invalid(content_json={"value": float("nan")}), "invalid"),
    "a payload without end": (unchecked(content_json=_nested()), "invalid"),
    "a blank text": (unchecked(content="    "), "invalid"),
    "a number for a slot": (unchecked(slot=3), "invalid"),
    "a confidence out of bounds": (unchecked(confidence=7.0), "invalid"),
    "half a character": (invalid(content="The user likes \ud800."), "extractor_failed"),
}


@pytest.mark.parametrize(("extractor", "reason"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_costs_its_message_and_nothing_else(
    memory: MemoryDatabase, mode: str, extractor: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    talk = Talk(memory, mode, extractor)

    with caplog.at_level(logging.DEBUG, "langgraph_memory"):
        await talk.say("One.", "The poison of Oslo.", "Three.")
        await talk.say("Four.")

    assert talk.known == ["Said: Four.", "Said: One.", "Said: Three."]
    assert talk.reasons == ["durable", reason, "durable", "durable"]
    assert "Oslo" not in caplog.text + str(talk.reports)
    assert memory.jobs.pending() == []


async def test_an_async_extractor_that_fails_costs_its_message(memory: MemoryDatabase) -> None:
    talk = Talk(memory, "async", araising)

    await talk.say("One.", "The poison.")

    assert (talk.known, talk.reasons) == (["Said: One."], ["durable", "extractor_failed"])


async def test_an_invalid_candidate_costs_nothing_else_in_the_background(memory: MemoryDatabase, mode: str) -> None:
    extractor = invalid(content_json={"value": {1}})
    reports: list[PromotionReport] = []
    await Talk(memory, mode, extractor, mode="background").say("One.", "The poison.", "Three.")

    worker = PromotionWorker(memory.store, extractor=extractor, on_promotion=reports.append)
    report = worker.drain() if mode == "sync" else await worker.adrain()

    assert (report.messages, report.failed) == (3, 0)
    assert [entry.verdict.reason for entry in reports[0]] == ["durable", "invalid", "durable"]


async def test_an_error_in_the_background_holds_up_its_message_alone(memory: MemoryDatabase, mode: str) -> None:
    talk = Talk(memory, mode, raising, mode="background")
    await talk.say("One.", "The poison.", "Three.")

    worker = PromotionWorker(memory.store, extractor=raising)
    report = worker.drain() if mode == "sync" else await worker.adrain()

    assert (report.messages, report.failed) == (2, 1)
    assert talk.known == ["Said: One.", "Said: Three."]
    assert [(job.waiting, job.last_error) for job in memory.jobs.pending()] == [(1, "KeyError")]


async def test_what_cannot_be_reached_is_asked_again_later(memory: MemoryDatabase, mode: str) -> None:
    def unreachable(utterances: Sequence[Utterance]) -> list[Candidate]:
        raise ConnectionResetError("I live in Oslo")

    talk = Talk(memory, mode, unreachable)

    await talk.say("I live in Oslo.")

    assert [one.reason for one in talk.failures] == ["unavailable"]
    assert [job.waiting for job in memory.jobs.pending()] == [1]


async def test_an_extractor_may_interrupt_the_run(memory: MemoryDatabase) -> None:
    def interrupting(utterances: Sequence[Utterance]) -> list[Candidate]:
        raise GraphBubbleUp

    with pytest.raises(GraphBubbleUp):
        await Talk(memory, "sync", interrupting).say("One.")


async def test_a_candidate_that_names_no_message_is_of_the_only_one(memory: MemoryDatabase, mode: str) -> None:
    talk = Talk(memory, mode, lambda utterances: [Candidate(content="The user likes tea.")])

    await talk.say("I like tea.")

    assert talk.known == ["The user likes tea."]


async def test_every_message_leaves_a_line_in_the_report(memory: MemoryDatabase, mode: str) -> None:
    talk = Talk(memory, mode)

    await talk.say("Hi!", "My name is Ana.", "What is the weather like?")

    (report,) = talk.reports
    ids = [entry.candidate.message_id for entry in report]
    assert len(set(ids)) == 3
    assert sorted(talk.reasons) == ["durable", "nothing_heard", "nothing_heard"]
    receipt = report.to_json()["candidates"]
    assert [line["message_id"] for line in receipt] == ids


STANCES = (
    "I am not {}",
    "I'm not {} intolerant",
    "I am no longer {}",
    "I no longer have {}",
    "My {} is not {}",
    "I don't have a {} any more",
    "We don't use {} any more",
    "{} not {}",
    "I used to be {}",
    "Never {}",
)
THINGS = (
    "lactose intolerant",
    "gluten",
    "diabetic",
    "a doctor",
    "Ana",
    "left-handed",
    "married",
    "Postgres",
    "from Oslo",
    "name",
    "birthday",
    "team",
    "34",
    "color blind",
    "",
    "“”",
)


def test_no_denial_raises() -> None:
    said = [pattern.replace("{}", thing) for pattern in STANCES for thing in THINGS]

    for number, text in enumerate(said):
        RuleExtractor().extract([Utterance(message_id=str(number), actor="user", text=text)])


def test_every_topic_has_words_for_what_it_says() -> None:
    assert all(topic.says for topic in TOPICS.values())


PIECES = (
    *THINGS,
    *"I am not no longer my your is are was were have never always don't like hate live in work at moved to".split(),
    *("call me", "remember that", "forget", "actually", "sorry, I meant", "instead of", "and", "but", ",", ".", "?"),
    *("\n", "- ", "> ", "```", '"', "(", ")", "[", "{0}", "{value}", "%s", "\\", "\x00", "\u200b", "\u202e", "🙂", "ß"),
    *("我不吃肉", "मैं शाकाहारी हूँ", "ich bin nicht", "n'ai pas", "ya no", "e\u0301", "\ud800", "1e999", "-0", "９", "٣"),
)


@pytest.mark.parametrize("seed", range(20))
def test_no_text_makes_the_rules_raise(seed: int) -> None:
    chance = random.Random(seed)

    for number in range(100):
        text = chance.choice((" ", "")).join(chance.choices(PIECES, k=chance.randint(1, 12)))
        RuleExtractor().extract([Utterance(message_id=str(number), actor="user", text=text)])


@pytest.mark.parametrize("seed", range(3))
async def test_no_text_ends_a_thread(memory: MemoryDatabase, mode: str, seed: int) -> None:
    chance = random.Random(seed)
    talk = Talk(memory, mode)
    storable = [piece for piece in PIECES if piece not in ("\x00", "\ud800")]

    for _ in range(5):
        await talk.say(*(" ".join(chance.choices(storable, k=chance.randint(1, 12))) for _ in range(8)))
    await talk.say("My name is Ana.")

    assert "The user's name is Ana." in talk.known


@pytest.mark.parametrize("text", ["I am not lactose intolerant", "I'm not gluten intolerant any more."])
async def test_what_ended_a_thread_is_said_and_the_thread_goes_on(memory: MemoryDatabase, text: str) -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    config: Any = {"configurable": {"thread_id": "t"}}

    for said in (text, "My name is Ana."):
        graph.invoke({"messages": [("user", said)]}, config, context=OWNER)

    assert "The user's name is Ana." in [one.content for one in memory.store.list_memories(owner_id="ana")]
