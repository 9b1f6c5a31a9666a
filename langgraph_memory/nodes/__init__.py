"""Graph nodes: retrieval before the model, promotion after it, and the prompt between them."""

from langgraph_memory.nodes.graph import build_graph
from langgraph_memory.nodes.identity import MemoryContext
from langgraph_memory.nodes.promotion import PromotionNode
from langgraph_memory.nodes.prompt import build_prompt
from langgraph_memory.nodes.retrieval import RetrievalNode
from langgraph_memory.nodes.state import MemoryState
from langgraph_memory.nodes.work import WorkReport
from langgraph_memory.nodes.worker import PromotionWorker

__all__ = [
    "MemoryContext",
    "MemoryState",
    "PromotionNode",
    "PromotionWorker",
    "RetrievalNode",
    "WorkReport",
    "build_graph",
    "build_prompt",
]
