"""The contract of LangGraph's `BaseStore`, as its documentation words it, for any store.

Subclass `StoreContract` and give it a `make` fixture: a function that takes `index=` and `ttl=` and returns an empty
store. The class attributes declare what the store is known to do differently; a test that needs it is skipped, and the
skip says so. `move_on` lets time pass between two writes; a store with a clock that can be set overrides it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from support import BagOfWords, Driver, Points

Make = Callable[..., BaseStore]
DOCS = ("docs",)


def needs(flag: str) -> Callable[[Any], Any]:
    """Mark a test that only holds for stores that declare `flag`."""

    def mark(test: Any) -> Any:
        test.needs_flag = flag
        return test

    return mark


def matching(found: list[Any]) -> list[str]:
    """Return the keys of the items that answer the query; those after them fill up the page."""
    return [item.key for item in found if item.score is not None]


class StoreContract:
    """What every store does, for sync and for async callers."""

    keeps_created_at = True
    checks_ops_in_batch = True
    refuses_what_is_not_json = True
    refuses_unknown_operators_on_missing_keys = True
    compares_as_json = True
    searches_text_without_index = True
    fills_every_page_of_a_query = True
    stores_the_same_text_twice = True
    forgets_vectors_on_unindexed_update = True
    knows_metrics = True
    has_ttl = True

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        flag = getattr(request.function, "needs_flag", None)
        if flag and not getattr(self, flag):
            pytest.skip(f"declared: {flag} = False")

    @pytest.fixture
    def move_on(self) -> Callable[..., None]:
        """Let a little time pass."""

        def spin(**_: float) -> None:
            before = datetime.now(UTC)
            while datetime.now(UTC) <= before:
                pass

        return spin

    @pytest.fixture
    def store(self, make: Make, mode: str) -> Driver:
        """A store without an index."""
        return Driver(make(), mode)

    @pytest.fixture
    def indexed(self, make: Make, mode: str, embed: BagOfWords) -> Driver:
        """A store that embeds whole values."""
        return Driver(make(index={"dims": embed.dims, "embed": embed}), mode)

    # --- one item -------------------------------------------------------------------------------------------------

    async def test_a_put_item_is_returned_by_get(self, store: Driver) -> None:
        await store.put(("users", "1"), "profile", {"name": "Ada", "tags": ["a", "b"], "deep": {"n": 1.5, "no": None}})

        item = await store.get(("users", "1"), "profile")

        assert item.namespace == ("users", "1")
        assert item.key == "profile"
        assert item.value == {"name": "Ada", "tags": ["a", "b"], "deep": {"n": 1.5, "no": None}}

    async def test_a_key_that_was_never_put_is_none(self, store: Driver) -> None:
        await store.put(DOCS, "one", {"n": 1})

        assert await store.get(DOCS, "two") is None
        assert await store.get(("other",), "one") is None

    async def test_the_same_key_in_two_namespaces_is_two_items(self, store: Driver) -> None:
        await store.put(("a",), "key", {"n": 1})
        await store.put(("a", "b"), "key", {"n": 2})

        assert (await store.get(("a",), "key")).value == {"n": 1}
        assert (await store.get(("a", "b"), "key")).value == {"n": 2}

    async def test_a_second_put_replaces_the_whole_value(self, store: Driver) -> None:
        await store.put(DOCS, "key", {"n": 1, "gone": True})
        await store.put(DOCS, "key", {"n": 2})

        assert (await store.get(DOCS, "key")).value == {"n": 2}

    async def test_timestamps_are_aware_and_updated_at_moves_with_a_put(
        self, store: Driver, move_on: Callable[..., None]
    ) -> None:
        await store.put(DOCS, "key", {"n": 1})
        first = await store.get(DOCS, "key")
        move_on(seconds=1)
        await store.put(DOCS, "key", {"n": 2})
        second = await store.get(DOCS, "key")

        assert first.created_at.utcoffset() == timedelta(0)
        assert first.updated_at.utcoffset() == timedelta(0)
        assert second.updated_at > first.updated_at

    @needs("keeps_created_at")
    async def test_created_at_stays_when_an_item_is_updated(self, store: Driver, move_on: Callable[..., None]) -> None:
        await store.put(DOCS, "key", {"n": 1})
        first = await store.get(DOCS, "key")
        move_on(seconds=1)
        await store.put(DOCS, "key", {"n": 2})

        assert (await store.get(DOCS, "key")).created_at == first.created_at

    async def test_a_deleted_item_is_gone(self, store: Driver) -> None:
        await store.put(DOCS, "key", {"n": 1})
        await store.delete(DOCS, "key")

        assert await store.get(DOCS, "key") is None
        assert await store.search(DOCS) == []

    async def test_deleting_what_is_not_there_does_nothing(self, store: Driver) -> None:
        await store.put(DOCS, "key", {"n": 1})
        await store.delete(DOCS, "other")
        await store.delete(("nowhere",), "key")

        assert (await store.get(DOCS, "key")).value == {"n": 1}

    async def test_a_deleted_item_can_be_put_again(self, store: Driver) -> None:
        await store.put(DOCS, "key", {"n": 1})
        await store.delete(DOCS, "key")
        await store.put(DOCS, "key", {"n": 2})

        assert (await store.get(DOCS, "key")).value == {"n": 2}

    async def test_changing_a_returned_value_does_not_change_what_is_stored_for_the_next_reader(
        self, store: Driver
    ) -> None:
        await store.put(DOCS, "key", {"n": 1})
        await store.put(DOCS, "key", {**(await store.get(DOCS, "key")).value, "n": 2})

        assert (await store.get(DOCS, "key")).value == {"n": 2}

    @pytest.mark.parametrize("text", ["naïve", "日本語", "🗝️ clé", "a b/c:d", "quote'\"`;--", "%_*?", "\t", "İ"])
    async def test_namespaces_keys_and_values_hold_any_text(self, store: Driver, text: str) -> None:
        await store.put(("top", text), text, {text: text})

        item = await store.get(("top", text), text)
        found = await store.search(("top", text))
        namespaces = await store.list_namespaces(prefix=("top",))

        assert (item.namespace, item.key, item.value) == (("top", text), text, {text: text})
        assert [one.value for one in found] == [{text: text}]
        assert namespaces == [("top", text)]

    async def test_a_large_value_is_kept_whole(self, store: Driver) -> None:
        value = {"text": "word " * 20_000, "numbers": list(range(2_000)), "big": 2**80}
        await store.put(DOCS, "key", value)

        assert (await store.get(DOCS, "key")).value == value

    # --- namespaces -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("namespace", [(), ("",), ("a", ""), ("a.b",), ("langgraph", "x"), (1,)])
    async def test_a_put_to_a_malformed_namespace_is_refused(self, store: Driver, namespace: tuple[Any, ...]) -> None:
        with pytest.raises(InvalidNamespaceError):
            await store.put(namespace, "key", {"n": 1})

        assert await store.list_namespaces() == []

    @needs("checks_ops_in_batch")
    @pytest.mark.parametrize(
        "op",
        [
            GetOp(("a.b",), "key"),
            SearchOp(("a.b",)),
            PutOp(("a.b",), "key", {"n": 2}),
            PutOp(("a", ""), "key", {"n": 2}),
            PutOp((), "key", {"n": 2}),
            ListNamespacesOp((MatchCondition("prefix", ("a.b",)),)),
        ],
        ids=repr,
    )
    async def test_an_op_with_a_malformed_namespace_is_refused_in_a_batch_too(self, store: Driver, op: Any) -> None:
        await store.put(("a", "b"), "key", {"n": 1})

        with pytest.raises(ValueError, match=r"(?i)namespace"):
            await store.batch([PutOp(("a", "b"), "other", {"n": 3}), op])

        assert [item.key for item in await store.search(())] == ["key"]

    async def test_a_prefix_is_compared_by_whole_labels(self, store: Driver) -> None:
        for namespace in [("foo",), ("foo", "x"), ("foobar",), ("foo-x",), ("fo",), ("x", "foo")]:
            await store.put(namespace, "key", {"at": list(namespace)})

        found = await store.search(("foo",))

        assert sorted(item.namespace for item in found) == [("foo",), ("foo", "x")]

    async def test_a_longer_prefix_is_compared_by_whole_labels_too(self, store: Driver) -> None:
        for namespace in [("a", "foo"), ("a", "foo", "x"), ("a", "foobar"), ("a", "foobar", "x"), ("b", "foo")]:
            await store.put(namespace, "key", {})

        found = await store.search(("a", "foo"))

        assert sorted(item.namespace for item in found) == [("a", "foo"), ("a", "foo", "x")]

    async def test_a_prefix_tells_upper_from_lower_case(self, store: Driver) -> None:
        await store.put(("Foo", "Bar"), "key", {})
        await store.put(("foo", "bar"), "key", {})

        assert [item.namespace for item in await store.search(("Foo",))] == [("Foo", "Bar")]
        assert [item.namespace for item in await store.search(("foo", "bar"))] == [("foo", "bar")]

    @pytest.mark.parametrize("pattern", ["%", "_", "*", "f%", "fo_", "?", "f*"])
    async def test_pattern_characters_in_a_prefix_are_literal(self, store: Driver, pattern: str) -> None:
        await store.put(("foo", "x"), "key", {})
        await store.put((pattern, "x"), "key", {})

        assert [item.namespace for item in await store.search((pattern,))] == [(pattern, "x")]
        assert [item.namespace for item in await store.search((pattern, "x"))] == [(pattern, "x")]

    async def test_the_empty_prefix_covers_everything(self, store: Driver) -> None:
        await store.put(("a",), "key", {})
        await store.put(("b", "c"), "key", {})

        assert sorted(item.namespace for item in await store.search(())) == [("a",), ("b", "c")]

    @pytest.fixture
    async def places(self, store: Driver) -> Driver:
        """A store with items in several namespaces."""
        for namespace in [
            ("a", "b", "c"),
            ("a", "b", "d", "e"),
            ("a", "b", "d", "i"),
            ("a", "b", "f"),
            ("a", "c", "f"),
            ("b", "a", "f"),
            ("users", "123"),
            ("users", "456", "settings"),
        ]:
            await store.put(namespace, "key", {"n": 1})
        return store

    async def test_namespaces_are_listed_in_order_once_each(self, places: Driver) -> None:
        await places.put(("users", "123"), "second", {})

        namespaces = await places.list_namespaces()

        assert namespaces == sorted(set(namespaces))
        assert len(namespaces) == 8

    async def test_namespaces_are_listed_by_prefix(self, places: Driver) -> None:
        assert await places.list_namespaces(prefix=("a", "b")) == [
            ("a", "b", "c"),
            ("a", "b", "d", "e"),
            ("a", "b", "d", "i"),
            ("a", "b", "f"),
        ]

    async def test_namespaces_are_listed_by_suffix(self, places: Driver) -> None:
        assert await places.list_namespaces(suffix=("f",)) == [("a", "b", "f"), ("a", "c", "f"), ("b", "a", "f")]

    async def test_namespaces_are_listed_by_prefix_and_suffix_together(self, places: Driver) -> None:
        assert await places.list_namespaces(prefix=("a",), suffix=("f",)) == [("a", "b", "f"), ("a", "c", "f")]

    async def test_a_star_stands_for_any_one_label(self, places: Driver) -> None:
        assert await places.list_namespaces(prefix=("a", "*", "f")) == [("a", "b", "f"), ("a", "c", "f")]
        assert await places.list_namespaces(suffix=("*", "settings")) == [("users", "456", "settings")]

    async def test_a_condition_longer_than_a_namespace_does_not_match_it(self, places: Driver) -> None:
        assert await places.list_namespaces(prefix=("users", "123", "*")) == []

    async def test_max_depth_cuts_namespaces_and_lists_each_once(self, places: Driver) -> None:
        assert await places.list_namespaces(max_depth=2) == [
            ("a", "b"),
            ("a", "c"),
            ("b", "a"),
            ("users", "123"),
            ("users", "456"),
        ]

    async def test_pages_of_namespaces_follow_each_other(self, places: Driver) -> None:
        everything = await places.list_namespaces()
        pages = [await places.list_namespaces(limit=3, offset=offset) for offset in (0, 3, 6, 9)]

        assert [len(page) for page in pages] == [3, 3, 2, 0]
        assert [namespace for page in pages for namespace in page] == everything

    async def test_a_namespace_without_items_is_not_listed(self, store: Driver) -> None:
        await store.put(("a",), "key", {})
        await store.put(("b",), "key", {})
        await store.delete(("a",), "key")

        assert await store.list_namespaces(prefix=("b",)) == [("b",)]

    # --- batches --------------------------------------------------------------------------------------------------

    async def test_a_batch_answers_each_op_at_its_place(self, store: Driver) -> None:
        await store.put(("a",), "key", {"n": 1})

        results = await store.batch(
            [
                SearchOp(("a",)),
                PutOp(("b",), "key", {"n": 2}),
                GetOp(("a",), "key"),
                GetOp(("a",), "missing"),
                ListNamespacesOp(),
            ]
        )

        assert [item.value for item in results[0]] == [{"n": 1}]
        assert results[1] is None
        assert results[2].value == {"n": 1}
        assert results[3] is None
        assert results[4] == [("a",)]

    async def test_reads_in_a_batch_see_what_was_there_before_it(self, store: Driver) -> None:
        await store.put(DOCS, "old", {"n": 1})

        results = await store.batch(
            [PutOp(DOCS, "old", {"n": 2}), GetOp(DOCS, "old"), PutOp(DOCS, "new", {"n": 3}), GetOp(DOCS, "new")]
        )

        assert results[1].value == {"n": 1}
        assert results[3] is None
        assert (await store.get(DOCS, "old")).value == {"n": 2}
        assert (await store.get(DOCS, "new")).value == {"n": 3}

    async def test_the_last_write_of_a_key_in_a_batch_counts(self, store: Driver) -> None:
        await store.batch(
            [
                PutOp(DOCS, "twice", {"n": 1}),
                PutOp(DOCS, "twice", {"n": 2}),
                PutOp(DOCS, "deleted", {"n": 1}),
                PutOp(DOCS, "deleted", None),
                PutOp(DOCS, "revived", None),
                PutOp(DOCS, "revived", {"n": 3}),
            ]
        )

        assert (await store.get(DOCS, "twice")).value == {"n": 2}
        assert await store.get(DOCS, "deleted") is None
        assert (await store.get(DOCS, "revived")).value == {"n": 3}

    async def test_an_empty_batch_answers_nothing(self, store: Driver) -> None:
        assert await store.batch([]) == []

    async def test_a_batch_takes_any_iterable_of_ops(self, store: Driver) -> None:
        await store.batch(PutOp(DOCS, str(n), {"n": n}) for n in range(3))

        assert len(await store.search(DOCS)) == 3

    async def test_a_batch_with_an_op_of_no_known_kind_writes_nothing(self, store: Driver) -> None:
        with pytest.raises(ValueError, match=r"(?i)unknown operation"):
            await store.batch([PutOp(DOCS, "key", {"n": 1}), object()])

        assert await store.get(DOCS, "key") is None

    @needs("refuses_what_is_not_json")
    @pytest.mark.parametrize(
        "value",
        [{"x": object()}, {"x": {1, 2}}, {"x": b"bytes"}, {"x": float("nan")}, {"x": float("inf")}, ["no", "mapping"]],
        ids=["object", "set", "bytes", "nan", "infinity", "list"],
    )
    async def test_a_batch_with_a_value_that_is_not_json_writes_nothing(self, store: Driver, value: Any) -> None:
        with pytest.raises(ValueError, match="key-2"):
            await store.batch([PutOp(DOCS, "key-1", {"n": 1}), PutOp(DOCS, "key-2", value)])

        assert await store.get(DOCS, "key-1") is None

    # --- filters --------------------------------------------------------------------------------------------------

    @pytest.fixture
    async def people(self, store: Driver) -> Driver:
        """A store with values of every JSON kind."""
        values = {
            "ada": {"name": "Ada", "age": 36, "admin": True, "team": {"name": "core", "size": 3}, "tags": ["a", "b"]},
            "bob": {"name": "Bob", "age": 41.5, "admin": False, "team": {"name": "infra", "size": 9}, "tags": ["a"]},
            "eve": {"name": "Eve", "age": 29, "admin": False, "team": None, "tags": []},
        }
        for key, value in values.items():
            await store.put(("people",), key, value)
        return store

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ({"name": "Ada"}, "ada"),
            ({"name": "ada"}, ""),
            ({"age": 36}, "ada"),
            ({"age": 41.5}, "bob"),
            ({"admin": True}, "ada"),
            ({"admin": False}, "bob eve"),
            ({"team": None}, "eve"),
            ({"team": {"name": "core", "size": 3}}, "ada"),
            ({"tags": ["a", "b"]}, "ada"),
            ({"tags": ["b", "a"]}, ""),
            ({"tags": []}, "eve"),
            ({"admin": False, "name": "Bob"}, "bob"),
            ({"admin": True, "name": "Bob"}, ""),
            ({"name": {"$eq": "Eve"}}, "eve"),
            ({"name": {"$ne": "Eve"}}, "ada bob"),
            ({"age": {"$gt": 36}}, "bob"),
            ({"age": {"$gte": 36}}, "ada bob"),
            ({"age": {"$lt": 36}}, "eve"),
            ({"age": {"$lte": 36}}, "ada eve"),
            ({"age": {"$gt": 29, "$lt": 41}}, "ada"),
            ({"missing": "x"}, ""),
            ({}, "ada bob eve"),
        ],
        ids=repr,
    )
    async def test_a_filter_selects_what_satisfies_all_its_keys(
        self, people: Driver, wanted: dict[str, Any], expected: str
    ) -> None:
        found = await people.search(("people",), filter=wanted)

        assert sorted(item.key for item in found) == expected.split()

    @needs("compares_as_json")
    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ({"admin": 1}, ""),
            ({"admin": {"$ne": 1}}, "ada bob eve"),
            ({"admin": {"$gt": 0}}, ""),
            ({"team": {"$gt": 0}}, ""),
            ({"name": {"$gt": "Bob"}}, "eve"),
            ({"name": {"$gt": 5}}, ""),
            ({"missing": {"$lt": 5}}, ""),
            ({"missing": {"$ne": 5}}, "ada bob eve"),
            ({"team": {"size": {"$gte": 3}}}, "ada bob"),
            ({"team": {"name": "infra"}}, "bob"),
        ],
        ids=repr,
    )
    async def test_a_filter_compares_as_json_and_never_fails_on_another_kind(
        self, people: Driver, wanted: dict[str, Any], expected: str
    ) -> None:
        found = await people.search(("people",), filter=wanted)

        assert sorted(item.key for item in found) == expected.split()

    async def test_a_filter_with_an_unknown_operator_is_an_error(self, people: Driver) -> None:
        with pytest.raises(ValueError, match=r"\$regex"):
            await people.search(("people",), filter={"name": {"$regex": "A"}})

    @needs("refuses_unknown_operators_on_missing_keys")
    async def test_an_unknown_operator_is_an_error_in_an_empty_store_too(self, store: Driver) -> None:
        with pytest.raises(ValueError, match=r"\$regex"):
            await store.search(("nowhere",), filter={"name": {"$regex": "A"}})

    async def test_a_filter_key_is_never_read_as_sql(self, people: Driver) -> None:
        found = await people.search(("people",), filter={"name') OR 1=1 --": "x"})

        assert found == []

    # --- pages ----------------------------------------------------------------------------------------------------

    async def test_every_page_of_a_listing_is_full(self, store: Driver) -> None:
        await store.batch([PutOp(DOCS, f"{n:02}", {"n": n}) for n in range(23)])

        pages = [await store.search(DOCS, limit=5, offset=offset) for offset in range(0, 30, 5)]

        assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
        assert sorted(item.value["n"] for page in pages for item in page) == list(range(23))

    async def test_every_page_of_a_filtered_listing_is_full(self, store: Driver) -> None:
        await store.batch([PutOp(DOCS, f"{n:02}", {"n": n, "odd": n % 2}) for n in range(46)])

        pages = [await store.search(DOCS, filter={"odd": 1}, limit=5, offset=offset) for offset in range(0, 30, 5)]

        assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
        assert sorted(item.value["n"] for page in pages for item in page) == list(range(1, 46, 2))

    @needs("fills_every_page_of_a_query")
    async def test_every_page_of_a_ranked_and_filtered_query_is_full(self, indexed: Driver) -> None:
        ops = [PutOp(DOCS, f"{n:02}", {"text": f"apple {n}", "odd": n % 2}) for n in range(30)]
        ops += [PutOp(DOCS, f"x{n}", {"text": f"apple {n}", "odd": 1}, index=False) for n in range(8)]
        await indexed.batch(ops)

        pages = [
            await indexed.search(DOCS, query="apple", filter={"odd": 1}, limit=5, offset=offset)
            for offset in range(0, 30, 5)
        ]

        assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
        assert len({item.key for page in pages for item in page}) == 23

    async def test_a_limit_of_nought_returns_nothing(self, indexed: Driver) -> None:
        await indexed.put(DOCS, "key", {"text": "apple"})

        assert await indexed.search(DOCS, limit=0) == []
        assert await indexed.search(DOCS, query="apple", limit=0) == []

    # --- text search ----------------------------------------------------------------------------------------------

    @needs("searches_text_without_index")
    async def test_without_an_index_a_query_searches_the_text(self, store: Driver) -> None:
        await store.put(DOCS, "tea", {"text": "Green tea from Uji", "cups": 3})
        await store.put(DOCS, "coffee", {"text": "Filter coffee"})

        found = await store.search(DOCS, query="which teas?")

        assert matching(found) == ["tea"]
        assert found[0].score > 0

    async def test_without_an_index_a_query_leaves_no_item_out(self, store: Driver) -> None:
        for number in range(6):
            await store.put(
                DOCS, f"key-{number}", {"text": "green tea" if number == 2 else "black coffee", "n": number}
            )

        pages = [await store.search(DOCS, query="tea", limit=4, offset=offset) for offset in (0, 4)]
        large = await store.search(DOCS, query="tea", filter={"n": {"$gte": 3}})

        assert list(map(len, pages)) == [4, 2]
        assert {item.key for page in pages for item in page} == {f"key-{number}" for number in range(6)}
        assert {item.key for item in large} == {"key-3", "key-4", "key-5"}

    @needs("searches_text_without_index")
    async def test_the_items_that_do_not_match_follow_last_updated_first(
        self, store: Driver, move_on: Callable[..., None]
    ) -> None:
        for key, text in {"first": "black coffee", "tea": "green tea", "second": "mocha", "third": "latte"}.items():
            await store.put(DOCS, key, {"text": text})
            move_on(seconds=1)

        found = await store.search(DOCS, query="tea")

        assert [item.key for item in found] == ["tea", "third", "second", "first"]
        assert [item.score is None for item in found] == [False, True, True, True]
        nothing = await store.search(DOCS, query="zebra", limit=2, offset=1)
        assert [item.key for item in nothing] == ["second", "tea"]

    @needs("searches_text_without_index")
    async def test_a_text_query_ranks_the_better_match_first(self, store: Driver) -> None:
        await store.put(DOCS, "one", {"text": "the harbour at night"})
        await store.put(DOCS, "both", {"text": "the harbour master's office"})
        await store.put(DOCS, "none", {"text": "a mountain"})

        found = await store.search(DOCS, query="harbour master")

        assert matching(found) == ["both", "one"]

    @needs("searches_text_without_index")
    async def test_updated_and_deleted_text_does_not_answer_any_more(self, store: Driver) -> None:
        await store.put(DOCS, "updated", {"text": "green tea"})
        await store.put(DOCS, "deleted", {"text": "green tea"})
        await store.put(DOCS, "updated", {"text": "black coffee"})
        await store.delete(DOCS, "deleted")

        assert matching(await store.search(DOCS, query="tea")) == []
        assert matching(await store.search(DOCS, query="coffee")) == ["updated"]

    @needs("searches_text_without_index")
    async def test_an_item_put_with_index_false_is_not_found_by_text(self, store: Driver) -> None:
        await store.put(DOCS, "hidden", {"text": "green tea"}, index=False)
        await store.put(DOCS, "shown", {"text": "green tea"})

        assert matching(await store.search(DOCS, query="tea")) == ["shown"]
        assert len(await store.search(DOCS)) == 2

    @needs("searches_text_without_index")
    @pytest.mark.parametrize("prefix", [(), ("a",), ("a", "b")])
    async def test_a_text_query_stays_under_its_prefix(self, store: Driver, prefix: tuple[str, ...]) -> None:
        for namespace in [("a", "b"), ("a", "bc"), ("ab",), ("a",)]:
            await store.put(namespace, "key", {"text": "tea"})

        found = await store.search(prefix, query="tea")

        everywhere = [("a",), ("a", "b"), ("a", "bc"), ("ab",)]
        assert sorted(item.namespace for item in found) == [one for one in everywhere if one[: len(prefix)] == prefix]

    @needs("searches_text_without_index")
    @pytest.mark.parametrize(
        "query",
        ['"', "'", "*", "tea*", "NEAR(tea)", "tea AND", "terms: tea", "-tea", "^tea", "(", "\x00", "日本o'brien"],
    )
    async def test_no_query_is_read_as_search_syntax(self, store: Driver, query: str) -> None:
        await store.put(DOCS, "key", {"text": "green tea"})

        found = await store.search(DOCS, query=query)

        assert matching(found) == (["key"] if "tea" in query else [])

    # --- vector search --------------------------------------------------------------------------------------------

    async def test_a_query_ranks_by_similarity_best_first(self, indexed: Driver) -> None:
        await indexed.put(DOCS, "far", {"text": "mountains snow"})
        await indexed.put(DOCS, "near", {"text": "harbour boats"})
        await indexed.put(DOCS, "nearest", {"text": "harbour boats night"})

        found = await indexed.search(DOCS, query="harbour boats night")

        assert [item.key for item in found] == ["nearest", "near", "far"]
        assert found[0].score > found[1].score > found[2].score

    async def test_without_a_query_nothing_is_scored(self, indexed: Driver) -> None:
        await indexed.put(DOCS, "key", {"text": "harbour"})

        assert [item.score for item in await indexed.search(DOCS)] == [None]

    async def test_only_the_fields_of_the_index_are_embedded(self, make: Make, mode: str, embed: BagOfWords) -> None:
        store = Driver(make(index={"dims": embed.dims, "embed": embed, "fields": ["title", "notes[*].text"]}), mode)
        value = {"title": "harbour", "body": "mountain", "notes": [{"text": "boats"}, {"text": "night"}]}
        await store.put(DOCS, "key", value)

        assert sorted(embed.embedded) == ["boats", "harbour", "night"]

    async def test_an_item_is_as_close_as_its_closest_field(self, make: Make, mode: str, embed: BagOfWords) -> None:
        store = Driver(make(index={"dims": embed.dims, "embed": embed, "fields": ["title", "body"]}), mode)
        await store.put(DOCS, "body", {"title": "mountain", "body": "harbour"})
        await store.put(DOCS, "mixed", {"title": "harbour snow", "body": "harbour sun"})

        found = await store.search(DOCS, query="harbour")

        assert [item.key for item in found] == ["body", "mixed"]
        assert found[0].score == pytest.approx(1.0, abs=1e-6)

    async def test_a_put_may_name_its_own_fields(self, make: Make, mode: str, embed: BagOfWords) -> None:
        store = Driver(make(index={"dims": embed.dims, "embed": embed, "fields": ["title"]}), mode)
        await store.put(DOCS, "own", {"title": "mountain", "body": "harbour"}, index=["body"])
        await store.put(DOCS, "default", {"title": "mountain", "body": "harbour"})

        assert [item.key for item in await store.search(DOCS, query="harbour", limit=1)] == ["own"]
        assert embed.embedded == ["harbour", "mountain"]

    async def test_an_item_put_with_index_false_has_no_score(self, indexed: Driver, embed: BagOfWords) -> None:
        await indexed.put(DOCS, "hidden", {"text": "harbour"}, index=False)
        await indexed.put(DOCS, "shown", {"text": "mountain"})

        found = await indexed.search(DOCS, query="harbour")

        assert [(item.key, item.score is None) for item in found] == [("shown", False), ("hidden", True)]

    async def test_a_deleted_item_does_not_answer_a_query(self, indexed: Driver) -> None:
        await indexed.put(DOCS, "key", {"text": "harbour"})
        await indexed.put(DOCS, "other", {"text": "mountain"})
        await indexed.delete(DOCS, "key")

        assert [item.key for item in await indexed.search(DOCS, query="harbour")] == ["other"]

    async def test_the_vector_of_a_former_value_does_not_answer(self, make: Make, mode: str, embed: BagOfWords) -> None:
        store = Driver(make(index={"dims": embed.dims, "embed": embed, "fields": ["text"]}), mode)
        await store.put(DOCS, "key", {"text": "harbour"})
        await store.put(DOCS, "key", {"text": "mountain"})

        (found,) = await store.search(DOCS, query="harbour")

        assert found.score == pytest.approx(0.0, abs=1e-6)

    async def test_a_former_value_with_more_vectors_leaves_none_behind(
        self, make: Make, mode: str, embed: BagOfWords
    ) -> None:
        store = Driver(make(index={"dims": embed.dims, "embed": embed, "fields": ["notes[*]"]}), mode)
        await store.put(DOCS, "key", {"notes": ["harbour", "boats", "night"]})
        await store.delete(DOCS, "key")
        await store.put(DOCS, "key", {"notes": ["mountain"]})

        (found,) = await store.search(DOCS, query="night")

        assert found.score == pytest.approx(0.0, abs=1e-6)

    @needs("forgets_vectors_on_unindexed_update")
    async def test_an_update_with_index_false_leaves_no_vector(self, indexed: Driver) -> None:
        await indexed.put(DOCS, "key", {"text": "harbour"})
        await indexed.put(DOCS, "key", {"text": "harbour"}, index=False)

        (found,) = await indexed.search(DOCS, query="harbour")

        assert found.score is None

    @needs("stores_the_same_text_twice")
    async def test_two_puts_of_the_same_text_in_one_batch_are_both_found(
        self, indexed: Driver, embed: BagOfWords
    ) -> None:
        await indexed.batch([PutOp(DOCS, "one", {"text": "harbour"}), PutOp(DOCS, "two", {"text": "harbour"})])

        found = await indexed.search(DOCS, query="harbour")

        assert sorted(item.key for item in found) == ["one", "two"]
        assert all(item.score is not None for item in found)

    @needs("knows_metrics")
    async def test_l2_ranks_the_nearest_point_first(self, make: Make, mode: str) -> None:
        store = Driver(make(index={"dims": 2, "embed": Points(), "fields": ["at"], "distance_type": "l2"}), mode)
        for key, at in {"far": "9,9", "same direction": "3,3", "near": "1,2"}.items():
            await store.put(DOCS, key, {"at": at})

        found = await store.search(DOCS, query="1,1")

        assert [item.key for item in found] == ["near", "same direction", "far"]
        assert found[0].score > found[1].score > found[2].score

    @needs("knows_metrics")
    async def test_inner_product_ranks_the_greatest_product_first(self, make: Make, mode: str) -> None:
        index = {"dims": 2, "embed": Points(), "fields": ["at"], "distance_type": "inner_product"}
        store = Driver(make(index=index), mode)
        for key, at in {"opposite": "-5,-5", "short": "1,1", "long": "3,4"}.items():
            await store.put(DOCS, key, {"at": at})

        found = await store.search(DOCS, query="1,1")

        assert [(item.key, item.score) for item in found] == [("long", 7.0), ("short", 2.0), ("opposite", -10.0)]

    # --- time to live ---------------------------------------------------------------------------------------------

    @needs("has_ttl")
    async def test_an_item_with_a_ttl_is_never_returned_after_it(
        self, make: Make, mode: str, embed: BagOfWords, move_on: Callable[..., None]
    ) -> None:
        store = Driver(make(index={"dims": embed.dims, "embed": embed}), mode)
        await store.put(DOCS, "brief", {"text": "harbour"}, ttl=10)
        await store.put(("other",), "lasting", {"text": "harbour"})
        move_on(minutes=10)

        assert await store.get(DOCS, "brief") is None
        assert await store.search(DOCS) == []
        assert await store.search(DOCS, query="harbour") == []
        assert [item.key for item in await store.search((), query="harbour")] == ["lasting"]
        assert await store.list_namespaces() == [("other",)]

    @needs("has_ttl")
    async def test_expired_text_does_not_answer_a_text_query(self, store: Driver, move_on: Callable[..., None]) -> None:
        await store.put(DOCS, "brief", {"text": "harbour"}, ttl=10)
        move_on(minutes=10)

        assert await store.search(DOCS, query="harbour") == []
        assert await store.search((), query="harbour") == []

    @needs("has_ttl")
    async def test_an_item_is_there_until_its_ttl_is_over(self, store: Driver, move_on: Callable[..., None]) -> None:
        await store.put(DOCS, "key", {"n": 1}, ttl=10)
        move_on(minutes=9.9)

        assert (await store.get(DOCS, "key", refresh_ttl=False)).value == {"n": 1}

    @needs("has_ttl")
    async def test_the_default_ttl_holds_for_a_put_that_names_none(
        self, make: Make, mode: str, move_on: Callable[..., None]
    ) -> None:
        store = Driver(make(ttl={"default_ttl": 5}), mode)
        await store.put(DOCS, "default", {})
        await store.put(DOCS, "longer", {}, ttl=60)
        await store.put(DOCS, "for ever", {}, ttl=None)
        move_on(minutes=6)

        assert sorted(item.key for item in await store.search(DOCS)) == ["for ever", "longer"]

    @needs("has_ttl")
    @pytest.mark.parametrize("read", ["get", "search"])
    async def test_a_read_lets_the_item_live_for_its_ttl_again(
        self, store: Driver, move_on: Callable[..., None], read: str
    ) -> None:
        await store.put(DOCS, "key", {"n": 1}, ttl=10)
        move_on(minutes=8)
        await (store.get(DOCS, "key") if read == "get" else store.search(DOCS))
        move_on(minutes=8)

        assert await store.get(DOCS, "key") is not None

    @needs("has_ttl")
    @pytest.mark.parametrize("read", ["get", "search"])
    async def test_a_read_that_does_not_refresh_leaves_the_ttl_alone(
        self, store: Driver, move_on: Callable[..., None], read: str
    ) -> None:
        await store.put(DOCS, "key", {"n": 1}, ttl=10)
        move_on(minutes=8)
        await (store.get(DOCS, "key", refresh_ttl=False) if read == "get" else store.search(DOCS, refresh_ttl=False))
        move_on(minutes=8)

        assert await store.get(DOCS, "key") is None

    @needs("has_ttl")
    async def test_refresh_on_read_can_be_turned_off_for_the_whole_store(
        self, make: Make, mode: str, move_on: Callable[..., None]
    ) -> None:
        store = Driver(make(ttl={"refresh_on_read": False, "default_ttl": 10}), mode)
        await store.put(DOCS, "key", {"n": 1})
        move_on(minutes=8)
        await store.get(DOCS, "key")
        move_on(minutes=8)

        assert await store.get(DOCS, "key") is None

    @needs("has_ttl")
    async def test_only_the_items_of_the_returned_page_are_refreshed(
        self, store: Driver, move_on: Callable[..., None]
    ) -> None:
        await store.put(DOCS, "unseen", {"n": 1}, ttl=10)
        move_on(minutes=1)
        await store.put(DOCS, "seen", {"n": 2}, ttl=10)
        move_on(minutes=7)
        await store.search(DOCS, limit=1)
        move_on(minutes=7)

        assert [item.key for item in await store.search(DOCS)] == ["seen"]

    @needs("has_ttl")
    async def test_an_update_without_a_ttl_takes_the_ttl_away(
        self, store: Driver, move_on: Callable[..., None]
    ) -> None:
        await store.put(DOCS, "key", {"n": 1}, ttl=10)
        await store.put(DOCS, "key", {"n": 2})
        move_on(days=30)

        assert (await store.get(DOCS, "key")).value == {"n": 2}

    @needs("has_ttl")
    async def test_a_put_at_the_place_of_an_expired_item_makes_a_new_one(
        self, store: Driver, move_on: Callable[..., None]
    ) -> None:
        await store.put(DOCS, "key", {"n": 1}, ttl=10)
        move_on(minutes=11)
        await store.put(DOCS, "key", {"n": 2})

        item = await store.get(DOCS, "key")

        assert item.value == {"n": 2}
        assert item.created_at == item.updated_at

    @needs("has_ttl")
    async def test_a_sweep_deletes_what_has_expired_and_says_how_much(
        self, store: Driver, move_on: Callable[..., None]
    ) -> None:
        await store.batch([PutOp(DOCS, str(n), {"n": n}, ttl=10) for n in range(7)])
        await store.put(DOCS, "lasting", {"n": 8})
        move_on(minutes=11)

        assert await store.sweep_ttl() == 7
        assert await store.sweep_ttl() == 0
        assert [item.key for item in await store.search(DOCS)] == ["lasting"]

    @needs("has_ttl")
    async def test_a_negative_zero_or_endless_ttl_is_refused(self, store: Driver) -> None:
        for ttl in (0, -1, float("nan"), float("inf"), 1e300):
            with pytest.raises(ValueError, match="ttl"):
                await store.batch([PutOp(DOCS, "before", {"n": 1}), PutOp(DOCS, "key", {"n": 1}, ttl=ttl)])

        assert await store.search(DOCS) == []
