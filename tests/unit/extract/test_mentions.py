"""Who is named in passing is remembered, also inside a request."""

from __future__ import annotations

import pytest

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.extract import RuleExtractor


def said(text: str) -> list[Candidate]:
    return RuleExtractor().extract([Utterance(message_id="m1", actor="user", text=text)])


@pytest.mark.parametrize(
    ("text", "content", "slot"),
    [
        ("Write a note to my manager Ines about the budget.", "The user's manager is Ines.", "team.manager"),
        ("What could I cook for my wife Noor tonight?", "The user's wife is called Noor.", "family.wife"),
        ("Find a present for my sister Ayla, please.", "The user's sister is called Ayla.", None),
    ],
)
def test_a_person_named_in_a_request_is_remembered(text: str, content: str, slot: str | None) -> None:
    assert [(c.content, c.slot) for c in said(text) if c.confidence >= 0.5] == [(content, slot)]


@pytest.mark.parametrize("text", ["Is my sister Monday's child?", "Tell my boss I am late.", "Write to my landlord."])
def test_nobody_is_invented(text: str) -> None:
    assert not [c for c in said(text) if c.confidence >= 0.5]
