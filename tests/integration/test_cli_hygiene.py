"""Sweeping and reviewing a file, as a user runs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from support import START, Clock, opened_store, take_in
from typer.testing import CliRunner, Result

from langgraph_memory import Memory
from langgraph_memory.cli import app

MADE = {"owner_id": "ana", "created_at": START, "updated_at": START}


@pytest.fixture
def untidy(database: str) -> str:
    """A database with something for every step of a sweep, written a hundred days ago."""
    clock = Clock(datetime.now(UTC) - timedelta(days=100))
    with opened_store(database, clock) as store:
        take_in(store, *(Memory(id=f"m-{n}", content="Likes tea", **MADE) for n in range(2)))
        store.remember("We saw a whale", owner_id="ana", memory_type="event", confidence=0.8)
        store.remember("A trip [bold]soon[/bold]", owner_id="ana", expires_at=clock.advance(seconds=1))
        store.remember("Perhaps likes milk", owner_id="ana", confidence=0.1)
        store.remember("The cabin is heated with wood", owner_id="bob")
        store.remember("The cabin is not heated with wood", owner_id="bob")
    return database


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)


def memories(path: str) -> str:
    return run("memories", "list", "--db", path, "--all", "--json").stdout


def test_a_dry_run_shows_what_the_sweep_then_does(untidy: str) -> None:
    before = memories(untidy)
    shown = run("memories", "sweep", "--db", untidy, "--floor", "0.3", "--dry-run", "--json")
    assert memories(untidy) == before

    done = run("memories", "sweep", "--db", untidy, "--floor", "0.3", "--json", "--yes")

    assert shown.exit_code == done.exit_code == 0
    assert json.loads(shown.stdout) == json.loads(done.stdout)
    assert [one["action"] for one in json.loads(done.stdout)] == ["merged", "decayed", "expired", "pruned"]
    assert json.loads(run("memories", "sweep", "--db", untidy, "--floor", "0.3", "--json", "--yes").stdout) == []


def test_a_sweep_prints_each_change_and_how_many(untidy: str) -> None:
    shown = run("memories", "sweep", "--db", untidy, "--owner", "ana", "--dry-run").stdout
    done = run("memories", "sweep", "--db", untidy, "--owner", "ana", "--yes").stdout

    assert "what a sweep would do" in shown
    assert "A trip [bold]soon[/bold]" in done
    assert "ana: would be 1 merged, 1 decayed, 1 expired" in shown
    assert "ana: 1 merged, 1 decayed, 1 expired" in done
    assert run("memories", "sweep", "--db", untidy).stdout == "nothing to sweep.\n"


def test_the_bounds_of_a_sweep_are_options(untidy: str) -> None:
    arguments = ("--cap", "1", "--keep-superseded", "0", "--keep-receipts", "0", "--limit", "1")

    result = run("memories", "sweep", "--db", untidy, "--owner", "ana", "--yes", *arguments)

    assert "these are the first 1" in result.output
    assert len([one for one in json.loads(memories(untidy)) if one["owner_id"] == "ana"]) == 2  # one was just merged


def test_a_review_lists_memories_by_kind_with_reasons(untidy: str) -> None:
    every = json.loads(run("memories", "review", "--owner", "ana", "--db", untidy, "--json").stdout)
    shown = run("memories", "review", "--owner", "bob", "--kind", "conflicting", "--db", untidy).stdout

    assert [one["content"] for one in every if one["kind"] == "low_confidence"] == ["Perhaps likes milk"]
    for word in ("conflicting", "The cabin is heated with wood", "it contradicts 1 other", "verify the one that holds"):
        assert word in shown
    assert "never recalled" not in shown


def test_a_review_says_so_when_there_is_nothing(untidy: str) -> None:
    assert run("memories", "review", "--owner", "eve", "--db", untidy).stdout == "nothing of eve's needs a look.\n"
    assert "nothing" in run("memories", "review", "--owner", "eve", "--kind", "stale", "--db", untidy).stdout


def test_what_is_asked_wrongly_is_one_sentence(untidy: str) -> None:
    for arguments in (
        ("memories", "review", "--owner", "ana", "--kind", "old", "--db", untidy),
        ("memories", "sweep", "--db", f"{untidy}.missing"),
        ("memories", "review", "--owner", "", "--db", untidy),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.output.startswith("error: ")
        assert "Traceback" not in result.output
