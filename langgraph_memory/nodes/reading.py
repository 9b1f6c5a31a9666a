"""Reading messages by an extractor of any kind: what it is shown, and what of its findings only repeats."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, cast

from langgraph.errors import GraphBubbleUp

from langgraph_memory.domain.candidate import Actor, Candidate, Extractor, InformedExtractor, Utterance, mark_echoes
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.memory import Memory, Recall, Source
from langgraph_memory.domain.promotion import PromotionPolicy, failed
from langgraph_memory.effects.effect import Effects, call, either
from langgraph_memory.errors import ExtractionError, InvalidInputError
from langgraph_memory.extract import ModelExtractor, RuleExtractor
from langgraph_memory.extract.doubt import doubt
from langgraph_memory.store import CuratedStore

_LOG = logging.getLogger("langgraph_memory")
_PASSING = re.compile(r"timeout|ratelimit|connection|unavailable|overloaded", re.IGNORECASE)
_WORTH = 0.06
"""How likely a message must say something that was not found for the model to be asked about it at all."""
_AT_ONCE = 0.4
"""The same for it to be asked now; what is less likely waits for that, or for others."""
_UNSURE = ("low_confidence", "low_importance", "session_only")
_COMPARED = 20
"""How many of the nearest memories the assistant's words are compared with."""


ExtractorName = Literal["auto", "rules", "model"]
"""Who reads: the rules, the model, or the rules and, of what they leave in doubt, the model where it can."""
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
    ) -> Effects[list[Candidate]]:
        """Return the candidates found.

        Raises AsyncExtractorError when the extractor is async alone, TypeError when it returns what is no candidate.
        """
        found = yield from call(self._at_once, self._awaited, utterances, known, about)
        return _candidates(found, utterances)

    def _at_once(self, *given: Any) -> Any:
        found = self._call(self.sync, *given)
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            raise AsyncExtractorError(f"the extractor {self.name} is async; run the graph with ainvoke or astream.")
        return found

    async def _awaited(self, *given: Any) -> Any:
        found = self._call(self.in_loop, *given)
        return await found if inspect.isawaitable(found) else found

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


