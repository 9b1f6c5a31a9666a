"""Coming from upstream's PostgreSQL classes: threads go on, items are there, and nothing is written to the source."""

from __future__ import annotations

import json
import operator
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import psycopg
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.postgres.shallow import ShallowPostgresSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.postgres import PostgresStore
from langgraph.store.postgres.aio import AsyncPostgresStore
from langgraph.types import Command, Send, interrupt
from support import BagOfWords, one_sentence

from langgraph_memory.database import open_memory
from langgraph_memory.errors import DatabaseError, DatabaseUnavailableError, NotADatabaseError
from langgraph_memory.transfer.upstream import aimport_upstream, import_upstream

THREADS = ("chat", "asking", "nested", "spread", "async")


class Notes(TypedDict):
    notes: Annotated[list[str], operator.add]
    count: int


def config_of(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}, "metadata": {"customer": "acme", "tier": 3}}


def chat(saver: Any) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [AIMessage(f"heard {len(state['messages'])} " * 20)]})
    builder.add_edge(START, "model")
    builder.add_edge("model", END)
    return builder.compile(checkpointer=saver)


def asking(saver: Any) -> Any:
    builder = StateGraph(Notes)
    builder.add_node("ask", lambda state: {"notes": [interrupt("really?")], "count": 1})
    builder.add_node("beside", lambda state: {"notes": ["written before the answer"]})
    builder.add_edge(START, "ask")
    builder.add_edge(START, "beside")
    return builder.compile(checkpointer=saver)


def nested(saver: Any) -> Any:
    builder = StateGraph(Notes)
    builder.add_node("inner", asking(True))
    builder.add_edge(START, "inner")
    return builder.compile(checkpointer=saver)


def spread(saver: Any) -> Any:
    builder = StateGraph(Notes)
    builder.add_node("split", lambda state: {"count": 2})
    builder.add_node("part", lambda found: {"notes": [f"part {found['number']}"]})
    builder.add_conditional_edges("split", lambda state: [Send("part", {"number": number}) for number in range(3)])
    builder.add_edge(START, "split")
    return builder.compile(checkpointer=saver)


def write_threads(saver: Any) -> None:
    for turn in range(12):
        chat(saver).invoke({"messages": [HumanMessage(f"turn {turn}")]}, config_of("chat"))
    fork = list(chat(saver).get_state_history(config_of("chat")))[10]
    chat(saver).invoke({"messages": [HumanMessage("another way")]}, fork.config)
    chat(saver).update_state(config_of("chat"), {"messages": [AIMessage("put in by hand")]})
    asking(saver).invoke({"notes": ["before"], "count": 0}, config_of("asking"))
    nested(saver).invoke({"notes": ["outside"], "count": 0}, config_of("nested"))
    spread(saver).invoke({"notes": [], "count": 0}, config_of("spread"))


@pytest.fixture
async def old(postgres_url: str) -> str:
    """A database that upstream's sync and async classes wrote."""
    with PostgresSaver.from_conn_string(postgres_url) as saver:
        saver.setup()
        write_threads(saver)
    async with AsyncPostgresSaver.from_conn_string(postgres_url) as saver:
        for turn in range(3):
            await chat(saver).ainvoke({"messages": [HumanMessage(f"turn {turn}")]}, config_of("async"))
    index: Any = {"dims": 128, "embed": BagOfWords(), "fields": ["text"]}
    with PostgresStore.from_conn_string(postgres_url, index=index, ttl={"default_ttl": None}) as store:
        store.setup()
        store.put(("users", "ann"), "colour", {"text": "likes green harbours", "deep": {"list": [1, 2.5, None]}})
        store.put(("users", "ann"), "brief", {"text": "soon over"}, ttl=90)
        store.put(("users", "bob", "notes"), "gone", {"text": "over"}, ttl=1)
    async with AsyncPostgresStore.from_conn_string(postgres_url) as store:
        await store.aput(("users", "bob"), "k", {"text": "written by the async store"})
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE store SET expires_at = now() - interval '1 hour' WHERE key = 'gone'")
    return postgres_url


