"""Coming from upstream: every thread and item of its files is there, and every thread goes on."""

from __future__ import annotations

import asyncio
import json
import operator
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.sqlite import SqliteStore
from langgraph.types import Command, interrupt
from support import BagOfWords, embed_async_only

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.database import open_memory
from langgraph_memory.engine.sqlite.upstream import UpstreamFile
from langgraph_memory.errors import DatabaseUnavailableError, NotADatabaseError
from langgraph_memory.transfer.upstream import aimport_upstream, import_upstream


class Notes(TypedDict):
    notes: Annotated[list[str], operator.add]


def config_of(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def chat(saver: Any) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [AIMessage(f"heard {len(state['messages'])} " * 20)]})
    builder.add_edge(START, "model")
    builder.add_edge("model", END)
    return builder.compile(checkpointer=saver)


def asking(saver: Any) -> Any:
    builder = StateGraph(Notes)
    builder.add_node("ask", lambda state: {"notes": [interrupt("really?")]})
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(checkpointer=saver)


@pytest.fixture
def old(tmp_path: Path) -> str:
    path = str(tmp_path / "old.sqlite")
    with SqliteSaver.from_conn_string(path) as saver:
        for turn in range(30):
            chat(saver).invoke({"messages": [HumanMessage(f"turn {turn}")]}, config_of("chat"))
        fork = list(chat(saver).get_state_history(config_of("chat")))[20]
        chat(saver).invoke({"messages": [HumanMessage("another way")]}, fork.config)
        asking(saver).invoke({"notes": ["before"]}, config_of("asking"))
    with SqliteStore.from_conn_string(path) as store:
        store.setup()
        store.put(("users", "ann"), "colour", {"is": "green"})
    return path


def test_every_checkpoint_is_there_every_thread_goes_on_and_the_old_file_is_as_it_was(old: str, tmp_path: Path) -> None:
    before, told = Path(old).read_bytes(), []
    with SqliteSaver.from_conn_string(old) as saver:
        expected = {thread: list(saver.list(config_of(thread))) for thread in ("chat", "asking")}
    new = str(tmp_path / "new.db")

    with open_memory(new) as memory:
        found = import_upstream(old, memory, progress=lambda done, total: told.append((done, total)))

        for thread, tuples in expected.items():
            assert list(memory.checkpointer.list(config_of(thread))) == tuples
        said = chat(memory.checkpointer).invoke({"messages": [HumanMessage("next")]}, config_of("chat"))
        assert said["messages"][-2].content == "next"
        assert asking(memory.checkpointer).invoke(Command(resume="yes"), config_of("asking")) == {
            "notes": ["before", "yes"]
        }
        item = memory.store.get(("users", "ann"), "colour")

    assert item is not None
    assert item.value == {"is": "green"}
    assert (found.threads, found.items, found.skipped) == (2, 1, 0)
    assert found.checkpoints == sum(map(len, expected.values()))
    assert told[-1] == (found.checkpoints + 1, found.checkpoints + 1)
    assert Path(old).read_bytes() == before
    assert os.path.getsize(new) < found.source_bytes


