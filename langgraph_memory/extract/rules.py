"""The extractor that needs no model: hears clauses by a learned gate, and gives them structure by rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from langgraph_memory.domain.candidate import Candidate, Flaw, Utterance
from langgraph_memory.domain.changes import person_of
from langgraph_memory.domain.changewords import LASTING_OF_PEOPLE
from langgraph_memory.domain.scope import storable
from langgraph_memory.extract import gates
from langgraph_memory.extract.changes import (
    amendment,
    asks_to_forget_all,
    is_stated,
    may_tell_of_a_change,
    slots_to_forget,
    tells_of_a_change,
    to_forget,
)
from langgraph_memory.extract.clauses import Clause
from langgraph_memory.extract.clauses import clauses as clauses_of
from langgraph_memory.extract.corrections import amended, corrected, without_repeats
from langgraph_memory.extract.events import event, without_time
from langgraph_memory.extract.findings import Finding, read
from langgraph_memory.extract.follow_up import with_follow_up
from langgraph_memory.extract.foreign import BLANK, LONGEST_MESSAGE, is_work_on_a_text, own_words
from langgraph_memory.extract.gate import Heard, hear
from langgraph_memory.extract.mentions import mentioned
from langgraph_memory.extract.noted import noted_fact
from langgraph_memory.extract.patterns import INTRODUCTION, STATEMENTS
from langgraph_memory.extract.restate import is_english, restated, trimmed
from langgraph_memory.extract.sentences import Sentence, clauses, sentences
from langgraph_memory.extract.speech import Speech, is_greeting, plain
from langgraph_memory.extract.standing import standing_rule
from langgraph_memory.extract.topics import TOPICS
from langgraph_memory.extract.wholeness import holds, is_qualified, tells_all, with_qualifiers

SURE: Final = 0.9
"""The gate's probability from which on a clause is kept: below it more of idle talk would be stored than of facts."""
_SURE_OF: Final = {"alone": 0.78, "nobody": 0.95, "language": 0.7, "people": 0.85}
"""The same for a clause that is all of a message, for one that does not name the speaker, which has to be the surest,
for one in another language, where less is sure, and for what somebody of the speaker's people is, has or does."""
UNSURE: Final = 0.4
"""The probability from which on a clause is reported and kept in session; one that tells of a change is stored."""
CHANGED: Final = 0.75
"""How sure a statement is that takes the place of a known one, at least."""
_ALL: Final = 0.8
"""The part of a message that is all of it, but for a greeting."""
_MOST: Final = 0.6
"""The part of a message that is what it is about."""
_FRAGMENT: Final = 3
"""Words of a clause below which it is only a part of one."""
_BEFORE: Final = 3
"""Messages that another may go on with."""
_SHORT_MESSAGE: Final = 30
"""Words of a message up to which its clauses may together tell of one change."""
_SPEAKER = re.compile(r"\b(?:i|i'?m|i'?ve|i'd|i'll|me|my|mine|we|we'?re|we'?ve|us|our|ours)\b", re.IGNORECASE)
_FULL = re.compile(r"\b(?:i|i'?m|my|we|our)\b", re.IGNORECASE)
"""What a message that says something of its own has in it, beside a correction."""
_OF_SOMEBODY = re.compile(r"\W*(?:and |but |so )?(?:he|she|they|he'?s|she'?s|they'?re|his|her|their)\b", re.IGNORECASE)
"""What is of somebody named before it, or of nobody who is known."""
_SHORT_QUOTATION: Final = 40
"""Characters of a quotation inside a statement up to which it belongs to it."""
TASTES: Final = frozenset({"like", "love", "prefer", "hate", "choice"})
"""Topics of what somebody likes or wants."""
UNHEARD: Final = 0.04
"""The probability below which a wish that a pattern reads is not taken: "symptoms, like fatigue"."""


