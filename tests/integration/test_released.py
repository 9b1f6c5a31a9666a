"""A database of every released version opens, migrates, and holds what it held."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from postgres_server import programs
from released.contents import FOLDER, check, is_released

from langgraph_memory import __version__, open_memory
from langgraph_memory.testing import FakeClock

VERSIONS = sorted(path.name for path in FOLDER.iterdir() if (path / "memory.sqlite").exists())


@contextmanager
def explained(version: str) -> Iterator[None]:
    """Say what to do when the tables of a version changed that is not released yet."""
    try:
        yield
    except Exception as error:
        if not is_released(version):
            error.add_note(f"{version} is not released: `python -m tests.released.make` writes its databases anew.")
        raise


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_a_released_version_opens(version: str, tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    shutil.copy(FOLDER / version / "memory.sqlite", path)

    with explained(version), open_memory(path, clock=late()) as memory:
        check(memory)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_postgres_database_of_a_released_version_opens(version: str, postgres_url: str) -> None:
    folder = programs()
    assert folder is not None
    load = [
        str(folder / "psql"),
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-f",
        str(FOLDER / version / "memory.sql"),
        postgres_url,
    ]
    subprocess.run(load, check=True, capture_output=True)

    with explained(version), open_memory(postgres_url, clock=late()) as memory:
        check(memory)


def late() -> FakeClock:
    """Return a clock that tells a time after the databases were written."""
    clock = FakeClock()
    clock.advance(days=10)
    return clock


def test_this_version_has_its_databases() -> None:
    assert __version__ in VERSIONS
