"""The types of what the public interface takes and returns, beside those that the package itself exports.

Each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph_memory.lazy import lazy_names

if TYPE_CHECKING:
    from langgraph_memory.checkpointer import Threads
    from langgraph_memory.checkpoints.retention import Swept
    from langgraph_memory.database import EngineOptions, MemoryOptions, OpenOptions, StoreOptions, ThreadOptions
    from langgraph_memory.doctor import Finding
    from langgraph_memory.domain.audit import AuditEntry, Explained, Explanation, Kept, ReceiptPolicy, Replay
    from langgraph_memory.domain.candidate import Actor, Extractor
    from langgraph_memory.domain.guard.personal import PersonalKind
    from langgraph_memory.domain.guard.policy import Detector, Treatment
    from langgraph_memory.domain.hygiene import Change, SweepReport
    from langgraph_memory.domain.jobs import Job, JobState, Retries
    from langgraph_memory.domain.links import Link
    from langgraph_memory.domain.memory import Action, Conflict, Dropped, Injected, OwnerSummary, Section
    from langgraph_memory.domain.promotion import Bucket, Promoted, PromotionReport, Rule, Verdict
    from langgraph_memory.domain.reflection import Reflected, ReflectionPolicy
    from langgraph_memory.domain.rendering import BudgetReport, ContextSize, Sizes, TokenCounter
    from langgraph_memory.domain.review import ReviewItem, ReviewKind, ReviewPolicy
    from langgraph_memory.domain.rewind import Retraction, Stays
    from langgraph_memory.domain.search.filters import MemoryFilter
    from langgraph_memory.domain.session import SessionSummary, Writer
    from langgraph_memory.domain.thread import MemorySwitches, ThreadSummary
    from langgraph_memory.domain.types import Injection, MemoryTypes, Update
    from langgraph_memory.effects.effect import Done, DoneCount
    from langgraph_memory.effects.runner import Embeds
    from langgraph_memory.effects.transaction import Engine
    from langgraph_memory.engine.connect import Opening
    from langgraph_memory.extract.model import ReadingLimits
    from langgraph_memory.nodes.graph import ChatModel, GraphOptions, Outputs
    from langgraph_memory.nodes.identity import Identity, IdentityResolver
    from langgraph_memory.nodes.promotion import Mode, PromotionOptions, Speakers
    from langgraph_memory.nodes.reading import AnyExtractor, ExtractorName
    from langgraph_memory.nodes.retrieval import OnBudget, Placement, RetrievalOptions
    from langgraph_memory.nodes.worker import WorkerOptions, WorkReport
    from langgraph_memory.operations.embedding import Index
    from langgraph_memory.operations.settings import StoreSettings
    from langgraph_memory.session import Summarizer
    from langgraph_memory.store import Admin, Audit, Hygiene, Jobs, StoreView
    from langgraph_memory.store.curated import MemoryDetails, RecallOptions, ReplacementDetails
    from langgraph_memory.views import Column, Records, Table

__all__ = [
    "Action",
    "Actor",
    "Admin",
    "AnyExtractor",
    "Audit",
    "AuditEntry",
    "Bucket",
    "BudgetReport",
    "Change",
    "ChatModel",
    "Column",
    "Conflict",
    "ContextSize",
    "Detector",
    "Done",
    "DoneCount",
    "Dropped",
    "Embeds",
    "Engine",
    "EngineOptions",
    "Explained",
    "Explanation",
    "Extractor",
    "ExtractorName",
    "Finding",
    "GraphOptions",
    "Hygiene",
    "Identity",
    "IdentityResolver",
    "Index",
    "Injected",
    "Injection",
    "Job",
    "JobState",
    "Jobs",
    "Kept",
    "Link",
    "MemoryDetails",
    "MemoryFilter",
    "MemoryOptions",
    "MemorySwitches",
    "MemoryTypes",
    "Mode",
    "OnBudget",
    "OpenOptions",
    "Opening",
    "Outputs",
    "OwnerSummary",
    "PersonalKind",
    "Placement",
    "Promoted",
    "PromotionOptions",
    "PromotionReport",
    "ReadingLimits",
    "RecallOptions",
    "ReceiptPolicy",
    "Records",
    "Reflected",
    "ReflectionPolicy",
    "ReplacementDetails",
    "Replay",
    "Retraction",
    "Retries",
    "RetrievalOptions",
    "ReviewItem",
    "ReviewKind",
    "ReviewPolicy",
    "Rule",
    "Section",
    "SessionSummary",
    "Sizes",
    "Speakers",
    "Stays",
    "StoreOptions",
    "StoreSettings",
    "StoreView",
    "Summarizer",
    "SweepReport",
    "Swept",
    "Table",
    "ThreadOptions",
    "ThreadSummary",
    "Threads",
    "TokenCounter",
    "Treatment",
    "Update",
    "Verdict",
    "WorkReport",
    "WorkerOptions",
    "Writer",
]

_HOMES = {
    "langgraph_memory.checkpointer": "Threads".split(),
    "langgraph_memory.checkpoints.retention": "Swept".split(),
    "langgraph_memory.database": "EngineOptions MemoryOptions OpenOptions StoreOptions ThreadOptions".split(),
    "langgraph_memory.doctor": "Finding".split(),
    "langgraph_memory.domain.audit": "AuditEntry Explained Explanation Kept ReceiptPolicy Replay".split(),
    "langgraph_memory.domain.candidate": "Actor Extractor".split(),
    "langgraph_memory.domain.guard.personal": "PersonalKind".split(),
    "langgraph_memory.domain.guard.policy": "Detector Treatment".split(),
    "langgraph_memory.domain.hygiene": "Change SweepReport".split(),
    "langgraph_memory.domain.jobs": "Job JobState Retries".split(),
    "langgraph_memory.domain.links": "Link".split(),
    "langgraph_memory.domain.memory": "Action Conflict Dropped Injected OwnerSummary Section".split(),
    "langgraph_memory.domain.promotion": "Bucket Promoted PromotionReport Rule Verdict".split(),
    "langgraph_memory.domain.reflection": "Reflected ReflectionPolicy".split(),
    "langgraph_memory.domain.rendering": "BudgetReport ContextSize Sizes TokenCounter".split(),
    "langgraph_memory.domain.review": "ReviewItem ReviewKind ReviewPolicy".split(),
    "langgraph_memory.domain.rewind": "Retraction Stays".split(),
    "langgraph_memory.domain.search.filters": "MemoryFilter".split(),
    "langgraph_memory.domain.session": "SessionSummary Writer".split(),
    "langgraph_memory.domain.thread": "MemorySwitches ThreadSummary".split(),
    "langgraph_memory.domain.types": "Injection MemoryTypes Update".split(),
    "langgraph_memory.effects.effect": "Done DoneCount".split(),
    "langgraph_memory.effects.runner": "Embeds".split(),
    "langgraph_memory.effects.transaction": "Engine".split(),
    "langgraph_memory.engine.connect": "Opening".split(),
    "langgraph_memory.extract.model": "ReadingLimits".split(),
    "langgraph_memory.nodes.graph": "ChatModel GraphOptions Outputs".split(),
    "langgraph_memory.nodes.identity": "Identity IdentityResolver".split(),
    "langgraph_memory.nodes.promotion": "Mode PromotionOptions Speakers".split(),
    "langgraph_memory.nodes.reading": "AnyExtractor ExtractorName".split(),
    "langgraph_memory.nodes.retrieval": "OnBudget Placement RetrievalOptions".split(),
    "langgraph_memory.nodes.worker": "WorkReport WorkerOptions".split(),
    "langgraph_memory.operations.embedding": "Index".split(),
    "langgraph_memory.operations.settings": "StoreSettings".split(),
    "langgraph_memory.session": "Summarizer".split(),
    "langgraph_memory.store": "Admin Audit Hygiene Jobs StoreView".split(),
    "langgraph_memory.store.curated": "MemoryDetails RecallOptions ReplacementDetails".split(),
    "langgraph_memory.views": "Column Records Table".split(),
}

if not TYPE_CHECKING:  # a checker knows the names from the imports above, and no others
    __getattr__, __dir__ = lazy_names(globals(), _HOMES)
