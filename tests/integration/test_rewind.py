"""What a real graph's abandoned branch taught is taken back, and a replay can be answered as of its checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, StateGraph

from langgraph_memory import (
    MemoryContext,
    MemoryDatabase,
    MemoryState,
    PromotionNode,
    PromotionWorker,
    RetrievalNode,
    Source,
    open_memory,
)
from langgraph_memory.errors import InvalidInputError, MissingOwnerError

ADA = "ada"
OWNER = MemoryContext(owner_id=ADA)
THREAD = {"configurable": {"thread_id": "t"}}


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


@pytest.fixture
def graph(memory: MemoryDatabase) -> Any:
    return assistant(memory)


def assistant(memory: MemoryDatabase, promotion: PromotionNode | None = None, **retrieval: Any) -> Any:
    """Compile retrieve -> answer -> promote."""
    builder = StateGraph(MemoryState, context_schema=MemoryContext)
    builder.add_node("retrieve", RetrievalNode(**retrieval))
    builder.add_node("answer", lambda state: {"messages": [AIMessage("Noted.")]})
    builder.add_node("promote", promotion or PromotionNode())
    builder.add_edge(START, "retrieve")
    builder.add_edge("retrieve", "answer")
    builder.add_edge("answer", "promote")
    builder.add_edge("promote", END)
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


def says(graph: Any, text: str, config: Any = THREAD, message_id: str | None = None) -> Any:
    return graph.invoke({"messages": [HumanMessage(text, id=message_id)]}, config, context=OWNER)


def head(graph: Any) -> Any:
    """Return the config of the thread's newest checkpoint."""
    return graph.get_state(THREAD).config


def id_of(config: Any) -> str:
    return str(config["configurable"]["checkpoint_id"])


def live(memory: MemoryDatabase) -> list[str]:
    return sorted(one.content for one in memory.store.list_memories(owner_id=ADA))


def contents(memories: Any) -> list[str]:
    return sorted(one.content for one in memories)


