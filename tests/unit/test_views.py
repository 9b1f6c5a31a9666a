"""The displays: what they show, and that nothing stored can become markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langgraph_memory import Candidate, Memory, Outcome, Recall, Recalled, Receipt
from langgraph_memory.domain.memory import Dropped
from langgraph_memory.domain.promotion import Promoted
from langgraph_memory.domain.review import low_confidence
from langgraph_memory.domain.rewind import Stays
from langgraph_memory.types import (
    Bucket,
    Job,
    PromotionReport,
    Replay,
    Retraction,
    ReviewItem,
    SessionSummary,
    Verdict,
    WorkReport,
)
from langgraph_memory.views import Column, Records, Table, thread_html, to_html

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script><img src=x onerror=\"alert(1)\"> & </td></table>"
ALLOWED = {"div", "style", "table", "caption", "thead", "tbody", "tr", "th", "td", "em"}


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


def _outcome() -> Outcome:
    return Outcome(
        "conflict",
        _memory(),
        HOSTILE,
        replaced=(_memory(superseded_at=NOW, superseded_by="m2"),),
        conflicts=(_memory(),),
    )


def _session(outcome: Outcome | None, **fields: Any) -> SessionSummary:
    return SessionSummary(HOSTILE, "c1", outcome, "rules", HOSTILE, **fields)


def _retraction(*, dry_run: bool) -> Retraction:
    stays = (Stays(_memory("The user likes tea."), HOSTILE),)
    return Retraction("r1", "ana", NOW, dry_run, (_memory(),), (_memory("Old"),), (_memory("Unsure"),), stays, 2, 1)


def _job() -> Job:
    return Job("ana", HOSTILE, HOSTILE, "set_aside", None, 0, 3, 8, HOSTILE, NOW, NOW)


def _review() -> ReviewItem:
    return low_confidence(_memory(confidence=0.25))


def _receipt() -> Receipt:
    return Receipt(HOSTILE, HOSTILE, "ana", NOW, {HOSTILE: 2, "versions": 1})


def _cells(html: str) -> list[str]:
    return re.findall(r"<td>(.*?)</td>", html)


def _messages() -> list[Any]:
    return [HumanMessage(HOSTILE), AIMessage("", tool_calls=[{"name": HOSTILE, "args": {}, "id": "1"}])]


@pytest.mark.parametrize(
    "html",
    [
        Records(Memory, [_memory()])._repr_html_(),
        thread_html(_messages(), title=HOSTILE),
        _memory()._repr_html_(),
        _recall()._repr_html_(),
        _report()._repr_html_(),
        _outcome()._repr_html_(),
        _session(_outcome())._repr_html_(),
        _retraction(dry_run=True)._repr_html_(),
        _job()._repr_html_(),
        _review()._repr_html_(),
        _receipt()._repr_html_(),
        Replay(_recall(), _recall())._repr_html_(),
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
    assert f"<td>{state}</td>" in to_html(Memory.table([_memory(**fields)]))


def test_a_recall_shows_what_was_left_out_and_why() -> None:
    html = _recall()._repr_html_()

    assert "left out" in html
    assert "<td>over limit</td>" in html
    assert "<td>0.250</td>" in html


def test_a_recall_of_everything_has_no_second_table() -> None:
    html = Recall("r1", None, "ana", "global", NOW)._repr_html_()

    assert html.count("<table") == 1
    assert "<em>nothing</em>" in html


def test_a_promotion_shows_bucket_action_and_what_was_superseded() -> None:
    html = _report()._repr_html_()

    assert "<td>keep in session</td>" in html
    assert "<td>superseded</td>" in html


def test_an_outcome_shows_what_it_replaced_and_what_it_contradicts() -> None:
    cells = _cells(_outcome()._repr_html_())

    assert cells[::5] == ["conflict", "superseded 2026-01-02 03:04", "in conflict"]


def test_a_refused_outcome_shows_the_reason_alone() -> None:
    html = Outcome("refused", None, "It holds a secret.")._repr_html_()

    assert _cells(html) == ["refused", "", "", "", "It holds a secret."]


def test_a_replay_shows_then_and_now() -> None:
    text = _Reader(Replay(_recall(), _recall())._repr_html_()).text

    assert text.index("recalled then for") < text.index("recalled now for")


def test_a_review_shows_why_and_what_to_do() -> None:
    cells = _cells(to_html(ReviewItem.table([_review(), _review()])))

    assert cells[2:6] == ["global", "low confidence", "its confidence is 0.25", "verify it, or forget it"]
    assert len(cells) == 12


def test_a_retraction_shows_what_happens_to_each_memory() -> None:
    html = _retraction(dry_run=False)._repr_html_()

    assert _cells(html)[::4] == ["removed", "holds again", "as sure as before", "stays"]
    assert "<caption>taken back: 2 messages unread again, 1 checkpoint deleted</caption>" in html


def test_a_preview_of_a_retraction_says_that_nothing_happened_yet() -> None:
    assert "what taking it back would do" in _retraction(dry_run=True)._repr_html_()


def test_a_session_shows_its_summary_and_who_wrote_it() -> None:
    ended = _session(Outcome("added", _memory("They chose tea."), "new"), fallback="timeout", messages=4, removed=9)

    assert _cells(ended._repr_html_())[:4] == ["They chose tea.", "rules (model: timeout)", "4", "9"]


def test_a_session_without_a_summary_shows_why() -> None:
    assert _cells(_session(None)._repr_html_())[:2] == ["", "rules"]


def test_a_work_report_shows_its_numbers() -> None:
    assert _cells(WorkReport(1, 2, 3, 4)._repr_html_()) == ["1", "2", "3", "4"]


def test_a_job_that_is_due_says_when() -> None:
    due = replace(_job(), state="waiting", due_at=NOW)

    assert _cells(to_html(Job.table([due, _job()])))[3::8] == ["waiting", "set aside"]
    assert _cells(to_html(Job.table([due, _job()])))[4::8] == ["2026-01-02 03:04", ""]


def test_a_receipt_shows_its_counts() -> None:
    html = Receipt("f1", "forget", "ana", NOW, {"memories": 2, "versions": 1})._repr_html_()

    assert _cells(html) == ["forget", "2026-01-02 03:04", "2 memories, 1 version", "f1"]


def test_a_thread_names_images_and_tool_calls() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    call = {"name": "search", "args": {}, "id": "1"}
    messages = [HumanMessage([{"type": "text", "text": "look"}, image]), AIMessage("", tool_calls=[call])]

    html = thread_html(messages)

    assert "<td>look [image_url]</td>" in html
    assert "<td>[calls search]</td>" in html
    assert "base64" not in html


def test_a_list_of_records_shows_itself_and_gives_its_rows() -> None:
    found = Records(Memory, [_memory("Likes tea."), _memory("x" * 500), _memory("Likes milk."), _memory()])

    assert repr(found[:2]) == f"<2 memories: Likes tea., {'x' * 37}...>"
    assert len(repr(found)) < 200
    assert repr(found[:0]) == "<0 memories>"
    assert found == list(found)
    assert [one["content"] for one in found.rows()][::2] == ["Likes tea.", "Likes milk."]
    assert found._repr_html_().count("<tr>") == 5
    assert "<em>nothing</em>" in found[:0]._repr_html_()


def test_a_page_leaves_out_what_a_terminal_needs_and_shows_the_notes() -> None:
    table = Table.of("one", [Column("id", on="terminal"), "memory"], [("m1", "tea")], "there is more")

    assert _cells(to_html(table)) == ["tea"]
    assert "there is more" in to_html(table)
    assert [one.title for one in table.on("terminal").columns] == ["id", "memory"]
