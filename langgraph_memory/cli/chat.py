"""Conversations with the prebuilt graph: one that a user types, and the demo, which plays two and shows what became."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from getpass import getuser
from io import TextIOWrapper
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any
from uuid import uuid4

import typer
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from langgraph_memory import (
    CuratedStore,
    Memory,
    MemoryContext,
    MemoryDatabase,
    PromotionNode,
    Recall,
    RetrievalNode,
    build_graph,
    open_memory,
)
from langgraph_memory.cli.memories import recall_table
from langgraph_memory.cli.terminal import chat_model, draw, file_of, memory_of_id, open_console, safe
from langgraph_memory.domain.memory import Action
from langgraph_memory.domain.promotion import UNHEARD_REASON, Promoted
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.errors import LangGraphMemoryError, MissingOwnerError, without_password
from langgraph_memory.types import Bucket, PromotionReport
from langgraph_memory.views import Cell, Column, Table, every

HELP = (
    "/memories lists what is known, /forget ID deletes one of them, /pause keeps what follows off the record until "
    "/resume, /quit ends; the rest is said to the assistant."
)

_PAUSED = "off the record: nothing is read from memory, and nothing of what follows is learnt, now or later."
_RESUMED = "on the record again: memory is read, and what follows is learnt."


def start_chat(db: str, owner: str | None, thread: str | None, model: str | None) -> None:
    """Talk until the input ends or /quit.

    Exits with 1 when an answer failed. Raises MissingOwnerError when nobody is named and the system knows no user.
    """
    console, owner_id = open_console(), check_owner(owner or _system_user())
    thread_id = thread or f"chat-{uuid4().hex[:8]}"
    chosen = chat_model(model)
    reports: list[PromotionReport] = []
    with open_memory(db) as memory:
        builder = build_graph(chosen, promotion=PromotionNode(model=chosen, on_promotion=reports.append))
        graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)
        talk = Conversation(graph, memory.store, owner_id, thread_id, console, reports)
        console.print(
            f"{safe(owner_id)} in thread {safe(thread_id)}, {safe(without_password(db))}; /help helps", style="dim"
        )
        talk.go_on(_lines())
    if talk.failed:
        raise typer.Exit(1)


@dataclass(slots=True)
class Conversation:
    """One owner in one thread; `reports` collects the promotions of the turn under way."""

    graph: Any
    store: CuratedStore
    owner_id: str
    thread_id: str
    console: Console
    reports: list[PromotionReport] = field(default_factory=list)
    failed: bool = False
    paused: bool = False

    def go_on(self, lines: Iterator[str]) -> None:
        """Take line after line until there are no more, or one ends it."""
        for line in lines:
            if line in ("/quit", "/exit"):
                return
            if line.startswith("/"):
                self._command(line)
            elif line:
                self._turn(line)

    def _turn(self, said: str) -> None:
        """Print the answer as it comes, then what was remembered; an answer that fails does not end the chat."""
        self.reports.clear()
        self.console.print("agent > ", end="", style="cyan")
        try:
            for token in self._answer(said):
                self.console.print(Text(safe(token)), end="", soft_wrap=True)
                self.console.file.flush()
        except LangGraphMemoryError:
            self.console.print()
            raise
        except Exception as error:
            self.failed = True
            self._say(f"no answer: {type(error).__name__}: {error}", "red")
        else:
            self.console.print()
        for report in self.reports:
            self._tell(report)

    def _answer(self, said: str) -> Iterator[str]:
        config: RunnableConfig = {"configurable": {"thread_id": self.thread_id}}
        for chunk, told in self.graph.stream(
            {"messages": [HumanMessage(said)]},
            config,
            context=MemoryContext(owner_id=self.owner_id, pause=self.paused),
            stream_mode="messages",
        ):
            if told.get("langgraph_node") == "model":
                yield chunk.text

    def _tell(self, report: PromotionReport) -> None:
        for entry in report:
            action = entry.verdict.bucket if entry.outcome is None else entry.outcome.action
            why = f" ({entry.verdict.explanation})" if entry.outcome is None else ""
            self._say(f"  {action.replace('_', ' ')}: {entry.candidate.content}{why}", "dim")

    def _command(self, line: str) -> None:
        name, _, argument = line.partition(" ")
        if name == "/memories":
            self._list()
        elif name == "/forget":
            self._forget(argument.strip())
        elif name in ("/pause", "/resume"):
            self.paused = name == "/pause"
            self._say(_PAUSED if self.paused else _RESUMED)
        elif name == "/help":
            self._say(HELP)
        else:
            self._say(f"there is no {name}: {HELP}", "red")

    def _list(self) -> None:
        known = every(self.store.list_memories, owner_id=self.owner_id)
        draw(Memory.table(known, f"memories of {self.owner_id}", datetime.now(UTC)), self.console)

    def _forget(self, start: str) -> None:
        try:
            named = memory_of_id(self.store, self.owner_id, start)
        except LangGraphMemoryError as error:
            self._say(f"{error} /memories shows the ids.", "red")
            return
        self.store.forget(named.id, owner_id=self.owner_id)
        self._say(f"forgotten: {named.content}")

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(Text(safe(text), style=style))


def _lines() -> Iterator[str]:
    """Yield what is typed, or what a pipe holds, until it ends or is interrupted."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    prompt = "you > " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).encode("utf-8", "replace").decode()
        except (EOFError, KeyboardInterrupt):
            typer.echo()
            return
        if not prompt:
            typer.echo(f"you > {safe(line)}")
        yield line.strip()


