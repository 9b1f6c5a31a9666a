"""`langgraph-memory copy` moves a database to another one, ours or one that LangGraph's own classes wrote."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import psycopg
import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.postgres import PostgresStore
from typer.testing import CliRunner, Result

from langgraph_memory import MemoryContext, OfflineChatModel, build_graph, open_memory
from langgraph_memory.cli import app

THREAD = {"configurable": {"thread_id": "chat"}}
ANA = MemoryContext(owner_id="ana")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def talk(db: object, *texts: str) -> str:
    """Say something in a thread of a database, and return the last answer."""
    with open_memory(str(db)) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        for text in texts:
            answer = graph.invoke({"messages": [HumanMessage(text)]}, THREAD, context=ANA)
    return str(answer["messages"][-1].text)


def refused(*arguments: object) -> str:
    """Return the one sentence with which a command ends."""
    told = run(*arguments)
    assert told.exit_code == 1, told.output
    assert told.stderr.startswith("error: ")
    assert told.stderr.count("\n") == 1
    return told.stderr


def test_a_file_is_copied_to_a_server_and_back_and_both_sizes_are_printed(tmp_path: Path, postgres_url: str) -> None:
    old, home = tmp_path / "old.db", tmp_path / "home.db"
    talk(old, "My cat is called Tom.", "Thanks!")
    before = old.read_bytes()

    out = run("db", "copy", old, postgres_url)
    back = run("db", "copy", postgres_url, home)

    assert (out.exit_code, back.exit_code) == (0, 0), out.output + back.output
    assert old.read_bytes() == before
    checksums = [re.findall(r"\(([0-9a-f]{32})\); the same in both", one.output) for one in (out, back)]
    assert len(checksums[0]) == 2
    assert checksums[0] == checksums[1]
    assert "10 checkpoints" in out.output
    assert f"{old}: {len(before):,} bytes" in out.output
    assert len(re.findall(r": [\d,]+ bytes", out.output)) == 2
    assert "Tom" in talk(home, "What is my cat called?")


def test_the_password_of_a_url_is_not_printed(tmp_path: Path, postgres_url: str) -> None:
    talk(tmp_path / "old.db", "Hello.")
    password = postgres_url.split(":")[2].partition("@")[0]

    told = [
        run("db", "copy", tmp_path / "old.db", postgres_url),
        run("db", "copy", postgres_url, tmp_path / "new.db"),
        run("db", "copy", postgres_url + "_missing", tmp_path / "new.db"),
        run("db", "copy", tmp_path / "old.db", postgres_url + "_missing"),
    ]

    assert [one.exit_code for one in told] == [0, 0, 1, 1], [one.output + str(one.exception) for one in told]
    assert all(password not in one.output + one.stderr for one in told)


def test_another_run_says_what_was_there_already(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    talk(old, "My cat is called Tom.")
    run("db", "copy", old, new)

    again = run("db", "copy", old, new)

    assert again.exit_code == 0, again.output
    assert "threads (1 were there already)" in again.output


def test_what_only_the_target_holds_is_named(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    talk(old, "My cat is called Tom.")
    run("db", "copy", old, new)
    with open_memory(old) as memory:
        memory.checkpointer.delete_thread("chat")

    again = run("db", "copy", old, new)

    assert again.exit_code == 0, again.output
    assert "only in the target, where they stay: thread 'chat'." in again.output


def test_what_upstream_wrote_to_a_file_is_recognised_and_imported(tmp_path: Path) -> None:
    old, new = tmp_path / "old.sqlite", tmp_path / "new.db"
    with open_memory(":memory:") as memory, SqliteSaver.from_conn_string(str(old)) as saver:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=saver, store=memory.store)
        graph.invoke({"messages": [HumanMessage("My cat is called Tom.")]}, THREAD, context=ANA)

    told = run("db", "copy", f"sqlite:///{old}", new)

    assert told.exit_code == 0, told.output
    assert "imported 1 thread with 5 checkpoints, and 0 items." in told.output
    assert "Tom" in talk(new, "What is my cat called?")


@pytest.mark.parametrize("command", ["copy", "import"])
def test_what_upstream_wrote_to_a_server_is_recognised_and_imported(
    tmp_path: Path, postgres_url: str, command: str
) -> None:
    with open_memory(":memory:") as memory, PostgresSaver.from_conn_string(postgres_url) as saver:
        saver.setup()
        graph = build_graph(OfflineChatModel()).compile(checkpointer=saver, store=memory.store)
        graph.invoke({"messages": [HumanMessage("My cat is called Tom.")]}, THREAD, context=ANA)
    with PostgresStore.from_conn_string(postgres_url) as store:
        store.setup()
        store.put(("docs", "ana"), "k", {"text": "hello"})

    target = [tmp_path / "new.db"] if command == "copy" else ["--db", tmp_path / "new.db"]
    told = run("db", command, postgres_url, *target)

    assert told.exit_code == 0, told.output
    assert "imported 1 thread with 5 checkpoints, and 1 item." in told.output
    assert "Tom" in talk(tmp_path / "new.db", "What is my cat called?")


def test_a_source_that_is_missing_or_of_nobody_we_know_is_refused(tmp_path: Path, postgres_url: str) -> None:
    foreign, text, new = tmp_path / "notes.db", tmp_path / "notes.txt", tmp_path / "new.db"
    with sqlite3.connect(foreign) as theirs:
        theirs.execute("CREATE TABLE notes (body TEXT)")
    theirs.close()
    text.write_text("no database, but long enough to look like one " * 50)
    with psycopg.connect(postgres_url) as server:
        server.execute("CREATE TABLE notes (body text)")

    assert "there is no file" in refused("db", "copy", tmp_path / "none.db", new)
    assert "neither this package's tables nor" in refused("db", "copy", foreign, new)
    assert "neither this package's tables nor" in refused("db", "copy", postgres_url, new)
    assert "not a readable SQLite database" in refused("db", "copy", text, new)
    assert "mysql" in refused("db", "copy", "mysql://host/db", new)
    assert "no PostgreSQL URL" in refused("db", "copy", "postgresql://user:pass@word@host:port/db", new)
    assert "lives in one process only" in refused("db", "copy", ":memory:", new)
    assert not new.exists()


def test_a_target_that_cannot_be_copied_to_is_refused(tmp_path: Path, postgres_url: str) -> None:
    old, newer, foreign = tmp_path / "old.db", tmp_path / "newer.db", tmp_path / "notes.db"
    talk(old, "Hello.")
    with open_memory(newer):
        pass
    with sqlite3.connect(newer) as ours:
        ours.execute("INSERT INTO memory_migration VALUES (999, 'to come')")
    ours.close()
    with sqlite3.connect(foreign) as theirs:
        theirs.execute("CREATE TABLE notes (body TEXT)")
    theirs.close()
    (tmp_path / "link.db").symlink_to(old)

    assert "schema version 999" in refused("db", "copy", old, newer)
    assert "another application's tables" in refused("db", "copy", old, foreign)
    assert "into itself" in refused("db", "copy", old, old)
    assert "into itself" in refused("db", "copy", old, tmp_path / "link.db")
    assert "mysql" in refused("db", "copy", old, "mysql://host/db")
    run("db", "copy", old, postgres_url)
    assert "one database" in refused("db", "copy", postgres_url, postgres_url + "?connect_timeout=5")


def test_a_thread_that_was_continued_in_the_target_is_named(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    talk(old, "Hello.")
    run("db", "copy", old, new)
    talk(new, "And on.")

    told = refused("db", "copy", old, new)

    assert "thread 'chat'" in told
