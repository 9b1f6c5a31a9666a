"""Sweeping: what fades, what is merged, what goes, what has to stay, and that looking first shows exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from databases import Databases
from hypothesis import given, settings
from hypothesis import strategies as st
from support import START, Clock, Driver, one_sentence, opened_store, take_in

from langgraph_memory import HygienePolicy, Memory, OfflineChatModel, build_graph, open_memory
from langgraph_memory.effects.effect import drive
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.errors import InvalidInputError, MemoryNotFoundError, MissingOwnerError
from langgraph_memory.operations import hygiene
from langgraph_memory.operations.hygiene import PART
from langgraph_memory.store import CuratedStore

DAY = timedelta(days=1)


@pytest.fixture
def store(database: str, clock: Clock) -> Iterator[CuratedStore]:
    with opened_store(database, clock) as opened:
        yield opened


@pytest.fixture
def both(store: CuratedStore, mode: str) -> Driver:
    return Driver(store, mode)


def memory(number: int, content: str, **fields: Any) -> Memory:
    given = {"owner_id": "ana", "created_at": START, "updated_at": START, "last_verified_at": START, **fields}
    return Memory(id=f"m-{number:05}", content=content, **given)


def live(store: CuratedStore, owner_id: str = "ana") -> dict[str, Memory]:
    return {one.id: one for one in store.list_memories(owner_id=owner_id, limit=10_000)}


def found(store: CuratedStore, memory_id: str) -> Memory:
    return store.history(memory_id, owner_id="ana")[-1]


def summary(report: Any) -> list[tuple[str, str]]:
    return [(one.action, one.memory_id) for one in report.changes]


# What fades


def test_confidence_fades_in_quarters_of_the_half_life(store: CuratedStore, clock: Clock) -> None:
    take_in(store, memory(1, "We saw a whale", memory_type="event", confidence=0.8))

    left = []
    for days in (22, 1, 22, 45):
        clock.advance(days=days)
        store.hygiene.sweep()
        left.append(found(store, "m-00001").confidence)

    assert left == [0.8, 0.672717, 0.565685, 0.4]


async def test_what_has_no_half_life_does_not_fade(both: Driver, clock: Clock) -> None:
    for kind in ("background", "preference", "fact", "rule", "skill"):
        await both.remember(f"One {kind}", owner_id="ana", memory_type=kind, confidence=0.9)
    clock.advance(days=3650)

    report = await both.hygiene.sweep()

    assert report.rows() == []
    assert report.counts == {}


async def test_a_policy_names_half_lives_of_its_own(both: Driver, clock: Clock) -> None:
    await both.remember("The office is in Rome", owner_id="ana", confidence=0.8)
    await both.remember("We saw a whale", owner_id="ana", memory_type="event", confidence=0.8)
    clock.advance(days=100)

    report = await both.hygiene.sweep(policy=HygienePolicy(half_lives={"project_fact": 100 * DAY, "event": None}))

    assert [(one.memory_type, one.before, one.after) for one in report.changes] == [("fact", "0.8", "0.4")]


def test_fading_neither_confirms_a_memory_nor_makes_it_newer(store: CuratedStore, clock: Clock) -> None:
    store.remember("We saw a whale", owner_id="ana", memory_type="event", confidence=0.8)
    (before,) = live(store).values()
    recency = store.recall("whale", owner_id="ana")[0].parts.get("recency")
    clock.advance(days=90)
    aged = store.recall("whale", owner_id="ana")[0].parts.get("recency")

    store.hygiene.sweep()

    (after,) = live(store).values()
    assert after == before.model_copy(update={"confidence": 0.4})
    assert store.recall("whale", owner_id="ana")[0].parts.get("recency") == aged != recency


def test_what_was_believed_before_a_sweep_is_still_known(store: CuratedStore, clock: Clock) -> None:
    store.remember("We saw a whale", owner_id="ana", memory_type="event", confidence=0.8)
    clock.advance(days=90)
    store.hygiene.sweep()
    clock.advance(days=90)
    store.hygiene.sweep()

    believed = [
        store.recall("whale", owner_id="ana", as_of=START + days * DAY)[0].memory.confidence
        for days in (1, 89, 91, 180)
    ]

    assert believed == [0.8, 0.8, 0.4, 0.2]


def test_a_confirmation_starts_anew(store: CuratedStore, clock: Clock) -> None:
    found_id = store.remember("We saw a whale", owner_id="ana", memory_type="event", confidence=0.8).memory.id
    clock.advance(days=90)
    store.hygiene.sweep()
    store.verify(found_id, owner_id="ana", confidence=1.0)
    clock.advance(days=90)

    store.hygiene.sweep()

    assert found(store, found_id).confidence == 0.5


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, int]]:
    return draw(st.lists(st.tuples(st.sampled_from(["verify", "doubt", "rank"]), st.integers(0, 120)), max_size=4))


@settings(max_examples=40)
@given(steps=lives(), swept_on=st.sets(st.integers(0, 500), max_size=12), first=st.sampled_from([0.3, 0.77, 1.0]))
def test_many_sweeps_leave_what_one_leaves(steps: list[tuple[str, int]], swept_on: set[int], first: float) -> None:
    left = []
    for days in (swept_on, set[int]()):
        clock = Clock()
        with opened_store(":memory:", clock) as store:
            place = ("curated", "ana", "global")
            key = store.remember("A whale", owner_id="ana", memory_type="event", confidence=first).memory.id
            for number, (kind, wait) in enumerate([*steps, ("end", 90)]):
                for _ in range(wait):
                    clock.advance(days=1)
                    if (clock.now - START).days in days:
                        store.hygiene.sweep()
                if kind == "verify":
                    store.verify(key, owner_id="ana", confidence=0.9)
                elif kind == "doubt":
                    store.put(place, key, {"confidence": 0.61 + number / 100})
                elif kind == "rank":
                    store.put(place, key, {"importance": 0.7})
            store.hygiene.sweep()
            assert store.hygiene.sweep().changes == ()
            left.append(found(store, key))

    assert left[0] == left[1]


def test_an_export_carries_what_faded(store: CuratedStore, clock: Clock, databases: Databases) -> None:
    store.remember("We saw a whale", owner_id="ana", memory_type="event", confidence=0.8)
    clock.advance(days=90)
    store.hygiene.sweep()
    lines = list(store.admin.export())

    with opened_store(databases.new(), clock, new_id=lambda: "a receipt of the other's own") as other:
        other.admin.import_(lines)
        assert other.hygiene.sweep().changes == ()
        assert list(other.admin.export())[1:] == lines[1:]
        clock.advance(days=90)
        other.hygiene.sweep()
        store.hygiene.sweep()
        assert [one.confidence for one in live(other).values()] == [one.confidence for one in live(store).values()]


# What is merged


def test_the_best_of_equal_memories_supersedes_the_others(store: CuratedStore) -> None:
    take_in(
        store,
        memory(1, "Likes green tea", memory_type="preference", confidence=0.6),
        memory(2, "likes green tea.", memory_type="preference", confidence=0.9),
        memory(3, "Likes  green tea", memory_type="preference", slot="tea", confidence=0.5),
        memory(4, "Likes green tea", memory_type="preference", scope="org:acme"),
        memory(5, "Likes green tea", owner_id="bob"),
    )

    report = store.hygiene.sweep()

    assert summary(report) == [("merged", "m-00002"), ("merged", "m-00001")]
    assert {one.successor for one in report.changes} == {"m-00003"}
    assert live(store).keys() == {"m-00003", "m-00004"}
    assert {one.id for one in store.history("m-00001", owner_id="ana")} == {"m-00001", "m-00002", "m-00003"}
    assert [one.memory.id for one in store.recall("green tea", owner_id="ana")] == ["m-00003"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"subject": "Ana"}, {"subject": "Bob"}, id="subjects"),
        pytest.param({"slot": "home"}, {"slot": "office"}, id="slots"),
        pytest.param({"memory_type": "fact"}, {"memory_type": "rule"}, id="types"),
        pytest.param({"content_json": {"value": 1}}, {"content_json": {"value": 2}}, id="payloads"),
        pytest.param(
            {"memory_type": "event", "valid_from": START},
            {"memory_type": "event", "valid_from": START + DAY},
            id="times",
        ),
    ],
)
def test_equal_words_about_something_else_are_no_repeat(
    store: CuratedStore, first: dict[str, Any], second: dict[str, Any]
) -> None:
    take_in(store, memory(1, "It is in Berlin", **first), memory(2, "It is in Berlin", **second))

    assert store.hygiene.sweep().changes == ()


def test_what_says_the_same_in_other_words_is_merged_when_that_is_asked_for(store: CuratedStore) -> None:
    take_in(
        store,
        memory(1, "The user keeps a parrot in the kitchen", confidence=0.8),
        memory(2, "the user keeps a parrot in the kitchen.", confidence=0.7),
        memory(3, "In the kitchen, the user keeps a parrot", confidence=0.9),
        memory(4, "The user does not keep a parrot in the kitchen"),
        memory(5, "In the kitchen, the user keeps a parrot", subject="Acme"),
        memory(6, "The user keeps a parrot in the kitchen", memory_type="event"),
        memory(7, "In the kitchen, the user keeps a parrot", memory_type="event"),
    )
    policy = HygienePolicy(merge_similar=True)

    shown = store.hygiene.sweep(policy=policy, dry_run=True)
    done = store.hygiene.sweep(policy=policy)

    assert shown.changes == done.changes
    assert sorted(live(store)) == ["m-00003", "m-00004", "m-00005", "m-00006", "m-00007"]
    assert {one.reason for one in done.changes} == {"it says the same", "it means the same"}
    assert store.hygiene.sweep(policy=policy).changes == ()


def test_what_is_merged_goes_with_what_it_is_merged_into(store: CuratedStore) -> None:
    low = {"confidence": 0.1}
    take_in(
        store,
        memory(1, "The user keeps a parrot in the kitchen", **low),
        memory(2, "the user keeps a parrot in the kitchen.", **low),
        memory(3, "In the kitchen, the user keeps a parrot", confidence=0.2),
    )
    policy = HygienePolicy(merge_similar=True, floor=0.5)

    shown = store.hygiene.sweep(policy=policy, dry_run=True)
    done = store.hygiene.sweep(policy=policy)

    assert shown.changes == done.changes
    assert [(one.action, one.versions) for one in done.changes] == [("merged", 0), ("merged", 0), ("pruned", 2)]
    assert store.list_memories(owner_id="ana", include_inactive=True) == []


def test_merging_can_be_left_out(store: CuratedStore) -> None:
    take_in(store, memory(1, "Likes tea"), memory(2, "Likes tea"))

    assert store.hygiene.sweep(policy=HygienePolicy(merge=False)).changes == ()


# What goes


async def test_an_expired_memory_goes_with_its_older_versions(both: Driver, store: CuratedStore, clock: Clock) -> None:
    old = (await both.remember("In Rome", owner_id="ana", slot="city")).memory
    new = (await both.remember("In Bonn", owner_id="ana", slot="city", expires_at=START + DAY)).memory
    clock.advance(days=2)

    report = await both.hygiene.sweep()

    assert [(one.action, one.memory_id, one.versions) for one in report.changes] == [("expired", new.id, 1)]
    assert store.list_memories(owner_id="ana", include_inactive=True) == []
    for gone in (old, new):
        with pytest.raises(MemoryNotFoundError):
            store.history(gone.id, owner_id="ana")


async def test_the_history_of_a_live_memory_stays(both: Driver, clock: Clock) -> None:
    await both.remember("In Rome", owner_id="ana", slot="city", expires_at=START + DAY, confidence=0.01)
    new = (await both.remember("In Bonn", owner_id="ana", slot="city")).memory
    clock.advance(days=1000)

    report = await both.hygiene.sweep(policy=HygienePolicy(floor=0.5, cap=1))

    assert report.changes == ()
    assert [one.content for one in await both.history(new.id, owner_id="ana")] == ["In Rome", "In Bonn"]


async def test_old_versions_are_kept_as_long_as_the_policy_says(both: Driver, clock: Clock) -> None:
    for city in ("Rome", "Bonn", "Kyiv", "Lima"):
        new = (await both.remember(f"In {city}", owner_id="ana", slot="city")).memory
        clock.advance(days=10)

    report = await both.hygiene.sweep(policy=HygienePolicy(keep_superseded=25 * DAY))

    assert [(one.action, one.content) for one in report.changes] == [("trimmed", "In Rome")]
    assert [one.content for one in await both.history(new.id, owner_id="ana")] == ["In Bonn", "In Kyiv", "In Lima"]


async def test_what_is_below_the_floor_of_its_owner_goes(both: Driver, store: CuratedStore) -> None:
    for owner in ("ana", "bob"):
        await both.remember("Perhaps tea", owner_id=owner, confidence=0.3)
        await both.remember("Surely coffee", owner_id=owner, confidence=0.7)

    report = await both.hygiene.sweep(policy=HygienePolicy(floor=0.5, floors={"bob": 0.2}))

    assert report.counts == {"ana": {"pruned": 1}}
    assert [one.content for one in live(store).values()] == ["Surely coffee"]
    assert len(live(store, "bob")) == 2


def test_over_the_cap_the_least_goes_first_and_what_is_always_injected_last(store: CuratedStore, clock: Clock) -> None:
    clock.advance(days=100)
    take_in(
        store,
        memory(1, "A name", memory_type="background", importance=0.0),
        memory(2, "Confirmed lately", importance=0.0, last_verified_at=clock.now - DAY),
        memory(3, "Important", importance=0.9),
        memory(4, "Sure", importance=0.5, confidence=0.9),
        memory(5, "Unsure", importance=0.5, confidence=0.2),
        memory(6, "Elsewhere", importance=0.0, scope="org:acme"),
    )

    order = [
        summary(store.hygiene.sweep(policy=HygienePolicy(cap=cap, caps={"org:acme": 10}), dry_run=True))[-1][1]
        for cap in (4, 3, 2, 1)
    ]
    store.hygiene.sweep(policy=HygienePolicy(cap=1))

    assert order == ["m-00005", "m-00004", "m-00003", "m-00002"]
    assert live(store).keys() == {"m-00001", "m-00006"}


def test_what_is_merged_or_pruned_leaves_its_place(store: CuratedStore) -> None:
    take_in(store, *(memory(n, "Likes tea") for n in range(3)), *(memory(n, f"Fact {n}") for n in range(3, 6)))
    take_in(store, memory(6, "Perhaps", confidence=0.1))

    report = store.hygiene.sweep(policy=HygienePolicy(cap=4, floor=0.5))

    assert report.counts == {"ana": {"merged": 2, "pruned": 1}}
    assert len(live(store)) == 4


@pytest.mark.parametrize("bound", [HygienePolicy(floor=0.5), HygienePolicy(cap=1)])
def test_what_a_memory_that_stays_names_stays_too(store: CuratedStore, bound: HygienePolicy) -> None:
    low = {"confidence": 0.1, "importance": 0.1}
    take_in(
        store,
        memory(1, "Evidence", **low, content_json={"from": [{"id": "m-00002"}]}),
        memory(2, "Evidence of the evidence", **low),
        memory(3, "Nobody needs this", **low),
        memory(4, "Only what goes needs this", **low),
        memory(5, "Goes", **low, content_json={"from": ["m-00004"]}),
        memory(6, "A pattern", memory_type="reflection", content_json={"seen_in": ["m-00001", "unknown"]}),
    )

    report = store.hygiene.sweep(policy=bound)

    assert {one.memory_id for one in report.changes} == {"m-00003", "m-00004", "m-00005"}
    assert live(store).keys() == {"m-00001", "m-00002", "m-00006"}
    assert store.hygiene.sweep(policy=bound).changes == ()


def test_an_expired_memory_that_is_named_stays_and_is_not_recalled(store: CuratedStore, clock: Clock) -> None:
    take_in(
        store,
        memory(1, "A trip to Rome", expires_at=START + DAY),
        memory(2, "Likes trips", content_json={"from": "m-00001"}),
    )
    clock.advance(days=2)

    assert store.hygiene.sweep().changes == ()
    assert found(store, "m-00001").content == "A trip to Rome"
    assert [one.memory.id for one in store.recall("trip", owner_id="ana")] == ["m-00002"]


async def test_what_contradicts_a_memory_that_stays_stays(both: Driver, store: CuratedStore) -> None:
    first = await both.remember("The cabin is heated with wood", owner_id="ana", confidence=0.9)
    second = await both.remember("The cabin is not heated with wood", owner_id="ana", confidence=0.1)
    assert second.action == "conflict"

    assert (await both.hygiene.sweep(policy=HygienePolicy(floor=0.5))).changes == ()
    await both.forget(first.memory.id, owner_id="ana")
    assert (await both.hygiene.sweep(policy=HygienePolicy(floor=0.5))).counts == {"ana": {"pruned": 1}}


async def test_memories_that_contradict_each_other_may_go_together(both: Driver, store: CuratedStore) -> None:
    await both.remember("The cabin is heated with wood", owner_id="ana", confidence=0.1)
    await both.remember("The cabin is not heated with wood", owner_id="ana", confidence=0.1)

    report = await both.hygiene.sweep(policy=HygienePolicy(floor=0.5))

    assert report.counts == {"ana": {"pruned": 2}}
    assert live(store) == {}


def test_an_old_version_that_is_named_keeps_what_came_after_it(store: CuratedStore, clock: Clock) -> None:
    for city in ("Rome", "Bonn", "Lima"):
        store.remember(f"In {city}", owner_id="ana", slot="city")
    oldest = store.list_memories(owner_id="ana", include_inactive=True)
    first = next(one.id for one in oldest if one.content == "In Rome")
    store.remember("Moves a lot", owner_id="ana", content_json={"from": [first]})
    clock.advance(days=50)

    assert store.hygiene.sweep(policy=HygienePolicy(keep_superseded=DAY)).changes == ()


async def test_old_receipts_go_and_the_ledger_and_the_audit_stay(both: Driver, clock: Clock) -> None:
    await both.remember("Likes tea", owner_id="ana")
    await both.recall("tea", owner_id="ana")
    clock.advance(days=20)
    await both.recall("tea", owner_id="ana")
    policy = HygienePolicy(keep_receipts=10 * DAY)

    shown = await both.hygiene.sweep(policy=policy, dry_run=True)
    report = await both.hygiene.sweep(policy=policy)

    assert shown.counts == report.counts == {"ana": {"receipts": 1}}
    assert [one.kind for one in await both.audit.receipts(owner_id="ana")] == ["sweep", "recall"]
    assert len(await both.audit.entries(owner_id="ana")) == 1


async def test_plain_items_whose_time_is_over_are_counted_and_removed(both: Driver, clock: Clock) -> None:
    await both.put(("things", "here"), "short", {"n": 1}, ttl=1)
    await both.put(("curated", "ana"), "short", {"n": 1}, ttl=1)
    await both.put(("things", "here"), "long", {"n": 1})
    clock.advance(minutes=2)

    assert (await both.hygiene.sweep(owner_id="ana", dry_run=True)).items == 1
    assert (await both.hygiene.sweep()).items == 2
    assert (await both.hygiene.sweep()).items == 0


# Looking first, and being interrupted


def crowd(store: CuratedStore, clock: Clock) -> HygienePolicy:
    """Fill a store with something of everything, over more than one page; return a policy that reaches all of it."""
    take_in(
        store,
        *(memory(n, f"Fact {n % 700}", importance=(n % 10) / 10, confidence=(n % 7) / 7) for n in range(1300)),
        *(memory(n, f"Event {n}", memory_type="event", confidence=0.9) for n in range(2000, 2060)),
        *(memory(n, f"Trip {n}", expires_at=START + DAY) for n in range(3000, 3150)),
        *(memory(n, f"Pattern {n}", memory_type="reflection", content_json={"of": f"m-{n - 900:05}"})
          for n in range(3900, 3920)),
        memory(5000, "Likes tea", owner_id="bob"),
        memory(5001, "Likes tea", owner_id="bob"),
    )  # fmt: skip
    for city in ("Rome", "Bonn", "Lima"):
        store.remember(f"In {city}", owner_id="ana", slot="city")
    store.recall("tea", owner_id="ana")
    clock.advance(days=60)
    return HygienePolicy(floor=0.2, cap=300, keep_superseded=30 * DAY, keep_receipts=30 * DAY)


def stored(store: CuratedStore) -> list[str]:
    return list(store.admin.export())[1:]


async def test_a_dry_run_writes_nothing_and_shows_exactly_what_a_sweep_does(
    both: Driver, store: CuratedStore, clock: Clock
) -> None:
    policy = crowd(store, clock)
    before = stored(store)

    shown = await both.hygiene.sweep(policy=policy, dry_run=True)
    assert stored(store) == before

    done = await both.hygiene.sweep(policy=policy)
    assert replace(shown, dry_run=False) == done
    assert {one.action for one in done.changes} == {"expired", "merged", "decayed", "pruned", "trimmed"}
    assert set(done.counts) == {"ana", "bob"}


def test_sweeping_twice_at_one_moment_is_sweeping_once(store: CuratedStore, clock: Clock) -> None:
    policy = crowd(store, clock)
    store.hygiene.sweep(policy=policy)
    after = stored(store)

    again = store.hygiene.sweep(policy=policy)

    assert (again.changes, again.receipts, again.items) == ((), {}, 0)
    assert stored(store) == after


def test_each_change_has_a_line_of_audit_and_each_owner_a_receipt(store: CuratedStore, clock: Clock) -> None:
    policy = crowd(store, clock)

    report = store.hygiene.sweep(policy=policy)

    lines = [one for one in store.audit.entries(owner_id="ana", limit=10_000) if one.actor == "sweep"]
    expected = sum(1 + one.versions for one in report.changes if one.owner_id == "ana")
    assert len(lines) == expected
    assert {one.memory_id for one in lines} >= {one.memory_id for one in report.changes if one.owner_id == "ana"}
    assert all({one.memory_id: one.reason for one in reversed(lines)}.values())  # of the last change to each
    for owner in ("ana", "bob"):
        (receipt,) = store.audit.receipts(owner_id=owner, kind="sweep")
        assert receipt.counts == report.counts[owner]


def test_one_owner_can_be_swept_alone(store: CuratedStore, clock: Clock) -> None:
    policy = crowd(store, clock)

    report = store.hygiene.sweep(owner_id="bob", policy=policy)

    assert report.counts == {"bob": {"merged": 1}}
    assert store.audit.receipts(owner_id="ana", kind="sweep") == []


def test_rows_are_flat_and_complete(store: CuratedStore) -> None:
    take_in(store, memory(1, "Likes tea", confidence=0.9), memory(2, "Likes tea"))

    (row,) = store.hygiene.sweep().rows()

    assert row == {
        "owner_id": "ana",
        "action": "merged",
        "memory_id": "m-00001",
        "memory_type": "fact",
        "scope": "global",
        "before": "live",
        "after": "superseded by m-00002",
        "reason": "it says the same",
        "content": "Likes tea",
        "versions": 0,
        "successor": "m-00002",
    }


def carried_out(store: CuratedStore, policy: HygienePolicy, before_write: Any) -> Any:
    """Run a sweep's flow and call `before_write` with the number of each transaction that writes, before it."""
    count = 0

    def perform(step: Any) -> Any:
        nonlocal count
        assert isinstance(step, Transaction)
        if step.writes:
            before_write(count)
            count += 1
        return store._engine.run(step)

    return drive(hygiene.sweep(None, "ana", policy, False, store.settings), perform)


