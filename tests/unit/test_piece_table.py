"""The algebra of piece tables, with no database."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from langgraph_memory.checkpoints.pieces import (
    MAX_RUNS,
    Run,
    cut,
    draft,
    first_address,
    has_room,
    joined,
    length,
    merged,
    pack_runs,
    place,
    tail_of,
    unpack_runs,
)

RUNS = st.lists(st.builds(Run, st.integers(0, 2**62), st.integers(1, 2**20)), max_size=20)
WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=40)


class Storage:
    """Elements by address, and how a version of them reads."""

    def __init__(self):
        self.stored = {}
        self.next = first_address(7)

    def write(self, known, runs, wanted, sizes=None, same=0):
        made = draft(known, runs, wanted, sizes or [100] * (len(wanted) - same), same)
        for offset, index in enumerate(made.fresh):
            self.stored[self.next + offset] = wanted[index]
        placed = place(made.parts, self.next)
        self.next += len(made.fresh)
        return placed, made

    def read(self, runs):
        return [self.stored[address] for run in runs for address in range(run.first, run.end)]


def test_an_append_stores_only_what_is_new_and_stays_one_run():
    storage = Storage()
    runs, _ = storage.write([], (), list("abc"))

    again, made = storage.write(list("abc"), runs, list("abcde"))

    assert made.fresh == (3, 4)
    assert again == (Run(first_address(7), 5),)


def test_a_trim_in_front_with_an_append_stores_only_the_new_element():
    storage = Storage()
    runs, _ = storage.write([], (), list("abcd"))

    again, made = storage.write(list("abcd"), runs, list("cde"))

    assert made.fresh == (2,)
    assert storage.read(again) == list("cde")


def test_small_matches_are_stored_again_because_a_run_costs_more():
    storage = Storage()
    runs, _ = storage.write([], (), list("abcd"))

    _, made = storage.write(list("abcd"), runs, list("xby"), sizes=[5, 5, 5])

    assert made.fresh == (0, 1, 2)


@given(st.lists(WORDS, min_size=1, max_size=12))
def test_every_version_reads_back_whatever_was_edited(versions):
    storage = Storage()
    known, runs, written = [], (), []
    for wanted in versions:
        runs, _ = storage.write(known, runs, wanted)
        known = wanted
        written.append((runs, wanted))

    assert all(storage.read(placed) == wanted for placed, wanted in written)
    assert all(length(placed) == len(wanted) for placed, wanted in written)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 300))
def test_a_version_never_has_more_runs_than_the_bound(edits):
    storage = Storage()
    known = [f"element {number}" for number in range(400)]
    runs, _ = storage.write([], (), known)
    for number in range(0, edits, 2):
        wanted = list(known)
        wanted[number] = f"edited {number}"
        runs, _ = storage.write(known, runs, wanted)
        known = wanted

        assert len(runs) <= MAX_RUNS
        assert storage.read(runs) == known


@given(RUNS)
def test_packed_runs_unpack_to_the_same(runs):
    assert unpack_runs(pack_runs(runs)) == tuple(runs)


@given(st.lists(st.integers(1, 9), max_size=8), st.integers(0, 60), st.integers(0, 60))
def test_a_cut_holds_the_elements_between_two_indices(counts, start, stop):
    runs = [Run(100 * number, count) for number, count in enumerate(counts)]
    every = [address for run in runs for address in range(run.first, run.end)]

    found = [address for run in cut(runs, start, stop) for address in range(run.first, run.end)]

    assert found == every[start:stop]


def test_runs_that_continue_each_other_become_one():
    assert joined([Run(4, 2), Run(6, 1), Run(6, 1), Run(0, 0)]) == (Run(4, 3), Run(6, 1))


@given(RUNS)
def test_merged_stretches_touch_every_run_and_do_not_overlap(runs):
    stretches = merged(runs)

    assert all(any(one.first <= run.first and run.end <= one.end for one in stretches) for run in runs)
    assert all(left.end < right.first for left, right in pairwise(stretches))


def test_the_tail_is_the_end_of_what_the_last_list_holds():
    start = first_address(3)

    assert tail_of([Run(start + 5, 4), Run(start, 2)]) == start + 9


def test_a_list_is_full_when_its_positions_are_used_up():
    assert has_room(first_address(3), 1 << 20)
    assert not has_room(first_address(3) + 1, 1 << 20)
