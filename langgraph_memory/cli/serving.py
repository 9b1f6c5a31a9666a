"""Serves the memories of one owner to MCP clients."""

from __future__ import annotations

import asyncio
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langgraph_memory.cli.files import file_of
from langgraph_memory.errors import InvalidInputError, MissingExtraError

TOKEN_VARIABLE = "LANGGRAPH_MEMORY_MCP_TOKEN"  # noqa: S105 - where a token is, not one
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


def serve_mcp(
    db: str,
    owner: str | None,
    scope: str,
    *,
    read_only: bool,
    http: bool,
    host: str,
    port: int,
    token_file: str | None,
    allowed: Sequence[str],
) -> None:
    """Serve over stdio, or with `http` over HTTP, until the client or the user ends it."""
    try:
        from langgraph_memory import mcp
    except ImportError as error:
        raise MissingExtraError(
            "the MCP server needs the extra mcp; pip install 'langgraph-curated-memory[mcp]'."
        ) from error
    if not http:
        if owner is None:
            raise InvalidInputError("name whose memories are served with --owner.")
        asyncio.run(_over_stdio(db, mcp, {"owner_id": owner, "scope": scope, "read_only": read_only}))
        return
    how = {"tokens": _tokens(mcp, owner, scope, token_file), "read_only": read_only, "url": f"http://{host}:{port}"}
    asyncio.run(_over_http(db, mcp, how, host, port, [host, *allowed]))


async def _over_stdio(db: str, mcp: Any, how: dict[str, Any]) -> None:
    from langgraph_memory.database import open_memory

    async with open_memory(_named(db)) as memory:
        await mcp.create_server(memory.store, **how).run_stdio_async()


async def _over_http(db: str, mcp: Any, how: dict[str, Any], host: str, port: int, allowed: Sequence[str]) -> None:
    from mcp.server.transport_security import TransportSecuritySettings

    from langgraph_memory.database import open_memory

    names = [name for one in (*_LOOPBACK, *allowed) for name in (one, f"{one}:*")]
    origins = [f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
    security = TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)
    async with open_memory(_named(db)) as memory:
        server = mcp.create_server(memory.store, **how)
        await server.run_streamable_http_async(host=host, port=port, stateless_http=True, transport_security=security)


def _named(db: str) -> str:
    """Return a database that need not be there yet; raises InvalidInputError for one that ends with the process."""
    file_of(db)
    return db


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
