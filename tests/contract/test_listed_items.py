"""A search without a query reads no more than it shows, and shows what filtering and sorting every item would."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base import PutOp, SearchItem
from support import Driver

from langgraph_memory import CuratedStore
from langgraph_memory.domain.search.filters import matches, needles

TEXTS = ["x", "", "né", 'a "quoted" \\ text', "\U0001f600", "\x00", "\ud800", "true", "1", "a.b", "12"]
SCALARS = [*TEXTS, 0, -0.0, 1, 1.0, 12, 2**53, float(2**53), 1e16, 10**16, 0.1, True, False, None]
KEYS = ["tag", "n", "a.b", 'odd "k"', "né", "1"]
PLACES = [
    ("docs", "u1"),
    ("docs", "u1", "deep"),
    ("docs", "u10"),
    ("docs",),
    ("docs", "u1", "deep", "er"),
    ("curated", "ada"),
]
PREFIXES = [*PLACES, (), ("none",), ("curated",)]


@pytest.fixture
def opened(database: str) -> Iterator[CuratedStore]:
    with CuratedStore.from_conn_string(database) as store:
        yield store


@pytest.fixture
def store(opened: CuratedStore, mode: str) -> Driver:
    return Driver(opened, mode)


def drawn_value(drawn: random.Random) -> dict[str, Any]:
    value: dict[str, Any] = {name: drawn.choice(SCALARS) for name in drawn.sample(KEYS, 3)}
    if drawn.random() < 0.3:
        value["a"] = {"b": drawn.choice(SCALARS), "list": [1, {"tag": "x"}]}
    return json.loads(json.dumps(value).replace("\\u0000", "").replace("\\ud800", ""))


def drawn_filter(drawn: random.Random) -> dict[str, Any]:
    operand: Any = drawn.choice(SCALARS)
    operand = drawn.choice(
        [operand, operand, {"$eq": operand}, {"$ne": operand}, {"$in": [operand, "x"]}, {"b": operand}]
    )
    found = {drawn.choice(["a", *KEYS]): operand}
    if drawn.random() < 0.3:
        found = drawn.choice(
            [{"$and": [found, {"n": 1}]}, {"$or": [found, {"n": 1}]}, {"$not": found}, {**found, "n": 1}]
        )
    return found


def write_some(store: CuratedStore, drawn: random.Random, count: int) -> None:
    """Write items of many namespaces, most of them with others in one batch, which are updated at the same moment."""
    for start in range(0, count, 40):
        store.batch([PutOp(drawn.choice(PLACES), f"k{start + i}", drawn_value(drawn)) for i in range(40)])
    for number in range(0, count, 9):
        store.delete(PLACES[number % len(PLACES)], f"k{number}")
        store.put(PLACES[number % len(PLACES)], f"k{number}", {"tag": "again"})
    for owner in ("ada", "bob"):
        for number in range(4):
            store.remember(f"statement {number} of {owner}", owner_id=owner, scope="org:a" if number % 2 else "global")


def shown(items: Sequence[SearchItem]) -> list[tuple[Any, ...]]:
    return [(item.namespace, item.key, item.value, item.created_at, item.updated_at) for item in items]


def under(items: Sequence[SearchItem], prefix: tuple[str, ...], wanted: Mapping[str, Any] | None) -> list[SearchItem]:
    """Return what a search has to show, in its order, out of everything there is."""
    return [item for item in items if item.namespace[: len(prefix)] == prefix and matches(item.value, wanted)]


def everything(store: CuratedStore) -> list[SearchItem]:
    """Return every item, read in one page of each namespace and sorted by when it was last updated."""
    found = [
        item
        for namespace in store.list_namespaces(limit=1000)
        for item in store.search(namespace, limit=10_000)
        if item.namespace == namespace
    ]
    return sorted(found, key=lambda item: item.updated_at, reverse=True)


def in_any_order(items: Sequence[SearchItem]) -> list[str]:
    """Return items so that those updated at the same moment compare in whatever order."""
    return sorted(repr(one) for one in shown(items))


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_pages_hold_every_item_once_in_the_order_of_their_updates(
    opened: CuratedStore, store: Driver, prefix: tuple[str, ...]
) -> None:
    write_some(opened, random.Random(1), 200)
    every = under(everything(opened), prefix, None)
    expected = [one for one in every if len(prefix) > 1 or "memory_type" not in one.value]

    pages = [await store.search(prefix, limit=7, offset=offset) for offset in range(0, len(expected) + 7, 7)]
    found = [item for page in pages for item in page]

    assert in_any_order(found) == in_any_order(expected)
    assert all(len(page) == 7 for page in pages[:-2])
    assert [item.updated_at for item in found] == [item.updated_at for item in expected]


@pytest.mark.parametrize("seed", range(4))
async def test_a_filter_finds_what_comparing_every_value_finds(opened: CuratedStore, store: Driver, seed: int) -> None:
    drawn = random.Random(seed)
    write_some(opened, drawn, 160)
    every = everything(opened)

    for _ in range(30):
        prefix, wanted = drawn.choice([one for one in PLACES if len(one) > 1]), drawn_filter(drawn)
        expected = under(every, prefix, wanted)
        assert in_any_order(await store.search(prefix, filter=wanted, limit=1000)) == in_any_order(expected), wanted
        whole = await store.search(prefix, filter=wanted, limit=1000)
        pages = [await store.search(prefix, filter=wanted, limit=5, offset=at) for at in range(0, len(whole) + 5, 5)]
        assert [one for page in pages for one in page] == whole


async def test_a_filter_over_many_pages_of_values_that_only_look_alike(opened: CuratedStore, store: Driver) -> None:
    looks = [PutOp(("docs", "u1"), f"k{i}", {"other": {"tag": "x"}, "n": i}) for i in range(1200)]
    opened.batch([*looks, PutOp(("docs", "u1"), "wanted", {"tag": "x", "n": 5})])

    assert [one.key for one in await store.search(("docs", "u1"), filter={"tag": "x"})] == ["wanted"]
    assert [one.key for one in await store.search(("docs", "u1"), filter={"n": {"$gte": 1199}})] == ["k1199"]
    assert await store.search(("docs", "u1"), filter={"tag": "none"}) == []


async def test_memories_and_plain_items_of_one_owner_are_listed_together(opened: CuratedStore, store: Driver) -> None:
    kept = opened.remember("owns a bicycle", owner_id="ada").memory
    opened.put(("curated", "ada"), "note", {"content": "plain"})

    found = await store.search(("curated", "ada"))

    assert {item.key for item in found} == {kept.id, "note"}
    assert [one.key for one in await store.search(("curated", "ada"), filter={"content": "owns a bicycle"})] == [
        kept.id
    ]
    assert [one.key for one in await store.search(("curated", "ada"), filter={"content": "plain"})] == ["note"]
    assert [one.key for one in await store.search(("curated",))] == ["note"]


scalars = (
    st.sampled_from(SCALARS) | st.text(max_size=3) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.dictionaries(
    st.sampled_from(["tag", "a", "b", "a.b"]) | st.text(max_size=2),
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner)),
    max_size=3,
)


@given(values, st.data())
def test_every_match_holds_every_needle(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([*value, "tag", "a.b", "a"]))
    operand = data.draw(st.just(value[key]) | values | scalars) if key in value else data.draw(scalars)
    if isinstance(operand, dict) and any(str(name).startswith("$") for name in operand):
        return
    for wanted in ({key: operand}, {"$and": [{key: operand}]}, {key: {"$eq": operand}}):
        if not key.startswith("$") and matches(value, wanted):
            assert all(needle in json.dumps(value) for needle in needles(wanted)), wanted