def _system_user() -> str:
    try:
        return getuser()
    except (OSError, KeyError):
        raise MissingOwnerError("the system does not say who you are; name the owner with --owner.") from None


OWNER = "ana@demo"
RELEVANT = 1
"""How many memories are recalled by relevance: one, so that the demo's few also show what a limit leaves out."""
NOTHING = "nothing to remember"
SUPERSEDES = "supersedes"
_DONE: dict[Action, str] = {
    "added": "promoted",
    "superseded": SUPERSEDES,
    "reinforced": "confirms",
    "conflict": "conflicts",
    "retired": "retires",
    "forgotten": "forgets",
    "refused": "refused",
}
_STYLES = {Bucket.PROMOTE: "green", Bucket.KEEP_IN_SESSION: "yellow", Bucket.DISCARD: "red"}


@dataclass(frozen=True, slots=True)
class Fate:
    """One line of the report: the bucket, what was done there, the memory it is about, and the reason."""

    bucket: Bucket
    action: str
    memory: str
    why: str


def fates_of(reports: Sequence[PromotionReport]) -> list[Fate]:
    """Return the fates of what was found in a message; one that nothing was found in is discarded as a whole."""
    found = [_fate(entry) for report in reports for entry in report]
    return found or [Fate(Bucket.DISCARD, "discarded", "", NOTHING)]


def summary(fates: Sequence[Fate]) -> str:
    """Return how many went into each bucket, and how many of the promoted took an older memory's place."""
    counts = {bucket: sum(fate.bucket is bucket for fate in fates) for bucket in Bucket}
    superseding = sum(fate.action == SUPERSEDES for fate in fates)
    return (
        f"{counts[Bucket.PROMOTE]} promoted ({superseding} superseding an older one), "
        f"{counts[Bucket.KEEP_IN_SESSION]} kept in session, {counts[Bucket.DISCARD]} discarded"
    )


