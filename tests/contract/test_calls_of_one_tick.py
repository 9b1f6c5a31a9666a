"""Calls that are made in one tick of an event loop share a transaction, and end as if one came after another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph.store.base import InvalidNamespaceError, PutOp
from support import BagOfWords, Clock, Driver, opened_store

from langgraph_memory import CuratedStore
from langgraph_memory.engine.postgres.transaction import PostgresTransaction
from langgraph_memory.errors import EmbeddingError, InvalidInputError, InvalidMemoryError
from langgraph_memory.operations import items
from langgraph_memory.store.scheduling import Ticks

PLACES = [("docs", "u1"), ("docs", "u2"), ("docs", "u1", "deep"), ("curated", "ada")]


@pytest.fixture
def store(database: str) -> Iterator[CuratedStore]:
    with CuratedStore.from_conn_string(database) as opened:
        yield opened


class Wrong(BagOfWords):
    """Fails for a text that asks for it."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if any("fail" in text for text in texts):
            raise RuntimeError("no vector for this")
        return super().embed_documents(texts)


async def together(*calls: Any) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60)


async def test_each_call_sees_what_was_asked_before_it(store: CuratedStore) -> None:
    found = await together(
        store.aput(("docs",), "k", {"n": 1}),
        store.aget(("docs",), "k"),
        store.aput(("docs",), "k", {"n": 2}),
        store.asearch(("docs",)),
        store.adelete(("docs",), "k"),
        store.aget(("docs",), "k"),
        store.alist_namespaces(),
        store.aput(("docs",), "k", {"n": 3}),
    )

    assert found[1].value == {"n": 1}
    assert [item.value for item in found[3]] == [{"n": 2}]
    assert found[5] is None
    assert found[6] == []
    assert store.get(("docs",), "k").value == {"n": 3}


async def test_each_call_ends_in_its_own_error_and_the_others_are_done(store: CuratedStore) -> None:
    kept = store.remember("owns a bicycle", owner_id="ada").memory
    place = ("curated", "ada", "global")

    found = await together(
        *(store.aput(("docs",), f"before{i}", {"n": i}) for i in range(9)),
        store.aput(place, kept.id, {"owner_id": "bob"}),
        store.aput(("docs",), "bad", {"n": float("nan")}),
        store.aput((), "bad", {"n": 1}),
        store.asearch(("docs",), filter={"n": {"$near": 1}}),
        store.aput(place, kept.id, {"memory_type": "rule"}),
        *(store.aput(("docs",), f"after{i}", {"n": i}) for i in range(9)),
        store.asearch(("docs",), limit=100),
    )

    wrong = [type(one) for one in found[9:14]]
    assert wrong[0] is wrong[4] is InvalidMemoryError
    assert str(found[9]) != str(found[13])
    assert wrong[2] is InvalidNamespaceError
    assert issubclass(wrong[1], InvalidInputError)
    assert issubclass(wrong[3], InvalidInputError)
    assert len(found[-1]) == 18
    assert store.get(place, kept.id).value["content"] == "owns a bicycle"


async def test_a_text_that_cannot_be_embedded_fails_alone(database: str) -> None:
    index: Any = {"dims": Wrong.dims, "embed": Wrong(), "fields": ["text"]}
    async with CuratedStore.from_conn_string(database, index=index) as store:
        texts = ["red", "fail", "green", "blue", "failing", "white"]
        found = await together(*(store.aput(("docs",), text, {"text": text}) for text in texts))

        assert [text for text, one in zip(texts, found, strict=True) if isinstance(one, EmbeddingError)] == [
            "fail",
            "failing",
        ]
        assert {item.key for item in await store.asearch(("docs",))} == {"red", "green", "blue", "white"}
        assert (await store.asearch(("docs",), query="green"))[0].key == "green"


async def test_what_two_callers_found_is_not_shared(store: CuratedStore) -> None:
    store.put(("docs",), "k", {"n": [1]})

    one, two, first, second = await together(
        store.aget(("docs",), "k"), store.aget(("docs",), "k"), store.asearch(("docs",)), store.asearch(("docs",))
    )
    one.value["n"].append(2)
    first[0].value["n"].append(3)
    first.clear()

    assert two.value == second[0].value == {"n": [1]}


