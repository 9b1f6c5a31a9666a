"""A scripted model, a clock that stands, and conversations that are replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from langgraph_memory import CuratedStore, Memory, MemoryContext, PromotionWorker
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import every

Line = AIMessage | str | Exception | dict[str, Any] | Callable[[list[BaseMessage]], Any]


class ScriptedChatModel(BaseChatModel):
    """Answers from a script, whose last line stays; keeps the prompts it was called with and the tools it was given.

    A line is a message, a text, an error to raise, the arguments of a call of the first tool (which is how structured
    output is asked for), or a function of the prompt that returns one of these.
    """

    script: list[Any] = Field(default_factory=lambda: ["Noted."])
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[Any] = Field(default_factory=list)

    @classmethod
    def of(cls, *script: Line) -> ScriptedChatModel:
        """Return a model that answers with these lines, one after another."""
        return cls(script=list(script) or ["Noted."])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        """Note the tools; a line of arguments calls the first of them."""
        self.tools[:] = tools
        return self.bind(tools=[getattr(tool, "name", None) or tool.__name__ for tool in tools])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.prompts.append(messages)
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        line = line(messages) if callable(line) else line
        if isinstance(line, Exception):
            raise line
        return ChatResult(generations=[ChatGeneration(message=_message(line, kwargs.get("tools", ())))])


def _message(line: Any, tools: Sequence[str]) -> AIMessage:
    if isinstance(line, AIMessage):
        return line.model_copy()
    if isinstance(line, str):
        return AIMessage(line)
    if not tools:
        raise ValueError("a line of the script calls a tool, and the model was given none; write a text in its place.")
    return AIMessage("", tool_calls=[{"name": tools[0], "args": line, "id": f"call-{tools[0]}"}])


class FakeClock:
    """Tells the same time until it is moved: `open_memory(path, clock=FakeClock())`."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **span: float) -> datetime:
        """Let time pass, as `timedelta` takes it (`days=3`), and return what it is then."""
        self.now += timedelta(**span)
        return self.now


Said = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One owner's side of a graph."""

    graph: Any
    owner_id: str = "user"
    scope: str = "global"

    @property
    def store(self) -> CuratedStore:
        """The store that the graph was compiled with; raises InvalidInputError for another kind, or none."""
        store = getattr(self.graph, "store", None)
        if not isinstance(store, CuratedStore):
            raise InvalidInputError(
                "the graph has no CuratedStore; compile it with store=memory_database.store, and with its checkpointer."
            )
        return store

    def say(self, said: Said, thread_id: str | None = None) -> dict[str, Any]:
        """Say one thing after another in one thread, a new one by default; return the state after the last.

        What a promotion node queued for a worker is read before this returns.
        """
        config: Any = {"configurable": {"thread_id": thread_id or f"test-{uuid4()}"}}
        context = MemoryContext(owner_id=self.owner_id, scope=self.scope)
        state: dict[str, Any] = {}
        for text in [said] if isinstance(said, str) else said:
            state = self.graph.invoke({"messages": [HumanMessage(text)]}, config, context=context)
        self._read_what_waits()
        return state

    def _read_what_waits(self) -> None:
        for job in self.store.jobs.pending(owner_id=self.owner_id):
            if job.waiting and job.extractor == PromotionWorker(self.store).extractor:
                PromotionWorker(self.store).drain()
                return

    def memories(self) -> dict[str, Memory]:
        """Return the live memories, by their ids."""
        return {one.id: one for one in every(self.store.list_memories, owner_id=self.owner_id)}

    def recalled(self, question: str) -> list[str]:
        """Return what a model would be shown for a question, as the retrieval node does by default."""
        found = self.store.recall(question, owner_id=self.owner_id, scope=self.scope, limit=8, pinned=10, needed=True)
        return [item.memory.content for item in found]

    def shown(self, state: dict[str, Any]) -> str:
        """Return the block of memories in a state; raises InvalidInputError when the graph keeps none."""
        block = state.get("memory_context")
        if block is None:
            raise InvalidInputError("the graph's state has no memory_context; it needs a RetrievalNode.")
        return str(block)

    def verdicts(self) -> list[str]:
        """Return what became of the last message's candidates, one line for each."""
        receipts = self.store.audit.receipts(owner_id=self.owner_id, kind="promotion", limit=1)
        return [
            f"{one['memory_type']}: {one['bucket']}, {one['reason']}" + (f", {one['action']}" if one["action"] else "")
            for receipt in receipts
            for one in receipt.body["candidates"]
        ]


def holds(content: str, wanted: str) -> bool:
    """Return whether a content says what is wanted: the same letters, whatever their case and spacing."""
    return " ".join(wanted.casefold().split()) in " ".join(content.casefold().split())


def listed(lines: Sequence[str]) -> str:
    """Return lines for the message of a failing test."""
    return "\n".join(f"  - {line}" for line in lines) if lines else "  (nothing)"
