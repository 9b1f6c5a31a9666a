"""What the measures of the house must stay at: no circles, one protocol, one way down and back."""

from __future__ import annotations

import pytest

from tests.measures import circles, complex_blocks, imports, protocols, sources, walks


def test_no_files_import_each_other_in_a_circle_types_included() -> None:
    assert circles(imports(sources())) == []


def test_generators_have_one_protocol() -> None:
    assert protocols(sources()) == ["langgraph_memory.effects.effect.Effects"]


@pytest.mark.parametrize("room", ["effects", "domain.search", "operations.remember", "operations.recall"])
def test_nothing_in_a_room_branches_more_than_ten_ways(room: str) -> None:
    pytest.importorskip("radon")
    found = [one for one in sources() if one.module.startswith(f"langgraph_memory.{room}")]

    assert found
    assert complex_blocks(found) == []


def test_what_is_remembered_and_recalled_goes_down_once_and_comes_back_once() -> None:
    found = walks()

    assert found["remember"].climbs <= 6
    assert found["recall"].climbs <= 6
