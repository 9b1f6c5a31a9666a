"""The inspector's pages: rendered on the server, one small script for keys and nothing else."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_type_hints
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from langgraph_memory import Memory, MemoryDatabase, Recall
from langgraph_memory.errors import InvalidInputError, ReceiptNotFoundError
from langgraph_memory.http.access import SESSION, Access, check_csrf, csrf_token
from langgraph_memory.http.api import MOST_CHECKPOINTS, Question, ask, checkpoints, edit_source, sweep_body
from langgraph_memory.types import ReviewItem

PAGE = 50
_AROUND = 2
"""How many messages before and after a memory's own are shown beside it."""
GLOBAL = "global"
_KINDS: tuple[str, ...] = get_args(get_type_hints(ReviewItem)["kind"])
_HARMLESS = frozenset("\n\t\u200c\u200d")
"""Controls that text needs: lines, and the joiners of scripts and emoji."""

DONE = {
    "verified": "Confirmed.",
    "reinforced": "It was known already, and is confirmed.",
    "superseded": "Changed. The old version is kept in its history.",
    "added": "Remembered.",
    "conflict": "Remembered beside what it contradicts; confirm the one that holds.",
    "retired": "What it denies holds no more.",
    "forgotten": "Forgotten, with its older versions.",
    "undone": "Undone.",
    "paused": "Paused: nothing is recalled, and nothing that is said meanwhile is ever learnt.",
    "on": "Memory works again.",
    "retried": "They will be tried again.",
    "dropped": "Given up: they count as read.",
    "swept": "Swept.",
    "thread": "The thread is deleted. What was learnt in it stays.",
}
_UNDONE = frozenset({"verified", "superseded", "added", "conflict", "retired", "reinforced"})

Text = Annotated[str, Query(max_length=2_000)]
Offset = Annotated[int, Query(ge=0)]
Form = dict[str, str]


def static_files() -> StaticFiles:
    """Return the style sheet and the script."""
    return StaticFiles(packages=[("langgraph_memory.http", "static")])


def shown(text: object) -> str:
    """Return a text with a sign in the place of each character that would hide something or turn it around."""
    return "".join(
        one if one in _HARMLESS or unicodedata.category(one)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for one in str(text)
    )


def moment(at: datetime | None) -> str:
    """Return a time to the minute, in UTC."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _environment() -> Environment:
    loader = PackageLoader("langgraph_memory.http")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"shown": shown, "moment": moment, "indented": lambda value: json.dumps(value, indent=2)}
    made.globals["done"] = DONE
    return made


_templates = _environment()


def error_page(request: Request, status: int, detail: str) -> Response:
    """Return an error as a page."""
    return _render(request, "error.html", status=status, title="Not done", detail=detail, owner=None, access=Access())


def _render(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    session = getattr(request.state, "session", "")
    root = request.scope.get("root_path", "")

    def link(path: str, **params: Any) -> str:
        kept = {name: value for name, value in params.items() if value not in (None, "", False)}
        return f"{root}{path}" + (f"?{urlencode(kept)}" if kept else "")

    context = {"flash": None, "undo": None, "next": None, "bound": False, **context}
    text = _templates.get_template(template).render(
        link=link, csrf=csrf_token(session), path=request.url.path.removeprefix(root), **context
    )
    response = HTMLResponse(text, status)
    if session and request.cookies.get(SESSION) != session:
        secure = request.url.scheme == "https"
        response.set_cookie(SESSION, session, httponly=True, samesite="strict", secure=secure, path=root or "/")
    return response


@dataclass(frozen=True, slots=True)
class _Site:
    """What the pages share: the database, and who may see what."""

    memory: MemoryDatabase
    access: Access

    def page(self, request: Request, template: str, owner: str | None, **context: Any) -> Response:
        """Return a page of an owner."""
        flash = request.query_params.get("done")
        return _render(
            request,
            template,
            owner=owner,
            access=self.access,
            bound=self.access.bound_to(request) is not None,
            flash=flash if flash in DONE else None,
            undo=request.query_params.get("edit") if flash in _UNDONE and not self.access.read_only else None,
            **context,
        )

    async def form(self, request: Request) -> Form:
        """Return the fields of a form that a page of this site was sent with."""
        self.access.check_writes()
        fields = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        check_csrf(request, fields.get("csrf", ""))
        return fields

    def owner(self, request: Request, named: str | None = None) -> str:
        """Return whose page is asked for."""
        return self.access.owner(request, named or request.query_params.get("owner_id"))


def inspector(memory: MemoryDatabase, access: Access) -> APIRouter:
    """Return the pages on an open database."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    site = _Site(memory, access)
    for add in (_add_listings, _add_memory, _add_edits, _add_recall, _add_threads, _add_care, _add_erasure):
        add(router, site)
    return router


