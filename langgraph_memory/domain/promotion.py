"""Which bucket a candidate goes to, by rules that an app may change, and what one promotion did with each and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final, overload

from pydantic import ValidationError

from langgraph_memory.domain.candidate import Actor, Candidate, Flaw, Utterance
from langgraph_memory.domain.guard import (
    DEFAULT_GUARD,
    GuardPolicy,
    Refusal,
    mask_together,
    refuse,
    refuse_key,
    refuse_said,
)
from langgraph_memory.domain.memory import Outcome
from langgraph_memory.domain.outdated import corrected
from langgraph_memory.domain.quotes import holds
from langgraph_memory.views import Table, Tabular, agreeing, counted, spaced

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


_FACTS: Final = {
    "home.city": "home.city home.town city location.city residence.city residence address.city user.city current.city "
    "lives.in location home",
    "home.country": "home.country country location.country residence.country address.country user.country",
    "employer": "employer work.employer job.employer company work.company job.company workplace work.place",
    "contact.email": "contact.email email e.mail email.address contact.e.mail user.email",
    "contact.phone": "contact.phone phone phone.number contact.phone.number mobile user.phone",
}
_BACKGROUND: Final = {
    "name": "name user.name full.name first.name",
    "nickname": "nickname nick.name preferred.name",
    "pronouns": "pronouns user.pronouns",
    "birthday": "birthday birth.date date.of.birth dob user.birthday",
    "origin": "origin home.origin hometown birthplace birth.place from",
    "nationality": "nationality citizenship user.nationality",
    "job.title": "job.title job occupation profession work.title work.role role job.role",
    "timezone": "timezone time.zone user.timezone",
}
_SLOTS: Final = {
    name: slot for table in (_FACTS, _BACKGROUND) for slot, names in table.items() for name in names.split()
}
_JOINS: Final = re.compile(r"[^a-z0-9]+")


def canonical(slot: str | None, memory_type: str) -> tuple[str | None, str]:
    """Return the slot that a name means and the type of what it holds; a name that nobody knows stays as it is."""
    known = _SLOTS.get(_JOINS.sub(".", (slot or "").lower()).strip("."))
    if known is None or memory_type not in ("fact", "background"):
        return slot, memory_type
    return known, "fact" if known in _FACTS else "background"


REFUSED = "(refused)"
"""What stands in place of a text that the guard refused."""

UNHEARD = "(nothing)"
"""What stands for a message of which nothing was proposed."""
UNHEARD_REASON = "nothing_heard"
UNREAD = "(unread)"
"""What stands for a message that the extractor could not read."""

_TEXTS = {"content", "excerpt", "memory_type", "slot", "subject", "content_json", "replaces"}
_FLAWS: dict[Flaw, str] = {
    "echo": "The assistant repeated what is known or what the user said; that is no new source.",
    "extractor_failed": "The extractor failed on this message.",
    "invalid": "What the extractor proposed cannot be a memory.",
    "malformed": "The extractor's answer about it could not be read.",
    "no_evidence": "The words quoted as evidence are not in the message.",
    "off_the_record": "The speaker asked for it not to be stored.",
    "too_long": "The message is longer than the extractor's model can read.",
    "too_many": "The extractor proposed more of one message than it may.",
    "unknown_type": "No memory type of that name is registered.",
    "unknown_message": "The extractor named a message that it was not given.",
    "unsupported": "The words quoted do not say it: a number, a name, a person, a word or a denial differs.",
}


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Which lines of the ledger a node reads and writes: whose, of which thread, by which extractor.

    A message's id is its own within a thread, so a subgraph that reads the same message reads the same line. Whose
    the messages are is noted with the thread when it `is_thread`, of a run.
    """

    owner_id: str
    thread_id: str
    extractor: str
    is_thread: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate and the bucket it was put in, before anything is written.

    The text of a candidate that the guard refused is not kept.
    """

    candidate: Candidate
    verdict: Verdict


def judge_all(
    candidates: Iterable[Candidate],
    utterances: Sequence[Utterance],
    policy: PromotionPolicy,
    types: Container[str] | None = None,
    guard: GuardPolicy = DEFAULT_GUARD,
) -> list[Judged]:
    """Return the bucket of every candidate, and one line for every message of which nothing was proposed.

    `types` are the memory types there are, when they are known; `guard` counts where the policy has none of its own.
    """
    texts = {said.message_id: said.text for said in utterances}
    judged = [_judged(_checked(candidate, texts, types), policy, guard) for candidate in candidates]
    proposed_from = {one.candidate.message_id for one in judged}
    left = (said for said in utterances if said.message_id not in proposed_from)
    return judged + [_unheard(said, policy.guard or guard) for said in left]


def _judged(candidate: Candidate, policy: PromotionPolicy, guard: GuardPolicy) -> Judged:
    """Same as `judge`; a candidate that was changed into none, or holds a payload without end, is invalid."""
    try:
        Candidate.model_validate(candidate.model_dump(warnings=False))
        return judge(candidate, policy, guard)
    except (RecursionError, ValidationError):
        return invalid(Judged(candidate, Verdict(Bucket.DISCARD, "invalid", "")))


def judge(candidate: Candidate, policy: PromotionPolicy, guard: GuardPolicy = DEFAULT_GUARD) -> Judged:
    """Return the bucket of a candidate: the guard refuses or masks first, then a flaw, then the policy decides."""
    guard = policy.guard or guard
    said = candidate.model_dump(include=_TEXTS, warnings=False)
    slot = said.pop("slot")
    refusal = refuse_said(said, guard)
    if refusal is not None:
        return _refused(candidate, refusal)
    masked = {name: value for name, value in mask_together(said, guard).items() if value != said[name]}
    if slot is not None and refuse_key(slot, guard) is not None:
        masked["slot"] = None
    if masked:
        candidate = candidate.model_copy(update=masked)
    if candidate.flaw is not None:
        return Judged(candidate, Verdict(Bucket.DISCARD, candidate.flaw, _FLAWS[candidate.flaw]))
    return Judged(candidate, policy.judge(candidate))


def amend(judged: Sequence[Judged], at: int, before: Sequence[Candidate]) -> list[Judged]:
    """Return what was judged with the correction at a place done to what was learnt of the message before it.

    `before` are the candidates of that message; those that are stored already have a target. What else was proposed
    of the correcting message goes; where it is not clear what it corrects, the correction goes.
    """
    correction = judged[at].candidate
    told = [found for one in before if (found := _amended(one, correction)) is not None]
    if len(told) != 1 and correction.amends:
        told = []
    if not told:
        left = [] if _says_more(judged, at) else [_as_change(judged[at])]
        return [*judged[:at], *left, *judged[at + 1 :]]
    kept = _exchanged(judged, at, told)
    if not any(one.candidate.message_id == correction.message_id for one in kept):
        kept.append(Judged(correction, Verdict(Bucket.DISCARD, "taken_back", "It takes back the message before.")))
    return kept


def _exchanged(judged: Sequence[Judged], at: int, told: Sequence[tuple[Candidate, Candidate | None]]) -> list[Judged]:
    """Return what was judged with new candidates at a place, and what they exchange discarded."""
    replaced = {id(old) for old, _ in told}
    kept: list[Judged] = []
    for number, one in enumerate(judged):
        if number == at:
            kept += [Judged(new, one.verdict) for _, new in told if new is not None]
        elif id(one.candidate) in replaced:
            kept.append(Judged(one.candidate, _CORRECTED))
        elif one.candidate.message_id != judged[at].candidate.message_id:
            kept.append(one)
    return kept


_CORRECTED = Verdict(Bucket.DISCARD, "corrected", "The next message corrects it.")


def _says_more(judged: Sequence[Judged], at: int) -> bool:
    message_id = judged[at].candidate.message_id
    others = (one for number, one in enumerate(judged) if number != at)
    return any(one.candidate.message_id == message_id and one.verdict.bucket is Bucket.PROMOTE for one in others)


def _as_change(one: Judged) -> Judged:
    """Return a correction of which it is not clear what it exchanges as what may put an end to something known."""
    if not one.candidate.amends:
        why = "It takes back a message of which nothing is known."
        return Judged(one.candidate, Verdict(Bucket.KEEP_IN_SESSION, "nothing_to_change", why))
    change = {"amends": None, "replaces": (), "corrects": False, "changes_only": True}
    return Judged(one.candidate.model_copy(update=change), one.verdict)


def _amended(known: Candidate, correction: Candidate) -> tuple[Candidate, Candidate | None] | None:
    """Return a candidate and what is stored in its place; None in its place where it is only taken back."""
    shared = {"message_id": correction.message_id, "excerpt": correction.excerpt, "corrects": True}
    if not correction.amends:
        taken_back = known.model_copy(update={**shared, "retires": True}) if known.target else None
        return known, taken_back
    found = corrected(known.content, correction.amends)
    if found is None:
        return None
    new = _with_value(known, found.gone, found.value)
    return known, known.model_copy(
        update={**shared, **new, "content": found.content, "confidence": max(known.confidence, 0.9)}
    )


def _with_value(known: Candidate, gone: str, value: str) -> dict[str, Any]:
    """Return the slot and the structured value of a candidate with one value in the place of another."""
    payload = dict(known.content_json or {})
    if payload.get("value") is None:
        return {}
    held = str(payload["value"])
    if gone.lower() not in held.lower():
        return {"content_json": {**payload, "value": None}, "slot": None}
    start = held.lower().index(gone.lower())
    slot = known.slot
    if slot is not None and "-".join(gone.lower().split()) in slot:
        slot = slot.replace("-".join(gone.lower().split()), "-".join(value.lower().split()))
    return {"content_json": {**payload, "value": held[:start] + value + held[start + len(gone) :]}, "slot": slot}


def failed(said: Utterance, extractor: str) -> Candidate:
    """Return what stands for a message on which its extractor failed."""
    flaw: Flaw = "extractor_failed"
    return Candidate(content=UNREAD, message_id=said.message_id, actor=said.actor, extractor=extractor, flaw=flaw)


def invalid(judged: Judged) -> Judged:
    """Return what becomes of a candidate that cannot be stored; what it says is not kept."""
    return Judged(_blank(judged.candidate), Verdict(Bucket.DISCARD, "invalid", _FLAWS["invalid"]))


def _unheard(said: Utterance, guard: GuardPolicy) -> Judged:
    """Return the line of a message of which nothing was proposed: the guard refuses it, or there is nothing in it."""
    refusal = refuse(said.text, guard)
    if refusal is not None:
        return _refused(Candidate(content=REFUSED, message_id=said.message_id, actor=said.actor), refusal)
    blank = Candidate(content=UNHEARD, message_id=said.message_id, actor=said.actor)
    return Judged(blank, Verdict(Bucket.DISCARD, UNHEARD_REASON, "Nothing lasting was heard in it."))


def withheld(said: Utterance, reason: str) -> Judged:
    """Return the fate of a message whose text the guard withheld before it was to be read."""
    blank = Candidate(content=REFUSED, message_id=said.message_id, actor=said.actor)
    return Judged(blank, Verdict(Bucket.DISCARD, reason, "The guard withheld it before it was read."))


def _checked(candidate: Candidate, texts: Mapping[str, str], types: Container[str] | None) -> Candidate:
    """Return `candidate` with the flaw it has: an unknown type, or a quote that its message does not hold."""
    flaw = candidate.flaw
    text = texts.get(candidate.message_id)
    if flaw is None and types is not None and candidate.memory_type not in types:
        flaw = "unknown_type"
    if flaw is None and text is not None and not holds(candidate.excerpt, text):
        flaw = "no_evidence"
    return candidate.model_copy(update={"flaw": flaw})


def _refused(candidate: Candidate, refusal: Refusal) -> Judged:
    """Discard a candidate without keeping what it says."""
    return Judged(_blank(candidate), Verdict(Bucket.DISCARD, refusal.reason, refusal.explanation))


def _blank(candidate: Candidate) -> Candidate:
    blank = {
        "content": REFUSED,
        "excerpt": "",
        "message": "",
        "content_json": None,
        "replaces": (),
        "slot": None,
        "subject": None,
    }
    return candidate.model_copy(update=blank)


@dataclass(frozen=True, slots=True)
class Promoted:
    """One candidate, the bucket it ended in, and (when promoted) what it did to what was known."""

    candidate: Candidate
    verdict: Verdict
    outcome: Outcome | None = None


@dataclass(frozen=True)
class PromotionReport(Tabular, Sequence[Promoted]):
    """What one promotion did, one entry for each candidate; `id` names its stored receipt.

    A message of which nothing was proposed has an entry too, with the reason `nothing_heard`. It has no entries when
    every message had been read before.
    """

    id: str
    owner_id: str
    scope: str
    at: datetime
    entries: tuple[Promoted, ...] = field(default=())

    things: ClassVar[str] = "promotions"

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

    def figures(self) -> dict[str, Any]:
        """Return ids and numbers, for who watches from outside."""
        counts = Counter(one.verdict.bucket for one in self.entries)
        about = [one.outcome.memory for one in self.entries if one.outcome is not None]
        return {
            "promotion_id": self.id,
            "memory_ids": tuple(one.id for one in about if one is not None),
            "promoted": counts[Bucket.PROMOTE],
            "kept_in_session": counts[Bucket.KEEP_IN_SESSION],
            "discarded": counts[Bucket.DISCARD],
        }

    def to_json(self) -> dict[str, Any]:
        """Return what the receipt keeps: buckets, reasons and ids, and none of the contents."""
        return {"scope": self.scope, "candidates": [_entry(entry) for entry in self.entries]}

    @classmethod
    def table(cls, records: Iterable[PromotionReport], title: str | None = None) -> Table:
        """Return one row for each candidate of some reports: its bucket, its reason, and what it did."""
        rows = [
            (
                one.candidate.content,
                one.candidate.memory_type,
                spaced(one.verdict.bucket.value),
                one.verdict.explanation,
                "" if one.outcome is None else one.outcome.action,
                "" if one.outcome is None else _touched(one.outcome),
            )
            for report in records
            for one in report.entries
        ]
        head = ("candidate", "type", "bucket", "why", "action", "supersedes or conflicts with")
        return Table.of(title or "promotion", head, rows)


def _touched(outcome: Outcome) -> str:
    return "; ".join(memory.content for memory in (*outcome.replaced, *outcome.conflicts))


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
        "conflicts": [] if outcome is None else [memory.id for memory in outcome.conflicts],
    }
