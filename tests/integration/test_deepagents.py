"""Deep agents whose memory files are curated memories: fresh in every run, owned, within a budget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

deepagents = pytest.importorskip("deepagents")

from deepagents import create_deep_agent  # noqa: E402
from deepagents.backends import CompositeBackend, StateBackend  # noqa: E402
from langchain_core.messages import BaseMessage  # noqa: E402
from langgraph.types import Command  # noqa: E402
from support import Driver, calling, scripted  # noqa: E402

from langgraph_memory import MemoryContext, MemoryDatabase, Source, open_memory  # noqa: E402
from langgraph_memory.agents import CuratedMemoryMiddleware  # noqa: E402
from langgraph_memory.deepagents import CuratedBackend, FreshMemoryMiddleware  # noqa: E402
from langgraph_memory.errors import MissingOwnerError  # noqa: E402

ANA = MemoryContext(owner_id="ana@example.com")
BO = MemoryContext(owner_id="bo")
SAID = Source(actor="user")
PROFILE = "/memories/profile.md"


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        opened.store.remember("Ana lives in Berlin.", owner_id="ana@example.com", slot="home.city", source=SAID)
        yield opened


def agent(memory: MemoryDatabase, model: Any, *more: Any, backend: Any = None, **parts: Any) -> Any:
    backend = backend or CuratedBackend()
    fresh = FreshMemoryMiddleware(backend=backend, sources=[PROFILE])
    return create_deep_agent(
        model,
        memory=[PROFILE],
        backend=backend,
        middleware=[fresh, *more],
        checkpointer=memory.checkpointer,
        store=memory.store,
        context_schema=MemoryContext,
        **parts,
    )


def said(text: str) -> dict[str, Any]:
    return {"messages": [("user", text)]}


def thread(name: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": name}}


def texts(prompt: list[BaseMessage]) -> str:
    return "\n".join(message.text for message in prompt)


def answered(state: Any) -> list[str]:
    return [message.text for message in state["messages"] if message.type == "tool"]


def known(memory: MemoryDatabase, owner_id: str = "ana@example.com") -> list[str]:
    return [one.content for one in memory.store.list_memories(owner_id=owner_id)]


async def test_memory_is_fresh_in_every_run_of_a_thread_and_in_no_checkpoint(memory: MemoryDatabase, mode: str) -> None:
    model = scripted("Ok.")
    run = Driver(agent(memory, model), mode)
    await run.invoke(said("Hello."), thread("one"), context=ANA)
    memory.store.remember("Ana lives in Munich.", owner_id="ana@example.com", slot="home.city")

    await run.invoke(said("Hello again."), thread("one"), context=ANA)

    assert "Ana lives in Berlin." in texts(model.prompts[0])
    assert "Ana lives in Munich." in texts(model.prompts[1])
    assert "Ana lives in Berlin." not in texts(model.prompts[1])
    for saved in memory.checkpointer.list(thread("one")):
        assert "Ana lives" not in json.dumps([saved.checkpoint, saved.pending_writes], default=str)


async def test_each_owner_reads_their_own(memory: MemoryDatabase, mode: str) -> None:
    model = scripted("Ok.")

    await Driver(agent(memory, model), mode).invoke(said("Hello."), thread("one"), context=BO)

    assert "Berlin" not in texts(model.prompts[0])


async def test_a_run_that_is_resumed_reads_what_is_known_then(memory: MemoryDatabase, mode: str) -> None:
    model = scripted(calling("ls", path="/memories"), "Ok.")
    run = Driver(agent(memory, model, interrupt_on={"ls": True}), mode)
    await run.invoke(said("Hello."), thread("one"), context=ANA)
    memory.store.remember("Ana lives in Munich.", owner_id="ana@example.com", slot="home.city")

    await run.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread("one"), context=ANA)

    assert "Ana lives in Munich." in texts(model.prompts[-1])


async def test_a_resumed_run_names_nobody_and_sees_its_threads_owners_files(memory: MemoryDatabase, mode: str) -> None:
    model = scripted(calling("read_file", file_path=PROFILE), "Ok.")
    run = Driver(agent(memory, model, interrupt_on={"read_file": True}), mode)
    await run.invoke(said("Hello."), thread("one"), context=ANA)

    state = await run.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread("one"))

    assert "Ana lives in Berlin." in answered(state)[0]
    with pytest.raises(MissingOwnerError):
        await run.invoke(said("Hello."), thread("nobodys"))


async def test_an_edit_of_the_file_supersedes_the_memory(memory: MemoryDatabase, mode: str) -> None:
    edit = calling("edit_file", file_path=PROFILE, old_string="lives in Berlin", new_string="lives in Munich")

    state = await Driver(agent(memory, scripted(edit, "Ok.")), mode).invoke(
        said("I moved to Munich."), thread("one"), context=ANA
    )

    assert known(memory) == ["Ana lives in Munich."]
    (new,) = memory.store.list_memories(owner_id="ana@example.com")
    assert (new.source.actor, new.source.thread_id) == ("assistant", "one")
    assert "Error" not in answered(state)[0]


async def test_every_file_tool_works_on_the_memories(memory: MemoryDatabase, mode: str) -> None:
    note = "/memories/notes/steps.md"
    calls = [
        calling("write_file", file_path=note, content="Step 1 is done.\nStep 2 is next."),
        calling("read_file", file_path=note),
        calling("ls", path="/memories"),
        calling("ls", path="/memories/notes"),
        calling("glob", pattern="**/*.md", path="/memories"),
        calling("grep", pattern="Step 2", path="/memories"),
        calling("read_file", file_path=PROFILE, offset=0, limit=100),
    ]

    state = await Driver(agent(memory, scripted(*calls, "Ok.")), mode).invoke(said("Go."), thread("one"), context=ANA)

    _, read, listed, inside, globbed, found, profile = answered(state)
    assert "Step 2 is next." in read
    assert PROFILE in listed
    assert "/memories/notes" in listed
    assert note in inside
    assert note in globbed
    assert note in found
    assert "Ana lives in Berlin." in profile
    assert memory.store.list_memories(owner_id="ana@example.com")[0].slot == "file:notes/steps.md"


@pytest.mark.parametrize(
    "call",
    [
        calling("read_file", file_path="/memories/missing.md"),
        calling("read_file", file_path="/etc/passwd"),
        calling("write_file", file_path="/etc/passwd", content="x"),
        calling("edit_file", file_path=PROFILE, old_string="nowhere", new_string="x"),
        calling("edit_file", file_path="/memories/../profile.md", old_string="Ana", new_string="x"),
        calling("edit_file", file_path=PROFILE, old_string="Ana lives in Berlin.", new_string="x" * 60_000),
    ],
    ids=range(6),
)
async def test_a_bad_call_is_answered_and_changes_nothing(memory: MemoryDatabase, mode: str, call: Any) -> None:
    state = await Driver(agent(memory, scripted(call, "Ok.")), mode).invoke(said("Go."), thread("one"), context=ANA)

    assert "rror" in answered(state)[0] or "ath" in answered(state)[0]
    assert len(answered(state)[0]) < 400
    assert known(memory) == ["Ana lives in Berlin."]


async def test_behind_a_composite_backend_only_its_own_folder_is_remembered(memory: MemoryDatabase, mode: str) -> None:
    backend = CompositeBackend(default=StateBackend(), routes={"/memories/": CuratedBackend(root="/")})
    model = scripted(
        calling("write_file", file_path="/draft.md", content="A draft."),
        calling("edit_file", file_path=PROFILE, old_string="Berlin", new_string="Munich"),
        "Ok.",
    )

    state = await Driver(agent(memory, model, backend=backend), mode).invoke(said("Go."), thread("one"), context=ANA)

    assert "Ana lives in Berlin." in texts(model.prompts[0])
    assert known(memory) == ["Ana lives in Munich."]
    assert "/draft.md" in state["files"]


async def test_subagents_and_the_learning_middleware_work_beside_it(memory: MemoryDatabase, mode: str) -> None:
    helper = scripted("Done.")
    helper_backend = CuratedBackend(read_only=True)
    subagent = {
        "name": "helper",
        "description": "Helps.",
        "system_prompt": "Help.",
        "model": helper,
        "middleware": [
            CuratedMemoryMiddleware(),
            FreshMemoryMiddleware(backend=helper_backend, sources=[PROFILE]),
        ],
    }
    task = calling("task", description="I live in Rome and I am a pilot. Where do I live?", subagent_type="helper")
    model = scripted(task, "Ok.")
    run = Driver(agent(memory, model, CuratedMemoryMiddleware(), subagents=[subagent]), mode)

    await run.invoke(said("I work as a baker. Where do I live?"), thread("one"), context=ANA)

    assert "Ana lives in Berlin." in texts(helper.prompts[0])
    assert "Ana lives in Berlin." in texts(model.prompts[-1])
    assert any("baker" in content for content in known(memory))
    assert not any("Rome" in content or "pilot" in content for content in known(memory))


def test_a_backend_can_be_bound_to_an_owner_outside_of_a_run(memory: MemoryDatabase) -> None:
    backend = CuratedBackend(memory.store, owner_id="ana@example.com")

    assert "Berlin" in backend.read(PROFILE).file_data["content"]  # type: ignore[index]
    uploaded = backend.upload_files([("/memories/a.md", b"A note."), ("/memories/b.md", b"\xff"), ("/x", b"x")])
    assert [one.error is None for one in uploaded] == [True, False, False]
    paths = [PROFILE, "/memories/a.md", "/memories/none.md", "/memories", "/x"]
    assert [one.error for one in backend.download_files(paths)] == [
        None,
        None,
        "file_not_found",
        "is_directory",
        "invalid_path",
    ]
    assert backend.glob("../*").error is not None
    assert backend.delete("/memories/a.md").error is None
    assert backend.grep("note", "/memories", max_count=1).matches == []


@pytest.mark.parametrize("by", ["run", "thread", "owner"])
async def test_the_files_are_empty_and_closed_where_memory_is_paused(
    memory: MemoryDatabase, mode: str, by: str
) -> None:
    write = calling("write_file", file_path="/memories/note.md", content="A note.")
    model = scripted(calling("read_file", file_path=PROFILE), write, "Ok.")
    if by == "thread":
        memory.admin.set_thread_memory("one", owner_id="ana@example.com", recall=False, learn=False)
    if by == "owner":
        memory.admin.set_owner_memory(owner_id="ana@example.com", recall=False, learn=False)
        assert "Berlin" not in repr(CuratedBackend(memory.store, owner_id="ana@example.com").read(PROFILE))
    context = MemoryContext("ana@example.com", pause=by == "run")

    state = await Driver(agent(memory, model), mode).invoke(said("Hello."), thread("one"), context=context)

    assert "Berlin" not in repr(model.prompts)
    assert "can only be read" in answered(state)[1]
    assert known(memory) == ["Ana lives in Berlin."]
    assert memory.audit.receipts(owner_id="ana@example.com") == []
