"""Any function that tells how well texts answer a query puts the best of a recall in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from databases import Databases
from support import BagOfWords, Clock, Driver, one_sentence, opened_store

from langgraph_memory import CuratedStore
from langgraph_memory.domain.search.recall import MOST_RERANKED
from langgraph_memory.errors import EmbeddingError, InvalidInputError

ADA = "ada"
SHELVES = [f"Shelf {n} of the archive holds box {n}." for n in range(30)]


def favouring(word: str) -> Callable[[str, Sequence[str]], list[float]]:
    return lambda query, texts: [100.0 * (word in text) for text in texts]


@contextmanager
def store_with(databases: Databases, clock: Clock, rerank: Any) -> Iterator[CuratedStore]:
    index: Any = {"dims": BagOfWords.dims, "embed": BagOfWords(), "rerank": rerank}
    with opened_store(databases.new(), clock, index=index) as store:
        for content in SHELVES:
            store.remember(content, owner_id=ADA, slot=content)
        yield store


@pytest.mark.parametrize("needed", [False, True])
async def test_what_the_reranker_prefers_moves_up_and_its_part_is_told(
    databases: Databases, clock: Clock, mode: str, needed: bool
) -> None:
    with store_with(databases, clock, None) as plain:
        before = plain.recall("Which shelf of the archive?", owner_id=ADA, limit=9, needed=needed, min_score=0)
    last = before.memories[-1].content

    with store_with(databases, clock, favouring(last)) as curated:
        store = Driver(curated, mode)
        recall = await store.recall("Which shelf of the archive?", owner_id=ADA, limit=9, needed=needed, min_score=0)

        contents = [one.content for one in recall.memories]
        assert contents.index(last) < len(before) - 1
        assert max(recall, key=lambda one: one.parts["reranker"]).memory.content == last
        if not needed:
            assert all(one.score == pytest.approx(sum(one.parts.values())) for one in recall)
        assert [one.score for one in recall] == sorted((one.score for one in recall), reverse=True)
        assert "reranker" in str(await store.audit.explain(recall, owner_id=ADA))
        again = await store.audit.replay(recall, owner_id=ADA)
        assert [one.id for one in again.now.memories] == [one.id for one in recall.memories]


async def test_it_is_asked_about_the_best_whatever_is_wanted_and_never_for_a_list(
    databases: Databases, clock: Clock, mode: str
) -> None:
    asked: list[tuple[str, int]] = []

    def rerank(query: str, texts: Sequence[str]) -> list[float]:
        asked.append((query, len(texts)))
        return [0.0] * len(texts)

    with store_with(databases, clock, rerank) as curated:
        store = Driver(curated, mode)
        one = await store.recall("archive", owner_id=ADA, limit=1)
        await store.recall(None, owner_id=ADA)
        await store.recall("archive", owner_id="nobody")
        await store.recall("archive", owner_id=ADA, limit=25)

    assert len(one) == 1
    assert asked == [("archive", MOST_RERANKED), ("archive", MOST_RERANKED)]


async def test_it_is_asked_while_nothing_is_locked(databases: Databases, clock: Clock, mode: str) -> None:
    held: list[CuratedStore] = []

    def rerank(query: str, texts: Sequence[str]) -> list[float]:
        held[0].remember(f"Somebody asked: {query}", owner_id="bob")
        return [float(len(text)) for text in texts]

    with store_with(databases, clock, rerank) as curated:
        held.append(curated)
        await Driver(curated, mode).recall("archive", owner_id=ADA)

        assert len(curated.list_memories(owner_id="bob")) == 1


async def test_an_async_function_reranks_async_calls_and_is_refused_in_others(
    databases: Databases, clock: Clock
) -> None:
    async def rerank(query: str, texts: Sequence[str]) -> list[float]:
        return favouring("box 7.")(query, texts)

    with store_with(databases, clock, rerank) as curated:
        recall = await curated.arecall("box 7 archive", owner_id=ADA)

        assert recall.memories[0].content == SHELVES[7]
        with pytest.raises(EmbeddingError, match="arecall") as raised:
            curated.recall("archive", owner_id=ADA)
        one_sentence(raised.value)


def _raising(query: str, texts: Sequence[str]) -> list[float]:
    raise RuntimeError("no\nmemory left")


@pytest.mark.parametrize(
    ("rerank", "says"),
    [
        (_raising, "no memory left"),
        (lambda query, texts: [1.0], "1 number"),
        (lambda query, texts: None, "NoneType"),
        (lambda query, texts: [float("nan")] * len(texts), "compared"),
        (lambda query, texts: ["high"] * len(texts), "list of numbers"),
    ],
)
async def test_a_reranker_that_fails_is_named(
    databases: Databases, clock: Clock, mode: str, rerank: Any, says: str
) -> None:
    with store_with(databases, clock, rerank) as curated:
        with pytest.raises(EmbeddingError, match=says) as raised:
            await Driver(curated, mode).recall("archive", owner_id=ADA)
        one_sentence(raised.value)


def test_what_cannot_be_called_is_refused(databases: Databases, clock: Clock) -> None:
    with pytest.raises(InvalidInputError, match="rerank") as raised, store_with(databases, clock, "best"):
        pass
    one_sentence(raised.value)
