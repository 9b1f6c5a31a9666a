"""`PromotionNode`: promotes what the user said that should still matter in other threads, after the model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.runnables import RunnableConfig

from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.echo import mark_echoes
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.memory import Memory, Recall, Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport
from langgraph_memory.exceptions import ExtractionError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.nodes.base import IdentityResolver, MemoryNode, Update
from langgraph_memory.nodes.conversation import injected_lines, messages_of, utterances_of
from langgraph_memory.nodes.identity import source_of
from langgraph_memory.nodes.readers import AnyExtractor, reader_of
from langgraph_memory.store import CuratedStore

_LOG = logging.getLogger("langgraph_memory")
_COMPARED = 20
"""How many of the nearest memories the assistant's words are compared with."""


class PromotionNode(MemoryNode):
    """Extracts candidates from what the user said, judges them, and stores what is promoted in one transaction.

    Each message is read once by an extractor, however often the node runs: a ledger in the same transaction knows
    thread, message and words. `extractor` is an `Extractor` or a function from utterances to candidates; either may
    be async. When it raises ExtractionError the run goes on, the messages stay unread until the thread's next turn,
    and `on_failure` is told. `policy` decides between promoting, keeping in session and discarding; `guard` treats
    personal data in place of the store's guard. The output of `trusted_tools`, by name, is read as well; of no other
    tool, whatever the policy. Where the policy listens to the assistant, what it only repeats is discarded as an
    echo. `on_promotion` is told of each report.
    """

    def __init__(
        self,
        *,
        extractor: AnyExtractor | None = None,
        policy: PromotionPolicy | None = None,
        trusted_tools: Sequence[str] = (),
        guard: GuardPolicy | None = None,
        identity: IdentityResolver | None = None,
        store: CuratedStore | None = None,
        on_promotion: Callable[[PromotionReport], None] | None = None,
        on_failure: Callable[[ExtractionError], None] | None = None,
    ) -> None:
        super().__init__(store, identity)
        self._reader = reader_of(extractor or RuleExtractor())
        policy = policy or PromotionPolicy()
        policy = policy if guard is None else replace(policy, guard=guard)
        self._policy = _listening_to_tools(policy, trusted_tools)
        self._trusted_tools = tuple(trusted_tools)
        self._on_promotion = on_promotion
        self._on_failure = on_failure

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Promote from a state's messages; it changes nothing in the state.

        Raises MissingOwnerError when the run names no owner, InvalidInputError when it has no CuratedStore.
        """
        store, turn = self._turn(input, config)
        fresh = store.unread(turn.utterances, place=turn.place) if turn.utterances else []
        if not fresh:
            return {}
        recall = store.recall(_words(fresh), **self._asked(turn)) if self._compares else None
        try:
            found = self._reader.read(fresh, self._shown(recall))
        except ExtractionError as error:
            self._set_aside(error, len(fresh))
            return {}
        candidates = mark_echoes(found, turn.heard(recall))
        self._tell(store.promote(candidates, utterances=fresh, **self._how(turn)))
        return {}

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Same as `invoke`."""
        store, turn = self._turn(input, config)
        fresh = await store.aunread(turn.utterances, place=turn.place) if turn.utterances else []
        if not fresh:
            return {}
        recall = await store.arecall(_words(fresh), **self._asked(turn)) if self._compares else None
        try:
            found = await self._reader.aread(fresh, self._shown(recall))
        except ExtractionError as error:
            self._set_aside(error, len(fresh))
            return {}
        candidates = mark_echoes(found, turn.heard(recall))
        self._tell(await store.apromote(candidates, utterances=fresh, **self._how(turn)))
        return {}

    @property
    def _compares(self) -> bool:
        """Whether this node has to know what is known; the rules alone do not, and pay for no recall."""
        return self._reader.known_limit > 0 or "assistant" in self._policy.actors

    def _turn(self, state: Any, config: RunnableConfig | None) -> tuple[CuratedStore, _Turn]:
        store, runtime, identity = self._run(config)
        source = source_of(runtime)
        info = runtime.execution_info
        outside_threads = f"run:{source.run_id or (info.task_id if info else '')}"
        place = LedgerPlace(identity.owner_id, source.thread_id or outside_threads, self._reader.name)
        messages = messages_of(state)
        said = utterances_of(messages, actors=self._policy.actors, trusted_tools=self._trusted_tools)
        repeatable = [*injected_lines(state), *(one.text for one in utterances_of(messages))]
        return store, _Turn(place, identity.scope, source, said, repeatable)

    def _asked(self, turn: _Turn) -> dict[str, Any]:
        limit = max(self._reader.known_limit, _COMPARED)
        return {"owner_id": turn.place.owner_id, "scope": turn.scope, "limit": limit, "source": turn.source}

    def _shown(self, recall: Recall | None) -> Sequence[Memory]:
        return () if recall is None else recall.memories[: self._reader.known_limit]

    def _how(self, turn: _Turn) -> dict[str, Any]:
        return {"place": turn.place, "scope": turn.scope, "source": turn.source, "policy": self._policy}

    def _set_aside(self, error: ExtractionError, messages: int) -> None:
        """Report a failed extraction; nothing of what was said reaches the log."""
        _LOG.warning("extraction failed (%s); %d messages stay unread", error.reason, messages)
        if self._on_failure is not None:
            self._on_failure(error)

    def _tell(self, report: PromotionReport) -> None:
        if self._on_promotion is not None:
            self._on_promotion(report)


@dataclass(frozen=True, slots=True)
class _Turn:
    place: LedgerPlace
    scope: str
    source: Source
    utterances: Sequence[Utterance]
    repeatable: Sequence[str]

    def heard(self, recall: Recall | None) -> list[str]:
        """Return what an assistant could only be repeating: injected, known now or earlier, or said by the user."""
        if recall is None:
            return list(self.repeatable)
        known = (*recall.memories, *(dropped.memory for dropped in recall.dropped))
        return [*self.repeatable, *(memory.content for memory in known)]


def _words(utterances: Sequence[Utterance]) -> str:
    return "\n".join(said.text for said in utterances)


def _listening_to_tools(policy: PromotionPolicy, trusted_tools: Sequence[str]) -> PromotionPolicy:
    """Return `policy` listening to tools when one is trusted: naming it is the one switch."""
    if not trusted_tools or "tool" in policy.actors:
        return policy
    return replace(policy, actors=(*policy.actors, "tool"))