async def test_an_import_beside_the_event_loop_is_the_same_and_blocks_nothing(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, threads, told = get_ident(), set(), []
    put, read = ThreadSaver.put, UpstreamFile.checkpoints

    def put_and_note(self: ThreadSaver, *args: Any) -> Any:
        threads.add(get_ident())
        return put(self, *args)

    def read_and_note(self: UpstreamFile) -> Any:
        for one in read(self):
            threads.add(get_ident())
            yield one

    monkeypatch.setattr(ThreadSaver, "put", put_and_note)
    monkeypatch.setattr(UpstreamFile, "checkpoints", read_and_note)

    index: Any = {"dims": BagOfWords.dims, "embed": embed_async_only}
    async with open_memory(str(tmp_path / "new.db"), index=index) as memory:
        found = await aimport_upstream(old, memory, progress=lambda *done: told.append((*done, get_ident())))
        item = await memory.store.aget(("users", "ann"), "colour")
    with open_memory(str(tmp_path / "other.db")) as other:
        expected = import_upstream(old, other)
        tuples = list(other.checkpointer.list(None))
    with open_memory(str(tmp_path / "new.db")) as again:
        assert list(again.checkpointer.list(None)) == tuples

    assert found == expected
    assert len(threads - {here}) == 1
    assert {ident for *_, ident in told} == {here}
    assert told[-1][0] == told[-1][1] == found.checkpoints + 1
    assert item is not None


async def test_an_import_that_is_cancelled_is_run_again(old: str, tmp_path: Path) -> None:
    importing: Any = None
    async with open_memory(str(tmp_path / "new.db")) as memory:
        importing = asyncio.ensure_future(
            aimport_upstream(old, memory, progress=lambda done, total: done < 10 or importing.cancel())
        )
        with pytest.raises(asyncio.CancelledError):
            await importing
        again = await aimport_upstream(old, memory)

    assert again.skipped >= 10
    assert again.items == 1


@pytest.mark.filterwarnings("ignore:The default datetime adapter:DeprecationWarning")  # which SqliteStore relies on
def test_items_keep_their_times_and_expired_ones_stay_behind(tmp_path: Path) -> None:
    old = str(tmp_path / "old.sqlite")
    with SqliteStore.from_conn_string(old, ttl={"default_ttl": None}) as store:
        store.setup()
        store.put(("users", "ann"), "colour", {"is": "green"})
        store.put(("users", "ann"), "brief", {"is": "short"}, ttl=90)
        store.put(("users", "ann"), "gone", {"is": "over"}, ttl=90)
        colour, brief = store.get(("users", "ann"), "colour"), store.get(("users", "ann"), "brief")
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE store SET expires_at = '2020-01-01 00:00:00+00:00' WHERE key = 'gone'")
        ((expires_at,),) = connection.execute("SELECT expires_at FROM store WHERE key = 'brief'").fetchall()

    with open_memory(str(tmp_path / "new.db")) as memory:
        found = import_upstream(old, memory)
        kept = {item.key: item for item in memory.store.search(("users",), refresh_ttl=False)}
        lines = [json.loads(line) for line in memory.admin.export()]

    assert found.items == 2
    assert kept.keys() == {"colour", "brief"}
    assert colour is not None
    assert brief is not None
    assert kept["colour"].created_at == colour.created_at.replace(tzinfo=UTC)
    assert kept["colour"].updated_at == colour.updated_at.replace(tzinfo=UTC)
    (moved,) = (line for line in lines if line.get("key") == "brief")
    assert abs(moved["expires_at"] - datetime.fromisoformat(expires_at).timestamp() * 1_000_000) < 1000
    assert moved["ttl_minutes"] == 90


def test_an_import_that_is_run_again_skips_what_it_has(old: str, tmp_path: Path) -> None:
    with open_memory(str(tmp_path / "new.db")) as memory:
        first = import_upstream(old, memory)
        again = import_upstream(old, memory)

    assert (again.checkpoints, again.skipped) == (0, first.checkpoints)


def test_a_missing_file_and_one_that_upstream_did_not_write_are_named(tmp_path: Path) -> None:
    with open_memory(str(tmp_path / "new.db")) as memory:
        with pytest.raises(DatabaseUnavailableError, match="does not exist"):
            import_upstream(tmp_path / "nowhere.sqlite", memory)
        with pytest.raises(NotADatabaseError, match="no tables of SqliteSaver"):
            import_upstream(tmp_path / "new.db", memory)
        (tmp_path / "text").write_text("not a database at all, but long enough to look at " * 50)
        with pytest.raises(NotADatabaseError, match="not a readable"):
            import_upstream(tmp_path / "text", memory)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE checkpoints SET checkpoint = X'c1ff' || substr(checkpoint, 3) WHERE {here}",
        "UPDATE checkpoints SET checkpoint = X'a56e6f7065' WHERE {here}",
        "UPDATE checkpoints SET metadata = '{{' WHERE {here}",
        "UPDATE checkpoints SET metadata = CAST(X'7b22ff227d' AS TEXT) WHERE {here}",
        "UPDATE writes SET value = X'c1' WHERE {here}",
    ],
)
async def test_a_damaged_checkpoint_is_left_behind_and_named(old: str, tmp_path: Path, mode: str, damage: str) -> None:
    with SqliteSaver.from_conn_string(old) as saver:
        whole = list(saver.list(config_of("chat")))
    hurt = whole[40].config["configurable"]["checkpoint_id"]
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(damage.format(here=f"checkpoint_id = '{hurt}'"))

    with open_memory(str(tmp_path / "new.db")) as memory:
        found = await taken_in(old, memory, mode)

        (named,) = found.damaged
        assert f"checkpoint {hurt} of thread 'chat'" in named
        kept = [one for one in whole if one.config["configurable"]["checkpoint_id"] != hurt]
        assert list(memory.checkpointer.list(config_of("chat"))) == kept
        assert found.checkpoints == len(whole) + 2 - 1
        said = chat(memory.checkpointer).invoke({"messages": [HumanMessage("next")]}, config_of("chat"))
        assert said["messages"][-2].content == "next"
        assert memory.store.get(("users", "ann"), "colour") is not None


@pytest.mark.parametrize("value", ["'{'", "'[1]'", "CAST(X'7b2261223a22ff227d' AS TEXT)"])
async def test_a_damaged_item_is_left_behind_and_named(old: str, tmp_path: Path, mode: str, value: str) -> None:
    with SqliteStore.from_conn_string(old) as store:
        store.put(("users", "bo"), "colour", {"is": "red"})
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(f"UPDATE store SET value = {value} WHERE prefix = 'users.ann'")

    with open_memory(str(tmp_path / "new.db")) as memory:
        found = await taken_in(old, memory, mode)

        (named,) = found.damaged
        assert "item 'colour' of 'users.ann'" in named
        assert (found.items, memory.store.get(("users", "ann"), "colour")) == (1, None)
        assert memory.store.get(("users", "bo"), "colour") is not None


async def taken_in(old: str, memory: Any, mode: str) -> Any:
    return import_upstream(old, memory) if mode == "sync" else await aimport_upstream(old, memory)
