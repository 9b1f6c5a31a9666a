"""One interface to every kind of extractor: rules, models, functions, sync and async."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from langgraph_memory.domain.candidate import Candidate, Extractor, InformedExtractor, Utterance
from langgraph_memory.domain.memory import Memory
from langgraph_memory.errors import InvalidInputError

_INFORMED = frozenset({"types", "now"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})
Found = Iterable[Candidate]
ExtractorFunction = Callable[[Sequence[Utterance]], Found] | Callable[[Sequence[Utterance]], Awaitable[Found]]
AnyExtractor = Extractor | InformedExtractor | ExtractorFunction


class AsyncExtractorError(InvalidInputError):
    """The extractor is async alone and the run is not."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What the node calls: `known_limit` says how many memories the extractor wants to see, mostly none.

    `informed` names what else it is given, of `types` and `now`.
    """

    name: str
    known_limit: int
    sync: Callable[..., Any]
    in_loop: Callable[..., Any]
    informed: frozenset[str] = frozenset()

    def read(
        self, utterances: Sequence[Utterance], known: Sequence[Memory] = (), about: Mapping[str, Any] = _NOTHING
    ) -> list[Candidate]:
        """Return the candidates found.

        Raises AsyncExtractorError when the extractor is async alone, TypeError when it returns what is no candidate.
        """
        found = self._call(self.sync, utterances, known, about)
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            raise AsyncExtractorError(f"the extractor {self.name} is async; run the graph with ainvoke or astream.")
        return _candidates(found, utterances)

    async def aread(
        self, utterances: Sequence[Utterance], known: Sequence[Memory] = (), about: Mapping[str, Any] = _NOTHING
    ) -> list[Candidate]:
        """Same as `read`."""
        found = self._call(self.in_loop, utterances, known, about)
        return _candidates(await found if inspect.isawaitable(found) else found, utterances)

    def _call(
        self, function: Callable[..., Any], said: Sequence[Utterance], known: Sequence[Memory], about: Mapping[str, Any]
    ) -> Any:
        wanted = {name: about[name] for name in self.informed & about.keys()}
        return function(said, known, **wanted) if self.known_limit else function(said, **wanted)


def _candidates(found: Iterable[Any], utterances: Sequence[Utterance]) -> list[Candidate]:
    """Return what was found; what names no message was found in the only one that was read."""
    candidates = list(found)
    if not all(isinstance(one, Candidate) for one in candidates):
        raise TypeError("an extractor returns candidates")
    if len(utterances) != 1:
        return candidates
    only = utterances[0].message_id
    return [one if one.message_id else one.model_copy(update={"message_id": only}) for one in candidates]


def reader_of(extractor: AnyExtractor) -> Reader:
    """Return the reader of an extractor; a function is known to the ledger by its qualified name.

    Raises InvalidInputError when it is neither an extractor nor a function.
    """
    if isinstance(extractor, Extractor):
        sync = extractor.extract
        limit = extractor.known_limit if isinstance(extractor, InformedExtractor) else 0
        informed = _INFORMED & inspect.signature(sync).parameters.keys()
        return Reader(extractor.name, limit, sync, getattr(extractor, "aextract", sync), informed)
    if callable(extractor):
        function = cast(Callable[..., Any], extractor)
        name = f"{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"
        return Reader(name, 0, function, function)
    raise InvalidInputError(f"an extractor is an Extractor or a function, not {type(extractor).__name__}.")
