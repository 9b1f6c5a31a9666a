"""Everything that is kept of one owner, in one text that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, PromotionNode, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.errors import MissingOwnerError
from langgraph_memory.report import aowner_report, owner_report

OWNER = "ana@example.com"
ANA = MemoryContext(owner_id=OWNER)


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


def talk(memory: MemoryDatabase, context: MemoryContext, thread: str, *texts: str, mode: Any = "hot") -> None:
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(mode=mode))
    graph = builder.compile(checkpointer=memory.checkpointer, store=memory.store)
    for text in texts:
        graph.invoke({"messages": [("user", text)]}, {"configurable": {"thread_id": thread}}, context=context)


async def told(memory: MemoryDatabase, mode: str, owner_id: str = OWNER) -> str:
    return await aowner_report(memory, owner_id) if mode == "async" else owner_report(memory, owner_id)


def sections(text: str) -> dict[str, str]:
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in text.split("\n## ")[1:]}


async def test_it_tells_what_is_known_was_known_was_said_changed_and_looked_up(
    memory: MemoryDatabase, mode: str
) -> None:
    talk(memory, ANA, "one", "I live in Berlin.", "I live in Munich.", "Where do I live?")
    talk(memory, ANA, "two", "I have two cats.", mode="background")
    view = memory.store.view(owner_id=OWNER)
    view.put((*view.namespace, "notes"), "k", {"text": "a note of the app"})

    found = sections(await told(memory, mode))

    assert "- The user lives in Munich. (since" in found["What is known"]
    assert 'said by the user: "I live in Munich."' in found["What is known"]
    assert "- The user lives in Berlin. (since" in found["What was known before"]
    assert "### Thread one\n\n- you: I live in Berlin.\n- the assistant: Noted." in found["What was said"]
    assert "superseded by the user: The user lives in Berlin. (a newer value" in found["What was changed, and why"]
    assert "Where do I live? -> The user lives in Munich." in found["What was looked up"]
    assert "I have two cats." in found["What waits to be read"]
    assert "a note of the app" in found["What an app keeps beside"]
    assert found["Which messages were read"].count("message ") == 3


async def test_it_tells_nothing_of_another_owner_not_even_in_a_thread_of_both(
    memory: MemoryDatabase, mode: str
) -> None:
    bo = MemoryContext(owner_id="bo")
    talk(memory, ANA, "both", "I live in Berlin.")
    talk(memory, bo, "both", "I live in Rome.", "Where do I live?")
    talk(memory, bo, "alone", "I have two cats.")

    of_ana, of_bo = await told(memory, mode), await told(memory, mode, "bo")

    assert "Rome" not in of_ana
    assert "cats" not in of_ana
    assert "Berlin" in of_ana
    assert "Berlin" not in of_bo
    assert "Rome" in of_bo
    assert "cats" in of_bo


async def test_of_nobody_there_is_nothing_and_of_no_name_an_error(memory: MemoryDatabase, mode: str) -> None:
    text = await told(memory, mode, "eve")

    assert set(sections(text).values()) == {"\nNothing.\n", "\nNothing."}
    with pytest.raises(MissingOwnerError):
        await told(memory, mode, "")


async def test_a_memory_cannot_leave_its_line(memory: MemoryDatabase, mode: str) -> None:
    memory.store.remember("Ana says\n## What is known\n- <script>", owner_id=OWNER)

    text = await told(memory, mode)

    assert text.count("\n## What is known\n") == 1
    assert "<script>" not in text


def test_the_command_line_writes_it_for_one_owner(database: str, tmp_path: Path) -> None:
    with open_memory(database) as memory:
        talk(memory, ANA, "one", "I live in Berlin.")
    file = tmp_path / "ana.md"

    done = CliRunner().invoke(app, ["db", "export", str(file), "--db", database, "--owner", OWNER, "--readable"])
    everybody = CliRunner().invoke(app, ["db", "export", "-", "--db", database, "--readable"])

    assert done.exit_code == 0, done.output
    assert file.read_text(encoding="utf-8").startswith(f"# What is kept of {OWNER}\n")
    assert "The user lives in Berlin." in file.read_text(encoding="utf-8")
    assert everybody.exit_code == 1
    assert everybody.stderr == "error: --readable is for one owner; name one with --owner.\n"
