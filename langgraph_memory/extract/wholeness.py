"""Says whether what a rule read of a clause tells all of it, or leaves a qualifier out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from langgraph_memory.domain.text import query_terms
from langgraph_memory.extract.findings import Finding

_ABSORBED: Final = frozenset(
    query_terms(
        "user live lives living move moved relocate relocated based born raised grew come called call calls name named "
        "nickname surname full real first go work works working job employed employer profession role position joined "
        "use uses used using run runs running switched migrated changed built hosted prefer like love enjoy hate "
        "dislike favorite favourite speak spoken fluent language native own have got am is are team we our "
        "really please pls always never now today just currently still also actually btw thanks want answer answers "
        "reply replies response responses respond keep make write talk give remember note hi hello hey kinda lot much "
        "any more anymore longer instead don't isn't not no old years year age turned time zone timezone allergic "
        "allergy diagnosed suffer diet eat fluently fan stand bear vegetarian "
        "birthday email mail address phone number reach code editor stack"
    )
)
"""Terms that the form of a sentence takes up: its slot or its verb tells them."""
_QUALIFIES: Final = re.compile(
    r"[\s,(]*(?:with|without|that|which|who|whose|where|when|while|unless|except|excluding|other than|apart from|"
    r"but|only|if|as long as|in|on|at|for|from|of|over|under|about|like|such as|and|or|not|than|made|served|is|are)\b"
)


def holds(clause: str, finding: Finding) -> bool:
    """Return whether the value that a rule read stands in `clause`."""
    value = query_terms(finding.value)
    return bool(value) and set(value) <= set(query_terms(clause))


def is_qualified(clause: str, value: str) -> bool:
    """Return whether what follows `value` in `clause` narrows it: "cities with high noise", "beer, but only cold"."""
    _, found, rest = clause.lower().partition(value.lower())
    return not found or _QUALIFIES.match(rest) is not None


def tells_all(clause: str, findings: Sequence[Finding]) -> bool:
    """Return whether `findings` together tell every word of `clause` that tells something."""
    told = {term for finding in findings for term in query_terms(_told_by(finding))}
    return all(term in told or term in _ABSORBED for term in query_terms(clause))


def _told_by(finding: Finding) -> str:
    """Return everything that a finding tells: its sentence, its slot, its values, and those that it replaces."""
    slot = (finding.slot or "").replace(".", " ").replace("-", " ")
    return " ".join(
        [finding.content, slot, finding.value, *finding.replaces, *map(str, (finding.details or {}).values())]
    )
