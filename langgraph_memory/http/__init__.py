"""The memory over HTTP: a JSON API with an OpenAPI description, and the inspector, a site to look at and correct it.

Extra `inspect`. `create_app` returns a Starlette application (made with FastAPI): serve it, mount it in yours, or name
it as `http.app` in `langgraph.json`.
"""

from __future__ import annotations

from collections.abc import Sequence

from langgraph_memory import MemoryDatabase
from langgraph_memory.errors import InvalidInputError, MissingExtraError, MissingOwnerError

try:
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from langgraph_memory.http.access import Access, Door, OwnerOf, handle_problems
    from langgraph_memory.http.api import json_api
    from langgraph_memory.http.pages import error_page, inspector, static_files
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("fastapi", "starlette", "jinja2", "python_multipart"):
        raise
    raise MissingExtraError.of("the inspector needs FastAPI and Jinja", "inspect") from error

__all__ = ["create_app"]

LOOPBACK = ("127.0.0.1", "localhost")


def create_app(
    memory: MemoryDatabase,
    *,
    owner_id: str | None = None,
    owner_of: OwnerOf | None = None,
    token: str | None = None,
    read_only: bool = False,
    hosts: Sequence[str] | None = LOOPBACK,
) -> FastAPI:
    """Return an application on an open database: pages at `/`, the API at `/api`, its description at `/openapi.json`.

    By default it shows everybody's memories. `owner_id` binds it to one owner; `owner_of` finds the owner of each
    request, from your own login, so that each of your users sees and corrects what is known about them. With a `token`
    every request must send it, as `Authorization: Bearer`, or once as `?token=`, which becomes a cookie; without one,
    whoever reaches the port is let in. `hosts` are the names that it may be reached by (None: any), so that no other
    name can be pointed at it. With `read_only` nothing can be changed.

    Raises MissingOwnerError or InvalidInputError.
    """
    if owner_id is not None and owner_of is not None:
        raise InvalidInputError("owner_id and owner_of exclude each other.")
    if owner_id is not None and not owner_id.strip():
        raise MissingOwnerError("owner_id must name somebody; leave it out to show everybody's memories.")
    if token is not None and not token.strip():
        raise InvalidInputError("the token must not be empty; leave it out to let everybody in who reaches the port.")
    access = Access(owner_id, owner_of, read_only)
    app = FastAPI(title="langgraph_memory", docs_url=None, redoc_url=None)
    app.include_router(json_api(memory, access))
    app.include_router(inspector(memory, access))
    app.mount("/static", static_files(), name="static")
    handle_problems(app, error_page)
    app.add_middleware(Door, token=token)
    if hosts is not None:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    return app
