"""Keeps qualifiers: joins a wish and the clause that qualifies it, and says whether a rule tells all of a clause."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from langgraph_memory.domain.text import query_terms
from langgraph_memory.extract import gates
from langgraph_memory.extract.clauses import Clause, one_line
from langgraph_memory.extract.findings import Finding
from langgraph_memory.extract.foreign import BLANK
from langgraph_memory.extract.gate import Heard
from langgraph_memory.extract.speech import plain

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


_HEARD: Final = 0.5
"""The gate's probability from which on a wish takes up what qualifies it."""
_OWN: Final = 0.8
"""The probability from which on a clause stands alone, unless it is set against the one before."""
_LONGEST: Final = 30
"""Words of a wish with what qualifies it."""
_HALF: Final = 0.5
"""The probability from which on a clause is told with its neighbour that is sure to last."""
_PART: Final = 0.2
"""The same for one that shares its subject."""
_OF_BEFORE = re.compile(r"\W*(?:and |but |so )?(?:he|she|they|he's|she's|they're|his|her|their)\b", re.IGNORECASE)
_NAMES = re.compile(r"\b(?:my|our)\b", re.IGNORECASE)
_AGAINST = re.compile(
    r"\W*(?:but|except|unless|though|although|while|whereas|only|especially|particularly|as long as|just not|not|never|"
    r"rather than|and not|and never)\b",
    re.IGNORECASE,
)

_TAKES_UP = re.compile(
    r"(?:(?:and|so|otherwise|anything|everything|nothing|something|else|same|both|neither|it|it's|its|they|them|they're|"
    r"that|that's|those|these|ones?|more than)\b|(?:\w+ ){1,3}(?:it|them|those|ones?|that|else|either|too)\b)",
    re.IGNORECASE,
)
"""What begins with what it takes up from the sentence before."""
_WISH = re.compile(
    r"\b(?:like|love|hate|prefer|enjoy|dislike|favou?rite|can'?t stand|fan of|rather|avoid|always|"
    r"never|only|into|please)\b",
    re.IGNORECASE,
)


def with_qualifiers(heard: Sequence[Heard], message: str, is_read: Callable[[Clause], bool]) -> list[Heard]:
    """Return what was heard with each wish or rule whole: "black coffee, but my tea with milk" is one.

    So is what tells its person or thing only with the clause before, of what the rules have not read.
    """
    joined: list[Heard] = []
    for one in heard:
        if joined and (
            _qualifies(one, joined[-1], message)
            or (_belongs(one, joined[-1], message) and not (is_read(one.clause) or is_read(joined[-1].clause)))
        ):
            joined[-1] = _joined(joined[-1], one, message)
        else:
            joined.append(one)
    return joined


def _belongs(one: Heard, before: Heard, message: str) -> bool:
    """Return whether two clauses tell one thing: "he's a nurse" of whom the one before names, "and got mubi"."""
    text = message[before.clause.start : one.clause.end]
    if one.clause.text.endswith("?") or BLANK in text or len(text.split()) > _LONGEST:
        return False
    if not (_is_stated(one.clause) and _is_stated(before.clause)):
        return False
    return _is_told_before(one, before, message) or _is_half_told(one, before)


def _is_told_before(one: Heard, before: Heard, message: str) -> bool:
    """Return whether a clause is of whom its speaker names in the one before, and only that tells of whom."""
    near = "\n" not in message[before.clause.end : one.clause.start]
    return near and _OF_BEFORE.match(one.clause.text) is not None and _NAMES.search(before.clause.text) is not None


def _is_half_told(one: Heard, before: Heard) -> bool:
    """Return whether one of two clauses of a sentence is sure to last, and the other likelier so than not, or leans."""
    if one.clause.sentence != before.clause.sentence:
        return False
    least, most = sorted((one.probability, before.probability))
    return most >= _OWN and (_PART if one.clause.subject else _HALF) <= least < _OWN


def _qualifies(one: Heard, before: Heard, message: str) -> bool:
    """Return whether a clause belongs to the wish before it: set against it, or of its sentence and nothing alone."""
    if before.probability < _HEARD or not _is_wish(before):
        return False
    text = message[before.clause.start : one.clause.end]
    if one.clause.asks or BLANK in one.clause.text or len(text.split()) > _LONGEST or not _is_stated(one.clause):
        return False
    rest = message[before.clause.end : one.clause.end].lstrip(" .,;:!-–—()")
    leans = one.clause.sentence == before.clause.sentence or _TAKES_UP.match(rest) is not None
    return _AGAINST.match(rest) is not None or (leans and one.probability < _OWN)


def _is_wish(one: Heard) -> bool:
    return one.memory_type in ("preference", "rule") or _WISH.search(one.clause.text) is not None


def _is_stated(clause: Clause) -> bool:
    said = plain(clause.text).text
    return not (gates.is_asking(said) or gates.is_request(said) or gates.is_supposed(said))


def _joined(first: Heard, second: Heard, message: str) -> Heard:
    text = one_line(message[first.clause.start : second.clause.end])
    return replace(first, clause=replace(first.clause, text=text, end=second.clause.end))


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
