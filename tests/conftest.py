"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("support", "store_contract")

from support import BagOfWords, Clock  # noqa: E402


@pytest.fixture
def path(tmp_path: Path) -> str:
    """The path of a database file that does not exist yet."""
    return str(tmp_path / "memory.db")


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
