"""Serves the inspector on this machine."""

from __future__ import annotations

import secrets
import socket
from urllib.parse import quote

import typer

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.terminal import safe
from langgraph_memory.database import open_memory
from langgraph_memory.errors import InvalidInputError, MissingExtraError, without_password

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def inspect(db: str, owner: str | None, host: str, port: int, token: str | None, *, read_only: bool) -> None:
    """Serve until it is interrupted; the address that is printed holds the token."""
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError(
            "the inspector needs the extra inspect: pip install 'langgraph-curated-memory[inspect]'"
        ) from error
    from langgraph_memory.http import create_app

    secret = token or secrets.token_urlsafe(24)
    hosts = None if host not in LOOPBACK else ("127.0.0.1", "localhost")
    with open_memory(existing(db)) as memory:
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
