"""What the doctor finds in a real database, and that a healthy one is told so."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import Databases
from typer.testing import CliRunner

from langgraph_memory import Memory, MemoryDatabase, OfflineChatModel, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.testing import FakeClock

OWNER = "ana"


def told(memory: MemoryDatabase) -> list[tuple[str, str]]:
    return [(one.severity, one.what) for one in memory.diagnose() if "checksums" not in one.what]


def say(memory: MemoryDatabase, thread: str = "t1") -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    config: Any = {"configurable": {"thread_id": thread}}
    graph.invoke({"messages": [("user", "I live in Kiel.")]}, config, context={"owner_id": OWNER})  # type: ignore[arg-type]


async def test_a_database_in_use_is_healthy(database: str) -> None:
    with open_memory(database) as memory:
        say(memory)
        assert told(memory) == []
        assert [one for one in await memory.adiagnose() if one.severity != "note"] == []


def test_what_is_over_contradictory_or_without_vectors_is_named(database: str) -> None:
    clock = FakeClock(datetime.now(UTC))
    with open_memory(database, clock=clock) as memory:
        memory.store.remember("It rains.", owner_id=OWNER, expires_at=clock() + timedelta(days=1))
        past = clock() - timedelta(days=9)
        for number, actor in enumerate(("tool", "tool")):
            fact = {"owner_id": OWNER, "slot": "plan", "created_at": past, "updated_at": past}
            source: Any = {"actor": actor, "name": f"source-{number}"}
            memory.store.remember(
                Memory(id=f"m{number}", content=f"The plan is {number}.", source=source, **fact), owner_id=OWNER
            )
        clock.advance(days=2)
        found = told(memory)
    assert ("note", "1 memory has expired and take space") in found
    assert any(severity == "warning" and "contradict" in what for severity, what in found)


def test_rows_whose_parent_is_gone_are_named(databases: Databases) -> None:
    url = databases.new()
    with open_memory(url) as memory:
        say(memory)
        memory.store.remember("A fact.", owner_id=OWNER)
    if databases.name == "sqlite":
        with closing(sqlite3.connect(url)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("DELETE FROM promotion_job")
            connection.execute(
                "INSERT INTO thread_channel SELECT thread_no + 900, checkpoint_ns, channel, version, kind, type, value"
                " FROM thread_channel LIMIT 1"
            )
    else:
        import psycopg

        with psycopg.connect(url, autocommit=True) as server:
            server.execute(
                "INSERT INTO thread_channel SELECT thread_id || 'x', checkpoint_ns, channel, version, kind, type, value"
                " FROM thread_channel LIMIT 1"
            )
    with open_memory(url) as memory:
        assert told(memory) == [("error", "1 channel values without a thread")]


def test_a_thread_that_cannot_be_read_is_named_with_the_reason(path: str) -> None:
    with open_memory(path) as memory:
        say(memory, "whole")
        say(memory, "torn")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE thread_checkpoint SET body = x'c1c1' WHERE thread_no ="
            " (SELECT thread_no FROM thread WHERE thread_id = 'torn')"
        )
    with open_memory(path) as memory:
        ((severity, what),) = told(memory)
    assert severity == "error"
    assert "'torn'" in what
    assert "'whole'" not in what


def test_a_damaged_file_is_named(path: str) -> None:
    with open_memory(path) as memory:
        for number in range(200):
            memory.store.remember(f"Fact {number} of many, which takes some room.", owner_id=OWNER, slot=f"s{number}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'agent_memory_by_slot'").fetchone()[
            0
        ]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(Path(path).read_bytes())
    start = (root - 1) * size
    data[start + 8 : start + 200] = bytes(192)
    Path(path).write_bytes(data)

    result = CliRunner().invoke(app, ["doctor", "--db", path, "--json"])
    assert result.exit_code in (1, 3)
    assert result.exit_code == 1 or any(one["severity"] == "error" for one in json.loads(result.stdout))


class TestCommand:
    def test_a_healthy_file_exits_with_zero_and_one_that_others_can_read_with_three(self, path: str) -> None:
        with open_memory(path) as memory:
            say(memory)
        run = CliRunner(env={"COLUMNS": "200"}).invoke
        healthy = run(app, ["doctor", "--db", path])
        assert (healthy.exit_code, healthy.stdout) == (0, "nothing is wrong.\n")

        Path(path).chmod(0o644)
        found = run(app, ["doctor", "--db", path, "--json"])
        assert found.exit_code == 3
        assert [one["severity"] for one in json.loads(found.stdout)] == ["warning"]

    def test_a_missing_file_is_one_sentence(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(app, ["doctor", "--db", str(tmp_path / "none.db")])
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)

    def test_another_products_export_is_imported_where_its_owner_is_named(self, path: str, tmp_path: Path) -> None:
        rules = tmp_path / "AGENTS.md"
        rules.write_text("- Run the tests first.\n")
        run = CliRunner(env={"COLUMNS": "200"}).invoke
        assert "--owner" in run(app, ["db", "import", str(rules), "--db", path]).stderr
        preview = run(app, ["db", "import", str(rules), "--db", path, "--owner", "dana", "--dry-run"])
        assert "would be added" in preview.stdout
        done = run(app, ["db", "import", str(rules), "--db", path, "--owner", "dana", "--scope", "project:x", "--json"])
        assert json.loads(done.stdout)["added"] == ["Run the tests first."]
        with open_memory(path) as memory:
            assert [one.scope for one in memory.store.list_memories(owner_id="dana")] == ["project:x"]


@pytest.mark.parametrize("option", [["--dry-run"], ["--scope", "project:x"]])
def test_an_option_that_does_not_apply_is_refused(path: str, tmp_path: Path, option: list[str]) -> None:
    with open_memory(path) as memory:
        lines = list(memory.admin.export())
    (tmp_path / "own.jsonl").write_text("\n".join(lines))
    result = CliRunner().invoke(app, ["db", "import", str(tmp_path / "own.jsonl"), "--db", path, *option])
    assert (result.exit_code, "another product" in result.stderr) == (1, True)
