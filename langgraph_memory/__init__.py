"""Two memories for LangGraph agents, and the hygiene between them."""

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
from langgraph_memory.domain.review import ReviewItem, ReviewPolicy
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.session import SessionSummary
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.domain.trail import AuditEntry, Explained, Explanation, Replay
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.exceptions import ExtractionError, LangGraphMemoryError
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
