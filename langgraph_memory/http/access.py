"""Who may see and change what, and errors as problem documents (RFC 9457) or as a page where a browser asks."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from langgraph_memory.errors import (
    DatabaseBusyError,
    DatabaseError,
    ErasedError,
    InvalidInputError,
    LangGraphMemoryError,
    MemoryNotFoundError,
    MissingOwnerError,
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


LOGIN, SESSION = "langgraph_memory_login", "langgraph_memory_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form of this site names no origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

OwnerOf = Callable[[Request], str | None]


@dataclass(frozen=True, slots=True)
class Access:
    """What one application lets see: everybody's memories, or those of one owner."""

    owner_id: str | None = None
    owner_of: OwnerOf | None = None
    read_only: bool = False

    def bound_to(self, request: Request) -> str | None:
        """Return the owner whom the request may ask for; None: it may name one.

        Raises HTTPException (401) where `owner_of` knows nobody.
        """
        if self.owner_of is None:
            return self.owner_id
        owner = self.owner_of(request)
        if not owner:
            raise HTTPException(401, "sign in first: nobody's memories can be shown.")
        return owner

    def owner(self, request: Request, named: str | None) -> str:
        """Return the owner of a request that may name one; raises HTTPException (403) or MissingOwnerError."""
        bound = self.bound_to(request)
        if bound is None:
            if not named:
                raise MissingOwnerError("no owner was named; pass owner_id.")
            return named
        if named not in (None, "", bound):
            raise HTTPException(403, "these are the memories of another owner.")
        return bound

    def check_everybody(self, request: Request) -> None:
        """Raise HTTPException (403) where one owner's memories are all that may be seen."""
        if self.bound_to(request) is not None:
            raise HTTPException(403, "this is shown to whoever administers all owners' memories.")

    def check_writes(self) -> None:
        """Raise HTTPException (403) where nothing may be changed."""
        if self.read_only:
            raise HTTPException(403, "this is open for reading only.")


def csrf_token(session: str) -> str:
    """Return what a form of a session sends along; another site can neither read it nor the cookie it is made of."""
    return hashlib.blake2b(session.encode(), person=b"lgm-csrf", digest_size=16).hexdigest()


def check_csrf(request: Request, sent: object) -> None:
    """Raise HTTPException (403) for a form that no page of this application was sent with."""
    session = request.cookies.get(SESSION, "")
    if not session or not hmac.compare_digest(csrf_token(session).encode(), str(sent).encode()):
        raise HTTPException(403, "the form is out of date; go back, reload the page and send it again.")


class Door:
    """Lets in who knows the token, refuses what another site sends, and sets the headers that keep a page to itself."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token
        self._login = "" if token is None else hmac.digest(token.encode(), b"login", "sha256").hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        scope.setdefault("state", {})["session"] = request.cookies.get(SESSION) or secrets.token_urlsafe(16)
        answer = self._refused(request)
        if answer is None:
            answer = self._let_in(request) if self._token is not None else None
        await (answer or self._app)(scope, receive, self._guarded(scope, send))

    def _refused(self, request: Request) -> Response | None:
        if request.method in _SAFE:
            return None
        origin = request.headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
        if foreign or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return problem(403, "another site may change nothing here.")
        return None

    def _let_in(self, request: Request) -> Response | None:
        """Return None for whoever knows the token; one in the address becomes a cookie, so that it stays out of logs.

        It also is the way in for a browser: the address that the command line prints.
        """
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(bearer):
            return None
        if hmac.compare_digest(request.cookies.get(LOGIN, "").encode(), self._login.encode()):
            return None
        named = request.query_params.get("token")
        if request.method == "GET" and named is not None and self._is_token(named):
            return self._logged_in(request)
        refusal = problem(401, "send the token as Authorization: Bearer, or open the address that was printed.")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal

    def _is_token(self, said: str) -> bool:
        return self._token is not None and hmac.compare_digest(said.encode(), self._token.encode())

    def _logged_in(self, request: Request) -> Response:
        rest = [pair for pair in parse_qsl(request.url.query) if pair[0] != "token"]
        response = RedirectResponse(request.url.replace(query=urlencode(rest)), 303)
        secure = request.url.scheme == "https"
        path = request.scope.get("root_path") or "/"
        response.set_cookie(LOGIN, self._login, httponly=True, samesite="strict", secure=secure, path=path)
        return response

    def _guarded(self, scope: Scope, send: Send) -> Send:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return guarded
