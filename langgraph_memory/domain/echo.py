"""Tells what an assistant only repeats: what memory injected, what is known, what the user said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import Final

from langgraph_memory.domain.candidate import Candidate
from langgraph_memory.domain.text import normalised, query_terms

CLOSE: Final = 0.75
"""The share of a statement's telling terms from which on it says again what another text says."""

COMBINED: Final = 3
"""How many of the texts one repetition may be put together from."""

ENOUGH: Final = 3
"""The terms an excerpt needs to be compared: fewer could come from anywhere."""

_FRAME: Final = frozenset(
    query_terms(
        "user speaker customer recall remember know known mention say said tell told note noted earlier already"
    )
)
"""Terms that frame a repetition and tell nothing of what is repeated."""


def mark_echoes(candidates: Iterable[Candidate], heard: Sequence[str]) -> list[Candidate]:
    """Return `candidates` with those flawed that an assistant only repeats.

    `heard` are the texts it could have repeated; what the user says in the same candidates counts too. The user and
    a trusted tool may say what is known again: that confirms it.
    """
    found = list(candidates)
    of_others = [text for one in found if one.actor != "assistant" for text in (one.content, one.excerpt)]
    sources = [source for text in (*heard, *of_others) if (source := _Source(text)).words]
    return [_marked(one, sources) if one.actor == "assistant" else one for one in found]


class _Source:
    __slots__ = ("terms", "words")

    def __init__(self, text: str) -> None:
        self.words = normalised(text)
        self.terms = frozenset(query_terms(text))


def _marked(candidate: Candidate, sources: Sequence[_Source]) -> Candidate:
    said = [candidate.content, *_long_enough(candidate.excerpt), *_value_of(candidate)]
    repeated = candidate.flaw is None and any(_is_repeated(text, sources) for text in said)
    return candidate.model_copy(update={"flaw": "echo"}) if repeated else candidate


def _is_repeated(text: str, sources: Sequence[_Source]) -> bool:
    """Return whether the closest few of `sources` hold nearly all that `text` tells, or one of them its very words."""
    telling = {term for term in query_terms(text) if term not in _FRAME}
    closest = nlargest(COMBINED, sources, key=lambda source: len(source.terms & telling))
    held = {term for source in closest for term in source.terms & telling}
    return len(held) >= CLOSE * len(telling) or any(source.words == normalised(text) for source in sources)


def _long_enough(excerpt: str) -> list[str]:
    return [excerpt] if len(query_terms(excerpt)) >= ENOUGH else []


def _value_of(candidate: Candidate) -> list[str]:
    """Return the candidate's bare value: when that was heard, what the assistant makes of it is no news either."""
    value = (candidate.content_json or {}).get("value")
    return [value] if isinstance(value, str) and query_terms(value) else []
