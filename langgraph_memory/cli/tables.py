"""Pure functions that build the tables; every stored text goes in as plain text, never as markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from langgraph_memory.cli.fates import Fate
from langgraph_memory.cli.terminal import safe
from langgraph_memory.domain.hygiene import Change
from langgraph_memory.domain.jobs import Job
from langgraph_memory.domain.memory import Memory, Recall, Receipt
from langgraph_memory.domain.policy import Bucket
from langgraph_memory.domain.review import ReviewItem
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.thread import ThreadSummary
from langgraph_memory.domain.trail import AuditEntry
from langgraph_memory.domain.whose import as_shown

ID_LENGTH = 8
"""Characters of an id that a table shows; enough to name a memory among one owner's."""

_BUCKET_STYLES = {Bucket.PROMOTE: "green", Bucket.KEEP_IN_SESSION: "yellow", Bucket.DISCARD: "red"}
_CHANGE_STYLES = {"merged": "yellow", "decayed": "yellow"}
_JOB_STYLES = {"waiting": "green", "leased": "yellow", "set_aside": "red"}
_STATE_STYLES = {"live": "green", "superseded": "red", "retired": "red", "expired": "red"}


def memories_table(memories: Iterable[Memory], *, title: str, now: datetime) -> Table:
    """Return one row for each memory, with what has become of it by `now`."""
    table = _table(title, "id", "memory", "type", "slot", "by", "state", "updated")
    for place, width in ((0, ID_LENGTH), (4, 6), (5, 10), (6, 10)):
        table.columns[place].min_width = width
    table.columns[3].max_width = 18
    for memory in memories:
        state = _state(memory, now)
        table.add_row(
            Text(safe(memory.id[:ID_LENGTH])),
            Text(safe(as_shown(memory))),
            Text(safe(memory.memory_type)),
            Text(safe(_place(memory))),
            Text(memory.trust),
            Text(state, style=_STATE_STYLES[state]),
            Text(f"{memory.updated_at:%Y-%m-%d}"),
        )
    return _or_nothing(table)


def memory_table(memory: Memory, *, now: datetime) -> Table:
    """Return one row for each thing that is kept with a memory."""
    source = memory.source
    by = " ".join(filter(None, (source.actor, source.name))) or "the application"
    place = ", ".join(
        f"{name} {value}" for name, value in (("thread", source.thread_id), ("run", source.run_id)) if value
    )
    moments = ("created_at", "updated_at", "valid_from", "last_verified_at", "expires_at", "superseded_at")
    rows: list[tuple[str, str | None]] = [
        ("id", memory.id),
        ("memory", memory.content),
        ("state", _state(memory, now)),
        ("owner", memory.owner_id),
        ("scope", memory.scope),
        ("type", memory.memory_type),
        ("slot", memory.slot),
        ("subject", memory.subject),
        ("confidence", f"{memory.confidence:.2f}"),
        ("importance", f"{memory.importance:.2f}"),
        ("said by", by),
        ("words", source.excerpt),
        ("said in", place or None),
        *((name.replace("_", " "), _shown_at(getattr(memory, name))) for name in moments),
        ("superseded by", memory.superseded_by),
    ]
    table = _table("", "", "")
    table.show_header = False
    for name, value in rows:
        if value is not None:
            table.add_row(Text(name, style="dim"), Text(safe(value)))
    return table


def recalls_table(receipts: Iterable[Receipt], *, title: str) -> Table:
    """Return one row for each recall."""
    table = _table(title, "id", "when (UTC)", "asked", "recalled", "left out", "thread")
    for place, width in ((0, ID_LENGTH), (1, 16)):
        table.columns[place].min_width = width
    for one in receipts:
        asked = one.body.get("query")
        table.add_row(
            Text(safe(one.id[:ID_LENGTH])),
            _minute(one.at),
            Text(safe(asked) if asked else "everything", style="" if asked else "dim"),
            str(one.counts.get("recalled", 0)),
            str(one.counts.get("dropped", 0)),
            Text(safe(one.thread_id or "")),
        )
    return table


