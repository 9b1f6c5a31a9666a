"""Text analysis: what becomes a term, and which texts say the same."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from Stemmer import Stemmer

from langgraph_memory.domain.text import STOP_WORDS, _stem, content_hash, fingerprint, normalised, query_terms, terms

ENDINGS = ("alization", "fulness", "ational", "ingly", "ement", "ies", "ed", "ously")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Deploys, deploying and deployed!", ["deploy", "deploy", "and", "deploy"]),
        ("Café CRÈME", ["cafe", "creme"]),
        ("naïve Ångström", ["naiv", "angstrom"]),
        ("snake_case and kebab-case", ["snake", "case", "and", "kebab", "case"]),
        ("Ada's team's don't", ["ada", "team", "don"]),
        ("O'Brien O\u2019Brien", ["obrien", "obrien"]),
        ("v1.2.3 on 2026-01-01", ["v1", "2", "3", "on", "2026", "01", "01"]),
        ("ＡＢＣ ﬁne Ⅷ", ["abc", "fine", "viii"]),
        ("ℍarbour", ["harbour"]),
        ("İstanbul", ["istanbul"]),
        ("Straße", ["strass"]),
        ("", []),
        ("... --- !!!", []),
    ],
)
def test_words_become_folded_stemmed_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都", ["東京", "京都"]),
        ("茶", ["茶"]),
        ("한국어", ["한국", "국어"]),
        ("がぎぐ", ["がぎ", "ぎぐ"]),
        ("Python入門", ["python", "入門"]),
        ("testing入門", ["test", "入門"]),
        ("日本o'brien", ["日本", "obrien"]),
        ("日'本", ["日", "本"]),
    ],
)
def test_scripts_without_spaces_become_overlapping_pairs(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@given(st.text())
def test_no_term_holds_anything_the_index_would_split(text: str) -> None:
    for term in terms(text):
        assert term
        assert all(not character.isascii() or character.isalnum() for character in term)
        assert term.split() == [term]


@given(st.text())
def test_terms_do_not_depend_on_case_of_plain_letters(text: str) -> None:
    plain = "".join(character for character in text if character.isascii())

    assert terms(plain.upper()) == terms(plain.lower())


def test_a_query_leaves_out_stop_words_and_repeats() -> None:
    assert query_terms("What is the deploy day of the deploys?") == ["deploy", "day"]


def test_a_query_of_nothing_but_stop_words_keeps_them() -> None:
    assert query_terms("who am I?") == ["who", "am", "i"]


def test_stop_words_are_written_as_they_are_compared() -> None:
    assert {word for word in STOP_WORDS if word != word.lower() or " " in word} == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada likes tea", "ada LIKES  tea."),
        ("Ada likes tea!", "Ada likes tea\n"),
        ("it's fine", "it\u2019s fine"),
        ("ＡＢＣ", "abc"),
        ("caf\u00e9", "cafe\u0301"),
    ],
)
def test_the_same_words_have_the_same_fingerprint(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"), [("cafe", "café"), ("tea", "teas"), ("not tea", "tea"), ("2 cups", "3 cups"), ("a b", "ab")]
)
def test_other_words_have_another_fingerprint(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_a_content_hash_tells_every_character_apart_and_takes_any_text() -> None:
    assert content_hash("tea") != content_hash("tea ")
    assert len(content_hash("\ud800")) == 32


def test_threads_that_stem_at_once_do_not_mix_up_their_words() -> None:
    words = [f"{start}{end}" for start in ("nation", "organ", "hope", "use", "form") for end in ENDINGS]
    expected = {word: Stemmer("english").stemWord(word) for word in words}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: {word: _stem.__wrapped__(word) for word in words}, range(40)))
    finally:
        sys.setswitchinterval(interval)

    assert all(one == expected for one in found)
