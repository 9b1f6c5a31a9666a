"""Who a run is for, and whose threads it may touch."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from support import Driver

from langgraph_memory import (
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    RetrievalNode,
    build_graph,
    open_memory,
)
from langgraph_memory.errors import (
    ForeignThreadError,
    IdentityConflictError,
    InvalidInputError,
    MissingOwnerError,
    ThreadNotFoundError,
)
from langgraph_memory.nodes.identity import resolve_identity

BO = MemoryContext(owner_id="bo")
EVE = MemoryContext(owner_id="eve")
SAID: Any = {"messages": [("user", "I live in Berlin.")]}


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


@pytest.fixture
def owned(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database, threads="owned") as opened:
        yield opened


def thread(name: str = "t", **more: Any) -> Any:
    return {"configurable": {"thread_id": name, **more}}


def assistant(memory: MemoryDatabase) -> Any:
    return build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)


def known(memory: MemoryDatabase, owner_id: str) -> list[str]:
    return [one.content for one in memory.store.list_memories(owner_id=owner_id)]


# Whom a run is for


@pytest.mark.parametrize(
    ("server", "context", "configurable", "owner"),
    [
        ("ana", None, {}, "ana"),
        ("ana", "ana", {"user_id": "ana"}, "ana"),
        (None, "ana", {}, "ana"),
        (None, None, {"owner_id": "ana"}, "ana"),
        (None, None, {"langgraph_auth_user_id": "ana"}, "ana"),
        (None, None, {"langgraph_auth_user": {"identity": "ana"}}, "ana"),
        (None, "ana", {"langgraph_auth_user_id": ""}, "ana"),
    ],
)
def test_an_owner_is_named_by_the_server_the_context_or_the_configurable(
    server: str | None, context: str | None, configurable: Any, owner: str
) -> None:
    info = None if server is None else SimpleNamespace(user=SimpleNamespace(identity=server))
    runtime: Any = SimpleNamespace(server_info=info, context=MemoryContext(owner_id=context))

    assert resolve_identity(runtime, {"configurable": configurable}).owner_id == owner


@pytest.mark.parametrize(
    ("context", "configurable"),
    [
        ("ana", {"owner_id": "eve"}),
        (None, {"owner_id": "eve", "langgraph_auth_user_id": "ana"}),
        ("eve", {"langgraph_auth_user": {"identity": "ana"}}),
    ],
)
async def test_two_places_that_name_different_owners_are_an_error(
    memory: MemoryDatabase, mode: str, context: str | None, configurable: Any
) -> None:
    graph = Driver(assistant(memory), mode)
    with pytest.raises(IdentityConflictError, match=r"'ana'.*'eve'|'eve'.*'ana'"):
        await graph.invoke(SAID, thread(**configurable), context=MemoryContext(owner_id=context))

    assert known(memory, "ana") == known(memory, "eve") == []


def asking(memory: MemoryDatabase) -> Any:
    """A graph that asks before it answers, and has a side effect then."""

    def answer(state: MessagesState) -> Any:
        return {"messages": [AIMessage(f"So you said {interrupt('Sure?')}.")]}

    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_sequence([("retrieve", RetrievalNode()), ("answer", answer), ("promote", PromotionNode())])
    builder.add_edge(START, "retrieve")
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


async def test_a_run_that_is_resumed_without_a_name_is_the_threads_owners(memory: MemoryDatabase, mode: str) -> None:
    graph = Driver(asking(memory), mode)
    await graph.invoke(SAID, thread(), context=BO)

    await graph.invoke(Command(resume="yes"), thread())

    assert known(memory, "bo") == ["The user lives in Berlin."]


@pytest.mark.parametrize("named", [{"context": EVE}, {"owner_id": "eve"}])
async def test_a_run_that_is_resumed_for_somebody_else_is_refused(
    memory: MemoryDatabase, mode: str, named: Any
) -> None:
    graph = Driver(asking(memory), mode)
    await graph.invoke(SAID, thread(), context=BO)
    context = named.get("context")

    with pytest.raises(IdentityConflictError, match="share_thread"):
        await graph.invoke(
            Command(resume="yes"), thread(**{} if context else named), **({"context": context} if context else {})
        )
    assert known(memory, "eve") == known(memory, "bo") == []


async def test_a_new_run_that_names_nobody_is_refused_in_a_thread_that_has_an_owner(
    memory: MemoryDatabase, mode: str
) -> None:
    graph = Driver(assistant(memory), mode)
    await graph.invoke(SAID, thread(), context=BO)

    with pytest.raises(MissingOwnerError):
        await graph.invoke(SAID, thread())


# Whose threads


async def test_an_owned_thread_is_run_read_ended_and_deleted_by_its_owner_alone(
    owned: MemoryDatabase, mode: str
) -> None:
    graph, saver, database = Driver(assistant(owned), mode), Driver(owned.checkpointer, mode), Driver(owned, mode)
    await graph.invoke(SAID, thread(), context=BO)
    asked = thread(owner_id="eve")

    for call in (
        lambda: graph.invoke(SAID, thread(), context=EVE),
        lambda: graph.get_state(asked),
        lambda: graph.update_state(asked, {"messages": [HumanMessage("Hi.")]}),
        lambda: saver.get_tuple(asked),
        lambda: saver.delete_thread("t", owner_id="eve"),
        lambda: saver.copy_thread("t", "u", owner_id="eve"),
        lambda: saver.prune(["t"], owner_id="eve"),
        lambda: database.end_session("t", owner_id="eve"),
    ):
        with pytest.raises(ForeignThreadError, match="'t'"):
            await call()
    with pytest.raises(ForeignThreadError):
        list(owned.checkpointer.list(asked))
    assert len((await graph.get_state(thread(owner_id="bo"))).values["messages"]) == 2
    await graph.invoke({"messages": [("user", "I prefer tea.")]}, thread(), context=BO)
    assert "tea" in (await database.end_session("t", owner_id="bo")).memory.content
    await saver.delete_thread("t", owner_id="bo")
    await graph.invoke(SAID, thread(), context=EVE)


async def test_who_names_nobody_sees_no_owned_thread(owned: MemoryDatabase, mode: str) -> None:
    await Driver(assistant(owned), mode).invoke(SAID, thread(), context=BO)
    saver = Driver(owned.checkpointer, mode)

    for call in (lambda: saver.get_tuple(thread()), lambda: saver.delete_thread("t"), saver.list_threads):
        with pytest.raises(MissingOwnerError):
            await call()
    with pytest.raises(InvalidInputError, match="owned"):
        list(owned.checkpointer.list(None))


async def test_a_thread_is_shared_on_purpose(owned: MemoryDatabase, mode: str) -> None:
    graph, saver = Driver(assistant(owned), mode), Driver(owned.checkpointer, mode)
    await graph.invoke(SAID, thread(), context=BO)

    await saver.share_thread("t", owners=["eve"])

    await graph.invoke({"messages": [("user", "I prefer tea.")]}, thread(), context=EVE)
    assert known(owned, "eve") == ["The user prefers tea."]
    with pytest.raises(ThreadNotFoundError):
        await saver.share_thread("nowhere", owners=["eve"])
    with pytest.raises(InvalidInputError, match="list"):
        await saver.share_thread("t", owners="eve")


async def test_a_first_run_beside_another_owners_does_not_get_the_thread(
    owned: MemoryDatabase, mode: str, database: str
) -> None:
    """Both have found no such thread; the second to store its first checkpoint is refused."""

    def begun_by_eve(state: MessagesState) -> Any:
        with open_memory(database, threads="owned") as other:
            assistant(other).invoke(SAID, thread(), context=EVE)
        return {"messages": [AIMessage("Late.")]}

    builder = StateGraph(MessagesState, context_schema=MemoryContext)
    builder.add_node("answer", begun_by_eve)
    builder.add_edge(START, "answer")
    graph = Driver(builder.compile(checkpointer=owned.checkpointer), mode)

    with pytest.raises(ForeignThreadError):
        await graph.invoke(SAID, thread(), context=BO, durability="exit")


def test_threads_are_shared_or_owned(path: str) -> None:
    with pytest.raises(InvalidInputError, match="threads"), open_memory(path, threads="mine"):  # type: ignore[arg-type]
        pass
