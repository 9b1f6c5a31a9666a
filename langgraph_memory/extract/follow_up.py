"""Hears what a message corrects or changes of what its speaker said just before, whether that was heard or not.

"im on 50mg of sertraline" alone is not sure to last; who corrects or changes it two messages later says that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.changes import found_by, plainly, stems
from langgraph_memory.domain.outdated import LIKELY, corrected, likelihood
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
FOLLOWED: Final = 0.8
"""How sure a statement is that its speaker came back to."""
_LONGEST: Final = 30
"""Words of a message up to which it is compared with what was said before as a whole."""


def with_follow_up(found: Sequence[Candidate], said: Utterance, before: Sequence[str], read: Read) -> list[Candidate]:
    """Return what was found in a message, with what it corrects or changes of what was said before.

    `read` finds what there is in a message of its own: of what was heard, the store knows more.
    """
    if any(one.flaw or one.forgets or not (one.changes_only or one.amends is not None) for one in found):
        return list(found)
    correction = next((one for one in found if one.amends is not None), None)
    if correction is not None and not correction.amends:
        return list(found)  # the whole message before is taken back
    silent = [(text, list(_silent(text, read))) for text in before]
    if correction is not None:
        exchanged = _corrected(correction, silent[-1][1]) if silent else None
        if exchanged is not None:
            return [exchanged]
    changes = [one for one in found if one.amends is None] or _as_whole(said, correction, before)
    told = [_as_known(one, [each for _, those in silent for each in those]) for one in changes]
    return [*told, *([correction] if correction is not None else [])]


def _corrected(correction: Candidate, before: Sequence[str]) -> Candidate | None:
    """Return the statement of the last message that a correction gives another value, with that value."""
    told = [found.content for one in before if (found := corrected(one, correction.amends or "")) is not None]
    if len(told) != 1 or not storable(told[0]):
        return None
    new = {"content": told[0], "amends": None, "corrects": True, "confidence": FOLLOWED}
    return correction.model_copy(update=new)


def _as_known(change: Candidate, silent: Sequence[str]) -> Candidate:
    """Return what counts only as a change as a statement, where it most likely changes what was said and not heard."""
    changed = [one for one in silent if likelihood(change.excerpt or change.content, one) >= LIKELY]
    if not changed:
        return change
    context = found_by(change.content, changed)
    return change.model_copy(update={"changes_only": False, "confidence": FOLLOWED, "context": context})


def _as_whole(said: Utterance, correction: Candidate | None, before: Sequence[str]) -> list[Candidate]:
    """Return a short message as what changes something, where that is likely of what was said just before."""
    text = said.text
    if correction is not None or not before or not 0 < len(text.split()) <= _LONGEST or not _may_count(text):
        return []
    if not all(is_stated(clause) for clause in clauses(text)):
        return []
    if not any(likelihood(text, restated(one)) >= LIKELY for one in before):
        return []
    return [
        Candidate(
            content=restated(text),
            changes_only=True,
            confidence=FOLLOWED,
            message_id=said.message_id,
            excerpt=text,
            actor=said.actor,
            extractor="rules",
        )
    ]


def _silent(text: str, read: Read) -> Iterator[str]:
    """Yield what a message states of which nothing was heard."""
    told = [stems(plainly(one.content)) for one in read(text) if not one.changes_only and one.amends is None]
    for one in unheard(text):
        if not any(stems(plainly(one)) <= each for each in told):
            yield one


def unheard(text: str) -> Iterator[str]:
    """Yield what a message states, as memories would tell it, be it sure to last or not."""
    if not _may_count(text):
        return
    for one in hear(clauses(text), text):
        if one.probability >= LEAST and is_stated(one.clause):
            yield restated(one.clause.whole)


def _may_count(text: str) -> bool:
    if len(text) > LONGEST_MESSAGE or not storable(text) or gates.is_off_the_record(text):
        return False
    return not gates.is_refused_message(text, own_words(text))
