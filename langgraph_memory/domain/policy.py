"""Sorts candidates into three buckets: promote, keep in session, discard. Each with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from langgraph_memory.domain.candidate import Actor, Candidate
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.views import agreeing, counted

_HEDGE = r"(?:probably|possibly|perhaps|presumably|apparently|might|seems?|appears?|likely)\b"
_GUESS = re.compile(rf"\b(?:the (?:user|customer|speaker)|he|she|they) (?:is |are )?{_HEDGE}", re.IGNORECASE)
_GUESS_WORD = re.compile(rf"\b{_HEDGE}", re.IGNORECASE)


class Bucket(StrEnum):
    """Where a candidate goes."""

    PROMOTE = "promote"
    KEEP_IN_SESSION = "keep_in_session"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bucket, a machine-readable reason and a sentence."""

    bucket: Bucket
    reason: str
    explanation: str


Rule = Callable[[Candidate, "PromotionPolicy"], Verdict | None]
"""Judges one candidate, or leaves it to the next rule with None."""


def not_for_this_actor(candidate: Candidate, policy: PromotionPolicy) -> Verdict | None:
    """Discard what was said by somebody the policy does not listen to."""
    if candidate.actor in policy.actors:
        return None
    return Verdict(Bucket.DISCARD, "untrusted_actor", f"The {candidate.actor} said it; only the {_any(policy.actors)}.")


def length_out_of_bounds(candidate: Candidate, policy: PromotionPolicy) -> Verdict | None:
    """Discard what is too short to mean anything or too long to be one memory."""
    if policy.min_length <= len(candidate.content) <= policy.max_length:
        return None
    length = len(candidate.content)
    why = f"{counted(length, 'characters')} {agreeing(length, 'are')} no single statement."
    return Verdict(Bucket.DISCARD, "length", why)


def only_for_now(candidate: Candidate, policy: PromotionPolicy) -> Verdict | None:
    """Keep in session what holds for this thread alone."""
    if not candidate.session_only:
        return None
    return Verdict(Bucket.KEEP_IN_SESSION, "session_only", "It holds for this thread; the thread remembers it.")


def too_uncertain(candidate: Candidate, policy: PromotionPolicy) -> Verdict | None:
    """Keep in session what is not certain enough for its type."""
    needed = policy.min_confidence_by_type.get(candidate.memory_type, policy.min_confidence)
    if candidate.confidence >= needed:
        return None
    return Verdict(
        Bucket.KEEP_IN_SESSION, "low_confidence", f"Confidence {candidate.confidence:.2f} is below {needed:.2f}."
    )


def too_unimportant(candidate: Candidate, policy: PromotionPolicy) -> Verdict | None:
    """Keep in session what does not matter enough for its type."""
    needed = policy.min_importance_by_type.get(candidate.memory_type, policy.min_importance)
    if candidate.importance >= needed:
        return None
    return Verdict(
        Bucket.KEEP_IN_SESSION, "low_importance", f"Importance {candidate.importance:.2f} is below {needed:.2f}."
    )


def speculative(candidate: Candidate, policy: PromotionPolicy) -> Verdict | None:
    """Discard what an extractor supposes and the speaker did not say in such words."""
    guessed = _GUESS.search(candidate.content)
    if guessed is None or (candidate.actor == "user" and _GUESS_WORD.search(candidate.excerpt)):
        return None
    return Verdict(Bucket.DISCARD, "speculation", "It supposes what nobody stated.")


DEFAULT_RULES: tuple[Rule, ...] = (
    not_for_this_actor,
    length_out_of_bounds,
    only_for_now,
    too_uncertain,
    too_unimportant,
    speculative,
)


@dataclass(frozen=True, slots=True)
class PromotionPolicy:
    """Thresholds, and the small functions that apply them in order; the first verdict counts.

    What no rule stops is promoted. Replace `rules` to add your own. `guard` treats personal data; None leaves that
    to the store's.
    """

    actors: tuple[Actor, ...] = ("user",)
    min_confidence: float = 0.5
    min_importance: float = 0.0
    min_confidence_by_type: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    min_importance_by_type: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"summary": 0.6}))
    min_length: int = 4
    max_length: int = 500
    rules: Sequence[Rule] = DEFAULT_RULES
    guard: GuardPolicy | None = None

    def judge(self, candidate: Candidate) -> Verdict:
        """Return the bucket of `candidate` and why."""
        for rule in self.rules:
            verdict = rule(candidate, self)
            if verdict is not None:
                return verdict
        return Verdict(Bucket.PROMOTE, "durable", f"A {candidate.memory_type} that will matter in other threads.")


def _any(actors: Sequence[str]) -> str:
    return " or the ".join(actors) + " is listened to"