def _more(found: Sequence[Any], offset: int) -> int | None:
    """Return where the next page begins when one more than a page was asked for; None at the end."""
    return offset + PAGE if len(found) > PAGE else None


def _to(request: Request, path: str, **params: Any) -> Response:
    root = request.scope.get("root_path", "")
    kept = {name: value for name, value in params.items() if value not in (None, "")}
    return RedirectResponse(f"{root}{path}?{urlencode(kept)}", 303)


def _add_listings(router: APIRouter, site: _Site) -> None:
    store = site.memory.store

    @router.get("/")
    async def owners(request: Request) -> Response:
        bound = site.access.bound_to(request)
        if bound is not None:
            return _to(request, "/memories", owner_id=bound)
        return site.page(request, "owners.html", None, owners=await store.admin.alist_owners())

    @router.get("/memories")
    async def memories(request: Request, q: Text = "", everything: bool = False, offset: Offset = 0) -> Response:
        owner = site.owner(request)
        asked = q.strip()
        if asked:
            found = await _matching(site, owner, asked)
        else:
            found = await store.alist_memories(
                owner_id=owner, include_inactive=everything, limit=PAGE + 1, offset=offset
            )
        more = _more(found, offset)
        context = {"memories": found[:PAGE], "q": q, "everything": everything, "next": more, "offset": offset}
        types = sorted(store.settings.types)
        context["paused"] = (await store.admin.aowner_memory(owner_id=owner)).paused
        return site.page(request, "memories.html", owner, now=datetime.now(UTC), types=types, **context)

    @router.post("/pause")
    async def pause(request: Request) -> Response:
        form = await site.form(request)
        owner, on = site.owner(request, form.get("owner_id")), form.get("on") == "yes"
        await store.admin.aset_owner_memory(owner_id=owner, recall=on, learn=on)
        return _to(request, "/memories", owner_id=owner, done="on" if on else "paused")


async def _matching(site: _Site, owner: str, asked: str) -> list[Memory]:
    """Return an owner's live memories that match, in every scope, best first."""
    place = site.memory.store.view(owner_id=owner).namespace[:2]
    found = await site.memory.store.asearch(place, query=asked, limit=PAGE)
    return [
        await site.memory.store.aget_memory(item.key, owner_id=owner) for item in found if "memory_type" in item.value
    ]


def _add_memory(router: APIRouter, site: _Site) -> None:
    store = site.memory.store

    @router.get("/memory")
    async def memory(request: Request, id: Text) -> Response:
        owner = site.owner(request)
        versions = await store.ahistory(id, owner_id=owner)
        found = next(one for one in versions if one.id == id)
        context = {
            "memory": found,
            "versions": versions,
            "audit": await store.audit.aentries(owner_id=owner, memory_id=id, limit=PAGE),
            "rivals": await _rivals(site, found),
            "said": await _said(site, request, found),
        }
        return site.page(request, "memory.html", owner, now=datetime.now(UTC), **context)


async def _rivals(site: _Site, memory: Memory) -> Sequence[Memory]:
    if memory.conflict_id is None or memory.superseded:
        return ()
    groups = await site.memory.hygiene.aconflicts(owner_id=memory.owner_id, limit=500)
    return next(([one for one in group if one.id != memory.id] for group in groups if memory in group), ())


async def _said(site: _Site, request: Request, memory: Memory) -> list[tuple[Any, bool]]:
    """Return the messages around those that a memory is of, and whether each of them is one."""
    source = memory.source
    if source.thread_id is None or not source.message_ids:
        return []
    config: Any = {"configurable": {"thread_id": source.thread_id}}
    found = await site.memory.checkpointer.aget_tuple(config)
    messages = found.checkpoint["channel_values"].get("messages", []) if found is not None else []
    own = [number for number, one in enumerate(messages) if getattr(one, "id", None) in source.message_ids]
    if not own:
        return []
    first, last = max(0, own[0] - _AROUND), own[-1] + _AROUND + 1
    return [(one, first + number in own) for number, one in enumerate(messages[first:last])]


