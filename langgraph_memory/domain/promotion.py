"""What one promotion did with each candidate, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload

from langgraph_memory.display import promotion_html
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import Refusal, refuse
from langgraph_memory.domain.memory import Outcome
from langgraph_memory.domain.policy import Bucket, PromotionPolicy, Verdict

REFUSED = "(refused)"
"""What stands in place of a text that the guard refused."""


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Which lines of the ledger a node reads and writes: whose, of which thread, by which extractor.

    A message's id is its own within a thread, so a subgraph that reads the same message reads the same line.
    """

    owner_id: str
    thread_id: str
    extractor: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate and the bucket it was put in, before anything is written.

    The text of a candidate that the guard refused is not kept.
    """

    candidate: Candidate
    verdict: Verdict


def judge_all(
    candidates: Iterable[Candidate], utterances: Iterable[Utterance], policy: PromotionPolicy
) -> list[Judged]:
    """Return the bucket of every candidate, and of every message that the guard refuses as a whole."""
    judged = [judge(candidate, policy) for candidate in candidates]
    proposed_from = {one.candidate.message_id for one in judged}
    for said in utterances:
        refusal = None if said.message_id in proposed_from else refuse(said.text)
        if refusal is not None:
            judged.append(_refused(Candidate(content=REFUSED, message_id=said.message_id, actor=said.actor), refusal))
    return judged


def judge(candidate: Candidate, policy: PromotionPolicy) -> Judged:
    """Return the bucket of a candidate: the guard refuses first, then the policy decides."""
    refusal = refuse(f"{candidate.content}\n{candidate.excerpt}")
    if refusal is None:
        return Judged(candidate, policy.judge(candidate))
    return _refused(candidate, refusal)


def _refused(candidate: Candidate, refusal: Refusal) -> Judged:
    """Discard a candidate without keeping what it says."""
    blank = {"content": REFUSED, "excerpt": "", "content_json": None, "replaces": (), "slot": None, "subject": None}
    verdict = Verdict(Bucket.DISCARD, refusal.reason, refusal.explanation)
    return Judged(candidate.model_copy(update=blank), verdict)


@dataclass(frozen=True, slots=True)
class Promoted:
    """One candidate, the bucket it ended in, and (when promoted) what it did to what was known."""

    candidate: Candidate
    verdict: Verdict
    outcome: Outcome | None = None


@dataclass(frozen=True)
class PromotionReport(Sequence[Promoted]):
    """What one promotion did, one entry for each candidate; `id` names its stored receipt.

    It has no entries when every message had been read before.
    """

    id: str
    owner_id: str
    scope: str
    at: datetime
    entries: tuple[Promoted, ...] = field(default=())

    @overload
    def __getitem__(self, index: int) -> Promoted: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Promoted]: ...

    def __getitem__(self, index: int | slice) -> Promoted | Sequence[Promoted]:
        return self.entries[index]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Promoted]:
        return iter(self.entries)

    def to_json(self) -> dict[str, Any]:
        """Return what the receipt keeps: buckets, reasons and ids, and none of the contents."""
        return {"scope": self.scope, "candidates": [_entry(entry) for entry in self.entries]}

    def _repr_html_(self) -> str:
        return promotion_html(self)


def _entry(entry: Promoted) -> dict[str, Any]:
    outcome = entry.outcome
    return {
        "message_id": entry.candidate.message_id,
        "memory_type": entry.candidate.memory_type,
        "bucket": entry.verdict.bucket,
        "reason": entry.verdict.reason,
        "action": None if outcome is None else outcome.action,
        "memory_id": None if outcome is None or outcome.memory is None else outcome.memory.id,
        "replaced": [] if outcome is None else [memory.id for memory in outcome.replaced],
    }