class RuleExtractor:
    """Propose what users state about themselves, their people, their work and how they want things.

    Deterministic and offline. A learned gate hears which clauses say something lasting; rules give those that they
    know a slot and a value. Questions, suppositions, other people's words, stories, code, logs, pasted text, secrets
    and orders to the agent give nothing.
    """

    @property
    def name(self) -> str:
        """Return the name recorded as the source of what it proposes."""
        return "rules"

    @property
    def version(self) -> str:
        """Return the version of the rules, which changes with what they find."""
        return "2"

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        """Return the candidates found in what users said, in the order they said it."""
        found: list[Candidate] = []
        last: dict[str | None, tuple[str, ...]] = {}
        for one in utterances:
            if one.actor == "user":
                before = one.before or last.get(one.name, ())
                found += with_follow_up(_candidates(one), one, before, _found_alone)
                last[one.name] = (*before, one.text)[-_BEFORE:]
        return found


@dataclass(frozen=True, slots=True)
class _Read:
    """What the rules read in one sentence of a message."""

    finding: Finding
    start: int
    end: int


def _candidates(utterance: Utterance) -> list[Candidate]:
    text = utterance.text
    if len(text) > LONGEST_MESSAGE or gates.is_refused_message(text, own_words(text)):
        return []
    forgetting = _to_forget(utterance)
    return _told(utterance) if forgetting is None else forgetting


def _to_forget(utterance: Utterance) -> list[Candidate] | None:
    """Return what a message asks to forget; None where it asks no such thing."""
    text = utterance.text
    if storable(text) and (slots := slots_to_forget(text)):
        return [_forgetting(slot, utterance) for slot in slots]
    if asks_to_forget_all(text):
        return [_forgetting(None, utterance).model_copy(update={"content_json": {"everything": True}})]
    unwanted = to_forget(text)
    if unwanted is None:
        return None
    told = [one for one in _candidates(utterance.model_copy(update={"text": unwanted})) if one.amends is None]
    return [one.model_copy(update={"forgets": True, "retires": False, "changes_only": False}) for one in told]


def _told(utterance: Utterance) -> list[Candidate]:
    """Return what a message tells, and the correction that it may be."""
    text = utterance.text
    off_the_record: Flaw | None = "off_the_record" if gates.is_off_the_record(text) else None
    proposed = [_candidate(finding, utterance, off_the_record) for finding in _kept(text)]
    if len(text.split()) <= _SHORT_MESSAGE:
        proposed = [_within(one, text) for one in proposed]
    correction = None if any(_is_most(one, text) for one in proposed) else amendment(text)
    if correction is None:
        return proposed
    others = [_unless_alone(one, text) for one in proposed]
    return [*others, _correction(correction, utterance, off_the_record)]


def _kept(text: str) -> list[Finding]:
    """Return what is found in a message and can be stored, each thing once."""
    return [one for one in without_repeats(list(_structured(text))) if storable(one.content) and storable(one.said)]


def _is_most(candidate: Candidate, message: str) -> bool:
    """Return whether the rules know what most of a message says, or what it replaces."""
    is_known = candidate.slot is not None
    return is_known and (bool(candidate.replaces) or len(candidate.excerpt) >= _MOST * len(message))


def _unless_alone(candidate: Candidate, message: str) -> Candidate:
    """Return what is the whole of a message that may be a correction as what counts only as a change: "no, 9 to 17"."""
    alone = (
        len(candidate.excerpt) >= _MOST * len(message)
        and candidate.memory_type != "rule"
        and _FULL.search(message) is None
    )
    return candidate.model_copy(update={"changes_only": True}) if alone else candidate


def _within(candidate: Candidate, message: str) -> Candidate:
    """Return what is only a part of a message with all of it: what follows may tell what it changes."""
    is_part = len(candidate.excerpt) < 0.8 * len(message)
    return candidate.model_copy(update={"message": message}) if is_part else candidate


def _found_alone(text: str) -> list[Candidate]:
    return _candidates(Utterance(message_id="", actor="user", text=text))


def _forgetting(slot: str | None, utterance: Utterance) -> Candidate:
    """Return the request to forget whatever a slot holds, or all there is."""
    return Candidate(
        content=utterance.text.strip(),
        slot=slot,
        forgets=True,
        message_id=utterance.message_id,
        excerpt=utterance.text.strip(),
        actor=utterance.actor,
        extractor="rules",
    )


