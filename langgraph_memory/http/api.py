"""The JSON API: every listing by pages, every memory with an ETag, every error a problem document, threads as trees."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, cast
from uuid import uuid4

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.base import CheckpointTuple
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from langgraph_memory import Memory, MemoryDatabase, Outcome, Recall, Receipt, Source
from langgraph_memory.errors import MemoryNotFoundError
from langgraph_memory.http.access import Access
from langgraph_memory.types import AuditEntry, Explanation, Job, Retraction, ReviewItem, SweepReport, ThreadSummary

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a listing; `next` is the offset of the one after it, None at the end."""

    items: list[T]
    next: int | None = None

    @classmethod
    def of(cls, found: list[T], limit: int, offset: int) -> Self:
        """Return the page of what was found when one more than `limit` was asked for."""
        return cls(items=found[:limit], next=offset + limit if len(found) > limit else None)


class OwnerCount(BaseModel):
    """An owner with the number of their memories, and of those that are live."""

    owner_id: str
    memories: int
    live: int


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewMemory(_Body):
    """What `remember` takes."""

    content: str
    scope: str = "global"
    memory_type: str = "fact"
    slot: str | None = None
    content_json: dict[str, Any] | None = None
    confidence: float = 1.0
    importance: float = 0.5
    valid_from: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    subject: str | None = None


class NewContent(_Body):
    """What takes the place of a memory's content."""

    content: str


class OutcomeBody(BaseModel):
    """What `remember` and `supersede` did, and the id of the edit, by which it can be undone."""

    action: str
    memory: Memory | None
    reason: str
    replaced: list[Memory]
    conflicts: list[Memory]
    edit_id: str

    @classmethod
    def of(cls, outcome: Outcome, edit_id: str) -> Self:
        """Return what an outcome says."""
        told = {name: getattr(outcome, name) for name in cls.model_fields if name != "edit_id"}
        return cls(**told, edit_id=edit_id)


class Verified(BaseModel):
    """A memory that was confirmed, and the id of the edit."""

    memory: Memory
    edit_id: str


class Edits(_Body):
    """The ids of the edits to undo; `dry_run` says what that would change."""

    edit_ids: list[str] = Field(min_length=1, max_length=100)
    dry_run: bool = False


class Question(_Body):
    """What `recall` takes; `needed` (the default) shows what the retrieval node would put before a model.

    A receipt is kept only where one is asked for.
    """

    query: str | None
    scope: str = "global"
    memory_types: list[str] | None = None
    limit: int = Field(default=8, ge=1, le=100)
    as_of: AwareDatetime | None = None
    max_tokens: int | None = None
    needed: bool = True
    receipt: bool = False


class RecalledBody(BaseModel):
    """One recalled memory, its score and the parts of it."""

    memory: Memory | None
    memory_id: str
    score: float | None
    parts: Mapping[str, float]
    reason: str | None = None
    conflicts_with: list[str] = []

    @classmethod
    def of(cls, one: Any, memory_id: str) -> Self:
        """Return what a recall, or its receipt, says of one memory that it found or left out."""
        told = {name: getattr(one, name) for name in cls.model_fields if hasattr(one, name)}
        return cls(**{"parts": {}, **told, "memory_id": memory_id})


class RecallBody(BaseModel):
    """What one recall found, and what it left out and why."""

    id: str
    query: str | None
    scope: str
    at: datetime
    items: list[RecalledBody]
    dropped: list[RecalledBody]

    @classmethod
    def of(cls, recall: Recall) -> Self:
        """Return what a recall found."""
        found, dropped = ([RecalledBody.of(one, one.memory.id) for one in part] for part in (recall, recall.dropped))
        return cls(id=recall.id, query=recall.query, scope=recall.scope, at=recall.at, items=found, dropped=dropped)

    @classmethod
    def explained(cls, explanation: Explanation) -> Self:
        """Return what the receipt of a recall says."""
        parts = (explanation.recalled, explanation.dropped)
        found, dropped = ([RecalledBody.of(one, one.id) for one in part] for part in parts)
        receipt, scope = explanation.receipt, explanation.scope
        return cls(id=receipt.id, query=explanation.query, scope=scope, at=receipt.at, items=found, dropped=dropped)


