"""Owners, scopes and namespaces: what is valid, what sees what, and that encoding loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from langgraph_memory.domain.scope import (
    check_owner,
    check_scope,
    decode_label,
    encode_label,
    join_labels,
    namespace_of,
    owner_partition,
    partition_of,
    split_labels,
    visible_from,
)
from langgraph_memory.domain.search.filters import select_namespaces
from langgraph_memory.errors import InvalidScopeError, MissingOwnerError

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(str.strip)
TRICKY = st.one_of(TEXT, st.text(alphabet="%.2E5aA/", min_size=1, max_size=8))
SEGMENT = TRICKY.filter(lambda text: "/" not in text and text.strip() and text != "global")
SCOPE = st.one_of(st.just("global"), st.lists(SEGMENT, min_size=1, max_size=4).map("/".join))


@given(TRICKY)
def test_an_encoded_label_decodes_to_the_same_text(text: str) -> None:
    assert decode_label(encode_label(text)) == text


@given(TRICKY, TRICKY)
def test_two_texts_never_have_the_same_label(one: str, other: str) -> None:
    assume(one != other)

    assert encode_label(one) != encode_label(other)


@given(TRICKY)
def test_an_encoded_label_holds_no_period(text: str) -> None:
    assert "." not in encode_label(text)


@given(TRICKY, SCOPE)
def test_a_namespace_survives_being_joined_and_tells_owner_and_scope(owner: str, scope: str) -> None:
    namespace = namespace_of(owner, scope)

    assert split_labels(join_labels(namespace)) == namespace
    assert decode_label(namespace[1]) == owner
    assert "/".join(decode_label(label) for label in namespace[2:]) == scope
    assert partition_of(namespace) == owner_partition(owner)


@given(TRICKY, TRICKY)
def test_two_owners_never_share_a_partition(one: str, other: str) -> None:
    assume(one != other)

    assert owner_partition(one) != owner_partition(other)


@given(SCOPE)
def test_a_read_sees_its_scope_first_and_global_last_and_only_ancestors_between(scope: str) -> None:
    visible = visible_from(scope)

    assert visible[0] == scope
    assert visible[-1] == "global"
    assert len(set(visible)) == len(visible)
    assert all(one in ("global", scope) or scope.startswith(f"{one}/") for one in visible)


def test_the_ancestors_of_a_scope_are_seen_nearest_first() -> None:
    assert visible_from("org:a/project:b/task:c") == ("org:a/project:b/task:c", "org:a/project:b", "org:a", "global")
    assert visible_from("global") == ("global",)


@pytest.mark.parametrize(
    "scope", ["", "/", "a//b", "a/", "/a", " ", "a/ /b", "global/a", "a\x00", "\ud800", None, 3, ()]
)
def test_a_scope_that_is_no_path_is_refused(scope: object) -> None:
    with pytest.raises(InvalidScopeError):
        check_scope(scope)  # type: ignore[arg-type]


@pytest.mark.parametrize("scope", ["global", "a", "a/b", "org:acme/v1.2", "Global", "a/global", "日本/東京", "%2F"])
def test_any_other_path_is_a_scope(scope: str) -> None:
    assert check_scope(scope) == scope


@pytest.mark.parametrize("owner", [None, "", " ", "\n", 0, b"ada", "a\x00", "\udc80"])
def test_what_cannot_name_an_owner_is_refused(owner: object) -> None:
    with pytest.raises(MissingOwnerError):
        check_owner(owner)  # type: ignore[arg-type]


def test_namespaces_are_selected_by_whole_labels() -> None:
    found = select_namespaces([("a", "b"), ("ab",), ("a",)], [("prefix", ("a",))], None, 10, 0)

    assert found == [("a",), ("a", "b")]


def test_namespaces_are_cut_before_they_are_paged() -> None:
    everything = [("a", str(n)) for n in range(5)] + [("b", "x")]

    assert select_namespaces(everything, [], 1, 1, 1) == [("b",)]
