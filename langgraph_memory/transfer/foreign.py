"""Takes in what another product remembered: each statement as an import, each message as if its thread was read now.

The export formats, as their makers document them; a file says by its shape which it is:

- mem0: what `get_all()` returns, `{"results": [{"id", "memory", "created_at", ...}]}`
  (https://docs.mem0.ai/cookbooks/essentials/exporting-memories).
- Zep, Graphiti: lists of facts (`fact`, `valid_at`, `invalid_at`) and of episodes (`content`, `source`)
  (https://help.getzep.com/graphiti).
- Letta: memory blocks (`label`, `value`), alone or in an agent file (https://github.com/letta-ai/agent-file).
- langmem: items of a LangGraph store as JSON (`namespace`, `key`, `value: {"kind", "content"}`).
- ChatGPT: `conversations.json` with a `mapping` of messages. Claude: `conversations.json` with `chat_messages`, and
  `memories.json` with `conversations_memory`. Both: a text with one remembered line each, as their settings show it.
- Markdown: `AGENTS.md`, `CLAUDE.md`: each line of a list is a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from langgraph_memory.database import MemoryDatabase, open_memory
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.memory import Memory, Source, make_memory
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.domain.scope import GLOBAL, check_owner
from langgraph_memory.effects.effect import Effects, in_thread
from langgraph_memory.effects.twins import runs_calls, twin_of_function
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.store import CuratedStore
from langgraph_memory.transfer.export import header, memory_line
from langgraph_memory.views import every

LARGEST = 1 << 30
"""Bytes of a file that are read."""
_LONGEST = 2_000
"""Letters of one statement; what is longer is a document, and no memory."""
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?P<text>.+)$")
_DATED = re.compile(r"^\[?(?P<day>\d{4}-\d\d-\d\d)\]?\s*[-–—:]\s*(?P<text>.+)$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^(?:#{1,6}\s+(?P<text>.+?)\s*#*|\*\*(?P<bold>[^*]+)\*\*:?)$")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_SPEAKER = re.compile(r"^(?P<who>[^:\n]{1,80}?)(?:\s*\((?P<role>[^)]*)\))?:\s*(?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class Statement:
    """Something another product remembered."""

    content: str
    memory_type: str = "fact"
    key: str = ""
    at: datetime | None = None
    valid_from: datetime | None = None
    ended_at: datetime | None = None
    context: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something a user said in a conversation of another product."""

    thread_id: str
    message_id: str
    text: str
    at: datetime | None = None


@dataclass(slots=True)
class Foreign:
    """What a file holds: statements, the user's messages, and what was left out and why."""

    format: str
    statements: list[Statement] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def add(self, content: Any, **more: Any) -> None:
        """Add a statement, or note why it is none."""
        text = " ".join(content.split()) if isinstance(content, str) else ""
        if not text:
            self.left_out.append((str(more.get("key", "")), "it says nothing"))
        elif len(text) > _LONGEST:
            self.left_out.append((f"{text[:60]}…", f"it is longer than {_LONGEST} letters"))
        else:
            self.statements.append(Statement(text, **more))


def read_foreign(path: str | Path) -> Foreign:
    """Return what a file of another product holds.

    Raises InvalidInputError, which names the file, for one that cannot be read and for a shape that is unknown.
    """
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST:
            raise InvalidInputError(f"{path} is larger than {LARGEST >> 20} MB; split it.")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path} is no text in UTF-8.") from None
    if file.suffix.lower() in (".md", ".markdown", ".mdc", ".txt"):
        return _of_text(text, file)
    return _of_json(_parsed(text, path), path)


def _parsed(text: str, path: object) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise InvalidInputError(f"{path} is nested too deep to be read.") from None
    except ValueError as error:
        whole = error
    try:  # one object a line
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise InvalidInputError(f"{path} is no JSON ({whole}).") from None


def _of_json(body: Any, path: object) -> Foreign:
    rows = _rows(body)
    for reader, fits in _READERS:
        if fits(body, rows):
            return reader(body, rows)
    raise InvalidInputError(
        f"{path} is of no format that is known: mem0, Zep or Graphiti, Letta, langmem, ChatGPT, Claude, or Markdown."
    )


