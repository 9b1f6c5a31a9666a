"""What ending a session did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from langgraph_memory.display import session_html
from langgraph_memory.domain.memory import Memory, Outcome

Writer = Literal["rules", "model"]


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """The summary of one thread and what became of it.

    `outcome` is what remembering it did, None when there was nothing to remember; `reason` says why in a sentence.
    `written_by` says who wrote it, and `fallback`, in one word, why the model did not. `messages` is how many the
    thread holds, `removed` how many checkpoints went when it was compacted.
    """

    thread_id: str
    checkpoint_id: str
    outcome: Outcome | None
    written_by: Writer
    reason: str
    fallback: str | None = None
    messages: int = 0
    removed: int = 0

    @property
    def memory(self) -> Memory | None:
        """The memory that holds the summary, None when there is none."""
        return None if self.outcome is None else self.outcome.memory

    def _repr_html_(self) -> str:
        return session_html(self)
