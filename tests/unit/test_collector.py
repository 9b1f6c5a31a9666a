"""Making many objects does not run the collector, and does not take it away from the program either."""

from __future__ import annotations

import gc
import weakref

import pytest

from langgraph_memory.checkpoints import collector


class Cycle:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(collector, "_aged", [0])
    gc.collect()


@pytest.fixture
def frozen():
    gc.freeze()
    yield
    gc.unfreeze()


def make_many() -> list[list[object]]:
    return [[] for _ in range(5_000)]


@pytest.mark.parametrize("making", [collector.uncollected, collector.unexamined])
def test_the_collector_is_off_meanwhile_and_on_again_after_an_error(making):
    def fail() -> None:
        with making():
            seen.append(gc.isenabled())
            raise LookupError

    seen: list[bool] = []
    with pytest.raises(LookupError):
        fail()

    assert [*seen, gc.isenabled()] == [False, True]


@pytest.mark.parametrize("making", [collector.uncollected, collector.unexamined])
def test_a_collector_that_the_program_put_off_stays_off(making):
    gc.disable()
    try:
        with making():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_many_new_objects_count_as_old_at_once():
    with collector.unexamined():
        made = make_many()

    assert gc.get_count()[0] < len(made)


@pytest.mark.usefixtures("frozen")
def test_objects_that_the_program_froze_stay_frozen():
    with collector.unexamined():
        made = make_many()

    assert gc.get_freeze_count() > 0
    assert made


def test_garbage_that_was_aged_is_found_in_the_end(monkeypatch):
    monkeypatch.setattr(collector, "_MOST_AGED", 12_000)
    gone = weakref.ref(Cycle())
    made, found = [], []
    for _ in range(3):
        with collector.unexamined():
            made.append(make_many())
        found.append(gone() is None)

    assert found == [False, False, True]
