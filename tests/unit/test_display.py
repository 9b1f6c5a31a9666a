"""The displays: what they show, and that nothing stored can become markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langgraph_memory import Bucket, Candidate, Memory, Outcome, PromotionReport, Recall, Recalled, Verdict
from langgraph_memory.display import memories_html, promotion_html, recall_html, thread_html
from langgraph_memory.domain.memory import Dropped
from langgraph_memory.domain.promotion import Promoted

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script><img src=x onerror=\"alert(1)\"> & </td></table>"
ALLOWED = {"style", "table", "caption", "thead", "tbody", "tr", "th", "td", "em"}


class _Reader(HTMLParser):
    """Collects the elements of a document, the attributes they have, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def _memory(content: str = HOSTILE, **fields: Any) -> Memory:
    hostile = {"slot": HOSTILE, "memory_type": "fact"}
    return Memory(id="m1", owner_id="ana", content=content, created_at=NOW, updated_at=NOW, **{**hostile, **fields})


def _recall() -> Recall:
    found = (Recalled(_memory(), 0.5, {HOSTILE: 0.5}),)
    return Recall("r1", HOSTILE, "ana", "global", NOW, found, (Dropped(_memory(), "over_limit", 0.25),))


def _report() -> PromotionReport:
    candidate = Candidate(content=HOSTILE, memory_type=HOSTILE)
    promoted = Verdict(Bucket.PROMOTE, "durable", HOSTILE)
    outcome = Outcome("superseded", _memory(), HOSTILE, replaced=(_memory(),))
    kept = Verdict(Bucket.KEEP_IN_SESSION, "session_only", "It holds for this thread.")
    return PromotionReport(
        "p1", "ana", "global", NOW, (Promoted(candidate, promoted, outcome), Promoted(candidate, kept))
    )


def _messages() -> list[Any]:
    return [HumanMessage(HOSTILE), AIMessage("", tool_calls=[{"name": HOSTILE, "args": {}, "id": "1"}])]


@pytest.mark.parametrize(
    "html",
    [
        memories_html([_memory()]),
        recall_html(_recall()),
        promotion_html(_report()),
        thread_html(_messages(), title=HOSTILE),
        _memory()._repr_html_(),
        _recall()._repr_html_(),
        _report()._repr_html_(),
    ],
)
def test_hostile_content_stays_text(html: str) -> None:
    read = _Reader(html)

    assert set(read.tags) <= ALLOWED
    assert read.attributes <= {"class", "colspan"}
    assert HOSTILE in read.text
    assert "<script" not in html


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "live"),
        ({"expires_at": NOW + timedelta(days=1)}, "until 2026-01-03 03:04"),
        ({"superseded_at": NOW, "superseded_by": "m2"}, "superseded 2026-01-02 03:04"),
    ],
)
def test_a_memory_shows_until_when_it_counts(fields: dict[str, Any], state: str) -> None:
    assert f"<td>{state}</td>" in memories_html([_memory(**fields)])


def test_a_recall_shows_what_was_left_out_and_why() -> None:
    html = recall_html(_recall())

    assert "left out" in html
    assert "<td>over limit</td>" in html
    assert "<td>0.250</td>" in html


def test_a_recall_of_everything_has_no_second_table() -> None:
    html = recall_html(Recall("r1", None, "ana", "global", NOW))

    assert html.count("<table") == 1
    assert "<em>nothing</em>" in html


def test_a_promotion_shows_bucket_action_and_what_was_superseded() -> None:
    html = promotion_html(_report())

    assert "<td>keep in session</td>" in html
    assert "<td>superseded</td>" in html


def test_a_thread_names_images_and_tool_calls() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    call = {"name": "search", "args": {}, "id": "1"}
    messages = [HumanMessage([{"type": "text", "text": "look"}, image]), AIMessage("", tool_calls=[call])]

    html = thread_html(messages)

    assert "<td>look [image_url]</td>" in html
    assert "<td>[calls search]</td>" in html
    assert "base64" not in html
