"""A recall that reads only the best matches, against one that reads them all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from langgraph.store.base import PutOp

from langgraph_memory.domain.search.vectors import pack
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import writes
from langgraph_memory.engine.sqlite.fresh import BLOCK
from langgraph_memory.operations.items import Put, write_items
from langgraph_memory.operations.rows import PlainItem
from langgraph_memory.store import CuratedStore

DIMS = 8
WORDS = "apple bread cider dates eggs figs grape honey ice juice kale lemon mango nuts olive".split()
START = datetime(2025, 1, 1, tzinfo=UTC)


def vector(text: str) -> list[float]:
    chance = random.Random(text)
    return [chance.gauss(0, 1) for _ in range(DIMS)]


@writes
def put_and_fail(item: PlainItem) -> Effects[None]:
    yield from write_items([[Put(item)]], START, {})
    raise LookupError


def statement(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, range(len(WORDS), 0, -1), k=chance.randint(3, 12)))


@pytest.fixture(params=["lexical", "hybrid"])
def store(request: pytest.FixtureRequest) -> Iterator[CuratedStore]:
    index: Any = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts]}
    with CuratedStore.from_conn_string(":memory:", index=index if request.param == "hybrid" else None) as opened:
        yield opened


def fill(store: CuratedStore, owner: str, count: int, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(count):
        store.remember(
            f"{statement(chance)} {number}",
            owner_id=owner,
            scope=chance.choice(["global", "org:a", "org:a/project:b", "org:c"]),
            memory_type=chance.choice(["fact", "event", "preference"]),
            importance=chance.random(),
            confidence=chance.random(),
            subject=chance.choice(["Ann", "Bob", "Cid", None]),
            context=statement(chance) if chance.random() < 0.5 else None,
            valid_from=START + timedelta(days=chance.randint(0, 300)),
        )


@pytest.mark.parametrize(
    "query", ["apple cider", "what did Bob eat in May 2025?", "olive nuts honey", "Ann and the figs", "grape 17"]
)
def test_the_best_five_are_those_of_a_recall_of_everything(store: CuratedStore, query: str) -> None:
    fill(store, "ada", 300, seed=1)
    wanted: dict[str, Any] = {"owner_id": "ada", "scope": "org:a/project:b", "memory_types": ["fact", "event"]}

    few, everything = store.recall(query, **wanted, limit=5), store.recall(query, **wanted, limit=10_000)

    assert [item.memory.id for item in few] == [item.memory.id for item in everything[:5]]
    assert [item.score for item in few] == pytest.approx([item.score for item in everything[:5]])


def test_the_parts_of_a_score_sum_to_it(store: CuratedStore) -> None:
    fill(store, "ada", 60, seed=2)

    for item in store.recall("what did Bob say of honey in May 2025?", owner_id="ada", limit=60):
        assert sum(item.parts.values()) == pytest.approx(item.score, abs=1e-6)


@pytest.mark.parametrize("metric", [None, "cosine", "l2", "inner_product"])
def test_no_score_is_above_one(metric: str | None) -> None:
    def embed(texts: list[str]) -> list[list[float]]:
        return [[3.0 * number for number in vector(text)] for text in texts]

    index: Any = {"dims": DIMS, "embed": embed, "distance_type": metric}
    with CuratedStore.from_conn_string(":memory:", index=index if metric else None) as store:
        for text in ("honey", "honey honey", "honey and figs and nuts and olives", "figs"):
            store.remember(text, owner_id="ada", importance=1.0, subject="honey")

        found = store.recall("honey", owner_id="ada", limit=9)

        assert found[0].score == pytest.approx(max(item.score for item in found))
        assert all(0.0 < item.score <= 1.0 for item in found)
        assert found[0].score > 0.8


def test_another_owners_words_change_no_score(store: CuratedStore) -> None:
    fill(store, "ada", 60, seed=3)
    before = [
        (item.memory.id, item.score) for item in store.recall("apple honey", owner_id="ada", memory_types=["fact"])
    ]

    fill(store, "ada2", 200, seed=4)

    after = [
        (item.memory.id, item.score) for item in store.recall("apple honey", owner_id="ada", memory_types=["fact"])
    ]
    assert after == before


def test_what_shares_no_word_with_the_query_is_not_recalled() -> None:
    with CuratedStore.from_conn_string(":memory:") as store:
        fill(store, "ada", 30, seed=5)

        assert list(store.recall("zebra", owner_id="ada")) == []


def test_vectors_in_blocks_and_loose_ones_answer_alike() -> None:
    index: Any = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts], "fields": ["text"]}
    with CuratedStore.from_conn_string(":memory:", index=index) as store:
        count = 2 * BLOCK + BLOCK // 2
        for number in range(count):
            store.put(("notes", "ada"), str(number), {"text": f"note {number}"})
        for number in range(0, count, 3):
            store.delete(("notes", "ada"), str(number))

        left = [number for number in range(count) if number % 3]
        found = [store.search(("notes", "ada"), query=f"note {number}", limit=1)[0] for number in left]

        assert [item.key for item in found] == [str(number) for number in left]
        assert [item.score for item in found] == pytest.approx([1.0] * len(left), abs=1e-5)
        gone = store.search(("notes", "ada"), query="note 3", limit=1)[0]
        assert gone.score is not None
        assert gone.score < 0.999


def test_loose_vectors_that_were_kept_are_not_those_of_a_write_that_was_undone() -> None:
    index: Any = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts], "fields": ["text"]}
    with CuratedStore.from_conn_string(":memory:", index=index) as store:
        for text in ("first", "second"):
            store.put(("notes", "ada"), text, {"text": text})
            store.search(("notes", "ada"), query=text)
        item = PlainItem(("notes", "ada"), "undone", {}, "undone", vectors=[("text", pack(vector("undone"), DIMS))])
        with pytest.raises(LookupError):
            store._runner.engine.run(put_and_fail(item))
        store.put(("notes", "ada"), "third", {"text": "third"})

        found = store.search(("notes", "ada"), query="undone")

        assert {item.key for item in found} == {"first", "second", "third"}
        assert all(item.score is not None and item.score < 0.999 for item in found)


def test_loose_vectors_that_were_kept_give_way_to_what_another_process_wrote(tmp_path: Path) -> None:
    index: Any = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts], "fields": ["text"]}
    path = str(tmp_path / "a.db")
    with (
        CuratedStore.from_conn_string(path, index=index) as one,
        CuratedStore.from_conn_string(path, index=index) as other,
    ):
        for text in ("first", "second"):
            one.put(("notes", "ada"), text, {"text": text})
            one.search(("notes", "ada"), query=text)
        other.delete(("notes", "ada"), "first")
        other.put(("notes", "ada"), "third", {"text": "third"})

        before = one.search(("notes", "ada"), query="third", limit=1)[0]
        one.put(("notes", "ada"), "fourth", {"text": "fourth"})

        assert (before.key, before.score) == ("third", pytest.approx(1.0, abs=1e-5))
        for text in ("second", "third", "fourth"):
            found = one.search(("notes", "ada"), query=text, limit=1)[0]
            assert (found.key, found.score) == (text, pytest.approx(1.0, abs=1e-5))
        assert all(item.score < 0.999 for item in one.search(("notes", "ada"), query="first") if item.score)


def test_blocks_that_another_process_adds_or_changes_are_noticed(tmp_path: Path) -> None:
    index: Any = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts], "fields": ["text"]}
    path, place = str(tmp_path / "a.db"), ("notes", "ada")
    read: list[int] = []
    with (
        CuratedStore.from_conn_string(path, index=index) as one,
        CuratedStore.from_conn_string(path, index=index) as other,
    ):
        statement = one._runner.engine._statements._statement

        def counted(connection: Any, query: Any) -> Any:
            rows = statement(connection, query)
            read.extend(row["first"] for row in rows if query.name == "vector_codes")
            return rows

        one._runner.engine._statements._statement = counted
        for start in range(0, 4 * BLOCK, BLOCK):
            other.batch([PutOp(place, str(n), {"text": f"note {n}"}) for n in range(start, start + BLOCK)])
            assert [item.key for item in one.search(place, query=f"note {start}", limit=1)] == [str(start)]
        appended = list(read)
        other.delete(place, str(BLOCK))
        found = one.search(place, query=f"note {BLOCK}", limit=4 * BLOCK)

    assert appended == [1 + start for start in range(0, 4 * BLOCK, BLOCK)]
    assert read == [*appended, *appended]
    assert len(found) == 4 * BLOCK - 1
    assert str(BLOCK) not in {item.key for item in found}
