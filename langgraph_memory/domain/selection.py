"""Cuts ranked memories to the few that are recalled, and says why each of the others was not."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from langgraph_memory.domain.memory import Dropped, DropReason, Recalled
from langgraph_memory.domain.memory_filter import EVERYTHING, Wanted
from langgraph_memory.domain.ranking import Columns, estimated_tokens
from langgraph_memory.domain.text import normalised

MAX_DROPPED = 50
"""How many dropped memories a recall reports; the best of them."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What a read may see: scopes, types, a moment in microseconds, and what the caller wants to see."""

    visible: Sequence[str]
    memory_types: Sequence[str]
    at: int
    wanted: Wanted = EVERYTHING

    def reason_against(self, row: Columns) -> DropReason | None:
        """Return why the memory in `row` may not be recalled, or None when it may."""
        if row["scope"] not in self.visible:
            return "out_of_scope"
        if row["memory_type"] not in self.memory_types:
            return "wrong_type"
        if row["superseded_at"] is not None and row["superseded_at"] <= self.at:
            return "superseded"
        if row["expires_at"] is not None and row["expires_at"] <= self.at:
            return "expired"
        return self._unwanted(row)

    def _unwanted(self, row: Columns) -> DropReason | None:
        if row["injection"] == "never":
            return "withheld"
        return None if self.wanted.admits(row) else "filtered_out"


@dataclass(slots=True)
class Selection:
    """Takes memories best first, as long as the limits allow, and keeps what it left out.

    `outdated` are the owners and ids of those that another one found replaces.
    """

    limit: int
    min_score: float | None = None
    max_tokens: int | None = None
    outdated: Container[tuple[str, str]] = ()
    taken: list[Recalled] = field(default_factory=list)
    left_out: list[Dropped] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _tokens: int = 0

    def offer(self, ranked: Iterable[Recalled]) -> None:
        """Take from `ranked`, which is best first."""
        for item in ranked:
            words = normalised(item.memory.content)
            reason = self._reason_against(item, words)
            if reason is None:
                self.taken.append(item)
                self._seen.add(words)
                self._tokens += _tokens_of(item)
            else:
                self.left_out.append(Dropped(item.memory, reason, item.score))

    def _reason_against(self, item: Recalled, words: str) -> DropReason | None:
        if self.min_score is not None and item.score < self.min_score:
            return "below_threshold"
        if (item.memory.owner_id, item.memory.id) in self.outdated:
            return "outdated"
        if words in self._seen:
            return "duplicate"
        if len(self.taken) >= self.limit:
            return "over_limit"
        if self.max_tokens is not None and self._tokens + _tokens_of(item) > self.max_tokens:
            return "over_budget"
        return None


def _tokens_of(item: Recalled) -> int:
    """Return what a memory takes in a prompt, with what is said against it."""
    return sum(estimated_tokens(one.content) for one in (item.memory, *item.contradicted_by))
