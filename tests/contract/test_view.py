"""A view is one owner's part of a store: whatever lies outside of it cannot be read, listed, written or guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base import PutOp
from support import Driver, one_sentence

from langgraph_memory import MemoryDatabase, open_memory
from langgraph_memory.errors import InvalidInputError, InvalidScopeError, MissingOwnerError

ANA = ("curated", "ana", "global")
ACME = ("curated", "ana", "org:acme")
APOLLO = ("curated", "ana", "org:acme", "project:apollo")
OUTSIDE = [
    ("curated", "bob", "global"),
    ("curated", "anabel", "global"),
    ("curated", "ana"),
    ("curated",),
    ("things",),
    ("curated", "ana", "org:other"),
    ("curated", "ana", "org:acme", "project:apollo"),
]


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        store = opened.store
        for owner in ("ana", "bob", "anabel"):
            store.remember(f"{owner} likes tea", owner_id=owner)
        store.remember("acme deploys on Friday", owner_id="ana", scope="org:acme")
        store.remember("apollo deploys on Monday", owner_id="ana", scope="org:acme/project:apollo")
        store.remember("other deploys on Sunday", owner_id="ana", scope="org:other")
        store.put(("things",), "k", {"text": "tea"})
        store.put((*ANA, "notes"), "n", {"text": "tea time"})
        yield opened


def contents(items: Any) -> list[str]:
    return sorted(item.value.get("content") or item.value["text"] for item in items)


async def test_a_view_reads_its_scope_its_ancestors_and_global(memory: MemoryDatabase, mode: str) -> None:
    view = Driver(memory.store.view(owner_id="ana", scope="org:acme"), mode)

    for prefix in ((), ("curated",), ("curated", "ana")):
        found = await view.search(prefix, limit=50)
        assert contents(found) == ["acme deploys on Friday", "ana likes tea", "tea time"]
    assert contents(await view.search(ACME)) == ["acme deploys on Friday"]
    assert contents(await view.search(ACME, query="deploys")) == ["acme deploys on Friday"]
    assert contents(await view.search(("curated",), query="tea")) == ["ana likes tea", "tea time"]
    assert sorted(await view.list_namespaces()) == sorted([ANA, ACME, (*ANA, "notes")])


@pytest.mark.parametrize("namespace", OUTSIDE)
async def test_nothing_outside_is_read_or_written(
    memory: MemoryDatabase, mode: str, namespace: tuple[str, ...]
) -> None:
    view = Driver(memory.store.view(owner_id="ana", scope="org:acme"), mode)
    before = contents(memory.store.search((), limit=50)), contents(memory.store.search(("curated", "bob")))
    held = next((item.key for item in memory.store.search(namespace, limit=1)), "k")

    said = set()
    for key in (held, "nothing"):
        with pytest.raises(InvalidInputError, match="outside") as refused:
            await view.get(namespace, key)
        said.add(str(refused.value))
        with pytest.raises(InvalidInputError, match="outside"):
            await view.put(namespace, key, {"text": "mine"})
        with pytest.raises(InvalidInputError, match="outside"):
            await view.delete(namespace, key)
    assert len(said) == 1
    assert before == (contents(memory.store.search((), limit=50)), contents(memory.store.search(("curated", "bob"))))


@pytest.mark.parametrize("prefix", [("curated", "bob"), ("things",), ("curated", "ana", "org:other"), APOLLO])
async def test_nothing_outside_is_found(memory: MemoryDatabase, mode: str, prefix: tuple[str, ...]) -> None:
    view = Driver(memory.store.view(owner_id="ana", scope="org:acme"), mode)

    with pytest.raises(InvalidInputError, match="outside"):
        await view.search(prefix)
    assert await view.list_namespaces(prefix=prefix) == []


async def test_a_view_writes_at_its_own_scope(memory: MemoryDatabase, mode: str) -> None:
    view = memory.store.view(owner_id="ana", scope="org:acme")
    both = Driver(view, mode)

    await both.put(view.namespace, "k", {"text": "kept"})
    assert (await both.get(ACME, "k")).value == {"text": "kept"}
    await both.delete(ACME, "k")
    assert await both.get(ACME, "k") is None
    with pytest.raises(InvalidInputError, match="outside"):
        await both.put(ANA, "k", {"text": "for every scope"})
    wide = Driver(memory.store.view(owner_id="ana"), mode)
    await wide.put((*ANA, "files", "a"), "k", {"text": "a file"})
    assert contents(await wide.search((*ANA, "files"))) == ["a file"]


async def test_a_batch_that_reaches_outside_does_nothing(memory: MemoryDatabase, mode: str) -> None:
    from langgraph.store.base import GetOp, PutOp

    view = Driver(memory.store.view(owner_id="ana"), mode)
    with pytest.raises(InvalidInputError, match="outside"):
        await view.batch([PutOp(ANA, "k", {"text": "x"}), GetOp(("curated", "bob", "global"), "k")])

    assert memory.store.get(ANA, "k") is None


def test_pages_of_a_view_are_full(memory: MemoryDatabase) -> None:
    for number in range(12):
        memory.store.remember(f"apollo rule {number}", owner_id="ana", scope="org:acme/project:apollo")
        memory.store.put(ACME, f"k{number}", {"text": f"note {number}"})
    view = memory.store.view(owner_id="ana", scope="org:acme")

    pages = [view.search(ACME, limit=5, offset=offset) for offset in (0, 5, 10)]
    assert [len(page) for page in pages] == [5, 5, 3]
    assert len({item.key for page in pages for item in page}) == 13


def test_a_view_needs_an_owner_and_a_scope(memory: MemoryDatabase) -> None:
    with pytest.raises(MissingOwnerError):
        memory.store.view(owner_id="")
    with pytest.raises(InvalidScopeError):
        memory.store.view(owner_id="ana", scope="org:acme//x")


@given(namespace=st.lists(st.sampled_from(["curated", "ana", "bob", "global", "org:acme", "x"]), max_size=4).map(tuple))
def test_whatever_is_asked_of_a_view_another_owners_never_comes_back(namespace: tuple[str, ...]) -> None:
    with open_memory(":memory:") as memory:
        secret = memory.store.remember("bob's secret", owner_id="bob").memory
        assert secret is not None
        view = memory.store.view(owner_id="ana", scope="org:acme")
        for ask in (
            lambda: view.get(namespace, secret.id),
            lambda: view.search(namespace, limit=50),
            lambda: view.search(namespace, query="secret", limit=50),
            lambda: view.list_namespaces(prefix=namespace),
        ):
            try:
                assert "bob" not in str(ask()).replace(str(namespace), "")
            except ValueError:
                continue


async def test_a_put_with_a_content_where_memories_are_is_a_real_memory(memory: MemoryDatabase, mode: str) -> None:
    view = memory.store.view(owner_id="ana", scope="org:acme")

    await Driver(view, mode).put(view.namespace, "k1", {"content": "The deadline is in May."})

    (found,) = memory.store.list_memories(owner_id="ana")[:1]
    assert (found.id, found.content, found.scope) == ("k1", "The deadline is in May.", "org:acme")
    assert "The deadline is in May." in [
        one.content for one in memory.store.recall("When is the deadline?", owner_id="ana", scope="org:acme").memories
    ]
    item = await Driver(view, mode).get(view.namespace, "k1")
    assert item.value["content"] == "The deadline is in May."
    assert [one.action for one in memory.audit.entries(owner_id="ana", memory_id="k1")] == ["added"]


async def test_a_put_in_a_slot_supersedes_what_was_there(memory: MemoryDatabase, mode: str) -> None:
    store = Driver(memory.store, mode)
    for number, city in enumerate(("Berlin", "Munich")):
        value = {"content": f"Ana lives in {city}.", "slot": "home.city", "memory_type": "fact"}
        await store.put(ANA, f"k{number}", value)

    assert [one.content for one in memory.store.history("k1", owner_id="ana")] == [
        "Ana lives in Berlin.",
        "Ana lives in Munich.",
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"content": "The key is ghp_abcdefghijklmnopqrstuvwxyz0123456789."},
        {"content": "Ana is happy.", "memory_type": "mood"},
        {"content": "Ana is happy.", "owner_id": "bob"},
        {"content": "Ana is happy.", "scope": "org:acme"},
        {"content": "Ana is happy.", "colour": "red"},
        {"content": "Ana is happy.", "confidence": 3},
    ],
    ids=range(6),
)
async def test_a_put_that_can_be_no_memory_says_why_and_stores_nothing(
    memory: MemoryDatabase, mode: str, value: dict[str, Any]
) -> None:
    before = contents(memory.store.search((), limit=50))

    with pytest.raises(InvalidInputError) as caught:
        await Driver(memory.store, mode).batch([PutOp(("docs",), "k", {"n": 1}), PutOp(ANA, "new", value)])

    one_sentence(caught.value)
    assert contents(memory.store.search((), limit=50)) == before


async def test_a_value_without_a_content_stays_a_plain_item(memory: MemoryDatabase, mode: str) -> None:
    await Driver(memory.store, mode).put(ANA, "plain", {"text": "kept"})
    await Driver(memory.store, mode).put((*ANA, "notes"), "note", {"content": "kept"})

    assert {"plain", "note"} & {one.id for one in memory.store.list_memories(owner_id="ana")} == set()
