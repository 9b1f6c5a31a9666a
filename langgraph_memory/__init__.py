"""Two memories for LangGraph agents, and the hygiene between them.

Each name is imported when it is first used, so that who needs one of them does not wait for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph_memory.lazy import lazy_names

__version__ = "0.1.0"

if TYPE_CHECKING:
    from langgraph_memory.checkpointer import ThreadSaver
    from langgraph_memory.database import MemoryDatabase, open_memory
    from langgraph_memory.domain.candidate import Candidate, Utterance
    from langgraph_memory.domain.guard import GuardPolicy
    from langgraph_memory.domain.hygiene import HygienePolicy
    from langgraph_memory.domain.memory import Memory, Outcome, Recall, Recalled, Receipt, Source
    from langgraph_memory.domain.promotion import PromotionPolicy
    from langgraph_memory.domain.rendering import ContextBudget
    from langgraph_memory.domain.types import MemoryType
    from langgraph_memory.errors import LangGraphMemoryError
    from langgraph_memory.extract import ModelExtractor
    from langgraph_memory.nodes import (
        MemoryContext,
        MemoryState,
        PromotionNode,
        PromotionWorker,
        RetrievalNode,
        build_graph,
        build_prompt,
    )
    from langgraph_memory.offline import OfflineChatModel
    from langgraph_memory.store import CuratedStore

__all__ = [
    "Candidate",
    "ContextBudget",
    "CuratedStore",
    "GuardPolicy",
    "HygienePolicy",
    "LangGraphMemoryError",
    "Memory",
    "MemoryContext",
    "MemoryDatabase",
    "MemoryState",
    "MemoryType",
    "ModelExtractor",
    "OfflineChatModel",
    "Outcome",
    "PromotionNode",
    "PromotionPolicy",
    "PromotionWorker",
    "Recall",
    "Recalled",
    "Receipt",
    "RetrievalNode",
    "Source",
    "ThreadSaver",
    "Utterance",
    "build_graph",
    "build_prompt",
    "open_memory",
]

_HOMES = {
    "langgraph_memory.checkpointer": "ThreadSaver".split(),
    "langgraph_memory.database": "MemoryDatabase open_memory".split(),
    "langgraph_memory.domain.candidate": "Candidate Utterance".split(),
    "langgraph_memory.domain.guard": "GuardPolicy".split(),
    "langgraph_memory.domain.hygiene": "HygienePolicy".split(),
    "langgraph_memory.domain.memory": "Memory Outcome Recall Recalled Receipt Source".split(),
    "langgraph_memory.domain.promotion": "PromotionPolicy".split(),
    "langgraph_memory.domain.rendering": "ContextBudget".split(),
    "langgraph_memory.domain.types": "MemoryType".split(),
    "langgraph_memory.errors": "LangGraphMemoryError".split(),
    "langgraph_memory.extract": "ModelExtractor".split(),
    "langgraph_memory.nodes": (
        "MemoryContext MemoryState PromotionNode PromotionWorker RetrievalNode build_graph build_prompt"
    ).split(),
    "langgraph_memory.offline": "OfflineChatModel".split(),
    "langgraph_memory.store": "CuratedStore".split(),
}

if not TYPE_CHECKING:  # a checker knows the names from the imports above, and no others
    __getattr__, __dir__ = lazy_names(globals(), _HOMES)
