"""What a turn waits for promotion: on the hot path, and in the background; and that both remember the same.

    python -m tests.bench.background_latency [TURNS] [MILLISECONDS]

The extractor sleeps, which stands for the call of a model; the graph has a saver, and its state grows with the thread.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from langchain_core.messages import HumanMessage

from langgraph_memory import (
    Candidate,
    MemoryContext,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    Utterance,
    build_graph,
    open_memory,
)


class SlowModel:
    """An extractor that waits as long as a model takes, for each call."""

    name = "slow-model"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls = 0

    def extract(self, utterances: Sequence[Utterance]) -> list[Candidate]:
        self.calls += 1
        time.sleep(self.seconds)
        return [Candidate(content=f"Said: {one.text}", message_id=one.message_id) for one in utterances]


class Latency(NamedTuple):
    """Milliseconds that the promotion node and the whole turn took, the model's calls, and what is remembered."""

    mode: str
    node_p50: float
    node_p95: float
    turn_p50: float
    calls: int
    remembered: int


class Timed(PromotionNode):
    """A promotion node that notes how long each run of it took."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seconds: list[float] = []

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return super().invoke(*args, **kwargs)
        finally:
            self.seconds.append(time.perf_counter() - start)


def measure(mode: Any, turns: int, seconds: float, folder: str) -> Latency:
    """Run a thread of so many turns in one mode, let a worker finish, and return what it took."""
    model = SlowModel(seconds)
    node = Timed(extractor=model, mode=mode)
    whole: list[float] = []
    with open_memory(Path(folder) / f"{mode}.db") as memory:
        graph = build_graph(OfflineChatModel(), promotion=node).compile(
            checkpointer=memory.checkpointer, store=memory.store
        )
        config: Any = {"configurable": {"thread_id": "t"}}
        for turn in range(turns):
            start = time.perf_counter()
            said: Any = {"messages": [HumanMessage(f"Statement number {turn}.", id=str(turn))]}
            graph.invoke(said, config, context=MemoryContext(owner_id="ana"))
            whole.append(time.perf_counter() - start)
        PromotionWorker(memory.store, extractor=model).drain()
        known = len(memory.store.list_memories(owner_id="ana", limit=turns + 1))
    spent = sorted(1000 * one for one in node.seconds)
    return Latency(
        mode,
        statistics.median(spent),
        spent[int(len(spent) * 0.95)],
        1000 * statistics.median(whole),
        model.calls,
        known,
    )


def compare(turns: int = 200, seconds: float = 0.02) -> list[Latency]:
    """Return the latency of the hot path and of the background, each on a new file."""
    with tempfile.TemporaryDirectory() as folder:
        return [measure(mode, turns, seconds, folder) for mode in ("hot", "background")]


def main(turns: int = 200, milliseconds: float = 20.0) -> None:
    print(f"{turns} turns of one thread, an extractor that takes {milliseconds:g} ms a call")
    print("mode        node p50 ms  node p95 ms  turn p50 ms  model calls  remembered")
    for one in compare(turns, milliseconds / 1000):
        print(
            f"{one.mode:<12}{one.node_p50:>10.2f}{one.node_p95:>13.2f}{one.turn_p50:>13.2f}"
            f"{one.calls:>13}{one.remembered:>12}"
        )


if __name__ == "__main__":
    main(*(int(sys.argv[1]),) if len(sys.argv) == 2 else (int(sys.argv[1]), float(sys.argv[2])) if sys.argv[2:] else ())
