"""Hears what a message corrects or changes of what its speaker said just before, whether that was heard or not.

"im on 50mg of sertraline" alone is not sure to last; who corrects or changes it two messages later says that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from langgraph_memory.cache import remember_short
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

LEAST: Final = 0.05
"""The gate's probability from which on a statement may be taken up."""
POSSIBLE: Final = 0.3
"""The probability from which on a message is compared with each statement of an earlier one."""
CLEAR: Final = 0.8
"""The probability from which on a message is a change, though it looks reported or doubted."""
SURE: Final = 0.6
"""The confidence of a candidate from which on it counts by itself."""
FOLLOWED: Final = 0.8
"""How sure a statement is that its speaker came back to."""
_LONGEST: Final = 30
"""Words of a message up to which it is compared with what was said before as a whole."""


def with_follow_up(found: Sequence[Candidate], said: Utterance, before: Sequence[str], read: Read) -> list[Candidate]:
    """Return what was found in a message, with what it corrects or changes of what was said before.

    `read` finds what there is in a message of its own: of what was heard, the store knows more.
    """
    corrections = [one for one in found if one.amends is not None][:1]
    if not before or any(map(_stands_alone, found)):
        return list(found)
    told = [one for one in found if one.amends is None]
    exchanged = _exchanged(corrections, told, before[-1], read)
    return [exchanged] if exchanged is not None else [*_changing(told, said, before, read), *corrections]


def _stands_alone(one: Candidate) -> bool:
    """Return whether a candidate has nothing to do with what was said before, or takes all of the last message back."""
    return bool(one.flaw or one.forgets or one.session_only or one.amends == "")


def _exchanged(corrections: Sequence[Candidate], told: Sequence[Candidate], last: str, read: Read) -> Candidate | None:
    """Return the last message with what a correction exchanges in it, where it tells nothing else that is sure."""
    if not corrections or any(map(_is_sure, told)):
        return None
    return _corrected(corrections[0], list(_silent(last, read)))


def _changing(told: list[Candidate], said: Utterance, before: Sequence[str], read: Read) -> list[Candidate]:
    """Return what a message tells with what it most likely changes of what was said before."""
    chances = _chances(said.text, before)
    if not (told and all(map(_is_sure, told))):
        sure = [one for one in told if _is_sure(one)]
        told = _as_whole(said, max(chances.values(), default=0.0), sure) or told
    silent = [each for text, chance in chances.items() if chance >= POSSIBLE for each in _silent(text, read)]
    return [_as_known(one, silent) for one in told]


def _chances(text: str, before: Sequence[str]) -> dict[str, float]:
    """Return how likely a message changes each of those before it; nothing of a long one."""
    return {one: likelihood(text, _restated(one)) for one in before} if _may_follow(text) else {}


def _is_sure(one: Candidate) -> bool:
    """Return whether a candidate counts by itself, whatever was said before."""
    return not one.changes_only and one.confidence >= SURE


def _corrected(correction: Candidate, before: Sequence[str]) -> Candidate | None:
    """Return the statement of the last message that a correction gives another value, with that value."""
    told = [found.content for one in before if (found := corrected(one, correction.amends or "")) is not None]
    if len(told) != 1 or not storable(told[0]):
        return None
    new = {"content": told[0], "amends": None, "corrects": True, "confidence": FOLLOWED}
    return correction.model_copy(update=new)


def _as_known(told: Candidate, silent: Sequence[str]) -> Candidate:
    """Return what most likely changes what was said and not heard as a statement that is found by its words too."""
    said = told.message or told.excerpt or told.content
    changed = [one for one in silent if likelihood(said, one) >= LIKELY]
    if not changed:
        return told
    context = found_by(told.content, changed)
    confidence = max(told.confidence, FOLLOWED)
    return told.model_copy(update={"changes_only": False, "confidence": confidence, "context": context})


def _may_follow(text: str) -> bool:
    """Return whether a message is short enough to be compared with what was said before it."""
    return 0 < len(text.split()) <= _LONGEST


@remember_short(64)
def _restated(text: str) -> str:
    return restated(text)


def _as_whole(said: Utterance, likeliest: float, sure: Sequence[Candidate]) -> list[Candidate]:
    """Return a short message as one statement, where that is likely to change what was said just before."""
    text = said.text
    if likeliest < LIKELY or not _may_count(text):
        return []
    parts = clauses(text)
    if any(clause.asks for clause in parts) or not (likeliest >= CLEAR or all(map(is_stated, parts))):
        return []
    whole = Candidate(
        content=restated(text),
        changes_only=True,
        confidence=FOLLOWED,
        message_id=said.message_id,
        excerpt=text,
        actor=said.actor,
        extractor="rules",
    )
    return [*(one for one in sure if one.slot is not None and not one.retires), whole]


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
