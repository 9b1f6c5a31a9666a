"""Detectors that an app gives its guard, asked after the formats that the guard knows itself."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from support import opened_store, shown

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.guard import GuardPolicy, Refusal, refuse, withhold
from langgraph_memory.domain.promotion import Bucket, PromotionPolicy, judge_all
from langgraph_memory.errors import InvalidInputError

BADGE = "BADGE-77-4410"


def badge(text: str) -> str | None:
    return "Acme permit" if BADGE in text else None


def failing(text: str) -> str | None:
    raise ValueError(f"cannot read {text}")


@pytest.mark.parametrize("ask", [refuse, withhold])
def test_what_a_detector_finds_is_refused_as_a_secret(ask: Any) -> None:
    policy = GuardPolicy(detectors=(lambda text: None, badge))

    assert ask(f"I open doors with {BADGE}", policy) == Refusal(
        "secret", "It holds a password, key or token: Acme permit."
    )
    assert ask("I open doors by hand", policy) is None


@pytest.mark.parametrize("ask", [refuse, withhold])
def test_a_text_that_a_detector_fails_on_is_refused_and_not_quoted(ask: Any) -> None:
    refusal = ask("I like tea", GuardPolicy(detectors=(failing,)))

    assert refusal == Refusal("detector_failed", "A detector of secrets failed on it: ValueError.")


@pytest.mark.parametrize(
    "name",
    [BADGE, f"badge:{BADGE.lower()}", f"badge {BADGE[6:]}", "ok", "", "x" * 61, "two\nlines", 7],
    ids=repr,
)
def test_a_name_that_may_quote_the_text_is_left_out(name: Any) -> None:
    refusal = refuse(f"It is ok, {BADGE}", GuardPolicy(detectors=(lambda text: name,)))

    assert refusal is not None
    assert BADGE[6:] not in refusal.explanation
    if name != "ok":
        assert refusal == Refusal("secret", "It holds a password, key or token.")


def test_detectors_are_not_asked_about_what_the_guard_refuses_itself() -> None:
    asked: list[str] = []
    policy = GuardPolicy(detectors=(asked.append,))  # type: ignore[arg-type]

    refused = refuse("The password is hunter2", policy)
    withheld = withhold("The pass\u200bword is hunter2", policy)

    assert (refused is not None, withheld is not None, asked) == (True, True, [])


def test_a_detector_sees_through_invisible_characters_before_a_text_may_wait() -> None:
    refusal = withhold("I open doors with BADGE-\u200b77-4410", GuardPolicy(detectors=(badge,)))

    assert refusal is not None
    assert refusal.reason == "secret"


async def waiting(text: str) -> str | None:
    return None


class Waiting:
    async def __call__(self, text: str) -> str | None:
        return None


@pytest.mark.parametrize("bad", [badge, [badge], ("badge",), (waiting,), (Waiting(),), None], ids=shown)
def test_detectors_that_cannot_be_asked_are_refused(bad: Any) -> None:
    with pytest.raises(InvalidInputError, match="detectors must be a tuple of callables"):
        GuardPolicy(detectors=bad)


def test_a_candidate_in_which_a_detector_finds_something_keeps_nothing_of_its_text() -> None:
    said = Utterance(message_id="m", actor="user", text=f"I open doors with {BADGE}")
    candidate = Candidate(content="Opens doors.", content_json={"value": BADGE}, message_id="m")

    judged = judge_all([candidate], [said], PromotionPolicy(guard=GuardPolicy(detectors=(badge,))))

    assert [(one.verdict.bucket, one.verdict.reason) for one in judged] == [(Bucket.DISCARD, "secret")]
    assert BADGE not in repr(judged)


@pytest.mark.parametrize(("detector", "reason"), [(badge, "secret"), (failing, "detector_failed")])
def test_a_store_neither_keeps_nor_logs_what_its_detector_refuses(
    path: str, caplog: pytest.LogCaptureFixture, detector: Any, reason: str
) -> None:
    with opened_store(path, guard=GuardPolicy(detectors=(detector,))) as store, caplog.at_level(logging.DEBUG):
        outcome = store.remember("Opens doors", owner_id="a", content_json={"with": [BADGE]})

        assert outcome.action == "refused"
        assert (outcome.reason or "").startswith(f"{reason}: ")
        assert store.list_memories(owner_id="a") == []
    assert BADGE not in f"{outcome}{caplog.text}"


def test_a_context_loses_only_the_lines_in_which_a_detector_finds_something(path: str) -> None:
    with opened_store(path, guard=GuardPolicy(detectors=(badge,))) as store:
        outcome = store.remember("Ada opens doors", owner_id="a", context=f"at the gate\nwith {BADGE}\nby day")

    assert outcome.memory is not None
    assert outcome.memory.context == "at the gate\nby day"
