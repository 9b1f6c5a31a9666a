"""The MCP server, with the SDK's own client: in process, over stdio and over HTTP with a token."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp.server.mcpserver")  # of the SDK's second version

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from support import one_sentence
from typer.testing import CliRunner

from langgraph_memory import MemoryDatabase, open_memory
from langgraph_memory.cli import app
from langgraph_memory.errors import InvalidInputError, InvalidScopeError, MissingOwnerError
from langgraph_memory.mcp import Tokens, create_server
from langgraph_memory.nodes import Identity

OWNER = "ana@example.com"
SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
ROOT = Path(__file__).parents[2]
PATIENCE = 30


@pytest.fixture
async def memory(database: str) -> AsyncIterator[MemoryDatabase]:
    async with open_memory(database) as opened:
        yield opened


@asynccontextmanager
async def connected(memory: MemoryDatabase, **how: Any) -> AsyncIterator[Client]:
    async with Client(create_server(memory.store, **({"owner_id": OWNER} | how))) as client:
        yield client


async def call(client: Client, tool: str, /, **arguments: Any) -> Any:
    """Return what a tool gives as structured output."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refused(client: Client, tool: str, /, **arguments: Any) -> str:
    """Return the sentence of a call that is an error."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    text = str(result.content[0].text)
    assert "\n" not in text
    assert text.endswith((".", ")"))
    assert len(text) < 400
    return text


async def known(memory: MemoryDatabase, owner_id: str = OWNER) -> list[str]:
    return sorted(one.content for one in await memory.store.alist_memories(owner_id=owner_id))


async def test_every_tool_says_what_it_does_to_the_memories(memory: MemoryDatabase) -> None:
    async with connected(memory) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    hints = {name: (tool.annotations.read_only_hint, tool.annotations.destructive_hint) for name, tool in tools.items()}
    assert hints == {
        "recall": (True, None),
        "list": (True, None),
        "history": (True, None),
        "explain": (True, None),
        "remember": (False, False),
        "verify": (False, False),
        "supersede": (False, True),
        "forget": (False, True),
    }
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        assert not {"owner_id", "scope", "ctx"} & set(tool.input_schema["properties"])


async def test_a_client_remembers_recalls_corrects_and_forgets(memory: MemoryDatabase) -> None:
    async with connected(memory) as client:
        stored = await call(client, "remember", content="The user lives in Berlin.", slot="home.city")
        found = await call(client, "recall", query="Where does the user live?")
        told = await call(client, "explain", recall_id=found["recall_id"])
        changed = await call(client, "supersede", memory_id=stored["memory"]["id"], content="The user lives in Munich.")
        confirmed = await call(client, "verify", memory_id=changed["memory"]["id"])
        versions = await call(client, "history", memory_id=changed["memory"]["id"])
        listed = await call(client, "list")

        assert (stored["action"], changed["action"], confirmed["action"]) == ("added", "superseded", "verified")
        assert [one["content"] for one in found["memories"]] == ["The user lives in Berlin."]
        assert "Berlin" in told["text"]
        assert [one["superseded"] for one in versions["memories"]] == [True, False]
        assert [one["content"] for one in listed["memories"]] == ["The user lives in Munich."]
        assert listed["memories"][0]["said_by"] == "assistant"

        await call(client, "forget", memory_id=changed["memory"]["id"])
        assert (await call(client, "list"))["memories"] == []


async def test_the_profile_is_a_resource_and_a_prompt(memory: MemoryDatabase) -> None:
    outcome = await memory.store.aremember("Ana lives in Berlin.", owner_id=OWNER)
    await memory.store.aremember("Bo lives in Rome.", owner_id="bo")
    assert outcome.memory is not None

    async with connected(memory) as client:
        (profile,) = (await client.read_resource("memory://profile")).contents
        (single,) = (await client.read_resource(f"memory://memories/{outcome.memory.id}")).contents
        prompt = await client.get_prompt("profile")

    assert "- Ana lives in Berlin." in profile.text
    assert "Rome" not in profile.text
    assert json.loads(single.text)["content"] == "Ana lives in Berlin."
    assert "- Ana lives in Berlin." in prompt.messages[0].content.text


async def test_the_scope_is_the_servers(memory: MemoryDatabase) -> None:
    await memory.store.aremember("The channel is red.", owner_id=OWNER, scope="org:other")
    await memory.store.aremember("The channel is blue.", owner_id=OWNER, scope="org:acme")

    async with connected(memory, scope="org:acme/project:apollo") as client:
        found = await call(client, "recall", query="channel")
        stored = await call(client, "remember", content="The deadline is in May.")

    assert [one["content"] for one in found["memories"]] == ["The channel is blue."]
    assert stored["memory"]["scope"] == "org:acme/project:apollo"


async def test_no_client_reaches_another_owner(memory: MemoryDatabase) -> None:
    theirs = (await memory.store.aremember("Bo lives in Rome.", owner_id="bo")).memory
    assert theirs is not None
    recalled = await memory.store.arecall("Rome", owner_id="bo")

    async with connected(memory) as client:
        for tool in ("history", "verify", "forget"):
            assert "no memory" in await refused(client, tool, memory_id=theirs.id)
        assert "no memory" in await refused(client, "supersede", memory_id=theirs.id, content="Bo lives in Oslo.")
        assert "recall" in await refused(client, "explain", recall_id=recalled.id)
        assert "configuration" in await refused(client, "recall", query="Rome", owner_id="bo")
        assert "configuration" in await refused(client, "list", scope="org:acme")
        with pytest.raises(Exception, match="no memory"):
            await client.read_resource(f"memory://memories/{theirs.id}")

    assert await known(memory, "bo") == ["Bo lives in Rome."]
    assert await known(memory) == []


async def test_no_client_reaches_a_scope_beside_its_own(memory: MemoryDatabase) -> None:
    beside = (await memory.store.aremember("The channel is red.", owner_id=OWNER, scope="org:other")).memory
    above = (await memory.store.aremember("The channel is blue.", owner_id=OWNER, scope="org:acme")).memory
    recalled = await memory.store.arecall("channel", owner_id=OWNER, scope="org:other")
    assert beside is not None
    assert above is not None

    async with connected(memory, scope="org:acme/project:apollo") as client:
        for tool in ("history", "verify", "forget"):
            assert "no memory" in await refused(client, tool, memory_id=beside.id)
        assert "no memory" in await refused(client, "supersede", memory_id=beside.id, content="The channel is pink.")
        assert "no recall" in await refused(client, "explain", recall_id=recalled.id)
        assert (await call(client, "history", memory_id=above.id))["memories"]

    assert await known(memory) == ["The channel is blue.", "The channel is red."]


async def test_what_its_owner_has_paused_is_neither_read_nor_stored(memory: MemoryDatabase) -> None:
    stored = (await memory.store.aremember("Ana lives in Berlin.", owner_id=OWNER)).memory
    assert stored is not None
    await memory.admin.aset_owner_memory(owner_id=OWNER, recall=False, learn=False)

    async with connected(memory) as client:
        for tool, arguments in (
            ("recall", {"query": "home"}),
            ("list", {}),
            ("history", {"memory_id": stored.id}),
            ("remember", {"content": "Ana lives in Rome."}),
            ("verify", {"memory_id": stored.id}),
        ):
            assert "paused" in await refused(client, tool, **arguments)
        for read in (client.read_resource("memory://profile"), client.get_prompt("profile")):
            with pytest.raises(Exception, match="paused"):
                await read

    assert await known(memory) == ["Ana lives in Berlin."]


async def test_a_bad_call_is_answered_with_one_sentence(memory: MemoryDatabase) -> None:
    async with connected(memory) as client:
        await refused(client, "remember")
        await refused(client, "remember", content=["a"])
        await refused(client, "remember", content="x" * 100_000)
        await refused(client, "remember", content="")
        await refused(client, "remember", content="The user probably likes tea.", memory_type="mood")
        await refused(client, "remember", content="The user likes tea.", memory_type="mood")
        await refused(client, "recall", query="tea", limit=0)
        await refused(client, "recall", query="tea", limit=10**9)
        await refused(client, "recall", query={"a": 1})
        await refused(client, "list", offset=-1)
        await refused(client, "forget", memory_id="no-such-id")
        await refused(client, "history", memory_id="../../etc/passwd")
        await refused(client, "nothing")

    assert await known(memory) == []


async def test_the_guard_refuses_a_secret_from_a_client(memory: MemoryDatabase) -> None:
    async with connected(memory) as client:
        told = await call(client, "remember", content=f"The user's token is {SECRET}.")

    assert told["action"] == "refused"
    assert SECRET not in json.dumps(told)
    assert await known(memory) == []


async def test_a_server_for_reading_offers_nothing_else(memory: MemoryDatabase) -> None:
    async with connected(memory, read_only=True) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"recall", "list", "history", "explain"}
        await refused(client, "remember", content="The user lives in Berlin.")


async def test_a_closed_database_is_told_in_one_sentence(memory: MemoryDatabase) -> None:
    async with connected(memory) as client:
        await memory.aclose()
        assert "closed" in await refused(client, "recall", query="tea")


def test_what_names_no_owner_makes_no_server(path: str) -> None:
    token = Tokens.hash_of("a-token-that-is-long")
    with open_memory(path) as memory:
        for error, how in (
            (InvalidInputError, {}),
            (InvalidInputError, {"owner_id": "ana", "tokens": Tokens({token: Identity("ana", "global")})}),
            (MissingOwnerError, {"owner_id": ""}),
            (MissingOwnerError, {"tokens": Tokens({token: Identity("", "global")})}),
            (InvalidScopeError, {"owner_id": "ana", "scope": "a//b"}),
        ):
            with pytest.raises(error) as caught:
                create_server(memory.store, **how)  # type: ignore[arg-type]
            one_sentence(caught.value)
    for make in (lambda: Tokens({}), lambda: Tokens.hash_of("short")):
        with pytest.raises(InvalidInputError) as caught:
            make()
        one_sentence(caught.value)


def command(*arguments: str) -> list[str]:
    return ["-m", "langgraph_memory", "mcp", *arguments]


async def test_a_client_starts_it_over_stdio(database: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = command("--db", database, "--owner", OWNER)
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=environment)

    async with asyncio.timeout(PATIENCE):
        async with Client(stdio_client(parameters)) as client:
            await call(client, "remember", content="The user lives in Berlin.")
        async with Client(stdio_client(parameters)) as client:
            found = await call(client, "recall", query="Where does the user live?")
            assert "configuration" in await refused(client, "recall", query="Rome", owner_id="bo")

    assert [one["content"] for one in found["memories"]] == ["The user lives in Berlin."]


@asynccontextmanager
async def serving(*arguments: str, **environment: str) -> AsyncIterator[str]:
    """Serve over HTTP in another process, and yield where."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command("--http", "--port", str(port), *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)


