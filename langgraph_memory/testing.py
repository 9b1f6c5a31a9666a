"""Tests of what an agent remembers, for your own suite: a pytest plugin, and assertions that read as sentences.

The plugin, which pytest finds by itself, has the fixtures `memory_database` (a throwaway database with a clock of its
own), `memory_clock` and `scripted_model`. The assertions take a compiled graph:

    def test_it_learns_where_somebody_lives(memory_database):
        graph = build_graph(model).compile(
            checkpointer=memory_database.checkpointer, store=memory_database.store
        )
        assert_learns(graph, "I moved to Munich.", recalls="Munich", for_="Where do I live?")
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from langgraph_memory import CuratedStore, Memory, MemoryContext, PromotionWorker
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.views import every

__all__ = [
    "FakeClock",
    "ScriptedChatModel",
    "assert_forgets",
    "assert_golden",
    "assert_isolated",
    "assert_learns",
    "assert_never_learns",
    "assert_prompt_within",
    "replay",
]

Line = AIMessage | str | Exception | dict[str, Any] | Callable[[list[BaseMessage]], Any]


class ScriptedChatModel(BaseChatModel):
    """Answers from a script, whose last line stays; keeps the prompts it was called with and the tools it was given.

    A line is a message, a text, an error to raise, the arguments of a call of the first tool (which is how structured
    output is asked for), or a function of the prompt that returns one of these.
    """

    script: list[Any] = Field(default_factory=lambda: ["Noted."])
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[Any] = Field(default_factory=list)

    @classmethod
    def of(cls, *script: Line) -> ScriptedChatModel:
        """Return a model that answers with these lines, one after another."""
        return cls(script=list(script) or ["Noted."])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        """Note the tools; a line of arguments calls the first of them."""
        self.tools[:] = tools
        return self.bind(tools=[getattr(tool, "name", None) or tool.__name__ for tool in tools])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.prompts.append(messages)
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        line = line(messages) if callable(line) else line
        if isinstance(line, Exception):
            raise line
        return ChatResult(generations=[ChatGeneration(message=_message(line, kwargs.get("tools", ())))])


def _message(line: Any, tools: Sequence[str]) -> AIMessage:
    if isinstance(line, AIMessage):
        return line.model_copy()
    if isinstance(line, str):
        return AIMessage(line)
    if not tools:
        raise ValueError("a line of the script calls a tool, and the model was given none; write a text in its place.")
    return AIMessage("", tool_calls=[{"name": tools[0], "args": line, "id": f"call-{tools[0]}"}])


class FakeClock:
    """Tells the same time until it is moved: `open_memory(path, clock=FakeClock())`."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **span: float) -> datetime:
        """Let time pass, as `timedelta` takes it (`days=3`), and return what it is then."""
        self.now += timedelta(**span)
        return self.now


Said = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One owner's side of a graph."""

    graph: Any
    owner_id: str = "user"
    scope: str = "global"

    @property
    def store(self) -> CuratedStore:
        """The store that the graph was compiled with; raises InvalidInputError for another kind, or none."""
        store = getattr(self.graph, "store", None)
        if not isinstance(store, CuratedStore):
            raise InvalidInputError(
                "the graph has no CuratedStore; compile it with store=memory_database.store, and with its checkpointer."
            )
        return store

    def say(self, said: Said, thread_id: str | None = None) -> dict[str, Any]:
        """Say one thing after another in one thread, a new one by default; return the state after the last.

        What a promotion node queued for a worker is read before this returns.
        """
        config: Any = {"configurable": {"thread_id": thread_id or f"test-{uuid4()}"}}
        context = MemoryContext(owner_id=self.owner_id, scope=self.scope)
        state: dict[str, Any] = {}
        for text in [said] if isinstance(said, str) else said:
            state = self.graph.invoke({"messages": [HumanMessage(text)]}, config, context=context)
        self._read_what_waits()
        return state

    def _read_what_waits(self) -> None:
        for job in self.store.jobs.pending(owner_id=self.owner_id):
            if job.waiting and job.extractor == PromotionWorker(self.store).extractor:
                PromotionWorker(self.store).drain()
                return

    def memories(self) -> dict[str, Memory]:
        """Return the live memories, by their ids."""
        return {one.id: one for one in every(self.store.list_memories, owner_id=self.owner_id)}

    def recalled(self, question: str) -> list[str]:
        """Return what a model would be shown for a question, as the retrieval node does by default."""
        found = self.store.recall(question, owner_id=self.owner_id, scope=self.scope, limit=8, pinned=10, needed=True)
        return [item.memory.content for item in found]

    def shown(self, state: dict[str, Any]) -> str:
        """Return the block of memories in a state; raises InvalidInputError when the graph keeps none."""
        block = state.get("memory_context")
        if block is None:
            raise InvalidInputError("the graph's state has no memory_context; it needs a RetrievalNode.")
        return str(block)

    def verdicts(self) -> list[str]:
        """Return what became of the last message's candidates, one line for each."""
        receipts = self.store.audit.receipts(owner_id=self.owner_id, kind="promotion", limit=1)
        return [
            f"{one['memory_type']}: {one['bucket']}, {one['reason']}" + (f", {one['action']}" if one["action"] else "")
            for receipt in receipts
            for one in receipt.body["candidates"]
        ]


def holds(content: str, wanted: str) -> bool:
    """Return whether a content says what is wanted: the same letters, whatever their case and spacing."""
    return " ".join(wanted.casefold().split()) in " ".join(content.casefold().split())


def listed(lines: Sequence[str]) -> str:
    """Return lines for the message of a failing test."""
    return "\n".join(f"  - {line}" for line in lines) if lines else "  (nothing)"


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