def _fate(entry: Promoted) -> Fate:
    bucket, outcome = entry.verdict.bucket, entry.outcome
    if outcome is None:
        if bucket is Bucket.KEEP_IN_SESSION:
            return Fate(bucket, "kept in session", entry.candidate.content, entry.verdict.explanation)
        if entry.verdict.reason == UNHEARD_REASON:
            return Fate(bucket, "discarded", "", NOTHING)
        why = f"{entry.verdict.reason}: {entry.verdict.explanation}"
        return Fate(bucket, "discarded", entry.candidate.content, why)
    replaced = "; ".join(memory.content for memory in outcome.replaced)
    against = "; ".join(memory.content for memory in outcome.conflicts)
    why = f"{outcome.reason}; until now: {replaced}" if replaced else outcome.reason
    why = f"{why}; against: {against}" if against else why
    return Fate(bucket, _DONE[outcome.action], entry.candidate.content, why)


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation: its name, which its thread carries, and what Ana says in it."""

    name: str
    lines: tuple[str, ...]


MONDAY = Session(
    "monday",
    (
        "Hi, my name is Ana and I work as a data engineer at Northwind.",
        "I live in Berlin.",
        "Please keep your answers short.",
        "Our database is PostgreSQL and our deploy channel is Slack.",
        "Never deploy on Fridays.",
        "Lovely weather today, isn't it?",
        "What does EXPLAIN ANALYZE do?",
        "Answer in German for this chat only.",
        "My API key is sk-demo-0000-not-a-real-key.",
        "I moved from Berlin to Lisbon.",
        "Actually, the deploy channel is Teams now, not Slack.",
    ),
)
TUESDAY = Session(
    "tuesday",
    (
        "Where do I live?",
        "Which channel do we use for deploys?",
        "Can I deploy on Friday?",
        "What database do we use?",
        "What is my name?",
        "What is my API key?",
    ),
)
SESSIONS = {1: MONDAY, 2: TUESDAY}


def play_demo(db: str | None, model: str | None) -> None:
    """Play both sessions, each in a process of its own, and show the file they leave behind.

    Exits with 1 when a session fails.
    """
    console = open_console()
    chat_model(model)  # a model that cannot be set up fails here, once, and not in a session
    target = _target(db, console)
    with open_memory(target):
        console.print(f"process {os.getpid()} starts the sessions and does not talk itself")
    run = uuid4().hex[:6]
    for number, session in SESSIONS.items():
        _play_in_own_process(number, target, f"{session.name}-{run}", model, console)
    _show_file(target, console)


def play_session(number: int, db: str, thread: str, model: str | None) -> None:
    """Play one session in this process, in a thread of its own."""
    console = open_console()
    console.print(Rule(f"Session {number}: process {os.getpid()}, thread {safe(thread)}", align="left"))
    with open_memory(db) as memory:
        ana = _Ana(memory, thread, model)
        show = _show_telling if number == 1 else _show_asking
        show([ana.say(line) for line in SESSIONS[number].lines], memory, console)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One line of Ana's, with the answer, the recalls before it and the promotions after it."""

    said: str
    answer: str
    recalls: Sequence[Recall]
    fates: Sequence[Fate]


class _Ana:
    """Talks with the prebuilt graph in one thread, and listens to its memory nodes."""

    def __init__(self, memory: MemoryDatabase, thread: str, model: str | None) -> None:
        self._thread = thread
        self._recalls: list[Recall] = []
        self._reports: list[PromotionReport] = []
        builder = build_graph(
            chat_model(model),
            retrieval=RetrievalNode(limit=RELEVANT, on_recall=self._recalls.append),
            promotion=PromotionNode(on_promotion=self._reports.append),
        )
        self._graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)

    def say(self, line: str) -> _Turn:
        """Run the graph once and return what happened."""
        self._recalls.clear()
        self._reports.clear()
        state = self._graph.invoke(
            {"messages": [HumanMessage(line)]},
            {"configurable": {"thread_id": self._thread}},
            context=MemoryContext(owner_id=OWNER),
        )
        answer = state["messages"][-1].text
        return _Turn(line, answer, tuple(self._recalls), fates_of(self._reports))


