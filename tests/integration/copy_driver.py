"""A copy that is killed again and again in the middle of whatever it does, each time gone on with by another process.

usage: copy_driver.py SOURCE TARGET KILLS SEED. Each child copies until it has run a random number of statements and
then kills itself with SIGKILL. A target that is complete is emptied, and the next children begin anew. Prints how many
children were killed, how many of them left a copy with some of the threads and not all, and how many threads the last
one left.
"""

import os
import random
import signal
import sqlite3
import sys
from contextlib import closing
from typing import Any

import psycopg

from langgraph_memory.engine.postgres.transaction import PostgresTransaction
from langgraph_memory.engine.sqlite.statements import Statements
from langgraph_memory.transfer.copy import copy_memory

MOST_STATEMENTS = 200


def die_after(statements: int) -> None:
    """Let this process kill itself in place of a statement."""
    left = [statements]

    def counted(execute: Any) -> Any:
        def run(self: Any, *args: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(self, *args)

        return run

    Statements.execute = counted(Statements.execute)  # type: ignore[method-assign]
    PostgresTransaction._statement = counted(PostgresTransaction._statement)  # type: ignore[method-assign]


def run_child(source: str, target: str, statements: int) -> bool:
    """Return whether the child was killed."""
    child = os.fork()
    if child == 0:
        die_after(statements)
        try:
            copy_memory(source, target)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a child failed")
    return os.WIFSIGNALED(status)


def threads_in(db: str) -> int:
    """Return how many threads there are; a target that was never set up has none."""
    sql = "SELECT count(*) FROM thread"
    try:
        if "://" in db:
            with psycopg.connect(db) as server:
                return int(server.execute(sql).fetchall()[0][0])
        with closing(sqlite3.connect(db)) as connection:
            return int(connection.execute(sql).fetchone()[0])
    except (psycopg.errors.UndefinedTable, sqlite3.OperationalError):
        return 0


def empty(db: str) -> None:
    """Leave nothing of a target."""
    if "://" in db:
        with psycopg.connect(db) as server:
            server.execute("DROP SCHEMA public CASCADE")
            server.execute("CREATE SCHEMA public")
        return
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(db + suffix):
            os.remove(db + suffix)


def main(source: str, target: str, kills: int, seed: int) -> None:
    """Copy and be killed, so many times."""
    chance = random.Random(seed)
    everything = threads_in(source)
    killed = between = 0
    while killed < kills:
        if run_child(source, target, chance.randint(1, MOST_STATEMENTS)):
            killed += 1
            between += 0 < threads_in(target) < everything
        else:
            empty(target)
    print(killed, between, threads_in(target))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