def said_table(messages: Iterable[tuple[str, str]], *, title: str) -> Table:
    """Return one row for each message of a thread."""
    table = _table(title, "from", "text")
    for who, text in messages:
        table.add_row(Text(safe(who), style="dim"), Text(safe(text)))
    return table


def checkpoints_table(rows: Iterable[Mapping[str, Any]], *, title: str) -> Table:
    """Return one row for each checkpoint of a thread."""
    table = _table(title, "checkpoint", "step", "made by", "created")
    for row in rows:
        table.add_row(*(Text(safe(str(value))) for value in row.values()))
    return table


def owners_table(owners: Iterable[tuple[str, int, int]]) -> Table:
    """Return one row for each owner."""
    table = _table("owners", "owner", "live", "with superseded and expired")
    for owner_id, count, live in owners:
        table.add_row(Text(safe(owner_id)), str(live), str(count))
    return _or_nothing(table)


def threads_table(threads: Iterable[ThreadSummary]) -> Table:
    """Return one row for each thread."""
    table = _table("threads", "thread", "checkpoints", "created (UTC)", "updated (UTC)", "bytes")
    for thread in threads:
        table.add_row(
            Text(safe(thread.thread_id)),
            str(thread.checkpoints),
            _minute(thread.created_at),
            _minute(thread.updated_at),
            f"{thread.bytes:,}",
        )
    return _or_nothing(table)


def jobs_table(jobs: Iterable[Job]) -> Table:
    """Return one row for each job."""
    table = _table("jobs", "owner", "thread", "extractor", "state (UTC)", "messages", "last error")
    for place, width in ((2, 9), (3, 16), (4, 11), (5, 10)):
        table.columns[place].min_width = width
    for job in jobs:
        due = "" if job.due_at is None else f", due {_minute(job.due_at)}"
        held = (("waiting", job.waiting), ("set aside", job.set_aside))
        table.add_row(
            Text(safe(job.owner_id)),
            Text(safe(job.thread_id)),
            Text(safe(job.extractor)),
            Text(job.state.replace("_", " ") + due, style=_JOB_STYLES[job.state]),
            ", ".join(f"{number} {state}" for state, number in held if number),
            Text(safe(job.last_error or "")),
        )
    return _or_nothing(table)


def promotion_table(turns: Sequence[tuple[str, Sequence[Fate]]], *, title: str) -> Table:
    """Return, for each message, the memories it held, what was done with each, and why."""
    table = _spread(_table(title, "said", "fate", "memory", "why"), (None, 10, None, None))
    for said, fates in turns:
        for place, fate in enumerate(fates):
            table.add_row(
                Text("" if place else safe(said)),
                Text(fate.action, style=_BUCKET_STYLES[fate.bucket]),
                Text(safe(fate.memory)),
                Text(safe(fate.why), style="dim"),
                end_section=place == len(fates) - 1,
            )
    return table


def audit_table(entries: Iterable[AuditEntry], *, title: str) -> Table:
    """Return one row for each change."""
    table = _table(title, "when (UTC)", "id", "what", "why", "who", "thread")
    for place, width in ((0, 16), (1, ID_LENGTH), (2, 10)):
        table.columns[place].min_width = width
    for one in entries:
        table.add_row(
            _minute(one.at),
            Text(safe(one.memory_id[:ID_LENGTH])),
            Text(safe(one.action)),
            Text(safe(one.reason), style="dim"),
            Text(safe(one.actor or "")),
            Text(safe(one.thread_id or "")),
        )
    return _or_nothing(table)


def retraction_table(done: Retraction) -> Table:
    """Return one row for each memory that taking back a branch touches."""
    title = "what taking it back would do" if done.dry_run else "taken back"
    table = _spread(_table(title, "id", "what", "memory", "type", "why"), (ID_LENGTH, 15, None, 10, None))
    parts = (
        ("removed", "red", done.removed),
        ("holds again", "green", done.restored),
        ("as sure as before", "yellow", done.unconfirmed),
    )
    rows = [(what, style, one, "") for what, style, memories in parts for one in memories]
    for what, style, memory, why in [*rows, *(("stays", "dim", one.memory, one.reason) for one in done.stays)]:
        table.add_row(
            Text(safe(memory.id[:ID_LENGTH])),
            Text(what, style=style),
            Text(safe(memory.content)),
            Text(safe(memory.memory_type)),
            Text(safe(why), style="dim"),
        )
    return _or_nothing(table)


