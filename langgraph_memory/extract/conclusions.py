"""What is concluded from a model's entries: candidates with a message that says them, or with what is wrong."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_memory.domain.candidate import Candidate, Flaw, Utterance
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.quotes import holds
from langgraph_memory.domain.text import terms
from langgraph_memory.extract.evidence import Evidence, supports
from langgraph_memory.extract.model_prompt import MALFORMED, Entry, Shown

_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_FORGETS = re.compile(
    r"\b(?:forget|delete|remove|erase|wipe|drop|clear|(?:don'?t|do not|stop) (?:remember|keep|store)|vergiss|lösch\w*|"
    r"olvid\w*|borr\w*|oubli\w*|efface\w*|supprim\w*|bhool\w*|hata\w*)\b|忘|删|भूल|हटा",
    re.IGNORECASE,
)
_LONGEST_SLOT = 80
_WHO = frozenset(("user", "der", "the"))


@dataclass(frozen=True, slots=True)
class Concluding:
    """A batch of messages that a model was asked about, what it was shown, and how much it may say of each."""

    batch: Sequence[Utterance]
    shown: Shown
    extractor: str
    most: int

    def candidates(self, entries: Sequence[Entry]) -> list[Candidate]:
        """Return a candidate for each entry; of one message no more than `most`."""
        counts: Counter[str] = Counter()
        kept: list[Candidate] = []
        for entry in entries:
            candidate = self._candidate(entry)
            counts[candidate.message_id] += 1
            if counts[candidate.message_id] <= self.most:
                kept.append(candidate)
        over = {message_id for message_id, count in counts.items() if count > self.most}
        return kept + [flawed("too_many", one, self.extractor) for one in self.batch if one.message_id in over]

    def _candidate(self, entry: Entry) -> Candidate:
        if entry.content == MALFORMED or not cleaned(entry.content).strip():
            return flawed("malformed", self._named(entry) or self.batch[-1], self.extractor)
        said = self._said(entry)
        if said is None:
            return flawed("unknown_message", self.batch[-1], self.extractor)
        target = self._target(entry, said)
        return Candidate(
            content=cleaned(entry.content),
            memory_type=self._type(cleaned(entry.memory_type)),
            slot=_slot(entry) if target is None else target.slot,
            content_json=self._payload(entry, said),
            replaces=() if target is not None else self._replaced(entry, said),
            retires=entry.action == "retire",
            forgets=entry.action == "forget",
            corrects=entry.action == "update" and target is not None,
            target=None if target is None else target.id,
            session_only=entry.session_only,
            confidence=_share(entry.confidence),
            importance=_share(entry.importance),
            subject=None if target is None else target.subject,
            message_id=said.message_id,
            excerpt=cleaned(entry.quote),
            actor=said.actor,
            extractor=self.extractor,
            flaw=self._flaw(entry, said, target),
        )

    def _named(self, entry: Entry) -> Utterance | None:
        return self.batch[entry.message - 1] if 1 <= entry.message <= len(self.batch) else None

    def _said(self, entry: Entry) -> Utterance | None:
        """Return the message that an entry names, or else the only one that holds its quote."""
        named = self._named(entry)
        if named is None and entry.message != 0:
            return None
        if named is not None and (not entry.quote.strip() or holds(entry.quote, named.text)):
            return named
        holding = [one for one in self.batch if entry.quote.strip() and holds(entry.quote, one.text)]
        return holding[0] if len(holding) == 1 else named

    def _flaw(self, entry: Entry, said: Utterance, target: Memory | None) -> Flaw | None:
        if not entry.quote.strip() or not holds(entry.quote, said.text):
            return "no_evidence"
        if entry.action == "forget" and (_FORGETS.search(said.text) is None):
            return "unsupported"
        if entry.action == "forget" and target is not None:
            return None
        evidence = Evidence(entry.quote, said.text, said.asked or "", self._heard(said))
        return None if supports(entry.content, evidence) else "unsupported"

    def _heard(self, said: Utterance) -> str:
        """Return where else a name may come from: who speaks, what was said before, what is known."""
        before = self.batch[: self.batch.index(said)]
        known = (memory.content for memory in self.shown.known)
        return "\n".join((said.name or "", *(one.text for one in before), *known))

    def _target(self, entry: Entry, said: Utterance) -> Memory | None:
        """Return the known memory that an entry is about, where it names one that could be."""
        known = self.shown.known
        if entry.action == "add" or entry.target is None or not 1 <= entry.target <= len(known):
            return None
        target = known[entry.target - 1]
        return target if _is_about(target, entry) else None

    def _payload(self, entry: Entry, said: Utterance) -> dict[str, str] | None:
        """Return the value of an entry, where its content or its message holds it."""
        value = cleaned(entry.value or "").strip()
        told = set(terms(f"{entry.content} {said.text} {said.asked or ''}"))
        return {"value": value} if value and set(terms(value)) <= told else None

    def _replaced(self, entry: Entry, said: Utterance) -> tuple[str, ...]:
        """Return the old values that the speaker named, or that could be nothing else's in its slot."""
        named = (old for old in entry.replaces if _telling(old) and (entry.slot or holds(old, said.text)))
        return tuple(cleaned(old) for old in named)

    def _type(self, name: str) -> str:
        """Return the name of a type as it is registered, whatever its case."""
        names = {known.lower(): known for kind in self.shown.types for known in (kind.name, *kind.aliases)}
        return names.get(name.lower(), name)


def flawed(flaw: Flaw, said: Utterance, extractor: str) -> Candidate:
    """Return what stands for an entry that is of no use."""
    return Candidate(content=f"({flaw})", message_id=said.message_id, actor=said.actor, extractor=extractor, flaw=flaw)


def cleaned(text: str) -> str:
    """Return `text` without what cannot be stored: NUL and halves of surrogate pairs."""
    return _UNREADABLE.sub("", text)


def _is_about(target: Memory, entry: Entry) -> bool:
    """Return whether an entry and a known memory share a slot, or a word of what they say."""
    if target.slot is not None and entry.slot is not None and target.slot.lower() == entry.slot.strip().lower():
        return True
    mine = set(terms(f"{entry.content} {entry.quote}")) - _WHO
    theirs = set(terms(f"{target.content} {(target.slot or '').replace('.', ' ')}")) - _WHO
    return bool({word for word in mine & theirs if len(word) > 2 or not word.isascii()})


def _telling(value: str) -> bool:
    """Return whether a value is one of few: a number could be the value of anything."""
    return any(char.isalpha() for char in value)


def _slot(entry: Entry) -> str | None:
    slot = cleaned(entry.slot or "").strip()
    return slot if 0 < len(slot) <= _LONGEST_SLOT else None


def _share(number: Any) -> float:
    return 0.0 if math.isnan(number) else min(1.0, max(0.0, number))
