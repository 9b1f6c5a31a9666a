"""Reads events: something the speaker or the team did, with a time."""

from __future__ import annotations

import re
from typing import Final

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.findings import Finding
from langgraph_memory.extract.foreign import BLANK

_I: Final = re.IGNORECASE
_COUNT = r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|a few|a couple of)"
_WHEN = (
    rf"(?:yesterday|(?:last|this) (?:week|month|year|spring|summer|autumn|fall|winter|weekend|quarter|"
    rf"night|{words.DAYS}|{words.MONTHS})|"
    rf"{_COUNT} (?:days?|weeks?|months?|years?) ago|in (?:early |late |mid-?)?(?:{words.MONTHS})(?: "
    rf"\d{{4}})?|in (?:19|20)\d\d|"
    rf"on (?:{words.DAYS}|the \d{{1,2}}(?:st|nd|rd|th)?|(?:{words.MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?(?:,? "
    rf"\d{{4}})?|\d{{1,2}}\.? (?:{words.MONTHS})(?: \d{{4}})?))"
)
_OWN = (
    r"(?:started (?:a|my) new (?:job|role|position)|started (?:a|my own) (?:\w+ )?(?:business|company|"
    r"course|degree)|got (?:married|engaged|promoted|divorced|laid off|a promotion|my degree|my "
    r"licen[cs]e)|"
    r"graduated|finished (?:my|a|the) (?:\w+ )?(?:degree|thesis|phd|master's|course|book|marathon|"
    r"studies)|had a baby|gave birth|became an? \w+|"
    r"bought (?:a|my|our) (?:\w+ )?(?:house|flat|apartment|car|bike|boat|home)|adopted|passed my|failed "
    r"my|won (?:a|the|an|my)|ran (?:a|my|the)|"
    r"visited (?=(?-i:[A-Z]))|travell?ed to|retired|"
    r"lost my (?:job|mother|father|mum|mom|dad|brother|sister|husband|wife)|"
    r"broke my (?:leg|arm|ankle|wrist|foot)|published (?:a|my)|opened (?:a|my|our)|celebrated|flew to|"
    r"climbed|moved house)"
)
_TEAM = (
    r"(?:launched|shipped|released|went live|hired|raised|signed|acquired|closed (?:a|our|the)|completed|"
    r"finished (?:the|our)|"
    r"migrated|rolled out|won (?:a|the)|opened|founded|merged with|passed (?:the|our) audit)"
)
_BEFORE = re.compile(rf"(?P<when>{_WHEN}),? (?P<who>I|we) (?:have )?(?:just )?(?P<what>(?:{_OWN}|{_TEAM})\b.*)", _I)
_AFTER = re.compile(
    rf"(?P<who>I|we) (?:have )?(?P<what>(?:{_OWN}|{_TEAM})\b.{{0,80}}?),? "
    rf"(?P<when>{_WHEN})(?:,? .{{0,20}})?",
    _I,
)
_TIME_AT_END = re.compile(rf",? {_WHEN}$", _I)
_MY = re.compile(r"\bmy\b", _I)
_TEAM_VERB = re.compile(_TEAM, _I)


def without_time(clause: str) -> str:
    """Return `clause` without the time it ends with."""
    return _TIME_AT_END.sub("", clause)


def event(clause: str) -> Finding | None:
    """Return the event a clause tells of, when it says at what time."""
    match = _BEFORE.fullmatch(clause) or _AFTER.fullmatch(clause)
    if match is None or BLANK in match[0] or re.search(r"\b(?:it|this|that|them)\b", match["what"], _I):
        return None
    what, when = match["what"].strip(" ,"), match["when"][:1].lower() + match["when"][1:]
    who = "The user's team" if match["who"].lower() == "we" and _TEAM_VERB.match(what) else "The user"
    told = _MY.sub("their", what)
    content = f"{who} {told} {when}."
    return Finding("event", None, what, content, importance=0.4, confidence=0.85, topic="event", details={"when": when})
