"""What callers pass in practice: ids as objects, large and deep values, a database that is opened without `with`."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import psycopg_pool
import pytest
from databases import rows
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import START, StateGraph
from support import BagOfWords, one_sentence
from typing_extensions import TypedDict

from langgraph_memory import CuratedStore, ThreadSaver, open_memory
from langgraph_memory.errors import ConnectionStringError, DatabaseClosedError, InvalidInputError


class State(TypedDict, total=False):
    x: str


def graph_of(memory: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("node", lambda _: {"x": "y"})
    builder.add_edge(START, "node")
    return builder.compile(checkpointer=memory.checkpointer)


def test_thread_and_checkpoint_ids_may_be_uuids(database: str, mode: str) -> None:
    thread = uuid.uuid4()
    config: Any = {"configurable": {"thread_id": thread}}
    with open_memory(database) as memory:
        graph = graph_of(memory)
        graph.invoke({"x": "1"}, config)
        found = uuid.UUID(graph.get_state(config).config["configurable"]["checkpoint_id"])
        named: Any = {"configurable": {"thread_id": thread, "checkpoint_id": found}}

        state = graph.get_state(named) if mode == "sync" else asyncio.run(graph.aget_state(named))
        earlier = list(memory.checkpointer.list(config, before=named))
        again = graph.invoke({"x": "2"}, named)

    assert state.values == again == {"x": "y"}
    assert len(earlier) == 2


def test_metadata_that_cannot_be_kept_is_a_sentence(database: str) -> None:
    config: Any = {"configurable": {"thread_id": "t"}, "metadata": {"user": uuid.uuid4().int}}
    with open_memory(database) as memory, pytest.raises(InvalidInputError, match="more than 64 bits") as caught:
        graph_of(memory).invoke({"x": "1"}, config)

    one_sentence(caught.value)


def nested(levels: int) -> Any:
    value: Any = "core"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_a_value_nested_hundreds_deep_is_kept_and_found(database: str) -> None:
    with open_memory(database) as memory:
        memory.store.put(("a",), "k", {"deep": nested(400)})

        assert memory.store.search(("a",), query="core")[0].value == {"deep": nested(400)}
        with pytest.raises(InvalidInputError, match="is not JSON") as caught:
            memory.store.put(("a",), "k", {"deep": nested(100_000)})
    one_sentence(caught.value)


def test_a_database_is_used_without_with_until_it_is_closed(database: str) -> None:
    memory = open_memory(database)

    memory.store.put(("a",), "k", {"n": 1})
    graph_of(memory).invoke({"x": "1"}, {"configurable": {"thread_id": "t"}})
    memory.close()
    memory.close()

    with pytest.raises(DatabaseClosedError):
        memory.store.get(("a",), "k")
    with memory as again:
        assert again.store.get(("a",), "k").value == {"n": 1}


def test_what_a_database_built_is_used_when_nothing_else_of_it_is_held(database: str) -> None:
    store = open_memory(database).store

    gc.collect()
    store.put(("a",), "k", {"n": 1})

    assert store.get(("a",), "k").value == {"n": 1}
    del store
    gc.collect()


def test_a_program_that_never_closes_its_database_ends_with_everything_stored(database: str) -> None:
    program = (
        "import sys; from langgraph_memory import open_memory; memory = open_memory(sys.argv[1]); "
        "memory.store.put(('a',), 'k', {}); memory.store.remember('The user likes tea.', owner_id='ana'); "
        "memory.store.recall('tea', owner_id='ana')"
    )

    command = [sys.executable, "-c", program, database]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    with open_memory(database) as memory:
        assert len(memory.audit.receipts(owner_id="ana")) == 1


@pytest.mark.parametrize("opened", [ThreadSaver.from_conn_string, CuratedStore.from_conn_string, open_memory])
def test_an_unknown_option_is_a_sentence_that_names_the_others(database: str, opened: Any) -> None:
    with (
        pytest.raises(InvalidInputError, match=r"no option 'bogus'.*busy_timeout") as caught,
        opened(database, bogus=1),
    ):
        pass
    one_sentence(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"guard": "x"}, {"ttl": 5}, {"memory_types": ["x"]}, {"memory_types": "x"}, {"memory_types": 5}, {"index": 5}],
    ids=repr,
)
def test_an_option_of_another_kind_is_a_sentence(database: str, options: Any) -> None:
    with pytest.raises(InvalidInputError) as caught, open_memory(database, **options):
        pass
    one_sentence(caught.value)
    assert next(iter(options)) in str(caught.value)


async def test_an_edit_through_put_is_a_correction_with_both_in_the_history(database: str, mode: str) -> None:
    with open_memory(database) as memory:
        store = memory.store
        known = store.remember(
            "The user lives in Munich.", owner_id="ana", slot="home", content_json={"value": "Munich"}
        )
        (item,) = store.search(("curated", "ana"))

        edit = {"content": "The user lives in Hamburg."}
        if mode == "sync":
            store.put(item.namespace, item.key, edit)
        else:
            await store.aput(item.namespace, item.key, edit)
        held = store.list_memories(owner_id="ana")
        history = store.history(known.memory.id, owner_id="ana")

    assert [(one.content, one.content_json, one.slot) for one in held] == [("The user lives in Hamburg.", None, "home")]
    assert [(one.content, one.content_json, one.superseded) for one in history] == [
        ("The user lives in Munich.", {"value": "Munich"}, True),
        ("The user lives in Hamburg.", None, False),
    ]


def test_a_sweeper_deletes_what_has_expired_until_it_is_stopped(database: str) -> None:
    with open_memory(database, ttl={"default_ttl": 1e-5}) as memory:
        memory.store.put(("a",), "k", {})

        running = memory.store.start_ttl_sweeper(sweep_interval_minutes=1e-4)
        again = memory.store.start_ttl_sweeper()
        while rows(database, "SELECT count(*) FROM agent_memory")[0][0]:
            pass

        assert again is running
        assert memory.store.stop_ttl_sweeper(timeout=60)
        assert running.result(timeout=60) is None
        assert memory.store.stop_ttl_sweeper()


def test_a_sweeper_has_nothing_to_do_without_a_time_to_live(database: str) -> None:
    with open_memory(database) as memory:
        assert memory.store.start_ttl_sweeper().done()


async def test_both_classes_are_set_up_as_their_async_peers_are(database: str) -> None:
    async with open_memory(database) as memory:
        await memory.store.asetup()
        await memory.checkpointer.asetup()


def test_the_fields_of_an_index_are_named_as_upstream_reads_them(database: str, embed: BagOfWords) -> None:
    index: Any = {"dims": embed.dims, "embed": embed, "text_fields": ["text"]}
    with open_memory(database, index=index) as memory:
        memory.store.put(("a",), "k", {"text": "green tea", "other": "secret plan"})

        found = memory.store.search(("a",), query="tea")

    assert found[0].score == pytest.approx(2**-0.5, abs=1e-3)  # one word of two: what else it holds is not embedded


@contextmanager
def handed_over(database: str, kind: str) -> Iterator[Any]:
    """What LangGraph's own classes are constructed with."""
    if kind == "sqlite3":
        with closing(sqlite3.connect(database)) as connection:
            yield connection
    elif kind == "psycopg":
        with psycopg.connect(database, autocommit=True) as connection:
            yield connection
    elif kind == "behind a proxy":
        with psycopg.connect(database, autocommit=True, prepare_threshold=None) as connection:
            yield connection
    elif kind == "pool":
        kwargs = {"autocommit": True, "prepare_threshold": 0, "row_factory": psycopg.rows.dict_row}
        with psycopg_pool.ConnectionPool(database, min_size=1, max_size=3, kwargs=kwargs) as pool:
            yield pool
    else:
        yield psycopg_pool.AsyncConnectionPool(database, min_size=1, max_size=3, open=False)


