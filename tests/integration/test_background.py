"""Promotion in the background: a turn queues, a worker reads; nothing is lost, doubled or held up."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from support import Clock, one_sentence

from langgraph_memory import (
    Candidate,
    CuratedStore,
    GuardPolicy,
    MemoryContext,
    MemoryDatabase,
    PromotionNode,
    PromotionPolicy,
    PromotionWorker,
    Utterance,
)
from langgraph_memory.engine.connect import connect
from langgraph_memory.errors import ExtractionError, InvalidInputError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.types import PromotionReport, Retries, WorkReport

ANA = "ana@example.org"
TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
CARD = "4111 1111 1111 1111"
QUIET = timedelta(seconds=30)


def opened(path: str, clock: Clock, **options: Any) -> MemoryDatabase:
    engine = connect(path)
    engine.setup()
    return MemoryDatabase(engine, settings=StoreSettings(clock=clock), **options)


@pytest.fixture
def memory(database: str, clock: Clock) -> Iterator[MemoryDatabase]:
    found = opened(database, clock)
    yield found
    found.store._engine.close()


def graph_with(memory: MemoryDatabase, node: PromotionNode, *, threads: bool = True) -> Any:
    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_node("promote", node)
    builder.add_edge(START, "promote")
    builder.add_edge("promote", END)
    return builder.compile(checkpointer=memory.checkpointer if threads else None, store=memory.store)


class Talk:
    """A thread whose turns run a graph of one promotion node."""

    def __init__(self, memory: MemoryDatabase, how: str = "sync", **node: Any) -> None:
        self.how = how
        self.graph = graph_with(memory, PromotionNode(**{"mode": "background", "quiet_for": QUIET, **node}))

    async def say(self, *texts: Any, thread: str = "t", owner: str = ANA, scope: str = "global") -> None:
        messages = [HumanMessage(text, id=text[:40]) if isinstance(text, str) else text for text in texts]
        config: Any = {"configurable": {"thread_id": thread}}
        context = MemoryContext(owner_id=owner, scope=scope)
        if self.how == "sync":
            self.graph.invoke({"messages": messages}, config, context=context)
        else:
            await self.graph.ainvoke({"messages": messages}, config, context=context)


class Reader:
    """An extractor that notes what it is given, and fails for what holds a word it cannot stand."""

    name = "reader"

    def __init__(self, poison: str | None = None, error: Callable[[], Exception] | None = None) -> None:
        self.poison = poison
        self.error = error or (lambda: ExtractionError("It cannot be read.", "malformed"))
        self.read: list[list[str]] = []

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        self.read.append([one.text for one in utterances])
        if self.poison is not None and any(self.poison in one.text for one in utterances):
            raise self.error()
        return [Candidate(content=f"Said: {one.text}", message_id=one.message_id) for one in utterances]


async def work(worker: PromotionWorker, mode: str) -> WorkReport:
    return worker.run_once() if mode == "sync" else await worker.arun_once()


def contents(memory: MemoryDatabase, owner: str = ANA) -> list[str]:
    return sorted(one.content for one in memory.store.list_memories(owner_id=owner))


async def test_a_turn_in_the_background_reads_nothing_and_a_worker_does(
    memory: MemoryDatabase, mode: str, clock: Clock
) -> None:
    reader = Reader()
    await Talk(memory, mode, extractor=reader).say("I live in Oslo.")
    assert (reader.read, contents(memory)) == ([], [])
    clock.advance(seconds=30)

    report = await work(PromotionWorker(memory.store, extractor=reader), mode)

    assert report == WorkReport(jobs=1, messages=1)
    assert contents(memory) == ["Said: I live in Oslo."]
    assert memory.jobs.pending() == []


async def test_a_burst_of_turns_is_one_job_which_is_read_at_once(
    memory: MemoryDatabase, mode: str, clock: Clock
) -> None:
    reader = Reader()
    talk = Talk(memory, mode, extractor=reader, at_latest=timedelta(hours=1))
    for turn in range(50):
        clock.advance(seconds=20)
        await talk.say(f"Statement number {turn}.")
    worker = PromotionWorker(memory.store, extractor=reader)
    assert await work(worker, mode) == WorkReport()
    (job,) = memory.jobs.pending(owner_id=ANA)
    assert (job.waiting, job.state, job.thread_id, job.attempts) == (50, "waiting", "t", 0)
    clock.advance(seconds=30)

    report = await work(worker, mode)

    assert report == WorkReport(jobs=1, messages=50)
    assert reader.read == [[f"Statement number {turn}." for turn in range(50)]]
    assert len(contents(memory)) == 50


async def test_turns_put_a_job_off_no_longer_than_at_latest(memory: MemoryDatabase, clock: Clock) -> None:
    reader = Reader()
    talk = Talk(memory, extractor=reader, quiet_for=30, at_latest=60)
    start = clock()
    for turn in range(5):
        await talk.say(f"Statement {turn}.")
        clock.advance(seconds=20)

    (job,) = memory.jobs.pending()

    assert job.due_at == start + timedelta(seconds=60)


async def test_a_message_that_was_read_or_queued_is_not_queued_again(memory: MemoryDatabase, clock: Clock) -> None:
    reader = Reader()
    talk, worker = Talk(memory, extractor=reader), PromotionWorker(memory.store, extractor=reader)
    await talk.say("I live in Oslo.")
    await talk.say("I live in Oslo.")
    clock.advance(seconds=30)
    worker.run_once()

    await talk.say("Thanks.")
    clock.advance(seconds=30)
    worker.run_once()

    assert reader.read == [["I live in Oslo."], ["Thanks."]]


async def test_messages_that_arrive_while_a_job_is_read_stay_for_the_next(memory: MemoryDatabase, clock: Clock) -> None:
    talk: Talk

    class Interrupted(Reader):
        def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
            if not self.read:
                asyncio.run(talk.say("I like tea."))
            return super().extract(utterances)

    reader = Interrupted()
    talk = Talk(memory, extractor=reader)
    await talk.say("I live in Oslo.")
    clock.advance(seconds=30)
    worker = PromotionWorker(memory.store, extractor=reader)

    await asyncio.to_thread(worker.run_once)
    (job,) = memory.jobs.pending()
    assert (job.state, job.waiting, job.due_at) == ("waiting", 1, clock() + QUIET)
    clock.advance(seconds=30)
    await asyncio.to_thread(worker.run_once)

    assert reader.read == [["I live in Oslo."], ["I like tea."]]
    assert memory.jobs.pending() == []


async def test_each_memory_has_the_source_and_the_scope_of_its_own_turn(memory: MemoryDatabase, clock: Clock) -> None:
    talk = Talk(memory, extractor=Reader())
    await talk.say("One.", scope="org:a")
    await talk.say("Two.", scope="org:a")
    await talk.say("Three.", scope="org:b")
    clock.advance(seconds=30)
    reader = Reader()

    PromotionWorker(memory.store, extractor=reader).run_once()

    found = {one.content: one for one in memory.store.list_memories(owner_id=ANA)}
    assert reader.read == [["One.", "Two."], ["Three."]]
    assert [found[f"Said: {name}."].scope for name in ("One", "Two", "Three")] == ["org:a", "org:a", "org:b"]
    sources = [found[f"Said: {name}."].source for name in ("One", "Two", "Three")]
    assert {one.thread_id for one in sources} == {"t"}
    assert len({one.checkpoint_id for one in sources} - {None}) == 3


async def test_workers_share_nothing_with_a_job_of_another_extractor(memory: MemoryDatabase, clock: Clock) -> None:
    await Talk(memory, extractor=Reader()).say("I live in Oslo.")
    clock.advance(seconds=30)

    report = PromotionWorker(memory.store).run_once()

    assert report == WorkReport()
    assert [job.extractor for job in memory.jobs.pending()] == ["reader"]


async def test_a_job_that_is_leased_is_not_taken_until_its_lease_runs_out(memory: MemoryDatabase, clock: Clock) -> None:
    await Talk(memory, extractor=Reader()).say("I live in Oslo.")
    clock.advance(seconds=30)
    lost = memory.store.queue.claim("reader", lease_for=timedelta(minutes=5), retries=Retries())
    assert lost is not None
    worker = PromotionWorker(memory.store, extractor=Reader())
    assert worker.run_once() == WorkReport()
    assert [job.state for job in memory.jobs.pending()] == ["leased"]
    clock.advance(minutes=5)

    assert worker.run_once().messages == 1

    (batch,) = lost.batches(Retries())
    late = [Candidate(content="Said late.", message_id="I live in Oslo.")]
    assert memory.store.queue.finish(lost.lease, batch, late, policy=PromotionPolicy(), last=True) is None
    assert contents(memory) == ["Said: I live in Oslo."]


async def test_a_failed_batch_waits_longer_each_time(memory: MemoryDatabase, mode: str, clock: Clock) -> None:
    reader = Reader(poison="Oslo")
    await Talk(memory, mode, extractor=reader).say("I live in Oslo.")
    clock.advance(seconds=30)
    worker = PromotionWorker(memory.store, extractor=reader)
    waits = []
    for _ in range(4):
        assert (await work(worker, mode)).failed == 1
        (job,) = memory.jobs.pending()
        assert (job.state, job.last_error) == ("waiting", "malformed")
        assert job.due_at is not None
        waits.append((job.due_at - clock()).total_seconds())
        assert await work(worker, mode) == WorkReport()
        clock.now = job.due_at

    assert all(0.75 * 30 * 2**n <= wait <= 1.25 * 30 * 2**n for n, wait in enumerate(waits))


@pytest.mark.parametrize(
    "error", [lambda: ExtractionError("no", "refused"), lambda: TypeError("I live in Oslo")], ids=["refused", "a bug"]
)
async def test_a_message_that_cannot_be_read_is_set_aside_alone(
    memory: MemoryDatabase, mode: str, clock: Clock, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader("poison", error)
    failures: list[ExtractionError] = []
    await Talk(memory, mode, extractor=reader).say("One.", "The poison of Oslo.", "Three.")
    worker = PromotionWorker(memory.store, extractor=reader, retries=Retries(attempts=3), on_failure=failures.append)
    with caplog.at_level(logging.DEBUG, "langgraph_memory"):
        for _ in range(5):
            clock.advance(hours=1)
            await work(worker, mode)

    (job,) = memory.jobs.pending()
    assert contents(memory) == ["Said: One.", "Said: Three."]
    assert (job.state, job.set_aside, job.waiting, job.due_at) == ("set_aside", 1, 0, None)
    assert job.last_error in ("refused", "TypeError")
    assert len(reader.read) == 6
    assert "Oslo" not in caplog.text + str(failures) + str(job)


async def test_later_turns_are_read_while_a_message_is_set_aside(memory: MemoryDatabase, clock: Clock) -> None:
    reader = Reader("poison")
    talk = Talk(memory, extractor=reader)
    worker = PromotionWorker(memory.store, extractor=reader, retries=Retries(attempts=1))
    await talk.say("poison")
    clock.advance(hours=1)
    worker.run_once()

    await talk.say("I live in Oslo.")
    clock.advance(hours=1)
    report = worker.run_once()

    assert report == WorkReport(jobs=1, messages=1)
    (job,) = memory.jobs.pending()
    assert (job.state, job.set_aside) == ("set_aside", 1)


async def test_what_is_set_aside_can_be_tried_again_or_given_up(
    memory: MemoryDatabase, mode: str, clock: Clock
) -> None:
    reader = Reader("poison")
    talk = Talk(memory, extractor=reader)
    worker = PromotionWorker(memory.store, extractor=reader, retries=Retries(attempts=1))
    for thread in ("t", "u"):
        await talk.say("poison", thread=thread)
    clock.advance(hours=1)
    worker.run_once()
    reader.poison = None
    store = memory.store

    if mode == "sync":
        counts = store.jobs.retry(owner_id=ANA, thread_id="t"), store.jobs.discard(owner_id=ANA, thread_id="u")
    else:
        counts = (
            await store.jobs.aretry(owner_id=ANA, thread_id="t"),
            await store.jobs.adiscard(owner_id=ANA, thread_id="u"),
        )

    assert counts == (1, 1)
    assert worker.run_once() == WorkReport(jobs=1, messages=1)
    assert store.jobs.pending() == []
    await talk.say("poison", thread="u")
    assert store.jobs.pending() == []


async def test_a_message_that_kills_its_workers_is_set_aside(memory: MemoryDatabase, clock: Clock) -> None:
    await Talk(memory, extractor=Reader()).say("deadly")
    retries = Retries(attempts=1)
    for _ in range(5):
        clock.advance(hours=1)
        memory.store.queue.claim("reader", lease_for=timedelta(minutes=5), retries=retries)  # and dies
    clock.advance(hours=1)

    PromotionWorker(memory.store, extractor=Reader(), retries=retries).run_once()

    (job,) = memory.jobs.pending()
    assert (job.state, job.last_error) == ("set_aside", "worker_lost")


async def test_a_hot_batch_that_fails_is_queued_and_holds_no_later_turn_up(
    memory: MemoryDatabase, mode: str, clock: Clock
) -> None:
    reader = Reader("poison")
    talk = Talk(memory, mode, extractor=reader, mode="hot", retries=Retries(attempts=2))
    await talk.say("poison")
    await talk.say("I live in Oslo.")
    assert reader.read == [["poison"], ["I live in Oslo."]]
    assert contents(memory) == ["Said: I live in Oslo."]

    for turn in range(4):
        clock.advance(hours=1)
        await talk.say(f"Turn {turn}.")

    assert sum(texts == ["poison"] for texts in reader.read) == 2
    assert [(job.state, job.set_aside) for job in memory.jobs.pending()] == [("set_aside", 1)]
    assert len(contents(memory)) == 5


async def test_the_guard_keeps_secrets_out_of_the_queue(
    path: str, clock: Clock, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    memory = opened(path, clock, guard=GuardPolicy(email="mask"))
    reader, reports = Reader(), list[PromotionReport]()
    said = [f"My token is {TOKEN}.", f"Charge {CARD}.", "Write to eve@example.com.", "The pin is\u200b: 7391"]
    with caplog.at_level(logging.DEBUG):
        await Talk(memory, mode, extractor=reader).say(*[HumanMessage(text, id=str(n)) for n, text in enumerate(said)])

    stored = queue_of(path)
    clock.advance(seconds=30)
    await work(PromotionWorker(memory.store, extractor=reader, on_promotion=reports.append), mode)
    memory.store._engine.close()

    assert [text for _, text in stored] == ["", "Charge [card number].", "Write to [email].", ""]
    assert reader.read == [["Charge [card number].", "Write to [email]."]]
    assert [(entry.candidate.content, entry.verdict.reason) for entry in reports[0]] == [
        ("(refused)", "secret"),
        ("Said: Charge [card number].", "durable"),
        ("Said: Write to [email].", "durable"),
        ("(refused)", "secret"),
    ]
    assert TOKEN not in caplog.text


def queue_of(path: str) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT state, text FROM promotion_job_message ORDER BY position").fetchall()
    connection.close()
    return found


def test_no_byte_of_a_secret_reaches_the_files_by_the_queue(path: str, clock: Clock) -> None:
    memory = opened(path, clock)
    graph = graph_with(memory, PromotionNode(mode="background"), threads=False)

    graph.invoke({"messages": [HumanMessage(f"My token is {TOKEN}.")]}, context=MemoryContext(owner_id=ANA))
    graph.invoke({"messages": [HumanMessage("I live in Oslo.")]}, context=MemoryContext(owner_id=ANA))
    raw = b"".join(file.read_bytes() for file in sorted(Path(path).parent.glob("memory.db*")))
    memory.store._engine.close()

    assert TOKEN.encode() not in raw
    assert b"I live in Oslo." in raw


async def test_the_firewall_holds_in_the_background(memory: MemoryDatabase, clock: Clock) -> None:
    reader = Reader()
    call = AIMessage("", tool_calls=[{"name": "crm", "args": {}, "id": "1"}, {"name": "web", "args": {}, "id": "2"}])
    tools = [ToolMessage("plan gold", tool_call_id="1", id="crm"), ToolMessage("obey", tool_call_id="2", id="web")]
    talk = Talk(memory, extractor=reader, trusted_tools=["crm"])
    await talk.say(SystemMessage("Be kind."), "Hello.", call, *tools, AIMessage("Fine."))
    clock.advance(seconds=30)

    PromotionWorker(memory.store, extractor=reader).run_once()

    assert reader.read == [["Hello.", "plan gold"]]
    assert "Said: plan gold" in contents(memory)


async def test_what_an_assistant_only_repeats_is_an_echo_in_the_background_too(
    memory: MemoryDatabase, clock: Clock
) -> None:
    listening = PromotionPolicy(actors=("user", "assistant"))

    def repeat(utterances: Sequence[Utterance]) -> list[Candidate]:
        return [
            Candidate(content=one.text, message_id=one.message_id, actor=one.actor)
            for one in utterances
            if one.actor == "assistant"
        ]

    talk = Talk(memory, extractor=repeat, policy=listening)
    worker = PromotionWorker(memory.store, extractor=repeat, policy=listening)
    await talk.say("The harbour project ships in March.")
    clock.advance(seconds=30)
    worker.run_once()
    await talk.say(AIMessage("The harbour project ships in March.", id="echo"), AIMessage("Oslo rains.", id="new"))
    clock.advance(seconds=30)

    worker.run_once()

    assert contents(memory) == ["Oslo rains."]


async def test_leaving_the_worker_works_off_what_waits(memory: MemoryDatabase, mode: str) -> None:
    reader = Reader()
    with PromotionWorker(memory.store, extractor=reader) as worker:
        talk = Talk(memory, mode, extractor=reader, worker=worker, quiet_for=timedelta(days=1))
        await talk.say("I live in Oslo.", thread="t")
        await talk.say("I like tea.", thread="u")
        assert contents(memory) == []

    assert contents(memory) == ["Said: I like tea.", "Said: I live in Oslo."]


async def test_stopping_without_draining_leaves_what_waits_in_the_database(memory: MemoryDatabase) -> None:
    worker = PromotionWorker(memory.store).start()
    await Talk(memory, worker=worker, quiet_for=timedelta(days=1)).say("I live in Oslo.")

    worker.stop(drain=False)

    assert [job.waiting for job in memory.jobs.pending()] == [1]
    assert contents(memory) == []


async def test_draining_does_not_try_again_what_has_just_failed(memory: MemoryDatabase) -> None:
    reader = Reader("poison")
    async with PromotionWorker(memory.store, extractor=reader) as worker:
        await Talk(memory, extractor=reader, worker=worker).say("poison")

    assert reader.read == [["poison"]]
    assert [job.last_error for job in memory.jobs.pending()] == ["malformed"]


def test_a_turn_wakes_the_worker_of_its_process(database: str) -> None:
    reports: list[PromotionReport] = []
    engine = connect(database)
    memory = MemoryDatabase(engine)
    memory.store.setup()
    done = Event()
    worker = PromotionWorker(
        memory.store,
        poll_every=timedelta(hours=1),
        on_promotion=lambda report: (reports.append(report), done.set())[0],
    ).start()
    graph = graph_with(memory, PromotionNode(mode="background", quiet_for=0, worker=worker))

    said: Any = {"messages": [HumanMessage("I live in Oslo.")]}
    graph.invoke(said, {"configurable": {"thread_id": "t"}}, context=MemoryContext(owner_id=ANA))
    woken = done.wait(timeout=60)
    worker.stop(drain=False)
    engine.close()

    assert woken
    assert [entry.candidate.content for entry in reports[0]] == ["The user lives in Oslo."]


async def test_a_worker_in_a_thread_runs_an_async_extractor(memory: MemoryDatabase) -> None:
    async def read(utterances: Sequence[Utterance]) -> list[Candidate]:
        await asyncio.sleep(0)
        return [Candidate(content=one.text, message_id=one.message_id) for one in utterances]

    worker = PromotionWorker(memory.store, extractor=read).start()
    await Talk(memory, extractor=read, worker=worker).say("I live in Oslo.")
    await worker.astop()

    assert contents(memory) == ["I live in Oslo."]


async def test_an_erased_owner_has_no_job_and_a_worker_at_work_writes_nothing(
    memory: MemoryDatabase, clock: Clock
) -> None:
    class Erased(Reader):
        def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
            memory.admin.erase_owner(ANA)
            return super().extract(utterances)

    await Talk(memory, extractor=Reader()).say("I live in Oslo.")
    clock.advance(seconds=30)

    PromotionWorker(memory.store, extractor=Erased()).run_once()

    assert contents(memory) == []
    assert memory.jobs.pending() == []


async def test_jobs_are_listed_by_owner_and_page(memory: MemoryDatabase, mode: str, clock: Clock) -> None:
    talk = Talk(memory, extractor=Reader())
    for number in range(3):
        await talk.say("Hello.", thread=str(number))
        clock.advance(seconds=1)
    await talk.say("Hello.", owner="ben")
    store = memory.store

    page = (
        store.jobs.pending(owner_id=ANA, limit=2, offset=1)
        if mode == "sync"
        else await store.jobs.apending(owner_id=ANA, limit=2, offset=1)
    )

    assert [(job.owner_id, job.thread_id) for job in page] == [(ANA, "1"), (ANA, "2")]
    assert [job.owner_id for job in store.jobs.pending()] == [ANA, ANA, ANA, "ben"]


async def test_an_imported_job_is_worked_off(memory: MemoryDatabase, tmp_path: Path, clock: Clock) -> None:
    await Talk(memory, extractor=Reader()).say("I live in Oslo.")
    other = opened(str(tmp_path / "other.db"), clock)

    receipt = other.admin.import_(memory.admin.export())
    report = PromotionWorker(other.store, extractor=Reader()).run_once()

    assert receipt.counts["queued"] == 1
    assert report == WorkReport(jobs=1, messages=1)
    assert contents(other) == ["Said: I live in Oslo."]
    other.store._engine.close()


BAD: dict[str, Callable[[CuratedStore], Any]] = {
    "another mode": lambda store: PromotionNode(mode="later"),  # type: ignore[arg-type]
    "a quiet time of text": lambda store: PromotionNode(quiet_for="30"),  # type: ignore[arg-type]
    "a negative time": lambda store: PromotionNode(at_latest=-1),
    "not a number": lambda store: PromotionNode(quiet_for=float("nan")),
    "another extractor's worker": lambda store: PromotionNode(
        mode="background", extractor=Reader(), worker=PromotionWorker(store)
    ),
    "no attempt": lambda store: Retries(attempts=0),
    "a longest before the first": lambda store: Retries(longest=timedelta(0)),
    "no lease": lambda store: PromotionWorker(store, lease_for=timedelta(0)),
    "no owner": lambda store: store.jobs.retry(owner_id=""),
    "a page of text": lambda store: store.jobs.pending(limit="all"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("attempt", BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(memory: MemoryDatabase, attempt: Callable[[CuratedStore], Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        attempt(memory.store)

    one_sentence(caught.value)


def test_a_rule_extractor_is_what_a_node_and_a_worker_share_by_default(memory: MemoryDatabase) -> None:
    assert PromotionWorker(memory.store).extractor == RuleExtractor().name
