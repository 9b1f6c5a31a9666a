"""`PromotionNode`: promotes what the user said that should still matter in other threads, after the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig

from langgraph_memory.domain.candidate import Candidate, Extractor, Utterance
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport
from langgraph_memory.exceptions import InvalidInputError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.nodes.base import IdentityResolver, MemoryNode, Update
from langgraph_memory.nodes.conversation import messages_of, utterances_of
from langgraph_memory.nodes.identity import source_of
from langgraph_memory.store import CuratedStore

ExtractorFunction = Callable[[Sequence[Utterance]], Iterable[Candidate]]


class PromotionNode(MemoryNode):
    """Extracts candidates from what the user said, judges them, and stores what is promoted in one transaction.

    Each message is read once by an extractor, however often the node runs: a ledger in the same transaction knows
    thread, message and words. `extractor` is an `Extractor` or a function from utterances to candidates. `policy`
    decides between promoting, keeping in session and discarding. `on_promotion` is told of each report.
    """

    def __init__(
        self,
        *,
        extractor: Extractor | ExtractorFunction | None = None,
        policy: PromotionPolicy | None = None,
        identity: IdentityResolver | None = None,
        store: CuratedStore | None = None,
        on_promotion: Callable[[PromotionReport], None] | None = None,
    ) -> None:
        super().__init__(store, identity)
        self._extractor = as_extractor(extractor or RuleExtractor())
        self._policy = policy or PromotionPolicy()
        self._on_promotion = on_promotion

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Promote from a state's messages; it changes nothing in the state.

        Raises MissingOwnerError when the run names no owner, InvalidInputError when it has no CuratedStore.
        """
        store, turn = self._turn(input, config)
        fresh = store.unread(turn.utterances, place=turn.place) if turn.utterances else []
        if fresh:
            self._tell(store.promote(self._extractor.extract(fresh), utterances=fresh, **self._how(turn)))
        return {}

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Same as `invoke`."""
        store, turn = self._turn(input, config)
        fresh = await store.aunread(turn.utterances, place=turn.place) if turn.utterances else []
        if fresh:
            self._tell(await store.apromote(self._extractor.extract(fresh), utterances=fresh, **self._how(turn)))
        return {}

    def _turn(self, state: Any, config: RunnableConfig | None) -> tuple[CuratedStore, _Turn]:
        store, runtime, identity = self._run(config)
        source = source_of(runtime)
        info = runtime.execution_info
        outside_threads = f"run:{source.run_id or (info.task_id if info else '')}"
        place = LedgerPlace(identity.owner_id, source.thread_id or outside_threads, self._extractor.name)
        utterances = utterances_of(messages_of(state), actors=self._policy.actors)
        return store, _Turn(place, identity.scope, source, utterances)

    def _how(self, turn: _Turn) -> dict[str, Any]:
        return {"place": turn.place, "scope": turn.scope, "source": turn.source, "policy": self._policy}

    def _tell(self, report: PromotionReport) -> None:
        if self._on_promotion is not None:
            self._on_promotion(report)


@dataclass(frozen=True, slots=True)
class _Turn:
    place: LedgerPlace
    scope: str
    source: Source
    utterances: Sequence[Utterance]


@dataclass(frozen=True, slots=True)
class _FunctionExtractor:
    function: ExtractorFunction
    name: str

    def extract(self, utterances: Sequence[Utterance]) -> Sequence[Candidate]:
        return list(self.function(utterances))


def as_extractor(extractor: Extractor | ExtractorFunction) -> Extractor:
    """Return `extractor` as an `Extractor`; a function is known to the ledger by its qualified name.

    Raises InvalidInputError when it is neither.
    """
    if isinstance(extractor, Extractor):
        return extractor
    if callable(extractor):
        name = f"{extractor.__module__}.{getattr(extractor, '__qualname__', type(extractor).__qualname__)}"
        return _FunctionExtractor(extractor, name)
    raise InvalidInputError(f"an extractor is an Extractor or a function, not {type(extractor).__name__}.")
