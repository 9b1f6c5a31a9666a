"""Serves a database to others: the inspector to a browser, the memories of an owner to MCP clients."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    Database,
    Host,
    ReadOnly,
    Scope,
    Served,
    extra,
    file_of,
    opened,
    safe,
)
from langgraph_memory.errors import InvalidInputError, without_password

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
TOKEN_VARIABLE = "LANGGRAPH_MEMORY_MCP_TOKEN"  # noqa: S105 - where a token is, not one


def inspect(
    db: Annotated[
        str, typer.Argument(envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path or a postgresql:// URL.")
    ] = DEFAULT_DATABASE,
    owner: Served = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="LANGGRAPH_MEMORY_TOKEN", help="What lets in; by default a new one each time."),
    ] = None,
    read_only: ReadOnly = False,
) -> None:
    """Show a database in the browser: memories, why they are recalled, threads, and what to correct."""
    uvicorn = extra("uvicorn", "the inspector", "inspect")
    from langgraph_memory.http import create_app

    secret = token or secrets.token_urlsafe(24)
    hosts = None if host not in LOOPBACK else ("127.0.0.1", "localhost")
    with opened(db) as memory:
        app = create_app(memory, owner_id=owner, token=secret, read_only=read_only, hosts=hosts)
        listening = _listen(host, port)
        typer.echo(f"{safe(without_password(db))} is shown at {_address(host, listening, secret)}")
        typer.echo("Ctrl-C ends it.")
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # so that who opens the printed address at once is served as soon as may be
    except (OSError, OverflowError) as error:
        listening.close()
        raise InvalidInputError(
            f"{host}:{port} cannot be listened at ({error}); name another --host or --port."
        ) from None
    return listening


def _address(host: str, listening: socket.socket, secret: str) -> str:
    shown = "127.0.0.1" if host in LOOPBACK or host in ("0.0.0.0", "::") else host  # noqa: S104 - it is compared
    return f"http://{shown}:{listening.getsockname()[1]}/?token={quote(secret)}"


def mcp(
    db: Database = DEFAULT_DATABASE,
    owner: Served = None,
    scope: Scope = "global",
    read_only: ReadOnly = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, to clients with a token.")] = False,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen at.")] = 8765,
    token_file: Annotated[
        str | None, typer.Option("--token-file", help="TOML: [[tokens]] with token or sha256, owner and scope.")
    ] = None,
    allowed: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name it is reached by; may be repeated.")
    ] = None,
) -> None:
    """Serve one owner's memories to MCP clients, over stdio or HTTP; their clients never name an owner."""
    import asyncio  # not above: every command, and --help, would wait for it

    server = extra("langgraph_memory.mcp", "the MCP server", "mcp")
    file_of(db)
    if not http:
        if owner is None:
            raise InvalidInputError("name whose memories are served with --owner.")
        asyncio.run(_over_stdio(db, server, {"owner_id": owner, "scope": scope, "read_only": read_only}))
        return
    tokens = _tokens(server, owner, scope, token_file)
    how = {"tokens": tokens, "read_only": read_only, "url": f"http://{host}:{port}"}
    asyncio.run(_over_http(db, server, how, host, port, [host, *(allowed or ())]))


async def _over_stdio(db: str, mcp: Any, how: dict[str, Any]) -> None:
    from langgraph_memory import open_memory

    async with open_memory(db) as memory:
        await mcp.create_server(memory.store, **how).run_stdio_async()


async def _over_http(db: str, mcp: Any, how: dict[str, Any], host: str, port: int, allowed: Sequence[str]) -> None:
    from mcp.server.transport_security import TransportSecuritySettings

    from langgraph_memory import open_memory

    names = [name for one in (*LOOPBACK, *allowed) for name in (one, f"{one}:*")]
    origins = [f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
    security = TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)
    async with open_memory(db) as memory:
        server = mcp.create_server(memory.store, **how)
        await server.run_streamable_http_async(host=host, port=port, stateless_http=True, transport_security=security)


def _tokens(mcp: Any, owner: str | None, scope: str, token_file: str | None) -> Any:
    """Return who may use the server: those of the file, or the one owner by the token in the environment."""
    from langgraph_memory.nodes import Identity

    if token_file is not None:
        if owner is not None:
            raise InvalidInputError("--owner is for one token in the environment; the file names an owner for each.")
        return mcp.Tokens({one[0]: Identity(one[1], one[2]) for one in _listed(mcp, token_file)})
    token = os.environ.get(TOKEN_VARIABLE)
    if not token or owner is None:
        raise InvalidInputError(f"over HTTP, put a token into {TOKEN_VARIABLE} and name --owner, or pass --token-file.")
    return mcp.Tokens({mcp.Tokens.hash_of(token): Identity(owner, scope)})


def _listed(mcp: Any, token_file: str) -> list[tuple[str, str, str]]:
    """Return hash, owner and scope of each table `[[tokens]]` in a TOML file; raises InvalidInputError."""
    import tomllib

    try:
        tables = tomllib.loads(Path(token_file).read_text(encoding="utf-8")).get("tokens", [])
        return [
            (one.get("sha256") or mcp.Tokens.hash_of(one["token"]), one["owner"], one.get("scope", "global"))
            for one in tables
        ]
    except OSError as error:
        raise InvalidInputError(f"the token file {token_file!r} cannot be read: {error.strerror}.") from None
    except InvalidInputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInputError(
            f"the token file {token_file!r} needs tables [[tokens]] with token or sha256, owner and perhaps scope."
        ) from None
