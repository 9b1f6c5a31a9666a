"""`owner_report`: everything that is kept of one owner, in one text that a person can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import BaseMessage

from langgraph_memory import MemoryDatabase
from langgraph_memory.effects.effect import Effects, call, either
from langgraph_memory.effects.twins import runs_calls, twin_of_function

Row = Mapping[str, Any]
_KEPT = ("memory", "item", "audit", "ledger", "receipt", "queued")


@runs_calls
def owner_report(memory: MemoryDatabase, owner_id: str) -> Effects[str]:
    """Return everything that is kept of an owner, as Markdown: for them to read, and to check.

    What is known and was known, whose words it comes from, who changed it and why, what was recalled for which
    question, what they said in their threads and was answered, what waits to be read, and other items. In a thread of
    several owners it tells this one's words and the assistant's alone. `memory.admin.export` gives the same to
    programs, without the threads.

    Raises MissingOwnerError.
    """
    export, saver, authors = memory.admin.export, memory.checkpointer, memory.store.authors
    lines = yield from call(lambda: list(export(owner_id=owner_id)), lambda: _exported(memory, owner_id))
    held = _Held.of(owner_id, lines)
    listed = yield from either(saver.list_threads, owner_id=owner_id, limit=_ALL)
    said = {}
    for thread_id in held.threads([one.thread_id for one in listed]):
        others = yield from either(authors.others, thread_id, owner_id=owner_id)
        found = yield from either(saver.get_tuple, _named(thread_id, owner_id))
        said[thread_id] = _said(found, others)
    return "\n".join(held.lines(said))


aowner_report = twin_of_function(owner_report)


async def _exported(memory: MemoryDatabase, owner_id: str) -> list[str]:
    return [line async for line in memory.admin.aexport(owner_id=owner_id)]


_WHO = {"human": "you", "ai": "the assistant"}
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Held:
    """The rows of an export, by kind."""

    owner_id: str
    at: str
    rows: Mapping[str, Sequence[Row]]
    contents: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, owner_id: str, lines: Sequence[str]) -> _Held:
        head, *rows = (json.loads(line) for line in lines)
        by_kind: dict[str, list[Row]] = {kind: [] for kind in _KEPT}
        for row in rows:
            by_kind.setdefault(row["kind"], []).append(row)
        contents = {row["memory"]["id"]: row["memory"]["content"] for row in by_kind["memory"]}
        return cls(owner_id, head["exported_at"], by_kind, contents)

    def threads(self, listed: Iterable[str]) -> list[str]:
        """Return the threads that are the owner's, or that something of theirs comes from."""
        sources = (row["memory"].get("source", {}).get("thread_id") for row in self.rows["memory"])
        named = (row.get("thread_id") for kind in ("audit", "ledger", "receipt", "queued") for row in self.rows[kind])
        return list(dict.fromkeys(one for one in (*listed, *sources, *named) if one))

    def lines(self, said: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[str]:
        yield f"# What is kept of {_line(self.owner_id)}"
        yield f"\nWritten on {_line(self.at)}."
        live, gone = self._memories()
        yield from _section("What is known", list(_by_type(live)))
        yield from _section("What was known before", [_known(one) for one in gone])
        yield from _section("What was said", list(_conversations(said)))
        yield from _section("What was changed, and why", [self._change(one) for one in self.rows["audit"]])
        receipts = self.rows["receipt"]
        yield from _section("What was looked up", [self._recall(one) for one in receipts if one.get("of") == "recall"])
        yield from _section("What else was noted", [_receipt(one) for one in receipts if one.get("of") != "recall"])
        yield from self._beside()

    def _memories(self) -> tuple[list[Row], list[Row]]:
        """Return the memories that hold, and those that were superseded."""
        memories = [row["memory"] for row in self.rows["memory"]]
        live = [one for one in memories if "superseded_at" not in one]
        return live, [one for one in memories if "superseded_at" in one]

    def _beside(self) -> Iterator[str]:
        """Yield what is no memory and tells of none: what waits, plain items, and what was read."""
        waiting = [
            f"- {_at(one['queued_at'])}: {_line(one.get('text') or '(withheld)')}" for one in self.rows["queued"]
        ]
        yield from _section("What waits to be read", waiting)
        yield from _section("What an app keeps beside", [_item(one) for one in self.rows["item"]])
        read = [f"- {_at(one['promoted_at'])}: message {_line(one['message_id'])}" for one in self.rows["ledger"]]
        yield from _section("Which messages were read", read)
        for kind in self.rows.keys() - {*_KEPT}:
            yield from _section(f"Of kind {kind}", [f"- {_line(json.dumps(one))}" for one in self.rows[kind]])

    def _change(self, row: Row) -> str:
        what = self.contents.get(row["memory_id"], "(forgotten)")
        by = f" by the {_line(row['actor'])}" if row.get("actor") else ""
        return f"- {_at(row['changed_at'])}: {_line(row['action'])}{by}: {_line(what)} ({_line(row['reason'])})"

    def _recall(self, row: Row) -> str:
        body = row["body"]
        found = [_line(self.contents.get(one["id"], "(forgotten)")) for one in body.get("recalled", ())]
        asked = body.get("query")
        return f"- {_at(row['created_at'])}: {_line(asked or 'everything')} -> {'; '.join(found) or 'nothing'}"


def _named(thread_id: str, owner_id: str) -> Any:
    return {"configurable": {"thread_id": thread_id, "owner_id": owner_id}}


def _said(saved: Any, others: frozenset[str]) -> list[tuple[str, str]]:
    """Return who said what in a thread, without the words of other owners."""
    held = [] if saved is None else saved.checkpoint["channel_values"].get("messages", ())
    messages = [one for one in held if isinstance(one, BaseMessage)] if isinstance(held, list | tuple) else []
    return [(_WHO.get(one.type, one.type), one.text) for one in messages if one.id not in others and one.text]


def _conversations(said: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[str]:
    for thread_id, messages in said.items():
        if messages:
            yield f"### Thread {_line(thread_id)}\n"
            yield from (f"- {_line(who)}: {_line(text)}" for who, text in messages)
            yield ""


def _by_type(memories: Sequence[Row]) -> Iterator[str]:
    for kind in dict.fromkeys(one["memory_type"] for one in memories):
        yield f"### {_line(kind)}\n"
        yield from (_known(one) for one in memories if one["memory_type"] == kind)
        yield ""


def _known(one: Row) -> str:
    source = one.get("source", {})
    by = f"said by the {source['actor']}" if source.get("actor") else "set by the application"
    words = f': "{source["excerpt"]}"' if source.get("excerpt") else ""
    told = [
        f"since {one['created_at'][:10]}",
        f"until {one['superseded_at'][:10]}" if "superseded_at" in one else "",
        f"{by}{words}",
        f"in thread {source['thread_id']}" if source.get("thread_id") else "",
        f"at {one['scope']}" if one["scope"] != "global" else "",
        f"expires {one['expires_at'][:10]}" if one.get("expires_at") else "",
        f"sure to {one['confidence']:.0%}",
        f"id {one['id']}",
    ]
    return f"- {_line(one['content'])} ({_line('; '.join(filter(None, told)))})"


def _receipt(row: Row) -> str:
    counts = ", ".join(f"{len(part)} {name}" for name, part in row["body"].items() if isinstance(part, list))
    return f"- {_at(row['created_at'])}: {_line(str(row.get('of')))} of {counts or 'nothing'}"


def _item(row: Row) -> str:
    place = "/".join([*row["namespace"], row["key"]])
    return f"- {_line(place)}: {_line(json.dumps(row['value'], ensure_ascii=False))}"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    held = list(lines[:-1] if lines and not lines[-1] else lines)
    return [f"\n## {title}\n", *(held or ["Nothing."])]


def _at(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds / 1e6, UTC):%Y-%m-%d %H:%M}"


def _line(text: str) -> str:
    """Return `text` on one line, without controls and with nothing in it that could be read as markup."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split()).replace("<", "&lt;")
