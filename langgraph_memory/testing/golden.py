"""Golden conversations: files of what was said, and of what is to be known and shown after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from langgraph_memory import Memory
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.testing.conversation import Conversation

VERSION = 1
_FIELDS = ("content", "memory_type", "slot", "scope")


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said in a thread."""

    say: str
    thread: str = "1"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at the end, and the contents that a model is to be shown for it."""

    ask: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Golden:
    """One file: `turns` are said in order, then `memories` must be known and each question must show what it says."""

    turns: tuple[Turn, ...]
    questions: tuple[Question, ...] = ()
    memories: tuple[dict[str, Any], ...] = ()
    owner_id: str = "user"
    scope: str = "global"

    @classmethod
    def read(cls, path: str | Path) -> Golden:
        """Return what a file holds; raises InvalidInputError for one that is no golden conversation of this version."""
        try:
            body = json.loads(Path(path).read_text(encoding="utf-8"))
            version = body["version"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InvalidInputError(f"{path} is no golden conversation ({type(error).__name__}: {error}).") from None
        if version != VERSION:
            raise InvalidInputError(f"{path} is of version {version!r}, and this package reads version {VERSION}.")
        return cls._of(body, path)

    @classmethod
    def _of(cls, body: dict[str, Any], path: str | Path) -> Golden:
        try:
            fields = {name: value for name, value in body.items() if name != "version"}
            fields["turns"] = tuple(Turn(**one) for one in body["turns"])
            fields["questions"] = tuple(
                Question(one["ask"], tuple(one.get("shows", ()))) for one in body.get("questions", ())
            )
            fields["memories"] = tuple(body.get("memories", ()))
            return cls(**fields)
        except (TypeError, KeyError, AttributeError) as error:
            raise InvalidInputError(f"{path} has a field that cannot be read: {error}.") from None

    def write(self, path: str | Path) -> None:
        """Write it, as it is read."""
        text = json.dumps({"version": VERSION, **asdict(self)}, indent=2, ensure_ascii=False)
        Path(path).write_text(f"{text}\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a conversation came to: `found` is the file as it would be now, `differences` say what changed and why."""

    found: Golden
    differences: tuple[str, ...] = field(default=())


def replay(graph: Any, golden: Golden) -> Replayed:
    """Say a golden conversation to a graph on an empty database, and compare what came of it."""
    talk = Conversation(graph, golden.owner_id, golden.scope)
    if talk.memories():
        raise InvalidInputError("a golden conversation is replayed on a database that knows nothing of its owner.")
    for turn in golden.turns:
        talk.say(turn.say, thread_id=f"golden-{turn.thread}")
    known = sorted(talk.memories().values(), key=lambda one: (one.created_at, one.content))
    questions = tuple(Question(one.ask, tuple(talk.recalled(one.ask))) for one in golden.questions)
    memories = tuple({name: getattr(one, name) for name in _FIELDS} for one in known)
    found = Golden(golden.turns, questions, memories, golden.owner_id, golden.scope)
    return Replayed(found, (*_memory_differences(talk, golden, known), *_question_differences(golden, questions)))


def assert_golden(graph: Any, path: str | Path, *, update: bool = False) -> None:
    """Replay the conversation in a file: what is known and shown must be what the file says.

    With `update` (the plugin passes `--update-golden`) the file is written as it is now instead, to be read in a diff.
    Raises InvalidInputError for a file that cannot be read.
    """
    golden = Golden.read(path)
    replayed = replay(graph, golden)
    if update:
        replayed.found.write(path)
    elif replayed.differences:
        told = "\n".join(replayed.differences)
        raise AssertionError(f"{path} is not what came of it; --update-golden takes over what did.\n{told}")


def _memory_differences(talk: Conversation, golden: Golden, known: Sequence[Memory]) -> list[str]:
    wanted = [{name: one.get(name) for name in _FIELDS if name in one} for one in golden.memories]
    lines = []
    left = list(known)
    for one in wanted:
        same = next((held for held in left if all(getattr(held, name) == value for name, value in one.items())), None)
        if same is None:
            lines.append(f"- {one['content']}{_fate(talk, str(one['content']))}")
        else:
            left.remove(same)
    return [*lines, *(f"+ {held.content}  ({held.memory_type}{_why(talk, held)})" for held in left)]


def _fate(talk: Conversation, content: str) -> str:
    """Return why something that was to be known is not."""
    store = talk.store
    for one in store.list_memories(owner_id=talk.owner_id, include_inactive=True, limit=500):
        if one.content == content:
            return (
                f"  ({'superseded' if one.superseded else 'known, with another type, slot or scope'}{_why(talk, one)})"
            )
    return "  (never learnt)"


def _why(talk: Conversation, memory: Memory) -> str:
    audit = talk.store.audit.entries(owner_id=talk.owner_id, memory_id=memory.id, limit=1)
    return f": {audit[0].action}, {audit[0].reason}" if audit else ""


def _question_differences(golden: Golden, found: Sequence[Question]) -> list[str]:
    lines = []
    for before, now in zip(golden.questions, found, strict=True):
        gone = [f"    - {content}" for content in before.shows if content not in now.shows]
        new = [f"    + {content}" for content in now.shows if content not in before.shows]
        if gone or new:
            lines += [f"? {before.ask}", *gone, *new]
    return lines