@pytest.mark.parametrize("seed", range(3))
async def test_many_calls_at_once_end_as_one_after_another(database: str, databases: Any, seed: int) -> None:
    def calls(drawn: random.Random) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
        for number in range(300):
            place, key = drawn.choice(PLACES), f"k{drawn.randint(1, 40)}"
            kind = drawn.choice(["aput", "aput", "aget", "adelete", "asearch", "alist_namespaces"])
            given: dict[str, tuple[Any, ...]] = {
                "aput": (place, key, {"n": number, "text": f"word{number % 7}"}),
                "asearch": (place,),
                "alist_namespaces": (),
            }
            options = {"limit": 5, "query": drawn.choice([None, "word3"])} if kind == "asearch" else {}
            yield kind, given.get(kind, (place, key)), options

    def plain(answer: Any) -> Any:
        if isinstance(answer, list):  # what only fills up a page is in the order of its time, which one tick shares
            answering = [one for one in answer if getattr(one, "score", 0.0) is not None]
            return sorted((plain(one) for one in answering), key=repr)
        return (answer.namespace, answer.key, answer.value) if hasattr(answer, "value") else answer

    made = list(calls(random.Random(seed)))
    with (
        CuratedStore.from_conn_string(database) as first,
        CuratedStore.from_conn_string(databases.scratch()) as second,
    ):
        at_once = await together(*(getattr(first, name)(*given, **options) for name, given, options in made))
        in_turn = [await getattr(second, name)(*given, **options) for name, given, options in made]

        wanted = [place for place, (name, _, options) in enumerate(made) if name != "asearch" or options["query"]]
        assert [plain(at_once[place]) for place in wanted] == [plain(in_turn[place]) for place in wanted]
        for place in PLACES:
            assert plain(first.search(place, limit=100)) == plain(second.search(place, limit=100))


async def test_more_calls_than_are_run_together_are_all_answered(store: CuratedStore) -> None:
    await together(*(store.aput(("docs", f"u{i % 7}"), f"k{i}", {"n": i}) for i in range(2500)))
    found = await together(*(store.aget(("docs", f"u{i % 7}"), f"k{i}") for i in range(2500)))

    assert [item.value["n"] for item in found] == list(range(2500))


async def test_a_call_that_is_cancelled_takes_no_other_along(store: CuratedStore) -> None:
    tasks = [asyncio.ensure_future(store.aput(("docs",), f"k{i}", {"n": i})) for i in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await together(*tasks)

    assert {item.key for item in store.search(("docs",))} == {"k0", "k2"}


def test_one_store_is_used_from_loop_after_loop(store: CuratedStore) -> None:
    for number in range(3):
        asyncio.run(store.aput(("docs",), f"k{number}", {"n": number}))

    assert len(asyncio.run(store.asearch(("docs",)))) == 3


async def test_what_is_asked_is_asked_in_halves_until_each_has_its_error() -> None:
    asked: list[list[int]] = []

    async def run_all(given: Any) -> list[int]:
        asked.append(list(given))
        if any(one < 0 for one in given):
            raise ValueError(f"{min(given)}")
        return [one * 10 for one in given]

    ticks: Ticks[int, int] = Ticks(run_all)
    found = await asyncio.gather(*(ticks.call(one) for one in (1, -2, 3, 4)), return_exceptions=True)

    assert [found[0], str(found[1]), found[2], found[3]] == [10, "-2", 30, 40]
    assert asked == [[1, -2, 3, 4], [1, -2], [1], [-2], [3, 4]]


async def test_a_batch_is_still_all_or_nothing(store: CuratedStore) -> None:
    kept = store.remember("owns a bicycle", owner_id="ada").memory
    bad = PutOp(("curated", "ada", "global"), kept.id, {"owner_id": "bob"})

    found = await together(
        store.abatch([PutOp(("docs",), "a", {"n": 1}), bad]), store.abatch([PutOp(("docs",), "b", {"n": 1})])
    )

    assert isinstance(found[0], InvalidMemoryError)
    assert {item.key for item in store.search(("docs",))} == {"b"}


async def test_puts_of_one_statement_end_as_puts_in_steps(
    database: str, databases: Any, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain items go in by one statement where an engine has one; a store that refuses it takes the steps instead."""
    drawn = random.Random(9)
    made = [
        PutOp(drawn.choice(PLACES[:3]), f"k{drawn.randint(1, 9)}", {"n": number, "text": f"w{number % 5}"}, ttl=ttl)
        for number, ttl in enumerate(drawn.choices([None, None, 5.0, 0.5], k=60))
    ]
    clock = Clock()

    async def run(url: str) -> list[Any]:
        with opened_store(url, clock) as store:
            for start in range(0, len(made), 6):
                await Driver(store, mode).batch(made[start : start + 6])
                clock.advance(minutes=1)
            found = [item for place in PLACES[:3] for item in store.search(place, limit=100)]
            matched = [(one.key, round(one.score, 9)) for one in store.search(("docs", "u1"), query="w3") if one.score]
            return [*sorted((*one.namespace, one.key, repr(one)) for one in found), sorted(matched)]

    start = clock.now
    at_once = await run(database)
    clock.now = start
    monkeypatch.setattr(items, "_plain_items", lambda *_: None)

    assert at_once == await run(databases.scratch())


async def test_a_put_takes_one_statement_on_postgres(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with CuratedStore.from_conn_string(postgres_url) as store:
        await store.aput(("docs",), "k", {"n": 0})
        asked: list[str] = []
        statement = PostgresTransaction._statement
        monkeypatch.setattr(
            PostgresTransaction, "_statement", lambda self, query: asked.append(query.name) or statement(self, query)
        )
        await together(*(store.aput(("docs", f"u{i % 3}"), f"k{i}", {"n": i}) for i in range(20)))
        await store.aput(("docs",), "k", {"n": 1})

    assert asked == ["store_items", "store_items"]
