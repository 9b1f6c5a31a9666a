"""A method and its async twin, derived from one definition."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, get_type_hints

import pytest
from langgraph.store.base import BaseStore

from langgraph_memory import CuratedStore, MemoryDatabase
from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.effects.effect import Call, Effects, perform
from langgraph_memory.effects.twins import Operation, async_iterator_of, runs_effects, streams_effects, twin_of
from langgraph_memory.operations.jobs import PromotionQueue
from langgraph_memory.operations.threads import ThreadAuthors
from langgraph_memory.store import Admin, Audit, Hygiene, Jobs
from langgraph_memory.store.scheduling import TickedStore

FACES = (CuratedStore, MemoryDatabase, Audit, Hygiene, Jobs, Admin, PromotionQueue, ThreadAuthors)


class Both:
    """Runs calls alone."""

    @staticmethod
    def run(effects: Effects[Any], name: str = "") -> Any:
        return perform(effects)

    @staticmethod
    async def arun(effects: Effects[Any], name: str = "") -> Any:
        return perform(effects)


class Till:
    """Counts."""

    _runner = Both()

    @runs_effects
    def add(self, first: int, /, *others: int, twice: bool = False) -> Operation[int]:
        """Add numbers."""
        if not isinstance(first, int):
            raise TypeError("no number")
        return self._add(first, others, twice)

    aadd = twin_of(add)

    def _add(self, first: int, others: tuple[int, ...], twice: bool) -> Effects[int]:
        total: int = yield Call(lambda: first + sum(others), lambda: asyncio.sleep(0, 0))
        return total * (2 if twice else 1)

    @streams_effects
    def count(self, pages: int) -> Iterator[Effects[Iterable[int]]]:
        """Count, a page of two at a time."""
        if pages < 0:
            raise ValueError("no pages")
        return (self._page(number) for number in range(pages))

    acount = async_iterator_of(count)

    def _page(self, number: int) -> Effects[Iterable[int]]:
        yield Call(int, lambda: asyncio.sleep(0, 0))
        return [2 * number, 2 * number + 1]


async def test_both_run_what_the_definition_returns() -> None:
    assert Till().add(1, 2, twice=True) == await Till().aadd(1, 2, twice=True) == 6


async def test_both_stream_page_by_page() -> None:
    assert list(Till().count(2)) == [one async for one in Till().acount(2)] == [0, 1, 2, 3]


async def test_a_wrong_argument_raises_in_both() -> None:
    with pytest.raises(TypeError, match="no number"):
        Till().add("1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no number"):
        await Till().aadd("1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no pages"):
        Till().count(-1)  # before anything is asked of it
    with pytest.raises(ValueError, match="no pages"):
        Till().acount(-1)


def test_a_signature_tells_the_parameters_and_what_is_returned() -> None:
    assert str(inspect.signature(Till.add)) == "(self, first: 'int', /, *others: 'int', twice: 'bool' = False) -> 'int'"
    assert inspect.signature(Till.aadd) == inspect.signature(Till.add)
    assert inspect.signature(Till.count).return_annotation == "Iterator[int]"
    assert inspect.signature(Till.acount).return_annotation == "AsyncIterator[int]"
    assert get_type_hints(Till.count)["return"] == Iterator[int]
    assert get_type_hints(Till.acount, {"AsyncIterator": AsyncIterator})["return"] == AsyncIterator[int]


def test_names_docstrings_and_modules_are_the_definitions() -> None:
    assert (Till.aadd.__name__, Till.aadd.__qualname__) == ("aadd", "Till.aadd")
    assert (Till.add.__qualname__, Till.add.__module__) == ("Till.add", __name__)
    assert inspect.getdoc(Till.aadd) == inspect.getdoc(Till.add) == "Add numbers."
    assert pickle.loads(pickle.dumps(Till.add)) is Till.add


def test_only_the_twin_is_a_coroutine_function() -> None:
    assert inspect.iscoroutinefunction(Till.aadd)
    assert not inspect.iscoroutinefunction(Till.add)


def pairs() -> Iterator[tuple[type, str]]:
    for face in FACES:
        for name in vars(face):
            if not name.startswith("_") and f"a{name}" in vars(face):
                yield face, name


@pytest.mark.parametrize(("face", "name"), list(pairs()))
def test_a_twin_takes_and_tells_the_same(face: type, name: str) -> None:
    plain, twin = inspect.signature(getattr(face, name)), inspect.signature(getattr(face, f"a{name}"))

    assert twin.parameters == plain.parameters
    assert "Effects" not in str(plain), plain
    assert "Operation" not in str(plain), plain
    assert inspect.getdoc(getattr(face, f"a{name}"))


def test_what_a_method_returns_can_be_resolved() -> None:
    assert get_type_hints(CuratedStore.get_memory)["return"] is Memory
    assert get_type_hints(CuratedStore.aremember)["return"] is Outcome
    assert get_type_hints(Admin.aexport)["return"] == AsyncIterator[str]


def test_no_twin_of_a_face_is_written_by_hand() -> None:
    ours = {(face, name) for face, name in pairs() if not hasattr(getattr(face, name), "twin")}

    assert ours == set()


@pytest.mark.parametrize("name", ["abatch", "aget", "asearch", "aput"])
def test_what_is_answered_by_the_tick_takes_what_langgraph_says(name: str) -> None:
    own, theirs = (inspect.signature(getattr(face, name)).parameters for face in (TickedStore, BaseStore))

    assert [(one.name, one.kind, one.default) for one in own.values()] == [
        (one.name, one.kind, one.default) for one in theirs.values()
    ]
