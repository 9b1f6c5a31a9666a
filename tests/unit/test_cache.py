"""One bound for everything that is kept in memory, in bytes of objects."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory import open_memory
from langgraph_memory.cache import Cache, CacheBound, bytes_of, remember_short
from langgraph_memory.checkpoints.caches import CheckpointCache
from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.checkpoints.decode import Chunk
from langgraph_memory.errors import ConnectionStringError


def test_of_all_caches_together_what_was_used_longest_ago_goes_first() -> None:
    bound = CacheBound(2500)
    one, other = Cache[str, int](bound), Cache[str, int](bound)
    one.put("a", 1, 600)
    other.put("a", 2, 600)
    one.get("a")

    other.put("b", 3, 600)

    assert (one.get("a"), other.get("a"), other.get("b")) == (1, None, 3)
    assert bound.nbytes <= 2500


def test_what_is_only_looked_at_does_not_count_as_used() -> None:
    cache = Cache[str, int](CacheBound(2000))
    cache.put("a", 1, 500)
    cache.put("b", 2, 500)
    cache.peek("a")

    cache.put("c", 3, 500)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (None, 2, 3)


def test_an_entry_that_is_more_than_the_bound_takes_no_other_with_it() -> None:
    cache = Cache[str, int](CacheBound(2000))
    cache.put("a", 1, 500)

    cache.put("b", 2, 5000)

    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_an_entry_that_grew_beyond_the_bound_is_not_found_as_it_was() -> None:
    cache = Cache[str, int](CacheBound(2000))
    cache.put("a", 1, 500)

    cache.put("a", 2, 5000)

    assert cache.get("a") is None
    assert cache.bound.nbytes == 0


def test_bytes_that_an_interrupt_counted_twice_are_forgotten_once_the_cache_is_empty() -> None:
    cache = Cache[str, int](CacheBound(2000))
    cache.put("a", 1, 500)
    cache.bound._bytes += 1500  # as an interrupt between counting an entry and keeping it leaves it

    cache.put("b", 2, 500)
    cache.drop("b")

    assert cache.bound.nbytes == 0


def test_the_bytes_of_values_are_those_of_everything_in_them() -> None:
    text = "x" * 10_000

    assert bytes_of([{"a": [text, (text,)]}]) > 20_000
    assert bytes_of([[]]) < 100


def decoded(message: AnyMessage, count: int) -> Chunk:
    codec = Codec(JsonPlusSerializer())
    return Chunk(codec, "list", codec.dump([message] * count))


@pytest.mark.parametrize(
    "message",
    [HumanMessage("hello", id="1"), AIMessage("x", additional_kwargs={"deep": [{"text": "y" * 5000}]})],
    ids=["short", "nested"],
)
def test_decoded_messages_count_as_the_objects_that_they_are(message: AnyMessage) -> None:
    few, many = decoded(message, 64), decoded(message, 640)

    stored = len(Codec(JsonPlusSerializer()).plain.dumps_typed(message)[1])
    assert few.nbytes > 64 * max(600, stored)
    assert many.nbytes == pytest.approx(10 * few.nbytes, rel=0.1)


def test_of_a_run_only_the_checkpoints_are_known_that_it_goes_on_from() -> None:
    known = CheckpointCache(CacheBound())
    places = [("thread", "", str(number)) for number in range(5)]

    for parent, place in zip([None, *places], places, strict=False):
        known.put(place, {}, parent)

    assert [known.has(place) for place in places] == [False, False, False, True, True]


def test_a_long_text_is_remembered_only_until_the_next() -> None:
    asked: list[str] = []

    @remember_short(10, longest=3)
    def seen(text: str) -> int:
        asked.append(text)
        return len(text)

    for text in ("abc", "abcd", "abc", "abcd", "abcde", "abcd"):
        assert seen(text) == len(text)

    assert asked == ["abc", "abcd", "abcde", "abcd"]


@pytest.mark.parametrize("wrong", [-1, 1.5, "64 MB", True, None])
def test_a_bound_that_is_no_number_of_bytes_is_refused_in_one_sentence(wrong: object) -> None:
    with pytest.raises(ConnectionStringError, match="cache_bytes must be a whole number of bytes"):
        open_memory(":memory:", cache_bytes=wrong).__enter__()
