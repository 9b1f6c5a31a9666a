"""Each graph that `langgraph.json` serves does what its file says, on both engines, with sync and async runs."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import StateGraph
from langgraph.types import Command
from support import Driver

from langgraph_memory import MemoryDatabase, PromotionWorker, open_memory

ROOT = Path(__file__).parents[2]
SERVED = json.loads((ROOT / "langgraph.json").read_text())["graphs"]


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the graphs as they are without a table of settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("MODEL", "CONFIG", "DB", "BACKGROUND"):
        monkeypatch.delenv(f"LANGGRAPH_MEMORY_{name}", raising=False)


def module(name: str) -> Any:
    file = ROOT / SERVED[name].partition(":")[0]
    spec = spec_from_file_location(f"graphs_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Chat:
    """A served graph on a database, spoken to as a client does."""

    def __init__(self, name: str, memory: MemoryDatabase, mode: str) -> None:
        graph = module(name).graph
        on = {"checkpointer": memory.checkpointer, "store": memory.store}
        self.run = Driver(graph.compile(**on) if isinstance(graph, StateGraph) else graph.copy(on), mode)

    async def say(self, *messages: Any, thread: str, **context: Any) -> str:
        given = {"messages": [("user", one) if isinstance(one, str) else one for one in messages]}
        state = await self.run.invoke(given, {"configurable": {"thread_id": thread}}, context=context)
        return str(state["messages"][-1].text)


def known(memory: MemoryDatabase, owner_id: str) -> list[str]:
    return [one.content for one in memory.store.list_memories(owner_id=owner_id)]


@pytest.mark.parametrize("name", SERVED)
def test_a_graph_stands_on_public_names(name: str) -> None:
    tree = ast.parse((ROOT / SERVED[name].partition(":")[0]).read_text())
    taken = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    ours = [one for one in taken if one.module and one.module.split(".")[0] == "langgraph_memory"]

    assert ours
    for one in ours:
        assert one.module is not None
        home = __import__(one.module, fromlist=["__all__"])
        public = getattr(home, "__all__", None) or [name for name in dir(home) if not name.startswith("_")]
        assert {name.name for name in one.names} <= set(public), one.module
        assert len(one.module.split(".")) <= 2, f"{one.module} is no public module"


@pytest.mark.parametrize("name", ["assistant", "agent", "coding_agent"])
async def test_an_assistant_knows_in_a_new_thread_what_was_said_in_another(
    name: str, memory: MemoryDatabase, mode: str
) -> None:
    chat = Chat(name, memory, mode)

    await chat.say("I live in Berlin.", thread="one", owner_id="ana")
    answer = await chat.say("Where do I live?", thread="two", owner_id="ana")
    others = await chat.say("Where do I live?", thread="three", owner_id="bo")

    assert "Berlin" in answer
    assert "Berlin" not in others
    assert known(memory, "ana") == ["The user lives in Berlin."]


async def test_what_a_customer_says_of_a_project_stays_in_it(memory: MemoryDatabase, mode: str) -> None:
    chat = Chat("support_desk", memory, mode)
    cid = {"owner_id": "cid", "organisation": "acme"}

    await chat.say("Our database is PostgreSQL.", thread="one", project="apollo", **cid)
    same = await chat.say("Which database do we use?", thread="two", project="apollo", **cid)
    other = await chat.say("Which database do we use?", thread="three", project="zeus", **cid)

    assert "PostgreSQL" in same
    assert "PostgreSQL" not in other


async def test_what_a_person_found_out_is_told_to_everybody_of_the_organisation(
    memory: MemoryDatabase, mode: str
) -> None:
    chat = Chat("support_desk", memory, mode)
    cid, dee = ({"owner_id": name, "organisation": "acme", "project": "apollo"} for name in ("cid", "dee"))
    eve = {"owner_id": "eve", "organisation": "other", "project": "apollo"}
    asked = "The export fails. Can I talk to a person?"
    thread = {"configurable": {"thread_id": "one"}}

    state = await chat.run.invoke({"messages": [("user", asked)]}, thread, context=cid)
    waiting = state["__interrupt__"][0].value
    resumed = {"answer": "A person here: it is fixed.", "for_everybody": "The export needs version 5.2 of the client."}
    done = await chat.run.invoke(Command(resume=resumed), thread, context=cid)
    question = "Which version of the client does the export need?"
    colleague = await chat.say(question, thread="two", **dee)
    stranger = await chat.say(question, thread="three", **eve)

    assert waiting["question"] == asked
    assert done["messages"][-1].text == "A person here: it is fixed."
    assert "5.2" in colleague
    assert "5.2" not in stranger
    assert known(memory, "org:acme") == ["The export needs version 5.2 of the client."]


async def test_a_support_desk_says_what_its_context_lacks(memory: MemoryDatabase, mode: str) -> None:
    with pytest.raises(ValueError, match=r"a support desk needs context=.*organisation"):
        await Chat("support_desk", memory, mode).say("Hello.", thread="one", owner_id="cid")


async def test_a_coding_agent_reads_the_rules_and_skills_of_its_project_anew(memory: MemoryDatabase, mode: str) -> None:
    store = memory.store
    here: dict[str, Any] = {"owner_id": "dev", "scope": "project:apollo"}
    chat = Chat("coding_agent", memory, mode)
    store.remember("Never push to main.", memory_type="rule", **here)
    steps = "Release: run the tests, tag, push the tag."
    store.remember(steps, memory_type="skill", slot="file:skills/release.md", **here)

    before = await chat.say("May I push to main?", thread="one", **here)
    how = await chat.say("How do I make a release?", thread="one", **here)
    elsewhere = await chat.say("How do I make a release?", thread="two", owner_id="dev", scope="project:zeus")
    store.remember("Never push to main, or to develop.", memory_type="rule", **here)
    after = await chat.say("May I push to develop?", thread="one", **here)

    assert "Never push to main." in before
    assert "tag" in how
    assert "tag" not in elsewhere
    assert "develop" in after


async def test_in_a_group_chat_each_one_is_remembered_for_themselves(memory: MemoryDatabase, mode: str) -> None:
    chat = Chat("group_chat", memory, mode)

    def by(name: str, text: str) -> dict[str, str]:
        return {"role": "user", "name": name, "content": text}

    await chat.say(
        by("Ana", "I live in Berlin."), by("Bo", "I live in Oslo."), by("Guest 7", "I live in Rome."),
        thread="room", owner_id="ana",
    )  # fmt: skip
    mine = await chat.say(by("Bo", "Where do I live?"), thread="alone", owner_id="bo")

    assert known(memory, "ana") == ["The user lives in Berlin."]
    assert known(memory, "bo") == ["The user lives in Oslo."]
    assert "Oslo" in mine
    assert "Berlin" not in mine
    assert not any("Rome" in one for owner in ("ana", "bo", "guest 7") for one in known(memory, owner))


async def test_in_the_background_a_turn_is_queued_and_a_worker_reads_it(memory: MemoryDatabase, mode: str) -> None:
    chat = Chat("background", memory, mode)

    await chat.say("I live in Berlin.", thread="one", owner_id="ana")
    at_once = known(memory, "ana")
    waiting = [job.waiting for job in memory.jobs.pending(owner_id="ana")]
    PromotionWorker(memory.store, model=module("background").model).drain()
    answer = await chat.say("Where do I live?", thread="two", owner_id="ana")

    assert at_once == []
    assert waiting == [1]
    assert "Berlin" in answer
