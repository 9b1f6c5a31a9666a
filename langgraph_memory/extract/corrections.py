"""Understands corrections: "Anna, not Hannah", "not Slack any more, use Teams", "sorry, I mean Berlin"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from langgraph_memory.extract.findings import Finding, read
from langgraph_memory.extract.known import slot_of
from langgraph_memory.extract.patterns import STATEMENTS
from langgraph_memory.extract.values import checked, trimmed

_I: Final = re.IGNORECASE

_HEAD = r"(?P<head>(?:my|our|the) .{2,60}? (?:is|are))"
_NOT_OLD_BUT_NEW = re.compile(
    rf"{_HEAD} (?:no longer|not) (?P<old>.+?)(?: any more)?,? (?:but|it is|now|now it is|it is now) (?P<new>.+)", _I
)
_NEW_NOT_OLD = re.compile(rf"{_HEAD}(?: now)? (?P<new>.+?),? (?:not|instead of|rather than) (?P<old>.+)", _I)
_DO_NEW_NOT_OLD = re.compile(
    r"(?P<head>I (?:live in|work (?:at|for|as)|am from|moved to)|we (?:use|deploy to|are on)) "
    r"(?P<new>[^,]{2,40}),? not (?:in |at |for )?(?P<old>.{2,40})",
    _I,
)
_IT_IS_NEW_NOT_OLD = re.compile(r"(?:it is|that is)(?: spelled)? (?P<new>[^,]{2,40}),? not (?P<old>.{2,40})", _I)
_OLD_NO_MORE_NEW = re.compile(
    r"(?:it is )?(?:not|no) (?P<old>.{2,40}?) any more,?(?: (?:but|use|it is|we use|we are on|we are "
    r"using|now|we are|I use|I am on|we have))+ (?P<new>.{2,60})",
    _I,
)
_SAME_WORD: Final = 0.6
"""How alike two spellings of one name are, at least (difflib's ratio)."""


def corrected(clause: str) -> list[Finding]:
    """Return what a clause that sets one value against another says: the new value, replacing the old."""
    for pattern in (_NOT_OLD_BUT_NEW, _NEW_NOT_OLD, _DO_NEW_NOT_OLD):
        match = pattern.fullmatch(clause)
        if match:
            return _restated(f"{match['head']} {match['new']}", match["old"])
    for pattern in (_IT_IS_NEW_NOT_OLD, _OLD_NO_MORE_NEW):
        match = pattern.fullmatch(clause)
        if match:
            return _exchanged(trimmed(match["new"]), trimmed(match["old"]))
    return []


def amended(finding: Finding, clause: str) -> Finding | None:
    """Return `finding` with the value that a bare correction gives it: "... in Munich, sorry, I mean Berlin"."""
    value = checked("person", clause) if clause[:1].isupper() and len(clause.split()) <= 3 else None
    if value is None or finding.value not in finding.content or finding.negated:
        return None
    return replace(finding, value=value, content=finding.content.replace(finding.value, value))


def without_repeats(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with one per slot: the one said last, replacing what the earlier ones replace."""
    kept: dict[object, Finding] = {}
    for number, finding in enumerate(findings):
        place: object = (finding.memory_type, finding.slot) if finding.slot else (number, finding.content)
        earlier = kept.pop(place, None)
        replaced = (*(earlier.replaces if earlier else ()), *finding.replaces)
        kept[place] = replace(
            finding, replaces=tuple(dict.fromkeys(old for old in replaced if old != finding.value or finding.negated))
        )
    return list(kept.values())


def _restated(statement: str, old: str) -> list[Finding]:
    found = read(statement, STATEMENTS)
    gone = trimmed(old)
    return [replace(finding, replaces=(gone,)) if gone else finding for finding in found]


def _exchanged(new: str, old: str) -> list[Finding]:
    """Two tools of one kind, or two spellings of a name; of anything else it is unknown what it is about."""
    if not new or not old:
        return []
    slot = slot_of(old)
    if slot is not None and slot_of(new) == slot:
        content = f"The user's team uses {new}."
        return [Finding("fact", slot, new, content, replaces=(old,), confidence=0.85, importance=0.6, topic="tool")]
    names = checked("person", new) and checked("person", old) and new[0].isupper() and old[0].isupper()
    if names and SequenceMatcher(None, new.lower(), old.lower()).ratio() >= _SAME_WORD:
        return [
            Finding(
                "background", "name", new, f"The user's name is {new}.", replaces=(old,), confidence=0.7, importance=0.8
            )
        ]
    return []