def test_what_changes_between_the_look_and_the_sweep_is_left_alone(store: CuratedStore, clock: Clock) -> None:
    take_in(
        store,
        memory(1, "Perhaps tea", confidence=0.1),
        memory(2, "Perhaps milk", confidence=0.1),
        memory(3, "Perhaps wine", confidence=0.1),
        memory(4, "A whale", memory_type="event", confidence=0.8),
    )
    clock.advance(days=90)

    def meanwhile(count: int) -> None:
        if count == 0:
            store.verify("m-00001", owner_id="ana")
            store.verify("m-00004", owner_id="ana")
            store.remember("Milk comes from here", owner_id="ana", content_json={"from": ["m-00002"]})

    report = carried_out(store, HygienePolicy(floor=0.3), meanwhile)

    assert summary(report) == [("pruned", "m-00003")]
    assert live(store).keys() > {"m-00001", "m-00002", "m-00004"}
    assert live(store)["m-00004"].confidence == 1.0


def test_a_large_sweep_is_many_short_transactions(store: CuratedStore, clock: Clock) -> None:
    take_in(store, *(memory(n, f"Perhaps {n}", confidence=0.1) for n in range(5 * PART)))
    sizes: list[int] = []

    carried_out(store, HygienePolicy(floor=0.5), lambda count: sizes.append(len(live(store))))

    assert all(first - second <= PART for first, second in pairwise(sizes))
    assert (sizes[0], sizes[-1]) == (5 * PART, 0)


