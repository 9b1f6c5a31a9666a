"""An interactive conversation with the prebuilt graph."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from getpass import getuser
from io import TextIOWrapper
from typing import Any
from uuid import uuid4

import typer
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from rich.console import Console
from rich.text import Text

from langgraph_memory import CuratedStore, Memory, MemoryContext, PromotionNode, build_graph, open_memory
from langgraph_memory.cli.terminal import chat_model, draw, memory_of_id, open_console, safe
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.errors import LangGraphMemoryError, MissingOwnerError, without_password
from langgraph_memory.types import PromotionReport
from langgraph_memory.views import every

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
