"""Space, retention, secrecy, damage and full disks: what happens to threads outside the happy path."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import rows
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory.checkpointer import ThreadSaver
from langgraph_memory.errors import (
    ClassNotAllowedError,
    DatabaseError,
    DatabaseUnavailableError,
    InvalidInputError,
    ThreadNotFoundError,
    UnreadableCheckpointError,
    UnreadableCheckpointWarning,
)


@dataclass
class Order:
    number: int


def config_of(thread: str, checkpoint_id: str | None = None, **more: str) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": checkpoint_id, **more}}


def fill(saver: ThreadSaver, thread: str, turns: int, *, size: int = 500, **more: str) -> list[Any]:
    """Store a chat of so many turns, one checkpoint a turn, and return its messages."""
    held: Any = empty_checkpoint()
    config, messages = config_of(thread, **more), []
    for turn in range(turns):
        messages = [*messages, HumanMessage(f"riddle {turn} {os.urandom(size // 2).hex()}", id=f"{thread}{turn}")]
        version = saver.get_next_version(held["channel_versions"].get("messages"), None)
        held = {**held, "id": f"{turn:08}", "channel_values": {"messages": messages}}
        held["channel_versions"] = {"messages": version}
        config = saver.put(config, held, {"source": "loop", "step": turn}, held["channel_versions"])
        saver.put_writes(config, [("messages", messages[-1])], f"task {turn}")
    return messages


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "memory.db")


@pytest.fixture
def saver(file: str) -> Iterator[ThreadSaver]:
    with ThreadSaver.from_conn_string(file) as opened:
        yield opened


@pytest.fixture
def either(database: str) -> Iterator[ThreadSaver]:
    """A saver on a database of either engine."""
    with ThreadSaver.from_conn_string(database) as opened:
        yield opened


def damage(database: str, statement: str) -> None:
    """Run a statement that names the thread "hurt" as {hurt} and bytes as {hexadecimal digits}."""
    server = "://" in database
    named = "thread_id = 'hurt'" if server else "thread_no = (SELECT thread_no FROM thread WHERE thread_id = 'hurt')"
    statement = re.sub(r"\{([0-9a-f]+)\}", r"'\\x\1'" if server else r"X'\1'", statement)
    rows(database, statement.replace("{hurt}", named))


@pytest.mark.parametrize("remove", ["delete_thread", "prune"])
def test_removed_threads_give_their_space_back_to_the_file_system(saver: ThreadSaver, file: str, remove: str) -> None:
    fill(saver, "kept", 5)
    fill(saver, "gone", 400, size=4000)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        before = os.path.getsize(file)

        saver.delete_thread("gone") if remove == "delete_thread" else saver.prune(["gone"], strategy="delete")

        assert before > 2_000_000
        assert os.path.getsize(file) < before / 10
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert len(list(saver.list(config_of("kept")))) == 5


def test_space_comes_back_from_async_too(saver: ThreadSaver, file: str) -> None:
    fill(saver, "kept", 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    small = os.path.getsize(file)
    fill(saver, "gone", 100, size=4000)

    asyncio.run(saver.adelete_thread("gone"))

    assert os.path.getsize(file) <= small + 20_000


def test_the_log_stays_bounded_while_a_listing_is_held_open(saver: ThreadSaver, file: str) -> None:
    fill(saver, "t", 100)
    standing = saver.list(None)
    next(standing)

    fill(saver, "other", 1500)

    assert os.path.getsize(f"{file}-wal") < 9_000_000
    assert len(list(standing)) >= 99


def test_a_sweep_deletes_idle_threads_and_shortens_long_ones(either: ThreadSaver, database: str) -> None:
    fill(either, "idle", 3)
    fill(either, "long", 30)
    fill(either, "short", 3)
    rows(database, "UPDATE thread SET updated_at = updated_at - 7200000000 WHERE thread_id = 'idle'")

    swept = either.sweep(max_age=timedelta(hours=1), max_checkpoints_per_thread=10)

    assert swept == (1, 1)
    assert {one.thread_id: one.checkpoints for one in either.list_threads()} == {"long": 10, "short": 3}
    assert either.sweep(max_age=timedelta(hours=1), max_checkpoints_per_thread=10) == (0, 0)


def test_a_sweep_keeps_at_least_one_checkpoint(either: ThreadSaver) -> None:
    with pytest.raises(InvalidInputError, match="at least 1"):
        either.sweep(max_checkpoints_per_thread=0)


async def test_threads_are_listed_by_owner_with_what_was_said_last(either: ThreadSaver) -> None:
    fill(either, "first", 2, owner_id="ann")
    fill(either, "second", 70, owner_id="ann", size=40)
    fill(either, "third", 1, user_id="bob")

    mine = either.list_threads(owner_id="ann")

    assert [(one.thread_id, one.checkpoints, one.owner_id) for one in mine] == [
        ("second", 70, "ann"),
        ("first", 2, "ann"),
    ]
    assert mine[0].preview is not None
    assert mine[0].preview.startswith("riddle 69 ")
    assert mine[1].bytes > 1000
    assert mine[1].created_at <= mine[1].updated_at
    assert [one.thread_id for one in await either.alist_threads(limit=1, offset=2)] == ["first"]


async def test_one_thread_is_read_by_its_id_and_only_by_whom_it_is_listed_for(either: ThreadSaver) -> None:
    fill(either, "first", 2, owner_id="ann")
    fill(either, "second", 1, owner_id="bob")

    (listed,) = either.list_threads(owner_id="ann")

    assert either.get_thread("first") == either.get_thread("first", owner_id="ann") == listed
    assert await either.aget_thread("first", owner_id="ann") == listed
    for missing, owner in (("second", "ann"), ("third", None), ("", None)):
        with pytest.raises(ThreadNotFoundError, match=f"there is no thread '{missing}'"):
            either.get_thread(missing, owner_id=owner)
        with pytest.raises(ThreadNotFoundError):
            await either.aget_thread(missing, owner_id=owner)


@pytest.mark.parametrize("turns", [3, 150])
def test_encryption_leaves_no_plaintext_in_the_files_and_still_stores_each_message_once(file: str, turns: int) -> None:
    pytest.importorskip("Crypto")
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    with ThreadSaver.from_conn_string(file, serde=serde) as saver:
        messages = fill(saver, "t", turns, size=900)
        secret = AIMessage("the secret answer is 42", additional_kwargs={"hidden": "extra secret"})
        saver.put_writes(config_of("t", f"{turns - 1:08}"), [("messages", secret)], "task")
        saver.put(
            config_of("t", f"{turns - 1:08}"),
            {
                **empty_checkpoint(),
                "id": "9",
                "channel_values": {"note": "a secret scalar " * 50},
                "channel_versions": {"note": 1},
            },
            {"source": "loop", "secret_key": "secret metadata"},
            {"note": 1},
        )
        raw = b"".join(Path(file + end).read_bytes() for end in ("", "-wal") if Path(file + end).exists())
        found = saver.get_tuple(config_of("t", f"{turns - 1:08}"))
        with closing(sqlite3.connect(file)) as connection:
            stored = connection.execute("SELECT sum(count) FROM thread_chunk").fetchone()[0]

    assert found is not None
    assert found.checkpoint["channel_values"]["messages"] == messages
    assert stored == turns + 1
    for text in (b"secret", b"riddle", b"hidden", messages[0].content[12:40].encode(), b"HumanMessage"):
        assert not re.search(re.escape(text), raw, re.IGNORECASE), text
    with (
        ThreadSaver.from_conn_string(file) as blind,
        pytest.raises(UnreadableCheckpointError, match="another serializer"),
    ):
        blind.get_tuple(config_of("t"))


def test_a_class_that_is_not_on_the_allow_list_is_refused_by_name_until_it_is(database: str) -> None:
    checkpoint: Any = {
        **empty_checkpoint(),
        "id": "1",
        "channel_values": {"order": Order(7)},
        "channel_versions": {"order": 1},
    }
    refused = pytest.raises(ClassNotAllowedError, match=r"allowed_classes=\[\('.*test_thread_care', 'Order'\)\]")
    with ThreadSaver.from_conn_string(database) as saver, refused:
        saver.put(config_of("t"), checkpoint, {}, {"order": 1})

    with ThreadSaver.from_conn_string(database, allowed_classes=[Order]) as saver:
        saver.put(config_of("t"), checkpoint, {}, {"order": 1})
        found = saver.get_tuple(config_of("t"))
    with ThreadSaver.from_conn_string(database) as saver, refused:
        saver.get_tuple(config_of("t"))

    assert found is not None
    assert found.checkpoint["channel_values"] == {"order": Order(7)}


def test_allowed_classes_beside_a_serializer_are_refused(database: str) -> None:
    opening = ThreadSaver.from_conn_string(database, serde=JsonPlusSerializer(), allowed_classes=[Order])
    with pytest.raises(InvalidInputError, match="its own allow-list"):
        opening.__enter__()


def test_a_damaged_element_is_named_and_other_threads_are_untouched(saver: ThreadSaver, file: str) -> None:
    fill(saver, "hurt", 3)  # thread 1
    fill(saver, "whole", 3)
    connection = sqlite3.connect(file)
    (value,) = connection.execute("SELECT value FROM thread_chunk WHERE thread_no = 1 LIMIT 1").fetchone()
    flipped = value[:40] + bytes([value[40] ^ 1]) + value[41:]
    connection.execute("UPDATE thread_chunk SET value = ? WHERE thread_no = 1 AND value = ?", (flipped, value))
    connection.commit()
    connection.close()

    with (
        ThreadSaver.from_conn_string(file) as again,
        pytest.raises(UnreadableCheckpointError, match=r"thread 'hurt'.*damaged"),
    ):
        again.get_tuple(config_of("hurt"))
    assert saver.get_tuple(config_of("whole")) is not None
    assert [one.thread_id for one in saver.list_threads()] == ["whole", "hurt"]


@pytest.mark.parametrize("statement", [
    "UPDATE thread_channel SET value = {ff} WHERE {hurt}",
    "UPDATE thread_checkpoint SET body = {00112233} WHERE {hurt}",
    "UPDATE thread_checkpoint SET channel_versions = '{}' WHERE {hurt}",
    "UPDATE thread_checkpoint SET channel_versions = '{\"messages\":7}' WHERE {hurt}",
    "UPDATE thread_channel SET kind = 'list', value = {ff} WHERE {hurt}",
    "DELETE FROM thread_chunk WHERE {hurt}",
    "UPDATE thread_write SET value = {00} WHERE {hurt}",
])  # fmt: skip
def test_every_kind_of_damaged_row_is_one_clear_error(either: ThreadSaver, database: str, statement: str) -> None:
    fill(either, "whole", 3)
    fill(either, "hurt", 3)
    damage(database, statement)

    with ThreadSaver.from_conn_string(database) as again:
        with pytest.raises(UnreadableCheckpointError, match="thread 'hurt'"):
            again.get_tuple(config_of("hurt"))
        assert again.get_tuple(config_of("whole")) is not None
        still_lists_the_whole_thread(again)


def still_lists_the_whole_thread(saver: ThreadSaver) -> None:
    """Assert that a listing of everything leaves out no more than what is damaged, and says so."""
    with pytest.warns(UnreadableCheckpointWarning, match="thread 'hurt'"):
        found = [one.config["configurable"]["thread_id"] for one in saver.list(None)]
    assert found.count("whole") == 3
    assert {one.thread_id for one in saver.list_threads()} == {"whole", "hurt"}


@pytest.mark.parametrize("versions", ["{", "[]"])
def test_versions_that_are_no_json_object_are_one_clear_error(saver: ThreadSaver, file: str, versions: str) -> None:
    fill(saver, "whole", 3)
    fill(saver, "hurt", 3)
    damage(file, f"UPDATE thread_checkpoint SET channel_versions = '{versions}' WHERE {{hurt}}")

    with pytest.raises(UnreadableCheckpointError, match="thread 'hurt'"):
        saver.get_tuple(config_of("hurt"))
    still_lists_the_whole_thread(saver)


def test_bytes_flipped_in_the_file_never_show_as_another_state(file: str) -> None:
    with ThreadSaver.from_conn_string(file) as saver:
        fill(saver, "t", 40)
        expected = {one.config["configurable"]["checkpoint_id"]: one for one in saver.list(config_of("t"))}
    sound, chance, refused = Path(file).read_bytes(), random.Random(3), 0
    for _ in range(60):
        place = chance.randrange(100, len(sound))
        Path(file).write_bytes(sound[:place] + bytes([sound[place] ^ (1 << chance.randrange(8))]) + sound[place + 1 :])
        try:
            with ThreadSaver.from_conn_string(file) as saver:
                for found in saver.list(config_of("t")):
                    values = found.checkpoint["channel_values"]
                    known = expected.get(found.config["configurable"]["checkpoint_id"], found)
                    assert values == known.checkpoint["channel_values"] or "messages" not in values
        except DatabaseError:
            refused += 1
    assert refused > 5


def test_a_thread_with_a_damaged_checkpoint_can_still_be_continued(either: ThreadSaver, database: str) -> None:
    messages = fill(either, "t", 3)
    rows(database, "DELETE FROM thread_chunk")
    checkpoint: Any = {
        **empty_checkpoint(),
        "id": "9",
        "channel_values": {"messages": messages},
        "channel_versions": {"messages": 9},
    }

    with ThreadSaver.from_conn_string(database) as other:
        other.put(config_of("t", "00000002"), checkpoint, {}, {"messages": 9})
        found = other.get_tuple(config_of("t", "9"))

    assert found is not None
    assert found.checkpoint["channel_values"]["messages"] == messages


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_stores_nothing_by_halves_and_writing_goes_on_when_there_is_space(small_disk: Path) -> None:
    filler = small_disk / "filler"
    with ThreadSaver.from_conn_string(str(small_disk / "memory.db")) as saver:
        fill(saver, "t", 10)
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 100_000))
        with pytest.raises(DatabaseUnavailableError, match="nothing was stored"):
            fill(saver, "large", 400)
        held = [len(one.checkpoint["channel_values"]["messages"]) for one in saver.list(config_of("large"))]
        assert held == [*range(1, len(held) + 1)][::-1]

        filler.unlink()
        assert len(fill(saver, "later", 10)) == 10
        assert len(list(saver.list(config_of("t")))) == 10


def test_a_read_only_file_is_named(file: str, saver: ThreadSaver) -> None:
    fill(saver, "t", 1)
    connection = saver._engine._connection  # type: ignore[attr-defined]
    connection.execute("PRAGMA query_only = ON")  # what SQLite says of a file that root could write anyway

    with pytest.raises(DatabaseUnavailableError, match="read-only"):
        fill(saver, "t", 1)


def test_a_value_that_cannot_be_encoded_is_named_and_nothing_is_stored(either: ThreadSaver) -> None:
    checkpoint: Any = {
        **empty_checkpoint(),
        "id": "1",
        "channel_values": {"odd": [1, object()]},
        "channel_versions": {"odd": 1},
    }

    with pytest.raises(InvalidInputError, match=r"channel 'odd'.*cannot be serialised"):
        either.put(config_of("t"), checkpoint, {}, {"odd": 1})
    with pytest.raises(InvalidInputError, match=r"channel 'odd'.*cannot be serialised"):
        either.put_writes(config_of("t", "1"), [("odd", object())], "task")

    assert either.get_tuple(config_of("t")) is None
    assert either.list_threads() == []


def test_no_thread_id_is_refused(either: ThreadSaver) -> None:
    for nobody in ({"configurable": {"thread_id": None}}, {"configurable": {}}, {}):
        with pytest.raises(InvalidInputError, match="no thread was named"):
            either.get_tuple(nobody)


def test_ten_megabytes_of_state_and_a_missing_parent_are_stored(either: ThreadSaver) -> None:
    big = {"text": "x" * 10_000_000, "list": [os.urandom(1000) for _ in range(2000)]}
    checkpoint: Any = {
        **empty_checkpoint(),
        "id": "2",
        "channel_values": big,
        "channel_versions": {"text": 1, "list": 1},
    }

    either.put(config_of("t", "not there"), checkpoint, {}, {"text": 1, "list": 1})

    found = either.get_tuple(config_of("t"))
    assert found is not None
    assert found.checkpoint["channel_values"] == big
    assert found.parent_config is not None
    assert either.get_tuple(found.parent_config) is None
