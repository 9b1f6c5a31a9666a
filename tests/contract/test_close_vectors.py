"""Asked for the vectors that are close, an engine leaves out none of them, wherever they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from langgraph.store.base import PutOp

from langgraph_memory.domain.search.vectors import VectorSearch, pack
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Engine, Query, reads
from langgraph_memory.engine.connect import connect
from langgraph_memory.operations.neighbours import ClosestRows
from langgraph_memory.operations.rows import closeness
from langgraph_memory.store import CuratedStore

DIMS = 24
PLACE = ("notes", "ada")
LEAST = 0.92


def vector(text: str) -> list[float]:
    """Return the vector of "group member": members of a group are close to each other."""
    group, member = (Random(part) for part in (text.split(maxsplit=1)[0], text))
    return [group.gauss(0, 1) + member.gauss(0, 0.2) for _ in range(DIMS)]


@reads
def found(text: str, least: float | None) -> Effects[dict[int, float]]:
    """Return the rows of the partition and their closeness to a text."""
    (corpus,) = yield Query("corpus_in_partition", {"partition": ".".join(PLACE)})
    search = VectorSearch(pack(vector(text), DIMS), "cosine")
    close = yield from closeness(corpus, search, least)
    return dict((yield from ClosestRows(search, [(corpus, close.own)]).take(len(close.own))))


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine on a new database."""
    with closing(connect(database)) as opened:
        yield opened


@pytest.fixture
def store(engine: Engine) -> CuratedStore:
    """A store whose vectors come in groups."""
    index = {"dims": DIMS, "embed": lambda texts: [vector(text) for text in texts], "fields": ["text"]}
    opened = CuratedStore(engine, index=index)  # type: ignore[arg-type]
    opened.setup()
    return opened


def near(engine: Engine, text: str) -> dict[int, float]:
    """Return the rows that are close to a text; an engine may answer with others too."""
    return {row: score for row, score in engine.run(found(text, LEAST)).items() if score >= LEAST}


def put(store: CuratedStore, texts: list[str]) -> None:
    store.batch([PutOp(PLACE, text, {"text": text}) for text in texts])


@pytest.mark.parametrize("members", [3, 40])
def test_those_that_are_close_are_found_in_blocks_and_beside_them(
    store: CuratedStore, engine: Engine, members: int
) -> None:
    texts = [f"{group} {member}" for member in range(members) for group in range(400 // members)]
    for start in range(0, len(texts), 50):
        put(store, texts[start : start + 50])
        for text in ("0 0", "7 1", f"{start % 10} new"):
            close = {row: score for row, score in engine.run(found(text, None)).items() if score >= LEAST}

            assert close
            assert near(engine, text) == pytest.approx(close)


def test_one_that_was_deleted_or_changed_is_found_no_longer(store: CuratedStore, engine: Engine) -> None:
    put(store, [f"{group} 0" for group in range(300)])
    (row,) = near(engine, "5 0")

    store.delete(PLACE, "5 0")
    store.put(PLACE, "9 0", {"text": "1000 0"})

    assert row not in near(engine, "5 0")
    assert near(engine, "9 0") == {}
    assert len(near(engine, "1000 0")) == 1
