"""What a type checker sees of the public surface. Checked by mypy, never run."""

from collections.abc import Sequence
from typing import Any, assert_type

from langchain_core.messages import BaseMessage
from langgraph.graph import StateGraph

from langgraph_memory import (
    Candidate,
    ContextBudget,
    CuratedStore,
    GuardPolicy,
    HygienePolicy,
    Memory,
    MemoryContext,
    MemoryDatabase,
    MemoryState,
    ModelExtractor,
    OfflineChatModel,
    Outcome,
    PromotionNode,
    PromotionWorker,
    Recall,
    Recalled,
    Receipt,
    ThreadSaver,
    Utterance,
    build_graph,
    build_prompt,
    open_memory,
)
from langgraph_memory.domain.memory import Conflict
from langgraph_memory.errors import ExtractionError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.types import (
    AuditEntry,
    Explanation,
    Job,
    PromotionReport,
    Replay,
    Retraction,
    Retries,
    ReviewItem,
    ReviewPolicy,
    SessionSummary,
    SweepReport,
    WorkReport,
)
from langgraph_memory.views import Records


def opened() -> None:
    with open_memory("file.db") as memory:
        assert_type(memory, MemoryDatabase)
        assert_type(memory.store, CuratedStore)
        assert_type(memory.checkpointer, ThreadSaver)
    with CuratedStore.from_conn_string("file.db") as store:
        assert_type(store, CuratedStore)
    with ThreadSaver.from_conn_string("file.db") as saver:
        assert_type(saver, ThreadSaver)


async def opened_from_async_code() -> None:
    async with open_memory("file.db") as memory:
        assert_type(memory, MemoryDatabase)


def curated(store: CuratedStore) -> None:
    outcome = store.remember("The user likes tea.", owner_id="ana")
    assert_type(outcome, Outcome)
    assert_type(outcome.memory, Memory | None)
    recall = store.recall("tea", owner_id="ana")
    assert_type(recall, Recall)
    assert_type([item for item in recall], list[Recalled])  # noqa: C416
    assert_type(recall[0], Recalled)
    assert_type(recall[:2], Sequence[Recalled])
    assert_type(store.history("id", owner_id="ana"), Records[Memory])
    assert_type(store.forget("id", owner_id="ana"), Receipt)
    assert_type(store.hygiene.conflicts(owner_id="ana"), Records[Conflict])
    assert_type(recall[0].conflicts_with, tuple[str, ...])
    assert_type(store.hygiene.retract(owner_id="ana", run_ids=["r"]), Retraction)
    assert_type(store.audit.explain(recall, owner_id="ana"), Explanation)
    assert_type(store.audit.replay(recall.id, owner_id="ana"), Replay)
    assert_type(store.audit.entries(owner_id="ana"), Records[AuditEntry])
    assert_type(store.audit.receipts(owner_id="ana"), Records[Receipt])


def tidied(store: CuratedStore, memory: MemoryDatabase) -> None:
    report = store.hygiene.sweep(owner_id="ana", policy=HygienePolicy(cap=100), dry_run=True)
    assert_type(report, SweepReport)
    assert_type(memory.sweep()[0], SweepReport)
    assert_type(report.rows(), list[dict[str, Any]])
    assert_type(memory.hygiene.retract_branch("thread", owner_id="ana", keep="checkpoint"), Retraction)
    assert_type(store.hygiene.review(owner_id="ana", kind="stale", policy=ReviewPolicy()), Records[ReviewItem])


async def curated_from_async_code(store: CuratedStore) -> None:
    assert_type(await store.aremember("The user likes tea.", owner_id="ana"), Outcome)
    assert_type(await store.arecall("tea", owner_id="ana"), Recall)


async def read_later(utterances: Sequence[Utterance]) -> list[Candidate]:
    return [Candidate(content=one.text) for one in utterances]


def nodes(state: MemoryState) -> None:
    assert_type(build_prompt(state), list[BaseMessage])
    graph = build_graph(OfflineChatModel(), budget=ContextBudget(8_000, trigger=("fraction", 0.8)))
    PromotionNode(extractor=ModelExtractor(OfflineChatModel()), guard=GuardPolicy(email="mask"))
    PromotionNode(extractor=RuleExtractor(), trusted_tools=("crm",))
    PromotionNode(extractor=lambda utterances: [Candidate(content=one.text) for one in utterances])
    PromotionNode(extractor=read_later)
    assert_type(graph, StateGraph[MemoryState, MemoryContext, MemoryState, MemoryState])


def told(report: PromotionReport) -> None:
    assert_type(report.entries[0].outcome, Outcome | None)


def failed(error: ExtractionError) -> None:
    assert_type(error.reason, str)


async def in_the_background(store: CuratedStore) -> None:
    worker = PromotionWorker(store, extractor=RuleExtractor())
    PromotionWorker(store, retries=Retries(attempts=2), on_promotion=told, on_failure=failed)
    PromotionNode(mode="background", quiet_for=30, worker=worker)
    assert_type(worker.run_once(), WorkReport)
    assert_type(await worker.arun_once(limit=3), WorkReport)
    assert_type(store.jobs.pending(), Records[Job])
    with worker as working:
        assert_type(working, PromotionWorker)


async def sessions(memory: MemoryDatabase) -> None:
    assert_type(memory.end_session("thread", owner_id="ana"), SessionSummary)
    ended = await memory.aend_session("thread", owner_id="ana", compact=True, summarizer=OfflineChatModel())
    assert_type(ended.memory, Memory | None)
