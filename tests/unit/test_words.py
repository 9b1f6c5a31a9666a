"""What is counted is said in the singular when it is one."""

from __future__ import annotations

import pytest

from langgraph_memory.views import agreeing, counted, listed


@pytest.mark.parametrize(
    ("number", "things", "said"),
    [
        (1, "messages", "1 message"),
        (1, "memories", "1 memory"),
        (1, "old versions", "1 old version"),
        (1, "audit", "1 audit"),
        (0, "messages", "0 messages"),
        (2, "memories", "2 memories"),
        (1234, "bytes", "1,234 bytes"),
    ],
)
def test_one_thing_is_named_in_the_singular(number: int, things: str, said: str) -> None:
    assert counted(number, things) == said


@pytest.mark.parametrize(("verb", "of_one"), [("wait", "waits"), ("were", "was"), ("are", "is"), ("have", "has")])
def test_a_verb_agrees_with_its_number(verb: str, of_one: str) -> None:
    assert [agreeing(number, verb) for number in (0, 1, 2)] == [verb, of_one, verb]


def test_a_list_leaves_out_what_there_is_none_of() -> None:
    assert listed({"memories": 2, "versions": 0, "threads": 1}.items()) == "2 memories, 1 thread"
    assert listed([]) == "nothing"
