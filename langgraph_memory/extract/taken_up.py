"""Hears what a message takes up again of what its speaker said before, and nothing was heard of.

"im on 50mg of sertraline" alone is not sure to last; who corrects or changes it two messages later says that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from langgraph_memory.domain.candidate import Candidate
from langgraph_memory.domain.changes import amended, found_by
from langgraph_memory.domain.outdated import LIKELY, likelihood
from langgraph_memory.domain.scope import storable
from langgraph_memory.extract import gates
from langgraph_memory.extract.changes import is_stated
from langgraph_memory.extract.clauses import clauses
from langgraph_memory.extract.foreign import LONGEST_MESSAGE, own_words
from langgraph_memory.extract.gate import hear
from langgraph_memory.extract.restate import restated

Read = Callable[[str], Sequence[Candidate]]

LEAST: Final = 0.2
"""The gate's probability from which on a statement may be taken up."""
TAKEN_UP: Final = 0.8
"""How sure a statement is that was taken up."""


def with_what_it_takes_up(found: Sequence[Candidate], before: Sequence[str], read: Read) -> list[Candidate]:
    """Return what was found in a message, with what it corrects or changes of what was said before, unheard.

    `read` finds what there is in a message of its own: of what was heard, the store knows more.
    """
    if not found or any(one.flaw or not (one.changes_only or one.amends) for one in found):
        return list(found)
    silent = [text for text in before if all(one.changes_only for one in read(text))]
    correction = next((one for one in found if one.amends), None)
    if correction is None:
        return [_as_known(one, silent) for one in found]
    corrected = _corrected(correction, before[-1]) if before[-1:] == silent[-1:] and silent else None
    return [corrected] if corrected else list(found)


def _corrected(correction: Candidate, before: str) -> Candidate | None:
    """Return the last message with the value that a correction gives it."""
    old = correction.replaces[0] if correction.replaces else ""
    told = [found[0] for one in unheard(before) if (found := amended(one, correction.amends or "", old))]
    if len(told) != 1 or not storable(told[0]):
        return None
    new = {"content": told[0], "amends": None, "replaces": (), "corrects": True, "confidence": TAKEN_UP}
    return correction.model_copy(update=new)


def _as_known(change: Candidate, before: Sequence[str]) -> Candidate:
    """Return what counts only as a change as a statement, where it most likely changes what was said before."""
    changed = [one for text in before for one in unheard(text) if likelihood(change.content, one) >= LIKELY]
    if not changed:
        return change
    context = found_by(change.content, changed)
    return change.model_copy(update={"changes_only": False, "confidence": TAKEN_UP, "context": context})


def unheard(text: str) -> Iterator[str]:
    """Yield what a message states of which it is not sure that it lasts, as memories would tell it."""
    if len(text) > LONGEST_MESSAGE or not storable(text) or gates.is_off_the_record(text):
        return
    if gates.is_refused_message(text, own_words(text)):
        return
    for one in hear(clauses(text), text):
        if one.probability >= LEAST and is_stated(one.clause):
            yield restated(one.clause.whole)
