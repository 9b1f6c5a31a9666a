"""Errors as problem documents (RFC 9457), or as a page where a browser asks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, Response

from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseError,
    ErasedError,
    InvalidInputError,
    LangGraphMemoryError,
    MemoryNotFoundError,
    ReceiptNotFoundError,
    ThreadNotFoundError,
)

_STATUS: tuple[tuple[type[LangGraphMemoryError], int], ...] = (
    (MemoryNotFoundError, 404),
    (ReceiptNotFoundError, 404),
    (ThreadNotFoundError, 404),
    (InvalidInputError, 400),
    (ErasedError, 409),
    (DatabaseBusyError, 503),
    (DatabaseError, 503),
)


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    """Return a problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def status_of(error: LangGraphMemoryError) -> int:
    """Return the HTTP status of an error of this package."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def handle_problems(app: FastAPI, page: Any) -> None:
    """Answer every error with one sentence; `page(request, status, detail)` makes a page of it for a browser."""

    def answer(request: Request, status: int, detail: str, **more: Any) -> Response:
        is_api = request.scope["path"].removeprefix(request.scope.get("root_path", "")).startswith("/api/")
        if not is_api and "text/html" in request.headers.get("accept", ""):
            found: Response = page(request, status, detail)
            return found
        return problem(status, detail, **more)

    async def own(request: Request, error: Exception) -> Response:
        return answer(request, status_of(cast(LangGraphMemoryError, error)), str(error), error=type(error).__name__)

    async def http(request: Request, error: Exception) -> Response:
        refused = cast(StarletteHTTPException, error)
        return answer(request, refused.status_code, refused.detail)

    async def invalid(request: Request, error: Exception) -> Response:
        first = cast(RequestValidationError, error).errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:]) or "the body"
        return answer(request, 422, f"{name}: {first['msg']}.")

    app.add_exception_handler(LangGraphMemoryError, own)
    app.add_exception_handler(StarletteHTTPException, http)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
