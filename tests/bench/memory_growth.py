"""How much memory a process takes while it runs turns: it grows up to the bound of its caches, and no further.

    python -m tests.bench.memory_growth [TURNS] [CACHE_MB] [postgresql://...]

Each turn runs a graph on one of many threads, which it reads first; every tenth remembers something for one of many
owners, and every fifth recalls something of theirs by words and vectors. Anonymous memory is what a process has
allocated, without the pages of the file that are mapped; "counted" is what the caches say they hold.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages

from langgraph_memory import open_memory

_POINTS = 20
_TURNS_A_THREAD = 20
_WORDS = "red blue tall short north south river house engine garden music paper silver window winter summer".split()
DIMS = 64


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def embed(texts: Sequence[str]) -> list[list[float]]:
    return [[random.Random(f"{text}{place}").gauss(0, 1) for place in range(DIMS)] for text in texts]


def anonymous() -> int:
    """Return the megabytes that this process has allocated."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("RssAnon"))


def answer(state: State) -> dict[str, Any]:
    return {"messages": [AIMessage("You said: " + str(state["messages"][-1].content))]}


def turn(number: int, graph: Any, store: Any, threads: int) -> None:
    """Run one turn of a thread that is taken up at random."""
    chance = random.Random(number)
    said, thread = " ".join(chance.choices(_WORDS, k=12)), f"thread-{chance.randrange(threads)}"
    owner = f"owner-{chance.randrange(threads)}"
    graph.invoke({"messages": [HumanMessage(said)]}, {"configurable": {"thread_id": thread}})
    if number % 10 == 0:
        store.remember(f"Number {number} is {said}.", owner_id=owner)
    if number % 5 == 0:
        store.recall(said, owner_id=owner)


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    cache_mb = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    with tempfile.TemporaryDirectory() as folder:
        target = sys.argv[3] if len(sys.argv) > 3 else str(Path(folder) / "memory.db")
        index: Any = {"dims": DIMS, "embed": embed}
        with open_memory(target, index=index, cache_bytes=cache_mb << 20) as memory:
            builder = StateGraph(State)
            builder.add_node("answer", answer)
            builder.add_edge(START, "answer")
            graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)
            start = anonymous()
            print(f"cache_bytes {cache_mb} MB; {start} MB before the first turn")
            for number in range(turns):
                turn(number, graph, memory.store, turns // _TURNS_A_THREAD)
                if (number + 1) % max(1, turns // _POINTS) == 0:
                    counted = memory.store._engine.cache_bound.nbytes / (1 << 20)
                    print(f"{number + 1:>7} turns: {anonymous():>5} MB, counted {counted:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
