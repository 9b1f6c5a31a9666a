"""Two memories for LangGraph agents, and the hygiene between them.

Each name is imported when it is first used, so that who needs one of them does not wait for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from langgraph_memory.checkpointer import ThreadSaver
    from langgraph_memory.database import MemoryDatabase, open_memory
    from langgraph_memory.domain.budget import BudgetReport, ContextBudget
    from langgraph_memory.domain.candidate import Candidate, Extractor, Utterance
    from langgraph_memory.domain.guard import GuardPolicy
    from langgraph_memory.domain.hygiene import HygienePolicy, SweepReport
    from langgraph_memory.domain.jobs import Job, Retries
    from langgraph_memory.domain.memory import Memory, Outcome, Recall, Recalled, Receipt, Source
    from langgraph_memory.domain.policy import Bucket, PromotionPolicy, Verdict
    from langgraph_memory.domain.promotion import PromotionReport
    from langgraph_memory.domain.reflection import Reflected, ReflectionPolicy
    from langgraph_memory.domain.review import ReviewItem, ReviewPolicy
    from langgraph_memory.domain.rewind import Retraction
    from langgraph_memory.domain.session import SessionSummary
    from langgraph_memory.domain.switches import MemorySwitches
    from langgraph_memory.domain.thread import ThreadSummary
    from langgraph_memory.domain.trail import AuditEntry, Explained, Explanation, Replay
    from langgraph_memory.domain.types import MemoryType
    from langgraph_memory.errors import ExtractionError, LangGraphMemoryError
    from langgraph_memory.extract import ModelExtractor, RuleExtractor
    from langgraph_memory.nodes import (
        MemoryContext,
        MemoryState,
        PromotionNode,
        PromotionWorker,
        RetrievalNode,
        WorkReport,
        build_graph,
        build_prompt,
    )
    from langgraph_memory.offline import OfflineChatModel
    from langgraph_memory.store import CuratedStore

__all__ = [
    "AuditEntry",
    "Bucket",
    "BudgetReport",
    "Candidate",
    "ContextBudget",
    "CuratedStore",
    "Explained",
    "Explanation",
    "ExtractionError",
    "Extractor",
    "GuardPolicy",
    "HygienePolicy",
    "Job",
    "LangGraphMemoryError",
    "Memory",
    "MemoryContext",
    "MemoryDatabase",
    "MemoryState",
    "MemorySwitches",
    "MemoryType",
    "ModelExtractor",
    "OfflineChatModel",
    "Outcome",
    "PromotionNode",
    "PromotionPolicy",
    "PromotionReport",
    "PromotionWorker",
    "Recall",
    "Recalled",
    "Receipt",
    "Reflected",
    "ReflectionPolicy",
    "Replay",
    "Retraction",
    "Retries",
    "RetrievalNode",
    "ReviewItem",
    "ReviewPolicy",
    "RuleExtractor",
    "SessionSummary",
    "Source",
    "SweepReport",
    "ThreadSaver",
    "ThreadSummary",
    "Utterance",
    "Verdict",
    "WorkReport",
    "build_graph",
    "build_prompt",
    "open_memory",
]

_HOMES = {
    "langgraph_memory.checkpointer": "ThreadSaver".split(),
    "langgraph_memory.database": "MemoryDatabase open_memory".split(),
    "langgraph_memory.domain.budget": "BudgetReport ContextBudget".split(),
    "langgraph_memory.domain.candidate": "Candidate Extractor Utterance".split(),
    "langgraph_memory.domain.guard": "GuardPolicy".split(),
    "langgraph_memory.domain.hygiene": "HygienePolicy SweepReport".split(),
    "langgraph_memory.domain.jobs": "Job Retries".split(),
    "langgraph_memory.domain.memory": "Memory Outcome Recall Recalled Receipt Source".split(),
    "langgraph_memory.domain.policy": "Bucket PromotionPolicy Verdict".split(),
    "langgraph_memory.domain.promotion": "PromotionReport".split(),
    "langgraph_memory.domain.reflection": "Reflected ReflectionPolicy".split(),
    "langgraph_memory.domain.review": "ReviewItem ReviewPolicy".split(),
    "langgraph_memory.domain.rewind": "Retraction".split(),
    "langgraph_memory.domain.session": "SessionSummary".split(),
    "langgraph_memory.domain.switches": "MemorySwitches".split(),
    "langgraph_memory.domain.thread": "ThreadSummary".split(),
    "langgraph_memory.domain.trail": "AuditEntry Explained Explanation Replay".split(),
    "langgraph_memory.domain.types": "MemoryType".split(),
    "langgraph_memory.errors": "ExtractionError LangGraphMemoryError".split(),
    "langgraph_memory.extract": "ModelExtractor RuleExtractor".split(),
    "langgraph_memory.nodes": (
        "MemoryContext MemoryState PromotionNode PromotionWorker RetrievalNode WorkReport build_graph build_prompt"
    ).split(),
    "langgraph_memory.offline": "OfflineChatModel".split(),
    "langgraph_memory.store": "CuratedStore".split(),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a checker knows the names from the imports above, and no others

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