def _add_edits(router: APIRouter, site: _Site) -> None:
    store = site.memory.store

    @router.post("/memories")
    async def remember(request: Request) -> Response:
        form = await site.form(request)
        owner, edit = site.owner(request, form.get("owner_id")), str(uuid4())
        outcome = await store.aremember(
            form.get("content", ""),
            owner_id=owner,
            scope=form.get("scope") or GLOBAL,
            memory_type=form.get("memory_type") or "fact",
            slot=form.get("slot") or None,
            source=edit_source(edit),
        )
        if outcome.memory is None:
            raise InvalidInputError(f"it was not remembered: {outcome.reason}.")
        return _to(request, "/memory", owner_id=owner, id=outcome.memory.id, done=outcome.action, edit=edit)

    @router.post("/memory/verify")
    async def verify(request: Request) -> Response:
        form = await site.form(request)
        owner, edit = site.owner(request, form.get("owner_id")), str(uuid4())
        memory = await store.averify(form.get("id", ""), owner_id=owner, source=edit_source(edit))
        return _back(request, form, owner, memory.id, "verified", edit)

    @router.post("/memory/supersede")
    async def supersede(request: Request) -> Response:
        form = await site.form(request)
        owner, edit = site.owner(request, form.get("owner_id")), str(uuid4())
        content = form.get("content", "")
        outcome = await store.asupersede(form.get("id", ""), content, owner_id=owner, source=edit_source(edit))
        if outcome.memory is None:
            raise InvalidInputError(f"it was not changed: {outcome.reason}.")
        return _back(request, form, owner, outcome.memory.id, outcome.action, edit)

    @router.post("/memory/forget")
    async def forget(request: Request) -> Response:
        form = await site.form(request)
        owner = site.owner(request, form.get("owner_id"))
        await store.aforget(form.get("id", ""), owner_id=owner)
        return _to(request, _listing(form), owner_id=owner, done="forgotten")

    @router.post("/undo")
    async def undo(request: Request) -> Response:
        form = await site.form(request)
        owner = site.owner(request, form.get("owner_id"))
        done = await store.hygiene.aretract(owner_id=owner, run_ids=[form.get("edit", "")], dry_run=False)
        if not (done.removed or done.restored or done.unconfirmed):
            raise InvalidInputError("there is nothing left to undo: it was undone, or changed since.")
        return _to(request, "/memories", owner_id=owner, done="undone")


def _listing(form: Form) -> str:
    return "/review" if form.get("back") == "review" else "/memories"


def _back(request: Request, form: Form, owner: str, memory_id: str, done: str, edit: str) -> Response:
    """Return to where a button was: the review, or the memory's page."""
    if form.get("back") == "review":
        return _to(request, "/review", owner_id=owner, done=done, edit=edit)
    return _to(request, "/memory", owner_id=owner, id=memory_id, done=done, edit=edit)


def _add_recall(router: APIRouter, site: _Site) -> None:
    @router.get("/recall")
    async def recall(request: Request, q: Text = "", scope: Text = GLOBAL, as_of: Text = "") -> Response:
        owner = site.owner(request)
        found: Recall | None = None
        if q.strip():
            found = await ask(site.memory, owner, Question(query=q, scope=scope or GLOBAL, as_of=_moment_of(as_of)))
        return site.page(request, "recall.html", owner, q=q, scope=scope or GLOBAL, as_of=as_of, recall=found)

    @router.get("/recalls")
    async def recalls(request: Request, id: Text = "", offset: Offset = 0) -> Response:
        owner = site.owner(request)
        found = await site.memory.audit.areceipts(owner_id=owner, kind="recall", limit=PAGE + 1, offset=offset)
        explained = None
        if id:
            try:
                explained = await site.memory.audit.aexplain(id, owner_id=owner)
            except ReceiptNotFoundError as error:
                raise ReceiptNotFoundError(f"{error} It went with its thread or its time.") from None
        more = _more(found, offset)
        return site.page(request, "recalls.html", owner, recalls=found[:PAGE], explained=explained, next=more)