@asynccontextmanager
async def over_http(url: str, token: str | None) -> AsyncIterator[Client]:
    from mcp.client.streamable_http import httpx2

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        asyncio.timeout(PATIENCE),
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def asked(url: str, **headers: str) -> Any:
    """Return what the server answers to a bare request for its tools."""
    from mcp.client.streamable_http import httpx2

    accept = {"Accept": "application/json, text/event-stream"}
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(headers={**accept, **headers}) as http:
        return await http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})


async def test_over_http_a_client_is_known_by_its_token(path: str, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        f'[[tokens]]\ntoken = "token-of-ana-0123456789"\nowner = "{OWNER}"\n'
        f'[[tokens]]\nsha256 = "{Tokens.hash_of("token-of-bo-0123456789")}"\nowner = "bo"\nscope = "org:acme"\n'
    )

    async with serving("--db", path, "--token-file", str(tokens)) as url:
        async with over_http(url, "token-of-ana-0123456789") as client:
            await call(client, "remember", content="Ana lives in Berlin.")
        async with over_http(url, "token-of-bo-0123456789") as client:
            assert (await call(client, "list"))["memories"] == []
            stored = await call(client, "remember", content="The deadline is in May.")
            assert stored["memory"]["scope"] == "org:acme"
            (profile,) = (await client.read_resource("memory://profile")).contents
            assert "Berlin" not in profile.text
        for token in ("x", "token-of-nobody-0123456789", Tokens.hash_of("token-of-bo-0123456789")):
            assert (await asked(url, Authorization=f"Bearer {token}")).status_code == 401
        assert (await asked(url)).status_code == 401

    with open_memory(path) as memory:
        assert await known(memory) == ["Ana lives in Berlin."]


