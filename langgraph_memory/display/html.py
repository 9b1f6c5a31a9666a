"""Tables of memories, recalls, reports and threads as HTML; everything that was stored is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from langgraph_memory.display.counting import listed
from langgraph_memory.display.parts import in_words

if TYPE_CHECKING:
    from datetime import datetime

    from langchain_core.messages import BaseMessage

    from langgraph_memory.domain.hygiene import SweepReport
    from langgraph_memory.domain.jobs import Job
    from langgraph_memory.domain.memory import Memory, Outcome, Recall, Receipt
    from langgraph_memory.domain.promotion import PromotionReport
    from langgraph_memory.domain.review import ReviewItem
    from langgraph_memory.domain.rewind import Retraction
    from langgraph_memory.domain.session import SessionSummary
    from langgraph_memory.domain.trail import AuditEntry, Explained, Explanation, Replay
    from langgraph_memory.nodes.work import WorkReport


def memories_html(memories: Iterable[Memory]) -> str:
    """Return a table with one row for each memory."""
    rows = [
        (
            memory.shown_to(),
            memory.memory_type,
            memory.slot or "",
            memory.scope,
            known_by(memory),
            f"{memory.confidence:.2f}",
            _minute(memory.updated_at),
            _state(memory),
        )
        for memory in memories
    ]
    return _table(
        "memories", ("memory", "type", "slot", "scope", "known by", "confidence", "updated (UTC)", "state"), rows
    )


def outcome_html(outcome: Outcome) -> str:
    """Return a table of what remembering did: to the memory it is about, and to those it replaced or contradicts."""
    about = outcome.memory
    first = ("", "", "") if about is None else (about.content, about.memory_type, about.slot or "")
    others = [(_state(one), one.content, one.memory_type, one.slot or "", "") for one in outcome.replaced]
    others += [("in conflict", one.content, one.memory_type, one.slot or "", "") for one in outcome.conflicts]
    return _table(
        "remembered", ("what", "memory", "type", "slot", "why"), [(outcome.action, *first, outcome.reason), *others]
    )


def recall_html(recall: Recall, when: str = "recalled") -> str:
    """Return a table of what was recalled, with the parts of each score, and of what was left out and why."""
    rows = [
        (
            item.memory.shown_to(recall.owner_id, recall.reader),
            item.memory.memory_type,
            f"{item.score:.3f}",
            _why(item.parts, "; ".join(one.shown_to(recall.owner_id, recall.reader) for one in item.contradicted_by)),
        )
        for item in recall.items
    ]
    dropped = [
        (
            item.memory.shown_to(recall.owner_id, recall.reader),
            item.memory.memory_type,
            "" if item.score is None else f"{item.score:.3f}",
            item.reason.replace("_", " "),
        )
        for item in recall.dropped
    ]
    caption = when if recall.query is None else f"{when} for “{recall.query}”"
    head = ("memory", "type", "score")
    return _table(caption, (*head, "parts"), rows) + (_table("left out", (*head, "why"), dropped) if dropped else "")


def replay_html(replay: Replay) -> str:
    """Return the tables of a recall as it was, and as it would be now."""
    return recall_html(replay.then, "recalled then") + recall_html(replay.now, "recalled now")


def explanation_html(explanation: Explanation) -> str:
    """Return a table of what a stored recall found, with the parts of each score, and of what it left out and why."""
    asked = "everything" if explanation.query is None else f"“{explanation.query}”"
    head = ("memory", "score", "why")
    recalled = _table(f"recalled for {asked} at {explanation.scope}", head, map(_explained, explanation.recalled))
    dropped = _table("left out", head, map(_explained, explanation.dropped)) if explanation.dropped else ""
    return recalled + dropped


def audit_html(entries: Iterable[AuditEntry]) -> str:
    """Return a table with one row for each change."""
    rows = [
        (f"{one.at:%Y-%m-%d %H:%M:%S}", one.action, one.reason, one.actor or "", one.thread_id or "", one.memory_id)
        for one in entries
    ]
    return _table("changes", ("when (UTC)", "what", "why", "who", "thread", "memory"), rows)


def sweep_html(report: SweepReport) -> str:
    """Return a table with one row for each change of a sweep."""
    rows = [
        (one.content, one.memory_type, one.scope, one.owner_id, one.action, one.before, one.after, one.reason)
        for one in report.changes
    ]
    head = ("memory", "type", "scope", "owner", "what", "before", "after", "why")
    return _table("what a sweep would do" if report.dry_run else "swept", head, rows)


def review_html(items: Iterable[ReviewItem]) -> str:
    """Return a table with one row for each memory that is to be looked at."""
    rows = [
        (one.content, one.memory_type, one.scope, one.kind.replace("_", " "), one.reason, one.action) for one in items
    ]
    return _table("to be looked at", ("memory", "type", "scope", "list", "why", "what to do"), rows)


def retraction_html(done: Retraction) -> str:
    """Return a table with one row for each memory that taking back a branch touches."""
    parts = (
        ("removed", done.removed),
        ("holds again", done.restored),
        ("as sure as before", done.unconfirmed),
    )
    rows = [(what, one.content, one.memory_type, "") for what, memories in parts for one in memories]
    rows += [("stays", one.memory.content, one.memory.memory_type, one.reason) for one in done.stays]
    title = "what taking it back would do" if done.dry_run else "taken back"
    return _table(f"{title}: {done.counts}", ("what", "memory", "type", "why"), rows)


def session_html(ended: SessionSummary) -> str:
    """Return a table of what a session came to."""
    writer = ended.written_by if ended.fallback is None else f"{ended.written_by} (model: {ended.fallback})"
    summary = "" if ended.memory is None else ended.memory.content
    head = ("summary", "written by", "messages", "checkpoints removed", "why")
    row = (summary, writer, ended.messages, ended.removed, ended.reason)
    return _table(f"session {ended.thread_id}", head, [row])


def work_html(done: WorkReport) -> str:
    """Return a table of what a worker did."""
    return _table("worked off", ("jobs", "messages", "failed", "set aside"), [done])


def jobs_html(jobs: Iterable[Job]) -> str:
    """Return a table with one row for each job."""
    rows = [
        (
            one.owner_id,
            one.thread_id,
            one.extractor,
            one.state.replace("_", " "),
            "" if one.due_at is None else _minute(one.due_at),
            one.waiting,
            one.set_aside,
            one.last_error or "",
        )
        for one in jobs
    ]
    head = ("owner", "thread", "extractor", "state", "due (UTC)", "waiting", "set aside", "last error")
    return _table("jobs", head, rows)


def receipts_html(receipts: Iterable[Receipt]) -> str:
    """Return a table with one row for each receipt."""
    rows = [(one.kind, _minute(one.at), listed(one.counts.items()), one.id) for one in receipts]
    return _table("receipts", ("what", "when (UTC)", "counts", "id"), rows)


def _explained(one: Explained) -> tuple[str, str, str]:
    parts = _why(one.parts, one.against)
    return (
        "(forgotten)" if one.memory is None else one.memory.content,
        "" if one.score is None else f"{one.score:.3f}",
        one.reason.replace("_", " ") if one.reason else parts,
    )


def _why(parts: Mapping[str, float], against: str) -> str:
    """Return the parts of a score, and what contradicts the memory."""
    named = in_words(parts)
    return f"{named}; conflicts with: {against}" if against else named


def promotion_html(report: PromotionReport) -> str:
    """Return a table with one row for each candidate: its bucket, its reason, and what it did."""
    rows = [
        (
            entry.candidate.content,
            entry.candidate.memory_type,
            entry.verdict.bucket.value.replace("_", " "),
            entry.verdict.explanation,
            "" if entry.outcome is None else entry.outcome.action,
            "" if entry.outcome is None else _changed(entry.outcome),
        )
        for entry in report.entries
    ]
    return _table("promotion", ("candidate", "type", "bucket", "why", "action", "supersedes or conflicts with"), rows)


def _changed(outcome: Outcome) -> str:
    return "; ".join(memory.content for memory in (*outcome.replaced, *outcome.conflicts))


def thread_html(messages: Sequence[BaseMessage], title: str = "thread") -> str:
    """Return a table of a thread's messages; what is not text is named in brackets."""
    return _table(title, ("who", "message"), [(message.type, _shown(message)) for message in messages])


