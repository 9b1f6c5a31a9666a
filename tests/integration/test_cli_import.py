"""`langgraph-memory import` takes in what LangGraph's own SQLite classes wrote."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.sqlite import SqliteStore
from typer.testing import CliRunner

from langgraph_memory import MemoryContext, OfflineChatModel, build_graph, open_memory
from langgraph_memory.cli import app

THREAD = {"configurable": {"thread_id": "old"}}
ANA = MemoryContext(owner_id="ana")


def written_by_upstream(file: Path) -> None:
    with open_memory(":memory:") as memory, SqliteSaver.from_conn_string(str(file)) as saver:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=saver, store=memory.store)
        for text in ("My cat is called Tom.", "Thanks!", "What is my cat called?"):
            graph.invoke({"messages": [("user", text)]}, THREAD, context=ANA)
    with SqliteStore.from_conn_string(str(file)) as store:
        store.setup()
        store.put(("docs", "ana"), "k", {"text": "hello"})


def test_a_thread_resumes_and_an_item_is_there_after_an_import_that_can_be_repeated(tmp_path: Path) -> None:
    old, new = tmp_path / "old.sqlite", tmp_path / "new.db"
    written_by_upstream(old)
    before = old.read_bytes()

    first = CliRunner().invoke(app, ["db", "import", str(old), "--db", str(new)])
    again = CliRunner().invoke(app, ["db", "import", str(old), "--db", str(new)])

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert "imported 1 thread with 15 checkpoints, and 1 item." in first.output
    assert "imported 1 thread with 0 checkpoints, 15 there already" in again.output
    assert f"{len(before):,} bytes" in first.output
    assert old.read_bytes() == before
    with open_memory(new) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        answer = graph.invoke({"messages": [("user", "What is my cat called?")]}, THREAD, context=ANA)
        item = memory.store.get(("docs", "ana"), "k")
    assert "Tom" in answer["messages"][-1].text
    assert len(answer["messages"]) == 8
    assert item is not None
    assert item.value == {"text": "hello"}


def test_a_source_that_is_missing_or_foreign_or_the_target_is_one_sentence(tmp_path: Path) -> None:
    foreign, new = tmp_path / "notes.db", tmp_path / "new.db"
    with sqlite3.connect(foreign) as theirs:
        theirs.execute("CREATE TABLE notes (body TEXT)")
    theirs.close()
    with open_memory(new):
        pass

    told = [
        CliRunner().invoke(app, ["db", "import", str(source), "--db", str(new)])
        for source in (tmp_path / "none.db", foreign, new)
    ]

    assert [one.exit_code for one in told] == [1, 1, 1]
    assert all(one.stderr.startswith("error: ") and one.stderr.count("\n") == 1 for one in told)


def test_a_source_that_cannot_be_imported_creates_no_target(tmp_path: Path) -> None:
    own, text, new = tmp_path / "own.db", tmp_path / "notes.txt", tmp_path / "new.db"
    with open_memory(own):
        pass
    text.write_text("no database, but long enough to look like one " * 50)

    told = [CliRunner().invoke(app, ["db", "import", str(source), "--db", str(new)]) for source in (own, text)]

    assert [one.exit_code for one in told] == [1, 1]
    assert "copy it with the command db copy" in told[0].stderr
    assert not new.exists()