async def test_over_http_a_foreign_host_is_refused(path: str) -> None:
    token = "token-of-ana-0123456789"
    known_by = {"Authorization": f"Bearer {token}"}

    async with serving("--db", path, "--owner", OWNER, LANGGRAPH_MEMORY_MCP_TOKEN=token) as url:
        foreign = await asked(url, Host="evil.example", **known_by)
        crossed = await asked(url, Origin="http://evil.example", **known_by)
        fine = await asked(url, **known_by)

    assert (foreign.status_code, crossed.status_code) == (421, 403)
    assert fine.status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [
        ["mcp"],
        ["mcp", "--owner", ""],
        ["mcp", "--http"],
        ["mcp", "--http", "--owner", "ana"],
        ["mcp", "--http", "--token-file", "missing.toml"],
        ["mcp", "--http", "--owner", "ana", "--token-file", "missing.toml"],
        ["mcp", "--owner", "ana", "--scope", "a//b"],
        ["mcp", "--owner", "ana", "--db", ":memory:"],
    ],
    ids=range(8),
)
def test_what_cannot_be_served_is_one_sentence(path: str, arguments: list[str]) -> None:
    if "--db" not in arguments:
        arguments = [*arguments, "--db", path]

    told = CliRunner().invoke(app, arguments, env={"LANGGRAPH_MEMORY_MCP_TOKEN": ""})

    assert told.exit_code == 1
    assert told.stderr.startswith("error: ")
    assert len(told.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["tokens = 3", "[[tokens]]\nowner = 'ana'", "[[tokens]]\ntoken = 'short'\nowner = 'a'", "x"]
)
def test_a_token_file_that_cannot_be_used_is_named(path: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens.toml").write_text(text)

    told = CliRunner().invoke(app, ["mcp", "--http", "--db", path, "--token-file", str(tmp_path / "tokens.toml")])

    assert told.exit_code == 1
    assert len(told.stderr.strip().splitlines()) == 1
