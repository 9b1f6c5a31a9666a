"""Ends a session: reads its thread, has it summed up, remembers that, and shortens the thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph.message import add_messages
from langgraph.types import Overwrite

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.checkpoints._compat import DeltaSnapshot
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.scope import check_owner, check_scope
from langgraph_memory.domain.session import Gone, SessionSummary, Writer
from langgraph_memory.effects.effect import Effects, either
from langgraph_memory.effects.runner import Runner, apart
from langgraph_memory.errors import ExtractionError, ForeignThreadError, InvalidInputError, ThreadNotFoundError
from langgraph_memory.extract import model_summary, summary
from langgraph_memory.extract.model import NOT_STREAMED, call_failure
from langgraph_memory.nodes.conversation import messages_of, utterances_of
from langgraph_memory.operations import session
from langgraph_memory.operations.session import Ended, Written
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.telemetry import asking_model

T = TypeVar("T")
Summarizer = Runnable[LanguageModelInput, AIMessage]

_ATTEMPTS = 3
"""How often a thread is read again that goes on meanwhile; then its summary is of what was read last."""


@dataclass(frozen=True, slots=True)
class Session:
    """A thread that is to be ended: whose, where its summary holds, and which channel has its messages."""

    thread_id: str
    owner_id: str
    scope: str
    messages_key: str = "messages"

    def __post_init__(self) -> None:
        check_owner(self.owner_id)
        check_scope(self.scope)
        for name in ("thread_id", "messages_key"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise InvalidInputError(f"{name} must be text that names one, not {getattr(self, name)!r}.")


@dataclass(frozen=True, slots=True)
class Read:
    """What was said in a session, up to which checkpoint."""

    checkpoint_ns: str
    checkpoint_id: str
    messages: Sequence[BaseMessage]

    @property
    def said(self) -> list[Utterance]:
        """What the user and the assistant said, without injected memories."""
        return utterances_of(self.messages, actors=("user", "assistant"))


@dataclass(frozen=True, slots=True)
class Summed:
    """A summary before it is remembered: the text, its points, and who wrote it."""

    text: str
    points: Mapping[str, Any]
    message_ids: Sequence[str]
    written_by: Writer
    fallback: str | None = None


def end_session(
    runner: Runner,
    settings: StoreSettings,
    saver: ThreadSaver,
    wanted: Session,
    summarizer: Summarizer | None,
    *,
    compact: bool,
) -> Effects[SessionSummary]:
    """Sum a thread up, remember that, and with `compact` keep only its newest checkpoint, in one transaction.

    `saver` reads the thread, and `runner` stands on its database.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        now = settings.clock()
        read = yield from _read(saver, runner, wanted)
        said = read.said
        stated = summary.statements(said)
        wanting = session.gone(wanted.owner_id, wanted.scope, wanted.thread_id, said, stated, settings)
        gone = yield from apart(runner, wanting)
        summed = yield from _sum_up(said, summarizer, settings.guard, gone)
        written, sure = _written(wanted, read, summed), attempt == _ATTEMPTS
        ended = yield from apart(runner, session.end_session(written, settings, now, compact=compact, sure=sure))
        if ended is not None:
            break
    return _result(wanted, read, summed, ended or Ended(None, 0))


def _read(saver: ThreadSaver, runner: Runner, wanted: Session) -> Effects[Read]:
    """Return the messages of a thread: of its own newest checkpoint, or when that has none of its subgraphs'."""
    held = yield from apart(runner, session.held(wanted.thread_id, wanted.owner_id))
    if not held.newest:
        raise ThreadNotFoundError(f"there is no thread {wanted.thread_id!r}; list_threads() lists those there are.")
    if held.owners and wanted.owner_id not in held.owners:
        raise ForeignThreadError(
            f"thread {wanted.thread_id!r} is of other owners than {wanted.owner_id!r}; only theirs can its summary be."
        )
    found: dict[str, list[BaseMessage]] = {}
    for namespace in sorted(held.newest):
        if found.get(""):
            break
        found[namespace] = yield from _messages(saver, wanted, namespace, held.newest[namespace])
    namespace = min(found)
    messages = found[namespace] or add_all(list(found.values()))
    return Read(namespace, held.newest[namespace], [one for one in messages if one.id not in held.others])


