"""What a notebook shows: pure functions that return escaped HTML."""

from langgraph_memory.display.html import (
    audit_html,
    explanation_html,
    memories_html,
    promotion_html,
    recall_html,
    sweep_html,
    thread_html,
)

__all__ = [
    "audit_html",
    "explanation_html",
    "memories_html",
    "promotion_html",
    "recall_html",
    "sweep_html",
    "thread_html",
]
