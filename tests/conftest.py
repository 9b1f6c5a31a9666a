"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # no test depends on how fast the machine is

pytest.register_assert_rewrite("support", "store_contract")

from support import BagOfWords, Clock  # noqa: E402


@pytest.fixture
def path() -> Iterator[str]:
    """The path of a database file that is not there yet; on a file system in memory where there is one, for speed."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(prefix="langgraph-memory-", dir=place) as folder:
        yield str(Path(folder) / "memory.db")


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture
def embed() -> BagOfWords:
    """An embedder that needs no model."""
    return BagOfWords()


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both ways to call a store."""
    return str(request.param)