def test_a_rewind_takes_back_what_the_abandoned_turn_taught(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I moved to Paris. Our database is Postgres.")
    assert live(memory) == ["The user lives in Paris.", "The user's team uses Postgres."]

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert contents(done.removed) == ["The user lives in Paris.", "The user's team uses Postgres."]
    assert contents(done.restored) == ["The user lives in Berlin."]
    assert done.messages == 1
    assert live(memory) == ["The user lives in Berlin."]
    assert memory.store.recall("where does the user live?", owner_id=ADA).memories[0].superseded_by is None


def test_a_preview_changes_nothing(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I moved to Paris.")

    preview = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=True)

    assert preview.dry_run
    assert (contents(preview.removed), contents(preview.restored)) == (
        ["The user lives in Paris."],
        ["The user lives in Berlin."],
    )
    assert "remove: The user lives in Paris." in str(preview)
    assert live(memory) == ["The user lives in Paris."]
    assert memory.audit.receipts(owner_id=ADA, kind="retraction") == []


def test_after_a_fork_the_newest_branch_is_the_one_that_counts(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I moved to Paris.")
    says(graph, "We use Slack.", before)

    done = memory.hygiene.retract_branch("t", owner_id=ADA, dry_run=False)

    assert contents(done.removed) == ["The user lives in Paris."]
    assert live(memory) == ["The user lives in Berlin.", "The user's team uses Slack."]


def test_the_same_message_counts_again_on_the_new_branch(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "Hello there.")
    before = head(graph)
    says(graph, "We use Slack.", message_id="m")
    memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)
    assert live(memory) == []

    says(graph, "We use Slack.", before, message_id="m")

    assert live(memory) == ["The user's team uses Slack."]


def test_a_second_retraction_finds_nothing_left(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "Hello there.")
    before = head(graph)
    says(graph, "We use Slack.")
    memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    again = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert (again.removed, again.restored, again.messages) == ((), (), 0)


def test_what_was_confirmed_elsewhere_stays(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "Hello there.")
    before = head(graph)
    says(graph, "We use Slack.")
    says(graph, "We use Slack.", {"configurable": {"thread_id": "other"}})

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert done.removed == ()
    assert [(one.memory.content, one.reason) for one in done.stays] == [
        ("The user's team uses Slack.", "reinforced since by the user in thread other")
    ]
    assert live(memory) == ["The user's team uses Slack."]


def test_a_confirmation_of_the_abandoned_branch_is_taken_back(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "We use Slack.")
    (known,) = memory.store.list_memories(owner_id=ADA)
    before = head(graph)
    says(graph, "We use Slack.")
    assert memory.store.list_memories(owner_id=ADA)[0].confidence > known.confidence

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert contents(done.unconfirmed) == ["The user's team uses Slack."]
    (now,) = memory.store.list_memories(owner_id=ADA)
    assert (now.confidence, now.last_verified_at) == (known.confidence, known.last_verified_at)


def test_what_the_abandoned_branch_retired_holds_again(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I don't live in Berlin any more.")
    assert live(memory) == ["The user no longer lives in Berlin."]

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert contents(done.removed) == ["The user no longer lives in Berlin."]
    assert contents(done.restored) == ["The user lives in Berlin."]
    assert live(memory) == ["The user lives in Berlin."]


def test_a_chain_of_two_abandoned_values_leads_back_to_the_first(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I moved to Paris.")
    says(graph, "I moved to Lyon.")

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert len(done.removed) == 2
    assert live(memory) == ["The user lives in Berlin."]


def test_what_another_thread_said_since_keeps_its_place(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I moved to Paris.")
    says(graph, "I moved to Oslo.", {"configurable": {"thread_id": "other"}})

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert live(memory) == ["The user lives in Oslo."]
    (oslo,) = memory.store.list_memories(owner_id=ADA)
    assert contents(memory.store.history(oslo.id, owner_id=ADA)) == [
        "The user lives in Berlin.",
        "The user lives in Oslo.",
    ]
    assert [one.reason for one in done.stays] == ["it was superseded again since"]


def test_a_slot_that_was_filled_since_stays_filled(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I don't live in Berlin any more.")
    says(graph, "I live in Oslo.", {"configurable": {"thread_id": "other"}})

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert live(memory) == ["The user lives in Oslo."]
    assert (done.restored, len(done.stays)) == ((), 1)


def test_a_retraction_leaves_a_receipt_and_audit_lines(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "I live in Berlin.")
    before = head(graph)
    says(graph, "I moved to Paris.")

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    (receipt,) = memory.audit.receipts(owner_id=ADA, kind="retraction")
    assert (receipt.id, receipt.thread_id, receipt.counts["removed"]) == (done.id, "t", 1)
    assert "Paris" not in str(receipt.body)
    actions = {entry.memory_id: entry.action for entry in reversed(memory.audit.entries(owner_id=ADA))}
    assert actions == {done.removed[0].id: "retracted", done.restored[0].id: "restored"}


def test_other_owners_are_not_touched(graph: Any, memory: MemoryDatabase) -> None:
    says(graph, "Hello there.")
    before = head(graph)
    says(graph, "We use Slack.")

    done = memory.hygiene.retract_branch("t", owner_id="ben", keep=id_of(before), dry_run=False)

    assert done.removed == ()
    assert live(memory) == ["The user's team uses Slack."]


def test_runs_are_deleted_with_what_they_taught(graph: Any, memory: MemoryDatabase) -> None:
    first, second = ({**THREAD, "metadata": {"run_id": f"run-{number}"}} for number in (1, 2))
    says(graph, "I live in Berlin.", first)
    kept = len(list(graph.get_state_history(THREAD)))
    says(graph, "I moved to Paris.", second)

    preview = memory.hygiene.delete_for_runs(["run-2"], owner_id=ADA, dry_run=True)
    assert len(list(graph.get_state_history(THREAD))) == kept + preview.checkpoints
    done = memory.hygiene.delete_for_runs(["run-2"], owner_id=ADA, dry_run=False)

    assert preview.checkpoints == done.checkpoints > 0
    assert len(list(graph.get_state_history(THREAD))) == kept
    assert live(memory) == ["The user lives in Berlin."]


def test_neither_happens_when_the_checkpoints_cannot_be_deleted(
    graph: Any, memory: MemoryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(graph, "We use Slack.", {**THREAD, "metadata": {"run_id": "run-1"}})
    kept = len(list(graph.get_state_history(THREAD)))

    def fails(run_ids: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr("langgraph_memory.operations.rewind.delete_runs", fails)
    with pytest.raises(OSError, match="disk"):
        memory.hygiene.delete_for_runs(["run-1"], owner_id=ADA, dry_run=False)

    assert live(memory) == ["The user's team uses Slack."]
    assert len(list(graph.get_state_history(THREAD))) == kept


def test_what_the_abandoned_branch_queued_is_never_read(memory: MemoryDatabase) -> None:
    graph = assistant(memory, promotion=PromotionNode(mode="background", quiet_for=0))
    says(graph, "Hello there.")
    before = head(graph)
    says(graph, "We use Slack.")

    done = memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert done.messages == 1
    PromotionWorker(memory.store).run_once()
    assert live(memory) == []


def test_the_store_takes_back_a_run_by_its_id(graph: Any, memory: MemoryDatabase) -> None:
    run = "00000000-0000-0000-0000-000000000009"
    says(graph, "We use Slack.", {**THREAD, "run_id": run})

    preview = memory.hygiene.retract(owner_id=ADA, run_ids=[run], dry_run=True)
    done = asyncio.run(memory.hygiene.aretract(owner_id=ADA, run_ids=[run], dry_run=False))

    assert preview.removed == done.removed
    assert live(memory) == []


async def test_the_async_twins_do_the_same(database: str) -> None:
    async with open_memory(database) as memory:
        for number, text in enumerate(("We use Slack.", "We use Jira.")):
            source = Source(thread_id="t", checkpoint_id=f"c{number}", run_id=f"r{number}")
            await memory.store.aremember(text, owner_id=ADA, source=source)

        first = await memory.hygiene.aretract(owner_id=ADA, thread_id="t", checkpoint_ids=["c0"], dry_run=False)
        second = await memory.hygiene.adelete_for_runs(["r1"], owner_id=ADA, dry_run=False)

        assert [contents(one.removed) for one in (first, second)] == [["We use Slack."], ["We use Jira."]]
        with pytest.raises(InvalidInputError, match="no checkpoint"):
            await memory.hygiene.aretract_branch("t", owner_id=ADA, keep="c9")


def test_a_conflict_with_what_is_taken_back_is_over(memory: MemoryDatabase) -> None:
    memory.store.remember("The build takes 5 minutes.", owner_id=ADA)
    source = Source(actor="user", thread_id="t", run_id="r")
    assert memory.store.remember("The build takes 15 minutes.", owner_id=ADA, source=source).action == "conflict"

    memory.hygiene.retract(owner_id=ADA, run_ids=["r"], dry_run=False)

    assert [one.conflict_id for one in memory.store.list_memories(owner_id=ADA)] == [None]


@pytest.mark.parametrize(
    "named", [{}, {"thread_id": "t"}, {"checkpoint_ids": ["c"]}, {"run_ids": "r"}, {"thread_id": 1, "run_ids": ["r"]}]
)
def test_what_names_no_branch_is_an_error(memory: MemoryDatabase, named: Any) -> None:
    with pytest.raises(InvalidInputError):
        memory.hygiene.retract(owner_id=ADA, **named)


def test_a_retraction_needs_an_owner(memory: MemoryDatabase) -> None:
    with pytest.raises(MissingOwnerError):
        memory.hygiene.retract(owner_id="", run_ids=["r"])


def test_a_promotion_inside_a_subgraph_is_taken_back_too(memory: MemoryDatabase) -> None:
    inner = StateGraph(MemoryState, context_schema=MemoryContext)
    inner.add_node("promote", PromotionNode())
    inner.add_edge(START, "promote")
    outer = StateGraph(MemoryState, context_schema=MemoryContext)
    outer.add_node("learn", inner.compile())
    outer.add_edge(START, "learn")
    graph = outer.compile(checkpointer=memory.checkpointer, store=memory.store)
    says(graph, "Hello there.")
    before = head(graph)
    says(graph, "We use Slack.")
    assert live(memory) == ["The user's team uses Slack."]

    memory.hygiene.retract_branch("t", owner_id=ADA, keep=id_of(before), dry_run=False)

    assert live(memory) == []


# --- as of a checkpoint -----------------------------------------------------------------------------------------------


def asked(graph: Any, text: str) -> Any:
    """Return the config of the checkpoint at which a message was in and nothing was retrieved for it."""
    return next(
        state.config
        for state in graph.get_state_history(THREAD)
        if state.next == ("retrieve",) and state.values["messages"][-1].text == text
    )


@pytest.mark.parametrize(("as_of", "expected"), [("checkpoint", "Berlin"), ("now", "Paris")])
def test_a_replay_is_answered_as_of_its_checkpoint_when_that_is_asked(
    memory: MemoryDatabase, as_of: Any, expected: str
) -> None:
    graph = assistant(memory, as_of=as_of)
    says(graph, "I live in Berlin.")
    says(graph, "Where do I live?")
    says(graph, "I moved to Paris.")

    state = graph.invoke(None, asked(graph, "Where do I live?"), context=OWNER)

    assert f"The user lives in {expected}." in state["memory_context"]


async def test_an_async_replay_is_answered_as_of_its_checkpoint(database: str) -> None:
    async with open_memory(database) as memory:
        graph = assistant(memory, as_of="checkpoint")
        for text in ("I live in Berlin.", "Where do I live?", "I moved to Paris."):
            await graph.ainvoke({"messages": [HumanMessage(text)]}, THREAD, context=OWNER)
        history = [state async for state in graph.aget_state_history(THREAD)]
        (old,) = [one for one in history if one.next == ("retrieve",) and one.values["messages"][-1].text.endswith("?")]

        state = await graph.ainvoke(None, old.config, context=OWNER)

        assert "The user lives in Berlin." in state["memory_context"]


def test_a_run_that_goes_on_from_the_newest_checkpoint_is_answered_now(memory: MemoryDatabase) -> None:
    graph = assistant(memory, as_of="checkpoint")
    says(graph, "I live in Berlin.")
    memory.store.remember("The user lives in Rome.", owner_id=ADA, slot="home.city")

    state = says(graph, "Where do I live?")

    assert "The user lives in Rome." in state["memory_context"]


def test_another_moment_than_now_or_the_checkpoint_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="as_of"):
        RetrievalNode(as_of="yesterday")  # type: ignore[arg-type]
