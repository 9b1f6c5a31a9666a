"""Reading messages by an extractor: what it is shown, and what of its findings only repeats."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph.errors import GraphBubbleUp

from langgraph_memory.domain.candidate import Actor, Candidate, Utterance
from langgraph_memory.domain.echo import mark_echoes
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.memory import Memory, Recall, Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import failed
from langgraph_memory.exceptions import ExtractionError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.nodes.readers import AnyExtractor, AsyncExtractorError, Reader, reader_of
from langgraph_memory.nodes.steps import Steps, call
from langgraph_memory.store import CuratedStore

_LOG = logging.getLogger("langgraph_memory")
_PASSING = re.compile(r"timeout|ratelimit|connection|unavailable|overloaded", re.IGNORECASE)
_COMPARED = 20
"""How many of the nearest memories the assistant's words are compared with."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An extractor, and the policy that judges what it finds."""

    reader: Reader
    policy: PromotionPolicy

    @classmethod
    def of(
        cls,
        extractor: AnyExtractor | None,
        policy: PromotionPolicy | None,
        guard: GuardPolicy | None,
        *,
        listens_to_tools: bool,
    ) -> Reading:
        """Return the reading by an extractor, `RuleExtractor` when there is none, under a policy."""
        policy = policy or PromotionPolicy()
        policy = policy if guard is None else replace(policy, guard=guard)
        return cls(
            reader_of(extractor or RuleExtractor()), _listening_to(policy, "tool") if listens_to_tools else policy
        )

    @property
    def name(self) -> str:
        """Return the extractor's name in the ledger."""
        return self.reader.name

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
    ) -> Steps[list[Candidate]]:
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
    ) -> Steps[list[Candidate]]:
        return (yield from call(self.reader.read, self.reader.aread, utterances, shown, about))

    def _each(
        self, utterances: Sequence[Utterance], shown: Sequence[Memory], about: Mapping[str, Any]
    ) -> Steps[list[Candidate]]:
        """Read all messages together, or one by one where that fails."""
        try:
            return (yield from self._all(utterances, shown, about))
        except (AsyncExtractorError, ExtractionError, GraphBubbleUp):
            raise
        except Exception as error:
            name = type(error).__name__
            if _is_passing(error):
                raise ExtractionError(f"The messages could not be read: {name}.", "unavailable") from error
            if len(utterances) == 1:
                _LOG.warning("the extractor %s failed on a message (%s)", self.name, name)
                return [failed(utterances[0], self.name)]
        found: list[Candidate] = []
        for one in utterances:
            found += yield from self._each([one], shown, about)
        return found


def _is_passing(error: Exception) -> bool:
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