class CheckpointBody(BaseModel):
    """One checkpoint of a thread, the one it follows, and what its run taught."""

    checkpoint_id: str
    checkpoint_ns: str
    parent_id: str | None
    at: datetime | None
    source: str | None
    step: int | None
    run_id: str | None
    messages: int
    taught: list[str]

    @classmethod
    def of(cls, node: Node) -> Self:
        """Return what is told of a checkpoint."""
        told = {name: getattr(node, name) for name in cls.model_fields}
        return cls(**{**told, "messages": len(node.messages), "taught": [one.id for one in node.taught]})


class Count(BaseModel):
    """How many rows were changed."""

    count: int


class JobChoice(_Body):
    """What becomes of messages that were set aside."""

    choice: Literal["retry", "drop"]
    thread_id: str | None = None


class Switches(_Body):
    """What memory does for an owner: whether it is read, and whether what they say is learnt."""

    recall: bool
    learn: bool


class Erasure(_Body):
    """Whom to erase: named again in the body, so that no slip of an address does it."""

    owner_id: str
    threads: bool = False


class SweepBody(BaseModel):
    """What a sweep changed, or would change."""

    dry_run: bool
    counts: Mapping[str, int]
    changes: list[dict[str, Any]]


class ReceiptBody(BaseModel):
    """The record of one operation."""

    id: str
    kind: str
    owner_id: str
    at: datetime
    counts: Mapping[str, int]
    thread_id: str | None
    checkpoint_id: str | None
    run_id: str | None
    body: Mapping[str, Any]


MOST_CHECKPOINTS = 500
"""How many of a thread's newest checkpoints are shown."""


@dataclass(slots=True)
class Node:
    """One checkpoint, how deep it stands in the tree of branches, and what its run taught."""

    checkpoint_id: str
    checkpoint_ns: str
    parent_id: str | None
    at: datetime | None
    source: str | None
    step: int | None
    run_id: str | None
    messages: Sequence[BaseMessage]
    new: Sequence[BaseMessage] = ()
    branch: int = 0
    taught: list[Memory] = field(default_factory=list)
    gone: int = 0


async def checkpoints(memory: MemoryDatabase, thread: ThreadSummary) -> list[Node]:
    """Return a thread's newest checkpoints, each with what it taught its owner, newest first."""
    config: Any = {"configurable": {"thread_id": thread.thread_id}}
    found = [_node(one) async for one in memory.checkpointer.alist(config, limit=MOST_CHECKPOINTS)]
    _mark_new(found)
    _mark_branches(found)
    if thread.owner_id is not None:
        await _mark_taught(memory, thread.owner_id, thread.thread_id, found)
    return found


def _node(found: CheckpointTuple) -> Node:
    own, parent = found.config["configurable"], (found.parent_config or {}).get("configurable", {})
    metadata = found.metadata or {}
    made = found.checkpoint.get("ts")
    return Node(
        checkpoint_id=own["checkpoint_id"],
        checkpoint_ns=own.get("checkpoint_ns", ""),
        parent_id=parent.get("checkpoint_id"),
        at=datetime.fromisoformat(made) if made else None,
        source=metadata.get("source"),
        step=metadata.get("step"),
        run_id=metadata.get("run_id"),
        messages=_messages(found),
    )


def _messages(found: CheckpointTuple) -> list[BaseMessage]:
    said = found.checkpoint["channel_values"].get("messages", ())
    return [one for one in said if isinstance(one, BaseMessage)] if isinstance(said, (list, tuple)) else []