@dataclass(frozen=True, slots=True)
class Reading:
    """An extractor, and the policy that judges what it finds; `asks` reads what this one leaves in doubt."""

    reader: Reader
    policy: PromotionPolicy
    asks: Reading | None = None

    @classmethod
    def of(
        cls,
        extractor: AnyExtractor | ExtractorName | None,
        policy: PromotionPolicy | None,
        guard: GuardPolicy | None,
        *,
        listens_to_tools: bool,
        model: Any = None,
    ) -> Reading:
        """Return the reading by an extractor under a policy: by default the rules, and the `model` if there is one.

        Raises InvalidInputError when the model is to read and cannot.
        """
        policy = policy or PromotionPolicy()
        policy = policy if guard is None else replace(policy, guard=guard)
        policy = _listening_to(policy, "tool") if listens_to_tools else policy
        if extractor is None or extractor == "auto":
            asked = asked_where_it_can(model)
            asks = None if asked is None else cls(reader_of(asked), policy)
            return cls(reader_of(RuleExtractor()), policy, asks)
        if isinstance(extractor, str):
            return cls(reader_of(_named(extractor, model)), policy)
        return cls(reader_of(extractor), policy)

    @property
    def name(self) -> str:
        """Return the extractor's name in the ledger."""
        return self.reader.name

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all that read, in the order in which they do."""
        return (self.name,) if self.asks is None else (self.name, *self.asks.names)

    def named(self, name: str) -> Reading:
        """Return whichever of both has a name in the ledger."""
        return self if self.asks is None or name == self.name else self.asks.named(name)

    def doubtful(self, utterances: Sequence[Utterance], found: Sequence[Candidate]) -> list[Doubtful]:
        """Return the messages that the model is to be asked about, since what was found in them may not be all."""
        if self.asks is None:
            return []
        sure: dict[str, list[Candidate]] = {one.message_id: [] for one in utterances}
        for one in found:
            if one.message_id in sure and self._is_sure(one):
                sure[one.message_id].append(one)
        chances = [Doubtful(one, doubt(one, sure[one.message_id])) for one in utterances]
        return [one for one in chances if one.chance >= _WORTH]

    def _is_sure(self, one: Candidate) -> bool:
        return not one.changes_only and (one.flaw is not None or self.policy.judge(one).reason not in _UNSURE)

    @property
    def compares(self) -> bool:
        """Whether it has to know what is known; the rules alone do not, and pay for no recall."""
        return self.reader.known_limit > 0 or "assistant" in self.policy.actors

    def read(
        self,
        store: CuratedStore,
        utterances: Sequence[Utterance],
        heard: Sequence[str],
        *,
        owner_id: str,
        scope: str,
        source: Source,
        alone: bool = False,
    ) -> Effects[list[Candidate]]:
        """Return what the extractor finds, with what only repeats `heard` or known texts marked as echoes.

        With `alone`, an extractor that fails on some messages is given each of them alone, so that an error costs
        no more than the message that it is about. Raises ExtractionError when it could not read for now.
        """
        recall: Recall | None = None
        if self.compares:
            limit = max(self.reader.known_limit, _COMPARED)
            recall = yield from either(
                store.recall, _words(utterances), owner_id=owner_id, scope=scope, limit=limit, source=source
            )
        shown = () if recall is None else recall.memories[: self.reader.known_limit]
        about = store.queue.surroundings()
        found = yield from (self._each if alone else self._all)(utterances, shown, about)
        return mark_echoes(found, [*heard, *_known(recall)])

    def _all(
        self, utterances: Sequence[Utterance], shown: Sequence[Memory], about: Mapping[str, Any]
    ) -> Effects[list[Candidate]]:
        return self.reader.read(utterances, shown, about)

    def _each(
        self, utterances: Sequence[Utterance], shown: Sequence[Memory], about: Mapping[str, Any]
    ) -> Effects[list[Candidate]]:
        """Read all messages together, or one by one where that fails."""
        try:
            return (yield from self._all(utterances, shown, about))
        except (AsyncExtractorError, ExtractionError, GraphBubbleUp):
            raise
        except Exception as error:
            name = type(error).__name__
            if is_passing(error):
                raise ExtractionError(f"The messages could not be read: {name}.", "unavailable") from error
            if len(utterances) == 1:
                _LOG.warning("the extractor %s failed on a message (%s)", self.name, name)
                return [failed(utterances[0], self.name)]
        found: list[Candidate] = []
        for one in utterances:
            found += yield from self._each([one], shown, about)
        return found


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message, and how likely it says something lasting that was not found in it."""

    utterance: Utterance
    chance: float

    @property
    def at_once(self) -> bool:
        """Whether the model is to be asked now, and not only together with others."""
        return self.chance >= _AT_ONCE


def _named(name: str, model: Any) -> AnyExtractor:
    if name == "rules":
        return RuleExtractor()
    if name != "model":
        raise InvalidInputError(f"extractor must be 'auto', 'rules', 'model' or an extractor, not {name!r}.")
    if model is None:
        raise InvalidInputError("extractor='model' needs the chat model to ask; pass model=...")
    return ModelExtractor(model)


def asked_where_it_can(model: Any) -> ModelExtractor | None:
    """Return what asks a model; None when there is none that gives structured output."""
    if model is None:
        return None
    try:
        return ModelExtractor(model)
    except Exception as error:
        _LOG.info("the rules alone read: the model gives no structured output (%s)", type(error).__name__)
        return None


def is_passing(error: Exception) -> bool:
    """Return whether an error says that a service could not be reached for now, whatever the message."""
    return isinstance(error, TimeoutError | ConnectionError) or bool(_PASSING.search(type(error).__name__))


def _known(recall: Recall | None) -> list[str]:
    """Return the contents that an assistant could be repeating: known now or earlier."""
    if recall is None:
        return []
    return [memory.content for memory in (*recall.memories, *(dropped.memory for dropped in recall.dropped))]


def _words(utterances: Sequence[Utterance]) -> str:
    return "\n".join(said.text for said in utterances)


def _listening_to(policy: PromotionPolicy, actor: Actor) -> PromotionPolicy:
    return policy if actor in policy.actors else replace(policy, actors=(*policy.actors, actor))
