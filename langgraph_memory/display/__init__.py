"""What a notebook shows: pure functions that return escaped HTML."""

from langgraph_memory.display.html import (
    audit_html,
    explanation_html,
    jobs_html,
    memories_html,
    outcome_html,
    promotion_html,
    recall_html,
    receipts_html,
    replay_html,
    retraction_html,
    review_html,
    session_html,
    sweep_html,
    thread_html,
    work_html,
)

__all__ = [
    "audit_html",
    "explanation_html",
    "jobs_html",
    "memories_html",
    "outcome_html",
    "promotion_html",
    "recall_html",
    "receipts_html",
    "replay_html",
    "retraction_html",
    "review_html",
    "session_html",
    "sweep_html",
    "thread_html",
    "work_html",
]