def _mark_new(nodes: Sequence[Node]) -> None:
    """Note the messages that each checkpoint has and its parent does not."""
    known = {node.checkpoint_id: {one.id for one in node.messages} for node in nodes}
    for node in nodes:
        before = known.get(node.parent_id or "", set())
        node.new = [one for one in node.messages if one.id not in before]


def _mark_branches(nodes: Sequence[Node]) -> None:
    """Number the branches: the newest checkpoint and what it follows is 0, what was left behind counts up."""
    parents = {node.checkpoint_id: node.parent_id for node in nodes}
    by_id = {node.checkpoint_id: node for node in nodes}
    placed: set[str] = set()
    number = 0
    for node in nodes:  # newest first, so that each branch begins with its newest
        if node.checkpoint_id in placed:
            continue
        for own in _line(node.checkpoint_id, parents, placed):
            by_id[own].branch = number
        number += 1


def _line(start: str, parents: dict[str, str | None], placed: set[str]) -> Iterator[str]:
    at: str | None = start
    while at in parents and at not in placed:
        placed.add(at)
        yield at
        at = parents[at]


async def _mark_taught(memory: MemoryDatabase, owner_id: str, thread_id: str, nodes: Sequence[Node]) -> None:
    by_id = {node.checkpoint_id: node for node in nodes}
    for receipt in await memory.audit.areceipts(
        owner_id=owner_id, thread_id=thread_id, kind="promotion", limit=MOST_CHECKPOINTS
    ):
        node = by_id.get(receipt.checkpoint_id or "")
        if node is None:
            continue
        for memory_id in _promoted(receipt):
            known = await _known(memory, memory_id, owner_id)
            node.taught += known
            node.gone += not known


def _promoted(receipt: Receipt) -> Iterator[str]:
    for one in receipt.body.get("candidates", ()):
        if one.get("memory_id") and one.get("action") not in (None, "refused"):
            yield one["memory_id"]


async def _known(memory: MemoryDatabase, memory_id: str, owner_id: str) -> list[Memory]:
    try:
        return [await memory.store.aget_memory(memory_id, owner_id=owner_id)]
    except MemoryNotFoundError:  # forgotten since
        return []


