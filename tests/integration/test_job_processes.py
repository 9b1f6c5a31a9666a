"""Many workers, in processes of their own and killed at any moment, promote each message once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

DRIVER = Path(__file__).with_name("job_processes.py")
WORKER = (sys.executable, "-m", "langgraph_memory", "jobs", "work")


def run(path: str, command: str, *numbers: int) -> str:
    told = subprocess.run(
        [sys.executable, str(DRIVER), command, path, *map(str, numbers)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def ask(database: str, sql: str) -> list[tuple[object, ...]]:
    connection: Any = psycopg.connect(database) if "://" in database else sqlite3.connect(database)
    with closing(connection):
        found: list[tuple[object, ...]] = connection.execute(sql).fetchall()
    return found


def assert_each_was_read_once(path: str, wanted: list[str]) -> None:
    """Every statement is live, was added once and never confirmed, stands once in the ledger, and nothing waits."""
    contents = [row[0] for row in ask(path, "SELECT content FROM agent_memory WHERE superseded_at IS NULL")]
    assert sorted(map(str, contents)) == sorted(wanted)
    assert ask(path, "SELECT action, count(*) FROM memory_audit GROUP BY action") == [("added", len(wanted))]
    assert ask(path, "SELECT count(*) FROM promotion_ledger") == [(len(wanted),)]
    assert ask(path, "SELECT count(*) FROM promotion_job") == [(0,)]
    assert ask(path, "SELECT count(*) FROM promotion_job_message") == [(0,)]
    if "://" not in path:
        assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_two_worker_processes_share_the_jobs_and_read_each_once(database: str) -> None:
    run(database, "share", 200)

    assert_each_was_read_once(database, [f"Said number {job}.0" for job in range(200)])
    receipts = ask(database, "SELECT count(*) FROM memory_receipt WHERE kind = 'promotion'")
    assert receipts == [(200,)]


def test_workers_killed_again_and_again_neither_double_nor_lose(database: str) -> None:
    killed, jobs = map(int, run(database, "kill", 30, 7).split())

    assert killed >= 30
    assert_each_was_read_once(database, [f"Said number {job}.{n}" for job in range(jobs) for n in range(3)])


def test_two_processes_that_run_the_same_thread_at_once_promote_each_message_once(database: str) -> None:
    run(database, "threads", 25)

    said = [f"{who}{turn}" for who in ("one", "two", "shared") for turn in range(25)]
    assert_each_was_read_once(database, [f"The user likes {what}." for what in said])


def test_two_processes_that_promote_into_one_owner_at_once_neither_double_nor_lose(database: str) -> None:
    run(database, "owner", 25)

    live = [row[0] for row in ask(database, "SELECT content FROM agent_memory WHERE superseded_at IS NULL")]
    assert sorted(map(str, live)) == sorted(
        f"The user likes {who}{turn}." for who in ("one", "two", "shared") for turn in range(25)
    )
    assert dict(ask(database, "SELECT action, count(*) FROM memory_audit GROUP BY action")) == {  # type: ignore[arg-type]
        "added": 75,
        "reinforced": 25,  # what the second of them heard too
    }
    assert ask(database, "SELECT count(*) FROM promotion_ledger") == [(100,)]


def test_the_worker_command_leaves_other_extractors_jobs_and_ends_at_a_signal(path: str) -> None:
    run(path, "queue", 3)
    command = [*WORKER, "--db", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        first = worker.stdout.readline()
        worker.send_signal(signal.SIGTERM)
        told, _ = worker.communicate(timeout=60)

    assert first == f"working off the jobs of rules in {path}.\n"
    assert worker.returncode == 0
    assert told == "nothing was due.\n3 jobs of slow wait for another worker.\n"


def test_the_worker_command_reads_with_an_extractor_of_ones_own(path: str) -> None:
    run(path, "queue", 3)
    command = [*WORKER, "--db", path, "--once", "--extractor", "job_processes:SLOW"]

    told = subprocess.run(command, cwd=DRIVER.parent, capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout == "read 3 messages in 3 jobs; 0 were set aside.\n"
    assert_each_was_read_once(path, [f"Said number {job}.0" for job in range(3)])


def test_the_worker_command_finishes_the_job_at_hand_when_it_is_told_to_stop(path: str) -> None:
    run(path, "queue", 3)
    command = [*WORKER, "--db", path, "--extractor", "job_processes:SIGNALLED"]

    told = subprocess.run(command, cwd=DRIVER.parent, capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout.splitlines()[1:] == ["read 1 message in 1 job; 0 were set aside."]
    assert ask(path, "SELECT count(*) FROM promotion_ledger") == [(1,)]
    assert ask(path, "SELECT count(*) FROM promotion_job WHERE lease_id IS NULL") == [(2,)]
