"""What is seen from outside: spans, metrics and structured logs, with ids and numbers and never a text.

An application that sets up OpenTelemetry (its API is the extra `otel`) gets one span for each operation of a store or a
checkpointer, by the name of its method as "langgraph_memory.CuratedStore.recall", one for each call of an embedder, a
reranker or a model within it, and these metrics:

    langgraph_memory.operation.duration   seconds, by operation and kind of error
    langgraph_memory.wait                 seconds until a transaction began: locks, connections, other writers
    langgraph_memory.recalled, .dropped   memories, by operation
    langgraph_memory.promoted, .kept_in_session, .discarded   candidates
    langgraph_memory.messages, .texts     read from the queue; embedded

Where it is set up nowhere, nothing of it is imported or called. LangSmith sees what a recall found in the metadata of
the run. The logger `langgraph_memory.operations` has the same as a line for each operation at DEBUG; `JsonFormatter`
writes all that it is told as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from time import perf_counter
from typing import Any, Final

NAME: Final = "langgraph_memory"
_LOG = logging.getLogger(f"{NAME}.operations")
_COUNTED: Final = frozenset({"recalled", "dropped", "promoted", "kept_in_session", "discarded", "messages", "texts"})
_PLAIN: Final = (bool, int, float, str)
_current: ContextVar[dict[str, Any] | None] = ContextVar("langgraph_memory_operation", default=None)
"""What is noted of the operation under way."""


def watched() -> bool:
    """Return whether anybody is to be told: an application that has set up OpenTelemetry, or a log at DEBUG."""
    return _traced() or _measured() or _LOG.isEnabledFor(logging.DEBUG)


def _traced() -> bool:
    # Asking the API for its provider takes ten times as long, and this is asked before every operation.
    return getattr(sys.modules.get("opentelemetry.trace"), "_TRACER_PROVIDER", None) is not None


def _measured() -> bool:
    return getattr(sys.modules.get("opentelemetry.metrics._internal"), "_METER_PROVIDER", None) is not None


@contextmanager
def operation(name: str, **noted: Any) -> Iterator[Callable[[Any], None]]:
    """Watch one operation, and yield what is to be told its outcome.

    Of an outcome only its `figures()` are noted, where it has them: ids, scores and numbers. Of an error only its
    class is, as its message may quote.
    """
    name = name.strip("_")
    figures: dict[str, Any] = dict(noted)
    token = _current.set(figures)
    began = perf_counter()

    def told(outcome: Any) -> None:
        of = getattr(outcome, "figures", None)
        figures.update(of() if of is not None else {})

    try:
        with _span(name) as span:
            try:
                yield told
            except BaseException as error:
                figures["error.type"] = type(error).__name__
                raise
            finally:
                _finish(name, span, figures, perf_counter() - began)
    finally:
        _current.reset(token)


def asking_model() -> AbstractContextManager[Any]:
    """Watch one call of a chat model."""
    return operation("model_call") if watched() else nullcontext()


def waiting(start: Callable[[], Any]) -> Callable[[], Any]:
    """Return what starts a transaction, and notes how long it had to wait for its turn, and how often it began."""
    asked, figures = perf_counter(), _current.get()

    def starts() -> Any:
        if figures is not None and "transactions" not in figures:
            figures["transactions"] = 0
        if figures is not None:
            figures["transactions"] += 1
            figures["waited"] = figures.get("waited", 0.0) + perf_counter() - asked
        return start()

    return starts


def note_run(figures: Callable[[], Mapping[str, Any]]) -> None:
    """Add ids and scores to the metadata of the run that LangSmith traces, if it does."""
    helpers = sys.modules.get("langsmith.run_helpers")
    tree = None if helpers is None else helpers.get_current_run_tree()
    if tree is not None:
        tree.add_metadata({f"{NAME}.{name}": value for name, value in figures().items()})


class JsonFormatter(logging.Formatter):
    """Writes each record as one line of JSON: time, level, logger, message, and the figures of an operation."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, NAME, {}),
        }
        return json.dumps(line, ensure_ascii=False, default=str)


@contextmanager
def _span(name: str) -> Iterator[Any]:
    if not _traced():
        yield None
        return
    trace = sys.modules["opentelemetry.trace"]
    how = {"record_exception": False, "set_status_on_exception": False}  # the message of an error may quote
    with trace.get_tracer(NAME).start_as_current_span(f"{NAME}.{name}", **how) as span:
        yield span


def _finish(name: str, span: Any, figures: Mapping[str, Any], seconds: float) -> None:
    """Tell everybody who watches what is noted of an operation."""
    if span is not None and span.is_recording():
        span.set_attributes({f"{NAME}.{key}": value for key, value in figures.items() if _is_plain(value)})
        if "error.type" in figures:
            trace = sys.modules["opentelemetry.trace"]
            span.set_status(trace.Status(trace.StatusCode.ERROR))
    if _measured():
        _measure(name, figures, seconds)
    if _LOG.isEnabledFor(logging.DEBUG):
        noted = {"operation": name, "seconds": round(seconds, 6), **figures}
        _LOG.debug("%s took %.1f ms", name, 1_000 * seconds, extra={NAME: noted})


def _measure(name: str, figures: Mapping[str, Any], seconds: float) -> None:
    of = {"operation": name}
    error = figures.get("error.type")
    _instrument("histogram", "operation.duration", "s").record(seconds, {**of, "error.type": error} if error else of)
    if "waited" in figures:
        _instrument("histogram", "wait", "s").record(figures["waited"], of)
    for key in _COUNTED & figures.keys():
        _instrument("counter", key, "1").add(figures[key], of)


@cache
def _instrument(kind: str, name: str, unit: str) -> Any:
    meter = sys.modules["opentelemetry.metrics"].get_meter(NAME)
    return getattr(meter, f"create_{kind}")(f"{NAME}.{name}", unit=unit)


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(isinstance(one, _PLAIN) for one in value))