def _read(text: str) -> list[_Read]:
    """Return what the rules read, sentence by sentence."""
    found: list[_Read] = []
    greeted = False
    for sentence in sentences(text):
        if not gates.is_refused_sentence(sentence.said, sentence.text):
            for finding in _said(sentence, greeted=greeted):
                found.append(_Read(replace(finding, said=sentence.said), sentence.start, sentence.end))
        greeted = is_greeting(sentence.text)
    return found


def _structured(text: str) -> Iterator[Finding]:
    """Yield one finding for each thing said, in order: what the gate hears, with what the rules read of it."""
    found = _read(text)
    heard = with_qualifiers(
        hear(clauses_of(text), text), text, lambda clause: any(_is_of(read_one, clause) for read_one in found)
    )
    together = None if found else _together(heard, text)
    if together is not None:
        yield together
    else:
        yield from _apart(heard, found, text)


def _apart(heard: Sequence[Heard], found: Sequence[_Read], text: str) -> Iterator[Finding]:
    """Yield what is heard clause by clause, with what was read of each, and what was read of none."""
    left = found
    for one in _counting(heard, text):
        mine = [each for each in left if _is_of(each, one.clause)]
        left = [each for each in left if each not in mine]
        if mine or not _is_taken_back(one.clause, found):
            yield from _of_clause(one, [each.finding for each in mine], text)
    yield from (each.finding for each in left)


def _counting(heard: Sequence[Heard], text: str) -> Iterator[Heard]:
    """Yield what was heard but for what is supposed, and what is only part of a text that is worked on."""
    works = is_work_on_a_text(text)
    supposed: set[int] = set()
    for one in heard:
        if gates.is_supposed_at_the_start(plain(one.clause.text).text):
            supposed.add(one.clause.sentence)  # "suppose I have a dog and live in Rome" supposes both
        if one.clause.sentence not in supposed and not (works and not gates.tells_of_the_speaker(one.clause.text)):
            yield one


def _is_of(read_one: _Read, clause: Clause) -> bool:
    """Return whether what the rules read of a sentence stands in a clause."""
    return read_one.start <= clause.start < read_one.end and holds(clause.text, read_one.finding)


def _together(heard: Sequence[Heard], text: str) -> Finding | None:
    """Return a short message of several clauses as one change, where none of them alone says what holds now."""
    if len(heard) < 2 or len(text.split()) > _SHORT_MESSAGE or own_words(text) != text or not storable(text):
        return None
    sure = [one for one in heard if one.probability >= SURE]
    if not (_is_changed_beside(heard, sure) and _are_one_change(heard)):
        return None
    surest = max(heard, key=lambda one: one.probability)
    whole = Clause(text.strip(), heard[0].clause.start, heard[-1].clause.end, heard[0].clause.sentence)
    return replace(_as_change(replace(surest, clause=whole), text), changes_only=not sure)


def _is_changed_beside(heard: Sequence[Heard], sure: Sequence[Heard]) -> bool:
    """Return whether no clause is sure to last by itself, or beside those that are another tells of a change."""
    unsure = [one for one in heard if one not in sure]
    return bool(unsure) and (not sure or any(tells_of_a_change(one.clause) for one in unsure))


def _are_one_change(heard: Sequence[Heard]) -> bool:
    """Return whether all clauses are stated, and one of them may tell of a change."""
    return all(is_stated(one.clause) for one in heard) and any(may_tell_of_a_change(one.clause) for one in heard)


def _is_taken_back(clause: Clause, found: Sequence[_Read]) -> bool:
    """Return whether what the rules read of its sentence is the speaker's correction of a clause."""
    return any(one.start <= clause.start < one.end and gates.corrects_itself(one.finding.said) for one in found)