HANDED_OVER = [
    ("sqlite", "sqlite3"),
    *(("postgres", one) for one in ("psycopg", "behind a proxy", "pool", "async pool")),
]


@pytest.mark.parametrize(("databases", "kind"), HANDED_OVER, indirect=["databases"])
def test_both_classes_take_a_connection_or_a_pool_as_their_peers_do(databases: Any, kind: str) -> None:
    database = databases.new()
    with handed_over(database, kind) as given:
        saver, store = ThreadSaver(given), CuratedStore(given)
        config: Any = {"configurable": {"thread_id": "t"}}
        graph = graph_of(SimpleNamespace(checkpointer=saver))
        graph.invoke({"x": "1"}, config)
        asyncio.run(store.aput(("docs",), "k", {"n": 1}))
        engines = [saver._engine, store._engine]

        assert graph.get_state(config).values == {"x": "y"}
        assert ThreadSaver(given).get_tuple(config) is not None
        if kind == "behind a proxy":
            assert not any(engine._settings.prepare for engine in engines)
        if "pool" in kind:
            assert [engine._settings.pool_size for engine in engines] == [3, 3]
    for engine in engines:
        engine.close()
    with open_memory(database) as memory:
        assert memory.store.get(("docs",), "k").value == {"n": 1}


@pytest.mark.parametrize("given", ["assistant.db", None, 5])
@pytest.mark.parametrize("face", [ThreadSaver, CuratedStore])
def test_what_names_no_database_is_a_sentence(face: Any, given: Any) -> None:
    with pytest.raises(ConnectionStringError, match=f"{face.__name__}.from_conn_string") as caught:
        face(given)

    one_sentence(caught.value)


