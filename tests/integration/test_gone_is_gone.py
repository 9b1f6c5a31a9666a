"""What was forgotten, retired, superseded or erased comes back when it is said anew, and by no other way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from support import Driver

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    Source,
    build_graph,
    open_memory,
)
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.transfer.copy import copy_memory

ANA = MemoryContext(owner_id="ana")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


async def say(memory: MemoryDatabase, how: str, name: str, said: Any, **options: Any) -> None:
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(**options))
    graph = Driver(builder.compile(checkpointer=memory.checkpointer, store=memory.store), how)
    messages = [("user", said)] if isinstance(said, str) else said
    await graph.invoke({"messages": messages}, thread(name), context=ANA)


def known(memory: MemoryDatabase) -> list[str]:
    return sorted(one.content for one in memory.store.list_memories(owner_id="ana"))


def rereading(utterances: Sequence[Utterance]) -> list[Candidate]:
    """Another extractor, which puts what was said in its own words."""
    return [
        Candidate(content=f"Ana said: {one.text}", message_id=one.message_id, excerpt=one.text) for one in utterances
    ]


@pytest.mark.parametrize("promotion", ["hot", "background"])
async def test_what_was_erased_is_not_learnt_again_from_the_thread_that_goes_on(
    memory: MemoryDatabase, mode: str, promotion: str
) -> None:
    await say(memory, mode, "t", "I live in Berlin.", mode=promotion, quiet_for=0)
    await Driver(memory.admin, mode).erase_owner("ana")

    await say(memory, mode, "t", "Hello!", mode=promotion, quiet_for=0)
    await Driver(PromotionWorker(memory.store), mode).run_once()
    assert known(memory) == []
    await say(memory, mode, "t", "Hello!", extractor=rereading)
    assert known(memory) == ["Ana said: Hello!"]
    await say(memory, mode, "u", "I live in Berlin.")
    assert "The user lives in Berlin." in known(memory)


async def test_what_was_forgotten_is_not_read_again_by_another_extractor(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "t", "I live in Berlin.")
    (known_one,) = memory.store.list_memories(owner_id="ana")
    await Driver(memory.store, mode).forget(known_one.id, owner_id="ana")

    await say(memory, mode, "t", "Hello!", extractor=rereading)

    assert known(memory) == ["Ana said: Hello!"]


@pytest.mark.parametrize("way", ["copied", "said again by its messages"])
async def test_a_copy_of_a_thread_brings_nothing_back(memory: MemoryDatabase, mode: str, way: str) -> None:
    await say(memory, mode, "a", "I live in Berlin.")
    await say(memory, mode, "a", "I prefer dark mode.")
    await say(memory, mode, "b", "I moved to Munich.")
    dark = next(one for one in memory.store.list_memories(owner_id="ana") if "dark" in one.content)
    await Driver(memory.store, mode).supersede(
        dark.id, "The user prefers light mode.", owner_id="ana", content_json={"value": "light"}
    )
    before = known(memory)

    said: list[Any] = [HumanMessage("Hello!")]
    if way == "copied":
        await Driver(memory.checkpointer, mode).copy_thread("a", "c")
    else:
        held = memory.checkpointer.get_tuple(thread("a"))
        assert held is not None
        said = [*held.checkpoint["channel_values"]["messages"], *said]
    await say(memory, mode, "c", said)

    assert known(memory) == before
    assert memory.hygiene.conflicts(owner_id="ana") == []


async def test_a_copied_thread_with_ids_of_its_own_is_not_read_twice(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "a", [HumanMessage("I live in Berlin.", id="1")])
    (first,) = memory.store.list_memories(owner_id="ana")
    await Driver(memory.checkpointer, mode).copy_thread("a", "c")

    await say(memory, mode, "c", [HumanMessage("Hello!", id="2")])
    assert memory.store.list_memories(owner_id="ana") == [first]
    await say(memory, mode, "d", [HumanMessage("I live in Berlin.", id="1")])
    assert memory.store.list_memories(owner_id="ana")[0].confidence > first.confidence


async def test_a_queued_job_does_not_bring_back_what_was_forgotten_meanwhile(memory: MemoryDatabase, mode: str) -> None:
    await say(memory, mode, "a", "I live in Berlin.")
    (first,) = memory.store.list_memories(owner_id="ana")
    await say(memory, mode, "b", "I live in Berlin.", mode="background", quiet_for=0)
    await Driver(memory.store, mode).forget(first.id, owner_id="ana")

    await Driver(PromotionWorker(memory.store), mode).run_once()
    assert known(memory) == []
    await say(memory, mode, "b", "I live in Berlin.")
    assert known(memory) == ["The user lives in Berlin."]


async def test_an_import_does_not_bring_back_what_is_gone(memory: MemoryDatabase, mode: str) -> None:
    store = Driver(memory.store, mode)
    kept = (await store.remember("The user has a dog.", owner_id="ana")).memory
    gone = (await store.remember("The user lives in Berlin.", owner_id="ana")).memory
    lines = list(memory.admin.export(owner_id="ana"))
    await store.forget(gone.id, owner_id="ana")

    receipt = await store.admin.import_(lines)
    assert receipt.counts["gone"] == 1
    assert known(memory) == [kept.content]
    await store.admin.erase_owner("ana")
    await store.admin.import_(lines)
    assert known(memory) == []
    assert memory.audit.entries(owner_id="ana") == []
    await store.remember("The user lives in Berlin.", owner_id="ana")
    assert known(memory) == ["The user lives in Berlin."]


def test_a_copy_from_an_older_database_does_not_bring_back_what_is_gone(databases: Any) -> None:
    old, new = databases.new(), databases.new()
    with open_memory(old) as memory:
        memory.store.remember("The user lives in Berlin.", owner_id="ana")
        memory.store.remember("The user has a dog.", owner_id="ana")
        memory.store.remember("likes tea", owner_id="ben")
    copy_memory(old, new)
    with open_memory(new) as memory:
        berlin = next(one for one in memory.store.list_memories(owner_id="ana") if "Berlin" in one.content)
        memory.store.forget(berlin.id, owner_id="ana")
        memory.admin.erase_owner("ben")

    with pytest.raises(Exception, match="differs"):  # the audit trail of what was forgotten
        copy_memory(old, new)

    with open_memory(new) as memory:
        assert known(memory) == ["The user has a dog."]
        assert memory.store.list_memories(owner_id="ben") == []


def test_marks_go_with_a_copied_database(databases: Any) -> None:
    old, new = databases.new(), databases.new()
    with open_memory(old) as memory:
        gone = memory.store.remember("The user lives in Berlin.", owner_id="ana").memory
        assert gone is not None
        lines = list(memory.admin.export(owner_id="ana"))
        memory.store.forget(gone.id, owner_id="ana")
    copy_memory(old, new)

    with open_memory(new) as memory:
        memory.admin.import_(lines)
        assert known(memory) == []


def test_a_mark_holds_nothing_of_what_it_is_of(memory: MemoryDatabase, database: str) -> None:
    from databases import rows

    gone = memory.store.remember("The user lives in Berlin.", owner_id="ana", slot="home.city").memory
    assert gone is not None
    memory.store.forget(gone.id, owner_id="ana")

    found = rows(database, "SELECT holder, digest FROM memory_mark")
    assert found
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for row in found for one in row)


@pytest.mark.parametrize(("slot", "value"), [("home.city", "Berlin"), ("home.city", None), (None, None)])
async def test_a_candidate_that_asks_to_forget_is_carried_out(
    memory: MemoryDatabase, mode: str, slot: str | None, value: str | None
) -> None:
    def forgetting(utterances: Sequence[Utterance]) -> list[Candidate]:
        said = {"message_id": utterances[-1].message_id, "excerpt": utterances[-1].text}
        payload = None if value is None else {"value": value}
        content = "The user lives in Berlin."
        return [Candidate(content=content, slot=slot, content_json=payload, forgets=True, **said)]

    reports: list[Any] = []
    await say(memory, mode, "t", "I live in Hamburg.")
    await say(memory, mode, "t", "I moved to Berlin.")
    (berlin,) = memory.store.list_memories(owner_id="ana")
    slotless = (
        slot is None
        and (
            await Driver(memory.store, mode).remember(berlin.content, owner_id="ana", source=Source(actor="user"))
        ).memory
    )

    await say(memory, mode, "t", "Forget that I live in Berlin.", extractor=forgetting, on_promotion=reports.append)

    assert "forgotten" in [entry.outcome.action for entry in reports[-1] if entry.outcome is not None]
    left = [one.id for one in memory.store.list_memories(owner_id="ana", include_inactive=True)]
    assert (slotless.id if slotless else berlin.id) not in left
    await say(memory, mode, "u", "Forget that I live in Berlin.", extractor=forgetting, on_promotion=reports.append)
    assert slot is None or "nothing_to_forget" in [entry.verdict.reason for entry in reports[-1]]


async def test_what_is_forgotten_is_in_no_quote_of_what_was_said_with_it(
    memory: MemoryDatabase, mode: str, database: str
) -> None:
    def reading(utterances: Sequence[Utterance]) -> list[Candidate]:
        said = {"message_id": utterances[-1].message_id, "excerpt": utterances[-1].text}
        return [Candidate(content=f"The user {what}.", **said) for what in ("lives in Berlin", "has a dog")]

    store = Driver(memory.store, mode)
    await say(memory, mode, "t", "I live in Berlin and have a dog.", extractor=reading)
    berlin, dog = sorted(memory.store.list_memories(owner_id="ana"), key=lambda one: "dog" in one.content)
    await store.verify(dog.id, owner_id="ana")

    await store.forget(berlin.id, owner_id="ana")

    (left,) = await store.list_memories(owner_id="ana")
    assert (left.content, left.source.excerpt) == ("The user has a dog.", None)
    assert left.source.message_ids == dog.source.message_ids
    assert "Berlin" not in "".join(memory.admin.export(owner_id="ana"))
    assert [one.content for one in await store.history(dog.id, owner_id="ana")] == ["The user has a dog."]
