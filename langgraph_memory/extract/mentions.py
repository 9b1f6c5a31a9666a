"""Reads who is named in passing: "draft a mail to my manager Priya" tells that the user's manager is called Priya."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.findings import Finding, render
from langgraph_memory.extract.topics import TOPICS

_AT_WORK: Final = words.word_set("manager, boss, mentor, supervisor")
_OTHERS: Final = words.word_set(
    "accountant, lawyer, doctor, gp, dentist, therapist, landlord, landlady, trainer, tutor, midwife, nanny"
)
_ONE_OF_A_KIND: Final = words.word_set(
    "manager, boss, wife, husband, partner, spouse, girlfriend, boyfriend, fiancé, fiancée, fiance, fiancee, mother, "
    "father, mum, mom, dad, landlord, landlady, gp, dentist, therapist"
)
"""Whom people have one of at a time; another colleague or sister takes nobody's place."""
_ROLE = "|".join(sorted((*words.RELATIONS, *_AT_WORK, *_OTHERS), key=len, reverse=True))
_NAMED = re.compile(
    rf"\b[Mm]y (?:new |little |younger |older |elder |youngest |oldest |eldest |twin |best )?"
    rf"(?P<role>(?i:{_ROLE})),? (?P<name>[A-Z][a-zà-ÿ-]{{1,20}}(?: [A-Z][a-zà-ÿ-]{{1,20}})?)(?!['’\w-])"
)
_NO_NAME: Final = words.word_set(
    "i, the, this, that, monday, tuesday, wednesday, thursday, friday, saturday, sunday, january, february, "
    "march, april, june, july, august, september, october, november, december, christmas, easter, today, "
    "tomorrow, and, but, or, is, was"
)


def mentioned(clause: str) -> Iterator[Finding]:
    """Yield a finding for everybody whom a clause names beside what they are to the speaker."""
    for match in _NAMED.finditer(clause):
        name, role = match["name"], match["role"].lower()
        if name.split()[0].lower() in _NO_NAME:
            continue
        topic = TOPICS["leader" if role in _AT_WORK else "relative"]
        finding = render(topic, name, {"key": role})
        if finding is not None:
            yield finding if role in _ONE_OF_A_KIND else replace(finding, slot=None)
