"""The summary that needs no model: what was decided in a session, what was told, what is open, what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import DEFAULT_GUARD, GuardPolicy, mask, refuse
from langgraph_memory.domain.session import NOTHING_GONE, Gone
from langgraph_memory.extract import gates
from langgraph_memory.extract.foreign import LONGEST_MESSAGE, own_words
from langgraph_memory.extract.rules import RuleExtractor
from langgraph_memory.extract.sentences import Sentence, sentences
from langgraph_memory.extract.speech import plain

NAME: Final = "summary-rules"
MOST_CHARACTERS: Final = 1_200
"""The length a summary has at most, whoever wrote it."""

_LEAST_SURE: Final = 0.5
"""The confidence from which on a statement is told; below it the extractor itself is not sure."""
_MOST_OF_A_KIND: Final = 8
_MOST_ASKED: Final = 3
_LONGEST_POINT: Final = 200
_CHOICE = r"(?:go with|use|choose|pick|keep|stick with|take|ship|switch to|drop|skip|move to|adopt|settle on|postpone)"
_LABEL = re.compile(
    r"^(\s*(?:[-*•] )?(?:to-?do|to do|(?:action |open )?(?:items?|points?|questions?|issues?)|next steps?"
    r"|follow[- ]ups?|decisions?|decided|agreed))\s*:\s*(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
"""A label at the head of a line, which would else read like the name of somebody who is quoted."""

_DECIDED = re.compile(
    r"\b(?:we|i)(?:'ve| have)? (?:just |now |already )?(?:decided|agreed|chose|chosen|settled on|picked|opted)\b"
    rf"|\b(?:let's|lets|let us) (?:just |then )?{_CHOICE}\b"
    rf"|\bwe(?:'ll| will|'re going to| are going to) (?:just |then )?{_CHOICE}\b"
    r"|\b(?:the |our )?decision(?: is| —)|^(?:decisions?|decided|agreed)(?: —|,)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"^(?:to-?do|to do|(?:action |open )?(?:items?|points?|questions?|issues?)|next steps?|follow[- ]ups?) —"
    r"|\b(?:i|we)(?:'ll| will)? (?:still |also )?(?:need|have|must|ought) to\b"
    r"|\bstill (?:need|missing|open|unclear|to)\b"
    r"|\b(?:remind me|don'?t forget|remember|make sure) to\b|\bblocked (?:on|by)\b|\bremains? open\b"
    r"|\b(?:not|haven'?t) (?:yet )?(?:decided|agreed|clear|done|finished|settled)\b",
    re.IGNORECASE,
)
_KINDS: Final = {
    "decisions": "Decided",
    "told": "Told",
    "open": "Open",
    "asked": "Asked",
}


@dataclass(frozen=True, slots=True)
class Outline:
    """The points of a session, each a sentence; `message_ids` are the messages they stand in, in their order."""

    decisions: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, kind) for kind in _KINDS)

    def points(self) -> dict[str, list[str]]:
        """Return the points by kind, without the kinds that have none."""
        return {kind: list(getattr(self, kind)) for kind in _KINDS if getattr(self, kind)}

    def text(self) -> str:
        """Return the points as one text, no longer than a summary may be; whole points give way, the last first."""
        parts = [
            f"{title}: {_ended('; '.join(point.rstrip(' .') for point in getattr(self, kind)))}"
            for kind, title in _KINDS.items()
            if getattr(self, kind)
        ]
        return shortened(" ".join(parts))


def outline(said: Sequence[Utterance], guard: GuardPolicy = DEFAULT_GUARD, gone: Gone = NOTHING_GONE) -> Outline:
    """Return what a session came to, by rules: from the user's words alone, without what the guard refuses.

    A statement that a later one replaced is left out, and so is what holds for the session alone. A question that
    nobody answered is an open point. Nothing is told that is `gone`.
    """
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    for kind, point, message_id in (*_told(said), *_spoken(said)):
        if refuse(point, guard) is None and not gone.has(kind, point, message_id):
            found[kind].setdefault(_cut(mask(point, guard)), message_id)
    found["asked"] = dict(list(found["asked"].items())[:_MOST_ASKED])
    kept = {kind: dict(list(points.items())[-_MOST_OF_A_KIND:]) for kind, points in found.items()}
    wanted = set[str]().union(*(points.values() for points in kept.values()))
    ids = tuple(one.message_id for one in said if one.message_id in wanted)
    return Outline(**{kind: tuple(points) for kind, points in kept.items()}, message_ids=ids)


def statements(said: Sequence[Utterance]) -> list[Candidate]:
    """Return what the user stated in a session that a summary would tell."""
    return [one for one in RuleExtractor().extract(said) if not one.session_only]


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return `text` cut after the last point or sentence that fits, else after the last word."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    ends = [place for mark in ("; ", ". ", "\n") if (place := head.rfind(mark)) > most // 2]
    place = max(ends, default=head.rfind(" "))
    return head[: place if place > 0 else len(head)].rstrip(" ;,.") + "…"


def _told(said: Sequence[Utterance]) -> Iterator[tuple[str, str, str]]:
    """Yield what the user stated, the newest of each slot."""
    held: dict[str, Candidate] = {}
    for candidate in RuleExtractor().extract(said):
        if not (candidate.session_only or candidate.confidence < _LEAST_SURE or _is_point(candidate.excerpt)):
            key = candidate.slot or candidate.content
            held.pop(key, None)
            held[key] = candidate
    for candidate in held.values():
        yield "told", candidate.content, candidate.message_id


def _is_point(excerpt: str) -> bool:
    """Return whether a statement is listed as a decision or an open point."""
    return bool(_DECIDED.search(excerpt) or _OPEN.search(excerpt))


def _spoken(said: Sequence[Utterance]) -> Iterator[tuple[str, str, str]]:
    """Yield the sentences that decide, leave open or ask."""
    answered = max((place for place, one in enumerate(said) if one.actor == "assistant"), default=-1)
    for place, one in enumerate(said):
        if one.actor != "user" or len(one.text) > LONGEST_MESSAGE:
            continue
        if gates.is_refused_message(one.text, own_words(one.text)):
            continue
        for sentence in sentences(_LABEL.sub(r"\1 — ", one.text)):
            kind = _kind(sentence, is_answered=place < answered)
            if kind is not None:
                yield kind, sentence.text, one.message_id


def _kind(sentence: Sentence, *, is_answered: bool) -> str | None:
    if gates.is_refused_sentence(sentence.said, sentence.text):
        return None
    text = plain(sentence.text).text
    if _OPEN.search(sentence.text):
        return "open"
    if gates.is_question(text) or gates.is_question(sentence.text):
        return "asked" if is_answered else "open"
    if _DECIDED.search(sentence.text):
        return "decisions"
    return "asked" if gates.is_request(text) else None


def _ended(text: str) -> str:
    return text if text.endswith(("?", "!")) else f"{text}."


def _cut(point: str) -> str:
    return point if len(point) <= _LONGEST_POINT else shortened(point, _LONGEST_POINT)
