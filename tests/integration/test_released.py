"""A database of every released version opens, migrates, and holds what it held."""

from __future__ import annotations

import re
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

ROOT = Path(__file__).parents[2]
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


def test_a_release_is_tested_on_each_python_that_it_names() -> None:
    def named(path: str, pattern: str) -> list[str]:
        return re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"))

    supported = named("pyproject.toml", r"Python :: (3\.\d+)")

    assert supported == named(".ci/noxfile.py", r'"(3\.\d+)"')
    assert supported == re.findall(r"3\.\d+", named(".github/workflows/release.yml", r"python: \[(.*)\]")[0])
