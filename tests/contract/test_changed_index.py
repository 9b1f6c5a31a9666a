"""Another embedding model on a file that has vectors: noticed before anything is written, and a way out."""

from __future__ import annotations

from typing import Any

import pytest
from support import BagOfWords, Driver, one_sentence
from typer.testing import CliRunner

from langgraph_memory import CuratedStore
from langgraph_memory.cli import app
from langgraph_memory.errors import EmbeddingError, IndexChangedError, InvalidInputError

ADA = "ada"


class Letters(BagOfWords):
    """Another model: counts letters, in fewer dimensions, and may be told to fail."""

    dims = 26

    def __init__(self, fails_after: int | None = None) -> None:
        super().__init__()
        self.left = fails_after

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return super().embed_documents(texts)

    @classmethod
    def vector(cls, text: str) -> list[float]:
        return [float(text.lower().count(chr(97 + n))) for n in range(26)]


LETTERS = Letters()


def index(embed: BagOfWords, **more: Any) -> Any:
    return {"dims": embed.dims, "embed": embed, **more}


def words(database: str, count: int = 3) -> None:
    """Fill a file with vectors of the first model."""
    with CuratedStore.from_conn_string(database, index=index(BagOfWords())) as store:
        for n in range(count):
            store.remember(f"likes tea number {n}", owner_id=ADA, context="at breakfast")
        store.put(("notes", "x"), "k", {"text": "harbour"})
        store.put(("notes", "x"), "silent", {"text": "harbour"}, index=False)


@pytest.mark.parametrize(
    "changed",
    [
        lambda: index(Letters()),
        lambda: index(BagOfWords(), distance_type="l2"),
        lambda: index(BagOfWords(), model="another"),
    ],
)
async def test_a_changed_index_is_noticed_before_anything_is_written(database: str, mode: str, changed: Any) -> None:
    words(database)

    with CuratedStore.from_conn_string(database, index=changed()) as opened:
        store = Driver(opened, mode)
        for call in (
            lambda: store.remember("likes coffee", owner_id=ADA),
            lambda: store.recall("tea", owner_id=ADA),
            lambda: store.put(("notes", "x"), "new", {"text": "boat"}),
            lambda: store.search(("notes",), query="harbour"),
        ):
            with pytest.raises(IndexChangedError, match="reindex") as caught:
                await call()
            one_sentence(caught.value)
        assert len(await store.list_memories(owner_id=ADA)) == 3
        assert await store.get(("notes", "x"), "new") is None


async def test_the_same_index_and_a_model_without_a_name_go_on(database: str, mode: str) -> None:
    words(database)

    for same in (
        index(BagOfWords()),
        {"dims": BagOfWords.dims, "embed": lambda texts: [BagOfWords.vector(t) for t in texts]},
    ):
        with CuratedStore.from_conn_string(database, index=same) as opened:
            found = await Driver(opened, mode).recall("tea", owner_id=ADA)
            assert found[0].parts["semantic"] > 0


async def test_reindexing_makes_every_vector_anew_and_shows_progress(database: str, mode: str) -> None:
    words(database, 450)
    seen: list[tuple[int, int]] = []
    with CuratedStore.from_conn_string(database, index=index(Letters())) as opened:
        store = Driver(opened, mode)

        done = await store.admin.reindex(on_progress=lambda done, total: seen.append((done, total)))

        assert (done, seen) == (451, [(200, 451), (400, 451), (451, 451)])
        found = await store.recall("tea", owner_id=ADA)
        assert found[0].parts["semantic"] > 0
        assert (await store.search(("notes",), query="harbour"))[0].key == "k"
        await store.remember("likes coffee", owner_id=ADA)
        assert await store.admin.reindex() == 0
    with CuratedStore.from_conn_string(database, index=index(BagOfWords())) as opened, pytest.raises(IndexChangedError):
        opened.recall("tea", owner_id=ADA)


async def test_reindexing_goes_on_where_it_was_interrupted(database: str) -> None:
    words(database, 450)
    with (
        CuratedStore.from_conn_string(database, index=index(Letters(fails_after=1))) as store,
        pytest.raises(KeyboardInterrupt),
    ):
        store.admin.reindex()

    with CuratedStore.from_conn_string(database, index=index(Letters())) as store:
        assert store.recall("tea", owner_id=ADA, limit=10)
        assert store.admin.reindex() == 251


async def test_what_was_stored_without_an_index_is_embedded(database: str, mode: str) -> None:
    with CuratedStore.from_conn_string(database) as opened:
        opened.remember("likes tea", owner_id=ADA)

    with CuratedStore.from_conn_string(database, index=index(BagOfWords())) as opened:
        assert await Driver(opened.admin, mode).reindex() == 1
        (found,) = opened.recall("tea", owner_id=ADA)
    assert found.parts["semantic"] > 0


async def test_a_failing_embedder_leaves_what_was_done(database: str, mode: str) -> None:
    words(database)

    class Broken(Letters):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise RuntimeError("no network")

    with (
        CuratedStore.from_conn_string(database, index=index(Broken())) as opened,
        pytest.raises(EmbeddingError, match="no network"),
    ):
        await Driver(opened.admin, mode).reindex()
    with CuratedStore.from_conn_string(database, index=index(Letters(), model="Broken")) as opened:
        assert await Driver(opened.admin, mode).reindex() == 4
    with CuratedStore.from_conn_string(database) as opened, pytest.raises(InvalidInputError, match="index"):
        await Driver(opened.admin, mode).reindex()


def test_the_command_reindexes(database: str) -> None:
    words(database)

    result = CliRunner().invoke(
        app, ["db", "reindex", "--db", database, "--embed", "test_changed_index:LETTERS", "--dims", "26"]
    )

    assert (result.exit_code, result.output.strip().splitlines()[-1]) == (0, "embedded 4 rows.")