def sweep_table(changes: Iterable[Change], *, dry_run: bool) -> Table:
    """Return one row for each change of a sweep."""
    title = "what a sweep would do" if dry_run else "swept"
    table = _spread(
        _table(title, "id", "memory", "what", "before", "after", "why"), (ID_LENGTH, None, 7, 10, None, None)
    )
    for one in changes:
        table.add_row(
            Text(safe(one.memory_id[:ID_LENGTH])),
            Text(safe(one.content)),
            Text(one.action, style=_CHANGE_STYLES.get(one.action, "red")),
            Text(safe(one.before)),
            Text(safe(one.after)),
            Text(safe(one.reason), style="dim"),
        )
    return _or_nothing(table)


def review_table(items: Iterable[ReviewItem], *, title: str) -> Table:
    """Return one row for each memory that is to be looked at."""
    table = _spread(_table(title, "id", "memory", "type", "why", "what to do"), (ID_LENGTH, None, 10, None, None))
    for one in items:
        table.add_row(
            Text(safe(one.memory_id[:ID_LENGTH])),
            Text(safe(one.content)),
            Text(safe(one.memory_type)),
            Text(safe(one.reason)),
            Text(one.action, style="dim"),
        )
    return _or_nothing(table)


def recall_table(recall: Recall, *, always: Sequence[str]) -> Table:
    """Return what was recalled, with its score, and what was left out, with the reason; `always` names pinned types."""
    table = _spread(_table("", "", "memory", "type", "score", "why"), (8, None, 10, 5, None))
    for item in recall.items:
        why = "always in the prompt" if item.memory.memory_type in always else _parts(item.parts.items())
        table.add_row(
            Text("recalled", style="green"),
            Text(safe(as_shown(item.memory, recall.owner_id, recall.reader))),
            Text(safe(item.memory.memory_type)),
            f"{item.score:.2f}",
            Text(why, style="dim"),
        )
    for dropped in recall.dropped:
        table.add_row(
            Text("dropped", style="red"),
            Text(safe(as_shown(dropped.memory, recall.owner_id, recall.reader))),
            Text(safe(dropped.memory.memory_type)),
            "" if dropped.score is None else f"{dropped.score:.2f}",
            Text(dropped.reason.replace("_", " "), style="dim"),
        )
    return _or_nothing(table)


def _table(title: str, *head: str) -> Table:
    table = Table(title=Text(safe(title), style="bold") if title else None, title_justify="left", box=box.ROUNDED)
    for name in head:
        table.add_column(name, overflow="fold")
    return table


def _spread(table: Table, widths: Sequence[int | None]) -> Table:
    """Fix some columns and share the rest of the line among the others, so that tables of one kind line up."""
    table.expand = True
    for column, width in zip(table.columns, widths, strict=True):
        column.width, column.ratio = width, None if width else 1
    return table


def _or_nothing(table: Table) -> Table:
    if not table.row_count:
        table.add_row(Text("nothing", style="dim"))
    return table


def _parts(parts: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in parts if value >= 0.005)


def _place(memory: Memory) -> str:
    """Return the slot, and the scope where it is not the whole of what the owner does."""
    at = "" if memory.scope == GLOBAL else f"at {memory.scope}"
    return f"{memory.slot or ''} {at}".strip()


def _state(memory: Memory, now: datetime) -> str:
    if memory.retired:
        return "retired"
    if memory.superseded:
        return "superseded"
    return "expired" if memory.expired(now) else "live"


def _shown_at(moment: datetime | None) -> str | None:
    return None if moment is None else f"{_minute(moment)} UTC"


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
