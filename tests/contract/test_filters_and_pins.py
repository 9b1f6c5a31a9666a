"""What a caller wants to see of an owner's memories, what is pinned, and what is never recalled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from databases import Databases
from support import START, BagOfWords, Clock, Driver, one_sentence, opened_store

from langgraph_memory import CuratedStore, Memory, Source
from langgraph_memory.domain.hygiene import HygienePolicy
from langgraph_memory.domain.rendering import rendered_in
from langgraph_memory.errors import (
    InvalidFilterError,
    InvalidInputError,
    InvalidMemoryError,
    MemoryNotFoundError,
    UnknownMemoryTypeError,
)

ADA = "ada"
TOLD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("The boiler is a Vaillant.", {"slot": "home.boiler", "tags": ["house", "heating"]}),
    ("The boiler is serviced in May.", {"slot": "home.service", "tags": ["house"], "memory_type": "rule"}),
    (
        "The boiler of the office leaks.",
        {"slot": "office.boiler", "memory_type": "event", "source": Source(actor="tool")},
    ),
    ("The old boiler broke.", {"memory_type": "event", "valid_from": START - timedelta(days=400), "tags": ["house"]}),
)


@pytest.fixture(params=["words", "vectors"])
def curated(request: pytest.FixtureRequest, databases: Databases, clock: Clock) -> Iterator[CuratedStore]:
    index: Any = None if request.param == "words" else {"dims": BagOfWords.dims, "embed": BagOfWords()}
    with opened_store(databases.new(), clock, index=index) as store:
        for content, fields in TOLD:
            store.remember(content, owner_id=ADA, **fields)
        yield store


@pytest.fixture
def store(curated: CuratedStore, mode: str) -> Driver:
    return Driver(curated, mode)


FILTERS: tuple[tuple[dict[str, Any], set[int]], ...] = (
    ({}, {0, 1, 2, 3}),
    ({"memory_type": "event"}, {2, 3}),
    ({"memory_type": ["rule", "workflow_rule", "fact"]}, {0, 1}),
    ({"slot": "home."}, {0, 1}),
    ({"slot": "home.boiler"}, {0}),
    ({"slot": "%"}, set()),
    ({"tags": "house"}, {0, 1, 3}),
    ({"tags": ["heating", "house"]}, {0}),
    ({"tags": ["hous"]}, set()),
    ({"trust": "tool"}, {2}),
    ({"trust": ["app", "owner"], "tags": ["house"]}, {0, 1, 3}),
    ({"since": START}, {0, 1, 2}),
    ({"before": START}, {3}),
    ({"since": START - timedelta(days=400), "before": START}, {3}),
    ({"tags": ["house"], "slot": "home", "memory_type": "rule"}, {1}),
)


@pytest.mark.parametrize(("wanted", "expected"), FILTERS)
async def test_every_way_to_read_shows_what_the_filter_leaves(
    store: Driver, wanted: dict[str, Any], expected: set[int]
) -> None:
    contents = {TOLD[place][0] for place in expected}

    listed = await store.list_memories(owner_id=ADA, filter=wanted)
    by_words = await store.recall("boiler", owner_id=ADA, filter=wanted, limit=9)
    by_rank = await store.recall(None, owner_id=ADA, filter=wanted, limit=9)
    needed = await store.recall("When is the boiler serviced?", owner_id=ADA, filter=wanted, needed=True, min_score=0)
    pinned = await store.recall(None, owner_id=ADA, filter=wanted, pinned=9, limit=0)

    assert {one.content for one in listed} == contents
    for recall in (by_words, by_rank, needed):
        assert {one.content for one in recall.memories} == contents
    assert {one.content for one in pinned.memories} == contents & {TOLD[1][0]}


async def test_what_a_filter_leaves_out_is_among_the_dropped_and_pages_are_full(store: Driver) -> None:
    recall = await store.recall("boiler", owner_id=ADA, filter={"slot": "office"}, limit=2)
    page = await store.list_memories(owner_id=ADA, filter={"tags": ["house"]}, limit=2, offset=1)

    assert {one.reason for one in recall.dropped} == {"filtered_out"}
    assert len(page) == 2


async def test_a_filter_holds_for_an_earlier_moment_and_for_a_replay(
    store: Driver, curated: CuratedStore, clock: Clock
) -> None:
    before = clock.now
    clock.advance(days=1)
    (boiler,) = curated.list_memories(owner_id=ADA, filter={"slot": "home.boiler"})
    curated.supersede(boiler.id, "The boiler is a Bosch.", owner_id=ADA)

    then = await store.recall("boiler", owner_id=ADA, filter={"tags": ["heating"]}, as_of=before)
    listed_then = await store.recall(None, owner_id=ADA, filter={"tags": ["heating"]}, as_of=before)
    now = await store.recall("boiler", owner_id=ADA, filter={"tags": ["heating"], "before": clock.now + timedelta(1)})
    again = await store.audit.replay(now, owner_id=ADA)

    assert [one.content for one in then.memories] == ["The boiler is a Vaillant."]
    assert [one.content for one in listed_then.memories] == ["The boiler is a Vaillant."]
    assert [one.content for one in now.memories] == ["The boiler is a Bosch."]
    assert [one.content for one in again.now.memories] == ["The boiler is a Bosch."]


@pytest.mark.parametrize(
    ("wanted", "error", "says"),
    [
        ({"kind": "fact"}, InvalidFilterError, "'kind'"),
        ("home", InvalidFilterError, "mapping"),
        ({"slot": 3}, InvalidFilterError, "slot"),
        ({"trust": "everybody"}, InvalidFilterError, "everybody"),
        ({"tags": {"a": 1}}, InvalidFilterError, "tags"),
        ({"since": "yesterday"}, InvalidFilterError, "since"),
        ({"before": START.replace(tzinfo=None)}, InvalidFilterError, "before"),
        ({"memory_type": "facts"}, UnknownMemoryTypeError, "facts"),
    ],
)
async def test_a_filter_that_says_nothing_known_is_refused(
    store: Driver, wanted: Any, error: type[Exception], says: str
) -> None:
    for asked in (store.list_memories(owner_id=ADA, filter=wanted), store.recall("x", owner_id=ADA, filter=wanted)):
        with pytest.raises(error, match=says) as raised:
            await asked
        one_sentence(raised.value)


async def test_a_pinned_memory_comes_first_whatever_is_asked(store: Driver, curated: CuratedStore) -> None:
    (boiler,) = curated.list_memories(owner_id=ADA, filter={"slot": "home.boiler"})

    pinned = await store.hygiene.set_injection(boiler.id, "always", owner_id=ADA)

    for asked in (None, "How tall is Mount Everest?", "boiler"):
        found = await store.recall(asked, owner_id=ADA, pinned=3, limit=0)
        assert "The boiler is a Vaillant." in [one.content for one in found.memories]
    shown = await store.recall("How tall is Mount Everest?", owner_id=ADA, pinned=3, needed=True)
    assert [one.content for one in shown.memories] == ["The boiler is a Vaillant."]
    assert rendered_in(await store.profile(ADA)) == ["The boiler is a Vaillant."]
    assert (pinned.injection, curated.history(boiler.id, owner_id=ADA)[-1].injection) == ("always", "always")
    assert await store.profile(ADA, "global", pinned=0) == ""

    await store.hygiene.set_injection(boiler.id, None, owner_id=ADA)
    assert await store.profile(ADA) == ""


async def test_what_a_tool_said_is_not_pinned(store: Driver, curated: CuratedStore) -> None:
    (office,) = curated.list_memories(owner_id=ADA, filter={"trust": "tool"})

    with pytest.raises(InvalidMemoryError, match="'tool'") as raised:
        await store.hygiene.set_injection(office.id, "always", owner_id=ADA)

    one_sentence(raised.value)
    assert (await store.hygiene.set_injection(office.id, "never", owner_id=ADA)).injection == "never"


async def test_pins_are_found_among_many_more_important_memories(curated: CuratedStore, mode: str) -> None:
    for n in range(300):
        curated.remember(f"Shelf {n} holds box {n}.", owner_id=ADA, slot=f"shelf.{n}", importance=0.9)
    curated.remember("The gate sticks.", owner_id=ADA, slot="gate", importance=0.1, injection="always")

    assert rendered_in(await Driver(curated, mode).profile(ADA)) == ["The gate sticks."]


async def test_what_is_never_to_be_recalled_is_in_no_answer_and_still_kept(
    store: Driver, curated: CuratedStore, clock: Clock
) -> None:
    before = clock.now
    (boiler,) = curated.list_memories(owner_id=ADA, filter={"slot": "home.boiler"})
    clock.advance(days=1)
    newer = curated.supersede(boiler.id, "The boiler is a Bosch.", owner_id=ADA).memory
    assert newer is not None
    clock.advance(days=1)

    await store.hygiene.set_injection(newer.id, "never", owner_id=ADA)
    clock.advance(days=1)

    for moment in (None, before, before + timedelta(days=1), before + timedelta(days=2)):
        for asked in ("boiler", None):
            found = await store.recall(asked, owner_id=ADA, limit=9, as_of=moment)
            assert not {"home.boiler"} & {one.slot for one in found.memories}
        needed = await store.recall("Which boiler?", owner_id=ADA, needed=True, min_score=0, as_of=moment)
        assert "home.boiler" not in {one.slot for one in needed.memories}
    assert "withheld" in {one.reason for one in (await store.recall("boiler", owner_id=ADA)).dropped}
    assert [one.content for one in curated.list_memories(owner_id=ADA, filter={"slot": "home.b"})] == [newer.content]
    assert {one.injection for one in curated.history(newer.id, owner_id=ADA)} == {"never"}
    assert (await store.audit.entries(owner_id=ADA, memory_id=newer.id))[0].action == "injection"


async def test_what_is_never_recalled_stays_so_when_it_is_said_anew(store: Driver, curated: CuratedStore) -> None:
    (boiler,) = curated.list_memories(owner_id=ADA, filter={"slot": "home.boiler"})
    await store.hygiene.set_injection(boiler.id, "never", owner_id=ADA)

    newer = (await store.remember("The boiler is a Bosch.", owner_id=ADA, slot="home.boiler")).memory
    again = (await store.remember("The boiler is a Bosch.", owner_id=ADA, slot="home.boiler", tags=["2026"])).memory
    shown = (await store.remember("The boiler is new.", owner_id=ADA, slot="home.boiler", injection="always")).memory

    assert (newer.injection, newer.tags) == ("never", ("house", "heating"))
    assert (again.injection, again.tags) == ("never", ("house", "heating", "2026"))
    assert shown.injection == "always"


async def test_what_contradicts_and_is_never_recalled_is_not_told_beside(curated: CuratedStore, mode: str) -> None:
    curated.remember("The build takes 15 minutes.", owner_id=ADA)
    other = curated.remember("The build takes 5 minutes.", owner_id=ADA)
    assert other.action == "conflict"
    assert other.memory is not None
    curated.hygiene.set_injection(other.memory.id, "never", owner_id=ADA)

    found = await Driver(curated, mode).recall("How long does the build take?", owner_id=ADA, limit=1)

    assert [(one.memory.content, one.contradicted_by) for one in found] == [("The build takes 15 minutes.", ())]


async def test_an_export_takes_tags_and_pins_along(
    curated: CuratedStore, databases: Databases, clock: Clock, mode: str
) -> None:
    (office,) = curated.list_memories(owner_id=ADA, filter={"slot": "office"})
    curated.hygiene.set_injection(office.id, "never", owner_id=ADA)
    lines = list(curated.admin.export(owner_id=ADA))

    with opened_store(databases.new(), clock) as other:
        await Driver(other.admin, mode).import_(lines)
        assert list(map(_said, other.admin.export(owner_id=ADA)))[1:] == list(map(_said, lines))[1:]
        assert "The boiler of the office leaks." not in [
            one.content for one in other.recall("boiler", owner_id=ADA, limit=9).memories
        ]
        assert len(other.list_memories(owner_id=ADA, filter={"tags": ["house"]})) == 3


def _said(line: str) -> Any:
    return json.loads(line).get("memory", line)


async def test_the_view_of_the_store_shows_and_edits_tags_and_pins(curated: CuratedStore, mode: str) -> None:
    (office,) = curated.list_memories(owner_id=ADA, filter={"slot": "office"})
    namespace = ("curated", ADA, "global")
    item = curated.get(namespace, office.id)
    assert item is not None
    assert "tags" not in item.value

    await Driver(curated, mode).put(namespace, office.id, {"tags": ["work", "work"], "injection": "never"})

    (edited,) = curated.list_memories(owner_id=ADA, filter={"tags": ["work"]})
    assert (edited.id, edited.tags, edited.injection) == (office.id, ("work",), "never")


async def test_bad_tags_and_pins_are_refused_in_one_sentence(store: Driver, curated: CuratedStore) -> None:
    (office,) = curated.list_memories(owner_id=ADA, filter={"slot": "office"})
    for fields in ({"tags": "work"}, {"tags": [""]}, {"tags": [3]}, {"injection": "often"}, {"tags": 3}):
        with pytest.raises(InvalidMemoryError) as raised:
            await store.remember("The door squeaks.", owner_id=ADA, **fields)
        one_sentence(raised.value)
    with pytest.raises(InvalidInputError, match="'always', 'never' or None"):
        await store.hygiene.set_injection(office.id, "often", owner_id=ADA)
    with pytest.raises(MemoryNotFoundError):
        await store.hygiene.set_injection(office.id, "never", owner_id="bob")
    refused = await store.remember(
        "The door squeaks.", owner_id=ADA, tags=["password hunter2-Xq9!z", "sk-" + "a1B2" * 12]
    )
    assert refused.action == "refused"


def test_a_sweep_leaves_what_is_pinned(curated: CuratedStore, clock: Clock) -> None:
    pinned = curated.remember("Trams are late.", owner_id=ADA, memory_type="reflection", confidence=0.3).memory
    assert isinstance(pinned, Memory)
    curated.hygiene.set_injection(pinned.id, "always", owner_id=ADA)
    clock.advance(days=100)

    curated.hygiene.sweep(owner_id=ADA, policy=HygienePolicy(floor=0.5, cap=1))

    assert "Trams are late." in [one.content for one in curated.list_memories(owner_id=ADA)]
