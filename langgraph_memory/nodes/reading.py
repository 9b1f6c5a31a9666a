"""Reading messages by an extractor: what it is shown, and what of its findings only repeats."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from langgraph.errors import GraphBubbleUp

from langgraph_memory.domain.candidate import Actor, Candidate, Utterance
from langgraph_memory.domain.echo import mark_echoes
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.memory import Memory, Recall, Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import failed
from langgraph_memory.effects.effect import Effects, call
from langgraph_memory.errors import ExtractionError, InvalidInputError
from langgraph_memory.extract import ModelExtractor, RuleExtractor
from langgraph_memory.extract.doubt import doubt
from langgraph_memory.nodes.readers import AnyExtractor, AsyncExtractorError, Reader, reader_of
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
        told = [one for one in found if not one.changes_only]
        sure = [one for one in told if one.flaw is not None or self.policy.judge(one).reason not in _UNSURE]
        of_each = ((one, [each for each in sure if each.message_id == one.message_id]) for one in utterances)
        chances = (Doubtful(one, doubt(one, mine)) for one, mine in of_each)
        return [one for one in chances if one.chance >= _WORTH]

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
            asked: dict[str, Any] = {"owner_id": owner_id, "scope": scope, "source": source}
            asked["limit"] = max(self.reader.known_limit, _COMPARED)
            recall = yield from call(store.recall, store.arecall, _words(utterances), **asked)
        shown = () if recall is None else recall.memories[: self.reader.known_limit]
        about = store.queue.surroundings()
        found = yield from (self._each if alone else self._all)(utterances, shown, about)
        return mark_echoes(found, [*heard, *_known(recall)])

    def _all(
        self, utterances: Sequence[Utterance], shown: Sequence[Memory], about: Mapping[str, Any]
    ) -> Effects[list[Candidate]]:
        return (yield from call(self.reader.read, self.reader.aread, utterances, shown, about))

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
