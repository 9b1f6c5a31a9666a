"""What is stored of a dialogue, beside writing each statement under a new key to LangGraph's `SqliteStore`.

    python -m tests.bench.hygiene [DIALOGUES.json]

Every subject is a compiled graph on a file: one writing node, a checkpointer, a store. "blind statements" puts each
thing a user says under a new uuid, "blind candidates" each thing that the same rules extract; neither keeps a ledger or
compares. The dialogues (by default `shared/bench/locomo_dev.json` beside the checkout) are not part of this repository;
without them only the scripted parts run. In a dialogue the first speaker is the user, each session a thread.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.base import BaseStore
from langgraph.store.sqlite import SqliteStore

from langgraph_memory import CuratedStore, MemoryContext, PromotionNode, PromotionWorker, Utterance, open_memory
from langgraph_memory.domain.text import normalised, query_terms
from langgraph_memory.extract import RuleExtractor

DIALOGUES = Path(__file__).resolve().parents[3] / "shared" / "bench" / "locomo_dev.json"
NAMESPACE = ("curated", "user")
NEAR = 0.8
"""The share of their telling words that two near duplicates have in common."""
FACTS = {
    "Where does the user live?": "I live in {}.",
    "Who employs the user?": "I work at {}.",
    "Who is the manager?": "My manager is {}.",
    "Which plan is the user on?": "I'm on the {} plan.",
    "Which editor does the user use?": "My editor is {}.",
    "What is the staging database?": "Our staging database is {}.",
    "Which cloud hosts it?": "We host everything on {}.",
    "Where does the team chat?": "We chat on {}.",
}
"""A question for each slot, and the sentence that states its value."""
VALUES = {
    "live": ("Oslo", "Lima", "Cairo", "Quito"),
    "employs": ("Acme", "Initech", "Globex", "Umbrella"),
    "manager": ("Ingrid", "Tomas", "Yuki", "Omar"),
    "plan": ("Free", "Basic", "Pro", "Enterprise"),
    "editor": ("Vim", "Emacs", "Helix", "Zed"),
    "staging": ("MySQL", "Postgres", "MariaDB", "SQLite"),
    "cloud": ("AWS", "Azure", "Hetzner", "Heroku"),
    "chat": ("Slack", "Teams", "Discord", "Mattermost"),
}
ALLERGENS = (
    "peanuts walnuts almonds cashews sesame shellfish lobster penicillin latex pollen dust mould nickel wool bees "
    "wasps eggs mustard celery lupin"
).split()
"""Something to say that is true each time, and another fact each time."""

Node = Callable[[Any, RunnableConfig], dict[str, Any]]


class BlindStatements:
    """Puts whatever the user said last under a new key."""

    name = "SqliteStore, blind statements"

    def texts(self, said: str) -> list[str]:
        """Return what to store of one statement."""
        return [said]

    def node(self, store: BaseStore) -> Node:
        """Return the node that writes."""

        def write(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
            for text in self.texts(last_said(state["messages"])):
                store.put(NAMESPACE, str(uuid4()), {"content": text})
            return {}

        return write

    @contextmanager
    def opened(self, path: Path) -> Iterator[tuple[Any, BaseStore]]:
        """Open a saver and a store on files of their own, as their classes ask."""
        with (
            SqliteSaver.from_conn_string(f"{path}.threads") as saver,
            SqliteStore.from_conn_string(f"{path}.store") as store,
        ):
            store.setup()
            yield saver, store

    def live(self, store: BaseStore) -> list[str]:
        """Return all that competes to be recalled."""
        return [item.value["content"] for item in store.search(NAMESPACE, limit=1_000_000)]

    def recall(self, store: BaseStore, question: str) -> list[str]:
        """Return the five that are found for a question."""
        return [item.value["content"] for item in store.search(NAMESPACE, query=question, limit=5)]


class BlindCandidates(BlindStatements):
    """Puts whatever the rules extract under a new key."""

    name = "SqliteStore, blind candidates"

    def __init__(self) -> None:
        self._extractor = RuleExtractor()

    def texts(self, said: str) -> list[str]:
        found = self._extractor.extract([Utterance(message_id="m", actor="user", text=said)])
        return [one.content for one in found if not one.session_only]


class Curated(BlindStatements):
    """Promotes, in the turn or in the background."""

    def __init__(self, mode: str = "hot") -> None:
        self.name = "langgraph_memory" if mode == "hot" else "langgraph_memory, background"
        self._mode = mode

    def node(self, store: BaseStore) -> Node:
        promotion = PromotionNode(mode=self._mode)  # type: ignore[arg-type]
        return promotion.invoke

    @contextmanager
    def opened(self, path: Path) -> Iterator[tuple[Any, BaseStore]]:
        with open_memory(path) as memory:
            yield memory.checkpointer, memory.store

    def live(self, store: BaseStore) -> list[str]:
        assert isinstance(store, CuratedStore)
        PromotionWorker(store).drain()  # in the background, what was said is still queued
        return [one.content for one in store.list_memories(owner_id="user", limit=1_000_000)]

    def recall(self, store: BaseStore, question: str) -> list[str]:
        assert isinstance(store, CuratedStore)
        return [one.memory.content for one in store.recall(question, owner_id="user", limit=5)]


@dataclass
class Figures:
    """What one subject did."""

    turns: int = 0
    live: int = 0
    equal: int = 0
    near: int = 0
    updates: int = 0
    stale: int = 0
    stale_live: int = 0
    raised: int = 0
    killed: int = 0
    seconds: list[float] = field(default_factory=list)


class Timed:
    """A node that notes the processor time it takes."""

    def __init__(self, node: Node, seconds: list[float]) -> None:
        self._node = node
        self._seconds = seconds

    def __call__(self, state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        start = time.thread_time()
        update = self._node(state, config)
        self._seconds.append(time.thread_time() - start)
        return update


class Crashing:
    """A node that dies once, after it has written: by an exception, or with its process."""

    def __init__(self, node: Node, *, kill: bool) -> None:
        self._node = node
        self._kill = kill
        self.died = False

    def __call__(self, state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        update = self._node(state, config)
        if self.died:
            return update
        self.died = True
        if self._kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise ConnectionError("the line went dead")


def last_said(messages: Sequence[BaseMessage]) -> str:
    """Return the last thing the user said."""
    return next(message.text for message in reversed(messages) if isinstance(message, HumanMessage))


def compiled(node: Node, saver: Any, store: BaseStore) -> Any:
    """Compile a graph of one node."""
    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_node("remember", node)
    builder.add_edge(START, "remember")
    builder.add_edge("remember", END)
    return builder.compile(checkpointer=saver, store=store)


def says(graph: Any, thread: str, number: int, said: str | None, answer: str = "") -> None:
    """Let the user say one thing, or resume with None."""
    config = {"configurable": {"thread_id": thread}}
    message = None if said is None else {"messages": [HumanMessage(said, id=f"{thread}-{number}")]}
    if message is not None and answer:
        message["messages"].append(AIMessage(answer, id=f"{thread}-{number}-answer"))
    graph.invoke(message, config, context=MemoryContext(owner_id="user"), durability="sync")


def dialogues(path: Path) -> list[list[list[tuple[str, str]]]]:
    """Return for each dialogue its sessions, as pairs of what the user said and what was answered."""
    found = []
    for one in json.loads(path.read_text(encoding="utf-8")):
        talk = one["conversation"]
        names = sorted((name for name in talk if re.fullmatch(r"session_\d+", name)), key=lambda name: int(name[8:]))
        found.append([list(exchanges(talk[name], talk["speaker_a"])) for name in names])
    return found


def exchanges(turns: Sequence[dict[str, Any]], user: str) -> Iterator[tuple[str, str]]:
    """Yield what the user said with the answer that follows it."""
    for place, turn in enumerate(turns):
        if turn["speaker"] == user and turn["text"].strip():
            after = turns[place + 1 : place + 2]
            yield turn["text"], "".join(one["text"] for one in after if one["speaker"] != user)


def talk(subject: BlindStatements, sessions: Sequence[Sequence[tuple[str, str]]], figures: Figures, path: Path) -> None:
    """Play one dialogue and count what is kept of it."""
    with subject.opened(path) as (saver, store):
        graph = compiled(Timed(subject.node(store), figures.seconds), saver, store)
        for place, session in enumerate(sessions):
            for number, (said, answer) in enumerate(session):
                says(graph, f"session-{place}", number, said, answer)
                figures.turns += 1
        kept = subject.live(store)
    figures.live += len(kept)
    equal = len(kept) - len({normalised(text) for text in kept})
    figures.equal += equal
    figures.near += near_duplicates(kept) - equal


def near_duplicates(texts: Sequence[str]) -> int:
    """Return how many texts share most of their telling words with an earlier one."""
    words = [frozenset(query_terms(text)) for text in texts]
    return sum(
        any(len(one & other) >= NEAR * len(one | other) for other in words[:place]) for place, one in enumerate(words)
    )


def update(subject: BlindStatements, figures: Figures, path: Path) -> None:
    """State each fact again and again with another value, and ask for it after each change."""
    with subject.opened(path) as (saver, store):
        graph = compiled(subject.node(store), saver, store)
        number = 0
        for step in range(4):
            for (question, sentence), values in zip(FACTS.items(), VALUES.values(), strict=True):
                says(graph, f"thread-{step}", number, sentence.format(values[step]))
                number += 1
                if step:
                    old = values[:step]
                    figures.updates += 1
                    figures.stale += any(names(text, old) for text in subject.recall(store, question))
                    figures.stale_live += any(names(text, old) for text in subject.live(store))


def names(text: str, values: Sequence[str]) -> bool:
    """Whether a text holds one of some values."""
    return any(re.search(rf"\b{re.escape(value)}\b", text) for value in values)


def crash(subject: BlindStatements, path: Path, *, kill: bool) -> int:
    """Return how many copies too many there are after as many crashes as statements, each resumed."""
    for number, said in enumerate(f"I'm allergic to {one}." for one in ALLERGENS):
        if kill:
            child = os.fork()
            if child == 0:
                attempt(subject, path, number, said, kill=True)
                os._exit(1)
            os.waitpid(child, 0)
            attempt(subject, path, number, None, kill=None)
        else:
            attempt(subject, path, number, said, kill=False)
    with subject.opened(path) as (_, store):
        kept = [normalised(text) for text in subject.live(store)]
    if len(set(kept)) != len(ALLERGENS):
        raise AssertionError(f"{subject.name} kept {len(set(kept))} of {len(ALLERGENS)} statements")
    return len(kept) - len(ALLERGENS)


def attempt(subject: BlindStatements, path: Path, number: int, said: str | None, *, kill: bool | None) -> None:
    """Say one thing to a node that dies after it has written, and resume it; with `kill` None only resume."""
    with subject.opened(path) as (saver, store):
        node = subject.node(store)
        graph = compiled(node if kill is None else Crashing(node, kill=kill), saver, store)
        try:
            says(graph, f"crash-{number}", number, said)
        except ConnectionError:
            says(graph, f"crash-{number}", number, None)


def measured(subject: BlindStatements, found: Sequence[Any], folder: Path) -> Figures:
    """Run every part for one subject, each on files of its own."""
    figures = Figures()
    if not isinstance(subject, Curated) or subject.name == "langgraph_memory":
        update(subject, figures, folder / "updates")
        figures.raised = crash(subject, folder / "raised", kill=False)
        figures.killed = crash(subject, folder / "killed", kill=True)
    for place, sessions in enumerate(found):
        talk(subject, sessions, figures, folder / f"dialogue-{place}")
    return figures


def table(results: dict[str, Figures]) -> Iterator[str]:
    """Yield the lines of the result."""
    crashes = f"copies after {len(ALLERGENS)} "
    yield (
        "| subject | memories per 100 turns | equal | near | stale recalled | stale live | "
        f"{crashes}exceptions | {crashes}SIGKILLs |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, one in results.items():
        kept = f"{100 * one.live / one.turns:.1f}" if one.turns else "-"
        yield (
            f"| {name} | {kept} | {one.equal} | {one.near} | {one.stale} of {one.updates} | "
            f"{one.stale_live} of {one.updates} | {one.raised} | {one.killed} |"
        )
    yield ""
    yield "| subject | turns | node, processor time p50 ms | p95 ms |"
    yield "|---|---|---|---|"
    for name, one in results.items():
        if len(one.seconds) > 1:
            cuts = statistics.quantiles(one.seconds, n=20)
            yield f"| {name} | {one.turns} | {1e3 * statistics.median(one.seconds):.2f} | {1e3 * cuts[-1]:.2f} |"


def main(path: Path) -> None:
    """Measure every subject and print the table."""
    found = dialogues(path) if path.is_file() else []
    if not found:
        print(f"{path} is not there: no dialogues, only the scripted parts.")
    results: dict[str, Figures] = {}
    for subject in (BlindStatements(), BlindCandidates(), Curated(), Curated("background")):
        with ExitStack() as closing:
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="hygiene-")))
            results[subject.name] = measured(subject, found, folder)
    print(*table(results), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DIALOGUES)
