"""The pytest plugin: a throwaway database, a clock, a scripted model, and `--update-golden`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from langgraph_memory import MemoryDatabase
    from langgraph_memory.testing import FakeClock, ScriptedChatModel


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that takes over what came of golden conversations."""
    group = parser.getgroup("langgraph_memory")
    group.addoption("--update-golden", action="store_true", help="write golden conversations as they are now")


@pytest.fixture
def memory_clock() -> FakeClock:
    """A clock that stands still until the test moves it: `memory_clock.advance(days=3)`."""
    from langgraph_memory.testing import FakeClock

    return FakeClock()


@pytest.fixture
def memory_database(tmp_path: Path, memory_clock: Any) -> Iterator[MemoryDatabase]:
    """A new database in a file of its own, whose time is `memory_clock`."""
    from langgraph_memory import open_memory

    with open_memory(tmp_path / "memory.db", clock=memory_clock) as memory:
        yield memory


@pytest.fixture
def scripted_model() -> type[ScriptedChatModel]:
    """Makes chat models that answer from a script: `scripted_model.of("Hello.", "Noted.")`."""
    from langgraph_memory.testing import ScriptedChatModel

    return ScriptedChatModel


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden conversations are to be written as they are now."""
    return bool(request.config.getoption("--update-golden"))
