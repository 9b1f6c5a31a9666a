"""Measures the rule extractor on labelled utterances and holds floors a little below what was measured.

The splits: `dev` was tuned on; `heldout`, `adversarial`, `blind`, `last` and `fresh` were each written whole before
the extractor saw any of them, then used to find general weaknesses. What was first measured on each stands beside
its floor: that first figure, not the floor, tells what to expect of text that nobody has looked at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.extract import RuleExtractor

DATA = Path(__file__).parents[2] / "data" / "utterances.jsonl"

Key = tuple[str | None, str, bool, bool]


@dataclass
class Score:
    """What was proposed rightly, proposed wrongly, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    must_not: int = 0
    must_not_but_did: int = 0
    types_right: int = 0
    replaces_right: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.3f}  recall {self.recall:.3f}  ({self.right} right, {self.wrong} wrong, "
            f"{self.missed} missed)  junk on {self.must_not_but_did} of {self.must_not} lines  "
            f"type {self.types_right}/{self.right}  replaces {self.replaces_right}/{self.right}"
        )


def normalised(text: str) -> str:
    plain = " ".join(text.replace("’", "'").strip(" .!?\"'").lower().split()).replace("i'm ", "i am ")
    first, _, rest = plain.partition(" ")
    return rest if first in {"a", "an", "the"} and rest else plain


def key_of(slot: str | None, value: str, negated: bool, session: bool) -> Key:
    return ("rule.*" if (slot or "").startswith("rule.") else slot, normalised(value), negated, session)


def expected(line: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    return {key_of(e["slot"], e["value"], e.get("negated", False), e.get("session", False)): e for e in line["expect"]}


def proposed(line: dict[str, Any]) -> dict[Key, Candidate]:
    return proposed_from(line["text"])


@cache
def proposed_from(text: str) -> dict[Key, Candidate]:
    """Return what the rules gave a value; what the gate alone hears is measured on other text (tests/bench/hear)."""
    candidates = RuleExtractor().extract([Utterance(message_id="m1", actor="user", text=text)])
    payloads = ((c, dict(c.content_json or {})) for c in candidates)
    return {
        key_of(c.slot, str(p["value"]), p.get("negated", False), c.session_only): c
        for c, p in payloads
        if "value" in p and not c.forgets
    }


def score(lines: Iterable[dict[str, Any]], memory_type: str | None = None) -> Score:
    """Compare by slot, value, polarity; what holds for the session only is neither promoted nor counted here."""
    total = Score()
    for line in lines:
        want = {k: e for k, e in expected(line).items() if not k[3] and memory_type in {None, e["memory_type"]}}
        got = {k: c for k, c in proposed(line).items() if not k[3] and memory_type in {None, c.memory_type}}
        count(total, line, want, got)
    return total


def is_told_in_a_list(key: Key, text: str) -> bool:
    """Return whether a wish is kept whole with others, in one statement that has no value of its own."""
    candidates = RuleExtractor().extract([Utterance(message_id="m1", actor="user", text=text)])
    return any(c.slot is None and c.memory_type == "preference" and key[1] in c.content.lower() for c in candidates)


def count(total: Score, line: dict[str, Any], want: dict[Key, dict[str, Any]], got: dict[Key, Candidate]) -> None:
    hits = want.keys() & got.keys()
    listed = {
        k for k in want.keys() - hits if want[k]["memory_type"] == "preference" and is_told_in_a_list(k, line["text"])
    }
    total.right += len(hits)
    total.wrong += len(got) - len(hits)
    total.missed += len(want) - len(hits) - len(listed)
    total.types_right += sum(want[k]["memory_type"] == got[k].memory_type for k in hits)
    total.replaces_right += sum(
        [normalised(old) for old in want[k].get("replaces", [])] == [normalised(old) for old in got[k].replaces]
        for k in hits
    )
    if not any(not k[3] for k in expected(line)):
        total.must_not += 1
        total.must_not_but_did += bool(got)
    total.errors += [f"{line['id']} wrong {k[:3]}: {line['text'][:80]!r}" for k in got.keys() - hits]
    total.errors += [f"{line['id']} missed {k[:3]}: {line['text'][:80]!r}" for k in want.keys() - hits - listed]


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]


def report(lines: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'all':14}{score(lines)}"
    for split in dict.fromkeys(line["split"] for line in lines):
        yield f"{split:14}{score(line for line in lines if line['split'] == split)}"
    for memory_type in ("background", "preference", "fact", "rule", "event"):
        yield f"{memory_type:14}{score(lines, memory_type)}"
    for tag in sorted({tag for line in lines for tag in line["tags"]}):
        yield f"{'#' + tag:14}{score(line for line in lines if tag in line['tags'])}"


def test_the_set_is_large_and_half_of_it_must_not_be_promoted(lines: list[dict[str, Any]]) -> None:
    must_not = [line for line in lines if not line["expect"]]

    assert len(lines) >= 420
    assert len(must_not) >= len(lines) / 2
    assert Counter(line["split"] for line in lines)["heldout"] >= 140
    assert len({line["id"] for line in lines}) == len({line["text"] for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("split", "precision", "recall", "junk"),
    [
        pytest.param("dev", 0.985, 0.97, 0.01, id="dev"),
        pytest.param("heldout", 0.97, 0.94, 0.01, id="heldout: first 0.963, 0.928"),
        pytest.param("adversarial", 0.85, 0.90, 0.05, id="adversarial: first 0.444, 0.645"),
        pytest.param("blind", 0.93, 0.94, 0.03, id="blind: first 0.765, 0.812"),
        pytest.param("last", 0.96, 0.94, 0.02, id="last: first 0.848, 0.757"),
        pytest.param("fresh", 0.96, 0.73, 0.01, id="fresh: first 0.983, 0.590"),
    ],
)
def test_precision_and_recall_hold_on_each_split(
    lines: list[dict[str, Any]], split: str, precision: float, recall: float, junk: float
) -> None:
    measured = score(line for line in lines if line["split"] == split)

    print(f"\n{split}: {measured}", *measured.errors, sep="\n  ")
    assert measured.precision >= precision, measured.errors
    assert measured.recall >= recall, measured.errors
    assert measured.must_not_but_did <= junk * measured.must_not, measured.errors


def test_precision_recall_types_and_replaced_values_hold_on_the_whole_set(lines: list[dict[str, Any]]) -> None:
    measured = score(lines)

    print("", *report(lines), sep="\n")
    assert measured.types_right == measured.right
    assert measured.replaces_right >= 0.98 * measured.right


def test_what_holds_for_the_session_only_is_marked_so(lines: list[dict[str, Any]]) -> None:
    session = [line for line in lines if any(e.get("session") for e in line["expect"])]

    found = [line["id"] for line in session if proposed(line).keys() >= expected(line).keys()]

    assert len(found) >= 0.9 * len(session)