def contents(url: str) -> dict[str, Any]:
    """Return every row of every table, as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT relname FROM pg_stat_user_tables ORDER BY relname").fetchall()
        return {
            name: connection.execute(f'SELECT t::text FROM "{name}" AS t ORDER BY 1').fetchall() for (name,) in tables
        }


def test_every_checkpoint_is_there_and_the_source_is_as_it_was(old: str, path: str) -> None:
    before, told = contents(old), []
    with PostgresSaver.from_conn_string(old) as saver:
        expected = {thread: list(saver.list(config_of(thread))) for thread in THREADS}

    with open_memory(path) as memory:
        found = import_upstream(old, memory, progress=lambda done, total: told.append((done, total)))
        imported = {thread: list(memory.checkpointer.list(config_of(thread))) for thread in THREADS}

    assert all(len(tuples) > 1 for tuples in expected.values())
    for thread in THREADS:
        assert imported[thread] == expected[thread]
    assert (found.threads, found.skipped) == (len(THREADS), 0)
    assert found.checkpoints == sum(map(len, expected.values()))
    assert found.source_bytes > 0
    assert told[-1][0] == told[-1][1]
    assert contents(old) == before


async def test_an_import_beside_the_event_loop_is_the_same(old: str, path: str) -> None:
    async with open_memory(path) as memory:
        found = await aimport_upstream(old, memory)
        imported = [one async for one in memory.checkpointer.alist(None)]
    with open_memory(":memory:") as other:
        expected = import_upstream(old, other)
        tuples = list(other.checkpointer.list(None))

    assert found == expected
    assert imported == tuples
    assert found.items > 0


def test_every_thread_goes_on(old: str, path: str) -> None:
    with open_memory(path) as memory:
        import_upstream(old, memory)
        saver = memory.checkpointer

        said = chat(saver).invoke({"messages": [HumanMessage("next")]}, config_of("chat"))
        waited = chat(saver).invoke({"messages": [HumanMessage("next")]}, config_of("async"))
        answered = asking(saver).invoke(Command(resume="yes"), config_of("asking"))
        inside = nested(saver).invoke(Command(resume="yes"), config_of("nested"))

    assert [one.content for one in said["messages"]][-3:-1] == ["put in by hand", "next"]
    assert len(waited["messages"]) == 8
    assert sorted(answered["notes"]) == ["before", "written before the answer", "yes"]
    assert answered["count"] == 1
    assert inside["notes"].count("yes") == 1


def test_live_items_keep_their_values_and_times_and_expired_ones_stay_behind(old: str, path: str) -> None:
    with PostgresStore.from_conn_string(old) as store:
        colour = store.get(("users", "ann"), "colour")
    with psycopg.connect(old) as connection:
        sql = "SELECT (extract(epoch FROM expires_at) * 1000000)::bigint FROM store WHERE key = 'brief'"
        ((expires_at,),) = connection.execute(sql).fetchall()
    index: Any = {"dims": 128, "embed": BagOfWords(), "fields": ["text"]}

    with open_memory(path, index=index) as memory:
        found = import_upstream(old, memory)
        kept = memory.store.get(("users", "ann"), "colour")
        exported = [json.loads(line) for line in memory.admin.export()]
        gone = memory.store.get(("users", "bob", "notes"), "gone")
        similar = memory.store.search(("users",), query="green harbours")

    assert found.items == 3
    assert kept is not None
    assert colour is not None
    assert (kept.value, kept.created_at, kept.updated_at) == (colour.value, colour.created_at, colour.updated_at)
    (brief,) = (line for line in exported if line.get("key") == "brief")
    assert brief["ttl_minutes"] == 90
    assert brief["expires_at"] == expires_at
    assert gone is None
    assert similar[0].key == "colour"


def test_an_import_that_is_run_again_adds_nothing(old: str, path: str) -> None:
    with open_memory(path) as memory:
        first = import_upstream(old, memory)
        again = import_upstream(old, memory)

    assert (again.checkpoints, again.skipped, again.items) == (0, first.checkpoints, 0)


def test_a_value_that_did_not_change_is_stored_once(postgres_url: str, path: str) -> None:
    large = "x" * 50_000
    with PostgresSaver.from_conn_string(postgres_url) as saver:
        saver.setup()
        graph = asking_after(large, saver)
        for _ in range(20):
            graph.invoke({"notes": ["turn"]}, config_of("t"))

    with open_memory(path) as memory:
        import_upstream(postgres_url, memory)
        newest = memory.checkpointer.get_tuple(config_of("t"))

    assert newest is not None
    assert newest.checkpoint["channel_values"]["blob"] == [large]
    assert Path(path).stat().st_size < 20 * len(large)


def asking_after(large: str, saver: Any) -> Any:
    class State(TypedDict):
        notes: Annotated[list[str], operator.add]
        blob: list[str]

    builder = StateGraph(State)
    builder.add_node("once", lambda state: {} if state.get("blob") else {"blob": [large]})
    builder.add_edge(START, "once")
    return builder.compile(checkpointer=saver)


def test_the_tasks_sent_to_a_checkpoint_of_an_older_format_come_along(postgres_url: str, path: str) -> None:
    with PostgresSaver.from_conn_string(postgres_url) as saver:
        saver.setup()
        first = {**empty_checkpoint(), "v": 3}
        place: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
        stored = saver.put(place, first, {"source": "loop", "step": 0}, {})
        saver.put_writes(stored, [("__pregel_tasks", Send("part", {"number": 1}))], "task")
        second: Any = {**empty_checkpoint(), "v": 3, "channel_versions": {"a": "1.0"}, "channel_values": {"a": 1}}
        saver.put(stored, second, {"source": "loop", "step": 1}, {"a": "1.0"})
        expected = list(saver.list(place))

    with open_memory(path) as memory:
        import_upstream(postgres_url, memory)
        imported = list(memory.checkpointer.list(place))

    assert expected[0].checkpoint["channel_values"]["__pregel_tasks"] == [Send("part", {"number": 1})]
    assert imported == expected


def test_a_thread_of_the_shallow_saver_goes_on(postgres_url: str, path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with ShallowPostgresSaver.from_conn_string(postgres_url) as saver:
            saver.setup()
            for turn in range(3):
                chat(saver).invoke({"messages": [HumanMessage(f"turn {turn}")]}, config_of("t"))
            asking(saver).invoke({"notes": ["before"], "count": 0}, config_of("asking"))

    with open_memory(path) as memory:
        found = import_upstream(postgres_url, memory)
        said = chat(memory.checkpointer).invoke({"messages": [HumanMessage("next")]}, config_of("t"))
        answered = asking(memory.checkpointer).invoke(Command(resume="yes"), config_of("asking"))

    assert (found.threads, found.checkpoints) == (2, 2)
    assert len(said["messages"]) == 8
    assert "yes" in answered["notes"]


def test_a_user_who_may_only_read_can_import(old: str, path: str) -> None:
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reads'")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        host = old.partition("@")[2]
        with open_memory(path) as memory:
            found = import_upstream(f"postgresql://reader:reads@{host}", memory)
    finally:
        with psycopg.connect(old, autocommit=True) as connection:
            connection.execute("DROP OWNED BY reader")
            connection.execute("DROP ROLE reader")

    assert found.threads == len(THREADS)


@pytest.fixture
def errors_of(path: str, postgres_url: str) -> Iterator[Any]:
    with open_memory(path) as memory:

        def read(url: str) -> BaseException:
            with pytest.raises(DatabaseError) as raised:
                import_upstream(url, memory)
            return raised.value

        yield read


def test_a_source_that_cannot_be_read_is_one_sentence_without_its_password(errors_of: Any, postgres_url: str) -> None:
    password = postgres_url.partition(":tester:")[2] or postgres_url.split(":")[2].partition("@")[0]
    nowhere = postgres_url.rpartition("/")[0] + "/no_such_database"
    wrong = postgres_url.replace(password, "not-the-secret")

    empty, missing, refused = errors_of(postgres_url), errors_of(nowhere), errors_of(wrong)

    assert isinstance(empty, NotADatabaseError)
    assert isinstance(missing, DatabaseUnavailableError)
    assert isinstance(refused, DatabaseUnavailableError)
    assert "no_such_database" in str(missing)
    for error, secret in ((empty, password), (missing, password), (refused, "not-the-secret")):
        assert secret not in one_sentence(error)
