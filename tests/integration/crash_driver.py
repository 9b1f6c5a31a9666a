"""A process that is killed again and again while it talks, and at last is left to finish.

usage: crash_driver.py DATABASE DURABILITY KILLS SEED LONGEST. Each child opens the database anew, resumes what was
interrupted, and says the next thing; the parent kills it with SIGKILL after a random time of up to LONGEST seconds. A
story that is told to its end is followed by another, of another owner in another thread. Prints how many children were
killed and how many stories were told.
"""

import os
import random
import signal
import sys
import time

from langchain_core.messages import HumanMessage

from langgraph_memory import MemoryContext, OfflineChatModel, build_graph, open_memory

CITIES = ["Oslo", "Lima", "Cairo", "Quito", "Delhi", "Tunis", "Paris", "Milan", "Dakar", "Seoul"]
SENTENCES = [f"I moved to {city}." for city in CITIES]


def talk(database: str, durability: str, story: int) -> None:
    """Resume what is pending, then say what has not been said yet."""
    config = {"configurable": {"thread_id": f"crashing-{story}"}}
    owner = MemoryContext(owner_id=f"ana-{story}@example.com")
    with open_memory(database) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        while True:
            state = graph.get_state(config)
            said = [message for message in state.values.get("messages", []) if isinstance(message, HumanMessage)]
            if state.tasks:  # also a step whose tasks are done and whose checkpoint is not written yet
                graph.invoke(None, config, context=owner, durability=durability)
            elif len(said) < len(SENTENCES):
                sentence = HumanMessage(SENTENCES[len(said)], id=f"said-{len(said)}")
                graph.invoke({"messages": [sentence]}, config, context=owner, durability=durability)
            else:
                return


def run_child(database: str, durability: str, story: int, delay: float | None) -> bool:
    """Return whether the child ended by itself."""
    child = os.fork()
    if child == 0:
        talk(database, durability, story)
        os._exit(0)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a child failed")
    return os.WIFEXITED(status)


def main(database: str, durability: str, kills: int, seed: int, longest: float) -> None:
    chance = random.Random(seed)
    killed = story = 0
    while killed < kills:
        if run_child(database, durability, story, chance.uniform(0.005, longest)):
            story += 1
        else:
            killed += 1
    run_child(database, durability, story, None)
    print(killed, story + 1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