def _rows(body: Any) -> list[dict[str, Any]]:
    """Return the objects of a listing, whatever it calls them."""
    if isinstance(body, dict):
        names = ("results", "memories", "facts", "edges", "episodes", "blocks", "items", "conversations")
        lists = [body[name] for name in names if isinstance(body.get(name), list)]
        body = [one for each in lists for one in each] if lists else [body]
    return [one for one in body if isinstance(one, dict)] if isinstance(body, list) else []


def _has(*names: str) -> Callable[[Any, Sequence[Mapping[str, Any]]], bool]:
    return lambda _, rows: any(all(name in row for name in names) for row in rows)


def _has_blocks(body: Any, _: Sequence[Mapping[str, Any]]) -> bool:
    return next(_blocks(body), None) is not None


def _mem0(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("mem0")
    for row in rows:
        kept = {name: row[name] for name in ("metadata", "categories") if row.get(name)}
        key, at = str(row.get("id", "")), _moment(row.get("updated_at")) or _moment(row.get("created_at"))
        found.add(row.get("memory") or row.get("text"), key=key, at=at, metadata=kept or None)
    return found


def _graphiti(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("graphiti")
    for row in rows:
        key = str(row.get("uuid", ""))
        if "fact" in row:
            ended = _moment(row.get("invalid_at")) or _moment(row.get("expired_at"))
            starts = _moment(row.get("valid_at"))
            found.add(row["fact"], key=key, at=_moment(row.get("created_at")), valid_from=starts, ended_at=ended)
        elif row.get("source") in ("message", None):
            _say_episode(found, row, key)
        else:
            found.left_out.append((str(row.get("name", key)), f"an episode of {row['source']}, which no user said"))
    return found


def _say_episode(found: Foreign, row: Mapping[str, Any], key: str) -> None:
    at = _moment(row.get("valid_at")) or _moment(row.get("reference_time")) or _moment(row.get("created_at"))
    thread = str(row.get("group_id") or row.get("name") or "graphiti")
    for number, line in enumerate(str(row.get("content", "")).splitlines()):
        said = _SPEAKER.match(line.strip())
        if said is None or not said["text"]:
            continue
        if (said["role"] or said["who"]).strip().lower() in ("assistant", "agent", "ai", "bot", "system", "tool"):
            continue
        found.spoken.append(Spoken(thread, f"{key}/{number}", said["text"], at))


def _letta(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("letta")
    for block in _blocks(body):
        label = str(block.get("label", ""))
        if label == "persona":
            found.left_out.append((label, "it is about the agent, not about its user"))
            continue
        for number, line in enumerate(_lines(str(block.get("value", "")))):
            found.add(line, key=f"{block.get('id', label)}/{number}", context=None if label == "human" else label)
    return found


def _blocks(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the memory blocks of a listing, or of an agent file, wherever it holds them."""
    if isinstance(body, dict):
        if isinstance(body.get("label"), str) and "value" in body:
            yield body
            return
        held: Any = [body.get(name) for name in ("blocks", "core_memory", "memory", "agents")]
    else:
        held = body if isinstance(body, list) else []
    for one in held:
        yield from _blocks(one)


def _langmem(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("langmem")
    for row in rows:
        value = row.get("value")
        content = value.get("content") if isinstance(value, dict) else None
        if isinstance(content, dict):
            content = content.get("content") or json.dumps(content, ensure_ascii=False)
        at = _moment(row.get("updated_at")) or _moment(row.get("created_at"))
        found.add(content, key=str(row.get("key", "")), at=at)
    return found


def _chatgpt(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("chatgpt")
    for chat in rows:
        thread = str(chat.get("conversation_id") or chat.get("id") or chat.get("title", ""))
        for name, node in chat["mapping"].items() if isinstance(chat.get("mapping"), dict) else ():
            held = node.get("message") if isinstance(node, dict) else None
            message = held if isinstance(held, dict) else {}
            text = _said_to_chatgpt(message)
            if text:
                found.spoken.append(Spoken(thread, str(name), text, _moment(message.get("create_time"))))
    return found


def _said_to_chatgpt(message: Mapping[str, Any]) -> str:
    """Return the text of a message that the user wrote; nothing of another's."""
    if (message.get("author") or {}).get("role") != "user":
        return ""
    parts = (message.get("content") or {}).get("parts") or ()
    return "\n".join(part for part in parts if isinstance(part, str)).strip()


def _claude_chats(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("claude")
    for chat in rows:
        for number, message in enumerate(chat.get("chat_messages") or ()):
            text = str(message.get("text") or "").strip() if isinstance(message, dict) else ""
            if text and message.get("sender") == "human":
                key = str(message.get("uuid", number))
                found.spoken.append(Spoken(str(chat.get("uuid", "")), key, text, _moment(message.get("created_at"))))
    return found


def _claude_memories(body: Any, rows: Sequence[Mapping[str, Any]]) -> Foreign:
    found = Foreign("claude")
    for row in rows:
        projects = row.get("project_memories")
        texts = [("", row.get("conversations_memory"))]
        texts += list(projects.items()) if isinstance(projects, dict) else []
        for name, text in texts:
            for number, line in enumerate(_lines(str(text or ""))):
                found.add(line, key=f"{name}/{number}", context=f"project {name}" if name else None)
    return found


_READERS: Sequence[tuple[Callable[[Any, Sequence[Mapping[str, Any]]], Foreign], Callable[[Any, Any], bool]]] = (
    (_chatgpt, _has("mapping")),
    (_claude_chats, _has("chat_messages")),
    (_claude_memories, _has("conversations_memory")),
    (_langmem, _has("namespace", "key", "value")),
    (_letta, _has_blocks),
    (_graphiti, _has("uuid", "fact")),
    (_graphiti, _has("uuid", "content", "name")),
    (_mem0, _has("memory")),
)


def _of_text(text: str, file: Path) -> Foreign:
    """Read a list: rules where the file is for coding agents, else what a product remembered, a line each."""
    rules = file.suffix.lower() != ".txt" and file.stem.lower() != "memories"
    found = Foreign("markdown" if rules else "text")
    for number, (heading, line) in enumerate(_list_lines(text, every_line=not rules)):
        dated = _DATED.match(line)
        at = _moment(dated["day"]) if dated else None
        kind = "rule" if rules else "fact"
        found.add(dated["text"] if dated else line, memory_type=kind, key=str(number), at=at, context=heading)
    return found


def _list_lines(text: str, *, every_line: bool) -> Iterator[tuple[str | None, str]]:
    """Yield the lines of the lists of a text, each with the heading above it; code between fences is none."""
    heading, fenced = None, False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced or not line.strip():
            continue
        elif (found := _HEADING.match(line.strip())) is not None:
            heading = found["text"] or found["bold"]
        elif (bullet := _BULLET.match(line)) is not None:
            yield heading, _plain(bullet["text"])
        elif every_line:
            yield heading, _plain(line.strip())


def _lines(text: str) -> Iterator[str]:
    for _, line in _list_lines(text, every_line=True):
        yield line


def _plain(text: str) -> str:
    return _EMPHASIS.sub(r"\2", text).strip()


def _moment(value: Any) -> datetime | None:
    """Return the moment that an export names, in seconds since 1970 or in ISO 8601; None for anything else."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


_BATCH = 50
"""Messages of one thread that are promoted together."""


@dataclass(frozen=True, slots=True)
class ForeignReport:
    """What an import from another product did, or with `dry_run` would do.

    `added` are the contents that are new; `known` were there already, `gone` had been forgotten here and stay so,
    `refused` by the guard, `ended` had stopped to hold. `heard` are the contents learnt from the user's `messages`.
    """

    format: str
    dry_run: bool
    added: tuple[str, ...] = ()
    known: int = 0
    gone: int = 0
    refused: int = 0
    ended: int = 0
    messages: int = 0
    heard: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        verb = "would be added" if self.dry_run else "added"
        counts = f"{len(self.added)} statements {verb}, {self.known} known, {self.gone} forgotten here before"
        lines = [f"{self.format}: {counts}, {self.refused} refused, {self.ended} that no longer hold"]
        if self.messages:
            lines.append(f"{len(self.heard)} more heard in {self.messages} messages")
        lines += [f"left out: {what or '(empty)'}: {why}" for what, why in self.left_out]
        return "\n".join(lines)


@runs_calls
def take_in(
    memory: MemoryDatabase, path: str, *, owner_id: str, scope: str = GLOBAL, dry_run: bool = False
) -> Effects[ForeignReport]:
    """Read a file of another product for one owner; what is there already stays, so that a repeat adds nothing.

    Every statement passes the guard, and what was forgotten here does not come back. With `dry_run` it goes into a
    throwaway database: what the guard refuses is told, what is known here already is not. Raises InvalidInputError,
    MissingOwnerError or InvalidScopeError before anything is stored.
    """
    return in_thread(_taken_in, memory, path, owner_id, scope, dry_run=dry_run)


atake_in = twin_of_function(take_in)


def _taken_in(memory: MemoryDatabase, path: str, owner_id: str, scope: str, *, dry_run: bool) -> ForeignReport:
    foreign = read_foreign(path)
    check_owner(owner_id)
    if not dry_run:
        return _take_in(memory.store, foreign, owner_id, scope, dry_run=False)
    with open_memory(":memory:", guard=memory.store.settings.guard) as throwaway:
        return _take_in(throwaway.store, foreign, owner_id, scope, dry_run=True)


def _take_in(store: CuratedStore, foreign: Foreign, owner_id: str, scope: str, *, dry_run: bool) -> ForeignReport:
    left_out = list(foreign.left_out)
    holding = [one for one in foreign.statements if one.ended_at is None]
    memories = list(_memories(foreign.format, holding, owner_id, scope, left_out))
    before = {one.id for one in _live(store, owner_id)}
    counts = store.admin.import_([header(datetime.now(UTC)), *map(memory_line, memories)], owner_id=owner_id).counts
    taken_in = _live(store, owner_id)
    added = [one.content for one in taken_in if one.id not in before]
    known_before = {one.id for one in taken_in}
    _hear(store, foreign, owner_id, scope)
    heard = [one.content for one in _live(store, owner_id) if one.id not in known_before]
    return ForeignReport(
        foreign.format,
        dry_run,
        tuple(added),
        counts["known"],
        counts["gone"],
        counts["refused"],
        len(foreign.statements) - len(holding),
        len(foreign.spoken),
        tuple(heard),
        tuple(left_out),
    )


def _memories(
    name: str, statements: Sequence[Statement], owner_id: str, scope: str, left_out: list[tuple[str, str]]
) -> Iterator[Memory]:
    seen = set()
    for one in statements:
        identity = str(uuid5(NAMESPACE_URL, f"{name}/{owner_id}/{scope}/{one.content}"))
        if identity in seen:
            continue
        seen.add(identity)
        at = one.at or datetime.now(UTC)
        try:
            yield make_memory(
                id=identity,
                owner_id=owner_id,
                scope=scope,
                memory_type=one.memory_type,
                content=one.content,
                content_json=None if one.metadata is None else dict(one.metadata),
                context=one.context,
                source=Source(actor="tool", name=name, extractor=f"import:{name}"),
                trust="import",
                confidence=0.7,
                created_at=at,
                updated_at=at,
                valid_from=one.valid_from,
            )
        except InvalidMemoryError as error:
            left_out.append((one.content[:60], str(error)))


def _hear(store: CuratedStore, foreign: Foreign, owner_id: str, scope: str) -> None:
    """Promote what the rules hear in the user's messages; the ledger knows those that were read before."""
    reader = RuleExtractor()
    for thread_id, said in groupby(foreign.spoken, key=lambda one: one.thread_id):
        thread = f"{foreign.format}/{thread_id}"
        place = LedgerPlace(owner_id, thread, reader.name)
        every = [Utterance(message_id=one.message_id, actor="user", text=one.text) for one in _in_order(said)]
        for start in range(0, len(every), _BATCH):
            unread = store.queue.unread(every[start : start + _BATCH], place=place).utterances
            source = Source(thread_id=thread, extractor=f"import:{foreign.format}")
            store.queue.promote(reader.extract(unread), utterances=unread, place=place, scope=scope, source=source)


def _in_order(said: Iterator[Spoken]) -> list[Spoken]:
    return sorted(said, key=lambda one: (one.at is None, one.at or datetime.min.replace(tzinfo=UTC)))


def _live(store: CuratedStore, owner_id: str) -> list[Memory]:
    return list(every(store.list_memories, owner_id=owner_id))
