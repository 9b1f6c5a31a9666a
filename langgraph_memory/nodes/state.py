"""The state that the nodes read and write; adding a node to a graph adds the channels it lacks."""

from __future__ import annotations

from typing import Annotated

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict


class RetrievalState(TypedDict, total=False):
    """What `RetrievalNode` reads (`messages`) and writes: the rendered block and the receipt of the recall."""

    messages: list[AnyMessage]
    memory_context: str
    recall_id: str


class MemoryState(TypedDict, total=False):
    """The state of the prebuilt graph."""

    messages: Annotated[list[AnyMessage], add_messages]
    memory_context: str
    recall_id: str