def _messages(saver: ThreadSaver, wanted: Session, namespace: str, checkpoint_id: str) -> Effects[list[BaseMessage]]:
    place = {"thread_id": wanted.thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}
    place["owner_id"] = wanted.owner_id
    config: RunnableConfig = {"configurable": place}
    key = wanted.messages_key
    found = yield from either(saver.get_tuple, config)
    if found is None or key not in found.checkpoint["channel_versions"]:
        return []
    values = found.checkpoint["channel_values"]
    if key in values:
        return _checked(_value_of(values[key]), wanted)
    history = yield from either(saver.get_delta_channel_history, config=config, channels=[key])
    held = _value_of(history[key].get("seed")) or []
    for _, _, written in history[key]["writes"]:
        held = written.value if isinstance(written, Overwrite) else add_messages(held, written)
    return _checked(held, wanted)


def add_all(found: Sequence[Sequence[BaseMessage]]) -> list[BaseMessage]:
    """Return the messages of several namespaces, each once, in the order of the namespaces."""
    merged: dict[Any, BaseMessage] = {}
    for messages in found:
        merged.update({message.id or id(message): message for message in messages})
    return list(merged.values())


def _value_of(value: Any) -> Any:
    return value.value if isinstance(value, DeltaSnapshot) else value


def _checked(value: Any, wanted: Session) -> list[BaseMessage]:
    if value is None or isinstance(value, list | tuple):
        try:
            return messages_of({"messages": value})
        except (NotImplementedError, ValueError, KeyError):
            pass
    raise InvalidInputError(
        f"channel {wanted.messages_key!r} of thread {wanted.thread_id!r} holds no messages; "
        "name the one that does with messages_key."
    )


def _sum_up(
    said: Sequence[Utterance], summarizer: Summarizer | None, guard: GuardPolicy, gone: Gone
) -> Effects[Summed]:
    """Return the summary that a model writes, or else the one by rules, which says why the model's is not there."""
    found = summary.outline(said, guard, gone)
    said = _without(said, gone)
    by_rules = Summed(found.text(), found.points(), found.message_ids, "rules")
    if summarizer is None or not any(one.actor == "user" for one in said):
        return by_rules
    try:
        text = yield from _asked(summarizer, said, guard)
    except ExtractionError as error:
        return Summed(by_rules.text, by_rules.points, by_rules.message_ids, "rules", error.reason)
    return Summed(text, found.points(), [one.message_id for one in said], "model")


def _without(said: Sequence[Utterance], gone: Gone) -> list[Utterance]:
    """Return what a model may be shown: not what something was forgotten or replaced of, nor the answers to it."""
    kept, answers_gone = list[Utterance](), False
    for one in said:
        answers_gone = one.message_id in gone.messages if one.actor == "user" else answers_gone
        if not answers_gone:
            kept.append(one)
    return kept


def _asked(summarizer: Summarizer, said: Sequence[Utterance], guard: GuardPolicy) -> Effects[str]:
    config: RunnableConfig = {"tags": [NOT_STREAMED], "run_name": "summarise_session"}
    try:
        with asking_model():
            prompt = model_summary.prompt_of(said, guard)
            answer = yield from either(summarizer.invoke, prompt, config)
    except Exception as error:
        raise call_failure(error) from error
    return model_summary.accepted(answer, guard)


def _written(wanted: Session, read: Read, summed: Summed) -> Written:
    extractor = model_summary.NAME if summed.written_by == "model" else summary.NAME
    return Written(
        owner_id=wanted.owner_id,
        scope=wanted.scope,
        thread_id=wanted.thread_id,
        checkpoint_ns=read.checkpoint_ns,
        checkpoint_id=read.checkpoint_id,
        text=summed.text,
        points=summed.points,
        message_ids=summed.message_ids,
        extractor=extractor,
    )


def _result(wanted: Session, read: Read, summed: Summed, ended: Ended) -> SessionSummary:
    nothing = "Nothing was said that a later session needs."
    return SessionSummary(
        thread_id=wanted.thread_id,
        checkpoint_id=read.checkpoint_id,
        outcome=ended.outcome,
        written_by=summed.written_by,
        reason=nothing if ended.outcome is None else ended.outcome.reason,
        fallback=summed.fallback,
        messages=len(read.messages),
        removed=ended.removed,
    )
