"""A file that nobody can read without its key."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import one_sentence
from typer.testing import CliRunner

from langgraph_memory import open_memory
from langgraph_memory.cli import app
from langgraph_memory.engine import connect
from langgraph_memory.errors import ConnectionStringError, MissingExtraError, WrongKeyError

KEY = "it's a key"


@pytest.fixture
def told(tmp_path: Path) -> str:
    """An encrypted file with one memory."""
    path = str(tmp_path / "told.db")
    with open_memory(path, encryption_key=KEY) as memory:
        memory.store.remember("Ana likes mate", owner_id="ana")
    return path


def known(path: str, **options: Any) -> list[str]:
    with open_memory(path, **options) as memory:
        assert len(memory.store.recall("mate", owner_id="ana")) == 1
        return [one.content for one in memory.store.list_memories(owner_id="ana")]


def test_no_byte_of_what_is_stored_can_be_read_in_the_file_or_its_log(tmp_path: Path) -> None:
    with open_memory(tmp_path / "a.db", encryption_key=KEY) as memory:
        memory.store.remember("Anastasia likes marmalade", owner_id="anastasia", slot="breakfast")
        memory.store.recall("marmalade", owner_id="anastasia")
        raw = {one.name: one.read_bytes() for one in tmp_path.iterdir()}

    assert set(raw) >= {"a.db", "a.db-wal"}
    for held in raw.values():
        # long words: one of three bytes stands in one of a dozen files of random bytes
        assert not any(word in held for word in (b"marmalade", b"nastasia", b"breakfast", b"agent_memory", b"SQLite f"))


def test_the_key_opens_it_again_and_may_come_from_the_environment(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert known(told, encryption_key=KEY) == ["Ana likes mate"]

    monkeypatch.setenv(connect.KEY_VARIABLE, KEY)

    assert known(told) == ["Ana likes mate"]


@pytest.mark.parametrize("options", [{"encryption_key": "another"}, {}], ids=["wrong key", "no key"])
def test_without_its_key_it_is_one_clear_sentence_and_the_file_stays(told: str, options: dict[str, Any]) -> None:
    before = Path(told).read_bytes()

    with pytest.raises(WrongKeyError) as caught, open_memory(told, **options):
        pass

    assert "encryption_key" in one_sentence(caught.value)
    assert Path(told).read_bytes() == before


def test_a_plain_file_with_a_key_says_how_to_encrypt_it(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    with open_memory(path):
        pass

    with pytest.raises(WrongKeyError, match="is not encrypted") as caught, open_memory(path, encryption_key=KEY):
        pass

    one_sentence(caught.value)


def test_a_missing_extra_and_a_server_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlcipher3", None)

    with (
        pytest.raises(ConnectionStringError, match="encrypt the server's disk"),
        open_memory("postgresql://localhost/x", encryption_key=KEY),
    ):
        pass

    with pytest.raises(MissingExtraError, match=r"\[encryption\]"), open_memory(tmp_path / "a.db", encryption_key=KEY):
        pass


def test_an_existing_file_is_encrypted_and_given_another_key(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    with open_memory(path) as memory:
        memory.store.remember("Ana likes mate", owner_id="ana")

    connect.encrypt_file(path, KEY)
    assert known(path, encryption_key=KEY) == ["Ana likes mate"]
    connect.rekey_file(path, KEY, "another")

    assert known(path, encryption_key="another") == ["Ana likes mate"]
    with pytest.raises(WrongKeyError), open_memory(path, encryption_key=KEY):
        pass
    with closing(sqlite3.connect(path)) as plain, pytest.raises(sqlite3.DatabaseError):
        plain.execute("SELECT * FROM sqlite_master")
    assert [one.name for one in tmp_path.iterdir() if "encrypting" in one.name] == []


def test_the_command_line_encrypts_and_changes_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "a.db")
    with open_memory(path) as memory:
        memory.store.remember("Ana likes mate", owner_id="ana")
    monkeypatch.setenv("LANGGRAPH_MEMORY_KEY", KEY)
    monkeypatch.setenv("LANGGRAPH_MEMORY_NEW_KEY", "another")

    for command in ("encrypt", "rekey"):
        assert CliRunner().invoke(app, ["db", command, "--db", path]).exit_code == 0

    assert known(path, encryption_key="another") == ["Ana likes mate"]
