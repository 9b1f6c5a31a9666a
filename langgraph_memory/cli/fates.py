"""What became of each thing the user said: one of the three buckets, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_memory.domain.memory import Action
from langgraph_memory.domain.policy import Bucket
from langgraph_memory.domain.promotion import UNHEARD_REASON, Promoted, PromotionReport

NOTHING = "nothing to remember"
SUPERSEDES = "supersedes"

_DONE: dict[Action, str] = {
    "added": "promoted",
    "superseded": SUPERSEDES,
    "reinforced": "confirms",
    "conflict": "conflicts",
    "retired": "retires",
    "forgotten": "forgets",
    "refused": "refused",
}


@dataclass(frozen=True, slots=True)
class Fate:
    """One line of the report: the bucket, what was done there, the memory it is about, and the reason."""

    bucket: Bucket
    action: str
    memory: str
    why: str


def fates_of(reports: Sequence[PromotionReport]) -> list[Fate]:
    """Return the fates of what was found in a message; one that nothing was found in is discarded as a whole."""
    found = [_fate(entry) for report in reports for entry in report]
    return found or [Fate(Bucket.DISCARD, "discarded", "", NOTHING)]


def summary(fates: Sequence[Fate]) -> str:
    """Return how many went into each bucket, and how many of the promoted took an older memory's place."""
    counts = {bucket: sum(fate.bucket is bucket for fate in fates) for bucket in Bucket}
    superseding = sum(fate.action == SUPERSEDES for fate in fates)
    return (
        f"{counts[Bucket.PROMOTE]} promoted ({superseding} superseding an older one), "
        f"{counts[Bucket.KEEP_IN_SESSION]} kept in session, {counts[Bucket.DISCARD]} discarded"
    )


def _fate(entry: Promoted) -> Fate:
    bucket, outcome = entry.verdict.bucket, entry.outcome
    if outcome is None:
        if bucket is Bucket.KEEP_IN_SESSION:
            return Fate(bucket, "kept in session", entry.candidate.content, entry.verdict.explanation)
        if entry.verdict.reason == UNHEARD_REASON:
            return Fate(bucket, "discarded", "", NOTHING)
        why = f"{entry.verdict.reason}: {entry.verdict.explanation}"
        return Fate(bucket, "discarded", entry.candidate.content, why)
    replaced = "; ".join(memory.content for memory in outcome.replaced)
    against = "; ".join(memory.content for memory in outcome.conflicts)
    why = f"{outcome.reason}; until now: {replaced}" if replaced else outcome.reason
    why = f"{why}; against: {against}" if against else why
    return Fate(bucket, _DONE[outcome.action], entry.candidate.content, why)