def _shown(message: BaseMessage) -> str:
    """Return a message's text, with the kinds of its other parts and the tools it calls."""
    parts = message.content if isinstance(message.content, list) else []
    kinds = [str(part.get("type", "part")) for part in parts if isinstance(part, dict)]
    others = [f"[{kind}]" for kind in kinds if kind not in ("text", "tool_use", "tool_call")]
    calls = [f"[calls {call['name']}]" for call in getattr(message, "tool_calls", ())]
    return " ".join(filter(None, (message.text, *others, *calls)))


def known_by(memory: Memory) -> str:
    """Return how a memory is known, in a word or two."""
    return f"{memory.trust}, protected" if memory.protected and memory.trust != "app" else memory.trust


def _state(memory: Memory) -> str:
    """Return since when it is superseded or retired, or until when it counts; without a clock, not what is over."""
    if memory.superseded_at is not None:
        return f"{'retired' if memory.retired else 'superseded'} {_minute(memory.superseded_at)}"
    if memory.conflict_id is not None:
        return "in conflict"
    return "live" if memory.expires_at is None else f"until {_minute(memory.expires_at)}"


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    nothing = f'<tr><td colspan="{len(head)}"><em>nothing</em></td></tr>'
    return (
        f'<style>{_css()}</style><table class="lgm"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{body or nothing}</tbody></table>"
    )


@cache
def _css() -> str:
    return files("langgraph_memory.display").joinpath("style.css").read_text(encoding="utf-8")
