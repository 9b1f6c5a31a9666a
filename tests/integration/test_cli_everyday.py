"""What a person does with memories on the command line: remember, recall, show, and throw away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import commands_of
from typer.testing import CliRunner, Result

from langgraph_memory import MemoryContext, OfflineChatModel, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.errors import (
    InvalidInputError,
    InvalidMemoryError,
    MissingOwnerError,
    NewerSchemaError,
    UnknownMemoryTypeError,
)

OWNER = "ana"
ANA = MemoryContext(owner_id=OWNER)
LISTS = (
    *("memories list", "memories recalls", "memories audit", "memories review"),
    *("db owners", "threads list", "jobs list"),
)
NOT_JSON = {"demo", "demo-session", "chat", "db export", "mcp", "inspect"}
"""What talks, serves, or writes its own format."""


def run(*arguments: str, said: str = "", columns: int = 200) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, list(arguments), input=said)


def answered(*arguments: str, said: str = "") -> Any:
    """Return what a command prints as JSON."""
    result = run(*arguments, "--json", said=said)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def filled(database: str) -> str:
    with open_memory(database) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        for text in ("My name is Ana.", "I live in Berlin.", "Please keep your answers short.", "Where do I live?"):
            graph.invoke({"messages": [("user", text)]}, {"configurable": {"thread_id": "one"}}, context=ANA)
    return database


def test_what_is_remembered_is_recalled_and_shown(database: str) -> None:
    at = ("--owner", OWNER, "--db", database)
    stored = answered("remember", "The deploy channel is blue.", "--slot", "deploy.channel", "--scope", "org:acme", *at)
    changed = run("remember", "The deploy channel is red.", "--slot", "deploy.channel", "--scope", "org:acme", *at)

    assert stored["action"] == "added"
    assert changed.stdout.startswith("superseded: The deploy channel is red. (")
    found = answered("recall", "deploy channel", "--scope", "org:acme/project:apollo", *at)
    assert [one["content"] for one in found["recalled"]] == ["The deploy channel is red."]
    assert "red" in run("recall", "deploy channel", "--scope", "org:acme", *at).stdout
    (recalled, *_) = answered("memories", "recalls", *at)
    assert recalled["counts"]["recalled"] == 1
    assert answered("memories", "explain", recalled["id"], *at)["id"] == recalled["id"]

    old = stored["memory"]["id"]
    shown = run("memories", "show", old[:8], *at).stdout
    assert all(
        text in shown for text in (old, "The deploy channel is blue.", "superseded", "org:acme", "deploy.channel")
    )
    assert answered("memories", "show", old[:8], *at)["content"] == "The deploy channel is blue."


def test_the_profile_is_what_shapes_every_answer(filled: str) -> None:
    told = answered("memories", "profile", "--owner", OWNER, "--db", filled)

    assert "Ana" in told["profile"]
    assert "short" in told["profile"]
    assert "Berlin" not in told["profile"]
    assert (
        run("memories", "profile", "--owner", "eve", "--db", filled).stdout
        == "nothing shapes every answer to eve yet.\n"
    )


def test_a_thread_is_shown_and_deleted_and_what_it_taught_stays(filled: str) -> None:
    told = answered("threads", "show", "one", "--db", filled)
    assert [one["text"] for one in told["messages"]][2] == "I live in Berlin."
    assert told["checkpoints"]
    assert "I live in Berlin." in run("threads", "show", "one", "--db", filled).stdout

    declined = run("threads", "delete", "one", "--db", filled, said="n\n")
    assert declined.exit_code == 1
    assert answered("threads", "show", "one", "--db", filled)["messages"]
    assert answered("threads", "delete", "one", "--db", filled, said="y\n") == {"deleted": "one"}

    missing = run("threads", "show", "one", "--db", filled)
    assert missing.exit_code == 1
    assert missing.stderr == "error: there is no thread 'one'; the command threads list shows those there are.\n"
    assert "Berlin" in run("memories", "list", "--db", filled).stdout


@pytest.mark.parametrize("command", ["forget", "erase", "sweep", "threads delete"])
def test_what_deletes_asks_and_yes_is_the_answer(filled: str, command: str) -> None:
    with open_memory(filled) as memory:
        first = memory.store.list_memories(owner_id=OWNER)[0]
        memory.store.remember(first.model_copy(update={"id": "twin"}), owner_id=OWNER)
        before = len(memory.store.list_memories(owner_id=OWNER))
    arguments = {
        "forget": ("memories", "forget", first.id, "--owner", OWNER),
        "erase": ("db", "erase", "--owner", OWNER),
        "sweep": ("memories", "sweep", "--owner", OWNER, "--floor", "1"),
        "threads delete": ("threads", "delete", "one"),
    }[command]

    for said in ("n\n", "\n", ""):
        declined = run(*arguments, "--db", filled, said=said)
        assert declined.exit_code == 1
    with open_memory(filled) as memory:
        assert len(memory.store.list_memories(owner_id=OWNER)) == before
        assert memory.checkpointer.list_threads()
    asked = run(*arguments, "--db", filled, "--json", said="y\n")
    assert asked.exit_code == 0
    json.loads(asked.stdout)
    assert run(*arguments, "--db", filled, "--yes").exit_code in (0, 1)  # there is nothing left to do it to


def test_every_command_that_could_prints_json() -> None:
    commands = commands_of(app).items()

    without = {name for name, one in commands if "--json" not in [flag for each in one.params for flag in each.opts]}

    assert without == NOT_JSON


@pytest.mark.parametrize("command", LISTS)
def test_an_empty_list_is_a_sentence(database: str, command: str) -> None:
    open_memory(database).__enter__().close()
    owner = () if command in ("db owners", "threads list") else ("--owner", "eve")

    result = run(*command.split(), *owner, "--db", database)

    assert result.exit_code == 0
    assert result.stdout.endswith(".\n")
    assert len(result.stdout.splitlines()) == 1
    assert answered(*command.split(), *owner, "--db", database) == []


@pytest.mark.parametrize("columns", [50, 80, 120, 200])
def test_every_list_fits_the_terminal(filled: str, columns: int) -> None:
    with open_memory(filled) as memory:
        memory.store.remember("A very long text " * 30 + "x" * 300, owner_id=OWNER, slot="a." + "b" * 90)
        first = memory.store.list_memories(owner_id=OWNER)[0]

    for command in (
        ("memories", "list", "--all"),
        (
            "db",
            "owners",
        ),
        (
            "threads",
            "list",
        ),
        ("memories", "recalls", "--owner", OWNER),
        ("recall", "Where do I live?", "--owner", OWNER),
        ("memories", "show", first.id, "--owner", OWNER),
        ("memories", "history", first.id, "--owner", OWNER),
        ("memories", "audit", "--owner", OWNER),
        ("memories", "review", "--owner", OWNER),
        ("memories", "sweep", "--floor", "1", "--dry-run"),
        ("threads", "show", "one"),
    ):
        result = run(*command, "--db", filled, columns=columns)
        assert result.exit_code == 0, (command, result.output)
        assert max(map(len, result.stdout.splitlines())) <= columns, command


@pytest.mark.parametrize(
    "error",
    [
        MissingOwnerError(
            "no owner was named; pass owner_id (or set owner_id or user_id in the run's context or configurable)."
        ),
        UnknownMemoryTypeError(
            "unknown memory type 'x'; use one of a, or register it with open_memory(memory_types=...)."
        ),
        InvalidMemoryError("memory m has expired; remember() it again."),
        NewerSchemaError("the file is old; open it once with open_memory(), which migrates it."),
        InvalidInputError("there is no thread; list_threads() lists those there are."),
        InvalidInputError("owner 'a' has no recall 'r'; receipts() lists those there are."),
    ],
    ids=range(6),
)
def test_errors_name_commands_and_no_calls(error: Exception) -> None:
    from langgraph_memory.cli.terminal import in_commands

    told = in_commands(str(error))

    assert "()" not in told
    assert "open_memory" not in told
    assert "configurable" not in told
    assert told.endswith(".")


@pytest.mark.parametrize(
    "arguments",
    [
        ("remember", "", "--owner", OWNER),
        ("remember", "x", "--owner", ""),
        ("remember", "Ana likes tea.", "--owner", OWNER, "--type", "mood"),
        ("remember", "The key is ghp_abcdefghijklmnopqrstuvwxyz0123456789.", "--owner", OWNER),
        ("recall", "tea", "--owner", OWNER, "--scope", "a//b"),
        ("memories", "show", "missing", "--owner", OWNER),
        ("memories", "forget", "missing", "--owner", OWNER, "--yes"),
        ("db", "import", "missing.jsonl"),
        ("memories", "explain", "missing", "--owner", OWNER),
    ],
    ids=range(9),
)
def test_what_cannot_be_done_is_one_sentence(filled: str, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--db", filled)

    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert "()" not in result.stderr


def test_the_help_documents_the_exit_codes_and_the_shell_is_completed(tmp_path: Path) -> None:
    assert "Exit codes" in run("--help").stdout
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # a test may run where no shell is above it
    environment = {**os.environ, **named, "_PYTHON -M LANGGRAPH_MEMORY_COMPLETE": "source_bash"}
    shown = subprocess.run(
        [sys.executable, "-m", "langgraph_memory", "--show-completion", "bash"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "complete" in shown.stdout


def test_a_thread_is_put_off_the_record_on_the_command_line(filled: str) -> None:
    at = ("threads", "memory", "one", "--owner", OWNER, "--db", filled)

    assert run(*at).stdout == "memory is read and learnt in one for ana.\n"
    assert answered(*at, "--no-learn")["learn"] is False
    assert answered(*at, "--no-recall") == {"thread_id": "one", "owner_id": OWNER, "recall": False, "learn": False}
    assert run(*at, "--learn", "--recall").stdout == "memory is read and learnt in one for ana.\n"
