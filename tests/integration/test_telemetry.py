"""What is seen from outside: spans, metrics, logs and LangSmith's metadata, with ids and numbers and never a text."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from langchain_core.embeddings import Embeddings
from langchain_core.messages import HumanMessage
from langchain_core.tracers.langchain import LangChainTracer
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support import BagOfWords, Driver, scripted

from langgraph_memory import (
    MemoryContext,
    ModelExtractor,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    build_graph,
    open_memory,
    telemetry,
)
from langgraph_memory.errors import LangGraphMemoryError

ANA = MemoryContext(owner_id="ana@example.com")
SAID = ("I live in Zanzibar.", "My sister is called Xanthippe.", "Our database is called Quetzal.")
ASKED = "Where does Xanthippe's sibling live?"
TEXTS = ("zanzibar", "xanthippe", "quetzal", "sibling", "sister", "database", "ana@example")


class Seen:
    """What was exported."""

    def __init__(self, exporter: InMemorySpanExporter, reader: InMemoryMetricReader) -> None:
        self._exporter, self._reader = exporter, reader

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [one for one in self.spans if one.name == f"langgraph_memory.{name}"]

    @property
    def metrics(self) -> dict[str, list[Any]]:
        data = self._reader.get_metrics_data()
        assert data is not None
        found = [one for resource in data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics]
        return {one.name: list(one.data.data_points) for one in found}

    def told(self) -> str:
        """Return all that was exported as one text, in small letters."""
        spans = [one.to_json() for one in self.spans]
        points = [f"{name} {point.attributes}" for name, found in self.metrics.items() for point in found]
        return "\n".join([*spans, *points]).lower()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """An application that has set up OpenTelemetry, which allows that once in a process: so it is put in by hand."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracing, measuring = TracerProvider(), MeterProvider([reader])
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracing)
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", measuring)
    telemetry._instrument.cache_clear()
    yield Seen(exporter, reader)
    telemetry._instrument.cache_clear()
    measuring.shutdown()
    tracing.shutdown()


@pytest.fixture
def memory(database: str) -> Iterator[Any]:
    embed: Embeddings = BagOfWords()
    with open_memory(database, index={"dims": BagOfWords.dims, "embed": embed}) as opened:
        yield opened


def graph_of(memory: Any, **promotion: Any) -> Any:
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(**promotion))
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


async def talk(graph: Any, mode: str, *lines: str, thread: str = "one", **config: Any) -> None:
    for line in lines:
        given = {"configurable": {"thread_id": thread}, **config}
        await Driver(graph, mode).invoke({"messages": [HumanMessage(line)]}, given, context=ANA)


async def test_a_turn_is_seen_as_ids_and_numbers_and_no_text(seen: Seen, memory: Any, mode: str) -> None:
    await talk(graph_of(memory), mode, *SAID)
    await talk(graph_of(memory), mode, ASKED, thread="two")

    recalled = seen.named("CuratedStore.recall")[-1].attributes
    promoted = [one.attributes for one in seen.named("PromotionQueue.promote")]
    assert recalled is not None
    ids = [one.id for one in memory.store.list_memories(owner_id=ANA.owner_id)]
    assert set(recalled["langgraph_memory.memory_ids"]) <= set(ids)  # type: ignore[arg-type]
    assert len(recalled["langgraph_memory.scores"]) == recalled["langgraph_memory.recalled"]  # type: ignore[arg-type]
    assert recalled["langgraph_memory.recall_id"]
    assert sum(one["langgraph_memory.promoted"] for one in promoted if one) == 3  # type: ignore[misc]
    assert not [word for word in TEXTS if word in seen.told()]


async def test_embedding_is_a_span_within_its_operation(seen: Seen, memory: Any, mode: str) -> None:
    await talk(graph_of(memory), mode, SAID[0])

    parents = {one.context.span_id: one.name for one in seen.spans}
    within = {parents.get(one.parent.span_id) for one in seen.named("embed") if one.parent is not None}
    assert within >= {"langgraph_memory.PromotionQueue.promote"}
    assert seen.metrics["langgraph_memory.texts"]


async def test_a_model_call_is_a_span(seen: Seen, memory: Any, mode: str) -> None:
    model = scripted({"memories": []})
    await talk(graph_of(memory, extractor=ModelExtractor(model)), mode, SAID[0])

    assert seen.named("model_call")
    assert not [word for word in TEXTS if word in seen.told()]