Owner = Annotated[str | None, Query(alias="owner_id", description="Whose; needed unless the service is bound to one.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0)]
IfMatch = Annotated[str | None, Header(description="The ETag of what is changed; 412 when it is no longer that.")]


def edit_source(edit_id: str) -> Source:
    """Return where an edit through this service comes from: its run is the edit, so that it can be taken back."""
    return Source(run_id=edit_id, extractor="inspector")


def etag(memory: Memory) -> str:
    """Return the entity tag of a memory as it is."""
    return f'"{hashlib.blake2b(memory.model_dump_json().encode(), digest_size=12).hexdigest()}"'


def json_api(memory: MemoryDatabase, access: Access) -> APIRouter:
    """Return the routes of the API on an open database."""
    router = APIRouter(prefix="/api")
    _add_memories(router, memory, access)
    _add_switches(router, memory, access)
    _add_edits(router, memory, access)
    _add_recall(router, memory, access)
    _add_threads(router, memory, access)
    _add_care(router, memory, access)
    return router


def _add_memories(router: APIRouter, memory: MemoryDatabase, access: Access) -> None:
    store = memory.store

    @router.get("/owners")
    async def owners(request: Request) -> list[OwnerCount]:
        """List whose memories there are, and how many."""
        access.check_everybody(request)
        return [
            OwnerCount(owner_id=name, memories=all_, live=live) for name, all_, live in await store.admin.alist_owners()
        ]

    @router.get("/memories")
    async def memories(
        request: Request, owner_id: Owner = None, everything: bool = False, limit: Limit = 100, offset: Offset = 0
    ) -> Page[Memory]:
        """List an owner's live memories, newest first; with `everything` superseded and expired ones too."""
        owner = access.owner(request, owner_id)
        found = await store.alist_memories(owner_id=owner, include_inactive=everything, limit=limit + 1, offset=offset)
        return Page[Memory].of(found, limit, offset)

    @router.get("/memories/{memory_id}", responses={304: {"description": "It is what If-None-Match names."}})
    async def one(
        request: Request,
        response: Response,
        memory_id: str,
        owner_id: Owner = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Memory:
        """Return one memory, with its ETag."""
        found = await store.aget_memory(memory_id, owner_id=access.owner(request, owner_id))
        if if_none_match is not None and if_none_match.removeprefix("W/") == etag(found):
            raise HTTPException(304, headers={"ETag": etag(found)})
        response.headers["ETag"] = etag(found)
        return found

    @router.get("/memories/{memory_id}/history")
    async def history(request: Request, memory_id: str, owner_id: Owner = None) -> list[Memory]:
        """Return every version of what a memory is about, oldest first."""
        return await store.ahistory(memory_id, owner_id=access.owner(request, owner_id))

    @router.get("/memories/{memory_id}/audit")
    async def audit(
        request: Request, memory_id: str, owner_id: Owner = None, limit: Limit = 100, offset: Offset = 0
    ) -> Page[AuditEntry]:
        """Return who changed a memory, when and why, newest first."""
        owner = access.owner(request, owner_id)
        found = await store.audit.aentries(owner_id=owner, memory_id=memory_id, limit=limit + 1, offset=offset)
        return Page[AuditEntry].of(found, limit, offset)

    @router.get("/export", response_class=StreamingResponse)
    async def export(request: Request, owner_id: Owner = None) -> StreamingResponse:
        """Return everything of an owner as lines of JSON."""
        owner = access.owner(request, owner_id)

        async def lines() -> AsyncIterator[str]:
            async for line in store.admin.aexport(owner_id=owner):
                yield line if line.endswith("\n") else f"{line}\n"

        named = {"Content-Disposition": 'attachment; filename="memories.jsonl"'}
        return StreamingResponse(lines(), media_type="application/x-ndjson", headers=named)


def _add_switches(router: APIRouter, memory: MemoryDatabase, access: Access) -> None:
    store = memory.store

    @router.get("/switches")
    async def switches(request: Request, owner_id: Owner = None) -> Switches:
        """Return what memory does for an owner, in every thread."""
        found = await store.admin.aowner_memory(owner_id=access.owner(request, owner_id))
        return Switches(recall=found.recall, learn=found.learn)

    @router.put("/switches", status_code=204)
    async def switch(request: Request, body: Switches, owner_id: Owner = None) -> None:
        """Set what memory does for an owner, in every thread; without both it is paused."""
        access.check_writes()
        owner = access.owner(request, owner_id)
        await store.admin.aset_owner_memory(owner_id=owner, recall=body.recall, learn=body.learn)


def _add_edits(router: APIRouter, memory: MemoryDatabase, access: Access) -> None:
    store = memory.store

    async def checked(request: Request, memory_id: str, named: str | None, if_match: str | None) -> str:
        access.check_writes()
        owner = access.owner(request, named)
        if if_match not in (None, "*") and if_match != etag(await store.aget_memory(memory_id, owner_id=owner)):
            raise HTTPException(412, "the memory has changed since; read it again.")
        return owner

    @router.post("/memories", status_code=201)
    async def remember(request: Request, body: NewMemory, owner_id: Owner = None) -> OutcomeBody:
        """Store a memory, or confirm or supersede what is known about the same thing."""
        access.check_writes()
        edit_id = str(uuid4())
        fields = body.model_dump(exclude={"content"})
        owner = access.owner(request, owner_id)
        outcome = await store.aremember(body.content, owner_id=owner, source=edit_source(edit_id), **fields)
        return OutcomeBody.of(outcome, edit_id)

    @router.post("/memories/{memory_id}/supersede")
    async def supersede(
        request: Request, memory_id: str, body: NewContent, owner_id: Owner = None, if_match: IfMatch = None
    ) -> OutcomeBody:
        """Put a new value in the place of a live memory."""
        owner = await checked(request, memory_id, owner_id, if_match)
        edit_id = str(uuid4())
        outcome = await store.asupersede(memory_id, body.content, owner_id=owner, source=edit_source(edit_id))
        return OutcomeBody.of(outcome, edit_id)

    @router.post("/memories/{memory_id}/verify")
    async def verify(request: Request, memory_id: str, owner_id: Owner = None, if_match: IfMatch = None) -> Verified:
        """Confirm a live memory; those that contradict it are superseded by it."""
        owner = await checked(request, memory_id, owner_id, if_match)
        edit_id = str(uuid4())
        found = await store.averify(memory_id, owner_id=owner, source=edit_source(edit_id))
        return Verified(memory=found, edit_id=edit_id)

    @router.delete("/memories/{memory_id}")
    async def forget(request: Request, memory_id: str, owner_id: Owner = None, if_match: IfMatch = None) -> ReceiptBody:
        """Delete a memory and the older versions it had superseded; this cannot be undone."""
        owner = await checked(request, memory_id, owner_id, if_match)
        return _receipt(await store.aforget(memory_id, owner_id=owner))

    @router.post("/edits/undo")
    async def undo(request: Request, body: Edits, owner_id: Owner = None) -> dict[str, Any]:
        """Take edits of this service back: what they added goes, what they replaced holds again."""
        access.check_writes()
        owner = access.owner(request, owner_id)
        done: Retraction = await store.hygiene.aretract(owner_id=owner, run_ids=body.edit_ids, dry_run=body.dry_run)
        return {"id": done.id, "dry_run": done.dry_run, **done.to_json()}


def _add_recall(router: APIRouter, memory: MemoryDatabase, access: Access) -> None:
    store = memory.store

    @router.post("/recall")
    async def recall(request: Request, body: Question, owner_id: Owner = None) -> RecallBody:
        """Recall, with the parts of each score and what was left out and why."""
        owner = access.owner(request, owner_id)
        return RecallBody.of(await ask(memory, owner, body))

    @router.get("/recalls")
    async def recalls(
        request: Request, owner_id: Owner = None, thread_id: str | None = None, limit: Limit = 100, offset: Offset = 0
    ) -> Page[ReceiptBody]:
        """List the receipts of an owner's recalls, newest first."""
        owner = access.owner(request, owner_id)
        found = await store.audit.areceipts(
            owner_id=owner, thread_id=thread_id, kind="recall", limit=limit + 1, offset=offset
        )
        return Page[ReceiptBody].of([_receipt(one) for one in found], limit, offset)

    @router.get("/recalls/{receipt_id}")
    async def explain(request: Request, receipt_id: str, owner_id: Owner = None) -> RecallBody:
        """Explain a recall from its receipt."""
        return RecallBody.explained(await store.audit.aexplain(receipt_id, owner_id=access.owner(request, owner_id)))


async def ask(memory: MemoryDatabase, owner_id: str, question: Question) -> Any:
    """Recall as the retrieval node does."""
    pinned = 10 if question.needed else 0
    fields = question.model_dump(exclude={"query"})
    return await memory.store.arecall(question.query, owner_id=owner_id, pinned=pinned, **fields)


def _add_threads(router: APIRouter, memory: MemoryDatabase, access: Access) -> None:
    saver = memory.checkpointer

    @router.get("/threads")
    async def threads(
        request: Request, owner_id: Owner = None, limit: Limit = 100, offset: Offset = 0
    ) -> Page[ThreadSummary]:
        """List threads, last used first: of one owner, or everybody's."""
        owner = access.bound_to(request) or owner_id
        found = list(await saver.alist_threads(owner_id=owner, limit=limit + 1, offset=offset))
        return Page[ThreadSummary].of(found, limit, offset)

    @router.get("/threads/{thread_id}/checkpoints")
    async def tree(request: Request, thread_id: str) -> list[CheckpointBody]:
        """List the newest checkpoints of a thread, the one each follows, and what each taught."""
        thread = await saver.aget_thread(thread_id, owner_id=access.bound_to(request))
        return [CheckpointBody.of(one) for one in await checkpoints(memory, thread)]

    @router.delete("/threads/{thread_id}", status_code=204)
    async def delete(request: Request, thread_id: str) -> None:
        """Delete a thread; what was learnt in it stays."""
        access.check_writes()
        thread = await saver.aget_thread(thread_id, owner_id=access.bound_to(request))
        await saver.adelete_thread(thread.thread_id, owner_id=thread.owner_id)


def _add_care(router: APIRouter, memory: MemoryDatabase, access: Access) -> None:
    store = memory.store

    @router.get("/review")
    async def review(
        request: Request, owner_id: Owner = None, kind: str | None = None, limit: Limit = 100, offset: Offset = 0
    ) -> Page[ReviewItem]:
        """List what somebody should look at, why, and what to do about it."""
        owner = access.owner(request, owner_id)
        found = await store.hygiene.areview(owner_id=owner, kind=cast(Any, kind), limit=limit + 1, offset=offset)
        return Page[ReviewItem].of(found, limit, offset)

    @router.get("/conflicts")
    async def conflicts(
        request: Request, owner_id: Owner = None, limit: Limit = 100, offset: Offset = 0
    ) -> Page[list[Memory]]:
        """List the groups of live memories that contradict each other."""
        owner = access.owner(request, owner_id)
        found = await store.hygiene.aconflicts(owner_id=owner, limit=limit + 1, offset=offset)
        return Page[list[Memory]].of([list(group) for group in found], limit, offset)

    @router.get("/jobs")
    async def jobs(request: Request, owner_id: Owner = None, limit: Limit = 100, offset: Offset = 0) -> Page[Job]:
        """List what waits to be promoted in the background: of one owner, or everybody's."""
        owner = access.bound_to(request) or owner_id
        found = await store.jobs.apending(owner_id=owner, limit=limit + 1, offset=offset)
        return Page[Job].of(found, limit, offset)

    @router.post("/jobs")
    async def decide(request: Request, body: JobChoice, owner_id: Owner = None) -> Count:
        """Try an owner's messages again that were set aside, or give them up."""
        access.check_writes()
        owner = access.owner(request, owner_id)
        change = store.jobs.aretry if body.choice == "retry" else store.jobs.adiscard
        return Count(count=await change(owner_id=owner, thread_id=body.thread_id))

    @router.post("/sweep")
    async def sweep(request: Request, owner_id: Owner = None, dry_run: bool = True) -> SweepBody:
        """Say what a sweep of an owner's memories would change; with `dry_run=false` do it."""
        if not dry_run:
            access.check_writes()
        owner = access.owner(request, owner_id)
        return sweep_body(await store.hygiene.asweep(owner_id=owner, dry_run=dry_run), owner)

    @router.post("/erase")
    async def erase(request: Request, body: Erasure, owner_id: Owner = None) -> ReceiptBody:
        """Remove everything that is kept of an owner; this cannot be undone."""
        access.check_writes()
        owner = access.owner(request, owner_id)
        if body.owner_id != owner:
            raise HTTPException(400, "owner_id in the body must name the owner who is to be erased.")
        return _receipt(await store.admin.aerase_owner(owner, threads=body.threads))


def sweep_body(report: SweepReport, owner_id: str) -> SweepBody:
    """Return what a sweep changed of one owner."""
    return SweepBody(dry_run=report.dry_run, counts=report.counts.get(owner_id, {}), changes=report.rows())


def _receipt(receipt: Receipt) -> ReceiptBody:
    return ReceiptBody(**asdict(receipt))
