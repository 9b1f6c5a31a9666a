"""A text of any length is kept whole, found by its first pages, and taken apart while nobody waits for it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import Driver

from langgraph_memory import CuratedStore
from langgraph_memory.domain.text import MOST_INDEXED, indexed_terms, terms
from langgraph_memory.operations import rows

PLACE = ("docs", "ada")
LONG = 5 << 20


@pytest.fixture
def store(database: str) -> Iterator[CuratedStore]:
    with CuratedStore.from_conn_string(database) as opened:
        yield opened


@pytest.mark.parametrize("filler", ["lorem ipsum ", "\u6f22\u5b57", "x", "{} "])
async def test_a_long_text_is_kept_whole_and_found_by_its_first_pages(
    store: CuratedStore, mode: str, filler: str
) -> None:
    count = LONG // len(filler.encode())
    body = "".join(f"w{i} " for i in range(count // 3)) if filler == "{} " else filler * count
    text = f"zebra {body}"
    driver = Driver(store, mode)

    await driver.put(PLACE, "long", {"title": "walrus", "text": text})
    await driver.put(PLACE, "short", {"text": "giraffe"})

    assert (await driver.get(PLACE, "long")).value["text"] == text
    assert await matching(driver, "zebra") == await matching(driver, "walrus") == ["long"]
    await driver.put(PLACE, "long", {"text": f"okapi {body}"})
    assert (await matching(driver, "zebra"), await matching(driver, "okapi")) == ([], ["long"])
    await driver.delete(PLACE, "long")
    assert await matching(driver, "okapi") == []


async def matching(store: Driver, query: str) -> list[str]:
    """Return the items that hold a word of the query; others are listed after them."""
    return [item.key for item in await store.search(PLACE, query=query) if item.score]


def test_another_writer_does_not_wait_while_a_text_is_taken_apart(
    store: CuratedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as other:

        def while_another_writes(text: str) -> list[str]:
            if text.startswith("long"):
                other.submit(store.put, PLACE, "beside", {"text": "written meanwhile"}).result(timeout=20)
            return indexed_terms(text)

        monkeypatch.setattr(rows, "indexed_terms", while_another_writes)
        store.put(PLACE, "long", {"text": "long " * 4000})

    assert {item.key for item in store.search(PLACE)} == {"long", "beside"}


def test_taking_a_long_text_apart_takes_no_more_memory_than_a_few_copies_of_it(store: CuratedStore) -> None:
    value = {"text": " ".join(f"{i:x}word" for i in range(LONG // 10))}
    store.put(PLACE, "first", {"text": "short"})
    tracemalloc.start()
    try:
        store.put(PLACE, "long", value)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 8 * LONG


def test_a_text_of_ordinary_length_is_found_by_all_of_it() -> None:
    ordinary = "several words of a text " * 500

    assert indexed_terms(ordinary) == terms(ordinary)
    assert len(indexed_terms("word " * LONG)) == 1 << 14
    assert indexed_terms("x" * LONG) == ["x" * MOST_INDEXED]
