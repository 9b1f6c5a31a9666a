"""`PromotionNode`: promotes what the user said that should still matter in other threads, after the model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig

from langgraph_memory.display.counting import agreeing, counted
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.jobs import Retries, checked_seconds
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.policy import PromotionPolicy
from langgraph_memory.domain.promotion import LedgerPlace, PromotionReport
from langgraph_memory.exceptions import ExtractionError, InvalidInputError
from langgraph_memory.nodes.base import IdentityResolver, MemoryNode, Update
from langgraph_memory.nodes.conversation import injected_lines, messages_of, utterances_of
from langgraph_memory.nodes.identity import source_of
from langgraph_memory.nodes.readers import AnyExtractor
from langgraph_memory.nodes.reading import Reading
from langgraph_memory.nodes.steps import Steps, aperform, call, perform
from langgraph_memory.nodes.work import Work
from langgraph_memory.nodes.worker import PromotionWorker
from langgraph_memory.queue import AT_LATEST, QUIET_FOR
from langgraph_memory.store import CuratedStore

_LOG = logging.getLogger("langgraph_memory")

Mode = Literal["hot", "background"]


class PromotionNode(MemoryNode):
    """Extracts candidates from what the user said, judges them, and stores what is promoted in one transaction.

    Each message is read once by an extractor, however often the node runs: a ledger in the same transaction knows
    thread, message and words. `extractor` is an `Extractor` or a function from utterances to candidates; either may
    be async. `policy` decides between promoting, keeping in session and discarding; `guard` treats personal data in
    place of the store's guard. The output of `trusted_tools`, by name, is read as well; of no other tool, whatever the
    policy. Where the policy listens to the assistant, what it only repeats is discarded as an echo. `on_promotion` is
    told of each report.

    When the extractor raises ExtractionError the run goes on, `on_failure` is told, and the messages are queued: they
    are tried again, later and less often each time as `retries` says, by a worker or by a later turn of the thread.

    `mode="background"` reads nothing: it queues what was said and returns. A `PromotionWorker` with the same extractor
    reads it when the thread has been quiet for `quiet_for` (a timedelta or seconds), at the latest after `at_latest`,
    so that many turns become one job. The `worker` of this process, if it is named, is woken.
    """

    def __init__(
        self,
        *,
        extractor: AnyExtractor | None = None,
        policy: PromotionPolicy | None = None,
        trusted_tools: Sequence[str] = (),
        guard: GuardPolicy | None = None,
        mode: Mode = "hot",
        quiet_for: timedelta | float = QUIET_FOR,
        at_latest: timedelta | float = AT_LATEST,
        retries: Retries | None = None,
        worker: PromotionWorker | None = None,
        identity: IdentityResolver | None = None,
        store: CuratedStore | None = None,
        on_promotion: Callable[[PromotionReport], None] | None = None,
        on_failure: Callable[[ExtractionError], None] | None = None,
    ) -> None:
        super().__init__(store, identity)
        if mode not in ("hot", "background"):
            raise InvalidInputError(f"mode must be 'hot' or 'background', not {mode!r}.")
        self._mode = mode
        self._reading = Reading.of(extractor, policy, guard, listens_to_tools=bool(trusted_tools))
        if worker is not None and worker.extractor != self._reading.name:
            raise InvalidInputError(
                f"the worker takes the jobs of {worker.extractor!r} and this node queues for {self._reading.name!r}; "
                "give both the same extractor."
            )
        self._trusted_tools = tuple(trusted_tools)
        self._guard = self._reading.policy.guard
        self._quiet: dict[str, Any] = {
            "quiet_for": checked_seconds("quiet_for", quiet_for),
            "at_latest": checked_seconds("at_latest", at_latest),
        }
        self._work = Work(self._reading, retries or Retries(), on_promotion=on_promotion, on_failure=on_failure)
        self._worker = worker

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Promote from a state's messages, or queue them; it changes nothing in the state.

        Raises MissingOwnerError when the run names no owner, InvalidInputError when it has no CuratedStore.
        """
        perform(self._steps(*self._turn(input, config)))
        return {}

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Same as `invoke`."""
        await aperform(self._steps(*self._turn(input, config)))
        return {}

    def _steps(self, store: CuratedStore, turn: _Turn) -> Steps[None]:
        queue = store.queue
        yield from self._claim(store, turn.place.owner_id, turn.source.thread_id)
        if not turn.utterances:
            return
        left = yield from call(queue.unread, queue.aunread, turn.utterances, place=turn.place)
        if left.job_due and self._mode == "hot" and self._worker is None:
            yield from self._work.job_of(store, turn.place)
        if left.utterances and self._mode == "hot":
            yield from self._promote(store, turn, left.utterances)
        elif left.utterances:
            yield from self._queue(store, turn, left.utterances, **self._quiet)

    def _promote(self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance]) -> Steps[None]:
        where: dict[str, Any] = {"scope": turn.scope, "source": turn.source}
        try:
            found = yield from self._reading.read(store, fresh, turn.repeatable, owner_id=turn.place.owner_id, **where)
        except ExtractionError as error:
            yield from self._put_off(store, turn, fresh, error)
            return
        report = yield from call(
            store.promote,
            store.apromote,
            found,
            utterances=fresh,
            place=turn.place,
            policy=self._reading.policy,
            **where,
        )
        if self._work.on_promotion is not None:
            self._work.on_promotion(report)

    def _put_off(
        self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance], error: ExtractionError
    ) -> Steps[None]:
        """Queue what could not be read; nothing of what was said reaches the log."""
        queued = f"{counted(len(fresh), 'messages')} {agreeing(len(fresh), 'are')} queued"
        _LOG.warning("extraction failed (%s); %s", error.reason, queued)
        delay = self._work.retries.delay(1, f"{turn.place.owner_id}/{turn.place.thread_id}")
        yield from self._queue(store, turn, fresh, quiet_for=delay, failure=error.reason)
        if self._work.on_failure is not None:
            self._work.on_failure(error)

    def _queue(self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance], **when: Any) -> Steps[None]:
        heard = turn.repeatable if "assistant" in self._reading.policy.actors else ()
        where: dict[str, Any] = {"place": turn.place, "scope": turn.scope, "source": turn.source}
        queue = store.queue
        yield from call(queue.add, queue.aadd, fresh, heard=heard, guard=self._guard, **where, **when)
        if self._worker is not None:
            self._worker.wake()

    def _turn(self, state: Any, config: RunnableConfig | None) -> tuple[CuratedStore, _Turn]:
        store, runtime, identity = self._run(config)
        source = source_of(runtime, config)
        info = runtime.execution_info
        outside_threads = f"run:{source.run_id or (info.task_id if info else '')}"
        place = LedgerPlace(identity.owner_id, source.thread_id or outside_threads, self._reading.name)
        messages = messages_of(state)
        said = utterances_of(messages, actors=self._reading.policy.actors, trusted_tools=self._trusted_tools)
        repeatable = [*injected_lines(state), *(one.text for one in utterances_of(messages))]
        return store, _Turn(place, identity.scope, source, said, repeatable)


@dataclass(frozen=True, slots=True)
class _Turn:
    place: LedgerPlace
    scope: str
    source: Source
    utterances: Sequence[Utterance]
    repeatable: Sequence[str]
    """What an assistant could only be repeating: what was injected, and what the user said."""
