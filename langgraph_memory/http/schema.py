"""What the JSON API takes and gives, beside the package's own records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from langgraph_memory import Memory, Outcome, Recall
from langgraph_memory.types import Explanation

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a listing; `next` is the offset of the one after it, None at the end."""

    items: list[T]
    next: int | None = None

    @classmethod
    def of(cls, found: list[T], limit: int, offset: int) -> Self:
        """Return the page of what was found when one more than `limit` was asked for."""
        return cls(items=found[:limit], next=offset + limit if len(found) > limit else None)


class OwnerCount(BaseModel):
    """An owner with the number of their memories, and of those that are live."""

    owner_id: str
    memories: int
    live: int


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewMemory(_Body):
    """What `remember` takes."""

    content: str
    scope: str = "global"
    memory_type: str = "fact"
    slot: str | None = None
    content_json: dict[str, Any] | None = None
    confidence: float = 1.0
    importance: float = 0.5
    valid_from: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    subject: str | None = None


class NewContent(_Body):
    """What takes the place of a memory's content."""

    content: str


class OutcomeBody(BaseModel):
    """What `remember` and `supersede` did, and the id of the edit, by which it can be undone."""

    action: str
    memory: Memory | None
    reason: str
    replaced: list[Memory]
    conflicts: list[Memory]
    edit_id: str

    @classmethod
    def of(cls, outcome: Outcome, edit_id: str) -> Self:
        """Return what an outcome says."""
        return cls(
            action=outcome.action,
            memory=outcome.memory,
            reason=outcome.reason,
            replaced=list(outcome.replaced),
            conflicts=list(outcome.conflicts),
            edit_id=edit_id,
        )


class Verified(BaseModel):
    """A memory that was confirmed, and the id of the edit."""

    memory: Memory
    edit_id: str


class Edits(_Body):
    """The ids of the edits to undo; `dry_run` says what that would change."""

    edit_ids: list[str] = Field(min_length=1, max_length=100)
    dry_run: bool = False


class Question(_Body):
    """What `recall` takes; `needed` (the default) shows what the retrieval node would put before a model.

    A receipt is kept only where one is asked for.
    """

    query: str | None
    scope: str = "global"
    memory_types: list[str] | None = None
    limit: int = Field(default=8, ge=1, le=100)
    as_of: AwareDatetime | None = None
    max_tokens: int | None = None
    needed: bool = True
    receipt: bool = False


class RecalledBody(BaseModel):
    """One recalled memory, its score and the parts of it."""

    memory: Memory | None
    memory_id: str
    score: float | None
    parts: Mapping[str, float]
    reason: str | None = None
    conflicts_with: list[str] = []


class RecallBody(BaseModel):
    """What one recall found, and what it left out and why."""

    id: str
    query: str | None
    scope: str
    at: datetime
    items: list[RecalledBody]
    dropped: list[RecalledBody]

    @classmethod
    def of(cls, recall: Recall) -> Self:
        """Return what a recall found."""
        found = [
            RecalledBody(
                memory=one.memory,
                memory_id=one.memory.id,
                score=one.score,
                parts=one.parts,
                conflicts_with=list(one.conflicts_with),
            )
            for one in recall
        ]
        dropped = [
            RecalledBody(memory=one.memory, memory_id=one.memory.id, score=one.score, parts={}, reason=one.reason)
            for one in recall.dropped
        ]
        return cls(id=recall.id, query=recall.query, scope=recall.scope, at=recall.at, items=found, dropped=dropped)

    @classmethod
    def explained(cls, explanation: Explanation) -> Self:
        """Return what the receipt of a recall says."""
        both = [
            [
                RecalledBody(
                    memory=one.memory,
                    memory_id=one.id,
                    score=one.score,
                    parts=one.parts,
                    reason=one.reason,
                    conflicts_with=list(one.conflicts_with),
                )
                for one in part
            ]
            for part in (explanation.recalled, explanation.dropped)
        ]
        receipt = explanation.receipt
        return cls(
            id=receipt.id,
            query=explanation.query,
            scope=explanation.scope,
            at=receipt.at,
            items=both[0],
            dropped=both[1],
        )


class CheckpointBody(BaseModel):
    """One checkpoint of a thread, the one it follows, and what its run taught."""

    checkpoint_id: str
    checkpoint_ns: str
    parent_id: str | None
    at: datetime | None
    source: str | None
    step: int | None
    run_id: str | None
    messages: int
    taught: list[str]


class Count(BaseModel):
    """How many rows were changed."""

    count: int


class JobChoice(_Body):
    """What becomes of messages that were set aside."""

    choice: Literal["retry", "drop"]
    thread_id: str | None = None


class Switches(_Body):
    """What memory does for an owner: whether it is read, and whether what they say is learnt."""

    recall: bool
    learn: bool


class Erasure(_Body):
    """Whom to erase: named again in the body, so that no slip of an address does it."""

    owner_id: str
    threads: bool = False


class SweepBody(BaseModel):
    """What a sweep changed, or would change."""

    dry_run: bool
    counts: Mapping[str, int]
    changes: list[dict[str, Any]]


class ReceiptBody(BaseModel):
    """The record of one operation."""

    id: str
    kind: str
    owner_id: str
    at: datetime
    counts: Mapping[str, int]
    thread_id: str | None
    checkpoint_id: str | None
    run_id: str | None
    body: Mapping[str, Any]
