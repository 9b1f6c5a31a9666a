"""What was said last holds, whatever is read last: retries, slow jobs, old threads, branches, sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
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
    build_graph,
    open_memory,
)
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.errors import ExtractionError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.types import Retries

ADA = "ada"
AT_ONCE = Retries(first=timedelta(0), longest=timedelta(0))


class Clock:
    """A clock that tests set forward."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Unreliable:
    """Reads as the rules do, unless it is down."""

    name = "unreliable"
    down = False

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        if self.down:
            raise ExtractionError("The service does not answer.", "unreachable")
        return RuleExtractor().extract(utterances)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(database: str, clock: Clock) -> Iterator[MemoryDatabase]:
    with open_memory(database, clock=clock) as opened:
        yield opened


async def say(memory: MemoryDatabase, calls: str, *said: str | HumanMessage, thread: str, **how: Any) -> None:
    """Say something in a thread, in a run of its own; with a `saver` of None the thread is not kept."""
    saver = how.pop("saver", memory.checkpointer)
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(**how))
    graph = Driver(builder.compile(checkpointer=saver, store=memory.store), calls)
    turns = [HumanMessage(one) if isinstance(one, str) else one for one in said]
    config: Any = {"configurable": {"thread_id": thread}}
    await graph.invoke({"messages": turns}, config, context=MemoryContext(ADA))


def known(memory: MemoryDatabase) -> list[str]:
    return sorted(one.content for one in memory.store.list_memories(owner_id=ADA))


async def test_a_message_that_is_read_again_after_an_outage_does_not_take_the_place_of_a_later_one(
    memory: MemoryDatabase, mode: str
) -> None:
    reader = Unreliable()
    reader.down = True
    await say(memory, mode, "I live in Graz.", thread="a", extractor=reader, retries=AT_ONCE)
    reader.down = False
    await say(memory, mode, "I moved to Linz.", thread="b", extractor=reader, retries=AT_ONCE)

    await Driver(PromotionWorker(memory.store, extractor=reader, retries=AT_ONCE), mode).run_once()

    assert known(memory) == ["The user lives in Linz."]


async def test_the_thread_that_is_read_last_does_not_take_the_place_of_what_was_said_last(
    memory: MemoryDatabase, mode: str, clock: Clock
) -> None:
    await say(memory, mode, "I live in Graz.", thread="a", mode="background", quiet_for=60)
    await say(memory, mode, "I moved to Linz.", thread="b", mode="background", quiet_for=1)
    clock.now += timedelta(seconds=10)
    worker = Driver(PromotionWorker(memory.store), mode)
    await worker.run_once()
    between = known(memory)
    clock.now += timedelta(minutes=5)

    await worker.run_once()

    assert between == known(memory) == ["The user lives in Linz."]


async def test_a_message_that_was_edited_holds_as_it_was_edited(
    memory: MemoryDatabase, mode: str, clock: Clock
) -> None:
    await say(memory, mode, HumanMessage("I live in Graz.", id="m1"), thread="a")
    clock.now += timedelta(hours=1)

    await say(memory, mode, HumanMessage("I live in Linz.", id="m1"), thread="a")

    assert known(memory) == ["The user lives in Linz."]


async def test_an_old_thread_that_is_continued_tells_nothing_newer(memory: MemoryDatabase, mode: str) -> None:
    plain = StateGraph(MessagesState).add_node("model", lambda _: {"messages": [AIMessage("ok")]})
    before = plain.add_edge(START, "model").compile(checkpointer=memory.checkpointer)
    before.invoke({"messages": [("user", "I live in Graz.")]}, {"configurable": {"thread_id": "a"}})
    await say(memory, mode, "I moved to Linz.", thread="b")

    await say(memory, mode, "Back again.", thread="a")

    assert known(memory) == ["The user lives in Linz."]