def _moment_of(text: str) -> datetime | None:
    """Return the moment that a page's field names, in UTC; raises InvalidInputError."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInputError(f"{text!r} is no moment; write it as 2026-05-01T12:00.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _add_threads(router: APIRouter, site: _Site) -> None:
    saver = site.memory.checkpointer

    @router.get("/threads")
    async def threads(request: Request, offset: Offset = 0) -> Response:
        bound = site.access.bound_to(request)
        owner = bound or request.query_params.get("owner_id") or None
        found = list(await saver.alist_threads(owner_id=owner, limit=PAGE + 1, offset=offset))
        more = _more(found, offset)
        return site.page(request, "threads.html", owner, threads=found[:PAGE], next=more)

    @router.get("/thread")
    async def thread(request: Request, id: Text, at: Text = "") -> Response:
        found = await saver.aget_thread(id, owner_id=site.access.bound_to(request))
        nodes = await checkpoints(site.memory, found)
        at_node = next((one for one in nodes if one.checkpoint_id == at), nodes[0] if nodes else None)
        cut = found.checkpoints > MOST_CHECKPOINTS
        context = {"thread": found, "nodes": nodes, "at": at_node, "cut": cut}
        return site.page(request, "thread.html", found.owner_id, **context)

    @router.post("/thread/delete")
    async def delete(request: Request) -> Response:
        form = await site.form(request)
        found = await saver.aget_thread(form.get("id", ""), owner_id=site.access.bound_to(request))
        await saver.adelete_thread(found.thread_id, owner_id=found.owner_id)
        return _to(request, "/threads", owner_id=found.owner_id, done="thread")


def _add_care(router: APIRouter, site: _Site) -> None:
    store = site.memory.store

    @router.get("/review")
    async def review(request: Request, kind: Text = "", offset: Offset = 0) -> Response:
        owner = site.owner(request)
        wanted: Any = kind or None
        found = await store.hygiene.areview(owner_id=owner, kind=wanted, limit=PAGE + 1, offset=offset)
        groups = await store.hygiene.aconflicts(owner_id=owner, limit=PAGE) if kind in ("", "conflicting") else []
        others = [one for one in found[:PAGE] if one.kind != "conflicting"]
        more = _more(found, offset)
        context = {"items": others, "groups": groups, "kinds": _KINDS, "kind": kind, "next": more}
        return site.page(request, "review.html", owner, **context)

    @router.get("/jobs")
    async def jobs(request: Request, offset: Offset = 0) -> Response:
        owner = site.access.bound_to(request) or request.query_params.get("owner_id") or None
        found = await store.jobs.apending(owner_id=owner, limit=PAGE + 1, offset=offset)
        more = _more(found, offset)
        return site.page(request, "jobs.html", owner, jobs=found[:PAGE], next=more)

    @router.post("/jobs")
    async def decide(request: Request) -> Response:
        form = await site.form(request)
        owner = site.owner(request, form.get("owner_id"))
        retry = form.get("choice") == "retry"
        change: Callable[..., Awaitable[int]] = store.jobs.aretry if retry else store.jobs.adiscard
        await change(owner_id=owner, thread_id=form.get("thread_id") or None)
        return _to(request, "/jobs", owner_id=owner, done="retried" if retry else "dropped")

    @router.get("/sweep")
    async def preview(request: Request) -> Response:
        owner = site.owner(request)
        report = sweep_body(await store.hygiene.asweep(owner_id=owner, dry_run=True), owner)
        return site.page(request, "sweep.html", owner, report=report)

    @router.post("/sweep")
    async def sweep(request: Request) -> Response:
        form = await site.form(request)
        owner = site.owner(request, form.get("owner_id"))
        await store.hygiene.asweep(owner_id=owner)
        return _to(request, "/sweep", owner_id=owner, done="swept")


def _add_erasure(router: APIRouter, site: _Site) -> None:
    @router.get("/erase")
    async def confirm(request: Request) -> Response:
        return site.page(request, "erase.html", site.owner(request), receipt=None)

    @router.post("/erase")
    async def erase(request: Request) -> Response:
        form = await site.form(request)
        owner = site.owner(request, form.get("owner_id"))
        if form.get("name") != owner:
            raise InvalidInputError("nothing was erased: type the owner's name as it is shown.")
        receipt = await site.memory.admin.aerase_owner(owner, threads=form.get("threads") == "yes")
        return site.page(request, "erase.html", owner, receipt=receipt)