def _of_clause(heard: Heard, read_in_it: Sequence[Finding], text: str) -> Iterator[Finding]:
    """Keep what the rules read where it tells all of the clause, else the clause whole with what they read of it."""
    explicit = gates.asks_to_remember(heard.clause.text, asks=heard.clause.asks)
    if not read_in_it:
        yield from _unstructured(heard, text, explicit=explicit)
    elif heard.probability < UNHEARD and not explicit:
        yield from (finding for finding in read_in_it if finding.session or finding.memory_type != "preference")
    elif any(one.session for one in read_in_it) or len(trimmed(heard.clause.text).split()) < _FRAGMENT:
        yield from read_in_it
    else:
        yield from _with_what_is_read(heard, read_in_it, text)


def _with_what_is_read(heard: Heard, read_in_it: Sequence[Finding], text: str) -> Iterator[Finding]:
    if _are_tastes(read_in_it) and (whole := _as_taste(heard, read_in_it, text)):
        yield whole
    elif tells_all(heard.clause.text, read_in_it):
        yield from read_in_it
    elif any(map(_is_certain, read_in_it)):
        yield from (_with_what_came_instead(heard, one, text) for one in read_in_it)
    else:
        yield _richer(heard, read_in_it[0], text)
        yield from (one for one in read_in_it[1:] if one.topic not in TASTES)  # those the whole clause tells


def _are_tastes(findings: Sequence[Finding]) -> bool:
    """Return whether all that was read of a clause is what its speaker likes or not: then its words tell it best."""
    return all(one.topic in TASTES and not one.replaces for one in findings)


def _as_taste(heard: Heard, findings: Sequence[Finding], text: str) -> Finding | None:
    """Return a wish or dislike in its speaker's words; an enumeration as one; None where it can only be quoted."""
    whole = _richer(heard, findings[0], text)
    if whole.content.startswith("The user says") and len(findings) == 1:
        return None
    if tells_all(heard.clause.text, findings):
        whole = replace(whole, slot=findings[0].slot)
    return whole if len(findings) == 1 else replace(whole, slot=None, value="")


def _unstructured(heard: Heard, text: str, *, explicit: bool) -> Iterator[Finding]:
    """Yield a clause of which the rules read nothing: as it is, or as a change; and who is named in it."""
    explicit = explicit and not gates.is_unsure(heard.clause.text)  # "remember that I might move": not known yet
    sure = heard.probability >= _needed(heard.clause, text) or explicit
    heard = replace(heard, clause=_as_stated(heard.clause, text))
    if sure:
        if (whole := _unvetoed(heard, text, explicit=explicit)) is not None:
            yield whole
            return
    elif (finding := _unsure(heard, text, explicit=explicit)) is not None:
        yield finding
    for finding in mentioned(heard.clause.text):
        yield replace(finding, said=text[heard.clause.start : heard.clause.end], confidence=0.8)


def _unsure(heard: Heard, text: str, *, explicit: bool) -> Finding | None:
    """Return a clause that is not sure to last as a change, else as what is only reported; None for idle talk."""
    likely = heard.probability >= UNSURE
    if tells_of_a_change(heard.clause):
        return _as_change(heard, text)
    if (likely or may_tell_of_a_change(heard.clause)) and _is_whole(heard):
        return replace(_as_change(heard, text), changes_only=True)
    return _unvetoed(heard, text, explicit=explicit) if likely else None


def _unvetoed(heard: Heard, text: str, *, explicit: bool) -> Finding | None:
    """Return a clause as it is, unless it never counts."""
    vetoed = is_vetoed(heard.clause, explicit=explicit) or (not explicit and _is_for_now(heard))
    return None if vetoed else _plainly(heard, text, explicit=explicit)


def _is_for_now(heard: Heard) -> bool:
    """Return whether a clause asks for something now, or is of somebody of whom it does not tell who that is."""
    text = heard.clause.text
    return _is_request(heard) or (_OF_SOMEBODY.match(text) is not None and _SPEAKER.search(text) is None)


