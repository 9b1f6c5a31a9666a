"""`langgraph dev` serves the ready graph on the package's own checkpointer and store."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from langgraph_memory import MemoryContext, OfflineChatModel, PromotionWorker, build_graph, open_memory
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.server import checkpointer, promotion, store

ROOT = Path(__file__).parents[2]
READY = "background workers"
TOKEN = "for the administrator"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "served.db"


@pytest.fixture
def client(tmp_path: Path, database: Path) -> Iterator[SyncLangGraphClient]:
    """A client of a server on the package's own checkpointer and store, with the inspector beside them."""
    with serving(tmp_path / "ours", database, {"http": {"app": "langgraph_memory.http.served:app"}}) as connected:
        yield connected


@pytest.fixture
def plain_client(tmp_path: Path, database: Path) -> Iterator[SyncLangGraphClient]:
    """A client of a server on the checkpointer and store that LangGraph's own server has."""
    with serving(tmp_path / "theirs", database, {"store": None, "checkpointer": None}) as connected:
        yield connected


@contextmanager
def serving(folder: Path, database: Path, changed: dict[str, Any]) -> Iterator[SyncLangGraphClient]:
    """Start a server in a copy of the graphs, wait until it says that it is ready, and stop it afterwards."""
    folder.mkdir()
    settings = json.loads((ROOT / "langgraph.json").read_text())
    settings = {name: value for name, value in {**settings, **changed}.items() if value is not None}
    (folder / "langgraph.json").write_text(json.dumps(settings))
    (folder / "langgraph_memory.toml").write_text('receipts = "ids"\n')
    shutil.copytree(ROOT / "graphs", folder / "graphs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)],
        cwd=folder,
        env={
            **os.environ,
            "LANGGRAPH_MEMORY_DB": str(database),
            "LANGGRAPH_MEMORY_TOKEN": TOKEN,
            "LANGSMITH_TRACING": "false",
            "LANGGRAPH_CLI_NO_ANALYTICS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = Timer(90, server.kill)
    deadline.start()
    try:
        assert server.stdout is not None
        log = []
        for line in server.stdout:
            log.append(line)
            if READY in line:
                break
        else:
            pytest.fail("the server ended before it was ready:\n" + "".join(log))
        with get_sync_client(url=f"http://127.0.0.1:{port}") as connected:
            yield connected
    finally:
        deadline.cancel()
        server.kill()
        server.communicate()


@pytest.mark.server
def test_a_served_assistant_remembers_across_threads(client: SyncLangGraphClient, database: Path) -> None:
    outputs: set[tuple[str, ...]] = set()

    def say(text: str) -> str:
        thread = client.threads.create()
        said = {"messages": [{"role": "user", "content": text}]}
        state = client.runs.wait(thread["thread_id"], "assistant", input=said, context={"owner_id": "ana@example.com"})
        outputs.update((tuple(state), tuple(client.threads.get_state(thread["thread_id"])["values"])))
        return str(state["messages"][-1]["content"])

    say("I live in Berlin.")
    answer = say("Where do I live?")
    items = client.store.search_items(["curated", "ana@example%2Ecom"])["items"]

    assert "Berlin" in answer
    assert outputs == {("messages",)}
    assert [item["value"]["content"] for item in items] == ["The user lives in Berlin."]
    with open_memory(database) as memory:
        assert len(memory.checkpointer.list_threads()) == 2
        assert len(memory.store.list_memories(owner_id="ana@example.com")) == 1
        assert all(
            one.body.get("query") is None for one in memory.audit.receipts(owner_id="ana@example.com", kind="recall")
        )


@pytest.mark.server
def test_every_graph_is_served_and_answers(client: SyncLangGraphClient) -> None:
    served = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
    said = {"messages": [{"role": "user", "content": "Where do I live?"}]}

    for name in served:
        thread = client.threads.create()
        context = {"owner_id": "ana", **({"organisation": "acme"} if name == "support_desk" else {})}
        state = client.runs.wait(thread["thread_id"], name, input=said, context=context)
        assert state["messages"][-1]["content"] == "I do not know that yet.", name


@pytest.mark.server
def test_a_served_assistant_shows_its_memories_to_who_has_the_token(
    client: SyncLangGraphClient, database: Path
) -> None:
    thread = client.threads.create()
    said = {"messages": [{"role": "user", "content": "I live in Berlin."}]}
    client.runs.wait(thread["thread_id"], "assistant", input=said, context={"owner_id": "ana"})
    site = client.http.client

    assert site.get("/memory/api/owners").status_code == 401
    owners = site.get("/memory/api/owners", headers={"Authorization": f"Bearer {TOKEN}"})
    assert owners.json() == [{"owner_id": "ana", "memories": 1, "live": 1}]
    assert len(client.threads.search()) == 1  # the server's own routes are where they were


@pytest.mark.server
def test_items_are_searched_as_by_the_default_store(
    client: SyncLangGraphClient, plain_client: SyncLangGraphClient
) -> None:
    values = {
        "tea": {"text": "green tea", "rank": 1},
        "cat": {"text": "a cat", "rank": 2},
        "dog": {"text": "a dog", "rank": 3},
    }
    for one in (client, plain_client):
        for key, value in values.items():
            one.store.put_item(["things", "ana"], key, value)
        one.store.put_item(["things", "bo"], "owl", {"text": "an owl"})

    for search in (
        {},
        {"limit": 2},
        {"limit": 2, "offset": 2},
        {"filter": {"rank": 1}},
        {"filter": {"rank": {"$gte": 2}}},
        {"filter": {"text": "nothing"}},
        {"query": "cat", "limit": 10},
    ):
        ours, theirs = (one.store.search_items(["things", "ana"], **search)["items"] for one in (client, plain_client))
        if search.get("limit") != 2:  # of which two come first nothing is promised
            assert {item["key"] for item in ours} == {item["key"] for item in theirs}, search
        assert len(ours) == len(theirs), search
        assert [set(item) for item in ours] == [set(item) for item in theirs], search
    ours, theirs = (one.store.list_namespaces(prefix=["things"]) for one in (client, plain_client))
    assert sorted(ours["namespaces"]) == sorted(theirs["namespaces"])


async def test_the_parts_of_a_server_share_one_database_and_its_worker(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text(f"database = '{database}'\nbackground = true\nreflect_every = 24\n")
    monkeypatch.setenv("LANGGRAPH_MEMORY_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.delenv("LANGGRAPH_MEMORY_DB", raising=False)

    async with checkpointer() as saver, store() as curated:
        working = [one.name for one in enumerate_threads() if one.name == "langgraph_memory-promotion"]
        graph = build_graph(OfflineChatModel(), promotion=promotion()).compile(checkpointer=saver, store=curated)
        config: Any = {"configurable": {"thread_id": "one"}}
        said: Any = {"messages": [("user", "I live in Berlin.")]}
        await graph.ainvoke(said, config, context=MemoryContext(owner_id="ana"))
        jobs = await curated.jobs.apending(owner_id="ana")

    assert len(working) == 1
    assert [job.thread_id for job in jobs] == ["one"]
    assert not [one for one in enumerate_threads() if one.name == "langgraph_memory-promotion"]
    with open_memory(database) as memory:
        PromotionWorker(memory.store).drain()
        assert [one.content for one in memory.store.list_memories(owner_id="ana")] == ["The user lives in Berlin."]


async def test_a_server_with_wrong_settings_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").write_text("recipts = 'ids'\n")
    monkeypatch.setenv("LANGGRAPH_MEMORY_CONFIG", str(tmp_path / "settings.toml"))

    for part in (checkpointer, store):
        with pytest.raises(InvalidInputError, match=r"settings\.toml: there is no setting 'recipts'"):
            async with part():
                pass