async def test_another_extractor_reads_an_old_thread_as_of_then(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "I live in Graz.", thread="a")
    await say(memory, mode, "I moved to Linz.", thread="b")

    await say(memory, mode, "Thanks!", thread="a", extractor=Unreliable())

    assert known(memory) == ["The user lives in Linz."]


async def test_a_branch_tells_nothing_newer(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "I live in Graz.", thread="a")
    await say(memory, mode, "I moved to Linz.", thread="b")
    memory.checkpointer.copy_thread("a", "c")

    await say(memory, mode, "Hello", thread="c", extractor=Unreliable())

    assert known(memory) == ["The user lives in Linz."]


@pytest.mark.parametrize("promotion", ["hot", "background"])
async def test_a_client_that_sends_its_history_each_time_says_nothing_twice(
    memory: MemoryDatabase, mode: str, promotion: str, clock: Clock
) -> None:
    how: Any = {"saver": None, "mode": promotion, "quiet_for": 0}
    worker = Driver(PromotionWorker(memory.store), mode)
    await say(memory, mode, "I live in Graz.", thread="a", **how)
    await say(memory, mode, "I like chess.", thread="c", **how)
    await worker.run_once()
    first = memory.store.recall("chess", owner_id=ADA)[0].memory.confidence
    await say(memory, mode, "I moved to Linz.", thread="b", **how)
    await say(memory, mode, "I live in Graz.", "thanks", thread="a", **how)
    await say(memory, mode, "I like chess.", "hm", thread="c", **how)
    await say(memory, mode, "I like chess.", "hm", "hm", thread="c", **how)

    await worker.run_once()

    assert known(memory) == ["The user likes chess.", "The user lives in Linz."]
    assert memory.store.recall("chess", owner_id=ADA)[0].memory.confidence == first


async def test_what_is_said_again_later_in_a_thread_holds_again(memory: MemoryDatabase, mode: str) -> None:
    for said in ("I live in Graz.", "I moved to Linz.", "I live in Graz."):
        await say(memory, mode, said, thread="a")

    assert known(memory) == ["The user lives in Graz."]


@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize("told", [datetime(2026, 2, 1, 12, 0, tzinfo=UTC), "2026-02-01T12:00:00+00:00"])
async def test_a_message_that_tells_when_it_was_said_counts_as_of_then(
    memory: MemoryDatabase, mode: str, promotion: str, told: Any
) -> None:
    await say(memory, mode, "I live in Linz.", thread="a")
    old = HumanMessage("I live in Graz.", additional_kwargs={"said_at": told})
    coming = HumanMessage("My exam is tomorrow.", additional_kwargs={"said_at": told})
    await say(memory, mode, old, coming, thread="b", saver=InMemorySaver(), mode=promotion, quiet_for=0)
    await Driver(PromotionWorker(memory.store), mode).run_once()

    assert "The user lives in Linz." in known(memory)
    assert "The user lives in Graz." not in known(memory)
    assert not [one for one in known(memory) if "2026" in one and "February" not in one]


@pytest.mark.parametrize("told", ["yesterday", "2026-02-01T12:00:00", 5, None])
async def test_a_time_that_is_none_or_has_no_zone_is_that_of_the_run(
    memory: MemoryDatabase, mode: str, told: Any
) -> None:
    await say(memory, mode, "I live in Linz.", thread="a")
    await say(memory, mode, HumanMessage("I moved to Graz.", additional_kwargs={"said_at": told}), thread="b")

    assert known(memory) == ["The user lives in Graz."]


async def test_when_it_was_said_is_told_with_the_memory(memory: MemoryDatabase, mode: str, clock: Clock) -> None:
    began = clock.now
    await say(memory, mode, "I live in Linz.", thread="a", mode="background", quiet_for=0)
    clock.now += timedelta(days=3)

    await Driver(PromotionWorker(memory.store), mode).run_once()

    (found,) = memory.store.list_memories(owner_id=ADA)
    assert found.source.said_at is not None
    assert began < found.source.said_at < began + timedelta(minutes=1) < found.created_at