def test_a_sweep_that_is_interrupted_keeps_what_it_did_and_the_next_goes_on(store: CuratedStore) -> None:
    take_in(store, *(memory(n, f"Perhaps {n}", confidence=0.1) for n in range(5 * PART)))

    def interrupt(count: int) -> None:
        if count == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(store, HygienePolicy(floor=0.5), interrupt)

    assert len(live(store)) == 4 * PART  # the first write was of receipts
    assert store.hygiene.sweep(policy=HygienePolicy(floor=0.5)).counts == {"ana": {"pruned": 4 * PART}}


# What is asked wrongly


@pytest.mark.parametrize(
    "wrong",
    [
        {"floor": 2},
        {"floors": {"ana": "low"}},
        {"cap": 0},
        {"caps": {"global": 1.5}},
        {"recent": 30},
        {"keep_superseded": -DAY},
        {"keep_receipts": "a day"},
        {"half_lives": {"event": timedelta(0)}},
    ],
    ids=str,
)
def test_a_bound_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        HygienePolicy(**wrong)

    assert next(iter(wrong)) in one_sentence(caught.value)


def test_a_sweep_of_nobody_or_at_no_moment_is_refused(store: CuratedStore) -> None:
    for wrong in ({"owner_id": ""}, {"now": START.replace(tzinfo=None)}, {"now": "today"}):
        with pytest.raises((MissingOwnerError, InvalidInputError)) as caught:
            store.hygiene.sweep(**wrong)
        one_sentence(caught.value)


