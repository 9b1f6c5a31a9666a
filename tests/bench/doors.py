"""What each door costs a turn, in milliseconds of the processor beside the same without it; run it as a script."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from deepagents import create_deep_agent
from langchain.agents import create_agent
from mcp.client import Client
from support import calling, scripted

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, build_graph, open_memory
from langgraph_memory.agents import CuratedMemoryMiddleware
from langgraph_memory.deepagents import CuratedBackend, FreshMemoryMiddleware
from langgraph_memory.mcp import create_server
from langgraph_memory.retriever import CuratedRetriever
from langgraph_memory.tools import memory_tools

ANA = MemoryContext(owner_id="ana")
TURNS, KNOWN = 60, 200
SAID = "I had a long day at work, and I wonder where the best bakery near my home is."
FILES = ["/memories/profile.md"]


def timed(turn: Callable[[int], Any]) -> float:
    """Return the median of some turns in milliseconds, after a few to warm up."""
    took = []
    for number in range(TURNS):
        started = process_time()
        turn(number)
        took.append((process_time() - started) * 1000)
    return median(took[10:])


def talking(graph: Any) -> Callable[[int], Any]:
    """Return what runs one turn, each in a thread of its own."""

    def turn(number: int) -> None:
        config = {"configurable": {"thread_id": f"{id(graph)}-{number}"}}
        graph.invoke({"messages": [("user", SAID)]}, config, context=ANA)

    return turn


def agents(memory: MemoryDatabase) -> dict[str, Any]:
    """Return the agents that are compared."""
    shared: dict[str, Any] = {
        "checkpointer": memory.checkpointer,
        "store": memory.store,
        "context_schema": MemoryContext,
    }
    backend = CuratedBackend()
    fresh = FreshMemoryMiddleware(backend=backend, sources=FILES)
    call = [calling("recall", query="bakery near home"), "Ok."] * (TURNS + 1)
    hears = [calling("list_memories"), "Ok."] * (TURNS + 1)
    return {
        "create_agent, none": create_agent(scripted("Ok."), **shared),
        "create_agent, middleware hot": create_agent(scripted("Ok."), middleware=[CuratedMemoryMiddleware()], **shared),
        "create_agent, middleware background": create_agent(
            scripted("Ok."), middleware=[CuratedMemoryMiddleware(mode="background")], **shared
        ),
        "create_agent, tool recall": create_agent(scripted(*call), tools=memory_tools(), **shared),
        "create_agent, tool list": create_agent(scripted(*hears), tools=memory_tools(), **shared),
        "create_deep_agent, none": create_deep_agent(scripted("Ok."), **shared),
        "create_deep_agent, files": create_deep_agent(
            scripted("Ok."), memory=FILES, backend=backend, middleware=[fresh], **shared
        ),
        "build_graph": build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store),
    }


async def over_mcp(memory: MemoryDatabase) -> float:
    """Return what one recall costs over MCP, in this process."""
    async with Client(create_server(memory.store, owner_id="ana")) as client:
        took = []
        for _ in range(TURNS):
            started = process_time()
            await client.call_tool("recall", {"query": SAID})
            took.append((process_time() - started) * 1000)
    return median(took[10:])


def main() -> None:
    """Print a line for each door."""
    with TemporaryDirectory() as folder, open_memory(sys.argv[1] if len(sys.argv) > 1 else f"{folder}/a.db") as memory:
        for number in range(KNOWN):
            memory.store.remember(f"The user noted item {number} about topic {number % 17}.", owner_id="ana")
        for name, graph in agents(memory).items():
            print(f"{name:40} {timed(talking(graph)):7.2f} ms")
        retriever = CuratedRetriever(store=memory.store, owner_id="ana")
        print(f"{'store.recall':40} {timed(lambda _: memory.store.recall(SAID, owner_id='ana')):7.2f} ms")
        print(f"{'retriever':40} {timed(lambda _: retriever.invoke(SAID)):7.2f} ms")
        print(f"{'mcp, in process':40} {asyncio.run(over_mcp(memory)):7.2f} ms")


if __name__ == "__main__":
    main()
