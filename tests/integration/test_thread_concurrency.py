"""Many processes, threads and tasks on one file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.errors import ForkedThreadError

DRIVER = Path(__file__).with_name("thread_processes.py")


def test_eight_processes_store_checkpoints_at_once_while_another_reads(database: str) -> None:
    puts = 250 if "://" in database else 2000
    command = [sys.executable, "-W", "ignore", str(DRIVER), "many", database, "8", str(puts)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == str(8 * puts)


def put(saver: ThreadSaver, parent: str | None, checkpoint_id: str, thread: str = "t", **metadata: object) -> None:
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": parent}}
    checkpoint = {**empty_checkpoint(), "id": checkpoint_id, "channel_values": {"log": ["x" * 300, checkpoint_id]}}
    checkpoint["channel_versions"] = {"log": saver.get_next_version(None, None)}
    saver.put(config, checkpoint, {"source": "loop", **metadata}, checkpoint["channel_versions"])


def test_a_fence_refuses_the_second_of_two_writers_that_continue_one_checkpoint(database: str) -> None:
    with (
        ThreadSaver.from_conn_string(database, fence=True) as one,
        ThreadSaver.from_conn_string(database, fence=True) as two,
    ):
        put(one, None, "1")
        put(one, "1", "2")

        with pytest.raises(ForkedThreadError, match="continues checkpoint 1, and another writer has stored 2"):
            put(two, "1", "3")

        assert [found.checkpoint["id"] for found in two.list({"configurable": {"thread_id": "t"}})] == ["2", "1"]
        put(two, "1", "4", source="fork")


def test_without_a_fence_two_writers_make_a_fork_and_both_branches_read_back(database: str) -> None:
    with ThreadSaver.from_conn_string(database) as saver:
        for parent, child in ((None, "1"), ("1", "2"), ("1", "3")):
            put(saver, parent, child)

        found = {one.checkpoint["id"]: one for one in saver.list({"configurable": {"thread_id": "t"}})}

    assert {found[name].parent_config["configurable"]["checkpoint_id"] for name in "23"} == {"1"}
    assert all(one.checkpoint["channel_values"]["log"][-1] == name for name, one in found.items())


def test_threads_and_tasks_of_one_process_share_a_saver(database: str) -> None:
    with ThreadSaver.from_conn_string(database) as saver:

        def write(thread: int) -> None:
            for number in range(40):
                put(saver, f"{number - 1:03}" if number else None, f"{number:03}", f"thread {thread}")

        async def read() -> int:
            configs = [{"configurable": {"thread_id": f"thread {thread}"}} for thread in range(8)]
            return sum(found is not None for found in await asyncio.gather(*map(saver.aget_tuple, configs)))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))

        assert asyncio.run(read()) == 8
        assert len(list(saver.list(None))) == 8 * 40