def test_a_sweep_can_be_judged_at_another_moment(store: CuratedStore, clock: Clock) -> None:
    take_in(store, memory(1, "Likes tea", expires_at=START + DAY), memory(2, "Tea"), memory(3, "Tea"))
    later = clock.now + 2 * DAY

    assert summary(store.hygiene.sweep(later, dry_run=True)) == summary(store.hygiene.sweep(later))
    assert len(live(store)) == 1


def test_a_notebook_shows_a_report_with_everything_escaped(store: CuratedStore) -> None:
    take_in(store, memory(1, "<script>tea"), memory(2, "<script>tea"))

    html = store.hygiene.sweep(dry_run=True)._repr_html_()

    assert "<script>" not in html
    assert "what a sweep would do" in html


async def test_a_database_sweeps_memories_and_threads(database: str, mode: str) -> None:
    with open_memory(database) as opened:
        take_in(opened.store, memory(1, "Likes tea"), memory(2, "Likes tea"))
        graph = build_graph(OfflineChatModel()).compile(checkpointer=opened.checkpointer, store=opened.store)
        run = {"configurable": {"thread_id": "t", "owner_id": "ana"}}
        graph.invoke({"messages": [("user", "Hello")]}, run)

        report, threads = await Driver(opened, mode).sweep(max_checkpoints_per_thread=1)

        assert report.counts == {"ana": {"merged": 1}}
        assert threads == (0, 1)