async def test_the_queue_is_seen(seen: Seen, memory: Any, mode: str) -> None:
    await talk(graph_of(memory, mode="background", quiet_for=0), mode, *SAID[:2])

    PromotionWorker(memory.store).drain()

    claimed = [one.attributes for one in seen.named("PromotionQueue.claim")]
    assert [one["langgraph_memory.messages"] for one in claimed if one and "langgraph_memory.messages" in one] == [2]
    assert seen.named("PromotionQueue.add")
    finished = seen.named("PromotionQueue.finish")[0].attributes
    assert finished is not None
    assert finished["langgraph_memory.promoted"] == 2
    assert not [word for word in TEXTS if word in seen.told()]


async def test_how_long_a_transaction_waits_for_its_turn_is_measured(seen: Seen, memory: Any, mode: str) -> None:
    await Driver(memory.store, mode).remember("Zanzibar is far.", owner_id=ANA.owner_id)

    (span,) = seen.named("CuratedStore.remember")
    assert span.attributes is not None
    assert span.attributes["langgraph_memory.waited"] >= 0  # type: ignore[operator]
    assert span.attributes["langgraph_memory.transactions"] >= 1  # type: ignore[operator]
    waits = [
        one for one in seen.metrics["langgraph_memory.wait"] if one.attributes == {"operation": "CuratedStore.remember"}
    ]
    assert [one.count for one in waits] == [1]


async def test_of_an_error_only_its_class_is_told(seen: Seen, memory: Any, mode: str) -> None:
    with pytest.raises(LangGraphMemoryError, match="Zanzibar"):
        await Driver(memory.store, mode).verify("no-Zanzibar", owner_id=ANA.owner_id)

    (span,) = [one for one in seen.spans if one.name.endswith(".verify")]
    assert span.status.status_code.name == "ERROR"
    assert span.status.description is None
    assert not span.events
    assert dict(span.attributes or {})["langgraph_memory.error.type"] == "MemoryNotFoundError"
    assert "zanzibar" not in seen.told()


async def test_a_log_at_debug_has_each_operation_as_one_line_of_json(
    memory: Any, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="langgraph_memory.operations"):
        await talk(graph_of(memory), mode, SAID[0])

    own = [one for one in caplog.records if one.name == "langgraph_memory.operations"]
    lines = [json.loads(telemetry.JsonFormatter().format(one)) for one in own]
    assert {"CuratedStore.recall", "PromotionQueue.promote"} <= {line["operation"] for line in lines}
    assert all(line["seconds"] >= 0 for line in lines)
    assert not [word for word in TEXTS if word in json.dumps(lines).lower()]


class Recorded:
    """A client of LangSmith that keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.otel_exporter = None

    def create_run(self, *_: Any, **kwargs: Any) -> None:
        self.sent.append(kwargs)

    update_run = create_run

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


async def test_langsmith_sees_memory_ids_and_scores_in_a_runs_metadata(memory: Any, mode: str) -> None:
    client = Recorded()
    await talk(graph_of(memory), mode, SAID[0])
    tracer = LangChainTracer(client=client)  # type: ignore[arg-type]

    await talk(graph_of(memory), mode, "Where do I live?", thread="two", callbacks=[tracer])

    noted = [(one.get("extra") or {}).get("metadata") or {} for one in client.sent]
    (found,) = {tuple(one["langgraph_memory.memory_ids"]) for one in noted if "langgraph_memory.scores" in one}
    assert found == tuple(one.id for one in memory.store.list_memories(owner_id=ANA.owner_id))


def test_where_it_is_not_installed_nothing_is_missed(path: str) -> None:
    program = f"""
import sys
sys.modules["opentelemetry"] = None
from langgraph_memory import open_memory
with open_memory({path!r}) as memory:
    memory.store.remember("Ana lives in Berlin.", owner_id="ana")
    assert memory.store.recall("Where does Ana live?", owner_id="ana")
"""
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)


def test_the_package_imports_nothing_of_it() -> None:
    package = Path(telemetry.__file__).parent
    trees = [ast.walk(ast.parse(file.read_text())) for file in package.rglob("*.py")]
    taken = [one for tree in trees for one in tree if isinstance(one, (ast.Import, ast.ImportFrom))]

    assert len(taken) > 500
    assert not [ast.unparse(one) for one in taken if "opentelemetry" in ast.unparse(one)]


def test_an_application_that_has_only_imported_it_is_not_watched() -> None:
    assert not telemetry.watched()
