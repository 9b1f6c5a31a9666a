"""Judges which messages are worth a call to a model: what may say something lasting that the rules did not take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.quotes import folded
from langgraph_memory.domain.text import STOP_WORDS, terms
from langgraph_memory.extract import gates
from langgraph_memory.extract.clauses import clauses
from langgraph_memory.extract.foreign import LONGEST_MESSAGE, own_words
from langgraph_memory.extract.gate import hear
from langgraph_memory.extract.rules import is_vetoed

ANSWER: Final = 0.5
"""How likely a short answer to a question about the user says something that its own words do not tell."""
FAILED: Final = 0.9
"""The same of a message on which the rules failed."""
VETOED: Final = 0.08
"""How much less likely a clause says something that looks like a question, a supposition or another's words."""
TOLD: Final = 0.6
"""What part of the words of a clause has to be told for it to be taken."""

_YOU = re.compile(
    r"\b(?:you|your|yours|du|dein\w*|dich|ihr\w*|sie|tu|tus|te|usted|su|vous|votre|vos|ton|ta|tes|aap|tum)\b|你|您|आप",
    re.IGNORECASE,
)


def doubt(said: Utterance, found: Sequence[Candidate]) -> float:
    """Return how likely a message says something lasting that is not in `found`, what the rules are sure of.

    0 where a model is not to be asked at all: of what is not to be stored, of orders to the agent and of stories.
    """
    if said.actor != "user" or gates.is_off_the_record(said.text):
        return 0.0
    if any(one.flaw == "extractor_failed" for one in found):
        return FAILED
    refused = len(said.text) > LONGEST_MESSAGE or gates.is_refused_message(said.text, own_words(said.text))
    return 0.0 if refused else _left(said, found)


def _left(said: Utterance, found: Sequence[Candidate]) -> float:
    """Return how likely a message says something lasting beside what was found in it."""
    taken = [(folded(one.excerpt), set(terms(one.content))) for one in found if one.flaw is None and one.excerpt]
    answers = ANSWER if said.asked and not found and _YOU.search(said.asked) else 0.0
    return max((answers, *_chances(said.text, taken)))


def _chances(text: str, taken: Sequence[tuple[str, set[str]]]) -> Iterator[float]:
    """Yield how likely each clause says something lasting, of those that were not taken."""
    for heard in hear(clauses(text), text):
        clause = folded(heard.clause.text)
        told = {term for excerpt, content in taken if clause in excerpt or excerpt in clause for term in content}
        if clause and not _tells(told, clause):
            yield heard.probability * (VETOED if is_vetoed(heard.clause) else 1.0)


def _tells(told: set[str], clause: str) -> bool:
    """Return whether most of what a clause tells is told already."""
    words = [term for term in terms(clause) if term not in STOP_WORDS]
    return bool(told) and sum(word in told for word in words) >= TOLD * len(words)
