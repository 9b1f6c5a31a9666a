"""A support desk: organisations share what was solved, projects stay apart, and a person takes over where one is asked.

A run's context names the customer, the organisation and the project:

    context={"owner_id": "cid@acme.example", "organisation": "acme", "project": "apollo"}

What a customer says is theirs, at the scope of organisation and project, so that no other project sees it. What the
desk found out for everybody is the organisation's: the owner "org:acme", whose memories every customer of acme is
answered with. Who asks for a person interrupts the thread; `Command(resume={"answer": ..., "for_everybody": ...})` goes
on with the person's answer, and keeps what everybody of the organisation should be told next time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import interrupt

from langgraph_memory import (
    CuratedStore,
    MemoryContext,
    MemoryState,
    OfflineChatModel,
    PromotionNode,
    RetrievalNode,
    build_prompt,
)
from langgraph_memory.configuration import configuration
from langgraph_memory.nodes import Identity, resolve_identity
from langgraph_memory.server import model_of

FOR_A_PERSON = re.compile(r"\b(?:speak|talk)\b.*\b(?:person|human|someone|somebody|agent)\b", re.IGNORECASE)


@dataclass(frozen=True)
class DeskContext(MemoryContext):
    """Whose question it is, and which organisation and project it is about."""

    organisation: str = ""
    project: str | None = None


def customer(runtime: Runtime[Any], config: RunnableConfig) -> Identity:
    """Return the customer, and the scope of what they say."""
    return Identity(resolve_identity(runtime, config).owner_id, scope_of(runtime.context))


def scope_of(context: DeskContext) -> str:
    """Return the scope of an organisation, or of a project of it; raises ValueError without an organisation."""
    if not context.organisation:
        raise ValueError("a support desk needs context={'owner_id': ..., 'organisation': ...}.")
    scope = f"org:{context.organisation}"
    return f"{scope}/project:{context.project}" if context.project else scope


def desk_of(context: DeskContext) -> str:
    """Return the owner of what an organisation's customers share."""
    return f"org:{context.organisation}"


@cache
def retrieval(desk: str) -> RetrievalNode:
    """Return the node that recalls the customer's own memories and what the desk knows for their organisation."""
    return RetrievalNode(identity=customer, shared_with=(desk,))


def recall(state: MemoryState, config: RunnableConfig) -> dict[str, Any]:
    """Recall for the customer of this run."""
    return retrieval(desk_of(get_runtime(DeskContext).context)).invoke(state, config)


async def arecall(state: MemoryState, config: RunnableConfig) -> dict[str, Any]:
    """Same as `recall`."""
    return await retrieval(desk_of(get_runtime(DeskContext).context)).ainvoke(state, config)


def who_answers(state: MemoryState) -> Literal["hand_over", "model"]:
    """Return who answers the customer's last message."""
    return "hand_over" if FOR_A_PERSON.search(state["messages"][-1].text) else "model"


def hand_over(state: MemoryState, runtime: Runtime[DeskContext]) -> dict[str, Any]:
    """Wait for a person, who is shown the question and what is known, and pass on what they answer."""
    said: Mapping[str, str] = interrupt(
        {"question": state["messages"][-1].text, "known": state.get("memory_context", "")}
    )
    note = said.get("for_everybody")
    if note and isinstance(runtime.store, CuratedStore):
        runtime.store.remember(note, owner_id=desk_of(runtime.context), scope=scope_of(runtime.context))
    return {"messages": [AIMessage(said["answer"])]}


model = model_of(configuration()) or OfflineChatModel()
prompt = partial(build_prompt, system_prompt="You answer the customers of a software company.")

graph = StateGraph(MemoryState, context_schema=DeskContext)
graph.add_node("recall", RunnableLambda(recall, arecall))
graph.add_node("model", RunnableLambda(prompt) | model | RunnableLambda(lambda answer: {"messages": [answer]}))
graph.add_node("hand_over", hand_over)
graph.add_node("promote", PromotionNode(identity=customer, model=model))
graph.add_edge(START, "recall")
graph.add_conditional_edges("recall", who_answers)
graph.add_edge("model", "promote")
graph.add_edge("hand_over", "promote")
graph.add_edge("promote", END)
