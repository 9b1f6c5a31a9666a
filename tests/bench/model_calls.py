"""How often the user's model is asked, and what that costs: `python -m tests.bench.model_calls [FILE]`.

Chats of 100 turns are made of the labelled messages of FILE (by default the project's own test set, else what the gate
was trained on), of which every fifth says something lasting. They run through the prebuilt graph with a model that
answers from the labels: once asked about every turn, once as it is by default, and once in the background, where a
worker reads a chat when it is over. What the first finds is what the others are measured by.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from langgraph_memory import MemoryContext, MemoryDatabase, PromotionNode, PromotionWorker, build_graph, open_memory
from langgraph_memory.domain.text import STOP_WORDS, terms

DATA = Path(__file__).parents[1] / "data" / "hear"
TURNS = 100
FACTS = 20
"""Turns of a chat that say something lasting."""
CHATS = 4
TOLD = 0.6

Line = dict[str, Any]


class Knowing(BaseChatModel):
    """A model that finds what the labels say, word by word, and counts how often it is asked."""

    labels: dict[str, list[str]]
    calls: list[int]

    @property
    def _llm_type(self) -> str:
        return "knowing"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self.bind(tools=[tool.__name__ for tool in tools])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> ChatResult:
        if "tools" not in kw:
            return ChatResult(generations=[ChatGeneration(message=AIMessage("I see."))])
        said = [json.loads(line) for line in messages[-1].text.splitlines() if line.startswith('{"message"')]
        self.calls.append(len(said))
        found = [
            {"content": f"The user says: {quote}", "quote": quote, "message": line["message"]}
            for line in said
            for quote in self.labels.get(line["text"], ())
        ]
        call = {"name": kw["tools"][0], "args": {"memories": found}, "id": "1"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])


def main() -> None:
    lines = list(read(Path(sys.argv[1]) if len(sys.argv) > 1 else default_file()))
    chats = [chat(lines, random.Random(seed)) for seed in range(CHATS)]
    labels = {line["text"]: [quote_of(line, fact) for fact in facts_of(line)] for line in lines}
    every = measure(chats, labels, extractor="model")
    for name, node in (("by default", {}), ("in the background", {"mode": "background"})):
        calls, found = measure(chats, labels, **node)
        per_100 = 100 * calls / (CHATS * TURNS)
        lost = 1 - len(found & every[1]) / len(every[1])
        print(
            f"{name:18} {per_100:5.1f} calls per 100 turns; of {len(every[1])} facts that asking every turn finds, "
            f"{lost:.1%} are lost; {len(found - every[1])} more are found"
        )


def default_file() -> Path:
    test = sorted((DATA / "test").glob("utterances*.jsonl"))
    return test[0] if test else DATA / "train" / "life.jsonl"


def read(path: Path) -> Iterator[Line]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def facts_of(line: Line) -> list[Line]:
    found: list[Line] = line.get("expect") or line.get("facts") or []
    return found


def quote_of(line: Line, fact: Line) -> str:
    """Return the words of a message that tell a fact: the labelled ones, or all of it."""
    return str(fact.get("span") or line["text"])[:400]


def chat(lines: Sequence[Line], chance: random.Random) -> list[Line]:
    """Return the turns of one chat."""
    telling = [line for line in lines if facts_of(line)]
    plain = [line for line in lines if not facts_of(line)]
    turns = chance.sample(telling, min(FACTS, len(telling))) + chance.choices(plain, k=TURNS - FACTS)
    chance.shuffle(turns)
    return turns


def measure(
    chats: Sequence[Sequence[Line]], labels: dict[str, list[str]], **node: Any
) -> tuple[int, set[tuple[int, str, int]]]:
    """Return how often the model was asked, and which facts are known in the end, by chat, message and place."""
    model = Knowing(labels=labels, calls=[])
    with tempfile.TemporaryDirectory() as folder, open_memory(f"{folder}/bench.db") as memory:
        promotion = PromotionNode(model=model, **node)
        graph = build_graph(model, promotion=promotion).compile(checkpointer=memory.checkpointer, store=memory.store)
        for number, turns in enumerate(chats):
            for place, line in enumerate(turns):
                said: Any = {"messages": [HumanMessage(line["text"], id=f"{number}-{place}")]}
                config: Any = {"configurable": {"thread_id": f"chat{number}"}}
                graph.invoke(said, config, context=MemoryContext(f"owner{number}"))
            if node.get("extractor") != "model":
                PromotionWorker(memory.store, model=model).drain()
        found = {one for number, turns in enumerate(chats) for one in known(memory, number, turns)}
    return len(model.calls), found


def known(memory: MemoryDatabase, number: int, turns: Sequence[Line]) -> Iterator[tuple[int, str, int]]:
    """Yield the facts of a chat that some memory of its owner tells."""
    contents = [one.content.lower() for one in memory.store.list_memories(owner_id=f"owner{number}", limit=1000)]
    for line in turns:
        for place, fact in enumerate(facts_of(line)):
            if any(tells(content, fact) for content in contents):
                yield number, line["text"], place


def tells(content: str, fact: Line) -> bool:
    """Return whether a memory holds what a label asks for, or most words of the labelled span."""
    if "must_contain" in fact:
        return all(any(way in content for way in each.split("|")) for each in fact["must_contain"])
    words = [term for term in terms(str(fact.get("span", ""))) if term not in STOP_WORDS]
    held = set(terms(content))
    return sum(word in held for word in words) >= TOLD * len(words)


if __name__ == "__main__":
    main()
