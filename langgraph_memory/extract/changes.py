"""Hears what a message does to what was said before: changes, corrections of the last message, requests to forget."""

from __future__ import annotations

from langgraph_memory.domain.changes import says_of_a_change
from langgraph_memory.extract import gates
from langgraph_memory.extract.clauses import Clause
from langgraph_memory.extract.speech import plain


def tells_of_a_change(clause: Clause) -> bool:
    """Return whether a clause states that something known may be otherwise now; not asked, doubted or for now."""
    speech = plain(clause.text)
    if clause.asks or speech.session or gates.is_refused_sentence(clause.text, clause.text):
        return False
    return not (gates.is_question(speech.text) or gates.is_supposed(speech.text)) and says_of_a_change(clause.whole)
