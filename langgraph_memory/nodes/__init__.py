"""Graph nodes: retrieval before the model, promotion after it, and the prompt between them."""

from langgraph_memory.nodes.graph import build_graph
from langgraph_memory.nodes.identity import MemoryContext
from langgraph_memory.nodes.promotion import PromotionNode
from langgraph_memory.nodes.prompt import build_prompt
from langgraph_memory.nodes.retrieval import RetrievalNode
from langgraph_memory.nodes.state import MemoryState

__all__ = ["MemoryContext", "MemoryState", "PromotionNode", "RetrievalNode", "build_graph", "build_prompt"]