def _is_request(heard: Heard) -> bool:
    """Return whether a clause asks for something to be done; how things are to be done is a wish."""
    said = plain(heard.clause.text).text
    wishes = heard.memory_type in ("rule", "preference")
    return gates.is_request_for_once(said) or (not wishes and gates.is_request(said))


def _needed(clause: Clause, message: str) -> float:
    """Return the probability from which on a clause is kept: the less it speaks of the speaker, the surer."""
    if not is_english(clause.text):
        return _SURE_OF["language"]
    if LASTING_OF_PEOPLE.match(clause.whole):
        return _SURE_OF["people"]
    if not _SPEAKER.search(clause.whole):
        return _SURE_OF["nobody"]
    return _SURE_OF["alone"] if clause.end - clause.start >= _ALL * len(message) else SURE


def _with_what_came_instead(heard: Heard, finding: Finding, text: str) -> Finding:
    """Return what ended in its speaker's words, where they go on: "we got rid of trello, planning lives in asana"."""
    goes_on = _is_certain(finding) and heard.probability >= SURE and "," in heard.clause.text
    return replace(finding, content=_richer(heard, finding, text).content) if goes_on else finding


def _as_stated(clause: Clause, text: str) -> Clause:
    """Return a clause as a statement where only what follows it in its sentence asks: "Mia quit judo, any ideas?"."""
    asks = clause.asks and (clause.text.endswith("?") or text[clause.end :].lstrip(" \"'”)").startswith("?"))
    return replace(clause, asks=asks)


def _is_whole(heard: Heard) -> bool:
    """Return whether a clause states something, as far as can be seen without knowing what it could change."""
    return is_stated(heard.clause) and not is_vetoed(heard.clause) and not _is_request(heard)


def _is_certain(finding: Finding) -> bool:
    """Return whether a finding ends something or holds for now: what it leaves out qualifies nothing."""
    return finding.session or (finding.negated and bool(finding.replaces))


def is_vetoed(clause: Clause, *, explicit: bool = False) -> bool:
    """Return whether a clause never counts, whatever the gate makes of it: a question, a supposition, a secret."""
    said = plain(clause.text).text
    if gates.is_supposed_at_the_start(said) or gates.is_fragment(clause.text):
        return True
    if gates.did_not_happen(said) or gates.foretells(said):
        return True
    if not explicit and (gates.is_asking(said) or (clause.text.isascii() and " " not in clause.text)):
        return True
    return gates.is_refused_sentence(clause.text, clause.text)


def _richer(heard: Heard, finding: Finding, text: str) -> Finding:
    """Return the clause whole; with the slot that a rule read, unless its value is qualified: "cities with noise"."""
    excerpt = text[heard.clause.start : heard.clause.end]
    topic = TOPICS.get(finding.topic)
    named_after_value = topic is not None and "{slug}" in topic.slot
    keeps_slot = not (named_after_value and is_qualified(heard.clause.text, finding.value))
    return replace(
        finding,
        content=restated(_as_typed(heard.clause, text)),
        slot=finding.slot if keeps_slot else None,
        details={**(finding.details or {}), "family": heard.family},
        said=excerpt,
    )


def _plainly(heard: Heard, text: str, *, explicit: bool) -> Finding:
    speech = plain(heard.clause.text)
    needed = _needed(heard.clause, text)
    sure = max(heard.probability, 0.95) if explicit else heard.probability
    return Finding(
        heard.memory_type,
        None,
        "",
        restated(_as_typed(heard.clause, text)),
        confidence=0.6 + 0.35 * (sure - needed) / (1 - needed) if sure >= needed else 0.5 * sure / needed,
        importance=0.7 if explicit or heard.memory_type in {"rule", "background"} else 0.5,
        details={"family": heard.family},
        session=speech.session,
        corrects=speech.corrects,
        said=text[heard.clause.start : heard.clause.end],
    )


def _as_typed(clause: Clause, text: str) -> str:
    """Return the clause with the short quotations that were blanked in it: 'rather say "no idea" than guess'."""
    if not 0 < clause.text.count(BLANK) <= _SHORT_QUOTATION:
        return clause.whole
    typed = " ".join(text[clause.start : clause.end].split())
    return f"{clause.subject} {typed}" if clause.subject else typed


