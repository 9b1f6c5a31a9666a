"""Tells what an assistant only repeats: what memory injected, what is known, what the user said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from langgraph_memory.domain.candidate import Candidate
from langgraph_memory.domain.text import normalised, query_terms

CLOSE: Final = 0.75
"""The share of a statement's telling terms from which on it says again what another text says."""

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

    def holds(self, text: str) -> bool:
        telling = [term for term in query_terms(text) if term not in _FRAME]
        shared = sum(term in self.terms for term in telling)
        return shared >= CLOSE * len(telling) or normalised(text) == self.words


def _marked(candidate: Candidate, sources: Sequence[_Source]) -> Candidate:
    quoted = [candidate.excerpt] if len(query_terms(candidate.excerpt)) >= ENOUGH else []
    texts = [candidate.content, *quoted]
    repeated = candidate.flaw is None and any(source.holds(text) for source in sources for text in texts)
    return candidate.model_copy(update={"flaw": "echo"}) if repeated else candidate