def _show_telling(turns: Sequence[_Turn], memory: MemoryDatabase, console: Console) -> None:
    """Show what became of each thing Ana told."""
    columns = (
        Column("said", stretch=True),
        Column("fate", 10),
        Column("memory", stretch=True),
        Column("why", stretch=True),
    )
    rows = [
        ("" if place else turn.said, Cell(one.action, _STYLES[one.bucket]), one.memory, Cell(one.why, "dim"))
        for turn in turns
        for place, one in enumerate(turn.fates)
    ]
    draw(replace(Table.of("What became of what Ana said", columns, rows), lines=True), console)
    _show_summary(turns, console)


def _show_asking(turns: Sequence[_Turn], memory: MemoryDatabase, console: Console) -> None:
    """Show each answer, and the recall it was given from."""
    shown: set[str] = set()
    for turn in turns:
        console.print(Text(f"Ana:   {safe(turn.said)}", style="bold"))
        console.print(Text(f"agent: {safe(turn.answer)}", style="cyan"))
        for recall in (_without(recall, shown) for recall in turn.recalls):
            if recall.items or recall.dropped:
                draw(recall_table(recall, memory.store.settings.types.always_injected()), console)
    _show_summary(turns, console)


def _without(recall: Recall, shown: set[str]) -> Recall:
    """Return a recall without what shapes every answer and was shown before, which it then is."""
    items = tuple(one for one in recall if one.section == "relevant" or one.memory.id not in shown)
    shown.update(one.memory.id for one in recall if one.section != "relevant")
    return replace(recall, items=items)


def _show_summary(turns: Sequence[_Turn], console: Console) -> None:
    console.print(f"Of this session: {summary([fate for turn in turns for fate in turn.fates])}.\n")


def _target(db: str | None, console: Console) -> str:
    """Return the file to play in, and say which it is; a file that exists is added to."""
    target = str(_own_folder() / "demo.db") if db is None else db
    file = file_of(target)
    console.print(f"file: {safe(target)}", soft_wrap=True)
    if file is not None and file.is_file():
        console.print(f"The file exists already: the demo adds two threads and memories of {OWNER} to it,")
        console.print("confirms or supersedes what an earlier demo left there, and touches nothing else.")
    return target


def _own_folder() -> Path:
    """Return this user's folder for the demo, without what an earlier one left; a new one where it is not theirs."""
    folder = Path(gettempdir()) / f"langgraph-memory-demo-{getuser()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not folder.is_symlink() and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            for left in folder.glob("demo.db*"):
                left.unlink()
            return folder
    except (AttributeError, OSError):
        pass
    return Path(mkdtemp(prefix="langgraph-memory-demo-"))


def _play_in_own_process(number: int, db: str, thread: str, model: str | None, console: Console) -> None:
    arguments = ["demo-session", str(number), "--db", db, "--thread", thread]
    if model is not None:
        arguments += ["--model", model]
    console.file.flush()
    done = subprocess.run(  # noqa: S603  the program is this interpreter and no shell reads the arguments
        [sys.executable, "-m", "langgraph_memory", *arguments],
        env={**os.environ, "COLUMNS": str(console.width)},
        check=False,
    )
    if done.returncode:
        typer.echo(f"error: session {number} failed with exit code {done.returncode}.", err=True)
        raise typer.Exit(1)


def _show_file(db: str, console: Console) -> None:
    console.print(Rule("What the file holds, both processes gone", align="left"))
    with open_memory(db) as memory:
        held = memory.store.list_memories(owner_id=OWNER, include_inactive=True)
        draw(Memory.table(held, f"memories of {OWNER}", datetime.now(UTC)), console)
        draw(memory.checkpointer.list_threads().table(), console)
    where = f"--owner {OWNER} --db {shlex.quote(safe(db))}"
    for what, command in (
        ("ask it:    ", f"recall 'Where do I live?' {where}"),
        ("look again:", f"memories list --all {where}"),
        ("go on:     ", f"chat {where}"),
    ):
        console.print(f"{what} langgraph-memory {command}", soft_wrap=True)