def test_a_connection_to_memory_is_a_sentence_because_no_other_can_see_it() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as given,
        pytest.raises(ConnectionStringError, match="names no file that others can open") as caught,
    ):
        ThreadSaver(given)

    one_sentence(caught.value)


@pytest.mark.parametrize(
    ("option", "way_out"),
    [("pipeline", "leave it out"), ("pool_config", "pool_size"), ("index_config", "`index`"), ("deserializer", "JSON")],
)
def test_options_of_other_classes_are_a_sentence_with_the_way_out(database: str, option: str, way_out: str) -> None:
    with (
        pytest.raises(ConnectionStringError, match=f"{option}.*{way_out}") as caught,
        CuratedStore.from_conn_string(database, **{option: {"max_size": 5}}),
    ):
        pass

    one_sentence(caught.value)


def test_the_index_can_be_read_as_the_peers_tell_it(database: str, embed: BagOfWords) -> None:
    index: Any = {"dims": embed.dims, "embed": embed, "fields": ["text"]}
    with CuratedStore.from_conn_string(database, index=index) as store:
        assert store.index_config == index


async def test_setup_may_be_awaited_as_that_of_the_async_peers(database: str) -> None:
    with open_memory(database) as memory:
        await memory.checkpointer.setup()
        await memory.store.setup()
        memory.store.setup()


async def test_a_sweep_may_be_awaited_as_that_of_the_async_peers(database: str) -> None:
    with open_memory(database) as memory:
        memory.store.put(("docs",), "a", {"n": 1}, ttl=1e-9)

        assert await memory.store.sweep_ttl() == 1
        assert memory.store.sweep_ttl() + 1 == 1


@pytest.mark.parametrize("call", ["prune", "delete_for_runs"])
def test_one_id_in_place_of_several_is_refused_and_removes_nothing(database: str, call: str) -> None:
    with open_memory(database) as memory:
        config: Any = {"configurable": {"thread_id": "a", "checkpoint_ns": ""}}
        memory.checkpointer.put(config, empty_checkpoint(), {"source": "input", "step": 0, "parents": {}}, {})
        options = {"strategy": "delete"} if call == "prune" else {}

        with pytest.raises(InvalidInputError, match="several ids") as caught:
            getattr(memory.checkpointer, call)("ab", **options)

        one_sentence(caught.value)
        assert len(memory.checkpointer.checkpoint_ids("a")) == 1


def test_values_of_channels_without_a_version_are_kept(database: str) -> None:
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    checkpoint: Any = {**empty_checkpoint(), "channel_values": {"seed": ["a"], "x": 1}, "channel_versions": {"x": 1}}
    with open_memory(database) as memory:
        stored = memory.checkpointer.put(config, checkpoint, {}, {"x": 1})
        found = memory.checkpointer.get_tuple(stored)
        listed = next(memory.checkpointer.list(config))

    assert found.checkpoint == listed.checkpoint == checkpoint


def test_checkpoints_are_listed_by_what_their_metadata_says_at_any_depth(database: str) -> None:
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    told: Any = {"user": {"access-level": "all"}, "a.b": 1}
    with open_memory(database) as memory:
        memory.checkpointer.put(config, empty_checkpoint(), told, {})

        def count(wanted: Any) -> int:
            return len(list(memory.checkpointer.list(config, filter=wanted)))

        assert count({"user.access-level": "all"}) == count({"a.b": 1}) == count({"user": {"access-level": "all"}}) == 1
        assert count({"user.access-level": "none"}) == count({"user.role.deep": "x"}) == count({"user.role": "x"}) == 0
