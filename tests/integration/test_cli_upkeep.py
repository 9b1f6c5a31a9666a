"""The commands that look after a file's memories, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from langgraph_memory import open_memory
from langgraph_memory.cli import app


@pytest.fixture
def filled(path: str) -> str:
    """A file with two owners, a superseded memory and a recall."""
    with open_memory(path) as memory:
        memory.store.remember("Ana lives in Berlin", owner_id="ana", slot="city")
        memory.store.remember("Ana lives in Lisbon", owner_id="ana", slot="city")
        memory.store.remember("Bob likes tea", owner_id="bob")
        memory.store.recall("where does Ana live", owner_id="ana")
    return path


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments, input=said)


def live_id(path: str, owner: str) -> str:
    with open_memory(path) as memory:
        return memory.store.list_memories(owner_id=owner)[0].id


def test_history_shows_every_version(filled: str) -> None:
    shown = run("history", live_id(filled, "ana"), "--owner", "ana", "--db", filled)
    listed = run("history", live_id(filled, "ana"), "--owner", "ana", "--db", filled, "--json")

    assert shown.output.index("Berlin") < shown.output.index("Lisbon")
    assert [one["content"] for one in json.loads(listed.stdout)] == ["Ana lives in Berlin", "Ana lives in Lisbon"]


def test_explain_shows_the_last_recall(filled: str) -> None:
    result = run("explain", "--owner", "ana", "--db", filled)

    assert result.exit_code == 0
    for word in ("where does Ana live", "Ana lives in Lisbon", "lexical", "superseded"):
        assert word in result.output
    assert "error: 'bob' has recalled nothing yet." in run("explain", "--owner", "bob", "--db", filled).output


def test_forget_removes_a_memory_from_the_file(filled: str) -> None:
    result = run("forget", live_id(filled, "bob")[:8], "--owner", "bob", "--db", filled)

    assert result.output == "forgot 1 of bob's memories.\n"
    assert b"Bob likes tea" not in Path(filled).read_bytes()
    assert run("forget", "nothing", "--owner", "bob", "--db", filled).exit_code == 1


def test_erase_asks_and_removes_everything(filled: str) -> None:
    kept = run("erase", "--owner", "ana", "--db", filled, said="n\n")
    assert kept.exit_code == 1
    assert live_id(filled, "ana")

    result = run("erase", "--owner", "ana", "--db", filled, "--yes", "--threads")

    assert result.output.startswith("erased 2 memories, 1 versions")
    assert b"Lisbon" not in Path(filled).read_bytes()
    assert run("owners", "--db", filled, "--json").output.count("owner_id") == 1


def test_an_export_is_imported_into_another_file(filled: str, tmp_path: Path) -> None:
    file, other = str(tmp_path / "all.jsonl"), str(tmp_path / "other.db")

    written = run("export", file, "--db", filled)
    taken = run("import-memories", file, "--db", other)

    assert (written.exit_code, taken.exit_code) == (0, 0)
    assert "imported 3 memories" in taken.output
    assert run("export", "--db", other).stdout.splitlines()[1:] == run("export", "--db", filled).stdout.splitlines()[1:]
    assert "exists already" in run("export", file, "--db", filled).output
    assert "not 'bob''s" in run("import-memories", file, "--db", other, "--owner", "bob").output.replace('"', "'")
    assert run("import-memories", str(tmp_path / "none"), "--db", str(tmp_path / "none.db")).exit_code == 1
    assert not (tmp_path / "none.db").exists()
