"""Two memories for LangGraph agents, and the hygiene between them."""

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.database import MemoryDatabase, open_memory
from langgraph_memory.store import CuratedStore

__all__ = ["CuratedStore", "MemoryDatabase", "ThreadSaver", "open_memory"]
