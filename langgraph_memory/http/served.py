"""`app`, the inspector and its API under `/memory`, for `http.app` in `langgraph.json` or any ASGI server.

The database is what `LANGGRAPH_MEMORY_DB` names. With `LANGGRAPH_MEMORY_TOKEN` whoever sends that token administers all
owners' memories; without it each signed-in user of the server sees their own, and nobody else anything.
"""

from __future__ import annotations

import os
from typing import cast

from fastapi import Request
from starlette.applications import Starlette
from starlette.routing import Mount

from langgraph_memory import MemoryDatabase, open_memory
from langgraph_memory.http import create_app
from langgraph_memory.server import database_from_environment

TOKEN_VARIABLE = "LANGGRAPH_MEMORY_TOKEN"  # noqa: S105 - its name
PREFIX = "/memory"


def signed_in(request: Request) -> str | None:
    """Return whom the server has authenticated."""
    user = request.scope.get("user")
    return str(user.identity) if user is not None and getattr(user, "is_authenticated", False) else None


def _application() -> Starlette:
    token = os.environ.get(TOKEN_VARIABLE) or None
    memory = cast(MemoryDatabase, open_memory(database_from_environment()))  # opened when it is first used
    app = create_app(memory, token=token, owner_of=None if token else signed_in, hosts=None)
    return Starlette(routes=[Mount(PREFIX, app)])


app = _application()
