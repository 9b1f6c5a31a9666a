"""Files that the tools cannot work with are answered in one sentence, and nothing of them is changed."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError
from support import one_sentence
from test_notebooks import run_notebook
from typer.testing import CliRunner

from langgraph_memory import MemoryDatabase, OfflineChatModel, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.errors import LangGraphMemoryError
from langgraph_memory.testing import assert_golden

OWNER = "ana"
SAID = "Ana lives in Lisbon."
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def file(path: str) -> Path:
    """A file with one memory and one thread."""
    with open_memory(path) as memory:
        graph = graph_of(memory)
        config: Any = {"configurable": {"thread_id": "one"}}
        graph.invoke({"messages": [("user", "Hello.")]}, config, context={"owner_id": OWNER})
        memory.store.remember(SAID, owner_id=OWNER, slot="home.ana")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(path)


def graph_of(memory: MemoryDatabase) -> Any:
    return build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)


def make_newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO memory_migration VALUES (999, 'to come')")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def refused(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the last line of what the audit's notebook says of a file that it cannot read."""
    monkeypatch.setenv("LANGGRAPH_MEMORY_AUDIT", str(file))
    before = file.read_bytes()  # noqa: ASYNC240
    with pytest.raises(CellExecutionError) as raised:
        await run_notebook("05_audit", folder, monkeypatch)
    assert file.read_bytes() == before  # noqa: ASYNC240
    return _COLOURS.sub("", f"{raised.value.ename}: {raised.value.evalue}")


async def test_a_notebook_on_a_file_of_a_newer_version_says_so(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_newer(file)

    said = await refused(file, tmp_path, monkeypatch)

    assert re.search(r"NewerSchemaError: .* version 999 .*upgrade", said)
    assert "\n" not in said


async def test_a_notebook_on_an_encrypted_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    pytest.importorskip("sqlcipher3")
    with open_memory(path, encryption_key="k" * 32) as memory:
        memory.store.remember(SAID, owner_id=OWNER)
    monkeypatch.delenv("LANGGRAPH_MEMORY_KEY", raising=False)

    said = await refused(Path(path), tmp_path, monkeypatch)

    assert "encrypt" in said
    assert "\n" not in said


@pytest.mark.parametrize("place", ["line", "memory", "trail"])
def test_an_export_with_unknown_fields_is_refused(database: str, tmp_path: Path, place: str) -> None:
    with open_memory(database) as memory:
        memory.store.remember(SAID, owner_id=OWNER)
        header, line, *rest = list(memory.admin.export())
        told = json.loads(line)
        trail = json.loads(rest[0])
        {"line": told, "memory": told["memory"], "trail": trail}[place]["colour"] = "red"
        memory.admin.erase_owner(OWNER)
        before = list(memory.admin.export())[1:]
        export = tmp_path / "export.jsonl"
        export.write_text("\n".join([header, json.dumps(told), json.dumps(trail), *rest[1:]]))

        done = CliRunner(env={"COLUMNS": "400"}).invoke(app, ["db", "import", str(export), "--db", database])

        assert done.exit_code == 1
        assert "colour" in done.stderr
        assert done.stderr.count("\n") == 1
        assert list(memory.admin.export())[1:] == before


def test_a_golden_file_of_another_version_is_refused(database: str, tmp_path: Path) -> None:
    golden = tmp_path / "golden.json"
    golden.write_text(json.dumps({"version": 99, "turns": [{"say": "I live in Lisbon."}]}))
    before = golden.read_bytes()
    with open_memory(database) as memory:
        with pytest.raises(LangGraphMemoryError, match="version 99") as raised:
            assert_golden(graph_of(memory), golden)

        one_sentence(raised.value)
        assert golden.read_bytes() == before
        assert memory.admin.list_owners() == []


@contextmanager
def writing(database: str) -> Iterator[None]:
    """Keep a database busy: one connection after the other writes, and holds its lock, until it is told to stop."""
    stop, begun = Event(), Event()

    def write() -> None:
        with open_memory(database) as memory:
            number = 0
            while not stop.is_set():
                memory.store.remember(f"Fact {number}.", owner_id="busy", slot=f"s{number}")
                number += 1
                begun.set()

    thread = Thread(target=write)
    thread.start()
    try:
        assert begun.wait(30)
        yield
    finally:
        stop.set()
        thread.join(60)


def test_a_doctor_looks_at_a_database_that_is_written_to_and_changes_nothing(database: str) -> None:
    with open_memory(database) as memory:
        memory.store.remember(SAID, owner_id=OWNER, slot="home.ana")
        before = list(memory.admin.export(owner_id=OWNER))[1:]

    with writing(database):
        done = CliRunner(env={"COLUMNS": "400"}).invoke(app, ["doctor", "--db", database, "--json"])

    assert done.exit_code in (0, 3), done.stderr
    assert not [one for one in json.loads(done.stdout or "[]") if one["severity"] == "error"]
    with open_memory(database) as memory:
        assert list(memory.admin.export(owner_id=OWNER))[1:] == before


def test_a_doctor_of_a_file_that_another_program_holds_says_so_or_looks_beside_it(file: Path) -> None:
    before = file.read_bytes()
    with closing(sqlite3.connect(file, isolation_level=None)) as holding:
        holding.execute("BEGIN IMMEDIATE")
        done = CliRunner(env={"COLUMNS": "400"}).invoke(app, ["doctor", "--db", str(file)])
        holding.execute("ROLLBACK")

    assert done.exit_code in (0, 1)
    assert (done.stdout + done.stderr).count("\n") == 1
    assert file.read_bytes() == before
