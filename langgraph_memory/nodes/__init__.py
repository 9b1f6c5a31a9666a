"""Graph nodes: retrieval before the model, promotion after it, the prompt between them; and what a model may do."""

from langgraph_memory.nodes.actions import ModelActions, Note
from langgraph_memory.nodes.conversation import MemoryState
from langgraph_memory.nodes.graph import build_graph
from langgraph_memory.nodes.identity import (
    Identity,
    IdentityResolver,
    MemoryContext,
    resolve_identity,
    source_of,
    switches_of,
)
from langgraph_memory.nodes.promotion import PromotionNode
from langgraph_memory.nodes.retrieval import RetrievalNode, build_prompt
from langgraph_memory.nodes.worker import PromotionWorker, WorkReport

__all__ = [
    "Identity",
    "IdentityResolver",
    "MemoryContext",
    "MemoryState",
    "ModelActions",
    "Note",
    "PromotionNode",
    "PromotionWorker",
    "RetrievalNode",
    "WorkReport",
    "build_graph",
    "build_prompt",
    "resolve_identity",
    "source_of",
    "switches_of",
]
