"""Of an owner with many memories elsewhere those in sight are compared alone, as if there were no others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from databases import Databases
from support import BagOfWords, Clock, Driver

from langgraph_memory import CuratedStore
from langgraph_memory.errors import InvalidScopeError
from langgraph_memory.operations import recall

WORDS = "red green blue tea coffee train bus morning evening office garden river music paint bread".split()
SCOPES = ["global", "org:a", "org:a/project:1", "org:a/project:2", "org:b", "org:b/project:1"]
VISIBLE = {"org:a/project:1": ["global", "org:a", "org:a/project:1"], "org:b": ["global", "org:b"]}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take thirty memories for many."""
    monkeypatch.setattr(recall, "MANY", 30)


@contextmanager
def opened(database: str, index: Any, kept: list[dict[str, Any]]) -> Iterator[CuratedStore]:
    from langgraph_memory.engine.connect import connect
    from langgraph_memory.operations.settings import StoreSettings

    engine = connect(database)
    try:
        store = CuratedStore(engine, index=index, settings=StoreSettings(clock=Clock()))
        store.setup()
        for one in kept:
            store.remember(one["content"], **{name: value for name, value in one.items() if name != "content"})
        yield store
    finally:
        engine.close()


def statements(count: int, scopes: list[str]) -> list[dict[str, Any]]:
    drawn = random.Random(5)
    return [
        {
            "content": f"statement {number} about {' '.join(drawn.sample(WORDS, 4))}",
            "context": " ".join(drawn.sample(WORDS, 3)),
            "owner_id": "ada",
            "scope": drawn.choice(scopes),
            "slot": f"slot-{number}",
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("indexed", [False, True])
async def test_a_recall_finds_what_it_would_if_its_owner_had_no_others(
    databases: Databases, few: None, mode: str, indexed: bool
) -> None:
    index = {"dims": BagOfWords.dims, "embed": BagOfWords(), "fields": ["content"]} if indexed else None
    every = statements(80, SCOPES)
    with ExitStack() as stack:
        crowded = Driver(stack.enter_context(opened(databases.new(), index, every)), mode)
        for number, (scope, visible) in enumerate(VISIBLE.items()):
            seen = [one for one in every if one["scope"] in visible]
            alone = Driver(stack.enter_context(opened(databases.scratch(number), index, seen)), mode)
            for query in ("red tea in the morning", "statement about music", "zebra", "bread", "the"):
                asked = {"owner_id": "ada", "scope": scope, "limit": 80}
                found, expected = await crowded.recall(query, **asked), await alone.recall(query, **asked)
                assert {one.memory.content: one.score for one in found} == pytest.approx(
                    {one.memory.content: one.score for one in expected}
                )


async def test_what_is_superseded_in_sight_is_named_as_left_out(database: str, few: None, mode: str) -> None:
    kept = [*statements(60, ["org:b"]), {"content": "drinks tea", "owner_id": "ada", "slot": "drink"}]
    with opened(database, None, [*kept, {"content": "drinks coffee", "owner_id": "ada", "slot": "drink"}]) as store:
        found = await Driver(store, mode).recall("what does she drink, tea or coffee?", owner_id="ada")

    assert [one.memory.content for one in found] == ["drinks coffee"]
    assert [(one.memory.content, one.reason) for one in found.dropped] == [("drinks tea", "superseded")]


async def test_an_owner_who_has_nothing_in_sight_is_told_nothing(database: str, few: None, mode: str) -> None:
    with opened(database, None, statements(60, ["org:b"])) as store:
        found = await Driver(store, mode).recall("statement", owner_id="ada", scope="org:c")

    assert list(found) == []


def test_a_scope_that_is_too_deep_is_a_sentence(database: str) -> None:
    with opened(database, None, []) as store:
        store.remember("holds", owner_id="ada", scope="/".join(f"s{i}" for i in range(32)))
        for call in (store.remember, store.recall):
            with pytest.raises(InvalidScopeError, match="is 33 segments deep, and 32 is the most"):
                call("holds", owner_id="ada", scope="/".join(f"s{i}" for i in range(33)))