def _as_change(heard: Heard, text: str) -> Finding:
    """Return a clause that counts because it changes what is known, however little the gate makes of it."""
    found = _plainly(heard, text, explicit=False)
    kind = "fact" if found.memory_type == "event" else found.memory_type
    alone = heard.probability >= UNSURE
    return replace(found, memory_type=kind, confidence=max(found.confidence, CHANGED), changes_only=not alone)


def _said(sentence: Sentence, *, greeted: bool) -> list[Finding]:
    """Return what one sentence says: a rule as a whole, else what its clauses say, else what it asks to note."""
    whole = plain(sentence.text)
    if gates.is_question(whole.text):
        rule = noted = None
    else:
        rule = None if gates.is_reported_or_doubted(whole.text) else standing_rule(whole)
        noted = None if rule or gates.is_supposed(whole.text) else noted_fact(whole)
    found = [rule] if rule else _clauses_say(sentence, greeted=greeted) or ([noted] if noted else [])
    return [_as_said(finding, whole) for finding in found]


def _clauses_say(sentence: Sentence, *, greeted: bool) -> list[Finding]:
    found: list[Finding] = []
    for clause in gates.stated(clauses(sentence.text), sentence.text):
        speech = plain(clause)
        greeted = greeted or speech.greets
        if found and speech.corrects and (better := amended(found[-1], speech.text)):
            found[-1] = better
            continue
        said = _statements(speech, greeted=greeted)
        if not said and gates.is_request(speech.text):
            break
        found.extend(_as_said(finding, speech) for finding in said)
    return found


def _statements(speech: Speech, *, greeted: bool) -> list[Finding]:
    """Return what a clause states; a time at its end is read as an event's, else left out."""
    found = corrected(speech.text) or read(speech.text, STATEMENTS)
    if not found and greeted:
        found = read(speech.text, INTRODUCTION)
    if found:
        return found
    happened = event(speech.text)
    return [happened] if happened else _shortened(speech.text)


def _shortened(text: str) -> list[Finding]:
    """Read `text` without the time it ends with, else as far as its first comma."""
    head = text.partition(",")[0]
    return read(without_time(text), STATEMENTS) or (read(head, STATEMENTS) if len(head.split()) > 2 else [])


def _as_said(finding: Finding, speech: Speech) -> Finding:
    """Mark what holds for this thread alone; trust and weigh more what the speaker asked to remember."""
    return replace(
        finding,
        session=finding.session or speech.session,
        corrects=finding.corrects or speech.corrects,
        confidence=max(finding.confidence, 0.95) if speech.explicit else finding.confidence,
        importance=max(finding.importance, 0.7) if speech.explicit else finding.importance,
    )


def _correction(text: str, utterance: Utterance, flaw: Flaw | None) -> Candidate:
    return Candidate(
        content=restated(utterance.text) if text else utterance.text,
        amends=text,
        corrects=True,
        message_id=utterance.message_id,
        excerpt=utterance.text,
        actor=utterance.actor,
        extractor="rules",
        flaw=flaw,
    )


def _candidate(finding: Finding, utterance: Utterance, flaw: Flaw | None) -> Candidate:
    payload: dict[str, Any] = {"value": finding.value} if finding.value else {}
    payload |= {name: value for name, value in (finding.details or {}).items() if value}
    return Candidate(
        content=finding.content,
        memory_type=finding.memory_type,
        slot=finding.slot,
        content_json=({**payload, "negated": True} if finding.negated else payload) or None,
        replaces=finding.replaces,
        retires=finding.negated and finding.value in finding.replaces,
        corrects=finding.corrects,
        changes_only=finding.changes_only,
        session_only=finding.session,
        confidence=finding.confidence,
        importance=finding.importance,
        subject=person_of(finding.content) if finding.slot is None else None,
        message_id=utterance.message_id,
        excerpt=finding.said,
        actor=utterance.actor,
        extractor="rules",
        flaw=flaw,
    )
