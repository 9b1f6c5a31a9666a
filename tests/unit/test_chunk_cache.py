"""Chunks that are held: of one version of each channel, and no more of them than the bound allows."""

from __future__ import annotations

from langgraph_memory.cache import CacheBound
from langgraph_memory.checkpoints.caches import CachedVersion, ChunkCache
from langgraph_memory.checkpoints.fingerprints import Digests, Fingerprints
from langgraph_memory.checkpoints.pieces import Run, pack_runs
from langgraph_memory.checkpoints.records import Layout, NewChunk, NewVersion, Placed, StoredChunk, StoredVersion

PLACE = ("thread", "", "messages")


def packed(*runs: tuple[int, int]) -> bytes:
    return pack_runs(Run(*run) for run in runs)


def chunks(*addresses: int) -> list[StoredChunk]:
    return [StoredChunk(address, 1, ("msgpack", b"x" * 10)) for address in addresses]


def new(version: str, *offsets: int) -> NewVersion:
    added = [NewChunk(offset, 1, ("msgpack", b"x" * 10)) for offset in offsets]
    return NewVersion("messages", version, "list", layout=Layout((), added, 7))


def placed(*runs: tuple[int, int], start: int, sealed: bool = False) -> Placed:
    return Placed(tuple(Run(*run) for run in runs), packed(*runs), start, sealed)


def known(version: str, *runs: tuple[int, int]) -> CachedVersion:
    return CachedVersion(
        version, "list", Fingerprints(Digests(b""), []), tuple(Run(*run) for run in runs), packed(*runs), 0
    )


def stored(version: str, *runs: tuple[int, int]) -> StoredVersion:
    return StoredVersion(version, "list", ("", packed(*runs)), tuple(Run(*run) for run in runs))


def test_a_version_that_was_read_is_found_by_its_number_and_its_runs():
    cache = ChunkCache()
    cache.keep_read(PLACE, stored("1", (100, 2)), chunks(100, 101))

    assert cache.get(PLACE, "1", packed((100, 2))) == chunks(100, 101)
    assert cache.get(PLACE, "2", packed((100, 2))) is None
    assert cache.get(PLACE, "1", packed((100, 3))) is None
    assert cache.get(("thread", "", "other"), "1", packed((100, 2))) is None


def test_of_what_was_read_only_the_chunks_of_the_version_are_kept():
    cache = ChunkCache()
    cache.keep_read(PLACE, stored("1", (100, 2)), chunks(99, 100, 101, 102))

    assert cache.get(PLACE, "1", packed((100, 2))) == chunks(100, 101)


def test_a_version_that_continues_one_has_its_chunks_too():
    cache = ChunkCache()
    cache.keep_stored(PLACE, new("1", 0, 1), placed((100, 2), start=100), None)

    cache.keep_stored(PLACE, new("2", 0), placed((100, 3), start=102), known("1", (100, 2)))

    assert cache.get(PLACE, "2", packed((100, 3))) == chunks(100, 101, 102)


def test_chunks_stay_in_the_order_of_their_addresses_when_a_list_is_continued_in_another():
    cache = ChunkCache()
    cache.keep_stored(PLACE, new("1", 0), placed((100, 1), start=100), None)

    cache.keep_stored(PLACE, new("2", 0), placed((100, 1), (50, 1), start=50), known("1", (100, 1)))

    assert cache.get(PLACE, "2", packed((100, 1), (50, 1))) == chunks(50, 100)


def test_nothing_is_kept_of_a_version_whose_chunks_are_not_all_known():
    cut = placed((101, 1), start=102)
    sealed = placed((100, 3), start=102, sealed=True)
    of_another = placed((100, 3), start=102)
    for outcome, base in (
        (cut, known("1", (100, 2))),
        (sealed, known("1", (100, 2))),
        (of_another, known("0", (100, 2))),
    ):
        cache = ChunkCache()
        cache.keep_stored(PLACE, new("1", 0, 1), placed((100, 2), start=100), None)

        cache.keep_stored(PLACE, new("2", 0), outcome, base)

        assert cache.get(PLACE, "2", outcome.packed_runs) is None


def test_what_was_used_longest_ago_goes_when_the_bound_is_reached():
    cache = ChunkCache(CacheBound(2000))
    for thread in "abcd":
        cache.keep_read((thread, "", "messages"), stored("1", (100, 1)), chunks(100))

    found = [cache.get((thread, "", "messages"), "1", packed((100, 1))) is not None for thread in "abcd"]

    assert found == [False, True, True, True]
