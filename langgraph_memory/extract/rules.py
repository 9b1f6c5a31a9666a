"""The extractor that needs no model: what a user states in plain English, by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.extract import gates
from langgraph_memory.extract.corrections import amended, corrected, without_repeats
from langgraph_memory.extract.events import event, without_time
from langgraph_memory.extract.findings import Finding, read
from langgraph_memory.extract.foreign import LONGEST_MESSAGE, own_words
from langgraph_memory.extract.noted import noted_fact
from langgraph_memory.extract.patterns import INTRODUCTION, STATEMENTS
from langgraph_memory.extract.sentences import Sentence, clauses, sentences
from langgraph_memory.extract.speech import Speech, is_greeting, plain
from langgraph_memory.extract.standing import standing_rule


class RuleExtractor:
    """Propose what users state about themselves, their wishes, their project and their rules.

    Deterministic and offline. It prefers missing a statement to inventing one: questions, wishes, doubts, other
    people's words, stories, code, logs, pasted text, secrets and orders to the agent give nothing.
    """

    @property
    def name(self) -> str:
        """Return the name recorded as the source of what it proposes."""
        return "rules"

    @property
    def version(self) -> str:
        """Return the version of the rules, which changes with what they find."""
        return "1"

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        """Return the candidates found in what users said, in the order they said it."""
        return [found for utterance in utterances if utterance.actor == "user" for found in _candidates(utterance)]


def _candidates(utterance: Utterance) -> list[Candidate]:
    if len(utterance.text) > LONGEST_MESSAGE or gates.is_refused_message(utterance.text, own_words(utterance.text)):
        return []
    found: list[Finding] = []
    greeted = False
    for sentence in sentences(utterance.text):
        if not gates.is_refused_sentence(sentence.said, sentence.text):
            found.extend(replace(finding, said=sentence.said) for finding in _said(sentence, greeted=greeted))
        greeted = is_greeting(sentence.text)
    return [_candidate(finding, utterance) for finding in without_repeats(found)]


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


def _candidate(finding: Finding, utterance: Utterance) -> Candidate:
    payload = {"value": finding.value, **(finding.details or {})}
    return Candidate(
        content=finding.content,
        memory_type=finding.memory_type,
        slot=finding.slot,
        content_json={**payload, "negated": True} if finding.negated else payload,
        replaces=finding.replaces,
        retires=finding.negated and finding.value in finding.replaces,
        corrects=finding.corrects,
        session_only=finding.session,
        confidence=finding.confidence,
        importance=finding.importance,
        message_id=utterance.message_id,
        excerpt=finding.said,
        actor=utterance.actor,
        extractor="rules",
    )
