"""What a test asserts: that something was learnt, or that a conversation still gives what it gave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from langgraph_memory import Memory
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.testing.conversation import Conversation, Said, holds, listed

_LETTERS_PER_TOKEN = 4


def assert_learns(
    graph: Any, said: Said, *, recalls: str, for_: str, owner_id: str = "user", scope: str = "global"
) -> Memory:
    """Say something, then ask for it in a new thread: the model must be shown it. Return the memory.

    `recalls` is a part of the memory, in any case; `for_` is what a user would ask.
    """
    talk = Conversation(graph, owner_id, scope)
    talk.say(said)
    found = [one for one in talk.memories().values() if holds(one.content, recalls)]
    if not found:
        raise AssertionError(
            f"nothing that holds {recalls!r} was learnt from {said!r}.\nknown:\n"
            f"{listed([one.content for one in talk.memories().values()])}\nverdicts:\n{listed(talk.verdicts())}"
        )
    shown = talk.recalled(for_)
    if not any(holds(content, recalls) for content in shown):
        raise AssertionError(
            f"{found[0].content!r} was learnt, and is not shown for {for_!r}.\nshown:\n{listed(shown)}"
        )
    return found[0]


def assert_never_learns(graph: Any, said: Said, *, owner_id: str = "user", scope: str = "global") -> None:
    """Say something: nothing may be remembered, changed or forgotten by it."""
    talk = Conversation(graph, owner_id, scope)
    before = talk.memories()
    talk.say(said)
    after = talk.memories()
    added = [f"added: {one.content}" for key, one in after.items() if key not in before]
    gone = [f"gone: {one.content}" for key, one in before.items() if key not in after]
    if added or gone:
        raise AssertionError(
            f"{said!r} changed what is known.\n{listed(added + gone)}\nverdicts:\n{listed(talk.verdicts())}"
        )


def assert_forgets(
    graph: Any, said: Said, *, forgets: str, for_: str | None = None, owner_id: str = "user", scope: str = "global"
) -> None:
    """Say something: what was known that holds `forgets` must be gone, and is not shown for the question `for_`.

    Raises AssertionError as well when nothing of it was known before, since that would show nothing.
    """
    talk = Conversation(graph, owner_id, scope)
    before = _contents(talk)
    if not _holding(before, forgets):
        raise AssertionError(f"nothing that holds {forgets!r} was known before.\nknown:\n{listed(before)}")
    talk.say(said)
    left = _holding(_contents(talk), forgets)
    shown = [] if for_ is None else _holding(talk.recalled(for_), forgets)
    if left or shown:
        raise AssertionError(f"after {said!r} this is still known:\n{listed(left or shown)}")


def assert_isolated(
    graph: Any,
    *,
    owners: Sequence[str] = ("ana", "bo"),
    said: str = "I live in {secret}. My sister is called {secret}.",
    asks: Sequence[str] = ("Where do I live?", "What is my sister called?", "What do you know about me?"),
) -> None:
    """Let each owner say something of their own, then ask: nobody may be shown, or remember, what another said.

    `{secret}` in `said` becomes a word that only this owner says; each speaks in a thread of their own, and all of them
    ask in one thread after another.
    """
    secrets = {owner: f"Zq{number}xalia" for number, owner in enumerate(owners)}
    for owner, secret in secrets.items():
        Conversation(graph, owner).say(said.format(secret=secret))
    for owner in owners:
        seen = _seen(Conversation(graph, owner), asks)
        for other in [one for one in owners if one != owner]:
            if leaked := _holding(seen, secrets[other]):
                raise AssertionError(f"{owner!r} was shown what {other!r} said:\n{listed(leaked)}")
        if not _holding(seen, secrets[owner]):
            raise AssertionError(
                f"{owner!r} was shown nothing of their own, so that nothing is proved; pass said= and asks= that "
                f"this graph learns from.\nseen:\n{listed(seen)}"
            )


def _seen(talk: Conversation, asks: Sequence[str]) -> list[str]:
    """Ask, and return everything that the owner was shown, and what is kept of them."""
    seen = _contents(talk)
    for question in asks:
        state = talk.say(question)
        seen += [*talk.recalled(question), talk.shown(state), *(str(one.content) for one in state["messages"])]
    return seen


def _contents(talk: Conversation) -> list[str]:
    return [one.content for one in talk.memories().values()]


def _holding(texts: Iterable[str], word: str) -> list[str]:
    return [text for text in texts if holds(text, word)]


def assert_prompt_within(graph: Any, tokens: int, *, said: Said, owner_id: str = "user", scope: str = "global") -> None:
    """Say something: the block of memories before the model must be no longer than `tokens`, of four letters each."""
    talk = Conversation(graph, owner_id, scope)
    block = talk.shown(talk.say(said))
    used = -(-len(block) // _LETTERS_PER_TOKEN)
    if used > tokens:
        raise AssertionError(f"the block of memories takes {used} tokens, more than {tokens}:\n{block}")


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
