"""A process that is killed again and again while it talks, and at last is left to finish.

usage: crash_driver.py DATABASE DURABILITY KILLS SEED. Each child opens the database anew, resumes what was
interrupted, and says the next thing; the parent kills it with SIGKILL after a random time. Prints how many children
were killed and how many ended by themselves.
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
CONFIG = {"configurable": {"thread_id": "crashing"}}
OWNER = MemoryContext(owner_id="ana@example.com")


def talk(database: str, durability: str) -> None:
    """Resume what is pending, then say what has not been said yet."""
    with open_memory(database) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        while True:
            state = graph.get_state(CONFIG)
            said = [message for message in state.values.get("messages", []) if isinstance(message, HumanMessage)]
            if state.tasks:  # also a step whose tasks are done and whose checkpoint is not written yet
                graph.invoke(None, CONFIG, context=OWNER, durability=durability)
            elif len(said) < len(SENTENCES):
                sentence = HumanMessage(SENTENCES[len(said)], id=f"said-{len(said)}")
                graph.invoke({"messages": [sentence]}, CONFIG, context=OWNER, durability=durability)
            else:
                return


def run_child(database: str, durability: str, delay: float | None) -> bool:
    """Return whether the child ended by itself."""
    child = os.fork()
    if child == 0:
        talk(database, durability)
        os._exit(0)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a child failed")
    return os.WIFEXITED(status)


def main(database: str, durability: str, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    killed = finished = 0
    while killed < kills:
        if run_child(database, durability, chance.uniform(0.005, 0.08)):
            finished += 1
            os.rename(database, f"{database}.done-{finished}")  # told all its story: begin another
            for suffix in ("-wal", "-shm"):
                if os.path.exists(database + suffix):
                    os.rename(database + suffix, f"{database}.done-{finished}{suffix}")
        else:
            killed += 1
    run_child(database, durability, None)
    print(killed, finished)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
