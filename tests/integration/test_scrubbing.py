"""What was deleted becomes unreadable in a file that others go on using, and none of them waits for it for long."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import Driver

from langgraph_memory import open_memory
from langgraph_memory.engine.postgres.engine import PostgresEngine
from langgraph_memory.engine.sqlite import scrub, slack
from langgraph_memory.errors import DatabaseUnavailableError

TRAFFIC = """
import json, sys, time
from langgraph_memory import open_memory
longest, number = 0.0, 0
with open_memory(sys.argv[1]) as memory:
    print("ready", flush=True)
    while not sys.stdin.closed and number < 100_000:
        begun = time.monotonic()
        memory.store.put(("traffic",), str(number % 50), {"number": number})
        memory.store.recall("zebra", owner_id="bob")
        longest, number = max(longest, time.monotonic() - begun), number + 1
        if number % 10 == 0:
            print(json.dumps([number, longest]), flush=True)
"""


@contextmanager
def traffic(path: str) -> Iterator[Any]:
    process = subprocess.Popen([sys.executable, "-c", TRAFFIC, path], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def bytes_of(path: str) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(Path(path).parent.glob("memory.db*")))


def log_size(path: str) -> int:
    return os.path.getsize(f"{path}-wal")


async def test_an_erasure_is_scrubbed_beside_the_traffic_of_another_process(path: str, mode: str) -> None:
    with open_memory(path) as memory:
        for number in range(40):
            memory.store.put(("ballast",), str(number), {"text": random.Random(number).randbytes(50_000).hex()})
        memory.store.remember("a zebra that nobody may read", owner_id="ana")
        with traffic(path) as seen:
            receipt = await Driver(memory.admin, mode).erase_owner("ana")
            assert seen.readline()
        assert receipt.body["scrubbed"] is True
        assert b"nobody may read" not in bytes_of(path)
        assert memory.admin.scrub() is True
        assert log_size(path) == 0


@pytest.mark.parametrize("seed", range(3))
def test_no_copy_of_a_deleted_row_is_left_beside_the_cells_of_any_page(path: str, seed: int) -> None:
    chance = random.Random(seed)
    with open_memory(path) as memory:
        store = memory.store
        for number in range(150):
            owner = chance.choice(["ana", "bob"])
            text = f"zq{owner}{number} is said of {number}. " * chance.randint(1, 60)
            if chance.random() < 0.3:
                store.put(("curated", owner, "notes"), f"zq{owner}{number}", {"text": text})
                continue
            known = store.remember(text, owner_id=owner).memory
            if known is not None and chance.random() < 0.3:
                store.forget(known.id, owner_id=owner)
        assert b"zqana" in bytes_of(path)

        assert store.admin.erase_owner("ana").body["scrubbed"] is True

        assert b"zqana" not in bytes_of(path)
        assert b"zqbob" in bytes_of(path)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_where_pages_cannot_be_cleaned_the_file_is_written_anew(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub.sys, "executable", "")
    with open_memory(path) as memory:
        memory.store.remember("a zebra that nobody may read", owner_id="ana")

        assert memory.admin.erase_owner("ana").body["scrubbed"] is True
        assert b"nobody may read" not in bytes_of(path)


def test_a_page_that_makes_no_sense_is_left_alone(path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES ('kept')")
        connection.commit()
    held = bytearray(Path(path).read_bytes())
    held[2 * 4096 + 5 : 2 * 4096 + 7] = b"\xff\xff"
    Path(path).write_bytes(held)

    file = slack.File(path)
    file.clean(1, 3)

    assert file.has_map
    assert bytes(held[2 * 4096 :]) == Path(path).read_bytes()[2 * 4096 :]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database or disk is full"), OSError(28, "No space left")])
async def test_a_full_disk_leaves_a_receipt_that_says_what_is_gone(
    path: str, mode: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(self: scrub.Scrubber) -> bool:
        raise error

    with open_memory(path) as memory:
        memory.store.remember("likes tea", owner_id="ana")
        with monkeypatch.context() as patched:
            patched.setattr(scrub.Scrubber, "run", full)
            receipt = await Driver(memory.admin, mode).erase_owner("ana")

        assert (receipt.counts["memories"], receipt.body["scrubbed"]) == (1, False)
        assert memory.store.list_memories(owner_id="ana") == []
        assert await Driver(memory.admin, mode).scrub() is True


async def test_a_server_that_cannot_scrub_leaves_a_receipt_too(
    postgres_url: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: PostgresEngine) -> bool:
        raise DatabaseUnavailableError("no space left on device")

    monkeypatch.setattr(PostgresEngine, "scrub", full)
    with open_memory(postgres_url) as memory:
        memory.store.remember("likes tea", owner_id="ana")
        receipt = await Driver(memory.admin, mode).erase_owner("ana")

    assert (receipt.counts["memories"], receipt.body["scrubbed"]) == (1, False)
