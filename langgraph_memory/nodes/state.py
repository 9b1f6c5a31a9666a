"""The state that the nodes read and write, and its channel that carries recalled memories to the model's prompt.

Adding a node to a graph adds the channels it lacks.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Final

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

BLOCK: Final = "memory_context"
_READ: Final = "__pregel_read"
"""Where LangGraph puts the function that reads the channels of its graph into a node's config."""


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


def block_of(state: Any) -> str:
    """Return the block of recalled memories in a state, or an empty text.

    A node whose state is declared without the channel, as `MessagesState` is, is not given it; then it is read from the
    run, where `RetrievalNode` has put it.
    """
    held = state if isinstance(state, Mapping) else getattr(state, "__dict__", {})
    if BLOCK in held:
        return held[BLOCK] or ""
    try:
        return _in_run(None) or ""
    except KeyError:
        return ""


def warn_of_lost_block(config: RunnableConfig | None) -> None:
    """Warn when the graph that is running has no channel for the block, so that no model would ever see it."""
    try:
        _in_run(config)
    except KeyError:
        warnings.warn(
            f"the graph's state has no channel {BLOCK!r}, so that what RetrievalNode recalls reaches no model; add the "
            f"node itself with builder.add_node, or declare `{BLOCK}: str` in the state (MemoryState has it).",
            RuntimeWarning,
            stacklevel=2,
        )


def _in_run(config: RunnableConfig | None) -> Any:
    """Return the block that the running graph holds, None outside of a run; raises KeyError when it has no channel."""
    read = ensure_config(config)["configurable"].get(_READ)
    return None if read is None else read(BLOCK)
